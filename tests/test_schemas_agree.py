"""The two schemas derived from one declaration give the same verdict on rows written by our own CSV writer."""

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from frictionless import Resource, Schema, system
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.build import write_files
from pipeline.normalize import frame
from pipeline.sql import TYPES
from pipeline.validate import failures_of
from schemas.cleaners import Value
from schemas.load import load
from schemas.model import Dataset
from schemas.table_schema import table_schema

TITLE = {"fr": "t", "en": "t"}
TEXTS = st.text("abé1/- ", min_size=1, max_size=4).filter(lambda text: text == text.strip() and text[0] not in "=+-@'")
VALUES: dict[str, st.SearchStrategy[Value]] = {
    "string": TEXTS,
    "integer": st.integers(-3, 12),
    "number": st.sampled_from([-1.5, 0.0, 0.25, 3.0, 1e6]),
    "boolean": st.booleans(),
    "date": st.dates(dt.date(1999, 12, 30), dt.date(2000, 1, 3)),
}
CONSTRAINTS = {
    "string": st.fixed_dictionaries(
        {},
        optional={
            "required": st.booleans(),
            "unique": st.booleans(),
            "pattern": st.sampled_from(["a.*", "(a|b)+", "[^1]*"]),
            "enum": st.sampled_from([["a"], ["a", "b", "é"]]),
            "minLength": st.integers(0, 3),
            "maxLength": st.integers(3, 4),
        },
    ),
    "integer": st.fixed_dictionaries(
        {}, optional={"required": st.booleans(), "minimum": st.integers(-1, 2), "maximum": st.integers(2, 9)}
    ),
    "number": st.fixed_dictionaries({}, optional={"required": st.booleans(), "minimum": st.just(0)}),
    "boolean": st.fixed_dictionaries({}, optional={"required": st.booleans()}),
    "date": st.fixed_dictionaries({}, optional={"required": st.booleans(), "unique": st.booleans()}),
}


@st.composite
def declared(draw: st.DrawFn) -> Dataset:
    types = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4))
    fields = [
        {"name": f"c{number}", "type": kind, "title": TITLE, "constraints": draw(CONSTRAINTS[kind])}
        for number, kind in enumerate(types)
    ]
    fields.insert(0, {"name": "cle", "title": TITLE, "constraints": {"required": True}})
    return Dataset.model_validate(
        {
            "id": "drawn",
            "title": TITLE,
            "description": TITLE,
            "sources": [{"reference": "drawn.csv"}],
            "fields": fields,
            "key": ["cle"],
            "checks": {"rows": {"min": 0, "max": 9}},
        }
    )


@st.composite
def tables(draw: st.DrawFn) -> tuple[Dataset, pd.DataFrame]:
    dataset = draw(declared())
    row: st.SearchStrategy[dict[str, Value]] = st.fixed_dictionaries(
        {f.name: VALUES[f.type] if f.name == "cle" else st.none() | VALUES[f.type] for f in dataset.fields}
    )
    return dataset, frame(dataset, draw(st.lists(row, max_size=5)))


def write(dataset: Dataset, table: pd.DataFrame, folder: Path) -> Path:
    """The CSV of a table, as a package has it."""
    with duckdb.connect() as con:
        columns = ", ".join(f'CAST("{f.name}" AS {TYPES[f.type]}) AS "{f.name}"' for f in dataset.fields)
        con.register("incoming", table.astype(object).where(table.notna(), None))
        con.execute(f'CREATE TABLE "{dataset.id}" AS SELECT {columns} FROM incoming')  # noqa: S608 (drawn names)
        write_files(con, {"name": dataset.id, "schema": table_schema(dataset, {})}, folder)
    return folder / f"{dataset.id}.csv"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_pandera_and_frictionless_agree(tmp_path: Path, drawn: tuple[Dataset, pd.DataFrame]) -> None:
    dataset, table = drawn
    path = write(dataset, table, tmp_path)
    schema = Schema.from_descriptor(table_schema(dataset, {}))
    with system.use_context(trusted=True):
        report = Resource(path=str(path), schema=schema).validate()
    assert report.valid == (not failures_of(dataset, table)), report.flatten(["type", "note"])


@pytest.mark.parametrize("name", [dataset.id for dataset in load("canceropole-idf").datasets])
def test_every_declared_dataset_gives_a_table_schema_without_private_keys(name: str) -> None:
    schema = table_schema(load("canceropole-idf").dataset(name), {"organisations": "organisation_id"})
    private = {"from", "clean", "map", "rank", "references", "personal", "organisations"}
    assert not [f for f in schema["fields"] if private & f.keys()]  # type: ignore[attr-defined]
    assert Schema.from_descriptor(schema).primary_key
