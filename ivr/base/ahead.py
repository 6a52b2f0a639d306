"""An iteration that another process runs ahead of its reader, so that two cores share the work.

`hotline data backfill` reads lines in one process while it stores in the other. Between them goes a pipe of
pickles, and the next one is fetched while one is used; the process imports what the iteration needs and
nothing else, which keeps it small.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fcntl import F_SETPIPE_SZ, fcntl
from itertools import chain
from typing import Final, TypeVar

_AHEAD_BYTES: Final = 1 << 20
"""The longest pipe that Linux gives everybody."""

T = TypeVar("T")


def ahead(make: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What `make()` yields, made in a process of its own; `make` and all it yields can be pickled.

    Raises what the iteration raises; ChildProcessError, an OSError, if its process was killed.
    """
    command = [sys.executable, "-P", "-m", __name__]  # whatever lies in the working directory is not ours
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
        ThreadPoolExecutor(1) as reading,
    ):
        assert process.stdin
        assert process.stdout
        try:
            fcntl(process.stdout, F_SETPIPE_SZ, _AHEAD_BYTES)
            with process.stdin as theirs:
                pickle.dump(make, theirs)
            coming = reading.submit(pickle.load, process.stdout)
            while (one := coming.result()) is not None:
                if isinstance(one, Exception):
                    raise one
                coming = reading.submit(pickle.load, process.stdout)
                yield one
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            raise ChildProcessError("the reading process was killed") from None
        finally:
            process.terminate()


def collect_rarely() -> None:
    """For whoever stores what was made: looking for cycles in it would cost a fifth of the time."""
    gc.freeze()
    gc.set_threshold(20_000)


def main() -> None:
    """The reading process: standard input says what to make, standard output gets it all, then None.

    The pipe holds back whoever is too far ahead.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other one, who ends us
    with suppress(BrokenPipeError), os.fdopen(os.dup(1), "wb") as reader:
        os.dup2(2, 1)  # whatever is printed is no pickle
        make = pickle.load(sys.stdin.buffer)
        gc.disable()  # what it makes and drops are values in no cycle; to look for any is a tenth of its time
        for one in chain(_caught(make), (None,)):
            pickle.dump(one, reader, pickle.HIGHEST_PROTOCOL)
            reader.flush()


def _caught(make: Callable[[], Iterator[object]]) -> Iterator[object]:
    """All that is made, and the problem that ended it."""
    try:
        yield from make()
    except Exception as problem:
        yield problem


if __name__ == "__main__":
    main()
