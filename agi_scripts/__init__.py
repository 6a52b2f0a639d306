"""What the dialplan asks Python, over pyst2: pure decisions, and a thin function for each AGI script.

A script that fails costs its feature, never the call.
"""
