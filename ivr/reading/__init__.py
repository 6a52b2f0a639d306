"""Every read-only query, as `Connection -> values`: the same numbers for command, report and web.

No text for people, nothing is written.
"""
