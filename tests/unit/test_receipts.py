"""Receipts walk on while the machine's clock is set, and follow it when they are asked to."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.asterisk.connection import Receipts
from tests.unit.ami_lines import START

SOON = timedelta(seconds=30)


@pytest.mark.parametrize("hours", [2, -2])
def test_a_receipt_follows_the_machine_s_clock_only_when_it_is_asked_to(hours: int) -> None:
    shown, step = [START], timedelta(hours=hours)
    receipts = Receipts(lambda: shown[0])
    shown[0] += step
    assert timedelta() <= receipts() - START < SOON
    receipts.follow()
    assert timedelta() <= receipts() - shown[0] < SOON
    assert timedelta() <= receipts.steady() - START < SOON
    assert abs(receipts.set_by - step) < SOON
