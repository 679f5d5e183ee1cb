"""The catalogues open-data portals harvest: DCAT-AP 3.0.1, made of the releases' datapackage.json alone.

One dataset a table and one for the whole package, each at a name that never changes; its distributions are the files
of the latest release. Two feeds, for one value cannot please both: SHACL wants a checksum to be xsd:hexBinary, and
data.gouv.fr's harvester fails on it (docs/catalogues.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from rdflib import Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, RDF, RDFS, SKOS, XSD

from pipeline import dcat, notices, vocabularies
from pipeline.paths import write
from pipeline.rdf import address, blank, day, empty, in_order, label, point, say, serialized
from pipeline.vocabularies import ADMS, DCAT_VERSION, DCATAP, SPDX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.entries import Entry, File, Release


_STRICT = ("catalog.ttl", "catalog.rdf", "catalog.jsonld")
_DATAGOUV = "catalog-datagouv.rdf"
FILES = (*_STRICT, _DATAGOUV)
# What the datapackage.json of an older program lacks.
_NEEDED = ("area", "frequency", "languages", "licence_statut", "reconstitution", "theme")


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
    strict = in_order(made)
    for name in _STRICT:
        write(folder / name, serialized(strict, name.rpartition(".")[2]))
    for node, value in list(made.subject_objects(SPDX.checksumValue)):
        made.set((node, SPDX.checksumValue, Literal(str(value))))
    write(folder / _DATAGOUV, serialized(in_order(made), "rdf"))


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
        for entry in release.entries():
            g.add((catalogue, DCAT.dataset, _dataset(g, release.descriptor, entry)))
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


def _dataset(g: Graph, package: Mapping[str, Any], entry: Entry) -> URIRef:
    """An entry with its files; its name."""
    dataset = URIRef(entry.name)
    g.add((dataset, RDF.type, DCAT.Dataset))
    g.add((dataset, DCTERMS.identifier, Literal(entry.name)))
    say(g, dataset, DCTERMS.title, entry.title)
    say(g, dataset, DCTERMS.description, entry.description)
    for predicate in (DCAT_VERSION, OWL.versionInfo):
        g.add((dataset, predicate, Literal(package["version"])))
    say(g, dataset, ADMS.versionNotes, entry.notes)
    g.add((dataset, DCTERMS.issued, day(entry.issued)))
    g.add((dataset, DCTERMS.modified, day(entry.modified)))
    for keyword in package["keywords"]:
        say(g, dataset, DCAT.keyword, {package["languages"][0]: keyword})
    g.add((dataset, DCTERMS.publisher, dcat.agent(g, package, "publisher")))
    dcat.contact(g, package, dataset)
    dcat.subject(g, package, dataset)
    dcat.languages(g, package, dataset)
    dcat.place(g, package, dataset)
    dcat.period(g, dataset, entry.modified, entry.seen)
    dcat.licence(g, package, dataset)
    label(g, dataset, DCTERMS.provenance, DCTERMS.ProvenanceStatement, entry.provenance)
    point(g, dataset, DCTERMS.accessRights, vocabularies.PUBLIC, DCTERMS.RightsStatement)
    dcat.standard(g, dataset, URIRef(package["$schema"]))
    point(g, dataset, DCAT.landingPage, address(entry.page), FOAF.Document)
    for source in (entry.table or {}).get("sources", []):
        page = address(source["path"])
        point(g, dataset, FOAF.page, page, FOAF.Document)
        say(g, page, DCTERMS.title, {package["languages"][0]: source["title"]})
    for file in entry.files:
        _distribution(g, package, dataset, file)
    return dataset


def _distribution(g: Graph, package: Mapping[str, Any], dataset: URIRef, file: File) -> None:
    """A file of a dataset, where its latest version stands."""
    distribution, form = URIRef(file.name), file.form
    g.add((dataset, DCAT.distribution, distribution))
    g.add((distribution, RDF.type, DCAT.Distribution))
    say(g, distribution, DCTERMS.title, file.title)
    say(g, distribution, DCTERMS.description, file.notes)
    g.add((distribution, DCTERMS.modified, day(file.modified)))
    for predicate in (DCAT.accessURL, DCAT.downloadURL):
        g.add((distribution, predicate, address(file.address)))
    point(g, distribution, DCAT.mediaType, form.iana, DCTERMS.MediaType)
    g.add((form.iana, RDFS.label, Literal(form.media_type)))
    point(g, distribution, DCTERMS["format"], form.file_type, DCTERMS.MediaTypeOrExtent)
    g.add((form.file_type, RDFS.label, Literal(form.label)))
    g.add((distribution, DCAT.byteSize, Literal(file.bytes, datatype=XSD.nonNegativeInteger)))
    checksum = blank(distribution, "checksum")
    point(g, distribution, SPDX.checksum, checksum, SPDX.Checksum)
    point(g, checksum, SPDX.algorithm, vocabularies.SHA256, SPDX.ChecksumAlgorithm)
    g.add((checksum, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary)))
    dcat.licence(g, package, distribution)
    label(g, distribution, DCTERMS.rights, DCTERMS.RightsStatement, notices.rights(package))
    point(g, distribution, DCATAP.availability, vocabularies.STABLE, SKOS.Concept)
    say(g, vocabularies.STABLE, SKOS.prefLabel, {"fr": "stable", "en": "stable"})
    if file.schema:
        dcat.standard(g, distribution, address(file.schema))
