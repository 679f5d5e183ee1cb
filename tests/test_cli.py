"""The command line: what each command says, its language, its status, and that it starts light."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT, Done, canceropole
from test_refresh import BANKS_PAGE, CORRECTED, archive_of, changed, declarations, refresh

from pipeline.paths import read_json, write_json
from schemas.load import HOME, load
from spiders.sample.server import SamplePortal

if TYPE_CHECKING:
    from pathlib import Path

PORTAL = "canceropole-idf"
COMMANDS = ["refresh", "replay", "explain", "diff", "inspect", "check", "status", "schedule", "serve"]
HEAVY = ("scrapy", "pandas", "pandera", "prefect", "duckdb", "frictionless", "pyarrow")
ENGLISH = {"LANG": "en_GB.UTF-8"}


@pytest.fixture(scope="module")
def two_releases(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    out: Path = shutil.copytree(few.out, folder / "outputs", symlinks=True)
    refresh(out, changed(archive_of(few), folder / "a.warc.gz", CORRECTED))
    return out


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = f"import sys, pipeline.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_help_names_every_command() -> None:
    done = canceropole("--help")
    assert done.status == 0
    assert [name for name in COMMANDS if name not in done.stdout] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = canceropole(command, "--help")
    assert (done.status, done.stderr) == (0, "")
    assert command in done.stdout
    if command != "inspect":
        assert "--out" in done.stdout
    if command in {"refresh", "check", "schedule"}:
        assert "--schemas" in done.stdout


@pytest.mark.parametrize("name", ["sorties[1]", "sorties?", "*"])
def test_outputs_whose_name_is_a_pattern_are_wrong_use(tmp_path: Path, name: str) -> None:
    done = canceropole("refresh", PORTAL, "--from", "sample", out=tmp_path / name)
    assert done.status == 2
    assert str(tmp_path / name) in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_command_and_an_unknown_one_are_wrong_use() -> None:
    for arguments in ((), ("rafraichir",)):
        done = canceropole(*arguments)
        assert done.status == 2
        assert "Traceback" not in done.stderr


def test_explain_shows_where_a_row_comes_from(sample: Done) -> None:
    done = canceropole("explain", PORTAL, "tumorotheques", "tissutheque-beaujon", out=sample.out)
    assert (done.status, done.stderr) == (0, "")
    for part in (
        f"https://www.canceropole-idf.fr{BANKS_PAGE}",
        "urn:uuid:",
        "AP-HP Hôpital Beaujon",
        "Tumorothèques > tableau 1 · ligne 6",
        "texte publié",
    ):
        assert part in done.stdout
    lines = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert len(lines["sha256"]) == 64
    assert lines["capture"].endswith("Z")


def test_explain_masks_a_person_s_address(sample: Done) -> None:
    done = canceropole("explain", PORTAL, "contacts_valorisation", "CEA", out=sample.out)
    assert "[adresse masquée]" in done.stdout
    assert "marlange" not in done.stdout


def test_explain_speaks_the_user_s_language(sample: Done) -> None:
    arguments = ("explain", PORTAL, "tumorotheques", "tumo0611")
    french, english = canceropole(*arguments, out=sample.out), canceropole(*arguments, out=sample.out, env=ENGLISH)
    assert ("texte publié" in french.stdout, "text as printed" in french.stdout) == (True, False)
    assert ("texte publié" in english.stdout, "text as printed" in english.stdout) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        ((PORTAL, "tumorotheques", "tumo611"), "tumo0611"),
        ((PORTAL, "tumorotheque", "tumo0611"), "tumorotheques"),
        (("nulle-part", "tumorotheques", "tumo0611"), "nulle-part"),
    ],
)
def test_explain_of_what_is_not_there_lists_what_is_near(sample: Done, arguments: tuple[str, ...], near: str) -> None:
    done = canceropole("explain", *arguments, out=sample.out)
    assert (done.status, done.stdout) == (2, "")
    assert near in done.stderr
    assert "Traceback" not in done.stderr


def test_diff_of_two_releases(two_releases: Path) -> None:
    done = canceropole("diff", PORTAL, "1.0.0", "1.0.1", out=two_releases)
    assert (done.status, done.stderr) == (0, "")
    title, _, name, sentence, links, gone, _, heads, row, second, link = done.stdout.splitlines()
    assert (title, name, links) == (f"{PORTAL} 1.0.0 → 1.0.1", "tumorotheques", "organisations_liens")
    assert (sentence, gone) == ("  1 ligne modifiée : `etablissement`, `organisation_id`", "  1 ligne retirée")
    assert link.split() == [links, "tumorotheques/tissutheque-beaujon/etablissement/aphp-beaujon", "retirée"]
    assert second.split() == ["tumorotheques", "tissutheque-beaujon", "modifiée", "organisation_id", "aphp-beaujon"]
    cells = ("modifiée", "etablissement", "AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy")
    assert row.split()[:2] == ["tumorotheques", "tissutheque-beaujon"]
    assert [row.index(cell) for cell in cells] == [heads.index(h) for h in ("changement", "colonne", "avant", "après")]


def test_diff_speaks_the_user_s_language_and_goes_back_in_time(two_releases: Path) -> None:
    done = canceropole("diff", PORTAL, "1.0.1", "1.0.0", out=two_releases, env=ENGLISH)
    title, _, _, sentence, *_, row, _, _ = done.stdout.splitlines()
    assert title == f"{PORTAL} 1.0.1 → 1.0.0 (the second is the older one)"
    assert sentence == "  1 row changed: `etablissement`, `organisation_id`"
    assert row.index("Hôpital Beaujon, Clichy") < row.index("AP-HP Hôpital Beaujon")


def test_diff_of_neighbours_as_json_is_the_later_one_s_changes(two_releases: Path) -> None:
    done = canceropole("diff", PORTAL, "1.0.0", "1.0.1", "--format", "json", out=two_releases)
    told = (two_releases / PORTAL / "releases" / "1.0.1" / "changes.json").read_text(encoding="utf-8")
    assert done.stdout == told
    assert json.loads(told)


def test_diff_as_markdown_is_the_change_note_s(two_releases: Path) -> None:
    done = canceropole("diff", PORTAL, "1.0.0", "1.0.1", "--format", "markdown", out=two_releases)
    note = (two_releases / PORTAL / "releases" / "1.0.1" / "CHANGELOG.md").read_text(encoding="utf-8")
    title, _, *bullets, _, heads, _, row, second, link = done.stdout.splitlines()
    assert title == f"# {PORTAL} 1.0.0 → 1.0.1"
    assert heads == "| jeu de données | clé | changement | colonne | avant | après |"
    assert set(bullets) <= set(note.splitlines())
    in_both = [line.replace("ée |", "ée / changed |") for line in (row, second)]
    assert [*in_both, link.replace("ée |", "ée / removed |")] == note.splitlines()[-3:]


def test_diff_on_a_terminal_is_no_wider_and_loses_nothing(two_releases: Path) -> None:
    diff = ("diff", PORTAL, "1.0.0", "1.0.1")
    narrow = canceropole(*diff, out=two_releases, env={"FORCE_COLOR": "1", "COLUMNS": "70"})
    elsewhere = canceropole(*diff, out=two_releases, env={"FORCE_COLOR": "", "COLUMNS": "70"})
    widths = [max(map(len, done.stdout.splitlines())) for done in (narrow, elsewhere)]
    assert widths[0] <= 70 < widths[1]
    assert sorted("".join(narrow.stdout.split())) == sorted("".join(elsewhere.stdout.split()))


def test_diff_lists_all_rows_and_tells_of_columns(two_releases: Path, tmp_path: Path) -> None:
    out: Path = shutil.copytree(two_releases, tmp_path / "outputs", symlinks=True)
    first = out / PORTAL / "releases" / "1.0.0"
    descriptor = read_json(first / "datapackage.json")
    [own] = [resource for resource in descriptor["resources"] if resource["name"] == "annuaires"]
    own["schema"]["fields"].append({"name": "vieux", "type": "string"})
    write_json(first / "datapackage.json", descriptor)
    (first / "data" / "tumorotheques.parquet").unlink()
    done = canceropole("diff", PORTAL, "1.0.0", "1.0.1", out=out)
    assert "annuaires\n  colonne retirée : `vieux`\n" in done.stdout
    assert "tumorotheques\n  20 lignes ajoutées\n" in done.stdout
    assert len(re.findall("^tumorotheques  .*  ajoutée$", done.stdout, re.MULTILINE)) == 20


def test_diff_of_a_release_with_itself_and_with_none(sample: Done) -> None:
    same = canceropole("diff", PORTAL, "1.0.0", "1.0.0", out=sample.out)
    assert (same.status, same.stdout) == (0, f"{PORTAL} 1.0.0 → 1.0.0\n\nMêmes lignes, mêmes colonnes.\n")
    none = canceropole("diff", PORTAL, "1.0.0", "2.0.0", out=sample.out)
    assert none.status == 2
    assert "there are: 1.0.0" in none.stderr
    wrong = canceropole("diff", PORTAL, "1.0.0", "1.0.0", "--format", "xml", out=sample.out)
    assert wrong.status == 2


def test_inspect_of_an_address_and_of_a_file(tmp_path: Path) -> None:
    with SamplePortal() as portal:
        asked = canceropole("inspect", portal.base.rstrip("/") + BANKS_PAGE)
    page = ROOT / "spiders" / "sample" / "pages" / BANKS_PAGE.strip("/") / "index.html"
    read = canceropole("inspect", page)
    for done in (asked, read):
        assert (done.status, done.stderr) == (0, "")
        assert "TUMO0611 | AP-HP Hôtel Dieu" in done.stdout
        assert "Tumorothèques > tableau 1" in done.stdout
    nothing = canceropole("inspect", tmp_path / "rien.html")
    assert nothing.status == 1
    assert "rien.html" in nothing.stderr


def test_inspect_of_a_dead_address() -> None:
    with SamplePortal() as portal:
        missing = canceropole("inspect", portal.base + "nulle-part/")
    dead = canceropole("inspect", portal.base)
    for done, address in ((missing, portal.base + "nulle-part/"), (dead, portal.base)):
        assert (done.status, done.stdout) == (1, "")
        assert address in done.stderr
        assert "Traceback" not in done.stderr


def test_check_of_good_declarations(sample: Done, tmp_path: Path) -> None:
    for arguments in ((), (PORTAL,)):
        for out in (sample.out, tmp_path):
            done = canceropole("check", *arguments, out=out)
            assert (done.status, done.stdout, done.stderr) == (0, "OK\n", "")


def test_check_lists_the_labels_of_the_last_release_that_nobody_has_mapped(sample: Done, tmp_path: Path) -> None:
    line = "Office du Transfert de Technologie et des Partenariats Industriels (OTT&PI) de l’AP-HP,aphp,"
    schemas = declarations(tmp_path, "libelles.csv", line, "Un service,aphp,", HOME)
    done = canceropole("check", PORTAL, "--schemas", schemas, out=sample.out)
    assert (done.status, done.stderr) == (0, "")
    note, ok = done.stdout.splitlines()
    assert note.startswith(f"{PORTAL}/evenements_innovation.yml:fields.organisateurs: nobody has mapped 'Office du ")
    assert " of release 1.0.0; near: aphp (Assistance Publique – Hôpitaux de Paris)" in note
    assert note.endswith(f"a line in {PORTAL}/libelles.csv maps it")
    assert ok == "OK"
    assert canceropole("check", PORTAL, "--schemas", schemas, out=tmp_path).stdout == "OK\n"


def test_check_passes_over_a_column_that_the_last_release_does_not_have(sample: Done, tmp_path: Path) -> None:
    schemas = declarations(tmp_path, "tumorotheques.yml", "name: etablissement", "name: lieu", HOME)
    done = canceropole("check", PORTAL, "--schemas", schemas, out=sample.out)
    *left_out, last = done.stdout.splitlines()
    assert (done.status, last, done.stderr) == (0, "OK", "")
    places = [f"{PORTAL}/views/{name}.yml" for name in ("coordination", "tumorotheques_par_organisation")]
    assert [line.partition(":sql: the view is left out: ")[0] for line in left_out] == places


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        ("tumorotheques.yml", "key: [", "clef: [", "tumorotheques.yml:clef"),
        ("tumorotheques.yml", "clean: slug", "clean: limace", "tumorotheques.yml:fields.tumorotheque_id.clean"),
        ("tumorotheques.yml", "references: organisations", "references: nulle", "got nulle"),
        ("tumorotheques.yml", "title:", "title: [", "tumorotheques.yml"),
        ("portal.yml", "origin: https://", "origin: ftp://", "portal.yml:origin"),
    ],
)
def test_check_of_a_broken_declaration(tmp_path: Path, file: str, before: str, after: str, expected: str) -> None:
    done = canceropole("check", "--schemas", declarations(tmp_path, file, before, after, HOME))
    assert (done.status, done.stdout) == (1, "")
    assert expected in done.stderr
    assert "expected" in done.stderr or "got" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_false_identifier_of_the_reference_list_is_said_before_any_request(
    tmp_path: Path, commands_api: dict[str, str]
) -> None:
    schemas = declarations(tmp_path, "organisations.yml", "title:", "title:", HOME)
    listed = schemas / "reference" / "organisations.csv"
    text = listed.read_text(encoding="utf-8")
    listed.write_text(text.replace("https://ror.org/00pg5jh14", "https://ror.org/00pg5jh41", 1), encoding="utf-8")
    check = canceropole("check", PORTAL, "--schemas", schemas)
    place = "reference/organisations.csv:2:ror: expected https://ror.org/ and nine characters"
    assert (check.status, check.stdout) == (1, "")
    assert check.stderr.startswith(place)
    assert "got 'https://ror.org/00pg5jh41'" in check.stderr
    asked = ("refresh", PORTAL, "--from", "http://127.0.0.1:9/", "--schemas", schemas)
    run = canceropole(*asked, out=tmp_path / "outputs", env=commands_api)
    assert run.status == 1
    assert place in run.stderr


def test_check_of_an_unknown_portal() -> None:
    done = canceropole("check", "nulle-part")
    assert done.status == 2
    assert PORTAL in done.stderr


def test_status_before_and_after_a_run(sample: Done, tmp_path: Path) -> None:
    before = canceropole("status", out=tmp_path)
    assert before.status == 2
    assert "canceropole refresh" in before.stderr
    after = canceropole("status", PORTAL, out=sample.out)
    assert after.status == 0
    lines = after.stdout.splitlines()
    assert len(lines) == 1 + sum(dataset.derived is None for dataset in load(PORTAL).datasets)
    assert [line.split() for line in lines if line.startswith("tumorotheques ")] == [
        ["tumorotheques", "20", "à", "jour"]
    ]
    assert lines[-1].startswith(f"{PORTAL} 1.0.0")
    assert "fresh" in canceropole("status", PORTAL, out=sample.out, env=ENGLISH).stdout


@pytest.mark.parametrize(
    ("env", "french"),
    [
        ({"LANG": "fr_FR.UTF-8"}, True),
        ({"LANG": "fr"}, True),
        ({"LANG": "C", "LC_ALL": "fr_CA.UTF-8"}, True),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": ""}, False),
    ],
)
def test_the_language_is_the_locale_s(sample: Done, env: dict[str, str], *, french: bool) -> None:
    said = canceropole("status", PORTAL, out=sample.out, env=env).stdout
    assert ("à jour" in said, "fresh" in said) == (french, not french)
