"""What an admin reads of a slip: the sentence names the slip itself, and the hint how it is mended."""

from __future__ import annotations

import pytest

from tests.unit.starter import load_changed

HOURS = "`mon`: opening hours are written like"
DURATION = "`max_wait`: must be a duration like"
SEEMS = "stands here, which is not what it looks like"
BLANK = "a blank is missing after this colon"
SLIPS = [
    ("hours.yaml", "mon: 09:00-18:00", "mon: 9:00-18:00", HOURS, "an hour has two digits: 09:00"),
    ("hours.yaml", "mon: 09:00-18:00", "mon: 09.00-18.00", HOURS, "a colon parts hours and minutes: 09:00"),
    ("hours.yaml", "mon: 09:00-18:00", "mon: 09:00-25:00", HOURS, "the hours of a day are 00 to 23"),
    ("hours.yaml", "mon: 09:00-18:00", "mon: 09:60-18:00", HOURS, "minutes are 00 to 59"),
    ("hours.yaml", "mon: 09:00-18:00", "mon: 9-18", HOURS, "write the minutes, too: 09:00-18:00"),
    ("hours.yaml", "mon: 09:00-18:00", "mon: 09:00 - 18:00", HOURS, "leave out the blanks around `-`"),
    (
        "hours.yaml",
        "mon: 09:00-18:00",
        "mon: 09:00–18:00",
        "U+2013 EN DASH is none of these",
        "write `-` between",
    ),
    (
        "hours.yaml",
        "closed_on: []",
        "closed_on: [2026-02-31]",
        "must be a date",
        "no such day in the calendar",
    ),
    ("hours.yaml", "special: {}", "special: {2026-02-31: closed}", "must be a date", "no such day"),
    ("hours.yaml", "closed_on: []", "closed_on: [31.12.2026]", "must be a date", "the year is first"),
    (
        "hours.yaml",
        "closed_on: []",
        "closed_on: [2026-1-5]",
        "must be a date",
        "month and day have two digits",
    ),
    ("queues.yaml", "max_wait: 10m", "max_wait: 10", DURATION, "give it its unit: 10s, 10m or 10h"),
    ("callback.yaml", "busy: [3m, 10m, 30m]", "busy: [0]", "must be a duration", "write how long it is"),
    ("callback.yaml", "busy: [3m, 10m, 30m]", "busy: [0s]", "must be 1s or more", "write how long it is"),
    (
        "menu.yaml",
        "dvx: {queue: dvx}",
        "dvx:{queue: dvx}",
        "a name is a small letter",
        "a blank after the colon",
    ),
    ("queues.yaml", "structure: dvx", "structure: Dvx", "a name is a small letter", "write small letters"),
    ("queues.yaml", "max_wait: 10m", "max_wait: 10min", DURATION, "the units are ms, s, m, h and d"),
    ("queues.yaml", "max_wait: 10m", "max_wait: 1:30", DURATION, "write it with a unit"),
    ("queues.yaml", "max_wait: 10m", "max_wait: 10\u00a0m", "U+00A0 NO-BREAK SPACE is none of these", ""),
    ("hotline.yaml", "+994123102800", "+994 12 310 28 00", "with its country", "write the digits together"),
    ("hotline.yaml", "+994123102800", "012 310 28 00", "with its country", "write the digits together"),
    ("hotline.yaml", "+994123102800", "0123102800", "with its country", "in place of the first 0"),
    ("hotline.yaml", "+994123102800", "994123102800", "with its country", "put `+` before it"),
    ("hotline.yaml", 'number: "195"', 'number: "1 95"', "is 1 to 15 digits", "write the digits alone"),
    (
        "hotline.yaml",
        '"1951": min',
        '1951": min',
        "is 1 to 15 digits",
        "the quote at the other end is missing",
    ),
    (
        "hotline.yaml",
        "country: AZ",
        "country: \u0410Z",
        "U+0410 CYRILLIC CAPITAL LETTER A is none of these",
        "",
    ),
    ("queues.yaml", "    max_wait", "   \u00a0max_wait", f"U+00A0 NO-BREAK SPACE {SEEMS}", "type it again"),
    (
        "queues.yaml",
        "    max_wait",
        "    m\u0430x_wait",
        f"U+0430 CYRILLIC SMALL LETTER A {SEEMS}",
        "type it again",
    ),
    (
        "queues.yaml",
        "max_wait: 10m",
        "max_wait\uff1a 10m",
        f"U+FF1A FULLWIDTH COLON {SEEMS}",
        "type it again",
    ),
    ("menu.yaml", '"2": services', "\u201c2: services", f"U+201C LEFT DOUBLE QUOTATION MARK {SEEMS}", "type"),
    ("queues.yaml", "    retry", ">>>>>>> b\n    retry", "`>>>>>>>` is left of a merge", "keep one version"),
    ("menu.yaml", '"3": emdx', '"3":emdx', BLANK, "write `key: value`"),
    ("queues.yaml", "max_wait: 10m", "max_wait:10m", BLANK, "write `key: value`"),
    ("menu.yaml", "{queue: dvx}", "{queue:dvx}", "`queue:dvx` is not known here", "write `key: value`"),
    (
        "queues.yaml",
        '"1102": ',
        '"1102: ',
        "a quoted text is not closed",
        "end it with the quote it began with",
    ),
    (
        "contacts.yaml",
        "#  dvx_head",
        "  dvx_head",
        "`{}` says that there are none",
        "delete `{}`, or the entries",
    ),
    (
        "queues.yaml",
        "queues:\n  dvx:",
        "queues:\n  tax:",
        "there is no `dvx`, and nothing names `tax`",
        "write `tax` at menu.yaml:",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "message", "hint"), SLIPS)
def test_a_slip_is_named_with_what_mends_it_and_nothing_that_follows(
    file: str, old: str, new: str, message: str, hint: str
) -> None:
    (problem,) = load_changed(file, old, new).problems
    assert message in problem.message
    assert hint in problem.hint
