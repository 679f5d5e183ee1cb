"""Runs what looks into hostile text in processes that may be lost: bounded in processor time and in memory.

What reading a page costs is not bounded by its size: 250 kB of unclosed tags keep an HTML parser busy for a minute, and
some more exhaust its memory. No limit on tags or depth sees all such pages: the limit is on what reading one takes.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import resource
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from multiprocessing.connection import Connection

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 5  # of processor time: a page of the largest portals takes hundredths of one
MEMORY = 224_000_000  # bytes, beyond what a reader has before it reads
_PATIENCE = 120.0  # seconds a reader may be kept waiting for a processor
_AHEAD = 2  # calls a reader may be ahead of the oldest answer

# Started afresh, not forked: the process that asks may have threads.
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Lost:
    """What stands for a result that could not be had within the bounds: why, in words."""

    why: str


def isolated(function: Callable[P, R], calls: Iterable[tuple[object, ...]]) -> Iterator[R | Lost]:
    """Calls a function many times, each call in a process with bounds of its own.

    Args:
        function: of a module, with arguments and results that can be pickled.
        calls: the arguments of each call; they are taken as readers become free, never all at once.

    Returns:
        The results in order; `Lost` for a call that took too long, took too much memory or broke its process.

    Raises:
        Exception: what the function raises.
    """
    readers = len(os.sched_getaffinity(0))  # each may need its bound of memory at once
    numbered = enumerate(calls)
    busy: dict[Connection, tuple[_Reader, int]] = {}
    answers: dict[int, object] = {}
    due = 0
    try:
        while True:
            while (
                len(busy) < readers and len(busy) + len(answers) < readers * _AHEAD and (asked := next(numbered, None))
            ):
                reader, (number, call) = _IDLE.pop() if _IDLE else _Reader(), asked
                busy[reader.ask(function, call)] = reader, number
            if not busy:
                return
            for reader, number in [busy.pop(connection) for connection in _answered(busy)]:
                answers[number] = reader.answer()
                _IDLE.append(reader)
            while due in answers:
                answer = answers.pop(due)
                if isinstance(answer, _Raised):
                    raise answer.error
                yield cast("R | Lost", answer)
                due += 1
    finally:
        for reader, _ in busy.values():  # nobody waits for their answers any more
            reader.end()


def _answered(busy: dict[Connection, tuple[_Reader, int]]) -> list[Connection]:
    """Waits until some of the readers have answered, have died or have had all the time there is."""
    first = min(reader.until for reader, _ in busy.values())
    ready = wait(list(busy), max(first - time.monotonic(), 0))
    late = [connection for connection, (reader, _) in busy.items() if reader.until <= time.monotonic()]
    return [connection for connection in busy if connection in ready or connection in late]


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


class _Reader:
    """A process that answers one call at a time, on a pipe that it shares with no other.

    It is kept after its answer: starting one costs more than reading a hundred pages. One that was lost starts again.
    """

    until: float  # the monotonic clock at which nobody waits for it any longer

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()  # so that the pipe ends with the process

    def ask(self, function: Callable[..., object], call: tuple[object, ...]) -> Connection:
        """Gives a call; the connection has something to read when it is answered, or when the process is no more."""
        if not self._process.is_alive():
            self._start()
        self.until = time.monotonic() + _PATIENCE
        with suppress(ConnectionError):  # it died of taking the call: that is its answer
            self._connection.send((function, call))
        return self._connection

    def answer(self) -> object:
        """What the function gave, or `_Raised`, or `Lost`."""
        if not self._connection.poll():
            self.end()
            return Lost(f"one that takes more than {_PATIENCE:.0f} s")
        try:
            return self._connection.recv()
        except (EOFError, OSError):  # OSError: it died half-way through its answer
            self.end()
        if self._process.exitcode == -signal.SIGXCPU:
            return Lost(f"one that takes more than {SECONDS} s of processor time")
        return Lost(f"one that takes more than {MEMORY // 1_000_000} MB of memory, or breaks the parser")

    def end(self) -> None:
        self._connection.close()
        self._process.kill()  # does nothing to one that has ended
        self._process.join()


_IDLE: list[_Reader] = []


def _serve(calls: Connection) -> None:
    """What a reader does: it answers until nobody asks any more, or until it has no memory left to answer with."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is interrupted, and ends this process
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = _data() + MEMORY
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with suppress(EOFError, ConnectionError, MemoryError):
        while True:
            _bound()
            function, call = calls.recv()
            calls.send(_outcome(function, call))


def _data() -> int:
    """Bytes that count for RLIMIT_DATA already (proc(5), statm): Python imports the caller's main module here too."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()


def _bound() -> None:
    """From here the kernel ends the process when it has taken its time."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    bound = math.ceil(spent.ru_utime + spent.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (bound, resource.RLIM_INFINITY))


def _outcome(function: Callable[..., object], call: tuple[object, ...]) -> object:
    try:
        return function(*call)
    except MemoryError:
        return Lost(f"one that takes more than {MEMORY // 1_000_000} MB of memory")
    except Exception as error:  # noqa: BLE001 -- not judged here: it is raised again where the call came from
        return _Raised(error)
