"""The shipped callback policy with changes, for tests of what is decided by it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from callback_dialer.policy import Policy
from ivr.calls.opening_hours import Schedule
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration
from ivr.config.sections import Hours
from ivr.figures.missed import MissedCall
from tests.loading import load_or_fail

NOON = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""Noon in Baku on a Monday that is no holiday."""

MISSED = MissedCall(
    call_id=1,
    server="main",
    structure="dvx",
    queue="dvx",
    outcome="abandoned",
    origin="inbound",
    attempt_id="",
    caller="0501234567",
    caller_e164="+994501234567",
    caller_kind="mobile",
    is_anonymous=False,
    trunk="provider",
    language="az",
    wait_seconds=12.0,
    missed_at=NOON,
    served_elsewhere_at=None,
)
"""A citizen who gave up after 12 seconds."""


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
