"""How the hotline runs: who is alive, who has which role, when AMI was heard, how far queue_log was read.

Nothing about one caller.
"""
