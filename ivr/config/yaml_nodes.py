"""YAML text in, plain data and the place of every key out; every mistake of form becomes a problem.

Scalars keep the text the admin wrote (`0501234567` is no octal number, `no` no boolean, `12:30` no seconds):
the model gives each its type. Several files make one document: sections may be spread over files.
Called by `ivr.config.loading`.

Letters that are not what they look like, and marks of an unfinished merge, are found before YAML is read: it
would stumble over them elsewhere, or take them in silence. In a sentence such letters may be meant, so only
the beginning of a line is searched: its indentation, its key and what stands around the colon.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ivr.config.problems import CODES, KeyPath, Place, Places, Problem

Data: TypeAlias = "dict[str, Data] | list[Data] | str | None"

MAX_VALUES = 100_000
"""That anchors may add: they can multiply a small file without end."""
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str"))
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and half characters, which an escape (`"\\ud800"`) can bring into a text."""
_NO_BLANK = re.compile(r" *(?:- +)?(?:\"[^\"]*\"|'[^']*'|[\w*#+.-]+):(?=[^\s/:])")
"""A line that begins with `key:value`."""
_NONE_GIVEN = re.compile(r": +(\{\}|\[\]) *(?:#.*)?$")
"""A line that says that a section or a list is empty."""
_NULLS = frozenset({"", "~", "null"})
_PYYAML_SAYS: Mapping[str, tuple[str, str]] = CODES["YAML001"]["pyyaml"]
"""Part of what PyYAML says → what it means to the one who wrote the file, and what to do."""
_INVISIBLE = "\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_SEEMING = f"[{_INVISIBLE}\u2010-\u201f\u2212\uff01-\uff5e]"
"""Invisible ones, and quotes, dashes and wide letters that stand for those of a keyboard."""
_HEAD = re.compile(rf"[ {_INVISIBLE}]*(?:- *)?(?:[^\s:\uff1a#]+ *[:\uff1a][ {_INVISIBLE}]*)?")
_VALUE = re.compile(rf"(?:^|[:,\[{{]) *({_SEEMING})")
"""Where one of these begins a line or a value, as if it were a quote or the dash of a list."""
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?= |$)", re.MULTILINE)


@dataclass
class Document:
    """What all files say together. `add` takes one file after the other; `places` is complete at the end."""

    data: dict[str, Data] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    is_complete: bool = True
    """False if a whole file could not be read, so that what seems to be missing may only be unread."""
    _keys: dict[KeyPath, Place] = field(default_factory=dict)
    _values: dict[KeyPath, Place] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """Where everything read so far was written."""
        return Places(self._keys, self._values)

    def add(self, file: str, content: bytes) -> None:
        """Read one file into the document; what cannot be read is added to `problems` instead."""
        try:
            text = content.decode("utf-8-sig")
            if seeming := [*_scan(file, text)]:
                self.problems += seeming
                self.is_complete = False
                return
            root = yaml.compose(text, Loader=yaml.BaseLoader)
        except (ValueError, OverflowError, yaml.YAMLError, RecursionError) as error:
            self.refuse(_unreadable(file, content, error))
            return
        if root is None:
            self.refuse(Problem.of("CFG008", Place(file, 1, 1)))
        elif not isinstance(root, MappingNode):
            self.refuse(Problem.of("CFG003.sections", _place(file, root)))
        elif _repeated(root) > MAX_VALUES:
            self.refuse(Problem.of("YAML003", _place(file, root)))
        else:
            self._merge(file, root, (), self.data)

    def refuse(self, problem: Problem) -> None:
        """A whole file is left out because of `problem`."""
        self.problems.append(problem)
        self.is_complete = False

    def _merge(
        self, file: str, node: Node, path: KeyPath, into: dict[str, Data], around: tuple[Node, ...] = ()
    ) -> None:
        """Add the entries of `node` to `into`; sections and the nodes of the menu may be begun already."""
        for key, place, value in self._entries(file, node):
            inner = (*path, key)
            begun = into.get(key)
            is_spread = not around and inner in ((key,), ("menu", "nodes"))
            if is_spread and isinstance(begun, dict) and isinstance(value, MappingNode):
                self._merge(file, value, inner, begun)
            elif key in into:
                self.problems.append(Problem.of("CFG004", place, earlier=self._keys[inner], key=key))
            else:
                self._keys[inner], self._values[inner] = place, _place(file, value)
                into[key] = self._plain(file, value, inner, around)

    def _plain(self, file: str, node: Node, path: KeyPath, around: tuple[Node, ...]) -> Data:
        """`node` as plain data. `around`: the nodes it lies in; an anchor may not hold itself."""
        if any(node is outer for outer in around):
            self.problems.append(Problem.of("YAML003", _place(file, node)))
            return None
        if node.tag not in _PLAIN_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(Problem.of("YAML003.tag", _place(file, node), tag=tag))
        if isinstance(node, ScalarNode):
            text = self._text(file, node)
            if path[0] == "prompts" and text and _is_cut(node):
                self.problems.append(Problem.of("PRM012", _place(file, node), text=text))
            return text
        around = (*around, node)
        if isinstance(node, SequenceNode):
            items: list[Data] = []
            for position, item in enumerate(node.value):
                self._keys[*path, position] = _place(file, item)
                items.append(self._plain(file, item, (*path, position), around))
            return items
        entries: dict[str, Data] = {}
        self._merge(file, node, path, entries, around)
        return entries

    def _text(self, file: str, node: ScalarNode) -> str | None:
        if node.style is None and node.value in _NULLS:
            return None
        if bad := _UNSPEAKABLE.search(node.value):
            self.problems.append(Problem.of("YAML002.text", _place(file, node), letter=named(bad[0])))
            return ""
        return str(node.value)

    def _entries(self, file: str, node: Node) -> Iterator[tuple[str, Place, Node]]:
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value != "<<":
                yield self._text(file, key) or "", _place(file, key), value
            elif isinstance(key, ScalarNode):
                self.problems.append(Problem.of("YAML003.merge", _place(file, key)))
            else:
                self.problems.append(Problem.of("CFG003.key", _place(file, key)))


def _scan(file: str, text: str) -> Iterator[Problem]:
    """YAML002 for each letter that `strange` finds; YAML001 for the first mark of a merge."""
    if conflict := _CONFLICT.search(text):
        place = Place(file, text.count("\n", 0, conflict.start()) + 1, 1)
        yield Problem.of("YAML001.conflict", place, mark=conflict[0])
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.isascii() and (head := _HEAD.match(line)):
            for position, letter in strange(head[0]):
                yield Problem.of("YAML002.letter", Place(file, number, position + 1), letter=named(letter))


def strange(text: str) -> Iterator[tuple[int, str]]:
    """Each letter that is not what it looks like, with its position: of Cyrillic ones, those beside Latin."""
    seeming = rf"{_SEEMING}|[\u0400-\u04ff]" if re.search("[A-Za-z]", text) else _SEEMING
    yield from ((found.start(), found[0]) for found in re.finditer(seeming, text))


def named(letter: str) -> str:
    """`U+00A0 NO-BREAK SPACE`."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, '')}".rstrip()


def _is_cut(node: ScalarNode) -> bool:
    """Whether a comment ends a sentence without quotes that ends like none."""
    rest = str(node.end_mark.buffer)[node.end_mark.pointer :] if node.style is None else ""
    return bool(re.match("[ \t]+#", rest)) and not re.search("[.?!…:»]$", node.value)


def _place(file: str, node: Node) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _repeated(root: Node) -> int:
    """How many values anchors add to those that are written out."""
    known: dict[int, int] = {}
    return _size(root, known) - len(known)


def _size(node: Node, known: dict[int, int]) -> int:
    """How many values it stands for, those of an anchor as often as it is named."""
    if id(node) not in known:
        known[id(node)] = 1
        inner = node.value if isinstance(node, SequenceNode) else ()
        if isinstance(node, MappingNode):
            inner = [each for entry in node.value for each in entry]
        known[id(node)] += sum(_size(each, known) for each in inner)
    return known[id(node)]


def _unreadable(file: str, content: bytes, error: Exception) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        return _earlier_cause(file, content, error) or _syntax(file, error)
    if isinstance(error, UnicodeDecodeError):
        return Problem.of("YAML002", _after(file, content[: error.start].decode("utf-8", "replace")))
    if isinstance(error, yaml.reader.ReaderError):
        text = content.decode("utf-8-sig")
        before, letter = text[: error.position], text[error.position]
        return Problem.of("YAML002.yaml", _after(file, before), letter=named(letter))
    code = "YAML003.deep" if isinstance(error, RecursionError) else "YAML001"
    return Problem.of(code, Place(file, 1, 1))


def _after(file: str, before: str) -> Place:
    return Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _earlier_cause(file: str, content: bytes, error: yaml.MarkedYAMLError) -> Problem | None:
    """What made PyYAML stumble, often over a good line below it: a table of slips, the likeliest first."""
    if (mark := error.problem_mark) is None:
        return None
    lines = [*content.decode("utf-8-sig").splitlines(), ""][: mark.line + 1]
    begun = error.context_mark or mark
    for stumbled in (mark, begun):
        before = lines[stumbled.line][: stumbled.column].strip()
        quote = before[-1:]
        if quote in ("'", '"') and before.count(quote) % 2:
            for number, line in reversed([*enumerate(lines[: stumbled.line], 1)]):
                if line.count(quote) % 2:
                    place = Place(file, number, line.rfind(quote) + 1)
                    return Problem("YAML001", place, *_PYYAML_SAYS["found unexpected end of stream"])
    written = [number for number, line in enumerate(lines[:-1]) if re.match(r" *[^\s#]", line)]
    above = written[-1] if written else mark.line
    for number in dict.fromkeys((begun.line, mark.line, above)):
        line = re.sub(" #.*", "", lines[number])
        if no_blank := _NO_BLANK.match(line):
            return Problem.of("YAML001.blank", Place(file, number + 1, no_blank.end()))
        if found := _VALUE.search(line):
            place = Place(file, number + 1, found.start(1) + 1)
            return Problem.of("YAML002.letter", place, letter=named(found[1]))
    none = _NONE_GIVEN.search(lines[above])
    if none and "expected <block end>" in str(error.problem):
        return Problem.of("YAML001.none", Place(file, above + 1, none.start(1) + 1), none=none[1])
    key = re.match(r"( *)[^\s#:][^:]*$", lines[above])
    if "mapping values" in str(error.problem) and key and re.match(rf"{key[1]}\S", lines[-1]):
        place = Place(file, above + 1, len(key[1]) + 1)
        return Problem("YAML001", place, *_PYYAML_SAYS["could not find expected ':'"])
    return None


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Problem:
    said = error.problem or error.context or "cannot be read"
    begun, met = error.context_mark, error.problem_mark
    if "but got ':'" in said and begun and met and begun.line == met.line:
        said = "mapping values are not allowed"
    message, hint = next(
        (text for part, text in _PYYAML_SAYS.items() if part in said), (f"not YAML: {said}", "")
    )
    if alias := re.search("undefined alias '(.+)'", said):
        message = message.replace("name", alias[1])
    # What is not closed is mended where it begins, however far below that is noticed.
    mark = (message.endswith("not closed") and error.context_mark) or error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1, 1)
    if "'\\t'" in said:
        return Problem.of("CFG005", place)
    if error.context_mark and error.context_mark.line + 1 != place.line:
        hint = f"{hint}; it begins in line {error.context_mark.line + 1}".lstrip("; ")
    return Problem("YAML001", place, message, hint)
