"""DuckDB as a browser runs it: where setup put its files, and their place in a site."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.paths import linked

_INSTALLED = Path(sys.prefix, "share", "canceropole")  # made by pipeline/site/npm/install.sh


def installed() -> Path | None:
    """The folder of its files, whose name says their version; None where setup had to leave it out."""
    folders = sorted(_INSTALLED.glob("duckdb-*/"))
    return folders[-1] if folders else None


def size(folder: Path) -> int:
    """How many bytes a browser loads before the first query."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.suffix in {".js", ".wasm"})


def put(folder: Path, assets: Path) -> None:
    """Puts its files into a site, in a folder of the same name, without another copy where the file system has links.

    Args:
        folder: what `installed` gives.
        assets: the folder of the site's shared files.

    Raises:
        OSError: they cannot be written.
    """
    target = assets / folder.name
    target.mkdir()
    for path in folder.iterdir():
        linked(path, target / path.name)
