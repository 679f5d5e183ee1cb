"""Runs the benchmarks: `python -m bench [PART…]`; prints the Markdown tables of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from bench import building, crawling, extraction, history, scale, site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Part = tuple[str, Callable[[Path, argparse.Namespace], Iterator[str]]]

_PARTS: dict[str, Part] = {
    "extraction": (
        "pages | how many | size | extraction, pages/s | pandas | lxml | × pandas | × lxml",
        lambda _folder, _given: extraction.measure(),
    ),
    "building": (
        "what | rows | processor time | rows/s | × the bare COPY",
        lambda folder, given: building.measure(folder, given.rows),
    ),
    "crawling": (
        "crawl | pages/s | processor time a page | × bare, clock | × bare, processor",
        lambda folder, _given: crawling.measure(folder),
    ),
    "history": (
        "history | what | time | room | ratio",
        lambda folder, _given: history.measure(folder),
    ),
    "pages": (
        "pages | time | of which, s | peak of the run | of the crawl | of a reader | of all together",
        lambda folder, given: scale.pages(folder, given.pages),
    ),
    "unchanged": (
        "pages | validators | outcome | same | of the first's bytes | processor but for the crawl | of the first's",
        lambda folder, given: scale.unchanged(folder, given.pages),
    ),
    "releases": (
        "release | time but for the crawl | peak of the run | history.duckdb",
        lambda folder, given: scale.releases(folder, given.releases),
    ),
    "site": (
        "site of the sample | time | of the run",
        lambda folder, _given: site.measure(folder),
    ),
    "sample": (
        "`make refresh` | time | share",
        lambda folder, _given: scale.sample(folder),
    ),
}


def main() -> None:
    """Prints what was measured, and on what."""
    given = _arguments()
    machine = f"{os.cpu_count()} cores of {_processor()}"
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {machine}")  # noqa: T201 (what it is for)
    for name in given.parts or _PARTS:
        head, measure = _PARTS[name]
        print(f"\n| {head} |\n|---{'|---:' * head.count('|')}|")  # noqa: T201 (as above)
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for line in measure(Path(folder), given):
                print(line, flush=True)  # noqa: T201 (as above)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *_PARTS], help="what to measure; all by default")
    parser.add_argument("--rows", type=int, default=building.ROWS, help="of the package that is built")
    parser.add_argument("--pages", type=int, nargs="+", default=[1_000, 10_000], help="sizes of portals")
    parser.add_argument("--releases", type=int, nargs="+", default=[1, 10, 100], help="releases that are measured")
    parser.add_argument("--large", action="store_true", help="100,000 pages and 1,000 releases too: hours")
    given = parser.parse_args()
    if given.large:
        given.pages, given.releases = [*given.pages, 100_000], [*given.releases, 1_000]
    return given


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
