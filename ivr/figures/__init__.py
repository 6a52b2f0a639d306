"""What records add up to: missed calls and their waits; each KPI's definition belongs here.

Pure functions of values that `ivr.storage` and `ivr.reading` read for them; nothing here imports those.
"""
