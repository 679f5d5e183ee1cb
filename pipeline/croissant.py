"""croissant.json: the tables for machine learning (MLCommons, 'Croissant Format Specification' 1.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.addresses import Addresses
from pipeline.citation import citation
from pipeline.described import contributor, sha256_of, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]

_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
# The context that the specification gives, word for word ('Appendix: JSON-LD context').
_CONTEXT = {
    "@language": "fr",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(descriptor: Described) -> dict[str, Any]:
    """What a package's CSV files hold, as Croissant.

    Args:
        descriptor: its datapackage.json.

    Returns:
        A JSON-ready object. Files are named at the addresses of this very release, for their hashes are its own.
    """
    publisher = contributor(descriptor, "publisher")
    agent = {"@type": "sc:Organization", "name": publisher["title"], "url": publisher["path"]}
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "@id": Addresses.of(descriptor).package,
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": descriptor["title"],
        "alternateName": descriptor["name"],
        "description": f"{descriptor['description']}\n\n{descriptor['description_en']}",
        "license": descriptor["licenses"][0]["path"],
        "url": Addresses.of(descriptor).standing("latest/") or descriptor["homepage"],
        "version": descriptor["version"],
        "datePublished": descriptor["created"][:10],
        "dateModified": descriptor["created"][:10],
        "inLanguage": descriptor["languages"],
        "keywords": descriptor["keywords"],
        "creator": agent,
        "publisher": agent,
        "citeAs": citation(descriptor),
        "isLiveDataset": False,
        "distribution": [_file(descriptor, table) for table in tables(descriptor)],
        "recordSet": [_records(descriptor, table) for table in tables(descriptor)],
    }


def _file(descriptor: Described, table: Described) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": table["path"],
        "name": table["path"],
        "description": table["description"],
        "contentUrl": Addresses.of(descriptor).own(descriptor["version"], table["path"]),
        "contentSize": f"{table['bytes']} B",
        "encodingFormat": table["mediatype"],
        "sha256": sha256_of(table),
    }


def _records(descriptor: Described, table: Described) -> dict[str, Any]:
    own, schema = table["name"], table["schema"]
    joined = {each["name"] for each in tables(descriptor) if _foreign(each)}
    # mlcroissant 1.1 joins records with those they refer to, and fails where these are joined with others in turn.
    parents = {key: f"{parent}/{column}" for key, parent, column in _foreign(table) if parent not in joined}
    return {
        "@type": "cr:RecordSet",
        "@id": own,
        "name": own,
        "description": f"{table['title']}. {table['description']}",
        "key": [{"@id": f"{own}/{column}"} for column in schema["primaryKey"]],
        "field": [_field(table, field, parents.get(field["name"])) for field in schema["fields"]],
    }


def _foreign(table: Described) -> list[tuple[str, str, str]]:
    """A table's references to others: column, table, its column. One within the table is no join, and left out."""
    keys = [(key["fields"][0], key["reference"]) for key in table["schema"].get("foreignKeys", [])]
    return [(own, parent["resource"], parent["fields"][0]) for own, parent in keys if parent["resource"]]


def _field(table: Described, field: Described, parent: str | None) -> dict[str, Any]:
    told = {
        "@type": "cr:Field",
        "@id": f"{table['name']}/{field['name']}",
        "name": field["name"],
        "description": f"{field['description']} / {field['description_en']}",
        "dataType": _TYPES[field["type"]],
        "source": {"fileObject": {"@id": table["path"]}, "extract": {"column": field["name"]}},
    }
    return {**told, "references": {"field": {"@id": parent}}} if parent else told
