"""README.md and DICTIONNAIRE.md of a release, for those who open its folder; in French and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline import markdown
from pipeline.citation import citation
from pipeline.described import bundle, contributor, database, files, licence_confirmed, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]

FREQUENCIES = {
    "HOURLY": ("chaque heure", "every hour"),
    "DAILY": ("chaque jour", "every day"),
    "WEEKLY": ("chaque semaine", "every week"),
    "BIWEEKLY": ("toutes les deux semaines", "every two weeks"),
    "MONTHLY": ("chaque mois", "every month"),
    "QUARTERLY": ("chaque trimestre", "every quarter"),
    "ANNUAL": ("chaque année", "every year"),
    "OTHER": ("à un autre rythme", "at another pace"),
}
_CONSTRAINTS = {
    "required": "obligatoire / required",
    "unique": "sans doublon / unique",
    "minimum": "min",
    "maximum": "max",
    "minLength": "longueur min / min length",
    "maxLength": "longueur max / max length",
    "pattern": "motif / pattern",
    "enum": "parmi / one of",
}


def readme(descriptor: Described) -> str:
    """The text of README.md: what it is, where from, how fresh, how to cite, under what terms, with what limits.

    Args:
        descriptor: the release's datapackage.json.
    """
    told = {
        "package": descriptor,
        "tables": tables(descriptor),
        "database": database(descriptor),
        "bundle": bundle(descriptor),
        "licence": descriptor["licenses"][0],
        "confirmed": licence_confirmed(descriptor),
        "publisher": contributor(descriptor, "publisher"),
        "maintainer": contributor(descriptor, "maintainer"),
        "frequency": FREQUENCIES[descriptor["frequency"]],
        "citation": citation(descriptor),
        "personal": personal_columns(descriptor),
    }
    return markdown.rendered("README.md", told)


def personal_columns(descriptor: Described) -> dict[str, list[str]]:
    """The columns that hold something of persons, as table.column, by what they hold: `name`, `email`."""
    personal: dict[str, list[str]] = {"name": [], "email": []}
    for table in tables(descriptor):
        for column, kind in table.get("personal", {}).items():
            personal[kind].append(f"{table['name']}.{column}")
    return personal


def dictionary(descriptor: Described) -> str:
    """The text of DICTIONNAIRE.md: every column's type, constraints and meaning.

    Args:
        descriptor: the release's datapackage.json.
    """
    told = {
        "package": descriptor,
        "tables": [(table, files(descriptor, table)) for table in tables(descriptor)],
        "constraints": _constraints,
        "meaning": _meaning,
    }
    return markdown.rendered("DICTIONNAIRE.md", told)


def _constraints(field: Described) -> list[tuple[str, list[Any]]]:
    """A column's constraints: in words, and their values if they have any."""
    return [
        (_CONSTRAINTS[name], value if isinstance(value, list) else [] if value is True else [value])
        for name, value in field.get("constraints", {}).items()
    ]


def _meaning(field: Described, suffix: str) -> str:
    """What a column means in a language; one without a description of its own has its title there."""
    title, description = field[f"title{suffix}"], field[f"description{suffix}"]
    return str(title) if title == description else f"{title} — {description}"
