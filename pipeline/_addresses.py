"""Where a release's datasets and files are found: under `base_url` where there is one, else names alone."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def name(descriptor: Mapping[str, Any], *parts: str) -> str:
    """A name that never changes, whatever serves the package (RFC 4122, 4.3: UUID of a name)."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "/".join((descriptor["id"], *parts))).urn


def dataset(descriptor: Mapping[str, Any], table: str) -> str:
    """The URI of a dataset, the same in every release; the package's own has the portal's id for a table."""
    base = descriptor.get("base_url")
    return f"{base}/{descriptor['name']}/dataset/{table}" if base else name(descriptor, "dataset", table)


def released(descriptor: Mapping[str, Any], path: str = "") -> str:
    """The address of a file of this very release; relative to the release's folder where no base is known."""
    base = descriptor.get("base_url")
    return f"{base}/{descriptor['name']}/releases/{descriptor['version']}/{path}" if base else path


def latest(descriptor: Mapping[str, Any], path: str = "") -> str | None:
    """The address at which a file is always the current release's; None where no base is known."""
    base = descriptor.get("base_url")
    return f"{base}/{descriptor['name']}/latest/{path}" if base else None


def portal(descriptor: Mapping[str, Any], path: str) -> str | None:
    """The address of a file beside all releases; None where no base is known."""
    base = descriptor.get("base_url")
    return f"{base}/{descriptor['name']}/{path}" if base else None
