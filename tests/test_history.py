"""The temporal store: any past release is there as it was, however it was added and whatever became of its columns."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipeline import history, temporal
from pipeline.changes import changes
from pipeline.paths import Home, write_json
from pipeline.sql import TYPES
from schemas.model import OWN_COLUMNS, OWN_TABLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PORTAL = "drawn"
CELLS = {
    "string": st.sampled_from(["", "a", "é", "12", "x/y", "100%", "012"]),
    "integer": st.integers(-3, 3),
    "number": st.sampled_from([0.5, 1.0, -2.0]),
    "boolean": st.booleans(),
    "date": st.dates(dt.date(2020, 1, 1), dt.date(2020, 1, 3)),
    "datetime": st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2)).map(  # noqa: DTZ001 (stored in UTC, without a zone)
        lambda value: value.replace(microsecond=0)
    ),
}
KEYS = st.sampled_from(["a", "b", "x/y", "100%", "é"])


@dataclass
class Table:
    """A dataset in one release."""

    columns: dict[str, str]
    renamed: dict[str, str] = field(default_factory=dict)
    rows: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)


@st.composite
def rows(draw: st.DrawFn, columns: dict[str, str]) -> dict[tuple[str, int], dict[str, Any]]:
    cells = st.fixed_dictionaries({name: st.none() | CELLS[kind] for name, kind in columns.items()})
    return draw(st.dictionaries(st.tuples(KEYS, st.integers(1, 2)), cells, max_size=5))


@st.composite
def releases(draw: st.DrawFn) -> list[dict[str, Table]]:
    """Releases in a row: rows and datasets come and go, columns are added, removed, renamed, retyped."""
    drawn: list[dict[str, Table]] = []
    for _ in range(draw(st.integers(1, 5))):
        last = drawn[-1] if drawn else {}
        now = {}
        for name in ("une", "deux"):
            before = last.get(name)
            if before is None or draw(st.integers(0, 5)) == 0:
                if draw(st.booleans()):
                    columns = draw(st.dictionaries(st.sampled_from("pqr"), st.sampled_from(sorted(CELLS)), max_size=3))
                    now[name] = Table(columns, {}, draw(rows(columns)))
                continue
            now[name] = draw(after(before))
        drawn.append(now)
    return drawn


@st.composite
def after(draw: st.DrawFn, before: Table) -> Table:
    columns, renamed, kept = dict(before.columns), dict(before.renamed), before.rows
    what = draw(st.sampled_from(["held", "rows", "row", "added", "removed", "renamed", "retyped"]))
    if what == "held":
        return before
    if what == "added":
        columns[draw(st.sampled_from("pqrst"))] = draw(st.sampled_from(sorted(CELLS)))
    elif what == "removed" and columns:
        del columns[draw(st.sampled_from(sorted(columns)))]
    elif what == "renamed" and columns:
        old, new = draw(st.sampled_from(sorted(columns))), draw(st.sampled_from("uvw"))
        if new not in columns:
            columns = {new if name == old else name: kind for name, kind in columns.items()}
            renamed[new] = old
            kept = {
                key: {new if name == old else name: value for name, value in row.items()} for key, row in kept.items()
            }
    elif what == "retyped" and columns:
        columns[draw(st.sampled_from(sorted(columns)))] = draw(st.sampled_from(sorted(CELLS)))
    renamed = {new: old for new, old in renamed.items() if new in columns and old not in columns}
    if what in {"rows", "added", "retyped"}:
        return Table(columns, renamed, draw(rows(columns)))
    kept = {key: {name: row[name] for name in columns} for key, row in kept.items()}
    if what == "row" and kept:
        key = draw(st.sampled_from(sorted(kept)))
        kept = {**kept, key: {name: draw(st.none() | CELLS[kind]) for name, kind in columns.items()}}
    return Table(columns, renamed, kept)


def resource(name: str, table: Table) -> dict[str, Any]:
    fields = {"cle": "string", "rang": "integer", **table.columns}
    return {
        "name": name,
        "title": name,
        "description": name,
        "path": f"data/{name}.csv",
        "format": "csv",
        "renamed": table.renamed,
        "schema": {
            "fields": [{"name": n, "type": kind, "title": n, "description": n} for n, kind in fields.items()],
            "primaryKey": ["cle", "rang"],
        },
    }


def released(home: Home, number: int, tables: dict[str, Table], day: int, run: str = "") -> str:
    """Writes a release as far as a store reads it, with its changes against the one before, and makes it current."""
    version = f"1.{number}.0"
    folder = home.release(version)
    (folder / "data").mkdir(parents=True)
    told = []
    with duckdb.connect() as con:
        for name, table in tables.items():
            kinds = {"cle": "VARCHAR", "rang": "BIGINT", **{n: TYPES[kind] for n, kind in table.columns.items()}}
            con.execute(f"CREATE OR REPLACE TABLE t ({', '.join(f'{n} {kind}' for n, kind in kinds.items())})")
            for (key, rank), row in table.rows.items():
                marks = ", ".join("?" for _ in kinds)
                con.execute(f"INSERT INTO t VALUES ({marks})", [key, rank, *map(row.get, table.columns)])  # noqa: S608 (question marks)
            con.execute(f"COPY (FROM t ORDER BY cle, rang) TO '{folder}/data/{name}.parquet'")
    if number:
        before = home.release(f"1.{number - 1}.0") / "data"
        names = {path.stem for path in [*before.glob("*"), *(folder / "data").glob("*")]}
        with duckdb.connect() as con:
            for name in sorted(names):
                files = [place / f"{name}.parquet" for place in (before, folder / "data")]
                told += changes(con, name, ["cle", "rang"], *(file if file.is_file() else None for file in files))
    write_json(folder / "changes.json", told)
    descriptor = {
        "name": PORTAL,
        "version": version,
        "created": f"2026-01-{day:02}T10:00:00Z",
        "run": run or f"run-{number}",
        "resources": [resource(name, table) for name, table in tables.items()],
    }
    write_json(folder / "datapackage.json", descriptor)
    home.latest.unlink(missing_ok=True)
    home.latest.symlink_to(f"releases/{version}")
    return version


def content(path: Path) -> dict[str, Any]:
    """All a store says, its rows and columns in any order."""
    with duckdb.connect(str(path), read_only=True) as con:
        tables = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
        found = {}
        for name in tables:
            relation = con.table(name)
            found[name] = sorted(
                sorted(zip(relation.columns, map(str, row), strict=True)) for row in relation.fetchall()
            )
        return found


class Oracle:
    """What a store should say, from whole copies of every release: the plain way, which costs all rows each time."""

    def __init__(self) -> None:
        self.kinds: dict[str, dict[str, str]] = {}
        self.past: dict[str, dict[str, list[dict[str, Any]]]] = {}

    def add(self, version: str, tables: dict[str, Table]) -> None:
        for name, table in tables.items():
            now = {"cle": "string", "rang": "integer", **table.columns}
            kinds = self.kinds.setdefault(name, dict(now))
            every = [row for rows in self.past.get(name, {}).values() for row in rows]
            for column, kind in now.items():
                former = table.renamed.get(column)
                if column not in kinds and former in kinds and former not in now:
                    kinds[column] = kinds.pop(former)
                    for row in every:
                        row[column] = row.pop(former)
                was = kinds.setdefault(column, kind)
                for row in every:
                    row[column] = cast(row.get(column), was, kind)
                kinds[column] = kind
            rows = [{"cle": key, "rang": rank, **row} for (key, rank), row in sorted(table.rows.items())]
            self.past.setdefault(name, {})[version] = [{column: row.get(column) for column in kinds} for row in rows]

    def said(self, name: str, version: str, columns: list[str]) -> list[tuple[Any, ...]]:
        return [tuple(row.get(column) for column in columns) for row in self.past[name].get(version, [])]


def printed(value: object) -> str:
    """A cell as a CSV prints it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


READ: dict[str, Callable[[str], object]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": {"true": True, "false": False}.__getitem__,
    "date": dt.date.fromisoformat,
    "datetime": lambda text: dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ"),  # noqa: DTZ007 (stored in UTC, without a zone)
}


def cast(value: object, was: str, kind: str) -> object:
    """A cell under a column's new type: the value that a CSV prints alike, null where there is none."""
    if value is None or was == kind:
        return value
    try:
        found = READ[kind](printed(value))
    except (ValueError, KeyError):
        return None
    return found if printed(found) == printed(value) else None


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(drawn=releases(), data=st.data())
def test_a_store_says_what_each_release_said(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Table]], data: st.DataObject
) -> None:
    home, oracle = Home(tmp_path_factory.mktemp("history") / PORTAL), Oracle()
    days = data.draw(st.lists(st.integers(1, 28), min_size=len(drawn), max_size=len(drawn)))
    for number, tables in enumerate(drawn):
        oracle.add(released(home, number, tables, days[number]), tables)
        history.catch_up(home)
    added = content(home.history)
    history.rebuild(home)
    assert content(home.history) == added
    with duckdb.connect(str(home.history), read_only=True) as con:
        for name in oracle.past:
            today = drawn[-1].get(name)
            columns = ["cle", "rang", *(today.columns if today else oracle.kinds[name].keys() - {"cle", "rang"})]
            shown = ", ".join(f'"{column}"' for column in columns)
            for number in range(len(drawn)):
                query = f"SELECT {shown} FROM {name}_as_of(?) ORDER BY cle, rang"  # noqa: S608 (names are the test's)
                found = con.execute(query, [f"1.{number}.0"]).fetchall()
                assert found == oracle.said(name, f"1.{number}.0", columns)
            for day in sorted({1, *days}):
                there = [number for number in range(len(drawn)) if days[number] <= day]
                found = con.execute(query, [dt.date(2026, 1, day)]).fetchall()
                assert found == (oracle.said(name, f"1.{there[-1]}.0", columns) if there else [])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Three releases: a row changed, then one removed and a column renamed."""
    home = Home(tmp_path / PORTAL)
    first = Table({"n": "integer"}, {}, {("a", 1): {"n": 1}, ("b", 1): {"n": 2}})
    second = Table({"n": "integer"}, {}, {("a", 1): {"n": 5}, ("b", 1): {"n": 2}})
    third = Table({"m": "integer"}, {"m": "n"}, {("a", 1): {"m": 5}})
    for number, table in enumerate((first, second, third)):
        released(home, number, {"une": table}, 10 + number)
    history.catch_up(home)
    return home


def test_a_row_version_says_from_when_to_when(home: Home) -> None:
    with duckdb.connect(str(home.history), read_only=True) as con:
        told = con.execute(
            "SELECT cle, m, valid_from, valid_to, valid_to_date FROM une_history ORDER BY ALL"
        ).fetchall()
        assert told == [
            ("a", 1, "1.0.0", "1.1.0", dt.datetime(2026, 1, 11, 10)),  # noqa: DTZ001 (stored in UTC, without a zone)
            ("a", 5, "1.1.0", None, None),
            ("b", 2, "1.0.0", "1.2.0", dt.datetime(2026, 1, 12, 10)),  # noqa: DTZ001 (as above)
        ]
        assert con.execute("FROM changes WHERE version = '1.1.0'").fetchall() == [
            ("1.1.0", "une", "a/1", "changed", "n", "1", "5")
        ]


@pytest.mark.parametrize("when", ["9.9.9", "hier", "2026-02-31", "", None])
def test_no_version_and_no_day_is_said_so(home: Home, when: str | None) -> None:
    with (
        duckdb.connect(str(home.history), read_only=True) as con,
        pytest.raises(duckdb.InvalidInputException, match=r"Pas de version 9\.9\.9|Attendu / expected"),
    ):
        con.execute("FROM une_as_of(?)", [when]).fetchall()


@pytest.mark.parametrize(
    ("when", "rows"),
    [
        ("2026-01-09", 0),
        ("2026-01-10", 2),
        ("2026-01-10 09:59:59", 0),
        ("2026-01-10T10:00:00Z", 2),
        ("2026-01-10T08:59:59-01:00", 0),
        ("2026-01-10 11:30:00+02", 0),
        ("2026-01-10 12:00:00+02", 2),
        (dt.datetime(2026, 1, 10, 5, tzinfo=dt.timezone(dt.timedelta(hours=-5))), 2),
        (dt.date(2026, 1, 12), 1),
        (dt.datetime(2026, 1, 12, 9), 2),  # noqa: DTZ001 (as above)
    ],
)
def test_a_day_is_the_release_in_force_at_its_end(home: Home, when: object, rows: int) -> None:
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert len(con.execute("FROM une_as_of(?)", [when]).fetchall()) == rows


def test_versions_follow_their_order_and_not_their_text(tmp_path: Path) -> None:
    home = Home(tmp_path / PORTAL)
    for number in range(11):
        released(home, number, {"une": Table({"n": "integer"}, {}, {("a", 1): {"n": number}})}, 1)
    history.catch_up(home)
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert [con.execute("SELECT n FROM une_as_of(?)", [f"1.{n}.0"]).fetchall() for n in (2, 9, 10)] == [
            [(2,)],
            [(9,)],
            [(10,)],
        ]


def test_a_retyped_column_keeps_the_values_that_print_alike(tmp_path: Path) -> None:
    home = Home(tmp_path / PORTAL)
    cells = [0.5, 1.0, 1.5, None]
    rows: dict[tuple[str, int], dict[str, Any]] = {("a", rank): {"n": cell} for rank, cell in enumerate(cells)}
    released(home, 0, {"une": Table({"n": "number"}, {}, rows)}, 1)
    whole = {key: {"n": None if row["n"] is None else round(row["n"])} for key, row in rows.items()}
    released(home, 1, {"une": Table({"n": "integer"}, {}, whole)}, 2)
    history.catch_up(home)
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert con.execute("SELECT n FROM une_as_of('1.0.0') ORDER BY rang").fetchall() == [
            (None,),
            (1,),
            (None,),
            (None,),
        ]
        assert con.execute("SELECT n FROM une_as_of('1.1.0') ORDER BY rang").fetchall() == [(0,), (1,), (2,), (None,)]


def test_a_column_named_like_what_is_asked_is_a_column(tmp_path: Path) -> None:
    home = Home(tmp_path / PORTAL)
    released(home, 0, {"une": Table({"quand": "string"}, {}, {("a", 1): {"quand": "jamais"}})}, 1)
    history.catch_up(home)
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert con.execute("FROM une_as_of('1.0.0')").fetchall() == [("a", 1, "jamais")]


def test_a_number_given_again_is_another_release(home: Home) -> None:
    shutil.rmtree(home.release("1.2.0"))
    released(home, 2, {"une": Table({"m": "integer"}, {"m": "n"}, {("c", 1): {"m": 7}})}, 12, "another run")
    history.catch_up(home)
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert con.execute("FROM une_as_of('1.2.0')").fetchall() == [("c", 1, 7)]


def test_a_release_that_never_became_current_is_none(home: Home) -> None:
    whole = content(home.history)
    released(home, 3, {}, 13)
    home.latest.unlink()
    home.latest.symlink_to("releases/1.2.0")
    history.catch_up(home)
    assert content(home.history) == whole


@pytest.mark.parametrize("broken", ["DROP TABLE changes", "ALTER TABLE une_history DROP COLUMN valid_to"])
def test_a_store_of_another_shape_is_made_anew(home: Home, broken: str) -> None:
    released(home, 3, {"une": Table({"m": "integer"}, {"m": "n"}, {("a", 1): {"m": 6}})}, 13)
    with duckdb.connect(str(home.history)) as con:
        con.execute(broken)
    history.catch_up(home)
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert con.execute("FROM une_as_of('1.3.0')").fetchall() == [("a", 1, 6)]


def test_a_release_that_cannot_be_read_is_named(home: Home) -> None:
    broken = home.release("1.1.0") / "data" / "une.parquet"
    broken.write_bytes(b"no table")
    with pytest.raises(duckdb.Error, match=r"une\.parquet"):
        history.rebuild(home)


def test_what_is_not_of_these_releases_is_made_anew(home: Home) -> None:
    whole = content(home.history)
    for broken in (b"", b"no database", None):
        home.history.unlink()
        if broken is not None:
            home.history.write_bytes(broken)
        history.catch_up(home)
        assert content(home.history) == whole
    shutil.rmtree(home.release("1.2.0"))
    home.latest.unlink()
    home.latest.symlink_to("releases/1.1.0")
    history.catch_up(home)
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert con.execute("SELECT version FROM releases ORDER BY ordre").fetchall() == [("1.0.0",), ("1.1.0",)]


def test_a_store_that_somebody_reads_is_added_to_all_the_same(home: Home) -> None:
    reads = f"import duckdb; con = duckdb.connect({str(home.history)!r}, read_only=True); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", reads], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"\n"
        released(home, 3, {"une": Table({"m": "integer"}, {"m": "n"}, {})}, 13)
        history.catch_up(home)
        reader.communicate(b"\n")
    with duckdb.connect(str(home.history), read_only=True) as con:
        assert con.execute("FROM une_as_of('1.3.0')").fetchall() == []


def test_what_the_store_has_of_its_own_is_reserved() -> None:
    assert {"releases", "changes"} <= OWN_TABLES
    assert temporal.VALIDITY.keys() == OWN_COLUMNS
