"""The shipped callback policy with changes, for tests of what is decided by it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from callback_dialer.policy import Policy
from ivr.calls.opening_hours import Schedule
from ivr.config.loading import configuration_of, load_or_fail
from ivr.config.model import Configuration, Hours

NOON = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""Noon in Baku on a Monday that is no holiday."""


@cache
def shipped() -> Configuration:
    """The configuration in `config/`."""
    return configuration_of(load_or_fail(Path(__file__).parents[1] / "config"))


ROUND_THE_CLOCK = Schedule.of(
    Hours(
        week=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00"), holidays=False
    )
)
"""For tests whose moments are the database's."""


def policy(**changes: Any) -> Policy:
    """The shipped policy; `changes` are fields of `callback`."""
    configuration = shipped()
    callback = configuration.callback.model_copy(update=changes)
    return Policy.of(configuration.model_copy(update={"callback": callback}))
