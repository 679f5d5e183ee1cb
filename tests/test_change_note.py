"""The change note of a release: what a person reads of it, in each language."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from test_shelf import described, table

from pipeline.change_note import bullets, note, sentences
from pipeline.change_note import table as rows_table
from pipeline.described import schemas_of

COLUMNS = {"cle": "string", "note": "integer", "lieu": "string", "rang": "integer"}
NOW = described({**table("jeu", **COLUMNS), "title": "Un jeu", "title_en": "A dataset"})
BEFORE = schemas_of(NOW)


def added(key: str, **columns: Any) -> dict[str, Any]:
    pairs = {name: [None, value] for name, value in {"cle": key, **columns}.items()}
    return {"dataset": "jeu", "key": key, "change": "added", "columns": pairs}


def removed(key: str, **columns: Any) -> dict[str, Any]:
    pairs = {name: [value, None] for name, value in {"cle": key, **columns}.items()}
    return {"dataset": "jeu", "key": key, "change": "removed", "columns": pairs}


def changed(key: str, **columns: tuple[Any, Any]) -> dict[str, Any]:
    return {"dataset": "jeu", "key": key, "change": "changed", "columns": {c: list(p) for c, p in columns.items()}}


def parts(text: str) -> dict[str, list[str]]:
    """The lines of each part of a note but empty ones, by heading."""
    first, *others = text.split("\n## ")
    found = {"": [line for line in first.splitlines() if line]}
    for part in others:
        heading, *lines = part.splitlines()
        found[heading] = [line for line in lines if line]
    return found


def test_a_first_release_says_so_in_both_languages() -> None:
    assert note(NOW, None, [], {}) == (
        "# Portail 1.0.0\n\n2026-11-23\n\n## Français\n\nPremière version.\n\n## English\n\nFirst release.\n"
    )


def test_a_release_of_metadata_says_so() -> None:
    told = parts(note(NOW, BEFORE, [], {}))
    assert (told["Français"], told["English"]) == (["Métadonnées seulement."], ["Metadata only."])
    assert told.keys() == {"", "Français", "English"}


def test_rows_erased_are_told_whatever_else_is() -> None:
    first, later = note(NOW, None, [], {"jeu": 1}), note(NOW, BEFORE, [], {"jeu": 2})
    told = "\n\nPremière version.\n\n- **Un jeu** (`jeu`) : 1 ligne retirée à la demande d'une personne\n\n"
    assert f"## Français{told}## English" in first
    assert parts(later)["English"] == [
        "Metadata only.",
        "- **A dataset** (`jeu`): 2 rows removed at a person's request",
    ]
    both = note(NOW, BEFORE, [added("a")], {"jeu": 1})
    assert parts(both)["English"] == ["- **A dataset** (`jeu`): 1 row added", "  - 1 row removed at a person's request"]


@pytest.mark.parametrize(
    ("changes", "french", "english"),
    [
        ([added("a")], ["1 ligne ajoutée"], ["1 row added"]),
        ([added("a"), added("b")], ["2 lignes ajoutées"], ["2 rows added"]),
        ([removed("a")], ["1 ligne retirée"], ["1 row removed"]),
        (
            [added("a"), added("b"), changed("c", note=(1, 2))],
            ["2 lignes ajoutées, 1 modifiée : `note`"],
            ["2 rows added, 1 changed: `note`"],
        ),
        (
            [added("a"), changed("c", note=(1, 2)), changed("d", rang=(1, 2), lieu=("x", "y")), removed("z")],
            ["1 ligne ajoutée, 1 retirée, 2 modifiées : `note`, `lieu`"],
            ["1 row added, 1 removed, 2 changed: `note`, `lieu`"],
        ),
        ([changed("c", rang=(1, 2))], ["1 ligne change seulement de rang"], ["1 row changes its rank only"]),
        (
            [added("a"), changed("c", rang=(1, 2)), changed("d", rang=(2, 3))],
            ["1 ligne ajoutée", "2 lignes changent seulement de rang"],
            ["1 row added", "2 rows change their rank only"],
        ),
    ],
)
def test_a_sentence_counts_the_rows_of_a_dataset(
    changes: list[dict[str, Any]], french: list[str], english: list[str]
) -> None:
    assert sentences(BEFORE, BEFORE, changes, "fr") == {"jeu": french}
    assert sentences(BEFORE, BEFORE, changes, "en") == {"jeu": english}


def test_schemas_are_told_in_the_language_and_a_dataset_that_left_by_its_name() -> None:
    old = copy.deepcopy(BEFORE["jeu"])
    old["fields"][1]["type"] = "string"
    told = parts(note(NOW, {"jeu": old, "vieux": old}, [changed("a", note=("un", 1))], {}))
    assert told["Français"] == [
        "- **Un jeu** (`jeu`) : 1 ligne modifiée : `note`",
        "  - type : `note` string → integer",
        "- `vieux` : jeu de données retiré",
    ]
    assert told["English"][-1] == "- `vieux`: dataset removed"


def test_a_likely_rename_is_told_as_likely_and_its_rows_stay_in_the_table() -> None:
    told = parts(note(NOW, BEFORE, [added("Institut Curie", note=1), removed("Institut Currie", note=1)], {}))
    assert told["Français"][1:] == ["  - probablement renommée : `Institut Currie` → `Institut Curie`"]
    assert told["English"][1:] == ["  - probably renamed: `Institut Currie` → `Institut Curie`"]
    assert [line.split(" | ")[1:3] for line in told["Lignes / Rows"][2:]] == [
        ["`Institut Curie`", "ajoutée / added"],
        ["`Institut Currie`", "retirée / removed"],
    ]


def test_a_key_of_other_columns_is_no_rename_of_its_rows() -> None:
    old = {**BEFORE["jeu"], "primaryKey": ["cle", "lieu"]}
    changes = [added("Institut Curie", note=1), removed("Institut Currie", note=1)]
    assert sentences({"jeu": old}, BEFORE, changes, "en") == {
        "jeu": ["1 row added, 1 removed", "key: `cle, lieu` → `cle`"],
    }


def test_the_table_has_a_line_a_column_and_none_for_a_shift_of_rank() -> None:
    changes = [added("a"), changed("b", note=(None, 0), lieu=("x|y", None)), changed("c", rang=(1, 2))]
    assert rows_table(changes, "fr")[2:] == [
        "| `jeu` | `a` | ajoutée |  |  |  |",
        "| `jeu` | `b` | modifiée | `note` |  | 0 |",
        "| `jeu` | `b` | modifiée | `lieu` | x\\|y |  |",
    ]
    assert rows_table([changed("c", rang=(1, 2))], "fr") == []


def test_values_read_as_in_the_data_and_long_ones_are_cut() -> None:
    [line] = rows_table([changed("a", ouvert=(True, False), note=(0.5, 2), lieu=("é" * 100, "é" * 101))], "en")[2:3]
    assert line == "| `jeu` | `a` | changed | `ouvert` | true | false |"
    last = rows_table([changed("a", lieu=("é" * 100, "é" * 101))], "en")[-1]
    assert last == f"| `jeu` | `a` | changed | `lieu` | {'é' * 100} | {'é' * 100}… |"


@pytest.mark.parametrize(
    ("count", "more"),
    [
        (20, None),
        (21, "| `jeu` | … et 1 autre ligne / … and 1 more row | | | | |"),
        (23, "| `jeu` | … et 3 autres lignes / … and 3 more rows | | | | |"),
    ],
)
def test_the_note_counts_the_rows_it_leaves_out_of_each_dataset(count: int, more: str | None) -> None:
    own = [added(f"c{number:02}") for number in range(count)]
    other = {**added("z"), "dataset": "neuf"}
    lines = parts(note(NOW, BEFORE, [*own, other], {}))["Lignes / Rows"][2:]
    assert [line for line in lines if "`c" in line] == [
        f"| `jeu` | `c{n:02}` | ajoutée / added |  |  |  |" for n in range(20)
    ]
    assert lines[20:] == [*([more] if more else []), "| `neuf` | `z` | ajoutée / added |  |  |  |"]


def test_the_note_counts_the_renames_it_leaves_out() -> None:
    changes = [
        change(f"Institut {n} {name}") for n in range(22) for change, name in ((added, "Curie"), (removed, "Currie"))
    ]
    _, *said = sentences(BEFORE, BEFORE, changes, "fr", 20)["jeu"]
    assert (len(said), said[-1]) == (20 + 1, "probablement renommée : … et 2 autres lignes")
    assert len(sentences(BEFORE, BEFORE, changes, "fr")["jeu"]) == 1 + 22


def test_a_dataset_has_its_title_in_the_language() -> None:
    assert bullets(NOW, {"jeu": ["a", "b"]}, "en") == ["- **A dataset** (`jeu`): a", "  - b"]
    assert bullets(NOW, {"jeu": ["a"]}, "fr") == ["- **Un jeu** (`jeu`) : a"]
