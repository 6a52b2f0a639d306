"""The voice menu as callers walk it: walk, outline, picture, and the admin's menu tests.

Pure; the dialplan of the same menu is compiled in `dialplan`.
"""
