"""After the talk: the caller is asked to rate it, if Python says so, and the answer is left in queue_log.

Queue() brings a caller here whose agent hung up. A rating that is given is kept, whether Python lives or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from dialplan.door import ask_python, late, survey_context
from dialplan.plan import (
    Context,
    Extension,
    Source,
    Step,
    play,
    queue_log,
    sounds,
    user_event,
    wrong_or_silent,
)
from dialplan.quoting import is_equal
from ivr.asterisk import words
from ivr.config.model import Survey
from ivr.config.problems import Place
from ivr.sounds.prompts import SURVEY_NOTICES

_AGENT = "${MEMBERINTERFACE}"
_ASK, _THANKS = SURVEY_NOTICES


def contexts(source: Source) -> Iterator[Context]:
    """One per queue with a survey."""
    for name, queue in source.configuration.queues.items():
        if queue.survey is not None:
            yield Context(survey_context(name), *_survey(source, name, queue.survey))


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
    yield from wrong_or_silent(*thanks)
    yield late(at())


def _tell(queue: str, answer: str, place: Place) -> Iterator[Step]:
    yield queue_log(queue, "${UNIQUEID}", words.LOG_SURVEY, answer, _AGENT, place=place)
    yield user_event(words.EVENT_SURVEY, Queue=queue, Agent=_AGENT, Answer=answer)
