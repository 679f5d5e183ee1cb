"""The catalogues that open-data portals harvest: what they say is true, is said once, and keeps its name for ever."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from conftest import ROOT, Done
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, RDF, SKOS, XSD
from test_erase import FOCH, erase
from test_refresh import CORRECTED, HEADS, HOLDER_CHANGED, LOST, PORTAL, archive_of, changed, declarations, out, refresh

from pipeline import catalogue, indexes, vocabularies
from pipeline.addresses import Addresses
from pipeline.catalogue import FILES, write_catalogue
from pipeline.described import OF_THE_CRAWL
from pipeline.entries import Release
from pipeline.paths import Home, read_json, sha256, write_json
from pipeline.vocabularies import ADMS, DCAT_VERSION, GEO, SPDX, VCARD
from schemas.kinds import AgentType, Language, Theme
from schemas.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdflib.term import Node

__all__ = ["out"]  # a fixture

BASE = "https://donnees.example.fr/canceropole"


@cache
def parsed(path: Path) -> Graph:
    form = {".ttl": "turtle", ".rdf": "xml", ".jsonld": "json-ld"}[path.suffix]
    return Graph().parse(path, format=form)


def described(folder: Path, **said: object) -> dict[str, Any]:
    return {**read_json(folder / "datapackage.json"), **said}


def based(sample: Done, **said: object) -> Graph:
    """The catalogue of the sample's release, as served at an address."""
    return catalogue.graph([Release(described(sample.latest, base_url=BASE, **said), sample.latest)])


def datasets(graph: Graph) -> set[URIRef]:
    return {URIRef(str(one)) for one in graph.subjects(RDF.type, DCAT.Dataset)}


def texts(graph: Graph, subject: Node, predicate: URIRef) -> dict[str | None, str]:
    return {text.language: str(text) for text in graph.objects(subject, predicate) if isinstance(text, Literal)}


def named(graph: Graph, table: str) -> URIRef:
    [found] = [one for one in datasets(graph) if str(one).endswith(f"/dataset/{table}")]
    return found


def names(graph: Graph) -> dict[str, str]:
    """The distributions of a catalogue by name: the dataset and the address each has."""
    return {
        str(file): f"{dataset} {graph.value(file, DCAT.downloadURL)}"
        for dataset, file in graph.subject_objects(DCAT.distribution)
    }


def test_a_table_is_a_dataset_and_so_is_the_package(sample: Done) -> None:
    graph = based(sample)
    tables = {f"{BASE}/{PORTAL}/dataset/{d.id}" for d in load(PORTAL).datasets if d.id not in OF_THE_CRAWL}
    assert {str(one) for one in datasets(graph)} == {*tables, f"{BASE}/{PORTAL}/package"}
    [listing] = graph.subjects(RDF.type, DCAT.Catalog)
    assert set(graph.objects(listing, DCAT.dataset)) == datasets(graph)
    files = {str(graph.value(one, DCAT.downloadURL)) for one in graph.subjects(RDF.type, DCAT.Distribution)}
    there = [path.relative_to(sample.latest.resolve()) for path in sample.latest.resolve().glob("data/*")]
    expected = {f"{BASE}/{PORTAL}/latest/{path.as_posix()}" for path in there}
    assert files == {*expected, *(f"{BASE}/{PORTAL}/latest/{PORTAL}.{whole}" for whole in ("duckdb", "zip"))}


def test_the_package_has_what_is_of_no_table(sample: Done) -> None:
    graph = based(sample)
    files = graph.objects(URIRef(f"{BASE}/{PORTAL}/package"), DCAT.distribution)
    assert {str(file).rpartition("/")[2] for file in files} == {
        f"{PORTAL}.duckdb",
        f"{PORTAL}.zip",
        *(f"{name}.{extension}" for name in ("pages", "provenance") for extension in ("csv", "parquet", "json")),
    }


def test_every_file_says_the_same_but_for_the_checksums_of_one(sample: Done) -> None:
    first, *others, datagouv = (parsed(sample.latest / name) for name in FILES)
    assert all(isomorphic(first, other) for other in others)
    values = {value.datatype for value in first.objects(None, SPDX.checksumValue) if isinstance(value, Literal)}
    assert values == {XSD.hexBinary}
    plain = Graph()
    for s, p, o in first:
        plain.add((s, p, Literal(str(o)) if p == SPDX.checksumValue else o))
    assert isomorphic(plain, datagouv)


def test_sizes_and_checksums_are_the_files(sample: Done) -> None:
    graph = parsed(sample.latest / "catalog.ttl")
    files = list(graph.subjects(RDF.type, DCAT.Distribution))
    for file in files:
        path = Path(str(graph.value(file, DCAT.downloadURL)).removeprefix("file://"))
        checksum = graph.value(file, SPDX.checksum)
        assert graph.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_sha256
        assert graph.value(checksum, SPDX.checksumValue) == Literal(sha256(path), datatype=XSD.hexBinary)
        size = Literal(path.stat().st_size, datatype=XSD.nonNegativeInteger)
        assert graph.value(file, DCAT.byteSize) == size
    assert len(files) == 3 * 27 + 2


def test_each_dataset_says_what_harvesters_ask_for(sample: Done) -> None:
    graph = based(sample)
    for dataset in datasets(graph):
        assert list(graph.objects(dataset, DCTERMS.identifier)) == [Literal(str(dataset))]
        for predicate in (DCTERMS.title, DCTERMS.description, ADMS.versionNotes):
            assert set(texts(graph, dataset, predicate)) == {"fr", "en"}
        assert graph.value(dataset, DCAT_VERSION) == graph.value(dataset, OWL.versionInfo) == Literal("1.0.0")
        [period] = graph.objects(dataset, DCTERMS.temporal)
        assert isinstance(period, BNode)
        start, end = (graph.value(period, name) for name in (DCAT.startDate, DCAT.endDate))
        assert isinstance(start, Literal)
        assert isinstance(end, Literal)
        assert (start.datatype, end.datatype, start <= end) == (XSD.date, XSD.date, True)
        [place] = graph.objects(dataset, DCTERMS.spatial)
        box = graph.value(place, DCAT.bbox)
        assert isinstance(box, Literal)
        assert box.datatype == GEO.wktLiteral
        licences = set(graph.objects(dataset, DCTERMS.license))
        for file in graph.objects(dataset, DCAT.distribution):
            assert graph.value(file, DCAT.accessURL) == graph.value(file, DCAT.downloadURL)
            assert set(graph.objects(file, DCTERMS.license)) == licences
        for keyword in graph.objects(dataset, DCAT.keyword):
            assert re.fullmatch(r"[\w \-.]{2,100}", str(keyword))
        assert len(licences) == 1


def test_all_that_is_pointed_to_is_typed_and_no_dataset_is_a_stub(sample: Done) -> None:
    graph = based(sample)
    addresses = {DCAT.accessURL, DCAT.downloadURL}
    for subject, predicate, node in graph:
        if predicate not in {RDF.type, *addresses} and not isinstance(node, Literal):
            assert (node, RDF.type, None) in graph, (subject, predicate, node)


def test_a_release_keeps_names_and_addresses_and_dates_what_changed(few: Done, out: Path, tmp_path: Path) -> None:
    before = parsed(few.latest / "catalog.ttl")
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    folder = out / PORTAL / "latest"
    after = Graph().parse(folder / "catalog.ttl", publicID=f"{few.latest.as_uri()}/")
    assert datasets(after) == datasets(before)
    assert names(after) == names(before)
    days = {one: (before.value(one, DCTERMS.modified), after.value(one, DCTERMS.modified)) for one in datasets(after)}
    package = URIRef(Addresses.of(described(folder)).package)
    changed_ones = [Addresses.of(described(folder)).dataset(name) for name in ("tumorotheques", "organisations_liens")]
    assert {one for one, (was, now) in days.items() if was != now} == {package, *map(URIRef, changed_ones)}
    assert {str(after.value(one, DCAT_VERSION)) for one in datasets(after)} == {"1.0.1"}
    issued = {one: (before.value(one, DCTERMS.issued), after.value(one, DCTERMS.issued)) for one in datasets(after)}
    assert all(was == now for was, now in issued.values())


def test_where_it_is_served_makes_the_addresses(few: Done, out: Path, tmp_path: Path) -> None:
    schemas = declarations(tmp_path, "portal.yml", "origin:", f"base_url: {BASE}\norigin:")
    report = refresh(out, archive_of(few), schemas=schemas)
    assert report["version"] == "1.0.1"
    for name in FILES:
        for graph in (parsed(out / PORTAL / "latest" / name), parsed(out / name)):
            assert len(datasets(graph)) == 10
            assert all(str(one).startswith(f"{BASE}/{PORTAL}/") for one in datasets(graph))
            assert all(str(url).startswith(f"{BASE}/{PORTAL}/latest/") for url in graph.objects(None, DCAT.accessURL))
    [release] = [r for r in read_json(out / PORTAL / "releases.json")["releases"] if r["version"] == "1.0.1"]
    assert release["address"] == f"{BASE}/{PORTAL}/releases/1.0.1/"


def test_without_it_names_are_uuids_and_files_are_found_from_either_catalogue(sample: Done) -> None:
    own, every = (parsed(folder.resolve() / "catalog.rdf") for folder in (sample.latest, sample.out))
    assert datasets(own) == datasets(every)
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}", one) for one in datasets(own))
    for graph in (own, every):
        paths = [Path(str(url).removeprefix("file://")) for url in graph.objects(None, DCAT.downloadURL)]
        assert len(paths) == 3 * 27 + 2
        assert all(path.is_file() for path in paths)


def test_a_name_without_an_address_depends_on_the_portal_and_the_table_alone() -> None:
    here, there = Addresses("a", "https://a.example/#a"), Addresses("b", "https://b.example/#b", place="b/latest/")
    assert here.dataset("t") == Addresses("a", "https://a.example/#a", place="a/latest/").dataset("t")
    made = [at.dataset(t) for at in (here, there) for t in ("t", "u")] + [here.package, here.catalogue, there.package]
    made += [here.distribution(here.dataset(t), name) for t in ("t", "u") for name in ("csv", "json")]
    assert len(set(made)) == len(made)


WRITE = """
import sys
from pathlib import Path
from pipeline.catalogue import write_catalogue
from pipeline.entries import Release
from pipeline.paths import read_json
release = Path(sys.argv[1])
write_catalogue(Path(sys.argv[2]), [Release(read_json(release / "datapackage.json"), release)])
"""


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_release_gives_the_same_bytes_in_any_process(sample: Done, tmp_path: Path, seed: str) -> None:
    command = [sys.executable, "-c", WRITE, str(sample.latest), str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed})
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (sample.latest / name).read_bytes(), name


def test_what_a_reader_must_know_is_said_in_words(few: Done, out: Path, tmp_path: Path) -> None:
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", LOST))
    folder = out / PORTAL / "latest"
    release = refresh(out, changed(archive_of(few), tmp_path / "b.warc.gz", {**LOST, **HOLDER_CHANGED}))
    assert release["version"] == "1.0.1"
    graph = catalogue.graph([Release(described(folder, base_url=BASE), folder)])
    mark = {r["name"]: r for r in described(folder)["resources"]}["tumorotheques"]["stale"]
    told, notes = (texts(graph, named(graph, "tumorotheques"), p) for p in (DCTERMS.description, ADMS.versionNotes))
    phrases = {"fr": ("Licence à confirmer", "Reconstitution"), "en": ("Licence to be confirmed", "Reconstruction")}
    for language, expected in phrases.items():
        assert all(phrase in told[language] for phrase in (*expected, "Version 1.0.1"))
        assert mark["message"][language] in told[language]
        assert mark["message"][language] in notes[language]
    fresh = texts(graph, named(graph, "annuaires"), DCTERMS.description)
    assert mark["message"]["fr"] not in fresh["fr"]
    period = graph.value(named(graph, "tumorotheques"), DCTERMS.temporal)
    assert str(graph.value(period, DCAT.endDate)) == mark["since"][:10]


def test_a_confirmed_licence_of_a_real_release_is_not_in_doubt(sample: Done) -> None:
    graph = based(sample, licence_statut="confirmee", reconstitution=False)
    told = texts(graph, named(graph, "annuaires"), DCTERMS.description)
    assert "à confirmer" not in told["fr"]
    assert "Offered under the licence" in told["en"]
    assert "Reconstruction" not in told["en"]


@pytest.mark.parametrize(
    ("said", "kept"), [({}, []), ({"email": "opendata@example.fr"}, ["mailto:opendata@example.fr"])]
)
def test_the_contact_is_the_maintainers_address(sample: Done, said: Mapping[str, str], kept: list[str]) -> None:
    contributors = [{**c, **said} if c["role"] == "maintainer" else c for c in described(sample.latest)["contributors"]]
    graph = based(sample, contributors=contributors)
    contacts = list(graph.objects(named(graph, "annuaires"), DCAT.contactPoint))
    assert [str(graph.value(contact, VCARD.hasEmail)) for contact in contacts] == kept


def test_hostile_texts_and_addresses_stay_texts_and_addresses(sample: Done, tmp_path: Path) -> None:
    package = described(sample.latest, base_url=BASE)
    odd = {"title": 'a "b" <c>\x1b[31m\x00\u202e & \\', "path": 'https://a.example/x y"<>{}|\\^`é'}
    table = next(r for r in package["resources"] if r["name"] == "annuaires")
    table |= {"title": odd["title"], "sources": [odd]}
    write_catalogue(tmp_path, [Release(package, sample.latest)])
    for name in FILES:
        graph = parsed(tmp_path / name)
        [page] = graph.objects(named(graph, "annuaires"), FOAF.page)
        assert page == URIRef("https://a.example/x%20y%22%3C%3E%7B%7D%7C%5C%5E%60%C3%A9")
        title = 'a "b" <c>\\u001b[31m\\u0000\\u202e & \\'
        assert texts(graph, named(graph, "annuaires"), DCTERMS.title)["fr"] == title


def test_the_catalogue_of_all_portals_is_of_the_latest_release_of_each(few: Done, out: Path, tmp_path: Path) -> None:
    other = out / "autre"
    shutil.copytree(out / PORTAL, other, symlinks=True)
    package = described(other / "latest", name="autre", id="https://autre.example/#autre")
    for extension in ("duckdb", "zip"):
        (other / "latest" / f"{PORTAL}.{extension}").rename(other / "latest" / f"autre.{extension}")
    write_json(other / "latest" / "datapackage.json", package)
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    graph = parsed(out / "catalog.ttl")
    assert len(datasets(graph)) == 20
    assert {str(v) for v in graph.objects(None, DCAT_VERSION)} == {"1.0.0", "1.0.1"}
    paths = [Path(str(url).removeprefix("file://")) for url in graph.objects(None, DCAT.downloadURL)]
    assert all(path.is_file() for path in paths)
    assert len(set(paths)) == 2 * (3 * 11 + 2)


def test_a_portal_of_an_older_program_is_left_out_and_named(out: Path) -> None:
    other = out / "ancien"
    shutil.copytree(out / PORTAL, other, symlinks=True)
    package = described(other / "latest", name="ancien", id="https://ancien.example/#ancien")
    write_json(other / "latest" / "datapackage.json", {k: v for k, v in package.items() if k != "theme"})
    indexes.renew(Home(out / PORTAL))
    graph = Graph().parse(out / "catalog.ttl")
    [listing] = graph.subjects(RDF.type, DCAT.Catalog)
    assert len(datasets(graph)) == 10
    assert all("ancien 1.0.0" in text for text in texts(graph, listing, DCTERMS.description).values())


def test_a_portal_that_cannot_be_read_leaves_the_catalogue_as_it_was(out: Path) -> None:
    shutil.copytree(out / PORTAL, out / "autre", symlinks=True)
    (out / "autre" / "latest" / "datapackage.json").unlink()
    before = {name: (out / name).read_bytes() for name in FILES}
    with pytest.raises(OSError, match="autre"):
        indexes.renew(Home(out / PORTAL))
    assert {name: (out / name).read_bytes() for name in FILES} == before


def test_a_portal_whose_release_is_out_of_reach_leaves_the_catalogue_as_it_was(out: Path) -> None:
    shutil.copytree(out / PORTAL, out / "autre", symlinks=True)
    (out / "autre" / "releases").rename(out / "autre" / "ailleurs")
    before = {name: (out / name).read_bytes() for name in FILES}
    with pytest.raises(OSError, match="autre"):
        indexes.renew(Home(out / PORTAL))
    assert {name: (out / name).read_bytes() for name in FILES} == before


def test_a_copy_beside_the_releases_is_none(out: Path) -> None:
    shutil.copytree(out / PORTAL / "releases/1.0.0", out / PORTAL / "releases/1.0.0.bak")
    indexes.renew(Home(out / PORTAL))
    assert [r["version"] for r in read_json(out / PORTAL / "releases.json")["releases"]] == ["1.0.0"]


def test_the_list_of_releases_is_what_there_is(few: Done, out: Path, tmp_path: Path) -> None:
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    listed = read_json(out / PORTAL / "releases.json")["releases"]
    assert [r["version"] for r in listed] == ["1.0.0", "1.0.1"]
    for release in listed:
        folder = out / PORTAL / release["address"]
        assert release["created"] == described(folder)["created"]
        assert release["sha256sums"] == sha256(folder / "SHA256SUMS")


def test_an_erasure_makes_the_catalogues_and_the_list_anew(out: Path) -> None:
    assert erase(out, HEADS, FOCH).status == 0
    [listed] = read_json(out / PORTAL / "releases.json")["releases"]
    assert listed["sha256sums"] == sha256(out / PORTAL / "latest" / "SHA256SUMS")
    for path in (out / "catalog.ttl", out / PORTAL / "latest" / "catalog.ttl"):
        graph = parsed(path)
        for file in graph.subjects(RDF.type, DCAT.Distribution):
            data = Path(str(graph.value(file, DCAT.downloadURL)).removeprefix("file://"))
            value = graph.value(graph.value(file, SPDX.checksum), SPDX.checksumValue)
            assert value == Literal(sha256(data), datatype=XSD.hexBinary), data


def test_every_term_a_declaration_may_use_has_a_name() -> None:
    assert set(get_args(Theme)) == set(vocabularies.THEME_NAMES)
    assert set(get_args(AgentType)) == set(vocabularies.PUBLISHER_TYPES)
    assert set(get_args(Language)) == set(vocabularies.LANGUAGES)


def test_the_theme_is_named_and_in_its_scheme(sample: Done) -> None:
    graph = based(sample)
    [theme] = set(graph.objects(None, DCAT.theme))
    assert texts(graph, URIRef(str(theme)), SKOS.prefLabel) == {"fr": "Santé", "en": "Health"}
    assert graph.value(theme, SKOS.inScheme) == vocabularies.THEMES
