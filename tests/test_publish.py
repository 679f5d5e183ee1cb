"""Releases where the public fetches them: whole, in an order that holds at every moment, and taken up again."""

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
import s3fs
from conftest import ROOT, Done, canceropole, resealed
from filelock import FileLock
from moto.server import ThreadedMotoServer
from test_refresh import CORRECTED, PORTAL, archive_of, changed, out, refresh

from pipeline import publishing
from pipeline.checksums import contents
from pipeline.paths import Home, read_json, sha256, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["out"]  # a fixture

BUCKET = "s3://donnees/ouvertes"


def publish(out: Path, target: str, **options: bool) -> int:
    """In this process, saying of a sample and its licence that they may be published unless told otherwise."""
    asked = {"dry_run": False, "sample": True, "unconfirmed": True, **options}
    return publishing.run(PORTAL, target, out, "fr", **asked)


@pytest.fixture(scope="module")
def s3() -> Iterator[dict[str, str]]:
    """A server that speaks S3, on loopback; what the environment says of it."""
    server = ThreadedMotoServer(port=0)
    server.start()
    env = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.get_host_and_port()[1]}",
        "AWS_ACCESS_KEY_ID": "essai",
        "AWS_SECRET_ACCESS_KEY": "secret-essai",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "*",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        yield env
    server.stop()


@pytest.fixture
def bucket(s3: dict[str, str]) -> Iterator[Any]:
    """An empty bucket, seen as its readers see it."""
    assert s3["AWS_ENDPOINT_URL"]
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem(use_listings_cache=False)
    files.mkdir("donnees")
    yield files
    files.rm("donnees", recursive=True)


def read(files: Any, address: str) -> bytes:
    return bytes(files.cat_file(f"{BUCKET}/{address}"))


def whole(files: Any, folder: str) -> bool:
    """Whether a published folder has just the files of its SHA256SUMS, as they should be."""
    sums = dict(line.split("  ")[::-1] for line in read(files, f"{folder}/SHA256SUMS").decode().splitlines())
    there = {name.partition(f"{folder}/")[2]: files.info(name) for name in files.find(f"{BUCKET}/{folder}")}
    digests = {name: files.metadata(f"{BUCKET}/{folder}/{name}")["sha256"] for name in there}
    return {name: digest for name, digest in digests.items() if name != "SHA256SUMS"} == sums


def test_a_folder_is_what_is_public_of_the_outputs(out: Path, tmp_path: Path) -> None:
    target = tmp_path / "www"
    assert publish(out, str(target)) == 0
    assert {path.name for path in (target / PORTAL).iterdir()} >= {"releases", "latest", "latest.json", "status.json"}
    assert not list(target.rglob("runs")) + list(target.rglob("*.key")) + list(target.rglob(".*"))
    told = read_json(target / PORTAL / "latest.json")
    assert (told["version"], told["path"]) == ("1.0.0", "releases/1.0.0")
    assert (target / PORTAL / "latest").resolve() == target / PORTAL / told["path"]
    assert sha256(target / PORTAL / told["path"] / "SHA256SUMS") == told["sha256sums"]
    check = subprocess.run(
        ["sha256sum", "--quiet", "-c", "SHA256SUMS"],  # noqa: S607 (any)
        cwd=target / PORTAL / "latest",
        check=False,
    )
    assert check.returncode == 0


def test_a_second_time_nothing_is_put(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [publish(out, str(tmp_path / "www")) for _ in range(2)] == [0, 0]
    first, second = capsys.readouterr().out.splitlines()
    assert " 0 mise" not in first
    assert "0 mise(s) en place, 0 retrait(s)" in second


def test_a_new_release_stands_beside_the_old_one(
    few: Done,
    out: Path,
    tmp_path: Path,
    bucket: Any,
) -> None:
    assert publish(out, BUCKET) == 0
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    assert publish(out, BUCKET) == 0
    assert [whole(bucket, f"{PORTAL}/{at}") for at in ("releases/1.0.0", "releases/1.0.1", "latest")] == [True] * 3
    assert json.loads(read(bucket, f"{PORTAL}/latest.json"))["version"] == "1.0.1"
    assert read(bucket, f"{PORTAL}/latest/datapackage.json") == (out / PORTAL / "latest/datapackage.json").read_bytes()
    assert bucket.info(f"{BUCKET}/{PORTAL}/latest/data/tumorotheques.csv")["ContentType"].startswith("text/csv")


@pytest.mark.parametrize("left", [3, 20, 45])
def test_killed_in_the_middle_it_shows_the_release_before_and_goes_on(
    few: Done,
    out: Path,
    tmp_path: Path,
    bucket: Any,
    s3: dict[str, str],
    left: int,
) -> None:
    assert publish(out, BUCKET) == 0
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    script = (
        "import os, signal, sys\n"
        "from pipeline import cli, stores\n"
        "left, put = [int(sys.argv.pop(1))], stores.S3.put\n"
        "def killing(self, source, address):\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    left[0] -= 1\n"
        "    put(self, source, address)\n"
        "stores.S3.put = killing\n"
        "cli.main()\n"
    )
    command = [sys.executable, "-c", script, str(left), "publish", PORTAL, BUCKET, "--sample", "--unconfirmed-licence"]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, check=False, cwd=ROOT, env={**os.environ, **s3}
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    told = json.loads(read(bucket, f"{PORTAL}/latest.json"))
    assert told["version"] == "1.0.0"
    assert whole(bucket, f"{PORTAL}/{told['path']}")
    assert publish(out, BUCKET) == 0
    assert json.loads(read(bucket, f"{PORTAL}/latest.json"))["version"] == "1.0.1"
    assert [whole(bucket, f"{PORTAL}/{at}") for at in ("releases/1.0.0", "releases/1.0.1", "latest")] == [True] * 3


def test_what_left_a_release_leaves_the_target(out: Path, tmp_path: Path) -> None:
    """A release that somebody was erased from is put again, and has no file more."""
    target = tmp_path / "www"
    assert publish(out, str(target)) == 0
    release = Home(out / PORTAL).release("1.0.0")
    (release / "data" / "annuaires.json").unlink()
    lines = (release / "SHA256SUMS").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = "".join(line for line in lines if "annuaires.json" not in line)
    (release / "SHA256SUMS").write_text(kept, encoding="utf-8")
    assert publish(out, str(target)) == 0
    there = target / PORTAL / "releases" / "1.0.0"
    assert not (there / "data" / "annuaires.json").exists()
    assert (there / "SHA256SUMS").read_text(encoding="utf-8") == kept


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "www"
    assert publish(out, str(target), dry_run=True) == 0
    told = capsys.readouterr().out
    assert f"à mettre : {PORTAL}/releases/1.0.0/data/tumorotheques.csv" in told
    assert told.splitlines()[-2] == f"à mettre : {PORTAL}/latest.json"
    assert not target.exists()


@pytest.mark.parametrize(
    ("options", "said"), [({"sample": False}, "--sample"), ({"unconfirmed": False}, "--unconfirmed-licence")]
)
def test_a_sample_or_an_unconfirmed_licence_stays_at_home(
    out: Path,
    bucket: Any,
    capsys: pytest.CaptureFixture[str],
    options: dict[str, bool],
    said: str,
) -> None:
    assert publish(out, BUCKET, **options) == 2
    assert said in capsys.readouterr().err
    assert bucket.find("donnees") == []


def test_a_target_that_is_ahead_is_left_alone(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "www"
    write_json(target / PORTAL / "latest.json", {"version": "1.10.0"})
    assert publish(out, str(target)) == 1
    assert "1.10.0" in capsys.readouterr().err
    assert [path.name for path in (target / PORTAL).iterdir()] == ["latest.json"]


def altered(out: Path, version: str, **told: object) -> None:
    """A release whose descriptor says something else, as another run of the program would have made it."""
    release = Home(out / PORTAL).release(version)
    write_json(release / "datapackage.json", {**read_json(release / "datapackage.json"), **told})
    resealed(release)


@pytest.mark.parametrize(
    "told", [{"run": "20200101T000000Z"}, {"reconstitution": False}, {"id": "https://autre.example/#a"}]
)
def test_another_release_of_the_same_number_is_left_alone(
    out: Path, tmp_path: Path, told: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "www"
    assert publish(out, str(target)) == 0
    before = (target / PORTAL / "latest" / "datapackage.json").read_bytes()
    altered(out, "1.0.0", **told)
    assert publish(out, str(target)) == 1
    assert "releases/1.0.0/datapackage.json" in capsys.readouterr().err
    assert (target / PORTAL / "latest" / "datapackage.json").read_bytes() == before


def test_what_is_gone_or_altered_at_the_target_is_put_again(few: Done, out: Path, tmp_path: Path) -> None:
    target = tmp_path / "www"
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    assert publish(out, str(target)) == 0
    (target / PORTAL / "releases/1.0.0/data/annuaires.csv").unlink()
    (target / PORTAL / "latest/data/annuaires.csv").write_text("autre chose")
    (target / PORTAL / "latest/data/ajout.csv").write_text("de trop")
    assert publish(out, str(target)) == 0
    for version in ("1.0.0", "1.0.1"):
        there, ours = target / PORTAL / "releases" / version, Home(out / PORTAL).release(version)
        assert {name: path.read_bytes() for name, path in contents(there).items()} == {
            name: path.read_bytes() for name, path in contents(ours).items()
        }


def test_only_what_is_sealed_is_published(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = Home(out / PORTAL).release("1.0.0")
    (release / "notes-privees.txt").write_text("pour moi")
    (out / "catalogue-brouillon.xlsx").write_text("pour moi")
    assert publish(out, str(tmp_path / "www")) == 0
    assert not [path for path in (tmp_path / "www").rglob("*") if path.is_file() and path.read_bytes() == b"pour moi"]
    (release / "data" / "annuaires.csv").write_text("coupé")
    assert publish(out, str(tmp_path / "autre")) == 1
    assert "annuaires.csv" in capsys.readouterr().err
    assert not (tmp_path / "autre" / PORTAL / "latest.json").exists()


def test_a_release_that_never_became_current_is_not_published(few: Done, out: Path, tmp_path: Path) -> None:
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    link = Home(out / PORTAL).latest
    link.unlink()
    link.symlink_to("releases/1.0.0")  # as a run that was killed between two renames leaves it
    assert publish(out, str(tmp_path / "www")) == 0
    assert [path.name for path in (tmp_path / "www" / PORTAL / "releases").iterdir()] == ["1.0.0"]


def test_lists_that_a_killed_command_left_behind_are_made_anew(out: Path, tmp_path: Path) -> None:
    lists = [out / "catalog.ttl", Home(out / PORTAL).index]
    before = [path.read_bytes() for path in lists]
    for path in lists:
        path.write_text("{}")
    assert publish(out, str(tmp_path / "www")) == 0
    assert [path.read_bytes() for path in lists] == before
    assert [(tmp_path / "www" / path.relative_to(out)).read_bytes() for path in lists] == before


def test_another_portal_is_listed_only_as_it_is_published(few: Done, out: Path, tmp_path: Path) -> None:
    """Its release that nobody may fetch yet is in no catalogue at the target."""
    target, other = tmp_path / "www", out / "autre"
    shutil.copytree(out / PORTAL, other, symlinks=True)
    release = other / "releases" / "1.0.0"
    (release / f"{PORTAL}.duckdb").rename(release / "autre.duckdb")
    (release / f"{PORTAL}.zip").rename(release / "autre.zip")
    package = {**read_json(release / "datapackage.json"), "name": "autre", "id": "https://autre.example/#autre"}
    write_json(release / "datapackage.json", package)
    resealed(release)
    assert publish(out, str(target)) == 0
    assert b"autre/latest" not in (target / "catalog.ttl").read_bytes()
    asked = {"dry_run": False, "sample": True, "unconfirmed": True}
    assert publishing.run("autre", str(target), out, "fr", **asked) == 0
    assert b"autre/latest" in (target / "catalog.ttl").read_bytes()
    both = (target / "catalog.ttl").read_bytes()
    assert both == (out / "catalog.ttl").read_bytes()
    refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    assert publishing.run("autre", str(target), out, "fr", **asked) == 0
    assert (target / "catalog.ttl").read_bytes() == both


@pytest.mark.parametrize("broken", ["datapackage.json", "SHA256SUMS"])
def test_outputs_that_cannot_be_read_are_told(
    out: Path, tmp_path: Path, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (Home(out / PORTAL).release("1.0.0") / broken).write_bytes(b"{\xff")
    assert publish(out, str(tmp_path / "www")) == 1
    assert "sauvegarde" in capsys.readouterr().err


def test_a_target_is_taken_as_it_is_written(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish(out, str(tmp_path / "www#2?x")) == 0
    assert (tmp_path / "www#2?x" / PORTAL / "latest.json").is_file()
    for target in ("s3://donnees/a?x", "s3://CLE:SECRET@donnees/a", "ckan+https://moi:SECRET@ckan.example/org"):
        assert publish(out, target) == 2
        assert "SECRET" not in capsys.readouterr().err


@pytest.mark.usefixtures("s3")
def test_an_endpoint_that_is_none_is_told(
    out: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:9000")
    assert publish(out, BUCKET) == 1
    assert "localhost:9000" in capsys.readouterr().err
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize(
    "content", [b"[]", b"{", b'{"version": null}', b'{"version": "un"}', b'{"version": 1}', b"\xff"]
)
def test_a_target_that_is_not_what_publish_writes_is_left_alone(
    out: Path, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / PORTAL).mkdir()
    (tmp_path / PORTAL / "latest.json").write_bytes(content)
    assert publish(out, str(tmp_path)) == 1
    assert "latest.json" in capsys.readouterr().err


@pytest.mark.usefixtures("s3")
def test_a_target_that_refuses_says_where_and_what_it_answered(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted((out / PORTAL).rglob("*"))
    assert publish(out, "s3://nulle-part/x") == 1
    told = capsys.readouterr().err
    assert (f"{PORTAL}/releases/1.0.0" in told, "nulle-part" in told) == (True, True)
    (tmp_path / "file").write_bytes(b"")
    assert publish(out, str(tmp_path / "file")) == 1
    assert sorted((out / PORTAL).rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((PORTAL, "ftp://example.org/x"), 2, "ftp://example.org/x"),
        ((PORTAL, ""), 2, "s3://"),
        (("nulle-part", "/tmp/x"), 2, "refresh nulle-part"),  # noqa: S108 (nothing is written)
    ],
)
def test_wrong_use_is_told(few: Done, arguments: tuple[str, ...], status: int, said: str) -> None:
    done = canceropole("publish", *arguments, out=few.out)
    assert (done.status, said in done.stderr) == (status, True), done.stderr


def test_beside_another_command_it_stops(out: Path, tmp_path: Path) -> None:
    with FileLock(Home(out / PORTAL).lock):
        assert canceropole("publish", PORTAL, tmp_path / "www", out=out).status == 4
    assert not (tmp_path / "www").exists()


def test_a_copy_of_the_target_is_as_good(out: Path, tmp_path: Path) -> None:
    """A folder may be carried further by another program: its link is relative."""
    assert publish(out, str(tmp_path / "www")) == 0
    copy = Path(shutil.copytree(tmp_path / "www", tmp_path / "carried", symlinks=True))
    assert (copy / PORTAL / "latest" / "datapackage.json").is_file()
