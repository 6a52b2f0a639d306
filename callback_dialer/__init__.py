"""The dialer: decide, pace, originate, follow, retry, resolve.

It never folds events into visits; it meets the recorder in the database.
"""
