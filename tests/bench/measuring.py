"""What a command takes: time, processor time, and the memory of each of its processes at its peak (Linux's /proc)."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

_EVERY = 0.05  # seconds between two looks


@dataclass(slots=True)
class Spent:
    """What a command and all processes it starts took; memory in bytes.

    Attributes:
        seconds: of the clock.
        processor: seconds of all processors.
        peak: the most memory they had together at one moment.
        peaks: the most each kind of process had, by what it runs.
        told: its standard output.
    """

    seconds: float = 0.0
    processor: float = 0.0
    peak: int = 0
    peaks: dict[str, int] = field(default_factory=dict)
    told: str = ""


def spent(command: list[str], folder: Path, given: str = "") -> Spent:
    """Runs a command to its end.

    Args:
        command: what to run; what it says goes to a file of the folder.
        folder: where to.
        given: its standard input.

    Raises:
        CalledProcessError: its status is not 0.
    """
    found, began, before = Spent(), time.perf_counter(), os.times()
    said = folder / "said.txt"
    asked = folder / "asked.txt"
    asked.write_text(given)
    with said.open("wb") as out, asked.open("rb") as told, subprocess.Popen(command, stdin=told, stdout=out) as process:
        while process.poll() is None:
            _look(process.pid, found)
            time.sleep(_EVERY)  # between two looks: the kernel keeps no peak of processes together
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    after = os.times()
    found.seconds = time.perf_counter() - began
    found.processor = after.children_user + after.children_system - before.children_user - before.children_system
    found.told = said.read_text()
    return found


def _look(root: int, found: Spent) -> None:
    together = 0
    for process in _family(root):
        try:
            status = dict(line.split(":\t", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
            command = Path(f"/proc/{process}/cmdline").read_text().split("\0")
        except OSError:  # it has ended
            continue
        if "VmHWM" in status:
            kind = _kind(command)
            found.peaks[kind] = max(found.peaks.get(kind, 0), _bytes(status["VmHWM"]))
            together += _bytes(status["VmRSS"])
    found.peak = max(found.peak, together)


def _family(root: int) -> list[int]:
    """A process and all that come of it."""
    family = [root]
    for process in family:
        try:
            tasks = list(Path(f"/proc/{process}/task").iterdir())
            family += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return family


def _kind(command: list[str]) -> str:
    told = " ".join(command)
    kinds = {"spiders.crawl": "crawl", "spawn_main": "reader", "resource_tracker": "tracker", "uvicorn": "prefect"}
    return next((kind for mark, kind in kinds.items() if mark in told), "run")


def _bytes(field: str) -> int:
    return int(field.split(maxsplit=1)[0]) * 1024
