"""The recorder: AMI and queue_log in, stored calls and visits out; and the watch over availability.

It never dials and never decides who is called back.
"""
