"""Logs show no whole phone number, and nothing else is mistaken for one."""

import pytest

from ivr.logs import mask_numbers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0501234567", "050*****67"),
        ("+994501234567", "+99450*****67"),
        ("call from 0501234567 to +994501234568", "call from 050*****67 to +99450*****68"),
        ("Local/994501234567@hotline-callback/n", "Local/99450*****67@hotline-callback/n"),
        ("1795364181.41", "1795364181.41"),
        ("127.0.0.1:15038", "127.0.0.1:15038"),
        ("5d3f1c1e-1234567-0000", "5d3f1c1e-1234567-0000"),
        ("195", "195"),
    ],
)
def test_a_number_is_masked_wherever_it_stands(text: str, shown: str) -> None:
    assert mask_numbers(None, "info", {"event": text, "caller": text}) == {"event": shown, "caller": shown}


def test_figures_stay_figures() -> None:
    assert mask_numbers(None, "info", {"event": "visit", "wait": 12.5}) == {"event": "visit", "wait": 12.5}
