"""The downloader middleware that archives every answer before anything looks at it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, Self, cast

from spiders.encoding import BodyError, BodyTooLargeError, decode
from spiders.manners import FetchError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response

    from spiders.archive_writer import ArchiveWriter
    from spiders.manners import CrawlJob
    from spiders.visits import Visit


_STATUSES = range(100, 1_000)  # RFC 9110, 15: three digits, no first one of zero
_AS_BEFORE = "as_before"  # flags an answer that says what an earlier one said


class Recorded(Protocol):
    """What the recorder needs of the spider it records."""

    job: CrawlJob
    archive: ArchiveWriter
    bytes: int


class Recorder:
    """The downloader middleware that archives each answer as received, then hands on its decoded body.

    An answer that says what an earlier one said (304, or the same body) is archived as such, and handed on without a
    body: the request's `visit` is the earlier one.

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
        visit = cast("Visit | None", request.meta.get("visit"))
        encoding = field(response.headers, "Content-Encoding") if response.status != HTTPStatus.NOT_MODIFIED else ""
        try:
            body = decode(response.body, encoding, spider.job.limits.max_body)
        except BodyError as error:
            too_large = isinstance(error, BodyTooLargeError)
            self._write(spider, request, response, "length" if too_large else "unspecified")
            raise FetchError("body-too-large" if too_large else "body-unreadable", str(error)) from error
        if visit is not None and not stopped(response) and _is(visit, response, body):
            status, phrase = response.status, _phrase(response.status)
            spider.archive.revisit(request.url, status, phrase, _headers(response), visit, datetime.now(UTC))
            return response.replace(body=b"", flags=[*response.flags, _AS_BEFORE])
        self._write(spider, request, response, "unspecified" if stopped(response) else "")
        return response.replace(body=body)

    def _write(self, spider: Recorded, request: Request, response: Response, truncated: str) -> None:
        when = datetime.now(UTC)
        request.meta["when"] = when
        request.meta["record"] = spider.archive.response(
            request.url,
            response.status,
            _phrase(response.status),
            _headers(response),
            b"" if truncated else response.body,
            when,
            truncated=truncated,
        )


def field(headers: Headers, name: str) -> str:
    """A header's value as text; empty when there is none."""
    value = headers.get(name)
    return value.decode("latin-1") if value else ""


def stopped(answer: Response) -> bool:
    """Whether an answer was ended at its headers."""
    return "download_stopped" in answer.flags


def as_before(answer: Response) -> bool:
    """Whether an answer says what the earlier one said that its request knew."""
    return _AS_BEFORE in answer.flags


def _is(visit: Visit, response: Response, body: bytes) -> bool:
    if response.status == HTTPStatus.NOT_MODIFIED:
        return bool(visit.conditions)  # nobody asked that question otherwise
    alike = field(response.headers, "Content-Type") == visit.content_type
    return response.status == HTTPStatus.OK and alike and sha256(body).hexdigest() == visit.sha256


def _headers(response: Response) -> list[tuple[str, str]]:
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, values in response.headers.items()
        for value in values
    ]


def _phrase(status: int) -> str:
    """Scrapy does not keep the reason phrase: the standard's stands for it, which means nothing (RFC 9110, 15.1)."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
