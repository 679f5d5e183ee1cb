"""An archive to raw rows: every page of it is read once, for all declarations together.

The archive is gone through twice: which answer of each address is the latest is known only at its end, and its bodies
would not fit in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from spiders import archive
from spiders.answers import TRUNCATED, answers, ends, portal_address
from spiders.extract import Extract, choose, unclaimed
from spiders.isolation import isolated
from spiders.manners import HTML
from spiders.page_extract import PageRead, packed, read_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Dataset, Portal
    from spiders.archive import Capture

_OK = HTTPStatus.OK


@dataclass(slots=True)
class Reading:
    """What an archive holds: its HTML pages, what was extracted from them, what no declaration claims."""

    pages: list[dict[str, Any]] = field(default_factory=list)
    unclaimed: list[dict[str, str]] = field(default_factory=list)
    extracts: dict[str, Extract] = field(default_factory=dict)
    captures: dict[str, dict[str, str]] = field(default_factory=dict)
    unreadable: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Latest:
    """The latest answer of an address: its number in the archive; the answer without its body, and how that ends."""

    number: int
    capture: Capture
    ends: bool

    @property
    def is_page(self) -> bool:
        return self.capture.content_type in HTML and not self.capture.missing


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
    base = archive.info(path, portal.crawl.max_bytes).get("canceropole-base", "")
    latest = _latest(path, base, portal)
    reading = Reading()
    pages: dict[str, PageRead] = {}
    for url, read in sorted(_pages(path, base, latest, declarations)):
        if isinstance(read, PageRead):
            pages[url] = read
            reading.pages.append(read.row)
            reading.captures[url] = read.evidence
        else:
            reading.unreadable.append({"code": "page-unreadable", "url": url, "message": read})
    whole = {url: read.answered for url, read in pages.items() if read.answered is not None}
    truncated = [answered for answered in whole.values() if answered.code == TRUNCATED]
    missing, more = archive.failures(path, portal.crawl.max_bytes)
    failed = {address for url in missing if (address := portal_address(url, base, portal.origin))}
    failed |= {fault["url"] for fault in reading.unreadable}
    reading.unreadable += [{"code": TRUNCATED, "url": cut.url, "message": cut.found} for cut in truncated]
    cut = [read.cut for read in pages.values() if read.cut is not None]
    findings = [finding for read in pages.values() for finding in read.findings]
    captures = {url: found.capture for url, found in latest.items()}
    answered = answers(captures, whole, cut, failed, (base, portal.origin), more=more)
    reading.extracts = choose(datasets, findings, answered)
    used = {place for extract in reading.extracts.values() for place in extract.used}
    listings = {url: read.listing for url, read in pages.items() if read.listing is not None}
    reading.unclaimed = unclaimed(listings, used, portal, {url: read.title for url, read in pages.items()})
    _name_datasets(reading)
    return reading


def _pages(
    path: Path, base: str, latest: Mapping[str, _Latest], declarations: Declarations
) -> Iterator[tuple[str, PageRead | str]]:
    """Every HTML page with its address, read; or why it could not be."""
    html = {url: found for url, found in latest.items() if found.is_page}
    numbers = {found.number: url for url, found in html.items()}
    others = sum(found.capture.status == _OK for found in html.values()) - 1
    ended = sum(found.ends for found in html.values())
    declared = packed(declarations.portal, declarations.datasets)

    def calls() -> Iterator[tuple[object, ...]]:
        for number, capture in enumerate(_answers(path, declarations.portal)):
            if number in numbers:
                url = numbers[number]
                yield capture, url, base, (ended - html[url].ends, others), declared

    for number, read in zip(sorted(numbers), isolated(read_page, calls()), strict=True):
        yield (
            numbers[number],
            read if isinstance(read, PageRead) else f"expected a page that can be read, found {read.why}",
        )


def _latest(path: Path, base: str, portal: Portal) -> dict[str, _Latest]:
    """The latest answer of every address of the portal; 'not modified' has nothing to say after another."""
    kept: dict[str, _Latest] = {}
    for number, capture in enumerate(_answers(path, portal)):
        url = portal_address(capture.url, base, portal.origin)
        if url is not None and (url not in kept or _replaces(capture, kept[url].capture)):
            whole = capture.status == _OK and ends(capture.body)
            kept[url] = _Latest(number, replace(capture, body=b""), whole)
    return kept


def _answers(path: Path, portal: Portal) -> Iterator[Capture]:
    bounds = {"max_body": portal.crawl.max_body, "max_bytes": portal.crawl.max_bytes}
    return archive.answers(path, **bounds, kinds=HTML)


def _replaces(capture: Capture, earlier: Capture) -> bool:
    return capture.status != HTTPStatus.NOT_MODIFIED and earlier.when <= capture.when


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
