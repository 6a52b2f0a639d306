"""Every change of state as a function on a connection, in rooms by what is stored.

No decision about a call, no text for people; what people look at is read in `ivr.reading`.
"""
