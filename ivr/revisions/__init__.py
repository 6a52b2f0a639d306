"""What is live, what was live, and how a checked configuration is put live on a running Asterisk.

How a dialplan is written is known in `dialplan` alone.
"""
