"""How alike two labels are: what is left of a table's header when its wording is slightly changed."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from schemas.typography import key

if TYPE_CHECKING:
    from collections.abc import Sequence

POSSIBLE = 0.5  # less alike than this is another label
_SAME_STEM = 0.98
# A word of six letters or more with one left out, doubled or put in; not another word ('contact', 'contrat': 86).
_MISSPELT, _LONG = 88, 6
_SMALL = set("a au aux ce ces d de des du en et l la le les ou par pour s sur un une".split())
_MANY = 5_000  # assignments looked at: a page may print any number of like headers
# Words that make another column of a label: what was, will be, is asked for, or is not.
_TURNING = set(
    "ancien ancienne anciens demande demandee ex estime estimee futur future hors non nouveau nouvelle precedent "
    "precedente previsionnel prevision previsions prevu prevue prochain prochaine projet propose proposee provisoire "
    "refuse sans".split()
)
_ENDINGS = ("es", "s", "x", "e")


@lru_cache(maxsize=4096)
def likeness(one: str, other: str) -> float:
    """From 0 to 1: the share of words two labels have in common, small words, plural and slips of the pen apart.

    1 only if they differ in nothing but case, accents, punctuation and spaces; a word more or less counts as one.
    """
    if key(one) == key(other):
        return 1.0
    mine, theirs = _words(one), _words(other)
    if not mine or not theirs or turns(one, other):
        return 0.0
    shared, left = 0.0, list(theirs)
    for word in mine:
        best = max(left, key=lambda candidate: _word_likeness(word, candidate), default=None)
        if best is not None and (found := _word_likeness(word, best)):
            shared += found
            left.remove(best)
    return min(2 * shared / (len(mine) + len(theirs)), _SAME_STEM)


def turns(one: str, other: str) -> bool:
    """Whether only one of two labels says that it is of the past, the future, asked for, or not so."""
    return bool(_TURNING & (set(_words(one)) ^ set(_words(other))))


def assigned(declared: Sequence[str], printed: Sequence[str]) -> tuple[float, dict[int, str]]:
    """Which printed header is which declared one: the assignment whose least alike pair is most alike.

    Returns:
        The likeness of that pair (0 if some header has no counterpart), and the declared header of each position.
    """
    table = [[likeness(name, label) if label else 0.0 for label in printed] for name in declared]
    open_to = [[at for at, found in enumerate(row) if found >= POSSIBLE] for row in table]
    best: tuple[float, float, dict[int, str]] = (0.0, 0.0, {})
    for places in _choices(open_to):
        scores = [table[number][place] for number, place in enumerate(places)]
        if (min(scores), sum(scores)) > best[:2]:
            best = (min(scores), sum(scores), dict(zip(places, declared, strict=True)))
    return best[0], best[2]


def _choices(open_to: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Every way to give each header a place of its own among those open to it."""
    chosen: list[tuple[int, ...]] = [()]
    for places in open_to:
        chosen = [(*taken, place) for taken in chosen for place in places if place not in taken][:_MANY]
    return [taken for taken in chosen if taken or not open_to]


def _words(label: str) -> list[str]:
    words = key(label).split()
    return [word for word in words if word not in _SMALL and len(word) > 1] or words


def _word_likeness(one: str, other: str) -> float:
    if one == other:
        return 1.0
    if _stem(one) == _stem(other):
        return _SAME_STEM
    if min(len(one), len(other)) < _LONG or not (one + other).isascii():  # a letter of another script is no slip
        return 0.0
    alike = fuzz.ratio(one, other)
    return alike / 100 if alike >= _MISSPELT else 0.0


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:  # noqa: PLR2004 (what is left is still a word)
            return word[: -len(ending)]
    return word
