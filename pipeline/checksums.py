"""The checksums of a folder's files, as sha256sum writes and reads them: SHA256SUMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.paths import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUMS = "SHA256SUMS"
SIGNATURE = f"{SUMS}.sig"


class DamagedError(Exception):
    """A folder is not what its SHA256SUMS says; the message names the file."""


def contents(folder: Path) -> dict[str, Path]:
    """The files under a folder by their place in it, in the order of their names.

    Raises:
        OSError: the folder cannot be read.
    """
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def sums(files: Mapping[str, Path]) -> bytes:
    """A line a file: its SHA-256 in hexadecimal, two spaces, its place.

    Raises:
        OSError: a file cannot be read.
    """
    return "".join(f"{sha256(path)}  {place}\n" for place, path in files.items()).encode()


def sealed(folder: Path) -> dict[str, Path]:
    """The files of a release by their place: those its SHA256SUMS names, itself and its signature, and nothing else.

    Raises:
        DamagedError: SHA256SUMS is not one.
        OSError: it cannot be read.
    """
    own = [name for name in (SUMS, SIGNATURE) if (folder / name).is_file()]
    return {place: folder / place for place in (*_listed(folder), *own)}


def verify(folder: Path) -> None:
    """Holds every file of a release to its SHA256SUMS.

    Raises:
        DamagedError: one is not there, or another.
        OSError: one cannot be read.
    """
    for place, digest in _listed(folder).items():
        path = folder / place
        found = sha256(path) if path.is_file() else "no file"
        if found != digest:
            raise DamagedError(f"{path}: {SUMS} says {digest}, found {found}")


def _listed(folder: Path) -> dict[str, str]:
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    parts = [line.partition("  ") for line in lines]
    if not all(digest and place for digest, _, place in parts):
        raise DamagedError(f"{folder / SUMS}: expected a digest, two spaces and a name on each line")
    return {place: digest for digest, _, place in parts}
