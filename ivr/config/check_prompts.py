"""Checks of what citizens hear: every prompt that is played exists and has words in every language.

Called by `ivr.config.crosscheck`; `missing_files` and `stale_recordings` by the commands,
which know where sound files lie. Only those two look at the disk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ivr.config.model import Configuration
from ivr.config.places import KeyPath, Places
from ivr.config.problems import Problem, Severity, did_you_mean
from ivr.sounds.prompts import NUMBERED, PromptFile, needed, reserved
from ivr.sounds.recorded import stale
from ivr.sounds.synthesis import outdated

MAX_NUMBERS = 100
"""Recordings of one numbered prompt; more is a slip of the pen."""
LONGEST_SECONDS = 30
"""Nobody at a telephone keeps more in mind."""
_LETTERS_A_SECOND = 12
"""As the voices speak: 11 in az, 13 in ru, 14 in en."""
_MARK = re.compile(r"\{[^}]*\}|</?[a-z]+>")


def _played(configuration: Configuration) -> Iterator[tuple[KeyPath, str]]:
    for name, node in configuration.menu.nodes.items():
        path: KeyPath = ("menu", "nodes", name)
        for position, prompt in enumerate(node.say):
            yield (*path, "say", position), prompt
        for which in ("wrong_key", "silence"):
            if retry := getattr(node, which):
                yield (*path, which, "say"), retry.say
    for which in ("wrong_key", "silence"):
        yield ("menu", which, "say"), getattr(configuration.menu, which).say
    if configuration.blocked:
        yield ("blocked", "say"), configuration.blocked.say


def said(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM001 and PRM008: the menu plays a prompt that does not exist, or one that needs a number."""
    for path, name in _played(configuration):
        if not places.has("prompts", name):
            hint = did_you_mean(name, configuration.prompts) or "add it to `prompts`"
            yield Problem("PRM001", places.value_at(*path), f"there is no prompt `{name}`", hint)
        elif name in configuration.prompts and configuration.prompts[name].numbers:
            message = f"prompt `{name}` needs a number, which the menu does not know"
            yield Problem("PRM008", places.value_at(*path), message, "name a prompt without `numbers`")


def texts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM002, PRM004, PRM005: no words in a language, `{n}` without numbers, numbers without sense."""
    for name, prompt in configuration.prompts.items():
        for language in configuration.hotline.languages:
            place = places.value_at("prompts", name, language)
            text: str = getattr(prompt, language)
            if not re.search(r"\w", _MARK.sub("", text.replace("{n}", "n"))):
                yield Problem(
                    "PRM002", place, f"prompt `{name}` has no words in `{language}`", "write the sentence"
                )
                continue
            marks = [
                mark for mark in _MARK.findall(_without_spans(text)) if mark != "{n}" or not prompt.numbers
            ]
            if marks and places.is_whole("prompts", name, "numbers"):
                hint = "`{n}` needs `numbers: [1, 30]`; another voice is marked <ru>…</ru>"
                yield Problem("PRM004", place, f"`{marks[0]}` would be read out as it is", hint)
                if marks == ["{n}"]:
                    break  # `numbers` is missing, once for all languages
            elif prompt.numbers and "{n}" not in text:
                hint = "write `{n}` where the number is said, or leave out `numbers`"
                yield Problem("PRM004", place, f"prompt `{name}` does not say its number", hint)
        first, last = NUMBERED.get(name) or prompt.numbers or (0, 0)
        if (
            prompt.numbers
            and not 0 <= prompt.numbers[0] <= prompt.numbers[1] < prompt.numbers[0] + MAX_NUMBERS
        ):
            hint = f"write [first, last], at most {MAX_NUMBERS} of them"
            place = places.at("prompts", name, "numbers")
            yield Problem("PRM005", place, f"`numbers` of prompt `{name}` make no range", hint)
        elif prompt.numbers and not prompt.numbers[0] <= first <= last <= prompt.numbers[1]:
            place = places.at("prompts", name, "numbers")
            message = f"`numbers` of prompt `{name}` leave out some that are said"
            yield Problem("PRM005", place, message, f"write [{first}, {last}], or a wider range")


def _without_spans(text: str) -> str:
    return re.sub(r"<(az|ru|en)>(.*?)</\1>", r"\2", text, flags=re.DOTALL)


def reserved_are_there(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM003: a prompt the hotline plays by itself is missing."""
    for name, reason in reserved(configuration).items():
        if not places.has("prompts", name):
            hint = "copy it from a starter: `hotline config init`"
            yield Problem("PRM003", places.at("prompts"), f"prompt `{name}` is missing: {reason}", hint)


def unused(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM007: nobody ever hears that prompt."""
    used = {name for _, name in _played(configuration)} | reserved(configuration).keys()
    for name in configuration.prompts.keys() - used:
        place = places.at("prompts", name)
        hint = "play it with `say`, or delete it"
        yield Problem("PRM007", place, f"prompt `{name}` is never played", hint, Severity.WARNING)


def long_texts(configuration: Configuration, places: Places) -> Iterator[Problem]:
    """PRM009: a sentence takes longer to say than anybody listens."""
    for name, prompt in configuration.prompts.items():
        for language in configuration.hotline.languages:
            seconds = len(_without_spans(getattr(prompt, language))) / _LETTERS_A_SECOND
            if seconds > LONGEST_SECONDS:
                place = places.value_at("prompts", name, language)
                message = f"it takes about {seconds:.0f} s to say this"
                hint = f"keep below {LONGEST_SECONDS} s: put the rest behind a key"
                yield Problem("PRM009", place, message, hint, Severity.WARNING)


def missing_files(
    configuration: Configuration, places: Places, built: Path, config: Path | None
) -> Iterator[Problem]:
    """PRM006: a sound file is not in the folder of built prompts, or says something else than `config` now.

    Without `config`, any file of its name will do.
    """
    files = needed(configuration)
    changed = outdated(files, config, built) if config else frozenset[PromptFile]()
    for file in files:
        is_there = (built / file.path).is_file()
        if not is_there or file in changed:
            place = places.at("prompts", file.prompt, file.language)
            what = "is built from what was there before" if is_there else "is not built"
            yield Problem("PRM006", place, f"{file.path} {what}", "run `hotline prompts build`")


def stale_recordings(configuration: Configuration, places: Places, config: Path) -> Iterator[Problem]:
    """PRM010: the sentence was changed after it was recorded."""
    for file in sorted(stale(needed(configuration), config), key=lambda file: file.path):
        place = places.value_at("prompts", file.prompt, file.language)
        message = f"the recording of {file.path} still says what was written before"
        hint = f"record it anew, or delete {file.recorded(config)}"
        yield Problem("PRM010", place, message, hint, Severity.WARNING)
