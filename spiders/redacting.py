"""Takes a person's text out of an archive: every copy of it, in whatever encoding, in every record.

A text that other rows share is masked only in the row's own place: where masking it changes that row and no other.
"""

from __future__ import annotations

import contextlib
import hashlib
from copy import copy
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from selectolax.lexbor import SelectolaxError
from warcio.bufferedreaders import ChunkedDataReader
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from schemas.redaction import edited, found
from schemas.written import Document
from spiders import blocks
from spiders.answers import portal_address
from spiders.archive import info, media_type
from spiders.encoding import BodyError, decode, decoded
from spiders.extract import gather
from spiders.isolation import Lost, isolated
from spiders.manners import HTML
from spiders.page_extract import packed, unpacked
from spiders.records import records, write
from spiders.spans import PageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Crawl
    from schemas.redaction import Edit, Redaction

    _Row = tuple[str, int, tuple[tuple[str, str], ...]]

_GZIP_MAGIC = b"\x1f\x8b"
_MOST_TRIED = 50  # readings of one page; the portal's have two or three such places
_DIGESTS = ("WARC-Block-Digest", "WARC-Payload-Digest")
# What says how a body travelled, once it is written plainly.
_TRAVELLED = {"content-encoding", "transfer-encoding", "content-length"}


def redact(path: Path, out: Path, redaction: Redaction, declarations: Declarations) -> dict[str, str]:
    """Writes an archive again with texts masked; its records keep their names, dates and order.

    A body that has one of the texts is written out of its encodings; all others stay as they are.

    Args:
        path: a WARC file that reads whole.
        out: the file to write.
        redaction: what to mask.
        declarations: of the datasets the rows are of.

    Returns:
        The hexadecimal SHA-256 of each decoded body that changed, and what it is now.

    Raises:
        ArchiveError: `path` is not a WARC.
        OSError: a file cannot be read or written.
    """
    base = info(path, declarations.portal.crawl.max_bytes).get("canceropole-base", "")
    declared = packed(declarations.portal, declarations.datasets)
    digests: dict[str, str] = {}
    with out.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        for _, record in records(path, declarations.portal.crawl.max_bytes):
            url = portal_address(_header(record, "WARC-Target-URI"), base, declarations.portal.origin)
            masked, changed = _redact(record, redaction, _Page(url or "", base, declarations, declared))
            digests |= changed
            write(writer, masked)
    return digests


def said(path: Path, crawl: Crawl) -> Iterator[str]:
    """All that the records of an archive say, as texts are compared (`schemas.written.words`).

    Args:
        path: a WARC file that reads whole.
        crawl: its bounds.

    Raises:
        ArchiveError: `path` is not a WARC.
        OSError: the file cannot be read.
    """
    for _, record in records(path, crawl.max_bytes):
        for headers in filter(None, (record.rec_headers, record.http_headers)):
            values = [value for _, value in headers.headers]
            yield from Document("\n".join([headers.statusline or "", *values])).said
        yield from Document(_text(record, _body(record, record.raw_stream.read(), crawl.max_body)[1])[0]).said


def harmful(path: Path, redaction: Redaction, declarations: Declarations) -> set[str]:
    """The texts that cannot be masked in an archive without other rows changing: a heading that locates them, say.

    Args:
        path: a WARC file that reads whole.
        redaction: what is to be masked.
        declarations: of the datasets the rows are of.

    Raises:
        ArchiveError: `path` is not a WARC.
        OSError: the file cannot be read.
    """
    base = info(path, declarations.portal.crawl.max_bytes).get("canceropole-base", "")
    declared = packed(declarations.portal, declarations.datasets)
    texts: set[str] = set()
    for _, record in records(path, declarations.portal.crawl.max_bytes):
        if _is_page(record):
            url = portal_address(_header(record, "WARC-Target-URI"), base, declarations.portal.origin)
            page = _Page(url or "", base, declarations, declared)
            body = _body(record, record.raw_stream.read(), declarations.portal.crawl.max_body)[1]
            texts |= _harmful(_text(record, body)[0], redaction.without(texts), page)
    return texts


@dataclass(frozen=True, slots=True)
class _Page:
    url: str
    base: str
    declarations: Declarations
    declared: bytes

    def rows(self, html: str) -> list[_Row]:
        """Every row that is read in the page: dataset, source, what it publishes; nothing of what is no page."""
        [rows] = isolated(_rows, [(html, self.url, self.base, self.declared)])
        return [] if isinstance(rows, Lost) else rows


def _rows(html: str, url: str, base: str, declared: bytes) -> list[_Row]:
    portal, datasets = unpacked(declared)
    try:
        page = blocks.read(html, url, base, portal.origin)
    except (PageError, SelectolaxError):
        return []
    publish = {dataset.id: dataset.published for dataset in datasets}
    return [
        (finding.dataset, finding.source, tuple(publish[finding.dataset](row.parts).items()))
        for finding in gather(page, portal, datasets)
        for row in finding.rows
    ]


def _harmful(html: str, redaction: Redaction, page: _Page) -> set[str]:
    document = Document(html)
    texts = [text for text in redaction.texts if found(redaction.secret, document, text)]
    before = page.rows(html) if texts else []
    if not texts or _harmless(before, html, redaction, page):
        return set()
    return {text for text in texts if not _harmless(before, html, redaction.only(text), page)}


def _harmless(before: list[_Row], html: str, redaction: Redaction, page: _Page) -> bool:
    """Whether a masked page reads as it did but for the masks, the rows that leave apart: of them, as many."""
    leaving = {(row.dataset, row.source, row.cells) for row in redaction.rows}
    after = page.rows(redaction.masked(html))
    return len(before) == len(after) and all(
        now[:2] == was[:2] and (was in leaving or now[2] == _masked_cells(was, redaction))
        for was, now in zip(before, after, strict=True)
    )


def _masked_cells(row: _Row, redaction: Redaction) -> tuple[tuple[str, str], ...]:
    return tuple((column, redaction.masked(text)) for column, text in row[2])


def _redact(original: Any, redaction: Redaction, page: _Page) -> tuple[Any, dict[str, str]]:  # noqa: ANN401 (likewise)
    """A record masked, and the digests of its body before and after, if it has one that changed."""
    record = copy(original)  # the reader checks its own to its end
    record.rec_headers, record.http_headers = copy(record.rec_headers), copy(record.http_headers)
    payload = record.raw_stream.read()
    for headers in filter(None, (record.rec_headers, record.http_headers)):
        headers.headers = [(name, redaction.masked(value)) for name, value in headers.headers]
    for name in _DIGESTS:
        record.rec_headers.remove_header(name)
    if record.http_headers is not None:
        record.http_headers.statusline = redaction.masked(record.http_headers.statusline)
    changed: dict[str, str] = {}
    body, plain = _body(record, payload, page.declarations.portal.crawl.max_body)
    text, back = _text(record, plain)
    masked = redaction.masked(_masked_in_place(text, redaction, page) if _is_page(record) else text)
    if masked != text:
        written = back(masked)
        if record.http_headers is not None:  # of what no answer is, nothing cites the digest
            changed = {hashlib.sha256(body).hexdigest(): hashlib.sha256(written).hexdigest()}
        payload = written
        if record.http_headers is not None:
            kept = [(name, value) for name, value in record.http_headers.headers if name.lower() not in _TRAVELLED]
            kept.append(("Content-Length", str(len(payload))))
            record.http_headers = StatusAndHeaders(record.http_headers.statusline, kept, record.http_headers.protocol)
    record.raw_stream, record.length, record.payload_length = BytesIO(payload), None, len(payload)
    return record, changed


def _masked_in_place(html: str, redaction: Redaction, page: _Page) -> str:
    """Masks what rows share with others where they print it: there where masking it changes such rows and no other.

    Each place is tried on the page. In a page with too many of them, all are masked: who left must not stay, and rows
    of others that change by it are seen to change.
    """
    document = Document(html)
    wanted = [row for row in redaction.rows if any(found(redaction.secret, document, text) for text in row.texts)]
    before = page.rows(html) if wanted else []
    tried: list[tuple[set[int], list[Edit]]] = []
    for row in wanted:
        places = {at for at, read in enumerate(before) if read == (row.dataset, row.source, row.cells)}
        texts = row.texts if places else ()
        tried += [(places, edits) for text in texts for edits in found(redaction.secret, document, text)]
    if len(tried) > _MOST_TRIED:
        return edited(html, [edit for _, edits in tried for edit in edits])
    kept: list[Edit] = []
    for places, edits in tried:
        after = page.rows(edited(html, edits))
        moved = {at for at, (was, now) in enumerate(zip(before, after, strict=False)) if was != now}
        kept += edits if moved and moved <= places and len(before) == len(after) else []
    return edited(html, kept)


def _body(record: Any, payload: bytes, max_body: int) -> tuple[bytes, bytes]:  # noqa: ANN401 (warcio has no types)
    """A record's body as the evidence has it, and out of every encoding; as it is where it is in none it says."""
    fields = {name.lower(): value for name, value in record.http_headers.headers} if record.http_headers else {}
    try:
        if "chunked" in fields.get("transfer-encoding", "").lower():
            payload = ChunkedDataReader(BytesIO(payload)).read()
        body = decode(payload, fields.get("content-encoding", ""), max_body)
        plain = decode(body, "gzip", max_body) if body.startswith(_GZIP_MAGIC) else body
    except BodyError:
        return payload, payload
    return body, plain


def _text(record: Any, body: bytes) -> tuple[str, Callable[[str], bytes]]:  # noqa: ANN401 (warcio has no types)
    """A body as text, as it is read elsewhere, and what gives a body back of a text."""
    declared = record.http_headers.get_header("Content-Type", "") if record.http_headers else ""
    text, encoding, mark = decoded(body, declared)
    tried = [(text, encoding, mark)]
    with contextlib.suppress(UnicodeDecodeError):  # what is said to be UTF-8 and is not is this as a rule
        tried.append((body.decode("cp1252"), "cp1252", b""))
    for text, encoding, mark in tried:
        if mark + text.encode(encoding, "replace") == body:
            return text, lambda masked: mark + masked.encode(encoding, "xmlcharrefreplace")  # noqa: B023 (it ends here)
    return body.decode("latin-1"), lambda masked: masked.encode("latin-1", "xmlcharrefreplace")  # all bytes come back


def _is_page(record: Any) -> bool:  # noqa: ANN401 (warcio has no types)
    headers = record.http_headers if record.rec_type == "response" else None
    return headers is not None and media_type(headers.get_header("Content-Type", "")) in HTML


def _header(record: Any, name: str) -> str:  # noqa: ANN401 (warcio has no types)
    return str(record.rec_headers.get_header(name) or "")
