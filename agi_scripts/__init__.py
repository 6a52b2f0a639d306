"""One module for each entry of the dialplan that needs Python: a pure decision and a thin main, over pyst2.

A script that fails costs its feature, never the call.
"""
