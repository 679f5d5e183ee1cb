"""Decides what may be released: faults, the checks of each dataset, what a person accepted, then foreign keys.

In: tables/, rejected/, the last release, decisions. Out: verdicts.json, one object a dataset as report.json has it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import pandas as pd

from pipeline.case import Case
from pipeline.changes import changes
from pipeline.checks import CHECKS, NOTES, shown
from pipeline.decisions import Decision, digest
from pipeline.paths import read_json, resources_of, write_json
from schemas.reasons import Reason
from schemas.typography import key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.checks import Check
    from pipeline.paths import RunFolder
    from schemas.load import Declarations
    from schemas.model import Dataset

_TELLING = 4  # letters and digits below which a text may stand anywhere


@dataclass(slots=True)
class Verdict:
    """The gate's decision on one dataset, and what the report says of it.

    `before` counts the rows of the last release (0 if it has none); `rows` those that will be published; `rejected`
    those set aside. `judged` is false for a dataset this run did not extract, which is carried over. `digest` is that
    of this run's table, `decisions` are those that lifted a reason.
    """

    name: str
    verdict: Literal["accepted", "unchanged", "held"]
    reasons: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    before: int = 0
    rejected: int = 0
    judged: bool = True
    digest: str = ""
    decisions: list[Decision] = field(default_factory=list)

    @property
    def fresh(self) -> bool:
        """Whether this run's table is published, and not the last release's."""
        return self.judged and self.verdict != "held"

    def hold(self, reason: Reason) -> None:
        """Holds the dataset, or adds a reason to those it is held for; the last release's rows stay."""
        self.verdict = "held"
        self.rows = self.before
        self.reasons.append(reason)

    def as_json(self) -> dict[str, Any]:
        """The object of report.json's `datasets`."""
        kinds = [change["change"] for change in self.changes] if self.verdict != "held" else []
        return {
            "name": self.name,
            "verdict": self.verdict,
            "rows": self.rows,
            "added": kinds.count("added"),
            "removed": kinds.count("removed"),
            "changed": kinds.count("changed"),
            "rejected": self.rejected,
            "reasons": [reason.as_json() for reason in self.reasons + self.notes],
        }


def gate(
    run: RunFolder,
    declarations: Declarations,
    last: Path | None,
    only: Iterable[str],
    decisions: Sequence[Decision] = (),
    checks: Mapping[str, Check] = CHECKS,
) -> list[Verdict]:
    """Judges every dataset in `only`; the others are carried over.

    Args:
        run: has the tables.
        declarations: have the checks.
        last: the folder of the last release, None for a first one.
        only: datasets this run extracted.
        decisions: what people have accepted; each lifts reasons for the very rows it is about.
        checks: by code, what holds a dataset.

    Returns:
        A verdict for each dataset that this run or the last release has (also written to verdicts.json).
    """
    judged = set(only)
    refused, beside = _refused(run, declarations, judged), _beside(last)
    verdicts: dict[str, Verdict] = {}
    with duckdb.connect() as con:
        compare = partial(changes, con) if last is not None else None
        for dataset in declarations.datasets:
            if dataset.derived:
                continue
            before = _released(last, dataset.id)
            if dataset.id in judged:
                verdicts[dataset.id] = _judge(run, dataset, before, decisions, checks, (refused, beside), compare)
            elif before is not None:
                rows = len(pd.read_parquet(before))
                verdicts[dataset.id] = Verdict(dataset.id, "unchanged", rows=rows, before=rows, judged=False)
    _Mixture(run, declarations, last, resources_of(last), verdicts).close()
    write_json(run.verdicts, [verdict.as_json() for verdict in verdicts.values()])
    return list(verdicts.values())


def published(run: RunFolder, verdict: Verdict, last: Path | None) -> Path | None:
    """The table a verdict lets out: this run's if fresh, else the last release's; None if there is neither."""
    return run.table(verdict.name) if verdict.fresh else _released(last, verdict.name)


def _released(last: Path | None, name: str) -> Path | None:
    path = last / "data" / f"{name}.parquet" if last else None
    return path if path is not None and path.is_file() else None


def _refused(run: RunFolder, declarations: Declarations, judged: set[str]) -> frozenset[tuple[str, str]]:
    """The pages and places where what is printed could not be read, whichever dataset it is of."""
    names = [dataset.id for dataset in declarations.datasets if dataset.id in judged and not dataset.derived]
    faults = [Reason.from_json(fault) for name in names for fault in read_json(run.findings(name))["faults"]]
    return frozenset((fault.page, fault.place) for fault in faults if fault.place)


def _beside(last: Path | None) -> dict[str, dict[str, frozenset[str]]]:
    """What datasets read in the rows of others at the last release: by dataset and row, texts long enough to tell."""
    kept = last / "data" / "provenance.json" if last else None
    if kept is None or not kept.is_file():
        return {}
    printed: dict[tuple[str, str, str], list[tuple[str, str, set[str]]]] = {}
    for row in read_json(kept):
        texts = {key(text) for text in json.loads(row["texte_publie"]).values() if text}
        place = (row["url"], row["bloc"], row["position"].partition(", partie ")[0])
        printed.setdefault(place, []).append((row["dataset"], row["cle"], texts))
    found: dict[str, dict[str, frozenset[str]]] = {}
    for rows in printed.values():
        for name, row_key, own in rows:
            texts = set().union(*(others for other, _, others in rows if other != name)) - own
            told = frozenset(text for text in texts if len(text) >= _TELLING)
            if told:
                found.setdefault(name, {})[row_key] = told
    return found


def _judge(
    run: RunFolder,
    dataset: Dataset,
    released: Path | None,
    decisions: Sequence[Decision],
    checks: Mapping[str, Check],
    elsewhere: tuple[frozenset[tuple[str, str]], Mapping[str, Mapping[str, frozenset[str]]]],
    compare: Callable[..., list[dict[str, Any]]] | None,
) -> Verdict:
    found = read_json(run.findings(dataset.id))
    table = pd.read_parquet(run.table(dataset.id), dtype_backend="numpy_nullable")
    before = pd.read_parquet(released, dtype_backend="numpy_nullable") if released else None
    verdict = Verdict(dataset.id, "accepted", rows=len(table), before=0 if before is None else len(before))
    verdict.digest = digest(table)
    verdict.notes = [Reason.from_json(note) for note in found["notes"]]
    _faults(run, dataset, found["faults"], verdict)
    if verdict.reasons:  # counts and losses would only repeat what is already said
        return verdict
    said = {name: found[name] for name in ("evidence", "doubts", "stated", "erased")}
    refused, beside = elsewhere
    others = beside.get(dataset.id, {})
    case = Case(dataset, table, before, set_aside=verdict.rejected, refused=refused, beside=others, **said)
    for reason in _standing([reason for check in checks.values() for reason in check(case)], decisions, verdict):
        verdict.hold(reason)
    verdict.notes += [reason for note in NOTES.values() for reason in note(case)]
    if compare is not None:
        verdict.changes = compare(dataset.id, dataset.key, released, run.table(dataset.id))
    if released is not None and verdict.verdict == "accepted" and not verdict.changes:
        verdict.verdict = "unchanged"
    return verdict


def _faults(run: RunFolder, dataset: Dataset, faults: list[dict[str, Any]], verdict: Verdict) -> None:
    """Holds a dataset for its faults; those of rows set aside are a note while the declaration tolerates as many."""
    aside = read_json(run.rejected(dataset.id)) if run.rejected(dataset.id).exists() else []
    verdict.rejected = len({json.dumps(item["evidence"], sort_keys=True) for item in aside})
    rules = [item["rule"] for item in aside]
    tolerated = 0 < verdict.rejected <= dataset.checks.rejected
    for fault in faults:
        if not (tolerated and fault in rules):
            verdict.hold(Reason.from_json(fault))
    if tolerated and not verdict.reasons:
        first, places = Reason.from_json(rules[0]), list(dict.fromkeys(rule["place"] for rule in rules))
        verdict.notes.append(
            Reason("rows-set-aside", first.page, shown(places), f"≤ {dataset.checks.rejected}", str(verdict.rejected))
        )


def _standing(doubts: list[Reason], decisions: Iterable[Decision], verdict: Verdict) -> list[Reason]:
    """The checks' reasons that no person has lifted for these very rows; the others become notes."""
    standing = doubts
    for decision in decisions:
        if (decision.dataset, decision.rows) != (verdict.name, verdict.digest):
            continue
        lifted = [reason for reason in standing if reason.code in decision.codes]
        if lifted:
            standing = [reason for reason in standing if reason.code not in decision.codes]
            by_hand = Reason("accepted-by-hand", place=decision.when, expected=decision.by, found=decision.why)
            verdict.notes += [*lifted, by_hand]
            verdict.decisions.append(decision)
    return standing


@dataclass(frozen=True, slots=True)
class _Mixture:
    """What will be published: fresh tables as declared, the others as the last release has them, `released`."""

    run: RunFolder
    declarations: Declarations
    last: Path | None
    released: Mapping[str, Any]
    verdicts: Mapping[str, Verdict]

    def close(self) -> None:
        """Holds the accepted side of every foreign key that the mixture would break, until nothing changes."""
        moved = True
        while moved:
            moved = False
            for child in self.verdicts:
                for column, parent in self._references(child):
                    dangling = self._dangling(child, column, parent)
                    moved |= bool(dangling) and self._hold_a_side(child, column, parent, dangling)

    def _references(self, child: str) -> list[tuple[str, str]]:
        """The foreign keys a table will be published with, column and parent: none to what is no longer declared."""
        if self.verdicts[child].fresh:
            return [(f.name, f.references) for f in self.declarations.dataset(child).fields if f.references]
        keys = self.released[child]["schema"].get("foreignKeys", []) if child in self.released else []
        found = [(key["fields"][0], key["reference"]["resource"] or child) for key in keys]
        return [(column, parent) for column, parent in found if parent in self.verdicts]

    def _dangling(self, child: str, column: str, parent: str) -> list[str]:
        named = self._values(child, column)
        return sorted(str(value) for value in named - self._values(parent, self._key(parent)))

    def _key(self, name: str) -> str:
        """The column others refer to a table by: of one that is not published, the declared one."""
        if name in self.released and not self.verdicts[name].fresh:
            return str(self.released[name]["schema"]["primaryKey"][0])
        return self.declarations.dataset(name).key[0]

    def _values(self, name: str, column: str) -> set[object]:
        path = published(self.run, self.verdicts[name], self.last) if name in self.verdicts else None
        return set(pd.read_parquet(path, columns=[column])[column].dropna()) if path is not None else set()

    def _hold_a_side(self, child: str, column: str, parent: str, dangling: list[str]) -> bool:
        found = shown(dangling)
        if self.verdicts[child].fresh:
            held = Reason("parent-held", place=column, expected=f"rows of {parent}", found=found)
            self.verdicts[child].hold(held)
            return True
        if parent in self.verdicts and self.verdicts[parent].fresh:
            held = Reason("child-held", expected=f"the rows {child}.{column} refers to", found=found)
            self.verdicts[parent].hold(held)
            return True
        return False
