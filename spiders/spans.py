"""A table's rows and cells, by tags or roles, and their spans resolved into a grid (HTML Living Standard, 4.9.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from selectolax.lexbor import LexborNode  # noqa: TC002 (NamedTuple reads its annotations)

from spiders.inline import nearest, seen

if TYPE_CHECKING:
    from spiders.page import Cell

_MAX_SPAN = 1_000  # HTML Living Standard, 4.9.11: colspan is at most 1000
_MAX_CELLS = 200_000
_CELL_ROLES = ("cell", "gridcell", "columnheader", "rowheader")


class Place(NamedTuple):
    """A place of a grid: the cell that covers it, and whether it does so from the left or from above."""

    cell: LexborNode
    across: bool
    down: bool

    @property
    def first(self) -> bool:
        """Whether it is the cell's own place."""
        return not self.across and not self.down


class PageError(Exception):
    """A page that cannot be read as blocks; the message says what was found."""


def is_table(node: LexborNode) -> bool:
    """Whether an element is a table: by its tag, or by its role (WAI-ARIA 1.2, 'table')."""
    return node.tag == "table" or (node.attributes.get("role") in {"table", "grid"} and node.css_first("table") is None)


def rows_of(table: LexborNode) -> list[list[LexborNode]]:
    """The rows of a table, each with its cells; those of tables inside it left out."""
    if table.tag == "table":
        rows = [row for row in table.css("tr") if nearest(row, {"table"}) == table.mem_id and seen(row, table)]
        return [[cell for cell in row.iter() if cell.tag in {"td", "th"}] for row in rows]
    cells = ", ".join(f"[role={role}]" for role in _CELL_ROLES)
    return [row.css(cells) for row in table.css("[role=row]") if seen(row, table)]


def heads(cell: LexborNode) -> bool:
    """Whether a cell is a header."""
    return cell.tag == "th" or cell.attributes.get("role") in {"columnheader", "rowheader"}


def place(rows: list[list[LexborNode]]) -> list[list[Place]]:
    """Places the cells of a table's rows in a grid.

    Returns:
        For each row its places in order.

    Raises:
        PageError: more cells than a table of data has.
    """
    grid: list[dict[int, Place]] = [{} for _ in rows]
    taken = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in grid[number]:
                column += 1
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            down = len(rows) - number if down == 0 else min(down, len(rows) - number)
            across = max(across, 1)
            taken += across * down
            if taken > _MAX_CELLS:
                raise PageError(f"a table of more than {_MAX_CELLS} cells")
            for below in range(down):
                for beside in range(across):
                    grid[number + below].setdefault(column + beside, Place(cell, beside > 0, below > 0))
            column += across
    return [[row[column] for column in sorted(row)] for row in grid if row]


def header_rows(rows: tuple[tuple[Cell, ...], ...]) -> int:
    """How many leading rows are headers: every cell with text is a th, or all are bold."""
    count = 0
    for row in rows:
        filled = [cell for cell in row if cell.text]
        if not filled or not (all(c.header for c in filled) or all(c.rich.bold for c in filled)):
            break
        count += 1
    return count


def _span(cell: LexborNode, name: str) -> int:
    given = (cell.attributes.get(name) or "1").strip()
    return min(int(given), _MAX_SPAN) if given.isascii() and given.isdigit() else 1
