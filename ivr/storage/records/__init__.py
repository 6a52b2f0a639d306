"""What happened: calls, queue visits, surveys, sealed days; each stored exactly once.

Callbacks that follow from them are in `ivr.storage.owed`.
"""
