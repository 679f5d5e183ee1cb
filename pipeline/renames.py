"""Which row that left and which that came are probably one whose key changed: told to people, applied nowhere.

They are taken for one if they agree in two columns or more beside the key, one of them free text, and differ in none,
nor in a number or a date of the key: another year is another fact. Or if all that differs, in the key too, is a
misspelling: the same words but for one letter of one of them. A place (`rang`) tells nothing, nor does a column that
prints what the key is made of. A row that could be two others is taken for neither.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any

from schemas.typography import identifier, key

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

    Schema = Mapping[str, Any]
    Pair = tuple["_Row", "_Row"]

PLACE = "rang"
_ENOUGH = 2  # columns that agree beside the key
_MANY = 100  # rows of one shape on a side: any could be several others, and comparing them all would take long
_LONG = 5  # letters of a word that one letter does not make another: « A » is not « B », nor « IV » « VI »


@dataclass(frozen=True, slots=True)
class Rename:
    """A row that probably goes on under another key: its dataset, the text of its key before and after."""

    dataset: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that left or came: its key's text and its filled cells, but for its place."""

    key: str
    cells: dict[str, Any]


def likely_renames(changes: Sequence[Mapping[str, Any]], schemas: Mapping[str, Schema]) -> list[Rename]:
    """The rows that probably only changed their key.

    Args:
        changes: objects of changes.json.
        schemas: by dataset, the Table Schemas of those whose keys are still made of the same columns; others are left
            out, since all their rows have new keys.

    Returns:
        The renames, by dataset and key; none of a row that more than one other could be.
    """
    found = []
    for name, schema in sorted(schemas.items()):
        own = [change for change in changes if change["dataset"] == name]
        gone, come = (_rows(own, *side, schema["primaryKey"]) for side in (("removed", 0), ("added", 1)))
        pairs = [*_joined(gone, come, partial(_values, schema))]
        pairs += [pair for pair in _joined(gone, come, _shape) if _misspelt(*pair)]
        found += [Rename(name, before, after) for before, after in _sure({(old.key, new.key) for old, new in pairs})]
    return found


def _rows(changes: Sequence[Mapping[str, Any]], kind: str, side: int, key_columns: Sequence[str]) -> list[_Row]:
    """The rows of one kind; where a place is part of the key it tells one row from another, and stays."""
    return [
        _Row(
            change["key"],
            {
                column: pair[side]
                for column, pair in change["columns"].items()
                if pair[side] is not None and (column != PLACE or column in key_columns)
            },
        )
        for change in changes
        if change["change"] == kind
    ]


def _joined(gone: Sequence[_Row], come: Sequence[_Row], on: Callable[[_Row], Hashable | None]) -> Iterator[Pair]:
    """The pairs that have the same `on`; none of rows where it is None, nor where many have it."""
    left, came = _by(gone, on), _by(come, on)
    for shared in (left.keys() & came.keys()) - {None}:
        if len(left[shared]) <= _MANY and len(came[shared]) <= _MANY:
            yield from product(left[shared], came[shared])


def _by(rows: Sequence[_Row], on: Callable[[_Row], Hashable | None]) -> Mapping[Hashable | None, list[_Row]]:
    found = defaultdict(list)
    for row in rows:
        found[on(row)].append(row)
    return found


def _sure(pairs: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs neither side of which is in another."""
    before, after = (Counter(pair[side] for pair in pairs) for side in (0, 1))
    return sorted(pair for pair in pairs if before[pair[0]] == after[pair[1]] == 1)


def _values(schema: Schema, row: _Row) -> frozenset[tuple[str, Any]] | None:
    """What a row says beside its name; None if that is too little to know it by."""
    texts = {field["name"] for field in schema["fields"] if field["type"] == "string"}
    named_by = {column for column in schema["primaryKey"] if column in texts or column == PLACE}
    names = {row.cells.get(column) for column in named_by}
    said = {
        column: value
        for column, value in row.cells.items()
        if column not in named_by and not (column in texts and identifier(str(value)) in names)
    }
    beside = said.keys() - set(schema["primaryKey"])
    return frozenset(said.items()) if len(beside) >= _ENOUGH and beside & texts - _listed(schema) else None


def _listed(schema: Schema) -> set[str]:
    """The columns whose values are of a list: an enumeration, or another dataset's keys."""
    references = {column for foreign in schema.get("foreignKeys", []) for column in foreign["fields"]}
    return references | {field["name"] for field in schema["fields"] if "enum" in field.get("constraints", {})}


def _shape(row: _Row) -> frozenset[tuple[str, Any]]:
    """What a misspelling leaves of a row: its numbers, and of its texts how many words and which digits."""
    return frozenset(
        (column, (len(key(value).split()), *re.findall(r"\d+", value)) if isinstance(value, str) else value)
        for column, value in row.cells.items()
    )


def _misspelt(before: _Row, after: _Row) -> bool:
    """Whether two rows of one shape differ in misspellings alone."""
    return all(
        _same_words(value, after.cells[column]) for column, value in before.cells.items() if isinstance(value, str)
    )


def _same_words(one: str, other: str) -> bool:
    words, others = key(one).split(), key(other).split()
    differ = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    if not words:
        return one == other
    return not differ or (len(differ) == 1 and _one_letter_off(*differ[0]))


def _one_letter_off(one: str, other: str) -> bool:
    """Whether a letter more, less or other makes one word of another, both long."""
    at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rests = {(one[at + 1 :], other[at + 1 :]), (one[at:], other[at + 1 :]), (one[at + 1 :], other[at:])}
    return min(len(one), len(other)) >= _LONG and any(a == b for a, b in rests)
