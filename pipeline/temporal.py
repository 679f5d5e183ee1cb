"""A temporal store: a database that has every version of every row of a package's tables, and which release said it.

A dataset has a table `<dataset>_history` in it (validity, then its columns: today's and those it once had) and a macro
`<dataset>_as_of`; `releases` has the order of releases, which their text does not tell, `changes` what each changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import sql

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

SUFFIX = "_history"
# `last_release` of a row that stands: above every release, so that one comparison tells what stood when.
STANDING = 2**31 - 1
VALIDITY = {
    "valid_from": ("VARCHAR NOT NULL", "Depuis la version — La première version où la ligne est ainsi"),
    "valid_to": ("VARCHAR", "Jusqu'à la version — La première où elle n'est plus ainsi ; vide : elle l'est encore"),
    "valid_from_date": ("TIMESTAMP NOT NULL", "Depuis le — Date (UTC) de cette première version"),
    "valid_to_date": ("TIMESTAMP", "Jusqu'au — Date (UTC) de la version où elle n'est plus ainsi"),
    "first_release": ("INTEGER NOT NULL", "Première version — Son ordre dans la table releases"),
    "last_release": ("INTEGER NOT NULL", f"Dernière version — Son ordre ; {STANDING} : la ligne est encore ainsi"),
}
OWN = {
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

    def make_history(self, table: str, columns: Mapping[str, str]) -> None:
        """Makes the empty history of a dataset.

        Args:
            table: its name.
            columns: the dataset's columns, and their types.
        """
        validity = {column: kind for column, (kind, _) in VALIDITY.items()}
        written = ", ".join(f"{sql.name(column)} {kind}" for column, kind in {**validity, **columns}.items())
        self.con.execute(f"CREATE TABLE {self.place(table)} ({written})")


def is_history(table: str) -> bool:
    """Whether a table is a dataset's history."""
    return table.endswith(SUFFIX)


def begin(store: Store) -> None:
    """Makes an empty store."""
    for table, (_, columns) in OWN.items():
        written = ", ".join(f"{sql.name(column)} {kind}" for column, (kind, _) in columns.items())
        store.con.execute(f"CREATE TABLE {store.place(table)} ({written})")
