"""datapackage.json: what a package says of itself, valid as Data Package v1 and v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.paths import sha256
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Dataset
    from schemas.reasons import Reason

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


def descriptor(
    declarations: Declarations,
    published: Iterable[Dataset],
    folder: Path,
    *,
    version: str,
    created: str,
    run: str,
    sample: bool,
    stale: Mapping[str, tuple[str, Reason]],
) -> dict[str, Any]:
    """Describes a package whose data/ is complete.

    Args:
        declarations: titles, licence, schemas.
        published: the datasets in it, in order.
        folder: where data/ lies; sizes and hashes are read there.
        version: of this release.
        created: the last WARC-Date, RFC 3339.
        run: the run it was made by.
        sample: whether it was made from the sample portal; it then says so.
        stale: datasets kept from an earlier release: since when, and why.

    Returns:
        A JSON-ready object.
    """
    portal = declarations.portal
    datasets = list(published)
    keys = {d.id: d.key[0] for d in datasets if len(d.key) == 1}
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
            resource
            for dataset in datasets
            for resource in _resources(dataset, keys, folder, stale.get(dataset.id), sample=sample)
        ],
    }


def _source(declarations: Declarations, *, sample: bool) -> dict[str, str]:
    portal = declarations.portal
    if sample:
        return {"title": f"Portail d'exemple (reconstitution) de {portal.title.fr}", "path": "spiders/sample/pages"}
    return {"title": portal.title.fr, "path": f"{portal.origin}/"}


def _resources(
    dataset: Dataset, keys: Mapping[str, str], folder: Path, stale: tuple[str, Reason] | None, *, sample: bool
) -> Iterable[dict[str, Any]]:
    schema = table_schema(dataset, keys)
    for extension, (suffix, name, mediatype) in FORMATS.items():
        path = folder / "data" / f"{dataset.id}.{extension}"
        resource: dict[str, Any] = {
            "name": f"{dataset.id}{suffix}",
            "title": dataset.title.fr + (" (reconstitution)" if sample else ""),
            "title_en": dataset.title.en,
            "description": dataset.description.fr.strip(),
            "description_en": dataset.description.en.strip(),
            "path": f"data/{path.name}",
            "format": name,
            "mediatype": mediatype,
            "encoding": "utf-8",
            "bytes": path.stat().st_size,
            "hash": f"sha256:{sha256(path)}",
        }
        if extension == "csv":
            resource |= {"type": "table", "dialect": _DIALECT, "schema": schema}
        if stale is not None:
            since, reason = stale
            resource["stale"] = {"since": since, "code": reason.code, "message": reason.message}
        yield resource
