"""An iteration in a process of its own: what it yields, raises and prints, and its sudden end."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.command.queue_logs import ahead

pytestmark = pytest.mark.slow

REPO = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _finds_this_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPO))


def elsewhere() -> Iterator[int]:
    print("no pickle")
    yield os.getpid()


def its_group() -> Iterator[int]:
    yield os.getpgrp()


def failing() -> Iterator[int]:
    yield 1
    raise OSError(5, "cannot be read", "queue_log.3")


def killed() -> Iterator[int]:
    yield 1
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_is_made_in_another_process_whose_printing_does_no_harm() -> None:
    """One value, and not from this process."""
    (other,) = ahead(elsewhere)
    assert other != os.getpid()


def test_ctrl_c_is_not_for_the_process_that_makes_it() -> None:
    """It is of no terminal's foreground group, from its start on."""
    (group,) = ahead(its_group)
    assert group != os.getpgrp()


def test_what_it_raises_is_raised_here_after_all_it_had_yielded() -> None:
    """The value, then the error with the file's name."""
    told = ahead(failing)
    assert next(told) == 1
    with pytest.raises(OSError, match=r"queue_log\.3"):
        next(told)


def test_a_killed_process_is_told_and_not_taken_for_the_end() -> None:
    """Or half a file would count as read."""
    told = ahead(killed)
    assert next(told) == 1
    with pytest.raises(ChildProcessError, match="was killed"):
        next(told)
