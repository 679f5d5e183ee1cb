"""What differs between two tables of a dataset, row by row, and that it is all that differs."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.changes import changes, json_value
from pipeline.normalize import frame
from schemas.model import Dataset
from schemas.typography import key_text

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.cleaners import Value

Row = dict[str, "Value"]

TITLE = {"fr": "t", "en": "t"}
COLUMNS = {"nom": "string", "rang": "integer", "part": "number", "ouvert": "boolean", "debut": "date"}


def dataset(key: list[str], columns: dict[str, str]) -> Dataset:
    return Dataset.model_validate(
        {
            "id": "jeu",
            "title": TITLE,
            "description": TITLE,
            "sources": [{"reference": "jeu.csv"}],
            "fields": [{"name": name, "type": kind, "title": TITLE} for name, kind in columns.items()],
            "key": key,
            "checks": {"rows": {"min": 0, "max": 99}},
        }
    )


JEU = dataset(["nom", "rang"], COLUMNS)


def table(path: Path, rows: list[Row], of: Dataset = JEU) -> Path:
    frame(of, rows).to_parquet(path, index=False)
    return path


def row(nom: str, rang: int, **values: Value) -> Row:
    return {"nom": nom, "rang": rang, "part": None, "ouvert": None, "debut": None, **values}


def compared(folder: Path, before: list[Row], after: list[Row]) -> list[dict[str, Any]]:
    return differences(JEU, table(folder / "before.parquet", before), table(folder / "after.parquet", after))


def differences(of: Dataset, before: Path, after: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        return changes(con, of.id, of.key, before, after)


def test_rows_are_added_removed_and_changed(tmp_path: Path) -> None:
    before = [row("a", 1, part=0.5), row("b", 1), row("c", 1)]
    after = [row("a", 1, part=2.0, debut=dt.date(2020, 1, 2)), row("b", 2, ouvert=True), row("c", 1)]
    assert compared(tmp_path, before, after) == [
        {
            "dataset": "jeu",
            "key": "b/2",
            "change": "added",
            "columns": {"nom": [None, "b"], "rang": [None, 2], "ouvert": [None, True]},
        },
        {
            "dataset": "jeu",
            "key": "a/1",
            "change": "changed",
            "columns": {"part": [0.5, 2], "debut": [None, "2020-01-02"]},
        },
        {"dataset": "jeu", "key": "b/1", "change": "removed", "columns": {"nom": ["b", None], "rang": [1, None]}},
    ]


def test_the_text_of_a_key_can_be_told_apart(tmp_path: Path) -> None:
    found = compared(tmp_path, [], [row("a/1", 2), row("a", 1), row("100 %", 1)])
    assert [change["key"] for change in found] == ["100 %25/1", "a%2F1/2", "a/1"]


def test_the_order_of_rows_is_no_change(tmp_path: Path) -> None:
    rows = [row("a", 1), row("b", 1, part=1.5)]
    before = table(tmp_path / "before.parquet", rows)
    after = tmp_path / "after.parquet"
    pd.read_parquet(before, dtype_backend="numpy_nullable").iloc[::-1].to_parquet(after, index=False)
    assert differences(JEU, before, after) == []


def test_a_quote_in_a_path_or_value_is_no_syntax(tmp_path: Path) -> None:
    folder = tmp_path / "l'essai ; --"
    folder.mkdir()
    found = compared(folder, [row("l'un", 1)], [row('l"autre', 1)])
    assert [change["key"] for change in found] == ['l"autre/1', "l'un/1"]


def test_a_table_that_is_not_there_has_no_rows(tmp_path: Path) -> None:
    there = table(tmp_path / "t.parquet", [row("a", 1, part=1.0)])
    columns = {"nom": "a", "rang": 1, "part": 1}
    with duckdb.connect() as con:
        (added,) = changes(con, "jeu", JEU.key, None, there)
        (removed,) = changes(con, "jeu", JEU.key, there, None)
        assert changes(con, "jeu", JEU.key, None, None) == []
    assert (added["change"], removed["change"]) == ("added", "removed")
    assert {name: pair[1] for name, pair in added["columns"].items() if pair[1] is not None} == columns
    assert {name: pair[0] for name, pair in removed["columns"].items() if pair[0] is not None} == columns


def test_a_column_of_one_table_is_null_in_the_other(tmp_path: Path) -> None:
    before = dataset(["nom"], {"nom": "string", "vieux": "string"})
    after = dataset(["nom"], {"nom": "string", "neuf": "string"})
    old = table(tmp_path / "before.parquet", [{"nom": "a", "vieux": "x"}], before)
    new = table(tmp_path / "after.parquet", [{"nom": "a", "neuf": "y"}], after)
    [change] = differences(after, old, new)
    assert (change["change"], change["columns"]) == ("changed", {"neuf": [None, "y"], "vieux": ["x", None]})


def test_an_empty_new_column_changes_no_row(tmp_path: Path) -> None:
    before, after = dataset(["nom"], {"nom": "string"}), dataset(["nom"], {"nom": "string", "neuf": "integer"})
    old = table(tmp_path / "before.parquet", [{"nom": "a"}], before)
    new = table(tmp_path / "after.parquet", [{"nom": "a", "neuf": None}], after)
    assert differences(after, old, new) == []


def test_a_new_key_replaces_every_row(tmp_path: Path) -> None:
    before, after = dataset(["nom"], {"nom": "string"}), dataset(["code"], {"nom": "string", "code": "string"})
    old = table(tmp_path / "before.parquet", [{"nom": "a"}], before)
    new = table(tmp_path / "after.parquet", [{"nom": "a", "code": "1"}], after)
    assert [change["change"] for change in differences(after, old, new)] == ["added", "removed"]


@pytest.mark.parametrize("key", [["nom"], ["valeur"]])
@pytest.mark.parametrize(
    ("kinds", "values"),
    [
        (("string", "integer"), ("trois", 3)),
        (("integer", "string"), (3, "trois")),
        (("string", "date"), ("hier", dt.date(2020, 1, 2))),
        (("boolean", "string"), (True, "oui")),
    ],
)
def test_a_retyped_column_is_a_change(
    tmp_path: Path, key: list[str], kinds: tuple[str, str], values: tuple[Value, Value]
) -> None:
    before, after = (dataset(key, {"nom": "string", "valeur": kind}) for kind in kinds)
    old = table(tmp_path / "before.parquet", [{"nom": "a", "valeur": values[0]}], before)
    new = table(tmp_path / "after.parquet", [{"nom": "a", "valeur": values[1]}], after)
    expected = ["changed"] if key == ["nom"] else ["added", "removed"]
    assert [change["change"] for change in differences(after, old, new)] == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (3.0, 3),
        (0.25, 0.25),
        (dt.date(2020, 1, 2), "2020-01-02"),
        (dt.datetime(2020, 1, 2, 3, 4, 5, tzinfo=dt.UTC), "2020-01-02T03:04:05Z"),
    ],
)
def test_a_cell_as_json_has_it(value: object, expected: object) -> None:
    found = json_value(value)
    assert (found, type(found)) == (expected, type(expected))


ROWS = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b/", "%", "é'"]), st.integers(1, 2)),
    st.fixed_dictionaries(
        {
            "part": st.none() | st.sampled_from([-1.5, 0.0, 3.0]),
            "ouvert": st.none() | st.booleans(),
            "debut": st.none() | st.dates(dt.date(1999, 12, 31), dt.date(2000, 1, 1)),
        }
    ),
)


def by_key(rows: list[Row]) -> dict[str, Row]:
    return {key_text((r["nom"], r["rang"])): {name: json_value(value) for name, value in r.items()} for r in rows}


def applied(found: list[dict[str, Any]], before: dict[str, Row]) -> dict[str, Row]:
    """The rows that changes make of those before; each pair's first value must be what stood there."""
    made = {key: dict(values) for key, values in before.items()}
    for change in found:
        own = made.setdefault(change["key"], dict.fromkeys(COLUMNS))
        for column, (was, now) in change["columns"].items():
            assert own[column] == was
            own[column] = now
        if change["change"] == "removed":
            assert set(made.pop(change["key"]).values()) == {None}
    return made


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, ROWS)
def test_changes_applied_to_before_give_after(
    tmp_path: Path, before: dict[tuple[str, int], Row], after: dict[tuple[str, int], Row]
) -> None:
    then, now = ([{"nom": nom, "rang": rang, **rest} for (nom, rang), rest in side.items()] for side in (before, after))
    found = compared(tmp_path, then, now)
    assert applied(found, by_key(then)) == by_key(now)
    assert len(found) == len({change["key"] for change in found})
    assert compared(tmp_path, now, now) == []
