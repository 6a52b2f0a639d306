"""What queue_log tells of an attempt nobody followed."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callback_dialer.attempt import Progress, disposition
from callback_dialer.milestones import dialled_since, lines_of, tell, was_dialled
from ivr.visits.from_queue_log import LogLine, read_line

ID = "cb-1"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
SECOND = int(AT.timestamp())

CONFIRMED = ["CBSTART|provider", "CBANSWERED", "CBCONFIRMED"]
LOGS = [
    (["CBSTART|provider", "CBEND|NOANSWER 16"], "no_answer"),
    (["CBSTART|provider", "CBEND|BUSY 17"], "busy"),
    (["CBSTART|provider", "CBEND|BUSY 21"], "declined"),
    (["CBSTART|provider", "CBEND|CHANUNAVAIL 1"], "invalid_number"),
    (["CBSTART|provider", "CBEND|CONGESTION 34"], "congestion"),
    (["CBSTART|provider", "CBEND|CHANUNAVAIL 0"], "trunk_failed"),
    (["CBSTART|provider", "CBEND|CANCEL 16"], "aborted"),  # we hung up
    (["CBSTART|provider", "CBEND|"], "trunk_failed"),
    (["CBSTART|provider", "CBANSWERED", "CBEND|ANSWER 16"], "machine_or_no_confirmation"),
    (["CBSTART|provider", "CBANSWERED", "CBREFUSED", "CBEND|ANSWER 16"], "declined"),
    ([*CONFIRMED, "ABANDON|1|1|3", "CBEND|ANSWER 16"], "citizen_left_before_agent"),
    ([*CONFIRMED, "EXITWITHTIMEOUT|1|1|20", "CBEND|ANSWER 16"], "no_agent"),
    ([*CONFIRMED, "EXITEMPTY|1|1|2", "CBNEWTIME|2", "CBEND|ANSWER 16"], "no_agent"),
    ([*CONFIRMED, "CONNECT|2|x|1", "COMPLETECALLER|2|17|1", "CBEND|ANSWER 16"], "reached"),
]


def written(path: Path, *lines: str) -> Path:
    """A log last written to ten seconds after the attempt's lines."""
    path.write_text("\n".join(lines) + "\n")
    os.utime(path, (SECOND + 10, SECOND + 10))
    return path


def read(text: str) -> LogLine:
    found = read_line(text)
    assert found is not None
    return found


def line(said: str, attempt_id: str = ID, at: int = SECOND) -> str:
    event, _, data = said.partition("|")
    return f"{at}|{attempt_id}|dvx|PJSIP/1101|{event}|{data}"


@pytest.mark.parametrize(("said", "outcome"), LOGS)
def test_the_end_of_an_attempt_is_read_from_its_lines(said: list[str], outcome: str) -> None:
    lines = [read(line(each)) for each in said]
    assert was_dialled(lines)
    told = tell(Progress(ID, "originating", AT), lines)
    assert told.ended_at == AT
    assert disposition(told) == outcome
    assert tell(Progress(ID, "originating", AT), lines[:-1]).ended_at is None


def test_agent_talk_and_chosen_time_are_read_from_the_lines() -> None:
    lines = [read(line(each)) for each in LOGS[-1][0]]
    told = tell(Progress(ID, "originating", AT), lines)
    assert (told.agent, told.talk_seconds, told.connected_at) == ("PJSIP/1101", 17, AT)
    assert tell(Progress(ID, "confirmed", AT), [read(line("CBNEWTIME|2"))]).choice == 2


def test_lines_are_found_in_the_log_and_in_what_was_rotated_since(tmp_path: Path) -> None:
    started = f"{SECOND - 9}|NONE|NONE|NONE|QUEUESTART|"
    written(tmp_path / "queue_log.1", started, line("CBSTART|provider"))
    other = line("CBSTART|provider", "cb-12")
    os.utime(tmp_path / "queue_log.1", (SECOND + 1, SECOND + 1))
    log = written(tmp_path / "queue_log", other, line("CBANSWERED"), f"{SECOND}|cb-1|half")
    found = lines_of(ID, log, AT - timedelta(seconds=5))
    assert found is not None
    assert [each.event for each in found] == ["CBSTART", "CBANSWERED"]


def test_lines_are_found_though_asterisk_s_clock_is_behind_the_database_s(tmp_path: Path) -> None:
    log = written(tmp_path / "queue_log", f"{SECOND}|NONE|NONE|NONE|QUEUESTART|", line("CBSTART|provider"))
    os.utime(log, (SECOND, SECOND))
    found = lines_of(ID, log, AT + timedelta(minutes=5))
    assert found is not None
    assert [each.event for each in found] == ["CBSTART"]


@pytest.mark.parametrize("half", ["", "TERQUEUE||0501112233|1", f"{'9' * 5000}|x"])
def test_a_log_that_begins_with_half_a_line_reaches_back_to_its_next_and_a_stray_file_is_none(
    half: str, tmp_path: Path
) -> None:
    started = f"{SECOND - 9}|NONE|NONE|NONE|QUEUESTART|"
    log = written(tmp_path / "queue_log", half, started, line("CBSTART|provider"))
    written(tmp_path / "queue_log.txt", "what this is")
    found = lines_of(ID, log, AT)
    assert found is not None
    assert [each.event for each in found] == ["CBSTART"]


def test_a_log_that_does_not_reach_back_tells_nothing(tmp_path: Path) -> None:
    log = written(tmp_path / "queue_log", f"{SECOND}|NONE|NONE|NONE|QUEUESTART|")
    assert lines_of(ID, log, AT - timedelta(seconds=5)) is None
    assert lines_of(ID, log, AT + timedelta(seconds=5)) == []
    assert lines_of(ID, log, AT + timedelta(seconds=50)) == []
    log.unlink()
    assert lines_of(ID, log, AT) is None


def test_an_attempt_that_only_a_forged_line_names_is_none(tmp_path: Path) -> None:
    """A caller may write a line into queue_log, but not its proof."""
    key, fields = b"secret = x\n", ("dvx", ID, "PJSIP/1101", "CBSTART", "provider 994501112233")
    log = written(tmp_path / "queue_log", line(f"CBSTART|{fields[-1]}|0123456789ab"))
    assert dialled_since(log, AT, {}, key)[0] == {}
    made = hashlib.sha1(key + "|".join(("", *fields)).encode()).hexdigest()[:12]
    log = written(tmp_path / "queue_log", line(f"CBSTART|{fields[-1]}|{made}"))
    assert [one.data for one in dialled_since(log, AT, {}, key)[0][ID]] == [[fields[-1]]]
