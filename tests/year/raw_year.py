"""A year of raw material in a folder, and the figures it was laid out for.

`make_year(folder, report)` writes queue_log, attempts.csv, topics.csv, inquiries.csv, minutes.csv and
published.csv; no slice, no KPI, no flag is in them. The same arguments give the same bytes. Given by the
report: everything it prints. Chosen: see `plan`, `stories`, `moments`, `import_files`, `queue_log_lines`.
"""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from tests.year.expected import planned_figures
from tests.year.import_files import Inquiries, Row, attempts, minutes, published, topics
from tests.year.moments import Contact, Moments, working_days
from tests.year.plan import Plan, full_year, scaled
from tests.year.printed import wrong
from tests.year.queue_log_lines import QueueLog, own_callbacks, requests
from tests.year.stories import make_stories

YEAR: Final = 2024
HEADERS: Final = {
    "attempts": ("number", "at", "structure", "outcome", "agent"),
    "topics": ("call", "structure", "topic"),
    "inquiries": ("id", "kind", "structure", "opened", "closed", "outcome", "call"),
    "minutes": ("server", "minute", "checks", "failed"),
    "published": ("year", "figure", "scope", "value"),
}


@dataclass(frozen=True, slots=True)
class RawYear:
    """`files`: by `queue_log` and the kinds of `hotline data import`.

    `figures`: the scopes of the JSON report that must be found, by its names (see `reference`).
    """

    files: Mapping[str, Path]
    figures: Mapping[str, Any]


def make_year(
    folder: Path,
    report: Mapping[str, Any],
    holidays: frozenset[date],
    *,
    seed: int = YEAR,
    contacts: int | None = None,
    left_by_key: int = 0,
) -> RawYear:
    """Write the files into the folder, which exists.

    `report`: the YAML, read. `holidays`: days on which nobody works, of this year. `contacts`: None for the
    report's own number, or fewer, in proportion. `left_by_key`: contacts that are excluded, besides.
    ValueError if the full year cannot print what the report does, but for its `plan.CONTRADICTIONS`.
    """
    chance, days = random.Random(seed), working_days(YEAR, holidays)
    plan = full_year(report)
    if contacts is not None:
        plan = scaled(plan, contacts)
    stories = Moments(plan, chance, days).lay(make_stories(plan, chance, left_by_key))
    found = sorted((contact for story in stories for contact in story), key=lambda one: one.joined)
    answered = [contact for contact in found if contact.is_answered]
    _ask(plan, answered, chance)
    tried = list(attempts(stories, days, chance))
    tagged = list(topics(answered, plan.topics, chance))
    inquiries = Inquiries(plan, found, days, chance)
    sheets = sorted(inquiries.rows(), key=lambda row: str(row[3]))
    minute_rows, up = minutes(days, plan.availability, chance)
    log = QueueLog(plan.answered_per_agent_day, chance)
    files = {"queue_log": folder / "queue_log"}
    with files["queue_log"].open("w", encoding="utf-8") as file:
        extra = [*requests(days, len(found), chance), *own_callbacks(tried)]
        file.writelines(f"{line}\n" for line in log.lines(found, extra))
    rows: dict[str, Iterable[Row]] = {
        "attempts": (attempt.row for attempt in sorted(tried)),
        "topics": ((contact.uniqueid, contact.structure, topic) for contact, topic in tagged),
        "inquiries": sheets,
        "minutes": minute_rows,
        "published": published(plan, YEAR),
    }
    for name, of_file in rows.items():
        files[name] = folder / f"{name}.csv"
        with files[name].open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADERS[name])
            writer.writerows(of_file)
    counted = Counter((contact.structure, topic) for contact, topic in tagged)
    figures = planned_figures(plan, found, inquiries, log.agent_days, counted, up)
    if contacts is None and (problems := wrong(report, figures, plan.published)):
        raise ValueError(f"the plan does not print {', '.join(problems)}")
    return RawYear(files, figures)


def _ask(plan: Plan, answered: list[Contact], chance: random.Random) -> None:
    """Choose who is asked to rate the talk, and what they answer."""
    for name, counts in plan.structures.items():
        may = [
            one for one in answered
            if one.structure == name and not one.is_transferred and one.wait <= 600
        ]  # fmt: skip
        answers = chance.choices("45", (1, 9), k=counts.content)
        answers += chance.choices("123", (2, 1, 2), k=counts.rated - counts.content)
        answers += ["asked"] * (counts.asked - counts.rated)
        for contact, answer in zip(chance.sample(may, len(answers)), answers, strict=True):
            contact.survey = answer
