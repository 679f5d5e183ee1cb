"""WARC files written and read back, damaged in every way, and those of other tools."""

from __future__ import annotations

import contextlib
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
from spiders.archive import ArchiveError
from spiders.archive_writer import ArchiveWriter
from spiders.download import MAX_HEAD
from spiders.encoding import BodyError, BodyTooLargeError, decode, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
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


def test_the_largest_headers_that_are_fetched_are_read_back(tmp_path: Path) -> None:
    file = write(tmp_path / "a.warc.gz", PAGE.encode(), headers=[*HTML, ("X-A", "\xff" * (MAX_HEAD - 100))])
    [capture] = archive.read(file)
    assert capture.text() == PAGE


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


PARTS = {
    "version": b"WARC/1.0",
    "type": b"response",
    "uri": b"http://portail.example/",
    "date": b"2026-11-23T15:30:00Z",
    "id": b"<urn:uuid:1>",
    "more": b"",
    "block": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>oui",
}


def record(**parts: bytes) -> bytes:
    """A record as a hostile hand would write it."""
    said = PARTS | {"length": str(len(parts.get("block", PARTS["block"]))).encode()} | parts
    lines = [
        said["version"],
        *(b"%s: %s" % (name, said[key]) for name, key in FIELDS.items() if key in said),
        *([said["more"]] if said["more"] else []),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + said["block"] + b"\r\n\r\n"


FIELDS = {
    b"WARC-Type": "type",
    b"WARC-Target-URI": "uri",
    b"WARC-Date": "date",
    b"WARC-Record-ID": "id",
    b"Content-Length": "length",
}


def refused(path: Path, content: bytes) -> str:
    """Why a file is refused, by whatever reads it whole; what is refused zipped is refused plain."""
    told = set()
    for data in (content, gzip.compress(content, 1)):
        path.write_bytes(data)
        with pytest.raises(ArchiveError, match=r": expected .*, found ") as caught:
            list(archive.answers(path, kinds={"text/html"}))
        told.add(str(caught.value))
    [reason] = told
    assert len(reason) < 1_000
    return reason


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (record(length=b"-5"), "expected a Content-Length in figures, found -5"),
        (record(length=b"1e3"), "expected a Content-Length in figures, found 1e3"),
        (record(length=b"9" * 5_000), "expected a Content-Length in figures"),
        (record(length=b"99999999999"), "bytes, as Content-Length says"),
        (record(date=b"0000-01-01T00:00:00Z"), "year 0"),
        (record(date=b"0001-01-01T00:00:00+14:00"), "a WARC-Date between 1990 and 2199"),
        (record(date=b"9999-12-31T23:59:59-14:00"), "a WARC-Date between 1990 and 2199"),
        (record(date=b"hier"), "Invalid isoformat"),
        (record(type=b"metadata", date=b"3000-01-01T00:00:00Z"), "a WARC-Date between 1990 and 2199"),
        (record(version=b"WARC/3.0"), "WARC/3.0"),
        (record(uri=b"http://[", type=b"warcinfo")[:30], "a Content-Length field, found none"),
        (record().replace(b"WARC-Target-URI", b"WARC-Target"), "a WARC-Target-URI field, found none"),
        (record().replace(b"WARC-Record-ID", b"WARC-Record"), "a WARC-Record-ID field, found none"),
        (record(block=b"HTTP/1.1 deux cents\r\n\r\n"), "a status of 'deux'"),
        (record(block=b"HTTP/1.1 2_0 OK\r\n\r\n"), "a status of '2_0'"),
        (record(block=b"HTTP/1.1 -200 OK\r\n\r\n"), "a status of '-200'"),
        (record(block=b"\xff"), "a status of ''"),
        (record(more=b"WARC-Block-Digest: shake_128:ABC"), "TypeError"),
        (record(more=b"WARC-Block-Digest: sha1:\xc3\xa9"), "Error"),
        (record(more=b"WARC-Block-Digest: sha1:AAAA"), "the bytes of WARC-Block-Digest"),
        (record(more=b"X: " + b"x" * 2_000_001), "a head of at most 2000000 bytes"),
        (record(more=b"\r\n".join([b"X: y"] * 400_000)), "a head of at most 2000000 bytes"),
        (record() + b"\r\n" * 1_100_000, "a head of at most 2000000 bytes"),
        (b"x" * 2_100_000, "a head of at most 2000000 bytes"),
        (b"http://portail.example/ 1.2.3.4 20261123153000 text/html 5\n<p>a\n", "Invalid WARC record"),
    ],
)
def test_a_record_that_lies_is_refused_with_the_reason(tmp_path: Path, content: bytes, why: str) -> None:
    assert why in refused(tmp_path / "a.warc", content)


def test_gzip_inside_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(gzip.compress(record())))
    with pytest.raises(ArchiveError, match="record 1: expected a well-formed WARC record, found ArchiveLoadFailed"):
        list(archive.read(tmp_path / "a.warc.gz"))


@pytest.mark.parametrize("headers", [1_000, 150_000])
def test_headers_without_end_are_read_in_their_time(tmp_path: Path, headers: int) -> None:
    file = tmp_path / "a.warc"
    file.write_bytes(record(block=b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * headers + b"\r\n"))
    [capture] = archive.read(file)
    assert capture.headers == {"a": ", ".join(["b"] * headers)}


@pytest.mark.parametrize("kind", [b"response", b"resource", b"conversion"])
def test_a_bomb_is_refused_in_a_record_that_is_read_and_in_one_that_is_not(tmp_path: Path, kind: bytes) -> None:
    file = tmp_path / "a.warc.gz"
    with gzip.open(file, "wb", compresslevel=9) as out:
        out.write(record(type=kind, length=b"50000000", block=b"HTTP/1.1 200 OK\r\n\r\n"))
        for _ in range(50):
            out.write(bytes(1_000_000))
    for use in (archive.last_date, archive.failures, lambda path, most: list(archive.read(path, max_bytes=most))):
        with pytest.raises(ArchiveError, match=r"expected (a file that unpacks to )?at most") as caught:
            use(file, 1_000_000)
        assert caught.value.where == "record 1"


def test_many_bodies_are_bounded_together(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.warc.gz", *[gzip.compress(bytes(5_000))] * 10, headers=[*HTML, ("Content-Encoding", "gzip")]
    )
    assert len(list(archive.read(file, max_bytes=50_000))) == 10
    for use in (archive.read(file, max_bytes=49_999), archive.answers(file, max_bytes=49_999, kinds={"text/html"})):
        with pytest.raises(ArchiveError, match="record 11: expected at most 49999 bytes of bodies, decoded"):
            list(use)


def test_the_archive_of_a_hostile_crawl_is_read_back(tmp_path: Path) -> None:
    """Pages that pack to nothing, as many as a crawl's bound allows, and addresses that could not be had."""
    file = tmp_path / "a.warc.gz"
    failed = [f"https://portail.example/{number}/{'x' * 1_900}" for number in range(2_000)]
    with ArchiveWriter(file, INFO) as writer:
        for number in range(20):
            writer.response(f"https://portail.example/{number}", 200, "OK", HTML, bytes(1_000_000), WHEN)
        writer.failures(failed)
    assert file.stat().st_size < 300_000
    assert sum(len(capture.body) for capture in archive.read(file, max_bytes=20_000_000)) == 20_000_000
    assert archive.failures(file, 20_000_000) == (set(failed), False)


@pytest.mark.parametrize(
    "listed", [b"[" * 100_000, b"{}", b"[]", b"null", b'{"canceropole-failures": 1}', b'{"canceropole-failures": [1]}']
)
def test_failures_that_are_no_list_are_refused_or_none(tmp_path: Path, listed: bytes) -> None:
    file = tmp_path / "a.warc"
    file.write_bytes(record(type=b"metadata", uri=b"urn:canceropole:failures", block=listed))
    if listed == b"{}":
        assert archive.failures(file) == (set(), False)
        return
    with pytest.raises(ArchiveError, match="record 1: expected a well-formed WARC record"):
        archive.failures(file)


@pytest.mark.parametrize(
    "passed_over",
    [
        record(type=b"revisit", block=b""),
        record(type=b"request", block=b"GET / HTTP/1.1\r\n\r\n"),
        record(type=b"request", block=b"\0\xff"),
        record(block=b""),
        record(uri=b"dns:portail.example", block=b"20261123153000 1.2.3.4"),
        record(type=b"inconnu", block=b"?"),
    ],
)
def test_what_is_no_answer_is_passed_over(tmp_path: Path, passed_over: bytes) -> None:
    file = tmp_path / "a.warc"
    file.write_bytes(passed_over + record(version=b"WARC/0.17") + passed_over)
    assert [capture.body for capture in archive.read(file)] == [b"<p>oui"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"z",
        b"5\r\nabc",
        b"-5\r\nabc\r\n0\r\n\r\n",
        b"fffffffffffffffff\r\nabc",
        b"5;" + b"x" * 100,
        b"3\r\nabcdef",
    ],
)
def test_chunks_that_are_none_are_no_crash(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "a.warc"
    file.write_bytes(record(block=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body))
    assert all(len(capture.body) <= len(body) for capture in archive.read(file))


@pytest.mark.parametrize(
    "name", ["base64", "idna", "punycode", "undefined", "zip", "rot13", "utf-7", "x" * 500, "utf-8\0"]
)
def test_an_encoding_that_is_none_of_texts_is_no_crash(name: str) -> None:
    body = f'<meta charset="{name}">{PAGE}'.encode("cp1252")
    for content_type in ("text/html", f"text/html; charset={name}"):
        assert "-france" in text_of(body, content_type).lower()


def test_an_encoding_that_takes_the_square_of_a_text_is_none() -> None:
    body = b"\xe9-" + b"aaaa9" * 400_000  # with punycode, a quarter of an hour
    assert text_of(body, "text/html; charset=punycode") == body.decode("utf-8", "replace")


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("nulle-part")])
def test_what_is_no_file_cannot_be_opened(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "a.warc")
    with pytest.raises(OSError, match=r"a\.warc"):
        list(archive.read(tmp_path / "a.warc"))


def test_a_plain_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    first, second = record(), record(uri=b"http://portail.example/b")
    cut = tmp_path / "cut.warc"
    for end in range(len(first + second)):
        cut.write_bytes((first + second)[:end])
        body_ends = (len(first) - 4, len(first + second) - 4)  # what a record is followed by is no part of it
        if any(0 <= end - length <= 4 for length in body_ends):
            assert len(list(archive.read(cut))) == 1 + (end > len(first)), end
            continue
        with pytest.raises(ArchiveError):
            list(archive.read(cut))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_plain_file_is_refused_or_read(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = record() + record(type=b"metadata", uri=b"urn:canceropole:failures", block=b"{}") + record(type=b"warcinfo")
    damaged = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=5)):
        damaged[place] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("warc") / "a.warc"
    file.write_bytes(damaged)
    for use in (archive.info, archive.failures, archive.last_date, lambda path: list(archive.read(path))):
        with contextlib.suppress(ArchiveError):
            use(file)


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
