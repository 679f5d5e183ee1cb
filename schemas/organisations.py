"""Which organisations a printed text names: by the labels of the reference list, and by those a person has reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from schemas.typography import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NONE: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Named:
    """One label of a printed text, and the ids of the organisations it names.

    `organisations` is empty where a person has found none of the list in the label, None where nobody has looked.
    """

    label: str
    organisations: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Organisations:
    """An index of the reference list, and the reviewed labels beside it, both by label as `typography.key` has it."""

    by_label: Mapping[str, str]
    reviewed: Mapping[str, tuple[str, ...]]

    def __call__(self, printed: str) -> str | None:
        """The one organisation of the list that a label names by itself; None if it names none, or several."""
        return self.by_label.get(key(printed))

    def named(self, printed: str) -> tuple[Named, ...]:
        """What each label of a text names, in order; several labels are joined by `; ` (DATASETS, 'Column rules')."""
        return tuple(Named(label, self._ids(label)) for label in printed.split("; ") if key(label))

    def _ids(self, label: str) -> tuple[str, ...] | None:
        one = self(label)
        return self.reviewed.get(key(label)) if one is None else (one,)


def organisations(rows: Iterable[Mapping[str, str]], reviewed: Mapping[str, tuple[str, ...]] = _NONE) -> Organisations:
    """Indexes the reference list by names, printed labels, and both after the parent's ('AP-HP Hôpital Foch').

    Args:
        rows: of reference/organisations.csv; a label of several organisations is in no index.
        reviewed: a portal's reviewed labels, as `Declarations.labels` has them.
    """
    listed = list(rows)
    labels = {row["organisation_id"]: _labels(row) for row in listed}
    named: dict[str, set[str]] = {}
    for row in listed:
        own = labels[row["organisation_id"]]
        above = labels.get(row["parent_id"], [])
        for label in [*own, *(f"{parent} {name}" for parent in above for name in own)]:
            named.setdefault(key(label), set()).add(row["organisation_id"])
    return Organisations({label: ids.pop() for label, ids in named.items() if len(ids) == 1}, reviewed)


def reviewed_labels(
    lines: Iterable[Mapping[str, str]], rows: Iterable[Mapping[str, str]], place: str, faults: list[str]
) -> dict[str, tuple[str, ...]]:
    """Reads a portal's reviewed labels, a line a label and organisation it names.

    Args:
        lines: have `libelle`, `organisation_id` (empty: none of the list is named) and `note`.
        rows: of reference/organisations.csv. A label that it maps by itself needs no review, and may have none: two
            answers would have to be kept the same.
        place: the file, for the faults.
        faults: gets what is wrong, as file:row: expected, got.

    Returns:
        Ids, in the file's order, by label as `typography.key` has it.
    """
    listed = list(rows)
    index, ids = organisations(listed), {row["organisation_id"] for row in listed}
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=2):
        known = found.setdefault(key(line["libelle"]), [])
        faults += [f"{place}:{number}: {fault}" for fault in _faults(line, known, index, ids)]
        known.append(line["organisation_id"])
    return {label: tuple(filter(None, known)) for label, known in found.items()}


def _faults(line: Mapping[str, str], known: list[str], index: Organisations, ids: set[str]) -> Iterator[str]:
    label, organisation = line["libelle"], line["organisation_id"]
    if not key(label) or "; " in label:
        yield f"expected one label, got {label!r}"
    if (one := index(label)) is not None:
        yield f"expected a label that the reference list does not map by itself, got {label!r} ({one}): drop the line"
    if organisation and organisation not in ids:
        yield f"expected an organisation_id of reference/organisations.csv, or none, got {organisation!r}"
    if not organisation and not line["note"].strip():
        yield f"expected a note that says why {label!r} names no organisation of the list, got none"
    if organisation in known:
        yield f"expected a label and its organisation once, got {label!r} with {organisation!r} again"
    elif known and not all((organisation, *known)):
        yield f"expected a label with organisations or with none, got both for {label!r}"


def _labels(row: Mapping[str, str]) -> list[str]:
    return [row["nom"], *(label for label in row["libelles"].split("; ") if label)]
