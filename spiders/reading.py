"""An archive to raw rows: each page is read once for all declarations, or not at all where an earlier run has read it.

Pages are read as the archive gives them and kept on disk (`spiders.reads`): their bodies would not fit in memory.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict, deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from spiders import archive
from spiders.answers import TRUNCATED, Answers, answers, portal_address
from spiders.extract import Extract, choose, claimed, unclaimed
from spiders.isolation import isolated
from spiders.manners import HTML
from spiders.page_extract import PageRead, packed, read_page
from spiders.reads import Reads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.load import Declarations
    from schemas.model import Dataset, Portal
    from spiders.answers import Answered
    from spiders.extract import Finding


@dataclass(slots=True)
class Reading:
    """What an archive holds: its HTML pages, what was extracted from them, what no declaration claims.

    `captures` is the evidence of each page that a row was read in. To be closed, or used as a context.
    """

    reads: Reads
    portal: Portal
    count: int = 0
    answered: int = 0
    extracts: dict[str, Extract] = field(default_factory=dict)
    captures: dict[str, dict[str, str]] = field(default_factory=dict)
    unreadable: list[dict[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reads.close()

    def pages(self) -> Iterator[dict[str, Any]]:
        """Every HTML page by address, with the columns of the dataset `pages`."""
        fed: dict[str, list[str]] = defaultdict(list)
        for name, extract in sorted(self.extracts.items()):
            for url in sorted({url for _, url, _ in extract.rows}):
                fed[url].append(name)
        for url, read in self.reads.pages():
            yield {**read.row, "datasets": "; ".join(fed.get(url, [])) or None}

    def unclaimed(self) -> Iterator[dict[str, str]]:
        """Every table and list that no declaration uses, as objects of report.json's `unclaimed`."""
        used: dict[str, set[int]] = defaultdict(set)
        for url, index in (place for extract in self.extracts.values() for place in extract.used):
            used[url].add(index)
        copies: set[str] = set()
        for url, blocks in used.items():
            page = self.reads.page(url)
            copies |= claimed(page.listing, blocks) if page and page.listing else set()
        for url, read in _among(self.reads):
            if read.listing is not None:
                yield from unclaimed(url, read.title, read.listing, used.get(url, ()), copies, self.portal)


def read_archive(
    path: Path, declarations: Declarations, keep: Path | None = None, earlier: Path | None = None
) -> Reading:
    """Reads every HTML page of an archive and extracts every dataset from them.

    Args:
        path: a WARC file.
        declarations: the datasets, and the portal, whose origin the addresses are mapped to.
        keep: the file where what is read stays, for a later run; None for nowhere.
        earlier: that of an earlier run: what it read by the same declarations and code is not read again.

    Raises:
        ArchiveError: the file is not a whole WARC.
        sqlite3.Error: what is read cannot be kept.
    """
    base = archive.info(path, declarations.portal.crawl.max_bytes).get("canceropole-base", "")
    with ExitStack() as unless_read:
        reads = unless_read.enter_context(Reads(keep, _key(declarations, base), earlier))
        _read_pages(path, base, declarations, reads)
        if keep is not None:
            reads.keep()
        reading = _reading(path, base, declarations, reads)
        unless_read.pop_all()
    return reading


def _reading(path: Path, base: str, declarations: Declarations, reads: Reads) -> Reading:
    """What the pages of an archive give together, once each is read."""
    portal, datasets = declarations.portal, declarations.datasets
    reading = Reading(reads, portal)
    findings: list[Finding] = []
    cut = []
    found: set[str] = set()
    only: Answered | None = None
    for url, read in _among(reads):
        reading.count += 1
        if read.findings:
            findings += read.findings
            reading.captures[url] = read.evidence
        if read.answered is not None:
            reading.answered += 1
            only = only or read.answered
            found = found if len(found) > 1 else found | {read.answered.found}
            if read.answered.code == TRUNCATED:
                told = {"code": TRUNCATED, "url": url, "message": read.answered.found}
                reading.unreadable.append(told)
        if read.cut is not None and read.answered is not None:
            cut.append((read.cut, read.answered))
    lost = [{"code": "page-unreadable", "url": url, "message": why} for url, why in reads.unreadable()]
    missing, more = archive.failures(path, portal.crawl.max_bytes)
    failed = {address for url in missing if (address := portal_address(url, base, portal.origin))}
    failed |= {fault["url"] for fault in lost}
    reading.unreadable = lost + reading.unreadable
    declared = {source.page for dataset in datasets for source in dataset.sources if source.page is not None}
    at = answers(reads, declared, lambda url: _answered(reads, url), failed, (base, portal.origin))
    whole = Answers(at, cut, only if len(found) == 1 and not cut else None, more)
    reading.extracts = choose(datasets, findings, whole)
    return reading


def _read_pages(path: Path, base: str, declarations: Declarations, reads: Reads) -> None:
    """Reads every HTML page that no earlier run has read, as the archive gives them."""
    portal = declarations.portal
    declared = packed(portal, declarations.datasets)
    asked: deque[tuple[str, str]] = deque()

    def has(record: str, url: str) -> bool:
        address = portal_address(url, base, portal.origin)
        return address is not None and reads.has(record, url, address)

    def calls() -> Iterator[tuple[object, ...]]:
        bounds = portal.crawl
        captures = archive.answers(path, max_body=bounds.max_body, max_bytes=bounds.max_bytes, kinds=HTML, has=has)
        for capture in captures:
            url = portal_address(capture.url, base, portal.origin)
            if url is not None and reads.add(capture, url):
                asked.append((url, capture.record))
                yield capture, url, base, declared

    for read in isolated(read_page, calls()):
        url, record = asked.popleft()
        told = read if isinstance(read, PageRead) else f"expected a page that can be read, found {read.why}"
        reads.read(url, record, told)


def _among(reads: Reads) -> Iterator[tuple[str, PageRead]]:
    """Every page by address, those without </html> judged by the others."""
    ended, pages = reads.ended
    for url, read in reads.pages():
        yield url, read.among(ended, pages - 1)


def _answered(reads: Reads, url: str) -> Answered | None:
    ended, pages = reads.ended
    read = reads.page(url)
    return read.among(ended, pages - 1).answered if read else None


def _key(declarations: Declarations, base: str) -> str:
    """What a reading depends on beside the page: declarations, code, and where the portal was fetched from."""
    said = hashlib.sha256(f"{_code()} {base}".encode())
    for place, content in sorted(declarations.files.items()):
        said.update(f"\n{place} {hashlib.sha256(content).hexdigest()}".encode())
    return said.hexdigest()


@cache
def _code() -> str:
    """The SHA-256 of all that reads a page: this code, and the libraries it rests on."""
    said = hashlib.sha256()
    for folder in ("schemas", "spiders"):
        for path in sorted((Path(__file__).parent.parent / folder).glob("*.py")):
            said.update(path.read_bytes())
    for library in ("lxml", "pydantic", "regex", "selectolax", "w3lib"):
        said.update(f"{library} {metadata.version(library)}".encode())
    return said.hexdigest()


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
