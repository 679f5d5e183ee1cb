"""What leads to the releases: the list of a portal's (`releases.json`), and the catalogue of all portals' latest.

Both are made of what stands in the outputs, after a release is switched or rows are erased; made again, they are the
same. Harvesters drop what a catalogue lacks: a portal that cannot be read stops the writing, and the files stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pipeline import catalogue
from pipeline.addresses import Addresses
from pipeline.checksums import SUMS
from pipeline.entries import Release
from pipeline.paths import Home, read_json, sha256, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def renew(home: Home) -> None:
    """Writes a portal's `releases.json`, and the catalogue of all portals beside it.

    Args:
        home: the portal's outputs, whose lock is held.

    Raises:
        OSError: an output cannot be read or written; what was not yet written stays as it was.
    """
    versions = home.versions()
    if not versions:
        return
    write_json(home.index, {"portal": home.root.name, "releases": [_told(home, version) for version in versions]})
    out = home.root.parent
    with FileLock(out / ".catalog.lock", thread_local=False):  # runs of two portals may end together
        catalogue_of(out, out)


def _told(home: Home, version: str) -> dict[str, Any]:
    """What the list says of a release: all of it can be checked against SHA256SUMS, and that against its digest."""
    folder = home.release(version)
    described = read_json(folder / "datapackage.json")
    return {
        "version": version,
        "created": described["created"],
        "address": Addresses.of(described).release(version),
        "sha256sums": sha256(folder / SUMS),
    }


def catalogue_of(out: Path, folder: Path, release_of: Callable[[Home], Path | None] = Home.current) -> None:
    """Writes the catalogue of all portals' releases; nothing where none can be listed.

    Args:
        out: the outputs.
        folder: where to.
        release_of: the folder of the release of a portal to list; None for a portal not to be listed.

    Raises:
        OSError: an output cannot be read or written.
    """
    listed, left_out = [], {}
    for home in (Home(path) for path in sorted(out.iterdir()) if path.is_dir()):
        release = release_of(home) if home.latest.is_symlink() else None
        if release is None:
            continue
        described = read_json(release / "datapackage.json")
        if catalogue.listable(described):
            listed.append(Release(described, release, f"{described['name']}/latest/"))
        else:
            left_out[described["name"]] = described["version"]
    if listed:
        catalogue.write_catalogue(folder, listed, left_out)
