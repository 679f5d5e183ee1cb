"""Takes a text out of a document however it is written there: entities, escapes, tags within words, case, accents.

What replaces it keeps its shape (letters stay letters, digits stay digits), so that a page reads as before, is the same
for every copy of the text, and can be made or told from the text by nobody without the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from schemas.written import Document, piece, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from schemas.written import Piece

_LETTERS, _DIGITS = "kqvwxz", "0123456789"  # no vowel: what is made of them is no word of any pattern


@dataclass(frozen=True, slots=True)
class Printed:
    """A row as pages print it: of which source of its dataset, its cells (column and text), what of them is masked."""

    dataset: str
    source: int
    cells: tuple[tuple[str, str], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is to be masked.

    Attributes:
        secret: that of the portal's erasures.
        texts: what is masked wherever it stands.
        rows: the rows themselves, and what is masked in their places alone, because others print it too.
    """

    secret: bytes
    texts: tuple[str, ...]
    rows: tuple[Printed, ...] = ()

    def without(self, texts: Collection[str]) -> Redaction:
        """The same, some texts left as they are."""
        rows = tuple(
            Printed(row.dataset, row.source, row.cells, tuple(text for text in row.texts if text not in texts))
            for row in self.rows
        )
        return Redaction(self.secret, tuple(text for text in self.texts if text not in texts), rows)

    def only(self, text: str) -> Redaction:
        """The same, of what is masked wherever it stands this text alone."""
        return Redaction(self.secret, (text,), self.rows)

    def masked(self, document: str) -> str:
        """A document without the texts that are masked wherever they stand."""
        return redacted(self.secret, document, self.texts)


class Edit(NamedTuple):
    """A piece of a document and what takes its place."""

    start: int
    end: int
    text: str


def mask(secret: bytes, text: str) -> str:
    """What takes a text's place wherever it stands.

    Args:
        secret: that of the portal's erasures.
        text: as printed.

    Returns:
        A text of its shape: the same for all spellings of it.
    """
    whole = piece(text)
    return edited(text, _edits(secret, whole, 0, len(whole.text)))


def found(secret: bytes, document: Document, text: str) -> list[list[Edit]]:
    """Every place where a document writes a text as whole words: in its running text, in attributes, comments, scripts.

    Args:
        secret: that of the portal's erasures.
        document: where to look.
        text: what is looked for, as printed somewhere.

    Returns:
        For each place the edits that mask it there; none if there is no such place, or no word in the text.
    """
    wanted = words(text)
    if not wanted:
        return []
    places: dict[tuple[Edit, ...], None] = {}
    for said in document.pieces(wanted):
        for match in re.finditer(rf"(?<![^ ]){re.escape(wanted)}(?![^ ])", said.text):
            places[tuple(_edits(secret, said, match.start(), match.end()))] = None
    return [list(edits) for edits in places]


def redacted(secret: bytes, document: str, texts: Iterable[str]) -> str:
    """A document with every place that writes one of the texts masked, the longest first.

    Args:
        secret: that of the portal's erasures.
        document: HTML, XML, JSON or plain.
        texts: as printed somewhere.
    """
    read = Document(document)
    edits: list[Edit] = []
    for text in sorted(dict.fromkeys(texts), key=lambda text: (-len(text), text)):
        taken = {edit.start for edit in edits}  # by a longer text
        for place in found(secret, read, text):
            edits += place if taken.isdisjoint(edit.start for edit in place) else []
    return edited(document, edits)


def edited(document: str, edits: Iterable[Edit]) -> str:
    """A document with its edits done; where two overlap, the first stands."""
    done, position = [], 0
    for edit in sorted(set(edits)):
        if edit.start >= position:
            done += [document[position : edit.start], edit.text]
            position = edit.end
    return "".join([*done, document[position:]])


def _edits(secret: bytes, said: Piece, start: int, end: int) -> Iterator[Edit]:
    """Masks the characters of a piece between two positions: each letter by a letter, each digit by a digit."""
    while start < end and said.text[start] == " ":
        start += 1
    stream = _stream(secret, said.text[start:end].strip())
    for one, code in zip(said.seen[start:end], stream, strict=False):  # the stream has no end
        if one.character.isdigit():
            yield Edit(one.start, one.end, _DIGITS[code % len(_DIGITS)])
        elif one.character.isalpha():
            letter = _LETTERS[code % len(_LETTERS)]
            yield Edit(one.start, one.end, letter.upper() if one.character.isupper() else letter)


def _stream(secret: bytes, text: str) -> Iterator[int]:
    for block in itertools.count():
        yield from hmac.new(secret, f"{block}:{text}".encode(), hashlib.sha256).digest()
