"""The addresses a catalogue gives: names that never change, files where the latest release stands."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one portal's outputs.

    Where they are served (`base`) makes them all. Without it, names are UUIDs (version 5, RFC 9562, 5.5) of the
    portal's own identifier, and files are told by their place beside the catalogue.

    Attributes:
        portal: its id.
        identity: the `id` of its datapackage.json.
        base: where the outputs are served, without a slash at its end; empty if nowhere.
        place: the way from the catalogue to the latest release, with a slash at its end; empty for its own catalogue.
    """

    portal: str
    identity: str
    base: str = ""
    place: str = ""

    @classmethod
    def of(cls, descriptor: Mapping[str, Any], place: str = "") -> Addresses:
        """Those that a datapackage.json asks for."""
        return cls(descriptor["name"], descriptor["id"], descriptor.get("base_url", ""), place)

    @property
    def catalogue(self) -> str:
        """The name of the portal's own catalogue."""
        return self._name("catalog")

    @property
    def package(self) -> str:
        """The name of the dataset that is the whole package."""
        return self._name("package")

    def agent(self, role: str) -> str:
        """The name of who publishes the portal, or maintains the package."""
        return self._name(f"agent/{role}")

    def dataset(self, table: str) -> str:
        """The name of a table's dataset."""
        return self._name(f"dataset/{table}")

    def distribution(self, dataset: str, name: str) -> str:
        """The name of a distribution, from its dataset's."""
        return f"{dataset}/distribution/{name}" if self.base else uuid.uuid5(uuid.UUID(dataset), name).urn

    def latest(self, path: str) -> str:
        """The address of a file of the latest release."""
        return f"{self.base}/{self.portal}/latest/{path}" if self.base else f"{self.place}{path}"

    def release(self, version: str, path: str = "") -> str:
        """The address of a release that stays as it is, or of a file of it; without `base`, from the portal's own."""
        return f"{self.base}/{self.portal}/releases/{version}/{path}" if self.base else f"releases/{version}/{path}"

    def own(self, version: str, path: str = "") -> str:
        """The address of a file of a release, given by one of its own files."""
        return self.release(version, path) if self.base else path

    def standing(self, path: str) -> str | None:
        """The full address of something of the portal; None where it is served nowhere."""
        return f"{self.base}/{self.portal}/{path}" if self.base else None

    def lasting(self, path: str) -> str:
        """A name that stays the same wherever the outputs are served."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.identity}/{path}").urn

    def _name(self, path: str) -> str:
        if self.base:
            return f"{self.base}/{self.portal}/{path}"
        return uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, self.identity), path).urn
