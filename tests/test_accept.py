"""A person accepts what the gate held: what is shown, what is released, what is kept, and what cannot be accepted."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from conftest import ROOT, Done, canceropole, canceropole_of_few, few_declarations
from test_refresh import (
    BANKS,
    HEADS,
    HOLDER_CHANGED,
    LOST,
    NO_PLACE,
    PORTAL,
    archive_of,
    changed,
    codes,
    declarations,
    described,
    out,
    refresh,
    released,
    rows,
    said,
    status,
    verdicts,
)

from pipeline import stages
from pipeline.decisions import DecisionsError, read
from pipeline.failures import RunFailedError
from pipeline.paths import read_json, write_json
from pipeline.replaying import replay

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["out"]  # a fixture

CONTACTS = "contacts_valorisation"
CONTACTS_PAGE = "/structuration-de-la-recherche-en-idf/valoriser-et-permettre-lacces-a-linnovation/"
ESPCI = "<tr>\n<td>ESPCI</td>\n<td>direction.scientifique@espci.fr</td>\n</tr>\n"
ESPCI_LOST = {CONTACTS_PAGE: (ESPCI, "")}
WHY = "L'ESPCI n'a plus de contact"
PLACE_MAY_BE_EMPTY = (
    """Establishment as published}
    constraints: {required: true}
""",
    """Establishment as published}
""",
)
WIDE = {"COLUMNS": "200"}


def accept(out: Path, dataset: str, *options: str, env: dict[str, str] | None = None) -> Done:
    """The command, a second after the last run began: a run is named by its second."""
    newest = max((out / PORTAL).glob("runs/*"), default=out)
    while newest.name == time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()):
        time.sleep(0.05)  # a run is named by its second
    return canceropole_of_few("accept", PORTAL, dataset, *options, out=out, env={**WIDE, **(env or {})})


@pytest.fixture(scope="module")
def held(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pages without the row of the ESPCI, and with outputs where the dataset is held. Read only."""
    folder = tmp_path_factory.mktemp("held")
    outputs = shutil.copytree(few.out, folder / "outputs", symlinks=True)
    report = refresh(outputs, changed(archive_of(few), folder / "lost.warc.gz", ESPCI_LOST))
    assert (verdicts(report)[CONTACTS], report["version"]) == ("held", None)
    return folder


@pytest.fixture
def lost(held: Path, out: Path) -> Path:
    """Those pages; the outputs to run on are a copy of those."""
    shutil.rmtree(out)
    shutil.copytree(held / "outputs", out, symlinks=True)
    return held / "lost.warc.gz"


@pytest.fixture(scope="module")
def decided(held: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """decisions.json once a person has accepted what is held there."""
    outputs = shutil.copytree(held / "outputs", tmp_path_factory.mktemp("decided") / "outputs", symlinks=True)
    accept(outputs, CONTACTS, "--why", WHY, "--yes")
    return (outputs / PORTAL / "decisions.json").read_bytes()


@pytest.fixture
def partners(few: Done, out: Path, tmp_path: Path) -> Path:
    """Outputs where a bank and its head are lost: either dataset refers to the other's row."""
    refresh(out, changed(archive_of(few), tmp_path / "lost.warc.gz", LOST))
    assert {status(out)[name]["code"] for name in (BANKS, HEADS)} == {"rows-lost"}
    return out


def everything(out: Path) -> dict[str, bytes]:
    """Every file of the portal's outputs but the lock."""
    files = (path for path in (out / PORTAL).rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path): path.read_bytes() for path in files}


def test_what_was_held_is_shown_accepted_and_stays_so(lost: Path, out: Path, commands_api: dict[str, str]) -> None:
    held = canceropole_of_few("refresh", "--from", lost, out=out, env=commands_api)
    assert held.status == 3
    assert f"canceropole accept {PORTAL} {CONTACTS} --why" in held.stderr
    judged = held.report["run"]

    done = accept(out, CONTACTS, "--why", WHY, "--by", "Ada", "--yes")
    assert (done.status, done.stderr) == (0, "")
    [removed] = [line for line in done.stdout.splitlines() if line.startswith("−")]
    assert removed.split() == ["−", "ESPCI", "institution", "ESPCI"]
    assert "espci.fr" not in done.stdout, "addresses are masked on a terminal"
    assert "[rows-lost]" in done.stdout
    assert (done.report["outcome"], done.report["version"]) == ("released", "1.1.0")
    assert done.report["source"] == f"run:{judged}"
    assert codes(done.report, CONTACTS)[-1] == "accepted-by-hand"
    assert "ESPCI" not in {row["institution"] for row in rows(out, CONTACTS)}
    assert (status(out)[CONTACTS]["state"], status(out)[CONTACTS]["run"]) == ("fresh", done.report["run"])

    [decision] = read_json(out / PORTAL / "decisions.json")
    assert (decision["dataset"], decision["codes"], decision["run"]) == (CONTACTS, ["rows-lost"], judged)
    assert (decision["why"], decision["by"]) == (WHY, "Ada")
    assert read_json(out / PORTAL / "runs" / str(done.report["run"]) / "inputs.json")["decisions"] == [decision]

    again = canceropole_of_few("refresh", "--from", lost, out=out, env=commands_api)
    assert (again.status, again.report["outcome"]) == (0, "unchanged")
    repeated = canceropole("replay", PORTAL, out=out)
    assert repeated.status == 0, repeated.stdout + repeated.stderr
    assert "1.1.0 repeats byte for byte" in repeated.stdout


@pytest.mark.usefixtures("lost")
def test_a_replay_needs_the_decisions_of_its_release(out: Path) -> None:
    run = accept(out, CONTACTS, "--why", WHY, "--yes").report["run"]
    inputs = out / PORTAL / "runs" / str(run) / "inputs.json"
    (out / PORTAL / "decisions.json").unlink()
    assert replay(out, PORTAL, None).same, "inputs.json has them"
    write_json(inputs, {**read_json(inputs), "decisions": []})
    done = canceropole("replay", PORTAL, out=out)
    assert done.status == 1
    assert "Traceback" not in done.stderr


def test_accepted_rows_are_accepted_again_and_others_are_not(lost: Path, out: Path, tmp_path: Path) -> None:
    accept(out, CONTACTS, "--why", WHY, "--yes")
    whole = archive_of_first(out)
    assert verdicts(refresh(out, whole))[CONTACTS] == "accepted", "the row is back"
    assert verdicts(refresh(out, lost))[CONTACTS] == "accepted", "the very rows a person accepted"
    refresh(out, whole)
    other = {CONTACTS_PAGE: (ESPCI, ESPCI.replace("ESPCI", "Pierre-Gilles"))}
    assert verdicts(refresh(out, changed(whole, tmp_path / "other.warc.gz", other)))[CONTACTS] == "held"


def archive_of_first(out: Path) -> Path:
    return min((out / PORTAL).glob("runs/*/portal.warc.gz"))


@pytest.mark.parametrize("answer", ["non\n", "\n", "\x04"])
@pytest.mark.usefixtures("lost")
def test_a_person_s_no_leaves_everything_as_it_was(out: Path, answer: str) -> None:
    before = everything(out)
    status, shown = on_a_terminal(out, CONTACTS, answer)
    assert (status, everything(out)) == (3, before)
    assert "ESPCI" in shown


@pytest.mark.usefixtures("lost")
def test_a_person_s_yes_releases(out: Path) -> None:
    status, _ = on_a_terminal(out, CONTACTS, "oui\n")
    assert (status, described(out)[CONTACTS].get("stale")) == (0, None)
    assert len(read_json(out / PORTAL / "decisions.json")) == 1


def on_a_terminal(out: Path, dataset: str, answer: str) -> tuple[int, str]:
    """The command as on a terminal, where a person answers; its status and what it showed."""
    places = ["--out", str(out), "--schemas", str(few_declarations())]
    command = [sys.executable, "-m", "pipeline.cli", "accept", PORTAL, dataset, "--why", WHY, *places]
    person, terminal = pty.openpty()
    with subprocess.Popen(
        command,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **WIDE, "LANG": "fr_FR.UTF-8"},
        cwd=ROOT,
    ) as process:
        os.close(terminal)
        os.write(person, answer.encode())
        shown, _ = process.communicate()
    os.close(person)
    assert "Traceback" not in shown
    return process.returncode, shown


@pytest.mark.usefixtures("lost")
def test_without_a_terminal_yes_must_be_said(out: Path) -> None:
    before = everything(out)
    done = accept(out, CONTACTS, "--why", WHY)
    assert (done.status, everything(out)) == (2, before)
    assert "--yes" in said(done)
    assert "ESPCI" in done.stdout


def test_partners_of_a_foreign_key_are_accepted_one_after_the_other(partners: Path) -> None:
    first = accept(partners, BANKS, "--why", "fermée", "--yes")
    assert (first.status, first.report["version"]) == (3, None)
    assert codes(first.report, BANKS)[0] == "child-held"
    assert f"canceropole accept {PORTAL} {HEADS} --why" in first.stderr
    assert f"accept {PORTAL} {BANKS} " not in first.stderr
    assert len(read_json(partners / PORTAL / "decisions.json")) == 1

    wrong = accept(partners, BANKS, "--why", "fermée", "--yes")
    assert (wrong.status, HEADS in said(wrong)) == (2, True)

    second = accept(partners, HEADS, "--why", "fermée", "--yes")
    assert (second.status, second.stderr, second.report["version"]) == (0, "", "1.1.0")
    assert (len(rows(partners, BANKS)), len(rows(partners, HEADS))) == (19, 20)
    assert {entry["state"] for entry in status(partners).values()} == {"fresh"}
    found = replay(partners, PORTAL, None)
    assert found.same, found.told


def test_what_a_later_run_judged_is_not_judged_again(lost: Path, out: Path, tmp_path: Path) -> None:
    refresh(out, changed(lost, tmp_path / "later.warc.gz", HOLDER_CHANGED), "axes_coordinateurs")
    done = accept(out, CONTACTS, "--why", WHY, "--yes")
    assert done.status == 0
    assert "Durand" in {row["nom"] for row in rows(out, "axes_coordinateurs")}
    assert {name for name, verdict in verdicts(done.report).items() if verdict == "accepted"} == {CONTACTS}


def test_what_could_not_be_read_cannot_be_accepted(few: Done, out: Path, tmp_path: Path) -> None:
    report = refresh(out, changed(archive_of(few), tmp_path / "broken.warc.gz", NO_PLACE))
    before = everything(out)
    done = accept(out, BANKS, "--why", "tant pis", "--yes")
    assert (done.status, everything(out)) == (2, before)
    assert "attendu un doute de la barrière" in said(done)
    assert f"refresh {PORTAL} --from run:{report['run']}" in done.stderr


def test_a_mended_declaration_releases_what_could_not_be_read(few: Done, out: Path, tmp_path: Path) -> None:
    report = refresh(out, changed(archive_of(few), tmp_path / "broken.warc.gz", NO_PLACE))
    assert verdicts(report)[BANKS] == "held"
    mended = declarations(tmp_path, f"{BANKS}.yml", *PLACE_MAY_BE_EMPTY)
    report = refresh(out, f"run:{report['run']}", schemas=mended)
    assert (report["outcome"], verdicts(report)[BANKS]) == ("released", "accepted")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((PORTAL, BANKS), CONTACTS),
        ((PORTAL, "tumorothèques"), CONTACTS),
        (("nulle-part", CONTACTS), "nulle-part"),
        ((PORTAL, CONTACTS, "--why", "  "), "--why"),
    ],
)
@pytest.mark.usefixtures("lost")
def test_nothing_to_accept_is_wrong_use(out: Path, arguments: tuple[str, ...], named: str) -> None:
    before = everything(out)
    why = () if "--why" in arguments else ("--why", WHY)
    done = canceropole_of_few("accept", *arguments, *why, "--yes", out=out)
    assert (done.status, everything(out)) == (2, before)
    assert named in said(done)
    assert not (out / "nulle-part").exists()


@pytest.mark.usefixtures("lost")
def test_a_run_that_is_gone_is_named(out: Path) -> None:
    judged = status(out)[CONTACTS]["run"]
    shutil.rmtree(out / PORTAL / "runs" / judged)
    done = accept(out, CONTACTS, "--why", WHY, "--yes")
    assert done.status == 2
    assert judged in said(done)
    assert "portal.warc.gz" in done.stderr


@pytest.mark.usefixtures("lost")
def test_rows_that_are_no_longer_those_shown_are_not_accepted(out: Path, tmp_path: Path) -> None:
    before = released(out)
    other = declarations(tmp_path, f"{CONTACTS}.yml", "from: Institution", "from: Institution\n    clean: slug")
    done = accept(out, CONTACTS, "--why", WHY, "--yes", "--schemas", str(other))
    assert (done.status, released(out)) == (3, before)
    assert "Accepter de nouveau" in done.stderr
    assert not (out / PORTAL / "decisions.json").exists()


@pytest.mark.usefixtures("lost")
def test_hostile_reasons_are_kept_as_one_plain_line(out: Path) -> None:
    assert accept(out, CONTACTS, "--why", "\x1b[31mvu\n[bold]", "--by", "\udcff", "--yes").status == 0
    [decision] = read_json(out / PORTAL / "decisions.json")
    assert (decision["why"], decision["by"]) == ("\\u001b[31mvu [bold]", "\\udcff")


BROKEN: list[Any] = [{}, [{}], [{"dataset": CONTACTS}], "[", [7]]


@pytest.mark.parametrize("content", BROKEN)
def test_broken_decisions_stop_a_run_with_a_paragraph(few: Done, out: Path, content: object) -> None:
    before, file = released(out), out / PORTAL / "decisions.json"
    if isinstance(content, str):
        file.write_text(content)
    else:
        write_json(file, content)
    with pytest.raises(RunFailedError, match=r"decisions\.json"):
        refresh(out, archive_of(few))
    assert released(out) == before
    newest = max((out / PORTAL).glob("runs/*/report.json"))
    assert read_json(newest)["error"]["code"] == "decisions-broken"


def test_broken_decisions_are_said_on_the_command_line(few: Done, out: Path, commands_api: dict[str, str]) -> None:
    (out / PORTAL / "decisions.json").write_bytes(b"\xff")
    done = canceropole_of_few("refresh", "--from", archive_of(few), out=out, env=commands_api)
    assert done.status == 1
    assert str(out / PORTAL / "decisions.json") in said(done)


@pytest.mark.parametrize(
    "wrong",
    [{"codes": ["schema"]}, {"codes": ["inconnu"]}, {"rows": "0"}, {"when": "hier"}, {"why": ""}, {"by": 7}, {"x": 1}],
)
def test_a_decision_by_another_hand_is_read_strictly(decided: bytes, wrong: dict[str, object]) -> None:
    [decision] = json.loads(decided)
    assert len(read(decided)) == 1
    with pytest.raises(DecisionsError, match=next(iter(wrong))):
        read(json.dumps([{**decision, **wrong}]).encode())


@pytest.mark.usefixtures("lost")
def test_a_run_killed_before_it_judges_keeps_no_decision(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import accepting  # noqa: PLC0415 (what it imports is replaced)

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    before = released(out)
    monkeypatch.setattr(stages, "validate_tables", killed)
    while max((out / PORTAL).glob("runs/*")).name == time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()):
        time.sleep(0.05)  # a run is named by its second
    with pytest.raises(KeyboardInterrupt):
        accepting.run(PORTAL, CONTACTS, WHY, "Ada", out, few_declarations(), "fr", yes=True)
    assert not (out / PORTAL / "decisions.json").exists()
    assert released(out) == before
    monkeypatch.undo()
    assert accept(out, CONTACTS, "--why", WHY, "--yes").status == 0


def test_the_database_tells_what_is_fresh_and_what_is_held(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "lost.warc.gz", {**ESPCI_LOST, **HOLDER_CHANGED})
    assert refresh(out, lost)["version"] == "1.0.1"
    told = freshness(out)
    assert told.keys() == status(out).keys()
    etat, verified, good, since, code, fr, en, count = told[CONTACTS]
    entry = status(out)[CONTACTS]
    instants = [f"{when:%Y-%m-%dT%H:%M:%SZ}" for when in (verified, good, since)]
    assert (etat, instants) == ("retenu", [entry["checked"], entry["good"], entry["since"]])
    assert (code, fr, en, count) == (entry["code"], entry["message"]["fr"], entry["message"]["en"], entry["rows"])
    assert told[BANKS][0] == "à jour"
    assert told[BANKS][3:7] == (None, None, None, None)
    assert "fraicheur" not in described(out)
    found = replay(out, PORTAL, None)
    assert found.same, found.told


def test_a_dataset_held_on_its_first_run_stands_in_the_database(few: Done, tmp_path: Path) -> None:
    first = tmp_path / "first"
    refresh(first, changed(archive_of(few), tmp_path / "broken.warc.gz", NO_PLACE))
    told = freshness(first)[BANKS]
    assert (told[0], told[2], told[4], told[7]) == ("retenu", None, status(first)[BANKS]["code"], 0)


def freshness(out: Path) -> dict[str, tuple[Any, ...]]:
    with duckdb.connect(str(out / PORTAL / "latest" / f"{PORTAL}.duckdb"), read_only=True) as con:
        [[comment]] = con.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'fraicheur'").fetchall()
        found = con.execute("FROM fraicheur").fetchall()
    assert "instantané" in comment
    assert "status.json" in comment
    return {name: tuple(rest) for name, *rest in found}
