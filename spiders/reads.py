"""What is read of an archive, on disk as it comes: memory does not grow with pages, the next run reads none again.

A row an address: its latest answer without the body, and of an HTML page what reading it gave.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import UTC
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from pydantic import TypeAdapter
from w3lib.url import canonicalize_url

from spiders.answers import Head, ends, path_named
from spiders.manners import HTML
from spiders.page_extract import PageRead

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spiders.archive import Capture

_READ = TypeAdapter(PageRead)
_CARRIED = "asked, moment, record, status, type, location, missing, ended, read"  # from one run to the next
_SCHEMA = f"""
    CREATE TABLE made (key TEXT NOT NULL);
    CREATE TABLE answer (
        url TEXT PRIMARY KEY, canonical TEXT, path TEXT, {_CARRIED}, unreadable TEXT
    );
    CREATE INDEX answer_canonical ON answer (canonical);
    CREATE INDEX answer_path ON answer (path);
    CREATE INDEX answer_record ON answer (record);
"""
_HEAD = "url, asked, status, type, location, missing"


class Reads:
    """The answers of one archive as they are read.

    Args:
        path: the file to make; None for one that lasts as long as this.
        key: says by which declarations, code and portal pages are read: what was read by others is not used.
        earlier: the file of an earlier run; it only saves work, and one that cannot be read saves none.

    Raises:
        sqlite3.Error: the file cannot be written; so of the methods.
    """

    def __init__(self, path: Path | None, key: str, earlier: Path | None = None) -> None:
        self._path = path
        self._draft = path.with_name(f".{path.name}.part") if path else None
        if self._draft:
            self._draft.unlink(missing_ok=True)
        self._has_earlier = False
        self._db = sqlite3.connect(self._draft or "", isolation_level=None, uri=True)
        try:
            self._begin(key, earlier)
        except sqlite3.Error:
            self._db.close()
            raise

    def _begin(self, key: str, earlier: Path | None) -> None:
        # What a crash leaves is removed by the next run.
        self._db.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_SCHEMA}")
        self._db.execute("INSERT INTO made VALUES (?)", [key])
        if earlier is not None:
            with suppress(sqlite3.DatabaseError):
                self._db.execute("ATTACH ? AS earlier", [f"{earlier.resolve().as_uri()}?mode=ro"])
                self._has_earlier = self._db.execute("SELECT key FROM earlier.made").fetchall() == [(key,)]
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def keep(self) -> None:
        """Gives the file its name: all is read."""
        self._db.execute("COMMIT")
        self._db.execute("BEGIN")
        if self._path and self._draft:
            self._draft.replace(self._path)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def has(self, record: str, asked: str, url: str) -> bool:
        """Whether an earlier run has read a record as a page; it is then taken from there.

        Args:
            record: its WARC-Record-ID.
            asked: the address that gave it now.
            url: the same on the portal.
        """
        if not self._has_earlier:
            return False
        try:
            found = self._db.execute(
                f"SELECT moment, {_CARRIED} FROM earlier.answer WHERE record = ? AND url = ? AND read IS NOT NULL",  # noqa: S608 (ours)
                [record, url],
            ).fetchone()
            if found is None:
                return False
            _READ.validate_json(found[-1])
        except (sqlite3.DatabaseError, ValueError):  # it is damaged: the page is read anew
            return False
        if self._replaces(url, found[0], HTTPStatus.OK):
            self._put(url, (asked, *found[2:]))
        return True

    def add(self, capture: Capture, url: str) -> bool:
        """Takes an answer, without its body; gives whether it is a page that is to be read, and the latest so far."""
        moment = capture.when.astimezone(UTC).isoformat(timespec="microseconds")
        if not self._replaces(url, moment, capture.status):
            return False
        page = capture.content_type in HTML and not capture.missing
        ended = page and capture.status == HTTPStatus.OK and ends(capture.body)
        location = capture.headers.get("location", "")
        answer = (capture.url, moment, capture.record, capture.status, capture.content_type, location, capture.missing)
        self._put(url, (*answer, ended if page else None, None))
        return page

    def read(self, url: str, record: str, read: PageRead | str) -> None:
        """Keeps what reading an answer gave; or, as text, why it cannot be read."""
        column, value = ("unreadable", read) if isinstance(read, str) else ("read", _READ.dump_json(read))
        self._db.execute(f"UPDATE answer SET {column} = ? WHERE url = ? AND record = ?", [value, url, record])  # noqa: S608 (ours)

    @property
    def ended(self) -> tuple[int, int]:
        """How many pages answered 200 and end with </html>, and how many answered 200."""
        row = self._db.execute(
            "SELECT coalesce(sum(ended), 0), count(*) FROM answer WHERE status = 200 AND ended IS NOT NULL"
        ).fetchone()
        return int(row[0]), int(row[1])

    def pages(self) -> Iterator[tuple[str, PageRead]]:
        """Every page that was read, by address."""
        for url, read in self._db.execute("SELECT url, read FROM answer WHERE read IS NOT NULL ORDER BY url"):
            yield url, _READ.validate_json(read)

    def page(self, url: str) -> PageRead | None:
        """What was read at an address."""
        row = self._db.execute("SELECT read FROM answer WHERE url = ?", [url]).fetchone()
        return _READ.validate_json(row[0]) if row and row[0] else None

    def unreadable(self) -> list[tuple[str, str]]:
        """The pages that could not be read, by address, and why."""
        return self._db.execute(
            "SELECT url, unreadable FROM answer WHERE unreadable IS NOT NULL ORDER BY url"
        ).fetchall()

    def at(self, path: str) -> list[Head]:
        """The answers at a path, with its last slash and without, by address."""
        return self._heads("path = ? ORDER BY url", path)

    def like(self, url: str) -> Head | None:
        """The answer of an address, however it is spelt."""
        return next(iter(self._heads("canonical = ? ORDER BY rowid DESC LIMIT 1", _canonical(url))), None)

    def _heads(self, condition: str, value: str) -> list[Head]:
        return [Head(*row) for row in self._db.execute(f"SELECT {_HEAD} FROM answer WHERE {condition}", [value])]  # noqa: S608 (ours)

    def _replaces(self, url: str, moment: str, status: int) -> bool:
        """Whether an answer is the latest of its address; 'not modified' has nothing to say after another."""
        row = self._db.execute("SELECT moment FROM answer WHERE url = ?", [url]).fetchone()
        return row is None or (status != HTTPStatus.NOT_MODIFIED and row[0] <= moment)

    def _put(self, url: str, answer: tuple[object, ...]) -> None:
        marks = ", ".join("?" * (len(answer) + 4))
        self._db.execute(
            f"INSERT OR REPLACE INTO answer VALUES ({marks})",  # noqa: S608 (marks only)
            [url, _canonical(url), path_named(url), *answer, None],
        )


def _canonical(url: str) -> str:
    return str(canonicalize_url(url, keep_blank_values=True))
