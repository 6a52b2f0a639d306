"""The menu as an outline for people: every node once, in the citizen's words, and the ways between them.

`outline` makes it of a configuration, `ivr.menus.drawing` draws it as SVG, `mermaid` writes it as text; what
stands beside the citizens' own sentences is in the language of the picture. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from ivr.calls.opening_hours import week_spans
from ivr.config.menu_graph import BUILT_IN
from ivr.config.model import Configuration, Language, Node, Retry
from ivr.config.sections import Queue
from ivr.sounds.prompts import needed


class Way(NamedTuple):
    """What the caller does or what happens (`1`, `silence`), and the node where that leads."""

    when: str
    target: str


class Point(NamedTuple):
    """A node for the eye. `kind`: what colour it has; `notes`: small lines below its title."""

    name: str
    kind: str
    title: str
    notes: tuple[str, ...]
    ways: tuple[Way, ...]


class Outline(NamedTuple):
    """All nodes a call can come to: from the numbers delivered (`starts`), and by what any choice does."""

    starts: tuple[Way, ...]
    anywhere: tuple[Way, ...]
    points: dict[str, Point]
    words: Mapping[str, str]
    """In the language of the picture, by the English ones."""


def outline(configuration: Configuration, language: Language) -> Outline:
    """The menu from each delivered number on, the hotline's own first, in the words of that language."""
    delivered = configuration.hotline.delivered
    menu = configuration.menu
    numbers = {configuration.hotline.number: "", **delivered}
    starts = tuple(Way(f"☎ {number}", delivered[number]) for number in numbers)
    say = words(language)
    anywhere = tuple(_merged(_retries(menu.silence, menu.wrong_key, say)))
    texts = {file.name: file.text for file in needed(configuration) if file.language == language}
    points: dict[str, Point] = {}
    ahead = deque(way.target for way in (*starts, *anywhere))
    while ahead:
        if (name := ahead.popleft()) not in points:
            points[name] = _point(configuration, name, texts, language)
            ahead += [way.target for way in points[name].ways]
    return Outline(starts, anywhere, points, say)


def _point(configuration: Configuration, name: str, texts: dict[str, str], language: Language) -> Point:
    node = configuration.menu.nodes[name]
    queue = configuration.queues[node.queue] if node.queue else None
    title = texts[node.say[0]] if node.say else ""
    if node.redirect:
        title = title or configuration.contacts[node.redirect].name
    if owner := node.queue or node.order:
        structure = configuration.structures[configuration.queues[owner].structure]
        title = title or getattr(structure.name, language)
    return Point(
        name,
        next(kind for kind in _SHAPES if getattr(node, kind, None)),
        title or (LANGUAGES[node.language] if node.language else name),
        tuple(_notes(configuration, name, node, queue, words(language))),
        tuple(_merged(_ways(node, queue, words(language)))),
    )


def _notes(
    configuration: Configuration, name: str, node: Node, queue: Queue | None, say: Mapping[str, str]
) -> Iterator[str]:
    direct = [number for number, target in configuration.hotline.delivered.items() if target == name]
    yield " · ".join((name, *(f"☎ {number}" for number in direct)))
    if inside := [f"{key} {say[does]}" for key, does in (node.keys or {}).items() if does in BUILT_IN]:
        yield " · ".join(inside)
    if node.order:
        yield f"{say['call order']}: {node.order}"
    for hours in dict.fromkeys((node.hours, queue.hours if queue else None)):
        if hours:
            yield from _week(configuration, hours, say)


def _week(configuration: Configuration, hours: str, say: Mapping[str, str]) -> Iterator[str]:
    """In one line, or each in its own where a day has several spans: a box is not wide."""
    lines = [
        f"{'–'.join(say[day.title()] for day in days.split('-'))} "
        + " + ".join(span.strip() for span in times.split(",")).replace("-", "–")
        for days, times in week_spans(configuration.hours[hours])
        if times != "closed"
    ]
    if not any(" + " in line for line in lines):
        lines = [", ".join(lines)]
    yield from (f"{hours}: {line}" for line in lines)


def _ways(node: Node, queue: Queue | None, say: Mapping[str, str]) -> Iterator[Way]:
    yield from (Way(key, target) for key, target in (node.keys or {}).items() if target not in BUILT_IN)
    yield from _retries(node.silence, node.wrong_key, say)
    outside = say["outside {}"].format
    ways = [("", node.then), (say["unanswered"], node.otherwise), (outside(node.hours), node.closed)]
    if queue is not None:
        ways += [
            (outside(queue.hours), queue.closed if queue.hours else None),
            (say["waiting at closing time"], queue.at_closing),
            (say["unanswered {}"].format(_time(queue.max_wait, say)), queue.on_timeout),
        ]
    yield from (Way(when, target) for when, target in ways if target)


def _retries(silence: Retry | None, wrong_key: Retry | None, say: Mapping[str, str]) -> Iterator[Way]:
    for what, retry in ((say["silence"], silence), (say["wrong key"], wrong_key)):
        if retry is not None:
            yield Way(f"{what} ×{retry.times + 1}", retry.then)


def _merged(ways: Iterator[Way]) -> Iterator[Way]:
    by_target: dict[str, list[str]] = {}
    for way in ways:
        by_target.setdefault(way.target, []).append(way.when)
    return (Way(", ".join(when), target) for target, when in by_target.items())


def _time(seconds: float, say: Mapping[str, str]) -> str:
    amount, unit = (seconds / 60, "{} min") if seconds >= 60 else (seconds, "{} s")
    return say[unit].format(f"{amount:g}")


def shortened(text: str, most: int) -> str:
    """The first words of a text, `most` characters at the longest."""
    return text if len(text) <= most else f"{text[: most - 1].rsplit(' ', 1)[0].rstrip(' ,.:')}…"


_SHAPES = {
    "keys": '{{"%s"}}',
    "queue": '[("%s")]',
    "order": '[("%s")]',
    "then": '["%s"]',
    "redirect": '[/"%s"/]',
    "hangup": '(["%s"])',
}


def mermaid(drawn: Outline) -> str:
    """The outline as Mermaid text: a flow chart that documents and web pages can show."""
    lines = ["flowchart LR"]
    lines += [f'  start{n}(("{start.when}")) --> n_{start.target}' for n, start in enumerate(drawn.starts)]
    anywhere = drawn.words["at any choice"]
    for number, way in enumerate(drawn.anywhere):
        lines.append(f'  any{number}(("{anywhere}<br>{way.when}")) --> n_{way.target}')
    for name, point in drawn.points.items():
        text = "<br>".join(map(_quoted, (shortened(point.title, 40), *point.notes)))
        lines.append(f"  n_{name}{_SHAPES[point.kind] % text}")
    for name, point in drawn.points.items():
        for way in point.ways:
            label = f'-- "{_quoted(way.when)}" ' if way.when else ""
            lines.append(f"  n_{name} {label}--> n_{way.target}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "".join(f"#{ord(letter)};" if letter in '"#<>&`' else letter for letter in text)


LANGUAGES: Final[Mapping[Language, str]] = {"az": "Azərbaycanca", "ru": "Русский", "en": "English"}
"""Each by its own name."""
_COLUMNS: Final[tuple[Language, ...]] = ("en", "az", "ru")
_ROWS: Final = (
    ("silence", "sükut", "тишина"),
    ("wrong key", "səhv düymə", "не та кнопка"),
    ("unanswered", "cavab verilmədi", "нет ответа"),
    ("unanswered {}", "{} cavab verilmədi", "нет ответа {}"),
    ("outside {}", "{} vaxtından kənar", "вне часов {}"),
    ("waiting at closing time", "iş vaxtı bitəndə gözləyən", "ждёт при закрытии"),
    ("at any choice", "istənilən seçimdə", "при любом выборе"),
    ("{} min", "{} dəq", "{} мин"),
    ("{} s", "{} san", "{} с"),
    *(("Mon", "B.e.", "Пн"), ("Tue", "Ç.a.", "Вт"), ("Wed", "Ç.", "Ср"), ("Thu", "C.a.", "Чт")),
    *(("Fri", "C.", "Пт"), ("Sat", "Ş.", "Сб"), ("Sun", "B.", "Вс")),
    ("repeat", "təkrar", "повтор"),
    ("back", "geri", "назад"),
    ("hangup", "zəngin sonu", "конец звонка"),
    ("choice", "seçim", "выбор"),
    ("queue", "növbə", "очередь"),
    ("call order", "zəng sifarişi", "заказ звонка"),
    ("announcement", "elan", "объявление"),
    ("another number", "başqa nömrə", "другой номер"),
    ("end of the call", "zəngin sonu", "конец звонка"),
)
"""Short, for they stand at lines and in boxes. `{}`: a schedule's name, or a time."""


def words(language: Language) -> Mapping[str, str]:
    """By the English ones."""
    return {row[0]: row[_COLUMNS.index(language)] for row in _ROWS}
