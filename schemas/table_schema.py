"""Dataset to Frictionless Table Schema: what remains of a declaration when the private keys are taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.model import Dataset, Field


def table_schema(dataset: Dataset, keys: Mapping[str, str]) -> dict[str, object]:
    """The Table Schema of a dataset (specs.frictionlessdata.io/table-schema, valid as v1 and v2).

    Args:
        dataset: the declaration.
        keys: the key column of every dataset of the package; foreign keys to others are left out.

    Returns:
        A JSON-ready object: fields, primaryKey, missingValues, foreignKeys if any.
    """
    foreign = [
        {
            "fields": [field.name],
            "reference": {
                "resource": "" if field.references == dataset.id else field.references,
                "fields": [keys[field.references]],
            },
        }
        for field in dataset.fields
        if field.references is not None and field.references in keys
    ]
    schema: dict[str, object] = {
        "fields": [_field(field) for field in dataset.fields],
        "primaryKey": list(dataset.key),
        "missingValues": [""],
    }
    return {**schema, "foreignKeys": foreign} if foreign else schema


def _field(field: Field) -> dict[str, object]:
    described = field.description or field.title
    constraints = field.constraints.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    shown: dict[str, object] = {
        "name": field.name,
        "type": field.type,
        "title": field.title.fr,
        "description": described.fr,
        "title_en": field.title.en,
        "description_en": described.en,
    }
    return {**shown, "constraints": constraints} if constraints else shown
