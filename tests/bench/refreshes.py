"""Refreshes without Prefect, their stages timed: `python -m bench.refreshes PORTAL OUT SCHEMAS`.

One after the other in one process, of a source a line of standard input.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import stages
from pipeline.run import Request

if TYPE_CHECKING:
    from collections.abc import Callable

_SELF = Path("/proc/self")


def main(portal: str, out: str, schemas: str) -> None:
    """Runs them; tells of each, in a line, what `_refresh` gives."""
    for line in sys.stdin:
        request = Request(portal, line.strip(), (), 0.0, Path(out), Path(schemas))
        sys.stdout.write(f"{json.dumps(_refresh(request))}\n")
        sys.stdout.flush()


def _refresh(request: Request) -> dict[str, Any]:
    """The report's outcome and crawl, the seconds of clock and processor of each stage, bytes of memory at the peak."""
    _SELF.joinpath("clear_refs").write_text("5")  # the peak is that of this refresh (proc(5))
    taken: dict[str, tuple[float, float]] = {}

    def timed(name: str, stage: Callable[[], Any]) -> Any:
        began, before = time.perf_counter(), _processor()
        try:
            return stage()
        finally:
            taken[name] = (time.perf_counter() - began, _processor() - before)

    report = stages.refresh(request, step=timed)
    status = dict(line.split(":\t", 1) for line in _SELF.joinpath("status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) * 1024
    return {"outcome": report["outcome"], "crawl": report["crawl"], "stages": taken, "peak": peak}


def _processor() -> float:
    """Seconds of this process and of those it waited for, and of its readers, which it keeps."""
    kept = (Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split() for child in _children())
    return sum(os.times()[:4]) + sum(int(stat[11]) + int(stat[12]) for stat in kept) / os.sysconf("SC_CLK_TCK")


def _children() -> list[str]:
    tasks = _SELF.joinpath("task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


if __name__ == "__main__":
    main(*sys.argv[1:])
