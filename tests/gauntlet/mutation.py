"""What a class of mutation is, and the register of all of them: its kind and its reasons are fixed before any run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from gauntlet.document import Document, Target

T = TypeVar("T")
Level = Literal["page", "table", "list", "sentence", "text", "answer"]


class Draw(Protocol):
    """Hypothesis draws a value."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T:
        """One value of the strategy."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an address says."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes

    def with_body(self, body: bytes) -> Answer:
        """The same answer with another body."""
        return replace(self, body=body)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One class of change.

    Attributes:
        name: what the command calls it.
        keeps: whether the data is still there (expected: exact) or not (expected: held).
        level: what `change` gets: a Document with a Target or alone, the page's text, or its Answer.
        change: changes it; gives the datasets it touches where they are fewer than the page's, or the new text/answers.
        codes: the reasons a breakage may be held with.
        first: whether a first run, without a release before it, must see a breakage too.
        spares: whether a dataset it touches may come out exact: a copy elsewhere, a repair, a value not published.
        loose: whether published text may differ in typography (apostrophes, spaces).
        says: datasets that rightly publish what the page now says, as no one can know that it is wrong.
    """

    name: str
    keeps: bool
    level: Level
    change: Callable[..., Any]
    codes: frozenset[str] = frozenset()
    first: bool = False
    spares: bool = False
    loose: bool = False
    says: frozenset[str] = frozenset()


@dataclass(slots=True)
class Register:
    """All classes by name."""

    mutations: dict[str, Mutation] = field(default_factory=dict)

    def redesign(self, name: str, level: Level, *, loose: bool = False) -> Callable[[Callable[..., Any]], Any]:
        """Declares a change that keeps the data."""

        def add(change: Callable[..., Any]) -> Callable[..., Any]:
            self._add(Mutation(name, True, level, change, loose=loose))  # noqa: FBT003 (its own field)
            return change

        return add

    def breakage(
        self, name: str, level: Level, codes: str, *, first: bool = False, spares: bool = False, says: str = ""
    ) -> Callable[[Callable[..., Any]], Any]:
        """Declares a change that breaks the data, with the reasons (separated by spaces) it must be held for."""

        def add(change: Callable[..., Any]) -> Callable[..., Any]:
            kept = frozenset(codes.split())
            told = frozenset(says.split())
            self._add(Mutation(name, False, level, change, kept, first, spares, says=told))  # noqa: FBT003 (its own field)
            return change

        return add

    def _add(self, mutation: Mutation) -> None:
        if mutation.name in self.mutations:
            raise ValueError(f"two classes are named {mutation.name}")
        self.mutations[mutation.name] = mutation


REGISTER = Register()
redesign, breakage = REGISTER.redesign, REGISTER.breakage


def number(draw: Draw, low: int, high: int) -> int:
    """A whole number, both ends included."""
    return draw(st.integers(low, high))


def one(draw: Draw, values: list[T] | tuple[T, ...]) -> T:
    """One of several."""
    return draw(st.sampled_from(values))


def some(draw: Draw, values: list[T], least: int = 1) -> list[T]:
    """Some of several, in their order."""
    places = draw(st.sets(st.integers(0, len(values) - 1), min_size=min(least, len(values))))
    return [values[place] for place in sorted(places)]


def targets(document: Document, level: Level) -> list[Target]:
    """What a class of that level may change in a document."""
    return {"table": document.tables, "list": document.lists, "sentence": document.sentences}[level]
