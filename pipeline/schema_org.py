"""schema.org/Dataset as JSON-LD, and index.html that carries it: what search engines for data read.

Required and recommended properties are those of Google Dataset Search (developers.google.com, 'Dataset').
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.addresses import Addresses
from pipeline.citation import citation
from pipeline.described import bundle, contributor, database, files, licence_confirmed, sha256_of, tables
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Described = Mapping[str, Any]

_LONGEST = 5_000  # characters of a description; fewer than 50 are refused too, which the last sentence sees to
_TECHNIQUE = (
    "Pages du portail archivées puis lues selon des déclarations ; chaque ligne lue a sa preuve dans la table "
    "provenance ; tables typées et validées."
)
_PAGES = Environment(
    loader=PackageLoader("pipeline"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
# Jinja's `tojson` escapes what would end a script element; as it is, JSON is readable and in the order given.
_PAGES.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False, "indent": 1}


def page(descriptor: Described) -> str:
    """The text of index.html.

    Args:
        descriptor: the release's datapackage.json.
    """
    text = _PAGES.get_template("index.html").render(
        package=descriptor,
        tables=[(table, files(descriptor, table)) for table in tables(descriptor)],
        database=database(descriptor),
        bundle=bundle(descriptor),
        publisher=contributor(descriptor, "publisher"),
        maintainer=contributor(descriptor, "maintainer"),
        confirmed=licence_confirmed(descriptor),
        citation=citation(descriptor),
        canonical=Addresses.of(descriptor).standing("latest/"),
        feed=Addresses.of(descriptor).standing("releases.atom"),
        json_ld=json_ld(descriptor),
    )
    return visible(text)


def json_ld(descriptor: Described) -> dict[str, Any]:
    """The package and each of its tables as schema.org Datasets, in one catalogue.

    Args:
        descriptor: the release's datapackage.json.

    Returns:
        A JSON-ready graph. Files are at the addresses of this very release, for their hashes are its own; relative to
        the page where no base is known.
    """
    datasets = [_package(descriptor), *(_table(descriptor, table) for table in tables(descriptor))]
    return _graph(descriptor, datasets)


def package_json_ld(descriptor: Described) -> dict[str, Any]:
    """The package as a schema.org Dataset, in its catalogue; as `json_ld` says it.

    Args:
        descriptor: the release's datapackage.json.
    """
    return _graph(descriptor, [_package(descriptor)])


def table_json_ld(descriptor: Described, table: Described) -> dict[str, Any]:
    """One of the package's tables as a schema.org Dataset, in its catalogue; as `json_ld` says it.

    Args:
        descriptor: the release's datapackage.json.
        table: the table's CSV resource.
    """
    return _graph(descriptor, [_table(descriptor, table)])


def _graph(descriptor: Described, datasets: Iterable[Described]) -> dict[str, Any]:
    catalogue = {
        "@type": "DataCatalog",
        "@id": Addresses.of(descriptor).catalogue,
        "name": descriptor["title"],
        "description": descriptor["description"],
        "url": Addresses.of(descriptor).standing("latest/") or descriptor["homepage"],
    }
    within = {"includedInDataCatalog": {"@id": catalogue["@id"]}}
    return {"@context": "https://schema.org/", "@graph": [catalogue, *({**one, **within} for one in datasets)]}


def _package(descriptor: Described) -> dict[str, Any]:
    files = {
        "datapackage.json": "application/json",
        database(descriptor): "application/octet-stream",
        bundle(descriptor): "application/zip",
    }
    return {
        **_dataset(descriptor, descriptor, descriptor["name"]),
        "datePublished": descriptor["created"][:10],
        "dateModified": descriptor["created"][:10],
        "temporalCoverage": descriptor["created"][:10],
        "variableMeasured": [table["title"] for table in tables(descriptor)],
        "hasPart": [{"@id": Addresses.of(descriptor).dataset(table["name"])} for table in tables(descriptor)],
        "distribution": [_download(descriptor, path, kind) for path, kind in files.items()],
    }


def _table(descriptor: Described, table: Described) -> dict[str, Any]:
    return {
        **_dataset(descriptor, table, table["name"]),
        "isPartOf": {"@id": Addresses.of(descriptor).package},
        "datePublished": table["issued"],
        "dateModified": table["modified"],
        # The day that what it says was last seen on the portal.
        "temporalCoverage": table["modified"] if "stale" in table else descriptor["created"][:10],
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": field["name"],
                "alternateName": [field["title"], field["title_en"]],
                "description": field["description"],
            }
            for field in table["schema"]["fields"]
        ],
        "distribution": [
            {
                **_download(descriptor, file["path"], file["mediatype"]),
                "contentSize": f"{file['bytes']} B",
                "sha256": sha256_of(file),
            }
            for file in files(descriptor, table)
        ],
    }


def _dataset(descriptor: Described, told: Described, name: str) -> dict[str, Any]:
    """What the package and its tables say alike."""
    publisher = contributor(descriptor, "publisher")
    agent = {"@type": "Organization", "name": publisher["title"], "url": publisher["path"]}
    area = descriptor["area"]
    box = f"{area['south']} {area['west']} {area['north']} {area['east']}"
    said = f"« {told['title']} » / “{told['title_en']}”, version {descriptor['version']}."
    at = Addresses.of(descriptor)
    url, page = at.package if told is descriptor else at.dataset(name), at.standing("latest/")
    return {
        "@type": "Dataset",
        "@id": url,
        "identifier": url,
        **({"url": page if told is descriptor else f"{page}#{name}"} if page else {}),
        "name": told["title"],
        "alternateName": told["title_en"],
        "description": f"{told['description']}\n\n{told['description_en']}"[: _LONGEST - len(said) - 2] + f"\n\n{said}",
        "version": descriptor["version"],
        "license": descriptor["licenses"][0]["path"],
        "isAccessibleForFree": True,
        "creator": agent,
        "publisher": agent,
        "creditText": citation(descriptor),
        "keywords": descriptor["keywords"],
        "inLanguage": descriptor["languages"],
        "isBasedOn": [source["path"] for source in told.get("sources", descriptor["sources"])],
        "measurementTechnique": _TECHNIQUE,
        "spatialCoverage": {
            "@type": "Place",
            "name": area["title"]["fr"],
            "identifier": area["uri"],
            "geo": {"@type": "GeoShape", "box": box},
        },
    }


def _download(descriptor: Described, path: str, kind: str) -> dict[str, Any]:
    address = Addresses.of(descriptor).own(descriptor["version"], path)
    return {"@type": "DataDownload", "name": path, "contentUrl": address, "encodingFormat": kind}
