"""The downloader middleware that archives every answer before anything looks at it."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, Self, cast

from spiders.encoding import BodyError, BodyTooLargeError, decode
from spiders.manners import FetchError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from spiders.archive import ArchiveWriter
    from spiders.manners import CrawlJob


_STATUSES = range(100, 1_000)  # RFC 9110, 15: three digits, no first one of zero


class Recorded(Protocol):
    """What the recorder needs of the spider it records."""

    job: CrawlJob
    archive: ArchiveWriter
    bytes: int


class Recorder:
    """The downloader middleware that archives each answer as received, then hands on its decoded body.

    An answer that cannot be read back (over its bound, undecodable, stopped at its headers) is archived by its headers
    alone, in a record marked WARC-Truncated: it would make the whole archive unreadable.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Scrapy's way of making one."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Response:
        """Archives one answer.

        Raises:
            FetchError: `body-too-large` or `body-unreadable`; `network` where the answer is none of HTTP.
        """
        spider = cast("Recorded", self._crawler.spider)
        if response.status not in _STATUSES:
            raise FetchError("network", f"expected a status of three digits, found {response.status}")
        spider.bytes += len(response.body)
        try:
            body = decode(response.body, field(response.headers, "Content-Encoding"), spider.job.limits.max_body)
        except BodyError as error:
            too_large = isinstance(error, BodyTooLargeError)
            self._write(spider, request, response, "length" if too_large else "unspecified")
            raise FetchError("body-too-large" if too_large else "body-unreadable", str(error)) from error
        self._write(spider, request, response, "unspecified" if stopped(response) else "")
        return response.replace(body=body)

    def _write(self, spider: Recorded, request: Request, response: Response, truncated: str) -> None:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, values in response.headers.items()
            for value in values
        ]
        spider.archive.response(
            request.url,
            response.status,
            _phrase(response.status),
            headers,
            b"" if truncated else response.body,
            datetime.now(UTC),
            truncated=truncated,
        )


def field(headers: Headers, name: str) -> str:
    """A header's value as text; empty when there is none."""
    value = headers.get(name)
    return value.decode("latin-1") if value else ""


def stopped(answer: Response) -> bool:
    """Whether an answer was ended at its headers."""
    return "download_stopped" in answer.flags


def _phrase(status: int) -> str:
    """Scrapy does not keep the reason phrase: the standard's stands for it, which means nothing (RFC 9110, 15.1)."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
