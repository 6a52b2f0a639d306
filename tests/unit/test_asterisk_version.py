"""Which Asterisk it is, by what it says of itself: a number of its own, or one among other words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from ivr.asterisk.messages import Header, Reply
from ivr.asterisk.readiness import version_of


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("22.10.1", 22),
        ("22.11.0-rc2", 22),
        ("20.7.0~dfsg+~cs6.13.40431414-1", 20),
        ("certified-20.7-cert2", 20),
        ("certified/18.9-cert1", 18),
        ("GIT-21-0f8ab3c", 21),
        ("GIT-master-3fd12ab", 22),
        ("", 22),
    ],
)
def test_a_version_is_read_as_a_number_and_none_counts_as_the_tested_one(version: str, number: int) -> None:
    async def send(headers: Mapping[str, Header]) -> Reply:
        assert headers == {"Action": "CoreSettings"}
        return Reply({"AsteriskVersion": version} if version else {}, ())

    assert asyncio.run(version_of(send)) == (version, number)
