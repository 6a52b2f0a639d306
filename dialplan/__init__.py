"""The compiler from configuration to Asterisk's files; `quoting` is the one place that quotes.

Nothing here runs while a call goes on.
"""
