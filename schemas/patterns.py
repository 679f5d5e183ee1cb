"""Which regular expressions can take exponential time on some text: refused before they meet a page.

What a repetition repeats must divide in one way only: at every character it is clear what comes next (a deterministic
expression; Brüggemann-Klein, 'Regular expressions into finite automata', 1993). `(-[a-z]+)*` does; in `([a-z]+)*` the
next letter may go on or begin anew, and n letters divide in 2ⁿ ways.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from re import _constants as op  # type: ignore[attr-defined] # re's own parser has no public name
from re import _parser as parser  # type: ignore[attr-defined] # likewise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_MANY = 10  # times: fewer cannot make a text of any length take long
_COPIES = 16  # of what is repeated a fixed number of times, such as [0-9]{4}
_MAX_PLACES = 500
# Latin letters and punctuation one by one; some of all else stands for the rest.
_UNIVERSE = frozenset(map(chr, [*range(0x180), *range(0x2010, 0x2030), 0x3B1, 0x436, 0x20AC, 0x4E00]))
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    op.CATEGORY_NOT_DIGIT: lambda c: not c.isdecimal(),
    op.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    op.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}


@dataclass(slots=True)
class _Part:
    """A part of a pattern: whether it may be empty, and by number the places it begins, ends and goes on at."""

    empty: bool
    first: list[int]
    last: list[int]
    next: list[tuple[int, int]]


class PatternTooLargeError(Exception):
    """A pattern has more places than can be compared: whether it is catastrophic stays unknown."""


class _Ambiguous(Exception):  # noqa: N818 (an answer, not a failure)
    pass


@lru_cache(maxsize=1024)
def is_catastrophic(pattern: str, *, ignore_case: bool) -> bool:
    """Whether some text makes a pattern try a number of ways that doubles with every few characters.

    Patterns that only `regex` understands are taken for harmless here: what they may take is bounded where they run.

    Args:
        pattern: one that compiles.
        ignore_case: whether it is matched without regard to case.

    Raises:
        PatternTooLargeError: it is too large to be judged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # re's advice about nested sets is for others
            parsed = parser.parse(pattern)
        _Places(ignore_case=ignore_case).of(parsed)
    except (re.error, OverflowError):
        return False
    except RecursionError as error:
        raise PatternTooLargeError("too deep") from error
    except _Ambiguous:
        return True
    return False


class _Places:
    """The places of one pattern where a character stands, and what may stand there."""

    def __init__(self, *, ignore_case: bool) -> None:
        self._ignore_case = ignore_case
        self._characters: list[frozenset[str]] = []

    def of(self, parsed: Iterable[tuple[Any, Any]]) -> _Part:
        """The parts of a sequence, one after the other.

        Raises:
            _Ambiguous: something in it repeats what divides in several ways.
        """
        whole = _Part(empty=True, first=[], last=[], next=[])
        for kind, value in parsed:
            part = self._item(kind, value)
            whole = _Part(
                whole.empty and part.empty,
                whole.first + (part.first if whole.empty else []),
                part.last + (whole.last if part.empty else []),
                [*whole.next, *part.next, *((end, begin) for end in whole.last for begin in part.first)],
            )
        return whole

    def _item(self, kind: Any, value: Any) -> _Part:  # noqa: ANN401 (re's parser has no types)
        if kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
            return self._repeat(*value, gives_back=kind is not op.POSSESSIVE_REPEAT)
        if kind in {op.SUBPATTERN, op.ATOMIC_GROUP}:
            part = self.of(value if kind is op.ATOMIC_GROUP else value[-1])
            return part if kind is op.SUBPATTERN else replace(part, next=[])  # an atomic group keeps what it took
        if kind in {op.BRANCH, op.GROUPREF_EXISTS}:
            return _either([self.of(branch or ()) for branch in (value[1] if kind is op.BRANCH else value[1:])])
        if kind in {op.ASSERT, op.ASSERT_NOT}:
            self.of(value[1])
        if kind in {op.ASSERT, op.ASSERT_NOT, op.AT}:
            return _Part(empty=True, first=[], last=[], next=[])
        return self._place(_characters(kind, value))

    def _place(self, characters: frozenset[str]) -> _Part:
        if len(self._characters) >= _MAX_PLACES:
            raise PatternTooLargeError(f"more than {_MAX_PLACES} characters to match, one after the other")
        if self._ignore_case:
            characters = frozenset(map(str.lower, characters))
        self._characters.append(characters)
        here = len(self._characters) - 1
        return _Part(empty=False, first=[here], last=[here], next=[])

    def _repeat(self, least: int, most: int, body: Any, *, gives_back: bool) -> _Part:  # noqa: ANN401 (re's parser)
        if least == most and most <= _COPIES:
            return self.of([item for _ in range(least) for item in body])
        part = self.of(body)
        part.empty = part.empty or least == 0
        if most > 1 and gives_back:
            part.next += [(end, begin) for end in part.last for begin in part.first]
        if most >= _MANY and gives_back and not self._divides_in_one_way(part.next):
            raise _Ambiguous
        return part

    def _divides_in_one_way(self, steps: Iterable[tuple[int, int]]) -> bool:
        after = defaultdict(list)
        for here, there in steps:
            after[here].append(self._characters[there])
        return all(one.isdisjoint(other) for choices in after.values() for one, other in combinations(choices, 2))


def _either(parts: list[_Part]) -> _Part:
    return _Part(
        any(part.empty for part in parts),
        [place for part in parts for place in part.first],
        [place for part in parts for place in part.last],
        [step for part in parts for step in part.next],
    )


def _characters(kind: Any, value: Any) -> frozenset[str]:  # noqa: ANN401 (re's parser has no types)
    if kind is op.LITERAL:
        return frozenset({chr(value)})
    if kind is op.NOT_LITERAL:
        return _UNIVERSE - {chr(value)}
    if kind is op.RANGE:
        return frozenset(c for c in _UNIVERSE if value[0] <= ord(c) <= value[1])
    if kind is op.CATEGORY:
        return frozenset(filter(_CATEGORIES[value], _UNIVERSE))
    if kind is op.IN:
        negated = value[0][0] is op.NEGATE
        named = frozenset().union(*(_characters(*item) for item in value[negated:]))
        return _UNIVERSE - named if negated else named
    return _UNIVERSE  # any character, or what a group has matched
