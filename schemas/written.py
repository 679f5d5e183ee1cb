"""What a document writes, as a reader would say it: escapes read, tags left out, accents and case folded.

A document is HTML, XML, JSON or plain text. Each character of what is read knows the piece of the document that writes
it, so that a text found can be edited where it stands.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from schemas.typography import fold, key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LAYERS = 3  # an escape of an escape of an escape
_ENCODED = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});?"  # HTML, 13.5
    r"|\\u[0-9a-fA-F]{4}|\\[/nrt\"]"  # RFC 8259, 7
    r"|%[0-7][0-9a-fA-F]|%[c-dC-D][0-9a-fA-F]%[89abAB][0-9a-fA-F]"  # RFC 3986, 2.1: a character of UTF-8
    r"|%[eE][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){2}|%[fF][0-7](?:%[89abAB][0-9a-fA-F]){3}"
)
_VALUE = re.compile(r"=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_INLINE = re.compile(r"</?(?:a|abbr|b|big|em|font|i|mark|s|small|span|strong|su[bp]|u|wbr)(?![a-z0-9-])", re.IGNORECASE)


class Seen(NamedTuple):
    """A character as a reader sees it, and the piece of the document that writes it."""

    character: str
    start: int
    end: int


class Piece(NamedTuple):
    """Something a document says: its characters, and as they are compared, in words with one space between."""

    text: str
    seen: list[Seen]


class _Unprinted(dict[int, int | None]):
    """A `str.translate` table made on demand: it takes out what prints nothing, and accents apart from their letter."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if unicodedata.category(chr(code)) in {"Cf", "Mn"} else code
        return self[code]


_UNPRINTED = _Unprinted()


def words(text: str) -> str:
    """A text as it is compared: its letters and digits without case and accents, in words with one space between."""
    return key(unicodedata.normalize("NFC", text).translate(_UNPRINTED))


class Document:
    """A document read once, whatever is looked for in it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def said(self) -> tuple[str, ...]:
        """All that `pieces` say, in three texts: its tags left out, its comments read, its tags read as text."""
        uncommented = self._text.replace("<!--", " ").replace("-->", " ")
        told = dict.fromkeys((_running(self._text), _running(uncommented), self._text))
        return tuple(words(_decoded(text)) for text in told)

    def says(self, wanted: str) -> bool:
        """Whether words (as `words` gives them) stand anywhere in it, be it in part of a longer word."""
        return any(wanted in text for text in self.said)

    def pieces(self, wanted: str) -> Iterator[Piece]:
        """Its pieces that say some words: its running text, and what its tags and comments hold.

        A tag is read whole for several words alone: a single one may be the name of an attribute.
        """
        if self.says(wanted):
            yield from _pieces(self._text, wanted, 0)


def piece(text: str) -> Piece:
    """A text that is no document: what it writes is all it says."""
    return _piece(_read(text, 0))


def _pieces(document: str, wanted: str, offset: int) -> Iterator[Piece]:
    running: list[Seen] = []
    for kind, start, end in _parts(document, "running"):
        at = offset + start
        running += [Seen(" ", at, at)] if kind == "break" else _read(document[start:end], at)
    yield _piece(running)
    for kind, start, end in _parts(document, "held"):
        text = document[start:end]
        if kind == "comment":
            if Document(text).says(wanted):
                yield from _pieces(text, wanted, offset + start)
        elif (kind == "value" or " " in wanted) and wanted in words(_decoded(text)):
            yield _piece(_read(text, offset + start))


def _running(document: str) -> str:
    return "".join(" " if kind == "break" else document[start:end] for kind, start, end in _parts(document, "running"))


def _parts(document: str, wanted: str) -> Iterator[tuple[str, int, int]]:
    """Pieces of a document: its `running` text with `break`s where a tag parts words, or what is `held` by tags."""
    position = 0
    while position < len(document):
        opened = document.find("<", position)
        comment = opened >= 0 and document.startswith("<!--", opened)
        closed = document.find("-->" if comment else ">", opened) if opened >= 0 else -1
        if opened < 0 or closed < 0:
            opened = closed = len(document)
        if wanted == "running" and opened > position:
            yield "text", position, opened
        position = min(closed + (3 if comment else 1), len(document))
        tag = document[opened:position]
        if wanted == "running" and tag and not _INLINE.match(tag):
            yield "break", opened, position
        elif wanted == "held" and comment:
            yield "comment", opened + 4, closed
        elif wanted == "held" and tag:
            yield "tag", opened + 1, closed
            spans = (match.span(match.lastindex or 0) for match in _VALUE.finditer(tag))
            yield from (("value", opened + start, opened + end) for start, end in spans)


def _decoded(text: str) -> str:
    """A text with its escapes read, and those within them."""
    for _ in range(_LAYERS):
        plain = _ENCODED.sub(lambda match: _character(match[0]), text)
        if plain == text:
            break
        text = plain
    return text


def _read(text: str, offset: int) -> list[Seen]:
    """The characters a text writes: as `_decoded`, each with its place."""
    seen = [Seen(character, offset + at, offset + at + 1) for at, character in enumerate(text)]
    for _ in range(_LAYERS):
        written = "".join(one.character for one in seen)
        escapes = [(match, _character(match[0])) for match in _ENCODED.finditer(written)]
        escapes = [(match, plain) for match, plain in escapes if plain != match[0]]
        if not escapes:
            break
        read: list[Seen] = []
        position = 0
        for match, plain in escapes:
            read += seen[position : match.start()]
            start, end = seen[match.start()].start, seen[match.end() - 1].end
            read += [Seen(character, end if at else start, end) for at, character in enumerate(plain)]
            position = match.end()
        seen = [*read, *seen[position:]]
    return seen


def _character(escape: str) -> str:
    if escape.startswith("&"):
        return html.unescape(escape)
    if escape.startswith("%"):
        try:
            return unquote_to_bytes(escape).decode()
        except UnicodeDecodeError:
            return escape
    if escape.startswith("\\u"):
        return chr(int(escape.removeprefix("\\u"), base=16))
    return {"\\/": "/", '\\"': '"'}.get(escape, " ")


def _piece(seen: Iterable[Seen]) -> Piece:
    """Characters as `words` has them, an accent apart from its letter with it."""
    kept: list[Seen] = []
    for one in seen:
        character = one.character
        if not character.isascii():
            category = unicodedata.category(character)
            if category == "Mn" and kept:
                kept[-1] = kept[-1]._replace(end=one.end)
            if category in {"Cf", "Mn"}:
                continue
        if character.isalnum() or character in "_%":
            kept.append(one)
        elif not kept or kept[-1].character != " ":
            kept.append(one._replace(character=" "))
    folded = [(character, one) for one in kept for character in fold(one.character).casefold()]
    return Piece("".join(character for character, _ in folded), [one for _, one in folded])
