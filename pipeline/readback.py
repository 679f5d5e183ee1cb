"""A package's files read back with DuckDB: what datapackage.json says of every file and every row, at any size.

It finds what frictionless finds in files of the form this product writes (docs/decisions/0016).
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import sql
from pipeline.described import sha256_of, tables
from pipeline.paths import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Described = Mapping[str, Any]

# How a CSV prints a value (Table Schema, 'Types'), whole; of dates the calendar then says whether there is such a day.
_FORMS = {
    "integer": "[+-]?[0-9]+",
    "number": "[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?",
    "boolean": "true|false",
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "datetime": "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
}
_OF_THE_CALENDAR = {"date": "DATE", "datetime": "TIMESTAMP"}
_LONGEST_LINE = 16_000_000  # bytes


def faults(descriptor: Described, folder: Path) -> Iterator[str]:
    """What of a package is not as its descriptor says: files, labels, cells, keys, foreign keys.

    Args:
        descriptor: its datapackage.json.
        folder: where that lies.

    Returns:
        A line a fault, with the table, the kind of error in frictionless's words, the column and a cell.
    """
    for resource in descriptor["resources"]:
        path = folder / resource["path"]
        if path.stat().st_size != resource["bytes"]:
            yield f"{resource['name']} [byte-count] expected {resource['bytes']}, found {path.stat().st_size}"
        if sha256(path) != sha256_of(resource):
            yield f"{resource['name']} [hash-count] expected {sha256_of(resource)}, found {sha256(path)}"
    described = tables(descriptor)
    with sql.connected() as con:
        labelled = [fault for table in described if (fault := _mislabelled(con, table, folder / table["path"]))]
        yield from labelled
        if labelled:  # no cell can be told of a table whose columns are not known
            return
        for table in described:
            try:
                yield from _in_rows(con, table)
                yield from _unmatched(con, table)
            except duckdb.InvalidInputException as error:  # no CSV, or more or fewer cells than columns
                yield f"{table['name']} [source-error] {str(error).splitlines()[0]}"


def _mislabelled(con: duckdb.DuckDBPyConnection, table: Described, path: Path) -> str:
    """Makes a view of a table's CSV, all of it text; gives what is wrong with its header row, empty if nothing."""
    names = [field["name"] for field in sql.fields(table)]
    with path.open(encoding="utf-8", newline="") as file:
        found = next(csv.reader(file), [])
    if found != names:
        return f"{table['name']} [incorrect-label] expected {', '.join(names)}, found {', '.join(found)}"
    columns = ", ".join(f"{sql.literal(name)}: 'VARCHAR'" for name in names)
    con.execute(
        f"CREATE VIEW {sql.name(table['name'])} AS FROM read_csv({sql.literal(str(path))}, columns = {{{columns}}}, "
        "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = '', "
        f"max_line_size = {_LONGEST_LINE}, buffer_size = {2 * _LONGEST_LINE})"
    )
    return ""


def _in_rows(con: duckdb.DuckDBPyConnection, table: Described) -> Iterator[str]:
    """What is wrong with the cells and the keys of a table; all of it is counted as its file is gone through once."""
    name = table["name"]
    checks = [check for field in sql.fields(table) for check in _of_a_column(field)]
    counts = [
        cell
        for column, wrong, _ in checks
        for cell in (f"count(*) FILTER ({wrong})", f"min({column}) FILTER ({wrong})")
    ]
    key = [sql.name(column) for column in table["schema"]["primaryKey"]]
    alone = [sql.name(field["name"]) for field in sql.fields(table) if _given(field).get("unique")]
    counts += [f"count({column}) - count(DISTINCT {column})" for column in alone]
    counts += [
        f"count(*) - count(DISTINCT ({', '.join(key)}))",
        f"count(*) FILTER ({' OR '.join(f'{c} IS NULL' for c in key)})",
    ]
    found = con.execute(f"SELECT {', '.join(counts)} FROM {sql.name(name)}").fetchall()[0]  # noqa: S608 (quoted names)
    for (column, _, code), times, cell in zip(checks, found[::2], found[1::2], strict=False):
        if times:
            yield f"{name} [{code}] {column}: {times} cells, such as {cell!r}"
    for column, times in zip(alone, found[2 * len(checks) :], strict=False):
        if times:
            yield f"{name} [unique-error] {column}: {times} cells have the value of another"
    if any(found[-2:]):
        yield f"{name} [primary-key] {', '.join(key)}: {found[-2]} rows have the key of another, {found[-1]} have none"
    for field in sql.fields(table):
        if "pattern" in _given(field):
            yield from _unlike(con, name, field)


def _of_a_column(field: Described) -> Iterator[tuple[str, str, str]]:
    """The column, a condition that a cell breaks its type or a constraint, and the kind of error that is."""
    column, kind, given = sql.name(field["name"]), field["type"], _given(field)
    if kind in _FORMS:
        form = f"NOT regexp_full_match({column}, {sql.literal(_FORMS[kind])})"
        there = f" OR TRY_CAST({column} AS {_OF_THE_CALENDAR[kind]}) IS NULL" if kind in _OF_THE_CALENDAR else ""
        yield column, f"{column} IS NOT NULL AND ({form}{there})", "type-error"
    number = f"TRY_CAST({column} AS {'HUGEINT' if kind == 'integer' else 'DOUBLE'})"
    broken = {
        "required": f"{column} IS NULL",
        "minimum": f"{number} < {given.get('minimum')}",
        "maximum": f"{number} > {given.get('maximum')}",
        "minLength": f"length({column}) < {given.get('minLength')}",
        "maxLength": f"length({column}) > {given.get('maxLength')}",
        "enum": f"{column} NOT IN ({', '.join(map(sql.literal, given.get('enum', [])))})",
    }
    yield from (
        (column, wrong, "constraint-error") for name, wrong in broken.items() if given.get(name, False) is not False
    )


def _unlike(con: duckdb.DuckDBPyConnection, table: str, field: Described) -> Iterator[str]:
    """The cells that a pattern does not describe: it is one of Python's, whose classes are not DuckDB's."""
    column, pattern = sql.name(field["name"]), re.compile(_given(field)["pattern"])
    rows = con.execute(f"SELECT {column} FROM {sql.name(table)} WHERE {column} IS NOT NULL")  # noqa: S608 (quoted names)
    while cells := rows.fetchmany(100_000):
        unlike = [cell for (cell,) in cells if pattern.fullmatch(cell) is None]
        if unlike:
            yield f"{table} [constraint-error] {column}: {len(unlike)} cells, such as {unlike[0]!r}"


def _unmatched(con: duckdb.DuckDBPyConnection, table: Described) -> Iterator[str]:
    """The cells that refer to no row of the table they refer to."""
    for key in table["schema"].get("foreignKeys", []):
        own, parent = sql.name(table["name"]), sql.name(key["reference"]["resource"] or table["name"])
        pairs = list(zip(key["fields"], key["reference"]["fields"], strict=True))
        same = " AND ".join(f"own.{sql.name(column)} = parent.{sql.name(other)}" for column, other in pairs)
        there = " AND ".join(f"own.{sql.name(column)} IS NOT NULL" for column, _ in pairs)
        query = f"FROM {own} AS own ANTI JOIN {parent} AS parent ON {same} WHERE {there}"
        first = con.execute(f"SELECT {', '.join(f'own.{sql.name(c)}' for c, _ in pairs)} {query} LIMIT 1").fetchone()
        if first:
            yield f"{table['name']} [foreign-key] {', '.join(key['fields'])}: no such {parent}, such as {first}"


def _given(field: Described) -> Described:
    given: Described = field.get("constraints", {})
    return given
