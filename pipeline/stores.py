"""Places where the public fetches files: a folder of this machine, or an object store of the S3 kind."""

from __future__ import annotations

import contextlib
import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import s3fs
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.media_types import media_type
from pipeline.paths import sha256, sync
from pipeline.steps import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.steps import Steps

_FOR_A_MINUTE = "public, max-age=60"  # releases too: a person's row may have to leave one


class Store(Protocol):
    """Where files are put under addresses that are paths: `portal/releases/1.0.0/data/x.csv`."""

    public: bool

    def names(self, folder: str) -> set[str]:
        """The addresses of all files under a folder."""

    def read(self, address: str) -> bytes | None:
        """The file at an address; None if there is none."""

    def holds(self, source: Path, address: str) -> bool:
        """Whether the file at an address is this one."""

    def put(self, source: Path, address: str) -> None:
        """Puts a file; a reader meets the one before or this one."""

    def remove(self, address: str) -> None:
        """Takes a file away."""

    def point(self, address: str, release: str, files: Mapping[str, Path], steps: Steps) -> None:
        """Makes one folder give what another has, with these files in it."""


class Folder:
    """A folder that a web server serves, or another program carries further."""

    public = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> set[str]:
        """The addresses of all files under a folder."""
        with _told():
            paths = [path for path in (self._root / folder).rglob("*") if path.is_file()]
        return {path.relative_to(self._root).as_posix() for path in paths}

    def read(self, address: str) -> bytes | None:
        """The file at an address; None if there is none."""
        with _told():
            try:
                return (self._root / address).read_bytes()
            except FileNotFoundError:
                return None

    def holds(self, source: Path, address: str) -> bool:
        """Whether the file at an address is this one."""
        ours, path = sha256(source), self._root / address
        with _told():
            try:
                return path.stat().st_size == source.stat().st_size and sha256(path) == ours
            except FileNotFoundError:
                return False

    def put(self, source: Path, address: str) -> None:
        """Puts a file: it has its name once it is whole and on the disk."""
        path = self._root / address
        unfinished = path.with_name(f".{path.name}.partial")
        with _told():
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, unfinished)
            sync(unfinished)
            unfinished.replace(path)

    def remove(self, address: str) -> None:
        """Takes a file away."""
        with _told():
            (self._root / address).unlink(missing_ok=True)

    def point(self, address: str, release: str, files: Mapping[str, Path], steps: Steps) -> None:  # noqa: ARG002 (a link has them)
        """Makes a relative link, in one step."""
        link = self._root / address
        target = os.path.relpath(self._root / release, link.parent)
        if not link.is_symlink() or os.fspath(link.readlink()) != target:
            steps.putting(f"{address} = {release}", partial(_link, link, target))


class S3:
    """An object store that speaks S3; the credentials and the endpoint are the environment's (`AWS_…`)."""

    public = True

    def __init__(self, bucket: str, prefix: str) -> None:
        self._root = "/".join(filter(None, [bucket, prefix.strip("/")]))
        self._files: Any = s3fs.S3FileSystem(use_listings_cache=False)

    def names(self, folder: str) -> set[str]:
        """The addresses of all files under a folder."""
        with _told():
            found = self._files.find(f"{self._root}/{folder}")
        return {name.removeprefix(f"{self._root}/") for name in found}

    def read(self, address: str) -> bytes | None:
        """The object at an address; None if there is none."""
        with _told():
            try:
                return bytes(self._files.cat_file(f"{self._root}/{address}"))
            except FileNotFoundError:
                return None

    def holds(self, source: Path, address: str) -> bool:
        """Whether the object was put with the digest of this file."""
        ours = sha256(source)
        with _told():
            try:
                kept = self._files.metadata(f"{self._root}/{address}", refresh=True)
            except FileNotFoundError:
                return False
        return bool(kept.get("sha256") == ours)

    def put(self, source: Path, address: str) -> None:
        """Puts an object: S3 shows it once it is whole."""
        digest = sha256(source)
        with _told():
            self._files.put_file(
                str(source),
                f"{self._root}/{address}",
                ContentType=media_type(address),
                CacheControl=_FOR_A_MINUTE,
                Metadata={"sha256": digest},
            )

    def remove(self, address: str) -> None:
        """Takes an object away."""
        with _told():
            self._files.rm_file(f"{self._root}/{address}")

    def point(self, address: str, release: str, files: Mapping[str, Path], steps: Steps) -> None:  # noqa: ARG002 (S3 has no links)
        """Puts every file of the release there, each whole, and takes the others away."""
        wanted = {f"{address}/{place}": source for place, source in files.items()}
        for at, source in wanted.items():
            steps.at = at
            if not self.holds(source, at):
                steps.putting(at, partial(self.put, source, at))
        for at in sorted(self.names(address) - wanted.keys()):
            steps.removing(at, partial(self.remove, at))


def _link(link: Path, target: str) -> None:
    """Makes a link, or changes it, in one step."""
    unfinished = link.with_name(f".{link.name}.partial")
    with _told():
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(target)
        unfinished.replace(link)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turns what a place, or a client of S3, raises into a TargetError."""
    try:
        yield
    except (BotoCoreError, ClientError, OSError, ValueError) as error:  # ValueError: no endpoint can be so
        raise TargetError(" ".join(str(error).split())) from error
