"""`hotline prompts`: the sentences citizens hear, listed and built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from ivr.calls.prompts import PromptFile, needed
from ivr.calls.synthesis import PromptError, build, is_recorded, missing_programs
from ivr.command.checking import load_or_stop
from ivr.command.options import fail, options, spoken
from ivr.config.loading import configuration_of

app = typer.Typer(
    help="The sentences citizens hear: list them, build their sound files.",
    epilog="Example: hotline prompts build --out prompts",
    no_args_is_help=True,
)


@app.command("list", epilog="Example: hotline prompts list --language ru")
def list_prompts(
    context: typer.Context,
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document, for programs.")] = False,
) -> None:
    """Every sound file the configuration needs, what it says, and whether a recording takes its place."""
    folder = options(context).config
    files = _files(folder, language)
    if as_json:
        typer.echo(json.dumps([_as_data(file, folder) for file in files], ensure_ascii=False, indent=2))
        return
    width = max((len(file.name) for file in files), default=0)
    for file in files:
        source = "recorded" if is_recorded(file, folder) else "spoken  "
        typer.echo(f"{file.language}  {file.name:<{width}}  {source}  {file.text}")


@app.command("build", epilog="Example: hotline prompts build --out prompts --language az")
def build_prompts(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Folder for <language>/hotline/<name>.wav.")] = Path("prompts"),
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
) -> None:
    """Make every sound file that is missing or whose text changed; a recording in the configuration wins."""
    folder = options(context).config
    if missing := missing_programs():
        fail(f"not installed: {', '.join(missing)}", hint=f"apt-get install {' '.join(missing)}")
    files = _files(folder, language)
    console = Console(stderr=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
        steps = track(
            build(files, folder, out),
            "Building prompts",
            total=len(files),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        made = sum(not step.was_current for step in steps)
    except PromptError as error:
        fail(str(error), hint="correct the text or the recording and build again")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}", hint="name another folder with --out")
    typer.echo(f"{len(files)} prompts in {out}: {made} made, {len(files) - made} unchanged")


def _files(folder: Path, language: str) -> tuple[PromptFile, ...]:
    configuration = configuration_of(load_or_stop(folder))
    if language:
        spoken(configuration, language)
    return tuple(file for file in needed(configuration) if language in ("", file.language))


def _as_data(file: PromptFile, folder: Path) -> dict[str, object]:
    return {
        "language": file.language,
        "name": file.name,
        "path": str(file.path),
        "recorded": is_recorded(file, folder),
        "text": file.text,
    }
