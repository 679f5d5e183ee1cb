"""The frontier of a crawl: which addresses are still to be asked for, in which order, and which are left out."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from spiders.manners import path_of

if TYPE_CHECKING:
    from collections.abc import Collection

_TOLD = 1_000  # addresses left out that are kept, of those nobody knew before: a trap makes them up without an end


class Frontier:
    """Addresses to ask for, each once.

    What a trap leads to must not take the place of what is known: known addresses come first, once something leads to
    them, and the bound on addresses keeps them their room. Nor may a list without an end take the place of what leads
    to them: addresses that sitemaps list and those that pages link to take turns.

    Args:
        most: the most addresses there may be.
        known: paths (with their query) that declarations name, seeds too, or that data was read in before.
    """

    def __init__(self, most: int, known: Collection[str]) -> None:
        self._most = most
        self._known = frozenset(known)
        self._first: deque[str] = deque()
        self._linked: deque[str] = deque()
        self._listed: OrderedDict[str, None] = OrderedDict()
        self._is_listed_next = True
        self._found_on: dict[str, str] = {}
        self._known_found = 0
        self._room = max(0, most - len(self._known))  # for what nobody knew before
        self.left_out: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._first) + min(self._room, len(self._linked) + len(self._listed))

    def add(self, address: str, found_on: str, *, listed: bool = False) -> None:
        """Takes an address, once; leaves it out when there is no room for more.

        Args:
            address: what to ask for.
            found_on: what led to it.
            listed: whether that is a sitemap; a link to it then still gives it the turn of one.
        """
        if address in self._found_on:
            if not listed and address in self._listed and len(self._linked) < self._room:
                del self._listed[address]
                self._linked.append(address)
            return
        known = self.knows(address)
        waiting = len(self._listed if listed else self._linked)
        if self._known_found >= self._most if known else waiting >= self._room:
            self._leave(address, known=known)
            return
        self._found_on[address] = found_on
        if known:
            self._known_found += 1
            self._first.append(address)
        elif listed:
            self._listed[address] = None
        else:
            self._linked.append(address)

    def knows(self, address: str) -> bool:
        """Whether an address was known before this crawl."""
        return path_of(address) in self._known

    def take(self) -> str:
        """The next address."""
        if self._first:
            return self._first.popleft()
        self._room -= 1
        return self._next()

    def found_on(self, address: str) -> str:
        """The page that led to an address."""
        return self._found_on[address]

    def leave(self) -> None:
        """Leaves out whatever is still to be asked for."""
        while self._first:
            self._leave(self._first.popleft(), known=True)
        while self._linked or self._listed:
            self._leave(self._next(), known=False)

    def _next(self) -> str:
        listed = bool(self._listed) and (self._is_listed_next or not self._linked)
        self._is_listed_next = not listed
        if not listed:
            return self._linked.popleft()
        return self._listed.popitem(last=False)[0]

    def _leave(self, address: str, *, known: bool) -> None:
        if known or len(self.left_out) < _TOLD:
            self.left_out[address] = None
