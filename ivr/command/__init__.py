"""The `hotline` command: the only place that puts the rooms together; one module per group, `root` on top."""
