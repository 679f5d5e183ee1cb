"""A release: whole, checked, valid for the tools that read data packages, and never half there."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, Done
from frictionless import Package, system
from jsonschema import Draft7Validator
from jsonschema.validators import validator_for
from test_refresh import CORRECTED, archive_of, changed, out, refresh, released, versions

from pipeline import release
from pipeline.paths import Home

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
    assert len(names) == 25
    expected = {f"data/{name}.{extension}" for name in names for extension in ("csv", "parquet", "json")}
    expected |= {f"schemas/{name}.schema.json" for name in names}
    expected |= {"datapackage.json", "canceropole-idf.duckdb", "CHANGELOG.md", "changes.json", "README.md"}
    files = {path.relative_to(sample.latest).as_posix() for path in sample.latest.rglob("*") if path.is_file()}
    assert expected <= files
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


def test_what_a_killed_run_left_is_removed_by_the_next(sample: Done, out: Path) -> None:
    home = Home(out / "canceropole-idf")
    unfinished = home.releases / ".20200101T000000Z"
    (unfinished / "data").mkdir(parents=True)
    (home.root / ".latest").symlink_to("releases/9.9.9")
    shutil.copytree(home.release("1.0.0"), home.release("1.0.1"))
    before = {name: content for name, content in released(out).items() if name.startswith("1.0.0/")}
    report = refresh(out, f"run:{archive_of(sample).parent.name}")
    assert (report["outcome"], report["previous"]) == ("unchanged", "1.0.0")
    assert versions(out) == ["1.0.0"]
    assert released(out) == before
    assert not (home.root / ".latest").is_symlink()


def test_a_run_killed_before_the_switch_is_made_again(sample: Done, out: Path, tmp_path: Path) -> None:
    source = changed(archive_of(sample), tmp_path / "a.warc.gz", CORRECTED)
    home = Home(out / "canceropole-idf")
    refresh(out, source)
    whole = released(out)
    home.latest.unlink()
    home.latest.symlink_to("releases/1.0.0")  # as it was before the second rename
    report = refresh(out, source)
    assert (report["version"], report["previous"]) == ("1.0.1", "1.0.0")
    assert os.readlink(home.latest) == "releases/1.0.1"  # noqa: PTH115 (the text, not a path)
    of_a_build = {"1.0.1/datapackage.json", "1.0.1/SHA256SUMS", "1.0.1/canceropole-idf.duckdb"}
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


def versions_of(home: Home) -> list[str]:
    return sorted(path.name for path in home.releases.iterdir())
