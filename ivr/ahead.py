"""An iteration that another process runs ahead of its reader, so that two cores share the work.

`hotline data backfill` reads lines in one process while it stores in the other.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

T = TypeVar("T")


def ahead(make: Callable[[], Iterator[T]]) -> Iterator[T]:
    """What `make()` yields, made in a process of its own; `make` and all it yields can be pickled.

    Raises what the iteration raises; RuntimeError if its process was killed.
    """
    # A forked process would hold this one's connections to the database too.
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_run, args=(make, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        while (one := ours.recv()) is not None:
            if isinstance(one, Exception):
                raise one
            yield one
    except EOFError:
        raise RuntimeError("the reading process was killed") from None
    finally:
        ours.close()
        process.terminate()
        process.join()


def _run(make: Callable[[], Iterator[object]], reader: Connection[object, object]) -> None:
    """Send everything, then None; the pipe holds back whoever is too far ahead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other one, who ends us
    gc.set_threshold(100_000)  # a stream of values in no cycle: looking for cycles in it costs a fifth
    with suppress(BrokenPipeError):
        try:
            for one in make():
                reader.send(one)
        except BrokenPipeError:
            raise
        except Exception as problem:
            reader.send(problem)
        else:
            reader.send(None)
