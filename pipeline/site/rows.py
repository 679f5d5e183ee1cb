"""The rows of a release's tables as pages show them: the first of them, as cells, each row with its evidence."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from pipeline import sql
from pipeline.changes import json_value
from pipeline.site.words import number, words
from schemas.typography import key_text, key_values, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.site.words import Language

    Described = Mapping[str, Any]

_SHOWN = 500  # rows of a page at most
_ROOM = 60_000  # characters of their cells as HTML: a page is read on a telephone
_ROW = 220  # of what a row has beside its cells: its anchor, the link to its evidence
_GROUPED = 10_000  # from here figures are grouped: what is below may be a year


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a row was read, as provenance has it; `printed` is the text of each column."""

    url: str
    capture: str
    record: str
    sha256: str
    block: str
    position: str
    confidence: float | None
    printed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its key as text and as it is read, its anchor, its values in the order of the columns, its evidence."""

    key: str
    name: str
    anchor: str
    values: tuple[Any, ...]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table that a page shows.

    Attributes:
        count: how many there are in all.
        shown: the first of them.
        filled: of each column, the share of cells that have a value; none of a table without rows.
    """

    count: int
    shown: tuple[Row, ...]
    filled: Mapping[str, float]


def anchor(key: str) -> str:
    """The anchor of a row: of its key alone, so that a link to a row lasts."""
    return f"ligne-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


class Tables:
    """The tables of a release, to be closed after use.

    Attributes:
        sources: the pages that the rows of each dataset were read in, by dataset.
    """

    def __init__(self, release: Path) -> None:
        """`release`: its folder."""
        self._release = release
        self._con = sql.connected()
        pages = self._con.execute(
            f"SELECT dataset, url FROM {self._of('provenance')} WHERE url <> '' GROUP BY ALL ORDER BY dataset, min(source), url"  # noqa: E501, S608 (a path quoted as SQL's text)
            if self._path("provenance").is_file()
            else "SELECT '', '' WHERE false"
        ).fetchall()
        self.sources: dict[str, list[str]] = {}
        for dataset, url in pages:
            self.sources.setdefault(dataset, []).append(url)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the connection."""
        self._con.close()

    def _path(self, dataset: str) -> Path:
        return self._release / "data" / f"{dataset}.parquet"

    def _of(self, dataset: str) -> str:
        return f"read_parquet({sql.literal(str(self._path(dataset)))})"

    def rows(self, table: Described) -> Rows:
        """The rows of a table that a page shows.

        Raises:
            duckdb.Error: its file cannot be read.
        """
        columns = [field["name"] for field in table["schema"]["fields"]]
        counted = ", ".join(["count(*)", *(f"count({sql.name(column)})" for column in columns)])
        counts = self._con.execute(f"SELECT {counted} FROM {self._of(table['name'])}").fetchone() or (0,)  # noqa: S608 (names and a path, quoted)
        listed = ", ".join(map(sql.name, columns))
        found = self._con.execute(f"SELECT {listed} FROM {self._of(table['name'])} LIMIT {_SHOWN}").fetchall()  # noqa: S608 (likewise)
        values = _within([tuple(map(json_value, row)) for row in found])
        places = [columns.index(name) for name in table["schema"]["primaryKey"]]
        keys = [key_text(row[place] for place in places) for row in values]
        evidence = self._evidence(table["name"], keys) if table["name"] in self.sources else {}
        shown = [
            Row(k, " · ".join(key_values(k)), anchor(k), row, tuple(evidence.get(k, ())))
            for k, row in zip(keys, values, strict=True)
        ]
        filled = {c: full / counts[0] for c, full in zip(columns, counts[1:], strict=True)} if counts[0] else {}
        return Rows(counts[0], tuple(shown), filled)

    def count(self, table: Described) -> int:
        """How many rows a table has; raises as `rows`."""
        [[count]] = self._con.execute(f"SELECT count(*) FROM {self._of(table['name'])}").fetchall()  # noqa: S608 (a path, quoted)
        return int(count)

    def all_rows(self, table: Described, most: int) -> list[dict[str, Any]] | None:
        """Every row of a table by column; None where there are more than `most`."""
        columns = [field["name"] for field in table["schema"]["fields"]]
        listed = ", ".join(map(sql.name, columns))
        found = self._con.execute(f"SELECT {listed} FROM {self._of(table['name'])} LIMIT {most + 1}").fetchall()  # noqa: S608 (likewise)
        if len(found) > most:
            return None
        return [dict(zip(columns, map(json_value, row), strict=True)) for row in found]

    def _evidence(self, dataset: str, keys: Sequence[str]) -> dict[str, list[Evidence]]:
        table = self._con.read_parquet(str(self._path("provenance")))
        sure = "confiance" if "confiance" in table.columns else "NULL"  # releases made before it was kept
        found = self._con.execute(
            f"SELECT cle, url, {sql.instant('capture')}, enregistrement, sha256, bloc, position, {sure}, texte_publie "  # noqa: S608 (a path, quoted)
            f"FROM {self._of('provenance')} WHERE dataset = ? AND list_contains(?, cle) ORDER BY cle, source",
            [dataset, list(keys)],
        ).fetchall()
        evidence: dict[str, list[Evidence]] = {}
        for key, url, capture, record, digest, block, position, confidence, printed in found:
            told = Evidence(url, capture, record, digest, block, position, confidence, json.loads(printed))
            evidence.setdefault(key, []).append(told)
        return evidence


def _within(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The first rows, as many as a page has room for; one at least."""
    room = _ROOM
    kept: list[tuple[Any, ...]] = []
    for row in rows:
        room -= sum(12 + len(escape(str(value))) for value in row if value is not None) + _ROW
        if room < 0 and kept:
            break
        kept.append(row)
    return kept


def cell(value: object, language: Language, link: str = "") -> Markup:
    """A value as the content of a cell: a number as the language writes it, a web address as a link, all else as text.

    Args:
        value: as JSON has it.
        language: of the page.
        link: where the value leads, an address of the site's own; empty where nowhere.
    """
    if value is None:
        return Markup()
    if isinstance(value, bool) or not isinstance(value, int | float):
        said = visible(words(language)[f"is_{value}".lower()] if isinstance(value, bool) else str(value))
    else:
        said = number(value, language) if abs(value) >= _GROUPED or isinstance(value, float) else str(value)
    target = link or (web_address(value) if isinstance(value, str) else "")
    if target:
        return Markup('<a href="{}">{}</a>').format(target, said)
    return escape(said)


def web_address(text: str) -> str:
    """The text, if it is a whole web address that a reader may follow; else empty."""
    if not text.isascii() or any(character.isspace() for character in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname and not parts.username else ""
