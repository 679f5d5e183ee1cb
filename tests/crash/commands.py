"""The refresh command as a user starts it: timed, killed, and what is left of its processes."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = "CRASH_CASE"
_PATIENCE = 30  # seconds until a process that outlives its run counts as left behind
_STAGES = ("crawl", "extract", "normalize", "validate", "gate", "release")


@dataclass(frozen=True)
class Command:
    """A running refresh, leader of a process group of its own."""

    process: subprocess.Popen[bytes]
    case: str
    said: Path

    def kill(self, *, group: bool) -> None:
        """Kills it at once: with all its processes, or alone."""
        if self.process.poll() is None:
            (os.killpg if group else os.kill)(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stage(self) -> str:
        """How far it came: the last stage it named, or what came before or after them."""
        lines = self.said.read_text("utf-8", errors="replace").splitlines()
        stages = [line for line in lines if line in _STAGES]
        if len(lines) > len(stages):
            return "end"
        return stages[-1] if stages else "start"

    def begun(self) -> bool:
        """Waits until the first stage begins, or the command ends; whether it began."""
        while self.process.poll() is None:
            if self.stage() != "start":
                return True
            time.sleep(0.01)  # between two looks: a stage lasts tenths of a second
        return False

    def left(self) -> list[int]:
        """Its processes that do not end by themselves."""
        until = time.monotonic() + _PATIENCE
        while (alive := _processes(self.case)) and time.monotonic() < until:
            time.sleep(0.1)  # between two looks at the processes there are
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return alive


def start(out: Path, source: object, environment: Mapping[str, str], *options: str) -> Command:
    """Starts `canceropole refresh` on outputs.

    Args:
        out: the folder of outputs.
        source: what --from takes.
        environment: changes to this process's environment.
        options: more of the command's.
    """
    case = uuid.uuid4().hex
    said = out.with_name(f"{case}.log")
    named = ["--from", str(source), "--out", str(out), *options]
    command = [sys.executable, "-m", "pipeline.cli", "refresh", "canceropole-idf", *named]
    env = {**os.environ, "LANG": "en", "NO_PROXY": "*", "PYTHONUNBUFFERED": "1", _MARK: case, **environment}
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=env, cwd=ROOT, start_new_session=True)
    return Command(process, case, said)


def finish(out: Path, source: object, environment: Mapping[str, str], *options: str) -> tuple[int, str, float]:
    """Runs one refresh to its end: its exit status, what it said, and the seconds from its first stage on."""
    command = start(out, source, environment, *options)
    command.begun()
    began = time.monotonic()
    return command.process.wait(), command.said.read_text("utf-8", errors="replace"), time.monotonic() - began


def _processes(case: str) -> list[int]:
    mark, found = f"{_MARK}={case}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
