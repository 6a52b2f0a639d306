"""Who presses nothing never goes round for ever: every round is found, however many hours decide the way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.checks import menu
from ivr.checks.menu import TooManyHours, silent_rounds
from ivr.config.loading import configuration_of
from ivr.config.model import Configuration, Menu, Node, Retry
from ivr.config.problems import Places
from tests.unit.starter import shipped

SHIPPED = configuration_of(shipped())
NAMES = ["a", "b", "c", "d", "e"]
HOURS = ["early", "late", "night"]


def menu_of(nodes: dict[str, Node], closed_queue: Node | None = None) -> Configuration:
    """The shipped hotline with that menu; its queue `aparat` is shut as `closed_queue` is, and no other."""
    hours = {"hours": closed_queue and closed_queue.hours, "closed": closed_queue and closed_queue.closed}
    queues = {name: queue.model_copy(update={"hours": None}) for name, queue in SHIPPED.queues.items()}
    queues["aparat"] = queues["aparat"].model_copy(update=hours)
    back = Retry(say="goodbye", then=next(iter(nodes)))
    menu = Menu(wrong_key=back, silence=back, nodes=nodes)
    return SHIPPED.model_copy(update={"menu": menu, "queues": queues})


_name, _hours = st.sampled_from(NAMES), st.sampled_from(HOURS)
_ends = st.one_of(
    st.builds(lambda then: {"then": then}, _name),
    st.builds(lambda then: {"order": "aparat", "then": then}, _name),
    st.builds(lambda then: {"redirect": "head", "otherwise": then}, _name),
    st.sampled_from([{"queue": "aparat"}, {"queue": "dvx"}, {"hangup": True}, {"keys": {"1": "a"}}]),
)
_shut: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.fixed_dictionaries({"hours": _hours, "closed": _name})
)
_node = st.builds(lambda end, shut: Node.model_validate({**end, **shut}), _ends, _shut)
_menus = st.builds(menu_of, st.fixed_dictionaries(dict.fromkeys(NAMES, _node)), st.one_of(st.none(), _node))


def _next(configuration: Configuration, name: str, closed: set[str]) -> str | None:
    """Where a caller who presses nothing goes while exactly those hours are over."""
    node = configuration.menu.nodes[name]
    queue = configuration.queues.get(node.queue or "")
    if node.hours in closed:
        return node.closed
    if queue is not None:
        return queue.closed if queue.hours in closed else None
    return configuration.menu.silence.then if node.keys else node.then or node.otherwise


def _rounds_while(configuration: Configuration, closed: set[str]) -> Iterator[tuple[str, ...]]:
    for start in configuration.menu.nodes:
        walked: list[str] = []
        name: str | None = start
        while name is not None and name not in walked:
            walked.append(name)
            name = _next(configuration, name, closed)
        if name == start == min(walked):
            yield tuple(walked)


@pytest.mark.slow
@settings(max_examples=200)
@given(_menus)
def test_the_rounds_found_are_those_of_every_state_the_hours_can_be_in(configuration: Configuration) -> None:
    always = set(_rounds_while(configuration, set()))
    states = product([True, False], repeat=len(HOURS))
    ever = {
        walked
        for state in states
        for walked in _rounds_while(
            configuration, {name for name, over in zip(HOURS, state, strict=True) if over}
        )
    }
    found = [(each.nodes, each.only_closed) for each in silent_rounds(configuration)]
    assert sorted(found) == sorted((walked, walked not in always) for walked in ever)


def _row(count: int, *, asked: int = 1) -> dict[str, Node]:
    """Announcements one after the other, each with another where its hours are over, `asked` times in all."""
    nodes: dict[str, Node] = {}
    for at in range(count * asked):
        onward, hours = f"open{at + 1:03}", f"hours{at % count}"
        nodes[f"open{at:03}"] = Node(hours=hours, closed=f"shut{at:03}", then=onward)
        nodes[f"shut{at:03}"] = Node(then=onward)
    return nodes


def _contradiction(count: int, *, asked: int = 1) -> dict[str, Node]:
    """A row that leads back to its begin only while `key` is both open and over."""
    end = f"open{count * asked:03}"
    return {
        **_row(count, asked=asked),
        end: Node(hours="key", closed="so", then="bye"),
        "so": Node(hours="key", closed="bye", then="open000"),
        "bye": Node(hangup=True),
    }


def test_a_row_of_thirty_hours_that_ends_needs_no_search() -> None:
    nodes = {**_row(30), "open030": Node(hangup=True)}
    assert list(silent_rounds(menu_of(nodes), most_steps=0)) == []


def test_thirty_hours_in_what_is_no_round_are_a_search_as_long_as_the_row() -> None:
    assert list(silent_rounds(menu_of(_contradiction(30)), most_steps=1000)) == []


def _told(nodes: dict[str, Node]) -> list[str]:
    return [f"{each.message} | {each.hint}" for each in menu.circles(menu_of(nodes), Places())]


def test_of_a_thousand_million_rounds_twenty_are_told_and_that_there_are_more() -> None:
    told = _told({**_row(30), "open030": Node(then="open000")})
    assert len(told) == 20
    assert all("goes round for ever" in each and "further rounds" in each for each in told)


def test_what_too_many_hours_decide_is_told_as_undecided() -> None:
    nodes = _contradiction(14, asked=2)
    with pytest.raises(TooManyHours):
        list(silent_rounds(menu_of(nodes)))
    (told,) = _told(nodes)
    assert told.startswith("too many hours decide whether who presses nothing ever leaves open000, open001, ")
