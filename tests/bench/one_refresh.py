"""One refresh without Prefect, its stages timed: `python -m bench.one_refresh PORTAL SOURCE OUT SCHEMAS`."""

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


def main(portal: str, source: str, out: str, schemas: str) -> None:
    """Runs it; tells the report's outcome and crawl, and the seconds of clock and processor of each stage."""
    taken: dict[str, tuple[float, float]] = {}

    def timed(name: str, stage: Callable[[], Any]) -> Any:
        began, before = time.perf_counter(), _processor()
        try:
            return stage()
        finally:
            taken[name] = (time.perf_counter() - began, _processor() - before)

    report = stages.refresh(Request(portal, source, (), 0.0, Path(out), Path(schemas)), step=timed)
    sys.stdout.write(json.dumps({"outcome": report["outcome"], "crawl": report["crawl"], "stages": taken}))


def _processor() -> float:
    """Seconds of this process and of those it waited for, and of its readers, which it keeps."""
    kept = (Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split() for child in _children())
    return sum(os.times()[:4]) + sum(int(stat[11]) + int(stat[12]) for stat in kept) / os.sysconf("SC_CLK_TCK")


def _children() -> list[str]:
    tasks = Path("/proc/self/task").iterdir()
    return [child for task in tasks for child in (task / "children").read_text().split()]


if __name__ == "__main__":
    main(*sys.argv[1:])
