"""queue_log followed by the recorder: what AMI did not tell arrives, through rotation and truncation."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk.connection import AmiConnection, Timing
from ivr.reading.export import rows
from ivr.recording.following import LogFollower
from ivr.recording.recorder import Recorder
from ivr.recording.vouching import Vouching
from ivr.recording.watched import Watched
from ivr.storage.engine.statements import clock_of
from ivr.storage.engine.store import Store, StoreAway, StoreThread
from ivr.storage.migrations import migrate
from ivr.storage.running import listening
from ivr.storage.schema.columns import from_millis
from ivr.storage.schema.running import gaps
from tests.recordings.listening import Manner, bytes_of
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES, Told, differences
from tests.restoring import copied

JOIN = "1795364067|1795364066.22|dvx|NONE|ENTERQUEUE||0501112233|1\n"
CONNECT = "1795364079|1795364066.22|dvx|PJSIP/1101|CONNECT|12|1795364076.23|3\n"
COMPLETE = "1795364099|1795364066.22|dvx|PJSIP/1101|COMPLETEAGENT|12|20|1\n"
OTHER = """1795364200|1795364199.9|dvx|NONE|ENTERQUEUE||0501112244|1
1795364203|1795364199.9|dvx|NONE|ABANDON|1|1|3
"""
WHOLE = [("0501112233", "answered", 12.0, 20.0)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'hotline.db'}")
    migrate(store)
    yield store
    store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "log").mkdir()
    return tmp_path / "log" / "queue_log"


def follower(store: Store, path: Path, *, had_store: bool = False) -> LogFollower:
    vouching = Vouching(b"", lambda: None)
    return LogFollower(path, StoreThread(store), "main", Watched(), vouching, had_store=had_store)


def read_on(*followers: LogFollower) -> None:
    for one in followers:
        asyncio.run(one.read_on())


def told(store: Store) -> list[tuple[Any, ...]]:
    found = store.read(lambda connection: list(rows(connection, "visits")))
    return [
        tuple(row[name] for name in ("caller", "outcome", "wait_seconds", "talk_seconds")) for row in found
    ]


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_half_a_line_waits_for_its_other_half(store: Store, path: Path) -> None:
    one = follower(store, path)
    append(path, JOIN + CONNECT[:40])
    read_on(one)
    assert told(store) == [("0501112233", "waiting", None, None)]
    append(path, CONNECT[40:] + COMPLETE)
    read_on(one)
    assert told(store) == WHOLE


def test_a_call_is_followed_from_the_rotated_file_into_the_new_one(store: Store, path: Path) -> None:
    one = follower(store, path)
    append(path, JOIN)
    read_on(one)
    append(path, CONNECT)
    path.rename(path.with_name("queue_log.0"))
    append(path, COMPLETE)
    read_on(one)
    assert told(store) == WHOLE


def test_a_follower_that_starts_again_finds_the_beginning_of_a_call_in_a_packed_file(
    store: Store, path: Path
) -> None:
    append(path, JOIN)
    read_on(follower(store, path))
    append(path, CONNECT)
    path.with_name("queue_log.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.write_text(COMPLETE)
    read_on(follower(store, path))
    assert told(store) == WHOLE


def test_a_file_that_is_emptied_in_place_is_read_from_its_new_beginning(store: Store, path: Path) -> None:
    one = follower(store, path)
    append(path, JOIN + CONNECT + COMPLETE)
    read_on(one)
    path.write_text(OTHER)
    read_on(one)
    assert told(store) == [*WHOLE, ("0501112244", "abandoned", 3.0, None)]


def test_older_copies_beside_the_file_take_nothing_from_it(store: Store, path: Path) -> None:
    append(path, JOIN + CONNECT + COMPLETE)
    for number in range(8):  # a folder lists them in any order
        path.with_name(f"queue_log.copy{number}").write_bytes(path.read_bytes())
    read_on(follower(store, path))
    append(path, OTHER)
    one = follower(store, path)
    read_on(one)
    assert told(store) == [*WHOLE, ("0501112244", "abandoned", 3.0, None)]
    append(path, OTHER.replace("1795364", "1795365"))
    read_on(one)
    assert len(told(store)) == 3


def test_a_file_that_is_not_there_yet_is_followed_when_it_comes(store: Store, path: Path) -> None:
    one = follower(store, path)
    read_on(one)
    append(path, JOIN + CONNECT + COMPLETE)
    read_on(one)
    assert told(store) == WHOLE


def test_what_the_database_did_not_take_is_read_again(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = follower(store, path)
    append(path, JOIN)
    read_on(one)
    append(path, CONNECT)
    with monkeypatch.context() as away:
        away.setattr(store, "write", _refuse)
        read_on(one)
    append(path, COMPLETE)
    read_on(one)
    assert told(store) == WHOLE


def test_what_a_store_lacks_that_went_back_under_its_reader_is_read_again(url: str, path: Path) -> None:
    opened = Store(url)
    one = follower(opened, path)
    append(path, JOIN)
    read_on(one)
    bring_back = copied(url)
    append(path, CONNECT + COMPLETE)
    read_on(one)
    assert told(opened) == WHOLE
    opened.engine.dispose()
    bring_back()
    append(path, OTHER)
    for _ in range(2):  # the first time it notices
        read_on(one)
    assert told(opened) == [*WHOLE, ("0501112244", "abandoned", 3.0, None)]
    opened.close()


def test_a_store_that_went_back_is_noticed_though_nothing_more_is_written(store: Store, path: Path) -> None:
    one = follower(store, path)
    append(path, JOIN)
    read_on(one)
    bring_back = copied(str(store.engine.url))
    append(path, CONNECT + COMPLETE)
    read_on(one)
    bring_back()
    assert [asyncio.run(one.read_on()) for _ in range(3)] == [False, True, True]
    assert told(store) == WHOLE


def test_a_store_that_lost_everything_is_told_what_the_rotated_files_say_too(
    store: Store, path: Path
) -> None:
    """A first start reads the newest file only: what was written before is not its own."""
    path.with_name("queue_log.1.gz").write_bytes(gzip.compress((JOIN + CONNECT + COMPLETE).encode()))
    append(path, OTHER)
    bring_back = copied(str(store.engine.url))
    read_on(follower(store, path))
    assert told(store) == [("0501112244", "abandoned", 3.0, None)]
    bring_back()
    read_on(follower(store, path, had_store=True))
    assert told(store) == [*WHOLE, ("0501112244", "abandoned", 3.0, None)]


def _refuse(work: object) -> None:
    raise StoreAway("no route to host")


def test_the_gap_in_what_ami_told_is_filled_counted_and_stored(store: Store, path: Path) -> None:
    case = CASES / "ami_lost_midcall"
    append(path, (case / "queue_log").read_text())

    async def main() -> None:
        async with Replay(bytes_of(case, Manner(0))) as replay, asyncio.timeout(30):
            timing = Timing(retry_first=0.02, ping_every=60)
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret", timing=timing)
            recorder = Recorder(connection, StoreThread(store), "main", queue_log=path)
            stop = asyncio.Event()
            running = asyncio.create_task(recorder.run(stop))
            await replay.played.wait()
            while not store.read(lambda c: c.execute(gaps.select()).all()) or len(told(store)) < 3:
                await asyncio.sleep(0.02)
            stop.set()
            await running

    asyncio.run(main())
    exported = store.read(lambda connection: list(rows(connection, "visits")))
    assert differences("ami_lost_midcall", [Told.of(row) for row in exported]) == []
    (gap,) = _gaps(store)
    assert (gap.reason, gap.rebuilt) == ("reconnect", None)


def test_a_gap_whose_queue_log_was_moved_out_of_sight_stays_open(store: Store, path: Path) -> None:
    append(path, JOIN)
    read_on(follower(store, path))
    began, ended = (from_millis(seconds * 1000) for seconds in (1795364080, 1795364150))
    gap = listening.Gap("start", began, ended)
    store.write(lambda connection: listening.add_gap(connection, "main", gap))
    away = path.parent.parent / "queue_log"
    append(path, CONNECT + COMPLETE)
    path.rename(away)
    append(path, OTHER)
    read_on(follower(store, path))
    assert [found.rebuilt for found in _gaps(store)] == [None]
    path.with_name("queue_log.0").write_bytes(away.read_bytes())
    read_on(follower(store, path))
    assert [found.rebuilt for found in _gaps(store)] == [1]


_STARTING, _DENIED = "Invalid/unknown command", "Permission denied"


@pytest.mark.parametrize(
    ("refusals", "asked"),
    [({"QueueStatus": [_STARTING, _STARTING]}, 3), ({"CoreStatus": [_DENIED], "QueueStatus": [_DENIED]}, 1)],
    ids=["still starting", "not for this login"],
)
def test_the_gap_is_open_until_asterisk_has_told_who_waits_or_never_will(
    refusals: dict[str, list[str]], asked: int, store: Store
) -> None:
    store.write(lambda connection: listening.heard(connection, "main"))

    async def main() -> list[dict[str, str]]:
        async with Replay() as replay, asyncio.timeout(30):
            replay.refusals = refusals
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
            stop = asyncio.Event()
            running = asyncio.create_task(Recorder(connection, StoreThread(store), "main").run(stop))
            while not _gaps(store):
                await asyncio.sleep(0.02)
            stop.set()
            await running
            return replay.actions

    actions = [action["Action"] for action in asyncio.run(main())]
    assert actions.count("QueueStatus") == asked
    assert "CoreShowChannels" in actions


def _row(name: str, **headers: str) -> str:
    lines = (f"{header}: {value}\r\n" for header, value in headers.items())
    return f"Event: {name}\r\nActionID: \r\n{''.join(lines)}\r\n"


EPOCH = from_millis(0)
SEEN = {
    "CoreStatus": "CoreStartupTime: 09:00:00\r\nCoreProcessedCalls: 7\r\n",
    "CoreShowChannels": _row("CoreShowChannel", Uniqueid="7.1", Exten="front", Duration="00:00:03"),
    "QueueStatus": _row("QueueMember", Queue="dvx", Location="PJSIP/1101", CallsTaken="3")
    + _row("QueueEntry", Queue="dvx", Uniqueid="7.1", Position="1", Wait="3"),
}
"""One citizen waits, Asterisk has had seven calls."""
LATER = {
    "nothing but time": ("3", "3", False),
    "one more call, which is over": ("CoreProcessedCalls: 7", "CoreProcessedCalls: 8", True),
    "another start": ("09:00:00", "09:00:09", True),
    "a step in the menu": ("front", "more", True),
    "a talk": ("CallsTaken: 3", "CallsTaken: 4", True),
    "an Asterisk that counts no calls": ("CoreProcessedCalls", "Other", True),
}


@pytest.mark.parametrize(("old", "new", "is_gap"), LATER.values(), ids=LATER.keys())
def test_a_planned_restart_in_which_nothing_happened_is_no_gap(
    old: str, new: str, is_gap: bool, store: Store
) -> None:
    later = {action: text.replace(old, new).replace("Wait: 3", "Wait: 5") for action, text in SEEN.items()}
    _record(store, SEEN)
    assert not _gaps(store)
    _record(store, later)
    assert [gap.reason for gap in _gaps(store)] == ["start"] * is_gap


def test_a_restart_that_nobody_planned_is_a_gap_whatever_was_seen_before(store: Store) -> None:
    _record(store, SEEN)
    _record(store, SEEN, is_killed=True)
    _record(store, SEEN)
    assert len(_gaps(store)) == 1


def _record(store: Store, seen: dict[str, str], *, is_killed: bool = False) -> None:
    """A recorder that hears Asterisk once, gives a sign of life, and ends; `seen`: what it is told."""

    async def main() -> None:
        async with Replay() as replay, asyncio.timeout(30):
            replay.rows = seen
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
            recorder, stop = Recorder(connection, StoreThread(store), "main"), asyncio.Event()
            began = store.read(clock_of)
            running = asyncio.create_task(recorder.run(stop))
            while (store.read(lambda c: listening.last_heard(c, "main"))[0] or EPOCH) < began:
                await asyncio.sleep(0.02)
            if is_killed:
                replay.refusals["CoreStatus"] = ["killed"]
            stop.set()
            await running

    asyncio.run(main())


CHANNEL = """Event: CoreShowChannel\r
ActionID: \r
Channel: Local/0501112233@hotline-callback-1;1\r
Uniqueid: cb-1\r
Linkedid: cb-1\r
ChanVariable: HOTLINE_ORIGIN=callback\r
ChanVariable: HOTLINE_ATTEMPT=cb-1\r
ChanVariable: MENU_LANGUAGE=ru\r
\r
"""
ENTRY = """Event: QueueEntry\r
ActionID: \r
Queue: dvx\r
Uniqueid: cb-1\r
CallerIDNum: 0501112233\r
CallerIDName: <unknown>\r
ConnectedLineNum: <unknown>\r
ConnectedLineName: <unknown>\r
Wait: 3\r
\r
"""


def found_waiting(store: Store, channels: str, queues: str) -> dict[str, Any]:
    """The visit of who waits as a recorder connects, and Asterisk tells these channels and queues."""

    async def main() -> None:
        async with Replay() as replay, asyncio.timeout(30):
            replay.rows = {"CoreShowChannels": channels, "QueueStatus": queues}
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
            stop = asyncio.Event()
            running = asyncio.create_task(Recorder(connection, StoreThread(store), "main").run(stop))
            while not told(store):
                await asyncio.sleep(0.02)
            stop.set()
            await running

    asyncio.run(main())
    (visit,) = store.read(lambda connection: list(rows(connection, "visits")))
    return visit


def test_a_callback_found_waiting_is_not_taken_for_the_citizen_s_own_call(store: Store) -> None:
    visit = found_waiting(store, CHANNEL, ENTRY)
    assert (visit["origin"], visit["attempt_id"], visit["language"]) == ("callback", "cb-1", "ru")


SERVED_ELSEWHERE = """Event: QueueMember\r
ActionID: \r
Queue: emdx\r
Location: PJSIP/1301\r
\r
"""
AGENT_WAITS = ENTRY.replace("cb-1", "a.2").replace("Wait", "Channel: PJSIP/1301-00000002\r\nWait")
LEFT_BY_THE_AGENT = CHANNEL.replace("cb-1", "c.1").replace("callback", "internal")
CITIZEN_WAITS = ENTRY.replace("cb-1", "c.1").replace("Wait", "Channel: PJSIP/provider-00000001\r\nWait")


@pytest.mark.parametrize(
    ("channel", "entry", "origin"),
    [("", AGENT_WAITS, "internal"), (LEFT_BY_THE_AGENT, CITIZEN_WAITS, "inbound")],
    ids=["their phone, whatever queue is told first", "not by variables alone"],
)
def test_who_is_found_waiting_is_an_agent_if_their_phone_is_one(
    channel: str, entry: str, origin: str, store: Store
) -> None:
    """An attended transfer leaves a citizen's channel the agent's variables."""
    assert found_waiting(store, channel, entry + SERVED_ELSEWHERE)["origin"] == origin


def _gaps(store: Store) -> tuple[listening.Gap, ...]:
    ever = (from_millis(0), from_millis(10**13))
    return store.read(lambda connection: listening.gaps_between(connection, "main", *ever))
