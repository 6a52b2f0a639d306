"""Agents of one queue who help another: queuerules.conf, and the end of our pauses if Python is dead.

A caller of a helped queue begins with QUEUE_MAX_PENALTY below every lent member; the queue's rule lets in one
step of them after the other.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialplan.plan import Context, Extension, Source, Step
from dialplan.quoting import Section, differs, is_equal
from dialplan.steps import assign, goto_if
from ivr.asterisk.words import CONTEXT_LENT, LENT_PENALTY, VAR_LENT
from ivr.config.lending import Loan, loans
from ivr.config.model import Queue

SIGN_OF_LIFE_SECONDS = 20
"""So long after the daemon's last sign Asterisk ends the daemon's pauses by itself."""
_LATEST = "GLOBAL(HOTLINE_LENT_SIGN)"
_ONE = "HOTLINE_LENT_ONE"


def own_agents_first(queue: Queue) -> dict[str, str]:
    """Variables for Queue(); a rule changes the greatest penalty only of a call that begins with one."""
    return {"QUEUE_MAX_PENALTY": f"{LENT_PENALTY - 1}"} if queue.helped_by else {}


def penalty(queue: Queue, loan: Loan) -> int:
    """The lent member's: one more for each later step."""
    return LENT_PENALTY + _steps(queue).index(loan.after)


def _steps(queue: Queue) -> list[float]:
    return sorted(set(queue.helped_by.values()))


def rules(source: Source) -> Iterator[Section]:
    """One rule for each helped queue, with the queue's name: seconds, greatest penalty."""
    for name, queue in source.configuration.queues.items():
        if queue.helped_by:
            steps = enumerate(_steps(queue), LENT_PENALTY)
            widening = tuple(("penaltychange", f"{round(after)},{most}") for most, after in steps)
            yield Section(name, widening, source.at("queues", name, "helped_by"))


def contexts(source: Source) -> Iterator[Context]:
    """Where the daemon's signs of life wait, each for the next one; the last ends the pauses it was told of.

    An agent who is paused at home too has paused themselves meanwhile, everywhere.
    """
    lent = loans(source.configuration)
    if not lent:
        return
    place = source.at("queues", lent[0].queue, "helped_by")
    queue, phone, home = (f"${{CUT({_ONE},|,{part})}}" for part in (1, 2, 3))
    is_ours = is_equal(f"QUEUE_MEMBER({home},paused,{phone})", "0")
    yield Context(
        CONTEXT_LENT,
        Extension(
            "s",
            Step("Answer", "", place),
            assign({_LATEST: "${UNIQUEID}"}),
            Step("Wait", f"{SIGN_OF_LIFE_SECONDS}"),
            goto_if(differs(_LATEST, "${UNIQUEID}"), "done"),
            assign({_ONE: f"${{SHIFT({VAR_LENT},&)}}"}, label="next"),
            goto_if(is_equal(_ONE), "done"),
            Step("ExecIf", f"$[{is_ours}]?UnpauseQueueMember({queue},{phone})"),
            Step("Goto", "next"),
            Step("Hangup", label="done"),
        ),
    )
