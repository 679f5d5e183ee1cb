"""A portal's `history.duckdb`: all its releases in one temporal store, to which each adds what it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from pipeline import sql
from pipeline.paths import read_json, sync
from pipeline.temporal import Store, add, begin, describe, is_history, is_of_store

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
    versions = home.versions()
    known = _versions(home.history)
    if not versions or known == versions:
        return
    if known is None or known != versions[: len(known)]:
        rebuild(home)
        return
    try:
        with _opened(home.history) as con:
            _add_releases(Store(con, "history"), home, versions[len(known) :], compare=False)
            con.execute("COMMIT")
    except duckdb.IOException:  # somebody has it open, or it is damaged: made anew, it takes the place of that one
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
        _add_releases(store, home, home.versions(), compare=True)
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
    if _versions(path) is None:
        begin(store)
        versions = home.versions()
        _add_releases(store, home, versions[: versions.index(version) + 1], compare=True)
        return
    store.con.execute(f"ATTACH {sql.literal(str(path))} AS before (READ_ONLY)")
    before = Store(store.con, "before")
    for table in before.tables():
        if is_of_store(table):
            store.con.execute(f"CREATE TABLE {store.place(table)} AS FROM {before.place(table)}")


def _versions(path: Path) -> list[str] | None:
    """The releases a store has, in their order; None where there is no store that can be read."""
    if not path.is_file():
        return None
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            return [version for (version,) in con.execute("SELECT version FROM releases ORDER BY ordre").fetchall()]
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
