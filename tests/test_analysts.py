"""What analysts are told works as written: every block of docs/analysts.md, and the notebook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import duckdb
import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from conftest import ROOT
from ranged_files import RangedFiles
from test_portability import INSTALLED, VERSIONS, environment

from pipeline.serving import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Done

PORTAL = "canceropole-idf"
ANALYSTS = ROOT / "docs" / "analysts.md"
NOTEBOOK = ROOT / "docs" / "analyse.ipynb"
SERVED = "http://127.0.0.1:8000/"


class Block(NamedTuple):
    info: str
    text: str


BLOCKS = [
    Block(*found)
    for found in re.findall(r"^```(.*)\n((?:.*\n)*?)```$", ANALYSTS.read_text(encoding="utf-8"), flags=re.MULTILINE)
]
SQL = [block.text for block in BLOCKS if block.info == "sql"]
PYTHON = [block.text for block in BLOCKS if block.info == "python"]

# Runs SQL as an analyst does, statement after statement; gives the number of rows of each.
RUNS = """
import json
import sys

import duckdb

path, blocks = json.load(sys.stdin)
con = duckdb.connect(path, read_only=True) if path else duckdb.connect()
rows = [
    [statement.query, len(con.execute(statement.query).fetchall())]
    for block in blocks
    for statement in con.extract_statements(block)
]
print(json.dumps([duckdb.__version__, rows]))
"""


def run(release: Path, version: str, *, direct: bool = False) -> dict[str, int]:
    """How many rows each statement of the page gives, in a folder that has a release."""
    opening, *asking = SQL
    asked = [f"{PORTAL}.duckdb", asking] if direct else [None, [opening, *asking]]
    done = subprocess.run(
        [sys.executable, "-c", RUNS],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        cwd=release,
        env=environment(version),
    )
    assert done.returncode == 0, done.stderr
    found, rows = json.loads(done.stdout)
    assert found == version
    return dict(rows)


def test_what_is_not_run_is_a_closed_list() -> None:
    kinds = Counter(block.info for block in BLOCKS)
    assert kinds.pop("sql") >= 15
    assert kinds.pop("python") == 2
    assert kinds == {"console": 1, "text": 1, "sql httpfs": 2, "python polars": 1, "r": 1, "js": 2}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_sql_block_answers_with_rows_in_every_version(later: Done, version: str) -> None:
    rows = run(later.latest, version)
    opening = [query for query in rows if query.lstrip().startswith(("ATTACH", "USE"))]
    assert len(opening) == 2
    assert [query for query, count in rows.items() if not count and query not in opening] == []


def test_every_sql_block_runs_in_the_database_opened_directly_and_in_a_first_release(sample: Done) -> None:
    rows = run(sample.latest, INSTALLED, direct=True)
    empty = [query for query, count in rows.items() if not count]
    assert [query.split("FROM ")[1].split()[0] for query in empty] == ["changes"]


def test_the_result_shown_is_the_one_the_block_before_it_gives(sample: Done) -> None:
    [at] = [at for at, block in enumerate(BLOCKS) if block.info == "text"]
    with duckdb.connect(str(sample.latest / f"{PORTAL}.duckdb"), read_only=True) as con:
        assert str(con.sql(BLOCKS[at - 1].text)).splitlines() == BLOCKS[at].text.splitlines()


@pytest.fixture
def remote(later: Done) -> Iterator[RangedFiles]:
    with server(later.out, "127.0.0.1", 0) as bound:
        thread = Thread(target=bound.serve_forever, daemon=True)
        thread.start()
        yield RangedFiles(bound.server_port)
        bound.shutdown()
        thread.join()


def test_what_needs_httpfs_answers_over_ranges_of_what_is_served(remote: RangedFiles) -> None:
    blocks = [block.text for block in BLOCKS if block.info == "sql httpfs"]
    with duckdb.connect() as con:
        con.register_filesystem(remote)
        for block in blocks:
            assert SERVED in block
            [*before, last] = con.extract_statements(block.replace(SERVED, "plages://"))
            for statement in before:
                con.execute(statement.query)
            assert con.execute(last.query).fetchall()
        con.execute("USE memory")
    assert remote.received > 0


def test_python_blocks_run(later: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(later.latest)
    known: dict[str, Any] = {}
    for block in PYTHON:
        exec(compile(block, ANALYSTS.name, "exec"), known)  # noqa: S102 (a block of our own page)
    assert (len(known["financements"]), len(known["avant"]), len(known["situees"])) == (10, 20, 21)
    assert known["situees"]["ror"].notna().sum() > 10


@pytest.fixture(scope="module")
def notebook(later: Done) -> dict[str, Any]:
    """What the notebook's names stand for once it has run, cell after cell."""
    mpl.use("Agg")
    known: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANCEROPOLE_DUCKDB", str(later.latest / f"{PORTAL}.duckdb"))
        patch.chdir(NOTEBOOK.parent)
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, NOTEBOOK.name, "exec"), known)  # noqa: S102 (a cell of our own notebook)
    return known


def test_the_notebook_is_one_and_keeps_no_output() -> None:
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(code) >= 5
    assert [cell.source for cell in code if cell.outputs or cell.execution_count is not None] == []
    # What runs here runs in Jupyter: no cell is anything but Python.
    assert [cell.source for cell in code if re.search(r"^\s*[%!?]", cell.source, flags=re.MULTILINE)] == []


def test_the_notebook_draws_every_yearly_amount_in_its_year_and_colour(later: Done, notebook: dict[str, Any]) -> None:
    amounts = pd.read_parquet(later.latest / "data" / "financements.parquet")
    yearly = amounts[amounts["nature"] == "annuel"]
    drawn = {
        (round(bar.get_x() + bar.get_width() / 2), bars.get_label(), round(bar.get_height() * 1_000_000))
        for bars in notebook["axes"].containers
        for bar in bars
        if bar.get_height()
    }
    assert drawn == {
        (int(year), funder, amount)
        for year, funder, amount in yearly[["debut_annee", "financeur", "montant_eur"]].itertuples(index=False)
    }
    assert [text.get_text() for text in notebook["axes"].get_legend().get_texts()] == sorted(set(yearly["financeur"]))
    assert "euros" in notebook["axes"].get_ylabel()


def test_the_notebook_says_what_was_what_is_and_who(notebook: dict[str, Any]) -> None:
    assert (len(notebook["avant"]), len(notebook["maintenant"])) == (20, 21)
    assert set(notebook["hors_figure"]["nature"]) == {"cumul", "pluriannuel", "cotisation_annuelle"}
    assert notebook["successeurs"]["successeur_ror"].notna().any()
    assert set(notebook["sources"]["imprime"]) >= {"4.132 millions d’euros"}


def test_the_notebook_without_a_file_says_where_it_looked(tmp_path: Path) -> None:
    opening = next(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code")
    missing = tmp_path / "nulle-part.duckdb"
    done = subprocess.run(
        [sys.executable, "-c", opening],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CANCEROPOLE_DUCKDB": str(missing)},
    )
    assert done.returncode == 1
    assert str(missing) in done.stderr.splitlines()[-1]
    assert not missing.exists()
