"""What a crawl remembers of each page for the next one: how to ask if it changed, which record holds it, its links.

A file beside the archive it was made with. It is no evidence, only a saving: without it every page is had anew.
"""

from __future__ import annotations

import sqlite3
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from spiders.records import ARCHIVE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

_COLUMNS = "sha256, type, etag, modified, size, url, run, record, date"
_SCHEMA = f"""
    CREATE TABLE portal (base TEXT NOT NULL);
    CREATE TABLE page (path TEXT PRIMARY KEY, {_COLUMNS.replace(",", " NOT NULL,")} NOT NULL, links BLOB NOT NULL)
    WITHOUT ROWID;
"""
_BETWEEN = "\n"  # no address has one
_MOST = 20_000_000  # characters of the links of one page


@dataclass(frozen=True, slots=True)
class Visit:
    """A page as it was last had whole.

    Attributes:
        sha256: of its decoded body, in hexadecimal.
        content_type: the whole header: what the body means depends on it.
        etag, modified: its validators (RFC 9110, 8.8), empty where it had none.
        size: bytes of its decoded body.
        url, run, record, date: where it is archived: its WARC-Target-URI, the run whose archive has it, its
            WARC-Record-ID and WARC-Date.
        links: the paths (with their query) of the portal's own addresses it links to.
    """

    sha256: str
    content_type: str
    etag: str
    modified: str
    size: int
    url: str
    run: str
    record: str
    date: str
    links: tuple[str, ...]

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the page only if it changed (RFC 9110, 13.1); none where nothing can tell."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value}


class Visits:
    """The pages an earlier crawl had, one looked up at a time; a file that cannot be read tells of none.

    Args:
        path: its file.
        base: where the portal is fetched from now: what was had elsewhere is another site's.
        runs: the folder of all runs: a page whose archive is gone is not known.
    """

    def __init__(self, path: Path, base: str, runs: Path) -> None:
        self._runs, self._there = runs, dict[str, bool]()
        self._known = False
        self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        with suppress(sqlite3.DatabaseError):
            self._known = self._db.execute("SELECT base FROM portal").fetchall() == [(base,)]

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def get(self, path: str) -> Visit | None:
        """The page at a path (with its query), if it was had and is still archived."""
        if not self._known:
            return None
        try:
            row = self._db.execute(f"SELECT {_COLUMNS}, links FROM page WHERE path = ?", [path]).fetchone()  # noqa: S608 (ours)
            if row is None or not self._is_there(row[6]):
                return None
            links = zlib.decompressobj().decompress(row[-1], _MOST).decode()
        except (sqlite3.DatabaseError, zlib.error, UnicodeDecodeError):  # it is damaged: the page is had anew
            return None
        return Visit(*[*row[:-1], tuple(links.split(_BETWEEN)) if links else ()])

    def _is_there(self, run: str) -> bool:
        if run not in self._there:
            self._there[run] = (self._runs / run / ARCHIVE).is_file()
        return self._there[run]


class VisitsWriter:
    """The visits of a crawl in the making: nothing under the final name before a clean end.

    Args:
        path: the file to make.
        base: where the portal is fetched from.

    Raises:
        OSError, sqlite3.Error: the file cannot be written.
    """

    def __init__(self, path: Path, base: str) -> None:
        self._path, self._draft = path, path.with_name(f".{path.name}.part")
        self._base = base

    def __enter__(self) -> Self:
        self._db = sqlite3.connect(self._draft, isolation_level=None)
        # A draft that a crash leaves is removed: what it holds need not outlive a power cut before its end.
        self._db.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; {_SCHEMA}")
        self._db.execute("INSERT INTO portal VALUES (?)", [self._base])
        return self

    def keep(self, path: str, visit: Visit) -> None:
        """Remembers a page.

        Raises:
            sqlite3.Error: the file cannot be written.
        """
        row = (visit.sha256, visit.content_type, visit.etag, visit.modified, visit.size, visit.url, visit.run)
        links = zlib.compress(_BETWEEN.join(visit.links).encode())
        self._db.execute(
            "INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [path, *row, visit.record, visit.date, links],
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with closing(self._db):
            if kind is None:
                self._db.execute("COMMIT")
        if kind is not None:
            self._draft.unlink()
            return
        self._draft.replace(self._path)


def forget(path: Path, told: Callable[[str], bool]) -> None:
    """Drops what is remembered of pages whose address or links say what must not stay.

    Args:
        path: a file of visits, or of nothing.
        told: whether a text says it.

    Raises:
        sqlite3.Error: the file cannot be read or written.
    """
    if not path.is_file():
        return
    with closing(sqlite3.connect(path)) as db:
        pages = db.execute("SELECT path, url, etag, links FROM page")
        gone = [row[0] for row in pages if told("\n".join([*row[:3], zlib.decompress(row[3]).decode()]))]
        db.executemany("DELETE FROM page WHERE path = ?", [[one] for one in gone])
        db.commit()
        db.execute("VACUUM")  # what is deleted is else still in the file
