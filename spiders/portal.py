"""The one Scrapy spider: visits a portal politely, one request at a time, and archives every answer."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import deque
from http import HTTPStatus
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, Spider, signals
from scrapy.exceptions import StopDownload
from scrapy.utils.sitemap import Sitemap
from w3lib.html import get_base_url

from spiders.archive import media_type
from spiders.archive_writer import printed
from spiders.encoding import BodyError, decode, text_of
from spiders.fetching import Fetcher
from spiders.links import hrefs
from spiders.manners import HTML, CrawlJob, Fault, FetchError, Scope, path_of
from spiders.recorder import as_before, field, stopped
from spiders.visits import Visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from spiders.archive_writer import ArchiveWriter
    from spiders.frontier import Frontier
    from spiders.manners import Code
    from spiders.visits import Visits, VisitsWriter

_USUAL_SITEMAPS = ("/wp-sitemap.xml", "/sitemap.xml")
_MOST_SITEMAPS = 500
_MOST_ENTRIES = 50_000  # of one sitemap (sitemaps.org, 'Sitemap file requirements')
_GZIP_MAGIC = b"\x1f\x8b"


class PortalSpider(Spider):
    """One visit of a portal: robots.txt, its sitemaps, the seeds, then every page they lead to.

    Args:
        job: what to do; its base is known.
        frontier: what is still to be asked for: nothing yet.
        archive: where every answer goes.
        visits: where what is remembered of each page goes.
        before: what an earlier visit remembered of them.

    Attributes:
        done: whether the visit came to its end, whatever it found there.
        failure: what broke it otherwise.
    """

    name = "portal"

    def __init__(
        self, job: CrawlJob, frontier: Frontier, archive: ArchiveWriter, visits: VisitsWriter, before: Visits | None
    ) -> None:
        super().__init__()
        self.job = job
        self.archive = archive
        self._visits, self._before = visits, before
        self.base = str(job.base)
        self.scope = Scope(self.base, job.origin, job.deny)
        self.frontier = frontier
        self.fetch = Fetcher(job, self.scope, self.frontier, self._download, self._visited)
        self.bytes = self.pages = self.not_modified = self.same = 0
        self._forbidden: set[str] = set()
        self.faults: list[Fault] = []
        self.done = False
        self.failure: BaseException | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 (Scrapy's signature)
        """Scrapy's way of making one."""
        spider: Self = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.stop_other_types, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Visits the portal, telling each page on standard output as it is had; leaves nothing for Scrapy to schedule.

        Raises:
            OSError, sqlite3.Error: a file cannot be written, or nobody listens any more.
        """
        try:
            async for url in self._visit():
                page = {"page": self.pages, "url": url}
                sys.stdout.write(f"{json.dumps(page)}\n")
                sys.stdout.flush()
            self.done = True
            scheduled: tuple[Request, ...] = ()
            for request in scheduled:
                yield request
        finally:
            self.failure = sys.exception()

    def stop_other_types(self, headers: Headers, request: Request) -> None:
        """Ends the download of what is not HTML at its headers.

        Raises:
            StopDownload: always then; Scrapy makes an answer without a body of it.
        """
        kind = media_type(field(headers, "Content-Type"))
        if request.meta["expected"] == "page" and kind and kind not in HTML:
            raise StopDownload(fail=False)

    async def _visit(self) -> AsyncIterator[str]:
        if not await self._read_robots():
            return
        for path in self.job.seeds:
            self._add_seed(self._own(path))
        await self._read_sitemaps()
        for address in self.frontier.listed():
            self._add(address, "a sitemap", listed=True)
        spent: tuple[Code, str] | None = None
        while len(self.frontier) and not (spent := self.fetch.spent()):
            address = self.frontier.take()
            if self.frontier.is_asked(address):
                continue
            page = await self._page(address)
            if page is not None:
                self.pages += 1
                yield page
        self.frontier.leave()
        if self.frontier.left_out:
            code, bound = spent or ("too-many-pages", f"at most {self.job.limits.max_pages} addresses")
            first = next(iter(self.frontier.left_out))
            self._fault(code, first, f"expected {bound}, found more; this is the first left out")

    async def _read_robots(self) -> bool:
        """Whether anything may be fetched (RFC 9309, 2.3.1); takes the rules and the delay when it may.

        A 429 forbids everything as a 5xx does: a host that says 'too many' at the first request has no room for more.
        """
        address = self._own("/robots.txt")
        try:
            answer = await self.fetch.follow(address, "robots")
        except FetchError as error:
            self._fault("robots-unreachable", address, f"{error.code}: {error}")
            return False
        status = answer.status if answer else 0
        if answer and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self.fetch.obey(answer.body)
        elif not 400 <= status < 500 or status == HTTPStatus.TOO_MANY_REQUESTS:  # noqa: PLR2004 (HTTP's client errors)
            self._fault("robots-unreachable", address, f"expected 200 or 4xx, found {status}")
            return False
        return True

    async def _read_sitemaps(self) -> None:
        """Notes what the sitemaps list. Dates order a visit, they never shorten it."""
        declared = list(islice(self.fetch.rules.sitemaps, _MOST_SITEMAPS))
        queue = deque(self.scope.resolve(sitemap, self.base) for sitemap in declared or _USUAL_SITEMAPS)
        read = 0
        while queue and read < _MOST_SITEMAPS and not self.frontier.many_listed and not self.fetch.spent():
            sitemap = queue.popleft()
            if sitemap is None or self.frontier.is_asked(sitemap) or not self.fetch.allows(sitemap):
                continue
            read += 1
            for nested, address, date in await self._sitemap(sitemap, declared=bool(declared)):
                if nested:
                    queue.append(address)
                else:
                    self.frontier.note_listed(address, date)

    async def _sitemap(self, sitemap: str, *, declared: bool) -> list[tuple[bool, str, str]]:
        """A sitemap's own addresses: whether each is one more sitemap, the address, its last change."""
        try:
            answer = await self.fetch.obtain(sitemap, "sitemap")
            return list(islice(self._entries(answer.body, sitemap), _MOST_ENTRIES)) if answer else []
        except FetchError as error:
            # The usual places are a guess: nothing is wrong when nothing is there.
            if declared or error.code != "http-status":
                self._fault(error.code, sitemap, str(error))
            return []

    def _entries(self, body: bytes, sitemap: str) -> Iterator[tuple[bool, str, str]]:
        try:
            if body.startswith(_GZIP_MAGIC):
                body = decode(body, "gzip", self.job.limits.max_body)
            entries = Sitemap(body)
            nested = entries.type == "sitemapindex"
            for entry in entries:
                address = self.scope.resolve(entry["loc"], sitemap)
                if address is not None:
                    yield nested, address, entry.get("lastmod", "")
        except (BodyError, SyntaxError, StopIteration) as error:  # lxml's syntax errors are Python's
            raise FetchError("sitemap-unreadable", f"expected a sitemap, found {error or 'nothing'}") from error

    async def _page(self, address: str) -> str | None:
        """Asks for a page and takes its links; gives its address when it is one."""
        try:
            answer = await self.fetch.obtain(address, "page")
        except FetchError as error:
            self._fault(error.code, address, f"{error}; found on {self.frontier.found_on(address)}")
            return None
        if answer is None:
            return None
        if stopped(answer):
            self.fetch.note_file(answer.url)
            return None
        for link in self._remembered(answer).links:
            self._add(self.scope.base + link, answer.url)
        return str(answer.url)

    def _remembered(self, answer: Response) -> Visit:
        """What is known of a page from now on: as before, or as it answered now."""
        meta = answer.meta
        if as_before(answer):
            visit: Visit = meta["visit"]
            modified = answer.status == HTTPStatus.NOT_MODIFIED
            self.not_modified, self.same = self.not_modified + modified, self.same + (not modified)
        else:
            visit = Visit(
                sha256=hashlib.sha256(answer.body).hexdigest(),
                content_type=field(answer.headers, "Content-Type"),
                etag=field(answer.headers, "ETag"),
                modified=field(answer.headers, "Last-Modified"),
                size=len(answer.body),
                url=answer.url,
                run=Path(self.job.warc).parent.name,
                record=meta["record"],
                date=printed(meta["when"]),
                links=tuple(dict.fromkeys(path_of(link) for link in self._links(answer))),
            )
        if media_type(visit.content_type) in HTML:
            self._visits.keep(path_of(answer.url), visit)
        return visit

    def _visited(self, address: str) -> Visit | None:
        return self._before.get(path_of(address)) if self._before else None

    def _links(self, answer: Response) -> Iterator[str]:
        text = text_of(answer.body, field(answer.headers, "Content-Type"))
        try:
            base = get_base_url(text, answer.url)
        except ValueError:  # it names an address that is none
            base = answer.url
        for href in hrefs(text):
            address = self.scope.resolve(href, base)
            if address is not None:
                yield address

    async def _download(self, request: Request) -> Response:
        answer: Response = await self.crawler.engine.download_async(request)
        return answer

    def _add_seed(self, address: str) -> None:
        if self.fetch.allows(address):
            self.frontier.add(address, "the declaration")
        else:
            self._fault("robots-disallowed", address, "declared as a seed, and robots.txt disallows it")

    def _add(self, address: str, found_on: str, *, listed: bool = False) -> None:
        kind = self.scope.kind(address)
        if kind == "file":
            self.fetch.note_file(address)
        elif kind == "page" and self.fetch.allows(address):
            self.frontier.add(address, found_on, listed=listed)
        elif kind == "page" and self.frontier.knows(address) and address not in self._forbidden:
            self._forbidden.add(address)  # not gone: a copy must not stand for it
            self._fault("robots-disallowed", address, f"found on {found_on}, and robots.txt disallows it")

    def _own(self, path: str) -> str:
        address = self.scope.resolve(path, self.base)
        if address is None:
            raise ValueError(f"seed: expected a path of {self.base}, found {path!r}")
        return address

    def _fault(self, code: Code, url: str, message: str) -> None:
        self.faults.append(Fault(code=code, url=url, message=message))
