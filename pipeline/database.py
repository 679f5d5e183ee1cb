"""The package's .duckdb: its tables with keys and comments, their history, the dictionary, freshness, and views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import as_of, history, row_versions, sql, temporal
from pipeline.described import database, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.paths import Home

    Described = Mapping[str, Any]

_LITTLE = 200_000  # rows
# Tables of the database only: they tell of the release, and are no data of the portal.
_FRESHNESS_COMMENT = (
    "Fraîcheur — État de chaque jeu de données au moment de la publication de cette version : un instantané, que les "
    "passages suivants ne mettent pas à jour. Le fichier status.json du portail, lui, est réécrit à chaque passage et "
    "fait foi."
)
_FRESHNESS = {
    "dataset": ("VARCHAR NOT NULL", "Jeu de données — Son identifiant, publié ou non"),
    "etat": ("VARCHAR NOT NULL", "État — « à jour », ou « retenu » : ses dernières lignes acceptées restent publiées"),
    "verifie_le": ("TIMESTAMP NOT NULL", "Vérifié le — Date (UTC) des pages où il a été cherché en dernier"),
    "valable_le": ("TIMESTAMP", "Valable le — Date (UTC) des pages dont il a été accepté en dernier ; vide : aucune"),
    "retenu_depuis": ("TIMESTAMP", "Retenu depuis — Date (UTC) des premières pages qui l'ont fait retenir"),
    "code": ("VARCHAR", "Code — Raison pour laquelle il est retenu, d'une liste fermée"),
    "message_fr": ("VARCHAR", "Message — La raison en français"),
    "message_en": ("VARCHAR", "Message en anglais — La raison en anglais"),
    "lignes": ("BIGINT NOT NULL", "Lignes — Nombre de lignes publiées dans cette version"),
}
_DICTIONARY_COMMENT = "Dictionnaire — Les colonnes de chaque jeu de données, dans les deux langues"
_DICTIONARY = {
    "dataset": ("VARCHAR NOT NULL", "Jeu de données — Son identifiant, qui est le nom de la table"),
    "colonne": ("VARCHAR NOT NULL", "Colonne — Son nom"),
    "rang": ("INTEGER NOT NULL", "Rang — De la colonne dans la table, à partir de 1"),
    "type": ("VARCHAR NOT NULL", "Type — De Table Schema"),
    "titre_fr": ("VARCHAR NOT NULL", "Titre — En français"),
    "titre_en": ("VARCHAR NOT NULL", "Titre en anglais"),
    "description_fr": ("VARCHAR NOT NULL", "Description — En français"),
    "description_en": ("VARCHAR NOT NULL", "Description en anglais"),
    "cle": ("BOOLEAN NOT NULL", "Clé — Si elle est une colonne de la clé"),
    "obligatoire": ("BOOLEAN NOT NULL", "Obligatoire — Si elle n'est jamais vide"),
    "reference": ("VARCHAR", "Référence — Le jeu de données dont elle est la clé"),
    "personnel": (
        "VARCHAR",
        "Données personnelles — Ce qu'elle a d'une personne : son nom (name), son adresse (email)",
    ),
}


def write(
    folder: Path,
    descriptor: Described,
    changes: Sequence[Mapping[str, Any]],
    freshness: Iterable[Sequence[object]],
    home: Home,
    base: str | None,
) -> None:
    """Writes a package's database.

    Args:
        folder: the package's, whose data/ is complete.
        descriptor: its datapackage.json, with its version.
        changes: its changes.json.
        freshness: the rows of the table `fraicheur`.
        home: the portal's outputs.
        base: the version of the release before, whose history goes on here; None for a first one.

    Raises:
        OSError, duckdb.IOException: a file cannot be read or written.
        duckdb.Error: the rows are not what their Table Schema says.
    """
    described = tables(descriptor)
    path = folder / database(descriptor)
    with sql.connected() as con:
        files = sql.literal(str(folder / "data" / "*.parquet"))
        rows = con.execute(f"SELECT count(*) FROM read_parquet({files}, union_by_name = true)").fetchone()  # noqa: S608 (quoted)
        sql.attach(con, path, "package", small=rows is None or rows[0] <= _LITTLE)
        con.execute("USE package")
        con.execute("BEGIN")
        for table in described:
            _table(con, table, folder / "data" / f"{table['name']}.parquet")
        _own(con, "fraicheur", _FRESHNESS, _FRESHNESS_COMMENT, "dataset", freshness)
        _own(con, "dictionnaire", _DICTIONARY, _DICTIONARY_COMMENT, "dataset, colonne", _dictionary(described))
        store = temporal.Store(con, "package")
        if base is None:
            temporal.begin(store)
        else:
            history.copy(store, home, base)
        row_versions.add(store, descriptor, folder / "data", changes)
        as_of.describe(store, descriptor)
        for view in descriptor.get("views", []):
            name = sql.name(view["name"])
            con.execute(f"CREATE VIEW {name} AS {view['sql']}")
            con.execute(f"COMMENT ON VIEW {name} IS {sql.literal(_said(view))}")
            for column in view["columns"]:
                con.execute(f"COMMENT ON COLUMN {name}.{sql.name(column['name'])} IS {sql.literal(column['title'])}")
        con.execute("COMMIT")
        con.execute("USE memory")
        con.execute("DETACH package")


def freshness(told: Iterable[Mapping[str, Any]]) -> Iterator[tuple[object, ...]]:
    """The rows of the table `fraicheur`.

    Args:
        told: status.json's entries, as they will stand.
    """
    for entry in sorted(told, key=lambda entry: str(entry["name"])):
        message = entry["message"] or {"fr": None, "en": None}
        yield (
            entry["name"],
            {"fresh": "à jour", "held": "retenu"}[entry["state"]],
            *(entry[name] and entry[name].removesuffix("Z") for name in ("checked", "good", "since")),
            entry["code"],
            message["fr"],
            message["en"],
            entry["rows"],
        )


def released(path: Path, data: Path) -> list[tuple[object, ...]]:
    """The rows of a release's table `fraicheur`, which is in none of its other files.

    Args:
        path: its database.
        data: the data/ of the one written in its place, which may have fewer rows.

    Raises:
        duckdb.Error: a file cannot be read.
    """
    with duckdb.connect(str(path), read_only=True) as con:
        told = con.execute("SELECT * FROM fraicheur ORDER BY dataset").fetchall()
        files = {name: data / f"{name}.parquet" for name, *_ in told}
        rows = {name: con.read_parquet(str(file)).shape[0] for name, file in files.items() if file.is_file()}
    return [(name, *row[:-1], rows.get(name, row[-1])) for name, *row in told]


def _table(con: duckdb.DuckDBPyConnection, table: Described, parquet: Path) -> None:
    place = sql.name(table["name"])
    columns = ", ".join(_column(field) for field in sql.fields(table))
    key = ", ".join(map(sql.name, table["schema"]["primaryKey"]))
    con.execute(f"CREATE TABLE {place} ({columns}, PRIMARY KEY ({key}))")
    con.execute(f"INSERT INTO {place} FROM read_parquet({sql.literal(str(parquet))})")
    sql.comment(con, place, _said(table), {field["name"]: _said(field) for field in sql.fields(table)})


def _own(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, tuple[str, str]],
    comment: str,
    key: str,
    rows: Iterable[Sequence[object]],
) -> None:
    """A table of the database only."""
    written = ", ".join(f"{sql.name(column)} {kind}" for column, (kind, _) in columns.items())
    con.execute(f"CREATE TABLE {name} ({written}, PRIMARY KEY ({key}))")
    texts = ([None if cell is None else str(cell) for cell in row] for row in rows)
    sql.insert_texts(con, name, len(columns), texts)
    sql.comment(con, name, comment, {column: said for column, (_, said) in columns.items()})


def _dictionary(described: Iterable[Described]) -> Iterator[tuple[object, ...]]:
    for table in described:
        schema = table["schema"]
        parents = {
            key["fields"][0]: key["reference"]["resource"] or table["name"] for key in schema.get("foreignKeys", [])
        }
        for rank, field in enumerate(sql.fields(table), start=1):
            name = field["name"]
            yield (
                table["name"],
                name,
                rank,
                field["type"],
                field["title"],
                field["title_en"],
                field["description"],
                field["description_en"],
                name in schema["primaryKey"],
                _required(field),
                parents.get(name),
                table.get("personal", {}).get(name),
            )


def _column(field: Described) -> str:
    return f"{sql.name(field['name'])} {sql.TYPES[field['type']]}{' NOT NULL' if _required(field) else ''}"


def _required(field: Described) -> bool:
    return bool(field.get("constraints", {}).get("required", False))


def _said(described: Described) -> str:
    """What a table's or a column's comment says; a column without a description of its own has its title there."""
    title, description = described["title"], described["description"]
    return str(title) if description == title else f"{title} — {description}"
