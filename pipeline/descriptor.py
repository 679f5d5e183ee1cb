"""datapackage.json: what a package says of itself, valid as Data Package v1 and v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.paths import sha256
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Dataset

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
# Extension: suffix of the resource's name, format, media type. frictionless 5 counts no bytes of a resource it reads as
# a Parquet or JSON table, and then refuses the `bytes` that portals require: these two are described as files, by a
# format name its Parquet reader does not take, and the schema stands with the CSV (docs/decisions/0008).
FORMATS = {
    "csv": ("", "csv", "text/csv"),
    "parquet": ("-parquet", "PARQUET", "application/vnd.apache.parquet"),
    "json": ("-json", "json", "application/json"),
}
# The CSV dialect in full: v1 readers (CKAN's datapackager among them) refuse one without delimiter and doubleQuote.
_DIALECT = {"delimiter": ",", "doubleQuote": True, "lineTerminator": "\n", "quoteChar": '"', "header": True}
SAMPLE_NOTE = {
    "fr": "Reconstitution : construite à partir du portail d'exemple livré avec le logiciel, pas du portail réel.",
    "en": "Reconstruction: made from the sample portal that comes with the software, not from the real portal.",
}


def tables(
    declarations: Declarations, made: AbstractSet[str], released: Mapping[str, Any], *, sample: bool
) -> list[dict[str, Any]]:
    """What the package says of each table, as its CSV resource does: name, titles, Table Schema.

    Args:
        declarations: say it of the tables this run made.
        made: those tables.
        released: the last release's resources by name; they say it of the tables carried over, whatever a declaration
            has become since: a change waits until its dataset is accepted.
        sample: whether the package is made from the sample portal.

    Returns:
        The tables in order. Foreign keys to what is not in the package are left out.
    """
    published = [d for d in declarations.datasets if d.id in made or d.id in released]
    primary = {d.id: list(d.key) if d.id in made else released[d.id]["schema"]["primaryKey"] for d in published}
    keys = {name: key[0] for name, key in primary.items() if len(key) == 1}
    return [_declared(d, keys, sample=sample) if d.id in made else _carried(released[d.id], keys) for d in published]


def descriptor(
    declarations: Declarations,
    described: Iterable[Mapping[str, Any]],
    made: AbstractSet[str],
    released: Mapping[str, Any],
    folder: Path,
    *,
    version: str,
    created: str,
    run: str,
    sample: bool,
    stale: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Describes a package whose data/ is complete.

    Args:
        declarations: titles and licence of the portal.
        described: the tables in it, as `tables` gives them.
        made: those this run made.
        released: the last release's resources by name: what is said of the other tables.
        folder: where data/ lies; sizes and hashes of what this run made are read there.
        version: of this release.
        created: the last WARC-Date, RFC 3339.
        run: the run it was made by.
        sample: whether it was made from the sample portal; it then says so.
        stale: the mark of each dataset kept from an earlier release: since, code, message.

    Returns:
        A JSON-ready object.
    """
    portal = declarations.portal
    licence = [{"name": portal.licence.id, "title": portal.licence.title, "path": portal.licence.url}]
    note = f" {SAMPLE_NOTE['fr']}" if sample else ""
    return {
        "$schema": PROFILE,
        "name": portal.id,
        "id": f"{portal.origin}/#{portal.id}",
        "title": portal.title.fr + (" (reconstitution)" if sample else ""),
        "title_en": portal.title.en,
        "description": portal.description.fr.strip() + note,
        "description_en": portal.description.en.strip() + (f" {SAMPLE_NOTE['en']}" if sample else ""),
        "homepage": f"{portal.origin}/",
        "version": version,
        "created": created,
        "run": run,
        "reconstitution": sample,
        "keywords": list(portal.keywords),
        "licenses": licence,
        "licence_statut": portal.licence.statut,
        "contributors": [
            {"title": portal.publisher.name, "path": portal.publisher.url, "role": "publisher", "roles": ["publisher"]},
            {
                "title": portal.maintainer.name,
                "path": portal.maintainer.url,
                "role": "maintainer",
                "roles": ["maintainer"],
            },
        ],
        "sources": [_source(declarations, sample=sample)],
        "resources": [
            {**resource, "stale": stale[table["name"]]} if table["name"] in stale else resource
            for table in described
            for resource in (_made(table, folder) if table["name"] in made else _kept(table, released))
        ],
    }


def _source(declarations: Declarations, *, sample: bool) -> dict[str, str]:
    portal = declarations.portal
    if sample:
        return {"title": f"Portail d'exemple (reconstitution) de {portal.title.fr}", "path": "spiders/sample/pages"}
    return {"title": portal.title.fr, "path": f"{portal.origin}/"}


def _declared(dataset: Dataset, keys: Mapping[str, str], *, sample: bool) -> dict[str, Any]:
    return {
        "name": dataset.id,
        "title": dataset.title.fr + (" (reconstitution)" if sample else ""),
        "title_en": dataset.title.en,
        "description": dataset.description.fr.strip(),
        "description_en": dataset.description.en.strip(),
        "schema": table_schema(dataset, keys),
    }


def _carried(resource: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    own, schema = resource["name"], dict(resource["schema"])
    foreign = [
        key
        for key in schema.pop("foreignKeys", [])
        for parent in [key["reference"]]
        if parent["fields"] == [keys.get(parent["resource"] or own)]
    ]
    return {**resource, "schema": {**schema, "foreignKeys": foreign} if foreign else schema}


def _made(table: Mapping[str, Any], folder: Path) -> Iterable[dict[str, Any]]:
    """The resources of a table whose files this run wrote."""
    titles = {name: value for name, value in table.items() if name not in {"name", "schema"}}
    for extension, (suffix, name, mediatype) in FORMATS.items():
        path = folder / "data" / f"{table['name']}.{extension}"
        resource: dict[str, Any] = {
            "name": f"{table['name']}{suffix}",
            **titles,
            "path": f"data/{path.name}",
            "format": name,
            "mediatype": mediatype,
            "encoding": "utf-8",
            "bytes": path.stat().st_size,
            "hash": f"sha256:{sha256(path)}",
        }
        if extension == "csv":
            resource |= {"type": "table", "dialect": _DIALECT, "schema": table["schema"]}
        yield resource


def _kept(table: Mapping[str, Any], released: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The resources of a table carried over: the last release's, without its mark."""
    for suffix, _, _ in FORMATS.values():
        resource = {name: value for name, value in released[f"{table['name']}{suffix}"].items() if name != "stale"}
        yield resource | ({"schema": table["schema"]} if "schema" in resource else {})
