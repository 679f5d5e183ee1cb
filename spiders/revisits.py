"""Answers that say what an earlier one said (WARC's revisit records): found where that one is, or refused."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from warcio.warcwriter import WARCWriter

from spiders.records import ARCHIVE, REFERS_TO_FILE, ArchiveError, header, is_answer, named, records, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_RUN = re.compile(r"[0-9]{8}T[0-9]{6}Z")


@dataclass(frozen=True, slots=True)
class Answer:
    """The record of an answer, where it is, and the address that gave it."""

    path: Path
    place: str
    record: Any
    url: str


def answered(path: Path, max_bytes: int, has: Callable[[str, str], bool]) -> Iterator[Answer]:
    """The answers of a file, and after them those that it refers to.

    Args:
        path: the file.
        max_bytes: the bound on its bodies, and on those of each file it refers to.
        has: told each answer's record and address, says whether its reader has it already: it is then left out.

    Raises:
        ArchiveError: a file is not a whole WARC, or an earlier answer is not where it was.
        OSError: the file cannot be opened.
    """
    wanted: dict[Path, dict[str, tuple[str, str]]] = {}
    runs = runs_of(path)
    for place, record in records(path, max_bytes):
        refers = refers_to(path, runs, record)
        if refers is None and not is_answer(record):
            continue
        with named(path, place):
            url = header(record, "WARC-Target-URI")
            name = refers[1] if refers else header(record, "WARC-Record-ID").strip("<>")
            itself = refers == (path, name) and url == record.rec_headers.get_header("WARC-Refers-To-Target-URI")
        if itself or has(name, url):
            continue
        if refers:
            wanted.setdefault(refers[0], {})[name] = place, url
        else:
            yield Answer(path, place, record, url)
    for holder, held in wanted.items():
        yield from _held(path, holder, held, max_bytes)


def _held(path: Path, holder: Path, wanted: Mapping[str, tuple[str, str]], max_bytes: int) -> Iterator[Answer]:
    """The answers that a file refers to in another, or in itself.

    Args:
        path: the file.
        holder: where they are.
        wanted: by record the place that refers to it, and the address that gave it again.
        max_bytes: the bound on either file's bodies.
    """
    left = dict(wanted)
    if holder.is_file():
        for place, record in records(holder, max_bytes):
            if is_answer(record):
                with named(holder, place):
                    name = header(record, "WARC-Record-ID").strip("<>")
                if name in left:
                    yield Answer(holder, place, record, left.pop(name)[1])
    if left and holder != path:
        record, (place, _) = next(iter(left.items()))
        found = "no such record" if holder.is_file() else "no such file"
        raise ArchiveError(path, place, f"the record {record} it refers to in {holder}", found)


def refers_to(path: Path, runs: Path, record: Any) -> tuple[Path, str] | None:  # noqa: ANN401 (warcio has no types)
    """The file and the record that a record refers to; None of one that refers to none, or does not say where it is.

    A file that is not named is this one. A named one is an archive of another run, in the folder beside this one's:
    other tools name files of their own, which are not looked for.
    """
    name = record.rec_headers.get_header("WARC-Refers-To")
    if record.rec_type != "revisit" or not name:
        return None
    named_file = record.rec_headers.get_header(REFERS_TO_FILE)
    if not named_file:
        return path, name.strip("<>")
    run, _, file = named_file.partition("/")
    if not _RUN.fullmatch(run) or file != ARCHIVE:
        return None
    return runs / run / ARCHIVE, name.strip("<>")


def runs_of(path: Path) -> Path:
    """The folder of all runs, of an archive in the folder of its run."""
    return path.resolve().parent.parent


def unfold(path: Path, out: Path, max_bytes: int) -> None:
    """Writes an archive again with what it refers to in it: it then stands alone.

    Args:
        path: the file, in the folder of its run.
        out: the file to write.
        max_bytes: the bound on its bodies, and on those of each file it refers to.

    Raises:
        ArchiveError: a file is not a whole WARC, or an earlier answer is not where it was.
        OSError: a file cannot be read or written.
    """
    wanted: dict[Path, dict[str, tuple[str, str]]] = {}
    runs = runs_of(path)
    with out.open("wb") as file:
        writer = WARCWriter(file, gzip=True, warc_version="1.1")
        for place, record in records(path, max_bytes):
            refers = refers_to(path, runs, record)
            kept = _copy(record)
            if refers:
                wanted.setdefault(refers[0], {})[refers[1]] = place, ""
                kept.rec_headers.remove_header(REFERS_TO_FILE)
            write(writer, kept)
        for holder, held in wanted.items():
            if holder != path:
                for answer in _held(path, holder, held, max_bytes):
                    write(writer, _copy(answer.record))


def _copy(original: Any) -> Any:  # noqa: ANN401 (warcio has no types)
    """A record to be written: the reader checks its own to its end."""
    record = copy(original)
    record.rec_headers = copy(record.rec_headers)
    record.rec_headers.headers = list(record.rec_headers.headers)
    record.rec_headers.remove_header("WARC-Block-Digest")  # headers may be written in another way
    payload = record.raw_stream.read()
    record.raw_stream, record.payload_length = BytesIO(payload), len(payload)
    return record
