"""What a refresh takes as a portal grows in pages and in releases, what an unchanged one takes, and where time goes."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.measuring import Spent, spent
from bench.portal import served
from bench.portal_declarations import PORTAL, declare
from bench.portal_pages import Site

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_RELEASED = Site(pages=30, changed=1.0, sheet_every=3)  # few pages, rows that change with each edition


def pages(folder: Path, sizes: Sequence[int]) -> Iterator[str]:
    """Lines of a Markdown table: time and memory of a first refresh of portals of these sizes."""
    for size in sizes:
        with served(_declared(folder / str(size), Site(size))) as base:
            taken, told = _refreshed(folder / str(size), base)
        by_stage = " · ".join(f"{name} {clock:.0f}" for name, (clock, _) in told["stages"].items())
        peaks = " | ".join(f"{taken.peaks.get(kind, 0) / 1e6:.0f} MB" for kind in ("run", "crawl", "reader"))
        yield f"| {size:,} | {taken.seconds:.0f} s | {by_stage} | {peaks} | {taken.peak / 1e6:.0f} MB |"


def unchanged(folder: Path, sizes: Sequence[int]) -> Iterator[str]:
    """Lines of a Markdown table: a refresh of portals of these sizes that have not changed against the first one."""
    for size, validators in itertools.product(sizes, (True, False)):
        where = folder / f"{size}-{validators}"
        with served(_declared(where, Site(size)), validators=validators) as base:
            first, again = (_refreshed(where, base)[1] for _ in range(2))
        sent = again["crawl"]["bytes"] / first["crawl"]["bytes"]
        outside = _outside(again) / _outside(first)
        same = again["crawl"]["not_modified"] + again["crawl"]["same"]
        told = f"{same:,} | {sent:.1%} | {_outside(again):.1f} s | {outside:.1%}"
        yield f"| {size:,} | {'yes' if validators else 'no'} | {again['outcome']} | {told} |"


def releases(folder: Path, counts: Sequence[int]) -> Iterator[str]:
    """Lines of a Markdown table: what the release that makes it so many takes."""
    where = folder / "releases"
    _declared(where, _RELEASED)
    with subprocess.Popen(_command(where), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(1, max(counts) + 1):
            time.sleep(1.1)  # a run is named by its second
            with served(replace(_RELEASED, edition=number)) as base:
                process.stdin.write(f"{base}\n")
                process.stdin.flush()
                told = json.loads(process.stdout.readline())
            assert told["outcome"] == "released", told
            if number in counts:
                clock = sum(clock for name, (clock, _) in told["stages"].items() if name != "crawl")
                room = (where / "outputs" / PORTAL / "history.duckdb").stat().st_size
                yield f"| {number:,} | {clock:.1f} s | {told['peak'] / 1e6:.0f} MB | {room / 1e6:.1f} MB |"


def sample(folder: Path) -> Iterator[str]:
    """Lines of a Markdown table: where the time of `make refresh` goes."""
    command = ["refresh", "canceropole-idf", "--from", "sample", "--out", str(folder / "sample")]
    taken = spent([sys.executable, "-m", "pipeline.cli", *command], folder)
    [line] = [line for line in taken.told.splitlines() if re.search(r" s · total [0-9.]+ s$", line)]
    stages = {name: float(seconds) for name, seconds in re.findall(r"(\w+) ([0-9.]+) s", line)}
    total = stages.pop("total")
    stages = {**stages, "Python, Prefect's server and its records": total - sum(stages.values())}
    for name, seconds in stages.items():
        yield f"| {name} | {seconds:.1f} s | {seconds / total:.0%} |"
    yield f"| total | {total:.1f} s | 100% |"


def _declared(folder: Path, site: Site) -> Site:
    folder.mkdir(parents=True)
    declare(folder / "schemas", site)
    return site


def _refreshed(folder: Path, base: str) -> tuple[Spent, dict[str, Any]]:
    time.sleep(1.1)  # a run is named by its second
    taken = spent(_command(folder), folder, f"{base}\n")
    return taken, json.loads(taken.told)


def _command(folder: Path) -> list[str]:
    return [
        sys.executable, "-m", "bench.refreshes", PORTAL, str(folder / "outputs"), str(folder / "schemas"),
    ]  # fmt: skip


def _outside(told: dict[str, Any]) -> float:
    """Seconds of processor time outside the crawl."""
    return float(sum(processor for name, (_, processor) in told["stages"].items() if name != "crawl"))
