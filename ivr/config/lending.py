"""Which agents are lent to which queues, from `queues.*.helped_by`, and what makes no sense there.

The compiler makes queue members of the loans, `callback_dialer.lender` pauses them while they are needed at
home.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.config.model import Configuration
from ivr.config.problems import Places, Problem


@dataclass(frozen=True, slots=True)
class Loan:
    """An agent who also serves `queue`, once its caller has waited `after` seconds, but `home` first."""

    account: str
    queue: str
    home: str
    after: float


def loans(configuration: Configuration) -> tuple[Loan, ...]:
    """Every agent once for each queue they help; who serves it anyway is not lent to it."""
    return tuple(
        Loan(account, queue, home, helped.helped_by[home])
        for queue, helped in configuration.queues.items()
        for account, agent in configuration.agents.items()
        if queue not in agent.queues
        and (
            home := min(helped.helped_by.keys() & agent.queues, key=helped.helped_by.__getitem__, default="")
        )
    )


def serving(configuration: Configuration) -> dict[tuple[str, str], list[str]]:
    """Queue and agent's name → the accounts of that name that are rung for the queue."""
    found: dict[tuple[str, str], list[str]] = {}
    own = ((queue, account) for account, agent in configuration.agents.items() for queue in {*agent.queues})
    for queue, account in (*own, *((loan.queue, loan.account) for loan in loans(configuration))):
        found.setdefault((queue, configuration.agents[account].name), []).append(account)
    return found


def check(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """HLP002, HLP003: help from the queue itself, or after its caller is gone."""
    for name, queue in configuration.queues.items():
        for home, after in queue.helped_by.items():
            place = places.at("queues", name, "helped_by", home)
            if home == name:
                yield Problem.of("HLP002", place, name=name)
            elif after >= queue.max_wait and places.is_whole("queues", name):
                limit = places.value_at("queues", name, "max_wait")
                yield Problem.of("HLP003", place, earlier=limit, after=after, name=name)
