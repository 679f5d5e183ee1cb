"""An archive to raw rows: every page of it is read once, for all declarations together."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from spiders import archive, blocks
from spiders.answers import NOT_CONTENT, TRUNCATED, Answered, answers, doubt, ends, portal_address
from spiders.extract import Extract, choose, gather, unclaimed
from spiders.manners import HTML
from spiders.spans import PageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Dataset, Portal
    from spiders.archive import Capture
    from spiders.page import Page

_OK = HTTPStatus.OK


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
    findings, content, titles, cut = [], [], {}, []
    captures = _latest(path, base, portal)
    html = {url: c for url, c in captures.items() if c.content_type in HTML and not c.missing}
    ended = {url for url, c in html.items() if c.status == _OK and ends(c.body)}
    others = sum(c.status == _OK for c in html.values()) - 1
    read: dict[str, Answered] = {}
    for url, capture in sorted(html.items()):
        try:
            page = blocks.read(capture.text(), url, base, portal.origin)
        except PageError as error:
            reading.unreadable.append({"code": "page-unreadable", "url": url, "message": str(error)})
            continue
        reading.pages.append(_row(url, capture, page))
        reading.captures[url] = _evidence(capture)
        if capture.status != _OK:
            continue
        wrong = doubt(capture, page, (len(ended - {url}), others))
        read[url] = Answered(url, *(wrong or (NOT_CONTENT, _called(page))))
        if wrong is not None:
            if read[url].code == TRUNCATED:
                reading.unreadable.append({"code": TRUNCATED, "url": url, "message": read[url].found})
                cut += [] if _repeats(page, portal) else [page]
            continue
        findings += gather(page, portal, datasets)
        titles[url] = page.title
        if not _repeats(page, portal):
            content.append((url, page.own_blocks))
    failed = {address for url in archive.failures(path) if (address := portal_address(url, base, portal.origin))}
    failed |= {fault["url"] for fault in reading.unreadable if fault["code"] != TRUNCATED}
    reading.extracts = choose(datasets, findings, answers(captures, read, cut, failed, (base, portal.origin)))
    used = {place for extract in reading.extracts.values() for place in extract.used}
    reading.unclaimed = unclaimed(content, used, portal, titles)
    _name_datasets(reading)
    return reading


def _called(page: Page) -> str:
    """What names a page that is not the one expected: its title, or how it begins."""
    return (page.title or page.blocks[0].head)[:200]


def _evidence(capture: Capture) -> dict[str, str]:
    return {
        "capture": f"{capture.when:%Y-%m-%dT%H:%M:%SZ}",
        "record": capture.record,
        "sha256": capture.sha256,
    }


def _latest(path: Path, base: str, portal: Portal) -> dict[str, Capture]:
    """The latest answer of every address of the portal; 'not modified' has nothing to say after another."""
    kept: dict[str, Capture] = {}
    for capture in archive.answers(path, max_body=portal.crawl.max_body, kinds=HTML):
        url = portal_address(capture.url, base, portal.origin)
        if url is not None and (url not in kept or _replaces(capture, kept[url])):
            kept[url] = capture
    return kept


def _replaces(capture: Capture, earlier: Capture) -> bool:
    return capture.status != HTTPStatus.NOT_MODIFIED and earlier.when <= capture.when


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
            "confidence": row.match.confidence,
            "doubt": row.match.doubt,
            "parts": row.parts,
        }


def stated_counts(extract: Extract, dataset: Dataset) -> list[dict[str, Any]]:
    """The numbers of rows that pages state, as JSON objects.

    Returns:
        count, page, place, text; rows: how many it is said of, null if of all; holds: whether it is the dataset's own
        page that says so, which must be right.
    """
    own = dataset.sources[0].page
    return [
        {
            "count": said.count,
            "page": url,
            "place": said.place,
            "text": said.text,
            "rows": said.rows,
            "holds": dataset.sources[number - 1].page == own,
        }
        for number, url, said in extract.stated
    ]
