"""The records of a WARC file, one after the other: strictly, and within bounds. A file may be a bomb, or lie."""

from __future__ import annotations

import gzip
import logging
import re
import zlib
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from warcio.bufferedreaders import BufferedReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecordLoader
from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from spiders.encoding import BodyError, BodyTooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warcio.warcwriter import WARCWriter

ARCHIVE = "portal.warc.gz"  # of a run, in its folder
REFERS_TO_FILE = "WARC-Refers-To-Filename"  # in no standard; what Heritrix calls the file of the record referred to
MAX_BYTES = 500_000_000  # of all bodies of a file, decoded: what one crawl may take
# What a file may unpack to: twice what a crawl may take (bodies, and all that stands around them), or what no file that
# is no bomb exceeds; HTML packs to a fifth or a tenth.
_CRAWLS, _TIMES = 2, 20
# Of a record and its answer: MAX_HEAD of `spiders.download` six times, as warcio writes every byte that is no ASCII
# (\xff is %C3%BF), and some room.
_MAX_HEAD = 2_000_000
_MAX_RECORDS = 500_000
_YEARS = range(1990, 2200)  # in which something of the web can have been answered
_MAX_TOLD = 300
_BLOCK = 16_384
_GZIP_MAGIC = b"\x1f\x8b"
_LENGTH = re.compile(r"[0-9]{1,15}")
_LOADER = ArcWarcRecordLoader()
_HTTP = StatusAndHeadersParser([], verify=False)

logging.getLogger("warcio").setLevel(logging.ERROR)  # it warns of a file in the file's own characters


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


def records(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[tuple[str, Any]]:
    """The records of a file with their places, each checked to its end before the next is read.

    Args:
        path: the file.
        max_bytes: the most bytes its bodies may have together, from which its own bound follows.

    Yields:
        A place to name in an error, and warcio's record; its `http_headers` are None unless it is of an answer, or says
        that one was as before.

    Raises:
        ArchiveError: truncated or corrupt file, lying length, not a WARC, or more than may be read.
        OSError: the file cannot be opened.
    """
    count = 0
    with _opened(path, max_bytes) as stream:
        reader = BufferedReader(stream)
        with named(path, "record 1"):
            line = reader.readline()
        while line:
            place = f"record {count + 1}"
            with named(path, place):
                if count == _MAX_RECORDS:
                    raise BodyTooLargeError(f"at most {_MAX_RECORDS} records", "more")
                record = _record(reader, line)
            stream.expect_body()
            yield place, record
            with named(path, place):
                line = _next_line(reader, record, stream)
            count += 1
    if not count:
        raise ArchiveError(path, "record 1", "a WARC record", "an empty file")


@contextmanager
def named(path: Path, place: str) -> Iterator[None]:
    """Whatever is wrong with a record is said with the file and the record.

    Raises:
        ArchiveError: in the place of what was raised.
    """
    try:
        yield
    except BodyError as error:
        raise ArchiveError(path, place, error.expected, error.found) from error
    # Of warcio: TypeError for a digest of an algorithm without a length, EOFError for headers that are not there.
    except (
        ArchiveLoadFailed,
        StatusAndHeadersParserException,
        ValueError,
        TypeError,
        OverflowError,
        EOFError,
    ) as error:
        told = " ".join(f"{type(error).__name__}: {error}"[:_MAX_TOLD].split())
        raise ArchiveError(path, place, "a well-formed WARC record", told) from error


def payload(record: Any, max_body: int) -> bytes:  # noqa: ANN401 (warcio has no types)
    """What is left of a record.

    Raises:
        BodyTooLargeError: more than `max_body` bytes.
    """
    body = cast("bytes", record.raw_stream.read(max_body + 1))
    if len(body) > max_body:
        raise BodyTooLargeError(f"at most {max_body} bytes", f"{header(record, 'Content-Length')}")
    return body


def is_answer(record: Any) -> bool:  # noqa: ANN401 (warcio has no types)
    """Whether a record holds an answer of HTTP."""
    return record.rec_type == "response" and record.http_headers is not None


def write(writer: WARCWriter, record: Any) -> None:  # noqa: ANN401 (warcio has no types)
    """Writes a record.

    Raises:
        OSError: the file cannot be written.
    """
    writer.write_record(record)
    if record.rec_type == "revisit" and hasattr(record, "_orig_stream"):
        record.raw_stream.close()  # warcio's buffer, which it leaves open where it writes no payload


def header(record: Any, name: str) -> str:  # noqa: ANN401 (warcio has no types)
    """A field of a record.

    Raises:
        BodyError: it has none of that name.
    """
    value = record.rec_headers.get_header(name)
    if value is None:
        raise BodyError(f"a {name} field", "none")
    return str(value)


def date(record: Any) -> datetime:  # noqa: ANN401 (warcio has no types)
    """The WARC-Date of a record, in UTC.

    Raises:
        BodyError: it has none, or one when there was no web.
        ValueError: it has no form of a date.
    """
    printed = header(record, "WARC-Date")
    when = datetime.fromisoformat(printed)
    if when.year not in _YEARS:
        raise BodyError(f"a WARC-Date between {_YEARS[0]} and {_YEARS[-1]}", printed[:_MAX_TOLD])
    return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)


def _record(reader: Any, line: bytes) -> Any:  # noqa: ANN401 (warcio has no types)
    # HTTP headers are parsed here: warcio parses those of records that nobody reads, and fails on what is none.
    record = _LOADER.parse_record_stream(reader, line, "warc", no_record_parse=True, check_digests=True)
    length = header(record, "Content-Length")
    if not _LENGTH.fullmatch(length):
        raise BodyError("a Content-Length in figures", length[:_MAX_TOLD])
    date(record)  # what is made from a file is dated by the last of all
    told = record.rec_type in {"response", "revisit"} and int(length)
    asked = header(record, "WARC-Target-URI") if told else ""
    if asked.startswith(("http:", "https:")):
        record.http_headers = _HTTP.parse(record.raw_stream)
    return record


def _next_line(reader: Any, record: Any, stream: _Stream) -> bytes:  # noqa: ANN401 (warcio has no types)
    """The first line of the next record, once this one is checked to its end; empty at the end of the file."""
    while record.raw_stream.read(_BLOCK):
        pass
    stream.expect_head()
    line = cast("bytes", reader.readline())
    # What is left of the limit is what the file should have had; a line that is not blank is what it should not.
    if record.raw_stream.limit or line.strip():
        raise BodyError(f"{header(record, 'Content-Length')} bytes, as Content-Length says", "others")
    # Tools do not agree on what a payload is (chunked or not), all do on the block.
    wrong = [problem for problem in record.digest_checker.problems if problem.startswith("block digest")]
    if wrong:
        raise BodyError("the bytes of WARC-Block-Digest", wrong[0][:_MAX_TOLD])
    while line and not line.strip():
        line = cast("bytes", reader.readline())
    return line


class _Stream:
    """A file's bytes, unzipped and counted; damage is a BodyError, as warcio takes an EOFError for the file's end."""

    def __init__(self, stream: Any, most: int) -> None:  # noqa: ANN401 (gzip's or a plain file)
        self._stream, self._most, self._read = stream, most, 0
        self.expect_head()

    def read(self, size: int = -1) -> bytes:
        try:
            data = cast("bytes", self._stream.read(size))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BodyError("whole gzip members", str(error)) from error
        self._read += len(data)
        if self._head_from is not None and self._read - self._head_from > _MAX_HEAD:
            raise BodyTooLargeError(f"a head of at most {_MAX_HEAD} bytes", "more")
        if self._read > self._most:
            raise BodyTooLargeError(f"a file that unpacks to at most {self._most} bytes", "more")
        return data

    def expect_head(self) -> None:
        """What is read from here on is a record's head, or what stands before it."""
        self._head_from: int | None = self._read

    def expect_body(self) -> None:
        """What is read from here on is bounded by the record's own length."""
        self._head_from = None


@contextmanager
def _opened(path: Path, max_bytes: int) -> Iterator[_Stream]:
    with Path(path).open("rb") as file:
        zipped = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
        file.seek(0)
        most = max(_CRAWLS * max_bytes, _TIMES * Path(path).stat().st_size)
        yield _Stream(gzip.GzipFile(fileobj=file) if zipped else file, most)
