"""The fold: what AMI and queue_log say of a call becomes calls and queue visits.

Pure; no socket, no SQL, no clock. A visit's identity is decided here.
"""
