"""What goes to Asterisk and comes back: AMI, FastAGI, queue_log files, secrets, the words both sides use.

What it means for a call is decided in the rooms above.
"""
