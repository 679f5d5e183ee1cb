"""Builds the package's data files with DuckDB: CSV, Parquet and JSON, same rows in the same order.

A table is known by what the package says of it, its CSV resource in datapackage.json: name, title, description, Table
Schema. A declaration gives one to a table of this run, the last release to a table carried over. A file that repeats
the last release's is a link to it.
"""

from __future__ import annotations

import filecmp
import json
import shutil
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline import links, sql
from pipeline.described import tables as tables_of
from pipeline.paths import read_json, read_rows
from schemas.personal import masked
from schemas.typography import GUARD, GUARDED, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    import duckdb

    from pipeline.paths import RunFolder
    from schemas.load import Declarations
    from schemas.model import Portal

    Described = Mapping[str, Any]

_EXTENSIONS = (".csv", ".parquet", ".json")
_AT_ONCE = 2_000  # pages


def build(
    run: RunFolder,
    declarations: Declarations,
    tables: Sequence[Described],
    rows: Mapping[str, Path],
    made: AbstractSet[str],
    last: Path | None,
    data: Path,
) -> None:
    """Writes a package's data/.

    Args:
        run: has the pages and the evidence of this run's tables.
        declarations: say which tables the crawl itself gives.
        tables: the tables to publish, in order.
        rows: the Parquet file of each table the crawl does not itself give.
        made: tables this run made; the others' files are the last release's, and so is their evidence.
        last: the last release's folder.
        data: where to; it is made.

    Raises:
        OSError, duckdb.IOException: the folder cannot be written.
        duckdb.Error: the rows are not what their Table Schema says.
    """
    data.mkdir()
    derived = {dataset.id: dataset.derived for dataset in declarations.datasets}
    linked = links.links(declarations, rows) if links.table(declarations) else []
    with sql.connected() as con:
        for table in tables:
            name = table["name"]
            if name not in made:
                _carry(rows[name], data)
                continue
            if derived[name] == "pages":
                _create(con, table)
                for rows_read in _pages(run, declarations.portal):
                    _insert(con, table, rows_read)
            elif derived[name] == "provenance":
                seen = _provenance(run, rows.keys(), made, last)
                _load_rows(con, table, [*seen, *links.evidence(linked, seen, links.table(declarations) or "")])
            elif derived[name] == "organisations":
                _load_rows(con, table, linked)
            else:
                _load(con, table, rows[name])
            write_files(con, table, data)
            con.execute(f"DROP TABLE {sql.name(name)}")
    if last is not None:
        for path in data.iterdir():
            _link_if_the_same(path, last / "data" / path.name)


def rewrite(release: Path, edit: Callable[[duckdb.DuckDBPyConnection, str], bool], data: Path) -> None:
    """Writes a release's data/ again, some of its rows edited.

    Args:
        release: the release's folder.
        edit: changes the loaded table of that name in place, and says whether it did; the others' files are carried.
        data: where to; it is made.

    Raises:
        OSError, duckdb.IOException: a file cannot be read or written.
        duckdb.Error: the rows are not what their Table Schema says.
    """
    data.mkdir()
    with sql.connected() as con:
        for table in tables_of(read_json(release / "datapackage.json")):
            released = release / "data" / f"{table['name']}.parquet"
            _load(con, table, released)
            if edit(con, table["name"]):
                write_files(con, table, data)
            else:
                _carry(released, data)
            con.execute(f"DROP TABLE {sql.name(table['name'])}")


def write_files(con: duckdb.DuckDBPyConnection, table: Described, data: Path) -> None:
    """Writes a loaded table's files, its rows by key: sorted once, for Parquet, from which the others are written.

    The CSV is UTF-8 with commas and LF; empty is null, and what a spreadsheet would run is guarded.

    Args:
        con: has the table.
        table: its CSV resource.
        data: where to.

    Raises:
        OSError, duckdb.IOException: a file cannot be written.
    """
    name = table["name"]
    parquet = data / f"{name}.parquet"
    rows = f"SELECT * {sql.ordered(table, sql.name(name))}"
    _copy(con, rows, parquet, "FORMAT parquet, COMPRESSION zstd")
    for form, cell, options in (("csv", _as_csv, "FORMAT csv, HEADER"), ("json", _as_json, "FORMAT json, ARRAY true")):
        columns = ", ".join(f"{cell(field)} AS {sql.name(field['name'])}" for field in sql.fields(table))
        # DuckDB reads and writes rows in the order of the file, on however many cores (preserve_insertion_order).
        written = f"SELECT {columns} FROM read_parquet({sql.literal(str(parquet))})"  # noqa: S608 (quoted)
        _copy(con, written, data / f"{name}.{form}", options)


def _carry(parquet: Path, data: Path) -> None:
    """Puts a released table's files in the package: links where they can be, else copies."""
    for extension in _EXTENSIONS:
        released = parquet.with_suffix(extension)
        try:
            (data / released.name).hardlink_to(released)
        except OSError:
            shutil.copyfile(released, data / released.name)


def _link_if_the_same(path: Path, released: Path) -> None:
    if not released.is_file() or path.samefile(released) or not filecmp.cmp(path, released, shallow=False):
        return
    link = path.with_name(f".{path.name}")
    try:
        link.hardlink_to(released)
    except OSError:  # a file system without links keeps the copy
        return
    link.replace(path)


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> None:
    con.execute(f"COPY ({query}) TO {sql.literal(str(path))} ({options})")


def _load(con: duckdb.DuckDBPyConnection, table: Described, path: Path) -> None:
    query = f"SELECT {_casts(table)} FROM read_parquet({sql.literal(str(path))})"  # noqa: S608 (names are the declaration's)
    con.execute(f"CREATE TABLE {sql.name(table['name'])} AS {query}")


def _load_rows(con: duckdb.DuckDBPyConnection, table: Described, rows: list[dict[str, object]]) -> None:
    _create(con, table)
    _insert(con, table, rows)


def _create(con: duckdb.DuckDBPyConnection, table: Described) -> None:
    columns = ", ".join(f"{sql.name(field['name'])} {sql.TYPES[field['type']]}" for field in sql.fields(table))
    con.execute(f"CREATE TABLE {sql.name(table['name'])} ({columns})")


def _insert(con: duckdb.DuckDBPyConnection, table: Described, rows: list[dict[str, object]]) -> None:
    if rows:
        frame = pd.DataFrame(rows, columns=[field["name"] for field in sql.fields(table)]).astype(object)
        frame = frame.where(frame.notna(), None)
        con.register("incoming", frame)
        con.execute(f"INSERT INTO {sql.name(table['name'])} SELECT {_casts(table)} FROM incoming")  # noqa: S608 (as above)
        con.unregister("incoming")


def _pages(run: RunFolder, portal: Portal) -> Iterator[list[dict[str, object]]]:
    """The pages read, some thousands at a time."""
    printed = ("titre", "langue")
    rows = read_rows(run.pages)
    while pages := list(islice(rows, _AT_ONCE)):
        yield [
            {**page, **{name: visible(masked(page[name] or "", portal)) or None for name in printed}} for page in pages
        ]


def _provenance(
    run: RunFolder, published: AbstractSet[str], made: AbstractSet[str], last: Path | None
) -> list[dict[str, object]]:
    """Evidence of every published row: this run's for its own tables, the last release's for those carried over."""
    rows: list[dict[str, object]] = []
    kept = last / "data" / "provenance.json" if last else None
    if kept is not None and kept.is_file():
        old = json.loads(kept.read_bytes())
        rows += [row for row in old if row["dataset"] in published and row["dataset"] not in made]
    for name in sorted(made & published):
        rows += read_json(run.findings(name))["evidence"]
    return rows


def _casts(table: Described) -> str:
    columns = [(sql.name(field["name"]), sql.TYPES[field["type"]]) for field in sql.fields(table)]
    return ", ".join(f"CAST({column} AS {kind}) AS {column}" for column, kind in columns)


def _as_csv(field: Described) -> str:
    name, kind = sql.name(field["name"]), sql.TYPES[field["type"]]
    if kind == "VARCHAR":
        return f"regexp_replace({name}, {sql.literal(GUARDED)}, {sql.literal(GUARD)}, 'g')"
    return sql.printed(name, kind) if kind in {"DOUBLE", "TIMESTAMP"} else name


def _as_json(field: Described) -> str:
    name = sql.name(field["name"])
    if field["type"] == "number":
        return f"CASE WHEN {name} = trunc({name}) THEN to_json(CAST({name} AS HUGEINT)) ELSE to_json({name}) END"
    return sql.instant(name) if field["type"] == "datetime" else name
