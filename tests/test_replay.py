"""A release made again from its archive and recorded inputs, offline: the same bytes, or the difference by name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from conftest import Done, canceropole
from test_refresh import CORRECTED, HOLDER_CHANGED, LOST, archive_of, changed, out, refresh

from pipeline.paths import read_json, sha256, write_json
from pipeline.replaying import ReplayError, replay
from pipeline.report import lock_hash

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["out"]  # a fixture

PORTAL = "canceropole-idf"


def everything(out: Path) -> dict[str, tuple[int, bytes]]:
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in out.rglob("*") if p.is_file()}


def test_a_release_repeats_byte_for_byte_and_nothing_is_written(few: Done, out: Path) -> None:
    before = everything(out)
    done = canceropole("replay", PORTAL, out=out)
    assert (done.status, done.stderr) == (0, "")
    assert "byte for byte" in done.stdout
    assert archive_of(few).parent.name in done.stdout
    assert everything(out) == before


def test_every_release_of_a_chain_repeats(few: Done, out: Path, tmp_path: Path) -> None:
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", {**CORRECTED}))
    refresh(out, changed(archive_of(few), tmp_path / "b.warc.gz", {}), "tumorotheques", "financements")
    for version in ("1.0.0", "1.0.1", "1.0.2"):
        found = replay(out, PORTAL, version)
        assert found.same, found.told


def test_a_release_with_held_datasets_repeats(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "a.warc.gz", LOST)
    changes = {"/le-canceropole-idf/strategie-scientifique/": ("Isabelle Stücker", "Isabelle Durand")}
    assert refresh(out, changed(lost, tmp_path / "b.warc.gz", changes))["version"] == "1.0.1"
    found = replay(out, PORTAL, "1.0.1")
    assert found.same, found.told


def test_a_copied_folder_replays_as_the_first_did(few: Done, tmp_path: Path) -> None:
    copy = shutil.copytree(few.out, tmp_path / "ailleurs", symlinks=True)
    assert replay(copy, PORTAL, None).same


def test_an_altered_archive_is_named(few: Done, out: Path) -> None:
    archive = out / archive_of(few).relative_to(few.out)
    content = bytearray(archive.read_bytes())
    content[len(content) // 2] ^= 1
    archive.write_bytes(content)
    done = canceropole("replay", PORTAL, out=out)
    assert done.status == 1
    assert str(archive) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_archive_is_named(few: Done, out: Path) -> None:
    archive = out / archive_of(few).relative_to(few.out)
    archive.unlink()
    with pytest.raises(ReplayError, match="no file") as error:
        replay(out, PORTAL, None)
    assert (error.value.status, str(archive) in str(error.value)) == (1, True)


def test_an_altered_declaration_is_named(few: Done, out: Path) -> None:
    kept = out / archive_of(few).relative_to(few.out).parent / "declarations" / PORTAL / "tumorotheques.yml"
    kept.write_text(kept.read_text(encoding="utf-8") + "# autre\n", encoding="utf-8")
    with pytest.raises(ReplayError, match=r"tumorotheques\.yml") as error:
        replay(out, PORTAL, None)
    assert error.value.status == 1


@pytest.mark.parametrize("name", ["data/tumorotheques.csv", "README.md", "SHA256SUMS"])
def test_an_altered_release_differs(out: Path, name: str) -> None:
    file = out / PORTAL / "latest" / name
    file.write_bytes(file.read_bytes().replace(b"canceropole", b"Canceropole") + b"x")
    found = replay(out, PORTAL, None)
    assert not found.same
    assert found.told.splitlines()[1:] == [f"  {name}: differs"]


def test_a_catalogue_that_states_another_database_differs(out: Path) -> None:
    release = out / PORTAL / "latest"
    catalogue, digest = release / "catalog.rdf", sha256(release / f"{PORTAL}.duckdb")
    assert digest in catalogue.read_text(encoding="utf-8")
    catalogue.write_text(catalogue.read_text(encoding="utf-8").replace(digest, "0" * 64), encoding="utf-8")
    found = replay(out, PORTAL, None)
    assert found.told.splitlines()[1:] == ["  SHA256SUMS: differs", "  catalog.rdf: differs"]


def test_a_missing_database_and_a_zip_that_has_another_are_told(out: Path) -> None:
    release = out / PORTAL / "latest"
    (release / f"{PORTAL}.duckdb").unlink()
    found = replay(out, PORTAL, None).told
    assert f"{PORTAL}.duckdb: only in the replay" in found
    assert f"{PORTAL}.zip: cannot be read" in found


@pytest.mark.parametrize("name", [f"{PORTAL}.zip", f"{PORTAL}.duckdb"])
def test_a_file_that_cannot_be_read_is_told(out: Path, name: str) -> None:
    file = out / PORTAL / "latest" / name
    file.write_bytes(file.read_bytes()[:5000])
    assert f"{name}: cannot be read" in replay(out, PORTAL, None).told


def test_the_command_says_what_differs(out: Path) -> None:
    (out / PORTAL / "latest" / "data" / "tumorotheques.csv").unlink()
    done = canceropole("replay", PORTAL, "1.0.0", out=out)
    assert done.status == 1
    assert "data/tumorotheques.csv: only in the replay" in done.stdout


def test_another_code_or_lock_compares_values_and_says_so(few: Done, out: Path) -> None:
    inputs = out / archive_of(few).relative_to(few.out).with_name("inputs.json")
    write_json(inputs, {**read_json(inputs), "lock": "0" * 64})
    found = replay(out, PORTAL, None)
    assert found.same
    assert "by value" in found.told
    csv = out / PORTAL / "latest" / "data" / "annuaires.csv"
    csv.write_bytes(csv.read_bytes() + b"x")
    [said] = replay(out, PORTAL, None).told.splitlines()[1:]
    assert "annuaires.csv: SHA256SUMS says" in said
    table = out / PORTAL / "latest" / "data" / "tumorotheques.json"
    table.write_text(table.read_text(encoding="utf-8").replace("Institut Curie", "Institut"), encoding="utf-8")
    assert replay(out, PORTAL, None).told.splitlines()[1:] == ["  data/tumorotheques.json: values differ"]


@pytest.mark.parametrize(("portal", "version"), [(PORTAL, "9.9.9"), ("nulle-part", "1.0.0"), (PORTAL, "../runs")])
def test_an_unknown_release_is_wrong_use(few: Done, portal: str, version: str) -> None:
    with pytest.raises(ReplayError, match="there are: ") as error:
        replay(few.out, portal, version)
    assert error.value.status == 2


def test_the_command_lists_the_releases_there_are(few: Done) -> None:
    done = canceropole("replay", PORTAL, "9.9.9", out=few.out)
    assert (done.status, done.stdout) == (2, "")
    assert "1.0.0" in done.stderr


def test_a_table_only_the_replay_has_is_named_by_value_too(few: Done, out: Path) -> None:
    inputs = out / archive_of(few).relative_to(few.out).with_name("inputs.json")
    write_json(inputs, {**read_json(inputs), "lock": "0" * 64})
    (out / PORTAL / "latest" / "data" / "tumorotheques.json").unlink()
    assert replay(out, PORTAL, None).told.splitlines()[1:] == ["  data/tumorotheques.json: only in the replay"]


def test_a_declaration_that_no_longer_reads_is_said(few: Done, out: Path) -> None:
    run = (out / archive_of(few).relative_to(few.out)).parent
    place = f"{PORTAL}/tumorotheques.yml"
    kept = run / "declarations" / place
    kept.write_text(kept.read_text(encoding="utf-8").replace("key: [", "clef: ["), encoding="utf-8")
    inputs = read_json(run / "inputs.json")
    inputs["declarations"][place] = sha256(kept)
    write_json(run / "inputs.json", inputs)
    done = canceropole("replay", PORTAL, out=out)
    assert done.status == 1
    assert f"{place}:clef" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("altered", [True, False])
def test_the_release_before_must_be_there_as_it_was(few: Done, out: Path, tmp_path: Path, *, altered: bool) -> None:
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    base = out / PORTAL / "releases" / "1.0.0"
    if altered:
        (base / "datapackage.json").write_bytes((base / "datapackage.json").read_bytes() + b" ")
    else:
        shutil.rmtree(base)
    with pytest.raises(ReplayError, match=r"1\.0\.0/datapackage\.json") as error:
        replay(out, PORTAL, "1.0.1")
    assert error.value.status == 1


def test_a_release_of_one_dataset_repeats_with_the_marks_it_had(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "a.warc.gz", LOST)
    refresh(out, lost)
    report = refresh(out, changed(lost, tmp_path / "b.warc.gz", HOLDER_CHANGED), "axes_coordinateurs")
    refresh(out, changed(archive_of(few), tmp_path / "c.warc.gz", HOLDER_CHANGED))
    assert read_json(out / PORTAL / "status.json")["version"] == "1.0.2"
    found = replay(out, PORTAL, "1.0.1")
    assert found.same, found.told
    kept = out / PORTAL / "runs" / report["run"] / "previous-status.json"
    kept.write_bytes(kept.read_bytes() + b" ")
    with pytest.raises(ReplayError, match=r"previous-status\.json"):
        replay(out, PORTAL, "1.0.1")


def installed(folder: Path, name: str, version: str) -> None:
    """A distribution of that name and version, first in the folder that is searched first."""
    told = folder / f"{name}-{version}.dist-info" / "METADATA"
    told.parent.mkdir()
    told.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")


def test_only_what_the_package_needs_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = lock_hash()
    for name, version, same in (("outil", "1.0", True), ("pytest", "0.1", True), ("duckdb", "0.1", False)):
        folder = tmp_path / name
        folder.mkdir()
        installed(folder, name, version)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder)
            lock_hash.cache_clear()
            assert (lock_hash() == before) == same, name
    lock_hash.cache_clear()
