"""How a store is opened, how its transactions run and fail, and SQL that the two databases need said apart.

No table is named here.
"""
