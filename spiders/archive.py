"""WARC files: every answer as it was received, written before anything looks at it, and read back strictly."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParserException
from warcio.warcwriter import WARCWriter

from spiders.encoding import MAX_BODY, BodyError, BodyTooLargeError, decode, text_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = re.compile(rb"[0-9A-Fa-f]+[^\r\n]{0,60}\r\n")
_LAST_CHUNK = re.compile(rb"\r\n0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n\Z")
_MAX_TRAILERS = 8_192
_MAX_INFO = 1_000_000
_MAX_FAILURES = 20_000_000
_FAILURES = "urn:canceropole:failures"
# A connection's headers say how the bytes travelled, not what they are (RFC 9110, 7.6.1).
_HOP_BY_HOP = {"connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}


class ArchiveError(Exception):
    """A file is not a whole WARC, or holds more than may be read.

    Attributes:
        path: the file.
        where: the place in it (a record or an offset).
        expected: what should stand there.
        found: what does.
    """

    def __init__(self, path: Path, where: str, expected: str, found: str) -> None:
        super().__init__(f"{path}, {where}: expected {expected}, found {found}")
        self.path, self.where, self.expected, self.found = path, where, expected, found


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
        kept = [address for address, taken in zip(addresses, room, strict=True) if taken < _MAX_FAILURES - 1_000]
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


def read(path: Path, *, max_body: int = MAX_BODY) -> Iterator[Capture]:
    """Reads the whole answers of a WARC file, this project's or another tool's, gzipped or not.

    Records of other kinds are passed over, and answers without all of their body: they prove nothing.

    Args:
        path: the file.
        max_body: the most bytes a body may have, decoded.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, or a body over its bound or undecodable.
        OSError: the file cannot be opened.
    """
    for place, record in _records(path):
        if record.rec_type == "response" and record.http_headers is not None:
            with _named(path, place):
                capture = _capture(record, max_body)
            if not capture.missing:
                yield capture


def answers(path: Path, *, max_body: int = MAX_BODY, kinds: Collection[str]) -> Iterator[Capture]:
    """As `read`, with the answers that have no whole body too: an address is known to have answered.

    Args:
        path: the file.
        max_body: the most bytes a body may have, decoded.
        kinds: the media types whose bodies are wanted; those of others are left undecoded, `missing` their type.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, or a body over its bound.
        OSError: the file cannot be opened.
    """
    for place, record in _records(path):
        if record.rec_type != "response" or record.http_headers is None:
            continue
        kind = media_type(_fields(record.http_headers.headers).get("content-type", ""))
        with _named(path, place):
            try:
                capture = _head(record, "type") if kind not in kinds else _capture(record, max_body)
            except BodyTooLargeError:
                raise
            except BodyError as error:
                capture = _head(record, str(error))
        yield capture


def info(path: Path) -> dict[str, str]:
    """The fields of a file's warcinfo record; none when it has no such record.

    Raises:
        ArchiveError: the file is not a WARC, or its first records are damaged.
    """
    for place, record in _records(path):
        if record.rec_type == "warcinfo":
            with _named(path, place):
                lines = _payload(record, _MAX_INFO).decode("utf-8").splitlines()
            return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    return {}


def failures(path: Path) -> tuple[set[str], bool]:
    """The addresses that the crawl which made a file could not have, and whether there were more.

    Those of another tool's file are not known: there are none.

    Raises:
        ArchiveError: the file is not a whole WARC.
    """
    for place, record in _records(path):
        if record.rec_type == "metadata" and record.rec_headers.get_header("WARC-Target-URI") == _FAILURES:
            with _named(path, place):
                told = json.loads(_payload(record, _MAX_FAILURES))
                return {str(address) for address in told["canceropole-failures"]}, bool(told.get("canceropole-more"))
    return set(), False


def last_date(path: Path) -> datetime:
    """The latest WARC-Date of a file: the moment all that is made from it is dated by.

    Raises:
        ArchiveError: the file is not a whole WARC, or a record has no date.
    """
    dates = []
    for place, record in _records(path):
        with _named(path, place):
            dates.append(_date(record))
    return max(dates)


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """The records of a file with their places, each checked to its end before the next is read."""
    count = 0
    with _opened(path) as stream:
        records = ArchiveIterator(stream, check_digests=True)
        while True:
            place = f"record {count + 1}"
            with _named(path, place):
                record = next(records, None)
                if record is None:
                    break
                if record.format != "warc":
                    raise BodyError("a WARC record", f"an {record.format.upper()} record")
                _header(record, "Content-Length")
            yield place, record
            with _named(path, place):
                _check_end(records, record)
            count += 1
    if not count:
        raise ArchiveError(path, "record 1", "a WARC record", "an empty file")


def _head(record: Any, missing: str) -> Capture:  # noqa: ANN401 (warcio has no types)
    return Capture(
        url=_header(record, "WARC-Target-URI"),
        when=_date(record),
        record=_header(record, "WARC-Record-ID").strip("<>"),
        status=int(record.http_headers.get_statuscode()),
        headers=_fields(record.http_headers.headers),
        body=b"",
        missing=missing,
    )


def _capture(record: Any, max_body: int) -> Capture:  # noqa: ANN401 (warcio has no types)
    head = _head(record, record.rec_headers.get_header("WARC-Truncated") or "")
    if head.missing:
        return head
    raw = _payload(record, max_body)
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


def _check_end(records: Any, record: Any) -> None:  # noqa: ANN401 (warcio has no types)
    records.read_to_end()
    # What is left of the limit is what the file should have had; a line that is not blank is what it should not.
    if getattr(record.raw_stream, "limit", 0) or records.err_count:
        raise BodyError(f"{_header(record, 'Content-Length')} bytes, as Content-Length says", "others")
    # Tools do not agree on what a payload is (chunked or not), all do on the block.
    wrong = [problem for problem in record.digest_checker.problems if problem.startswith("block digest")]
    if wrong:
        raise BodyError("the bytes of WARC-Block-Digest", wrong[0])


class _Stream:
    """A file's bytes, unzipped; damage has a name of its own, as warcio takes an EOFError for the end of the file."""

    def __init__(self, path: Path, stream: Any) -> None:  # noqa: ANN401 (gzip's or a plain file)
        self._path, self._stream = path, stream

    def read(self, size: int = -1) -> bytes:
        try:
            return cast("bytes", self._stream.read(size))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ArchiveError(self._path, "gzip", "whole gzip members", str(error)) from error


@contextmanager
def _opened(path: Path) -> Iterator[_Stream]:
    with Path(path).open("rb") as file:
        zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        yield _Stream(path, gzip.GzipFile(fileobj=file) if zipped else file)


@contextmanager
def _named(path: Path, place: str) -> Iterator[None]:
    """Whatever is wrong with a record is said with the file and the record."""
    try:
        yield
    except BodyError as error:
        raise ArchiveError(path, place, error.expected, error.found) from error
    except (ArchiveLoadFailed, StatusAndHeadersParserException, ValueError) as error:
        raise ArchiveError(path, place, "a well-formed WARC record", f"{type(error).__name__}: {error}") from error


def _payload(record: Any, max_body: int) -> bytes:  # noqa: ANN401 (warcio has no types)
    body = cast("bytes", record.raw_stream.read(max_body + 1))
    if len(body) > max_body:
        raise BodyTooLargeError(f"at most {max_body} bytes", f"{_header(record, 'Content-Length')}")
    return body


def _header(record: Any, name: str) -> str:  # noqa: ANN401 (warcio has no types)
    value = record.rec_headers.get_header(name)
    if value is None:
        raise BodyError(f"a {name} field", "none")
    return str(value)


def _date(record: Any) -> datetime:  # noqa: ANN401 (warcio has no types)
    when = datetime.fromisoformat(_header(record, "WARC-Date"))
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)


def _fields(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header fields by lower-case name; a repeated one is a list (RFC 9110, 5.3)."""
    fields: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        fields[key] = f"{fields[key]}, {value}" if key in fields else value
    return fields


def _sync_folder(folder: Path) -> None:
    """Makes a rename last: the name is the folder's data."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
