"""The sentences citizens hear, as prompts and as sound files.

When a prompt is played is decided in `ivr.menus` and `dialplan`.
"""
