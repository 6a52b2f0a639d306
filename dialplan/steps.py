"""The steps that most extensions are made of: jumps, variables, prompts, and lines in Asterisk's records."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.plan import Extension, Step
from ivr.asterisk import log_proof
from ivr.asterisk.secrets import FOLDER
from ivr.asterisk.words import LOG_KEY
from ivr.config.problems import NOWHERE, Place

_LOG_KEY = f"${{FILE(${{ASTETCDIR}}/{FOLDER}/{LOG_KEY}.conf)}}"


def goto(context: str, extension: str = "s", label: str = "1", *, place: Place = NOWHERE) -> Step:
    """Go on elsewhere."""
    return Step("Goto", f"{context},{extension},{label}", place)


def goto_if(condition: str, target: str, place: Place = NOWHERE) -> Step:
    """Go on at `target` (as Goto() takes it) where the condition holds."""
    return Step("GotoIf", f"$[{condition}]?{target}", place)


def assign(values: Mapping[str, str], place: Place = NOWHERE, label: str = "") -> Step:
    """Set channel variables in one step; all right-hand sides are read before the first is written."""
    pairs = [f"{name}={value}" for name, value in values.items()]
    return Step("Set" if len(pairs) == 1 else "MSet", ",".join(pairs), place, label)


def wrong_or_silent(*steps: Step) -> tuple[Extension, Extension]:
    """What a key that means nothing, and no key at all, lead to."""
    return Extension("i", *steps), Extension("t", *steps)


def user_event(name: str, place: Place = NOWHERE, /, **headers: str) -> Step:
    """Tell the AMI listeners."""
    return Step("UserEvent", ",".join([name, *(f"{key}: {text}" for key, text in headers.items())]), place)


def queue_log(
    queue: str, uniqueid: str, event: str, data: str = "", agent: str = "NONE", *, place: Place = NOWHERE
) -> Step:
    """Leave a line in queue_log, which outlives every Python process; its last field proves who wrote it."""
    proof = f"${{SHA1({_LOG_KEY}|{queue}|{uniqueid}|{agent}|{event}|{data}):0:{log_proof.DIGITS}}}"
    return Step("QueueLog", f"{queue},{uniqueid},{agent},{event},{data}|{proof}", place)


def play(*names: str, place: Place = NOWHERE) -> Step:
    """Say these prompts; no key is heard meanwhile."""
    return Step("Playback", sounds(*names), place)


def sounds(*names: str) -> str:
    """Prompt names as Playback and Background take them."""
    return "&".join(f"hotline/{name}" for name in names)
