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
    from collections.abc import Mapping
    from pathlib import Path


def renew(home: Home) -> None:
    """Writes the catalogue of all portals, then this one's `releases.json`.

    Args:
        home: the portal's outputs, whose lock is held.

    Raises:
        OSError: an output cannot be read or written; what was not yet written stays as it was.
    """
    told = _list(home)
    if told is None:
        return
    out = home.root.parent
    with FileLock(out / ".catalog.lock", thread_local=False):  # runs of two portals may end together
        catalogue_of({portal: portal.current() for portal in portals(out)}, out)
    write_json(home.index, told)  # last: who finds it as it should be need not look at the catalogue


def catch_up(home: Home) -> None:
    """Does what `renew` does where a command that was killed did not come to it; raises what that does."""
    try:
        written = read_json(home.index) if home.index.is_file() else None
    except ValueError:
        written = None
    if written != _list(home):
        renew(home)


def portals(out: Path) -> list[Home]:
    """The portals that have outputs in a folder.

    Raises:
        OSError: it cannot be read.
    """
    homes = [Home(path) for path in sorted(out.iterdir()) if path.is_dir()]
    return [home for home in homes if home.latest.is_symlink()]


def catalogue_of(releases: Mapping[Home, Path | None], folder: Path) -> None:
    """Writes the catalogue of some portals' releases; nothing where none can be listed.

    Args:
        releases: the folder of a release of each; None for a portal not to be listed.
        folder: where to.

    Raises:
        OSError: a release cannot be read, or the catalogue written.
    """
    listed, left_out = [], {}
    for release in releases.values():
        if release is None:
            continue
        described = read_json(release / "datapackage.json")
        if catalogue.listable(described):
            listed.append(Release(described, release, f"{described['name']}/latest/"))
        else:
            left_out[described["name"]] = described["version"]
    if listed:
        catalogue.write_catalogue(folder, listed, left_out)


def _list(home: Home) -> dict[str, Any] | None:
    """What `releases.json` says; None where there is no release."""
    releases = [_told(home, version) for version in home.versions()]
    return {"portal": home.root.name, "releases": releases} if releases else None


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
