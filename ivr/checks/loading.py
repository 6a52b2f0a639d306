"""A folder of YAML files in; frozen configuration, every problem and the place of every value out.

Data flow: typed values (`ivr.config.loading`) → does what they name exist → does it make a hotline.
Called by every command and daemon at start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ivr.checks.whole import check_references, check_whole
from ivr.config.loading import Loaded, parse, read_folder
from ivr.config.problems import ConfigurationError, Places, Problem, errors, in_reading_order


def load(folder: Path) -> Loaded:
    """Read `*.yaml` of the folder and report every problem in it; it never raises."""
    files, problems = read_folder(folder)
    return load_files(files, problems) if files else Loaded(None, in_reading_order(problems), Places())


def load_files(files: Mapping[str, bytes], problems: Iterable[Problem] = ()) -> Loaded:
    """As `load`, of files already read, by name; `problems` met in reading them come first."""
    parsed = parse(files, problems)
    configuration, places, found = parsed.configuration, parsed.places, parsed.problems
    if configuration is not None:
        found = (*found, *check_references(configuration, places))
    if configuration is not None and not errors(found):
        found = (*found, *check_whole(configuration, places))
    whole = None if errors(found) else configuration
    return replace(parsed, configuration=whole, problems=in_reading_order(found))


def load_or_fail(folder: Path) -> Loaded:
    """As `load`, for who cannot go on without: ConfigurationError with all problems if one is an error."""
    loaded = load(folder)
    if loaded.configuration is None:
        raise ConfigurationError(str(folder), loaded.problems)
    return loaded
