"""Scrapy's way to the network, with the one bound it lacks: on what comes before a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
)
from twisted.python.failure import Failure
from twisted.web._newclient import BODY, ParseError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IAddress
    from twisted.web._newclient import Request
    from twisted.web.iweb import IResponse

MAX_HEAD = 256_000  # bytes of status, headers and interim answers; browsers stop there too


class BoundedHandler(HTTP11DownloadHandler):
    """Scrapy's handler of http and https; a head larger than its bound is a failed download."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory  # noqa: SLF001 (as Scrapy's own handler does)


class _Protocol(_LenientHTTP11ClientProtocol):
    _head = 0

    def request(self, request: Request) -> Deferred[IResponse]:
        self._head = 0
        return super().request(request)

    def dataReceived(self, bytes: bytes) -> None:  # noqa: A002, N802 (the base class's)
        if self._parser is not None and self._parser.state != BODY:
            self._head += len(bytes)
            if self._head > MAX_HEAD:
                error = ParseError(f"more than {MAX_HEAD} bytes of headers", b"")
                self._giveUp(Failure(error))  # type: ignore[no-untyped-call] # Twisted's has no types
                return
        super().dataReceived(bytes)  # type: ignore[no-untyped-call] # nor has this


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> _Protocol:  # noqa: ARG002, N802 (the base class's)
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call] # nor has this
