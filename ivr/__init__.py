"""The library of the citizen's call, from menu to record.

Imports nothing of ours from outside this package; only `ivr.command` puts the rooms together.
"""

__version__ = "0.1.0"
