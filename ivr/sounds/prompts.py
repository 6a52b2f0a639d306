"""Which sound files a configuration needs, and what is said in each.

`needed` gives one `PromptFile` per language and number; `ivr.sounds.synthesis` makes them, the dialplan plays
them as `hotline/<name>` in the caller's language. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ivr.config.menu_graph import takes_orders
from ivr.config.model import Configuration, Language, Prompt
from ivr.config.sections import OPENING_PROMPTS, Queue, opening_prompt, opening_times

FOLDER: Final = "hotline"
"""Under each language's folder, so that our names never meet Asterisk's own sounds."""
QUEUE_NOTICES: Final = ("place", "place_many", "wait_minutes", "wait_many")
"""Said before a queue that has `announce_position`."""
CALLBACK_NOTICES: Final = ("callback_greeting", "callback_keys", "callback_refused", "callback_no_agent")
NEW_TIME_NOTICES: Final = ("callback_new_time", "callback_agreed")
NEXT_NOTICE: Final = "you_are_next"
"""Said by Asterisk itself to the first who waits in a queue that has `announce_every`."""
NUMBER: Final = "number"
"""The words Asterisk itself puts numbers together of."""
_NEUTER: Final = (("ru", "1"), ("ru", "2"))
"""Words app_queue asks for in the neuter: `digits/2n`."""
PLACE_NOTICES: Final = ("queue_place", NUMBER)
"""Said by Asterisk to who waits in a queue with `announce_places`."""
HOLD_NOTICES: Final = {"once": ("queue_wait", NUMBER), "always": ("queue_wait_left", NUMBER)}
SURVEY_NOTICES: Final = ("survey_ask", "survey_thanks")
RECORDING_NOTICE: Final = "calls_recorded"
OWED_NOTICE: Final = "owed_callback"
LEFT_TO_CALLBACK: Final = "owed_goodbye"
ORDER_OFFER: Final = "order_offer"
ORDER_REFUSED: Final = "order_refused"
ORDER_NOTICES: Final = (
    *("order_number", "digit", "order_keys", "order_no_number", "order_type_number", "order_wrong_number"),
    *("order_soon", "order_today", "order_next_day", "order_noted", ORDER_REFUSED),
)
CHOSEN_TIME_NOTICES: Final = ("order_today_at", "order_next_day_at", "clock")
NUMBERED: Final = {"place": (1, 1), "wait_minutes": (1, 1), "digit": (0, 9), "clock": (10, 59)}
"""Prompts of our own that are said with a number: the first and last of those that must be recorded."""

_LETTERS_A_SECOND: Final = 12
"""As the voices speak: 11 in az, 13 in ru, 14 in en."""
_SPAN = re.compile(r"<(az|ru|en)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """One sound file: `parts` are spoken one after the other, each by the voice of its language."""

    language: Language
    name: str
    """As the dialplan plays it: `welcome`, `place-7`."""
    prompt: str
    """Name in the configuration: `place`."""
    parts: tuple[tuple[str, str], ...]
    """(voice's language, text)."""

    @property
    def path(self) -> PurePosixPath:
        """Where Asterisk looks for it under its `sounds` folder: `az/hotline/place-7.wav`."""
        if self.prompt == NUMBER:
            word = self.name.removeprefix(f"{NUMBER}-")
            neuter = "n" if (self.language, word) in _NEUTER else ""
            return PurePosixPath(self.language, "digits", f"{word}{neuter}.wav")
        return PurePosixPath(self.language, FOLDER, f"{self.name}.wav")

    def recorded(self, config: Path) -> Path:
        """Where a recorded file lies that wins over the synthesised one."""
        return config / "prompts" / self.language / f"{self.name}.wav"

    @property
    def text(self) -> str:
        """All parts as one text."""
        return " ".join(text for _, text in self.parts)


def says_openings(configuration: Configuration) -> bool:
    """Whether callers outside the hours hear when it opens: if there is a prompt for it."""
    return any(name in configuration.prompts for name in OPENING_PROMPTS)


def is_said(configuration: Configuration, opening: str) -> bool:
    """Whether there is a prompt for that file of an opening, `opens_tomorrow_0900`."""
    return opening.rpartition("_")[0] in configuration.prompts


def reserved(configuration: Configuration) -> dict[str, list[str]]:
    """Prompts the compiled dialplan plays by itself, each with the reasons, for the admin who lacks one."""
    callback = configuration.callback
    played: list[tuple[Sequence[str], object, str]] = [
        (CALLBACK_NOTICES, callback.enabled, "callbacks are enabled"),
        (NEW_TIME_NOTICES, callback.enabled and callback.new_times, "`callback.new_times` offers times"),
        ((OWED_NOTICE, LEFT_TO_CALLBACK), callback.enabled, "callbacks are enabled"),
    ]
    ordered = takes_orders(configuration)
    for name, queue in configuration.queues.items():
        has, rules, is_ordered = f"queue `{name}` has", queue.order, name in ordered
        hold_notices = HOLD_NOTICES.get(queue.announce_hold_time, ())
        played += [
            ((RECORDING_NOTICE,), queue.record, f"queue `{name}` records calls"),
            (QUEUE_NOTICES, queue.announce_position, f"{has} `announce_position`"),
            ((NEXT_NOTICE,), queue.announce_every is not None, f"{has} `announce_every`"),
            (PLACE_NOTICES, queue.tells_places, f"{has} `announce_places`"),
            (hold_notices, True, f"{has} `announce_hold_time: {queue.announce_hold_time}`"),
            (SURVEY_NOTICES, queue.survey is not None, f"{has} a `survey`"),
            (ORDER_NOTICES, is_ordered, f"a call from queue `{name}` can be ordered"),
            (CHOSEN_TIME_NOTICES, is_ordered and rules.mode == "chosen_time", f"{has} `mode: chosen_time`"),
            (("order_key",), is_ordered and rules.key is not None, f"{has} `order.key`"),
            ((ORDER_OFFER,), is_ordered and rules.over is not None, f"{has} `order.over`"),
        ]
    reasons: dict[str, list[str]] = {}
    for names, is_needed, why in played:
        for name in names if is_needed else ():
            reasons.setdefault(name, []).append(why)
    return reasons


def spoken_seconds(text: str) -> float:
    """About how long a voice takes to say a text (a digit is `digit`); no better than by half or double."""
    return len(re.sub(r"\d", "digit", text)) / _LETTERS_A_SECOND


def spelled(number: int) -> tuple[str, ...]:
    """The files Asterisk says a number of 1-99 with, in every language of ours: 21 is 20 and 1."""
    tens = number // 10 * 10
    words = (number,) if number <= 20 or number == tens else (tens, number - tens)
    return tuple(f"{NUMBER}-{word}" for word in words)


def told_on_joining(queue: Queue, place: int) -> tuple[str, ...]:
    """What Asterisk itself says at once to who joins at that place behind somebody, without the hold time."""
    return (PLACE_NOTICES[0], *spelled(place)) if 1 < place <= queue.announce_places else ()


def needed(configuration: Configuration) -> tuple[PromptFile, ...]:
    """Every sound file of every prompt of the configuration, by language, then in the order written."""
    times = opening_times(configuration.hours.values())
    return tuple(
        file
        for language in configuration.hotline.languages
        for name, prompt in configuration.prompts.items()
        for file in _files(language, name, prompt, times)
    )


def _files(language: Language, name: str, prompt: Prompt, times: Iterable[int]) -> Iterator[PromptFile]:
    text: str = getattr(prompt, language)
    if name in OPENING_PROMPTS:
        for opens in times:
            hour, minute = divmod(opens // 60, 60)
            said = text.replace("{time}", f"{hour} {minute:02}" if minute else str(hour))
            file = opening_prompt(name.removeprefix("opens_"), opens)
            yield PromptFile(language, file, name, _parts(language, said))
        return
    if prompt.numbers is None:
        yield PromptFile(language, name, name, _parts(language, text))
        return
    for number in range(prompt.numbers[0], prompt.numbers[1] + 1):
        if name != NUMBER or len(spelled(number)) == 1:
            parts = _parts(language, text.replace("{n}", str(number)))
            yield PromptFile(language, f"{name}-{number}", name, parts)


def _parts(language: Language, text: str) -> tuple[tuple[str, str], ...]:
    """The text cut where `<ru>…</ru>` changes the voice."""
    parts: list[tuple[str, str]] = []
    end = 0
    for span in _SPAN.finditer(text):
        parts += [(language, text[end : span.start()]), (span[1], span[2])]
        end = span.end()
    parts.append((language, text[end:]))
    return tuple((voice, " ".join(said.split())) for voice, said in parts if said.strip())
