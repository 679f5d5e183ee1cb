"""The SQL that several modules write: connections, names and texts quoted, column types, cells as a CSV prints them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

# DuckDB 2 writes files older ones cannot read unless told.
_STORAGE = "v1.0.0"
# Tables and their columns take whole blocks: small ones, which DuckDB reads since 1.1, waste less of a small file.
_BLOCK, _SMALL_BLOCK = 262_144, 16_384  # bytes

_UNUSED = "1MB"  # what a connection may keep of memory it no longer needs

# Table Schema's types as DuckDB has them.
TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}


def connected() -> duckdb.DuckDBPyConnection:
    """A connection to an empty database in memory, which fetches no extension from anywhere.

    It gives memory back as soon as it needs it no longer: DuckDB keeps some 100 MB more a core.
    """
    return duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,  # files are written from each other, row by row
            "allocator_flush_threshold": _UNUSED,
            "allocator_bulk_deallocation_flush_threshold": _UNUSED,
        }
    )


def attach(con: duckdb.DuckDBPyConnection, path: Path, database: str, *, small: bool) -> None:
    """Opens a database file to write, as older DuckDB read it; one that is not there is made.

    Args:
        con: the connection.
        path: the file.
        database: its name in the connection.
        small: whether one that is made will have few rows for its tables.

    Raises:
        duckdb.IOException: it cannot be opened, or is no database.
    """
    size = "" if path.exists() else f", BLOCK_SIZE {_SMALL_BLOCK if small else _BLOCK}"
    con.execute(f"ATTACH {literal(str(path))} AS {name(database)} (STORAGE_VERSION '{_STORAGE}'{size})")


def insert_texts(
    con: duckdb.DuckDBPyConnection, place: str, columns: int, rows: Iterable[Sequence[str | None]]
) -> None:
    """Inserts rows of texts, which the columns' types take as they are cast.

    Args:
        con: the connection.
        place: the table, quoted.
        columns: how many it has.
        rows: their cells, in the table's order.
    """
    texts = [list(row) for row in rows]
    if texts:
        cells = ", ".join(f"cells[{at}]" for at in range(1, columns + 1))
        con.execute(f"INSERT INTO {place} SELECT {cells} FROM (SELECT unnest(?::VARCHAR[][]) AS cells)", [texts])  # noqa: S608 (a place is quoted)


def comment(con: duckdb.DuckDBPyConnection, place: str, said: str, columns: Mapping[str, str]) -> None:
    """Says what a table is, and what its columns are.

    Args:
        con: the connection.
        place: the table, quoted.
        said: of the table.
        columns: of each column by name.
    """
    con.execute(f"COMMENT ON TABLE {place} IS {literal(said)}")
    for column, text in columns.items():
        con.execute(f"COMMENT ON COLUMN {place}.{name(column)} IS {literal(text)}")


def name(identifier: str) -> str:
    """An identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text, quoted."""
    return "'" + text.replace("'", "''") + "'"


def instant(column: str) -> str:
    """A moment in UTC as every file writes it: 2026-11-23T15:30:00Z."""
    return f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ')"


def printed(column: str, kind: str) -> str:
    """A cell of a DuckDB type as a CSV prints it, before any guard: whole numbers without `.0`, moments in UTC.

    Args:
        column: its name, quoted.
        kind: one of the values of `TYPES`.
    """
    if kind == "DOUBLE":
        whole = f"CAST(CAST({column} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {column} = trunc({column}) THEN {whole} ELSE CAST({column} AS VARCHAR) END"
    return instant(column) if kind == "TIMESTAMP" else f"CAST({column} AS VARCHAR)"


def fields(table: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The fields of a table as its CSV resource describes it."""
    return list(table["schema"]["fields"])


def ordered(table: Mapping[str, Any], place: str) -> str:
    """What follows SELECT for the rows of a table by key: its own values, not what a format makes of them.

    Args:
        table: its CSV resource.
        place: where it stands: a quoted name, alone or after that of its database.
    """
    return f"FROM {place} ORDER BY {', '.join(f'{place}.{name(key)}' for key in table['schema']['primaryKey'])}"
