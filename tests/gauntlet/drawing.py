"""Draws cases of each class with Hypothesis: the same seed and number of draws give the same cases."""

from __future__ import annotations

import contextlib
from functools import cache
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from gauntlet import answers, edits, layouts, losses, themes
from gauntlet.document import Document
from gauntlet.harness import Case
from gauntlet.mutation import REGISTER, Answer, Draw, Mutation, one, targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gauntlet.harness import Base, Bases

CLASSES = {name: REGISTER.mutations[name] for name in REGISTER.mutations}
COMBINED, BROKEN = "redesigns-combined", "breakage-on-redesign"
NAMES = (*CLASSES, COMBINED, BROKEN)
# What may be said of a breakage on top of a redesign: its own reasons, or that the redesign was not followed.
_UNFOLLOWED = frozenset(
    "block-missing block-ambiguous column-missing column-unknown row-malformed text-not-understood match-unsure "
    "value-not-understood key-missing".split()
)
_ORDER = {"page": 0, "table": 0, "list": 0, "sentence": 0, "text": 1, "answer": 2}
_LOADED = (answers, edits, layouts, losses, themes)  # importing them fills the register


def cases(bases: Bases, name: str, count: int, number: int, *, first: bool) -> list[Case]:
    """Draws up to `count` different cases of one class (fewer where there are no more).

    Args:
        bases: the portals.
        name: the class, one of NAMES.
        count: how many.
        number: the seed.
        first: whether there is no release before.

    Returns:
        The cases, numbered in the order they were drawn.
    """
    drawn: list[Case] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        drawn.append(_case(bases, name, len(drawn), data.draw, first=first))

    with contextlib.suppress(Unsatisfiable):  # no case of this class in this regime
        collect()
    return drawn[:count]


def _case(bases: Bases, name: str, number: int, draw: Draw, *, first: bool) -> Case:
    base, path = one(draw, _pages(bases, name))
    start = _Changed(base, path, [base.answer(path)])
    changes: list[Mutation] = []
    for mutation in _chosen(start, name, draw):
        start.change(mutation, draw)
        changes.append(mutation)
    last = changes[-1]
    return Case(
        name,
        number,
        base.name,
        path,
        tuple(start.answers),
        start.touched,
        last.keeps,
        last.codes | (_UNFOLLOWED if len(changes) > 1 else frozenset()),
        first,
        last.spares,
        any(change.loose for change in changes),
        last.says,
    )


class _Changed:
    """A page's answers while changes are made to them one after the other."""

    def __init__(self, base: Base, path: str, answers_: list[Answer]) -> None:
        self.base, self.path, self.answers = base, path, answers_
        self.touched = base.feeds[path].datasets

    def document(self) -> Document:
        return Document(self.answers[-1].body.decode(), self.base.feeds[self.path])

    def change(self, mutation: Mutation, draw: Draw) -> None:
        answer = self.answers[-1]
        if mutation.level == "answer":
            self.answers[-1:] = mutation.change(answer, draw)
        elif mutation.level == "text":
            self._put(mutation.change(answer.body.decode(), draw))
        else:
            document = self.document()
            touched: Any
            if mutation.level == "page":
                touched = mutation.change(document, draw)
            else:
                found = targets(document, mutation.level)
                assume(found)
                touched = mutation.change(document, one(draw, found), draw)
            if touched is not None:
                self.touched = touched
            self._put(document.text())

    def _put(self, text: str) -> None:
        self.answers[-1] = self.answers[-1].with_body(text.encode())


@cache
def _pages(bases: Bases, name: str) -> list[tuple[Base, str]]:
    level = CLASSES[name].level if name in CLASSES else "page"
    found = []
    for base in bases.found.values():
        for path, feeds in base.feeds.items():
            if path not in base.captures:
                continue
            if level in {"table", "list", "sentence"}:
                document = Document(base.answer(path).body.decode(), feeds)
                if not targets(document, level):
                    continue
            found.append((base, path))
    return found


def _chosen(start: _Changed, name: str, draw: Draw) -> Sequence[Mutation]:
    if name in CLASSES:
        return [CLASSES[name]]
    document = start.document()
    possible = [m for m in CLASSES.values() if m.level in {"page", "text", "answer"} or targets(document, m.level)]
    keeping = [m for m in possible if m.keeps]
    if name == COMBINED:
        chosen = draw(st.lists(st.sampled_from(keeping), min_size=2, max_size=3, unique_by=lambda m: m.name))
        assume(sum(m.level == "answer" for m in chosen) <= 1)
        return sorted(chosen, key=lambda m: _ORDER[m.level])
    breaking = one(draw, [m for m in possible if not m.keeps])
    before = one(draw, [m for m in keeping if _ORDER[m.level] <= min(_ORDER[breaking.level], 1)])
    return [before, breaking]
