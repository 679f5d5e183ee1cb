"""A person leaves: every release, past ones too, every run and archive, and does not come back; nobody else changes."""

from __future__ import annotations

import codecs
import contextlib
import datetime as dt
import gzip
import html
import io
import os
import pty
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from conftest import ROOT, Done, canceropole, canceropole_of_few, few_declarations
from filelock import FileLock
from test_refresh import (
    ADDED,
    AXES_PAGE,
    BANKS,
    BANKS_PAGE,
    BEAUJON,
    CORRECTED,
    HEADS,
    LOST,
    PORTAL,
    TABLE_GONE,
    archive_of,
    changed,
    codes,
    out,
    refresh,
    rows,
    status,
    verdicts,
    versions,
)
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from pipeline import erasing, journal
from pipeline.erasures import kept
from pipeline.failures import RunFailedError
from pipeline.paths import Home, read_json, sha256, write_json
from pipeline.replaying import replay
from pipeline.run import lock
from schemas.load import load
from schemas.redaction import Redaction
from spiders import archive
from spiders.archive_writer import ArchiveWriter
from spiders.redacting import redact

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ["out"]  # a fixture

FOCH = "tumorotheque-hopital-foch/1"  # Dr Denoux, whose name nobody else has
NERVES, BLOOD = "tumorotheque-du-systeme-nerveux-central/1", "tumorotheque-hematologie-hopital-saint-antoine/1"


def erase(out: Path, dataset: str = "", key: str = "", name: str = "", *, yes: bool = False) -> Done:
    """The command in this process; it says itself which releases do not replay."""
    told, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(errors):
        status = erasing.run(PORTAL, dataset, key, name, out, few_declarations(), "fr", yes=yes)
    assert "rejoue pas" not in told.getvalue()
    return Done(out, status, told.getvalue(), errors.getvalue())


@pytest.fixture(scope="module")
def erased(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first release of few datasets without Dr Denoux. Tests only read it."""
    out = tmp_path_factory.mktemp("erased") / "outputs"
    shutil.copytree(few.out, out, symlinks=True)
    assert erase(out, HEADS, FOCH).status == 0
    return out


@pytest.fixture
def later(erased: Path, tmp_path: Path) -> Path:
    """A copy of it, to run on."""
    return Path(shutil.copytree(erased, tmp_path / "later", symlinks=True))


def everything(out: Path) -> dict[str, bytes]:
    files = (path for path in (out / PORTAL).rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def readings(path: Path) -> Iterator[str]:
    """What a file says, read in every way it can be."""
    content = path.read_bytes()
    yield content.decode("utf-8", "replace")
    if path.name.endswith(".gz"):
        yield gzip.decompress(content).decode("utf-8", "replace")
        with path.open("rb") as file:
            for record in ArchiveIterator(file):
                body = record.content_stream().read()
                yield body.decode("utf-8", "replace")
                yield html.unescape(body.decode("latin-1"))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as bundle, tempfile.TemporaryDirectory() as folder:
            bundle.extractall(folder)
            for member in Path(folder).rglob("*"):
                if member.is_file():
                    yield from readings(member)
    elif path.suffix == ".parquet":
        yield repr(duckdb.read_parquet(str(path)).fetchall())
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                yield repr(con.execute(f'FROM "{name}"').fetchall())


def said(out: Path, text: str) -> list[str]:
    """The files under the outputs that say a text, in any of the ways to read them."""
    files = [path for path in sorted((out / PORTAL).rglob("*")) if path.is_file() and not path.is_symlink()]
    return [
        str(path.relative_to(out)) for path in files if any(text.casefold() in r.casefold() for r in readings(path))
    ]


def whole(out: Path) -> None:
    """Every release has its checksums, and nothing unfinished lies about."""
    for version in versions(out):
        folder = out / PORTAL / "releases" / version
        sums = [line.split("  ") for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()]
        assert [name for digest, name in sums if sha256(folder / name) != digest] == []
    assert [path.name for path in (out / PORTAL).rglob(".*")] == [".lock"]


def replayed(out: Path) -> None:
    for version in versions(out):
        found = replay(out, PORTAL, version)
        assert found.same, found.told


def test_a_row_leaves_everything_and_does_not_come_back(few: Done, out: Path) -> None:
    before = {name: rows(out, name) for name in (BANKS, HEADS, "axes_coordinateurs")}
    assert said(out, "Denoux")
    done = erase(out, HEADS, FOCH)
    assert (done.status, done.stderr) == (0, "")
    assert "Denoux" not in done.stdout
    assert said(out, "Denoux") == []
    assert rows(out, BANKS) == before[BANKS]
    assert rows(out, HEADS) == [row for row in before[HEADS] if row["tumorotheque_id"] != "tumorotheque-hopital-foch"]
    assert versions(out) == ["1.0.0"]
    note = (out / PORTAL / "latest" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "1 ligne retirée à la demande d'une personne" in note
    assert (status(out)[HEADS]["rows"], status(out)[HEADS]["state"]) == (20, "fresh")
    whole(out)

    report = refresh(out, archive_of(few))
    assert (report["outcome"], report["version"]) == ("unchanged", None)
    assert "rows-erased" in codes(report, HEADS)
    assert said(out, "Denoux") == [], "the portal still prints it"
    assert rows(out, HEADS)[0]["nom"] == before[HEADS][0]["nom"]
    whole(out)
    replayed(out)
    assert erase(out, HEADS, FOCH).status == 2, "there is nothing left to erase"


def test_a_homonym_stays(few: Done, out: Path) -> None:
    """Two heads are called Marie: the one of the nervous system's bank leaves, that of haematology stays."""
    assert erase(out, HEADS, NERVES).status == 0
    assert [row["nom"] for row in rows(out, HEADS) if row["nom"] == "Marie"] == ["Marie"]
    assert said(out, "Dr Marie") == []
    assert any("portal.warc.gz" in place for place in said(out, "Pr Marie")), "in the page she is printed in"
    explained = canceropole("explain", PORTAL, HEADS, BLOOD, out=out)
    assert (explained.status, "Marie" in explained.stdout) == (0, True)
    whole(out)
    report = refresh(out, archive_of(few))
    assert report["outcome"] == "unchanged"
    assert said(out, "Dr Marie") == []
    assert [row["tumorotheque_id"] for row in rows(out, HEADS) if row["nom"] == "Marie"] == [BLOOD.partition("/")[0]]


def test_every_release_is_written_again_and_keeps_its_number(few: Done, out: Path, tmp_path: Path) -> None:
    name = "LARIBOISIERE"
    added = {BANKS_PAGE: (BEAUJON, BEAUJON + BEAUJON.replace("BEAUJON", name).replace("Bedossa", "Quidam"))}
    assert refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", added))["version"] == "1.1.0"
    later = {AXES_PAGE: ("Isabelle Stücker", "Isabelle Durand")}
    again = changed(tmp_path / "a.warc.gz", tmp_path / "b.warc.gz", later)
    assert refresh(out, again)["version"] == "1.1.1"
    done = erase(out, HEADS, "tissutheque-lariboisiere/1")
    assert done.status == 0, done.stderr
    assert versions(out) == ["1.0.0", "1.1.0", "1.1.1"]
    assert said(out, "Quidam") == []
    assert len(rows(out, BANKS)) == 21
    changes = read_json(out / PORTAL / "releases" / "1.1.0" / "changes.json")
    links = ("organisations_liens", "added")  # of the bank, which stays
    assert {(c["dataset"], c["change"]) for c in changes} == {(BANKS, "added"), (BANKS, "changed"), links}
    notes = {v: (out / PORTAL / "releases" / v / "CHANGELOG.md").read_text(encoding="utf-8") for v in versions(out)}
    assert [v for v, note in notes.items() if "à la demande" in note] == ["1.1.0", "1.1.1"]
    whole(out)
    assert refresh(out, again)["outcome"] == "unchanged"


def test_a_release_whose_run_is_gone_keeps_its_past(few: Done, out: Path, tmp_path: Path) -> None:
    assert refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))["version"] == "1.0.1"
    shutil.rmtree(max((out / PORTAL / "runs").iterdir()))
    changes = (out / PORTAL / "releases" / "1.0.1" / "changes.json").read_bytes()
    done = canceropole_of_few("erase", PORTAL, HEADS, FOCH, out=out)
    assert (done.status, "Ne se rejoue pas : 1.0.1" in done.stdout) == (0, True)
    assert (out / PORTAL / "releases" / "1.0.1" / "changes.json").read_bytes() == changes
    with duckdb.connect(str(out / PORTAL / "latest" / f"{PORTAL}.duckdb"), read_only=True) as con:
        assert con.execute("SELECT version FROM releases ORDER BY ordre").fetchall() == [("1.0.0",), ("1.0.1",)]
        [[then]] = con.execute(
            "SELECT etablissement FROM tumorotheques_as_of('1.0.0') WHERE tumorotheque_id = 'tissutheque-beaujon'"
        ).fetchall()
    assert then == "AP-HP Hôpital Beaujon"
    assert said(out, "Denoux") == []


def test_a_release_that_only_brought_the_row_stands(few: Done, out: Path, tmp_path: Path) -> None:
    twice = {BANKS_PAGE: ("<td>Pr Bedossa</td>", "<td>Pr Bedossa / Dr Quidam</td>")}
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", twice))
    assert report["version"] == "1.1.0"
    assert erase(out, HEADS, "tissutheque-beaujon/2").status == 0
    assert (versions(out), read_json(out / PORTAL / "releases/1.1.0/changes.json")) == (["1.0.0", "1.1.0"], [])
    assert said(out, "Quidam") == []
    whole(out)


def test_what_refers_to_a_row_leaves_with_it(out: Path) -> None:
    done = erase(out, BANKS, "tissutheque-beaujon")
    assert done.status == 0, done.stderr
    assert "tissutheque-beaujon" not in {row["tumorotheque_id"] for row in rows(out, BANKS) + rows(out, HEADS)}
    assert said(out, "Bedossa") == []
    assert [row["rang"] for row in rows(out, BANKS)].count("6") == 0, "the others keep their ranks"
    whole(out)


def test_who_is_printed_under_a_row_that_left_is_not_waited_for(few: Done, out: Path, tmp_path: Path) -> None:
    """A new head of a bank that has left refers to a row that nobody will ever see."""
    assert erase(out, BANKS, "tissutheque-beaujon").status == 0
    new = {BANKS_PAGE: ("<td>Pr Bedossa</td>", "<td>Pr Bedossa / Dr Quidam</td>")}
    report = refresh(out, changed(archive_of(few), tmp_path / "a.warc.gz", new))
    assert (report["outcome"], verdicts(report)[HEADS]) == ("unchanged", "unchanged")
    assert "tissutheque-beaujon" not in {row["tumorotheque_id"] for row in rows(out, HEADS)}


def test_what_locates_other_rows_is_not_masked(few: Done, out: Path) -> None:
    """An axis is a heading that others are found by: its row leaves, the others are still read."""
    assert erase(out, "axes_recherche", "axe-3").status == 0
    assert "axe-3" not in {row["axe_id"] for row in rows(out, "axes_recherche") + rows(out, "axes_coordinateurs")}
    assert said(out, "Dolbeault") == []
    whole(out)
    assert set(verdicts(refresh(out, archive_of(few))).values()) == {"unchanged"}


def test_an_accepted_release_still_replays(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "lost.warc.gz", LOST)
    refresh(out, lost)
    for name in (BANKS, HEADS):
        canceropole_of_few("accept", PORTAL, name, "--why", "Fermée", "--by", "Ada", "--yes", out=out)
    assert len(versions(out)) == 2
    assert erase(out, HEADS, FOCH).status == 0
    assert said(out, "Denoux") == []
    whole(out)


def test_a_row_that_was_held_for_being_lost_and_then_accepted_leaves_all_of_that(
    few: Done, out: Path, tmp_path: Path
) -> None:
    """Its release, the one that kept it stale beside another change, and the one that says it was removed."""
    source = archive_of(few)
    twice = {BANKS_PAGE: ("<td>Pr Bedossa</td>", "<td>Pr Bedossa / Dr Quidam</td>")}
    assert refresh(out, changed(source, tmp_path / "a.warc.gz", twice))["version"] == "1.1.0"
    report = refresh(out, changed(source, tmp_path / "b.warc.gz", CORRECTED))
    assert (report["outcome"], report["version"], codes(report, HEADS)[0]) == ("held", "1.1.1", "rows-lost")
    assert canceropole_of_few("accept", PORTAL, HEADS, "--why", "Dr Quidam left", "--yes", out=out).status == 0
    assert [versions(out), rows(out, HEADS, "1.1.1") == rows(out, HEADS)] == [
        ["1.0.0", "1.1.0", "1.1.1", "1.2.0"],
        False,
    ]
    assert erase(out, HEADS, "tissutheque-beaujon/2").status == 0
    assert said(out, "Quidam") == []
    assert versions(out) == ["1.0.0", "1.1.0", "1.1.1", "1.2.0"]
    whole(out)


def test_a_person_erased_before_stays_erased_when_another_leaves(few: Done, later: Path) -> None:
    out = later
    assert erase(out, HEADS, NERVES).status == 0
    assert said(out, "Denoux") + said(out, "Dr Marie") == []
    assert "2 lignes retirées à la demande" in (out / PORTAL / "latest" / "CHANGELOG.md").read_text(encoding="utf-8")
    whole(out)
    assert refresh(out, archive_of(few))["outcome"] == "unchanged"
    known = {entry.names is not None for entry in kept(Home(out / PORTAL)).entries}
    assert known == {True, False}, "who is known by name alone: another head is called Marie"


def test_a_name_is_looked_for_everywhere_and_asked_about(out: Path) -> None:
    before = everything(out)
    unasked = erase(out, name="herve dombret")
    assert (unasked.status, "--yes" in unasked.stderr) == (2, True)
    assert "axes_coordinateurs axe-1/2" in unasked.stdout
    assert everything(out).keys() == before.keys()
    assert erase(out, name="herve dombret", yes=True).status == 0
    assert said(out, "Dombret") == []
    whole(out)


@pytest.mark.parametrize(("answer", "left"), [("oui", True), ("non", False)])
def test_a_person_at_a_terminal_is_asked(out: Path, answer: str, *, left: bool) -> None:
    controller, terminal = pty.openpty()
    places = ["--out", str(out), "--schemas", str(few_declarations())]
    command = [sys.executable, "-m", "pipeline.cli", "erase", PORTAL, HEADS, "--name", "Denoux", *places]
    env = {**os.environ, "LANG": "fr_FR.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}
    with subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, cwd=ROOT, env=env, text=True) as process:
        os.write(controller, f"{answer}\n".encode())
        told = process.stdout.read() if process.stdout else ""
    assert process.returncode == (0 if left else 2)
    assert ("Rien n'a été effacé" in told) is not left
    assert bool(said(out, "Denoux")) is not left


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((HEADS, "nobody/1"), "nobody/1"),
        ((HEADS, "", "Personne Inconnue"), "Personne Inconnue"),
        (("unknown", "a"), "tumorotheques"),
        ((), "--name"),
        ((HEADS,), "--name"),
        ((HEADS, FOCH, "Denoux"), "--name"),
        (("organisations", "inserm"), "organisations"),
        (("pages", "https://www.canceropole-idf.fr/"), "pages"),
    ],
)
def test_wrong_use_changes_nothing(few: Done, arguments: tuple[str, ...], said: str) -> None:
    before = everything(few.out)
    done = erase(few.out, *arguments, yes=True)
    assert done.status == 2
    assert said in done.stderr
    assert everything(few.out) == before


def test_the_command_line_says_what_it_does(out: Path) -> None:
    done = canceropole_of_few("erase", PORTAL, HEADS, FOCH, out=out)
    assert (done.status, done.stderr) == (0, "")
    assert "Effacé : 1 ligne(s) dans 1 version(s)" in done.stdout
    assert canceropole_of_few("erase", PORTAL, HEADS, FOCH, out=out).status == 2


def test_beside_another_command_it_stops(out: Path) -> None:
    before = everything(out)
    with FileLock(Home(out / PORTAL).lock):
        assert canceropole_of_few("erase", PORTAL, HEADS, FOCH, out=out).status == 4
    assert everything(out) == before


def test_the_list_of_who_left_has_no_name_and_its_secret_is_the_owner_s(erased: Path) -> None:
    out, home = erased, Home(erased / PORTAL)
    assert stat.S_IMODE(home.erasure_key.stat().st_mode) == 0o600
    text = home.erasures.read_text(encoding="utf-8")
    assert not re.search("denoux|foch", text, re.IGNORECASE)
    [entry] = read_json(home.erasures)
    assert (entry["dataset"], len(entry["row"])) == (HEADS, 64)
    secret = home.erasure_key.read_text(encoding="ascii").strip()
    assert not [name for name, content in everything(out).items() if secret.encode() in content and "key" not in name]


@pytest.mark.parametrize("broken", ["gone", "short", "list"])
def test_without_the_secret_or_the_list_nothing_runs(few: Done, later: Path, broken: str) -> None:
    out, home = later, Home(later / PORTAL)
    if broken == "gone":
        home.erasure_key.unlink()
    elif broken == "short":
        home.erasure_key.write_text("00ff\n", encoding="ascii")
    else:
        home.erasures.write_text('[{"dataset": 1}]', encoding="utf-8")
    with pytest.raises(RunFailedError) as refused:
        refresh(out, archive_of(few))
    assert refused.value.code == "erasures-broken"
    assert erase(out, HEADS, NERVES).status == 1


@pytest.mark.parametrize("moment", [0, 40])
def test_an_erasure_killed_while_it_puts_files_in_place_is_ended_by_the_next_command(
    few: Done, out: Path, moment: int
) -> None:
    script = (
        "import os, pathlib, signal, sys\n"
        "from pipeline import cli, journal\n"
        "left, replace, recover = [int(sys.argv.pop(1))], pathlib.Path.replace, journal.recover\n"
        "def killing(path, target):\n"
        "    if '.erasing' in path.parts and path.name != '.plan.json.partial' and not target.is_relative_to(folder):\n"
        "        if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        left[0] -= 1\n"
        "    return replace(path, target)\n"
        "folder = pathlib.Path(sys.argv[-1]) / 'canceropole-idf' / '.erasing'\n"
        "pathlib.Path.replace = killing\n"
        "cli.main()\n"
    )
    erasure = ["erase", PORTAL, HEADS, FOCH, "--schemas", str(few_declarations()), "--out", str(out)]
    command = [sys.executable, "-c", script, str(moment), *erasure]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert Home(out / PORTAL).erasing.is_dir()
    assert refresh(out, archive_of(few))["outcome"] == "unchanged"
    assert said(out, "Denoux") == []
    whole(out)
    replayed(out)


def test_an_erasure_killed_before_its_files_are_listed_has_not_happened(out: Path) -> None:
    before = everything(out)
    home = Home(out / PORTAL)
    copy = journal.staged(home)
    (copy.releases / "1.0.0" / "README.md").unlink()
    journal.recover(home)
    assert everything(out) == before


def test_archives_of_other_tools_are_masked_in_every_record(tmp_path: Path) -> None:
    """Requests, gzipped and chunked bodies, other charsets, sitemaps in gzip, addresses and headers."""
    path, name = tmp_path / "other.warc.gz", "Amélie Quidam-Lebrun"
    page = f"<html><body><p>{name}</p></body></html>"
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page.encode()), page.encode())
    bodies = [
        ([("Content-Type", "text/html"), ("Content-Encoding", "gzip")], gzip.compress(page.encode())),
        ([("Content-Type", "text/html"), ("Transfer-Encoding", "chunked")], chunked),
        ([("Content-Type", "text/html; charset=iso-8859-1")], page.encode("latin-1")),
        ([("Content-Type", "application/xml")], gzip.compress(f"<loc>/p/{name}/</loc>".encode())),
        ([("Content-Type", "text/plain"), ("Link", "</am%C3%A9lie-quidam-lebrun>")], page.encode()),
        ([("Content-Type", "application/json")], b'{"x": "Am\\u00e9lie Quidam\\u002dLebrun"}'),
        ([("Content-Type", "image/png")], b"\x89PNG\x00\xff\xfe"),
    ]
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        for number, (headers, body) in enumerate(bodies):
            answer = StatusAndHeaders("200 OK", [*headers, ("Content-Length", str(len(body)))], protocol="HTTP/1.1")
            url = f"https://www.canceropole-idf.fr/{number}/amelie-quidam-lebrun/"
            asked = StatusAndHeaders(
                f"GET /{number}/amelie-quidam-lebrun/ HTTP/1.1", [("Referer", url)], is_http_request=True
            )
            for kind, http, payload in (("request", asked, b""), ("response", answer, body)):
                record: Any = writer.create_warc_record(
                    url, kind, payload=BytesIO(payload), length=len(payload), http_headers=http
                )
                writer.write_record(record)
    before = [(c.record, c.when, c.status, c.content_type) for c in archive.read(path)]
    out = tmp_path / "masked.warc.gz"
    digests = redact(path, out, Redaction(b"secret", (name,)), load(PORTAL))
    text = gzip.decompress(out.read_bytes()).decode("latin-1").casefold()
    assert "quidam" not in text
    assert "lebrun" not in text
    assert [(c.record, c.when, c.status, c.content_type) for c in archive.read(out)] == before
    assert len(digests) == 4
    assert {c.sha256 for c in archive.read(out)} >= set(digests.values())
    assert [c.body for c in archive.read(out)][-1] == bodies[-1][1], "what does not say it stays as it is"


@pytest.mark.parametrize("only", [(), ("axes_recherche",)])
def test_a_page_that_is_not_understood_does_not_keep_the_name(
    few: Done, later: Path, tmp_path: Path, only: tuple[str, ...]
) -> None:
    """No row is read, whether the table is gone or another dataset is asked for: its text is known all the same."""
    report = refresh(later, changed(archive_of(few), tmp_path / "a.warc.gz", TABLE_GONE), *only)
    assert (report["outcome"], bool(only)) in {("held", False), ("unchanged", True)}
    assert said(later, "Denoux") == []
    assert rows(later, HEADS) == rows(later, HEADS, "1.0.0")


def test_what_a_killed_run_left_goes_too(few: Done, later: Path) -> None:
    killed = Home(later / PORTAL).runs / "20200101T000000Z"
    killed.mkdir()
    for name in (".crawled.warc.gz", ".portal.warc.gz.part"):
        shutil.copyfile(archive_of(few), killed / name)
    assert erase(later, HEADS, NERVES).status == 0
    assert said(later, "Denoux") == []
    whole(later)


def test_a_person_printed_in_another_row_stays_out(few: Done, later: Path, tmp_path: Path) -> None:
    """The name alone is known where nobody else had it: another bank's head of that name is the same person."""
    out = later
    moved = changed(archive_of(few), tmp_path / "a.warc.gz", {BANKS_PAGE: ("Pr Bedossa", "Pr Bedossa / Dr Denoux")})
    report = refresh(out, moved)
    assert "Denoux" not in {row["nom"] for row in rows(out, HEADS)}
    assert "rows-erased" in codes(report, HEADS)
    assert said(out, "Denoux") == []


def test_a_copied_folder_still_knows_who_has_left(few: Done, later: Path, tmp_path: Path) -> None:
    copy = later
    report = refresh(copy, changed(archive_of(few), tmp_path / "a.warc.gz", CORRECTED))
    assert report["version"] == "1.0.1"
    assert said(copy, "Denoux") == []
    assert "à la demande" not in (copy / PORTAL / "latest" / "CHANGELOG.md").read_text(encoding="utf-8")
    assert len(rows(copy, HEADS)) == 20
    assert refresh(copy, changed(archive_of(few), tmp_path / "b.warc.gz", ADDED))["version"] == "1.1.0"
    whole(copy)
    replayed(copy)


def test_a_row_that_prints_the_same_amount_another_year_stays(few: Done, out: Path) -> None:
    gone, stays = "Région Île-de-France/annuel/2007", "Région Île-de-France/annuel/2008"
    before = {row["periode"]: row for row in rows(out, "financements") if row["financeur"] == "Région Île-de-France"}
    assert before["2007"]["montant_publie"] == before["2008"]["montant_publie"]
    done = erase(out, "financements", gone)
    assert (done.status, "Effacé : 1 ligne(s)" in done.stdout) == (0, True)
    assert canceropole("explain", PORTAL, "financements", stays, out=out).status == 0
    report = refresh(out, archive_of(few))
    assert report["outcome"] == "unchanged"
    [told] = [dataset for dataset in report["datasets"] if dataset["name"] == "financements"]
    assert [reason["found"] for reason in told["reasons"] if reason["code"] == "rows-erased"] == ["1"]
    assert before["2008"] in rows(out, "financements")


def test_what_would_stay_under_another_name_is_refused(out: Path) -> None:
    release = out / PORTAL / "releases" / "1.0.0"
    shutil.copyfile(release / "data" / f"{HEADS}.csv", release / "data" / "anciens_responsables.csv")
    before = everything(out)
    done = erase(out, HEADS, FOCH)
    assert (done.status, "anciens_responsables" in done.stderr) == (1, True)
    assert everything(out) == before


def test_an_archive_that_nobody_can_read_is_in_nobody_s_way(out: Path) -> None:
    broken = Home(out / PORTAL).runs / "20200101T000000Z" / "portal.warc.gz"
    broken.parent.mkdir()
    broken.write_bytes(b"\x1f\x8b Denoux")
    assert erase(out, HEADS, FOCH).status == 0
    assert not broken.exists()
    assert said(out, "Denoux") == []


@pytest.mark.parametrize(
    ("content_type", "encoding", "mark"),
    [
        ("text/html; charset=utf-16", "utf-16-le", codecs.BOM_UTF16_LE),
        ("text/html", "utf-16-le", codecs.BOM_UTF16_LE),
        ("text/html; charset=utf-8", "utf-8", codecs.BOM_UTF8),
        ("text/html; charset=utf-8", "cp1252", b""),
        ("text/html; charset=iso-8859-1", "cp1252", b""),
    ],
)
def test_a_name_is_masked_as_it_is_read(tmp_path: Path, content_type: str, encoding: str, mark: bytes) -> None:
    path, name = tmp_path / "a.warc.gz", "Anne Cœurderoy-Quidam"
    body = mark + f"<html><p>{name}, d’abord</p></html>".encode(encoding)
    with ArchiveWriter(path, {"canceropole-base": "https://www.canceropole-idf.fr"}) as writer:
        address = "https://www.canceropole-idf.fr/a/"
        writer.response(address, 200, "OK", [("Content-Type", content_type)], body, dt.datetime.now(dt.UTC))
    out = tmp_path / "masked.warc.gz"
    redact(path, out, Redaction(b"secret", (name,)), load(PORTAL))
    [capture] = archive.read(out)
    assert "urderoy" not in capture.text().casefold()
    assert "quidam" not in capture.body.decode(encoding, "replace").casefold()
    assert "d’abord" in capture.body.removeprefix(mark).decode(encoding)


def test_outputs_that_cannot_be_recovered_are_left_free(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.erasing.mkdir(parents=True)
    write_json(home.erasing / "plan.json", {"replace": [], "remove": ["dossier"]})
    (tmp_path / "dossier").mkdir()
    with pytest.raises(RunFailedError) as told:
        lock(home)
    assert not FileLock(home.lock, timeout=0, is_singleton=True, thread_local=False).is_locked, told.value
    (tmp_path / "dossier").rmdir()
    with lock(home):
        assert not home.erasing.exists()
