"""A refresh killed, or out of disk, at one exact call to the file system: the stages, without Prefect."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import stages
from pipeline.failures import RunFailedError
from pipeline.paths import Home
from pipeline.run import Request
from schemas.load import HOME

if TYPE_CHECKING:
    from collections.abc import Callable

PORTAL = "canceropole-idf"
TOLD = 3
_TAKES_ROOM = ("fsync", "link", "mkdir", "symlink")
_CALLS = (*_TAKES_ROOM, "rename", "replace", "rmdir", "unlink")


def calls(out: Path, source: Path, told: Path, schemas: Path = HOME) -> list[str]:
    """Runs undisturbed; every call to the file system in order, as the call's name and what it is about."""
    if play(out, source, told, None, schemas=schemas) != 0:
        raise RuntimeError(f"An undisturbed run failed: {told.read_text()}")
    found: list[str] = json.loads(told.read_text())
    return found


def play(out: Path, source: Path, told: Path, number: int | None, act: str = "kill", schemas: Path = HOME) -> int:
    """Runs a refresh in a process of its own, with something happening at its `number`-th call.

    Args:
        out: the folder of outputs.
        source: a WARC file.
        told: a file for what the run says: its calls if it came to its end, else its failure's code.
        number: the call; None for none.
        act: `kill`, or `full`: there is no room on the disk from that call on.
        schemas: the folder of declarations.

    Returns:
        0: it came to its end. `TOLD`: it failed in a paragraph. -9: killed. 1: it broke.
    """
    newest = max(Home(out / PORTAL).runs.glob("*"), default=Path())
    while newest.name == time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()):
        time.sleep(0.05)  # a run is named by its second
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # its imports take seconds
    process = context.Process(target=_refresh, args=(out, source, told, number, act, schemas))
    process.start()
    process.join()
    return -1 if process.exitcode is None else process.exitcode


def _refresh(out: Path, source: Path, told: Path, number: int | None, act: str, schemas: Path) -> None:
    made: list[str] = []
    home = Home(out / PORTAL).root

    def before(name: str, about: str) -> None:
        made.append(f"{name} {os.path.relpath(about, home)}")
        if number is None or len(made) <= number:
            return
        if act == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if len(made) == number + 1 or name in _TAKES_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for name in _CALLS:
        setattr(os, name, _watched(name, getattr(os, name), before))
    try:
        stages.refresh(Request(PORTAL, str(source), out=out, schemas=schemas))
    except RunFailedError as error:
        told.write_text(f"{error.code}: {error}")
        raise SystemExit(TOLD) from None
    told.write_text(json.dumps(made))


def _watched(name: str, call: Callable[..., Any], before: Callable[[str, str], None]) -> Callable[..., Any]:
    def watched(*arguments: Any, **options: Any) -> Any:
        before(name, _about(arguments[1] if name in {"rename", "replace", "symlink", "link"} else arguments[0]))
        return call(*arguments, **options)

    return watched


def _about(what: object) -> str:
    if isinstance(what, int):
        return os.readlink(f"/proc/self/fd/{what}")  # noqa: PTH115 (the text, not a path)
    return os.fsdecode(what)  # type: ignore[arg-type]
