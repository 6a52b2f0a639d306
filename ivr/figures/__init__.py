"""What records add up to: missed calls and their waits; each KPI's definition belongs here.

Pure functions of records; they are read in `ivr.reading`, printed in `ivr.command`.
"""
