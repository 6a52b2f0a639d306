"""The root of `hotline`: global options, and every group under its name."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from ivr import __version__
from ivr.base.logs import mask_uncaught
from ivr.command.loading import GIVEN, Options
from ivr.command.printing import print_line, print_lines

GROUPS = {
    "config": "init, check, diff, apply, rollback: from YAML to a live menu, every mistake named",
    "menu": "try, test, graph: the menu without a phone",
    "prompts": "list, build: the sentences citizens hear",
    "run": "the hotline as a service: recorder, dialer, AGI",
    "status": "what runs now, which calls are open, who is owed a call",
    "closed": "close hours by hand, now, or open them again",
    "notice": "put, take-away: what callers hear before the menu or a queue, for a while",
    "doctor": "what is wrong here, and what to do about it",
    "record": "watch any Asterisk and store its queue visits",
    "callbacks": "list, show, add, pause …: who is owed a call, and what was tried",
    "report": "day, month, year, range, issue: every figure, as text, data, tables or paper",
    "data": "backfill, export, migrate, purge, recordings: the records, and how long they are kept",
}
_MODULES: Final = {"record": "run", "closed": "by_hand", "notice": "by_hand"}
"""Where a command's module has not its name."""
EXAMPLES = (
    "hotline config check",
    "hotline callbacks list --state owed",
    "hotline data export visits --format csv",
)

WHAT_IT_IS = "The 195 hotline: menus in YAML, every wait recorded, every missed call called back once."


_TYPERS_WORDS: Final = (
    (r".* is not one of (.*)\.", r"must be one of \1"),
    (r".* does not match the formats .*", "must be a date like 2026-12-31"),
)
"""What typer says of a value → what we say; of other values it hands on pydantic's words."""


class _Groups(TyperGroup):
    """Imports a group when it is called: to import them all takes as long as most commands run."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(GROUPS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        for name in [cmd_name] if cmd_name in GROUPS else GROUPS:
            if name not in self.commands:
                module = import_module(f"ivr.command.{_MODULES.get(name, name)}")
                found: Any = typer.main.get_command(module.app)
                command = getattr(found, "commands", {}).get(name, found)
                command.name = name
                self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a value it cannot take is reported in our words, not in the libraries'."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as wrong:
            # Imported where it is wanted: most commands are typed right, and start sooner without.
            from pydantic import ValidationError

            from ivr.config.explain import wrong_with

            if isinstance(wrong.__cause__, ValidationError):
                wrong.message = wrong_with(wrong.__cause__.errors(include_url=False)[0])
                for theirs, ours in _TYPERS_WORDS:
                    wrong.message = re.sub(theirs, ours, wrong.message)
            raise


app = typer.Typer(
    cls=_Groups,
    help=WHAT_IT_IS,
    epilog="Example: hotline --config config config check",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(help="Folder of the YAML files.", envvar="HOTLINE_CONFIG", show_default=True)
    ] = Path("config"),
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """Set the global options; without a command, show what there is."""
    mask_uncaught()
    GIVEN.set(Options(config=config))
    if version:
        print_line(f"hotline {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        groups = (f"  hotline {group:<12}{what}" for group, what in GROUPS.items())
        examples = (f"  {example}" for example in EXAMPLES)
        last = "hotline GROUP --help says more."
        print_lines((WHAT_IT_IS, "", *groups, "", "For example:", *examples, "", last))
