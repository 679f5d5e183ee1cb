"""Runs what looks into hostile text in processes that may be lost: bounded in processor time and in memory.

What reading a page costs is not bounded by its size: 250 kB of unclosed tags keep an HTML parser busy for a minute, and
some more exhaust its memory. No limit on tags or depth sees all such pages: the limit is on what reading one takes.
"""

from __future__ import annotations

import atexit
import math
import multiprocessing
import os
import resource
import signal
from collections import deque
from concurrent.futures import TimeoutError as TooLateError
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pebble import ProcessFuture

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 5  # of processor time: a page of the largest portals takes hundredths of one
MEMORY = 224_000_000
_PATIENCE = 120.0  # seconds a reader may be kept waiting for a processor
_MOST_READERS = 2  # each may need its bound of memory at once


@dataclass(frozen=True, slots=True)
class Lost:
    """What stands for a result that could not be had within the bounds: why, in words."""

    why: str


def isolated(function: Callable[P, R], calls: Iterable[tuple[object, ...]]) -> Iterator[R | Lost]:
    """Calls a function many times, each call in a process with bounds of its own.

    Args:
        function: of a module, with arguments and results that can be pickled.
        calls: the arguments of each call; they are taken one by one, never all at once.

    Returns:
        The results in order; `Lost` for a call that took too long, took too much memory or broke its process.

    Raises:
        Exception: what the function raises.
    """
    pending: deque[ProcessFuture[R]] = deque()
    for call in calls:
        pending.append(_readers().schedule(_bounded, args=[function, *call], timeout=_PATIENCE))
        if len(pending) > 2 * _MOST_READERS:
            oldest = _result(pending.popleft())
            yield oldest
    for future in pending:
        rest = _result(future)
        yield rest


def _result(future: ProcessFuture[R]) -> R | Lost:
    try:
        return future.result()
    except TooLateError:
        return Lost(f"one that takes more than {_PATIENCE:.0f} s")
    except MemoryError:
        return Lost(f"one that takes more than {MEMORY // 1_000_000} MB of memory")
    except ProcessExpired as error:
        if error.exitcode == -signal.SIGXCPU:
            return Lost(f"one that takes more than {SECONDS} s of processor time")
        return Lost(f"one that takes more than {MEMORY // 1_000_000} MB of memory, or breaks the parser")


@cache
def _readers() -> ProcessPool:
    """The processes, started when first needed and kept: starting one costs more than reading a hundred pages."""
    # Started afresh, not forked: the process that asks may have threads.
    context = multiprocessing.get_context("spawn")
    count = min(len(os.sched_getaffinity(0)), _MOST_READERS)
    readers = ProcessPool(max_workers=count, context=context, initializer=_begin)
    atexit.register(_end, readers)
    return readers


def _end(readers: ProcessPool) -> None:
    readers.stop()
    readers.join()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is interrupted, and ends this process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


def _bounded(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Calls a function; its process is ended by the kernel where it takes too much."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    bound = math.ceil(spent.ru_utime + spent.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (bound, resource.RLIM_INFINITY))
    return function(*args, **kwargs)
