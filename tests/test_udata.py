"""Releases as records of a udata: made once, kept up to date, taken up again, and nobody else's touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
import udata_server
from conftest import ROOT, Done, opened, resealed
from portals.site import Site
from test_publish import publish
from test_refresh import PORTAL

from pipeline.descriptor import frequency
from pipeline.entries import Release
from pipeline.mirror import LATEST, latest
from pipeline.paths import read_json, write_json
from pipeline.udata_record import IDENTIFIER
from schemas.load import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BANKS, DIRECTORIES = "tumorotheques", "annuaires"
EMAIL = "opendata@example.org"


@pytest.fixture
def udata(monkeypatch: pytest.MonkeyPatch) -> Iterator[udata_server.Server]:
    """An empty one, and the key of one who edits its organisation."""
    yield from opened(udata_server.Server(), monkeypatch, "UDATA_API_KEY", udata_server.KEY)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as served:
        yield served


@pytest.fixture(scope="module")
def released(few: Done, tmp_path_factory: pytest.TempPathFactory, site: Site) -> Path:
    """The release of few datasets as if portal.yml had an address, where it is served. Tests only read it."""
    copy = tmp_path_factory.mktemp("released") / "outputs"
    shutil.copytree(few.out, copy, symlinks=True, ignore=shutil.ignore_patterns("runs"))
    edit(copy, site, lambda package: package.update(base_url=site.base))
    site.serve(copy)
    return copy


@pytest.fixture
def out(released: Path, tmp_path: Path, site: Site) -> Path:
    """A copy of it, which tests edit."""
    copy = Path(shutil.copytree(released, tmp_path / "outputs", symlinks=True))
    edit(copy, site, lambda _: None)
    return copy


def edit(out: Path, site: Site, change: Callable[[dict[str, Any]], object]) -> None:
    """Another descriptor in the release, and the server told of it as `publish` to a folder would."""
    release = (out / PORTAL / "latest").resolve()
    package = read_json(release / "datapackage.json")
    change(package)
    write_json(release / "datapackage.json", package)
    resealed(release)
    (site.www / PORTAL).mkdir(exist_ok=True)
    write_json(site.www / PORTAL / LATEST, latest(release))


def without(package: dict[str, Any], table: str) -> None:
    package["resources"] = [r for r in package["resources"] if Path(r["path"]).stem != table]


def entries(out: Path) -> dict[str, Any]:
    folder = (out / PORTAL / "latest").resolve()
    return {entry.name: entry for entry in Release(read_json(folder / "datapackage.json"), folder).entries()}


def record(udata: udata_server.Server, table: str) -> dict[str, Any]:
    [found] = [one for one in udata.datasets if one["extras"].get(IDENTIFIER, "").endswith(f"/dataset/{table}")]
    return found


def whole(udata: udata_server.Server, out: Path) -> bool:
    """Whether each entry is one dataset, each file of it one resource."""
    said = {one["extras"][IDENTIFIER]: sorted(r["url"] for r in one["resources"]) for one in udata.datasets}
    expected = {name: sorted([*(f.address for f in one.files), one.page]) for name, one in entries(out).items()}
    return said == expected and len(udata.datasets) == len(said)


def test_each_entry_is_a_dataset_that_says_what_the_release_does(out: Path, udata: udata_server.Server) -> None:
    assert publish(out, udata.target) == 0
    assert whole(udata, out)
    told, base = record(udata, BANKS), read_json(out / PORTAL / "latest" / "datapackage.json")["base_url"]
    assert told["title"] == "Tumorothèques hospitalières d'Île-de-France (reconstitution)"
    assert "Version 1.0.0" in told["description"]
    assert (told["license"], told["frequency"], told["private"]) == ("lov2", "weekly", False)
    assert set(told["tags"]) >= {"cancerologie", "ile-de-france", "financement-de-la-recherche"}
    csv = next(r for r in told["resources"] if r["url"] == f"{base}/{PORTAL}/latest/data/{BANKS}.csv")
    path = out / PORTAL / "latest" / "data" / f"{BANKS}.csv"
    assert (csv["type"], csv["format"], csv["mime"], csv["filesize"]) == (
        "main",
        "csv",
        "text/csv",
        path.stat().st_size,
    )
    digests = (out / PORTAL / "latest" / "SHA256SUMS").read_text(encoding="utf-8")
    assert f"{csv['checksum']['value']}  data/{BANKS}.csv" in digests
    assert csv["schema"]["url"] == f"{base}/{PORTAL}/latest/schemas/{BANKS}.schema.json"
    assert [r["url"] for r in told["resources"] if r["type"] == "documentation"] == [
        f"{base}/{PORTAL}/latest/index.html#{BANKS}"
    ]


def test_markdown_of_the_pages_stays_text(out: Path, udata: udata_server.Server, site: Site) -> None:
    edit(out, site, lambda package: package["resources"][0].update(description="*a* <b>"))
    assert publish(out, udata.target) == 0
    assert any(r"\*a\* \<b\>" in one["description"] for one in udata.datasets)


def test_a_second_time_nothing_is_changed(out: Path, udata: udata_server.Server, site: Site) -> None:
    edit(out, site, lambda package: package["contributors"][1].update(email=EMAIL))
    assert publish(out, udata.target) == 0
    assert len(udata.changes()) == len(udata.datasets) + 1  # and the contact
    assert publish(out, udata.target) == 0
    assert udata.changes() == []


def test_a_new_release_changes_what_changed_and_keeps_ids(out: Path, udata: udata_server.Server, site: Site) -> None:
    assert publish(out, udata.target) == 0
    before = {r["url"]: (r["id"], r["last_modified"]) for one in udata.datasets for r in one["resources"]}
    numbers = [one["id"] for one in udata.datasets]

    def later(package: dict[str, Any]) -> None:
        package["version"] = "1.0.1"
        csv = next(r for r in package["resources"] if r["path"] == f"data/{BANKS}.csv")
        csv.update(bytes=7, hash="sha256:" + "ab" * 32)

    edit(out, site, later)
    assert publish(out, udata.target) == 0
    after = {r["url"]: (r["id"], r["last_modified"]) for one in udata.datasets for r in one["resources"]}
    assert [url for url, told in after.items() if told != before[url]] == [
        url for url in after if url.endswith(f"/{BANKS}.csv")
    ]
    assert {url: told[0] for url, told in after.items()} == {url: told[0] for url, told in before.items()}
    assert [one["id"] for one in udata.datasets] == numbers
    assert all("Version 1.0.1" in one["description"] for one in udata.datasets)


def test_what_a_person_added_is_left_alone(out: Path, udata: udata_server.Server, site: Site) -> None:
    assert publish(out, udata.target) == 0
    own = {"title": "À la main", "url": "https://example.org/x", "filetype": "remote", "type": "other"}
    told = record(udata, BANKS)
    udata.answer("POST", f"/api/1/datasets/{told['id']}/resources/", {}, own)
    told["extras"]["note"], told["acronym"] = "à la main", "TUM"
    told["spatial"] = {"zones": ["fr:region:11"], "granularity": "fr:region", "geom": None}
    other = udata.answer(
        "POST",
        "/api/1/datasets/",
        {},
        {**told, "id": "0" * 24, "extras": {}, "organization": udata_server.ORGANISATION},
    )
    kept = json.dumps(other)
    edit(out, site, lambda package: package.update(version="1.0.1"))
    assert publish(out, udata.target) == 0
    assert (told["extras"]["note"], told["acronym"]) == ("à la main", "TUM")
    assert told["spatial"]["zones"] == ["fr:region:11"]
    assert [r["title"] for r in told["resources"]].count("À la main") == 1
    assert json.dumps(other) == kept


def test_a_table_that_is_gone_is_archived_and_comes_back(out: Path, udata: udata_server.Server, site: Site) -> None:
    assert publish(out, udata.target) == 0
    package = read_json(out / PORTAL / "latest" / "datapackage.json")
    told = record(udata, DIRECTORIES)
    kept = {name: told[name] for name in ("title", "tags", "temporal_coverage", "resources", "extras")}
    edit(out, site, lambda package: without(package, DIRECTORIES))
    udata.changes()
    for changes in ([f"PUT /api/1/datasets/{told['id']}/"], []):
        assert publish(out, udata.target) == 0
        assert udata.changes() == changes
    assert told["archived"] == package["created"]
    assert {name: told[name] for name in kept} == kept
    edit(out, site, lambda edited: edited.update(package))
    assert publish(out, udata.target) == 0
    assert told["archived"] is None
    assert whole(udata, out)


def test_another_portals_datasets_are_not_archived(out: Path, udata: udata_server.Server, site: Site) -> None:
    told = {"title": "t", "description": "d", "extras": {IDENTIFIER: f"{site.base}/autre/dataset/t"}}
    other = udata.answer("POST", "/api/1/datasets/", {}, {**told, "organization": udata_server.ORGANISATION})
    assert publish(out, udata.target) == 0
    assert other["archived"] is None


def test_a_file_that_is_gone_is_taken_away(out: Path, udata: udata_server.Server, site: Site) -> None:
    assert publish(out, udata.target) == 0
    parquet = f"data/{DIRECTORIES}.parquet"
    edit(
        out,
        site,
        lambda package: package.update(resources=[r for r in package["resources"] if r["path"] != parquet]),
    )
    assert publish(out, udata.target) == 0
    assert whole(udata, out)


def test_a_deleted_record_is_restored_with_its_id(out: Path, udata: udata_server.Server) -> None:
    assert publish(out, udata.target) == 0
    told = record(udata, BANKS)
    told["deleted"] = "2026-01-01T00:00:00+00:00"
    assert publish(out, udata.target) == 0
    assert record(udata, BANKS) is told
    assert told["deleted"] is None


def test_whom_to_write_to_is_the_maintainer(out: Path, udata: udata_server.Server, site: Site) -> None:
    edit(out, site, lambda package: package["contributors"][1].update(email=EMAIL))
    assert publish(out, udata.target) == 0
    assert [(one["email"], one["role"]) for one in udata.contacts] == [(EMAIL, "contact")]
    assert all([c["email"] for c in one["contact_points"]] == [EMAIL] for one in udata.datasets)


@pytest.mark.parametrize("made", [1, 4, 8])
def test_killed_once_something_is_made_it_goes_on_and_doubles_nothing(
    out: Path, udata: udata_server.Server, made: int
) -> None:
    """The kill comes between the creation and its answer: nobody was told of the dataset."""
    started = Event()
    victim: list[subprocess.Popen[bytes]] = []

    def kill(number: int) -> bool:
        if number == made and started.wait():
            victim[0].kill()
            victim[0].wait()
        return number != made

    udata.after = kill
    command = [sys.executable, "-m", "pipeline.cli", "publish", PORTAL, udata.target, "--out", str(out), "--sample"]
    with subprocess.Popen([*command, "--unconfirmed-licence"], cwd=ROOT, env=os.environ) as process:
        victim.append(process)
        started.set()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    assert len(udata.datasets) == made
    assert publish(out, udata.target) == 0
    assert whole(udata, out)


def test_a_creation_whose_answer_is_lost_is_not_asked_again(
    out: Path, udata: udata_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    udata.after = lambda number: number != 3
    assert publish(out, udata.target) == 1
    assert udata.datasets[-1]["extras"][IDENTIFIER].rpartition("/")[2].replace("_", "-") in capsys.readouterr().err
    assert len(udata.datasets) == 3
    assert publish(out, udata.target) == 0
    assert whole(udata, out)


def test_a_dry_run_asks_for_nothing_and_says_what_would_be_done(
    out: Path, udata: udata_server.Server, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(out, site, lambda package: package["contributors"][1].update(email=EMAIL))
    assert publish(out, udata.target, dry_run=True) == 0
    assert (udata.changes(), udata.datasets, udata.contacts) == ([], [], [])
    told = capsys.readouterr().out
    assert (f"à mettre : contact {EMAIL}" in told, f"à mettre : {PORTAL}-{BANKS}" in told) == (True, True)


def test_nobody_is_told_of_files_that_are_not_served(out: Path, udata: udata_server.Server, site: Site) -> None:
    (site.www / PORTAL / LATEST).unlink()
    assert publish(out, udata.target) == 1
    assert udata.asked == []


def test_the_key_is_the_environments_and_is_never_told(
    out: Path, udata: udata_server.Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UDATA_API_KEY", "cle-d-un-autre")
    assert publish(out, udata.target) == 1
    told = capsys.readouterr().err
    assert ("Invalid API token" in told, "cle-d-un-autre" in told) == (True, False)
    monkeypatch.delenv("UDATA_API_KEY")
    assert publish(out, udata.target) == 2
    assert "UDATA_API_KEY" in capsys.readouterr().err


def said(error: str, out: Path, udata: udata_server.Server, capsys: pytest.CaptureFixture[str]) -> bool:
    """Whether a publication is refused for this, and nothing changed."""
    assert publish(out, udata.target) == 1
    return error in capsys.readouterr().err and udata.changes() == []


def test_what_is_harvested_already_or_there_twice_is_refused(
    out: Path, udata: udata_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(out, udata.target) == 0
    udata.changes()
    told = record(udata, BANKS)
    udata.datasets.append({**told, "id": "b" * 24})
    assert said(f"{told['id']} and {'b' * 24}", out, udata, capsys)
    udata.datasets[-1] = {
        **told,
        "id": "c" * 24,
        "extras": {},
        "harvest": {"dct_identifier": told["extras"][IDENTIFIER]},
    }
    assert said(f"dataset {'c' * 24} is harvested", out, udata, capsys)
    udata.datasets[-1]["archived"] = "2026-01-01T00:00:00+00:00"
    assert publish(out, udata.target) == 0


def test_a_licence_that_the_portal_does_not_know_is_not_lost_in_silence(
    out: Path, udata: udata_server.Server, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(out, site, lambda package: package["licenses"][0].update(path="https://example.org/autre"))
    assert said("https://example.org/autre", out, udata, capsys)


_HOSTILE = (b"[]", b"null", b'{"data": 3, "total": 1}', b'{"data": [], "total": 1}', b'{"id": 7}', b"<html>")


@pytest.mark.parametrize("body", [*_HOSTILE, b'{"total": 1, "data": [{"extras": {"%s": "%s/"}}]}'])
@pytest.mark.parametrize(
    "path",
    [
        f"organizations/{udata_server.SLUG}/",
        "datasets/licenses/",
        *(f"organizations/{udata_server.ORGANISATION}/{name}/" for name in ("datasets", "contacts")),
    ],
)
def test_what_is_no_answer_of_udata_is_refused(
    out: Path, udata: udata_server.Server, site: Site, capsys: pytest.CaptureFixture[str], path: str, body: bytes
) -> None:
    edit(out, site, lambda package: package["contributors"][1].update(email=EMAIL))
    whose = f"{site.base}/{PORTAL}".encode()
    udata.answers[f"/api/1/{path}"] = body.replace(b"%s", IDENTIFIER.encode(), 1).replace(b"%s", whose)
    assert said("", out, udata, capsys)


@pytest.mark.parametrize("told", [None, 3, {}, {"extras": None}, {"extras": 7, "harvest": [1]}])
def test_others_datasets_may_say_anything(out: Path, udata: udata_server.Server, told: Any) -> None:
    page = {"data": [told], "total": 1}
    udata.answers[f"/api/1/organizations/{udata_server.ORGANISATION}/datasets/"] = json.dumps(page).encode()
    assert publish(out, udata.target) == 0


@pytest.mark.parametrize(
    "target",
    [
        "udata+https://www.data.gouv.fr",
        "udata+https://www.data.gouv.fr/",
        "udata+https://www.data.gouv.fr/a/b",
        "udata+https://nom:secret@www.data.gouv.fr/a",
        "udata+http://www.data.gouv.fr/a",
        "udata+https:///a",
    ],
)
def test_a_target_that_is_no_organisation_is_wrong_use(
    out: Path, udata: udata_server.Server, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(out, target) == 2
    assert "udata+https://" in capsys.readouterr().err
    assert udata.asked == []


def test_an_old_name_of_an_organisation_is_told_the_new_one(
    out: Path, udata: udata_server.Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(out, udata.target.replace("canceropole", "Canceropole")) == 1
    assert "/organizations/canceropole" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["* * * *", "4 * * *", "4 * * 1", "4 1,15 * *", "4 1 * *", "4 1 */3 *", "4 1 1 *"])
def test_every_frequency_of_a_package_is_one_of_udatas(days: str) -> None:
    portal = load(PORTAL).portal.model_copy(update={"schedule": f"0 {days}"})
    assert frequency(portal).lower() in udata_server.FREQUENCIES
