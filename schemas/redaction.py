"""Takes a text out of a document however it is written there: entities, escapes, tags within words, case, accents.

What replaces it keeps its shape (letters stay letters, digits stay digits), so that a page reads as before, is the same
for every copy of the text, and can be made or told from the text by nobody without the secret.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from schemas.typography import fold, key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_LETTERS, _DIGITS = "kqvwxz", "0123456789"  # no vowel: what is made of them is no word of any pattern
_LAYERS = 3  # an escape of an escape of an escape
_ENCODED = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});?"  # HTML, 13.5
    r"|\\u[0-9a-fA-F]{4}|\\[/nrt\"]"  # RFC 8259, 7
    r"|%[0-7][0-9a-fA-F]|%[c-dC-D][0-9a-fA-F]%[89abAB][0-9a-fA-F]"  # RFC 3986, 2.1: a character of UTF-8
    r"|%[eE][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){2}|%[fF][0-7](?:%[89abAB][0-9a-fA-F]){3}"
)
_VALUE = re.compile(r"=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_INLINE = re.compile(r"</?(?:a|abbr|b|big|em|font|i|mark|s|small|span|strong|su[bp]|u|wbr)(?![a-z0-9-])", re.IGNORECASE)


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


class _Seen(NamedTuple):
    """A character as a reader sees it, and the piece of the document that writes it."""

    character: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _View:
    """A document as it is compared: words of folded characters with one space between, each with what writes it."""

    text: str
    seen: list[_Seen]


def mask(secret: bytes, text: str) -> str:
    """What takes a text's place wherever it stands.

    Args:
        secret: that of the portal's erasures.
        text: as printed.

    Returns:
        A text of its shape: the same for all spellings of it.
    """
    view = _view(_plain(text, 0))
    return edited(text, list(_edits(secret, view, 0, len(view.text))))


def found(secret: bytes, document: str, text: str) -> list[list[Edit]]:
    """Every place where a document writes a text as whole words: in its running text, in attributes, comments, scripts.

    Args:
        secret: that of the portal's erasures.
        document: HTML, XML, JSON or plain.
        text: what is looked for, as printed somewhere.

    Returns:
        For each place the edits that mask it there; none if there is no such place, or no word in the text.
    """
    wanted = key(text)
    if not wanted:
        return []
    places: dict[tuple[Edit, ...], None] = {}
    for view in _views(document, wanted.count(" ") + 1):
        for match in re.finditer(rf"(?<![^ ]){re.escape(wanted)}(?![^ ])", view.text):
            places[tuple(_edits(secret, view, match.start(), match.end()))] = None
    return [list(edits) for edits in places]


def redacted(secret: bytes, document: str, texts: Iterable[str]) -> str:
    """A document with every place that writes one of the texts masked, the longest first.

    Args:
        secret: that of the portal's erasures.
        document: HTML, XML, JSON or plain.
        texts: as printed somewhere.
    """
    wanted = sorted({key(text): text for text in texts if key(text)}.values(), key=lambda text: (-len(text), text))
    read = list(_read(document))
    for text in wanted:
        if any(key(text) in seen for seen in read):
            document = edited(document, [edit for place in found(secret, document, text) for edit in place])
    return document


def edited(document: str, edits: Iterable[Edit]) -> str:
    """A document with its edits done; where two overlap, the first stands."""
    done, position = [], 0
    for edit in sorted(set(edits)):
        if edit.start >= position:
            done += [document[position : edit.start], edit.text]
            position = edit.end
    return "".join([*done, document[position:]])


def _read(document: str) -> Iterator[str]:
    """The words of a document, its tags left out or read as text: a quick look, which sees whatever `found` does."""
    uncommented = document.replace("<!--", " ").replace("-->", " ")
    for text in (_without_tags(document), _without_tags(uncommented), document):
        plain = text
        for _ in range(_LAYERS):
            plain = _ENCODED.sub(lambda match: _decoded(match[0]), plain)
        yield key("".join(c for c in unicodedata.normalize("NFC", plain) if unicodedata.category(c) != "Cf"))


def _without_tags(document: str) -> str:
    return "".join(" " if kind == "break" else document[start:end] for kind, start, end in _parts(document, "running"))


def _views(document: str, words: int, offset: int = 0) -> Iterator[_View]:
    """The ways to read a document: as running text, and each thing that its tags and comments hold.

    Args:
        document: or a part of one.
        words: how many the text looked for has; for several a tag is read whole, as one may be an attribute's name.
        offset: where the part begins.
    """
    running: list[_Seen] = []
    for kind, start, end in _parts(document, "running"):
        at = offset + start
        running += [_Seen(" ", at, at)] if kind == "break" else _plain(document[start:end], at)
    yield _view(running)
    for kind, start, end in _parts(document, "held"):
        if kind == "comment":
            yield from _views(document[start:end], words, offset + start)
        elif kind == "value" or words > 1:
            yield _view(_plain(document[start:end], offset + start))


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


def _plain(text: str, offset: int) -> list[_Seen]:
    """The characters a text writes, its escapes read, and those within them."""
    seen = [_Seen(character, offset + at, offset + at + 1) for at, character in enumerate(text)]
    for _ in range(_LAYERS):
        written = "".join(one.character for one in seen)
        escapes = [(match, _decoded(match[0])) for match in _ENCODED.finditer(written)]
        escapes = [(match, plain) for match, plain in escapes if plain != match[0]]
        if not escapes:
            break
        read: list[_Seen] = []
        position = 0
        for match, plain in escapes:
            read += seen[position : match.start()]
            start, end = seen[match.start()].start, seen[match.end() - 1].end
            read += [_Seen(character, end if at else start, end) for at, character in enumerate(plain)]
            position = match.end()
        seen = [*read, *seen[position:]]
    return seen


def _decoded(escape: str) -> str:
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


def _view(seen: Iterable[_Seen]) -> _View:
    """Characters as they are compared: folded, accents with their letter, a space for what is no letter or digit."""
    kept: list[_Seen] = []
    for one in seen:
        category = unicodedata.category(one.character)
        if category == "Cf":  # prints nothing
            continue
        if category == "Mn" and kept:  # an accent apart from its letter
            kept[-1] = kept[-1]._replace(end=one.end)
            continue
        if not (one.character.isalnum() or one.character in "_%"):
            one = _Seen(" ", one.start, one.end)  # noqa: PLW2901 (the same place, another character)
            if kept and kept[-1].character == " ":
                continue
        kept.append(one)
    folded = [(character, one) for one in kept for character in fold(one.character).casefold()]
    return _View("".join(character for character, _ in folded), [one for _, one in folded])


def _edits(secret: bytes, view: _View, start: int, end: int) -> Iterator[Edit]:
    """Masks the characters of a view between two positions: each letter by a letter, each digit by a digit."""
    while start < end and view.text[start] == " ":
        start += 1
    stream = _stream(secret, view.text[start:end].strip())
    for one, code in zip(view.seen[start:end], stream, strict=False):  # the stream has no end
        if one.character.isdigit():
            yield Edit(one.start, one.end, _DIGITS[code % len(_DIGITS)])
        elif one.character.isalpha():
            letter = _LETTERS[code % len(_LETTERS)]
            yield Edit(one.start, one.end, letter.upper() if one.character.isupper() else letter)


def _stream(secret: bytes, text: str) -> Iterator[int]:
    for block in itertools.count():
        yield from hmac.new(secret, f"{block}:{text}".encode(), hashlib.sha256).digest()
