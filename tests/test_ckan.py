"""A CKAN has a dataset an entry of the current release: made once, kept up to date, and nothing of others touched.

Against a small CKAN of our own (ckan_server.py); `make check-portals` does it with a real one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ckan_server import TOKEN, CkanServer
from conftest import ROOT, Done, canceropole, few_declarations, opened
from portals.site import GONE, Site, in_a_row
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT
from test_refresh import PORTAL, archive_of

from pipeline import publishing
from pipeline.ckan_record import record, tags
from pipeline.entries import Release
from pipeline.paths import read_json, sha256, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

BANKS = f"{PORTAL}-tumorotheques"


class Releases:
    """Three releases in a row; one at a time is served."""

    def __init__(self, outs: list[Path], site: Site) -> None:
        self.outs, self._site = outs, site

    def show(self, number: int) -> Path:
        self._site.serve(self.outs[number - 1])
        return self.outs[number - 1]


@pytest.fixture(scope="module")
def releases(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    folder = tmp_path_factory.mktemp("releases")
    with Site(folder, declarations=few_declarations()) as site:
        yield Releases(in_a_row(archive_of(few), folder, site), site)


@pytest.fixture
def ckan(monkeypatch: pytest.MonkeyPatch) -> Iterator[CkanServer]:
    yield from opened(CkanServer(), monkeypatch, "CKAN_API_TOKEN", TOKEN)


def publish(out: Path, ckan: CkanServer, organisation: str = "canceropole", **options: bool) -> int:
    asked = {"dry_run": False, "sample": True, "unconfirmed": True, **options}
    return publishing.run(PORTAL, f"ckan+{ckan.address}/{organisation}", out, "en", **asked)


def changes(ckan: CkanServer) -> list[str]:
    """The actions that changed something, since last asked."""
    made = [action for method, action in ckan.asked if method == "POST"]
    ckan.asked.clear()
    return made


def package(out: Path) -> dict[str, Any]:
    return dict(read_json(out / PORTAL / "latest" / "datapackage.json"))


def tables(out: Path) -> set[str]:
    """The names a CKAN gives to what a release lists."""
    found = {t["name"] for t in package(out)["resources"] if t["format"] == "csv"} - {"pages", "provenance"}
    return {PORTAL, *(f"{PORTAL}-{name}".replace("_", "-") for name in found)}


def extras(dataset: dict[str, Any]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in dataset["extras"]}


def ids(ckan: CkanServer) -> dict[str, dict[str, str]]:
    """The resources of every dataset: their ids by what names them for ever."""
    return {ident: {r["uri"]: r["id"] for r in d["resources"]} for ident, d in ckan.datasets.items()}


def test_a_dataset_an_entry_named_as_the_catalogue_names_it(releases: Releases, ckan: CkanServer) -> None:
    out = releases.show(1)
    assert publish(out, ckan) == 0
    assert {d["name"] for d in ckan.datasets.values()} == tables(out)
    catalogue = Graph().parse(out / PORTAL / "latest" / "catalog.ttl")
    for dataset in ckan.datasets.values():
        uri = URIRef(extras(dataset)["uri"])
        files = {
            str(file): str(catalogue.value(file, DCAT.downloadURL))
            for file in catalogue.objects(uri, DCAT.distribution)
        }
        assert {r["uri"]: r["url"] for r in dataset["resources"]} == files
        assert files
        assert dataset["owner_org"] == ckan.organisations["canceropole"]


def test_a_record_says_what_the_release_does(releases: Releases, ckan: CkanServer) -> None:
    out = releases.show(1)
    ckan.licences.append({"id": "lov2", "url": "http://www.etalab.gouv.fr/licence-ouverte-open-licence/"})
    assert publish(out, ckan) == 0
    told, dataset = package(out), ckan.named(BANKS)
    table = next(t for t in told["resources"] if t["name"] == "tumorotheques")
    assert (dataset["title"], dataset["version"], dataset["license_id"]) == (table["title"], told["version"], "lov2")
    assert table["description"] in dataset["notes"]
    assert "Licence à confirmer" in dataset["notes"]
    assert {tag["name"] for tag in dataset["tags"]} == set(told["keywords"])
    said = extras(dataset)
    assert said["identifier"] == said["uri"] == f"{told['base_url']}/{PORTAL}/dataset/tumorotheques"
    assert (said["issued"], said["modified"], said["publisher_name"]) == (
        table["issued"],
        table["modified"],
        told["contributors"][0]["title"],
    )
    [csv] = [r for r in dataset["resources"] if r["format"] == "CSV"]
    path = out / PORTAL / "latest" / table["path"]
    assert (csv["hash"], csv["size"], csv["mimetype"]) == (sha256(path), path.stat().st_size, "text/csv")
    assert json.loads(csv["conforms_to"]) == [f"{told['base_url']}/{PORTAL}/latest/schemas/tumorotheques.schema.json"]


def test_what_a_release_has_none_of_is_not_said(sample: Done) -> None:
    """Neither the pages that a table comes from, nor a SIRET, nor an address to write to: the sample has none."""
    told = read_json(sample.latest / "datapackage.json") | {"base_url": "https://donnees.example.fr"}
    without = next(entry for entry in Release(told, sample.latest).entries() if entry.slug == BANKS)
    keys = {pair["key"] for pair in record(Release(told, sample.latest), without, "x").whole()["extras"]}
    assert not {"documentation", "publisher_identifier", "publisher_email"} & keys
    table = next(t for t in told["resources"] if t["name"] == "tumorotheques")
    table["sources"] = [{"title": "Tumorothèques", "path": "https://example.fr/tumorotheques/"}]
    told["contributors"][0] |= {"siret": "12345678900010", "email": "contact@example.fr"}
    entry = next(entry for entry in Release(told, sample.latest).entries() if entry.slug == BANKS)
    whole = record(Release(told, sample.latest), entry, "x").whole()
    said = {pair["key"]: pair["value"] for pair in whole["extras"]}
    assert json.loads(said["documentation"]) == ["https://example.fr/tumorotheques/"]
    assert (said["publisher_identifier"], whole["author_email"]) == ("12345678900010", "contact@example.fr")
    assert said.keys() - keys == {"documentation", "publisher_identifier", "publisher_email"}


def test_a_second_time_nothing_is_done(releases: Releases, ckan: CkanServer) -> None:
    out = releases.show(1)
    assert publish(out, ckan) == 0
    assert set(changes(ckan)) == {"package_create"}
    assert publish(out, ckan) == 0
    assert changes(ckan) == []


def test_a_new_release_changes_the_same_datasets_and_files(releases: Releases, ckan: CkanServer) -> None:
    assert publish(releases.show(1), ckan) == 0
    before, digest = ids(ckan), ckan.named(BANKS)["resources"][0]["hash"]
    changes(ckan)
    out = releases.show(2)
    assert publish(out, ckan) == 0
    assert set(changes(ckan)) == {"package_patch"}
    assert ids(ckan) == before
    assert {d["version"] for d in ckan.datasets.values()} == {package(out)["version"]}
    assert ckan.named(BANKS)["resources"][0]["hash"] != digest


def test_a_table_that_is_gone_is_deleted_and_has_its_ids_again_when_it_is_back(
    releases: Releases, ckan: CkanServer
) -> None:
    assert publish(releases.show(2), ckan) == 0
    before, name = ids(ckan), f"{PORTAL}-{GONE.replace('_', '-')}"
    gone = ckan.named(name)["id"]
    ckan.add("canceropole", f"{PORTAL}-a-la-main")
    ckan.add(
        "autre", f"{PORTAL}-ailleurs", extras=[{"key": "identifier", "value": extras(ckan.named(name))["identifier"]}]
    )
    for round_ in range(2):
        changes(ckan)
        assert publish(releases.show(3), ckan) == 0
        assert changes(ckan).count("package_delete") == 1, round_
        assert [d["id"] for d in ckan.datasets.values() if d["state"] == "deleted"] == [gone]
        assert publish(releases.show(2), ckan) == 0
        assert "package_create" not in changes(ckan)
        assert ckan.named(name)["id"] == gone
        assert {ident: files for ident, files in ids(ckan).items() if ident in before} == before


def test_what_a_person_added_stays(releases: Releases, ckan: CkanServer) -> None:
    out = releases.show(1)
    assert publish(out, ckan) == 0
    dataset = ckan.named(BANKS)
    title = dataset["title"]
    resource = {"id": "à la main", "url": "https://example.org/x.pdf", "name": "Notice", "format": "PDF"}
    csv = dataset["resources"][0]
    dataset.update(title="Autre", name="banques", private=True, groups=[{"name": "sante"}])
    dataset["extras"].append({"key": "vu_par", "value": "une personne"})
    dataset["tags"].append({"name": "biobanque"})
    dataset["resources"] = [resource, {**csv, "datastore_active": True, "hash": "0"}]
    changes(ckan)
    assert publish(out, ckan) == 0
    assert changes(ckan) == ["package_patch"]
    now = ckan.datasets[dataset["id"]]
    assert (now["title"], now["name"], now["private"]) == (title, "banques", True)
    assert (now["groups"], extras(now)["vu_par"]) == ([{"name": "sante"}], "une personne")
    assert "biobanque" in {tag["name"] for tag in now["tags"]}
    assert [r["format"] for r in now["resources"]] == ["CSV", "Parquet", "JSON", "PDF"]
    assert (now["resources"][0]["id"], now["resources"][0]["datastore_active"]) == (csv["id"], True)
    assert now["resources"][0]["hash"] == csv["hash"]
    assert publish(out, ckan) == 0
    assert changes(ckan) == []


@pytest.mark.parametrize(
    ("organisation", "identifier"), [("autre", ""), ("canceropole", ""), ("canceropole", "https://example.org/autre")]
)
def test_a_dataset_that_is_not_ours_stops_it(
    releases: Releases, ckan: CkanServer, capsys: pytest.CaptureFixture[str], organisation: str, identifier: str
) -> None:
    other = ckan.add(organisation, BANKS, title="À autrui", extras=[{"key": "identifier", "value": identifier}])
    before = json.dumps(other)
    assert publish(releases.show(1), ckan) == 1
    told = capsys.readouterr().err
    assert (f"{ckan.address}/dataset/{BANKS}" in told, "not ours" in told) == (True, True)
    assert json.dumps(ckan.datasets[other["id"]]) == before


def test_a_harvested_or_copied_dataset_stops_it_before_anything_changes(
    releases: Releases, ckan: CkanServer, capsys: pytest.CaptureFixture[str]
) -> None:
    out = releases.show(1)
    assert publish(out, ckan) == 0
    changes(ckan)
    copied = ckan.add("canceropole", "copie", extras=ckan.named(BANKS)["extras"])
    assert publish(out, ckan) == 1
    assert "copie" in capsys.readouterr().err
    del ckan.datasets[copied["id"]]
    ckan.members.discard((copied["owner_org"], copied["id"]))
    ckan.named(BANKS)["extras"].append({"key": "harvest_source_id", "value": "x"})
    assert publish(out, ckan) == 1
    assert "harvest" in capsys.readouterr().err
    assert changes(ckan) == []


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize("left", [1, 9])
def test_killed_in_the_middle_it_goes_on_without_doubles(
    releases: Releases, ckan: CkanServer, left: int, *, answered: bool
) -> None:
    """Killed as a change is done, and the answer sent, or lost."""
    out = releases.show(1)
    command = [
        sys.executable,
        "-m",
        "pipeline.cli",
        "publish",
        PORTAL,
        f"ckan+{ckan.address}/canceropole",
        "--out",
        str(out),
    ]
    running: list[int] = []
    done: list[int] = []

    def kill() -> bool:
        done.append(1)
        if len(done) == left:
            os.kill(running[0], signal.SIGKILL)
        return answered or len(done) != left

    ckan.done = kill
    with subprocess.Popen([*command, "--sample", "--unconfirmed-licence"], cwd=ROOT) as process:
        running.append(process.pid)
    assert process.returncode == -signal.SIGKILL
    assert len(ckan.datasets) == left
    ckan.done = lambda: True
    before = ids(ckan)
    assert publish(out, ckan) == 0
    assert {d["name"] for d in ckan.datasets.values()} == tables(out)
    assert len(ckan.datasets) == len(tables(out))
    assert before.items() <= ids(ckan).items()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b'{"success": false, "error": {"__type": "Internal Server Error", "message": "trop"}}', "trop"),
        (301, b"ailleurs", "ailleurs"),
        (200, b'{"success": true}', "result"),
        (200, b"[" * 100_000, "package_create"),
        (200, b"<html>entretien", "entretien"),
        (403, b'{"success": false, "error": {"__type": "Authorization Error", "message": "Access denied: x"}}', "x"),
        (404, b'{"success": false, "error": {"__type": "Not Found Error", "message": {"a": 1}}}', "NotFound"),
        (409, json.dumps({"error": {"__type": "Validation Error", "x": [TOKEN]}}).encode(), "ValidationError"),
    ],
)
def test_a_refusal_is_told_with_the_step_and_the_answer_and_taken_up(
    releases: Releases, ckan: CkanServer, capsys: pytest.CaptureFixture[str], status: int, body: bytes, said: str
) -> None:
    out = releases.show(1)
    ckan.instead = lambda _, action: (status, body) if action == "package_create" and len(ckan.datasets) == 2 else None
    assert publish(out, ckan) == 1
    told = capsys.readouterr().err
    assert (f"{ckan.address}/dataset/{PORTAL}-" in told, said in told, TOKEN in told) == (True, True, False), told
    ckan.instead = lambda _method, _action: None
    assert publish(out, ckan) == 0
    assert len(ckan.datasets) == len(tables(out))


@pytest.mark.parametrize("action", ["organization_show", "member_list", "package_list", "package_show", "license_list"])
@pytest.mark.parametrize("result", ['"x"', "[1]", '{"id": 1}', "12", '[{"id": null}]'])
def test_an_answer_of_another_shape_changes_nothing(
    releases: Releases, ckan: CkanServer, capsys: pytest.CaptureFixture[str], action: str, result: str
) -> None:
    body = f'{{"success": true, "result": {result}}}'.encode()
    ckan.add("canceropole", "un-autre")
    ckan.instead = lambda _, asked: (200, body) if asked == action else None
    assert publish(releases.show(1), ckan) == 1
    assert f"{action} answered" in capsys.readouterr().err
    assert changes(ckan) == []


def test_a_dry_run_only_looks(releases: Releases, ckan: CkanServer, capsys: pytest.CaptureFixture[str]) -> None:
    out = releases.show(1)
    capsys.readouterr()
    assert publish(out, ckan, dry_run=True) == 0
    assert {method for method, _ in ckan.asked} == {"GET"}
    told = capsys.readouterr().out
    assert {line.rpartition("/")[2] for line in told.splitlines() if line.startswith("to put")} == tables(out)
    assert all(agent.startswith("canceropole/") for agent in ckan.agents)


def test_a_busy_ckan_is_asked_again_when_it_is_looked_at(releases: Releases, ckan: CkanServer) -> None:
    busy = [(503, b""), (429, b"")]
    ckan.instead = lambda method, _: busy.pop() if method == "GET" and busy else None
    assert publish(releases.show(1), ckan) == 0
    assert busy == []


def test_nobody_is_told_of_files_that_are_not_served(
    releases: Releases, ckan: CkanServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    releases.show(1)
    later = releases.outs[1]
    assert publish(later, ckan) == 1
    assert package(later)["version"] in capsys.readouterr().err
    nowhere = Path(shutil.copytree(later, tmp_path / "nowhere", symlinks=True))
    told = package(nowhere)
    del told["base_url"]
    write_json((nowhere / PORTAL / "latest").resolve() / "datapackage.json", told)
    assert publish(nowhere, ckan) == 2
    assert "base_url" in capsys.readouterr().err
    assert ckan.asked == []


@pytest.mark.parametrize("token", ["", " ", "deux\nlignes", "clé"])
def test_a_token_is_asked_for(
    releases: Releases,
    ckan: CkanServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    token: str,
) -> None:
    monkeypatch.setenv("CKAN_API_TOKEN", token)
    assert publish(releases.show(1), ckan) == 2
    assert "CKAN_API_TOKEN" in capsys.readouterr().err
    assert ckan.asked == []


def test_an_organisation_that_is_not_there_is_told(
    releases: Releases, ckan: CkanServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(releases.show(1), ckan, "personne") == 1
    assert "no organisation personne" in capsys.readouterr().err


@pytest.mark.parametrize(
    "target",
    [
        "ckan+https://exemple.fr",
        "ckan+https://exemple.fr/",
        "ckan+http://exemple.fr/org",
        "ckan+https:///org",
        "ckan+https://[/org",
        "ckan+https://exemple.fr/org?x=1",
        "ckan+https://moi:secret@exemple.fr/org",
        "ckan+ftp://exemple.fr/org",
    ],
)
def test_an_address_that_is_none_is_wrong_use(sample: Done, target: str) -> None:
    done = canceropole("publish", PORTAL, target, "--sample", "--unconfirmed-licence", out=sample.out)
    assert (done.status, "ckan+https://" in done.stderr, "secret" in done.stderr) == (2, True, False), done.stderr


def test_keywords_are_written_as_ckan_takes_them() -> None:
    long = "x" * 150
    given = ["Île-de-France", "l'essai (clinique)", "a", "R&D", "R D", "e\u0301tude", long, "l'essai (clinique)"]
    assert tags(given) == ("Île-de-France", "l essai clinique", "R D", "étude", "x" * 100)
