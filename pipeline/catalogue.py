"""The catalogues open-data portals harvest: DCAT-AP 3.0.1, made of the releases' datapackage.json alone.

One dataset a table and one for the whole package, each at a name that never changes; its distributions are the files
of the latest release. Two feeds, for one value cannot please both: SHACL wants a checksum to be xsd:hexBinary, and
data.gouv.fr's harvester fails on it (docs/catalogues.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, RDF, RDFS, SKOS, XSD

from pipeline import dcat, notices, vocabularies
from pipeline.addresses import Addresses
from pipeline.paths import sha256, write
from pipeline.rdf import address, blank, day, empty, label, point, say, serialized
from pipeline.vocabularies import ADMS, DCAT_VERSION, DCATAP, FORMATS, SPDX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_STRICT = ("catalog.ttl", "catalog.rdf", "catalog.jsonld")
_DATAGOUV = "catalog-datagouv.rdf"
FILES = (*_STRICT, _DATAGOUV)
# What the datapackage.json of an older program lacks.
_NEEDED = ("area", "frequency", "languages", "licence_statut", "reconstitution", "theme")
_OF_THE_CRAWL = ("pages", "provenance")  # tables about the crawl: they go with the whole package


@dataclass(frozen=True, slots=True)
class Release:
    """A release as a catalogue lists it.

    Attributes:
        descriptor: its datapackage.json.
        folder: where its files lie: those the descriptor does not describe are measured there.
        place: the way from the catalogue to it, as in `Addresses`.
    """

    descriptor: Mapping[str, Any]
    folder: Path
    place: str = ""

    @property
    def addresses(self) -> Addresses:
        """The addresses it is listed with."""
        return Addresses.of(self.descriptor, self.place)

    @property
    def tables(self) -> list[Mapping[str, Any]]:
        """The CSV resources of the tables that are datasets of their own."""
        return [r for r in self.descriptor["resources"] if r["format"] == "csv" and r["name"] not in _OF_THE_CRAWL]

    def files(self, *tables: str) -> list[Mapping[str, Any]]:
        """The resources that hold some tables: a file each."""
        return [r for r in self.descriptor["resources"] if PurePosixPath(r["path"]).stem in tables]

    def whole(self) -> list[Mapping[str, Any]]:
        """The files that hold everything, as resources: the database, and a zip where there is one."""
        found = [self.folder / f"{self.descriptor['name']}.{extension}" for extension in ("duckdb", "zip")]
        return [
            {
                **{name: self.descriptor[name] for name in ("title", "title_en")},
                "path": path.name,
                "bytes": path.stat().st_size,
                "hash": f"sha256:{sha256(path)}",
                "modified": self.descriptor["created"],
            }
            for path in found
            if path.is_file()
        ]


def write_catalogue(folder: Path, releases: Sequence[Release], left_out: Mapping[str, str] | None = None) -> None:
    """Writes the catalogue of some releases, each file whole or not at all: the same releases give the same bytes.

    Args:
        folder: where the catalogue stands.
        releases: at least one.
        left_out: the version of each portal that is not listed, its release not saying enough of itself.

    Raises:
        OSError: a file cannot be read or written.
    """
    made = graph(releases, left_out)
    for name in _STRICT:
        write(folder / name, serialized(made, name.rpartition(".")[2]))
    for node, value in list(made.subject_objects(SPDX.checksumValue)):
        made.set((node, SPDX.checksumValue, Literal(str(value))))
    write(folder / _DATAGOUV, serialized(made, "rdf"))


def listable(descriptor: Mapping[str, Any]) -> bool:
    """Whether a datapackage.json says all that a catalogue does; an older program's does not."""
    return all(name in descriptor for name in _NEEDED)


def graph(releases: Sequence[Release], left_out: Mapping[str, str] | None = None) -> Graph:
    """The catalogue of some releases as a graph; arguments as for `write_catalogue`.

    Raises:
        OSError: a file of a release cannot be read.
    """
    g, first = empty(), releases[0]
    catalogue = _name(releases)
    packages = [release.descriptor for release in releases]
    g.add((catalogue, RDF.type, DCAT.Catalog))
    say(g, catalogue, DCTERMS.title, notices.catalogue_title(packages))
    say(g, catalogue, DCTERMS.description, notices.catalogue_description(packages, left_out or {}))
    g.add((catalogue, DCTERMS.publisher, dcat.agent(g, first.descriptor, "maintainer")))
    g.add((catalogue, DCTERMS.issued, day(min(r["issued"] for package in packages for r in package["resources"]))))
    g.add((catalogue, DCTERMS.modified, day(max(package["created"] for package in packages))))
    point(g, catalogue, DCAT.themeTaxonomy, vocabularies.THEMES, SKOS.ConceptScheme)
    say(g, vocabularies.THEMES, DCTERMS.title, {"fr": "Thèmes de données", "en": "Data themes"})
    dcat.licence(g, first.descriptor, catalogue)
    for release in releases:
        dcat.languages(g, release.descriptor, catalogue)
        dcat.place(g, release.descriptor, catalogue)
        for dataset in (_package(g, release), *(_table(g, release, table) for table in release.tables)):
            g.add((catalogue, DCAT.dataset, dataset))
    return g


def _name(releases: Sequence[Release]) -> URIRef:
    """The name of a catalogue: a release's own, or that of all portals' releases."""
    every = [release.addresses for release in releases]
    if not every[0].place:
        return URIRef(every[0].catalogue)
    bases = {at.base for at in every}
    if len(bases) == 1 and every[0].base:
        return URIRef(f"{every[0].base}/catalog")
    return URIRef(uuid5(NAMESPACE_URL, " ".join(at.identity for at in every)).urn)


def _package(g: Graph, release: Release) -> URIRef:
    """The dataset that is the whole package, with what is not of one table."""
    package, at = release.descriptor, release.addresses
    dataset = URIRef(at.package)
    days = [table["issued"] for table in package["resources"]]
    _dataset(g, release, dataset, None, {"issued": min(days), "modified": package["created"]})
    for resource in (*release.whole(), *release.files(*_OF_THE_CRAWL)):
        name = PurePosixPath(resource["path"]).name
        _distribution(g, release, dataset, URIRef(at.distribution(at.package, name)), resource)
    return dataset


def _table(g: Graph, release: Release, table: Mapping[str, Any]) -> URIRef:
    """The dataset that is a table, with its three files."""
    at = release.addresses
    dataset = URIRef(at.dataset(table["name"]))
    _dataset(g, release, dataset, table, table)
    for source in table.get("sources", []):
        page = address(source["path"])
        g.add((dataset, FOAF.page, page))
        g.add((page, RDF.type, FOAF.Document))
        say(g, page, DCTERMS.title, {release.descriptor["languages"][0]: source["title"]})
    for resource in release.files(table["name"]):
        extension = PurePosixPath(resource["path"]).suffix[1:]
        distribution = URIRef(at.distribution(str(dataset), extension))
        _distribution(g, release, dataset, distribution, resource)
        if "schema" in resource:
            dcat.standard(g, distribution, address(at.latest(f"schemas/{table['name']}.schema.json")))
    return dataset


def _dataset(
    g: Graph, release: Release, dataset: URIRef, table: Mapping[str, Any] | None, dates: Mapping[str, str]
) -> None:
    """What all datasets say of themselves."""
    package, at = release.descriptor, release.addresses
    changes = at.latest("CHANGELOG.md")
    g.add((dataset, RDF.type, DCAT.Dataset))
    g.add((dataset, DCTERMS.identifier, Literal(str(dataset))))
    say(g, dataset, DCTERMS.title, notices.title(table or package))
    say(g, dataset, DCTERMS.description, notices.description(package, changes, table))
    for predicate in (DCAT_VERSION, OWL.versionInfo):
        g.add((dataset, predicate, Literal(package["version"])))
    say(g, dataset, ADMS.versionNotes, notices.version_notes(package, changes, table))
    g.add((dataset, DCTERMS.issued, day(dates["issued"])))
    g.add((dataset, DCTERMS.modified, day(dates["modified"])))
    for keyword in package["keywords"]:
        say(g, dataset, DCAT.keyword, {package["languages"][0]: keyword})
    g.add((dataset, DCTERMS.publisher, dcat.agent(g, package, "publisher")))
    dcat.contact(g, package, dataset)
    dcat.subject(g, package, dataset)
    dcat.languages(g, package, dataset)
    dcat.place(g, package, dataset)
    dcat.period(g, dataset, dates["modified"], _seen(package, table))
    dcat.licence(g, package, dataset)
    label(g, dataset, DCTERMS.provenance, DCTERMS.ProvenanceStatement, notices.provenance(package, table))
    point(g, dataset, DCTERMS.accessRights, vocabularies.PUBLIC, DCTERMS.RightsStatement)
    dcat.standard(g, dataset, URIRef(package["$schema"]))
    anchor = f"#{table['name']}" if table else ""
    point(g, dataset, DCAT.landingPage, address(at.latest(f"index.html{anchor}")), FOAF.Document)


def _seen(package: Mapping[str, Any], table: Mapping[str, Any] | None) -> str:
    """When the rows were last seen in the portal: not since they are kept from an earlier release."""
    if table is None or "stale" not in table:
        return str(package["created"])
    return str(max(table["modified"], table["stale"]["since"][:10]))


def _distribution(
    g: Graph, release: Release, dataset: URIRef, distribution: URIRef, resource: Mapping[str, Any]
) -> None:
    """A file of a dataset, where its latest version stands."""
    package, path = release.descriptor, PurePosixPath(resource["path"])
    form = FORMATS[path.suffix[1:]]
    g.add((dataset, DCAT.distribution, distribution))
    g.add((distribution, RDF.type, DCAT.Distribution))
    names = {language: f"{text} ({form.label})" for language, text in notices.title(resource).items()}
    say(g, distribution, DCTERMS.title, names)
    say(g, distribution, DCTERMS.description, notices.version_notes(package, release.addresses.latest("CHANGELOG.md")))
    g.add((distribution, DCTERMS.modified, day(resource["modified"])))
    file = address(release.addresses.latest(resource["path"]))
    g.add((distribution, DCAT.accessURL, file))
    g.add((distribution, DCAT.downloadURL, file))
    point(g, distribution, DCAT.mediaType, form.iana, DCTERMS.MediaType)
    g.add((form.iana, RDFS.label, Literal(form.media_type)))
    point(g, distribution, DCTERMS["format"], form.file_type, DCTERMS.MediaTypeOrExtent)
    g.add((form.file_type, RDFS.label, Literal(form.label)))
    g.add((distribution, DCAT.byteSize, Literal(resource["bytes"], datatype=XSD.nonNegativeInteger)))
    checksum = blank(distribution, "checksum")
    point(g, distribution, SPDX.checksum, checksum, SPDX.Checksum)
    point(g, checksum, SPDX.algorithm, vocabularies.SHA256, SPDX.ChecksumAlgorithm)
    digest = resource["hash"].removeprefix("sha256:")
    g.add((checksum, SPDX.checksumValue, Literal(digest, datatype=XSD.hexBinary)))
    dcat.licence(g, package, distribution)
    label(g, distribution, DCTERMS.rights, DCTERMS.RightsStatement, notices.rights(package))
    point(g, distribution, DCATAP.availability, vocabularies.STABLE, SKOS.Concept)
    say(g, vocabularies.STABLE, SKOS.prefLabel, {"fr": "stable", "en": "stable"})
