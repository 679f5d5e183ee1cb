"""Builds the package's data files with DuckDB: CSV, Parquet, JSON and one .duckdb, same rows in the same order.

A table is known by what the package says of it, its CSV resource in datapackage.json: name, title, description, Table
Schema. A declaration gives one to a table of this run, the last release to a table carried over.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from pipeline.paths import read_json
from schemas.personal import masked
from schemas.typography import GUARD, GUARDED, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from pipeline.paths import RunFolder
    from schemas.load import Declarations
    from schemas.model import Portal

    Described = Mapping[str, Any]

TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
# DuckDB 2 writes files older ones cannot read unless told.
_STORAGE = "v1.0.0"
# Tables and their columns take whole blocks: small ones, which DuckDB reads since 1.1, while there is little.
_BLOCK, _SMALL_BLOCK = 262_144, 16_384  # bytes
_LITTLE = 200_000  # rows
# A table of the database only: it tells of the release, and is no data of the portal.
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


def build(
    run: RunFolder,
    declarations: Declarations,
    tables: Sequence[Described],
    rows: Mapping[str, Path],
    made: AbstractSet[str],
    last: Path | None,
    freshness: Sequence[Mapping[str, Any]],
    folder: Path,
) -> None:
    """Writes data/ and <portal>.duckdb of a package.

    Args:
        run: has the pages and the evidence of this run's tables.
        declarations: say which tables the crawl itself gives.
        tables: the tables to publish, in order.
        rows: the Parquet file of each table the crawl does not itself give.
        made: tables this run made; the others' files are the last release's, and so is their evidence.
        last: the last release's folder.
        freshness: status.json's entries as they will stand, for the table `fraicheur` of the database.
        folder: the package's folder, which exists and is empty.

    Raises:
        OSError, duckdb.IOException: the folder cannot be written.
        duckdb.Error: the rows are not what their Table Schema says.
    """
    data = folder / "data"
    data.mkdir()
    derived = {dataset.id: dataset.derived for dataset in declarations.datasets}
    with duckdb.connect() as con:
        con.execute("SET autoinstall_known_extensions = false")
        con.execute("SET autoload_known_extensions = false")
        for table in tables:
            name = table["name"]
            if derived[name] == "pages":
                _load_rows(con, table, _pages(run, declarations.portal))
            elif derived[name] == "provenance":
                _load_rows(con, table, _provenance(run, rows.keys(), made, last))
            else:
                _load(con, table, rows[name])
            if name in made:
                _write_files(con, table, data)
            else:
                _carry(rows[name], data)
        _write_database(con, tables, _freshness_rows(freshness), folder / f"{declarations.portal.id}.duckdb")


def rewrite(release: Path, portal: str, edit: Callable[[duckdb.DuckDBPyConnection, str], bool], folder: Path) -> None:
    """Writes a release's data files and its database again, some of its rows edited.

    Args:
        release: the release's folder.
        portal: its id, which names the database.
        edit: changes the loaded table of that name in place, and says whether it did; the others' files are carried.
        folder: where to write; it exists and is empty.

    Raises:
        OSError, duckdb.IOException: a file cannot be read or written.
        duckdb.Error: the rows are not what their Table Schema says.
    """
    data = folder / "data"
    data.mkdir()
    described = read_json(release / "datapackage.json")["resources"]
    tables = [resource for resource in described if resource["format"] == "csv"]
    with duckdb.connect() as con:
        con.execute("SET autoinstall_known_extensions = false")
        con.execute("SET autoload_known_extensions = false")
        for table in tables:
            released = release / "data" / f"{table['name']}.parquet"
            _load(con, table, released)
            if edit(con, table["name"]):
                _write_files(con, table, data)
            else:
                _carry(released, data)
        database = f"{portal}.duckdb"
        con.execute(f"ATTACH {_literal(str(release / database))} AS released (READ_ONLY)")
        freshness = [
            (name, *told, con.table(name).shape[0] if name in {table["name"] for table in tables} else rows)
            for name, *told, rows in con.execute("SELECT * FROM released.fraicheur ORDER BY dataset").fetchall()
        ]
        con.execute("DETACH released")
        _write_database(con, tables, freshness, folder / database)


def write_csv(con: duckdb.DuckDBPyConnection, table: Described, path: Path) -> None:
    """Writes a loaded table to CSV: UTF-8, comma, LF, empty = null, spreadsheet cells guarded."""
    columns = ", ".join(f"{_as_csv(field)} AS {_name(field['name'])}" for field in _fields(table))
    _copy(con, f"SELECT {columns} {_ordered(table)}", path, "FORMAT csv, HEADER")


def _write_files(con: duckdb.DuckDBPyConnection, table: Described, data: Path) -> None:
    name = table["name"]
    write_csv(con, table, data / f"{name}.csv")
    _copy(con, f"SELECT * {_ordered(table)}", data / f"{name}.parquet", "FORMAT parquet, COMPRESSION zstd")
    columns = ", ".join(f"{_as_json(field)} AS {_name(field['name'])}" for field in _fields(table))
    _copy(con, f"SELECT {columns} {_ordered(table)}", data / f"{name}.json", "FORMAT json, ARRAY true")


def _carry(parquet: Path, data: Path) -> None:
    """Puts a released table's files in the package: links where they can be, else copies."""
    for extension in (".csv", ".parquet", ".json"):
        released = parquet.with_suffix(extension)
        try:
            (data / released.name).hardlink_to(released)
        except OSError:
            shutil.copyfile(released, data / released.name)


def _copy(con: duckdb.DuckDBPyConnection, query: str, path: Path, options: str) -> None:
    con.execute(f"COPY ({query}) TO {_literal(str(path))} ({options})")


def _load(con: duckdb.DuckDBPyConnection, table: Described, path: Path) -> None:
    casts = ", ".join(f"CAST({_name(f['name'])} AS {TYPES[f['type']]}) AS {_name(f['name'])}" for f in _fields(table))
    query = f"SELECT {casts} FROM read_parquet({_literal(str(path))})"  # noqa: S608 (names are the declaration's)
    con.execute(f"CREATE TABLE {_name(table['name'])} AS {query}")


def _load_rows(con: duckdb.DuckDBPyConnection, table: Described, rows: list[dict[str, object]]) -> None:
    columns = ", ".join(f"{_name(field['name'])} {TYPES[field['type']]}" for field in _fields(table))
    con.execute(f"CREATE TABLE {_name(table['name'])} ({columns})")
    if rows:
        frame = pd.DataFrame(rows, columns=[field["name"] for field in _fields(table)]).astype(object)
        frame = frame.where(frame.notna(), None)
        con.register("incoming", frame)
        casts = ", ".join(f"CAST({_name(field['name'])} AS {TYPES[field['type']]})" for field in _fields(table))
        con.execute(f"INSERT INTO {_name(table['name'])} SELECT {casts} FROM incoming")  # noqa: S608 (names are the declaration's)
        con.unregister("incoming")


def _pages(run: RunFolder, portal: Portal) -> list[dict[str, object]]:
    pages = read_json(run.pages)["pages"]
    printed = ("titre", "langue")
    return [{**page, **{name: visible(masked(page[name] or "", portal)) or None for name in printed}} for page in pages]


def _provenance(
    run: RunFolder, published: AbstractSet[str], made: AbstractSet[str], last: Path | None
) -> list[dict[str, object]]:
    """Evidence of every published row: this run's for its own tables, the last release's for those carried over."""
    rows: list[dict[str, object]] = []
    kept = last / "data" / "provenance.json" if last else None
    if kept is not None and kept.is_file():
        old = json.loads(kept.read_bytes())
        rows += [row for row in old if row["dataset"] in published and row["dataset"] not in made]
    for name in sorted(made & published):
        rows += read_json(run.findings(name))["evidence"]
    return rows


def _write_database(
    con: duckdb.DuckDBPyConnection, tables: Iterable[Described], freshness: Iterable[Sequence[object]], path: Path
) -> None:
    tables = list(tables)
    little = sum(con.table(_name(table["name"])).shape[0] for table in tables) <= _LITTLE
    block = _SMALL_BLOCK if little else _BLOCK
    con.execute(f"ATTACH {_literal(str(path))} AS package (STORAGE_VERSION '{_STORAGE}', BLOCK_SIZE {block})")
    for table in tables:
        place = f"package.{_name(table['name'])}"
        columns = ", ".join(_column(field) for field in _fields(table))
        con.execute(f"CREATE TABLE {place} ({columns}, PRIMARY KEY ({_key(table)}))")
        con.execute(f"INSERT INTO {place} {_ordered(table)}")
        con.execute(f"COMMENT ON TABLE {place} IS {_literal(_comment(table))}")
        for field in _fields(table):
            con.execute(f"COMMENT ON COLUMN {place}.{_name(field['name'])} IS {_literal(_comment(field))}")
    _write_freshness(con, freshness)
    con.execute("DETACH package")


def _freshness_rows(freshness: Sequence[Mapping[str, Any]]) -> Iterator[tuple[object, ...]]:
    for entry in sorted(freshness, key=lambda entry: entry["name"]):
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


def _write_freshness(con: duckdb.DuckDBPyConnection, freshness: Iterable[Sequence[object]]) -> None:
    columns = ", ".join(f"{_name(name)} {kind}" for name, (kind, _) in _FRESHNESS.items())
    con.execute(f"CREATE TABLE package.fraicheur ({columns}, PRIMARY KEY (dataset))")
    insert = f"INSERT INTO package.fraicheur VALUES ({', '.join('?' for _ in _FRESHNESS)})"  # noqa: S608 (only its question marks)
    for row in freshness:
        con.execute(insert, list(row))
    con.execute(f"COMMENT ON TABLE package.fraicheur IS {_literal(_FRESHNESS_COMMENT)}")
    for name, (_, comment) in _FRESHNESS.items():
        con.execute(f"COMMENT ON COLUMN package.fraicheur.{_name(name)} IS {_literal(comment)}")


def _column(field: Described) -> str:
    required = field.get("constraints", {}).get("required", False)
    return f"{_name(field['name'])} {TYPES[field['type']]}{' NOT NULL' if required else ''}"


def _comment(described: Described) -> str:
    """What a table's or a column's comment says; a column without a description of its own has its title there."""
    title, description = described["title"], described["description"]
    return str(title) if description == title else f"{title} — {description}"


def _fields(table: Described) -> list[Described]:
    return list(table["schema"]["fields"])


def _ordered(table: Described) -> str:
    """The rows of a table by key: its own values, not what a format makes of them."""
    own = _name(table["name"])
    return f"FROM {own} ORDER BY {', '.join(f'{own}.{_name(name)}' for name in table['schema']['primaryKey'])}"


def _key(table: Described) -> str:
    return ", ".join(_name(name) for name in table["schema"]["primaryKey"])


def _as_csv(field: Described) -> str:
    name = _name(field["name"])
    if field["type"] == "string":
        return f"regexp_replace({name}, {_literal(GUARDED)}, {_literal(GUARD)}, 'g')"
    if field["type"] == "number":
        whole = f"CAST(CAST({name} AS HUGEINT) AS VARCHAR)"
        return f"CASE WHEN {name} = trunc({name}) THEN {whole} ELSE CAST({name} AS VARCHAR) END"
    if field["type"] == "datetime":
        return _instant(name)
    return name


def _as_json(field: Described) -> str:
    name = _name(field["name"])
    if field["type"] == "number":
        return f"CASE WHEN {name} = trunc({name}) THEN to_json(CAST({name} AS HUGEINT)) ELSE to_json({name}) END"
    return _instant(name) if field["type"] == "datetime" else name


def _instant(name: str) -> str:
    return f"strftime({name}, '%Y-%m-%dT%H:%M:%SZ')"


def _name(name: str) -> str:
    return f'"{name}"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
