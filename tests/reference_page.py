"""`docs/menu-reference.md`: every field of the YAML; `python -m tests.reference_page` writes it.

An example is that of the field (`Field(examples=[…])`), else the first one in the shipped `config/`, else the
default. What a field means is its docstring, else the comment behind it in the shipped file.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import yaml
from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from ivr.config.model import Configuration
from ivr.config.problems import KeyPath
from ivr.config.shapes import Name, Shape, parse_duration
from ivr.config.yaml_nodes import Data, Document
from ivr.menus.cases import CaseFile
from tests.unit.starter import FILES

PAGE = Path(__file__).parents[1] / "docs" / "menu-reference.md"
SHIPPED = Path(__file__).parents[1] / "config"
ANY = "NAME"
"""Stands in a path for a key that the admin chooses."""
_FILES = {Configuration: "config/*.yaml", CaseFile: "config/tests/*.yaml"}
_HEAD = """# Every field of the YAML

Generated from the model: what each field is, what it may be, and an example. `config/schema/` says the same
to your editor; `hotline config check` says what is wrong. A section may stand in any file.
"""


@dataclass
class Section:
    """The fields of one kind of mapping, and every path where it stands."""

    kind: type[BaseModel]
    paths: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """One field; `example` is None where a section of its own explains the value."""

    section: str
    name: str
    info: FieldInfo
    example: str | None
    means: str


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for section in sections():
        words = " · ".join(f"`{'.'.join(path) or _FILES[section.kind]}`" for path in section.paths)
        lines += [f"## {words}", "", _docstring(section.kind), ""]
        lines += ["| field | example | default | may be | |", "|---|---|---|---|---|"]
        lines += [_cells(row) for row in rows(section)] + [""]
    return "\n".join(lines)


def sections() -> list[Section]:
    """Of the configuration, then of the menu tests, in the order in which they are met."""
    found: dict[type[BaseModel], Section] = {}
    for root in (Configuration, CaseFile):
        _collect(root, (), found)
    return list(found.values())


def _collect(kind: type[BaseModel], path: tuple[str, ...], found: dict[type[BaseModel], Section]) -> None:
    section = found.setdefault(kind, Section(kind))
    section.paths.append(path)
    for name, info in kind.model_fields.items():
        for inner, steps in _models(info.annotation):
            _collect(inner, (*path, info.alias or name, *steps), found)


def _models(
    annotation: Any, steps: tuple[str, ...] = ()
) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    """The mappings a field holds, and the free keys on the way to them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, steps
    further = (*steps, ANY) if get_origin(annotation) is dict else steps
    for inner in get_args(annotation):
        yield from _models(inner, further)


def rows(section: Section) -> Iterator[Row]:
    """Each field of a section. AssertionError, with its name, for one that nobody gave an example."""
    for attribute, info in section.kind.model_fields.items():
        name = info.alias or attribute
        is_section = any(True for _ in _models(info.annotation))
        value, comment = _shipped([(*path, name) for path in section.paths])
        default = info.get_default(call_default_factory=True)
        if info.examples:
            value = info.examples[0]
        elif value is None and not info.is_required() and default not in (None, [], {}):
            value = _lasting_if_duration(info, default)
        assert is_section or value not in (None, [], {}), (
            f"{section.kind.__name__}.{attribute} has no example: give it Field(examples=[…])"
        )
        example = None if is_section else _yaml({name: value})
        yield Row(".".join(section.paths[0]), name, info, example, _text(info.description) or comment)


def reads(row: Row) -> Any:
    """What loading makes of the example; raises what is wrong with it."""
    assert row.example is not None
    document = Document()
    document.add("example.yaml", row.example.encode())
    assert not document.problems, document.problems
    kind: Any = row.info.annotation
    alone = create_model("Alone", value=(kind, row.info))
    return alone.model_validate({row.info.alias or "value": document.data[row.name]})


@cache
def _documents() -> tuple[tuple[Document, dict[str, list[str]]], ...]:
    """The shipped configuration, and its menu tests, with the lines of their files."""
    whole, tests = Document(), Document()
    for name, content in FILES.items():
        whole.add(name, content)
    cases = (SHIPPED / "tests" / "menu.yaml").read_bytes()
    tests.add("menu.yaml", cases)
    return (
        (whole, {name: content.decode().splitlines() for name, content in FILES.items()}),
        (tests, {"menu.yaml": cases.decode().splitlines()}),
    )


def _shipped(patterns: list[tuple[str, ...]]) -> tuple[Data, str]:
    """The first value at one of these paths, and the comment at the end of its line."""
    for document, files in _documents():
        for path, place in document.places.keys.items():
            if any(_fits(path, pattern) for pattern in patterns):
                before, _, comment = files[place.file][place.line - 1].partition("  # ")
                is_its_own = not before[: place.column - 1].strip()
                return _value(document.data, path), comment.strip() if is_its_own else ""
    return None, ""


def _fits(path: KeyPath, pattern: tuple[str, ...]) -> bool:
    return len(path) == len(pattern) and all(
        wanted in (ANY, step) for step, wanted in zip(path, pattern, strict=True)
    )


def _value(data: Data, path: KeyPath) -> Data:
    for step in path:
        assert isinstance(data, dict)
        data = data[str(step)]
    return data


class _Plain(yaml.SafeDumper):
    """Scalars as they are written here: without the quotes that keep other readers from guessing."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own attribute


def _yaml(value: Any) -> str:
    text = yaml.dump(
        _as_text(value),
        Dumper=_Plain,
        allow_unicode=True,
        width=10**6,
        default_flow_style=True,
        sort_keys=False,
    )
    return text.strip().removeprefix("{").removesuffix("}")


def _as_text(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _as_text(part) for key, part in value.items()}
        case list() | tuple():
            return [_as_text(part) for part in value]
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
    return str(value)


def _lasting_if_duration(info: FieldInfo, default: Any) -> Any:
    """A default as it is written: durations with their unit."""
    if not any(_DURATION in kind for kind in _may_be(info.annotation, info.metadata)):
        return default
    if isinstance(default, list):
        return [_lasting(each) for each in default]
    return _lasting(default) if isinstance(default, float) else default


def _cells(row: Row) -> str:
    kinds = [kind.__name__ for kind, _ in _models(row.info.annotation)]
    may_be = "" if kinds else " or ".join(dict.fromkeys(_may_be(row.info.annotation, row.info.metadata)))
    default = row.info.get_default(call_default_factory=True)
    default = _lasting_if_duration(row.info, default)
    if row.info.is_required():
        shown = "required"
    elif kinds or default in (None, [], {}):
        shown = ""
    else:
        shown = f"`{_yaml({row.name: default}).partition(': ')[2]}`"
    example = f"`{row.example}`" if row.example else "a section of its own"
    cells = (f"`{row.name}`", example, shown, may_be, row.means)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _may_be(kind: Any, extras: list[Any]) -> Iterator[str]:
    """What the values of a field may be, in words."""
    origin, inner = get_origin(kind), get_args(kind)
    shapes = [each for each in extras if isinstance(each, Shape)]
    if shapes:
        yield "a name" if shapes[-1] in get_args(Name) else shapes[-1].says
    elif origin is Annotated:
        yield from _may_be(inner[0], [*extras, *_flat(inner[1:])])
    elif origin in (Union, types.UnionType):
        for each in inner:
            yield from _may_be(each, extras)
    elif origin is Literal:
        yield ", ".join(f"`{word}`" for word in inner)
    elif origin in (list, tuple):
        yield f"a list; {' or '.join(_may_be(inner[0], []))}"
    elif origin is dict:
        yield f"a mapping; {' or '.join(_may_be(inner[1], []))}"
    elif kind in _WORDS:
        is_duration = any(getattr(each, "func", None) is parse_duration for each in extras)
        yield (_DURATION if is_duration else _WORDS[kind]) + _limits(extras)


def _flat(extras: tuple[Any, ...]) -> list[Any]:
    return [part for each in extras for part in (each.metadata if isinstance(each, FieldInfo) else [each])]


_DURATION = "a duration"
_WORDS = {
    bool: "`true` or `false`",
    int: "a whole number",
    float: "a number",
    str: "a text",
    date: "a date",
    datetime: "a moment",
}
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def _lasting(seconds: float) -> str:
    size, unit = next(pair for pair in _UNITS if seconds % pair[0] == 0 and (seconds or pair[0] == 1))
    return f"{seconds / size:g}{unit}"


def _limits(extras: list[Any]) -> str:
    least = [f"{each.ge:g} or more" for each in extras if isinstance(each, annotated_types.Ge) if each.ge]
    most = [f"{each.le:g} or less" for each in extras if isinstance(each, annotated_types.Le)]
    most += [f"less than {each.lt:g}" for each in extras if isinstance(each, annotated_types.Lt)]
    return "".join(f", {limit}" for limit in (*least[-1:], *most))


def _docstring(kind: type[BaseModel]) -> str:
    return re.sub(r"[ \t]+", " ", (kind.__doc__ or "").strip()).replace("\n ", "\n")


def _text(description: str | None) -> str:
    return " ".join((description or "").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
