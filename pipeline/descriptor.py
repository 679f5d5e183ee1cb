"""datapackage.json: what a package says of itself, valid as Data Package v1 and v2."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

from cronsim import CronSim

from pipeline import views
from pipeline.notices import SAMPLE_NOTE
from pipeline.paths import sha256
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Agent, Dataset, Portal

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
# Extension: suffix of the resource's name, format, media type. frictionless 5 counts no bytes of a resource it reads as
# a Parquet or JSON table, and then refuses the `bytes` that portals require: these two are described as files, by a
# format name its Parquet reader does not take, and the schema stands with the CSV (docs/decisions/0008).
FORMATS = {
    "csv": ("", "csv", "text/csv"),
    "parquet": ("-parquet", "PARQUET", "application/vnd.apache.parquet"),
    "json": ("-json", "json", "application/json"),
}
# EU table of frequencies (http://publications.europa.eu/resource/authority/frequency): the longest wait of each.
_FREQUENCIES = (
    (dt.timedelta(hours=1), "HOURLY"),
    (dt.timedelta(days=1), "DAILY"),
    (dt.timedelta(days=7), "WEEKLY"),
    (dt.timedelta(days=14), "BIWEEKLY"),
    (dt.timedelta(days=31), "MONTHLY"),
    (dt.timedelta(days=92), "QUARTERLY"),
    (dt.timedelta(days=366), "ANNUAL"),
)
# The CSV dialect in full: v1 readers (CKAN's datapackager among them) refuse one without delimiter and doubleQuote.
_DIALECT = {"delimiter": ",", "doubleQuote": True, "lineTerminator": "\n", "quoteChar": '"', "header": True}


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
    origin = declarations.portal.origin
    return [
        _declared(d, keys, origin, sample=sample) if d.id in made else _carried(released[d.id], keys) for d in published
    ]


def descriptor(
    declarations: Declarations,
    described: Sequence[Mapping[str, Any]],
    made: AbstractSet[str],
    changed: AbstractSet[str],
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
        changed: those of which a row changed: they are modified today.
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
        **reach(portal),
        **({"base_url": portal.base_url} if portal.base_url else {}),
        "licenses": licence,
        "licence_statut": portal.licence.statut,
        "contributors": [
            _contributor(portal.publisher, "publisher"),
            _contributor(portal.maintainer, "maintainer"),
        ],
        "sources": [_source(declarations, sample=sample)],
        "views": views.told(declarations.views, described),
        "resources": [
            {**resource, **dates, "stale": stale[table["name"]]} if table["name"] in stale else {**resource, **dates}
            for table in described
            for dates in (dated(table, changed, released, created),)
            for resource in (_made(table, folder) if table["name"] in made else _kept(table, released))
        ],
    }


def reach(portal: Portal) -> dict[str, Any]:
    """What a package's data is about and how often it is looked at, as the portal declares it."""
    return {
        "languages": [portal.language],
        "theme": portal.theme,
        "area": portal.area.model_dump(),
        "frequency": frequency(portal),
    }


def frequency(portal: Portal) -> str:
    """How often the portal is looked at, of the EU's table of frequencies: its schedule says it."""
    times = list(itertools.islice(CronSim(portal.schedule, dt.datetime(2024, 1, 1)), 32))  # noqa: DTZ001 (gaps alone count)
    longest = max(after - before for before, after in itertools.pairwise(times))
    return next((code for most, code in _FREQUENCIES if longest <= most), "OTHER")


def _contributor(agent: Agent, role: str) -> dict[str, Any]:
    told = {"title": agent.name, "path": agent.url, "role": role, "roles": [role]}
    return {**told, **agent.model_dump(include={"email", "siret", "type"}, exclude_none=True)}


def dated(
    table: Mapping[str, Any], changed: AbstractSet[str], released: Mapping[str, Any], created: str
) -> dict[str, str]:
    """The days a table was first released, and its rows or columns last changed.

    Args:
        table: as its CSV resource says it.
        changed: the tables of which a row changed since the release before.
        released: that release's resources by name.
        created: the date of this one.
    """
    before = released.get(table["name"])
    if before is None:
        return {"issued": created[:10], "modified": created[:10]}
    moved = table["name"] in changed or before["schema"] != table["schema"]
    first, last = (before.get(name, created[:10]) for name in ("issued", "modified"))
    return {"issued": first, "modified": created[:10] if moved else last}


def _source(declarations: Declarations, *, sample: bool) -> dict[str, str]:
    portal = declarations.portal
    if sample:
        return {"title": f"Portail d'exemple (reconstitution) de {portal.title.fr}", "path": "spiders/sample/pages"}
    return {"title": portal.title.fr, "path": f"{portal.origin}/"}


def _declared(dataset: Dataset, keys: Mapping[str, str], origin: str, *, sample: bool) -> dict[str, Any]:
    named = {s.page.path: s.page.title for s in dataset.sources if s.page is not None and not s.only_counts}
    pages = [{"title": title, "path": f"{origin}{path}"} for path, title in named.items()]
    personal = {field.name: field.personal for field in dataset.fields if field.personal}
    renamed = {field.name: field.formerly for field in dataset.fields if field.formerly}
    return {
        "name": dataset.id,
        "title": dataset.title.fr + (" (reconstitution)" if sample else ""),
        "title_en": dataset.title.en,
        "description": dataset.description.fr.strip(),
        "description_en": dataset.description.en.strip(),
        **({"sources": pages} if pages and not sample else {}),
        **({"personal": personal} if personal else {}),
        **({"renamed": renamed} if renamed else {}),
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
