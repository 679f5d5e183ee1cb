"""The frontier of a crawl: which addresses are still to be asked for, in which order, and which are left out.

On disk, in a file that goes with the crawl: memory does not grow with the pages of a portal.
"""

from __future__ import annotations

import sqlite3
from enum import IntEnum
from itertools import count
from typing import TYPE_CHECKING

from spiders.manners import path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

_TOLD = 1_000  # addresses left out that are kept, of those nobody knew before: a trap makes them up without an end
_SCHEMA = """
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    CREATE TABLE address (address TEXT PRIMARY KEY, found_on TEXT NOT NULL, turn INTEGER, number INTEGER NOT NULL)
    WITHOUT ROWID;
    CREATE INDEX address_turn ON address (turn, number) WHERE turn IS NOT NULL;
    CREATE TABLE listed (address TEXT PRIMARY KEY, changed TEXT NOT NULL, number INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE asked (address TEXT PRIMARY KEY) WITHOUT ROWID;
    BEGIN;
"""


class _Turn(IntEnum):
    """Whose turn an address waits for."""

    KNOWN = 0
    LINKED = 1
    LISTED = 2


class Frontier:
    """Addresses to ask for, each once.

    What a trap leads to must not take the place of what is known: known addresses come first, once something leads to
    them, and the bound on addresses keeps them their room. Nor may a list without an end take the place of what leads
    to them: addresses that sitemaps list and those that pages link to take turns.

    Args:
        most: the most addresses there may be.
        known: paths (with their query) that declarations name, seeds too, or that data was read in before.
        path: the file to make, and to remove in the end.

    Raises:
        OSError, sqlite3.Error: it cannot be written; so of the methods.
    """

    def __init__(self, most: int, known: Collection[str], path: Path) -> None:
        self._most = most
        self._known = frozenset(known)
        self._waiting = dict.fromkeys(_Turn, 0)
        self._numbers = count()
        self._listed = 0
        self._is_listed_next = True
        self._known_found = 0
        self._room = max(0, most - len(self._known))  # for what nobody knew before
        self.left_out: dict[str, None] = {}
        self._path = path
        path.unlink(missing_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)

    def __len__(self) -> int:
        others = self._waiting[_Turn.LINKED] + self._waiting[_Turn.LISTED]
        return self._waiting[_Turn.KNOWN] + min(self._room, others)

    def close(self) -> None:
        """Removes its file; `left_out` stays."""
        self._db.close()
        self._path.unlink(missing_ok=True)

    def note_listed(self, address: str, changed: str) -> None:
        """Notes an address that a sitemap lists, and its last change as sitemaps date it (which sorts as text)."""
        new = self._db.execute("INSERT OR IGNORE INTO listed VALUES (?, ?, ?)", [address, changed, self._listed])
        self._listed += new.rowcount
        if not new.rowcount:
            self._db.execute("UPDATE listed SET changed = ? WHERE address = ?", [changed, address])

    def listed(self) -> Iterator[str]:
        """The addresses that sitemaps list, those that changed last first."""
        for (address,) in self._db.execute("SELECT address FROM listed ORDER BY changed DESC, number"):
            yield address

    @property
    def many_listed(self) -> bool:
        """Whether sitemaps list more addresses than there may be."""
        return self._listed > self._most

    def add(self, address: str, found_on: str, *, listed: bool = False) -> None:
        """Takes an address, once; leaves it out when there is no room for more.

        Args:
            address: what to ask for.
            found_on: what led to it.
            listed: whether that is a sitemap; a link to it then still gives it the turn of one.
        """
        before = self._db.execute("SELECT turn FROM address WHERE address = ?", [address]).fetchone()
        if before is not None:
            if not listed and before[0] == _Turn.LISTED and self._waiting[_Turn.LINKED] < self._room:
                self._waiting[_Turn.LISTED] -= 1
                self._put(address, _Turn.LINKED)
            return
        known = self.knows(address)
        turn = _Turn.KNOWN if known else _Turn.LISTED if listed else _Turn.LINKED
        if self._known_found >= self._most if known else self._waiting[turn] >= self._room:
            self._leave(address, known=known)
            return
        self._known_found += known
        self._db.execute("INSERT INTO address VALUES (?, ?, NULL, 0)", [address, found_on])
        self._put(address, turn)

    def knows(self, address: str) -> bool:
        """Whether an address was known before this crawl."""
        return path_of(address) in self._known

    def take(self) -> str:
        """The next address."""
        if self._waiting[_Turn.KNOWN]:
            return self._take(_Turn.KNOWN)
        self._room -= 1
        return self._take(self._next())

    def found_on(self, address: str) -> str:
        """The page that led to an address."""
        [(page,)] = self._db.execute("SELECT found_on FROM address WHERE address = ?", [address])
        return str(page)

    def ask(self, address: str) -> None:
        """Notes that an address is asked for, whatever led to it."""
        self._db.execute("INSERT OR IGNORE INTO asked VALUES (?)", [address])

    def is_asked(self, address: str) -> bool:
        """Whether an address has been asked for."""
        return self._db.execute("SELECT 1 FROM asked WHERE address = ?", [address]).fetchone() is not None

    def leave(self) -> None:
        """Leaves out whatever is still to be asked for."""
        while self._waiting[_Turn.KNOWN]:
            self._leave(self._take(_Turn.KNOWN), known=True)
        while self._waiting[_Turn.LINKED] or self._waiting[_Turn.LISTED]:
            self._leave(self._take(self._next()), known=False)

    def _next(self) -> _Turn:
        listed = self._waiting[_Turn.LISTED] > 0 and (self._is_listed_next or not self._waiting[_Turn.LINKED])
        self._is_listed_next = not listed
        return _Turn.LISTED if listed else _Turn.LINKED

    def _put(self, address: str, turn: _Turn) -> None:
        self._waiting[turn] += 1
        place = [turn, next(self._numbers), address]
        self._db.execute("UPDATE address SET turn = ?, number = ? WHERE address = ?", place)

    def _take(self, turn: _Turn) -> str:
        first = "SELECT address FROM address WHERE turn = ? ORDER BY number LIMIT 1"
        [(address,)] = self._db.execute(first, [turn])
        self._db.execute("UPDATE address SET turn = NULL WHERE address = ?", [address])
        self._waiting[turn] -= 1
        return str(address)

    def _leave(self, address: str, *, known: bool) -> None:
        if known or len(self.left_out) < _TOLD:
            self.left_out[address] = None
