"""The admin's YAML as frozen values, and every problem of form with its place.

What needs two values to be judged lives in `ivr.checks`; nothing here asks a clock, a socket or the store.
"""
