"""One address asked for as a guest asks: rules, delay, tries, waits, redirects; the answer, or why there is none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from time import monotonic
from typing import TYPE_CHECKING, Literal

from protego import Protego
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectError

from spiders.manners import FetchError, retry_after
from spiders.recorder import as_before, field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scrapy.http import Response

    from spiders.frontier import Frontier
    from spiders.manners import Code, CrawlJob, Scope
    from spiders.visits import Visit

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


class Fetcher:
    """Asks a portal for addresses, one at a time.

    Args:
        job: the crawl's terms; its base is known.
        scope: which addresses are the portal's.
        frontier: is told every address that is asked for, redirects too.
        download: has an answer from the network.
        visited: the last visit of a page, if there was one.

    Attributes:
        files: addresses of other types than HTML, which are listed and never downloaded.
        requests: how many there were.
        unpacked: how many bytes the bodies had, decoded.
    """

    def __init__(
        self,
        job: CrawlJob,
        scope: Scope,
        frontier: Frontier,
        download: Callable[[Request], Awaitable[Response]],
        visited: Callable[[str], Visit | None],
    ) -> None:
        self._job, self._scope, self._frontier = job, scope, frontier
        self._download, self._visited = download, visited
        self._delay = job.default_delay if job.delay is None else job.delay
        self._until = monotonic() + job.limits.max_duration
        self.rules = Protego.parse("")
        self.files: set[str] = set()
        self.requests = self.unpacked = 0

    def obey(self, robots: bytes) -> None:
        """Takes the rules of a robots.txt, and its delay unless the job has one of its own."""
        self.rules = Protego.parse(robots[:_MAX_ROBOTS].decode("utf-8-sig", "replace"))
        wanted = self.rules.crawl_delay(self._job.user_agent)
        if self._job.delay is None and wanted is not None:
            self._delay = max(self._delay, min(float(wanted), _MAX_CRAWL_DELAY))

    def allows(self, address: str) -> bool:
        """Whether robots.txt allows an address to this crawl."""
        return bool(self.rules.can_fetch(address, self._job.user_agent))

    def spent(self) -> tuple[Code, str] | None:
        """Which bound of the whole crawl is reached, and what it is; None if nothing is."""
        limits = self._job.limits
        if self.unpacked > limits.max_bytes - limits.max_body:  # the next may be as large as one may be
            return "too-many-bytes", f"at most {limits.max_bytes} bytes of all bodies"
        if monotonic() > self._until:
            return "too-long", f"an end within {limits.max_duration:g} s"
        return None

    def note_file(self, address: str) -> None:
        """Lists an address of another type than HTML."""
        if len(self.files) < _MAX_FILES:
            self.files.add(address)

    async def obtain(self, address: str, expected: Expected) -> Response | None:
        """As `follow`, and what is neither a success nor as it was before is an error too."""
        answer = await self.follow(address, expected)
        if answer and answer.status != HTTPStatus.OK and not as_before(answer):
            raise FetchError("http-status", f"expected 200, found {answer.status}")
        return answer

    async def follow(self, address: str, expected: Expected) -> Response | None:
        """The answer at the end of an address's redirects; None when it leads to one that was had or is no page.

        Raises:
            FetchError: there is none, or it may not be asked for.
            sqlite3.Error: the frontier cannot be written.
        """
        chain = [address]
        while True:
            self._frontier.ask(chain[-1])
            answer = await self._ask(chain[-1], expected)
            if answer.status not in _REDIRECTS:
                return answer
            target = self._target(answer, expected)
            if target in chain or len(chain) > self._job.limits.max_redirects:
                limit = f"at most {self._job.limits.max_redirects} redirects"
                raise FetchError("too-many-redirects", f"expected {limit} and no loop, found {' -> '.join(chain)}")
            if target is None or self._frontier.is_asked(target):
                return None
            chain.append(target)

    def _target(self, answer: Response, expected: Expected) -> str | None:
        """Where a redirect leads; None when that is a file, which is listed."""
        location = field(answer.headers, "Location")
        if not location:
            raise FetchError("http-status", f"expected a Location, found {answer.status} without one")
        target = self._scope.resolve(location, answer.url)
        kind = self._scope.kind(target) if target else "skip"
        if target is None or (expected == "page" and kind == "skip"):
            raise FetchError("redirect-elsewhere", f"expected a page of {self._job.base}, found {location[:200]!r}")
        if expected == "page" and kind == "file":
            self.note_file(target)
            return None
        if not self.allows(target):
            raise FetchError("robots-disallowed", f"redirects to {target}, which robots.txt disallows")
        return target

    async def _ask(self, address: str, expected: Expected) -> Response:
        """One address, tried again when the network or the host fails.

        Raises:
            FetchError: no answer in all the tries, or none that may be waited for.
        """
        for left in reversed(range(self._job.limits.tries)):
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
            await asyncio.sleep(self._delay)
        self.requests += 1
        limits = self._job.limits
        visit = self._visited(address) if expected == "page" else None
        request = Request(
            address, headers=visit.conditions if visit else None, meta={"expected": expected, "visit": visit}
        )
        try:
            answer = await self._download(request)
        except DownloadTimeoutError as error:
            raise FetchError("timeout", f"expected an answer in {limits.timeout:g} s") from error
        except DownloadCancelledError as error:  # Scrapy cancels for no other reason
            raise FetchError("body-too-large", f"expected at most {limits.max_body} bytes") from error
        except _NETWORK as error:
            raise FetchError("network", f"expected an answer, found {type(error).__name__} {error}".rstrip()) from error
        self.unpacked += visit.size if visit and as_before(answer) else len(answer.body)
        return answer
