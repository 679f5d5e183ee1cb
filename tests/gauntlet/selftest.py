"""Switches off each check of the gate in turn: without it, something must go wrong in silence."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from gauntlet.drawing import CLASSES, cases
from gauntlet.harness import Bases, Case, Outcome, opened, outcomes
from pipeline import checks

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from pathlib import Path


def run(bases: Bases, draws: int, number: int, pool: ProcessPoolExecutor) -> int:
    """Prints by check the classes that only it catches; 1 if a check has none."""
    found: dict[str, dict[str, int]] = {code: {} for code in checks.CHECKS}
    for name, mutation in CLASSES.items():
        if mutation.keeps:
            continue
        for first in [False, True] if mutation.first else [False]:
            drawn = cases(bases, name, draws, number, first=first)
            for judged in pool.map(partial(_judge, bases.root), drawn, chunksize=4):
                for code, outcomes_ in judged.items():
                    silent = sum(outcome.sort == "silent" for outcome in outcomes_)
                    if silent and code:
                        found[code][name] = found[code].get(name, 0) + silent
        print(name, file=sys.stderr, flush=True)
    print("| check switched off | silent | classes that only it catches |\n|---|---:|---|")
    for code, classes in found.items():
        told = ", ".join(f"{name} {count}" for name, count in sorted(classes.items(), key=lambda item: -item[1])[:4])
        print(f"| {code} | {sum(classes.values())} | {told} |")
    unneeded = [code for code, classes in found.items() if not classes]
    print(f"\nChecks never needed: {', '.join(unneeded) or 'none'} · seed {number}")
    return 1 if unneeded else 0


def _judge(root: Path, case: Case) -> dict[str, list[Outcome]]:
    return outcomes(opened(root).found[case.base], case, switch_off=True)
