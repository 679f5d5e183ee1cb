"""Which removed and added rows are told to be probably one, and which are not."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.renames import Rename, likely_renames
from schemas.typography import key_text

Row = dict[str, Any]

# A bank's identifier is made of its name; what it is for is one of a list, and who runs it another dataset's row.
BANKS = {
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "nom", "type": "string"},
        {"name": "lieu", "type": "string"},
        {"name": "usage", "type": "string", "constraints": {"enum": ["soin", "recherche"]}},
        {"name": "organisation_id", "type": "string"},
        {"name": "places", "type": "integer"},
        {"name": "rang", "type": "integer"},
    ],
    "primaryKey": ["id"],
    "foreignKeys": [{"fields": ["organisation_id"], "reference": {"resource": "autres", "fields": ["id"]}}],
}
HEADS = {
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "rang", "type": "integer"},
        {"name": "nom", "type": "string"},
        {"name": "titre", "type": "string"},
    ],
    "primaryKey": ["id", "rang"],
}
GRANTS = {
    "fields": [
        {"name": "annee", "type": "integer"},
        {"name": "financeur", "type": "string"},
        {"name": "programme", "type": "string"},
        {"name": "montant_eur", "type": "integer"},
    ],
    "primaryKey": ["annee", "financeur"],
}
THEMES = {
    "fields": [
        {"name": "axe", "type": "string"},
        {"name": "theme", "type": "string"},
        {"name": "rang", "type": "integer"},
    ],
    "primaryKey": ["axe", "theme"],
}


def found(schema: dict[str, Any], gone: list[Row], come: list[Row]) -> list[tuple[str, str]]:
    changes = [
        {
            "dataset": "jeu",
            "key": key_text(row[column] for column in schema["primaryKey"]),
            "change": kind,
            "columns": {name: [value, None] if kind == "removed" else [None, value] for name, value in row.items()},
        }
        for kind, rows in (("removed", gone), ("added", come))
        for row in rows
    ]
    return [(rename.before, rename.after) for rename in likely_renames(changes, {"jeu": schema})]


COCHIN = {"id": "banque-cochin", "nom": "Banque Cochin", "lieu": "Paris 14", "places": 3, "rang": 1}
PORT_ROYAL = {**COCHIN, "id": "port-royal", "nom": "Port-Royal", "rang": 7}


def test_a_row_that_says_the_same_under_another_name_is_probably_the_same() -> None:
    assert found(BANKS, [COCHIN], [PORT_ROYAL]) == [("banque-cochin", "port-royal")]


@pytest.mark.parametrize(
    "other",
    [
        {"lieu": "Paris 15"},
        {"lieu": None},
        {"places": 4},
        {"usage": "soin"},
        {"nom": "Maternité"},  # not what the identifier is made of: another name than the row's own
    ],
)
def test_whatever_else_differs_makes_it_another_row(other: Row) -> None:
    assert found(BANKS, [COCHIN], [{**PORT_ROYAL, **other}]) == []


@pytest.mark.parametrize(
    "shared",
    [
        {"lieu": "Paris"},
        {"usage": "soin", "organisation_id": "aphp"},
        {"usage": "soin", "places": 3},
        {"rang": 1, "lieu": "Paris"},
        {},
    ],
)
def test_too_little_in_common_tells_nothing(shared: Row) -> None:
    assert found(BANKS, [{"id": "cochin", "nom": "Cochin", **shared}], [{"id": "foch", "nom": "Foch", **shared}]) == []


def test_a_row_that_could_be_two_is_neither() -> None:
    other = {**PORT_ROYAL, "id": "baudelocque", "nom": "Baudelocque"}
    assert found(BANKS, [COCHIN], [PORT_ROYAL, other]) == []
    assert found(BANKS, [PORT_ROYAL, other], [COCHIN]) == []
    misspelt = {**COCHIN, "id": "banque-cochinn", "nom": "Banque Cochinn"}
    assert found(BANKS, [COCHIN], [misspelt]) == [("banque-cochin", "banque-cochinn")]
    assert found(BANKS, [COCHIN], [PORT_ROYAL, misspelt]) == [], "the same values in one, nearly the same name in both"


def test_a_place_in_the_key_is_no_other_row() -> None:
    head = {"id": "cochin", "rang": 1, "nom": "Dupont", "titre": "Pr"}
    assert found(HEADS, [head], [{**head, "id": "foch", "rang": 2}]) == [("cochin/1", "foch/2")]


def test_a_misspelling_does_not_change_places() -> None:
    head = {"id": "banque-cochin", "rang": 1, "nom": "Dupont"}
    assert found(HEADS, [head], [{**head, "id": "banque-cochinn"}]) == [("banque-cochin/1", "banque-cochinn/1")]
    assert found(HEADS, [head], [{**head, "id": "banque-cochinn", "rang": 2}]) == []


def test_another_year_is_another_fact() -> None:
    grant = {"annee": 2018, "financeur": "INCa", "programme": "Émergence", "montant_eur": 85000}
    assert found(GRANTS, [grant], [{**grant, "annee": 2019}]) == []
    assert found(GRANTS, [grant], [{**grant, "financeur": "Institut national du cancer"}]) == [
        ("2018/INCa", "2018/Institut national du cancer")
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("métabolomique", "métabolomiques", True),
        ("métabolomique", "métabolomqiue", False),
        ("Métabolomique", "metabolomique", True),
        ("biologie, des tumeurs", "biologie des tumeurs", True),
        ("biologie des tumeurs", "biologie des humeurs", True),
        ("biologie des tumeurs", "biologie de tumeurs", False),
        ("biologie des tumeurs", "biologie tumeurs", False),
        ("biologies des tumeur", "biologie des tumeurs", False),
        ("vitamine A", "vitamine B", False),
        ("université Paris IV", "université Paris VI", False),
        ("université Paris 5", "université Paris 7", False),
        ("cohorte MELAN2018", "cohorte MELAN2019", False),
        ("biologie des tumeurs", "biologie des tummeurs", True),
        ("biologie des tummeurs", "biologie des tumeurs", True),
        ("plan 2014/2018", "plan 2014-2018", True),
        ("!", "?", False),
    ],
)
def test_with_nothing_beside_the_key_only_a_misspelling_is_the_same(before: str, after: str, *, expected: bool) -> None:
    theme = {"axe": "axe-1", "theme": before, "rang": 1}
    renamed = found(THEMES, [theme], [{**theme, "theme": after, "rang": 2}])
    assert renamed == ([(f"axe-1/{before}".replace("4/2", "4%2F2"), f"axe-1/{after}")] if expected else [])
    assert found(THEMES, [theme], [{**theme, "axe": "axe-2", "theme": after}]) == []


def test_a_dataset_whose_schema_is_not_given_is_left_out() -> None:
    added = {"dataset": "jeu", "key": "b", "change": "added", "columns": {"theme": [None, "thème"]}}
    removed = {"dataset": "jeu", "key": "a", "change": "removed", "columns": {"theme": ["theme", None]}}
    assert likely_renames([added, removed], {}) == []
    schema = {**THEMES, "primaryKey": ["theme"]}
    assert likely_renames([added, removed], {"autre": schema, "jeu": schema}) == [Rename("jeu", "a", "b")]


def test_a_changed_row_is_no_rename() -> None:
    changed = {"dataset": "jeu", "key": "a", "change": "changed", "columns": {"theme": ["theme", "thème"]}}
    assert likely_renames([changed], {"jeu": THEMES}) == []


def test_rows_that_many_others_could_be_are_not_looked_at_one_by_one() -> None:
    words = [f"{a}{b}{c}tumeur" for a in "abcdefg" for b in "hijklmn" for c in "opqrs"]
    gone = [{"axe": "axe-1", "theme": word, "rang": 1} for word in words]
    come = [{"axe": "axe-1", "theme": f"x{word}", "rang": 1} for word in words]
    assert found(THEMES, gone, come) == []
    assert len(found(THEMES, gone[:90], come[:90])) == 90
