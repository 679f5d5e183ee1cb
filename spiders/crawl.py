"""Runs one crawl in a process of its own: `python -m spiders.crawl JOB.json` (a Twisted reactor starts only once)."""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from asyncio import CancelledError
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from spiders.archive_writer import ArchiveWriter
from spiders.frontier import Frontier
from spiders.manners import CrawlJob, CrawlReport, Limits
from spiders.sample.server import SamplePortal
from spiders.visits import Visits, VisitsWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from spiders.portal import PortalSpider

# What leaves an address unknown: nobody said that it is not there. (An answer's own status stands in its record.)
_NOT_HAD = {
    "body-too-large",
    "body-unreadable",
    "network",
    "retry-after-too-long",
    "robots-disallowed",
    "timeout",
    "too-many-redirects",
}

_SECONDS_TO_END = 2.0  # before a crawl that nobody waits for is ended by force

__all__ = ["CrawlError", "CrawlJob", "CrawlReport", "Limits", "apart", "main", "run"]


class CrawlError(Exception):
    """A crawl broke off: there is no archive and no report."""


def run(job: CrawlJob) -> CrawlReport:
    """Crawls a portal, and leaves its archive and its report. Once a process.

    Args:
        job: what to do.

    Returns:
        The report, as written.

    Raises:
        CrawlError: the crawl was interrupted, or something in it broke.
        ValueError: the job's base is no root of a host, or one of its expressions is no regular expression.
        OSError, sqlite3.Error: the archive, the visits or the report cannot be written.
    """
    started = datetime.now(UTC)
    with ExitStack() as stack:
        if job.sample:
            job = job.model_copy(update={"base": stack.enter_context(SamplePortal()).base})
        source = "sample" if job.sample else "portal"
        fields = {
            "software": f"canceropole/{metadata.version('canceropole')}",
            "portal": job.portal,
            "http-header-user-agent": job.user_agent,
            "canceropole-base": str(job.base),
            "canceropole-source": source,
        }
        before = stack.enter_context(closing(_before(Path(job.before), str(job.base)))) if job.before else None
        visits = stack.enter_context(VisitsWriter(Path(job.visits), str(job.base)))
        archive = stack.enter_context(ArchiveWriter(Path(job.warc), fields))
        path = Path(job.warc).with_name(".frontier.sqlite")  # a draft: what a killed crawl leaves is removed
        frontier = stack.enter_context(closing(Frontier(job.limits.max_pages, {*job.known, *job.seeds}, path)))
        spider = _crawl(job, frontier, archive, visits, before)
        not_had = {fault.url for fault in spider.faults if fault.code in _NOT_HAD}
        archive.failures(sorted(not_had | frontier.left_out.keys()), more=bool(frontier.left_out))
    report = CrawlReport(
        base=spider.base,
        started=_iso(started),
        finished=_iso(datetime.now(UTC)),
        requests=spider.fetch.requests,
        pages=spider.pages,
        not_modified=spider.not_modified,
        same=spider.same,
        bytes=spider.bytes,
        errors=tuple(spider.faults),
        files=tuple(sorted(spider.fetch.files)),
        outcome="ok" if spider.pages else "no-page",
    )
    _write(Path(job.report), report.model_dump_json(indent=1))
    return report


def apart(job: Path, log: Path, told: Callable[[str], None]) -> bool:
    """Runs a crawl in a process of its own, to its end.

    Args:
        job: the file of a `CrawlJob`.
        log: the file for what it prints of faults.
        told: gets a line a page, as it is had.

    Returns:
        Whether a page was obtained: there is an archive then, and a report.

    Raises:
        OSError: the log cannot be written.
    """
    command = [sys.executable, "-m", "spiders.crawl", str(job)]
    with (
        log.open("wb") as said,  # a file: nobody reads a second pipe while the first is read
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        for line in process.stdout or ():
            told(line.strip())
    return process.returncode == 0


def main(arguments: list[str]) -> int:
    """The process: reads the job, crawls, gives the exit status (0 when a page was obtained, else 1)."""
    try:
        [path] = arguments
        report = run(CrawlJob.model_validate_json(Path(path).read_bytes()))
    except (CrawlError, OSError, ValueError, sqlite3.Error) as error:
        sys.stderr.write(f"The crawl did not come to its end: {error}\n")
        return 1
    except KeyboardInterrupt:  # before Scrapy took the signal for its own
        sys.stderr.write("The crawl did not come to its end: interrupted\n")
        return 1
    if report.outcome == "no-page":
        first = next((f"{fault.code}, {fault.url}: {fault.message}" for fault in report.errors), "no error")
        sys.stderr.write(f"No page was obtained from {report.base} in {report.requests} requests ({first}).\n")
        return 1
    return 0


def _before(path: Path, base: str) -> Visits:
    """What an earlier crawl remembers: its run's folder lies beside those of the runs whose archives it names."""
    return Visits(path, base, path.parent.parent)


def _end_with_reader() -> None:
    """Has this process end when nobody reads its standard output any more: its run was killed.

    The portal would else be asked by a crawl that nobody waits for, and by the next run's beside it.
    """
    watch = select.poll()
    watch.register(sys.stdout.fileno(), 0)  # no event asked for: only the loss of the other end is told

    def wait() -> None:
        watch.poll()
        time.sleep(_SECONDS_TO_END)  # the next line of progress meets a closed pipe, and ends the crawl in order
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_SECONDS_TO_END)  # what an interrupt has to close is closed meanwhile
        os._exit(1)

    Thread(target=wait, daemon=True).start()


def _crawl(
    job: CrawlJob, frontier: Frontier, archive: ArchiveWriter, visits: VisitsWriter, before: Visits | None
) -> PortalSpider:
    # Scrapy takes a second to import, and whoever makes a job imports this module.
    from scrapy.crawler import CrawlerProcess  # noqa: PLC0415

    from spiders.portal import PortalSpider  # noqa: PLC0415
    from spiders.settings import SETTINGS  # noqa: PLC0415

    bounds = {
        "USER_AGENT": job.user_agent,
        "DOWNLOAD_TIMEOUT": job.limits.timeout,
        "DOWNLOAD_MAXSIZE": job.limits.max_body,
    }
    process = CrawlerProcess({**SETTINGS, **bounds})
    crawler = process.create_crawler(PortalSpider)
    failures: list[Failure] = []
    process.crawl(crawler, job=job, frontier=frontier, archive=archive, visits=visits, before=before).addErrback(
        failures.append
    )
    process.start()
    spider = crawler.spider
    if failures or not isinstance(spider, PortalSpider):
        raise CrawlError(f"{job.base}: the spider did not start: {[failure.getErrorMessage() for failure in failures]}")
    if not spider.done:
        raise CrawlError(f"{job.base}: {_said(spider.failure)}")
    return spider


def _said(failure: BaseException | None) -> str:
    if failure is None or isinstance(failure, CancelledError):
        return "interrupted"
    return f"{type(failure).__name__} {failure}"


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.part")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    _end_with_reader()
    sys.exit(main(sys.argv[1:]))
