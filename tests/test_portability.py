"""A release's .duckdb in the versions of DuckDB that people have, opened in the three ways there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from conftest import ROOT

from pipeline.described import OF_THE_CRAWL
from pipeline.paths import Home, read_json

if TYPE_CHECKING:
    from conftest import Done

    Answers = dict[str, list[list[str]] | str]

PORTAL = "canceropole-idf"
# An import of this version stands for the installed one; the others are what `make .venv/.developed` puts beside it.
INSTALLED = duckdb.__version__
OLDER = sorted(path.stem for path in (ROOT / "tests" / "duckdb_versions").glob("*.txt"))
VERSIONS = [*OLDER, INSTALLED]
DIRECT, ATTACHED, IN_USE = "opened directly", "attached", "attached and in use"
VIEWS = ["coordination", "financements_par_annee", "tumorotheques_par_organisation"]

ASKS = """
import json
import sys

import duckdb

path, way, queries = json.load(sys.stdin)
con = duckdb.connect(path, read_only=True) if way == "opened directly" else duckdb.connect()
if way != "opened directly":
    con.execute(f"ATTACH '{path}' AS portail (READ_ONLY)")
if way == "attached and in use":
    con.execute("USE portail")


def answer(query):
    try:
        return [[str(cell) for cell in row] for row in con.execute(query).fetchall()]
    except duckdb.Error as error:
        return str(error)


print(json.dumps([duckdb.__version__, {name: answer(query) for name, query in queries.items()}]))
"""


def environment(version: str) -> dict[str, str]:
    """The environment in which Python has this DuckDB."""
    if version == INSTALLED:
        return dict(os.environ)
    folder = Path(sys.prefix) / "duckdb" / version
    if not folder.is_dir():
        pytest.fail(f"DuckDB {version} is not in {folder}. Run: make .venv/duckdb/{version}")
    return {**os.environ, "PYTHONPATH": str(folder)}


@cache
def answers(file: Path, version: str, way: str) -> Answers:
    """What a version of DuckDB answers to all that is asked of a release, an error's text where it does not."""
    before = "portail." if way == ATTACHED else ""
    asked = {name: query.format(before) for name, query in queries(file.parent).items()}
    done = subprocess.run(
        [sys.executable, "-c", ASKS],
        input=json.dumps([str(file), way, asked]),
        capture_output=True,
        text=True,
        check=True,
        env=environment(version),
    )
    found, answered = json.loads(done.stdout)
    assert found == version
    return answered  # type: ignore[no-any-return]


def datasets(release: Path) -> list[str]:
    return [r["name"] for r in read_json(release / "datapackage.json")["resources"] if r["format"] == "csv"]


def queries(release: Path) -> dict[str, str]:
    """What is asked of a release, by name; the place of a table is left open."""
    day = read_json(release.parent / "1.0.0" / "datapackage.json")["created"].partition("T")[0]
    remembered = [name for name in datasets(release) if name not in OF_THE_CRAWL]
    own = ("changes", "releases", "fraicheur", "dictionnaire")
    return {
        **{f"table {name}": f"FROM {{}}{name} ORDER BY ALL" for name in datasets(release)},
        **{f"own {name}": f"FROM {{}}{name} ORDER BY ALL" for name in own},
        **{f"history {name}": f"FROM {{}}{name}_history" for name in remembered},
        **{f"view {name}": f"FROM {{}}{name} ORDER BY ALL" for name in VIEWS},
        **{f"version {name}": f"FROM {{}}{name}_as_of('1.0.0') ORDER BY ALL" for name in remembered},
        **{f"day {name}": f"FROM {{}}{name}_as_of('{day}') ORDER BY ALL" for name in remembered},
        "comments": "SELECT count(*) FROM duckdb_columns() WHERE NOT internal AND comment IS NULL AND table_name IN "
        "(SELECT table_name FROM duckdb_tables() WHERE comment IS NOT NULL)",
        "said": "SELECT comment FROM duckdb_tables() WHERE table_name = 'tumorotheques'",
        "printed": "SELECT texte_publie ->> 'etablissement' FROM {}provenance "
        "WHERE dataset = 'tumorotheques' AND cle = 'tissutheque-beaujon'",
    }


@cache
def parquet(release: Path, name: str) -> list[list[str]]:
    """The rows of a dataset as its Parquet file has them."""
    with duckdb.connect() as con:
        rows = con.read_parquet(str(release / "data" / f"{name}.parquet"))
        con.register("rows_", rows)
        return [[str(cell) for cell in row] for row in con.execute("FROM rows_ ORDER BY ALL").fetchall()]


@pytest.fixture(params=["sample", "later"])
def file(request: pytest.FixtureRequest) -> Path:
    """The database of a first release, and of the one after."""
    done: Done = request.getfixturevalue(request.param)
    release = done.latest.resolve()
    assert release.name == {"sample": "1.0.0", "later": "1.1.0"}[request.param]
    return release / f"{PORTAL}.duckdb"


def test_the_versions_that_people_have_are_tried() -> None:
    assert [version.rpartition(".")[0] for version in VERSIONS] == ["1.1", "1.4", "2.0"]


@pytest.mark.parametrize("way", [DIRECT, ATTACHED, IN_USE])
@pytest.mark.parametrize("version", VERSIONS)
def test_tables_answer_with_their_rows_and_comments_however_opened(file: Path, version: str, way: str) -> None:
    found = answers(file, version, way)
    for name in datasets(file.parent):
        assert found[f"table {name}"] == parquet(file.parent, name), name
    for name in datasets(file.parent):
        if name not in OF_THE_CRAWL:
            assert len(found[f"history {name}"]) >= len(parquet(file.parent, name)), name
    assert found["comments"] == [["0"]]
    assert "Tumorothèques" in str(found["said"])
    assert found["printed"] == [["Hôpital Beaujon, Clichy" if file.parent.name == "1.1.0" else "AP-HP Hôpital Beaujon"]]
    newest = answers(file, INSTALLED, DIRECT)
    for name in ("changes", "releases", "fraicheur", "dictionnaire"):
        assert found[f"own {name}"] == newest[f"own {name}"], name


@pytest.mark.parametrize("way", [DIRECT, IN_USE])
@pytest.mark.parametrize("version", VERSIONS)
def test_views_and_the_past_answer_where_the_database_is_in_use(file: Path, version: str, way: str) -> None:
    found, newest = answers(file, version, way), answers(file, INSTALLED, DIRECT)
    first = Home(file.parents[2]).release("1.0.0")
    for name in VIEWS:
        assert found[f"view {name}"] == newest[f"view {name}"], name
    assert len(found["view financements_par_annee"]) == 10
    for name in datasets(first):
        if name not in OF_THE_CRAWL:
            assert found[f"version {name}"] == parquet(first, name), name
            assert found[f"day {name}"] == parquet(first, name), name


@pytest.mark.parametrize("version", VERSIONS)
def test_attached_alone_views_answer_from_1_4_on_and_nothing_is_answered_wrongly(file: Path, version: str) -> None:
    found, newest = answers(file, version, ATTACHED), answers(file, INSTALLED, DIRECT)
    refused = {name for name, answer in found.items() if str(answer).startswith("Catalog Error")}
    views = {f"view {name}" for name in VIEWS}
    macros = {name for name in found if name.startswith(("version ", "day "))}
    assert len(macros) > len(views)
    assert refused == macros | (views if version.startswith("1.1.") else set())
    for name in views - refused:
        assert found[name] == newest[name], name


def test_a_second_release_tells_what_changed_in_every_version(later: Done) -> None:
    file = later.latest.resolve() / f"{PORTAL}.duckdb"
    for version in VERSIONS:
        changes = answers(file, version, DIRECT)["own changes"]
        cell = ["1.1.0", "tumorotheques", "tissutheque-beaujon", "changed", "etablissement"]
        assert [*cell, "AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy"] in changes, version
