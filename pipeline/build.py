"""Builds the package's data files with DuckDB: CSV, Parquet, JSON and one .duckdb, same rows in the same order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from pipeline.paths import read_json
from schemas.personal import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.paths import RunFolder
    from schemas.load import Declarations
    from schemas.model import Dataset, Field, Portal

TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
# What a spreadsheet would run, and the apostrophe that guards it (CONTRACT, 'Outputs').
_GUARDED = r"^[=+\-@\t\r'']"
# DuckDB 2 writes files older ones cannot read unless told.
_STORAGE = "v1.0.0"


def build(
    run: RunFolder,
    declarations: Declarations,
    tables: Mapping[str, Path],
    fresh: Iterable[str],
    last: Path | None,
    folder: Path,
) -> list[Dataset]:
    """Writes data/ and <portal>.duckdb of a package.

    Args:
        run: has the pages and the evidence of this run's tables.
        declarations: give columns, types, titles, keys.
        tables: the Parquet file to publish for each dataset.
        fresh: datasets whose table is this run's; the others keep the last release's evidence.
        last: the last release's folder.
        folder: the package's folder, which exists and is empty.

    Returns:
        The datasets published, in order.
    """
    data = folder / "data"
    data.mkdir()
    published = [d for d in declarations.datasets if d.derived or d.id in tables]
    with duckdb.connect() as con:
        con.execute("SET autoinstall_known_extensions = false")
        con.execute("SET autoload_known_extensions = false")
        for dataset in published:
            if dataset.derived == "pages":
                _load_frame(con, dataset, _pages(run, declarations.portal))
            elif dataset.derived == "provenance":
                _load_frame(con, dataset, _provenance(run, tables, set(fresh), last))
            else:
                _load(con, dataset, tables[dataset.id])
            _write_files(con, dataset, data)
        _write_database(con, published, folder / f"{declarations.portal.id}.duckdb")
    return published


def write_csv(con: duckdb.DuckDBPyConnection, dataset: Dataset, path: Path) -> None:
    """Writes the table named as the dataset to CSV: UTF-8, comma, LF, empty = null, spreadsheet cells guarded."""
    columns = ", ".join(f'{_as_csv(field)} AS "{field.name}"' for field in dataset.fields)
    rows = f'FROM "{dataset.id}" ORDER BY {_order(dataset)}'
    _copy(con, f"SELECT {columns} {rows}", path, "FORMAT csv, HEADER")


def _write_files(con: duckdb.DuckDBPyConnection, dataset: Dataset, data: Path) -> None:
    write_csv(con, dataset, data / f"{dataset.id}.csv")
    rows = f'FROM "{dataset.id}" ORDER BY {_order(dataset)}'
    _copy(con, f"SELECT * {rows}", data / f"{dataset.id}.parquet", "FORMAT parquet, COMPRESSION zstd")
    columns = ", ".join(f'{_as_json(field)} AS "{field.name}"' for field in dataset.fields)
    _copy(con, f"SELECT {columns} {rows}", data / f"{dataset.id}.json", "FORMAT json, ARRAY true")


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> None:
    con.execute(f"COPY ({query}) TO {_literal(str(path))} ({options})")


def _load(con: duckdb.DuckDBPyConnection, dataset: Dataset, path: Path) -> None:
    """Loads a table, its columns in the declaration's order and types (a column newer than the file is null)."""
    have = set(con.read_parquet(str(path)).columns)
    columns = ", ".join(
        f'CAST({_name(field.name) if field.name in have else "NULL"} AS {TYPES[field.type]}) AS "{field.name}"'
        for field in dataset.fields
    )
    con.execute(f'CREATE TABLE "{dataset.id}" AS SELECT {columns} FROM read_parquet({_literal(str(path))})')  # noqa: S608 (names are the declaration's)


def _load_frame(con: duckdb.DuckDBPyConnection, dataset: Dataset, rows: list[dict[str, object]]) -> None:
    columns = ", ".join(f'"{field.name}" {TYPES[field.type]}' for field in dataset.fields)
    con.execute(f'CREATE TABLE "{dataset.id}" ({columns})')
    if rows:
        frame = pd.DataFrame(rows, columns=list(dataset.names)).astype(object)
        frame = frame.where(frame.notna(), None)
        con.register("incoming", frame)
        casts = ", ".join(f'CAST("{field.name}" AS {TYPES[field.type]})' for field in dataset.fields)
        con.execute(f'INSERT INTO "{dataset.id}" SELECT {casts} FROM incoming')  # noqa: S608 (names are the declaration's)
        con.unregister("incoming")


def _pages(run: RunFolder, portal: Portal) -> list[dict[str, object]]:
    return [{**page, "titre": masked(page["titre"] or "", portal) or None} for page in read_json(run.pages)["pages"]]


def _provenance(
    run: RunFolder, tables: Mapping[str, Path], fresh: set[str], last: Path | None
) -> list[dict[str, object]]:
    """Evidence of every published row: this run's for fresh tables, the last release's for those carried over."""
    rows: list[dict[str, object]] = []
    kept = last / "data" / "provenance.json" if last else None
    if kept is not None and kept.is_file():
        old = json.loads(kept.read_bytes())
        rows += [row for row in old if row["dataset"] in tables and row["dataset"] not in fresh]
    for name in sorted(fresh & tables.keys()):
        rows += read_json(run.findings(name))["evidence"]
    return rows


def _write_database(con: duckdb.DuckDBPyConnection, published: Iterable[Dataset], path: Path) -> None:
    con.execute(f"ATTACH {_literal(str(path))} AS package (STORAGE_VERSION '{_STORAGE}')")
    for dataset in published:
        columns = ", ".join(
            f'"{field.name}" {TYPES[field.type]}{" NOT NULL" if field.constraints.required else ""}'
            for field in dataset.fields
        )
        key = ", ".join(f'"{name}"' for name in dataset.key)
        con.execute(f'CREATE TABLE package."{dataset.id}" ({columns}, PRIMARY KEY ({key}))')
        con.execute(f'INSERT INTO package."{dataset.id}" FROM "{dataset.id}" ORDER BY {_order(dataset)}')
        con.execute(f'COMMENT ON TABLE package."{dataset.id}" IS {_literal(_comment(dataset))}')
        for field in dataset.fields:
            said = (
                f"{field.title.fr} — {(field.description or field.title).fr}" if field.description else field.title.fr
            )
            con.execute(f'COMMENT ON COLUMN package."{dataset.id}"."{field.name}" IS {_literal(said)}')
    con.execute("DETACH package")


def _comment(dataset: Dataset) -> str:
    return f"{dataset.title.fr} — {dataset.description.fr.strip()}"


def _order(dataset: Dataset) -> str:
    return ", ".join(f'"{name}"' for name in dataset.key)


def _as_csv(field: Field) -> str:
    name = _name(field.name)
    if field.type == "string":
        return f"CASE WHEN regexp_matches({name}, '{_GUARDED}') THEN '''' || {name} ELSE {name} END"
    if field.type == "number":
        whole = f"CAST(CAST({name} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {name} = trunc({name}) THEN {whole} ELSE CAST({name} AS VARCHAR) END"
    if field.type == "datetime":
        return _instant(name)
    return name


def _as_json(field: Field) -> str:
    name = _name(field.name)
    if field.type == "number":
        return f"CASE WHEN {name} = trunc({name}) THEN to_json(CAST({name} AS HUGEINT)) ELSE to_json({name}) END"
    return _instant(name) if field.type == "datetime" else name


def _instant(name: str) -> str:
    return f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')"


def _name(name: str) -> str:
    return f'"{name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
