"""What is owed to citizens: decisions, callbacks, attempts, callback requests, and what limits or stops them.

Whether a callback is owed is decided in `callback_dialer`.
"""
