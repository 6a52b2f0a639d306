"""The AMI connection against a server on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from panoramisk.message import Message

from ivr.asterisk.connection import AmiConnection, Connected, Lost, Timing
from ivr.asterisk.messages import ActionLost, ActionRefused, ActionTimedOut, AmiEvent, UnsafeHeader
from tests.recordings.listening import Manner, bytes_of, messages
from tests.recordings.replay import Replay
from tests.recordings.truth import CASES

QUICK = Timing(connect=1, ping_every=0.1, pong_within=0.2, retry_first=0.02, retry_last=0.1)
DEADLINE = 20.0
ABANDON = bytes_of(CASES / "abandon_short", Manner())


@asynccontextmanager
async def connected(
    replay: Replay, secret: str = "right", timing: Timing = QUICK
) -> AsyncIterator[AmiConnection]:
    """A connection that runs."""
    connection = AmiConnection("127.0.0.1", replay.port, "listener", secret, timing=timing)
    running = asyncio.create_task(connection.run())
    try:
        yield connection
    finally:
        await connection.close()
        await asyncio.wait_for(running, DEADLINE)


async def heard(
    connection: AmiConnection, until: Callable[[object], bool]
) -> list[AmiEvent | Connected | Lost]:
    """What the queue gives, up to the first that `until` is true of."""
    found: list[AmiEvent | Connected | Lost] = []
    async with asyncio.timeout(DEADLINE):
        while not found or not until(found[-1]):
            found.append(await connection.events.get())
    return found


def is_lost(told: object) -> bool:
    return isinstance(told, Lost)


def is_connected(told: object) -> bool:
    return isinstance(told, Connected)


def is_named(name: str) -> Callable[[object], bool]:
    return lambda told: isinstance(told, AmiEvent) and told.name == name


@pytest.mark.parametrize("chunk", [0, 1, 7])
def test_every_event_arrives_once_in_order_and_letter_by_letter_however_the_stream_is_cut(chunk: int) -> None:
    folder = CASES / "member_name_utf8"
    sent = [text for _, text in messages(folder / "ami.txt", Manner())]

    async def main() -> list[AmiEvent]:
        async with (
            Replay(bytes_of(folder, Manner()), chunk) as replay,
            connected(replay, timing=Timing()) as connection,
        ):
            events: list[AmiEvent] = []
            async with asyncio.timeout(DEADLINE):
                while len(events) < len(sent):
                    told = await connection.events.get()
                    if isinstance(told, AmiEvent):
                        events.append(told)
            return events

    events = asyncio.run(main())
    assert [event.name for event in events] == [
        text.split(b"\r\n")[0].removeprefix(b"Event: ").decode() for text in sent
    ]
    (connect,) = (event for event in events if event.name == "AgentConnect")
    assert connect["MemberName"] == "Ђорђе Петровић"


def test_the_events_that_came_with_the_login_follow_connected() -> None:
    async def main() -> None:
        async with Replay(ABANDON) as replay, connected(replay) as connection:
            first, second = await connection.events.get(), await connection.events.get()
            assert is_connected(first)
            assert is_named("FullyBooted")(second)

    asyncio.run(main())


def test_panoramisk_reads_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Message.from_line

    def from_line(line: str) -> Message:
        read.append(line)
        return original(line)

    monkeypatch.setattr(Message, "from_line", from_line)

    async def main() -> None:
        async with Replay(ABANDON) as replay, connected(replay) as connection:
            await heard(connection, is_named("QueueCallerAbandon"))

    asyncio.run(main())
    assert any(line.startswith("Event: QueueCallerAbandon") for line in read)


def test_a_peer_that_answers_no_ping_is_given_up_and_called_again() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            replay.answers = False
            lost = (await heard(connection, is_lost))[-1]
            assert isinstance(lost, Lost)
            assert "pong" in lost.reason
            replay.answers = True
            await heard(connection, is_connected)

    asyncio.run(main())


def test_what_is_read_while_a_pong_is_overdue_carries_how_late_it_may_be() -> None:
    async def main() -> None:
        timing = Timing(ping_every=0.02, pong_within=DEADLINE)
        async with Replay() as replay, connected(replay, timing=timing) as connection:
            await heard(connection, is_connected)

            async def sound() -> AmiEvent:
                await replay.say("Event: Sound\r\nPrivilege: test,all\r\n\r\n")
                told = (await heard(connection, is_named("Sound")))[-1]
                assert isinstance(told, AmiEvent)
                return told

            async with asyncio.timeout(DEADLINE):
                while (await sound()).doubt:
                    await asyncio.sleep(0.02)
                replay.answers = False
                while not (told := await sound()).doubt:
                    await asyncio.sleep(0.02)
                assert told.doubt > 0.5
                replay.answers = True
                await connection.send({"Action": "Ping"})
                while (await sound()).doubt:
                    await connection.send({"Action": "Ping"})

    asyncio.run(main())


def test_a_quiet_peer_that_answers_pings_stays_connected() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            while sum(action["Action"] == "Ping" for action in replay.actions) < 3:
                await asyncio.sleep(0.02)
            assert connection.events.empty()

    asyncio.run(main())


@pytest.mark.parametrize(
    "poison",
    [
        "Event: AgentConnect\r\nEvent: AgentComplete\r\n\r\n",
        "Event: X\r\nActionID: a\r\nActionID: b\r\n\r\n",
        "Event: X\r\nTimestamp: nan\r\n\r\n",
        "Event: X\r\nChanVariable\r\n: \r\n\r\n",
        "\r\n\r\n\r\n\r\n",
    ],
)
def test_an_event_that_makes_no_sense_does_not_end_the_connection(poison: str) -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            await replay.say(poison + "Event: Sound\r\nPrivilege: test,all\r\n\r\n")
            told = await heard(connection, is_named("Sound"))
            assert not any(is_lost(each) for each in told)

    asyncio.run(main())


def test_what_makes_no_sense_is_counted_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            await replay.say(
                "Response: Success\r\nActionID: a\r\nActionID: b\r\n\r\n" * 2
                + "Event: Sound\r\nPrivilege: test,all\r\n\r\n"
            )
            await heard(connection, is_named("Sound"))

    asyncio.run(main())
    told = capsys.readouterr().out
    assert [number for number in ("1", "2", "3") if f"skipped={number}" in told] == ["1", "2"]


def test_a_refused_login_is_told_and_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay, secret="wrong") as connection:
            while len(replay.actions) < 2:
                await asyncio.sleep(0.01)
            assert not connection.is_connected
            assert connection.events.empty()

    asyncio.run(main())
    assert "Authentication failed" in capsys.readouterr().out


def test_an_asterisk_whose_ami_is_of_version_1_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def main() -> None:
        async with Replay() as replay:
            replay.version = b"1.3"
            async with connected(replay) as connection:
                while len(replay.actions) < 2:
                    await asyncio.sleep(0.01)
                assert connection.events.empty()

    asyncio.run(main())
    assert "it speaks AMI 1.3: Asterisk 11 or older, which is not understood" in capsys.readouterr().out


def test_a_list_action_gives_its_rows_and_an_originate_only_its_acceptance() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            status = await connection.send({"Action": "QueueStatus"})
            assert (status.headers["Response"], status.events) == ("Success", ())
            originate = {"Action": "Originate", "Channel": "Local/1@x/n", "Variable": ["A=1", "B=2"]}
            assert (await connection.send(originate)).headers["Response"] == "Success"

    asyncio.run(main())


def test_the_outcome_of_an_own_originate_reaches_the_queue() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            await connection.send(
                {"Action": "Originate", "Channel": "Local/1@x/n", "ActionID": "our-attempt"}
            )
            told = ("Event: OriginateResponse", "Privilege: call,all", "ActionID: our-attempt")
            await replay.say("\r\n".join((*told, "Response: Failure", "", "")))
            response = (await heard(connection, is_named("OriginateResponse")))[-1]
            assert isinstance(response, AmiEvent)
            assert response["Response"] == "Failure"

    asyncio.run(main())


def test_an_originate_cut_by_a_lost_connection_raises_and_is_never_sent_again() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay, timing=Timing(retry_first=0.02)) as connection:
            await heard(connection, is_connected)
            replay.answers = False
            sending = asyncio.create_task(connection.send({"Action": "Originate", "Channel": "Local/1@x/n"}))
            while not any(action["Action"] == "Originate" for action in replay.actions):
                await asyncio.sleep(0.01)
            replay.answers = True
            replay.cut()
            with pytest.raises(ActionLost):
                await sending
            await heard(connection, is_connected)
            await connection.send({"Action": "QueueStatus"})
            assert sum(action["Action"] == "Originate" for action in replay.actions) == 1

    asyncio.run(main())


def test_an_action_without_an_answer_times_out() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay, timing=Timing()) as connection:
            await heard(connection, is_connected)
            replay.answers = False
            with pytest.raises(ActionTimedOut):
                await connection.send({"Action": "QueueStatus"}, deadline=0.05)
            replay.answers = True

    asyncio.run(main())


def test_an_error_of_asterisk_raises_with_its_words() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            with pytest.raises(ActionRefused, match="Authentication failed"):
                await connection.send({"Action": "Login", "Secret": "wrong"})

    asyncio.run(main())


def test_an_answer_with_a_header_twice_is_read_by_the_first() -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay, timing=Timing()) as connection:
            await heard(connection, is_connected)
            replay.refusals = {"QueueStatus": ["first\r\nMessage: second\r\nResponse: Success"]}
            with pytest.raises(ActionRefused, match=r"^first$"):
                await connection.send({"Action": "QueueStatus"})

    asyncio.run(main())


def test_no_action_is_taken_without_a_connection() -> None:
    async def main() -> None:
        connection = AmiConnection("127.0.0.1", 1, "listener", "secret")
        with pytest.raises(ActionLost):
            await connection.send({"Action": "Ping"})

    asyncio.run(main())


@pytest.mark.parametrize(
    "headers",
    [
        {"Channel": "Local/1@x\r\nApplication: System"},
        {"Channel": "a\nb"},
        {"Channel": "a\x00b"},
        {"Channel": "a\x85b"},
        {"Variable": ["A=1", "B=2\r\nApplication: System"]},
        {"Channel\r\nApplication": "System"},
        {"Channel": "\ud800"},
    ],
)
def test_a_control_character_is_refused_before_anything_is_sent(headers: dict[str, str | list[str]]) -> None:
    async def main() -> None:
        async with Replay() as replay, connected(replay) as connection:
            await heard(connection, is_connected)
            with pytest.raises(UnsafeHeader):
                await connection.send({"Action": "Originate", **headers})
            assert not any(action["Action"] == "Originate" for action in replay.actions)

    asyncio.run(main())


def test_closing_ends_the_run_even_while_asterisk_is_not_there() -> None:
    async def main() -> None:
        connection = AmiConnection("127.0.0.1", 1, "listener", "secret", timing=Timing(retry_first=30))
        running = asyncio.create_task(connection.run())
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 0.1)
        await connection.close()
        await asyncio.wait_for(running, DEADLINE)

    asyncio.run(main())


def test_closing_ends_the_run_even_while_it_logs_in() -> None:
    async def scenario() -> None:
        async with Replay() as replay:
            connection = AmiConnection("127.0.0.1", replay.port, "listener", "secret")
            running = asyncio.create_task(connection.run())
            while not replay.actions:
                await asyncio.sleep(0)
            await connection.close()
            await asyncio.wait_for(running, 5.0)

    asyncio.run(scenario())
