"""The diff command: what changed between two releases, from their own data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import duckdb
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline import change_note
from pipeline.changes import changes
from pipeline.described import OF_THE_CRAWL, schemas_of
from pipeline.paths import Home, number, read_json
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Form = Literal["table", "json", "markdown"]

_BACKWARDS = {"fr": "(la seconde est la plus ancienne)", "en": "(the second is the older one)"}
_SAME = {"fr": "Mêmes lignes, mêmes colonnes.", "en": "Same rows, same columns."}


class UnknownReleaseError(Exception):
    """No such release; the message lists those there are."""


def told(out: Path, portal: str, before: str, after: str, form: Form, language: str) -> str:
    """The differences, for a person or a program; nothing in them acts on a terminal.

    Args:
        out: where outputs are.
        portal: whose releases.
        before: a version.
        after: another; it may be the older one.
        form: `table`: sentences on each dataset, then its rows, laid out for the terminal if standard output is one;
            `markdown`: the same, of all rows, as CHANGELOG.md has it; `json`: the rows alone, as changes.json has them.
        language: fr or en.

    Raises:
        UnknownReleaseError: one of the versions is not there.
    """
    home = Home(out / portal)
    was, now = _descriptor(home, before), _descriptor(home, after)
    found = between(home, was, now)
    if form == "json":
        return visible(json.dumps(found, ensure_ascii=False, indent=1))
    backwards = number(after) < number(before)
    title = f"{portal} {before} → {after}" + (f" {_BACKWARDS[language]}" if backwards else "")
    said = change_note.sentences(schemas_of(was), schemas_of(now), found, language)
    if form == "markdown":
        return _blocks(
            f"# {title}",
            "\n".join(change_note.bullets(now, said, language)) or _SAME[language],
            "\n".join(change_note.table(found, language)),
        )
    return _blocks(title, _lines(said) or _SAME[language], _table(found, language))


def between(home: Home, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Row changes between two releases: of neighbours, what the later one's changes.json holds.

    Args:
        home: where the releases are.
        was: the datapackage.json of one.
        now: that of the other; a dataset it has not is gone as a whole, and its rows are not told one by one.
    """
    before, after = (home.release(descriptor["version"]) / "data" for descriptor in (was, now))
    found = []
    with duckdb.connect() as con:
        for name, schema in schemas_of(now).items():
            if name not in OF_THE_CRAWL:
                files = [folder / f"{name}.parquet" for folder in (before, after)]
                found += changes(con, name, schema["primaryKey"], *(file if file.exists() else None for file in files))
    return found


def _descriptor(home: Home, version: str) -> Any:  # noqa: ANN401 (JSON)
    if version not in home.versions():
        there = ", ".join(home.versions()) or "none"
        raise UnknownReleaseError(f"No release {version!r} of {home.root.name}; there are: {there}")
    return read_json(home.release(version) / "datapackage.json")


def _blocks(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _lines(told: Mapping[str, Sequence[str]]) -> str:
    return "\n".join(f"{name}\n" + "\n".join(f"  {sentence}" for sentence in said) for name, said in told.items())


def _table(found: Sequence[Mapping[str, Any]], language: str) -> str:
    """The rows below their heads, on one line each; on a terminal, as wide as it is."""
    rows = [line for change in change_note.telling(found) for line in change_note.cells(change, language)]
    if not rows:
        return ""
    lines = [[visible(change_note.cut(cell)) for cell in row] for row in (change_note.heads(language), *rows)]
    console = Console(highlight=False, emoji=False, markup=False)
    if console.is_terminal:
        return _laid_out(console, lines)
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _laid_out(console: Console, lines: Sequence[Sequence[str]]) -> str:
    first, *others = lines
    table = Table(*first, box=None, padding=(0, 2, 0, 0))
    for line in others:
        table.add_row(*(Text(cell, overflow="fold") for cell in line))
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")
