"""Every change of state as a function on a connection, in rooms by what is stored.

No decision about a call, no text for people; read-only queries of people live in `ivr.reading`.
"""
