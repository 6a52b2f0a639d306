"""A year of the hotline as queue_log lines, made by a seeded generator, and what reading it costs."""
