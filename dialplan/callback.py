"""A callback's two halves: `;2` dials the citizen if the number is allowed, `;1` talks to them.

Originate enters `hotline-callback` and nothing else. Start and end are left in queue_log by these steps
themselves, so that an attempt's fate is known even if every Python process died while the phone rang.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from dialplan.allow_list import allowed, dialled
from dialplan.door import after_talk, ask_python, late, left, options, recording
from dialplan.entry import doorway
from dialplan.lending import own_agents_first
from dialplan.plan import (
    Context,
    Extension,
    Step,
    assign,
    goto,
    inside,
    queue_log,
    sounds,
    unless_set,
    user_event,
)
from dialplan.source import Source
from ivr.asterisk import words
from ivr.calls.caller import never_called
from ivr.config.callback_rules import Callback
from ivr.config.model import Queue, Trunk
from ivr.config.places import NOWHERE
from ivr.sounds.prompts import RECORDING_NOTICE

_DIALLING = inside("callback")
_NEW_TIME = inside("callback-new-time")
_ROUND = "CALLBACK_ROUND"
"""How often the citizen has been asked."""
_ATTEMPT = f"${{{words.VAR_ATTEMPT}}}"
_QUEUE = f"${{{words.VAR_QUEUE}}}"
_CITIZEN = f"${{{words.VAR_CITIZEN}}}"
_AGENT_SEES = "callback"
_ANY_NUMBER = "_X!"
_REFUSED = "21"
"""Hangup cause "call rejected": the number was never dialled."""


def contexts(source: Source) -> Iterator[Context]:
    """The fixed context, the dialling half, one talk per queue, and the offer of a new time.

    Where callbacks are switched off nothing of it is there, so that nothing at all can be dialled.
    """
    if not source.configuration.callback.enabled:
        return
    dialling = Context(_DIALLING, tuple(_dialling(source)))
    entries = (each for each in dialling.extensions if each.pattern in (_ANY_NUMBER, words.EXTEN_TALK))
    yield doorway(words.CONTEXT_CALLBACK, Context(_DIALLING, tuple(entries)))
    yield dialling
    for name, queue in source.configuration.queues.items():
        yield Context(_talk_context(name), tuple(_talk(source, name, queue)))
    if source.configuration.callback.new_times:
        yield Context(_NEW_TIME, tuple(_new_time(source)))


def _talk_context(queue: str) -> str:
    return inside(f"callback-{queue}")


def _dialling(source: Source) -> Iterator[Extension]:
    """The allow-list; every other number is rejected."""
    configuration = source.configuration
    never = dict.fromkeys(sorted(never_called(configuration)), source.at("hotline", "own_numbers"))
    never |= {
        prefix: source.at("callback", "deny", n) for n, prefix in enumerate(configuration.callback.deny)
    }
    for pattern, name, index in allowed(configuration, never):
        trunk = configuration.trunks[name]
        steps = tuple(
            _dial(dialled(trunk, configuration.hotline.country), name, trunk, configuration.callback)
        )
        yield Extension(f"_{pattern}", steps).placed(source.at("trunks", name, "carries", index))
    for prefix, place in never.items():
        yield Extension(f"_{prefix[1:]}!", (Step("Hangup", _REFUSED, place),))
    yield Extension(_ANY_NUMBER, (Step("Hangup", _REFUSED, source.at("callback", "kinds")),))
    yield Extension(words.EXTEN_TALK, (goto(_talk_context(_QUEUE), place=source.at("callback")),))
    ended = queue_log(NOWHERE, _QUEUE, _ATTEMPT, words.LOG_CALLBACK_END, "${DIALSTATUS} ${HANGUPCAUSE}")
    said = f'$["${{DIALSTATUS}}" != ""]?{ended.application}({ended.argument})'
    h = Step("ExecIf", said, source.at("callback"))
    yield Extension("h", (h,))


def _dial(digits: str, name: str, trunk: Trunk, callback: Callback) -> Iterator[Step]:
    stranger = f'"${{{words.VAR_ORIGIN}}}" != "callback" | "{_ATTEMPT}" = ""'
    yield Step("GotoIf", f"$[{stranger}]?refused")
    yield Step("GotoIf", f"$[${{EPOCH}} > 0${{{words.VAR_DIAL_BEFORE}}}]?late")
    yield assign(**{"CALLERID(num)": trunk.caller_id, "CALLERID(name)": ""})
    yield queue_log(NOWHERE, _QUEUE, _ATTEMPT, words.LOG_CALLBACK_START, f"{name} ${{EXTEN}}")
    yield Step("Dial", f"PJSIP/{digits}@{trunk.endpoint},{callback.ring_for:g},i")
    yield Step("Hangup", "${HANGUPCAUSE}")
    yield replace(_event(words.CALLBACK_LATE), label="late")
    yield Step("Hangup", _REFUSED, label="refused")


def _event(state: str, **headers: str) -> Step:
    return user_event(words.EVENT_CALLBACK, Attempt=_ATTEMPT, State=state, **headers)


def _talk(source: Source, name: str, queue: Queue) -> Iterator[Extension]:
    callback = source.configuration.callback
    at = partial(source.at, "callback")
    place = at()
    language = unless_set(words.VAR_LANGUAGE, source.configuration.default_language)
    notice = [RECORDING_NOTICE] if queue.record else []
    greeting = sounds(["callback_greeting", *notice, "callback_keys"])
    yield Extension(
        "s",
        (
            assign(place, "", **{"CHANNEL(language)": language, _ROUND: "1"}),
            queue_log(place, name, _ATTEMPT, words.LOG_CALLBACK_ANSWERED),
            _event(words.CALLBACK_ANSWERED),
            Step("Background", greeting, label="ask"),
            Step("WaitExten", f"{callback.confirm_wait:g}", at("confirm_wait")),
        ),
    )
    yield Extension("1", tuple(_confirmed(source, name, queue)))
    yield Extension(
        "9",
        (
            queue_log(place, name, _ATTEMPT, words.LOG_CALLBACK_REFUSED),
            _event(words.CALLBACK_REFUSED),
            Step("Playback", sounds(["callback_refused"]), place),
            Step("Hangup"),
        ),
    )
    yield from _again(source)
    if not queue.tells_places:
        yield late(place, "1")


def _again(source: Source) -> Iterator[Extension]:
    """Silence or another key: said once more, `confirm_times` in all; then it is a machine."""
    times = source.configuration.callback.confirm_times
    place = source.at("callback", "confirm_times")
    for extension in ("i", "t"):
        yield Extension(
            extension,
            (
                assign(place, "", **{_ROUND: f"$[${{{_ROUND}}} + 1]"}),
                Step("GotoIf", f"$[${{{_ROUND}}} <= {times}]?s,ask", place),
                Step("Hangup", "", place),
            ),
        )


def _confirmed(source: Source, name: str, queue: Queue) -> Iterator[Step]:
    """Key 1: to the place their wait has earned; the agent sees their number and that it is a callback.

    Nobody is put before callers who have been told their place.
    """
    at = partial(source.at, "callback")
    place = at()
    yield queue_log(place, name, _ATTEMPT, words.LOG_CALLBACK_CONFIRMED)
    yield _event(words.CALLBACK_CONFIRMED)
    shown = {"CALLERID(num)": _CITIZEN, "CALLERID(name)": _AGENT_SEES, words.VAR_POSITION: ""}
    yield assign(place, "", **shown, **recording(source, queue), **own_agents_first(queue))
    joined = f"{name},{options(queue)},,,{source.configuration.callback.max_hold:.0f}"
    if not queue.tells_places:
        yield from ask_python(source, words.AGI_CALLBACK_POSITION, name, place)
        joined += f",,,,${{{words.VAR_POSITION}}}"
    yield Step("Queue", joined, at("max_hold"))
    yield left(name, at("max_hold"))
    yield from after_talk(name, queue, source.at("queues", name, "survey"))
    yield _event(words.CALLBACK_NO_AGENT)
    yield Step("Playback", sounds(["callback_no_agent"]))
    if source.configuration.callback.new_times:
        yield assign(at("new_times"), "", **{_ROUND: "1"})
        yield goto(_NEW_TIME)
    else:
        yield Step("Hangup")


def _new_time(source: Source) -> Iterator[Extension]:
    callback = source.configuration.callback
    at = partial(source.at, "callback")
    yield Extension(
        "s",
        (
            Step("Background", sounds(["callback_new_time"]), at("new_times"), "ask"),
            Step("WaitExten", f"{callback.confirm_wait:g}", at("confirm_wait")),
        ),
    )
    for choice in range(1, len(callback.new_times) + 1):
        yield Extension(
            str(choice),
            (
                queue_log(
                    at("new_times", choice - 1), _QUEUE, _ATTEMPT, words.LOG_CALLBACK_NEW_TIME, str(choice)
                ),
                _event(words.CALLBACK_NEW_TIME, Choice=str(choice)),
                Step("Playback", sounds(["callback_agreed"])),
                Step("Hangup"),
            ),
        )
    yield from _again(source)
