"""What changed between two releases, for a person: CHANGELOG.md in French and English, and the sentences it is made of.

Whatever a page printed is escaped, so that what is told is text in Markdown and on a terminal alike.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from pipeline.described import schemas_of, tables
from pipeline.markdown import code, text
from pipeline.renames import PLACE, likely_renames
from pipeline.version import differences
from schemas.typography import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Schema = Mapping[str, Any]
    Changes = Sequence[Mapping[str, Any]]

_SHOWN = 20  # rows of a dataset in the note's table, and its likely renames
_LONGEST = 100  # characters of a value in a Markdown table
_LANGUAGES = {"fr": "Français", "en": "English"}
_TITLES = {"fr": "title", "en": "title_en"}
_COLON = {"fr": " :", "en": ":"}
# For one, for more.
_ROWS = {"fr": ("ligne", "lignes"), "en": ("row", "rows")}
_DONE = {
    "fr": {
        "added": ("ajoutée", "ajoutées"),
        "removed": ("retirée", "retirées"),
        "changed": ("modifiée", "modifiées"),
    },
    "en": {kind: (kind, kind) for kind in ("added", "removed", "changed")},
}
_MOVED = {
    "fr": ("{} ligne change seulement de rang", "{} lignes changent seulement de rang"),
    "en": ("{} row changes its rank only", "{} rows change their rank only"),
}
_ERASED = {
    "fr": ("{} ligne retirée à la demande d'une personne", "{} lignes retirées à la demande d'une personne"),
    "en": ("{} row removed at a person's request", "{} rows removed at a person's request"),
}
_MORE = {
    "fr": ("… et {} autre ligne", "… et {} autres lignes"),
    "en": ("… and {} more row", "… and {} more rows"),
}
_RENAMED = {"fr": "probablement renommée", "en": "probably renamed"}
_FIRST = {"fr": "Première version.", "en": "First release."}
_METADATA = {"fr": "Métadonnées seulement.", "en": "Metadata only."}
_HEADS = {
    "fr": ("jeu de données", "clé", "changement", "colonne", "avant", "après"),
    "en": ("dataset", "key", "change", "column", "before", "after"),
}


def note(
    descriptor: Mapping[str, Any], before: Mapping[str, Schema] | None, changes: Changes, erased: Mapping[str, int]
) -> str:
    """The text of a release's CHANGELOG.md.

    Args:
        descriptor: its datapackage.json.
        before: the Table Schemas of the release before, by dataset; None for a first one.
        changes: row changes against it, as changes.json has them.
        erased: how many rows of each dataset left this release after it was made.

    Returns:
        A French part, an English part, and a table of the rows added, removed or changed in more than their rank: of
        each dataset the first, and how many more there are.
    """
    lines = [f"# {text(descriptor['title'])} {descriptor['version']}", "", descriptor["created"][:10]]
    for language, named in _LANGUAGES.items():
        told = {} if before is None else sentences(before, schemas_of(descriptor), changes, language, _SHOWN)
        lines += ["", f"## {named}", ""]
        if not told:
            lines += [_FIRST[language] if before is None else _METADATA[language], *([""] if erased else [])]
        for name, rows in sorted(erased.items()):
            told.setdefault(name, []).append(_many(_ERASED[language], rows))
        lines += bullets(descriptor, told, language)
    rows_told = table(changes, *_LANGUAGES, most=_SHOWN)
    return "\n".join([*lines, *(["", "## Lignes / Rows", "", *rows_told] if rows_told else [])]) + "\n"


def sentences(
    before: Mapping[str, Schema], now: Mapping[str, Schema], changes: Changes, language: str, most: int | None = None
) -> dict[str, list[str]]:
    """What changed, dataset by dataset: how many rows, then the schema, then likely renames.

    Args:
        before: the Table Schemas of one release, by dataset.
        now: those of the other.
        changes: what differs in their rows, as changes.json has it.
        language: fr or en.
        most: likely renames of a dataset to name; None for all.

    Returns:
        Sentences as Markdown, without a full stop, by dataset; a dataset where nothing changed is not there.
    """
    same_key = {n: now[n] for n in before if n in now and before[n]["primaryKey"] == now[n]["primaryKey"]}
    altered, renames = differences(before, now), likely_renames(changes, same_key)
    told = {}
    for name in [*now, *(name for name in before if name not in now)]:
        said = _rows([change for change in changes if change["dataset"] == name], language)
        said += [difference.said[language] for difference in altered if difference.dataset == name]
        pairs = [f"{code(rename.before)} → {code(rename.after)}" for rename in renames if rename.dataset == name]
        said += [f"{_RENAMED[language]}{_COLON[language]} {pair}" for pair in pairs[:most]]
        if left_out := len(pairs[most:]) if most is not None else 0:
            said.append(f"{_RENAMED[language]}{_COLON[language]} {_many(_MORE[language], left_out)}")
        if said:
            told[name] = said
    return told


def bullets(descriptor: Mapping[str, Any], told: Mapping[str, Sequence[str]], language: str) -> list[str]:
    """The sentences on each dataset as a Markdown list: the first beside the dataset's title, the others below.

    Args:
        descriptor: has the titles; a dataset it has not goes by its name alone.
        told: the sentences by dataset, at least one each.
        language: fr or en.
    """
    titles = {resource["name"]: resource[_TITLES[language]] for resource in tables(descriptor)}
    lines = []
    for name, (first, *others) in told.items():
        title = f"**{text(titles[name])}** ({code(name)})" if name in titles else code(name)
        lines += [f"- {title}{_COLON[language]} {first}", *(f"  - {other}" for other in others)]
    return lines


def heads(*languages: str) -> tuple[str, ...]:
    """The heads of what `cells` gives, in these languages side by side."""
    return tuple(" / ".join(named) for named in zip(*(_HEADS[language] for language in languages), strict=True))


def cells(change: Mapping[str, Any], *languages: str) -> Iterator[tuple[str, ...]]:
    """A row change as lines of a table.

    Args:
        change: an object of changes.json.
        languages: fr, en or both, to say what was done.

    Yields:
        Dataset, key, what was done, column, value before and after, none escaped: a line for each column that changed;
        of a row added or removed one line, without a column.
    """
    done = " / ".join(_DONE[language][change["change"]][0] for language in languages)
    first = (change["dataset"], change["key"], done)
    if change["change"] != "changed":
        yield *first, "", "", ""
        return
    for column, (before, after) in change["columns"].items():
        yield *first, column, _shown(before), _shown(after)


def telling(changes: Changes) -> list[Mapping[str, Any]]:
    """The row changes that are more than a shift of rank, which a row above it may have caused."""
    return [change for change in changes if not _moved(change)]


def table(changes: Changes, *languages: str, most: int | None = None) -> list[str]:
    """The row changes as a Markdown table, but for shifts of rank; long values are cut.

    Args:
        changes: as changes.json has them, each dataset's together.
        languages: fr, en or both.
        most: rows to show of each dataset, the rest counted; None for all.

    Returns:
        The table's lines; none where there is no row to show.
    """
    lines = []
    by_dataset: dict[str, list[Mapping[str, Any]]] = {}
    for change in telling(changes):
        by_dataset.setdefault(change["dataset"], []).append(change)
    for name, own in by_dataset.items():
        for change in own[:most]:
            lines += [_line(line) for line in cells(change, *languages)]
        if left_out := len(own[most:]) if most is not None else 0:
            more = " / ".join(_many(_MORE[language], left_out) for language in languages)
            lines.append(f"| {code(name, in_table=True)} | {more} | | | | |")
    if not lines:
        return []
    return [f"| {' | '.join(heads(*languages))} |", "|---|---|---|---|---|---|", *lines]


def _line(line: tuple[str, ...]) -> str:
    dataset, key, done, column, before, after = line
    named = [code(cut(value), in_table=True) if value else "" for value in (dataset, key, column)]
    values = [text(cut(value)) for value in (before, after)]
    return f"| {' | '.join([*named[:2], done, named[2], *values])} |"


def _rows(changes: Changes, language: str) -> list[str]:
    """How many rows were added, removed and changed, in which columns; and how many only moved."""
    told, said = telling(changes), []
    counts = Counter(change["change"] for change in told)
    done = [(counts[kind], forms) for kind, forms in _DONE[language].items() if counts[kind]]
    if done:
        # The noun stands once: « 2 lignes ajoutées, 1 modifiée ».
        nouns = [f"{_form(_ROWS[language], done[0][0])} ", *[""] * len(done[1:])]
        said.append(", ".join(f"{n} {noun}{_form(forms, n)}" for noun, (n, forms) in zip(nouns, done, strict=True)))
    columns = {column: None for change in told if change["change"] == "changed" for column in change["columns"]}
    if named := [code(column) for column in columns if column != PLACE]:
        said[0] += f"{_COLON[language]} {', '.join(named)}"
    if moved := len(changes) - len(told):
        said.append(_many(_MOVED[language], moved))
    return said


def _moved(change: Mapping[str, Any]) -> bool:
    return change["change"] == "changed" and set(change["columns"]) == {PLACE}


def _many(forms: tuple[str, str], count: int) -> str:
    return _form(forms, count).format(count)


def _form(forms: tuple[str, str], count: int) -> str:
    """The form for so many: at none French has the singular and English the plural, but nothing here counts none."""
    return forms[count > 1]


def _shown(value: object) -> str:
    """A value as the data has it; an empty cell is empty."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def cut(value: str) -> str:
    """A value as long as a person reads in a table, on one line."""
    line = one_line(value)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
