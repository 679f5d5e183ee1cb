"""The checksums of a folder's files, as sha256sum reads them: SHA256SUMS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.paths import sha256

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


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
