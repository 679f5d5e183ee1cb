"""The sample portal, asked over real HTTP."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

import pytest
from selectolax.lexbor import LexborHTMLParser

from spiders.sample.server import ORIGIN, REDIRECTS, SamplePortal

if TYPE_CHECKING:
    from collections.abc import Iterator

TUMOUR_BANKS = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
TRANSVERSAL = "/structuration-de-la-recherche-en-idf/programmes-transversaux/"
ENGLISH = "/en/structuring-research/resources/tumour-banks/"
DEAD = "/structurer-la-recherche/projets/"
ARCHIVES = {"/actualites/page/2/", "/tag/appel-a-projet/"}
LOC = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str


class Browser:
    """Asks for paths exactly as given: no normalisation, no redirect followed."""

    def __init__(self, base: str) -> None:
        self.base = base

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = HTTPConnection(urlsplit(self.base).netloc, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            text = response.read().decode("utf-8")
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
        finally:
            connection.close()

    def path(self, address: str) -> str:
        assert address.startswith(self.base)
        return address.removeprefix(self.base.rstrip("/"))

    def links(self, path: str, text: str) -> Iterator[str]:
        for node in LexborHTMLParser(text).css("a[href]"):
            address = urljoin(urljoin(self.base, path), node.attributes["href"]).split("#")[0]
            if address.startswith(self.base):
                yield self.path(address)

    def sitemap(self) -> list[str]:
        maps = [self.path(str(loc.text)) for loc in ET.fromstring(self.get("/wp-sitemap.xml").text).iter(LOC)]
        return [self.path(str(loc.text)) for name in maps for loc in ET.fromstring(self.get(name).text).iter(LOC)]

    def crawl(self) -> dict[str, int]:
        """Every internal address reachable by links from the home page, with its status."""
        waiting, seen = ["/"], dict[str, int]()
        while waiting:
            path = waiting.pop()
            if path in seen:
                continue
            answer = self.get(path)
            seen[path] = answer.status
            if answer.headers.get("content-type", "").startswith("text/html"):
                waiting += self.links(path, answer.text)
        return seen


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with SamplePortal() as portal:
        yield Browser(portal.base)


def test_a_page_is_served_as_html_with_validators(browser: Browser) -> None:
    answer = browser.get(TUMOUR_BANKS)
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=UTF-8"
    assert answer.headers["last-modified"] == "Tue, 08 Sep 2015 10:00:00 GMT"
    assert "<h1>Tumorothèques</h1>" in answer.text
    assert len(LexborHTMLParser(answer.text).css("main tbody tr")) == 20


def test_a_known_etag_is_answered_304_without_body(browser: Browser) -> None:
    tag = browser.get(TUMOUR_BANKS).headers["etag"]
    answer = browser.get(TUMOUR_BANKS, If_None_Match=tag)
    assert (answer.status, answer.text, answer.headers["etag"]) == (304, "", tag)
    assert browser.get(TUMOUR_BANKS, If_None_Match='"other"').status == 200


def test_head_has_the_headers_of_get_and_no_body(browser: Browser) -> None:
    answer = browser.get(TUMOUR_BANKS, method="HEAD")
    assert (answer.status, answer.text) == (200, "")
    assert int(answer.headers["content-length"]) == len(browser.get(TUMOUR_BANKS).text.encode())


@pytest.mark.parametrize(
    ("path", "target"), [*REDIRECTS.items(), (TUMOUR_BANKS.rstrip("/"), TUMOUR_BANKS), ("/agenda?type=x", "/agenda/")]
)
def test_an_old_or_unfinished_address_redirects(browser: Browser, path: str, target: str) -> None:
    answer = browser.get(path)
    assert (answer.status, browser.path(answer.headers["location"])) == (301, target)
    assert browser.get(target).status == 200


@pytest.mark.parametrize("path", ["/nulle-part/", "/nulle-part", DEAD, "/404.html", "/agenda/index.html", "/wp-admin/"])
def test_an_unknown_address_is_answered_404_with_a_page(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status == 404
    assert "<h1>Page introuvable</h1>" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/../server.py", "/%2e%2e/server.py", "/..%2fserver.py", "/actualites/../../server.py", "//etc/passwd", "/%00"],
)
def test_no_address_leads_out_of_the_pages(browser: Browser, path: str) -> None:
    assert browser.get(path).status == 404


@pytest.mark.parametrize("path", ["/", TUMOUR_BANKS, "/robots.txt", "/wp-sitemap.xml", "/feed/", "/nulle-part/"])
def test_the_portals_own_origin_becomes_the_servers(browser: Browser, path: str) -> None:
    text = browser.get(path).text
    assert ORIGIN not in text
    assert browser.base in text


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/robots.txt", "text/plain"),
        ("/wp-sitemap.xml", "application/xml"),
        ("/feed/", "application/rss+xml"),
        ("/wp-content/uploads/2018/06/COP-2018-2022.pdf", "application/pdf"),
    ],
)
def test_each_kind_of_file_has_its_type(browser: Browser, path: str, kind: str) -> None:
    assert browser.get(path).headers["content-type"].split(";")[0] == kind


def test_every_address_of_the_sitemap_answers_200(browser: Browser) -> None:
    listed = browser.sitemap()
    assert len(listed) == len(set(listed)) == 33
    assert {browser.get(path).status for path in listed} == {200}


def test_every_internal_link_answers_but_the_dead_one(browser: Browser) -> None:
    statuses = browser.crawl()
    assert {path for path, status in statuses.items() if status not in {200, 301}} == {DEAD}


def test_two_pages_are_reached_by_links_only(browser: Browser) -> None:
    listed = set(browser.sitemap())
    read = {path for path, status in browser.crawl().items() if status == 200 and path.endswith("/")}
    assert listed <= read
    assert read - listed - ARCHIVES - {"/feed/"} == {TRANSVERSAL, ENGLISH}


def test_the_archive_repeats_the_data_pages_whole(browser: Browser) -> None:
    copies = {}
    for article in LexborHTMLParser(browser.get("/tag/appel-a-projet/").text).css("article.fiche"):
        link, text = article.css_first("h2 a"), article.css_first(".texte")
        assert link is not None
        assert text is not None
        copies[browser.path(str(link.attributes["href"]))] = text.html
    assert len(copies) == 10
    for path, copy in copies.items():
        text = LexborHTMLParser(browser.get(path).text).css_first("main .texte")
        assert text is not None
        assert text.html == copy


def test_the_english_page_says_what_the_french_table_does_not(browser: Browser) -> None:
    tree = LexborHTMLParser(browser.get(ENGLISH).text)
    assert tree.root is not None
    assert tree.root.attributes["lang"] == "en-GB"
    assert "21 hospital tumour banks" in tree.text()


def test_leaving_the_context_frees_the_port() -> None:
    with SamplePortal() as portal:
        port = urlsplit(portal.base).port
    with pytest.raises(ConnectionRefusedError):
        Browser(portal.base).get("/")
    with SamplePortal(port or 0) as again:
        assert again.base == portal.base
        assert Browser(again.base).get("/robots.txt").status == 200
