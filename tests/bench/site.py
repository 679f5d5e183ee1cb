"""What the site takes: of the sample's 27 tables made for the first time, made again, and against the run it ends."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from pipeline import stages
from pipeline.paths import Home
from pipeline.run import SAMPLE, Request
from pipeline.site import build
from schemas.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PORTAL = "canceropole-idf"


def measure(folder: Path) -> Iterator[str]:
    """Lines of a Markdown table: the whole run without Prefect, then the site alone."""
    out = folder / "outputs"
    start = time.perf_counter()
    stages.refresh(Request(_PORTAL, SAMPLE, out=out))
    run = time.perf_counter() - start
    yield _line("the run, its site included", run, run)
    declarations, home = load(_PORTAL), Home(out / _PORTAL)
    (out / "site").unlink()
    shutil.rmtree(out / ".sites")
    for what in ("the site, made for the first time", "made again, nothing changed"):
        start = time.perf_counter()
        build.build(home, declarations)
        yield _line(what, time.perf_counter() - start, run)


def _line(what: str, seconds: float, run: float) -> str:
    return f"| {what} | {seconds:.2f} s | {seconds / run:.0%} |"
