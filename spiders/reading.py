"""An archive to raw rows: every page of it is read once, for all declarations together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spiders import archive, blocks
from spiders.extract import Extract, choose, gather, unclaimed
from spiders.manners import HTML
from spiders.spans import PageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Portal
    from spiders.archive import Capture
    from spiders.page import Page

_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500


@dataclass(slots=True)
class Reading:
    """What an archive holds: its HTML pages, what was extracted from them, what no declaration claims."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    unclaimed: list[dict[str, str]] = field(default_factory=list)
    extracts: dict[str, Extract] = field(default_factory=dict)
    captures: dict[str, dict[str, str]] = field(default_factory=dict)
    unreadable: list[dict[str, str]] = field(default_factory=list)


def read_archive(path: Path, declarations: Declarations) -> Reading:
    """Reads every HTML page of an archive and extracts every dataset from them.

    Args:
        path: a WARC file.
        declarations: the datasets, and the portal, whose origin the addresses are mapped to.

    Returns:
        Pages by address (columns of the dataset `pages`), extracts by dataset, the evidence of each address.

    Raises:
        ArchiveError: the file is not a whole WARC.
    """
    portal, datasets = declarations.portal, declarations.datasets
    base = archive.info(path).get("canceropole-base", "")
    reading = Reading()
    findings, content, titles = [], [], {}
    captures = _html(path, base, portal)
    for url, capture in sorted(captures.items()):
        try:
            page = blocks.read(capture.text(), url, base, portal.origin)
        except PageError as error:
            reading.unreadable.append({"code": "page-unreadable", "url": url, "message": str(error)})
            continue
        reading.pages.append(_row(url, capture, page))
        reading.captures[url] = _evidence(capture)
        if capture.status != _OK:
            continue
        findings += gather(page, portal, datasets)
        titles[url] = page.title
        if not _repeats(page, portal):
            content.append((url, page.own_blocks))
    reading.extracts = choose(datasets, findings, _unknown(path, base, portal, captures, reading))
    used = {place for extract in reading.extracts.values() for place in extract.used}
    reading.unclaimed = unclaimed(content, used, portal, titles)
    _name_datasets(reading)
    return reading


def _evidence(capture: Capture) -> dict[str, str]:
    return {
        "capture": f"{capture.when:%Y-%m-%dT%H:%M:%SZ}",
        "record": capture.record,
        "sha256": capture.sha256,
    }


def _unknown(path: Path, base: str, portal: Portal, captures: dict[str, Capture], reading: Reading) -> set[str]:
    """The paths of pages that may well be there although they were not had: not a reason to take a copy elsewhere."""
    urls = {portal_address(url, base, portal.origin) for url in archive.failures(path)}
    urls |= {url for url, capture in captures.items() if capture.status >= _SERVER_ERROR or capture.status == _TOO_MANY}
    urls |= {fault["url"] for fault in reading.unreadable}
    return {urlsplit(url).path.rstrip("/") for url in urls if url}


def _html(path: Path, base: str, portal: Portal) -> dict[str, Capture]:
    """The latest HTML answer of every address of the portal."""
    kept: dict[str, Capture] = {}
    for capture in archive.read(path, max_body=portal.crawl.max_body, kinds=HTML):
        url = portal_address(capture.url, base, portal.origin)
        if url is not None and (url not in kept or kept[url].when <= capture.when):
            kept[url] = capture
    return kept


def portal_address(url: str, base: str, origin: str) -> str | None:
    """The portal's own address of what was fetched from it or from a mirror; None for another host's."""
    parts = urlsplit(url)
    hosts = {urlsplit(origin).netloc, urlsplit(base).netloc} - {""}
    if parts.netloc not in hosts:
        return None
    return origin + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _repeats(page: Page, portal: Portal) -> bool:
    return page.repeats_others or portal.is_archive(urlsplit(page.url).path)


def _row(url: str, capture: Capture, page: Page) -> dict[str, Any]:
    kinds = [block.kind for block in page.blocks]
    return {
        "url": url,
        "titre": page.title or None,
        "langue": page.language or None,
        "statut": capture.status,
        "capture": f"{capture.when:%Y-%m-%dT%H:%M:%SZ}",
        "sha256": capture.sha256,
        "tableaux": kinds.count("table"),
        "listes": kinds.count("list"),
        "datasets": None,
    }


def _name_datasets(reading: Reading) -> None:
    fed: dict[str, list[str]] = {}
    for name, extract in sorted(reading.extracts.items()):
        for url in sorted({url for _, url, _ in extract.rows}):
            fed.setdefault(url, []).append(name)
    for page in reading.pages:
        page["datasets"] = "; ".join(fed.get(page["url"], [])) or None


def raw_rows(extract: Extract, captures: dict[str, dict[str, str]]) -> Iterable[dict[str, Any]]:
    """The rows of an extract as JSON objects, each with the evidence of its page."""
    for source, url, row in extract.rows:
        yield {
            "source": source,
            "url": url,
            **captures[url],
            "block": row.block,
            "position": row.position,
            "parts": row.parts,
        }
