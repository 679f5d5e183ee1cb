"""The frontier of a crawl: which addresses are still to be asked for, in which order, and which are left out."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

_TOLD = 1_000  # addresses left out that are kept, of those nobody knew before: a trap makes them up without an end


class Frontier:
    """Addresses to ask for, each once.

    What a trap leads to must not take the place of what is known: known addresses come first, once something leads to
    them, and the bound on addresses keeps them their room.

    Args:
        most: the most addresses there may be.
        known: paths (with their query) that declarations name or that data was read in before.
    """

    def __init__(self, most: int, known: Collection[str]) -> None:
        self._most = most
        self._known = frozenset(known)
        self._queue: deque[str] = deque()
        self._first: deque[str] = deque()
        self._found_on: dict[str, str] = {}
        self._room = max(0, most - len(self._known))
        self.left_out: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._first) + len(self._queue)

    def add(self, address: str, found_on: str) -> None:
        """Takes an address, once; leaves it out when there is no room for more."""
        if address in self._found_on:
            return
        known = self.knows(address)
        if len(self._found_on) >= self._most or (not known and self._room <= 0):
            self._leave(address, known=known)
            return
        self._found_on[address] = found_on
        self._room -= not known
        (self._first if known else self._queue).append(address)

    def knows(self, address: str) -> bool:
        """Whether an address was known before this crawl."""
        parts = urlsplit(address)
        return (f"{parts.path}?{parts.query}" if parts.query else parts.path) in self._known

    def take(self) -> str:
        """The next address."""
        return self._first.popleft() if self._first else self._queue.popleft()

    def found_on(self, address: str) -> str:
        """The page that led to an address."""
        return self._found_on[address]

    def leave(self) -> None:
        """Leaves out whatever is still to be asked for."""
        while len(self):
            known = bool(self._first)
            self._leave(self.take(), known=known)

    def _leave(self, address: str, *, known: bool) -> None:
        if known or len(self.left_out) < _TOLD:
            self.left_out[address] = None
