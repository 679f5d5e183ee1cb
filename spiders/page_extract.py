"""One archived page to what the rest of a run needs of it: what was found in it, what it lists, what is wrong with it.

Small and whatever the page's size: pages themselves are not kept.
"""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from selectolax.lexbor import SelectolaxError

from spiders import blocks
from spiders.answers import EMPTY, NOT_CONTENT, TRUNCATED, Answered, doubt, ends
from spiders.extract import Finding, gather
from spiders.isolation import Lost
from spiders.page import Listed, Listing, Page
from spiders.spans import PageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from schemas.model import Dataset, Portal
    from spiders.archive import Capture
    from spiders.page import Block

_LISTED = 100  # tables and lists of one page told of, beside those a declaration uses
_HEAD = 200
_HEAVIEST = 4_000_000  # characters of all rows found in one page, however often they say the same


@dataclass(frozen=True, slots=True)
class PageRead:
    """What one HTML page gives.

    Attributes:
        row: of the dataset `pages`; the datasets it feeds are not known yet.
        evidence: the capture's moment, record and SHA-256.
        title: what names the page.
        answered: what is said of the page where another is expected; None unless its status is 200.
        findings: what the declared sources find in it.
        listing: its tables and lists; None of a page that repeats other pages, or is not whole.
        repeats: whether it repeats other pages.
        cut: the page without its blocks, where it does not come to its end.
        perhaps: the same where it may not: it has no </html>, and the portal's other pages say whether it should.
    """

    row: dict[str, Any]
    evidence: dict[str, str]
    title: str
    answered: Answered | None = None
    findings: tuple[Finding, ...] = ()
    listing: Listing | None = None
    repeats: bool = False
    cut: Page | None = None
    perhaps: Page | None = None

    def among(self, ended: int, pages: int) -> PageRead:
        """The page among the others of its portal: one without </html> is cut if most of the others have it.

        Args:
            ended: how many others end with </html>.
            pages: how many there are.
        """
        if self.perhaps is None or self.answered is None or ended * 2 <= pages:
            return self
        answered = Answered(self.answered.url, TRUNCATED, f"no </html>, unlike {ended} other pages")
        cut = None if self.repeats else self.perhaps
        return replace(self, answered=answered, findings=(), listing=None, cut=cut, perhaps=None)


def packed(portal: Portal, datasets: tuple[Dataset, ...]) -> bytes:
    """Declarations as another process takes them: once, however many pages it reads with them."""
    return pickle.dumps((portal, datasets))


@lru_cache(maxsize=1)
def unpacked(declared: bytes) -> tuple[Portal, tuple[Dataset, ...]]:
    """The portal and its datasets, as they were packed by this very program."""
    portal, datasets = pickle.loads(declared)  # noqa: S301 (over its own pipe)
    return portal, datasets


def read_page(capture: Capture, url: str, base: str, declared: bytes) -> PageRead | Lost:
    """Reads one page, for all declarations together; says why where it cannot be read as blocks.

    Args:
        capture: an HTML answer.
        url: its address on the portal.
        base: where the portal was fetched from.
        declared: the portal and its datasets, `packed`.
    """
    portal, datasets = unpacked(declared)
    try:
        page = blocks.read(capture.text(), url, base, portal.origin)
        wrong = doubt(capture, page)
    except (PageError, SelectolaxError) as error:  # the parser's own: it is out of memory
        return Lost(str(error))
    read = PageRead(_row(url, capture, page), _evidence(capture), page.title)
    if capture.status != HTTPStatus.OK:
        return read
    answered = Answered(url, *(wrong or (NOT_CONTENT, _called(page))))
    repeats = page.repeats_others or portal.is_archive(urlsplit(url).path)
    bare = replace(page, blocks=(), articles=())
    perhaps = bare if capture.body.strip() and not ends(capture.body) else None
    read = replace(read, answered=answered, repeats=repeats, perhaps=perhaps)
    if wrong is not None:
        cut = bare if answered.code == TRUNCATED and not repeats else None
        return replace(read, cut=cut, perhaps=perhaps if answered.code == EMPTY else None)
    findings = tuple(gather(page, portal, datasets))
    if sum(len(text) for f in findings for row in f.rows for text in row.parts.values()) > _HEAVIEST:
        return Lost(f"rows of more than {_HEAVIEST} characters")
    used = {index for finding in findings for index in finding.used}
    return replace(read, findings=findings, listing=None if repeats else listing(page, used))


def listing(page: Page, used: Collection[int]) -> Listing:
    """The tables and lists of a page's own content that stand in no other.

    Args:
        page: the page.
        used: the blocks that declarations may use, which are all told of; of the others the first hundred.
    """
    read = {block.index: block for block in page.own_blocks}
    outermost = {index: _outermost(read, index) for index, block in read.items() if block.inside is not None}
    needed = {outermost.get(index, index) for index in used}
    top = [b for b in read.values() if b.kind in {"table", "list"} and b.inside is None and (b.items or b.grid)]
    told = {block.index for block in top[:_LISTED]} | needed
    return Listing(
        tuple(
            Listed(block.index, block.kind, block.place, block.head[:_HEAD], _digest(block))
            for block in top
            if block.index in told
        ),
        outermost,
        sum(block.index not in told for block in top),
    )


def _called(page: Page) -> str:
    """What names a page that is not the one expected: its title, or how it begins."""
    return (page.title or page.blocks[0].head)[:_HEAD]


def _evidence(capture: Capture) -> dict[str, str]:
    return {
        "capture": f"{capture.when:%Y-%m-%dT%H:%M:%SZ}",
        "record": capture.record,
        "sha256": capture.sha256,
    }


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


def _digest(block: Block) -> str:
    return hashlib.sha256(repr(block.content).encode("utf-8", "surrogatepass")).hexdigest()


def _outermost(read: Mapping[int, Block], index: int) -> int:
    inside = read[index].inside
    while inside is not None:
        index, inside = inside, read[inside].inside
    return index
