"""WARC files read back: every answer as it was received, strictly; what is made from a file rests on nothing else."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from warcio.bufferedreaders import ChunkedDataReader

from spiders.encoding import MAX_BODY, BodyError, BodyTooLargeError, decode, text_of
from spiders.records import MAX_BYTES, ArchiveError, date, header, named, payload, records
from spiders.revisits import answered, refers_to, runs_of, unfold

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from datetime import datetime

__all__ = [
    "ArchiveError",
    "Capture",
    "answers",
    "failures",
    "info",
    "last_date",
    "media_type",
    "read",
    "referred",
]

_CHUNK = re.compile(rb"[0-9A-Fa-f]+[^\r\n]{0,60}\r\n")
_LAST_CHUNK = re.compile(rb"\r\n0+(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n\Z")
_MAX_TRAILERS = 8_192
_STATUS = re.compile(r"[1-9][0-9]{2}")
MAX_INFO = 50_000_000  # 25,000 addresses of 2,000 characters that could not be had
FAILURES = "urn:canceropole:failures"


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


def media_type(header: str) -> str:
    """The media type of a Content-Type header, in lower case and without parameters."""
    return header.partition(";")[0].strip().lower()


def read(path: Path, *, max_body: int = MAX_BODY, max_bytes: int = MAX_BYTES) -> Iterator[Capture]:
    """Reads the whole answers of a WARC file, this project's or another tool's, gzipped or not.

    What it says it had before is read where it says that is. Records of other kinds are passed over, and answers
    without all of their body: they prove nothing.

    Args:
        path: the file.
        max_body: the most bytes a body may have, decoded.
        max_bytes: the most bytes all bodies may have, decoded.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, more than may be read, a body undecodable, or
            an earlier answer that is not where it was.
        OSError: the file cannot be opened.
    """
    left = max_bytes
    for answer in answered(path, max_bytes, _has_none):
        with named(answer.path, answer.place):
            capture = replace(_capture(answer.record, max_body), url=answer.url)
            left = _less(left, capture, max_bytes)
        if not capture.missing:
            yield capture


def answers(
    path: Path,
    *,
    max_body: int = MAX_BODY,
    max_bytes: int = MAX_BYTES,
    kinds: Collection[str],
    has: Callable[[str, str], bool] | None = None,
) -> Iterator[Capture]:
    """As `read`, with the answers that have no whole body too: an address is known to have answered.

    Args:
        path: the file.
        max_body: the most bytes a body may have, decoded.
        max_bytes: the most bytes all bodies may have, decoded.
        kinds: the media types whose bodies are wanted; those of others are left undecoded, `missing` their type.
        has: told each answer's record and address, says whether its reader has it already: it is then left out.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, more than may be read, or an earlier answer
            that is not where it was.
        OSError: the file cannot be opened.
    """
    left = max_bytes
    for answer in answered(path, max_bytes, has or _has_none):
        kind = media_type(_fields(answer.record.http_headers.headers).get("content-type", ""))
        with named(answer.path, answer.place):
            try:
                capture = _head(answer.record, "type") if kind not in kinds else _capture(answer.record, max_body)
            except BodyTooLargeError:
                raise
            except BodyError as error:
                capture = _head(answer.record, str(error))
            left = _less(left, capture, max_bytes)
        yield replace(capture, url=answer.url)


def info(path: Path, max_bytes: int = MAX_BYTES) -> dict[str, str]:
    """The fields of a file's warcinfo record; none when it has no such record.

    Raises:
        ArchiveError: the file is not a WARC, or its first records are damaged.
    """
    for place, record in records(path, max_bytes):
        if record.rec_type == "warcinfo":
            with named(path, place):
                lines = payload(record, MAX_INFO).decode("utf-8").splitlines()
            return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
    return {}


def failures(path: Path, max_bytes: int = MAX_BYTES) -> tuple[set[str], bool]:
    """The addresses that the crawl which made a file could not have, and whether there were more.

    Those of another tool's file are not known: there are none.

    Raises:
        ArchiveError: the file is not a whole WARC, or lists them in a way of its own.
        OSError: the file cannot be opened.
    """
    told = _facts(path, max_bytes).failures
    return told.addresses, told.more


def last_date(path: Path, max_bytes: int = MAX_BYTES) -> datetime:
    """The latest WARC-Date of a file: the moment all that is made from it is dated by.

    Raises:
        ArchiveError: the file is not a whole WARC, or a record has no date.
        OSError: the file cannot be opened.
    """
    return _facts(path, max_bytes).last


def referred(path: Path, max_bytes: int = MAX_BYTES) -> list[Path]:
    """The archives of other runs that hold what a file says it had before, the oldest first.

    Raises:
        ArchiveError: the file is not a whole WARC.
        OSError: the file cannot be opened.
    """
    return sorted(_facts(path, max_bytes).referred - {path})


def copy(path: Path, out: Path, max_bytes: int = MAX_BYTES) -> None:
    """Copies an archive as one that stands alone: with what it refers to in other archives in it.

    Raises:
        ArchiveError: a file is not a whole WARC, or an earlier answer is not where it was.
        OSError: a file cannot be read or written.
    """
    if referred(path, max_bytes):
        unfold(path, out, max_bytes)
    else:
        shutil.copyfile(path, out)


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one reading of a whole file tells of it."""

    last: datetime
    failures: _Failures
    referred: frozenset[Path]


def _facts(path: Path, max_bytes: int) -> _Facts:
    stat = path.stat()
    return _read_facts(path, max_bytes, (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=4)
def _read_facts(path: Path, max_bytes: int, _: tuple[int, int, int]) -> _Facts:
    """As of a file that is what it was: each of its facts is asked for several times in a run."""
    last: datetime | None = None
    told, holders, runs = _Failures(), set[Path](), runs_of(path)
    for place, record in records(path, max_bytes):
        with named(path, place):
            when = date(record)
            last = max(last or when, when)
            if record.rec_type == "metadata" and record.rec_headers.get_header("WARC-Target-URI") == FAILURES:
                told = _Failures.model_validate_json(payload(record, MAX_INFO))
        if refers := refers_to(path, runs, record):
            holders.add(refers[0])
    if last is None:  # records() gives at least one, or raises
        raise ArchiveError(path, "record 1", "a WARC record", "none")
    return _Facts(last, told, frozenset(holders))


def _has_none(record: str, url: str) -> bool:  # noqa: ARG001 (as `has`)
    return False


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
