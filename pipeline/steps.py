"""What a publication does to its target, step by step: said, counted, or only told (--dry-run)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.paths import Home


class TargetError(Exception):
    """A target did not do what it was asked; the message is what it answered."""


class Target(Protocol):
    """Where a portal's releases, or what is said of them, are published.

    Attributes:
        public: whether the public reads it at once: a sample, or an unconfirmed licence, is then refused.
    """

    public: bool

    def publish(self, home: Home, steps: Steps) -> None:
        """Publishes what is not there yet; run again after a refusal, it goes on where it stopped.

        Raises:
            TargetError: the target refused a step.
            FailureError: this cannot be published there.
        """


class Steps:
    """The steps of one publication.

    Attributes:
        at: the step that is being done, for who reads of a refusal.
        put, removed: how many things were put at the target, and taken away.
    """

    def __init__(self, *, dry_run: bool, told: Callable[[str, str], object]) -> None:
        """`told` is called with `put` or `remove` and the thing's address, for each step that is not done."""
        self.at = ""
        self.put = self.removed = 0
        self.dry_run, self._told = dry_run, told

    def putting(self, address: str, do: Callable[[], object]) -> None:
        """Puts something by doing `do`."""
        self.at = address
        self.put += 1
        self._do("put", address, do)

    def removing(self, address: str, do: Callable[[], object]) -> None:
        """Takes something away by doing `do`."""
        self.at = address
        self.removed += 1
        self._do("remove", address, do)

    def _do(self, what: str, address: str, do: Callable[[], object]) -> None:
        if self.dry_run:
            self._told(what, address)
        else:
            do()
