"""The one Scrapy spider: visits a portal politely, one request at a time, and archives every answer."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, Self

from protego import Protego
from scrapy import Request, Spider, signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.utils.sitemap import Sitemap
from selectolax.lexbor import LexborHTMLParser
from twisted.internet.error import ConnectError
from w3lib.encoding import html_to_unicode
from w3lib.html import get_base_url

from spiders.archive import media_type
from spiders.encoding import BodyError, decode
from spiders.manners import HTML, CrawlJob, Fault, FetchError, Scope, retry_after
from spiders.recorder import field, stopped

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from spiders.archive import ArchiveWriter
    from spiders.manners import Code

Expected = Literal["robots", "sitemap", "page"]

_NETWORK = (
    CannotResolveHostError,
    ConnectError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    ResponseDataLossError,
)
_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_ROBOTS = 512_000  # RFC 9309, 2.5: at least 500 kibibytes are read
_MAX_CRAWL_DELAY = 30.0
_MAX_RETRY_AFTER = 120.0
_MAX_FILES = 100_000
_USUAL_SITEMAPS = ("/wp-sitemap.xml", "/sitemap.xml")
_GZIP_MAGIC = b"\x1f\x8b"


class PortalSpider(Spider):
    """One visit of a portal: robots.txt, its sitemaps, the seeds, then every page they lead to.

    Args:
        job: what to do; its base is known.
        archive: where every answer goes.

    Attributes:
        done: whether the visit came to its end, whatever it found there.
        failure: what broke it otherwise.
    """

    name = "portal"

    def __init__(self, job: CrawlJob, archive: ArchiveWriter) -> None:
        super().__init__()
        self.job = job
        self.archive = archive
        self.base = str(job.base)
        self.scope = Scope(self.base, job.origin, job.deny)
        self.delay = job.default_delay if job.delay is None else job.delay
        self.rules = Protego.parse("")
        self.requests = self.bytes = self.pages = 0
        self.faults: list[Fault] = []
        self.files: set[str] = set()
        self.done = False
        self.failure: BaseException | None = None
        self._queue: deque[str] = deque()
        self._asked: set[str] = set()
        self._found_on: dict[str, str] = {}
        self._left_out = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:  # noqa: ANN401 (Scrapy's signature)
        """Scrapy's way of making one."""
        spider: Self = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.stop_other_types, signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Visits the portal, telling each page on standard output as it is had; leaves nothing for Scrapy to schedule.

        Raises:
            OSError: the archive cannot be written, or nobody listens any more.
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
        for address in await self._sitemap_addresses():
            self._add(address, "a sitemap")
        while self._queue:
            address = self._queue.popleft()
            if address in self._asked:
                continue
            page = await self._page(address)
            if page is not None:
                self.pages += 1
                yield page
        if self._left_out:
            self._fault(
                "too-many-pages",
                self._left_out,
                f"expected at most {self.job.limits.max_pages} addresses, found more; this is the first left out",
            )

    async def _read_robots(self) -> bool:
        """Whether anything may be fetched (RFC 9309, 2.3.1); takes the rules and the delay when it may.

        A 429 forbids everything as a 5xx does: a host that says 'too many' at the first request has no room for more.
        """
        address = self._own("/robots.txt")
        try:
            answer = await self._follow(address, "robots")
        except FetchError as error:
            self._fault("robots-unreachable", address, f"{error.code}: {error}")
            return False
        status = answer.status if answer else 0
        if answer and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self.rules = Protego.parse(answer.body[:_MAX_ROBOTS].decode("utf-8-sig", "replace"))
            self._take_crawl_delay()
        elif not 400 <= status < 500 or status == HTTPStatus.TOO_MANY_REQUESTS:  # noqa: PLR2004 (HTTP's client errors)
            self._fault("robots-unreachable", address, f"expected 200 or 4xx, found {status}")
            return False
        return True

    def _take_crawl_delay(self) -> None:
        asked = self.rules.crawl_delay(self.job.user_agent)
        if self.job.delay is None and asked is not None:
            self.delay = max(self.delay, min(float(asked), _MAX_CRAWL_DELAY))

    async def _sitemap_addresses(self) -> list[str]:
        """What the sitemaps list, latest changes first, after the seeds: dates order a visit, they never shorten it."""
        for path in self.job.seeds:
            self._add_seed(self._own(path))
        declared = list(self.rules.sitemaps)
        queue = deque(self.scope.resolve(sitemap, self.base) for sitemap in declared or _USUAL_SITEMAPS)
        changed: dict[str, str] = {}
        while queue and len(changed) <= self.job.limits.max_pages and len(self._asked) <= self.job.limits.max_pages:
            sitemap = queue.popleft()
            if sitemap is None or sitemap in self._asked or not self._allowed(sitemap):
                continue
            for nested, address, date in await self._sitemap(sitemap, declared=bool(declared)):
                if nested:
                    queue.append(address)
                else:
                    changed[address] = date
        return sorted(changed, key=lambda address: changed[address], reverse=True)

    async def _sitemap(self, sitemap: str, *, declared: bool) -> list[tuple[bool, str, str]]:
        """A sitemap's own addresses: whether each is one more sitemap, the address, its last change."""
        try:
            answer = await self._obtain(sitemap, "sitemap")
            return list(self._entries(answer.body, sitemap)) if answer else []
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
            answer = await self._obtain(address, "page")
        except FetchError as error:
            self._fault(error.code, address, f"{error}; found on {self._found_on[address]}")
            return None
        if answer is None:
            return None
        if stopped(answer):
            self._list(answer.url)
            return None
        for link in self._links(answer):
            self._add(link, answer.url)
        return str(answer.url)

    def _links(self, answer: Response) -> Iterator[str]:
        text = html_to_unicode(field(answer.headers, "Content-Type"), answer.body)[1]
        base = get_base_url(text, answer.url)
        for node in LexborHTMLParser(text).css("a[href]"):
            address = self.scope.resolve(node.attributes["href"] or "", base)
            if address is not None:
                yield address

    async def _obtain(self, address: str, expected: Expected) -> Response | None:
        """As `_follow`, and what is no success is an error too."""
        answer = await self._follow(address, expected)
        if answer and answer.status != HTTPStatus.OK:
            raise FetchError("http-status", f"expected 200, found {answer.status}")
        return answer

    async def _follow(self, address: str, expected: Expected) -> Response | None:
        """The answer at the end of an address's redirects; None when it leads to one that was had or is no page.

        Raises:
            FetchError: there is none, or it may not be asked for.
        """
        chain = [address]
        while True:
            self._asked.add(chain[-1])
            answer = await self._ask(chain[-1], expected)
            if answer.status not in _REDIRECTS:
                return answer
            target = self._target(answer, expected)
            if target in chain or len(chain) > self.job.limits.max_redirects:
                limit = f"at most {self.job.limits.max_redirects} redirects"
                raise FetchError("too-many-redirects", f"expected {limit} and no loop, found {' -> '.join(chain)}")
            if target is None or target in self._asked:
                return None
            chain.append(target)

    def _target(self, answer: Response, expected: Expected) -> str | None:
        """Where a redirect leads; None when that is a file, which is listed."""
        location = field(answer.headers, "Location")
        if not location:
            raise FetchError("http-status", f"expected a Location, found {answer.status} without one")
        target = self.scope.resolve(location, answer.url)
        kind = self.scope.kind(target) if target else "skip"
        if target is None or (expected == "page" and kind == "skip"):
            raise FetchError("redirect-elsewhere", f"expected a page of {self.base}, found {location[:200]!r}")
        if expected == "page" and kind == "file":
            self._list(target)
            return None
        if not self._allowed(target):
            raise FetchError("robots-disallowed", f"redirects to {target}, which robots.txt disallows")
        return target

    async def _ask(self, address: str, expected: Expected) -> Response:
        """One address, tried again when the network or the host fails.

        Raises:
            FetchError: no answer in all the tries, or none that may be waited for.
        """
        for left in reversed(range(self.job.limits.tries)):
            try:
                answer = await self._request(address, expected)
            except FetchError as error:
                if not left or error.code not in {"network", "timeout"}:
                    raise
                continue
            if not left or not (answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= 500):  # noqa: PLR2004 (HTTP's server errors)
                break
            await self._wait_as_told(answer)
        return answer

    async def _wait_as_told(self, answer: Response) -> None:
        seconds = retry_after(field(answer.headers, "Retry-After"), datetime.now(UTC))
        if seconds > _MAX_RETRY_AFTER:
            raise FetchError(
                "retry-after-too-long", f"expected at most {_MAX_RETRY_AFTER:.0f} s, found {seconds:.0f} s"
            )
        await asyncio.sleep(seconds)

    async def _request(self, address: str, expected: Expected) -> Response:
        if self.requests:
            await asyncio.sleep(self.delay)
        self.requests += 1
        try:
            return await self.crawler.engine.download_async(Request(address, meta={"expected": expected}))
        except DownloadTimeoutError as error:
            raise FetchError("timeout", f"expected an answer in {self.job.limits.timeout:g} s") from error
        except DownloadCancelledError as error:  # Scrapy cancels for no other reason
            raise FetchError("body-too-large", f"expected at most {self.job.limits.max_body} bytes") from error
        except _NETWORK as error:
            raise FetchError("network", f"expected an answer, found {type(error).__name__} {error}".rstrip()) from error

    def _add_seed(self, address: str) -> None:
        if self._allowed(address):
            self._enqueue(address, "the declaration")
        else:
            self._fault("robots-disallowed", address, "declared as a seed, and robots.txt disallows it")

    def _add(self, address: str, found_on: str) -> None:
        kind = self.scope.kind(address)
        if kind == "file":
            self._list(address)
        elif kind == "page" and self._allowed(address):
            self._enqueue(address, found_on)

    def _enqueue(self, address: str, found_on: str) -> None:
        if address in self._found_on or address in self._asked:
            return
        if len(self._found_on) >= self.job.limits.max_pages:
            self._left_out = self._left_out or address
            return
        self._found_on[address] = found_on
        self._queue.append(address)

    def _list(self, address: str) -> None:
        if len(self.files) < _MAX_FILES:
            self.files.add(address)

    def _allowed(self, address: str) -> bool:
        return bool(self.rules.can_fetch(address, self.job.user_agent))

    def _own(self, path: str) -> str:
        address = self.scope.resolve(path, self.base)
        if address is None:
            raise ValueError(f"seed: expected a path of {self.base}, found {path!r}")
        return address

    def _fault(self, code: Code, url: str, message: str) -> None:
        self.faults.append(Fault(code=code, url=url, message=message))
