"""csvw-metadata.json: the CSV files as CSV on the Web (W3C, 'Metadata Vocabulary for Tabular Data')."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pipeline.described import contributor, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]

# Table Schema type: CSVW datatype. A number may have an exponent, which `decimal` may not ('Parsing Cells', 6.4.2).
_TYPES = {
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "dateTime",
}
_BOUNDS = ("minimum", "maximum", "minLength", "maxLength")


def csvw(descriptor: Described) -> dict[str, Any]:
    """The metadata of all CSV files of a package.

    Args:
        descriptor: its datapackage.json.

    Returns:
        A JSON-ready table group; addresses are relative to the release's folder.
    """
    [licence] = descriptor["licenses"]
    publisher = contributor(descriptor, "publisher")
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "fr"}],
        **_told(descriptor),
        "dc:license": {"@id": licence["path"]},
        "dc:publisher": {"@id": publisher["path"], "schema:name": publisher["title"]},
        "dc:source": [source["path"] for source in descriptor["sources"]],
        "schema:version": descriptor["version"],
        "dialect": {
            "encoding": "utf-8",
            "delimiter": ",",
            "quoteChar": '"',
            "doubleQuote": True,
            "header": True,
            "lineTerminators": ["\n"],
        },
        "tables": [_table(table, {t["name"]: t for t in tables(descriptor)}) for table in tables(descriptor)],
    }


def _told(told: Described) -> dict[str, Any]:
    return {
        f"dc:{name}": [
            {"@value": told[name], "@language": "fr"},
            {"@value": told[f"{name}_en"], "@language": "en"},
        ]
        for name in ("title", "description")
    }


def _table(table: Described, named: Mapping[str, Described]) -> dict[str, Any]:
    schema = table["schema"]
    foreign = [
        {
            "columnReference": key["fields"],
            "reference": {
                "resource": named[key["reference"]["resource"] or table["name"]]["path"],
                "columnReference": key["reference"]["fields"],
            },
        }
        for key in schema.get("foreignKeys", [])
    ]
    return {
        "url": table["path"],
        **_told(table),
        "dc:issued": {"@value": table["issued"], "@type": "xsd:date"},
        "dc:modified": {"@value": table["modified"], "@type": "xsd:date"},
        "tableSchema": {
            "columns": [_column(field) for field in schema["fields"]],
            "primaryKey": schema["primaryKey"],
            **({"foreignKeys": foreign} if foreign else {}),
        },
    }


def _column(field: Described) -> dict[str, Any]:
    """A column; the header is among its titles, for it is what a validator compares with them (5.5.1)."""
    constraints = field.get("constraints", {})
    return {
        "name": field["name"],
        "titles": {"fr": [field["name"], field["title"]], "en": field["title_en"]},
        "dc:description": _told(field)["dc:description"],
        "datatype": _datatype(field["type"], constraints),
        **({"required": True} if constraints.get("required") else {}),
    }


def _datatype(kind: str, constraints: Described) -> dict[str, Any]:
    """A datatype with what Table Schema's constraints say of each value; `unique` has no equal in CSVW."""
    said = {"base": _TYPES[kind]} | {name: constraints[name] for name in _BOUNDS if name in constraints}
    if "enum" in constraints:
        return {**said, "format": "|".join(re.escape(value) for value in constraints["enum"])}
    return {**said, "format": constraints["pattern"]} if "pattern" in constraints else said
