"""What ends with time: numbers become pseudonyms, old records and recordings go, days are sealed before.

The only room that deletes records.
"""
