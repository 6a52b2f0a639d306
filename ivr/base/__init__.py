"""What every room uses and what knows nothing of a hotline: logs, masking, daemons, permissions of files.

No room is imported here.
"""
