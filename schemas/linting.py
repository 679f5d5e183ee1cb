"""The check command: what a declaration that loads can still have wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.cleaners import cleaners
from schemas.frame_schema import frame_schema
from schemas.load import DeclarationError, Declarations, load, portals
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.model import Dataset


def faults(root: Path, portal: str | None = None) -> list[str]:
    """Every fault of one portal's declarations, or of all portals', as file:key: expected, got.

    Raises:
        UnknownPortalError: no such portal.
    """
    found: list[str] = []
    for name in [portal] if portal else portals(root):
        try:
            declarations = load(name, root)
        except DeclarationError as error:
            found += str(error).splitlines()
            continue
        found += [fault for dataset in declarations.datasets for fault in _of_dataset(declarations, dataset)]
    return found


def _of_dataset(declarations: Declarations, dataset: Dataset) -> Iterator[str]:
    place = f"{declarations.portal.id}/{dataset.id}.yml"
    known = cleaners(declarations.portal, declarations.references["organisations.csv"])
    for field in dataset.fields:
        if field.clean not in known:
            yield f"{place}:fields.{field.name}.clean: expected one of {', '.join(sorted(known))}, got {field.clean}"
        if field.constraints.enum is not None and field.type != "string":
            yield f"{place}:fields.{field.name}.constraints.enum: expected a string column, got {field.type}"
    for name in dataset.key:
        if not next(field for field in dataset.fields if field.name == name).constraints.required:
            yield f"{place}:fields.{name}.constraints.required: expected true, as for every key column, got false"
    columns = [field["name"] for field in table_schema(dataset, {})["fields"]]  # type: ignore[attr-defined]  # a list of fields
    if columns != list(frame_schema(dataset).columns):
        yield f"{place}: the two derived schemas differ in their columns"
