"""The queues as they stand now: who is idle, who waits, how long the next caller may expect to wait.

Pure; what is over and done belongs to `ivr.visits`.
"""
