"""Decides what may be released: each dataset's own checks, what it lost against the last release, then foreign keys.

In: tables/, the last release. Out: verdicts.json, one object a dataset as report.json has it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from pipeline.changes import changes
from pipeline.paths import read_json, write_json
from schemas.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pipeline.paths import RunFolder
    from schemas.load import Declarations
    from schemas.model import Dataset

_SHOWN = 10  # keys named in one reason


@dataclass(slots=True)
class Verdict:
    """The gate's decision on one dataset. `source` is the table to publish: this run's, the last release's, none."""

    name: str
    verdict: Literal["accepted", "unchanged", "held"]
    reasons: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    rejected: int = 0

    def hold(self, reason: Reason) -> None:
        """Holds the dataset, or adds a reason to those it is held for."""
        self.verdict = "held"
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


def gate(run: RunFolder, declarations: Declarations, last: Path | None, only: Iterable[str]) -> list[Verdict]:
    """Judges every dataset in `only`; the others are carried over.

    Args:
        run: has the tables.
        declarations: have the checks.
        last: the folder of the last release, None for a first one.
        only: datasets this run extracted.

    Returns:
        A verdict for each dataset that this run or the last release has (also written to verdicts.json).
    """
    judged = set(only)
    verdicts: dict[str, Verdict] = {}
    for dataset in declarations.datasets:
        if dataset.derived:
            continue
        before = _released(last, dataset)
        if dataset.id in judged:
            verdicts[dataset.id] = _judge(run, dataset, before, first=last is None)
        elif before is not None:
            verdicts[dataset.id] = Verdict(dataset.id, "unchanged", rows=len(pd.read_parquet(before)))
    _close_foreign_keys(run, declarations, last, verdicts, judged)
    write_json(run.verdicts, [verdict.as_json() for verdict in verdicts.values()])
    return list(verdicts.values())


def published(run: RunFolder, dataset: Dataset, verdict: Verdict, last: Path | None, *, judged: bool) -> Path | None:
    """The table a verdict lets out: this run's if accepted, else the last release's; None if there is neither."""
    if judged and verdict.verdict != "held":
        return run.table(dataset.id)
    return _released(last, dataset)


def _released(last: Path | None, dataset: Dataset) -> Path | None:
    path = last / "data" / f"{dataset.id}.parquet" if last else None
    return path if path is not None and path.is_file() else None


def _judge(run: RunFolder, dataset: Dataset, before: Path | None, *, first: bool) -> Verdict:
    found = read_json(run.findings(dataset.id))
    table = pd.read_parquet(run.table(dataset.id))
    verdict = Verdict(dataset.id, "accepted", rows=len(table))
    verdict.notes = [Reason.from_json(note) for note in found["notes"]]
    verdict.rejected = len(read_json(run.rejected(dataset.id))) if run.rejected(dataset.id).exists() else 0
    for fault in found["faults"]:
        verdict.hold(Reason.from_json(fault))
    if verdict.reasons:  # counts and losses would only repeat what is already said
        verdict.rows = len(pd.read_parquet(before)) if before else 0
        return verdict
    _within_bounds(dataset, table, verdict)
    _filled(dataset, table, verdict)
    if not first:
        verdict.changes = changes(dataset, before, run.table(dataset.id))
    if before is not None:
        _nothing_lost(dataset, len(pd.read_parquet(before)), verdict)
    if verdict.reasons:
        verdict.rows = len(pd.read_parquet(before)) if before else 0
    elif before is not None and not verdict.changes:
        verdict.verdict = "unchanged"
    return verdict


def _within_bounds(dataset: Dataset, table: pd.DataFrame, verdict: Verdict) -> None:
    bounds = dataset.checks.rows
    if not bounds.min <= len(table) <= bounds.max:
        verdict.hold(Reason("rows-out-of-bounds", expected=f"{bounds.min} to {bounds.max} rows", found=str(len(table))))


def _filled(dataset: Dataset, table: pd.DataFrame, verdict: Verdict) -> None:
    for column, share in dataset.checks.filled.items():
        got = float(table[column].notna().mean()) if len(table) else 0.0
        if got < share:
            verdict.hold(Reason("cells-emptied", place=column, expected=f"{share:.0%} filled", found=f"{got:.0%}"))


def _nothing_lost(dataset: Dataset, before: int, verdict: Verdict) -> None:
    lost = [change["key"] for change in verdict.changes if change["change"] == "removed"]
    if not lost:
        return
    named = ", ".join(lost[:_SHOWN]) + (f", and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else "")
    if len(lost) / before <= dataset.checks.keys_lost:
        verdict.notes.append(Reason("rows-lost-tolerated", found=named))
    else:
        verdict.hold(Reason("rows-lost", expected=f"the {before} rows of the last release", found=f"missing: {named}"))


def _close_foreign_keys(
    run: RunFolder, declarations: Declarations, last: Path | None, verdicts: dict[str, Verdict], judged: set[str]
) -> None:
    """Holds the accepted side of every foreign key that what will be published would break, until nothing changes."""
    moved = True
    while moved:
        moved = False
        for dataset in declarations.datasets:
            for column in dataset.fields:
                parent = column.references
                if parent is None or dataset.id not in verdicts:
                    continue
                dangling = _dangling(run, declarations, last, verdicts, judged, dataset.id, column.name, parent)
                moved |= bool(dangling) and _hold_a_side(verdicts, judged, dataset.id, parent, column.name, dangling)


def _dangling(
    run: RunFolder,
    declarations: Declarations,
    last: Path | None,
    verdicts: dict[str, Verdict],
    judged: set[str],
    child: str,
    column: str,
    parent: str,
) -> list[str]:
    owner = declarations.dataset(parent)
    there = published(run, declarations.dataset(child), verdicts[child], last, judged=child in judged)
    if there is None:
        return []
    table = pd.read_parquet(there)
    named = set(table[column].dropna()) if column in table else set()
    home = published(run, owner, verdicts[parent], last, judged=parent in judged) if parent in verdicts else None
    known = set(pd.read_parquet(home)[owner.key[0]]) if home is not None else set()
    return sorted(named - known)


def _hold_a_side(
    verdicts: dict[str, Verdict], judged: set[str], child: str, parent: str, column: str, dangling: list[str]
) -> bool:
    found = ", ".join(dangling[:_SHOWN])
    if child in judged and verdicts[child].verdict != "held":
        verdicts[child].hold(Reason("parent-held", place=column, expected=f"rows of {parent}", found=found))
        return True
    if parent in judged and parent in verdicts and verdicts[parent].verdict != "held":
        verdicts[parent].hold(Reason("child-held", expected=f"the rows {child}.{column} refers to", found=found))
        return True
    return False
