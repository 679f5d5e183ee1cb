"""What a crawl with an archive costs beside a bare Scrapy spider, on one server and with the same manners."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.portal import served
from bench.portal_pages import Site
from spiders.manners import CrawlJob, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROUNDS = 3


def measure(folder: Path, pages: int = 1_000) -> Iterator[str]:
    """Lines of a Markdown table: pages a second of the clock, and processor time a page; medians of rounds in turn.

    Args:
        folder: where to work.
        pages: of the portal.
    """
    taken: dict[str, list[tuple[float, float]]] = {"with archive": [], "bare Scrapy": []}
    with served(Site(pages)) as base:
        for number in range(_ROUNDS):
            taken["with archive"].append(_timed(_crawl(folder, base, pages, number)))
            taken["bare Scrapy"].append(
                _timed([sys.executable, Path(__file__).with_name("bare_spider.py"), base, pages])
            )
    clock, processor = (
        {name: statistics.median(t[at] for t in times) for name, times in taken.items()} for at in (0, 1)
    )
    for name in taken:
        slower = f"{clock[name] / clock['bare Scrapy']:.2f} × | {processor[name] / processor['bare Scrapy']:.2f} ×"
        yield f"| {name} | {pages / clock[name]:.0f} | {1000 * processor[name] / pages:.2f} ms | {slower} |"


def _crawl(folder: Path, base: str, pages: int, number: int) -> list[object]:
    job = CrawlJob(
        base=base, origin="https://portail.example", portal="bench", user_agent="bench/1.0", delay=0.0,
        limits=Limits(max_pages=2 * pages, max_bytes=10**10), warc=str(folder / f"{number}.warc.gz"),
        report=str(folder / "crawl.json"), visits=str(folder / f"{number}.sqlite"),
    )  # fmt: skip
    path = folder / "job.json"
    path.write_text(job.model_dump_json())
    return [sys.executable, "-m", "spiders.crawl", path]


def _timed(command: list[object]) -> tuple[float, float]:
    """Seconds of the clock and of the processor that a process takes, its start included."""
    began, before = time.perf_counter(), os.times()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE)
    after = os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, processor
