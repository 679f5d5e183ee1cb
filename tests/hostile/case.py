"""One hostile portal: what it answers where, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hostile.server import Answer

TRAP = "/piege/"  # hostile addresses stand below it, and no declaration looks there


@dataclass(frozen=True)
class Case:
    """What a portal does, and what a run makes of it.

    Attributes:
        name: of the case.
        answers: by path; one that ends with a star answers for all below it.
        linked: the addresses the front page links to, paths or whole.
        codes: for each path with a fault, the codes one of which tells of it; other faults may not be.
        held: for each dataset that is not as ever, the code of its reason; all others must be.
        fails: the code of the failure, where nothing at all can be read.
        others: codes that may be told of addresses below a trap.
    """

    name: str
    answers: Mapping[str, Answer]
    linked: tuple[str, ...] = ()
    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    held: Mapping[str, str] = field(default_factory=dict)
    fails: str = ""
    others: frozenset[str] = frozenset()


def trap(name: str, answer: Answer, *codes: str) -> Case:
    """A hostile answer at an address of its own, linked from the front page; `codes` are what may be told of it."""
    path = f"{TRAP}{name}/"
    return Case(name, {path: answer}, (path,), {path: frozenset(codes)} if codes else {})


def together(name: str, cases: list[Case]) -> Case:
    """Many cases in one portal."""
    return Case(
        name,
        {path: answer for case in cases for path, answer in case.answers.items()},
        tuple(address for case in cases for address in case.linked),
        {path: codes for case in cases for path, codes in case.codes.items()},
        {dataset: code for case in cases for dataset, code in case.held.items()},
        others=frozenset(code for case in cases for code in case.others),
    )
