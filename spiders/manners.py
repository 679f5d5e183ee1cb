"""The terms of a crawl: its job and report, which addresses may be asked for, how long to wait."""

from __future__ import annotations

import mimetypes
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict
from w3lib.url import canonicalize_url

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Code = Literal[
    "body-too-large",
    "body-unreadable",
    "http-status",
    "network",
    "redirect-elsewhere",
    "retry-after-too-long",
    "robots-disallowed",
    "robots-unreachable",
    "sitemap-unreadable",
    "timeout",
    "too-long",
    "too-many-bytes",
    "too-many-pages",
    "too-many-redirects",
]
Kind = Literal["page", "file", "skip"]

HTML = {"text/html", "application/xhtml+xml"}

_MAX_ADDRESS = 2_000
_PORTS = {"http": 80, "https": 443}
_PAGINATION = re.compile(r"paged?=[0-9]{1,6}")
# What WordPress serves beside its pages: REST objects, feeds, administration.
_BESIDE_PAGES = re.compile(r"/wp-(json|admin)(/|$)|/feed(/(atom|rdf|rss2?))?/?$|/(wp-login|xmlrpc)\.php$")
# Python's own table: the machine's would make a crawl depend on where it runs.
_TYPES = mimetypes.MimeTypes().types_map[True]
_OFFICE = {".7z", ".docx", ".epub", ".gz", ".kml", ".odp", ".ods", ".odt", ".pptx", ".rar", ".rtf", ".webp", ".xlsx"}
_FILES = {extension for extension, kind in _TYPES.items() if kind not in HTML} | _OFFICE


class _Stated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Stated):
    """Bounds of a crawl.

    Of an answer: bytes of a decoded body, seconds, redirects in a row, tries. Of a run: addresses, bytes of all decoded
    bodies, seconds until no more is asked for.
    """

    max_body: int = 10_000_000
    timeout: float = 60.0
    max_pages: int = 2_000
    max_bytes: int = 500_000_000
    max_duration: float = 21_600.0
    max_redirects: int = 10
    tries: int = 3


class CrawlJob(_Stated):
    """What one crawl is to do, as its process reads it.

    Attributes:
        base: the address to fetch from, a host's root; None for the sample.
        sample: whether the embedded sample portal is served and crawled.
        origin: the portal's own origin; links that carry it are followed on `base`.
        portal: the portal's id.
        seeds: paths to ask for first.
        user_agent: the one identity the crawl has.
        delay: seconds between two requests; None leaves it to `default_delay` and robots.txt.
        default_delay: the portal's declared delay.
        limits: bounds.
        deny: regular expressions of paths to leave out.
        known: paths that declarations name or that were pages before: asked for before any other that is found.
        warc: the archive to write, in the folder of its run.
        report: the report to write.
        visits: the file to write of what is remembered of each page.
        before: such a file of an earlier crawl, whose run's folder lies beside; None asks for every page anew.
    """

    base: str | None
    sample: bool = False
    origin: str
    portal: str
    seeds: tuple[str, ...] = ("/",)
    user_agent: str
    delay: float | None = None
    default_delay: float = 1.0
    limits: Limits = Limits()
    deny: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    warc: str
    report: str
    visits: str
    before: str | None = None


class Fault(_Stated):
    """One address that could not be had, and why."""

    code: Code
    url: str
    message: str


class CrawlReport(_Stated):
    """What a crawl did.

    `not_modified` pages were said to be as they were before, `same` ones were downloaded and are. `files` are addresses
    of other types than HTML: listed, never downloaded.
    """

    base: str
    started: str
    finished: str
    requests: int
    pages: int
    not_modified: int
    same: int
    bytes: int
    errors: tuple[Fault, ...]
    files: tuple[str, ...]
    outcome: Literal["ok", "no-page"]


class FetchError(Exception):
    """An address could not be had; the crawl goes on without it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


def path_of(address: str) -> str:
    """An address without its site: path and query."""
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Scope:
    """Which addresses are the portal's, and which of those are pages to ask for.

    Args:
        base: the root fetched from.
        origin: the portal's own; differs from `base` when a mirror is crawled.
        deny: regular expressions of paths to leave out.

    Attributes:
        base: the root fetched from, without a slash at its end.

    Raises:
        ValueError: `base` or `origin` is not the root of an http(s) host.
    """

    def __init__(self, base: str, origin: str, deny: Iterable[str] = ()) -> None:
        self._base = _root(base)
        self.base = f"{self._base.scheme}://{self._base.netloc}"
        self._sites = {_site(self._base), _site(_root(origin))}
        self._deny = [re.compile(pattern) for pattern in deny]

    def resolve(self, href: str, page: str) -> str | None:
        """The address a link of a page leads to, on `base` and without its fragment; None when it is not the portal's.

        Two spellings of an address (escapes, host in capitals, http for https) give the same text.
        """
        try:
            parts = urlsplit(urljoin(page, href.strip()))
            if parts.scheme not in _PORTS or _site(parts) not in self._sites:
                return None
            own = (self._base.scheme, self._base.netloc, parts.path or "/", parts.query, "")
            address = str(canonicalize_url(urlunsplit(own), keep_blank_values=True))
        except ValueError:
            return None  # an address only in name, such as http://[

        return address if len(address) <= _MAX_ADDRESS else None

    def kind(self, address: str) -> Kind:
        """Whether an own address is a page to ask for, a file to list, or neither (CONTRACT, 'Crawling')."""
        parts = urlsplit(address)
        if _BESIDE_PAGES.search(parts.path) or any(pattern.search(parts.path) for pattern in self._deny):
            return "skip"
        _, dot, extension = parts.path.rpartition("/")[2].rpartition(".")
        if dot + extension.lower() in _FILES:
            return "file"
        return "skip" if parts.query and not _PAGINATION.fullmatch(parts.query) else "page"


def retry_after(value: str, now: datetime) -> float:
    """Seconds that a Retry-After header asks to wait: a number or a date (RFC 9110, 10.2.3); 0 when it says nothing."""
    if (said := value.strip()).isdecimal():
        return float(said)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0  # no date, one without its zone, or of a year that is none


def _root(address: str) -> SplitResult:
    parts = urlsplit(address)
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError(f"address to crawl: expected the root of an http(s) host, found {address!r}")
    return parts


def _site(parts: SplitResult) -> str:
    """Host and port, the same for http and https on their own ports: one site answers both."""
    port = parts.port
    return f"{parts.hostname}" if port in {None, _PORTS[parts.scheme]} else f"{parts.hostname}:{port}"
