"""Who has left: the rows a person asked to be taken out, known by keyed hashes alone, kept beside the releases.

The secret that keys them is made at the first erasure and stays in the portal's outputs. It is never published: with
it, anybody who guesses a name could see whether it is in the list.
"""

from __future__ import annotations

import hmac
import os
import secrets
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.paths import Home, sync, write_json
from schemas.redaction import mask
from schemas.typography import key
from schemas.written import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from schemas.model import Dataset

_SECRET_BYTES = 32
_APART = "\x1f"  # between the things a hash is of
_TELLING = 4  # letters and digits, below which a text tells nobody's row
Mark = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_WORDS = 100_000  # of which the hashes are kept at hand: a portal says few words, many times
_FIRST = 8  # hexadecimal digits of the hash of a text's first word
TextMark = Annotated[str, Field(pattern=rf"^[1-9][0-9]{{0,5}}:[0-9a-f]{{{_FIRST}}}:[0-9a-f]{{64}}$")]


class ErasuresError(Exception):
    """What should say who has left does not; the message says where, expected and found."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One row that has left, by keyed hashes.

    `row` is that of its key without ranks and of the names in it; `names` that of the names alone, where no other row
    of the dataset had them; `texts` those of what was its alone, each after the number of its words and the start of
    the first one's hash, by which it is found again wherever a page says it; `masks` those of what stands in its place
    in archives; `when` the day it was asked.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    dataset: str
    row: Mark
    names: Mark | None
    texts: tuple[TextMark, ...]
    masks: tuple[Mark, ...]
    when: str


@dataclass(frozen=True, slots=True)
class Erasures:
    """Everybody who has left a portal's data; `secret` is empty where nobody has."""

    secret: bytes = b""
    entries: tuple[Erasure, ...] = ()
    _marks: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Gathers the hashes of each dataset."""
        for entry in self.entries:
            told = {entry.row, *entry.masks, *filter(None, [entry.names])}
            self._marks.setdefault(entry.dataset, set()).update(told)

    def concern(self, dataset: str) -> bool:
        """Whether somebody has left this dataset."""
        return dataset in self._marks

    def erased(self, dataset: Dataset, row: Mapping[str, Any]) -> bool:
        """Whether a typed row is one that has left."""
        marks = {self.row_mark(dataset, row), self.names_mark(dataset, row)}
        return not marks.isdisjoint(self._marks.get(dataset.id, ()))

    def masked(self, dataset: Dataset, parts: Mapping[str, str]) -> bool:
        """Whether a raw row is what stands in the place of one that has left."""
        if not self.concern(dataset.id):
            return False
        read = [text for value in dataset.published(parts).values() for text in texts(value)]
        return not {self._mark(dataset, "mask", text) for text in read}.isdisjoint(self._marks[dataset.id])

    def row_mark(self, dataset: Dataset, row: Mapping[str, Any]) -> str:
        """The hash of what tells a row: its key without ranks, with the names in it; all of it if that is nothing."""
        ranks = {column.name for column in dataset.fields if column.rank is not None}
        telling = [name for name in dataset.key if name not in ranks]
        names = [column.name for column in dataset.fields if column.personal == "name"]
        columns = [*telling, *names] if names or not ranks else [name for name in dataset.names if name not in ranks]
        return self._mark(dataset, "row", *(f"{name}={row.get(name)}" for name in dict.fromkeys(columns)))

    def names_mark(self, dataset: Dataset, row: Mapping[str, Any]) -> str | None:
        """The hash of the names in a row; None if its dataset has no column of names, or this row none in them."""
        names = [column.name for column in dataset.fields if column.personal == "name" and row.get(column.name)]
        return self._mark(dataset, "names", *(f"{name}={row[name]}" for name in names)) if names else None

    def recognized(self, said: Iterable[str]) -> set[str]:
        """The texts of who has left that stand in these, all as texts are compared (`schemas.written.words`)."""
        known = {mark for entry in self.entries for mark in entry.texts}
        begun: dict[str, set[int]] = {}  # how many words the texts have that begin with a word, by its hash
        for mark in known:
            length, first, _ = mark.split(":")
            begun.setdefault(first, set()).add(int(length))

        @lru_cache(_WORDS)
        def lengths(word: str) -> set[int]:
            return begun.get(self._first(word), set())

        found: set[str] = set()
        for text in said if known else ():
            spoken = text.split()
            for at, word in enumerate(spoken):
                runs = (" ".join(spoken[at : at + n]) for n in lengths(word) if at + n <= len(spoken))
                found.update(run for run in runs if self._text_mark(run) in known)
        return found

    def text_marks(self, printed: Iterable[str]) -> tuple[str, ...]:
        """The hashes of these texts, as an `Erasure` keeps them."""
        return tuple(dict.fromkeys(self._text_mark(words(text)) for text in printed))

    def mask_marks(self, dataset: Dataset, printed: Iterable[str]) -> tuple[str, ...]:
        """The hashes of what masks these texts."""
        masks = (mask(self.secret, text) for text in printed)
        return tuple(dict.fromkeys(self._mark(dataset, "mask", text) for text in masks))

    def _text_mark(self, said: str) -> str:
        told = hmac.digest(self.secret, f"text{_APART}{said}".encode(), "sha256")
        return f"{said.count(' ') + 1}:{self._first(said.partition(' ')[0])}:{told.hex()}"

    def _first(self, word: str) -> str:
        return hmac.digest(self.secret, f"word{_APART}{word}".encode(), "sha256").hex()[:_FIRST]

    def _mark(self, dataset: Dataset, kind: str, *values: str) -> str:
        told = _APART.join([dataset.id, kind, *map(key, values)])
        return hmac.digest(self.secret, told.encode(), "sha256").hex()


NOBODY = Erasures()


def texts(printed: str) -> Iterator[str]:
    """The texts of a cell that may stand by themselves elsewhere: its lines; of an address, its path."""
    for line in printed.splitlines():
        text = line.strip()
        parts = urlsplit(text) if text.startswith(("https://", "http://")) and "[" not in text else None
        yield parts.path if parts is not None and telling(parts.path) else text


def telling(text: str) -> bool:
    """Whether a text is long enough to tell a row: four letters and digits, eight if all are digits."""
    plain = key(text).replace(" ", "")
    return len(plain) >= (2 * _TELLING if plain.isdigit() else _TELLING)


_LIST = TypeAdapter(tuple[Erasure, ...])


def kept(home: Home) -> Erasures:
    """Everybody who has left a portal's data.

    Raises:
        ErasuresError: the list is not what `keep` wrote, or its secret is gone: nobody could be recognized.
        OSError: a file cannot be read.
    """
    if not home.erasures.exists():
        return Erasures()
    try:
        entries = _LIST.validate_json(home.erasures.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ErasuresError(f"{home.erasures}, {place}: {first['msg']}") from error
    return Erasures(_secret(home.erasure_key), entries)


def begun(home: Home) -> Erasures:
    """As `kept`, with a new secret where there is none yet; it is written by `keep`.

    Raises:
        ErasuresError, OSError: as `kept`.
    """
    before = kept(home)
    return before if before.secret else Erasures(secrets.token_bytes(_SECRET_BYTES))


def keep(home: Home, erasures: Erasures) -> None:
    """Writes the list and its secret, which only their owner may read.

    Raises:
        OSError: a file cannot be written.
    """
    if not home.erasure_key.exists():
        with os.fdopen(os.open(home.erasure_key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{erasures.secret.hex()}\n")
        sync(home.erasure_key)
    write_json(home.erasures, [asdict(entry) for entry in erasures.entries])


def with_texts(erasures: Erasures, dataset: Dataset, everywhere: Iterable[str], in_place: Iterable[str]) -> Erasures:
    """The same, with the hashes of texts of a dataset's rows, and of their masks: put with the last that left.

    Args:
        erasures: everybody who has left.
        dataset: somebody has left it.
        everywhere: texts that are masked wherever they stand.
        in_place: those that are masked in the rows' places alone.
    """
    entries = list(erasures.entries)
    at = max(index for index, entry in enumerate(entries) if entry.dataset == dataset.id)
    entry, alone = entries[at], list(everywhere)
    told = dict.fromkeys([*entry.texts, *erasures.text_marks(alone)])
    masks = dict.fromkeys([*entry.masks, *erasures.mask_marks(dataset, [*alone, *in_place])])
    entries[at] = replace(entry, texts=tuple(told), masks=tuple(masks))
    return Erasures(erasures.secret, tuple(entries))


def _secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (FileNotFoundError, ValueError) as error:
        raise ErasuresError(f"{path}: expected the secret of the erasures, found {type(error).__name__}") from error
    if len(secret) != _SECRET_BYTES:
        raise ErasuresError(f"{path}: expected a secret of {_SECRET_BYTES} bytes, found {len(secret)}")
    return secret
