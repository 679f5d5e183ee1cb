"""What came at a page's address when it was not the page: cut, empty, of another type, another page, or nothing."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from spiders.manners import HTML

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from schemas.model import Page as DeclaredPage
    from spiders.archive import Capture
    from spiders.page import Page

NOT_CONTENT, TRUNCATED, EMPTY = "page-not-content", "page-truncated", "page-empty"

_OK = 200
_GONE = {404, 410}
_REDIRECTS = {301, 302, 303, 307, 308}
# ISO 28500:2017, 5.13: reasons for which a body stops before its end; `unspecified` does not say that it did.
_CUT = {"length", "time", "disconnect"}
_MAX_REDIRECTS = 20  # as browsers (WHATWG's Fetch, 4.4)
_MAX_ADDRESS = 2_000  # a crawl asks for none that is longer
_TAIL = 8_192
# Atomic: a comment ends at its first end, or a text of many would be tried in every way.
_ENDED = re.compile(rb"</html\s*>(?>\s|<!--.*?-->|<script\b[^>]*>.*?</script\s*>)*+\Z", re.IGNORECASE | re.DOTALL)
_UNFINISHED = re.compile(r"(?:<|&#?\w{0,31}|\ufffd)\Z")
# Elements that may end without a tag (HTML, 13.1.2.4), and the parser's own root.
_NEED_NO_END = set(
    "-document html head body p li dt dd option optgroup rb rt rtc rp caption colgroup thead tbody tfoot tr td "
    "th".split()
)
# A template is the one element that stays where it is written, in tables and lists of options too.
_MARK = "<template data-canceropole-end></template>"
_SIGNATURES = {
    b"%PDF-": "PDF",
    b"PK\x03\x04": "ZIP",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"\xff\xd8\xff": "JPEG",
    b"\x1f\x8b": "gzip",
}
_XML = re.compile(rb"(?:<\?xml\b[^>]*>\s*)?(?><!--.*?-->\s*)*+<(rss|feed|urlset|sitemapindex|svg)\b", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came at an address that is not the page: the address it came from, a reason's code, what was found."""

    url: str
    code: str
    found: str


@dataclass(slots=True)
class Answers:
    """What every address of a portal answered. A path without an entry is gone (404, 410) or was never asked for.

    Attributes:
        at: by path without its last slash, of those that declarations name; a whole page stands as
            `page-not-content`, for whom it is not the page.
        cut: the pages that arrived cut, and what was found of each.
        only: the one page that the whole portal answered with, if it did.
        more: whether the crawl ended before it had found every address: what is not there may still not be gone.
    """

    at: dict[str, Answered] = field(default_factory=dict)
    cut: list[tuple[Page, Answered]] = field(default_factory=list)
    only: Answered | None = None
    more: bool = False

    def instead_of(self, page: DeclaredPage, own: str | None) -> Answered | None:
        """What speaks against reading a declared page, or a copy of it (CONTRACT, 'Which page, which block').

        Args:
            page: the declared page.
            own: the address of the whole page that has its title, if there is one.

        Returns:
            None when it may be read at `own`, or is gone.
        """
        path = page.path.rstrip("/")
        came = self.at.get(path)
        if came is not None and came.code != NOT_CONTENT:
            return came
        if own is not None and urlsplit(own).path.rstrip("/") == path:
            return None
        cut = next((answered for cut, answered in self.cut if cut.named(page.title)), None)
        if cut is not None or own is not None:
            return cut
        unfound = Answered(page.path, "page-unreachable", "a crawl that ended before it had found every address")
        return came or self.only or (unfound if self.more else None)


@dataclass(frozen=True, slots=True)
class Head:
    """The latest answer of an address, without its body.

    `url` is the portal's own address, `asked` the one that answered; `missing` is as `Capture.missing`.
    """

    url: str
    asked: str
    status: int
    content_type: str
    location: str
    missing: str


class Archived(Protocol):
    """The latest answer of every address of a portal."""

    def at(self, path: str) -> list[Head]:
        """Those at a path, with its last slash and without, by address."""

    def like(self, url: str) -> Head | None:
        """That of an address, however it is spelt."""


def answers(
    archived: Archived,
    pages: Iterable[DeclaredPage],
    read: Callable[[str], Answered | None],
    failed: Collection[str],
    portal: tuple[str, str],
) -> dict[str, Answered]:
    """What the addresses of declared pages answered, at the end of their redirects.

    Args:
        archived: the latest answer of each address of the portal.
        pages: the declared pages.
        read: what is said of the HTML page answered 200 at an address, whole or not.
        failed: addresses that could not be had.
        portal: where the portal was fetched from, and its own origin.

    Returns:
        By path, as `Answers.at`.
    """
    found: dict[str, Answered] = {}
    wanted = {page.path.rstrip("/") for page in pages}
    for path in sorted(wanted):
        for head in archived.at(path):
            answered = _at_the_end(head, archived, read, portal)
            # An address with and without its last slash is one page: the one that redirects to the other says nothing.
            if answered is not None and not (path in found and head.status in _REDIRECTS):
                found[path] = answered
    for url in failed:
        named = path_named(url)
        if named in wanted:
            found[named] = Answered(url, "page-unreachable", "no answer that could be read")
    return found


def doubt(capture: Capture, page: Page) -> tuple[str, str] | None:
    """What is wrong with an HTML answer of status 200, whatever page it should be.

    Args:
        capture: the answer.
        page: what is read of it.

    Returns:
        A reason's code and what was found, or None. Of a page without </html> the portal's others may say more.
    """
    kind = _other_type(capture.body)
    if kind:
        return "page-wrong-type", f"text/html, and {kind} in it"
    if not capture.body.strip():
        return EMPTY, "no text"
    if not ends(capture.body) and (sign := _left_open(capture.text())):
        return TRUNCATED, sign
    if not any(text for block in page.blocks for row in block.content for text in row):
        return EMPTY, "no text in the content"
    return None


def ends(body: bytes) -> bool:
    """Whether a text ends with </html>: space, comments and scripts may follow."""
    return _ENDED.search(body[-_TAIL:].replace(b"\0", b"")) is not None  # without zeros, UTF-16 is ASCII


def portal_address(url: str, base: str, origin: str) -> str | None:
    """The portal's own address of what was fetched from it or from a mirror; None for another host's, or for none."""
    if len(url) > _MAX_ADDRESS:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:  # an address only in name, such as http://[
        return None
    hosts = {urlsplit(origin).netloc, urlsplit(base).netloc} - {""}
    if parts.scheme not in {"http", "https"} or parts.netloc not in hosts:
        return None
    return origin + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _left_open(html: str) -> str:
    """What the end of a text without </html> leaves open that HTML requires to be closed; empty if nothing.

    A mark written at its end is read where the text ended: in the elements still open, or as no element at all in a
    tag, a comment or a script.
    """
    if _UNFINISHED.search(html[-40:]):
        return f"the text ends with {html[-12:]!r}"
    marks = LexborHTMLParser(html + _MARK).css("template[data-canceropole-end]")
    if not marks:
        return "the text ends inside a tag, a comment or a script"
    parent = marks[-1].parent
    while parent is not None and parent.tag in _NEED_NO_END:
        parent = parent.parent
    return f"<{parent.tag}> is not closed" if parent is not None else ""


def _other_type(body: bytes) -> str:
    """What a body is that says it is HTML and is not; empty if nothing shows it (WHATWG's MIME sniffing, 7.1)."""
    start = body.removeprefix(codecs.BOM_UTF8).lstrip()
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return name
    if b"\0" in start[:1024] and not start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "binary data"
    xml = _XML.match(start[:4096])
    if xml:
        return f"XML ({xml[1].decode()})"
    return "JSON" if start[:1] in {b"{", b"["} and _is_json(start) else ""


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _at_the_end(
    first: Head, archived: Archived, read: Callable[[str], Answered | None], portal: tuple[str, str]
) -> Answered | None:
    """What an address answered once its redirects are followed in the archive; None when nothing is there."""
    seen = [first]
    while (last := seen[-1]).status in _REDIRECTS:
        target = portal_address(_joined(last.asked, last.location), *portal) if last.location else None
        known = archived.like(target) if target else None
        if known is None:
            return Answered(first.url, NOT_CONTENT, f"a redirect to {last.location[:200]}")
        if known in seen or len(seen) > _MAX_REDIRECTS:
            return Answered(first.url, "page-unreachable", f"redirects without an end, by {known.url}")
        seen.append(known)
    return _of(seen[-1], read)


def _of(head: Head, read: Callable[[str], Answered | None]) -> Answered | None:
    url = head.url
    if head.status in _GONE:
        return None
    if head.status != _OK:
        return Answered(url, "page-unreachable", f"status {head.status}")
    if head.content_type not in HTML:
        return Answered(url, "page-wrong-type", head.content_type[:100] or "no Content-Type")
    if head.missing:
        return Answered(
            url, TRUNCATED if head.missing in _CUT else "page-unreachable", f"no whole body: {head.missing}"
        )
    return read(url)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def path_named(url: str) -> str | None:
    """The path that declarations name; none for an address with a query, which is another page."""
    parts = urlsplit(url)
    return None if parts.query else parts.path.rstrip("/")
