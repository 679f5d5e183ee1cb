"""What a source points at, once found: parts of text with their place and how sure the match is; or the fault."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import regex

from schemas.typography import fold
from spiders.headings import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from spiders.page import Block

T = TypeVar("T")

# What a pattern may take on one text, and in all on those of one page that take long: a page may be written to do so.
_SECONDS, _SECONDS_IN_ALL, _LONG = 2.0, 10.0, 0.02
_MAX_MATCHES = 10_000  # in one text: no page has as many rows


@dataclass(frozen=True, slots=True)
class Match:
    """How sure it is that what was found is what is meant: 1 is as declared; `doubt` says what makes it less."""

    confidence: float = 1.0
    doubt: str = ""

    def but(self, confidence: float, doubt: str) -> Match:
        """A match with one more doubt: each takes its share of the confidence."""
        if confidence >= 1.0:
            return self
        return Match(round(self.confidence * confidence, 3), "; ".join(text for text in (self.doubt, doubt) if text))


SURE = Match()
TWICE = (0.9, "printed twice, the same")  # for wide screens, and again for narrow ones


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as printed: named parts of text, where in the page they stand, how sure the match is."""

    parts: dict[str, str]
    block: str
    position: str
    match: Match = SURE


@dataclass(frozen=True, slots=True)
class Located:
    """One thing a source points at (a table row, a list item, a match) before it is divided."""

    parts: dict[str, str]
    block: str
    position: str
    blocks: tuple[int, ...]
    match: Match = SURE

    def but(self, confidence: float, doubt: str) -> Located:
        """The same, less sure."""
        return replace(self, match=self.match.but(confidence, doubt))


@dataclass(frozen=True, slots=True)
class Stated:
    """A number of rows that a page itself states: '11 sociétés', a table's last line.

    `rows` is how many it is said of and were found there; None if it is said of the whole dataset.
    """

    count: int
    place: str
    text: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Finds:
    """All that a source points at in one page, and the numbers of rows stated there."""

    located: tuple[Located, ...]
    stated: tuple[Stated, ...] = ()


class Fault(Exception):  # noqa: N818 (what is wrong with a page, not with the program)
    """Why a source cannot be read where it was looked for: a reason's code, place, expected, found."""

    def __init__(self, code: str, place: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(code)
        self.code, self.place, self.expected, self.found = code, place, expected, found


def only(found: Sequence[Block], wanted: str) -> Block:
    """The one block there must be.

    Raises:
        Fault: there is none, or there are several.
    """
    if not found:
        raise Fault("block-missing", expected=wanted, found="none")
    if len(found) > 1:
        raise Fault("block-ambiguous", "; ".join(block.place for block in found), f"one {wanted}", str(len(found)))
    return found[0]


def one_a_heading(found: Sequence[tuple[tuple[str, ...], Block]], wanted: str) -> None:
    """Of many places, each stands under headings of its own: two under the same would be a copy, or something new.

    Raises:
        Fault: there is none, or two stand under the same headings.
    """
    if not found:
        raise Fault("block-missing", expected=wanted, found="none")
    paths = [path for path, _ in found]
    doubled = [block.place for path, block in found if paths.count(path) > 1]
    if doubled:
        raise Fault("block-ambiguous", "; ".join(doubled), f"{wanted}, one a heading", str(len(doubled)))


class _Search:
    """A compiled pattern, what it found in a page's texts, and the seconds that slow searches there have left it."""

    def __init__(self, pattern: str) -> None:
        self._pattern, self._left = pattern, _SECONDS_IN_ALL
        self._compiled = _compiled(pattern)
        self._found: dict[str, list[regex.Match[str]]] = {}

    def finditer(self, text: str) -> list[regex.Match[str]]:
        if text in self._found:
            return self._found[text]
        found = self._timed(text, self._most)
        if len(found) > _MAX_MATCHES:
            raise Fault(
                "text-not-understood", expected=f"{self._pattern}, {_MAX_MATCHES} times at most", found=text[:80]
            )
        self._found[text] = found
        return found

    def _most(self, folded: str, seconds: float) -> list[regex.Match[str]]:
        return list(islice(self._compiled.finditer(folded, timeout=seconds), _MAX_MATCHES + 1))

    def fullmatch(self, text: str) -> regex.Match[str] | None:
        return self._timed(text, lambda folded, seconds: self._compiled.fullmatch(folded, timeout=seconds))

    def _timed(self, text: str, search: Callable[[str, float], T]) -> T:
        seconds = min(_SECONDS, self._left)
        too_slow = Fault("pattern-too-slow", expected=f"{self._pattern} decided in time", found=text[:80])
        if seconds <= 0:
            raise too_slow
        began = time.thread_time()
        try:
            found = search(_folded(text), seconds)
        except TimeoutError as error:
            self._left -= seconds  # all it was given, whatever of it others on the machine had
            raise too_slow from error
        taken = time.thread_time() - began
        self._left -= taken if taken > _LONG else 0.0
        return found


def begin_page() -> None:
    """Gives every pattern its time anew: what one page may cost does not depend on which were read before it."""
    _search.cache_clear()
    _folded.cache_clear()


def matches(pattern: str, text: str) -> list[regex.Match[str]]:
    """Matches of a pattern, accents, case and typography apart; spans are positions in the text as printed.

    Raises:
        Fault: the pattern takes longer than a text, or a page, may cost; its dataset alone is stopped.
    """
    return _search(pattern).finditer(text)


def whole(pattern: str, text: str) -> bool:
    """Whether a pattern describes all of a text.

    Raises:
        Fault: as `matches`.
    """
    return _search(pattern).fullmatch(text) is not None


def tells(pattern: str, texts: Iterable[str]) -> bool:
    """Whether a pattern matches in one of several texts, or takes long to say: then a search has to decide."""
    search = _compiled(pattern).search
    try:
        return any(search(_folded(text), timeout=_LONG) for text in texts)
    except TimeoutError:
        return True


def groups(pattern: str, text: str) -> dict[str, str] | None:
    """The named groups of the first match as printed; None without a match."""
    for match in matches(pattern, text):
        return {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
    return None


def heading_groups(pattern: str, text: str) -> dict[str, str] | None:
    """The groups of a heading's match: without what a theme may have put around it, else as printed."""
    plain = bare(text)
    found = groups(pattern, plain)
    return groups(pattern, text) if found is None and plain != text else found


def above(pattern: str | None, block: Block, title: str) -> dict[str, str] | None:
    """The groups of the nearest heading above a block, the page's title if there is none; None if it does not match."""
    if pattern is None:
        return {}
    return heading_groups(pattern, block.path[-1] if block.path else title)


@lru_cache(maxsize=1024)
def _search(pattern: str) -> _Search:
    return _Search(pattern)


@cache  # until the next page
def _folded(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(fold(pattern), regex.IGNORECASE)
