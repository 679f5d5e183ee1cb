"""What a declaration that loads can still have wrong: said before anything is requested, and by the check command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.cleaners import NotUnderstoodError, cleaners
from schemas.load import DeclarationError, UnknownPortalError, load, portals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from schemas.cleaners import Cleaner
    from schemas.load import Declarations
    from schemas.model import Dataset, Source


_TEXT, _NUMBER = {"string"}, {"integer", "number"}
# Which types a constraint means something for (Table Schema v1, 'Constraints', as far as both our validators agree).
_OF_TYPES = {
    "enum": _TEXT,
    "pattern": _TEXT,
    "min_length": _TEXT,
    "max_length": _TEXT,
    "minimum": _NUMBER,
    "maximum": _NUMBER,
}


def faults(root: Path, portal: str | None = None) -> list[str]:
    """Every fault of one portal's declarations, or of all portals', as file:key: expected, got.

    Raises:
        UnknownPortalError: no such portal, or none at all.
    """
    found: list[str] = []
    names = [portal] if portal else portals(root)
    if not names:
        raise UnknownPortalError(f"no portal under {root}: expected a folder with a portal.yml")
    for name in names:
        try:
            found += faults_of(load(name, root))
        except DeclarationError as error:
            found += str(error).splitlines()
    return found


def faults_of(declarations: Declarations) -> list[str]:
    """The faults of declarations that load, as file:key: expected, got."""
    return [fault for dataset in declarations.datasets for fault in _of_dataset(declarations, dataset)]


def _of_dataset(declarations: Declarations, dataset: Dataset) -> Iterator[str]:
    place = f"{declarations.portal.id}/{dataset.id}.yml"
    known = cleaners(declarations.portal, declarations.references["organisations.csv"])
    for number, source in enumerate(dataset.sources):
        for name in sorted(source.values.keys() - set(dataset.names)):
            yield f"{place}:sources.{number}.values.{name}: expected a column of the dataset, got none of that name"
        if source.reference is not None:
            yield from _of_reference(declarations, dataset, source, known)
    for field in dataset.fields:
        if field.clean not in known:
            yield f"{place}:fields.{field.name}.clean: expected one of {', '.join(sorted(known))}, got {field.clean}"
        for name in sorted(field.constraints.model_fields_set & _OF_TYPES.keys()):
            if field.type not in _OF_TYPES[name]:
                expected = " or ".join(sorted(_OF_TYPES[name]))
                yield f"{place}:fields.{field.name}.constraints.{name}: expected type {expected}, got {field.type}"
        if field.name in dataset.key and not field.constraints.required:
            yield f"{place}:fields.{field.name}.constraints.required: expected true, as for every key column, got false"


def _of_reference(
    declarations: Declarations, dataset: Dataset, source: Source, known: Mapping[str, Cleaner]
) -> Iterator[str]:
    """What no cleaner understands in a reference list: a run would hold the dataset for it, after all its requests."""
    name = str(source.reference)
    for number, row in enumerate(declarations.references[name], start=2):
        for field in dataset.fields:
            printed = next((row[part] for part in field.parts if part in row), None)
            if printed is None or field.map is not None or field.clean not in known:
                continue
            try:
                known[field.clean](printed)
            except NotUnderstoodError as error:
                yield f"reference/{name}:{number}:{field.name}: expected {error}, got {printed!r}"
