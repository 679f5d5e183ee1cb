"""WARC files written and read back, damaged in every way, and those of other tools."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING

import brotli  # type: ignore[import-untyped] # comes with scrapy, has no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from spiders import archive
from spiders.archive import ArchiveError, ArchiveWriter
from spiders.encoding import BodyError, BodyTooLargeError, decode

if TYPE_CHECKING:
    from pathlib import Path

WHEN = datetime(2026, 11, 23, 15, 30, 0, 250, tzinfo=UTC)
INFO = {"software": "canceropole/0", "canceropole-base": "http://127.0.0.1:1/", "canceropole-source": "sample"}
PAGE = "<h1>Cancéropôle Île-de-France</h1>"
ENCODINGS = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}
HTML = [("Content-Type", "text/html; charset=utf-8")]


def write(path: Path, *bodies: bytes, headers: list[tuple[str, str]] | None = None) -> Path:
    with ArchiveWriter(path, INFO) as writer:
        for number, body in enumerate(bodies):
            when = WHEN + timedelta(seconds=number)
            writer.response(f"https://portail.example/{number}", 200, "OK", headers or HTML, body, when)
    return path


def members(data: bytes) -> list[int]:
    """Where each gzip member of a file begins, and the file's end."""
    starts, rest = [], data
    while rest:
        starts.append(len(data) - len(rest))
        unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        unzip.decompress(rest)
        rest = unzip.unused_data
    return [*starts, len(data)]


@settings(max_examples=60, deadline=None)
@given(
    path=st.from_regex(r"/[a-z0-9/_-]{0,30}", fullmatch=True),
    status=st.integers(200, 599),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    body=st.binary(max_size=3_000),
    value=st.from_regex(r"[!-~]([ -~]{0,40}[!-~])?", fullmatch=True),
    when=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=2)))),  # noqa: DTZ001 (the zone comes with timezones)
)
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    path: str,
    status: int,
    encoding: str,
    body: bytes,
    value: str,
    when: datetime,
) -> None:
    file = tmp_path_factory.mktemp("warc") / "a.warc.gz"
    headers = [("Content-Type", "application/xml"), ("X-Value", value), ("Transfer-Encoding", "chunked")]
    if encoding:
        headers.append(("Content-Encoding", encoding))
    with ArchiveWriter(file, INFO) as writer:
        writer.response(f"https://portail.example{path}", status, "", headers, ENCODINGS[encoding](body), when)
    [capture] = archive.read(file)
    assert (capture.url, capture.status, capture.body) == (f"https://portail.example{path}", status, body)
    assert (capture.when, capture.content_type) == (when, "application/xml")
    assert capture.sha256 == sha256(body).hexdigest()
    assert capture.headers["x-value"] == value
    assert "transfer-encoding" not in capture.headers
    assert archive.last_date(file) >= when


def test_info_and_dates(tmp_path: Path) -> None:
    file = write(tmp_path / "a.warc.gz", b"un", b"deux")
    assert archive.info(file).items() >= INFO.items()
    first, second = archive.read(file)
    assert (first.when, second.when) == (WHEN, WHEN + timedelta(seconds=1))
    assert first.record.startswith("urn:uuid:")
    assert first.record != second.record


def test_every_record_is_a_gzip_member(tmp_path: Path) -> None:
    data = write(tmp_path / "a.warc.gz", b"un", b"deux").read_bytes()
    assert [gzip.decompress(data[a:b])[:8] for a, b in pairwise(members(data))] == [b"WARC/1.1"] * 3


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PAGE.encode(), "text/html; charset=utf-8"),
        (PAGE.encode("cp1252"), "text/html; charset=iso-8859-1"),
        (b'<meta charset="iso-8859-1">' + PAGE.encode("cp1252"), "text/html"),
        (PAGE.encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
    ],
)
def test_text_is_decoded_as_a_browser_does(tmp_path: Path, body: bytes, content_type: str) -> None:
    [capture] = archive.read(write(tmp_path / "a.warc.gz", body, headers=[("Content-Type", content_type)]))
    assert capture.text().endswith(PAGE)


def test_nothing_stands_under_the_final_name_before_a_clean_end(tmp_path: Path) -> None:
    file = tmp_path / "a.warc.gz"
    with pytest.raises(RuntimeError, match="stop"), ArchiveWriter(file, INFO):  # noqa: PT012 (the end is what is tested)
        assert [path.name for path in tmp_path.iterdir()] == [".a.warc.gz.part"]
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_a_truncated_answer_is_no_evidence(tmp_path: Path) -> None:
    with ArchiveWriter(tmp_path / "a.warc.gz", INFO) as writer:
        writer.response("https://portail.example/", 200, "OK", HTML, b"", WHEN, truncated="length")
    assert list(archive.read(tmp_path / "a.warc.gz")) == []
    [answered] = archive.answers(tmp_path / "a.warc.gz", kinds={"text/html"})
    assert (answered.status, answered.body, answered.missing) == (200, b"", "length")
    assert archive.last_date(tmp_path / "a.warc.gz") >= WHEN


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "a.warc.gz", b"un" * 50, PAGE.encode()).read_bytes()
    whole = set(members(data))
    cut = tmp_path / "cut.warc.gz"
    for end in range(len(data)):
        if end and end in whole:
            continue  # shorter by whole records: a WARC like another
        cut.write_bytes(data[:end])
        with pytest.raises(ArchiveError):
            list(archive.read(cut))


def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.warc.gz", b"un" * 50, PAGE.encode())
    data, captures = file.read_bytes(), list(archive.read(file))
    damaged = tmp_path / "damaged.warc.gz"
    for place in range(0, len(data), 3):
        damaged.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        try:
            found = list(archive.read(damaged))
        except ArchiveError:
            continue
        assert found == captures, place  # a gzip header's date and system are nobody's content


def test_a_changed_byte_of_a_plain_file_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "a.warc"
    data = gzip.decompress(write(tmp_path / "a.warc.gz", b"soixante-dix").read_bytes())
    plain.write_bytes(data)
    assert [capture.body for capture in archive.read(plain)] == [b"soixante-dix"]
    plain.write_bytes(data.replace(b"soixante-dix", b"soixante-six"))
    with pytest.raises(ArchiveError, match="record 2: expected the bytes of WARC-Block-Digest"):
        list(archive.read(plain))


@pytest.mark.parametrize("change", [-1, 1, 7, 2_000, 10_000_000_000])
def test_a_lying_length_is_refused(tmp_path: Path, change: int) -> None:
    plain = tmp_path / "a.warc"
    data = gzip.decompress(write(tmp_path / "a.warc.gz", b"un", b"deux").read_bytes())
    head, middle, tail = data.partition(b"Content-Type: application/http; msgtype=response\r\nContent-Length: ")
    length, end, rest = tail.partition(b"\r\n")
    plain.write_bytes(head + middle + str(int(length) + change).encode() + end + rest)
    with pytest.raises(ArchiveError):
        list(archive.read(plain))


@pytest.mark.parametrize(
    "content", [b"", b"<html></html>", b"\x1f\x8b", gzip.compress(b"PK", mtime=0), b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_what_is_no_warc_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.warc.gz"
    file.write_bytes(content)
    for use in (archive.info, archive.last_date, lambda path: list(archive.read(path))):
        with pytest.raises(ArchiveError, match=r"a\.warc\.gz, .*: expected .*, found "):
            use(file)


def test_a_body_over_its_bound_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "a.warc.gz", gzip.compress(bytes(5_000)), headers=[*HTML, ("Content-Encoding", "gzip")])
    [capture] = archive.read(file, max_body=5_000)
    assert len(capture.body) == 5_000
    with pytest.raises(ArchiveError, match="expected at most 4999 bytes"):
        list(archive.read(file, max_body=4_999))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_bomb_is_never_unpacked(encoding: str) -> None:
    bomb = ENCODINGS[encoding](bytes(20_000_000))
    with pytest.raises(BodyTooLargeError):
        decode(bomb, encoding, 1_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, br"])
def test_bodies_are_decoded_or_refused(encoding: str) -> None:
    packed = PAGE.encode()
    for name in encoding.split(", "):
        packed = ENCODINGS[name](packed)
    assert decode(packed, encoding) == PAGE.encode()
    with pytest.raises(BodyError):
        decode(packed[:-3], encoding)


def test_deflate_without_its_envelope_and_unknown_encodings() -> None:
    bare = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert decode(bare.compress(b"nu") + bare.flush(), "deflate") == b"nu"
    assert decode(gzip.compress(b"a", mtime=0) + gzip.compress(b"b", mtime=0), "x-gzip") == b"ab"
    with pytest.raises(BodyError, match="found zstd"):
        decode(b"?", "zstd")


@pytest.mark.parametrize("zipped", [True, False])
def test_other_tools_files_are_read(tmp_path: Path, *, zipped: bool) -> None:
    file = tmp_path / "foreign.warc.gz"
    with file.open("wb") as out:
        writer = WARCWriter(out, gzip=zipped, warc_version="1.0")
        chunks = b"4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n"
        for kind, uri, line, body, headers in (
            ("request", "http://portail.example/", "GET / HTTP/1.1", b"", []),
            ("response", "http://portail.example/", "200 OK", chunks, [*HTML, ("Transfer-Encoding", "chunked")]),
            ("response", "http://portail.example/b", "404 Not Found", b"non", HTML),
        ):
            http = StatusAndHeaders(line, headers, protocol="" if kind == "request" else "HTTP/1.1")
            fields = {"WARC-Date": "2026-11-23T15:30:00Z"}
            writer.write_record(
                writer.create_warc_record(
                    uri, kind, BytesIO(body), length=len(body), warc_headers_dict=fields, http_headers=http
                )
            )
        for kind in ("metadata", "resource"):
            fields = {"WARC-Date": "2026-11-23T15:31:00Z"}
            writer.write_record(
                writer.create_warc_record("urn:x:y", kind, BytesIO(b"a: b"), length=4, warc_headers_dict=fields)
            )
    page, missing = archive.read(file)
    assert (page.body, page.status, missing.body, missing.status) == (b"abcdef", 200, b"non", 404)
    assert page.when == datetime(2026, 11, 23, 15, 30, tzinfo=UTC)
    assert archive.info(file) == {}
    assert archive.last_date(file) == datetime(2026, 11, 23, 15, 31, tzinfo=UTC)
