"""`hotline prompts`: the sentences citizens hear, listed, built, played to a file, recorded in a studio."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final, Literal

import typer

from ivr.checks.whole import where_heard
from ivr.command.loading import draft_configuration, options, spoken
from ivr.command.options import AsJson, group
from ivr.command.printing import fail, or_fail, print_line, print_records, print_result, progress
from ivr.config.problems import did_you_mean
from ivr.sounds import synthesis
from ivr.sounds.prompts import PromptFile, needed, spoken_seconds
from ivr.sounds.takes import faults

app = group(
    "The sentences citizens hear: list them, build their sound files, listen to one, have them recorded.",
    "hotline prompts build --out prompts",
)
_TOLD_EVERY: Final = 25
"""Prompts, where there is no terminal for a progress bar."""


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
    if missing := synthesis.missing_programs():
        fail(f"not installed: {', '.join(missing)}", hint=f"apt-get install {' '.join(missing)}")
    files, made = _files(language), 0
    try:
        out.mkdir(parents=True, exist_ok=True)
        with progress() as bar:
            steps = bar.track(synthesis.build(files, folder, out), len(files), description="Building prompts")
            for done, step in enumerate(steps, 1):
                made += not step.was_current
                if bar.disable and not step.was_current and done % _TOLD_EVERY == 0:
                    print_line(f"{done} of {len(files)} prompts are there", err=True)
        synthesis.note(files, folder)
    except synthesis.PromptError as error:
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
        with (
            or_fail("name another file with --out", f"{out} cannot be written"),
            TemporaryDirectory() as work,
        ):
            list(synthesis.build([files[name]], folder, Path(work)))
            shutil.copyfile(Path(work) / files[name].path, out)
    except synthesis.PromptError as error:
        fail(str(error), hint="correct the text or the recording")
    print_line(f"{out}: {files[name].text}")


@app.command("script", epilog="Example: hotline prompts script --lang az > studio-az.csv")
def write_script(
    language: Annotated[str, typer.Option("--lang", "--language", help="Default the hotline's first.")] = "",
    out: Annotated[Path, typer.Option(help="Folder that `prompts build` wrote to.")] = Path("prompts"),
    form: Annotated[
        Literal["csv", "jsonl"], typer.Option("--format", help="CSV, or one JSON object a line.")
    ] = "csv",
) -> None:
    """The sheet for a studio: each file, what it says, where it is heard and how many seconds it takes.

    Words of another voice are marked, such as [ru]. `measured` seconds are those of the built file,
    `estimated` ones are counted from the letters.
    """
    configuration = draft_configuration()
    files, heard = _files(spoken(configuration, language)), where_heard(configuration)
    old = synthesis.outdated(files, options().config, out)
    rows = []
    for file in files:
        seconds = None if file in old else _size(out / file.path)["seconds"]
        said = (text if voice == file.language else f"[{voice}] {text}" for voice, text in file.parts)
        rows.append(
            {
                "file": f"{file.name}.wav",
                "sentence": " ".join(said),
                "heard": "; ".join(heard.get(file.prompt, ())),
                "seconds": seconds or round(spoken_seconds(file.text), 1),
                "length": "measured" if seconds else "estimated",
            }
        )
    print_records(form, ("file", "sentence", "heard", "seconds", "length"), rows)


@app.command("import", epilog="Example: hotline prompts import takes --lang az --dry-run")
def import_takes(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False)],
    language: Annotated[str, typer.Option("--lang", "--language", help="The language of the takes.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check.")] = False,
) -> None:
    """Check a folder of takes, NAME.wav each, and put all of them into the configuration, or none.

    A take is named like its prompt, can be read, is about as long as its sentence, has a little silence at
    both ends and is not clipped. A prompt that is recorded already may be left out.
    """
    config, files = options().config, _files(language)
    if "sox" in synthesis.missing_programs():
        fail("not installed: sox", hint="apt-get install sox")
    try:
        found = list(faults(folder, files, config))
        for name, problem, hint in found:
            print_line(f"{name}: {problem}{hint and f' ({hint})'}", err=True)
        if found:
            fail(f"{len(found)} problems, nothing is copied", hint="correct them and import the folder again")
        takes = [file for file in files if (folder / f"{file.name}.wav").is_file()]
        for file in takes if not dry_run else ():
            file.recorded(config).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / f"{file.name}.wav", file.recorded(config))
        if not dry_run:
            synthesis.note(files, config)
    except OSError as error:
        fail(f"{error.filename} cannot be read or written: {error.strerror}")
    print_line(f"{len(takes)} takes are right, {0 if dry_run else len(takes)} copied")


def _files(language: str) -> tuple[PromptFile, ...]:
    configuration = draft_configuration()
    if language:
        spoken(configuration, language)
    return tuple(file for file in needed(configuration) if language in ("", file.language))


def _told(files: Sequence[PromptFile], folder: Path, out: Path) -> list[dict[str, Any]]:
    old, unfit = synthesis.outdated(files, folder, out), synthesis.stale(files, folder)
    return [
        {
            "language": file.language,
            "name": file.name,
            "path": str(file.path),
            "recorded": synthesis.is_recorded(file, folder),
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
        found = synthesis.level(built)
    except (OSError, EOFError, wave.Error):
        return {"seconds": None, "decibels": None}
    return {"seconds": round(found.seconds, 1), "decibels": found.decibels and round(found.decibels, 1)}
