"""Which row versions a release ends and begins in a temporal store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import sql
from pipeline.described import OF_THE_CRAWL, tables
from pipeline.temporal import STANDING, SUFFIX, VALIDITY, Store, is_history
from schemas.typography import key_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    Described = Mapping[str, Any]
    Change = Mapping[str, Any]


def add(store: Store, descriptor: Described, data: Path, changes: Sequence[Change], *, compare: bool = False) -> None:
    """Adds a release: rows that are no longer as they were end with it, those that are new begin.

    Args:
        store: has all releases before it.
        descriptor: the release's datapackage.json.
        data: its data/.
        changes: its changes.json: where they are all that differs, only they are looked at.
        compare: whether to compare every row whatever `changes` says.

    Raises:
        duckdb.Error: a file cannot be read, or the store written.
    """
    order = int(store.one(f"SELECT coalesce(max(ordre), 0) + 1 FROM {store.place('releases')}"))  # noqa: S608 (quoted names)
    release = (order, descriptor["version"], descriptor["created"].removesuffix("Z"))
    store.con.execute(f"INSERT INTO {store.place('releases')} VALUES (?, ?, ?, ?)", [*release, descriptor["run"]])  # noqa: S608 (as above)
    described = {table["name"]: table for table in tables(descriptor) if table["name"] not in OF_THE_CRAWL}
    there = store.tables()
    for name, table in described.items():
        adding = _Adding(store, table, data / f"{name}.parquet", release)
        reshaped = adding.fit(is_new=adding.history not in there)
        told = [change for change in changes if change["dataset"] == name]
        adding.add(None if compare or reshaped else told)
    for history in there:
        if is_history(history) and history.removesuffix(SUFFIX) not in described:
            _end(store, history, "TRUE", release)
    _tell(store, descriptor["version"], changes)


@dataclass(frozen=True, slots=True)
class _Adding:
    """A table of a release on its way into the store."""

    store: Store
    table: Described
    rows: Path
    release: tuple[int, str, str]

    @property
    def history(self) -> str:
        """The name of the dataset's history."""
        return f"{self.table['name']}{SUFFIX}"

    @property
    def fields(self) -> dict[str, str]:
        """Today's columns and their types."""
        return {field["name"]: sql.TYPES[field["type"]] for field in sql.fields(self.table)}

    def add(self, changes: Sequence[Change] | None) -> None:
        """Ends and begins row versions; only those that `changes` names where that is all there is to it."""
        if changes == [] and self._stays(0, 0):
            return
        con, place, order = self.store.con, self.store.place(self.history), self.release[0]
        if changes is None or not self._named(changes):
            self._compared()
        _end(self.store, self.history, "rowid IN (SELECT id FROM temp.ending)", self.release)
        columns = ", ".join(map(sql.name, self.fields))
        key = ", ".join(map(sql.name, self.table["schema"]["primaryKey"]))
        con.execute(
            f"INSERT INTO {place} (valid_from, valid_from_date, first_release, last_release, {columns}) "  # noqa: S608 (quoted names)
            f"SELECT ?, ?, ?, {STANDING}, {columns} FROM temp.beginning ORDER BY {key}",
            [self.release[1], self.release[2], order],
        )
        con.execute("DROP TABLE temp.ending")
        con.execute("DROP TABLE temp.beginning")

    def fit(self, *, is_new: bool) -> bool:
        """Gives the history today's columns: new ones are null before, renamed ones go on.

        Of a retyped one, values stay that a CSV prints alike under both types; where there is none, the release that
        said it still has it.

        Returns:
            Whether some are renamed or retyped: then rows may be the same that differed before.
        """
        con, place = self.store.con, self.store.place(self.history)
        if is_new:
            self.store.make_history(self.history, self.fields)
            return True
        there, reshaped = self.store.columns(self.history), False
        for column, kind in self.fields.items():
            former = self.table.get("renamed", {}).get(column)
            if column not in there and former in there and former not in self.fields:
                con.execute(f"ALTER TABLE {place} RENAME COLUMN {sql.name(former)} TO {sql.name(column)}")
                there[column] = there.pop(former)
                reshaped = True
            if column not in there:
                con.execute(f"ALTER TABLE {place} ADD COLUMN {sql.name(column)} {kind}")
            elif there[column] != kind:
                own = sql.name(column)
                cast = _as(own, there[column], kind)
                con.execute(f"ALTER TABLE {place} ALTER COLUMN {own} SET DATA TYPE {kind} USING {cast}")
                reshaped = True
        return reshaped

    def _named(self, changes: Sequence[Change]) -> bool:
        """Finds the rows that `changes` names; False where they are not all that differs: columns or keys changed."""
        con, place = self.store.con, self.store.place(self.history)
        key = list(self.table["schema"]["primaryKey"])
        named = [(change["change"], key_values(change["key"])) for change in changes]
        if any(len(values) != len(key) for _, values in named):
            return False
        columns = ", ".join(f"{sql.name(column)} VARCHAR" for column in key)
        con.execute(f"CREATE OR REPLACE TEMP TABLE told (change VARCHAR, {columns})")
        sql.insert_texts(con, "temp.told", len(key) + 1, ([change, *values] for change, values in named))
        casts = ", ".join(f"TRY_CAST({c} AS {self.fields[n]}) AS {c}" for n in key for c in (sql.name(n),))
        con.execute(f"CREATE OR REPLACE TEMP TABLE named AS SELECT change, {casts} FROM temp.told")  # noqa: S608 (quoted names)
        same = " AND ".join(f"rows.{sql.name(column)} = named.{sql.name(column)}" for column in key)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE ending AS SELECT rows.rowid AS id FROM {place} AS rows "  # noqa: S608 (quoted names)
            f"JOIN temp.named ON {same} WHERE rows.last_release = {STANDING} AND named.change <> 'added'"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE beginning AS SELECT rows.* FROM {self._now([])} AS rows "  # noqa: S608 (as above)
            f"JOIN temp.named ON {same} WHERE named.change <> 'removed'"
        )
        con.execute("DROP TABLE temp.told")
        con.execute("DROP TABLE temp.named")
        kinds = [change for change, _ in named]
        ending, beginning = (int(self.store.one(f"SELECT count(*) FROM temp.{t}")) for t in ("ending", "beginning"))  # noqa: S608 (ours)
        told = (len(kinds) - kinds.count("added"), len(kinds) - kinds.count("removed"))
        return (ending, beginning) == told and self._stays(ending, beginning)

    def _stays(self, ending: int, beginning: int) -> bool:
        """Whether all rows but these can stay: as many as the release has, without values in columns it lacks."""
        gone = [column for column in self.store.columns(self.history) if column not in {*self.fields, *VALIDITY}]
        left = " OR ".join(f"{sql.name(column)} IS NOT NULL" for column in gone) or "FALSE"
        standing = f"FROM {self.store.place(self.history)} WHERE last_release = {STANDING}"
        stood, with_more = self.store.one(f"SELECT [count(*), count(*) FILTER ({left})] {standing}")
        stands = int(self.store.one(f"SELECT count(*) FROM {self._now([])}"))  # noqa: S608 (quoted names)
        return not with_more and int(stood) - ending + beginning == stands

    def _compared(self) -> None:
        """Finds the rows that differ in any cell."""
        con, place = self.store.con, self.store.place(self.history)
        columns = [column for column in self.store.columns(self.history) if column not in VALIDITY]
        now = self._now([column for column in columns if column not in self.fields])
        same = " AND ".join(f"was.{sql.name(c)} IS NOT DISTINCT FROM rows.{sql.name(c)}" for c in columns)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE ending AS SELECT was.rowid AS id FROM {place} AS was "  # noqa: S608 (quoted names)
            f"ANTI JOIN {now} AS rows ON {same} WHERE was.last_release = {STANDING}"
        )
        standing = f"(SELECT * FROM {place} WHERE last_release = {STANDING})"  # noqa: S608 (as above)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE beginning AS SELECT rows.* FROM {now} AS rows "  # noqa: S608 (as above)
            f"ANTI JOIN {standing} AS was ON {same}"
        )

    def _now(self, gone: Iterable[str]) -> str:
        """The release's rows as a subquery, null in the columns it no longer has."""
        columns = ", ".join([*map(sql.name, self.fields), *(f"NULL AS {sql.name(column)}" for column in gone)])
        return f"(SELECT {columns} FROM read_parquet({sql.literal(str(self.rows))}))"  # noqa: S608 (as above)


def _end(store: Store, table: str, which: str, release: tuple[int, str, str]) -> None:
    """Ends row versions that stand: this release is the first where they no longer do."""
    order, version, date = release
    store.con.execute(
        f"UPDATE {store.place(table)} SET valid_to = ?, valid_to_date = ?, last_release = ? "  # noqa: S608 (quoted names)
        f"WHERE last_release = {STANDING} AND {which}",
        [version, date, order - 1],
    )


def _tell(store: Store, version: str, changes: Iterable[Change]) -> None:
    """Adds a release's changes.json to `changes`, a row a cell."""
    cells = [
        [version, change["dataset"], change["key"], change["change"], *cell]
        for change in changes
        for cell in (
            [[column, _text(was), _text(now)] for column, (was, now) in change["columns"].items()]
            if change["change"] == "changed"
            else [[None, None, None]]
        )
    ]
    sql.insert_texts(store.con, store.place("changes"), 7, cells)


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as(column: str, was: str, kind: str) -> str:
    """A cell under another type, where a CSV prints it alike."""
    cast = f"TRY_CAST({column} AS {kind})"
    if kind == "VARCHAR":
        return sql.printed(column, was)
    return f"CASE WHEN {sql.printed(cast, kind)} = {sql.printed(column, was)} THEN {cast} END"
