"""Which texts of the rows that leave are theirs alone, and those texts taken out of what a run keeps in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pipeline.erasures import telling, texts, with_texts
from pipeline.paths import write, write_json
from schemas.redaction import Printed, Redaction, redacted
from schemas.typography import key
from schemas.written import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pipeline.erasures import Erasures
    from schemas.load import Declarations
    from schemas.model import Dataset

    Raw = tuple[Dataset, dict[str, Any]]

_APART = "\x1f"  # between two texts: no words go from one to the other


def redaction(
    secret: bytes, left: Sequence[Raw], others: Iterable[Raw], declarations: Declarations, known: Iterable[str] = ()
) -> Redaction:
    """What to mask so that rows leave, and no other row changes.

    Args:
        secret: that of the portal's erasures.
        left: the raw rows that leave, each with its dataset.
        others: all other raw rows of the same runs.
        declarations: what they say (a header, an organisation's label) is nobody's own text.
        known: texts of who has left that stand somewhere, be it in no row.

    Returns:
        What only those rows print is masked wherever it stands; what others print too, and a name too short to tell,
        in the rows' own places. Other short texts stay: « Dr » tells nobody, and a pattern may ask for it.
    """
    theirs = {key(text): text for text in known}
    theirs |= {key(text): text for dataset, raw in left for text in printed(dataset, raw)}
    said = [key(content.decode("utf-8", "replace")) for content in declarations.files.values()]
    said += [key(text) for dataset, raw in others for text in printed(dataset, raw)]
    common = f" {f' {_APART} '.join(said)} "
    alone = {plain for plain, text in theirs.items() if telling(text) and f" {plain} " not in common}
    rows = {
        Printed(
            dataset.id,
            raw["source"],
            tuple(dataset.published(raw["parts"]).items()),
            tuple(text for text in printed(dataset, raw) if key(text) not in alone),
        ): None
        for dataset, raw in left
    }
    return Redaction(secret, tuple(theirs[plain] for plain in sorted(alone)), tuple(rows))


def printed(dataset: Dataset, raw: Mapping[str, Any]) -> list[str]:
    """The texts of a raw row that its columns come from, each once as printed: those long enough to tell, and names."""
    names = {column.name for column in dataset.fields if column.personal == "name"}
    cells = dataset.published(raw["parts"]).items()
    found = [text for column, cell in cells for text in texts(cell) if telling(text) or column in names]
    return [text for text in dict.fromkeys(found) if key(text)]


def remembered(known: Erasures, left: Iterable[Raw], masking: Redaction) -> Erasures:
    """Who has left, with the hashes of the texts that are masked: they are known when a page says them again."""
    everywhere = {key(text) for text in masking.texts}
    in_place = {key(text) for row in masking.rows for text in row.texts}
    for dataset, raw in left:
        texts = printed(dataset, raw)
        alone, shared = ([text for text in texts if key(text) in where] for where in (everywhere, in_place))
        known = with_texts(known, dataset, alone, shared)
    return known


def unsaid(raw: dict[str, Any], dataset: Dataset, secret: bytes, texts: Iterable[str]) -> dict[str, Any]:
    """A raw row with texts masked in what it has of its place beside what it publishes: a neighbour's cell, say."""
    kept = set(dataset.published(raw["parts"]).values())
    parts = {name: value if value in kept else redacted(secret, value, texts) for name, value in raw["parts"].items()}
    return {**raw, "parts": parts}


def said(paths: Iterable[Path]) -> Iterator[str]:
    """All that files say, as texts are compared.

    Raises:
        OSError: a file cannot be read.
    """
    for path in paths:
        yield from Document(path.read_text(encoding="utf-8", errors="replace")).said


def mask_files(paths: Iterable[Path], redacting: Redaction, digests: Mapping[str, str]) -> None:
    """Takes the texts out of JSON files and logs, and puts the pages' new digests in the place of the old.

    Raises:
        OSError: a file cannot be read or written.
    """
    for path in paths:
        before = path.read_text(encoding="utf-8", errors="replace")
        after = before
        for old, new in digests.items():
            after = after.replace(old, new)
        if redacting.masked(after) != after:
            if path.suffix == ".json":
                write_json(path, _masked(json.loads(after), redacting))
                continue
            after = redacting.masked(after)
        if after != before:
            write(path, after.encode())


def _masked(value: Any, redacting: Redaction) -> Any:  # noqa: ANN401 (JSON is any shape)
    """The same with the texts masked in its strings; its names stay."""
    if isinstance(value, dict):
        return {name: _masked(one, redacting) for name, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, redacting) for one in value]
    return redacting.masked(value) if isinstance(value, str) else value
