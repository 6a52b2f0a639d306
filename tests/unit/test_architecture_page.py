"""docs/architecture.md names the AMI events we listen to as the code does."""

from __future__ import annotations

import re
from pathlib import Path

from callback_dialer.attempt import STEPS
from ivr.queues import agents, waiting
from ivr.visits import from_ami

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_page_lists_every_event_of_each_table_and_no_other() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## The AMI events we listen to")[2].partition("##")[0]
    rows = re.findall(r"^\| [^|]+ \| [^|]*`([\w/]+\.py)`[^|]* \| ([A-Za-z, ]+) \|$", page, re.MULTILINE)
    listed = {where: events.split(", ") for where, events in rows}

    tables = {
        "ivr/visits/from_ami.py": from_ami._READERS.keys() | from_ami._SHOWS.keys() | {"FullyBooted"},
        "ivr/queues/agents.py": agents._STEPS.keys(),
        "ivr/queues/waiting.py": waiting._STEPS.keys(),
        "callback_dialer/attempt.py": STEPS.keys(),
        "callback_dialer/contact_watch.py": {"SuccessfulAuth"},
    }
    assert listed == {where: sorted(events) for where, events in tables.items()}
