"""A release: whole, checked, valid for the tools that read data packages, and never half there."""

from __future__ import annotations

import json
import os
import shutil
from errno import ENOSPC
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest
from conftest import ROOT, Done
from frictionless import Package, system
from jsonschema import Draft7Validator
from jsonschema.validators import validator_for
from test_refresh import (
    AXES_PAGE,
    CORRECTED,
    HOLDER_CHANGED,
    LOST,
    TABLE_GONE,
    archive_of,
    changed,
    declarations,
    out,
    refresh,
    released,
    status,
    verdicts,
    versions,
)
from test_shelf import WRITTEN

from pipeline import catalogue, release
from pipeline.catalogue import FILES
from pipeline.failures import RunFailedError
from pipeline.paths import Home
from schemas.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["out"]  # a fixture

PROFILES = ROOT.parent / "shared" / "checks" / "data" / "datapackage"


def described(folder: Path) -> Any:
    return json.loads((folder / "datapackage.json").read_bytes())


def test_the_sums_name_every_file_and_are_right(sample: Done) -> None:
    lines = (sample.latest / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    told = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    files = [path for path in sample.latest.rglob("*") if path.is_file()]
    assert len(lines) == len(told)
    assert set(told) == {path.relative_to(sample.latest).as_posix() for path in files} - {"SHA256SUMS"}
    assert told == {name: sha256((sample.latest / name).read_bytes()).hexdigest() for name in told}


def test_latest_is_a_relative_link_that_a_copy_keeps(sample: Done, tmp_path: Path) -> None:
    assert sample.latest.is_symlink()
    assert os.readlink(sample.latest) == "releases/1.0.0"  # noqa: PTH115 (the text, not a path)
    copy = shutil.copytree(sample.home, tmp_path / "ailleurs", symlinks=True)
    assert (copy / "latest" / "datapackage.json").resolve().is_relative_to(copy)


def test_a_release_holds_what_the_contract_names(sample: Done) -> None:
    names = {path.stem for path in (sample.latest / "data").glob("*.csv")}
    assert names == {dataset.id for dataset in load("canceropole-idf").datasets}
    expected = {f"data/{name}.{extension}" for name in names for extension in ("csv", "parquet", "json")}
    expected |= {f"schemas/{name}.schema.json" for name in names}
    expected |= {"datapackage.json", "canceropole-idf.duckdb", "canceropole-idf.zip", "CHANGELOG.md", "changes.json"}
    expected |= {"SHA256SUMS", *WRITTEN, *catalogue.FILES}
    files = {path.relative_to(sample.latest).as_posix() for path in sample.latest.rglob("*") if path.is_file()}
    assert files == expected
    assert not [name for name in files if name.split("/")[-1].startswith(".")]


def test_the_descriptor_states_sizes_and_hashes(sample: Done) -> None:
    for resource in described(sample.latest)["resources"]:
        content = (sample.latest / resource["path"]).read_bytes()
        assert resource["bytes"] == len(content)
        assert resource["hash"] == f"sha256:{sha256(content).hexdigest()}"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_descriptor_is_valid_as_a_data_package(sample: Done, version: str) -> None:
    if not (PROFILES / f"{version}.json").is_file():
        pytest.skip("the profiles of Data Package are not on this machine")
    profile: Mapping[str, Any] = json.loads((PROFILES / f"{version}.json").read_bytes())
    validator = validator_for(profile, default=Draft7Validator)(profile)
    assert [error.message for error in validator.iter_errors(described(sample.latest))] == []


def test_frictionless_finds_it_valid_foreign_keys_included(sample: Done) -> None:
    with system.use_context(trusted=True):
        package = Package(str(sample.latest / "datapackage.json"))
        keys = {(r.name, key["reference"]["resource"]) for r in package.resources for key in r.schema.foreign_keys}
        report = package.validate()
    assert report.valid, report.flatten(["name", "type", "message"])[:5]
    assert ("tumorotheques_responsables", "tumorotheques") in keys
    assert len(keys) >= 5


def test_frictionless_sees_a_broken_foreign_key(sample: Done, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(sample.latest, tmp_path / "package"))
    heads = copy / "data" / "tumorotheques_responsables.csv"
    heads.write_text(heads.read_text(encoding="utf-8").replace("tumo0611,", "tumo0612,"), encoding="utf-8")
    with system.use_context(trusted=True):
        errors = Package(str(copy / "datapackage.json")).validate().flatten(["type"])
    assert ["foreign-key"] in errors


def test_a_sample_release_says_so(sample: Done) -> None:
    package = described(sample.latest)
    assert package["reconstitution"] is True
    assert "reconstitution" in package["sources"][0]["title"]
    assert "econstitution" in (sample.latest / "README.md").read_text(encoding="utf-8")


def test_what_a_killed_run_left_is_removed_by_the_next(few: Done, out: Path) -> None:
    home = Home(out / "canceropole-idf")
    unfinished = home.releases / ".20200101T000000Z"
    (unfinished / "data").mkdir(parents=True)
    (home.root / ".latest").symlink_to("releases/9.9.9")
    shutil.copytree(home.release("1.0.0"), home.release("1.0.1"))
    before = {name: content for name, content in released(out).items() if name.startswith("1.0.0/")}
    report = refresh(out, f"run:{archive_of(few).parent.name}")
    assert (report["outcome"], report["previous"]) == ("unchanged", "1.0.0")
    assert versions(out) == ["1.0.0"]
    assert released(out) == before
    assert not (home.root / ".latest").is_symlink()


def test_a_run_killed_before_the_switch_is_made_again(few: Done, out: Path, tmp_path: Path) -> None:
    source = changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED)
    home = Home(out / "canceropole-idf")
    refresh(out, source)
    whole = released(out)
    home.latest.unlink()
    home.latest.symlink_to("releases/1.0.0")  # as it was before the second rename
    report = refresh(out, source)
    assert (report["version"], report["previous"]) == ("1.0.1", "1.0.0")
    assert os.readlink(home.latest) == "releases/1.0.1"  # noqa: PTH115 (the text, not a path)
    of_a_build = {"datapackage.json", "SHA256SUMS", "canceropole-idf.duckdb", "canceropole-idf.zip", *FILES}
    of_a_build = {f"1.0.1/{name}" for name in of_a_build}
    now = released(out)
    assert {name for name in whole if now.get(name) != whole[name]} <= of_a_build


def test_the_switch_replaces_the_link_and_leaves_no_draft(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for version in ("1.0.0", "1.0.1"):
        staged = home.releases / f".{version}"
        staged.mkdir(parents=True)
        (staged / "un.txt").write_text(version)
        release.switch(home, staged, version)
        assert (home.latest / "un.txt").read_text() == version
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "releases"]
    assert versions_of(home) == ["1.0.0", "1.0.1"]


def full_at(patch: pytest.MonkeyPatch, name: str) -> None:
    """Has no room on the disk for anything that has this name."""

    def full(_: Path, target: Path | str, *__: object) -> None:
        raise OSError(ENOSPC, os.strerror(ENOSPC), str(target))

    patch.setattr(Path, name, full)


@pytest.mark.parametrize("call", ["symlink_to", "replace"])
def test_a_switch_that_does_not_come_about_leaves_no_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    home = home_of(tmp_path, "1.0.0", latest="1.0.0")
    staged = home.releases / ".1.0.1"
    staged.mkdir()
    full_at(monkeypatch, call)
    with pytest.raises(OSError, match="No space left"):
        release.switch(home, staged, "1.0.1")
    assert (home.version(), versions_of(home)) == ("1.0.0", [".1.0.1", "1.0.0"])


def test_everything_a_release_is_and_is_made_from_is_on_the_disk_before_it_is_current(
    few: Done, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, kept, at_switch = Home(out / "canceropole-idf"), set[int](), list[set[int]]()
    fsync, replace = os.fsync, os.replace

    def kept_now(handle: int) -> None:
        fsync(handle)
        kept.add(os.fstat(handle).st_ino)

    def replaced(source: Path, target: Path) -> None:
        if Path(target) == home.latest:
            at_switch.append(set(kept))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", kept_now)
    monkeypatch.setattr(os, "replace", replaced)
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    [on_disk] = at_switch
    run = home.runs / str(report["run"])
    needed = [home.releases, home.release("1.0.1"), *home.release("1.0.1").rglob("*"), *run.rglob("*")]
    assert [path for path in needed if path.name != "report.json" and path.stat().st_ino not in on_disk] == []


def test_a_full_disk_after_the_switch_does_not_deny_the_release(
    few: Done, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED)
    fsync = os.fsync

    def full(handle: int) -> None:
        if Home(out / "canceropole-idf").version() == "1.0.1":
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(RunFailedError, match=r"Version 1\.0\.1 is released and current") as failed:
            refresh(out, source)
    assert failed.value.code == "report-unwritable"
    assert not list(out.rglob(".*.partial"))
    report = refresh(out, source)
    assert (report["outcome"], report["previous"]) == ("unchanged", "1.0.1")


def test_a_release_that_could_be_told_of_but_for_its_status_keeps_its_report(
    few: Done, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED)
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).name == "status.json":
            raise OSError(ENOSPC, os.strerror(ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunFailedError, match="is released and current"):
        refresh(out, source)
    told = json.loads(max((out / "canceropole-idf").glob("runs/*/report.json")).read_bytes())
    assert (told["outcome"], told["version"]) == ("released", "1.0.1")


def versions_of(home: Home) -> list[str]:
    return sorted(path.name for path in home.releases.iterdir())


STRICTER = (
    "key: [tumorotheque_id]",
    """  - name: statut
    from: Responsable
    title: {fr: Statut, en: Status}
    constraints: {required: true}
key: [tumorotheque_id]""",
)


def untouched(out: Path, before: str, after: str, name: str) -> None:
    """Holds a dataset of one release to what an earlier one has: files, descriptor but for the mark, table."""
    old, new = (out / "canceropole-idf" / "releases" / version for version in (before, after))
    for file in (f"data/{name}.csv", f"data/{name}.parquet", f"data/{name}.json", f"schemas/{name}.schema.json"):
        assert (old / file).read_bytes() == (new / file).read_bytes(), file
        assert file.startswith("schemas/") or (old / file).samefile(new / file), f"{file} is linked"
    was, now = (
        [{**r, "stale": None} for r in described(folder)["resources"] if r["path"].startswith(f"data/{name}.")]
        for folder in (old, new)
    )
    assert was == now
    assert table_of(old, name) == table_of(new, name)


def table_of(folder: Path, name: str) -> object:
    with duckdb.connect(str(folder / "canceropole-idf.duckdb"), read_only=True) as con:
        told = con.execute("SELECT sql, comment FROM duckdb_tables() WHERE table_name = ?", [name]).fetchall()
        columns = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
        return told, con.execute(columns, [name]).fetchall(), con.table(name).fetchall()


@pytest.mark.parametrize("only", [(), ("axes_coordinateurs",)])
def test_a_changed_declaration_waits_until_its_dataset_is_accepted(
    few: Done, out: Path, tmp_path: Path, only: tuple[str, ...]
) -> None:
    lost = changed(archive_of(few), tmp_path / "a.warc.gz", {**LOST, **HOLDER_CHANGED})
    stricter = declarations(tmp_path, "tumorotheques.yml", *STRICTER)
    report = refresh(out, lost, *only, schemas=stricter)
    assert (report["version"], verdicts(report)["tumorotheques"]) == ("1.0.1", "unchanged" if only else "held")
    untouched(out, "1.0.0", "1.0.1", "tumorotheques")
    assert release_note(out).count("tumorotheques") == 0

    mended = changed(archive_of(few), tmp_path / "b.warc.gz", HOLDER_CHANGED)
    report = refresh(out, mended, schemas=stricter)
    assert (report["version"], verdicts(report)["tumorotheques"]) == ("2.0.0", "accepted")
    assert "statut" in (out / "canceropole-idf" / "latest" / "data" / "tumorotheques.csv").read_text(encoding="utf-8")
    assert "colonne ajoutée : `statut`" in release_note(out)


def release_note(out: Path) -> str:
    return (out / "canceropole-idf" / "latest" / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_column_appended_and_filled_is_a_minor_with_its_rows(few: Done, out: Path, tmp_path: Path) -> None:
    before, after = STRICTER
    looser = declarations(tmp_path, "tumorotheques.yml", before, after.replace("required: true", ""))
    report = refresh(out, f"run:{archive_of(few).parent.name}", schemas=looser)
    assert report["version"] == "1.1.0"
    found = json.loads((out / "canceropole-idf" / "latest" / "changes.json").read_bytes())
    assert {(change["dataset"], tuple(change["columns"])) for change in found} == {("tumorotheques", ("statut",))}


def test_a_package_that_cannot_be_built_is_a_fault_of_ours(few: Done, out: Path, tmp_path: Path) -> None:
    table = out / "canceropole-idf" / "latest" / "data" / "financements.parquet"
    rows = pd.read_parquet(table)
    pd.concat([rows, rows]).to_parquet(table, index=False)
    source = changed(archive_of(few), tmp_path / "a.warc.gz", HOLDER_CHANGED)
    with pytest.raises(RunFailedError, match="could not be built") as failed:
        refresh(out, source, "axes_coordinateurs")
    assert failed.value.code == "build-failed"
    assert versions(out) == ["1.0.0"]


# How long a dataset has been held


def test_a_release_of_another_dataset_marks_what_is_still_held(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "a.warc.gz", LOST)
    assert refresh(out, lost)["version"] is None
    held = status(out)["tumorotheques"]
    report = refresh(out, changed(lost, tmp_path / "b.warc.gz", HOLDER_CHANGED), "axes_coordinateurs")
    assert report["version"] == "1.0.1"
    marks = {r["name"]: r["stale"] for r in described(out / "canceropole-idf" / "latest")["resources"] if "stale" in r}
    assert marks["tumorotheques-parquet"] == {name: held[name] for name in ("since", "code", "message")}
    assert status(out)["tumorotheques"] == held

    (out / "canceropole-idf" / "status.json").unlink()
    again = changed(lost, tmp_path / "c.warc.gz", {AXES_PAGE: ("Isabelle Stücker", "Isabelle Martin")})
    assert refresh(out, again, "axes_coordinateurs")["version"] == "1.0.2"
    told = status(out)["tumorotheques"]
    assert {name: told[name] for name in ("state", "since", "code", "rows")} == {
        name: held[name] for name in ("state", "since", "code", "rows")
    }


def test_what_was_never_released_stays_in_the_status(few: Done, tmp_path: Path) -> None:
    out = tmp_path / "outputs"
    gone = changed(archive_of(few), tmp_path / "a.warc.gz", TABLE_GONE)
    refresh(out, gone)
    held = status(out)["tumorotheques"]
    assert (held["state"], held["rows"]) == ("held", 0)
    refresh(out, changed(gone, tmp_path / "b.warc.gz", HOLDER_CHANGED), "axes_coordinateurs")
    assert status(out)["tumorotheques"] == held


# What lies about


def home_of(tmp_path: Path, *versions: str, latest: str | None) -> Home:
    home = Home(tmp_path)
    for version in versions:
        home.release(version).mkdir(parents=True)
    if latest:
        home.latest.symlink_to(f"releases/{latest}")
    return home


def test_stray_files_break_nothing(tmp_path: Path) -> None:
    home = home_of(tmp_path, "1.0.0", "1.9.0", "1.10.0", latest="1.9.0")
    (home.releases / ".DS_Store").write_text("")
    (home.releases / "LISEZMOI.txt").write_text("à nous")
    (home.releases / "2.0.0-essai").mkdir()
    release.clear_unfinished(home)
    assert versions_of(home) == ["1.0.0", "1.9.0", "2.0.0-essai", "LISEZMOI.txt"]


def test_drafts_of_a_killed_run_are_removed_and_what_it_finished_stays(tmp_path: Path) -> None:
    home = home_of(tmp_path, "1.0.0", latest="1.0.0")
    run = home.runs / "20200101T000000Z"
    run.mkdir(parents=True)
    whole = [home.lock, home.status, run / "portal.warc.gz"]
    for path in (*whole, home.root / ".status.json.partial", run / ".crawl.json.part"):
        path.write_text("")
    release.clear_unfinished(home)
    assert sorted(path for path in home.root.rglob("*") if path.is_file()) == sorted(whole)


def test_a_release_that_is_being_removed_no_longer_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_of(tmp_path, "1.0.0", "1.0.1", latest="1.0.0")
    (home.release("1.0.1") / "data.csv").write_text("")

    def killed(folder: Path) -> None:
        raise KeyboardInterrupt(str(folder))

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        release.clear_unfinished(home)
    assert versions_of(home) == [".1.0.1", "1.0.0"]


def test_a_first_release_that_was_not_made_current_is_removed(tmp_path: Path) -> None:
    home = home_of(tmp_path, "1.0.0", latest=None)
    release.clear_unfinished(home)
    assert versions_of(home) == []
    release.clear_unfinished(home)
    release.clear_unfinished(Home(tmp_path / "vide"))


@pytest.mark.parametrize("lost", ["missing", "dangling", "copied", "dangling, nothing released"])
def test_without_a_link_to_the_current_release_nothing_is_removed(tmp_path: Path, lost: str) -> None:
    nothing = lost.endswith("nothing released")
    home = home_of(tmp_path, *(() if nothing else ("1.0.0", "1.10.0", "1.9.0")), latest=None)
    home.releases.mkdir(exist_ok=True)
    (home.releases / ".20200101T000000Z").mkdir()
    if lost.startswith("dangling"):
        home.latest.symlink_to("releases/3.0.0")
    if lost == "copied":
        home.latest.mkdir()
    before = versions_of(home)
    with pytest.raises(release.NoLatestError) as error:
        release.clear_unfinished(home)
    assert str(home.latest) in str(error.value)
    assert nothing or "1.0.0, 1.9.0, 1.10.0" in str(error.value)
    assert nothing or f"ln -sfn releases/1.10.0 {home.latest}" in str(error.value)
    assert versions_of(home) == before


def test_a_run_that_finds_no_latest_says_so_and_removes_nothing(out: Path) -> None:
    home, before = Home(out / "canceropole-idf"), versions(out)
    home.latest.unlink()
    home.latest.mkdir()  # what a copy that follows links leaves
    with pytest.raises(RunFailedError, match="latest"):
        refresh(out, "sample")
    assert versions(out) == before
