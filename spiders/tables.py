"""Tables by their header row: found by meaning, whatever the theme makes of headers, order, spans and fillers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from schemas.personal import mailbox
from schemas.typography import key
from spiders.found import SURE, TWICE, Fault, Finds, Located, Match, Stated
from spiders.likeness import POSSIBLE, assigned, turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.model import Table
    from spiders.page import Block, Cell, Grid

    Row = tuple[Cell, ...]

_PAIR = 2
_HEADER_DEPTH = 6  # rows a table may print above its header row: a title, a unit, groups of columns
_LIKE = 0.97  # headers as declared, but for case, accents, plural and small words
_CLOSE = 0.1  # two tables less far apart in likeness are both candidates
_BY_ELIMINATION = POSSIBLE
_SEVERAL = 3  # rows of which all begin alike: no accident
_TOTAL = re.compile(r"(?:sous )?(?:total|totaux|nombre total)(?: general| generaux)?(?: des? .+| [0-9 ]+)?")
_COUNT = re.compile(r"\b[0-9]{1,4}\b")


@dataclass(frozen=True, slots=True)
class _Reading:
    """A table whose header row is known, its own or that of the table it continues (then `begins` is 0).

    `columns` says which column is which declared header.
    """

    block: Block
    grid: Grid
    header: Row
    begins: int
    columns: dict[int, str]
    match: Match

    @property
    def body(self) -> Iterator[tuple[int, Row]]:
        """The rows under the header row, counted from 1."""
        return enumerate(self.grid.rows[self.begins :], start=1)

    @property
    def filled(self) -> bool:
        """Whether any row under the header says anything."""
        return any(_says(cell) for _, row in self.body for cell in row)

    @property
    def headers(self) -> tuple[str, ...]:
        """What the columns are called, as labels are compared."""
        return tuple(key(cell.text) for cell in self.header)


def in_table(declared: Table, blocks: Sequence[Block]) -> Finds:
    """The rows of the one table that has the declared headers.

    Raises:
        Fault: no table has them, several have, or a row or column is neither declared nor ignored.
    """
    readings = [found for block in blocks if (found := _read(declared, block)) is not None]
    best = max((reading.match.confidence for reading in readings), default=0.0)
    candidates = _once([r for r in readings if r.match.confidence >= best - _CLOSE])
    candidates = [reading for reading in candidates if reading.filled] or candidates  # a header may scroll apart
    if not candidates:
        raise _missing(declared, blocks)
    if len(candidates) > 1 and not _split(candidates, blocks):
        places = "; ".join(reading.block.place for reading in candidates)
        raise Fault("block-ambiguous", places, f"one table {' | '.join(declared.headers)}", str(len(candidates)))
    parts = candidates if len(candidates) > 1 else [*candidates, *_continued(candidates[0], blocks)]
    _check_twins(declared, parts, blocks)
    doubt = 0.8 if len(candidates) > 1 else 0.7 if len(parts) > 1 else 1.0
    located: list[Located] = []
    stated: list[Stated] = []
    for reading in parts:
        _check_columns(declared, reading)
        rows, totals = _rows(reading)
        located += [row.but(doubt, f"{len(parts)} tables read as one") for row in rows]
        stated += [replace(total, rows=len(rows)) for total in totals]
    return Finds(tuple(located), tuple(stated))


def _once(readings: Sequence[_Reading]) -> list[_Reading]:
    """Of tables that say the same, the first: a page may print one for wide screens and again for narrow ones."""
    kept: dict[object, _Reading] = {}
    for reading in readings:
        said = reading.block.content
        kept[said] = replace(kept[said], match=kept[said].match.but(*TWICE)) if said in kept else reading
    return list(kept.values())


def _read(declared: Table, block: Block) -> _Reading | None:
    """The table read by the row that is most like the declared headers; None if no row is like them."""
    if block.grid is None:
        return None
    best, header, columns = 0.0, 0, dict[int, str]()
    for number, row in enumerate(block.grid.rows[:_HEADER_DEPTH]):
        labels = ["" if cell.across else cell.text for cell in row]
        found, places = assigned(declared.headers, labels)
        if found == 0.0:
            found, places = _by_elimination(declared, labels)
        if found > best:
            best, header, columns = found, number, places
    if best < POSSIBLE:
        return None
    reworded = [f"« {block.grid.rows[header][at].text} » for « {name} »" for at, name in columns.items()]
    match = SURE.but(best if best < _LIKE else 1.0, "header " + ", ".join(reworded))
    return _Reading(block, block.grid, block.grid.rows[header], header + 1, columns, match)


def _by_elimination(declared: Table, labels: Sequence[str]) -> tuple[float, dict[int, str]]:
    """All headers but one are as declared, and all columns but one are theirs: the last may be the last one's."""
    for missing in declared.headers if len(declared.headers) > 1 else ():
        found, places = assigned([name for name in declared.headers if name != missing], labels)
        ignored = {key(name) for name in declared.ignored}
        free = [at for at, text in enumerate(labels) if text and at not in places and key(text) not in ignored]
        if found >= _LIKE and len(free) == 1 and not turns(missing, labels[free[0]]):
            return _BY_ELIMINATION, {**places, free[0]: missing}
    return 0.0, {}


def _missing(declared: Table, blocks: Sequence[Block]) -> Fault:
    """No table has the headers: the one that has most of them lacks a column; else there is no table at all."""
    wanted = " | ".join(declared.headers)
    for block in blocks:
        for row in block.grid.rows[:_HEADER_DEPTH] if block.grid is not None else ():
            labels = {key(cell.text) for cell in row}
            lacking = [name for name in declared.headers if key(name) not in labels]
            if 0 < len(lacking) <= len(declared.headers) / 2:
                return Fault("column-missing", block.place, ", ".join(lacking), " | ".join(cell.text for cell in row))
    return Fault("block-missing", expected=f"table {wanted}", found="none")


def _split(readings: Sequence[_Reading], blocks: Sequence[Block]) -> bool:
    """Whether several tables are one, split under sub-headings: same header row, each under a heading of its own."""
    paths = [reading.block.path for reading in readings]
    places = [reading.block.index for reading in readings]
    headings = {block.index for block in blocks if block.kind == "heading"}
    return (
        len({reading.headers for reading in readings}) == 1
        and len({path[:-1] for path in paths}) == 1
        and all(paths)
        and all(not headings.isdisjoint(range(above, below)) for above, below in pairwise(places))
    )


def _continued(first: _Reading, blocks: Sequence[Block]) -> list[_Reading]:
    """Tables without a header row of their own that go on with one, each under a sub-heading beside its own."""
    path = first.block.path
    lays_out = {block.inside for block in blocks}
    following = [
        block
        for block in blocks
        if block.grid is not None
        and block.index > first.block.index
        and block.index not in lays_out
        and block.path[:-1] == path[:-1]
        and block.path != path
        and block.inside == first.block.inside
        and block.grid.header_rows == 0
        and {len(row) for row in block.grid.rows} == {len(first.header)}
    ]
    return [replace(first, block=block, grid=block.grid, begins=0) for block in following if block.grid is not None]


def _check_columns(declared: Table, reading: _Reading) -> None:
    """Every column with text under its header is declared, or ignored by name.

    Raises:
        Fault: one is neither.
    """
    ignored = {key(header) for header in declared.ignored}
    for number, cell in enumerate(reading.header):
        empty = not any(_says(row[number]) for _, row in reading.body if number < len(row) and not row[number].across)
        counts = [key(row[number].text) for _, row in reading.body if number < len(row) and any(_says(c) for c in row)]
        numbers = counts == [str(place) for place in range(1, len(counts) + 1)]
        if number not in reading.columns and key(cell.text) not in ignored and not empty and not numbers:
            found = cell.text or f"column {number + 1}"
            raise Fault("column-unknown", reading.block.place, " | ".join(declared.headers), found)
    for number, row in enumerate(reading.grid.rows[: max(reading.begins - 1, 0)], start=1):
        if len({id(cell.rich) for cell in row if cell.text}) > 1 and not all(c.header for c in row if c.text):
            raise Fault("row-malformed", reading.block.place, "the header row first", f"row {number}: {row[0].text}")


def _check_twins(declared: Table, parts: Sequence[_Reading], blocks: Sequence[Block]) -> None:
    """No other table, whatever its headers, says the same but for some rows: one of the two is out of date.

    Raises:
        Fault: one does.
    """
    mine = {_told(row) for reading in parts for _, row in reading.body}
    own = {reading.block.index for reading in parts}
    for block in blocks:
        rows = block.grid.rows[max(block.grid.header_rows, 1) :] if block.grid and block.index not in own else ()
        theirs = {_told(row) for row in rows} - {()}
        if theirs - mine and 2 * len(theirs & mine) >= len(theirs):
            raise Fault(
                "block-ambiguous", block.place, f"one table {' | '.join(declared.headers)}", "2, nearly the same"
            )


def _told(row: Row) -> tuple[str, ...]:
    """What a row says, in whatever order of columns."""
    return tuple(sorted(key(cell.text) for cell in row if _says(cell)))


def _rows(reading: _Reading) -> tuple[list[Located], list[Stated]]:
    """The rows under a header row, without those that are none: fillers, sub-headings, totals, headers once more."""
    block, columns = reading.block, reading.columns
    width = len(reading.header)
    located: list[Located] = []
    stated: list[Stated] = []
    doubts = reading.match
    for number, row in reading.body:
        place = f"ligne {number}"
        repeated = all(at < len(row) and key(row[at].text) == reading.headers[at] for at in columns)
        told = [cell.text for cell in row if _says(cell)]
        units = number == 1 and len(told) > 1 and all(text[0] + text[-1] == "()" for text in told)
        if repeated or units or not told:
            continue
        if _is_total(row):
            stated += _stated(row, f"{block.place}, {place}")
            last = not any(_says(cell) for below in reading.grid.rows[reading.begins + number :] for cell in below)
            doubts = doubts.but(1.0 if last else 0.85, f"row {number} read as a total: {row[0].text}")
            continue
        title = _sub_heading(row)
        if title is not None:
            doubts = doubts.but(title, f"row {number} read as a sub-heading: {row[0].text}")
            continue
        if any(row[at].across for at in columns if at < len(row)):
            raise Fault("row-malformed", f"{block.place}, {place}", "a cell a column", row[0].text)
        if len(row) < width or any(_says(cell) for cell in row[width:]):
            raise Fault("row-malformed", f"{block.place}, {place}", f"{width} cells", str(len(row)))
        for at in columns:
            _check_address(row[at], f"{block.place}, {place}")
        parts = {name: row[at].text for at, name in columns.items()}
        parts |= {f"{name}.link": row[at].rich.links[0].href for at, name in columns.items() if row[at].rich.links}
        located.append(Located(parts, block.place, place, (block.index,)))
    labelled = _labelled(located)
    return [_unlabelled(row, labelled, doubts) for row in located], stated


def _check_address(cell: Cell, place: str) -> None:
    """An e-mail address that is printed is the one its link writes to: one of two would be a trap or a slip.

    Raises:
        Fault: they differ.
    """
    told = mailbox(cell.text)
    linked = {address.casefold() for link in cell.rich.links if (address := mailbox(link.href))}
    if told is not None and linked and told.casefold() not in linked:
        raise Fault("text-not-understood", place, "the address that is linked", "another one is printed")


def _says(cell: Cell) -> bool:
    """Whether a cell says anything: a dash does not."""
    return any(character.isalnum() for character in cell.text)


def _sub_heading(row: Row) -> float | None:
    """How sure it is that a row is the title of those below it, and not a row; None if it is a row.

    A title is one cell across the table, its text in every cell of three or more (two may say the same), or a bold or
    header cell with nothing beside it.
    """
    told = [cell for cell in row if cell.text]
    first, marked = row[0], all(cell.header or cell.rich.bold for cell in told)
    if len(row) > 1 and all(cell.across for cell in row[1:]):
        return 0.95 if marked else 0.8
    if len(row) > _PAIR and _says(first) and len({key(cell.text) for cell in row}) == 1:
        return 0.8
    if len(row) > 1 and marked and _says(first) and not any(_says(cell) for cell in row[1:]):
        return 0.8
    return None


def _is_total(row: Row) -> bool:
    """Whether a row sums up the others: its first text is 'Total', or begins so."""
    told = next((cell for cell in row if _says(cell)), None)
    return told is not None and bool(_TOTAL.fullmatch(key(told.text)))


def _stated(row: Row, place: str) -> list[Stated]:
    """The number of rows a total row states: the one short number in it, if nothing there is an amount."""
    text = " ".join(cell.text for cell in row if cell.text and not cell.across)
    numbers = _COUNT.findall(text)
    counts = len(numbers) == 1 and not re.search(r"[€%$]|euro|[0-9][.,\s][0-9]", text)
    return [Stated(int(numbers[0]), place, text)] if counts else []


def _labelled(rows: Sequence[Located]) -> set[str]:
    """The columns whose header some themes repeat inside every cell, for narrow screens."""
    names = {name for name in rows[0].parts if not name.endswith(".link")} if rows else set()
    return {name for name in names if _all_labelled([row.parts[name] for row in rows], name)}


def _unlabelled(row: Located, labelled: set[str], match: Match) -> Located:
    """A row without the headers in its cells."""
    parts = {
        name: text[len(name) :].lstrip(" :") if name in labelled and text else text for name, text in row.parts.items()
    }
    return Located(parts, row.block, row.position, row.blocks, match)


def _all_labelled(texts: Sequence[str], name: str) -> bool:
    """Whether all begin with a label: with its colon where there are two, by the word alone where there are more."""
    told = [text for text in texts if text]
    after = [text[len(name) :].lstrip() if key(text[: len(name)]) == key(name) else None for text in told]
    colons = all(rest is not None and rest.startswith(":") for rest in after)
    words = all(
        rest is not None and not text[len(name) : len(name) + 1].isalnum()
        for text, rest in zip(told, after, strict=True)
    )
    return (len(told) > 1 and colons) or (len(told) >= _SEVERAL and words)
