"""What ends with time: numbers become pseudonyms, old records and recordings go, days are sealed before.

Whatever has a retention date is deleted here alone.
"""
