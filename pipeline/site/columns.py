"""The columns of a table as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.site.rows import anchor
from pipeline.site.words import SUFFIX
from schemas.typography import key_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.site.words import Language

    Described = Mapping[str, Any]

_FIGURES = {"integer", "number"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column as pages show it.

    Attributes:
        name, type: as the schema has them.
        title, description: in the page's language.
        figure: whether its values are numbers.
        key, required: what the schema says of it.
        parent: the dataset whose key it is; empty if it is none's.
    """

    name: str
    type: str
    title: str
    description: str
    figure: bool
    key: bool
    required: bool
    parent: str

    def links(self, value: object) -> str:
        """Where a value leads: to the row whose key it is."""
        return f"{self.parent}.html#{anchor(key_text([value]))}" if self.parent and value is not None else ""


def columns(table: Described, language: Language) -> list[Column]:
    """The columns of a table.

    Args:
        table: its CSV resource.
        language: of the page.
    """
    schema, suffix = table["schema"], SUFFIX[language]
    parents = {
        key["fields"][0]: key["reference"]["resource"] or table["name"]
        for key in schema.get("foreignKeys", ())
        if len(key["fields"]) == 1
    }
    return [
        Column(
            name=field["name"],
            type=field["type"],
            title=field[f"title{suffix}"],
            description=field[f"description{suffix}"],
            figure=field["type"] in _FIGURES,
            key=field["name"] in schema["primaryKey"],
            required=bool(field.get("constraints", {}).get("required")),
            parent=parents.get(field["name"], ""),
        )
        for field in schema["fields"]
    ]
