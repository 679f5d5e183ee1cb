"""Blocks and declarations to raw rows with their evidence. Pure, offline, strict: exactly one match, or the reason.

Each page is looked at once (`gather`), whatever the number of declarations; then `choose` decides between a dataset's
own page and copies of it elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import regex

from schemas.reasons import Reason
from schemas.typography import fold, key, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schemas.model import Dataset, Portal, Source
    from schemas.model import Page as DeclaredPage
    from spiders.blocks import Block, Page, Rich

_SECONDS_A_PATTERN = 1.0  # a pattern that needs longer on one block is catastrophic


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as printed: named parts of text, and where in the page they stand."""

    parts: dict[str, str]
    block: str
    position: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one source found in one page: rows and the blocks they use, or the reason there are none."""

    dataset: str
    source: int
    url: str
    role: Literal["own", "copy", "elsewhere"]
    rows: tuple[RawRow, ...] = ()
    used: frozenset[int] = frozenset()
    fault: Reason | None = None

    @property
    def content(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The rows' text: what makes two findings copies of each other."""
        return tuple(tuple(sorted(row.parts.items())) for row in self.rows)


@dataclass(slots=True)
class Extract:
    """What was chosen for a dataset: (source number, address, row) in page order, or the reasons why not."""

    rows: list[tuple[int, str, RawRow]] = field(default_factory=list)
    faults: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    used: set[tuple[str, int]] = field(default_factory=set)


class _Fault(Exception):  # noqa: N818 (never leaves this module: it carries a reason to `gather`)
    def __init__(self, code: str, place: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(code)
        self.code, self.place, self.expected, self.found = code, place, expected, found


def gather(page: Page, portal: Portal, datasets: Iterable[Dataset]) -> list[Finding]:
    """Tries every declared source on one page.

    Args:
        page: a content page, answered 200.
        portal: says which addresses are archives of other pages.
        datasets: the declarations.

    Returns:
        A finding for each source whose page this is, and for each whole copy found where it is not.
    """
    findings: list[Finding] = []
    repeats = page.repeats_others or portal.is_archive(urlsplit(page.url).path)
    for dataset in datasets:
        for number, source in enumerate(dataset.sources, start=1):
            if not source.from_pages or not _speaks(page, source.language):
                continue
            if source.each_page is not None:
                findings += [] if repeats else _of_each_page(page, dataset.id, number, source)
                continue
            own = not repeats and source.page is not None and page.named(source.page.title)
            for role, blocks in _scopes(page, source, own=own, repeats=repeats):
                finding = _try(page, dataset.id, number, source, role, blocks)
                if role == "own" or finding.fault is None:
                    findings.append(finding)
    return findings


def choose(datasets: Iterable[Dataset], findings: Iterable[Finding]) -> dict[str, Extract]:
    """Decides which findings make each dataset's rows (CONTRACT, 'Which page, which block').

    The dataset's own page wins; it is known by its title, among pages of one title by its path, then by what was found
    there. Own page without the block: held. Own page gone: one whole copy elsewhere, if all copies agree.
    """
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
                extract.faults += [f.fault for f in found if f.fault is not None]
            else:
                kept = _kept(source.page, found, own_pages[source.page], extract)
            for finding in kept:
                extract.rows += [(number, finding.url, row) for row in finding.rows]
                extract.used |= {(finding.url, index) for index in finding.used}
    return chosen


def unclaimed(
    pages: Iterable[tuple[str, Sequence[Block]]], used: set[tuple[str, int]], portal: Portal, titles: dict[str, str]
) -> list[dict[str, str]]:
    """Every table and list that no declaration uses, ignores by name, or that repeats one that is used.

    Args:
        pages: address and blocks of every content page (archives of other pages left out).
        used: (address, block index) of what declarations used.
        portal: says what is ignored by name.
        titles: the title of each page by address.

    Returns:
        Objects of report.json's `unclaimed`: page, block, place, head.
    """
    read = list(pages)
    claimed = {(url, _outermost(blocks, index)) for url, blocks in read for owner, index in used if owner == url}
    copies = {blocks[index].content for url, blocks in read for owner, index in claimed if owner == url}
    ignored = {(key(i.page), i.block, key(i.head)) for i in portal.ignore}
    return [
        {"page": url, "block": block.kind, "place": block.place, "head": block.head[:200]}
        for url, blocks in read
        for block in blocks
        if block.kind in {"table", "list"}
        and block.inside is None
        and (block.items or block.grid is not None)
        and (url, block.index) not in claimed
        and block.content not in copies
        and (key(titles[url]), block.kind, key(block.head)) not in ignored
    ]


def _speaks(page: Page, language: str) -> bool:
    return not page.language or page.language.split("-")[0] == language


def _scopes(
    page: Page, source: Source, *, own: bool, repeats: bool
) -> Iterator[tuple[Literal["own", "copy", "elsewhere"], Sequence[Block]]]:
    """The parts of a page a source is looked for in: the whole page, or each article of that title in an archive."""
    if own:
        yield "own", page.blocks
    elif not repeats:
        yield "elsewhere", page.blocks
    elif source.page is not None:
        for number, article in enumerate(page.articles):
            if key(article.title) == key(source.page.title):
                yield "copy", [block for block in page.blocks if block.article == number]


def _try(
    page: Page,
    dataset: str,
    number: int,
    source: Source,
    role: Literal["own", "copy", "elsewhere"],
    blocks: Sequence[Block],
) -> Finding:
    try:
        located = _locate(source, blocks)
        rows = tuple(row for raw in located for row in _divide(source, raw))
        used = frozenset(index for raw in located for index in raw.blocks)
        return Finding(dataset, number, page.url, role, rows, used)
    except _Fault as fault:
        reason = Reason(fault.code, page.url, fault.place, fault.expected, fault.found)
        return Finding(dataset, number, page.url, role, fault=reason)


def _of_each_page(page: Page, dataset: str, number: int, source: Source) -> list[Finding]:
    if source.each_page is None:
        return []
    texts = [block for block in page.blocks if block.kind == "paragraph"]
    dated = [block for block in texts for _ in _matches(source.each_page.where, block.rich.text)]
    if len(dated) != 1:
        return []
    lead = one_line(texts[0].rich.text) if texts[0] is not dated[0] else ""
    parts = {"url": page.url, "title": page.title, "lead": lead, "text": "\n".join(b.rich.text for b in texts)}
    raw = _Located(parts, dated[0].place, "page", (dated[0].index,))
    try:
        return [Finding(dataset, number, page.url, "own", tuple(_divide(source, raw)), frozenset({dated[0].index}))]
    except _Fault as fault:
        reason = Reason(fault.code, page.url, fault.place, fault.expected, fault.found)
        return [Finding(dataset, number, page.url, "own", fault=reason)]


def _own_pages(
    datasets: Iterable[Dataset], by_source: dict[tuple[str, int], list[Finding]]
) -> dict[DeclaredPage, str | Reason | None]:
    """For each declared page its address on the portal, a reason if several could be it, None if it is gone."""
    found: dict[DeclaredPage, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for dataset in datasets:
        for number, source in enumerate(dataset.sources, start=1):
            if source.page is None:
                continue
            candidates = found[source.page]
            for finding in by_source[dataset.id, number]:
                if finding.role == "own":
                    candidates[finding.url] += finding.fault is None
    return {page: _own_page(page, candidates) for page, candidates in found.items()}


def _own_page(page: DeclaredPage, candidates: dict[str, int]) -> str | Reason | None:
    if not candidates:
        return None
    at_path = [url for url in candidates if urlsplit(url).path.rstrip("/") == page.path.rstrip("/")]
    if at_path:
        return at_path[0]
    most = max(candidates.values())
    best = sorted(url for url, count in candidates.items() if count == most)
    if len(best) > 1:
        return Reason("page-ambiguous", best[0], expected=f"one page called « {page.title} »", found=", ".join(best))
    return best[0]


def _kept(page: DeclaredPage, found: list[Finding], own: str | Reason | None, extract: Extract) -> list[Finding]:
    """The finding to use for one source, its reasons added to `extract`."""
    if isinstance(own, Reason):
        extract.faults.append(own)
        return []
    if own is None:
        return _elsewhere(page, found, extract)
    mine = next(finding for finding in found if finding.url == own and finding.role == "own")
    if mine.fault is not None:
        extract.faults.append(mine.fault)
        return []
    if urlsplit(own).path.rstrip("/") != page.path.rstrip("/"):
        _note(extract, Reason("address-moved", own, expected=page.path, found=urlsplit(own).path))
    for other in found:
        if other.fault is None and other.role == "copy" and other.content != mine.content:
            _note(extract, Reason("copies-differ", other.url, other.rows[0].block if other.rows else ""))
    return [mine]


def _elsewhere(page: DeclaredPage, found: list[Finding], extract: Extract) -> list[Finding]:
    whole = sorted((f for f in found if f.fault is None), key=lambda f: (f.role, f.url))
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


@dataclass(frozen=True, slots=True)
class _Located:
    """One thing a source points at (a table row, a list item, a match) before it is divided."""

    parts: dict[str, str]
    block: str
    position: str
    blocks: tuple[int, ...]


def _locate(source: Source, blocks: Sequence[Block]) -> list[_Located]:
    if source.table is not None:
        return _in_table(source, blocks)
    if source.list is not None:
        return _in_lists(source, blocks)
    if source.section is not None:
        return _in_sections(source, blocks)
    return _in_sentences(source, blocks)


def _in_table(source: Source, blocks: Sequence[Block]) -> list[_Located]:
    declared = source.table
    if declared is None:
        return []
    wanted = {key(header): header for header in declared.headers}
    ignored = {key(header) for header in declared.ignored}
    tables = [b for b in blocks if b.grid is not None and wanted.keys() <= {key(h) for h in b.grid.headers}]
    block = _only(tables, "table " + " | ".join(declared.headers))
    grid = block.grid
    if grid is None:
        return []
    columns: dict[int, str] = {}
    for number, header in enumerate(grid.headers):
        empty = not any(row[number].text for row in grid.rows if number < len(row))
        if key(header) in wanted and wanted[key(header)] not in columns.values():
            columns[number] = wanted[key(header)]
        elif key(header) not in ignored and not empty:
            raise _Fault("column-unknown", block.place, " | ".join(declared.headers), header or f"column {number + 1}")
    located = []
    for number, row in enumerate(grid.rows[grid.header_rows :], start=1):
        if not any(cell.text for cell in row):
            continue
        if len(row) != len(grid.headers):
            raise _Fault("row-malformed", f"{block.place}, ligne {number}", f"{len(grid.headers)} cells", str(len(row)))
        parts = {name: row[column].text for column, name in columns.items()}
        for column, name in columns.items():
            parts |= {f"{name}.link": row[column].rich.links[0].href} if row[column].rich.links else {}
        located.append(_Located(parts, block.place, f"ligne {number}", (block.index,)))
    return located


def _in_lists(source: Source, blocks: Sequence[Block]) -> list[_Located]:
    declared = source.list
    if declared is None:
        return []
    found: list[tuple[Block, dict[str, str]]] = []
    for position, block in enumerate(blocks):
        if not _items(block) or (block.kind == "paragraph" and declared.after is None):
            continue  # lines of a paragraph are a list only where a sentence introduces them as one
        above = _above(declared.heading, block)
        before = _introduced(declared.after, blocks, position)
        if above is not None and before is not None:
            found.append((block, {**above, **before}))
    wanted = " / ".join(text for text in (declared.heading, declared.after) if text)
    if not declared.many:
        _only([block for block, _ in found], f"list {wanted}")
    elif not found:
        raise _Fault("block-missing", expected=f"lists {wanted}", found="none")
    return [
        _Located({**_parts_of(item), **context}, block.place, f"élément {number}", (block.index,))
        for block, context in found
        for number, item in enumerate(_items(block), start=1)
    ]


def _in_sections(source: Source, blocks: Sequence[Block]) -> list[_Located]:
    declared = source.section
    if declared is None:
        return []
    headings = [b for b in blocks if b.kind == "heading"]
    found = [(b, groups) for b in headings if (groups := _groups(declared.heading, b.rich.text)) is not None]
    if not declared.many:
        _only([block for block, _ in found], f"heading {declared.heading}")
    elif not found:
        raise _Fault("block-missing", expected=f"headings {declared.heading}", found="none")
    siblings = {(block.level, block.path) for block, _ in found}
    known = {block.index for block, _ in found}
    for other in headings if declared.many else ():
        if (other.level, other.path) in siblings and other.index not in known:
            raise _Fault("text-not-understood", other.place, declared.heading, other.head)
    located = []
    for block, groups in found:
        below = _below(block, blocks)
        text = "\n".join("\n".join(i.text for i in b.items) if b.items else b.rich.text for b in below)
        located.append(_Located({**groups, "text": text}, block.place, "section", (block.index,)))
    return located


def _in_sentences(source: Source, blocks: Sequence[Block]) -> list[_Located]:
    declared = source.sentence
    if declared is None:
        return []
    located = []
    for block in blocks:
        above = _above(declared.heading, block) if block.kind in {"paragraph", "heading"} else None
        if above is None:
            continue
        text = block.rich.text
        for match in _matches(declared.pattern, text):
            parts = {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
            parts |= {"text": text[slice(*match.span())], **above}
            position = f"caractères {match.start() + 1}-{match.end()}"
            located.append(_Located(parts, block.place, position, (block.index,)))
    if not located:
        raise _Fault("block-missing", expected=f"sentence {declared.pattern}", found="none")
    if len(located) > 1 and not declared.many:
        places = "; ".join(found.block for found in located)
        raise _Fault("block-ambiguous", places, f"one sentence {declared.pattern}", str(len(located)))
    return located


def _divide(source: Source, located: _Located) -> Iterator[RawRow]:
    """Cuts what was located into rows: declared parts, then one row a match of `each`."""
    parts = dict(located.parts)
    for name, pattern in source.parts.items():
        for match in _matches(pattern, parts.get("text", ""))[:1]:
            spans = [match.span(number + 1) for number in range(len(match.groups()))] or [match.span()]
            parts[name] = "; ".join(parts["text"][start:end] for start, end in spans if start >= 0)
    if source.each is None:
        yield RawRow(parts, located.block, located.position)
        return
    text = parts.get(source.each.part, "")
    end = 0
    matches = _matches(source.each.pattern, text)
    between = _compiled(source.each.between)
    for number, match in enumerate(matches, start=1):
        if match.start() > end and not between.fullmatch(fold(text[end : match.start()])):
            raise _Fault("text-not-understood", located.block, source.each.between, text[end : match.start()])
        own = {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
        yield RawRow({**parts, **own}, located.block, f"{located.position}, partie {number}")
        end = match.end()
    if not matches or (text[end:].strip() and not between.fullmatch(fold(text[end:]))):
        raise _Fault("text-not-understood", f"{located.block}, {located.position}", source.each.pattern, text[end:])


def _only(found: Sequence[Block], wanted: str) -> Block:
    if not found:
        raise _Fault("block-missing", expected=wanted, found="none")
    if len(found) > 1:
        raise _Fault("block-ambiguous", "; ".join(block.place for block in found), f"one {wanted}", str(len(found)))
    return found[0]


def _items(block: Block) -> tuple[Rich, ...]:
    """The items of a list, or the lines of a paragraph that is printed as one."""
    if block.kind == "paragraph" and len(block.rich.lines) > 1:
        return tuple(type(block.rich)((line,)) for line in block.rich.lines)
    return block.items


def _parts_of(item: Rich) -> dict[str, str]:
    parts = {"text": item.text}
    if len(item.links) == 1:
        parts |= {"link": item.links[0].href, "link_text": item.links[0].text}
    return parts


def _above(pattern: str | None, block: Block) -> dict[str, str] | None:
    """The groups of the nearest heading above a block; None if it does not match."""
    if pattern is None:
        return {}
    return _groups(pattern, block.path[-1]) if block.path else None


def _introduced(pattern: str | None, blocks: Sequence[Block], position: int) -> dict[str, str] | None:
    """The groups of the paragraph or heading just before a block; None if it does not match."""
    if pattern is None:
        return {}
    before = blocks[position - 1] if position else None
    return _groups(pattern, before.rich.text) if before is not None else None


def _below(heading: Block, blocks: Sequence[Block]) -> list[Block]:
    """The paragraphs and lists under a heading, until one of its level or above."""
    path = (*heading.path, one_line(heading.rich.text))
    return [
        b for b in blocks if b.index > heading.index and b.path[: len(path)] == path and b.kind in {"paragraph", "list"}
    ]


def _outermost(blocks: Sequence[Block], index: int) -> int:
    inside = blocks[index].inside
    return index if inside is None else _outermost(blocks, inside)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(fold(pattern), regex.IGNORECASE)


def _matches(pattern: str, text: str) -> list[regex.Match[str]]:
    """Matches of a pattern, accents, case and typography apart; spans are positions in the text as printed."""
    return list(_compiled(pattern).finditer(fold(text), timeout=_SECONDS_A_PATTERN))


def _groups(pattern: str, text: str) -> dict[str, str] | None:
    """The named groups of the first match as printed; None without a match."""
    for match in _matches(pattern, text):
        return {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
    return None
