"""Parts of a file over HTTP: what conditions and a range of bytes are answered (RFC 9110, sections 8.8, 13, 14)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from email.message import Message

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,100})-([0-9]{0,100})[ \t]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a file, and which of its bytes follow."""

    status: HTTPStatus
    headers: dict[str, str]
    part: range


def answer(asked: Message, file: os.stat_result, *, get: bool) -> Answer:
    """What a request for a file is answered.

    A range that is no single range of bytes is ignored, as RFC 9110 section 14.2 allows: the whole file is the answer.

    Args:
        asked: the request's headers.
        file: the state of the file.
        get: whether it is asked for with GET, the only method that ranges are defined for.
    """
    size, modified = file.st_size, int(file.st_mtime)
    # Files are replaced whole, never written in place: another file is another moment.
    validators = {"ETag": f'"{file.st_mtime_ns:x}-{size:x}"', "Last-Modified": formatdate(modified, usegmt=True)}
    if _is_known(asked, validators["ETag"], modified):
        return Answer(HTTPStatus.NOT_MODIFIED, validators, range(0))
    told = {**validators, "Accept-Ranges": "bytes"}
    # No file is replaced twice in a second, which makes its date as strong a validator as its tag (section 8.8.2.2).
    wanted = _range(asked, size) if get and asked.get("If-Range") in {None, *validators.values()} else None
    if wanted is None:
        return Answer(HTTPStatus.OK, {**told, "Content-Length": str(size)}, range(size))
    if not wanted:
        unsatisfied = {**told, "Content-Range": f"bytes */{size}", "Content-Length": "0"}
        return Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, unsatisfied, wanted)
    place = f"bytes {wanted.start}-{wanted.stop - 1}/{size}"
    partial = {**told, "Content-Range": place, "Content-Length": str(len(wanted))}
    return Answer(HTTPStatus.PARTIAL_CONTENT, partial, wanted)


def _range(asked: Message, size: int) -> range | None:
    """The bytes asked for: none of them where the file has none there; None where all are."""
    lines = asked.get_all("Range", [])
    found = _ONE_RANGE.fullmatch(lines[0]) if len(lines) == 1 else None
    if found is None or not any(found.groups()) or not size:
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _is_known(asked: Message, tag: str, modified: int) -> bool:
    """Whether the client has the file as it is."""
    tags = asked.get("If-None-Match")
    if tags:
        return tags.strip() == "*" or tag in re.findall(r'"[^"]*"', tags)
    try:
        since = parsedate_to_datetime(asked.get("If-Modified-Since", ""))
    except (OverflowError, ValueError):  # no date, or none that is one: no condition
        return False
    return modified <= (since if since.tzinfo else since.replace(tzinfo=dt.UTC)).timestamp()
