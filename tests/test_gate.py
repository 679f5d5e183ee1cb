"""What may be released: what the checks say, what a person accepts, and foreign keys over what will be published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.checks import CHECKS
from pipeline.decisions import Decision
from pipeline.gate import Verdict, gate, published
from pipeline.normalize import frame
from pipeline.paths import RunFolder, read_json, write_json
from schemas.load import Declarations, load
from schemas.model import Dataset
from schemas.reasons import Reason
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from schemas.cleaners import Value

Rows = list[dict[str, "Value"]]

TITLE = {"fr": "t", "en": "t"}
HELD = Reason("block-missing", "https://x.fr/page/")
BROKEN = Reason("schema", "https://x.fr/page/", "ligne 1")


def dataset(name: str, references: str | None = None, *columns: str, **checks: object) -> Dataset:
    """A dataset of two columns, `cle` and `parent`, or more."""
    fields = [{"name": "cle"}, {"name": "parent", **({"references": references} if references else {})}]
    return Dataset.model_validate(
        {
            "id": name,
            "title": TITLE,
            "description": TITLE,
            "sources": [{"reference": "x.csv"}],
            "fields": [{"title": TITLE, **field} for field in [*fields, *({"name": column} for column in columns)]],
            "key": ["cle"],
            "checks": {"rows": {"min": 0, "max": 99}, **checks},
        }
    )


def rows(*keys: str, parent: str | None = None) -> Rows:
    return [{"cle": key, "parent": parent} for key in keys]


class Case:
    """A run's folder, and the release before it."""

    def __init__(self, folder: Path, *datasets: Dataset) -> None:
        self.run = RunFolder(folder / "run")
        self.last = folder / "releases" / "1.0.0"
        portal = load("canceropole-idf")
        self.declarations = Declarations(portal.portal, datasets, portal.references, {})

    def released(self, name: str, table: Rows) -> None:
        """Adds a table to the release, as it is declared now."""
        self._write(self.last / "data" / f"{name}.parquet", name, table)
        dataset = self.declarations.dataset(name)
        keys = {d.id: d.key[0] for d in self.declarations.datasets}
        described = self.last / "datapackage.json"
        before = read_json(described)["resources"] if described.exists() else []
        write_json(described, {"resources": [*before, {"name": name, "schema": table_schema(dataset, keys)}]})

    def found(
        self, name: str, table: Rows, faults: Iterable[Reason] = (), notes: Iterable[Reason] = (), **more: object
    ) -> None:
        self._write(self.run.table(name), name, table)
        told = {"faults": [f.as_json() for f in faults], "notes": [n.as_json() for n in notes]}
        write_json(self.run.findings(name), {**told, "evidence": [], "doubts": [], "stated": [], "erased": 0, **more})

    def set_aside(self, name: str, *rules: Reason) -> None:
        """Puts a row aside for each rule, as normalizing and validating do."""
        aside = [
            {"rule": rule.as_json(), "cell": {"column": "cle", "value": "x"}, "evidence": {"cle": str(number)}}
            for number, rule in enumerate(rules)
        ]
        write_json(self.run.rejected(name), aside)

    def judged(self, *only: str, decisions: Iterable[Decision] = ()) -> dict[str, Verdict]:
        last = self.last if self.last.exists() else None
        return {v.name: v for v in gate(self.run, self.declarations, last, only, tuple(decisions))}

    def table(self, verdict: Verdict) -> Path | None:
        return published(self.run, verdict, self.last if self.last.exists() else None)

    def _write(self, path: Path, name: str, table: Rows) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        declared = self.declarations.dataset(name)
        whole = [dict.fromkeys(declared.names) | row for row in table]
        frame(declared, whole).to_parquet(path, index=False)


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons]


# One dataset


def test_every_check_that_fires_holds_the_dataset(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rows={"min": 2, "max": 3}, filled={"parent": 0.5}))
    case.found("jeu", rows("a"))
    verdict = case.judged("jeu")["jeu"]
    assert verdict.verdict == "held"
    assert codes(verdict) == ["rows-out-of-bounds", "cells-emptied"]


def test_the_findings_reach_the_checks(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    place = {"page": "https://x.fr/", "place": "tableau 1"}
    case.found(
        "jeu",
        rows("a"),
        doubts=[{"confidence": 0.5, "doubt": "d", **place}],
        stated=[
            {"count": 2, "text": "deux", "rows": None, "holds": True, **place},
            {"count": 3, "text": "trois", "rows": None, "holds": False, **place},
        ],
    )
    verdict = case.judged("jeu")["jeu"]
    assert codes(verdict) == ["match-unsure", "count-disagrees"]
    assert [note.code for note in verdict.notes] == ["count-differs"]


def test_a_check_that_is_left_out_says_nothing(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rows={"min": 2, "max": 3}, filled={"parent": 0.5}))
    case.found("jeu", rows("a"))
    without = {code: check for code, check in CHECKS.items() if code != "cells-emptied"}
    (verdict,) = gate(case.run, case.declarations, None, ["jeu"], checks=without)
    assert codes(verdict) == ["rows-out-of-bounds"]


def test_a_fault_of_extraction_is_all_that_is_said(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rows={"min": 2, "max": 3}, filled={"parent": 1}))
    case.released("jeu", rows("a", "b"))
    case.found("jeu", [], faults=[HELD])
    verdict = case.judged("jeu")["jeu"]
    assert (verdict.verdict, verdict.reasons, verdict.rows) == ("held", [HELD], 2)


# Against the last release


def test_the_same_rows_are_unchanged(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows("a", "b"))
    case.found("jeu", rows("b", "a"))
    assert case.judged("jeu")["jeu"].verdict == "unchanged"


def test_rows_added_and_changed_are_accepted_and_counted(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows("a", "b"))
    case.found("jeu", rows("a") + rows("b", "c", parent="x"))
    told = case.judged("jeu")["jeu"].as_json()
    assert {name: told[name] for name in ("verdict", "rows", "added", "changed", "removed")} == {
        "verdict": "accepted",
        "rows": 3,
        "added": 1,
        "changed": 1,
        "removed": 0,
    }


def test_a_key_lost_holds_the_dataset(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows("a", "b", "c"))
    case.found("jeu", rows("a", "d", "e"))
    verdict = case.judged("jeu")["jeu"]
    assert [(reason.code, reason.found) for reason in verdict.reasons] == [("rows-lost", "−2: b, c")]
    assert verdict.rows == 3
    assert verdict.as_json()["removed"] == 0


@pytest.mark.parametrize(("kept", "verdict"), [(9, "accepted"), (8, "accepted"), (7, "held")])
def test_a_declared_share_of_keys_may_be_lost(tmp_path: Path, kept: int, verdict: str) -> None:
    case = Case(tmp_path, dataset("jeu", keys_lost=0.2))
    case.released("jeu", rows(*"abcdefghij"))
    case.found("jeu", rows(*"abcdefghij"[:kept]))
    found = case.judged("jeu")["jeu"]
    assert found.verdict == verdict
    assert [reason.code for reason in found.notes] == (["rows-lost-tolerated"] if verdict == "accepted" else [])
    lost = ", ".join("abcdefghij"[kept:])
    assert all(lost in reason.found for reason in found.reasons + found.notes)


@pytest.mark.parametrize(("share", "rows_before", "lost"), [(0.29, 100, 29), (0.58, 50, 29), (0.07, 100, 7)])
def test_a_tolerated_share_counts_whole_rows(tmp_path: Path, share: float, rows_before: int, lost: int) -> None:
    case = Case(tmp_path, dataset("jeu", rows={"min": 0, "max": 999}, keys_lost=share))
    keys = [f"{number:03}" for number in range(rows_before)]
    case.released("jeu", rows(*keys))
    case.found("jeu", rows(*keys[lost:]))
    assert case.judged("jeu")["jeu"].verdict == "accepted"


def test_many_lost_keys_are_named_in_part(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows(*"abcdefghijklm"))
    case.found("jeu", [])
    (reason,) = case.judged("jeu")["jeu"].reasons
    assert reason.found == "−13: a, b, c, d, e, f, g, h, i, j, … (+3)"


# Rows set aside


@pytest.mark.parametrize(("tolerated", "verdict"), [(1, "held"), (2, "accepted")])
def test_a_declaration_says_how_many_rows_may_be_set_aside(tmp_path: Path, tolerated: int, verdict: str) -> None:
    rules = [BROKEN, Reason("value-not-understood", "https://x.fr/page/", "ligne 2")]
    case = Case(tmp_path, dataset("jeu", rejected=tolerated))
    case.found("jeu", rows("a"), faults=rules)
    case.set_aside("jeu", *rules)
    found = case.judged("jeu")["jeu"]
    assert (found.verdict, found.rejected) == (verdict, 2)
    assert found.reasons == (rules if verdict == "held" else [])
    assert [(note.code, note.place) for note in found.notes] == (
        [] if verdict == "held" else [("rows-set-aside", "ligne 1, ligne 2")]
    )


def test_two_cells_of_one_row_set_one_row_aside(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rejected=1))
    case.found("jeu", rows("a"), faults=[BROKEN, BROKEN])
    case.set_aside("jeu", BROKEN)
    aside = read_json(case.run.rejected("jeu"))
    write_json(case.run.rejected("jeu"), [*aside, {**aside[0], "cell": {"column": "parent", "value": "y"}}])
    found = case.judged("jeu")["jeu"]
    assert (found.verdict, found.rejected) == ("accepted", 1)


def test_a_fault_that_sets_no_row_aside_is_never_tolerated(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rejected=5))
    doubled = Reason("key-doubled", "https://x.fr/page/", "ligne 3")
    case.found("jeu", rows("a"), faults=[BROKEN, doubled])
    case.set_aside("jeu", BROKEN)
    assert case.judged("jeu")["jeu"].reasons == [doubled]


def test_a_row_set_aside_is_not_a_lost_one(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rejected=1))
    case.released("jeu", rows("a", "b"))
    case.found("jeu", rows("a"), faults=[BROKEN])
    case.set_aside("jeu", BROKEN)
    found = case.judged("jeu")["jeu"]
    assert found.verdict == "accepted"
    assert [note.code for note in found.notes] == ["rows-set-aside", "rows-lost-tolerated"]


# What a person accepts


def decision(verdict: Verdict, *accepted: str) -> Decision:
    return Decision(verdict.name, verdict.digest, accepted, "fusion", "Ada", "2026-11-24T10:00:00Z", "run")


def test_a_decision_lifts_the_reasons_it_names_and_is_told(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows("a", "b"))
    case.found("jeu", rows("a"))
    yes = decision(case.judged("jeu")["jeu"], "rows-lost")
    verdict = case.judged("jeu", decisions=[yes])["jeu"]
    assert (verdict.verdict, verdict.rows, verdict.decisions) == ("accepted", 1, [yes])
    assert [note.code for note in verdict.notes] == ["rows-lost", "accepted-by-hand"]
    by_hand = verdict.notes[-1]
    assert (by_hand.place, by_hand.expected, by_hand.found) == ("2026-11-24T10:00:00Z", "Ada", "fusion")
    assert verdict.as_json()["removed"] == 1


def test_a_reason_that_a_decision_does_not_name_still_holds(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", filled={"parent": 0.5}))
    case.released("jeu", rows("a", "b"))
    case.found("jeu", rows("a"))
    verdict = case.judged("jeu", decisions=[decision(case.judged("jeu")["jeu"], "rows-lost")])["jeu"]
    assert (verdict.verdict, verdict.rows, codes(verdict)) == ("held", 2, ["cells-emptied"])


def test_a_decision_is_about_the_very_rows_that_were_shown(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows("a", "b", "c"))
    case.found("jeu", rows("a", "b"))
    yes = decision(case.judged("jeu")["jeu"], "rows-lost")
    case.found("jeu", rows("a"))
    verdict = case.judged("jeu", decisions=[yes])["jeu"]
    assert (verdict.verdict, verdict.decisions) == ("held", [])


def test_no_decision_lifts_a_fault_or_a_foreign_key(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.found("parents", rows("p"), faults=[HELD])
    case.found("enfants", rows("a", parent="q"))
    verdicts = case.judged("parents", "enfants")
    yes = [
        decision(verdicts["parents"], "block-missing"),
        decision(verdicts["enfants"], "parent-held"),
    ]
    assert {v.verdict for v in case.judged("parents", "enfants", decisions=yes).values()} == {"held"}


# What is published


def test_a_dataset_held_on_its_first_run_is_left_out(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.found("jeu", rows("a"), faults=[HELD])
    verdict = case.judged("jeu")["jeu"]
    assert (verdict.verdict, verdict.rows) == ("held", 0)
    assert case.table(verdict) is None


def test_a_held_dataset_keeps_its_last_rows(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.released("jeu", rows("a"))
    case.found("jeu", rows("b"))
    verdict = case.judged("jeu")["jeu"]
    assert case.table(verdict) == case.last / "data" / "jeu.parquet"


def test_an_accepted_dataset_gives_this_runs_rows(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"))
    case.found("jeu", rows("b"))
    verdict = case.judged("jeu")["jeu"]
    assert case.table(verdict) == case.run.table("jeu")


def test_a_dataset_that_was_not_asked_for_is_carried_over(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu"), dataset("autre"), dataset("jamais"))
    case.released("autre", rows("x", "y"))
    case.found("jeu", rows("a"))
    verdicts = case.judged("jeu")
    assert {name: (verdict.verdict, verdict.rows) for name, verdict in verdicts.items()} == {
        "jeu": ("accepted", 1),
        "autre": ("unchanged", 2),
    }
    assert case.table(verdicts["autre"]) == case.last / "data" / "autre.parquet"


def test_verdicts_are_written_as_the_report_has_them(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", rejected=2))
    note = Reason("address-moved", "https://x.fr/a/", expected="/b/", found="/a/")
    case.found("jeu", rows("a"), notes=[note])
    case.set_aside("jeu", BROKEN, BROKEN)
    case.judged("jeu")
    (told,) = read_json(case.run.verdicts)
    assert told == {
        "name": "jeu",
        "verdict": "accepted",
        "rows": 1,
        "added": 0,
        "removed": 0,
        "changed": 0,
        "rejected": 2,
        "reasons": [note.as_json(), Reason("rows-set-aside", "https://x.fr/page/", "ligne 1", "≤ 2", "2").as_json()],
    }


def test_a_new_dataset_of_a_later_release_is_all_added(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("ancien"), dataset("jeu"))
    case.released("ancien", rows("x"))
    case.found("jeu", rows("a", "b"))
    told = case.judged("jeu")["jeu"].as_json()
    assert (told["verdict"], told["added"]) == ("accepted", 2)


# Foreign keys


def family(tmp_path: Path, *more: Dataset) -> Case:
    return Case(tmp_path, dataset("parents"), dataset("enfants", "parents"), *more)


def test_rows_that_refer_to_published_rows_are_accepted(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.found("parents", rows("p"))
    case.found("enfants", rows("a", parent="p") + rows("b"))
    assert {verdict.verdict for verdict in case.judged("parents", "enfants").values()} == {"accepted"}


def test_a_child_of_a_row_nobody_publishes_is_held(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.found("parents", rows("p"))
    case.found("enfants", rows("a", parent="q"))
    verdicts = case.judged("parents", "enfants")
    assert verdicts["parents"].verdict == "accepted"
    assert [(r.code, r.place, r.expected, r.found) for r in verdicts["enfants"].reasons] == [
        ("parent-held", "parent", "rows of parents", "q")
    ]


def test_a_child_whose_new_parent_is_held_is_held(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.released("parents", rows("p"))
    case.released("enfants", rows("a", parent="p"))
    case.found("parents", rows("p", "q"), faults=[HELD])
    case.found("enfants", rows("a", parent="p") + rows("b", parent="q"))
    verdicts = case.judged("parents", "enfants")
    assert codes(verdicts["enfants"]) == ["parent-held"]


def test_whichever_side_is_held_keeps_its_last_count(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("parents", keys_lost=1), dataset("enfants", "parents"), dataset("seuls", "enfants"))
    case.released("parents", rows("p", "q", "r"))
    case.released("enfants", rows("a", parent="p"))
    case.found("parents", rows("q"))
    case.found("enfants", [], faults=[HELD])
    case.found("seuls", rows("x", "y", parent="b"))
    found = {name: verdict.as_json() for name, verdict in case.judged("parents", "enfants", "seuls").items()}
    assert [reason["code"] for reason in found["parents"]["reasons"]] == ["child-held", "rows-lost-tolerated"]
    assert {name: (told["verdict"], told["rows"], told["removed"]) for name, told in found.items()} == {
        "parents": ("held", 3, 0),
        "enfants": ("held", 1, 0),
        "seuls": ("held", 0, 0),
    }


def test_a_child_of_a_held_parents_last_rows_is_accepted(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.released("parents", rows("p"))
    case.found("parents", rows("p", "q"), faults=[HELD])
    case.found("enfants", rows("a", parent="p"))
    assert case.judged("parents", "enfants")["enfants"].verdict == "accepted"


def test_a_child_is_held_with_a_parent_held_on_its_first_run(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.found("parents", rows("p"), faults=[HELD])
    case.found("enfants", rows("a", parent="p"))
    verdicts = case.judged("parents", "enfants")
    assert codes(verdicts["enfants"]) == ["parent-held"]
    assert case.table(verdicts["enfants"]) is None


def test_a_parent_that_a_held_child_still_needs_is_held(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("parents", keys_lost=1), dataset("enfants", "parents"))
    case.released("parents", rows("p", "q"))
    case.released("enfants", rows("a", parent="p"))
    case.found("parents", rows("q"))
    case.found("enfants", [], faults=[HELD])
    verdicts = case.judged("parents", "enfants")
    assert [(r.code, r.expected, r.found) for r in verdicts["parents"].reasons] == [
        ("child-held", "the rows enfants.parent refers to", "p")
    ]


def test_a_parent_that_a_child_carried_over_still_needs_is_held(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("parents", keys_lost=1), dataset("enfants", "parents"))
    case.released("parents", rows("p", "q"))
    case.released("enfants", rows("a", parent="p"))
    case.found("parents", rows("q"))
    assert codes(case.judged("parents")["parents"]) == ["child-held"]


def test_a_child_asked_for_alone_without_its_parent_is_held(tmp_path: Path) -> None:
    case = family(tmp_path)
    case.found("enfants", rows("a", parent="p"))
    assert codes(case.judged("enfants")["enfants"]) == ["parent-held"]


def test_holding_goes_on_until_nothing_changes(tmp_path: Path) -> None:
    chain = (dataset("petits", "enfants"), dataset("enfants", "parents"), dataset("parents"))
    case = Case(tmp_path, *chain)
    case.found("parents", rows("p"), faults=[HELD])
    case.found("enfants", rows("a", parent="p"))
    case.found("petits", rows("x", parent="a"))
    verdicts = case.judged("parents", "enfants", "petits")
    assert {name: codes(verdict) for name, verdict in verdicts.items()} == {
        "petits": ["parent-held"],
        "enfants": ["parent-held"],
        "parents": ["block-missing"],
    }


def test_a_table_that_refers_to_itself_is_closed_too(tmp_path: Path) -> None:
    case = Case(tmp_path, dataset("jeu", "jeu"))
    case.found("jeu", rows("a") + rows("b", parent="a"))
    assert case.judged("jeu")["jeu"].verdict == "accepted"
    case.found("jeu", rows("b", parent="a"))
    assert codes(case.judged("jeu")["jeu"]) == ["parent-held"]


def test_a_held_table_released_before_its_foreign_key_was_declared_refers_to_nothing(tmp_path: Path) -> None:
    before = dataset("enfants")
    now = Dataset.model_validate(
        {
            **before.model_dump(by_alias=True),
            "fields": [
                *(field.model_dump(by_alias=True) for field in before.fields),
                {"name": "tuteur", "title": TITLE, "references": "parents"},
            ],
        }
    )
    Case(tmp_path, dataset("parents"), before).released("enfants", rows("a"))
    case = Case(tmp_path, dataset("parents"), now)
    case.found("parents", rows("p"))
    case.found("enfants", [], faults=[HELD])
    verdicts = case.judged("parents", "enfants")
    assert {name: verdict.verdict for name, verdict in verdicts.items()} == {"parents": "accepted", "enfants": "held"}


def test_a_held_table_refers_by_the_foreign_keys_it_was_released_with(tmp_path: Path) -> None:
    parents = dataset("parents", keys_lost=1)
    before = Case(tmp_path, parents, dataset("enfants", "parents"))
    before.released("parents", rows("p", "q"))
    before.released("enfants", rows("a", parent="p"))
    case = Case(tmp_path, parents, dataset("enfants"))
    case.found("parents", rows("q"))
    case.found("enfants", [], faults=[HELD])
    assert codes(case.judged("parents", "enfants")["parents"]) == ["child-held"]


def test_a_parent_carried_over_is_referred_to_by_the_key_it_was_released_with(tmp_path: Path) -> None:
    before = Case(tmp_path, dataset("parents"))
    before.released("parents", rows("p"))
    renamed = dataset("parents").model_dump(by_alias=True)
    renamed["fields"][0]["name"], renamed["key"] = "code", ["code"]
    case = Case(tmp_path, Dataset.model_validate(renamed), dataset("enfants", "parents"))
    case.found("enfants", rows("a", parent="p"))
    assert case.judged("enfants")["enfants"].verdict == "accepted"


def test_a_held_table_may_have_referred_to_what_is_no_longer_declared(tmp_path: Path) -> None:
    before = Case(tmp_path, dataset("parents"), dataset("enfants", "parents"))
    before.released("parents", rows("p"))
    before.released("enfants", rows("a", parent="p"))
    case = Case(tmp_path, dataset("enfants"))
    case.found("enfants", [], faults=[HELD])
    assert codes(case.judged("enfants")["enfants"]) == ["block-missing"]
