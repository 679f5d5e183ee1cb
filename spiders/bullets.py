"""Lists printed without a list's markup: lines of paragraphs that begin with a bullet, a dash or a number."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from spiders.page import Rich

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spiders.page import Line

CONFIDENCE = 0.95
DOUBT = "bulleted lines read as items"
_BULLET = re.compile(r"(?P<mark>[•◦▪‣●○■□◆➢➔→✓✔·*–—-])\s*(?<=\s|[•◦▪‣●○■□◆➢➔→✓✔·])(?=\S)")
_NUMBER = re.compile(r"(?P<mark>[0-9]{1,3}) ?[.)°]\s+(?=\S)")
_NUMBERED = "1"
# What an item of a list may print before its text although the list marks it: a sign, or its number or letter.
_SIGN = re.compile(r"(?P<mark>[^\w\s«\"“‘'(\[…]{1,3})\s+(?=[^\W\d_]|[«\"“(])")
_ORDINAL = re.compile(r"(?P<mark>[0-9]{1,3}(?= ?[.)°])|[A-Za-z](?= ?\))) ?[.)°]\s+(?=\S)")


@dataclass(slots=True)
class Run:
    """Bulleted lines under way: items without their marks, and as printed."""

    mark: str = ""
    items: list[Rich] = field(default_factory=list)
    printed: list[Rich] = field(default_factory=list)

    def continues(self, mark: str, number: int) -> bool:
        """Whether a line with this mark is the next item: the same bullet, or the next number."""
        return bool(self.items) and mark == self.mark and (mark != _NUMBERED or number == len(self.items) + 1)

    def add(self, mark: str, line: Line, cut: int) -> None:
        """Adds an item, its mark cut off."""
        self.mark = mark
        self.items.append(Rich((replace(line, text=line.text[cut:]),)))
        self.printed.append(Rich((line,)))

    def go_on(self, line: Line) -> None:
        """Adds a line without a mark to the item under way."""
        for rows in (self.items, self.printed):
            rows[-1] = Rich((*rows[-1].lines, line))


def marked(line: Line) -> tuple[str, int, int]:
    """The mark a line begins with ('' if none), its number (0 for a bullet), and where the text begins."""
    found = _BULLET.match(line.text)
    if found:
        return found["mark"], 0, found.end()
    found = _NUMBER.match(line.text)
    return (_NUMBERED, int(found["mark"]), found.end()) if found else ("", 0, 0)


def begins(mark: str, number: int) -> bool:
    """Whether a line with this mark may be a list's first item."""
    return bool(mark) and (mark != _NUMBERED or number == 1)


def unmarked(items: tuple[Rich, ...]) -> tuple[Rich, ...]:
    """Items without what all of them print before their text: one sign, or their numbers or letters in order."""
    texts = [item.lines[0].text for item in items if item.lines]
    ends = _signed(_BULLET, texts) or _signed(_SIGN, texts) or _counted(texts)
    if not ends or len(texts) < 2:  # noqa: PLR2004 (one is no habit)
        return items
    cut = [replace(item.lines[0], text=item.lines[0].text[end:]) for item, end in zip(items, ends, strict=True)]
    return tuple(Rich((first, *item.lines[1:]), item.bold) for item, first in zip(items, cut, strict=True))


def _signed(sign: re.Pattern[str], texts: Sequence[str]) -> list[int]:
    """Where the texts begin after the one sign of all; nothing if they do not have one."""
    found = [sign.match(text) for text in texts]
    return _after(found) if len({match and match["mark"] for match in found}) == 1 else []


def _counted(texts: Sequence[str]) -> list[int]:
    """The same after 1, 2, 3 or a, b, c."""
    found = [_ORDINAL.match(text) for text in texts]
    marks = [match["mark"].casefold() for match in found if match]
    numbers, letters = [str(place + 1) for place in range(len(texts))], [chr(97 + place) for place in range(len(texts))]
    return _after(found) if marks in (numbers, letters) else []


def _after(found: Sequence[re.Match[str] | None]) -> list[int]:
    return [match.end() for match in found if match]


def defined(term: Rich, text: Rich) -> Rich:
    """A term and what is said of it as one item: 'term : text', as a list would print it."""
    if not text.lines:
        return term
    last, first = term.lines[-1], text.lines[0]
    joined = replace(last, text=f"{last.text.rstrip(' :')} : {first.text}", links=(*last.links, *first.links))
    return Rich((*term.lines[:-1], joined, *text.lines[1:]))
