"""`hotline status`: what runs, what Asterisk does, which calls are open, who is owed a call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

import typer

from ivr.command.by_hand import said_until
from ivr.command.loading import local, timestamp
from ivr.command.options import AsJson
from ivr.command.printing import print_result
from ivr.command.store import open_store
from ivr.reading.overview import Overview, ServerOverview, overview
from ivr.storage.records.report_runs import ReportRun
from ivr.storage.running.listening import Gap
from ivr.storage.running.liveness import RECORD, Process

app = typer.Typer(add_completion=False)

_LATELY: Final = timedelta(days=1)
"""A scheduled report that is tried again has failed so lately."""


@app.command(epilog="Example: hotline status --json")
def status(as_json: AsJson = False) -> None:
    """How the hotline is now, as its database knows it.

    Status 1 if a part does not run or does not hear, a phone's contact would send calls elsewhere, or in the
    last day a scheduled report failed or its mail may have got lost.
    """
    with open_store() as store:
        now, database = store.read(overview), store.engine.url.database
    missing = [f"{server.server}: {part}" for server in now.servers for part in _not_running(server, now)]
    deaf = [f"{server.server}: {part}" for server in now.servers for part in _not_connected(server, now)]
    phones = {server.server: found for server in now.servers if (found := _bad_contacts(server, now))}
    data = {**asdict(now), "not_running": missing, "not_connected": deaf, "bad_contacts": phones}
    none = f"no hotline has run on the database {database}: start one with `hotline run`"
    print_result(as_json, data, (*([] if now.servers else [none]), *_lines(now)))
    reports = any(_is_late(run, now) for run in now.reports)
    raise typer.Exit(1 if missing or deaf or phones or reports or not now.servers else 0)


def _lines(now: Overview) -> Iterator[str]:
    for server in now.servers:
        yield f"server {server.server}"
        for what, found in _of_server(server, now):
            yield f"  {what:<12}{found}"
    for what, found in _of_callbacks(now):
        yield f"{what:<14}{found}"


def _of_server(server: ServerOverview, now: Overview) -> Iterator[tuple[str, str]]:
    running = {process.part for process in server.processes if now.runs(process)}
    for process in server.processes:
        if now.runs(process) or process.part not in running:
            yield process.part, _told(process, now)
            yield from _of_process(process.report)
        if now.runs(process):
            for name, until in process.report.get("closed", {}).items():
                end = said_until(local(datetime.fromisoformat(until)))
                yield "hours", f"{name} is closed by hand {end}: hotline closed {name} --open"
            if skipped := process.report.get("long_lines"):
                yield "queue_log", f"{skipped} lines skipped: they are longer than 64 kB"
    for part in _not_running(server, now):
        how = "start it: hotline record" if part == RECORD else f"start the {part}: hotline run"
        yield "", f"{how} --server {server.server}"
    for part in _not_connected(server, now):
        yield "", f"the {part} does not hear Asterisk: hotline doctor"
    for agent, why in _bad_contacts(server, now).items():
        yield "phone", f"{agent} is paused: its contact {why} (`pjsip show aor {agent}`)"
    minutes = server.minutes
    yield "last hour", f"{minutes.up} min up, {minutes.down} down, {minutes.unknown} unknown"
    if minutes.last_down is not None:
        yield "", f"last down {timestamp(minutes.last_down.minute_at)}: {minutes.last_down.why}"
    for gap in server.gaps:
        yield "gap", gap_told(gap)
    yield "calls", f"{server.open_calls} open, {server.waiting} waiting in a queue"


def _of_process(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What its AGI scripts did since it started, and what of the log it put aside."""
    for name, ran in sorted(told.get("scripts", {}).items()):
        mean = ran["milliseconds"] / ran["runs"] if ran["runs"] else 0.0
        counts = f"{ran['runs']} runs, {mean:.1f} ms each, {ran['failed']} failed, {ran['slow']} too slow"
        yield "", f"{name}: {counts}"
    if refused := told.get("refused"):
        yield "", f"{refused} calls went on without a script: all places were taken"
    if unproved := told.get("unproved"):
        yield "", f"{unproved} FastAGI sessions did not prove to be Asterisk's: see the operator's page"
    if found := [f"{count} {where}" for where, count in told.get("forged", {}).items() if count]:
        yield "forged", f"{' and '.join(found)} were put aside: a caller's number held them (SECURITY.md)"


def _of_callbacks(now: Overview) -> Iterator[tuple[str, str]]:
    if now.ahead_to is not None:
        yield "clock", f"the newest visit is of {timestamp(now.ahead_to)}: a clock is wrong, or was"
    for day in now.opened_days:
        yield "clock", f"a call was heard live for {day}, which was sealed: a clock is wrong, or was"
    for run in now.reports:
        yield "report", f"{run.schedule}, {run.period}: {_of_report(run, now)}"
    counts = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in now.callbacks.items())
    yield "callbacks", f"{counts}; {now.due} due now"
    for what, number in now.held.items():
        yield "", f"{number} held for {what}: hotline callbacks list --state held"
    for why, number in now.refused.items():
        yield "refused", f"{number} in the last hour: {why}"
    for name, why in now.paused.items():
        yield "", f"{name} is off: {why}"
    if now.oldest_due_at is not None:
        yield "", f"oldest due since {timestamp(now.oldest_due_at)} ({_ago(now.at - now.oldest_due_at)})"


def _is_late(run: ReportRun, now: Overview) -> bool:
    return now.at - run.at < _LATELY


def _of_report(run: ReportRun, now: Overview) -> str:
    """What went wrong with a scheduled report, and what to do."""
    if run.state == "mail_unknown":
        return f"nobody knows whether its mail arrived ({run.why}); it is not sent again: ask a recipient"
    if _is_late(run, now):
        return f"failed: {run.why}; it is tried again every quarter of an hour"
    kind, language, _ = run.schedule.split(" ", 2)
    by_hand = f"hotline report {kind} {run.period} --lang {language} --format pdf --output FILE"
    return f"failed: {run.why}; it is not tried again, make it by hand: {by_hand}"


def _bad_contacts(server: ServerOverview, now: Overview) -> dict[str, str]:
    """Account of each agent who is paused for their phone's contact → what is wrong with it."""
    running = filter(now.runs, server.processes)
    return {agent: why for one in running for agent, why in one.report.get("contacts", {}).items()}


def _running(server: ServerOverview, now: Overview) -> dict[str, list[Process]]:
    """The processes that run, by the parts a server should have: two, or the one that only watches."""
    only_watches = all(process.part == RECORD for process in server.processes)
    parts = (RECORD,) if only_watches else ("recorder", "dialer")
    return {part: [one for one in server.processes if one.part == part and now.runs(one)] for part in parts}


def _not_running(server: ServerOverview, now: Overview) -> list[str]:
    return [part for part, found in _running(server, now).items() if not found]


def _not_connected(server: ServerOverview, now: Overview) -> list[str]:
    """Parts that run, and none of whose processes hears Asterisk."""
    return [part for part, found in _running(server, now).items() if found and all(map(_is_deaf, found))]


def _is_deaf(process: Process) -> bool:
    """Not in its first seconds, in which it has not told yet."""
    return not process.is_connected and process.seen_at > process.started_at


def _told(process: Process, now: Overview) -> str:
    if not now.runs(process):
        return f"does not run: seen last {timestamp(process.seen_at)} ({_ago(now.at - process.seen_at)} ago)"
    ami = "connected" if process.is_connected else "NOT connected" if _is_deaf(process) else "connecting"
    return f"since {timestamp(process.started_at)}, AMI {ami} ({process.process})"


def gap_told(gap: Gap) -> str:
    """When nobody listened, why, and what queue_log has told of it since."""
    when = f"{timestamp(gap.began_at)} for {_ago(gap.ended_at - gap.began_at)} ({gap.reason})"
    if gap.rebuilt is None:
        return f"{when}: not rebuilt yet, hotline data backfill FILE… does it"
    return f"{when}: {gap.rebuilt} visits rebuilt from queue_log"


def _ago(time: timedelta) -> str:
    seconds = max(0, int(time.total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
