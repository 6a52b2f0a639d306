"""What `hotline doctor` looks at; each check gives findings with what to do, none stops at the first.

Nothing is mended here.
"""
