"""Refreshes of a portal that hardly changes: what is asked, read and archived again, and what holds all the rest."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from conftest import few_declarations
from test_crawl import Answer, serving
from test_erase import erase
from test_refresh import AXES_PAGE, BANKS, BANKS_PAGE, PORTAL, refresh

from pipeline.failures import RunFailedError
from pipeline.paths import Home, RunFolder, read_json
from pipeline.replaying import ReplayError, replay
from schemas.load import load
from spiders import archive
from spiders.manners import HTML
from spiders.records import records
from spiders.sample.server import SamplePortal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Done
    from test_crawl import Server
HAD = "SELECT url, record FROM answer WHERE read IS NOT NULL AND status = 200"


def answers(sample: Done) -> dict[str, Answer]:
    """The sample's pages as a WordPress gives them: nothing says whether they changed."""
    [path] = sample.home.glob("runs/*/portal.warc.gz")
    base = archive.info(path)["canceropole-base"].rstrip("/")
    given = {}
    for capture in archive.read(path):
        headers = {"Location": capture.headers["location"].replace(base, "BASE")} if 300 <= capture.status < 400 else {}
        body = capture.body.replace(base.encode(), b"BASE")
        given[capture.url.removeprefix(base)] = Answer(
            body, capture.status, capture.headers.get("content-type", "text/html"), headers
        )
    return given


@pytest.fixture(scope="module")
def pages(sample: Done) -> dict[str, Answer]:
    return answers(sample)


@pytest.fixture
def portal(pages: dict[str, Answer]) -> Iterator[Server]:
    with serving(pages) as server:
        yield server


@pytest.fixture(scope="module")
def first(pages: dict[str, Answer], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A portal, and the outputs of a first run on it. Tests work on copies."""
    out = tmp_path_factory.mktemp("first") / "outputs"
    with serving(pages) as server:
        assert refresh(out, server.base, delay=0.0)["version"] == "1.0.0"
        yield server, out


@pytest.fixture
def out(first: tuple[Server, Path], tmp_path: Path) -> Path:
    return shutil.copytree(first[1], tmp_path / "outputs", symlinks=True)


@pytest.fixture
def server(first: tuple[Server, Path]) -> Iterator[Server]:
    """The portal, as it was for the first run again after a test."""
    portal = first[0]
    kept = {path: list(given) for path, given in portal.answers.items()}
    yield portal
    portal.answers = kept


def runs(out: Path) -> list[RunFolder]:
    return [RunFolder(path) for path in sorted(Home(out / PORTAL).runs.iterdir())]


def kinds(path: Path) -> dict[str, str]:
    """The kind of record that each HTML page of an archive has."""
    found = {}
    for _, record in records(path):
        kind = record.rec_headers.get_header("Content-Type", "")
        if record.rec_type in {"response", "revisit"} and "msgtype=response" in kind:
            found[record.rec_headers.get_header("WARC-Target-URI")] = record.rec_type
    return found


def edit(server: Server, path: str, before: str, after: str) -> None:
    [given] = server.answers[path]
    assert given.body.decode().count(before) == 1
    server.answers[path] = [Answer(given.body.replace(before.encode(), after.encode()), type=given.type)]


def evidence(out: Path) -> dict[tuple[str, str], dict[str, Any]]:
    rows = json.loads((Home(out / PORTAL).latest / "data" / "provenance.json").read_bytes())
    return {(row["dataset"], row["cle"]): row for row in rows}


def test_what_did_not_change_is_archived_by_reference_and_makes_no_release(server: Server, out: Path) -> None:
    report = refresh(out, server.base, delay=0.0)
    assert (report["outcome"], report["version"]) == ("unchanged", None)
    assert report["crawl"]["same"] == report["crawl"]["pages"] > 10
    assert report["crawl"]["not_modified"] == 0
    before, now = runs(out)
    html = {c.url for c in archive.answers(before.archive, kinds=HTML) if c.content_type in HTML and c.status == 200}
    assert {url for url, kind in kinds(now.archive).items() if kind == "revisit"} == html
    assert archive.referred(now.archive) == [before.archive.resolve()]
    assert [c.body for c in sorted_by_url(before)] == [c.body for c in sorted_by_url(now)]
    assert had(before) == had(now)
    fed = {row["url"].removeprefix(load(PORTAL).portal.origin) for row in evidence(out).values()}
    assert fed <= set(read_json(now.job)["known"]), "pages that rows were read in have no room of their own"


def had(run: RunFolder) -> list[dict[str, Any]]:
    return [page for page in read_json(run.pages) if page["statut"] == 200]


def sorted_by_url(run: RunFolder) -> list[archive.Capture]:
    return sorted(archive.read(run.archive), key=lambda capture: capture.url)


def test_a_portal_with_validators_is_asked_for_changes_alone(tmp_path: Path) -> None:
    out = tmp_path / "outputs"
    with SamplePortal() as portal:
        first, second = (refresh(out, portal.base, delay=0.0)["crawl"] for _ in range(2))
    assert first["not_modified"] == 0
    assert (second["not_modified"], second["same"]) == (first["pages"], 0)
    assert second["pages"] == first["pages"]
    assert second["bytes"] < 0.05 * first["bytes"]


def test_only_the_page_that_changed_is_read_again_and_the_release_repeats(server: Server, out: Path) -> None:
    edit(server, BANKS_PAGE, "AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy")
    held = had_records(runs(out)[0])
    report = refresh(out, server.base, delay=0.0)
    assert report["version"] == "1.0.1"
    assert report["crawl"]["same"] == report["crawl"]["pages"] - 1
    before, now = runs(out)
    read = had_records(now)
    assert held.keys() == read.keys()
    assert [url for url in read if read[url] != held[url]] == [f"https://www.canceropole-idf.fr{BANKS_PAGE}"]
    own = {capture.record for capture in archive.read(now.archive)}
    rows = evidence(out)
    assert {row["enregistrement"] for row in rows.values()} <= own
    changed = {row["enregistrement"] for (dataset, _), row in rows.items() if dataset == BANKS}
    kept = {row["enregistrement"] for (dataset, _), row in rows.items() if dataset != BANKS}
    first = {capture.record for capture in archive.read(before.archive)}
    assert changed.isdisjoint(first)
    assert kept & first
    found = replay(out, PORTAL, None)
    assert found.same, found.told
    assert "byte for byte" in found.told


def had_records(run: RunFolder) -> dict[str, str]:
    with closing(sqlite3.connect(run.reads)) as reads:
        return dict(reads.execute(HAD))


def test_a_release_names_every_archive_it_rests_on(server: Server, out: Path) -> None:
    edit(server, BANKS_PAGE, "AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy")
    refresh(out, server.base, delay=0.0)
    before, now = runs(out)
    named = [item["path"] for item in read_json(now.inputs)["archives"]]
    assert named == [f"runs/{now.id}/portal.warc.gz", f"runs/{before.id}/portal.warc.gz"]
    before.archive.unlink()
    with pytest.raises(ReplayError, match=f"{before.id}.*no file"):
        replay(out, PORTAL, "1.0.1")


def test_a_page_whose_archive_is_gone_is_had_anew(server: Server, out: Path) -> None:
    runs(out)[0].archive.unlink()
    report = refresh(out, server.base, delay=0.0)
    assert report["outcome"] == "unchanged"
    assert (report["crawl"]["same"], report["crawl"]["not_modified"]) == (0, 0)
    assert set(kinds(runs(out)[-1].archive).values()) == {"response"}


def test_a_run_that_fails_of_what_was_remembered_is_the_last_to(server: Server, out: Path) -> None:
    """An archive without the record that is referred to: put back from a copy of another day, say."""
    refresh(out, server.base, delay=0.0)
    first, second = runs(out)
    with archive_of_nothing(first.archive):
        pass
    second.reads.unlink()
    with pytest.raises(RunFailedError, match="archive cannot be read") as failed:
        refresh(out, server.base, delay=0.0)
    assert first.id in failed.value.paragraph("en")
    report = refresh(out, server.base, delay=0.0)
    assert report["outcome"] == "unchanged"
    assert report["crawl"]["same"] == 0


def archive_of_nothing(path: Path) -> Any:
    from spiders.archive_writer import ArchiveWriter  # noqa: PLC0415 (one test's)

    return ArchiveWriter(path, {"canceropole-base": "http://127.0.0.1/"})


@pytest.mark.parametrize("name", ["visits", "reads"])
def test_a_damaged_memory_saves_nothing_and_harms_nothing(server: Server, out: Path, name: str) -> None:
    path = getattr(runs(out)[0], name)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(byte ^ 0x55 for byte in content[4096:]))
    report = refresh(out, server.base, delay=0.0)
    assert report["outcome"] == "unchanged"
    assert report["crawl"]["same"] == (0 if name == "visits" else report["crawl"]["pages"])


def test_an_archive_taken_elsewhere_stands_alone(server: Server, out: Path, tmp_path: Path) -> None:
    refresh(out, server.base, delay=0.0)
    last = runs(out)[-1]
    elsewhere = tmp_path / "elsewhere"
    assert refresh(elsewhere, last.archive)["version"] == "1.0.0"
    [run] = runs(elsewhere)
    assert archive.referred(run.archive) == []
    assert [c.body for c in sorted_by_url(run)] == [c.body for c in sorted_by_url(last)]
    data = [Home(place / PORTAL).latest / "data" / f"{BANKS}.csv" for place in (out, elsewhere)]
    assert data[0].read_bytes() == data[1].read_bytes()
    shutil.rmtree(out)
    assert replay(elsewhere, PORTAL, None).same


def test_a_row_that_leaves_is_in_nothing_that_is_remembered_and_stays_away(server: Server, out: Path) -> None:
    refresh(out, server.base, delay=0.0)
    key = heads(out)[0]
    assert erase(out, "tumorotheques_responsables", key).status == 0
    assert not [path for run in runs(out) for path in (run.visits, run.reads) if path.exists()]
    for expected in ("none", "all but one"):
        report = refresh(out, server.base, delay=0.0)
        assert report["outcome"] == "unchanged", report
        assert (report["crawl"]["same"] > 0) == (expected != "none")
        assert ("tumorotheques_responsables", key) not in evidence(out)


def test_old_runs_are_thinned_to_what_releases_and_kept_runs_rest_on(server: Server, out: Path, tmp_path: Path) -> None:
    """The second run made no release, and the third rests on a page that it alone has."""
    schemas = shutil.copytree(few_declarations(), tmp_path / "schemas")
    declared = schemas / PORTAL / "portal.yml"
    declared.write_text(declared.read_text().replace("keep_runs: 53", "keep_runs: 1"))
    [axes] = server.answers[AXES_PAGE]
    server.answers[AXES_PAGE] = [Answer(axes.body + b"<!-- autre -->", type=axes.type)]
    assert refresh(out, server.base, delay=0.0)["outcome"] == "unchanged"
    edit(server, BANKS_PAGE, "AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy")
    assert refresh(out, server.base, delay=0.0)["version"] == "1.0.1"
    first, second, third = runs(out)
    assert archive.referred(third.archive) == [first.archive.resolve(), second.archive.resolve()]
    assert refresh(out, server.base, delay=0.0, schemas=schemas)["outcome"] == "unchanged"
    assert {path.name for path in second.root.iterdir()} == {"report.json", "crawl.json", "portal.warc.gz"}
    assert all(run.inputs.is_file() and run.archive.is_file() for run in (first, third, runs(out)[-1]))
    assert [run.id for run in runs(out) if run.visits.is_file() or run.reads.is_file()] == [runs(out)[-1].id]
    for version in ("1.0.0", "1.0.1"):
        assert replay(out, PORTAL, version).same
    assert erase(out, "tumorotheques_responsables", heads(out)[0]).status == 0


def heads(out: Path) -> list[str]:
    return [key for dataset, key in evidence(out) if dataset == "tumorotheques_responsables"]
