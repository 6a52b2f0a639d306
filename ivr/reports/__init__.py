"""Reports of a period: values from parts, then text, JSON, tables and pages in the ministry's words.

Nothing here writes SQL or computes a KPI: sums and formulas are `ivr.figures`'.
"""
