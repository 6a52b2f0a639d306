"""The vocabulary of one call: numbers, callers, opening hours, callback requests, states of a callback.

Pure values and functions; no AMI event and no row of the store.
"""
