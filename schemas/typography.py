"""How printed French text is compared: accents, apostrophes, dashes, quotes and spaces that a theme may change."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

_PLAIN = {"’": "'", "‘": "'", "ʼ": "'", "´": "'", "“": '"', "”": '"', "«": '"', "»": '"'}
_PLAIN |= dict.fromkeys("‐‑‒–—―−", "-")


_NOT_PLAIN = re.compile(r"[^\n -~]")
_WORDS = re.compile(r"[^\w%]+")
_LONGEST_LABEL = 200
# Where a spreadsheet begins a cell and what it would run there, for any engine; and the guard (CONTRACT, 'Outputs').
# French ones part a line at its semicolons, and take a line feed for the end of a row, unless told what the file is.
GUARDED, GUARD = r"(^|[;\n]\"*)([=+\-@＝＋－＠\t\r'])", r"\1'\2"
# What a terminal, an editor or a reader of text acts on and does not show (Unicode, 'General_Category' C, Zl and Zp).
_ACTED_ON = regex.compile(r"[\p{C}\p{Zl}\p{Zp}--\n]", regex.VERSION1)
# Unicode, 'Default_Ignorable_Code_Point': prints nothing. Not what changes the direction or the digits of other text.
_DIRECTING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"
_PRINTS_NOTHING = regex.compile(rf"[\p{{Default_Ignorable_Code_Point}}--[{_DIRECTING}]]", regex.VERSION1)
# Controls that are no white space, directing marks, surrogates, what is no character; marks heaped on one letter.
_UNPRINTABLE = regex.compile(r"[[\p{C}--\p{Co}]--[\t-\r\x1c-\x1f\x85]]|\p{M}{5}", regex.VERSION1)


def fold(text: str) -> str:
    """Text without accents and typographic variants, of the same length: positions in it are positions in the text."""
    return _NOT_PLAIN.sub(_plain, text)


def _plain(found: re.Match[str]) -> str:
    return _plain_character(found[0])


@cache  # there are not that many
def _plain_character(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isspace():
        return " "
    parts = unicodedata.normalize("NFD", character)
    return parts[0] if unicodedata.combining(parts[-1]) else character


def key(text: str) -> str:
    """What two labels share when only case, accents, punctuation and spaces differ."""
    return _label_key(text) if len(text) <= _LONGEST_LABEL else _key(text)


def _key(text: str) -> str:
    return _WORDS.sub(" ", fold(text).casefold()).strip()


_label_key = lru_cache(maxsize=4096)(_key)  # the same labels are compared over and over


def setting(text: str) -> str:
    """What two texts share when only how they are set differs: apostrophes, quotes, dashes, spaces, invisible marks.

    Accents and case are no setting: « Évry » and « Evry », « CNRS » and « Cnrs » stay apart.
    """
    shown = unicodedata.normalize("NFC", "".join(c for c in text if unicodedata.category(c) != "Cf"))
    close = re.sub(r"(?<=«) | (?=[»:;!?%])", "", one_line(shown))  # French spaces that a theme adds or drops
    return re.sub("-{2,}", "-", "".join(_PLAIN.get(c, c) for c in close).replace("…", "..."))


def identifier(text: str) -> str:
    """The identifier of a printed name: NFKD without accents, lower case, every run of other characters a `-`."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")


def one_line(text: str) -> str:
    """Text with every run of white space (no-break and line breaks included) as one plain space."""
    return " ".join(text.split())


def shown(text: str) -> str:
    """Text without the characters that print nothing: soft hyphens, zero-width ones, tags, variation selectors."""
    return text if text.isascii() else str(_PRINTS_NOTHING.sub("", text))


def unprintable(text: str) -> str:
    """The first piece of a text that no page prints as text: a control, a direction mark, heaped marks; else empty."""
    found = _UNPRINTABLE.search(text)
    return found[0] if found else ""


def visible(text: str) -> str:
    """Text for a terminal or a log: what they would act on is shown as JSON escapes it, so JSON stays the same JSON."""
    return str(_ACTED_ON.sub(lambda found: json.dumps(found[0])[1:-1], text))


def guarded(text: str) -> str:
    """A text as a CSV cell has it: an apostrophe before what a spreadsheet would run."""
    return re.sub(GUARDED, GUARD, text)


def key_text(values: Iterable[object]) -> str:
    """The text of a row's key: its values joined by `/`, with `%` and `/` in them percent-encoded."""
    return "/".join(str(value).replace("%", "%25").replace("/", "%2F") for value in values)


def key_values(text: str) -> list[str]:
    """The values of which `key_text` made a key, as texts."""
    return [part.replace("%2F", "/").replace("%25", "%") for part in text.split("/")]
