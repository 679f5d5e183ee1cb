"""What differs between two tables of one dataset, row by row: added, removed, changed, with before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.typography import key_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import duckdb


def changes(
    con: duckdb.DuckDBPyConnection, name: str, key: Sequence[str], before: Path | None, after: Path | None
) -> list[dict[str, Any]]:
    """Compares two Parquet files on the columns of both.

    A column that one file lacks is null there; a file that is None is a table without rows.

    Args:
        con: a connection to work in; opening one costs more than comparing most tables.
        name: the dataset's id, for the result.
        key: the columns that tell which rows are the same.
        before: the table then.
        after: the table now.

    Returns:
        Objects of changes.json (CONTRACT, 'Outputs'), by kind and key: dataset, key, change, columns.
    """
    then = con.read_parquet(str(before)) if before else None
    now = con.read_parquet(str(after)) if after else None
    if then is None or now is None or not set(key) <= set(then.columns) & set(now.columns):
        found = _all(name, key, "removed", then) + _all(name, key, "added", now)
    else:
        columns = [*now.columns, *(column for column in then.columns if column not in now.columns)]
        found = _differing(con, name, key, columns, _whole(then, columns), _whole(now, columns))
    return sorted(found, key=lambda change: (change["change"], change["key"]))


def json_value(value: object) -> Any:  # noqa: ANN401 (a JSON scalar)
    """A cell as JSON has it: dates in ISO 8601, whole numbers without `.0`."""
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return int(value) if value == int(value) else value
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if hasattr(value, "hour") else str(value)


def _whole(table: duckdb.DuckDBPyRelation, columns: Sequence[str]) -> duckdb.DuckDBPyRelation:
    # Column names are a declaration's, held to [a-z0-9_] by its model; values never enter the text of a query.
    return table.project(", ".join(f'"{c}"' if c in table.columns else f'NULL AS "{c}"' for c in columns))


def _differing(
    con: duckdb.DuckDBPyConnection,
    name: str,
    key: Sequence[str],
    columns: Sequence[str],
    before: duckdb.DuckDBPyRelation,
    after: duckdb.DuckDBPyRelation,
) -> list[dict[str, Any]]:
    same_key = " AND ".join(f'CAST(was."{column}" AS VARCHAR) = CAST(now."{column}" AS VARCHAR)' for column in key)
    differ = " OR ".join(
        f'CAST(was."{column}" AS VARCHAR) IS DISTINCT FROM CAST(now."{column}" AS VARCHAR)' for column in columns
    )
    cells = ", ".join(f'{side}."{column}"' for side in ("was", "now") for column in columns)
    before.create_view("was")
    after.create_view("now")
    found = []
    rows = con.execute(f"""
        SELECT was."{key[0]}" IS NOT NULL, now."{key[0]}" IS NOT NULL, {cells}
        FROM was FULL JOIN now ON {same_key}
        WHERE {differ}
    """).fetchall()  # noqa: S608
    for was, there, *values in rows:
        old = dict(zip(columns, values[: len(columns)], strict=True))
        new = dict(zip(columns, values[len(columns) :], strict=True))
        kind = "changed" if was and there else "added" if there else "removed"
        pairs = {
            column: [json_value(old[column]), json_value(new[column])]
            for column in columns
            if old[column] != new[column]
        }
        found += [_change(name, key, kind, new if there else old, pairs)] if pairs else []
    return found


def _all(name: str, key: Sequence[str], kind: str, table: duckdb.DuckDBPyRelation | None) -> list[dict[str, Any]]:
    found = []
    for values in table.fetchall() if table is not None else ():
        row = dict(zip(table.columns if table is not None else (), values, strict=True))
        pairs = {
            column: [None, json_value(value)] if kind == "added" else [json_value(value), None]
            for column, value in row.items()
        }
        found.append(_change(name, key, kind, row, pairs))
    return found


def _change(
    name: str, key: Sequence[str], kind: str, row: dict[str, Any], pairs: dict[str, list[Any]]
) -> dict[str, Any]:
    return {"dataset": name, "key": key_text(row.get(column) for column in key), "change": kind, "columns": pairs}
