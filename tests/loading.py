"""A configuration for tests that cannot go on without one."""

from __future__ import annotations

from pathlib import Path

from ivr.checks.whole import load
from ivr.config.loading import Loaded
from ivr.config.problems import errors


class ConfigurationError(Exception):
    """The configuration has errors; the message lists them with their places."""


def load_or_fail(folder: Path) -> Loaded:
    """As `load`; ConfigurationError with all errors if there is one."""
    loaded = load(folder)
    if loaded.configuration is None:
        found = errors(loaded.problems)
        raise ConfigurationError(
            "\n".join(f"{each.located(str(folder))} {each.code} {each.message}" for each in found)
        )
    return loaded
