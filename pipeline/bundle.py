"""The release as one file to take away: a zip of its data and of all that is said of them."""

from __future__ import annotations

import datetime as dt
import shutil
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from pipeline import catalogue
from pipeline.checksums import SIGNATURE, SUMS, contents, sums
from pipeline.described import bundle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Catalogues state the zip's own digest, and are for who harvests a server. The zip has checksums of its own.
_OUTSIDE = {*catalogue.FILES, SUMS, SIGNATURE}
_READABLE = 0o644 << 16  # the Unix rights of a zip's member
_OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip knows no day before


def write_bundle(folder: Path, descriptor: Mapping[str, Any]) -> None:
    """Zips what is in a release's folder, but for what only has a sense on the server that serves it.

    Members lie in one folder that is named for the version, in the order of their names, dated by the release, their
    checksums last: the same files give the same zip.

    Args:
        folder: the release's, complete but for the catalogues and the checksums.
        descriptor: its datapackage.json.

    Raises:
        OSError: a file cannot be read or written.
    """
    path = folder / bundle(descriptor)
    created = max(_OLDEST, dt.datetime.fromisoformat(descriptor["created"]).timetuple()[:6])
    root = f"{descriptor['name']}-{descriptor['version']}"
    inside = {name: member for name, member in contents(folder).items() if name not in {path.name, *_OUTSIDE}}
    path.unlink(missing_ok=True)  # it may be the very file of the release that this one is written again from
    with ZipFile(path, "w", ZIP_DEFLATED) as made:
        for name, member in inside.items():
            told = _told(f"{root}/{name}", created)
            told.file_size = member.stat().st_size
            with member.open("rb") as source, made.open(told, "w") as target:
                shutil.copyfileobj(source, target)
        made.writestr(_told(f"{root}/{SUMS}", created), sums(inside))


def _told(name: str, created: tuple[int, ...]) -> ZipInfo:
    told = ZipInfo(name, created[:6])  # type: ignore[arg-type] # six of them
    told.compress_type, told.external_attr, told.create_system = ZIP_DEFLATED, _READABLE, 3
    return told
