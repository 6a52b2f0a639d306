"""Made years of the hotline: one of queue_log lines for speed, and the published one as raw material.

`generator` makes lines at random, with what must be stored of them (`make bench`). `raw_year` makes the files
from which the ministry's report of 2024 must come out, `reference` computes it by plain loops, and `printed`
compares it with the report itself.
"""
