"""A callback's two halves: `;2` dials the citizen if the number is allowed, `;1` talks to them.

Originate enters `hotline-callback` and nothing else. Start and end are left in queue_log by these steps
themselves, so that an attempt's fate is known even if every Python process died while the phone rang.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from dialplan import plan
from dialplan.door import ask_python, in_line, late, recording
from dialplan.entry import doorway
from dialplan.number_patterns import allowed, dialled
from dialplan.plan import Context, Extension, Source, Step, assign, goto, goto_if, inside, play, sounds
from dialplan.queues import own_agents_first
from dialplan.quoting import differs, is_equal, one_more, unless_set, var
from ivr.asterisk import words
from ivr.calls.numbers import never_called
from ivr.config.callback_rules import Callback
from ivr.config.model import Trunk
from ivr.config.problems import Place
from ivr.config.sections import Queue
from ivr.sounds.prompts import RECORDING_NOTICE

_DIALLING = inside("callback")
_NEW_TIME = inside("callback-new-time")
_ROUND = "CALLBACK_ROUND"
"""How often the citizen has been asked."""
_ATTEMPT = var(words.VAR_ATTEMPT)
_QUEUE = var(words.VAR_QUEUE)
_ANY_NUMBER = "_X!"
_REFUSED = "21"
"""Hangup cause "call rejected": the number was never dialled."""


def contexts(source: Source) -> Iterator[Context]:
    """The fixed context, the dialling half, one talk per queue, and the offer of a new time.

    Where callbacks are switched off nothing of it is there, so that nothing at all can be dialled.
    """
    if not source.configuration.callback.enabled:
        return
    dialling = Context(_DIALLING, *_dialling(source))
    entries = (each for each in dialling.extensions if each.pattern in (_ANY_NUMBER, words.EXTEN_TALK))
    yield doorway(words.CONTEXT_CALLBACK, Context(_DIALLING, *entries))
    yield dialling
    for name, queue in source.configuration.queues.items():
        yield Context(_talk_context(name), *_talk(source, name, queue))
    if source.configuration.callback.new_times:
        yield Context(_NEW_TIME, *_new_time(source))


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
        place = source.at("trunks", name, "carries", index)
        digits = dialled(trunk, configuration.hotline.country)
        yield Extension(f"_{pattern}", *_dial(digits, name, trunk, configuration.callback, place))
    for prefix, place in never.items():
        yield Extension(f"_{prefix[1:]}!", Step("Hangup", _REFUSED, place))
    yield Extension(_ANY_NUMBER, Step("Hangup", _REFUSED, source.at("callback", "kinds")))
    yield Extension(words.EXTEN_TALK, goto(_talk_context(_QUEUE), place=source.at("callback")))
    ended = plan.queue_log(_QUEUE, _ATTEMPT, words.LOG_CALLBACK_END, "${DIALSTATUS} ${HANGUPCAUSE}")
    said = f"$[{differs('DIALSTATUS')}]?{ended.application}({ended.argument})"
    yield Extension("h", Step("ExecIf", said, source.at("callback")))


def _dial(digits: str, name: str, trunk: Trunk, callback: Callback, place: Place) -> Iterator[Step]:
    is_foreign = f"{differs(words.VAR_ORIGIN, 'callback')} | {is_equal(words.VAR_ATTEMPT)}"
    yield goto_if(is_foreign, "refused", place)
    yield goto_if(f"${{EPOCH}} > 0{var(words.VAR_DIAL_BEFORE)}", "late")
    yield assign({"CALLERID(num)": trunk.caller_id, "CALLERID(name)": ""})
    yield plan.queue_log(_QUEUE, _ATTEMPT, words.LOG_CALLBACK_START, f"{name} ${{EXTEN}}")
    yield Step("Dial", f"PJSIP/{digits}@{trunk.endpoint},{callback.ring_for:g},i")
    yield Step("Hangup", "${HANGUPCAUSE}")
    yield replace(_event(words.CALLBACK_LATE), label="late")
    yield Step("Hangup", _REFUSED, label="refused")


def _event(state: str, **headers: str) -> Step:
    return plan.user_event(words.EVENT_CALLBACK, Attempt=_ATTEMPT, State=state, **headers)


def _talk(source: Source, name: str, queue: Queue) -> Iterator[Extension]:
    at = partial(source.at, "callback")
    place, confirm_wait = at(), f"{source.configuration.callback.confirm_wait:g}"
    language = unless_set(words.VAR_LANGUAGE, source.configuration.default_language)
    notice = [RECORDING_NOTICE] if queue.record else []
    greeting = sounds("callback_greeting", *notice, "callback_keys")
    yield Extension(
        "s",
        assign({"CHANNEL(language)": language, _ROUND: "1"}, place),
        plan.queue_log(name, _ATTEMPT, words.LOG_CALLBACK_ANSWERED),
        _event(words.CALLBACK_ANSWERED),
        Step("Background", greeting, label="ask"),
        Step("WaitExten", confirm_wait, at("confirm_wait")),
    )
    yield Extension("1", *_confirmed(source, name, queue))
    yield Extension(
        "9",
        plan.queue_log(name, _ATTEMPT, words.LOG_CALLBACK_REFUSED, place=place),
        _event(words.CALLBACK_REFUSED),
        play("callback_refused"),
        Step("Hangup"),
    )
    yield from _again(source)
    if not queue.tells_places:
        yield late(place, "1")


def _again(source: Source) -> tuple[Extension, Extension]:
    """Silence or another key: said once more, `confirm_times` in all; then it is a machine."""
    again = goto_if(f"{var(_ROUND)} <= {source.configuration.callback.confirm_times}", "s,ask")
    asked = assign({_ROUND: one_more(_ROUND)}, source.at("callback", "confirm_times"))
    return plan.wrong_or_silent(asked, again, Step("Hangup"))


def _confirmed(source: Source, name: str, queue: Queue) -> Iterator[Step]:
    """Key 1: to the place their wait has earned; the agent sees their number and that it is a callback.

    Nobody is put before callers who have been told their place.
    """
    at = partial(source.at, "callback")
    place = at()
    yield plan.queue_log(name, _ATTEMPT, words.LOG_CALLBACK_CONFIRMED, place=place)
    yield _event(words.CALLBACK_CONFIRMED)
    shown = {"CALLERID(num)": var(words.VAR_CITIZEN), "CALLERID(name)": "callback", words.VAR_POSITION: ""}
    yield assign(shown | recording(source, queue) | own_agents_first(queue))
    longest, position, hold = f"{source.configuration.callback.max_hold:.0f}", "", at("max_hold")
    if not queue.tells_places:
        yield from ask_python(source, words.AGI_CALLBACK_POSITION, name, place)
        position = var(words.VAR_POSITION)
    yield from in_line(source, name, queue, longest, position, hold, hold)
    yield _event(words.CALLBACK_NO_AGENT)
    yield play("callback_no_agent")
    if source.configuration.callback.new_times:
        yield assign({_ROUND: "1"}, at("new_times"))
        yield goto(_NEW_TIME)
    else:
        yield Step("Hangup")


def _new_time(source: Source) -> Iterator[Extension]:
    callback = source.configuration.callback
    at = partial(source.at, "callback")
    yield Extension(
        "s",
        Step("Background", sounds("callback_new_time"), at("new_times"), "ask"),
        Step("WaitExten", f"{callback.confirm_wait:g}", at("confirm_wait")),
    )
    for index in range(len(callback.new_times)):
        key, place = f"{index + 1}", at("new_times", index)
        yield Extension(
            key,
            plan.queue_log(_QUEUE, _ATTEMPT, words.LOG_CALLBACK_NEW_TIME, key, place=place),
            _event(words.CALLBACK_NEW_TIME, Choice=key),
            play("callback_agreed"),
            Step("Hangup"),
        )
    yield from _again(source)
