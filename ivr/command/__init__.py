"""The `hotline` command: the only place that puts the rooms together; one module per group."""

from ivr.command.root import app


def main() -> None:
    """Entry point of the installed `hotline` script."""
    app()
