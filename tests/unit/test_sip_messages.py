"""SIP, SDP and what a phone hears, as values."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab import sip
from tests.lab.audio import FRAME, RATE, SILENCE, Sound, Track, account_in, marker, to_mulaw

INVITE = sip.Request(
    (
        ("Via", "SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1;rport"),
        ("Via", "SIP/2.0/UDP 127.0.0.1:5063;branch=z9hG4bK0"),
        ("From", '"Aygün \\"A\\" Məmmədova" <sip:0501234567@127.0.0.1>;tag=7'),
        ("To", "<sip:195@127.0.0.1>"),
        ("Call-ID", "abc"),
        ("CSeq", "3 INVITE"),
    ),
    sip.session(("127.0.0.1", 4000)),
    method="INVITE",
    uri="sip:195@127.0.0.1:5060",
)


def test_a_request_comes_back_from_the_wire_as_it_was_sent() -> None:
    arrived = sip.parse(INVITE.encode())
    assert isinstance(arrived, sip.Request)
    assert (arrived.method, arrived.uri, arrived.body) == ("INVITE", INVITE.uri, INVITE.body)
    assert arrived.headers[:-1] == INVITE.headers


def test_a_response_carries_back_every_via_and_our_tag() -> None:
    answer = sip.reply(INVITE, 180, tag="9")
    assert answer.every("via") == INVITE.every("Via")
    assert sip.parameter(answer["To"], "tag") == "9"
    assert (answer.branch, answer.method_of_transaction) == ("z9hG4bK1", "INVITE")
    assert answer.encode().startswith(b"SIP/2.0 180 Ringing\r\n")


def test_a_tag_that_is_there_already_is_kept() -> None:
    tagged = sip.reply(INVITE, 200, tag="9")
    again = sip.Request(tagged.headers, method="BYE", uri="sip:195@127.0.0.1")
    assert sip.parameter(sip.reply(again, 200, tag="10")["To"], "tag") == "9"


def test_number_and_name_are_read_from_a_from_header() -> None:
    assert sip.user_of(INVITE["From"]) == "0501234567"
    assert sip.display_of(INVITE["From"]) == 'Aygün "A" Məmmədova'
    assert sip.display_of("Caller <sip:1@h>") == "Caller"
    assert (sip.user_of("<sip:127.0.0.1>"), sip.display_of("<sip:1@h>")) == ("", "")


@given(st.binary(max_size=400))
def test_any_datagram_is_a_message_or_is_refused_as_none(data: bytes) -> None:
    try:
        sip.parse(data)
    except sip.SipSyntaxError:
        return


def test_the_digest_is_that_of_the_rfc() -> None:
    request = sip.Request((), method="GET", uri="/dir/index.html")
    challenge = 'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc"'
    answer = sip.authorization(challenge, request, "Mufasa", "Circle Of Life")
    # RFC 2069's worked example, as corrected by its errata.
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in answer
    assert 'opaque="5ccc"' in answer


def test_a_challenge_with_qop_is_answered_with_a_counted_nonce() -> None:
    answer = sip.authorization('Digest realm="r",nonce="n",qop="auth"', INVITE, "1101", "secret")
    assert "qop=auth" in answer
    assert "nc=00000001" in answer


def test_a_session_names_where_audio_is_wanted() -> None:
    media = sip.parse_session(INVITE.body)
    assert media == sip.Media(("127.0.0.1", 4000), sip.TELEPHONE_EVENT)
    assert sip.parse_session("v=0\r\n") is None


@pytest.mark.parametrize(
    ("sample", "code"), [(0, 0xFF), (-8, 0x7E), (32767, 0x80), (-32768, 0x00), (1000, 0xCE)]
)
def test_samples_are_encoded_as_g711_says(sample: int, code: int) -> None:
    assert to_mulaw(sample.to_bytes(2, "little", signed=True)) == bytes([code])


def _sound(name: str, mulaw: bytes) -> Sound:
    return Sound(name, "az", mulaw, 0)


def _noise(seed: int, seconds: float) -> bytes:
    return random.Random(seed).randbytes(int(seconds * RATE))


def _track(*pieces: bytes, start: float = 100.0) -> Track:
    track, received = Track(), b"".join(pieces)
    for at in range(0, len(received), FRAME):
        track.add(received[at : at + FRAME], start + at / RATE)
    return track


def test_a_prompt_is_found_at_the_moment_it_was_heard() -> None:
    prompt = _sound("welcome", _noise(1, 2.0))
    track = _track(SILENCE * 50, prompt.mulaw, SILENCE * 10)
    [heard] = track.hearings([prompt, _sound("goodbye", _noise(2, 2.0))])
    assert (heard.name, heard.is_whole) == ("welcome", True)
    assert heard.at == pytest.approx(101.0, abs=0.001)
    assert heard.until == pytest.approx(103.0, abs=0.001)


def test_a_prompt_cut_by_a_key_is_heard_in_part() -> None:
    prompt = _sound("welcome", _noise(1, 2.0))
    [heard] = _track(prompt.mulaw[: RATE * 8 // 5]).hearings([prompt])
    assert heard.seconds == pytest.approx(1.6)
    assert not heard.is_whole


def test_of_prompts_that_begin_alike_the_one_heard_longest_counts() -> None:
    begin = _noise(1, 1.0)
    seven, eight = _sound("place-7", begin + _noise(7, 0.7)), _sound("place-8", begin + _noise(8, 0.7))
    [heard] = _track(SILENCE, eight.mulaw, SILENCE).hearings([seven, eight])
    assert heard.name == "place-8"


def test_a_prompt_said_twice_is_heard_twice() -> None:
    prompt = _sound("no_key", _noise(3, 1.0))
    heard = _track(prompt.mulaw, SILENCE * 50, prompt.mulaw).hearings([prompt])
    assert [round(it.at, 2) for it in heard] == [100.0, 102.0]


@given(st.integers(min_value=1, max_value=10**9))
def test_an_agents_voice_spells_the_account(account: int) -> None:
    assert account_in(marker(str(account))) == str(account)


def test_silence_and_noise_spell_no_account() -> None:
    assert account_in(SILENCE) == ""
    assert account_in(_noise(5, 0.02)) == ""
