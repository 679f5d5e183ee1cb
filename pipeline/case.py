"""A dataset before the gate: its rows and those of the last release, side by side by key."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from schemas.typography import key as label_key
from schemas.typography import key_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from schemas.model import Dataset, Field

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A dataset before the gate.

    `table` is this run's, `before` the last release's (None if it has none). `evidence`, `doubts` and `stated` are
    those of the run's findings; `set_aside` counts the rows that quarantine took out, `erased` those that left at a
    person's request though the page prints them. `refused` are the pages and places where any dataset found what it
    could not read; `beside` is, by row, what other datasets read in the same printed row at the last release.
    """

    dataset: Dataset
    table: pd.DataFrame
    before: pd.DataFrame | None = None
    evidence: Sequence[Mapping[str, Any]] = ()
    doubts: Sequence[Mapping[str, Any]] = ()
    stated: Sequence[Mapping[str, Any]] = ()
    set_aside: int = 0
    erased: int = 0
    refused: frozenset[tuple[str, str]] = frozenset()
    beside: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def now(self) -> dict[str, Row]:
        """This run's rows by key."""
        return _rows(self.dataset, self.table)

    @cached_property
    def then(self) -> dict[str, Row]:
        """The last release's rows by key."""
        return {} if self.before is None else _rows(self.dataset, self.before)

    @cached_property
    def columns(self) -> list[Field]:
        """The columns that both tables have, other than ranks: a rank that shifts is no change of a row."""
        known = self.table.columns if self.before is None else self.before.columns
        return [field for field in self.dataset.fields if field.rank is None and field.name in known]

    @cached_property
    def changed(self) -> dict[str, tuple[Row, Row]]:
        """The rows of both tables that differ, before and after; one that only took another's rank does not."""
        return {
            key: (self.then[key], row)
            for key, row in self.now.items()
            if key in self.then and self._content(row) not in self._contents
        }

    @cached_property
    def lost(self) -> list[str]:
        """The keys of the last release that are gone."""
        return sorted(self.then.keys() - self.now.keys())

    @cached_property
    def added(self) -> list[str]:
        """The keys that the last release did not have; on a first run none."""
        return [] if self.before is None else sorted(self.now.keys() - self.then.keys())

    @cached_property
    def unseen(self) -> list[str]:
        """The keys added with rows that the last release did not have at another rank either."""
        return [key for key in self.added if self._content(self.now[key]) not in self._contents]

    def cells(self, column: str) -> dict[str, tuple[Any, Any]]:
        """What a column's changed cells were and are, by row."""
        return {k: (was[column], now[column]) for k, (was, now) in self.changed.items() if was[column] != now[column]}

    def at(self, key: str, column: str) -> tuple[str, str]:
        """The page and the place of a cell."""
        seen = self._seen.get(key)
        places = [seen["bloc"], seen["position"]] if seen else []
        return seen["url"] if seen else self.page, " · ".join(text for text in [*places, key, column] if text)

    def prints(self, key: str, column: str) -> bool:
        """Whether the page prints anything for a cell, whatever became of it."""
        seen = self._seen.get(key)
        return seen is not None and bool(json.loads(seen["texte_publie"]).get(column))

    def doubted(self, key: str) -> str:
        """The place of a row in which another dataset found what it could not read; empty if there is none."""
        seen = self._seen.get(key)
        if seen is None:
            return ""
        line = seen["position"].partition(", partie ")[0]
        starts = tuple(f"{seen['bloc']}{mark}{line}" for mark in (" · ", ", "))
        return next((place for url, place in sorted(self.refused) if url == seen["url"] and _within(place, starts)), "")

    def taken(self, key: str) -> bool:
        """Whether a changed row says what another dataset read in it before, and it did not."""
        was, now = ([label_key(str(value)) for value in row.values() if value is not None] for row in self.changed[key])
        return any(_says(now, text) and not _says(was, text) for text in self.beside.get(key, ()))

    @property
    def page(self) -> str:
        """The first page the rows come from, empty if they come from none."""
        return next((str(item["url"]) for item in self.evidence), "")

    @cached_property
    def _seen(self) -> dict[str, Mapping[str, Any]]:
        """The first evidence of each row."""
        return {item["cle"]: item for item in reversed(self.evidence)}

    @cached_property
    def _contents(self) -> set[tuple[Any, ...]]:
        return {self._content(row) for row in self.then.values()}

    def _content(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[field.name] for field in self.columns)


def _says(cells: Sequence[str], text: str) -> bool:
    return any(f" {text} " in f" {cell} " for cell in cells)


def _within(place: str, starts: tuple[str, ...]) -> bool:
    return any(place == start or place.startswith((f"{start} · ", f"{start}, ")) for start in starts)


def _rows(dataset: Dataset, table: pd.DataFrame) -> dict[str, Row]:
    """Rows by key; a table released before the key's columns were its columns shares no key with any other."""
    names = [str(name) for name in table.columns]
    key = dataset.key if set(dataset.key) <= set(names) else names
    columns = [[None if pd.isna(value) else value for value in table[name].tolist()] for name in names]
    whole = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return {key_text(row[name] for name in key): row for row in whole}
