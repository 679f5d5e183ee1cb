"""Where in a page's blocks a source points at: exactly one match, or the fault that says why not. Pure and strict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import regex

from schemas.typography import fold, key, one_line
from spiders.page import Rich

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.model import Source, Table
    from spiders.page import Block, Grid

_SECONDS_A_PATTERN = 5.0  # a pattern that needs longer on one block is catastrophic


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as printed: named parts of text, and where in the page they stand."""

    parts: dict[str, str]
    block: str
    position: str


class Fault(Exception):  # noqa: N818 (what is wrong with a page, not with the program)
    """Why a source cannot be read where it was looked for: a reason's code, place, expected, found."""

    def __init__(self, code: str, place: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(code)
        self.code, self.place, self.expected, self.found = code, place, expected, found


@dataclass(frozen=True, slots=True)
class Located:
    """One thing a source points at (a table row, a list item, a match) before it is divided."""

    parts: dict[str, str]
    block: str
    position: str
    blocks: tuple[int, ...]


def locate(source: Source, blocks: Sequence[Block]) -> list[Located]:
    """Finds what a source points at among the blocks of a page, or of an article in it.

    Raises:
        Fault: nothing matches, more than one thing does, or part of it is neither declared nor ignored.
    """
    if source.table is not None:
        return _in_table(source, blocks)
    if source.list is not None:
        return _in_lists(source, blocks)
    if source.section is not None:
        return _in_sections(source, blocks)
    return _in_sentences(source, blocks)


def _in_table(source: Source, blocks: Sequence[Block]) -> list[Located]:
    declared = source.table
    if declared is None:
        return []
    wanted = {key(header) for header in declared.headers}
    tables = [b for b in blocks if b.grid is not None and wanted <= {key(h) for h in b.grid.headers}]
    block = _only(tables, "table " + " | ".join(declared.headers))
    grid = block.grid
    if grid is None:
        return []
    columns = _columns(declared, block, grid)
    located = []
    for number, row in enumerate(grid.rows[grid.header_rows :], start=1):
        shown = {key(row[column].text): key(name) for column, name in columns.items() if column < len(row)}
        if not any(cell.text for cell in row) or all(text == header for text, header in shown.items()):
            continue  # filler, or the header row printed once more
        if any(row[column].across for column in columns if column < len(row)):
            raise Fault("row-malformed", f"{block.place}, ligne {number}", "a cell a column", row[0].text)
        if len(row) != len(grid.headers):
            raise Fault("row-malformed", f"{block.place}, ligne {number}", f"{len(grid.headers)} cells", str(len(row)))
        parts = {name: row[column].text for column, name in columns.items()}
        for column, name in columns.items():
            parts |= {f"{name}.link": row[column].rich.links[0].href} if row[column].rich.links else {}
        located.append(Located(parts, block.place, f"ligne {number}", (block.index,)))
    return located


def _columns(declared: Table, block: Block, grid: Grid) -> dict[int, str]:
    """The declared header of each column of a table.

    Raises:
        Fault: a column with text is neither declared nor ignored by name.
    """
    wanted = {key(header): header for header in declared.headers}
    ignored = {key(header) for header in declared.ignored}
    columns: dict[int, str] = {}
    for number, header in enumerate(grid.headers):
        empty = not any(row[number].text for row in grid.rows if number < len(row))
        if key(header) in wanted and wanted[key(header)] not in columns.values():
            columns[number] = wanted[key(header)]
        elif key(header) not in ignored and not empty:
            raise Fault("column-unknown", block.place, " | ".join(declared.headers), header or f"column {number + 1}")
    return columns


def _in_lists(source: Source, blocks: Sequence[Block]) -> list[Located]:
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
    else:
        _one_a_heading([(block.path, block) for block, _ in found], f"lists {wanted}")
    chosen = {block.index for block, _ in found}
    nested = next((block for block in blocks if block.inside in chosen), None)
    if nested is not None:
        raise Fault("row-malformed", nested.place, "items without lists or tables of their own", nested.head)
    return [
        Located({**_parts_of(item), **context}, block.place, f"élément {number}", (block.index,))
        for block, context in found
        for number, item in enumerate(_items(block), start=1)
    ]


def _in_sections(source: Source, blocks: Sequence[Block]) -> list[Located]:
    declared = source.section
    if declared is None:
        return []
    headings = [b for b in blocks if b.kind == "heading"]
    found = [(b, groups) for b in headings if (groups := _groups(declared.heading, b.rich.text)) is not None]
    if not declared.many:
        _only([block for block, _ in found], f"heading {declared.heading}")
    else:
        _one_a_heading([((*block.path, block.head), block) for block, _ in found], f"headings {declared.heading}")
    siblings = {(block.level, block.path) for block, _ in found}
    known = {block.index for block, _ in found}
    for other in headings if declared.many else ():
        if (other.level, other.path) in siblings and other.index not in known:
            raise Fault("text-not-understood", other.place, declared.heading, other.head)
    located = []
    for block, groups in found:
        below = _below(block, blocks)
        text = "\n".join("\n".join(i.text for i in b.items) if b.items else b.rich.text for b in below)
        located.append(Located({**groups, "text": text}, block.place, "section", (block.index,)))
    return located


def _in_sentences(source: Source, blocks: Sequence[Block]) -> list[Located]:
    declared = source.sentence
    if declared is None:
        return []
    located = []
    under: list[tuple[tuple[str, ...], Block]] = []
    for block in blocks:
        above = _above(declared.heading, block) if block.kind in {"paragraph", "heading"} else None
        if above is None:
            continue
        text = block.rich.text
        for match in matches(declared.pattern, text):
            parts = {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
            parts |= {"text": text[slice(*match.span())], **above}
            position = f"caractères {match.start() + 1}-{match.end()}"
            located.append(Located(parts, block.place, position, (block.index,)))
            under.append((block.path if declared.heading else (block.place, position), block))
    if declared.many:
        _one_a_heading(under, f"sentences {declared.pattern}")
    else:
        _only([block for _, block in under], f"sentence {declared.pattern}")
    return located


def divide(source: Source, located: Located) -> Iterator[RawRow]:
    """Cuts what was located into rows: declared parts, then one row a match of `each`."""
    parts = dict(located.parts)
    for name, pattern in source.parts.items():
        found = matches(pattern, parts.get("text", ""))
        if len(found) > 1:
            raise Fault("text-not-understood", f"{located.block}, {located.position}", f"{name} once", str(len(found)))
        for match in found:
            spans = [match.span(number + 1) for number in range(len(match.groups()))] or [match.span()]
            parts[name] = "; ".join(parts["text"][start:end] for start, end in spans if start >= 0)
    if source.each is None:
        yield RawRow(parts, located.block, located.position)
        return
    text = parts.get(source.each.part, "")
    end = 0
    cut = matches(source.each.pattern, text)
    between = _compiled(source.each.between)
    for number, match in enumerate(cut, start=1):
        if match.start() > end and not between.fullmatch(fold(text[end : match.start()])):
            raise Fault("text-not-understood", located.block, source.each.between, text[end : match.start()])
        own = {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
        yield RawRow({**parts, **own}, located.block, f"{located.position}, partie {number}")
        end = match.end()
    if not cut or (text[end:].strip() and not between.fullmatch(fold(text[end:]))):
        raise Fault("text-not-understood", f"{located.block}, {located.position}", source.each.pattern, text[end:])


def _only(found: Sequence[Block], wanted: str) -> Block:
    if not found:
        raise Fault("block-missing", expected=wanted, found="none")
    if len(found) > 1:
        raise Fault("block-ambiguous", "; ".join(block.place for block in found), f"one {wanted}", str(len(found)))
    return found[0]


def _one_a_heading(found: Sequence[tuple[tuple[str, ...], Block]], wanted: str) -> None:
    """Of many places, each stands under headings of its own: two under the same would be a copy, or something new."""
    if not found:
        raise Fault("block-missing", expected=wanted, found="none")
    paths = [path for path, _ in found]
    doubled = [block.place for path, block in found if paths.count(path) > 1]
    if doubled:
        raise Fault("block-ambiguous", "; ".join(doubled), f"{wanted}, one a heading", str(len(doubled)))


def _items(block: Block) -> tuple[Rich, ...]:
    """The items of a list, or the lines of a paragraph that is printed as one."""
    if block.kind == "paragraph" and len(block.rich.lines) > 1:
        return tuple(Rich((line,)) for line in block.rich.lines)
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


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(fold(pattern), regex.IGNORECASE)


def matches(pattern: str, text: str) -> list[regex.Match[str]]:
    """Matches of a pattern, accents, case and typography apart; spans are positions in the text as printed.

    Raises:
        Fault: the pattern takes longer than any block of text may cost; its dataset alone is stopped.
    """
    try:
        return list(_compiled(pattern).finditer(fold(text), timeout=_SECONDS_A_PATTERN))
    except TimeoutError as error:
        raise Fault("text-not-understood", expected=f"{pattern} to end in time", found=text[:80]) from error


def _groups(pattern: str, text: str) -> dict[str, str] | None:
    """The named groups of the first match as printed; None without a match."""
    for match in matches(pattern, text):
        return {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
    return None
