"""`hotline prompts`: the sentences citizens hear, listed, built and played to a file."""

from __future__ import annotations

import shutil
import tempfile
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr.command.loading import draft_configuration, options, spoken
from ivr.command.options import AsJson, group
from ivr.command.printing import fail, print_line, print_result, progress
from ivr.config.problems import did_you_mean
from ivr.sounds.prompts import PromptFile, needed
from ivr.sounds.recorded import is_recorded, note, stale
from ivr.sounds.synthesis import PromptError, build, level, missing_programs, outdated

app = group(
    "The sentences citizens hear: list them, build their sound files, listen to one.",
    "hotline prompts build --out prompts",
)


@app.command("list", epilog="Example: hotline prompts list --language ru")
def list_prompts(
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
    out: Annotated[Path, typer.Option(help="Folder that `prompts build` wrote to.")] = Path("prompts"),
    as_json: AsJson = False,
) -> None:
    """Every sound file the configuration needs: whose voice, how long, how loud, and what it says.

    `stale` is a recording of an earlier sentence, `old` a file built from one: `prompts build` makes it anew.
    """
    files = _files(language)
    told = _told(files, options().config, out)
    width = max((len(file.name) for file in files), default=0)
    print_result(as_json, told, (_line(row, width) for row in told))


@app.command("build", epilog="Example: hotline prompts build --out prompts --language az")
def build_prompts(
    out: Annotated[Path, typer.Option(help="Folder for <language>/hotline/<name>.wav.")] = Path("prompts"),
    language: Annotated[str, typer.Option(help="Only this language.")] = "",
) -> None:
    """Make every sound file that is missing or whose text changed; a recording in the configuration wins."""
    folder = options().config
    if missing := missing_programs():
        fail(f"not installed: {', '.join(missing)}", hint=f"apt-get install {' '.join(missing)}")
    files = _files(language)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with progress() as bar:
            steps = bar.track(build(files, folder, out), len(files), description="Building prompts")
            made = sum(not step.was_current for step in steps)
        note(files, folder)
    except PromptError as error:
        fail(str(error), hint="correct the text or the recording and build again")
    except OSError as error:
        fail(f"{error.filename} cannot be written: {error.strerror}", hint="name another folder with --out")
    print_line(f"{len(files)} prompts in {out}: {made} made, {len(files) - made} unchanged")


@app.command("play", epilog="Example: hotline prompts play welcome --language ru --out welcome.wav")
def play_prompt(
    name: Annotated[str, typer.Argument(help="As `prompts list` names it: welcome, place-7.")],
    out: Annotated[Path, typer.Option(help="Sound file to write.")],
    language: Annotated[str, typer.Option(help="Default the hotline's first.")] = "",
) -> None:
    """Make one prompt as citizens would hear it now, in a file to listen to."""
    folder = options().config
    configuration = draft_configuration()
    wanted = spoken(configuration, language)
    files = {file.name: file for file in needed(configuration) if file.language == wanted}
    if name not in files:
        fail(f"there is no prompt {name!r}", hint=did_you_mean(name, files), status=2)
    try:
        with tempfile.TemporaryDirectory() as work:
            list(build([files[name]], folder, Path(work)))
            shutil.copyfile(Path(work) / files[name].path, out)
    except PromptError as error:
        fail(str(error), hint="correct the text or the recording")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}", hint="name another file with --out")
    print_line(f"{out}: {files[name].text}")


def _files(language: str) -> tuple[PromptFile, ...]:
    configuration = draft_configuration()
    if language:
        spoken(configuration, language)
    return tuple(file for file in needed(configuration) if language in ("", file.language))


def _told(files: Sequence[PromptFile], folder: Path, out: Path) -> list[dict[str, Any]]:
    old, unfit = outdated(files, folder, out), stale(files, folder)
    return [
        {
            "language": file.language,
            "name": file.name,
            "path": str(file.path),
            "recorded": is_recorded(file, folder),
            "stale": file in unfit,
            "old": file in old,
            **_size(out / file.path),
            "text": file.text,
        }
        for file in files
    ]


def _line(told: Mapping[str, Any], width: int) -> str:
    source = "stale" if told["stale"] else "recorded" if told["recorded"] else "spoken"
    loud = f" {told['decibels']:4.0f} dB" if told["decibels"] else ""
    size = "not built" if told["seconds"] is None else f"{told['seconds']:5.1f} s{loud}"
    size = "old" if told["old"] else size
    return f"{told['language']}  {told['name']:<{width}}  {source:<8}  {size:<15}  {told['text']}"


def _size(built: Path) -> dict[str, float | None]:
    try:
        found = level(built)
    except (OSError, EOFError, wave.Error):
        return {"seconds": None, "decibels": None}
    return {"seconds": round(found.seconds, 1), "decibels": found.decibels and round(found.decibels, 1)}
