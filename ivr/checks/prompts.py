"""Checks of what citizens hear: every prompt exists and has words, and a place in line never rises.

It would rise if somebody were put before a caller who has heard theirs. Called by `ivr.checks.whole`;
`missing_files` and `recordings` by the commands, which know where sound files lie. Only those two look
at the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ivr.config.menu_graph import reachable, takes_orders
from ivr.config.model import Configuration
from ivr.config.problems import Place, Places, Problem
from ivr.config.sections import OPENING_PROMPTS, Queue
from ivr.config.yaml_nodes import named
from ivr.sounds.prompts import NUMBERED, PromptFile, needed, reserved, spoken_seconds
from ivr.sounds.synthesis import RECORDED_FOR, outdated, stale

MAX_NUMBERS = 100
"""Recordings of one numbered prompt; more is a slip of the pen."""
LONGEST_SECONDS = 30
"""Nobody at a telephone keeps more in mind."""
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN_AMONG_CYRILLIC = re.compile("(?<=[\u0400-\u04ff])[A-Za-z]|[A-Za-z](?=[\u0400-\u04ff])")
_RUSSIAN = re.compile("<ru>.*?</ru>", re.DOTALL)
_MARK = re.compile(r"\{[^}]*\}|</?[a-z]+>")


def texts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM002, PRM004, PRM005: no words in a language, `{n}` without numbers, numbers without sense."""
    for name, prompt in configuration.prompts.items():
        for language in configuration.hotline.languages:
            place = places.value_at("prompts", name, language)
            text: str = getattr(prompt, language)
            if name in OPENING_PROMPTS:
                text = text.replace("{time}", "9")
            if not re.search(r"\w", _MARK.sub("", text.replace("{n}", "n"))):
                yield Problem.of("PRM002", place, name=name, language=language)
                continue
            marks = [one for one in _MARK.findall(_without_spans(text)) if one != "{n}" or not prompt.numbers]
            if marks and places.is_whole("prompts", name, "numbers"):
                yield Problem.of("PRM004", place, mark=marks[0])
                if marks == ["{n}"]:
                    break  # `numbers` is missing, once for all languages
            elif prompt.numbers and "{n}" not in text:
                yield Problem.of("PRM004.unsaid", place, name=name)
        if prompt.numbers:
            place, (low, high) = places.at("prompts", name, "numbers"), prompt.numbers
            first, last = NUMBERED.get(name, prompt.numbers)
            if not 0 <= low <= high < low + MAX_NUMBERS:
                yield Problem.of("PRM005", place, name=name, most=MAX_NUMBERS)
            elif not low <= first <= last <= high:
                yield Problem.of("PRM005.short", place, name=name, first=first, last=last)


def _without_spans(text: str) -> str:
    return re.sub(r"<(az|ru|en)>(.*?)</\1>", r"\2", text, flags=re.DOTALL)


def reserved_are_there(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM003: a prompt the hotline plays by itself is missing."""
    for name, (reason, *_) in reserved(configuration).items():
        if not places.has("prompts", name):
            yield Problem.of("PRM003", places.at("prompts"), name=name, reason=reason)


def heard_badly(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM009, PRM011: a sentence longer than anybody listens; letters a voice reads wrongly or spells."""
    for name, prompt in configuration.prompts.items():
        for language in configuration.hotline.languages:
            text, place = getattr(prompt, language), places.value_at("prompts", name, language)
            if (seconds := spoken_seconds(_without_spans(text))) > LONGEST_SECONDS:
                yield Problem.of("PRM009", place, seconds=seconds, longest=LONGEST_SECONDS)
            foreign = _LATIN_AMONG_CYRILLIC if language == "ru" else _CYRILLIC
            if bad := foreign.search(_RUSSIAN.sub("", text)):
                yield Problem.of("PRM011", place, letter=named(bad[0]), language=language)


def missing_files(
    configuration: Configuration, places: Places, built: Path, config: Path | None
) -> Iterator[Problem]:
    """PRM006: a sound file is not in the folder of built prompts, or says something else than `config` now.

    Without `config`, any file of its name will do.
    """
    files = needed(configuration)
    changed = outdated(files, config, built) if config else frozenset[PromptFile]()
    for file in files:
        place = places.at("prompts", file.prompt, file.language)
        if not (built / file.path).is_file():
            yield Problem.of("PRM006", place, file=file.path)
        elif file in changed:
            yield Problem.of("PRM006.outdated", place, file=file.path)


def recordings(configuration: Configuration, places: Places, config: Path) -> Iterator[Problem]:
    """PRM010: the sentence was changed after it was recorded. PRM013: no sentence has that recording."""
    files = needed(configuration)
    for file in sorted(stale(files, config), key=lambda file: file.path):
        place = places.value_at("prompts", file.prompt, file.language)
        yield Problem.of("PRM010", place, file=file.path, recording=file.recorded(config))
    used = {file.recorded(config) for file in files} | {config / "prompts" / RECORDED_FOR}
    for path in (config / "prompts").rglob("[!.]*"):
        if path.is_file() and path not in used:
            name, known = path.relative_to(config), {each.name for each in used if each.parent == path.parent}
            yield Problem.of("PRM013", Place(str(name), 1, 1), known, name=path.name)


_MOST = 99
"""The greatest number said by words for 1-20, 30, 40 … in every language of ours."""


def places_only_fall(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ANN001: who waits in a queue with `announce_places` could hear a higher place than before."""
    ordered = takes_orders(configuration)
    for name, queue in configuration.queues.items():
        if queue.tells_places:
            ways = [
                f"who has heard a place in `{earlier}` may come here"
                for earlier, other in configuration.queues.items()
                if (other.announce_position or other.announce_every is not None)
                and _leads_on(configuration, other, name)
            ]
            if name in ordered and queue.order.key is not None:
                ways.append("who orders no call after all returns to their place, before others")
            if name in ordered and queue.order.mode == "keep_place":
                ways.append("who keeps a place is put before others")
            place = places.value_at("queues", name, "announce_places")
            yield from (Problem.of("ANN001", place, way=way) for way in ways)


def numbers(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """ANN002: a place or a time would be said of which there are no words."""
    greatest = [(0, "", "")]
    for name, queue in configuration.queues.items():
        if queue.tells_places:
            greatest.append((queue.announce_places, name, "announce_places"))
        if queue.announce_hold_time != "never":
            greatest.append((int(queue.max_wait + 30) // 60, name, "announce_hold_time"))
    most, name, field = max(greatest)
    number = configuration.prompts.get("number")
    if most and number is not None and number.numbers is not None:  # else that is reported already
        first, last = number.numbers
        if first > 1 or most > min(last, _MOST):
            code = "ANN002" if most <= _MOST else "ANN002.beyond"
            place = places.value_at("queues", name, field)
            yield Problem.of(code, place, most=most, first=first, last=last, greatest=_MOST)


def _leads_on(configuration: Configuration, queue: Queue, to: str) -> bool:
    """Whether who waits in `queue` may come to queue `to` without choosing it."""
    nodes = configuration.menu.nodes
    after = reachable(configuration, {queue.on_timeout, queue.at_closing or queue.on_timeout}, chosen=False)
    return any(nodes[name].queue == to for name in after)
