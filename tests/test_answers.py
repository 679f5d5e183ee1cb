"""A page's address that answered something else than the page: held with what came, whatever copies exist."""

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, WORDPRESS, Done
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from schemas.load import load
from spiders import archive, blocks
from spiders.answers import doubt
from spiders.archive import Capture
from spiders.archive_writer import ArchiveWriter
from spiders.extract import Extract
from spiders.reading import Reading, read_archive

PORTAL = "canceropole-idf"
ORIGIN = "https://www.canceropole-idf.fr"
BANKS = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
MAINTENANCE = b"<!doctype html><title>Site en maintenance</title><h1>Site en maintenance</h1><p>A demain.</html>"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(MAINTENANCE), MAINTENANCE)
LOGIN = b'<title>Connexion</title><form><p>Mot de passe <input type="password"></form></html>'

Edit = Callable[[Capture], Capture | None]


def reread(sample: Done, target: Path, edit: Edit) -> Reading:
    """The sample's archive read with other answers; an edit gives None for an address that was never asked for."""
    source = next(sample.home.glob("runs/*/portal.warc.gz"))
    base = archive.info(source)["canceropole-base"]
    with ArchiveWriter(target, archive.info(source)) as writer:
        for capture in archive.read(source):
            edited = edit(replace(capture, url="/" + capture.url.removeprefix(base)))
            if edited is not None:
                headers = list(edited.headers.items())
                body, missing = edited.body, edited.missing
                url = base + edited.url.removeprefix("/")
                writer.response(url, edited.status, "", headers, body, edited.when, truncated=missing)
    return read_archive(target, load(PORTAL))


def at(path: str, **changes: Any) -> Edit:
    return lambda capture: replace(capture, **changes) if capture.url == path else capture


def html(body: bytes, path: str = BANKS) -> Edit:
    return at(path, body=body, headers={"content-type": "text/html; charset=utf-8"})


def cut(marker: bytes, path: str = BANKS) -> Edit:
    def edit(capture: Capture) -> Capture:
        if capture.url != path:
            return capture
        return replace(capture, body=capture.body[: capture.body.index(marker) + len(marker)])

    return edit


def to(location: str) -> Edit:
    return at(BANKS, status=302, headers={"location": location}, body=b"")


def codes(extract: Extract) -> list[str]:
    return [reason.code for reason in extract.faults + extract.notes]


@pytest.mark.parametrize(
    ("edit", "code", "found"),
    [
        (cut(b"<h1"), "page-truncated", "the text ends inside a tag, a comment or a script"),
        (cut(b"</tr>"), "page-truncated", "<table> is not closed"),
        (cut(b"</table>"), "page-truncated", "is not closed"),
        (cut(b"</main>"), "page-truncated", "is not closed"),
        (cut(b"</body>"), "page-truncated", "no </html>, unlike "),
        (cut(b"<titl"), "page-truncated", "the text ends inside a tag, a comment or a script"),
        (html("<h1>Tumorothèques</h1><p>L'été".encode()[:-1]), "page-truncated", "the text ends with "),
        (html(b"<h1>Tumoroth\xc3\xa8ques</h1><p>AT&am"), "page-truncated", "the text ends with "),
        (at(BANKS, missing="length"), "page-truncated", "no whole body: length"),
        (at(BANKS, missing="unspecified"), "page-unreachable", "no whole body: unspecified"),
        (html(b""), "page-empty", "no text"),
        (html(b"<title>Tumoroth\xc3\xa8ques</title><main> <div></div></main></html>"), "page-empty", "no text in"),
        (html(MAINTENANCE), "page-not-content", "Site en maintenance"),
        (html(LOGIN), "page-not-content", "Connexion"),
        (html(b"Service indisponible</html>"), "page-not-content", "Service indisponible"),
        (to("/"), "page-not-content", "Cancéropôle"),
        (to("https://sso.example/login"), "page-not-content", "a redirect to https://sso.example/login"),
        (to("/rapport.pdf"), "page-not-content", "a redirect to /rapport.pdf"),
        (to("http://["), "page-not-content", "a redirect to http://["),
        (to(BANKS), "page-unreachable", "redirects without an end"),
        (html(b'{"error": "forbidden"}'), "page-wrong-type", "text/html, and JSON in it"),
        (html(b"%PDF-1.7\n"), "page-wrong-type", "text/html, and PDF in it"),
        (html(b"a\0b"), "page-wrong-type", "text/html, and binary data in it"),
        (html(b"<?xml version='1.0'?><rss></rss>"), "page-wrong-type", "text/html, and XML (rss) in it"),
        (at(BANKS, headers={"content-type": "application/pdf"}), "page-wrong-type", "application/pdf"),
        (at(BANKS, headers={"content-type": "text/plain"}, missing="unspecified"), "page-wrong-type", "text/plain"),
        (at(BANKS, headers={}), "page-wrong-type", "no Content-Type"),
        (at(BANKS, status=403), "page-unreachable", "status 403"),
        (at(BANKS, status=202), "page-unreachable", "status 202"),
        (at(BANKS, status=304), "page-unreachable", "status 304"),
    ],
)
def test_an_address_that_answered_something_else_holds_its_datasets_and_no_other(
    sample: Done, tmp_path: Path, edit: Edit, code: str, found: str
) -> None:
    extracts = reread(sample, tmp_path / "portal.warc.gz", edit).extracts
    held = {name for name, extract in extracts.items() if extract.faults}
    assert held == {"tumorotheques", "tumorotheques_responsables", "collections_biologiques"}
    [fault] = extracts["tumorotheques"].faults
    assert (fault.code, fault.expected, fault.place) == (code, "« Tumorothèques »", "")
    assert fault.page.startswith(ORIGIN)
    assert fault.found.startswith(found) or fault.found.endswith(found)
    assert extracts["tumorotheques"].rows == []


@pytest.mark.parametrize(("status", "code"), [(200, "address-moved"), (404, "found-elsewhere")])
def test_a_redirect_is_followed_to_the_page_or_to_its_absence(
    sample: Done, tmp_path: Path, status: int, code: str
) -> None:
    def edit(capture: Capture) -> Capture:
        if capture.url == "/contact/":  # its record becomes the redirect from the page's old address
            return replace(capture, url=BANKS, status=301, headers={"location": "/nouvelle/"}, body=b"")
        return replace(capture, url="/nouvelle/", status=status) if capture.url == BANKS else capture

    assert codes(reread(sample, tmp_path / "a.warc.gz", edit).extracts["tumorotheques"]) == [code]


def test_a_page_by_another_name_that_has_the_block_is_taken(sample: Done, tmp_path: Path) -> None:
    def edit(capture: Capture) -> Capture:
        body = re.sub(b"(<h1[^>]*>|<title>)Tumoroth\xc3\xa8ques", b"\\1Nos banques de tumeurs", capture.body)
        return replace(capture, body=body) if capture.url == BANKS else capture

    extract = reread(sample, tmp_path / "portal.warc.gz", edit).extracts["tumorotheques"]
    assert codes(extract) == ["found-elsewhere"]
    assert len(extract.rows) == 20


def test_a_page_by_the_right_name_wins_over_another_page_at_its_old_address(sample: Done, tmp_path: Path) -> None:
    source = next(sample.home.glob("runs/*/portal.warc.gz"))
    base = archive.info(source)["canceropole-base"]
    target = tmp_path / "portal.warc.gz"
    with ArchiveWriter(target, archive.info(source)) as writer:
        for capture in archive.read(source):
            headers = [("Content-Type", capture.headers.get("content-type", ""))]
            if capture.url.endswith(BANKS):
                writer.response(capture.url, 200, "", headers, MAINTENANCE, capture.when)
            url = base + "nouvelle/" if capture.url.endswith(BANKS) else capture.url
            writer.response(url, capture.status, "", headers, capture.body, capture.when)
    assert codes(read_archive(target, load(PORTAL)).extracts["tumorotheques"]) == ["address-moved"]


def test_a_cut_copy_is_neither_taken_nor_compared(sample: Done, tmp_path: Path) -> None:
    def copies(capture: Capture) -> Capture:
        if not re.match("/(tag|category)/", capture.url) or b"Tumoroth\xc3\xa8ques" not in capture.body:
            return capture
        return replace(capture, body=capture.body[: capture.body.index(b"</td>")] if b"</td>" in capture.body else b"")

    reading = reread(sample, tmp_path / "a.warc.gz", copies)
    assert codes(reading.extracts["tumorotheques"]) == []
    assert len(reading.extracts["tumorotheques"].rows) == 20

    def gone(capture: Capture) -> Capture:
        return at(BANKS, status=404)(copies(capture)) or capture

    assert codes(reread(sample, tmp_path / "b.warc.gz", gone).extracts["tumorotheques"]) == ["page-missing"]


def test_another_table_that_looks_alike_is_no_copy(sample: Done, tmp_path: Path) -> None:
    def alike(capture: Capture) -> Capture | None:
        return None if capture.url == BANKS or capture.url.startswith("/tag/") else capture

    extract = reread(sample, tmp_path / "a.warc.gz", alike).extracts["tumorotheques"]
    assert (codes(extract), extract.rows) == (["page-missing"], [])


def test_a_cut_page_at_a_new_address_is_known_by_its_title(sample: Done, tmp_path: Path) -> None:
    def edit(capture: Capture) -> Capture:
        edited = cut(b"</tr>")(capture) or capture
        return replace(edited, url="/nouvelle/") if capture.url == BANKS else edited

    assert codes(reread(sample, tmp_path / "a.warc.gz", edit).extracts["tumorotheques"]) == ["page-truncated"]


def test_a_cut_article_holds_the_dataset_of_all_articles(sample: Done, tmp_path: Path) -> None:
    reading = reread(sample, tmp_path / "a.warc.gz", cut(b"</h1>", "/actualites/actualite-1/"))
    assert {name for name, extract in reading.extracts.items() if extract.faults} == {"publications"}
    assert [fault["code"] for fault in reading.unreadable] == ["page-truncated"]


def maintenance(capture: Capture) -> Capture:
    return replace(capture, status=200, headers={"content-type": "text/html"}, body=MAINTENANCE)


def only_home(capture: Capture) -> Capture | None:
    return maintenance(capture) if capture.url == "/" else None


def login(capture: Capture) -> Capture:
    if capture.url == "/contact/":
        return replace(capture, url="/login", headers={"content-type": "text/html"}, body=LOGIN)
    return replace(capture, status=302, headers={"location": "/login"}, body=b"")


@pytest.mark.parametrize(
    ("edit", "found"), [(maintenance, "Site en maintenance"), (only_home, "Site en maintenance"), (login, "Connexion")]
)
def test_a_portal_that_answers_one_page_everywhere_feeds_nothing(
    sample: Done, tmp_path: Path, edit: Edit, found: str
) -> None:
    extracts = reread(sample, tmp_path / "portal.warc.gz", edit).extracts
    assert {name: extract.rows for name, extract in extracts.items() if extract.rows} == {}
    said = {(fault.code, fault.found) for name, e in extracts.items() if name != "publications" for fault in e.faults}
    assert said == {("page-not-content", found)}
    assert all(extract.faults for name, extract in extracts.items() if name != "publications")


def test_a_portal_without_html_end_tags_is_whole(sample: Done, tmp_path: Path) -> None:
    def minified(capture: Capture) -> Capture:
        return replace(capture, body=re.sub(rb"</(html|body|p|li|td|tr|th|tbody|thead)>\s*", b"", capture.body))

    reading = reread(sample, tmp_path / "a.warc.gz", minified)
    assert {name: codes(extract) for name, extract in reading.extracts.items() if extract.faults} == {}


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ([("Content-Length", "900")], b"<h1>Tumo", "page-truncated"),
        ([("Transfer-Encoding", "chunked")], b"8\r\n<h1>Tumo\r\n", "page-truncated"),
        ([("Transfer-Encoding", "chunked")], b"ff\r\n<h1>Tumo", "page-truncated"),
        ([("Content-Encoding", "gzip")], gzip.compress(b"<h1>Tumo" * 99)[:-9], "page-unreachable"),
        ([("Content-Encoding", "zstd")], b"<h1>Tumo", "page-unreachable"),
        ([("Transfer-Encoding", "chunked")], MAINTENANCE, "page-not-content"),
        ([("Transfer-Encoding", "chunked")], CHUNKS, "page-not-content"),
    ],
    ids=["length", "no last chunk", "cut chunk", "cut gzip", "unknown encoding", "chunks taken apart", "whole chunks"],
)
def test_another_tool_s_short_bodies_are_no_content(
    tmp_path: Path, headers: list[tuple[str, str]], body: bytes, code: str
) -> None:
    file = tmp_path / "foreign.warc.gz"
    with file.open("wb") as out:
        writer = WARCWriter(out, gzip=True)
        for path, extra, content in ((BANKS, headers, body), ("/", [], b"<h1>Accueil</h1></html>")):
            http = StatusAndHeaders("200 OK", [("Content-Type", "text/html"), *extra], protocol="HTTP/1.1")
            record = writer.create_warc_record(
                ORIGIN + path, "response", BytesIO(content), length=len(content), http_headers=http
            )
            writer.write_record(record)
    assert codes(read_archive(file, load(PORTAL)).extracts["tumorotheques"]) == [code]


def pages() -> list[Path]:
    folders = [ROOT / "spiders" / "sample" / "pages", WORDPRESS / "wordpress" / "files"]
    return sorted(file for folder in folders for file in folder.rglob("*.html"))


def doubted(body: bytes) -> str:
    when = datetime(2026, 11, 24, tzinfo=UTC)
    capture = Capture(f"{ORIGIN}/x/", when, "urn:uuid:1", 200, {"content-type": "text/html; charset=utf-8"}, body)
    found = doubt(capture, blocks.read(capture.text(), capture.url))
    return found[0] if found else ""


@pytest.mark.parametrize("file", pages(), ids=lambda file: file.name)
def test_a_real_page_is_whole(file: Path) -> None:
    body = file.read_bytes()
    assert doubted(body) == ""
    assert doubted(body + b"\n<!-- cached -->\n<script>x()</script>\n") == ""
    assert doubted(re.sub(rb"</(html|body|p|li|td|tr|th|tbody|thead)>\s*", b"", body)) == ""
    assert doubted(body.decode().encode("utf-16")) == ""


class Open(HTMLParser):
    """The elements of a well-formed text that are open, of those that need an end tag."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag in {"div", "main", "section", "article", "table", "ul", "ol", "a", "span", "strong", "form", "header"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            self.open.remove(tag)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_page_cut_where_an_element_is_open_is_never_whole(data: st.DataObject) -> None:
    body = data.draw(st.sampled_from(pages())).read_bytes()
    part = body[: data.draw(st.integers(0, len(body) - 1))]
    reader = Open()
    reader.feed(part.decode(errors="replace"))
    assert doubted(part) or not reader.open
