"""A portal's `history.duckdb`: all its releases in one temporal store, to which each adds what it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from pipeline import sql
from pipeline.as_of import describe
from pipeline.paths import read_json, sync
from pipeline.row_versions import add
from pipeline.temporal import OWN, VALIDITY, Store, begin, is_history

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.paths import Home


def catch_up(home: Home) -> None:
    """Adds the releases to `history.duckdb` that it lacks; makes it anew where it is not of these releases.

    Raises:
        OSError, duckdb.Error: it, or a release, cannot be read or written.
    """
    there = _there(home)
    known = _known(home.history)
    if not there or known == there:
        return
    if known is None or known != there[: len(known)]:
        rebuild(home)
        return
    try:
        with _opened(home.history) as con:
            _add_releases(Store(con, "history"), home, [version for version, _ in there[len(known) :]], compare=False)
            con.execute("COMMIT")
    except duckdb.Error:  # somebody has it open, or it is damaged: made anew, it takes the place of that one
        rebuild(home)


def rebuild(home: Home) -> None:
    """Makes `history.duckdb` anew from the releases alone, each compared with the one before.

    Raises:
        OSError, duckdb.Error: it, or a release, cannot be read or written.
    """
    draft = home.history.with_name(".history.partial")
    for path in (draft, _log_of(draft)):
        path.unlink(missing_ok=True)
    with _opened(draft) as con:
        store = Store(con, "history")
        begin(store)
        _add_releases(store, home, [version for version, _ in _there(home)], compare=True)
        con.execute("COMMIT")
    sync(draft)
    for path in (home.history, _log_of(home.history)):  # a log of the file before is none of this one's
        path.unlink(missing_ok=True)
    draft.replace(home.history)


def told(home: Home) -> list[tuple[str, dt.datetime, int, int]]:
    """The releases in it, in their order: version, date (UTC), how many row versions begin and end with each.

    Raises:
        duckdb.Error: it cannot be read.
    """
    with duckdb.connect(str(home.history), read_only=True) as con:
        store = Store(con, home.history.stem)
        histories = [store.place(table) for table in store.tables() if is_history(table)]
        rows = " UNION ALL ".join(f"SELECT valid_from, valid_to FROM {place}" for place in histories)  # noqa: S608 (quoted names)
        return con.execute(
            f"WITH rows AS ({rows}) SELECT version, date, "  # noqa: S608 (as above)
            "(SELECT count(*) FROM rows WHERE valid_from = version), "
            "(SELECT count(*) FROM rows WHERE valid_to = version) FROM releases ORDER BY ordre"
        ).fetchall()


def copy(store: Store, home: Home, version: str) -> None:
    """Begins a store with what a release's own .duckdb has; from the releases, where that has none.

    Raises:
        OSError, duckdb.Error: a release cannot be read.
    """
    path = home.release(version) / f"{home.root.name}.duckdb"
    begin(store)
    if _known(path) is None:
        versions = home.versions()
        _add_releases(store, home, versions[: versions.index(version) + 1], compare=True)
        return
    store.con.execute(f"ATTACH {sql.literal(str(path))} AS before (READ_ONLY)")
    before = Store(store.con, "before")
    for table in before.tables():
        if is_history(table):
            kinds = before.columns(table)
            store.make_history(table, {column: kind for column, kind in kinds.items() if column not in VALIDITY})
        if table in OWN or is_history(table):
            store.con.execute(f"INSERT INTO {store.place(table)} FROM {before.place(table)}")


def _there(home: Home) -> list[tuple[str, str]]:
    """The releases up to the current one, in their order, each with its run: a number alone may be given again.

    A newer one was never current: the next run removes it.
    """
    versions, current = home.versions(), home.version()
    versions = versions[: versions.index(current) + 1] if current in versions else []
    return [(version, read_json(home.release(version) / "datapackage.json")["run"]) for version in versions]


def _known(path: Path) -> list[tuple[str, str]] | None:
    """The releases a store has, as `_there`; None where there is no store that can be read."""
    if not path.is_file():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            return con.execute("SELECT version, passage FROM releases ORDER BY ordre").fetchall()
    except duckdb.Error:  # older than its history, or no database: the releases say all of it again
        return None


def _opened(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection in which a portal's store is the database `history`, and in use; a transaction is begun."""
    con = sql.connected()
    sql.attach(con, path, "history", small=True)
    con.execute("USE history")
    con.execute("BEGIN")
    return con


def _log_of(path: Path) -> Path:
    """Where DuckDB keeps what is not yet in the file."""
    return path.with_name(f"{path.name}.wal")


def _add_releases(store: Store, home: Home, versions: Sequence[str], *, compare: bool) -> None:
    """Adds releases in their order, and describes the last."""
    for version in versions:
        folder = home.release(version)
        descriptor = read_json(folder / "datapackage.json")
        add(store, descriptor, folder / "data", read_json(folder / "changes.json"), compare=compare)
        if version == versions[-1]:
            describe(store, descriptor)
