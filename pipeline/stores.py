"""Places where the public fetches files: a folder of this machine, or an object store of the S3 kind."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import shutil
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

import s3fs
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.paths import sha256, sync
from pipeline.steps import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.steps import Steps

_TYPES = {
    ".atom": "application/atom+xml",
    ".csv": "text/csv; charset=utf-8",
    ".duckdb": "application/octet-stream",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".rdf": "application/rdf+xml",
    ".ttl": "text/turtle",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_MINUTE = "public, max-age=60"


class Store(Protocol):
    """Where files are put under addresses that are paths: `portal/releases/1.0.0/data/x.csv`."""

    public: bool

    def names(self, folder: str) -> set[str]:
        """The addresses of all files under a folder."""

    def read(self, address: str) -> bytes | None:
        """The file at an address; None if there is none."""

    def holds(self, source: Path, address: str) -> bool:
        """Whether the file at an address is this one."""

    def put(self, source: Path, address: str, *, lasting: bool) -> None:
        """Puts a file; a reader meets the one before or this one. `lasting`: it never changes under this address."""

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
        return {path.relative_to(self._root).as_posix() for path in (self._root / folder).rglob("*") if path.is_file()}

    def read(self, address: str) -> bytes | None:
        """The file at an address; None if there is none."""
        try:
            return (self._root / address).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TargetError(str(error)) from error

    def holds(self, source: Path, address: str) -> bool:
        """Whether the file at an address is this one."""
        path = self._root / address
        try:
            return path.stat().st_size == source.stat().st_size and sha256(path) == sha256(source)
        except FileNotFoundError:
            return False

    def put(self, source: Path, address: str, *, lasting: bool) -> None:  # noqa: ARG002 (a web server's own settings)
        """Puts a file: it has its name once it is whole and on the disk."""
        path = self._root / address
        unfinished = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, unfinished)
            sync(unfinished)
            unfinished.replace(path)
        except OSError as error:
            raise TargetError(str(error)) from error

    def remove(self, address: str) -> None:
        """Takes a file away."""
        try:
            (self._root / address).unlink(missing_ok=True)
        except OSError as error:
            raise TargetError(str(error)) from error

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
        with _told():
            try:
                kept = self._files.metadata(f"{self._root}/{address}", refresh=True)
            except FileNotFoundError:
                return False
        return bool(kept.get("sha256") == sha256(source))

    def put(self, source: Path, address: str, *, lasting: bool) -> None:
        """Puts an object: S3 shows it once it is whole."""
        with _told():
            self._files.put_file(
                str(source),
                f"{self._root}/{address}",
                ContentType=media_type(address),
                CacheControl=_FOR_EVER if lasting else _FOR_A_MINUTE,
                Metadata={"sha256": sha256(source)},
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
                steps.putting(at, partial(self.put, source, at, lasting=False))
        for at in sorted(self.names(address) - wanted.keys()):
            steps.removing(at, partial(self.remove, at))


def _link(link: Path, target: str) -> None:
    """Makes a link, or changes it, in one step."""
    unfinished = link.with_name(f".{link.name}.partial")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(target)
        unfinished.replace(link)
    except OSError as error:
        raise TargetError(str(error)) from error


def media_type(address: str) -> str:
    """The media type of a published file, from its name."""
    suffix = PurePosixPath(address).suffix
    return _TYPES.get(suffix) or mimetypes.guess_type(address)[0] or "text/plain; charset=utf-8"


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turns what a client of S3 raises into a TargetError."""
    try:
        yield
    except (BotoCoreError, ClientError, OSError) as error:
        raise TargetError(" ".join(str(error).split())) from error
