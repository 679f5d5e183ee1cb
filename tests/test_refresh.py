"""Refreshes of a portal that changes, breaks or is not there: what is released, what is held, what is said."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, Done, canceropole, canceropole_of_few, few_declarations, prefect_server

from pipeline import stages
from pipeline.failures import RunFailedError, WrongUseError
from pipeline.paths import Home, read_json
from pipeline.run import Request
from schemas.load import load
from spiders import archive
from spiders.archive_writer import ArchiveWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = "canceropole-idf"
BANKS, HEADS = "tumorotheques", "tumorotheques_responsables"
BANKS_PAGE = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
AXES_PAGE = "/le-canceropole-idf/strategie-scientifique/"
BEAUJON = "<tr>\n<td>TISSUTHEQUE BEAUJON</td>\n<td>AP-HP Hôpital Beaujon</td>\n<td>Pr Bedossa</td>\n</tr>\n"
CORRECTED = {BANKS_PAGE: ("AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy")}
ADDED = {BANKS_PAGE: (BEAUJON, BEAUJON + BEAUJON.replace("BEAUJON", "LARIBOISIERE"))}
LOST = {BANKS_PAGE: (BEAUJON, "")}
TABLE_GONE = {BANKS_PAGE: ("<th>Etablissement</th>\n<th>Responsable</th>", "<th>Lieu</th>\n<th>Personne</th>")}
NO_PLACE = {BANKS_PAGE: (BEAUJON, BEAUJON + BEAUJON.replace("BEAUJON", "BICETRE").replace("AP-HP Hôpital Beaujon", ""))}
HOLDER_CHANGED = {AXES_PAGE: ("Isabelle Stücker", "Isabelle Durand")}


@pytest.fixture
def out(few: Done, tmp_path: Path) -> Path:
    """A copy of those of few datasets, to run on."""
    return Path(shutil.copytree(few.out, tmp_path / "outputs", symlinks=True))


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Prefect server of the module's own, to look into."""
    with prefect_server(tmp_path_factory) as env:
        yield env


def archive_of(done: Done) -> Path:
    [path] = done.home.glob("runs/*/portal.warc.gz")
    return path


def changed(source: Path, target: Path, edits: dict[str, tuple[str, str]], **info: str) -> Path:
    """An archive of the same pages a day later, a text of some replaced."""
    fields = {**archive.info(source), **info}
    left = dict(edits)
    with ArchiveWriter(target, fields) as writer:
        for capture in archive.read(source):
            body, path = capture.body, "/" + capture.url.split("/", 3)[3]
            if path in left:
                before, after = left.pop(path)
                assert body.decode().count(before) == 1, f"{path}: {before} stands once"
                body = body.decode().replace(before, after).encode()
            headers = [(name, value) for name, value in capture.headers.items() if name != "content-encoding"]
            writer.response(capture.url, capture.status, "", headers, body, capture.when + timedelta(days=1))
    assert not left, f"{source} has no page {sorted(left)}"
    return target


def refresh(
    out: Path, source: object, *only: str, schemas: Path | None = None, delay: float | None = None
) -> dict[str, Any]:
    """A refresh in this process, without Prefect, of a few datasets if no others are given: its report."""
    newest = max(Home(out / PORTAL).runs.glob("*"), default=Path())
    while newest.name == time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()):
        time.sleep(0.05)  # a run is named by its second
    return stages.refresh(Request(PORTAL, str(source), only, delay, out, schemas or few_declarations()))


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {dataset["name"]: dataset["verdict"] for dataset in report["datasets"]}


def codes(report: dict[str, Any], name: str) -> list[str]:
    return [reason["code"] for d in report["datasets"] if d["name"] == name for reason in d["reasons"]]


def rows(out: Path, name: str, version: str = "latest") -> list[dict[str, str]]:
    folder = out / PORTAL / ("latest" if version == "latest" else f"releases/{version}")
    with (folder / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def described(out: Path) -> dict[str, Any]:
    return {r["name"]: r for r in read_json(out / PORTAL / "latest" / "datapackage.json")["resources"]}


def status(out: Path) -> dict[str, Any]:
    return {d["name"]: d for d in read_json(out / PORTAL / "status.json")["datasets"]}


def declarations(tmp_path: Path, file: str, before: str, after: str, of: Path | None = None) -> Path:
    """A copy of the declarations, those of a few datasets if no others are given, with a text of one file replaced."""
    copy = tmp_path / "schemas"
    for part in (PORTAL, "reference"):
        shutil.copytree((of or few_declarations()) / part, copy / part)
    text = (copy / PORTAL / file).read_text(encoding="utf-8")
    assert before in text
    (copy / PORTAL / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    return copy


def released(out: Path) -> dict[str, bytes]:
    """Every file of every release, by place."""
    folder = out / PORTAL / "releases"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def versions(out: Path) -> list[str]:
    return sorted(path.name for path in (out / PORTAL / "releases").iterdir())


def test_a_first_run_releases_1_0_0(few: Done) -> None:
    assert (few.status, few.report["outcome"], few.report["version"]) == (0, "released", "1.0.0")
    assert few.report["previous"] is None
    assert str(few.latest.readlink()) == "releases/1.0.0"
    assert {d["state"] for d in status(few.out).values()} == {"fresh"}
    assert "Traceback" not in few.stderr


def test_an_unchanged_portal_makes_no_release(few: Done, out: Path, commands_api: dict[str, str]) -> None:
    before = released(out)
    done = canceropole_of_few("refresh", "--from", f"run:{archive_of(few).parent.name}", out=out, env=commands_api)
    assert (done.status, done.report["outcome"], done.report["version"]) == (0, "unchanged", None)
    assert done.report["previous"] == "1.0.0"
    assert set(verdicts(done.report).values()) == {"unchanged"}
    assert released(out) == before
    assert "1.0.0" in done.stdout


def test_a_corrected_value_is_a_patch(few: Done, out: Path, tmp_path: Path) -> None:
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    assert (report["outcome"], report["version"], report["previous"]) == ("released", "1.0.1", "1.0.0")
    assert {name for name, verdict in verdicts(report).items() if verdict != "unchanged"} == {BANKS}
    change, link = json.loads((out / PORTAL / "latest" / "changes.json").read_bytes())
    assert (link["dataset"], link["change"]) == ("organisations_liens", "removed")
    assert (change["dataset"], change["key"], change["change"]) == (BANKS, "tissutheque-beaujon", "changed")
    assert change["columns"]["etablissement"] == ["AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy"]
    assert "tissutheque-beaujon" in (out / PORTAL / "latest" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert [r["etablissement"] for r in rows(out, BANKS) if r["rang"] == "6"] == ["Hôpital Beaujon, Clichy"]


def test_a_release_is_dated_by_its_archive(few: Done, out: Path, tmp_path: Path) -> None:
    source = changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED)
    refresh(out, source)
    created = read_json(out / PORTAL / "latest" / "datapackage.json")["created"]
    assert created == f"{archive.last_date(source):%Y-%m-%dT%H:%M:%SZ}"


def test_an_added_row_is_a_minor(few: Done, out: Path, tmp_path: Path) -> None:
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", ADDED))
    assert (report["outcome"], report["version"]) == ("released", "1.1.0")
    assert len(rows(out, BANKS)) == 21
    assert len(rows(out, HEADS)) == 22
    [found] = [d for d in report["datasets"] if d["name"] == BANKS]
    assert (found["added"], found["removed"], found["rows"]) == (1, 0, 21)
    assert len(rows(out, BANKS, "1.0.0")) == 20


def test_a_lost_row_is_held_and_the_last_rows_stay(
    few: Done, out: Path, tmp_path: Path, commands_api: dict[str, str]
) -> None:
    before = released(out)
    first = changed(archive_of(few), tmp_path / "first.warc.gz", LOST)
    done = canceropole_of_few("refresh", "--from", first, out=out, env=commands_api)
    assert (done.status, done.report["outcome"], done.report["version"]) == (3, "held", None)
    # The archive page still prints the row, which is worth saying beside the loss.
    assert codes(done.report, BANKS) == ["rows-lost", "copies-differ", "count-differs"]
    assert codes(done.report, HEADS) == ["rows-lost", "copies-differ"]
    assert "tissutheque-beaujon" in done.stderr
    assert "Traceback" not in done.stderr
    assert released(out) == before, "the stale mark alone makes no release"
    held = status(out)[BANKS]
    assert (held["state"], held["code"], held["rows"]) == ("held", "rows-lost", 20)


def test_a_held_dataset_is_marked_stale_in_the_release_another_makes(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "lost.warc.gz", LOST)
    refresh(out, lost)
    since = status(out)[BANKS]["since"]
    report = refresh(out, changed(lost, tmp_path / "later.warc.gz", HOLDER_CHANGED))
    assert (report["outcome"], report["version"]) == ("held", "1.0.1")
    assert len(rows(out, BANKS)) == 20
    for name in (BANKS, f"{BANKS}-parquet", f"{BANKS}-json"):
        mark = described(out)[name]["stale"]
        assert mark["code"] == "rows-lost"
        assert set(mark["message"]) == {"fr", "en"}
    assert {name for name, r in described(out).items() if "stale" in r and r["format"] == "csv"} == {BANKS, HEADS}
    now = status(out)[BANKS]
    assert (now["since"], now["state"]) == (since, "held"), "held since the first run that held it"
    assert now["checked"] > since

    mended = refresh(out, changed(archive_of(few), tmp_path / "mended.warc.gz", HOLDER_CHANGED))
    assert (mended["outcome"], mended["version"]) == ("released", "1.0.2"), "no longer stale is a patch"
    assert not [name for name, resource in described(out).items() if "stale" in resource]
    assert (status(out)[BANKS]["state"], status(out)[BANKS]["since"]) == ("fresh", None)


def test_a_missing_table_holds_its_datasets_and_releases_the_others(
    few: Done, tmp_path: Path, commands_api: dict[str, str]
) -> None:
    source = changed(archive_of(few), tmp_path / "a.warc.gz", TABLE_GONE)
    done = canceropole_of_few("refresh", "--from", source, out=tmp_path / "outputs", env=commands_api)
    assert (done.status, done.report["outcome"], done.report["version"]) == (3, "held", "1.0.0")
    assert {name for name, verdict in verdicts(done.report).items() if verdict == "held"} == {BANKS, HEADS}
    assert codes(done.report, BANKS)[0] == "block-missing"
    assert BANKS not in described(done.out), "held on its first run, it is left out"
    assert len(rows(done.out, "financements")) == 13
    paragraph = done.stderr.strip().split("\n\n")[-1]
    assert BANKS in paragraph
    assert BANKS_PAGE in paragraph
    assert "Traceback" not in done.stderr


def test_rows_whose_parent_is_held_are_held_too(few: Done, out: Path, tmp_path: Path) -> None:
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", NO_PLACE))
    assert codes(report, BANKS)[0] in {"schema", "row-malformed", "value-not-understood"}
    assert codes(report, HEADS)[0] == "parent-held"
    [reasons] = [d["reasons"] for d in report["datasets"] if d["name"] == HEADS]
    assert reasons[0]["found"] == "tissutheque-bicetre"
    assert (report["version"], len(rows(out, HEADS))) == (None, 21)


def test_a_parent_whose_lost_row_is_still_referred_to_is_held_too(few: Done, out: Path, tmp_path: Path) -> None:
    tolerant = declarations(tmp_path, f"{BANKS}.yml", "checks: {rows:", "checks: {keys_lost: 0.5, rows:")
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", LOST), schemas=tolerant)
    assert codes(report, HEADS)[0] == "rows-lost"
    assert codes(report, BANKS)[0] == "child-held"
    assert "rows-lost-tolerated" in codes(report, BANKS)
    assert report["version"] is None


def test_a_tolerated_loss_is_released_with_its_reason(few: Done, out: Path, tmp_path: Path) -> None:
    tolerant = declarations(tmp_path, f"{BANKS}.yml", "checks: {rows:", "checks: {keys_lost: 0.5, rows:")
    heads = tolerant / PORTAL / f"{HEADS}.yml"
    heads.write_text(heads.read_text(encoding="utf-8").replace("checks: {rows:", "checks: {keys_lost: 0.5, rows:"))
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", LOST), schemas=tolerant)
    assert (report["outcome"], report["version"]) == ("released", "1.1.0")
    assert "rows-lost-tolerated" in codes(report, BANKS)
    assert len(rows(out, BANKS)) == 19


def test_only_one_dataset_and_the_others_untouched(few: Done, out: Path, tmp_path: Path) -> None:
    source = changed(archive_of(few), tmp_path / "a.warc.gz", {**CORRECTED, **HOLDER_CHANGED})
    report = refresh(out, source, "axes_coordinateurs")
    assert (report["outcome"], report["version"]) == ("released", "1.0.1")
    assert verdicts(report)["axes_coordinateurs"] == "accepted"
    old, new = (out / PORTAL / "releases" / version / "data" for version in ("1.0.0", "1.0.1"))
    of_this_crawl = {"axes_coordinateurs", "pages", "provenance"}
    names = {path.stem for path in old.iterdir()} - of_this_crawl
    assert names == {dataset.id for dataset in load(PORTAL, few_declarations()).datasets} - of_this_crawl
    for name in names:
        for extension in ("csv", "json", "parquet"):
            file = f"{name}.{extension}"
            assert (old / file).read_bytes() == (new / file).read_bytes(), file
    before = {tuple(row.items()) for row in rows(out, "provenance", "1.0.0") if row["dataset"] == BANKS}
    assert {tuple(row.items()) for row in rows(out, "provenance") if row["dataset"] == BANKS} == before
    assert status(out)[BANKS] == status(few.out)[BANKS]


def test_a_run_s_archive_is_read_again_after_mending_a_declaration(few: Done, out: Path, tmp_path: Path) -> None:
    mended = declarations(tmp_path, f"{BANKS}.yml", "fr: Tumorothèques hospitalières d'Île-de-France", "fr: Banques")
    report = refresh(out, f"run:{archive_of(few).parent.name}", schemas=mended)
    assert (report["outcome"], report["version"]) == ("released", "1.0.1"), "metadata is a patch"
    assert described(out)[BANKS]["title"].startswith("Banques")
    again = refresh(out, f"run:{report['run']}", schemas=mended)
    assert (again["outcome"], again["version"]) == ("unchanged", None), "from a run that itself read an archive"


def test_sample_and_portal_are_never_mixed(few: Done, out: Path, tmp_path: Path) -> None:
    before = released(out)
    fields = {"canceropole-source": "live"}
    source = changed(archive_of(few), tmp_path / "portal.warc.gz", {}, **fields)
    with pytest.raises(RunFailedError, match="--out"):
        refresh(out, source)
    assert read_json(max((out / PORTAL / "runs").glob("*/report.json")))["outcome"] == "failed"
    assert released(out) == before
    refresh(tmp_path / "portal", source)
    with pytest.raises(RunFailedError, match="--out"):
        refresh(tmp_path / "portal", archive_of(few))


@contextmanager
def site(pages: dict[str, tuple[str, str]]) -> Iterator[str]:
    """A web site with the given answers (media type, body) and nothing else; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, body = pages.get(self.path, ("text/plain", "rien"))
            self.send_response(200 if self.path in pages else 404)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def closed_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def said(done: Done) -> str:
    """What standard error says, having checked that it is one paragraph for a person."""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert "\n\n" not in done.stderr.strip()
    return done.stderr


@pytest.fixture
def of_the_portal(few: Done, tmp_path: Path) -> Path:
    """Outputs with a first release of the portal: the sample's pages, archived as a mirror's."""
    pages = changed(archive_of(few), tmp_path / "portal.warc.gz", {}, **{"canceropole-source": "portal"})
    refresh(tmp_path / "mirrored", pages)
    return tmp_path / "mirrored"


def test_an_unreachable_portal(of_the_portal: Path, commands_api: dict[str, str]) -> None:
    out = of_the_portal
    before, address = released(out), f"http://127.0.0.1:{closed_port()}/"
    done = canceropole_of_few("refresh", "--from", address, "--delay", "0", out=out, env=commands_api)
    assert (done.status, done.report["outcome"], done.report["version"]) == (1, "failed", None)
    assert address in said(done)
    assert done.report["previous"] == "1.0.0"
    assert released(out) == before


def test_a_site_that_is_not_the_portal_holds_everything(tmp_path: Path) -> None:
    out = tmp_path / "outputs"
    page = "<html><head><title>Boulangerie</title></head><body><main><h1>Nos pains</h1><p>Du pain.</p></main></body>"
    with site({"/": ("text/html", page)}) as address:
        report = stages.refresh(Request(PORTAL, address, delay=0, out=out))
    assert (report["outcome"], report["version"]) == ("held", None)
    found = verdicts(report)
    assert {verdict for name, verdict in found.items() if name != "organisations"} == {"held"}
    assert codes(report, BANKS) == ["page-not-content"]
    assert versions(out) == [], "a reference list alone is no first release"


def test_a_robots_txt_that_forbids_everything(of_the_portal: Path) -> None:
    out = of_the_portal
    before = released(out)
    with (
        site({"/robots.txt": ("text/plain", "User-agent: *\nDisallow: /\n"), "/": ("text/html", "<p>non</p>")}) as base,
        pytest.raises(RunFailedError, match=r"robots-disallowed|robots\.txt"),
    ):
        stages.refresh(Request(PORTAL, base, delay=0, out=out))
    report = max((out / PORTAL / "runs").glob("*/report.json"))
    assert read_json(report)["outcome"] == "failed"
    assert released(out) == before


def test_a_broken_declaration_is_said_before_any_request(
    out: Path, tmp_path: Path, commands_api: dict[str, str]
) -> None:
    before, runs = released(out), set((out / PORTAL / "runs").iterdir())
    broken = declarations(tmp_path, f"{BANKS}.yml", "key: [", "clef: [")
    done = canceropole("refresh", "--from", "sample", "--schemas", broken, out=out, env=commands_api)
    assert done.status == 1
    assert f"{PORTAL}/{BANKS}.yml:clef" in said(done)
    assert released(out) == before
    [refused] = set((out / PORTAL / "runs").iterdir()) - runs
    assert [path.name for path in refused.iterdir()] == ["report.json"]
    assert done.report["outcome"] == "failed"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("nulle-part",), PORTAL),
        ((PORTAL, "--only", "tumorothèques"), BANKS),
        ((PORTAL, "--delay", "-1"), "--delay"),
        ((PORTAL, "--faux"), "--faux"),
    ],
)
def test_wrong_use_lists_what_there_is(
    tmp_path: Path, commands_api: dict[str, str], arguments: tuple[str, ...], expected: str
) -> None:
    done = canceropole("refresh", *arguments, out=tmp_path / "outputs", env=commands_api)
    assert done.status == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize("source", ["nulle-part", "run:20200101T000000Z", "ftp://portail.example/"])
def test_a_source_that_is_none_lists_those_there_are(few: Done, out: Path, source: str) -> None:
    before = released(out)
    with pytest.raises(WrongUseError) as wrong:
        refresh(out, source)
    assert source in str(wrong.value)
    assert archive_of(few).parent.name in str(wrong.value)
    assert released(out) == before


def test_a_missing_run_is_wrong_use(out: Path, commands_api: dict[str, str]) -> None:
    done = canceropole_of_few("refresh", "--from", "run:20200101T000000Z", out=out, env=commands_api)
    assert done.status == 2
    assert "run:20200101T000000Z" in said(done)


def test_a_corrupt_archive(few: Done, out: Path, tmp_path: Path, commands_api: dict[str, str]) -> None:
    before = released(out)
    damaged = bytearray(archive_of(few).read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    (tmp_path / "damaged.warc.gz").write_bytes(damaged)
    done = canceropole_of_few("refresh", "--from", tmp_path / "damaged.warc.gz", out=out, env=commands_api)
    assert (done.status, done.report["outcome"], done.report["version"]) == (1, "failed", None)
    assert "damaged.warc.gz" in said(done)
    assert released(out) == before


@pytest.mark.parametrize("content", ["truncated", "", "<html></html>"])
def test_an_archive_that_is_none(few: Done, out: Path, tmp_path: Path, content: str) -> None:
    before, file = released(out), tmp_path / "bad.warc.gz"
    file.write_bytes(archive_of(few).read_bytes()[:-100] if content == "truncated" else content.encode())
    with pytest.raises(RunFailedError, match=r"archive cannot be read: .*expected .*, found "):
        refresh(out, file)
    assert read_json(max((out / PORTAL / "runs").glob("*/report.json")))["outcome"] == "failed"
    assert released(out) == before


def test_outputs_that_are_a_file(tmp_path: Path, commands_api: dict[str, str]) -> None:
    (tmp_path / "outputs").write_text("pas un dossier")
    done = canceropole("refresh", "--from", "sample", out=tmp_path / "outputs", env=commands_api)
    assert done.status == 1
    assert "--out" in said(done)
    assert (tmp_path / "outputs").read_text() == "pas un dossier"


def test_outputs_that_may_not_be_written(tmp_path: Path, commands_api: dict[str, str]) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is read-only for root")
    (tmp_path / "outputs").mkdir(mode=0o500)
    done = canceropole("refresh", "--from", "sample", out=tmp_path / "outputs", env=commands_api)
    assert done.status == 1
    assert "--out" in said(done)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 48 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 (where it is differs)


@pytest.mark.parametrize("room", [0, 150, 600, 1600])
def test_a_full_disk_fails_and_leaves_the_last_release(few: Done, small_disk: Path, tmp_path: Path, room: int) -> None:
    """The disk has `room` KiB left when the run begins, so that it fills sooner or later (all: `make crash`)."""
    out = Path(shutil.copytree(few.out, small_disk / "outputs", symlinks=True))
    source = changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED)
    before, runs = released(out), len(list((out / PORTAL / "runs").iterdir()))
    with (small_disk / "filler").open("wb") as filler:
        filler.write(bytes(shutil.disk_usage(small_disk).free - room * 1024))
    with pytest.raises(RunFailedError, match=r"No space left|disk is full"):
        refresh(out, source)
    assert released(out) == before
    assert str((out / PORTAL / "latest").readlink()) == "releases/1.0.0"
    (small_disk / "filler").unlink()
    again = refresh(out, source)
    assert (again["outcome"], again["version"], versions(out)) == ("released", "1.0.1", ["1.0.0", "1.0.1"])
    assert len(list((out / PORTAL / "runs").iterdir())) <= runs + 2


def test_another_run_in_progress(out: Path) -> None:
    before, runs = released(out), list((out / PORTAL / "runs").iterdir())
    holding = "import sys, filelock as f; held = f.FileLock(sys.argv[1]); held.acquire(); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(out / PORTAL / ".lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"1"
        done = canceropole("refresh", "--from", "sample", out=out)
        holder.communicate(b"\n")
    assert done.status == 4
    assert str(out / PORTAL) in said(done)
    assert released(out) == before
    assert list((out / PORTAL / "runs").iterdir()) == runs
