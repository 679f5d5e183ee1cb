"""Data files: the same values in every format, nothing a spreadsheet runs, no person's address, evidence for all."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import build, database, sql
from pipeline.described import OF_THE_CRAWL
from pipeline.descriptor import tables
from pipeline.normalize import Row, frame
from pipeline.paths import Home, RunFolder, read_json
from schemas import load
from schemas.model import OWN_TABLES, Dataset
from schemas.personal import MASK
from schemas.table_schema import table_schema
from schemas.typography import key_text

if TYPE_CHECKING:
    from conftest import Done

    from schemas.load import Declarations

PORTAL = "canceropole-idf"
PERSONS = (
    "nicolas.torno",
    "lionel.pujol",
    "marie-france.daumas",
    "Stephanie.Feliot",
    "romain.marlange",
)
TYPES = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
    "string": "VARCHAR",
}
GUARDED = "=+-@＝＋－＠\t\r'"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
SEPARATED = st.text(st.sampled_from([*GUARDED, '"', ",", ";", "\n", "é"]), min_size=1, max_size=8)
GUARD_TEXT = st.builds(str.__add__, st.sampled_from([*GUARDED, '"', ",", "\n", "é"]), TEXT) | SEPARATED
VALUES = {
    "string": st.one_of(TEXT, GUARD_TEXT),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.one_of(
        st.integers(-(10**15), 10**15).map(float),
        st.floats(-1e15, 1e15, allow_nan=False).filter(lambda value: value == 0 or abs(value) > 1e-6),
    ),
    "boolean": st.booleans(),
    "date": st.dates(dt.date(1000, 1, 1)),
    "datetime": st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2200, 1, 1)).map(  # noqa: DTZ001 (stored in UTC, without a zone)
        lambda value: value.replace(microsecond=0)
    ),
}


def _dataset() -> Dataset:
    title = {"fr": "t", "en": "t"}
    fields = [{"name": "cle", "type": "integer", "title": title, "constraints": {"required": True}}]
    fields += [{"name": f"c_{kind}", "type": kind, "title": title} for kind in VALUES]
    return Dataset.model_validate(
        {
            "id": "drawn",
            "title": title,
            "description": title,
            "sources": [{"reference": "drawn.csv"}],
            "fields": fields,
            "key": ["cle"],
            "checks": {"rows": {"min": 0, "max": 1000}},
        }
    )


DRAWN = _dataset()
ROWS = st.lists(
    st.fixed_dictionaries({f"c_{kind}": st.none() | values for kind, values in VALUES.items()}), max_size=6
).map(lambda rows: [{"cle": number, **row} for number, row in enumerate(rows)])


@pytest.fixture(scope="module")
def declarations() -> Declarations:
    return load.load(PORTAL)


def built(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """The package of one table of drawn rows."""
    portal = load.load(PORTAL)
    package, run = folder / "package", RunFolder(folder / "run")
    package.mkdir()
    run.root.mkdir()
    table = run.root / "drawn.parquet"
    frame(DRAWN, rows).to_parquet(table, index=False)
    drawn = load.Declarations(portal.portal, (DRAWN,), portal.references, portal.files)
    described = tables(drawn, {"drawn"}, {}, sample=False)
    build.build(run, drawn, described, {"drawn": table}, {"drawn"}, None, package / "data")
    resources = [{**table, "format": "csv"} for table in described]
    told = {
        "name": PORTAL,
        "version": "1.0.0",
        "created": "2026-01-01T00:00:00Z",
        "run": "a run",
        "resources": resources,
    }
    database.write(package, told, [], [], Home(folder / PORTAL), None)
    return package


def unguarded(cell: str) -> str:
    return re.sub(r"""(^|[;\n]"*)'""", r"\1", cell)


def from_csv(kind: str, cell: str) -> Any:
    """A cell read as the data dictionary says."""
    if cell == "":
        return None
    if kind == "string":
        return unguarded(cell)
    if kind == "datetime":
        assert cell.endswith("Z")
        return dt.datetime.fromisoformat(cell).replace(tzinfo=None)
    if kind == "boolean":
        return {"true": True, "false": False}[cell]
    return {"integer": int, "number": float, "date": dt.date.fromisoformat}[kind](cell)  # type: ignore[operator]  # one of three parsers


def from_json(kind: str, value: Any) -> Any:
    if value is None or kind in {"string", "integer", "boolean"}:
        return value
    return float(value) if kind == "number" else from_csv(kind, value)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_every_format_gives_back_the_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]) -> None:
    package = built(tmp_path_factory.mktemp("drawn"), rows)
    kinds = {field.name: field.type for field in DRAWN.fields}
    expected = [[row[name] for name in kinds] for row in rows]

    raw = (package / "data" / "drawn.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    header, *cells = csv.reader(io.StringIO(raw.decode("utf-8"), newline=""))
    assert header == list(kinds)
    assert [[from_csv(kind, cell) for kind, cell in zip(kinds.values(), row, strict=True)] for row in cells] == expected

    objects = json.loads((package / "data" / "drawn.json").read_bytes())
    assert [list(item) for item in objects] == [list(kinds)] * len(rows)
    assert [[from_json(kind, item[name]) for name, kind in kinds.items()] for item in objects] == expected

    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        table = con.read_parquet(str(package / "data" / "drawn.parquet"))
        assert [str(kind) for kind in table.types] == [TYPES[kind] for kind in kinds.values()]
        assert [list(row) for row in table.fetchall()] == expected
    with duckdb.connect(str(package / f"{PORTAL}.duckdb"), read_only=True) as con:
        assert [list(row) for row in con.table("drawn").fetchall()] == expected


@settings(max_examples=25, deadline=None)
@given(st.lists(GUARD_TEXT | TEXT, min_size=1, max_size=20))
def test_no_cell_begins_with_what_a_spreadsheet_runs_and_the_guard_comes_off(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("guard")
    empty: Row = {f"c_{kind}": None for kind in VALUES}
    rows: list[Row] = [{"cle": n, **empty, "c_string": text} for n, text in enumerate(texts)]
    with duckdb.connect() as con:
        con.register("drawn", frame(DRAWN, rows))
        build.write_files(con, {"name": "drawn", "schema": table_schema(DRAWN, {})}, folder)
    with (folder / "drawn.csv").open(encoding="utf-8", newline="") as file:
        cells = [row["c_string"] for row in csv.DictReader(file)]
    for text, cell in zip(texts, cells, strict=True):
        assert not re.search(r"""(?:^|[;\n]"*)[=+\-@＝＋－＠\t\r]""", cell)
        assert unguarded(cell) == text
        assert (cell[0] != text[0]) == (text[0] in GUARDED and text[0] != "'")


def test_files_of_many_row_groups_have_their_rows_by_key(tmp_path: Path) -> None:
    count = 300_000  # DuckDB takes 122,880 at a time, on all cores
    table = {"name": "many", "schema": {"fields": [{"name": "cle", "type": "integer"}], "primaryKey": ["cle"]}}
    with sql.connected() as con:
        con.execute(f"CREATE TABLE many AS SELECT (i * 7919) % {count} AS cle FROM range({count}) AS r(i)")  # noqa: S608 (the test's own)
        build.write_files(con, table, tmp_path)
    expected = list(range(count))
    assert [int(line) for line in (tmp_path / "many.csv").read_text().splitlines()[1:]] == expected
    assert [row["cle"] for row in json.loads((tmp_path / "many.json").read_bytes())] == expected
    assert pd.read_parquet(tmp_path / "many.parquet")["cle"].tolist() == expected


@pytest.mark.parametrize(
    ("number", "printed"), [(3.0, "3"), (-2.0, "-2"), (0.0, "0"), (1e15, "1000000000000000"), (0.25, "0.25")]
)
def test_a_whole_number_has_no_point(tmp_path: Path, number: float, printed: str) -> None:
    row = {"cle": 1, **{f"c_{kind}": None for kind in VALUES}, "c_number": number}
    package = built(tmp_path, [row])
    line = (package / "data" / "drawn.csv").read_text(encoding="utf-8").splitlines()[1]
    assert line == f"1,,,{printed},,,"
    assert f'"c_number":{printed},' in (package / "data" / "drawn.json").read_text(encoding="utf-8")


def test_rows_that_break_their_schema_are_no_fault_of_the_disk(tmp_path: Path) -> None:
    twice: list[Row] = [{"cle": 1, **{f"c_{kind}": None for kind in VALUES}}] * 2
    with pytest.raises(duckdb.ConstraintException) as error:
        built(tmp_path, twice)
    assert not isinstance(error.value, duckdb.IOException)


@pytest.mark.parametrize(
    ("parent", "field", "kept"),
    [("drawn", "cle", True), ("", "cle", True), ("drawn", "ancienne", False), ("disparu", "cle", False)],
)
def test_a_table_carried_over_keeps_the_foreign_keys_that_still_lead_somewhere(
    parent: str, field: str, *, kept: bool, declarations: Declarations
) -> None:
    portal = load.Declarations(declarations.portal, (DRAWN,), declarations.references, {})
    key = {"fields": ["c_integer"], "reference": {"resource": parent, "fields": [field]}}
    schema = {**table_schema(DRAWN, {}), "foreignKeys": [key]}
    released = {"drawn": {"name": "drawn", "title": "Autrefois", "schema": schema}}
    [table] = tables(portal, set(), released, sample=False)
    assert table["title"] == "Autrefois"
    assert table["schema"] == (schema if kept else table_schema(DRAWN, {}))


def test_a_cell_that_is_empty_is_null_everywhere(tmp_path: Path) -> None:
    package = built(tmp_path, [{"cle": 1, **{f"c_{kind}": None for kind in VALUES}}])
    assert (package / "data" / "drawn.csv").read_text().splitlines()[1] == "1,,,,,,"
    [item] = json.loads((package / "data" / "drawn.json").read_bytes())
    assert item == {"cle": 1, **{f"c_{kind}": None for kind in VALUES}}


def keys_of(package: Path) -> dict[str, list[str]]:
    resources = read_json(package / "datapackage.json")["resources"]
    return {r["name"]: r["schema"]["primaryKey"] for r in resources if r["format"] == "csv"}


def test_formats_of_a_release_agree_and_are_sorted_by_key(sample: Done) -> None:
    with duckdb.connect(str(sample.latest / f"{PORTAL}.duckdb"), read_only=True) as con:
        for name, key in keys_of(sample.latest).items():
            data = sample.latest / "data"
            parquet = con.read_parquet(str(data / f"{name}.parquet"))
            rows = parquet.fetchall()
            assert con.table(name).columns == parquet.columns, name
            assert con.table(name).fetchall() == rows, name
            objects = json.loads((data / f"{name}.json").read_bytes())
            assert [key_text(item[column] for column in key) for item in objects] == [
                key_text(row[parquet.columns.index(column)] for column in key) for row in rows
            ], name
            places = [[item[column] for column in key] for item in objects]
            assert places == sorted(places), name
            with (data / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                cells = list(csv.DictReader(file))
            assert [[unguarded(row[column]) for column in key] for row in cells] == [
                [str(value) for value in place] for place in places
            ], name


def test_the_database_explains_itself(sample: Done, declarations: Declarations) -> None:
    with duckdb.connect(str(sample.latest / f"{PORTAL}.duckdb"), read_only=True) as con:
        comments = dict(con.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall())
        columns = con.execute(
            "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
        keys = dict(
            con.execute(
                "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
                "WHERE constraint_type = 'PRIMARY KEY'"
            ).fetchall()
        )
    assert keys.pop("fraicheur") == ["dataset"]
    assert keys.pop("dictionnaire") == ["dataset", "colonne"]
    assert keys == keys_of(sample.latest)
    histories = {f"{name}_history" for name in keys.keys() - set(OF_THE_CRAWL)}
    assert comments.keys() == {*keys, *histories, *OWN_TABLES}
    assert all(comments.values())
    for name in keys:
        assert comments[name].startswith(declarations.dataset(name).title.fr), name
    assert not [(table, column) for table, column, comment in columns if not comment]


def test_the_database_is_in_the_storage_format_of_duckdb_1(sample: Done) -> None:
    file = sample.latest / f"{PORTAL}.duckdb"
    header = file.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    # DuckDB's storage documentation: 64 is what versions 0.9 to 1.1 read and write.
    assert int.from_bytes(header[12:20], "little") == 64
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{file}' AS package (READ_ONLY)")
        [[tags]] = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'package'").fetchall()
    assert tags["storage_version"].startswith("v1.0.0")


def readable(path: Path) -> str:
    """All text a file holds, also inside Parquet and DuckDB files and zips."""
    if path.suffix == ".zip":
        with ZipFile(path) as bundle, TemporaryDirectory() as folder:
            bundle.extractall(folder)
            return "\n".join(readable(member) for member in Path(folder).rglob("*") if member.is_file())
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv()
    if path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            names = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            return "\n".join(str(row) for name in names for row in con.table(name).fetchall())
    return path.read_text(encoding="utf-8")


def test_no_person_s_address_leaves_the_private_folder(sample: Done) -> None:
    public = [p for p in sample.home.rglob("*") if p.is_file() and sample.home / "runs" not in p.parents]
    assert len(public) > 100
    for path in public:
        raw, text = path.read_bytes(), readable(path)
        for person in PERSONS:
            assert person.casefold() not in text.casefold(), f"{person} in {path}"
            assert person.encode() not in raw, f"{person} in the bytes of {path}"
    kept = "".join(path.read_text(encoding="utf-8") for path in sample.home.glob("runs/*/rows/*.json"))
    assert [person for person in PERSONS if person in kept] == list(PERSONS), "the page does print them"


def test_withheld_addresses_are_shown_masked_as_evidence(sample: Done) -> None:
    rows = json.loads((sample.latest / "data" / "provenance.json").read_bytes())
    masked = [row for row in rows if MASK in row["texte_publie"]]
    assert {row["dataset"] for row in masked} == {"contacts_valorisation"}
    assert len(masked) == len(PERSONS)


def test_numbers_of_a_release_are_finite(sample: Done) -> None:
    values = [row["valeur"] for row in json.loads((sample.latest / "data" / "chiffres_cles.json").read_bytes())]
    assert all(isinstance(value, int) and math.isfinite(value) for value in values)


def test_files_that_repeat_the_last_release_s_are_links_to_them(later: Done) -> None:
    first, second = (later.home / "releases" / version / "data" for version in ("1.0.0", "1.1.0"))
    same = {path.name for path in second.iterdir() if (first / path.name).read_bytes() == path.read_bytes()}
    linked = {path.name for path in second.iterdir() if path.samefile(first / path.name)}
    assert linked == same
    assert {"organisations.parquet", "axes_recherche.csv"} <= linked
