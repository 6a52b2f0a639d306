"""Agents' states as dated rows, and who did what with private data.

Citizens are in `ivr.storage.records` and `ivr.storage.owed`.
"""
