"""Caller numbers: what trunks deliver, what it means, and what is dialled."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.calls.numbers import CallerNumber, dial_string, is_carried, national, normalise
from ivr.config.model import Trunk

NATIONAL = Trunk(server="192.0.2.1:5060", endpoint="provider", caller_id="195", carries=["+994"])
INTERNATIONAL = NATIONAL.model_copy(update={"arrives": "international", "dial": "international"})
E164 = NATIONAL.model_copy(update={"arrives": "e164", "dial": "e164"})
MOBILE = CallerNumber("+994501234567", "mobile")
BAKU = CallerNumber("+994124931234", "fixed")


@pytest.mark.parametrize(
    "delivered",
    [
        "0501234567",
        "501234567",
        "+994501234567",
        "994501234567",
        "00994501234567",
        "+00994501234567",
        "+994 50 123-45-67",
        "(050) 123.45.67",
        " 0501234567 ",
    ],
)
@pytest.mark.parametrize("trunk", [NATIONAL, INTERNATIONAL, E164, None])
def test_all_ways_to_write_one_mobile_number_are_one_number(delivered: str, trunk: Trunk | None) -> None:
    assert normalise(delivered, trunk) == MOBILE


@pytest.mark.parametrize("delivered", ["4931234", "124931234", "0124931234", "+994124931234"])
def test_a_short_local_number_gets_the_area_code_of_the_trunk(delivered: str) -> None:
    assert normalise(delivered, NATIONAL) == BAKU


def test_without_a_trunk_nothing_completes_a_local_number() -> None:
    assert normalise("4931234").e164 == ""


@pytest.mark.parametrize(
    "delivered",
    [
        "",
        " ",
        "anonymous",
        "Anonymous",
        "<unknown>",
        "unknown",
        "restricted",
        "unavailable",
        "Private",
        "withheld",
    ],
)
def test_a_hidden_number_is_anonymous(delivered: str) -> None:
    assert normalise(delivered, NATIONAL) == CallerNumber("", "anonymous")


@pytest.mark.parametrize("delivered", ["101", "102", "103", "112", "195", "1", "123456", "+112"])
def test_emergency_and_short_codes_have_no_number_to_call(delivered: str) -> None:
    assert normalise(delivered, NATIONAL) == CallerNumber("", "short")


@pytest.mark.parametrize(
    "delivered",
    [
        "050123456",
        "05012345678901",
        "abc",
        "0800FLOWERS",
        "٠٥٠١٢٣٤٥٦٧",
        "0501234567;x",
        "++994501234567",
        "+0994501234567",
        "0000994501234567",
        "05\r\n01234567",
        "\r\n0501234567",
        "0501234567\n",
        "\t0501234567",
    ],
)
def test_what_is_no_number_is_invalid_and_has_none(delivered: str) -> None:
    assert normalise(delivered, NATIONAL) == CallerNumber("", "invalid")


@pytest.mark.parametrize(
    ("delivered", "kind"),
    [
        ("0900200123", "premium"),
        ("+449098790000", "premium"),
        ("0881234567", "toll_free"),
        ("+79161234567", "international"),
        ("0079161234567", "international"),
    ],
)
def test_costly_and_foreign_numbers_are_told_apart(delivered: str, kind: str) -> None:
    assert normalise(delivered, NATIONAL).kind == kind


def test_our_own_numbers_are_internal() -> None:
    assert normalise("1101", NATIONAL, internal={"195", "1101"}) == CallerNumber("", "internal")


@pytest.mark.parametrize(
    ("trunk", "dialled"), [(NATIONAL, "0501234567"), (INTERNATIONAL, "994501234567"), (E164, "+994501234567")]
)
def test_a_number_is_dialled_as_its_trunk_writes_it(trunk: Trunk, dialled: str) -> None:
    assert dial_string("+994501234567", trunk) == dialled


def test_a_foreign_number_is_written_with_the_international_prefix() -> None:
    assert national("+79161234567") == "0079161234567"


def test_a_trunk_carries_only_its_prefixes() -> None:
    assert is_carried("+994501234567", NATIONAL)
    assert not is_carried("+79161234567", NATIONAL)


@pytest.mark.slow
@given(st.text(max_size=40))
def test_any_text_gives_a_number_or_none_and_never_raises(delivered: str) -> None:
    number = normalise(delivered, NATIONAL)
    assert number.e164 == "" or number.e164[1:].isdigit()


@given(st.sampled_from(["50", "51", "55", "70", "77", "99"]), st.integers(2_000_000, 9_999_999))
def test_dialling_what_was_normalised_reaches_the_same_number(operator: str, subscriber: int) -> None:
    delivered = f"0{operator}{subscriber}"
    for trunk in (NATIONAL, INTERNATIONAL, E164):
        number = normalise(delivered, trunk)
        assert not number.e164 or normalise(dial_string(number.e164, trunk), trunk) == number


@pytest.mark.parametrize("country", ["AZ", "TR", "RU", "GE", "IR", "DE", "IT", "GB", "FR", "US", "MX", "AR"])
def test_a_number_read_the_short_way_is_the_number_the_library_reads(country: str) -> None:
    chance = random.Random(country)
    examples = [phonenumbers.example_number_for_type(country, kind) for kind in range(11)]
    known = [str(phonenumbers.national_significant_number(one)) for one in examples if one]
    for _ in range(500):
        some = chance.choice([*known, "".join(chance.choices("0123456789", k=chance.randint(7, 11)))])
        delivered = f"{chance.choice(('', '0', '8', '1'))}{some[:-3]}{chance.randrange(1000):03}"
        number = normalise(delivered, country=country)
        for reading in (delivered, f"+{delivered.removeprefix('00')}"):
            try:
                expected = phonenumbers.parse(reading, country)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_valid_number(expected):
                assert number.e164 == phonenumbers.format_number(
                    expected, phonenumbers.PhoneNumberFormat.E164
                )
                break
        else:
            assert number.e164 == ""
