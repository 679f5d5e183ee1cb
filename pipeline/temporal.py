"""Rows in time: every version of every row of a package's tables, and the releases it stood in.

A store is a database attached to a connection. A dataset has a table `<dataset>_history` in it (validity, then its
columns: today's and those it once had) and a macro `<dataset>_as_of`; `releases` has the order of releases, which their
text does not tell, and `changes` what each changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import sql
from pipeline.described import OF_THE_CRAWL, tables
from schemas.typography import key_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import duckdb

    Described = Mapping[str, Any]
    Change = Mapping[str, Any]

_SUFFIX = "_history"
# `last_release` of a row that stands: above every release, so that one comparison tells what stood when.
_STANDING = 2**31 - 1
VALIDITY = {
    "valid_from": ("VARCHAR NOT NULL", "Depuis la version — La première version où la ligne est ainsi"),
    "valid_to": ("VARCHAR", "Jusqu'à la version — La première où elle n'est plus ainsi ; vide : elle l'est encore"),
    "valid_from_date": ("TIMESTAMP NOT NULL", "Depuis le — Date (UTC) de cette première version"),
    "valid_to_date": ("TIMESTAMP", "Jusqu'au — Date (UTC) de la version où elle n'est plus ainsi"),
    "first_release": ("INTEGER NOT NULL", "Première version — Son ordre dans la table releases"),
    "last_release": ("INTEGER NOT NULL", f"Dernière version — Son ordre ; {_STANDING} : la ligne est encore ainsi"),
}
_OWN = {
    "releases": (
        "Versions — Les versions publiées, dans leur ordre",
        {
            "ordre": ("INTEGER NOT NULL", "Ordre — Rang de la version, qui ne se lit pas dans son texte"),
            "version": ("VARCHAR NOT NULL", "Version — Numéro de la version"),
            "date": ("TIMESTAMP NOT NULL", "Date — Date (UTC) des pages dont elle est faite"),
            "passage": ("VARCHAR NOT NULL", "Passage — Le passage qui l'a faite"),
        },
    ),
    "changes": (
        "Changements — De chaque version à la suivante : une ligne par cellule modifiée, par ligne ajoutée ou retirée",
        {
            "version": ("VARCHAR NOT NULL", "Version — Celle qui change"),
            "dataset": ("VARCHAR NOT NULL", "Jeu de données — Son identifiant"),
            "cle": ("VARCHAR NOT NULL", "Clé de la ligne — Ses valeurs, séparées par une barre oblique"),
            "change": ("VARCHAR NOT NULL", "Changement — added (ajoutée), removed (retirée) ou changed (modifiée)"),
            "colonne": ("VARCHAR", "Colonne — Celle de la cellule modifiée"),
            "avant": ("VARCHAR", "Avant — La valeur dans la version précédente"),
            "apres": ("VARCHAR", "Après — La valeur dans cette version"),
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Store:
    """A temporal store: a database attached to a connection under a name."""

    con: duckdb.DuckDBPyConnection
    database: str

    def place(self, table: str) -> str:
        """A table's name, with its database's."""
        return f"{sql.name(self.database)}.{sql.name(table)}"

    def columns(self, table: str) -> dict[str, str]:
        """The columns of a table with their types."""
        return {name: kind for name, kind, *_ in self.con.execute(f"DESCRIBE {self.place(table)}").fetchall()}

    def tables(self) -> list[str]:
        """The names of the tables it has."""
        query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name"
        return [table for (table,) in self.con.execute(query, [self.database]).fetchall()]

    def one(self, query: str) -> Any:  # noqa: ANN401 (a cell of any type; who asks knows which)
        """The one cell a query gives."""
        row = self.con.execute(query).fetchone()
        return row[0] if row else None


def is_of_store(table: str) -> bool:
    """Whether a table of a package's database tells of other releases than its own."""
    return table in _OWN or is_history(table)


def is_history(table: str) -> bool:
    """Whether a table is a dataset's history."""
    return table.endswith(_SUFFIX)


def begin(store: Store) -> None:
    """Makes an empty store."""
    for table, (_, columns) in _OWN.items():
        written = ", ".join(f"{sql.name(column)} {kind}" for column, (kind, _) in columns.items())
        store.con.execute(f"CREATE TABLE {store.place(table)} ({written})")


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
        if is_history(history) and history.removesuffix(_SUFFIX) not in described:
            _end(store, history, "TRUE", release)
    _tell(store, descriptor["version"], changes)


def describe(store: Store, descriptor: Described) -> None:
    """Writes comments, and the macros `<dataset>_as_of` with today's columns; the store is the database in use.

    Args:
        store: its tables.
        descriptor: the datapackage.json of the last release in it.

    Raises:
        duckdb.Error: the store cannot be written.
    """
    described = {table["name"]: table for table in tables(descriptor)}
    for table, (comment, columns) in _OWN.items():
        _comment(store, table, comment, {column: said for column, (_, said) in columns.items()})
    for table in store.tables():
        if is_history(table):
            _describe(store, table, described.get(table.removesuffix(_SUFFIX)))


def _describe(store: Store, table: str, today: Described | None) -> None:
    name = table.removesuffix(_SUFFIX)
    own = [column for column in store.columns(table) if column not in VALIDITY]
    fields = {field["name"]: field for field in sql.fields(today)} if today else {}
    said = {column: str(fields[column]["title"]) if column in fields else "Colonne retirée depuis" for column in own}
    title = today["title"] if today else f"{name} (jeu de données retiré depuis)"
    _comment(
        store,
        table,
        f"Historique — {title} : chaque état de chaque ligne, et les versions où il a valu",
        {**{column: told for column, (_, told) in VALIDITY.items()}, **said},
    )
    macro, columns = f"{name}_as_of", ", ".join(map(sql.name, fields or own))
    source = f"FROM {sql.name(table)} WHERE ({_IN_FORCE}) BETWEEN first_release AND last_release"
    place = store.place(macro)
    store.con.execute(f"CREATE OR REPLACE MACRO {place}(quand) AS TABLE SELECT {columns} {source}")
    comment = (
        f"{title}, tel que le disait une version ('1.2.0') ou un jour ('2026-11-26'), sous les colonnes d'aujourd'hui"
    )
    store.con.execute(f"COMMENT ON MACRO TABLE {place} IS {sql.literal(comment)}")


# The order of the release that was in force at a version, a day or a moment; 0 before the first. Its one parameter has
# no type: DuckDB before 1.4 does not read files with typed ones.
_IN_FORCE = r"""
SELECT CASE
    WHEN regexp_full_match(asked, '\d+\.\d+\.\d+')
    THEN coalesce(
        (SELECT ordre FROM releases WHERE version = asked),
        CAST(error('Pas de version ' || asked || ' : voir releases / No such version: see releases') AS INTEGER)
    )
    WHEN regexp_full_match(asked, '\d{4}-\d{2}-\d{2}') AND TRY_CAST(asked AS DATE) IS NOT NULL
    THEN coalesce((SELECT max(ordre) FROM releases WHERE date < TRY_CAST(asked AS DATE) + 1), 0)
    WHEN regexp_full_match(asked, '\d{4}-\d{2}-\d{2}[ T].+') AND TRY_CAST(asked AS TIMESTAMP) IS NOT NULL
    THEN coalesce((SELECT max(ordre) FROM releases WHERE date <= TRY_CAST(asked AS TIMESTAMP)), 0)
    ELSE CAST(
        error('Attendu / expected : 1.2.0, 2026-11-26 ; trouvé / found : ' || coalesce(asked, 'NULL')) AS INTEGER
    )
END""".replace("asked", "CAST(quand AS VARCHAR)")


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
        return f"{self.table['name']}{_SUFFIX}"

    @property
    def fields(self) -> dict[str, str]:
        """Today's columns and their types."""
        return {field["name"]: sql.TYPES[field["type"]] for field in sql.fields(self.table)}

    def add(self, changes: Sequence[Change] | None) -> None:
        """Ends and begins row versions; only those that `changes` names where that is all there is to it."""
        if changes == [] and self._stays(0, 0):
            return
        con, place, order = self.store.con, self.store.place(self.history), self.release[0]
        try:
            if changes is None or not self._named(changes):
                self._compared()
            _end(self.store, self.history, "rowid IN (SELECT id FROM temp.ending)", self.release)
            columns = ", ".join(map(sql.name, self.fields))
            key = ", ".join(map(sql.name, self.table["schema"]["primaryKey"]))
            con.execute(
                f"INSERT INTO {place} (valid_from, valid_from_date, first_release, last_release, {columns}) "  # noqa: S608 (quoted names)
                f"SELECT ?, ?, ?, {_STANDING}, {columns} FROM temp.beginning ORDER BY {key}",
                [self.release[1], self.release[2], order],
            )
        finally:
            con.execute("DROP TABLE IF EXISTS temp.ending")
            con.execute("DROP TABLE IF EXISTS temp.beginning")

    def fit(self, *, is_new: bool) -> bool:
        """Gives the history today's columns: new ones are null before, renamed ones go on, retyped ones are cast.

        Returns:
            Whether some are renamed or retyped: then rows may be the same that differed before.
        """
        con, place = self.store.con, self.store.place(self.history)
        if is_new:
            validity = {column: kind for column, (kind, _) in VALIDITY.items()}
            columns = ", ".join(f"{sql.name(column)} {kind}" for column, kind in {**validity, **self.fields}.items())
            con.execute(f"CREATE TABLE {place} ({columns})")
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
                cast = sql.printed(own, there[column]) if kind == "VARCHAR" else f"TRY_CAST({own} AS {kind})"
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
        kinds_of = [self.fields[column] for column in key]
        columns = ", ".join(f"{sql.name(column)} {kind}" for column, kind in zip(key, kinds_of, strict=True))
        con.execute(f"CREATE OR REPLACE TEMP TABLE named (change VARCHAR, {columns})")
        if named:
            cells = [[change, *values] for change, values in named]
            parts = ", ".join(f"TRY_CAST(cells[{at}] AS {kind})" for at, kind in enumerate(kinds_of, start=2))
            con.execute(
                f"INSERT INTO temp.named SELECT cells[1], {parts} FROM (SELECT unnest(?::VARCHAR[][]) AS cells)",  # noqa: S608 (columns by number)
                [cells],
            )
        same = " AND ".join(f"rows.{sql.name(column)} = named.{sql.name(column)}" for column in key)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE ending AS SELECT rows.rowid AS id FROM {place} AS rows "  # noqa: S608 (quoted names)
            f"JOIN temp.named ON {same} WHERE rows.last_release = {_STANDING} AND named.change <> 'added'"
        )
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE beginning AS SELECT rows.* FROM {self._now([])} AS rows "  # noqa: S608 (as above)
            f"JOIN temp.named ON {same} WHERE named.change <> 'removed'"
        )
        con.execute("DROP TABLE temp.named")
        kinds = [change for change, _ in named]
        ending, beginning = (int(self.store.one(f"SELECT count(*) FROM temp.{t}")) for t in ("ending", "beginning"))  # noqa: S608 (ours)
        told = (len(kinds) - kinds.count("added"), len(kinds) - kinds.count("removed"))
        return (ending, beginning) == told and self._stays(ending, beginning)

    def _stays(self, ending: int, beginning: int) -> bool:
        """Whether all rows but these can stay: as many as the release has, without values in columns it lacks."""
        gone = [column for column in self.store.columns(self.history) if column not in {*self.fields, *VALIDITY}]
        left = " OR ".join(f"{sql.name(column)} IS NOT NULL" for column in gone) or "FALSE"
        standing = f"FROM {self.store.place(self.history)} WHERE last_release = {_STANDING}"
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
            f"ANTI JOIN {now} AS rows ON {same} WHERE was.last_release = {_STANDING}"
        )
        standing = f"(SELECT * FROM {place} WHERE last_release = {_STANDING})"  # noqa: S608 (as above)
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
        f"WHERE last_release = {_STANDING} AND {which}",
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
    if cells:
        parts = ", ".join(f"cells[{at}]" for at in range(1, 8))
        query = f"INSERT INTO {store.place('changes')} SELECT {parts} FROM (SELECT unnest(?::VARCHAR[][]) AS cells)"  # noqa: S608 (as above)
        store.con.execute(query, [cells])


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _comment(store: Store, table: str, comment: str, columns: Mapping[str, str]) -> None:
    store.con.execute(f"COMMENT ON TABLE {store.place(table)} IS {sql.literal(comment)}")
    for column, said in columns.items():
        store.con.execute(f"COMMENT ON COLUMN {store.place(table)}.{sql.name(column)} IS {sql.literal(said)}")
