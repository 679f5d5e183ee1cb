"""Blocks and declarations to raw rows with their evidence. Pure, offline, strict: exactly one match, or the reason.

Each page is looked at once (`gather`), whatever the number of declarations; then `choose` decides between a dataset's
own page and copies of it elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from schemas.reasons import CODES, Reason
from schemas.typography import key, one_line
from spiders.answers import NOT_CONTENT, Answers
from spiders.found import SURE, Fault, Located, RawRow, Stated, begin_page, matches, tells
from spiders.locate import locate
from spiders.texts import divide

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from schemas.model import Dataset, Portal, Source
    from schemas.model import Page as DeclaredPage
    from spiders.page import Block, Listing, Page


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source found in one page: rows, the blocks they use, how many the page says there are; or the reason."""

    dataset: str
    source: int
    url: str
    role: Literal["own", "copy", "elsewhere"]
    rows: tuple[RawRow, ...] = ()
    used: frozenset[int] = frozenset()
    stated: tuple[Stated, ...] = ()
    fault: Reason | None = None

    @property
    def content(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The rows' text: what makes two findings copies of each other."""
        return tuple(tuple(sorted(row.parts.items())) for row in self.rows)

    @property
    def whole(self) -> bool:
        """Whether rows can be taken from it: all as declared, where no title vouches for the place."""
        sure = all(row.match.confidence >= SURE.confidence for row in self.rows)
        return self.fault is None and (sure or self.role != "elsewhere")


@dataclass(slots=True)
class Extract:
    """What was chosen for a dataset: (source number, address, row) in page order, or the reasons why not.

    `stated` are the numbers of rows its pages state: (source number, address, number).
    """

    rows: list[tuple[int, str, RawRow]] = field(default_factory=list)
    stated: list[tuple[int, str, Stated]] = field(default_factory=list)
    faults: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    used: set[tuple[str, int]] = field(default_factory=set)


def gather(page: Page, portal: Portal, datasets: Iterable[Dataset]) -> list[Finding]:
    """Tries every declared source on one page.

    Args:
        page: a content page, answered 200.
        portal: says which addresses are archives of other pages.
        datasets: the declarations.

    Returns:
        A finding for each source whose page this is, and for each whole copy found where it is not.
    """
    begin_page()
    findings: list[Finding] = []
    repeats = page.repeats_others or portal.is_archive(urlsplit(page.url).path)
    for dataset in datasets:
        for number, source in enumerate(dataset.sources, start=1):
            if not source.from_pages or not _speaks(page, source.language):
                continue
            if source.each_page is not None:
                findings += [] if repeats else _of_each_page(page, dataset, number, source)
                continue
            own = not repeats and source.page is not None and page.named(source.page.title)
            for role, blocks in _scopes(page, source, own=own, repeats=repeats):
                finding = _try(page, dataset.id, number, source, role, blocks)
                if role == "own" or finding.fault is None:
                    findings.append(finding)
    return findings


def choose(
    datasets: Iterable[Dataset], findings: Iterable[Finding], answers: Answers | None = None
) -> dict[str, Extract]:
    """Decides which findings make each dataset's rows (CONTRACT, 'Which page, which block').

    The dataset's own page wins; it is known by its title, among pages of one title by its path, then by what was found
    there. Own page without the block: held. Own page gone: one whole copy elsewhere, if all copies agree. A page whose
    address answered something else (`answers`) is not gone: held.
    """
    answers = answers or Answers()
    by_source: dict[tuple[str, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_source[finding.dataset, finding.source].append(finding)
    declared = list(datasets)
    own_pages = _own_pages(declared, by_source)
    chosen = {dataset.id: Extract() for dataset in declared if dataset.from_pages}
    for dataset in declared:
        for number, source in enumerate(dataset.sources, start=1):
            if not source.from_pages:
                continue
            extract, found = chosen[dataset.id], by_source[dataset.id, number]
            if source.page is None:
                kept = [f for f in found if f.fault is None]
                for fault in [f.fault for f in found if f.fault is not None]:
                    (extract.notes if fault.code == "page-left-out" else extract.faults).append(fault)
                extract.faults += _perhaps_own(source, answers, own_pages)
            else:
                told = Extract() if source.only_counts else extract
                kept = _kept(source.page, found, own_pages[source.page], told, answers)
                if source.only_counts:
                    extract.notes += _counts_unfound(told.faults)
            for finding in kept:
                extract.rows += [(number, finding.url, row) for row in finding.rows]
                extract.stated += [(number, finding.url, stated) for stated in finding.stated]
                extract.used |= {(finding.url, index) for index in finding.used}
    return chosen


def _counts_unfound(faults: Iterable[Reason]) -> list[Reason]:
    """What is said of a number that its page no longer states; nothing where the page itself is not there."""
    return [
        Reason("count-unfound", fault.page, fault.place, fault.expected, fault.found)
        for fault in faults
        if CODES[fault.code].stage == "block"
    ]


def claimed(listing: Listing, used: Collection[int]) -> set[str]:
    """The digests of a page's tables and lists that declarations use.

    Args:
        listing: of the page.
        used: the indices of its blocks that declarations use.
    """
    outermost = {listing.outermost.get(index, index) for index in used}
    return {listed.digest for listed in listing.shown if listed.index in outermost}


def unclaimed(
    url: str, title: str, listing: Listing, used: Collection[int], copies: Collection[str], portal: Portal
) -> list[dict[str, str]]:
    """Every table and list of a page that no declaration uses, ignores by name, or that repeats one that is used.

    Args:
        url: the address of a content page (not of an archive of other pages).
        title: its title.
        listing: what it lists.
        used: the indices of its blocks that declarations use.
        copies: the digests of all tables and lists that are used, on any page.
        portal: says what is ignored by name.

    Returns:
        Objects of report.json's `unclaimed`: page, block, place, head. One stands for all that a page has beyond what
        is told of each.
    """
    outermost = {listing.outermost.get(index, index) for index in used}
    ignored = {(i.block, key(i.head)) for i in portal.ignore if key(i.page) == key(title)}
    told = [
        {"page": url, "block": listed.kind, "place": listed.place, "head": listed.head}
        for listed in listing.shown
        if listed.index not in outermost
        and listed.digest not in copies
        and (listed.kind, key(listed.head)) not in ignored
    ]
    more = [{"page": url, "block": "list", "place": "", "head": f"… {listing.left}"}] if listing.left else []
    return told + more


def _speaks(page: Page, language: str) -> bool:
    return not page.language or page.language.split("-")[0] == language


def _scopes(
    page: Page, source: Source, *, own: bool, repeats: bool
) -> Iterator[tuple[Literal["own", "copy", "elsewhere"], Sequence[Block]]]:
    """The parts of a page a source is looked for in: the whole page, or each article of that title in an archive."""
    if own:
        yield "own", page.own_blocks
    elif not repeats:
        if _may_hold(page, source) or (source.page is not None and _at(page.url, source.page)):
            yield "elsewhere", page.own_blocks
    elif source.page is not None:
        for number, article in enumerate(page.articles):
            if key(article.title) == key(source.page.title):
                yield "copy", [block for block in page.blocks if block.article == number]


def _may_hold(page: Page, source: Source) -> bool:
    """Whether what locates a source is its own, a header row or an introducing sentence, and not a passing phrase.

    Where the page has no table, or no such sentence, nobody needs to look.
    """
    if source.table is not None:
        return any(block.grid is not None for block in page.own_blocks)
    return source.list is not None and source.list.after is not None and tells(source.list.after, page.openings)


def _at(url: str, page: DeclaredPage) -> bool:
    return urlsplit(url).path.rstrip("/") == page.path.rstrip("/")


def _try(
    page: Page,
    dataset: str,
    number: int,
    source: Source,
    role: Literal["own", "copy", "elsewhere"],
    blocks: Sequence[Block],
) -> Finding:
    try:
        found = locate(source, blocks, page.title)
        rows = () if source.only_counts else tuple(row for raw in found.located for row in divide(source, raw))
        used = frozenset(index for raw in found.located for index in raw.blocks)
        return Finding(dataset, number, page.url, role, rows, used, found.stated)
    except Fault as fault:
        reason = Reason(fault.code, page.url, fault.place, fault.expected, fault.found)
        return Finding(dataset, number, page.url, role, fault=reason)


def _of_each_page(page: Page, dataset: Dataset, number: int, source: Source) -> list[Finding]:
    """One row of a page that states once what a source looks for; none of a page that does not."""
    if source.each_page is None:
        return []
    where = source.each_page.where
    texts = [block for block in page.own_blocks if block.kind == "paragraph"]
    try:
        stated = [block for block in texts for _ in matches(where, block.rich.text)]
        if not stated:
            return []
        if len(stated) > 1:
            places = "; ".join(block.place for block in stated)
            left_out = Reason("page-left-out", page.url, places, f"one {where}", str(len(stated)))
            return [Finding(dataset.id, number, page.url, "own", fault=left_out)]
        telling = [block for block in texts if not block.bold_line and not block.links_only]
        under_title = [block for block in telling if block.path] or telling or texts
        lead = one_line(under_title[0].rich.text) if under_title[0] is not stated[0] else ""
        parts = {"url": page.url, "title": page.title, "lead": lead, "text": "\n".join(b.rich.text for b in texts)}
        located = Located(parts, stated[0].place, "page", (stated[0].index,))
        wanted = {part for column in dataset.fields for part in column.parts}  # a row need not keep its whole page
        rows = tuple(
            replace(row, parts={name: text for name, text in row.parts.items() if name in wanted})
            for row in divide(source, located)
        )
        return [Finding(dataset.id, number, page.url, "own", rows, frozenset({stated[0].index}))]
    except Fault as fault:
        reason = Reason(fault.code, page.url, fault.place, fault.expected, fault.found)
        return [Finding(dataset.id, number, page.url, "own", fault=reason)]


def _own_pages(
    datasets: Iterable[Dataset], by_source: dict[tuple[str, int], list[Finding]]
) -> dict[DeclaredPage, str | Reason | None]:
    """For each declared page its address on the portal, a reason if several could be it, None if it is gone."""
    found: dict[DeclaredPage, dict[str, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for dataset in datasets:
        for number, source in enumerate(dataset.sources, start=1):
            if source.page is None:
                continue
            candidates = found[source.page]
            for finding in by_source[dataset.id, number]:
                if finding.role == "own":
                    candidates[finding.url].append(finding)
    return {page: _own_page(page, candidates) for page, candidates in found.items()}


def _own_page(page: DeclaredPage, candidates: dict[str, list[Finding]]) -> str | Reason | None:
    """The page at the declared path; else the one where most was found; twins (an old and a new address) are one."""
    if not candidates:
        return None
    at_path = [url for url in candidates if _at(url, page)]
    if at_path:
        return at_path[0]
    located = {url: sum(finding.fault is None for finding in found) for url, found in candidates.items()}
    best = sorted(url for url, count in located.items() if count == max(located.values()))
    if len({tuple(finding.content for finding in candidates[url]) for url in best}) > 1:
        return Reason("page-ambiguous", best[0], expected=f"one page called « {page.title} »", found=", ".join(best))
    return best[0]


def _kept(
    page: DeclaredPage, found: list[Finding], own: str | Reason | None, extract: Extract, answers: Answers
) -> list[Finding]:
    """The finding to use for one source, its reasons added to `extract`."""
    instead = answers.instead_of(page, own if isinstance(own, str) else None)
    renamed = any(f.whole and instead is not None and f.url == instead.url for f in found)
    if instead is not None and not renamed and not (isinstance(own, Reason) and instead.code == NOT_CONTENT):
        extract.faults.append(Reason(instead.code, instead.url, "", f"« {page.title} »", instead.found))
        return []
    if isinstance(own, Reason):
        extract.faults.append(own)
        return []
    if own is None:
        return _elsewhere(page, found, extract)
    mine = next((finding for finding in found if finding.url == own and finding.role == "own"), None)
    if mine is None:  # the page is there, in another language than this source's
        return _elsewhere(page, found, extract)
    if mine.fault is not None:
        extract.faults.append(mine.fault)
        return []
    if not _at(own, page):
        _note(extract, Reason("address-moved", own, expected=page.path, found=urlsplit(own).path))
    for other in found:
        if other.fault is None and other.role == "copy" and other.content != mine.content:
            _note(extract, Reason("copies-differ", other.url, other.rows[0].block if other.rows else ""))
    return [mine]


def _perhaps_own(source: Source, answers: Answers, declared: Collection[DeclaredPage]) -> list[Reason]:
    """The cut pages that a source of many pages may have a row in: nobody knows what their ends said."""
    known = {page.path.rstrip("/") for page in declared}
    return [
        Reason(answered.code, answered.url, "", "a whole page", answered.found)
        for page, answered in answers.cut
        if urlsplit(page.url).path.rstrip("/") not in known and _speaks(page, source.language)
    ]


def _elsewhere(page: DeclaredPage, found: list[Finding], extract: Extract) -> list[Finding]:
    whole = sorted((f for f in found if f.whole), key=lambda f: (f.role, f.url))
    if not whole:
        extract.faults.append(
            Reason("page-missing", page.path, expected=f"a page called « {page.title} »", found="none")
        )
        return []
    if len({finding.content for finding in whole}) > 1:
        urls = ", ".join(finding.url for finding in whole)
        extract.faults.append(Reason("page-ambiguous", page.path, expected="copies that agree", found=urls))
        return []
    _note(extract, Reason("found-elsewhere", whole[0].url, expected=page.path, found=urlsplit(whole[0].url).path))
    return [whole[0]]


def _note(extract: Extract, reason: Reason) -> None:
    if reason not in extract.notes:
        extract.notes.append(reason)
