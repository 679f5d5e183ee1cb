"""What a temporal store says of itself: comments, and the macros that give a dataset as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline import sql
from pipeline.described import tables
from pipeline.temporal import OWN, SUFFIX, VALIDITY, Store, is_history

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]


# The order of the release that was in force at a version, a day or a moment; 0 before the first. A moment is in UTC
# unless it says its offset, as a TIMESTAMPTZ does. The one parameter has no type: DuckDB before 1.4 does not read files
# with typed ones.
_IN_FORCE = r"""
SELECT CASE
    WHEN regexp_full_match(asked, '\d+\.\d+\.\d+')
    THEN coalesce(
        (SELECT ordre FROM releases WHERE version = asked),
        CAST(error('Pas de version ' || asked || ' : voir releases / No such version: see releases') AS INTEGER)
    )
    WHEN regexp_full_match(asked, '\d{4}-\d{2}-\d{2}') AND TRY_CAST(asked AS DATE) IS NOT NULL
    THEN coalesce((SELECT max(ordre) FROM releases WHERE date < TRY_CAST(asked AS DATE) + 1), 0)
    WHEN regexp_full_match(asked, '\d{4}-\d{2}-\d{2}[ T][\d:.]+') AND TRY_CAST(asked AS TIMESTAMP) IS NOT NULL
    THEN coalesce((SELECT max(ordre) FROM releases WHERE date <= TRY_CAST(asked AS TIMESTAMP)), 0)
    WHEN regexp_full_match(asked, '\d{4}-\d{2}-\d{2}[ T][\d:.]+ ?(Z|[+-][\d:]+)')
        AND TRY_CAST(asked AS TIMESTAMPTZ) IS NOT NULL
    THEN coalesce(
        (SELECT max(ordre) FROM releases WHERE date <= make_timestamp(epoch_us(TRY_CAST(asked AS TIMESTAMPTZ)))), 0
    )
    ELSE CAST(
        error('Attendu / expected : 1.2.0, 2026-11-26 ; trouvé / found : ' || coalesce(asked, 'NULL')) AS INTEGER
    )
END""".replace("asked", "CAST(quand AS VARCHAR)")


def describe(store: Store, descriptor: Described) -> None:
    """Writes comments, and the macros `<dataset>_as_of` with today's columns; the store is the database in use.

    Args:
        store: its tables.
        descriptor: the datapackage.json of the last release in it.

    Raises:
        duckdb.Error: the store cannot be written.
    """
    described = {table["name"]: table for table in tables(descriptor)}
    for table, (comment, columns) in OWN.items():
        sql.comment(store.con, store.place(table), comment, {column: said for column, (_, said) in columns.items()})
    for table in store.tables():
        if is_history(table):
            _describe(store, table, described.get(table.removesuffix(SUFFIX)))


def _describe(store: Store, table: str, today: Described | None) -> None:
    name = table.removesuffix(SUFFIX)
    own = [column for column in store.columns(table) if column not in VALIDITY]
    fields = {field["name"]: field for field in sql.fields(today)} if today else {}
    said = {column: str(fields[column]["title"]) if column in fields else "Colonne retirée depuis" for column in own}
    title = today["title"] if today else f"{name} (jeu de données retiré depuis)"
    sql.comment(
        store.con,
        store.place(table),
        f"Historique — {title} : chaque état de chaque ligne, et les versions où il a valu",
        {**{column: told for column, (_, told) in VALIDITY.items()}, **said},
    )
    # Without the table's name, a column named like the macro's parameter would be what was asked.
    columns = ", ".join(f"{sql.name(table)}.{sql.name(column)}" for column in fields or own)
    source = f"FROM {sql.name(table)} WHERE ({_IN_FORCE}) BETWEEN first_release AND last_release"
    place = store.place(f"{name}_as_of")
    store.con.execute(f"CREATE OR REPLACE MACRO {place}(quand) AS TABLE SELECT {columns} {source}")
    comment = (
        f"{title}, tel que le disait une version ('1.2.0') ou un jour ('2026-11-26'), sous les colonnes d'aujourd'hui"
    )
    store.con.execute(f"COMMENT ON MACRO TABLE {place} IS {sql.literal(comment)}")
