"""The door of each queue: hours, notice of recording, what Python has to say, Queue(), what comes after.

After the talk the caller is asked to rate it, if Python says so, and the answer is left in queue_log: Queue()
brings a caller there whose agent hung up. A rating that is given is kept, whether Python lives or not.

Nothing here can drop a caller: Python has `agi_deadline`, then the call goes on without it, and every way
out of Queue() that leaves the caller on the line leads to the queue's `on_timeout` node.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dialplan import plan, schedule
from dialplan.menu import node_context, queue_context, unless_open
from dialplan.plan import Context, Extension, Source, Step, assign, goto, goto_if, inside, play, sounds
from dialplan.queues import own_agents_first
from dialplan.quoting import argument, choose, differs, if_set, is_equal, var
from ivr.asterisk import words
from ivr.config.problems import Place
from ivr.config.sections import Queue, Survey
from ivr.sounds.prompts import RECORDING_NOTICE, SURVEY_NOTICES

STAY = "HOTLINE_STAY"
"""How many queues the call has joined: keeps a second recording from overwriting the first."""
_CHOSEN_BY = "HOTLINE_CHOSEN_BY"
"""The path by which the structure was chosen."""
_BY_PATH = f"by {var(words.VAR_PATH)}"
_NOTICE = "HOTLINE_NOTICE"
"""`heard` once the caller knows that calls are recorded; nobody is told twice."""
JOINED = "HOTLINE_JOINED"
"""Epoch second at which the caller came to the queue's door."""
_CLOSES_FIRST = f"{var(schedule.OPEN_FOR)} <"
"""Before the longest wait: whether closing time comes before that is over."""
RESUME = "resume"
OUT_OF_TIME = "T"
"""Where Asterisk sends a channel whose absolute timeout has passed."""
_AGENT = "${MEMBERINTERFACE}"
_ASK, _THANKS = SURVEY_NOTICES


def contexts(source: Source) -> Iterator[Context]:
    """One door per queue, and the surveys of those that have one."""
    queues = source.configuration.queues
    for name, queue in queues.items():
        asked_at = source.at("queues", name, "announce_position")
        too_late = [late(asked_at)] if queue.asks_before_joining else []
        yield Context(queue_context(name), Extension("s", *_steps(source, name, queue)), *too_late)
    for name, queue in queues.items():
        if queue.survey is not None:
            yield Context(_survey_context(name), *_survey(source, name, queue.survey))


def _steps(source: Source, name: str, queue: Queue) -> Iterator[Step]:
    at = partial(source.at, "queues", name)
    yield from unless_open(source, queue, at("hours"))
    yield plan.notice(f"queue-{name}", at())
    begin = {words.VAR_SAY: "", words.VAR_OFFER: "", JOINED: "${EPOCH}"}
    yield assign(chosen(queue) | begin | recording(source, queue) | own_agents_first(queue), at())
    if queue.record:
        yield Step("ExecIf", f"$[{is_equal(_NOTICE)}]?Playback({sounds(RECORDING_NOTICE)})", at("record"))
        yield assign({_NOTICE: "heard"})
    if source.configuration.callback.enabled:
        yield goto_if(is_equal(words.VAR_OWED), f"{inside(f'owed-{name}')},s,1", at())
    yield Step("NoOp", "", at(), "place")
    if queue.asks_before_joining:
        yield from ask_python(source, words.AGI_ANNOUNCE_POSITION, name, at("announce_position"))
        yield Step("ExecIf", f"$[{differs(words.VAR_SAY)}]?Playback({var(words.VAR_SAY)})")
    if queue.announce_position or queue.announce_every:
        yield assign({words.VAR_TOLD: "yes"}, at())
    if queue.order.over is not None and source.configuration.callback.enabled:
        yield goto_if(differs(words.VAR_OFFER), f"{inside(f'offer-{name}')},s,1", at("order", "over"))
    yield Step("NoOp", "", at(), "join")
    yield from joining(source, name, queue)


def joining(source: Source, name: str, queue: Queue, position: str = "") -> Iterator[Step]:
    """Wait for an agent, at that place in line or at the end, and then go on elsewhere."""
    at = partial(source.at, "queues", name)
    longest = f"{queue.max_wait:.0f}"
    if queue.hours is not None and queue.at_closing is not None:
        yield schedule.ask(queue.hours, at("at_closing"))
        longest = choose(f"{_CLOSES_FIRST} {longest}", var(schedule.OPEN_FOR), longest)
    yield from in_line(source, name, queue, longest, position, at("max_wait"), at("on_timeout"))
    if queue.at_closing is not None:
        closes = f"{is_equal('QUEUESTATUS', 'TIMEOUT')} & {_CLOSES_FIRST} {queue.max_wait:.0f}"
        yield goto_if(closes, f"{node_context(queue.at_closing)},s,1", at("at_closing"))
    yield goto(node_context(queue.on_timeout), place=at("on_timeout"))


def chosen(queue: Queue) -> dict[str, str]:
    """Variables that say which structure the citizen chose: that of the first queue after the latest key.

    A caller who comes on from another queue without pressing a key has overflowed; the structure stays.
    """
    has_overflowed = is_equal(_CHOSEN_BY, _BY_PATH)
    return sent_to(choose(has_overflowed, var(words.VAR_STRUCTURE), queue.structure))


def sent_to(structure: str) -> dict[str, str]:
    """Variables for a caller whom an agent sends to a structure: it is theirs from now on."""
    return {words.VAR_STRUCTURE: structure, _CHOSEN_BY: _BY_PATH}


def in_line(
    source: Source, name: str, queue: Queue, longest: str, position: str, waits_at: Place, left_at: Place
) -> Iterator[Step]:
    """Queue(), for at most `longest` seconds; callers who have talked go to the survey and do not come back.

    No diverted phone chooses what we dial (`i`); for a survey the caller stays on the line (`c`). The event
    says how the caller came out of the queue: AMI alone does not tell a timeout from an abandon.
    """
    options = "i" if queue.survey is None else "ci"
    yield Step("Queue", f"{name},{options},,,{longest},,,,{position}".rstrip(","), waits_at)
    yield plan.user_event(words.EVENT_LEFT_QUEUE, left_at, Queue=name, Result="${QUEUESTATUS}")
    if queue.survey is not None:
        target, place = f"{_survey_context(name)},s,1", source.at("queues", name, "survey")
        yield goto_if(is_equal("QUEUESTATUS", "CONTINUE"), target, place)


def _survey_context(queue: str) -> str:
    return inside(f"survey-{queue}")


def _survey(source: Source, name: str, survey: Survey) -> Iterator[Extension]:
    """The recording ends with the talk; an agent's own call is not asked."""
    at = partial(source.at, "queues", name, "survey")
    yield Extension(
        "s",
        Step("StopMixMonitor", "", at()),
        Step("ExecIf", f"$[{is_equal(words.VAR_ORIGIN, 'internal')}]?Hangup()"),
        *ask_python(source, words.AGI_SURVEY, name, at()),
        Step("ExecIf", f"$[{is_equal(words.VAR_SURVEY)}]?Hangup()"),
        *_tell(name, words.SURVEY_ASKED, at()),
        Step("Background", sounds(_ASK)),
        Step("WaitExten", f"{survey.wait:g}", at("wait")),
    )
    thanks = (play(_THANKS, place=at()), Step("Hangup"))
    yield Extension("_[1-5]", *_tell(name, "${EXTEN}", at()), *thanks)
    yield from plan.wrong_or_silent(*thanks)
    yield late(at())


def _tell(queue: str, answer: str, place: Place) -> Iterator[Step]:
    yield plan.queue_log(queue, "${UNIQUEID}", words.LOG_SURVEY, answer, _AGENT, place=place)
    yield plan.user_event(words.EVENT_SURVEY, Queue=queue, Agent=_AGENT, Answer=answer)


def recording(source: Source, queue: Queue) -> dict[str, str]:
    """Variables for Queue()'s own MixMonitor, which runs from the agent's answer to hang-up.

    The file is `<server>-<linkedid>.wav`; a further stay of the same call adds `-2`, `-3` …
    """
    if not queue.record:
        return {}
    count = f"$[0{var(STAY)} + 1]"
    name = f"{source.server_name}-${{CHANNEL(linkedid)}}{if_set(STAY, f'-{count}')}"
    return {"MONITOR_FILENAME": f"{argument(source.server.recordings)}/{name}", STAY: count}


def ask_python(source: Source, script: str, arguments: str, place: Place) -> Iterator[Step]:
    """Run an AGI script, but never wait for it longer than `agi_deadline`.

    AGI() itself waits for ever for a peer that accepts and stays silent; the channel's absolute timeout
    ends it, and extension `T` (`late`) brings the call back. AGIEXITONHANGUP keeps AGI() from waiting for
    the script's farewell. Only connecting cannot be cut short: two seconds where a backlog is full.
    """
    server = source.server
    yield assign({"AGIEXITONHANGUP": "yes", "TIMEOUT(absolute)": f"{server.agi_deadline:g}"}, place)
    yield Step("AGI", f"agi://{argument(server.agi_host)}:{server.agi_port}/{script},{arguments}")
    yield assign({"TIMEOUT(absolute)": "0"}, label=RESUME)


def late(place: Place, extension: str = "s") -> Extension:
    """Python did not answer in time: the call goes on after the AGI."""
    return Extension(OUT_OF_TIME, Step("Goto", f"{extension},{RESUME}", place))
