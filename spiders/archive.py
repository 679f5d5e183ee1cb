"""WARC files: every answer as it was received, written before anything looks at it, and read back strictly."""

from __future__ import annotations

import itertools
import json
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field
from warcio.bufferedreaders import ChunkedDataReader
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from spiders.encoding import MAX_BODY, BodyError, BodyTooLargeError, decode, text_of
from spiders.records import MAX_BYTES, ArchiveError, date, header, named, payload, records

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

__all__ = [
    "ArchiveError",
    "ArchiveWriter",
    "Capture",
    "answers",
    "failures",
    "info",
    "last_date",
    "media_type",
    "read",
]

_CHUNK = re.compile(rb"[0-9A-Fa-f]+[^\r\n]{0,60}\r\n")
_LAST_CHUNK = re.compile(rb"\r\n0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n\Z")
_MAX_TRAILERS = 8_192
_STATUS = re.compile(r"[1-9][0-9]{2}")
_MAX_INFO = 50_000_000  # 25,000 addresses of 2,000 characters that could not be had
_FAILURES = "urn:canceropole:failures"
# A connection's headers say how the bytes travelled, not what they are (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}


class _Failures(BaseModel):
    """The record of what a crawl could not have; `more`: it ended before it had found every address."""

    model_config = ConfigDict(extra="ignore", strict=True)

    addresses: set[str] = Field(default=set(), alias="canceropole-failures")
    more: bool = Field(default=False, alias="canceropole-more")


@dataclass(frozen=True, slots=True)
class Capture:
    """One archived answer: what an address said, and when. Header names are in lower case, the body is decoded.

    `missing` says why there is no body, or not all of it; it is empty for a whole one.
    """

    url: str
    when: datetime
    record: str
    status: int
    headers: dict[str, str]
    body: bytes
    missing: str = ""

    @property
    def content_type(self) -> str:
        """The media type, in lower case and without parameters; empty when the answer had none."""
        return media_type(self.headers.get("content-type", ""))

    @property
    def sha256(self) -> str:
        """The hexadecimal SHA-256 of the decoded body."""
        return sha256(self.body).hexdigest()

    def text(self) -> str:
        """The body as text, in the encoding it is found to be in."""
        return text_of(self.body, self.headers.get("content-type", ""))


class ArchiveWriter:
    """A WARC file in the making: one gzip member a record, nothing under the final name before a clean end.

    Args:
        path: the file to make; it appears when the context ends without an error.
        info: fields of the warcinfo record, such as `software`, `canceropole-base` and `canceropole-source`.

    Raises:
        OSError: the folder is not writable.
    """

    def __init__(self, path: Path, info: Mapping[str, str]) -> None:
        self._path = Path(path)
        self._draft = self._path.with_name(f".{self._path.name}.part")
        self._info = {"format": "WARC File Format 1.1", **info}

    def __enter__(self) -> Self:
        self._file = self._draft.open("wb")
        self._writer = WARCWriter(self._file, gzip=True, warc_version="1.1")
        self._writer.write_record(self._writer.create_warcinfo_record(self._path.name, self._info))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        if kind is not None:
            self._draft.unlink()
            return
        self._draft.replace(self._path)
        _sync_folder(self._path.parent)

    def response(
        self,
        url: str,
        status: int,
        reason: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        when: datetime,
        *,
        truncated: str = "",
    ) -> None:
        """Adds one answer, as it was received but for its transfer encoding (ISO 28500:2017, 6.3).

        Args:
            url: the address that was asked.
            status: HTTP's.
            reason: the words after it.
            headers: in the order they were received.
            body: still in its content-encoding.
            when: the moment it was received, aware.
            truncated: why the body is not whole (`length`, `disconnect`, `time`, `unspecified`; ISO 28500:2017, 5.13).

        Raises:
            OSError: the file cannot be written.
        """
        kept = [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
        kept.append(("Content-Length", str(len(body))))
        fields = {"WARC-Date": f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"}
        if truncated:
            fields["WARC-Truncated"] = truncated
        record = self._writer.create_warc_record(
            url,
            "response",
            payload=BytesIO(body),
            length=len(body),
            warc_headers_dict=fields,
            http_headers=StatusAndHeaders(f"{status} {reason}".rstrip(), kept, protocol="HTTP/1.1"),
        )
        self._writer.write_record(record)

    def failures(self, addresses: Sequence[str], *, more: bool = False) -> None:
        """Adds the addresses that could not be had, as a metadata record: an archive says what is missing from it.

        Args:
            addresses: sorted.
            more: whether the crawl ended before it had found all there are.

        Raises:
            OSError: the file cannot be written.
        """
        room = itertools.accumulate(len(json.dumps(address)) + 2 for address in addresses)
        kept = [address for address, taken in zip(addresses, room, strict=True) if taken < _MAX_INFO - 1_000]
        told = {"canceropole-failures": kept, "canceropole-more": more or len(kept) < len(addresses)}
        listed = json.dumps(told).encode()
        record = self._writer.create_warc_record(
            _FAILURES,
            "metadata",
            payload=BytesIO(listed),
            length=len(listed),
            warc_content_type="application/json",
        )
        self._writer.write_record(record)


def media_type(header: str) -> str:
    """The media type of a Content-Type header, in lower case and without parameters."""
    return header.partition(";")[0].strip().lower()


def read(path: Path, *, max_body: int = MAX_BODY, max_bytes: int = MAX_BYTES) -> Iterator[Capture]:
    """Reads the whole answers of a WARC file, this project's or another tool's, gzipped or not.

    Records of other kinds are passed over, and answers without all of their body: they prove nothing.

    Args:
        path: the file.
        max_body: the most bytes a body may have, decoded.
        max_bytes: the most bytes all bodies may have, decoded.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, more than may be read, or a body undecodable.
        OSError: the file cannot be opened.
    """
    left = max_bytes
    for place, record in records(path, max_bytes):
        if record.http_headers is not None:
            with named(path, place):
                capture = _capture(record, max_body)
                left = _less(left, capture, max_bytes)
            if not capture.missing:
                yield capture


def answers(
    path: Path, *, max_body: int = MAX_BODY, max_bytes: int = MAX_BYTES, kinds: Collection[str]
) -> Iterator[Capture]:
    """As `read`, with the answers that have no whole body too: an address is known to have answered.

    Args:
        path: the file.
        max_body: the most bytes a body may have, decoded.
        max_bytes: the most bytes all bodies may have, decoded.
        kinds: the media types whose bodies are wanted; those of others are left undecoded, `missing` their type.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, or more than may be read.
        OSError: the file cannot be opened.
    """
    left = max_bytes
    for place, record in records(path, max_bytes):
        if record.http_headers is None:
            continue
        kind = media_type(_fields(record.http_headers.headers).get("content-type", ""))
        with named(path, place):
            try:
                capture = _head(record, "type") if kind not in kinds else _capture(record, max_body)
            except BodyTooLargeError:
                raise
            except BodyError as error:
                capture = _head(record, str(error))
            left = _less(left, capture, max_bytes)
        yield capture


def info(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, str]:
    """The fields of a file's warcinfo record; none when it has no such record.

    Raises:
        ArchiveError: the file is not a WARC, or its first records are damaged.
    """
    for place, record in records(path, max_bytes):
        if record.rec_type == "warcinfo":
            with named(path, place):
                lines = payload(record, _MAX_INFO).decode("utf-8").splitlines()
            return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    return {}


def failures(path: Path, max_bytes: int = MAX_BYTES) -> tuple[set[str], bool]:
    """The addresses that the crawl which made a file could not have, and whether there were more.

    Those of another tool's file are not known: there are none.

    Raises:
        ArchiveError: the file is not a whole WARC, or lists them in a way of its own.
    """
    for place, record in records(path, max_bytes):
        if record.rec_type == "metadata" and record.rec_headers.get_header("WARC-Target-URI") == _FAILURES:
            with named(path, place):
                told = _Failures.model_validate_json(payload(record, _MAX_INFO))
                return told.addresses, told.more
    return set(), False


def last_date(path: Path, max_bytes: int = MAX_BYTES) -> datetime:
    """The latest WARC-Date of a file: the moment all that is made from it is dated by.

    Raises:
        ArchiveError: the file is not a whole WARC, or a record has no date.
    """
    dates = []
    for place, record in records(path, max_bytes):
        with named(path, place):
            dates.append(date(record))
    return max(dates)


def _less(left: int, capture: Capture, max_bytes: int) -> int:
    if len(capture.body) > left:
        raise BodyTooLargeError(f"at most {max_bytes} bytes of bodies, decoded", "more")
    return left - len(capture.body)


def _head(record: Any, missing: str) -> Capture:  # noqa: ANN401 (warcio has no types)
    status = record.http_headers.get_statuscode()
    if not _STATUS.fullmatch(status):
        raise ValueError(f"a status of {status!r}")
    return Capture(
        url=header(record, "WARC-Target-URI"),
        when=date(record),
        record=header(record, "WARC-Record-ID").strip("<>"),
        status=int(status),
        headers=_fields(record.http_headers.headers),
        body=b"",
        missing=missing,
    )


def _capture(record: Any, max_body: int) -> Capture:  # noqa: ANN401 (warcio has no types)
    head = _head(record, record.rec_headers.get_header("WARC-Truncated") or "")
    if head.missing:
        return head
    raw = payload(record, max_body)
    if _is_short(head, raw):
        return replace(head, missing="disconnect")
    if "chunked" in head.headers.get("transfer-encoding", "").lower():
        raw = ChunkedDataReader(BytesIO(raw)).read()
    return replace(head, body=decode(raw, head.headers.get("content-encoding", ""), max_body))


def _is_short(head: Capture, raw: bytes) -> bool:
    """Whether a body is shorter than its headers said: less than Content-Length, or no last chunk (RFC 9112, 8)."""
    if "transfer-encoding" in head.headers:  # some recorders take the chunks apart and keep the header
        return _CHUNK.match(raw) is not None and _LAST_CHUNK.search((b"\r\n" + raw)[-_MAX_TRAILERS:]) is None
    length = head.headers.get("content-length", "")
    encoded = head.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}
    return head.status == HTTPStatus.OK and not encoded and length.isdecimal() and len(raw) < int(length)


def _fields(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header fields by lower-case name; a repeated one is a list (RFC 9110, 5.3)."""
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name.lower(), []).append(value)
    return {name: ", ".join(values) for name, values in fields.items()}


def _sync_folder(folder: Path) -> None:
    """Makes a rename last: the name is the folder's data."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
