"""Numbers as patterns: what phonenumbers' expressions allow, and nothing else."""

from __future__ import annotations

import random
import re

import phonenumbers
import pytest
from phonenumbers import SUPPORTED_REGIONS, PhoneMetadata

from dialplan.number_patterns import DIALABLE, EVERY_KIND, Pattern, numbers, patterns, within, written


def _kinds(country: str) -> dict[str, list[Pattern]]:
    metadata = PhoneMetadata.metadata_for_region(country)
    return {kind: list(patterns(getattr(metadata, kind))) for kind in EVERY_KIND}


def _meet(one: Pattern, other: Pattern) -> bool:
    return len(one) == len(other) and all({*this} & {*that} for this, that in zip(one, other, strict=True))


def test_the_expressions_of_every_country_hold_nothing_that_is_not_understood() -> None:
    token = r"\\d|\[[\d-]+\]|\d|\(\?:|[)|?]|\{\d+(?:,\d+)?\}"
    for country in SUPPORTED_REGIONS:
        for kind in EVERY_KIND:
            description = getattr(PhoneMetadata.metadata_for_region(country), kind)
            expression = (description and description.national_number_pattern) or ""
            assert re.fullmatch(f"({token})*", expression), (country, kind)


def test_in_no_country_is_a_number_that_may_be_dialled_also_of_a_costlier_kind() -> None:
    for country in SUPPORTED_REGIONS:
        of = _kinds(country)
        dialable = [one for kind in DIALABLE.values() for one in of[kind]]
        costlier = [one for kind in EVERY_KIND if kind not in DIALABLE.values() for one in of[kind]]
        assert not [(one, two) for one in dialable for two in costlier if _meet(one, two)], country


@pytest.mark.parametrize("country", ["AZ", "TR", "GE", "RU", "IT", "GB", "US", "AR", "CN"])
def test_a_number_is_in_a_pattern_if_and_only_if_it_is_valid(country: str) -> None:
    chance = random.Random(country)
    code = phonenumbers.country_code_for_region(country)
    known = {re.compile(written(one).replace("X", "[0-9]")) for one in numbers(f"+{code}", country=country)}
    examples = [one for kind in _kinds(country).values() for one in kind]
    for _ in range(500):
        digits = [chance.choice(one) for one in chance.choice(examples)]
        digits[chance.randrange(len(digits))] = str(chance.randrange(10))
        number = phonenumbers.parse(f"+{code}{''.join(digits)}")
        is_valid = phonenumbers.is_valid_number_for_region(number, country)
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if e164 == f"+{code}{''.join(digits)}":
            assert any(one.fullmatch(e164[1:]) for one in known) == is_valid, e164


def test_a_prefix_leaves_of_a_pattern_what_begins_with_it() -> None:
    of_mobiles = ("9", "9", "4", "5", "015", "0123456789")
    assert written(of_mobiles) == "9945[015]X"
    assert within(of_mobiles, "99450") == ("9", "9", "4", "5", "0", "0123456789")
    assert within(of_mobiles, "99452") is within(of_mobiles, "9945001") is None
    assert {written(one) for one in numbers("+99450999")} == {"99450999XXXX"}
    assert {written(one) for one in numbers("+99490", DIALABLE.values())} == set()
    assert {written(one) for one in numbers("+99490")} == {"994900200XXX"}
