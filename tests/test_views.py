"""Views: one SELECT over the datasets, tried over empty tables; none keeps a run from its data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import pytest

from pipeline import views
from pipeline.paths import read_json
from schemas.load import Declarations, load
from schemas.model import View

if TYPE_CHECKING:
    from conftest import Done

PORTAL = "canceropole-idf"
TITLE = {"fr": "Question", "en": "Question"}


def declared(sql: str, name: str = "question") -> Declarations:
    told = {"id": name, "title": TITLE, "description": TITLE, "columns": {"nom": TITLE}, "sql": sql}
    view = View.model_validate(told)
    return replace(load(PORTAL), views=(view,))


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT nom FROM tumorotheques; DROP TABLE tumorotheques", "expected one SELECT, got SELECT, DROP"),
        ("COPY tumorotheques TO 'here.csv'", "expected one SELECT, got COPY"),
        ("ATTACH 'elsewhere.duckdb'", "expected one SELECT, got ATTACH"),
        ("-- nothing", "expected one SELECT, got nothing"),
        ("SELECT nom, rang FROM tumorotheques", "expected the columns that the view declares, nom, got nom, rang"),
        ("SELECT nom FROM", "expected a SELECT over the datasets, got Parser Error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "expected a SELECT over the datasets, got Permission Error"),
        ("SELECT * FROM '/etc/passwd'", "expected a SELECT over the datasets, got "),
        ("SELECT * FROM read_parquet('https://example.org/a.parquet')", "expected a SELECT over the datasets, got "),
    ],
)
def test_what_is_no_question_over_the_datasets_is_told(sql: str, told: str) -> None:
    declarations = declared(sql)
    [fault] = [*views.faults(declarations), *views.left_out(declarations)]
    assert fault.startswith(f"{PORTAL}/views/question.yml:sql: ")
    assert told in fault
    assert views.told(declarations.views, []) == []


@pytest.mark.parametrize("sql", ["SELECT nom FROM hopitaux", "SELECT lieu FROM tumorotheques"])
def test_a_view_over_what_is_not_there_is_left_out_and_told(sql: str) -> None:
    declarations = declared(sql)
    assert views.faults(declarations) == []
    [note] = views.left_out(declarations)
    assert note.startswith(f"{PORTAL}/views/question.yml:sql: the view is left out: ")


def test_a_view_named_like_a_dataset_is_told() -> None:
    [fault] = views.faults(declared("SELECT 1", "tumorotheques"))
    assert fault == f"{PORTAL}/views/tumorotheques.yml: expected a name of its own, got a dataset's"


def test_a_package_has_the_views_its_tables_can_answer(sample: Done) -> None:
    told = read_json(sample.latest / "datapackage.json")["views"]
    assert [view["name"] for view in told] == [
        "coordination",
        "financements_par_annee",
        "tumorotheques_par_organisation",
    ]
    with duckdb.connect(str(sample.latest / f"{PORTAL}.duckdb"), read_only=True) as con:
        comments = dict(con.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall())
        columns = dict(
            con.execute(
                "SELECT table_name || '.' || column_name, comment FROM duckdb_columns() "
                "WHERE table_name IN (SELECT view_name FROM duckdb_views() WHERE NOT internal)"
            ).fetchall()
        )
        assert columns == {f"{view['name']}.{c['name']}": c["title"] for view in told for c in view["columns"]}
        assert comments == {view["name"]: f"{view['title']} — {view['description']}" for view in told}
        per_year = con.execute("SELECT annee, montant_eur FROM financements_par_annee").fetchall()
        assert per_year == [
            (2007, 4_500_000), (2008, 4_500_000), (2009, 4_950_000), (2010, 4_132_000), (2011, 4_570_000),
            (2012, 4_160_000), (2013, 3_737_000), (2014, 2_525_000), (2015, 1_535_000), (2016, 2_050_000),
        ]  # fmt: skip
        [[axes, banks]] = con.execute(
            "SELECT count(*) FILTER (nature = 'axe'), count(*) FILTER (nature = 'tumorotheque') FROM coordination"
        ).fetchall()
        assert (axes, banks) == (9, 21)
        [[successor]] = con.execute(
            "SELECT successeur_ror FROM tumorotheques_par_organisation WHERE etablissement = 'Centre René Huguenin'"
        ).fetchall()
        assert successor == "https://ror.org/04t0gwh46"
