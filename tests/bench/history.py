"""What a release costs the history, and what asking for the past costs, on a million rows and fifty releases."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from pipeline import as_of, row_versions, sql, temporal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import duckdb

ROWS, RELEASES = 1_000_000, 50
_COLUMNS = {
    "cle": "integer", "nom": "string", "lieu": "string", "montant_eur": "integer", "rang": "integer",
    "texte": "string", "publie": "boolean", "jour": "date",
}  # fmt: skip
_QUESTIONS = {
    "count(*)": "SELECT count(*) FROM {}",
    "sum of a column": "SELECT sum(montant_eur) FROM {}",
    "sum by group": "SELECT lieu, sum(montant_eur) FROM {} GROUP BY lieu",
    "longest text": "SELECT max(length(texte)) FROM {}",
    "all cells": "SELECT count(COLUMNS(*)), max(nom), max(texte) FROM {}",
}


def measure(folder: Path) -> Iterator[str]:
    """Lines of a Markdown table.

    Args:
        folder: where to work; about 200 MB.
    """
    with sql.connected() as con:
        con.execute(
            "CREATE TABLE rows AS SELECT i AS cle, 'nom ' || i AS nom, 'lieu ' || i % 1000 AS lieu, "  # noqa: S608 (numbers of ours)
            "(i * 7919) % 100000 AS montant_eur, i % 50 AS rang, 'texte ' || md5(i::VARCHAR) AS texte, "
            f"i % 3 = 0 AS publie, DATE '2020-01-01' + (i % 2000)::INTEGER AS jour FROM range({ROWS}) AS t(i)"
        )
        path = folder / "history.duckdb"
        sql.attach(con, path, "history", small=True)
        con.execute("USE history")
        store = temporal.Store(con, "history")
        temporal.begin(store)
        first = _add(store, folder, 0, [])
        whole = path.stat().st_size
        shares: dict[int, list[tuple[float, int]]] = {1_000: [], 10_000: []}
        for number in range(1, RELEASES):
            rows = 10_000 if number % 10 == 0 else 1_000
            before = path.stat().st_size
            seconds = _add(store, folder, number, _changed(con, number, rows))
            shares[rows].append((seconds, path.stat().st_size - before))
        yield f"| first release | {ROWS:,} rows | {first:.2f} s | {whole / 1e6:.1f} MB | 1 |"
        for rows, found in shares.items():
            seconds, size = statistics.median(s for s, _ in found), sum(b for _, b in found) / len(found)
            ratio = f"{seconds / first:.3f} of the first's time, {size / whole:.4f} of its room"
            what = f"a release that changes {rows / ROWS:.1%} | {rows:,} rows"
            yield f"| {what} | {seconds:.2f} s | {size / 1e6:.2f} MB | {ratio} |"
        as_of.describe(store, _descriptor(RELEASES - 1))
        con.execute("CREATE TABLE history.actuel AS SELECT * FROM memory.rows ORDER BY cle")
        con.execute("CHECKPOINT history")
        for name, question in _QUESTIONS.items():
            asked = f"grand_as_of('1.{RELEASES // 2}.0')"
            now, then = (_fastest(con, question.format(table)) for table in ("actuel", asked))
            what = f"as of release {RELEASES // 2}: {name}"
            yield f"| {what} | | {then * 1000:.1f} ms | | {then / now:.2f} × the current table |"


def _changed(con: duckdb.DuckDBPyConnection, number: int, rows: int) -> list[dict[str, Any]]:
    """Changes so many rows, all over the table; gives their changes.json."""
    every = ROWS // rows
    con.execute(f"UPDATE memory.rows SET montant_eur = montant_eur + 1 WHERE cle % {every} = {number % every}")  # noqa: S608 (numbers)
    keys = range(number % every, ROWS, every)
    return [{"dataset": "grand", "key": str(k), "change": "changed", "columns": {"montant_eur": [0, 1]}} for k in keys]


def _add(store: temporal.Store, folder: Path, number: int, changes: list[dict[str, Any]]) -> float:
    """Adds a release; the seconds it took, until all of it is in the file."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    store.con.execute(f"COPY (FROM memory.rows ORDER BY cle) TO {sql.literal(str(data / 'grand.parquet'))}")
    return _seconds(lambda: _added(store, number, data, changes))


def _added(store: temporal.Store, number: int, data: Path, changes: list[dict[str, Any]]) -> None:
    store.con.execute("BEGIN")
    row_versions.add(store, _descriptor(number), data, changes)
    store.con.execute("COMMIT")
    store.con.execute("CHECKPOINT history")


def _descriptor(number: int) -> dict[str, Any]:
    fields = [{"name": name, "type": kind, "title": name} for name, kind in _COLUMNS.items()]
    table = {"name": "grand", "title": "grand", "format": "csv", "schema": {"fields": fields, "primaryKey": ["cle"]}}
    version = {"version": f"1.{number}.0", "created": f"2026-01-{number // 2 + 1:02}T00:00:00Z", "run": str(number)}
    return {**version, "resources": [table]}


def _fastest(con: duckdb.DuckDBPyConnection, query: str) -> float:
    return min(_seconds(lambda: con.execute(query).fetchall()) for _ in range(7))


def _seconds(job: Callable[[], object]) -> float:
    started = time.perf_counter()
    job()
    return time.perf_counter() - started
