"""What pydantic found, as problems an admin understands: plain sentences at the place that was written.

Called by `ivr.config.loading` with the errors of one validation of the whole configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from ivr.config.problems import CODES, KeyPath, Places, Problem, did_you_mean
from ivr.config.yaml_nodes import Data, named, strange


def explain(
    kind: type[BaseModel], found: Iterable[ErrorDetails], data: Data, places: Places
) -> dict[KeyPath, Problem]:
    """One problem per path that is wrong in `data`, which shall be a `kind`.

    The path is that of the value, or of the field that is missing.
    """
    by_path: dict[KeyPath, list[ErrorDetails]] = {}
    for error in found:
        by_path.setdefault(_written_path(error, data), []).append(error)
    return {path: _problem(kind, path, together, places) for path, together in by_path.items()}


def _written_path(error: ErrorDetails, data: Data) -> KeyPath:
    """The part of pydantic's location that is in the YAML: it adds steps for unions, keys and validators."""
    loc, written = error["loc"], len(holders(data, error["loc"]))
    return (*loc[:written], loc[-1]) if error["type"] == "missing" else loc[:written]


def holders(data: Data, path: KeyPath) -> list[Data]:
    """For each step of `path` that is in `data`, the mapping or list it is a key or position of."""
    found = []
    for step in path:
        found.append(data)
        if isinstance(data, dict) and step in data:
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return found[:-1]
    return found


def _problem(kind: type[BaseModel], path: KeyPath, together: list[ErrorDetails], places: Places) -> Problem:
    error = together[0]
    if error["type"] == "missing" and isinstance(path[-1], str):
        if len(path) == 1:
            return Problem.of("CFG002.section", places.at(), section=path[0])
        return Problem.of("CFG002", places.at(*path[:-1]), name=_name(path[:-1]), field=path[-1])
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), fields_at(kind, path[:-1]))
        if error["input"] is None and not hint.startswith("did"):
            hint = _COMMA
        if re.search(r":\S", str(path[-1])):
            hint = CODES["YAML001"]["blank"]["hint"]
        if re.search(r"secret|password|database_url", str(path[-1])):
            hint = "no secret stands in YAML: `config render` puts them into `secrets.d`"
        seeming = "".join(f"; {named(letter)} stands in it" for _, letter in strange(str(path[-1])))
        return Problem("CFG001", places.at(*path), f"`{path[-1]}` is not known here{seeming}", hint)
    sentence = " or ".join(dict.fromkeys(map(wrong_with, together))).replace(" or must be ", " or ")
    foreign = re.search(r"[^\x20-\x7e]", error["input"]) if isinstance(error["input"], str) else None
    if foreign and "one line" not in sentence:  # there any letter may be meant
        sentence += f"; {named(foreign[0])} is none of these"
    hint = _literal_hint(error) if len(together) == 1 else ""
    hint = hint or _hint(sentence, str(error["input"]))
    if error["input"] is None:
        hint = "write one, or leave the key out"
    is_entry = "[key]" in error["loc"] or isinstance(error["input"], dict | list)
    place = places.at(*path) if is_entry else places.value_at(*path)
    return Problem("CFG003", place, f"`{_name(path)}`: {sentence}", hint)


def _name(path: KeyPath) -> str:
    """The key itself; of a list entry, the key of its list."""
    return next((step for step in reversed(path) if isinstance(step, str)), "configuration")


def wrong_with(error: ErrorDetails) -> str:
    """What is wrong, as the end of a sentence that begins with the name of the field or option."""
    if error["input"] is None:
        return "has no value"
    context = error.get("ctx", {})
    if error["type"] == "literal_error":
        words = _choices(context)
        return f"must be one of {', '.join(words)}" if len(words) > 1 else f"must be `{words[0]}`"
    plain = _SENTENCES.get(error["type"])
    said = plain.format(**context) if plain else error["msg"].lower()
    # Whoever wrote a unit is told one: a limit of a duration is in seconds.
    is_with_unit = str(error["input"])[-1:] in "smhd" and error["type"] in _LIMITS
    return re.sub(r"([0-9.]+)", r"\1s", said) if is_with_unit else said


def _hint(sentence: str, value: str) -> str:
    """What to do about this value, from the table of slips, by what should be there."""
    for expected, slips in _HINTS.items():
        for slip, hint in slips.items() if expected in sentence else ():
            if re.fullmatch(slip, value):
                return hint.format(value=value)
    return ""


def _literal_hint(error: ErrorDetails) -> str:
    if error["type"] != "literal_error" or not isinstance(error["input"], str):
        return ""
    near = did_you_mean(error["input"], _choices(error.get("ctx", {})))
    return near if near.startswith("did") else ""


def _choices(context: dict[str, Any]) -> list[str]:
    return [word.strip("' ") for word in str(context["expected"]).replace(" or ", ",").split(",")]


_COMMA = "if it belongs to the text before it, put quotes around all of it: a comma ends a text in {…}"
_LIMITS = frozenset({"greater_than_equal", "less_than_equal", "less_than"})
_HINTS: Mapping[str, Mapping[str, str]] = CODES["CFG003"]["hints"]
"""Part of a sentence → what may stand there by a slip, as a regular expression → what to do about it."""
_SENTENCES: Mapping[str, str] = CODES["CFG003"]["pydantic"]
"""Kinds of error pydantic finds → the end of a sentence that begins with the field's name."""


def fields_at(kind: Any, path: KeyPath) -> list[str]:
    """The fields an admin may write in the mapping at `path` of a `kind`; empty where keys are free names."""
    for step in path:
        kind = _fields(kind).get(str(step)) or next(reversed(get_args(_bare(kind))), None)
    return list(_fields(kind))


def _fields(kind: Any) -> dict[str, Any]:
    """The types of a model's fields, by the names an admin writes; none if it is no model."""
    model = _bare(kind)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return {}
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _bare(kind: Any) -> Any:
    """The type itself, without `Annotated` and without the `None` of an optional one."""
    while get_origin(kind) in (Annotated, Union, UnionType):
        kind = next(each for each in get_args(kind) if each is not NoneType)
    return kind
