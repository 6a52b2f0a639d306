"""The `hotline` command: options, output, exit codes; the only place that puts the rooms together.

No SQL and no decision about a call; nothing imports it.
"""
