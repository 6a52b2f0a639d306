"""What one value of the configuration cannot know: do all parts together make a hotline that works.

Every check takes a configuration and gives problems; only `loading` reads files.
"""
