"""Which rows leave: those that were asked for, in any release or run, and those that refer to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.erasures import Erasure, Erasures
from pipeline.reissuing import rows
from schemas.typography import key, key_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.paths import Home
    from schemas.load import Declarations
    from schemas.model import Dataset


@dataclass(frozen=True, slots=True)
class Leaving:
    """A row that leaves, as a release or a run has it; `parent` is the key of the row it leaves with."""

    dataset: Dataset
    row: dict[str, Any]
    parent: str = ""

    @property
    def key(self) -> str:
        """Its key's text."""
        return key_text(self.row[name] for name in self.dataset.key)


class Kept:
    """Every row that the datasets of a portal ever had, as releases and runs keep them."""

    def __init__(self, home: Home, declarations: Declarations) -> None:
        self._home = home
        self._declarations = declarations
        self._read: dict[str, list[dict[str, Any]]] = {}

    def rows(self, dataset: Dataset) -> list[dict[str, Any]]:
        """Every row a dataset ever had: of the current release, the past ones, the runs, newest first.

        Raises:
            OSError: a file cannot be read.
        """
        if dataset.id not in self._read:
            self._read[dataset.id] = [row for row in self._rows(dataset) if set(dataset.key) <= row.keys()]
        return self._read[dataset.id]

    def found(self, dataset: str, row: str, name: str) -> list[Leaving]:
        """The rows that are asked for: of a key, the newest row that had it; of a text, every row that ever had it.

        Args:
            dataset: whose rows; empty for all.
            row: a key's text; empty with `name`.
            name: a text in a cell.
        """
        found: dict[tuple[str, str], Leaving] = {}
        for one in self._declarations.datasets:
            for cells in self.rows(one) if one.from_pages and dataset in {"", one.id} else ():
                leaving = Leaving(one, cells)
                if (row and leaving.key == row) or (name and _says(cells, name)):
                    found.setdefault((one.id, repr(sorted(cells.items())) if name else leaving.key), leaving)
        return list(found.values())

    def with_children(self, leaving: Iterable[Leaving]) -> list[Leaving]:
        """The same, with the rows that refer to them: a row cannot refer to one that is not there."""
        every = list(leaving)
        for parent in every:  # grows while it is read: children have children
            value = parent.row[parent.dataset.key[0]]
            for dataset in self._declarations.datasets:
                for column in (f.name for f in dataset.fields if f.references == parent.dataset.id):
                    for row in self.rows(dataset):
                        known = [one.row for one in every if one.dataset.id == dataset.id]
                        if row.get(column) == value and row not in known:
                            every.append(Leaving(dataset, row, parent.key))
        return every

    def known(self, before: Erasures, leaving: Iterable[Leaving]) -> Erasures:
        """Everybody who has left, the new ones with them; by their names alone where nobody else had these."""
        leaving = list(leaving)
        when = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
        going = {before.row_mark(one.dataset, one.row) for one in leaving}
        entries = {(entry.dataset, entry.row): entry for entry in before.entries}
        for one in leaving:
            row, name = before.row_mark(one.dataset, one.row), before.names_mark(one.dataset, one.row)
            alike = [other for other in self.rows(one.dataset) if before.names_mark(one.dataset, other) == name]
            shared = any(before.row_mark(one.dataset, other) not in going for other in alike)
            new = Erasure(one.dataset.id, row, None if shared else name, (), (), when)
            entries.setdefault((one.dataset.id, row), new)
        return Erasures(before.secret, tuple(entries.values()))

    def _rows(self, dataset: Dataset) -> Iterator[dict[str, Any]]:
        newest_first = reversed(self._home.versions())
        tables = [self._home.release(version) / "data" / f"{dataset.id}.parquet" for version in newest_first]
        tables += sorted(self._home.runs.glob(f"*/tables/{dataset.id}.parquet"), reverse=True)
        for path in tables:
            if path.is_file():
                yield from rows(path)


def _says(row: dict[str, Any], name: str) -> bool:
    """Whether a cell has these words, whatever their case and accents; of a person, in two cells in either order."""
    cells = [f" {key(value)} " for value in row.values() if isinstance(value, str)]
    if any(f" {key(name)} " in cell for cell in cells):
        return True
    words = key(name).split()
    return len(words) > 1 and any(
        f" {first} " in one and f" {last} " in other
        for cut in range(1, len(words))
        for first, last in ((" ".join(words[:cut]), " ".join(words[cut:])),)
        for one in cells
        for other in cells
        if one != other and one.strip() == first and other.strip() == last
    )
