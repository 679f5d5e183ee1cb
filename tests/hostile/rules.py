"""Hostile rules of a portal: its robots.txt and its sitemaps."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from hostile.bodies import BANKS, BANKS_PAGE
from hostile.case import TRAP, Case
from hostile.network import bombs, broken, endless
from hostile.server import Answer, Said, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROBOTS, _SITEMAP = "/robots.txt", "/piege/plan.xml"


def _robots(text: str, status: str = "200 OK") -> Answer:
    return whole(text.encode(), "text/plain", status)


def robots() -> list[Case]:
    """A robots.txt that forbids, fails, or is something else."""
    silent = {case.name: case.answers for case in [*endless(), *broken(), *bombs()]}
    unread = ("silence", "coupure", "bombe-gzip", "sans-fin", "goutte", "autre-protocole")
    forbidden = dict.fromkeys(BANKS, "page-unreachable")
    return [
        Case("robots-tout-interdit", {_ROBOTS: _robots("User-agent: *\nDisallow: /")}, fails="crawl-failed"),
        Case("robots-500", {_ROBOTS: _robots("", "500 Panne")}, fails="crawl-failed"),
        Case("robots-429", {_ROBOTS: _robots("", "429 Trop")}, fails="crawl-failed"),
        *(
            Case(f"robots-{name}", {_ROBOTS: next(iter(silent[name].values()))}, fails="crawl-failed")
            for name in unread
        ),
        Case("robots-404", {_ROBOTS: _robots("", "404 Rien")}),
        Case("robots-html", {_ROBOTS: whole(b"<html><p>Disallow: /</html>")}),
        Case(
            "robots-section",
            {_ROBOTS: _robots(f"User-agent: *\nDisallow: {BANKS_PAGE.removesuffix('tumorotheques/')}t")},
            held=forbidden,
        ),
        Case("robots-jokers", {_ROBOTS: _robots("User-agent: *\nDisallow: /" + "*a" * 400 + "*b$\n" + "X: y\n" * 9)}),
        Case("robots-immense", {_ROBOTS: _robots("User-agent: *\n" + "Disallow: /x*y\n" * 600_000)}),
        Case("robots-octets", {_ROBOTS: whole(b"\xff\xfe\0U\0s\0e\0r" * 1_000, "text/plain")}),
        Case(
            "robots-delai", {_ROBOTS: _robots("User-agent: *\nCrawl-delay: nan\nCrawl-delay: 1e999\nRequest-rate: 0/0")}
        ),
        Case(
            "robots-plans",
            {_ROBOTS: _robots(f"Sitemap: {TRAP}plan.xml\n" * 20_000 + "Sitemap: http://[\n")},
            codes={_SITEMAP: frozenset({"http-status"})},
        ),
    ]


def sitemaps(elsewhere: str) -> list[Case]:
    """Sitemaps that expand, refer out or to themselves, or list without an end."""
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    entities = (
        f'<?xml version="1.0"?><!DOCTYPE u [<!ENTITY l0 "lol">{lol}]><urlset><url><loc>&l11;</loc></url></urlset>'
    )
    external = (
        f'<?xml version="1.0"?><!DOCTYPE u SYSTEM "http://{elsewhere}/dtd" [<!ENTITY e SYSTEM "file:///etc/passwd">'
        f'<!ENTITY f SYSTEM "http://{elsewhere}/e"><!ENTITY % p SYSTEM "http://{elsewhere}/p"> %p;]>'
        "<urlset><url><loc>/&e;&f;</loc></url></urlset>"
    )
    itself = f"<sitemapindex><sitemap><loc>{_SITEMAP}</loc></sitemap></sitemapindex>"
    flood = "".join(f"<url><loc>{TRAP}plan/{n}/</loc><lastmod>2099</lastmod></url>" for n in range(130_000))
    out = f"<urlset><url><loc>http://{elsewhere}/</loc></url><url><loc>file:///etc/passwd</loc></url></urlset>"
    unread = frozenset({"sitemap-unreadable", "body-too-large", "body-unreadable", ""})

    def deeper(base: str) -> Iterator[Said]:
        nested = "".join(f"<sitemap><loc>{base}{TRAP}plan-{next(numbers)}.xml</loc></sitemap>" for _ in range(50))
        return whole(f"<sitemapindex>{nested}</sitemapindex>".encode(), "application/xml")("")

    numbers = iter(range(10**9))
    bodies = {
        "entites": entities.encode(),
        "dehors": external.encode(),
        "lui-meme": itself.encode(),
        "ailleurs": out.encode(),
        "rien": b"",
        "html": b"<html><p>bonjour",
        "profond": b"<a>" * 500_000,
        "bombe": gzip.compress(b"<urlset>" + b" " * 500_000_000),
    }
    declared = _robots(f"Sitemap: {_SITEMAP}")
    many = frozenset({"too-many-pages", "http-status"})
    return [
        *(
            Case(
                f"plan-{name}",
                {_ROBOTS: declared, _SITEMAP: whole(body, "application/xml")},
                codes={_SITEMAP: unread},
            )
            for name, body in bodies.items()
        ),
        Case(
            "plan-deluge",
            {_ROBOTS: declared, _SITEMAP: whole(f"<urlset>{flood}</urlset>".encode(), "application/xml")},
            others=many,
        ),
        Case("plan-sans-fond", {_ROBOTS: declared, _SITEMAP: deeper, f"{TRAP}plan-*": deeper}, others=many),
    ]
