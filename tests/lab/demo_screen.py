"""The demo on a terminal: a live table during the calls, the report at the end; plain lines elsewhere."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.table import Table

from ivr.base.masking import masked, masked_text
from tests.lab.demo_compare import Result
from tests.lab.demo_phones import Played, Stage

_STYLES = {
    "menu": "cyan",
    "waits": "yellow",
    "talks": "green",
    "over": "dim",
    "failed": "bold red",
    "not yet": "dim",
}


class Screen:
    """Follows a stage while the block runs. `async with Screen(console, stage): …`"""

    def __init__(self, console: Console, stage: Stage) -> None:
        self._console = console
        self._stage = stage
        self._began = time.time()
        self._told: dict[int, str] = {}
        self._rung = 0
        self._live = (
            Live(console=console, transient=True, auto_refresh=False) if console.is_terminal else None
        )

    async def __aenter__(self) -> Screen:
        if self._live is not None:
            self._live.start()
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._live is not None:
            self._live.stop()

    async def _follow(self) -> None:
        while True:
            if self._live is not None:
                self._live.update(self._table(), refresh=True)
            else:
                self._tell()
            await asyncio.sleep(0.25)

    def _table(self) -> Table:
        table = Table(
            title=f"195 · {time.time() - self._began:3.0f} s",
            title_justify="left",
            box=None,
            padding=(0, 2, 0, 0),
        )
        for name in ("caller", "story", "now", "for"):
            table.add_column(name, justify="right" if name == "for" else "left", no_wrap=True)
        for played in self._stage.played:
            seconds = "" if played.doing in ("over", "not yet") else f"{time.time() - played.since:.0f} s"
            table.add_row(
                masked(played.story.number) or "hidden",
                played.story.title,
                _doing(played),
                seconds,
                style=_STYLES[played.doing],
            )
        for dialled in self._stage.exchange.dialled:
            last = dialled.leg.log.happenings[-1]
            seconds = "" if dialled.leg.log.is_over else f"{time.time() - last.at:.0f} s"
            style = "dim" if dialled.leg.log.is_over else "magenta"
            table.add_row(masked(dialled.number), "called back", last.what.value, seconds, style=style)
        return table

    def _tell(self) -> None:
        for at, played in enumerate(self._stage.played):
            if self._told.get(at, "not yet") != played.doing:
                self._told[at] = played.doing
                self._line(
                    masked(played.story.number) or "hidden", f"{_doing(played):<16} {played.story.title}"
                )
        for dialled in self._stage.exchange.dialled[self._rung :]:
            self._rung += 1
            self._line(masked(dialled.number), "called back")

    def _line(self, number: str, text: str) -> None:
        line = f"{time.time() - self._began:5.1f} s  {number:<10}  {text}"
        self._console.print(line, highlight=False, soft_wrap=True)


def _doing(played: Played) -> str:
    if played.doing == "talks" and played.leg is not None:
        return f"talks with {played.leg.spoken[-1].account}"
    return played.doing


def report(console: Console, result: Result) -> None:
    """What the phones saw beside what is stored, in seconds, and every difference."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    columns = ("caller", "queue", "outcome", "wait", "stored", "agent", "talk", "stored")
    for name in columns:
        table.add_column(
            name, no_wrap=True, justify="right" if name in ("wait", "talk", "stored") else "left"
        )
    for seen, row in result.pairs:
        table.add_row(
            masked(seen.caller) or "hidden",
            f"{seen.queue} callback" if seen.origin == "callback" else seen.queue,
            seen.outcome,
            _seconds(seen.wait_seconds),
            _seconds(row["wait_seconds"]),
            seen.agent,
            _seconds(seen.talk_seconds),
            _seconds(row["talk_seconds"]),
        )
    console.print(table)
    tried = ", ".join(f"{count} {name}" for name, count in sorted(result.dispositions.items())) or "none"
    console.print(
        f"\n{result.calls} calls, {result.visits} visits stored, {result.matched} as the phones saw them"
    )
    console.print(f"callback attempts: {tried}; dialled twice: {result.duplicate_dials}")
    for difference in result.differences:
        console.print(f"difference: {masked_text(difference)}", style="red", highlight=False, soft_wrap=True)


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
