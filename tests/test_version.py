"""The version rule of the contract, one case for each of its clauses."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pipeline.version import FIRST, Step, after, differences, step_of_changes

Schema = dict[str, Any]

BEFORE: Schema = {
    "fields": [
        {"name": "cle", "type": "string", "title": "Clé", "constraints": {"required": True}},
        {
            "name": "note",
            "type": "integer",
            "title": "Note",
            "constraints": {"minimum": -5, "maximum": 5, "enum": ["1", "2"]},
        },
        {"name": "parent", "type": "string", "title": "Parent"},
    ],
    "primaryKey": ["cle"],
    "missingValues": [""],
    "foreignKeys": [{"fields": ["parent"], "reference": {"resource": "autres", "fields": ["cle"]}}],
}


def changed(**constraints: object) -> Schema:
    """The schema with constraints of `note` replaced; None takes one away."""
    now = copy.deepcopy(BEFORE)
    own = now["fields"][1]["constraints"]
    own.update(constraints)
    now["fields"][1]["constraints"] = {name: value for name, value in own.items() if value is not None}
    return now


def fields(*names: str, **changes: object) -> Schema:
    """The schema with these fields, in this order; `changes` are keys of the second."""
    known = {field["name"]: field for field in copy.deepcopy(BEFORE["fields"])}
    made = [known.get(name, {"name": name, "type": "string", "title": name}) for name in names]
    made[1] |= changes
    return {**BEFORE, "fields": made}


def step_of_schemas(before: dict[str, Schema], now: dict[str, Schema]) -> Step:
    return max((difference.step for difference in differences(before, now)), default=Step.NONE)


def step(now: Schema, before: Schema = BEFORE) -> Step:
    return step_of_schemas({"jeu": before}, {"jeu": now})


@pytest.mark.parametrize(
    ("move", "version"),
    [(Step.MAJOR, "2.0.0"), (Step.MINOR, "1.5.0"), (Step.PATCH, "1.4.3"), (Step.NONE, "1.4.2")],
)
def test_the_version_that_follows(move: Step, version: str) -> None:
    assert after("1.4.2", move) == version


def test_versions_count_past_nine() -> None:
    assert after("9.9.9", Step.PATCH) == "9.9.10"
    assert after("1.9.10", Step.MINOR) == "1.10.0"
    assert after(FIRST, Step.NONE) == "1.0.0"


def test_the_same_schemas_move_nothing() -> None:
    assert step(copy.deepcopy(BEFORE)) == Step.NONE
    assert step_of_schemas({}, {}) == Step.NONE


def test_a_dataset_removed_is_major_and_one_added_is_minor() -> None:
    assert step_of_schemas({"a": BEFORE, "b": BEFORE}, {"a": BEFORE}) == Step.MAJOR
    assert step_of_schemas({"a": BEFORE}, {"a": BEFORE, "b": BEFORE}) == Step.MINOR
    assert step_of_schemas({"a": BEFORE}, {"b": BEFORE}) == Step.MAJOR


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(fields("cle", "note"), Step.MAJOR, id="column removed"),
        pytest.param(fields("cle", "remarque", "parent"), Step.MAJOR, id="column renamed"),
        pytest.param(fields("note", "cle", "parent"), Step.MAJOR, id="columns reordered"),
        pytest.param(fields("cle", "note", "parent", type="number"), Step.MAJOR, id="column retyped"),
        pytest.param(fields("cle", "ville", "note", "parent"), Step.MAJOR, id="column put between"),
        pytest.param(fields("cle", "note", "parent", "ville"), Step.MINOR, id="nullable column appended last"),
        pytest.param({**BEFORE, "primaryKey": ["cle", "note"]}, Step.MAJOR, id="key widened"),
        pytest.param({**BEFORE, "primaryKey": ["note"]}, Step.MAJOR, id="key changed"),
        pytest.param({**BEFORE, "foreignKeys": []}, Step.MINOR, id="foreign key taken away"),
        pytest.param(fields("cle", "note", "parent", title="Remarque"), Step.PATCH, id="title changed"),
    ],
)
def test_a_change_of_columns_moves_the_version(now: Schema, expected: Step) -> None:
    assert step(now) == expected


def test_a_required_column_appended_is_major() -> None:
    now = fields("cle", "note", "parent", "ville")
    now["fields"][3]["constraints"] = {"required": True}
    assert step(now) == Step.MAJOR


def test_a_foreign_key_added_is_major() -> None:
    assert step(BEFORE, before={name: value for name, value in BEFORE.items() if name != "foreignKeys"}) == Step.MAJOR


@pytest.mark.parametrize(
    ("constraint", "before", "now", "expected"),
    [
        ("minimum", -5, -4, Step.MAJOR),
        ("minimum", -5, -6, Step.MINOR),
        ("minimum", -5, 0, Step.MAJOR),
        ("minimum", 0, -5, Step.MINOR),
        ("minimum", 5, 0, Step.MINOR),
        ("minimum", 0, 5, Step.MAJOR),
        ("minimum", -5, None, Step.MINOR),
        ("minimum", 0, None, Step.MINOR),
        ("minimum", None, 0, Step.MAJOR),
        ("maximum", 5, 4, Step.MAJOR),
        ("maximum", 5, 6, Step.MINOR),
        ("maximum", 5, 0, Step.MAJOR),
        ("maximum", 0, 5, Step.MINOR),
        ("maximum", 5, None, Step.MINOR),
        ("minLength", 1, 2, Step.MAJOR),
        ("minLength", 2, 1, Step.MINOR),
        ("maxLength", 9, 8, Step.MAJOR),
        ("maxLength", 8, 9, Step.MINOR),
        ("required", None, True, Step.MAJOR),
        ("required", False, True, Step.MAJOR),
        ("required", True, None, Step.MINOR),
        ("required", True, False, Step.MINOR),
        ("unique", None, True, Step.MAJOR),
        ("unique", True, None, Step.MINOR),
        ("pattern", None, "a+", Step.MAJOR),
        ("pattern", "a+", "a*", Step.MAJOR),
        ("pattern", "a+", None, Step.MINOR),
        ("enum", ["1", "2"], ["1", "2", "3"], Step.MINOR),
        ("enum", ["1", "2"], ["1"], Step.MAJOR),
        ("enum", ["1", "2"], ["1", "3"], Step.MAJOR),
        ("enum", ["1", "2"], None, Step.MINOR),
        ("enum", None, ["1"], Step.MAJOR),
    ],
)
def test_a_tighter_constraint_is_major_and_a_looser_one_minor(
    constraint: str, before: object, now: object, expected: Step
) -> None:
    assert step(changed(**{constraint: now}), changed(**{constraint: before})) == expected


def test_the_same_values_listed_in_another_order_take_nothing_away() -> None:
    assert step(changed(enum=["2", "1"])) <= Step.MINOR


def test_the_largest_step_decides() -> None:
    assert step(changed(minimum=-6, maximum=4)) == Step.MAJOR
    now = {"a": changed(minimum=-6), "b": changed(maximum=4)}
    assert step_of_schemas({"a": BEFORE, "b": BEFORE}, now) == Step.MAJOR


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([], Step.NONE),
        (["changed"], Step.PATCH),
        (["added"], Step.MINOR),
        (["removed"], Step.MINOR),
        (["changed", "removed", "changed"], Step.MINOR),
    ],
)
def test_rows_move_the_version(kinds: list[str], expected: Step) -> None:
    assert step_of_changes({"change": kind} for kind in kinds) == expected


def test_a_foreign_key_of_an_appended_column_tightens_nothing() -> None:
    now = fields("cle", "note", "parent", "tuteur")
    key = {"fields": ["tuteur"], "reference": {"resource": "autres", "fields": ["cle"]}}
    assert step({**now, "foreignKeys": [*BEFORE["foreignKeys"], key]}) == Step.MINOR


def test_every_difference_is_said() -> None:
    now = fields("note", "cle", "ville", type="integer")
    now |= {"primaryKey": ["note"], "foreignKeys": []}
    now["fields"][0]["constraints"] = {"minimum": -6, "maximum": 5, "enum": ["1"], "pattern": "`"}
    found = differences({"jeu": BEFORE, "ancien": BEFORE}, {"jeu": now, "neuf": BEFORE})
    assert [(difference.dataset, difference.said["fr"], difference.said["en"]) for difference in found] == [
        ("ancien", "jeu de données retiré", "dataset removed"),
        ("jeu", "colonne retirée : `parent`", "column removed: `parent`"),
        ("jeu", "colonne ajoutée : `ville`", "column added: `ville`"),
        ("jeu", "colonnes dans un autre ordre", "columns reordered"),
        ("jeu", "clé : `cle` → `note`", "key: `cle` → `note`"),
        (
            "jeu",
            "clé étrangère retirée : `parent` → `autres` (`cle`)",
            "foreign key removed: `parent` → `autres` (`cle`)",
        ),
        ("jeu", "contrainte : `note` enum `1, 2` → `1`", "constraint: `note` enum `1, 2` → `1`"),
        ("jeu", "contrainte : `note` minimum `-5` → `-6`", "constraint: `note` minimum `-5` → `-6`"),
        ("jeu", "contrainte : `note` pattern — → `` ` ``", "constraint: `note` pattern — → `` ` ``"),
        ("jeu", "type : `cle` string → integer", "type: `cle` string → integer"),
        ("neuf", "jeu de données ajouté", "dataset added"),
    ]


def test_a_title_is_said_where_nothing_else_differs() -> None:
    now = {**BEFORE, "fields": [{**BEFORE["fields"][0], "title": "Code"}, *BEFORE["fields"][1:]]}
    [found] = differences({"jeu": BEFORE}, {"jeu": now})
    assert found.step is Step.PATCH
    assert found.said == {"fr": "titres ou descriptions", "en": "titles or descriptions"}
