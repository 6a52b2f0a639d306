"""What people look at, as `Connection -> values`: the same numbers for every command and report.

No text for people, nothing is written.
"""
