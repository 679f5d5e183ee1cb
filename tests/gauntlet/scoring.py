"""What the draws of a class came to, set against what was expected of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gauntlet.harness import Case, Outcome

ENOUGH = 0.95  # of the datasets of changes that keep the data


@dataclass(slots=True)
class Score:
    """One class's figures in one regime, counted in datasets; `failed` tells the draws that were not as expected."""

    name: str
    keeps: bool
    first: bool
    draws: int = 0
    exact: int = 0
    held: int = 0
    silent: int = 0
    missed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def add(self, case: Case, outcomes: Iterable[Outcome]) -> None:
        """Counts one draw."""
        self.draws += 1
        for outcome in outcomes:
            told = f"{case.mutation} --draw {case.number}: {case.base} {case.path} {outcome.dataset}"
            touched = outcome.dataset in case.touched
            if outcome.sort == "silent":
                self.silent += 1
                self.failed.append(f"silent {told}")
            elif case.keeps:
                self._kept(outcome, told)
            elif touched:
                self._broken(case, outcome, told)

    def _kept(self, outcome: Outcome, told: str) -> None:
        if outcome.sort == "exact":
            self.exact += 1
            return
        self.held += 1
        self.reasons.update(outcome.codes)
        self.failed.append(f"held {told}: {', '.join(sorted(outcome.codes))}")

    def _broken(self, case: Case, outcome: Outcome, told: str) -> None:
        if outcome.sort == "exact":
            self.exact += 1
            if not case.spares:
                self.missed += 1
                self.failed.append(f"not held {told}")
            return
        self.held += 1
        self.reasons.update(outcome.codes)
        if not outcome.codes & case.codes:
            self.missed += 1
            self.failed.append(f"held otherwise {told}: {', '.join(sorted(outcome.codes))}")

    def line(self) -> str:
        """The class's row of the table."""
        kind = "keeps" if self.keeps else "breaks"
        regime = "first" if self.first else "next"
        reasons = ", ".join(f"{code} {count}" for code, count in self.reasons.most_common(4))
        return (
            f"| {self.name} | {kind} | {regime} | {self.draws} | {self.exact} | {self.held} | {self.silent} "
            f"| {self.missed} | {reasons} |"
        )


HEAD = (
    "| class | data | run | draws | exact | held | silent | unexpected | reasons |\n"
    "|---|---|---|---:|---:|---:|---:|---:|---|"
)


def verdict(scores: Iterable[Score]) -> tuple[bool, str]:
    """Whether all is as promised, and the line that says it.

    Returns:
        True if nothing is silent, enough of what keeps the data is exact on later runs, and every breakage is held
        with a reason fixed for its class.
    """
    every = list(scores)
    kept = [score for score in every if score.keeps and not score.first]
    exact, seen = sum(score.exact for score in kept), sum(score.exact + score.held + score.silent for score in kept)
    silent = sum(score.silent for score in every)
    missed = sum(score.missed for score in every)
    undrawn = [score.name for score in every if not score.draws]
    share = exact / seen if seen else 1.0
    told = (
        f"{sum(score.draws for score in every)} draws · silent {silent} · exact {share:.1%} of what keeps the data "
        f"({exact} of {seen} datasets) · breakages not held, or for another reason: {missed}"
    )
    told += f" · never drawn: {', '.join(undrawn)}" if undrawn else ""
    return not silent and not missed and not undrawn and share >= ENOUGH, told
