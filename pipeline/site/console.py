"""What the page that answers SQL in the browser shows: questions to begin with, the files, and every word it says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pipeline import sql
from pipeline.described import OF_THE_CRAWL, database, tables
from pipeline.site import duckdb_wasm
from pipeline.site.words import SUFFIX, words
from schemas.typography import GUARD, GUARDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.site.words import Language

    Described = Mapping[str, Any]

_FEW = 20  # rows that a first question asks for
_COLUMNS = 3  # of a parent, that a join shows


@dataclass(frozen=True, slots=True)
class Example:
    """A question: what it asks, and its SQL."""

    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class Group:
    """The questions about one thing.

    Attributes:
        name: what it is called in the database; also the anchor of its examples.
        title: what it is called in the page's language.
        examples: its questions.
        csv: the place of its CSV file in the release; empty where it has none.
    """

    name: str
    title: str
    examples: tuple[Example, ...]
    csv: str = ""


@dataclass(frozen=True, slots=True)
class Console:
    """What the page shows.

    Attributes:
        release: the place of the release's files, under the outputs.
        database: the name of its DuckDB file.
        duckdb: the folder of what runs SQL, in the site's assets.
        bytes: how many a browser loads before the first query.
        groups: the questions to begin with.
        words: what the page says, in its language.
        script: what its script needs to know: words, and what makes a CSV cell harmless.
    """

    release: str
    database: str
    duckdb: str
    bytes: int
    groups: tuple[Group, ...]
    words: Mapping[str, str]
    script: Mapping[str, str]

    @property
    def first(self) -> str:
        """The query that stands there at first."""
        return next(group for group in self.groups if group.csv).examples[0].sql


def console(descriptor: Described, installed: Path, language: Language) -> Console:
    """What the page of a release shows.

    Args:
        descriptor: its datapackage.json.
        installed: what `duckdb_wasm.installed` gives.
        language: the page's.
    """
    said = words(language, "console.yml")
    return Console(
        release=f"{descriptor['name']}/releases/{descriptor['version']}/",
        database=database(descriptor),
        duckdb=installed.name,
        bytes=duckdb_wasm.size(installed),
        groups=tuple(_groups(descriptor, language, said)),
        words=said,
        script={**said, "guarded": GUARDED, "guard": GUARD.replace("\\", "$")},
    )


def _groups(descriptor: Described, language: Language, said: Mapping[str, str]) -> Iterator[Group]:
    suffix = SUFFIX[language]
    yield Group(descriptor["name"], said["whole"], tuple(_of_the_whole(language, said)))
    views = tuple(
        Example(view[f"title{suffix}"], f"SELECT *\nFROM {_name(view['name'])};")
        for view in descriptor.get("views", ())
    )
    if views:
        yield Group("views", said["views"], views)
    for table in tables(descriptor):
        examples = tuple(_of_a_table(descriptor, table, said))
        yield Group(table["name"], table[f"title{suffix}"], examples, csv=table["path"])


def _of_the_whole(language: Language, said: Mapping[str, str]) -> Iterator[Example]:
    yield Example(
        said["all_tables"],
        "SELECT table_name, estimated_size, comment\nFROM duckdb_tables()\nWHERE NOT internal\nORDER BY table_name;",
    )
    yield Example(
        said["all_columns"],
        f"SELECT dataset, colonne, type, titre_{language}, description_{language}\n"
        "FROM dictionnaire\nORDER BY dataset, rang;",
    )
    yield Example(
        said["changes"],
        "SELECT version, date, dataset, cle, change, colonne, avant, apres\n"
        "FROM changes JOIN releases USING (version)\nORDER BY ordre DESC, dataset, cle, colonne;",
    )
    yield Example(said["freshness"], "SELECT *\nFROM fraicheur\nORDER BY dataset;")


def _of_a_table(descriptor: Described, table: Described, said: Mapping[str, str]) -> Iterator[Example]:
    name, place = table["name"], _name(table["name"])
    yield Example(said["first_rows"].format(rows=_FEW), f"SELECT *\nFROM {place}\nLIMIT {_FEW};")
    if name in OF_THE_CRAWL:
        return
    for key in table["schema"].get("foreignKeys", ()):
        parent = next((one for one in tables(descriptor) if one["name"] == key["reference"]["resource"]), None)
        if parent:  # a table that refers to itself names no other
            yield Example(said["join"].format(parent=parent["name"]), _join(table, parent, key))
    version = descriptor["version"]
    yield Example(
        said["as_of"].format(version=version),
        f"SELECT *\nFROM {_name(f'{name}_as_of')}({sql.literal(version)})\nLIMIT {_FEW};",
    )
    yield Example(said["history"], f"SELECT *\nFROM {_name(f'{name}_history')}\nORDER BY first_release\nLIMIT {_FEW};")
    yield Example(
        said["sources"],
        "SELECT cle, url, capture, bloc, position, texte_publie\nFROM provenance\n"
        f"WHERE dataset = {sql.literal(name)}\nORDER BY cle, source\nLIMIT {_FEW};",
    )


def _join(table: Described, parent: Described, key: Described) -> str:
    """A table's rows with some of what its parent says."""
    own, theirs = _name(table["name"]), _name(parent["name"])
    taken = {field["name"] for field in sql.fields(table)}
    others = [field["name"] for field in sql.fields(parent) if field["name"] not in key["reference"]["fields"]]
    told = [
        f"{theirs}.{_name(name)}" + (f" AS {_name(f'{name}_parent')}" if name in taken else "")
        for name in others[:_COLUMNS]
    ]
    on = " AND ".join(
        f"{own}.{_name(one)} = {theirs}.{_name(other)}"
        for one, other in zip(key["fields"], key["reference"]["fields"], strict=True)
    )
    return f"SELECT {', '.join([f'{own}.*', *told])}\nFROM {own} LEFT JOIN {theirs} ON {on}\nLIMIT {_FEW};"


def _name(identifier: str) -> str:
    """An identifier as a person writes it: in quotes where it is a word of SQL; names are else of [a-z0-9_]."""
    return sql.name(identifier) if identifier in _keywords() else identifier


@cache
def _keywords() -> frozenset[str]:
    with sql.connected() as con:
        found = con.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'")
        return frozenset(word for (word,) in found.fetchall())
