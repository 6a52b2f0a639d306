"""What records add up to: missed calls, contacts, their classes, a day's parts, and each KPI's formula.

Pure functions of values that `ivr.storage` and `ivr.reading` read for them; nothing here imports those.
"""
