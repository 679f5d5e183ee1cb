"""Files where the public fetches them: every release, and the standing addresses of the current one.

In this order, so that whoever reads meanwhile finds what he is told of: releases, each sealed by its SHA256SUMS; the
files of `latest`; what lists them (feed, catalogues, freshness); the site; `latest.json` last.
"""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import catalogue, indexes
from pipeline.checksums import SUMS, sealed, verify
from pipeline.failures import RunFailedError
from pipeline.paths import LISTS, VERSION, Home, number, read_json, sha256, write, write_json
from pipeline.site import build as site
from pipeline.site import pages
from pipeline.site.words import LANGUAGES
from pipeline.steps import Steps, TargetError

if TYPE_CHECKING:
    from pipeline.stores import Store

LATEST = "latest.json"
_OF_THE_CHAIN = ("id", "reconstitution")  # what all releases of one chain say alike


class Mirror:
    """A target that holds the files: a folder, or an object store."""

    def __init__(self, place: Store) -> None:
        self._place = place
        self.public = place.public

    def publish(self, home: Home, steps: Steps) -> None:
        """Publishes all that is not there yet.

        Raises:
            TargetError: the target refused a step.
            RunFailedError: it has a newer release than ours, or another under the same number.
            DamagedError: a release is not what its SHA256SUMS says.
        """
        _Publication(home, self._place, steps).publish()


class _Publication:
    """One publication of a portal's files; a step whose result is already there costs a look at it."""

    def __init__(self, home: Home, place: Store, steps: Steps) -> None:
        self._home, self._place, self._steps = home, place, steps
        self._portal = home.root.name
        self._current = home.version() or "0.0.0"

    def publish(self) -> None:
        """All of it, in order."""
        self._not_behind(f"{self._portal}/{LATEST}")
        for version in self._home.versions():
            if number(version) <= number(self._current):  # a later one never became current: a run was killed
                self._release(version)
        files = sealed(self._home.release(self._current))
        self._place.point(f"{self._portal}/latest", f"{self._portal}/releases/{self._current}", files, self._steps)
        for name in LISTS:
            if (self._home.root / name).is_file():
                self._put(self._home.root / name, f"{self._portal}/{name}")
        with tempfile.TemporaryDirectory() as made:
            for path in (self._catalogue(Path(made)) / name for name in catalogue.FILES):
                if path.is_file():
                    self._put(path, path.name)
            self._site(Path(made))
            write_json(Path(made) / LATEST, latest(self._home.release(self._current)))
            self._put(Path(made) / LATEST, f"{self._portal}/{LATEST}")

    def _release(self, version: str) -> None:
        """Puts a release, its seal last: one sealed there is whole, but each file of the current one is looked at."""
        folder, address = self._home.release(version), f"{self._portal}/releases/{version}"
        seal = f"{address}/{SUMS}"
        self._steps.at = address
        files = {f"{address}/{place}": path for place, path in sealed(folder).items()}
        there, is_sealed = self._place.names(address), self._place.holds(folder / SUMS, seal)
        if not is_sealed:
            self._ours(folder, f"{address}/datapackage.json")
        known = there if is_sealed and version != self._current else set()
        missing = [at for at in files if at not in known]
        if missing:
            verify(folder)
        for at in sorted(there - files.keys()):
            self._steps.removing(at, partial(self._place.remove, at))  # it changes when somebody was erased from it
        for at in sorted(missing, key=lambda at: at == seal):
            self._put(files[at], at)

    def _put(self, path: Path, address: str) -> None:
        self._steps.at = address
        if not self._place.holds(path, address):
            self._steps.putting(address, partial(self._place.put, path, address))

    def _ours(self, release: Path, address: str) -> None:
        """A release that is there under the same number is this one, before an erasure, or is left alone."""
        there, ours = self._read(address), read_json(release / "datapackage.json")
        # An erasure leaves the run that made a release.
        if there is not None and any(there.get(name) != ours.get(name) for name in (*_OF_THE_CHAIN, "run")):
            raise RunFailedError("publish-other", address=address, folder=self._home.root)

    def _not_behind(self, address: str) -> None:
        """A target that has a newer release, or one of another chain, is somebody else's, or these are an old copy."""
        there = self._told(address)
        if there is None:
            return
        if number(there) > number(self._current):
            raise RunFailedError("publish-ahead", there=there, here=self._current)
        address = f"{self._portal}/releases/{there}/datapackage.json"
        told, ours = self._read(address), read_json(self._home.release(self._current) / "datapackage.json")
        if told is None or any(told.get(name) != ours.get(name) for name in _OF_THE_CHAIN):
            raise RunFailedError("publish-other", address=address, folder=self._home.root)

    def _catalogue(self, made: Path) -> Path:
        """Where the target's catalogue lies: ours, if it lists what is there; else it is made."""
        out = self._home.root.parent
        there = {home: self._there(home) for home in indexes.portals(out)}
        if all(release == home.current() for home, release in there.items()):
            return out
        indexes.catalogue_of(there, made)
        return made

    def _site(self, made: Path) -> None:
        """Puts the site: what pages need, this portal's pages, then the first ones, of the releases that are there."""
        out = self._home.root.parent
        with site.lock(out):
            folder = site.current(out)
            if folder is None:  # outputs of an older program: its next run makes one
                return
            parts = ("assets", *(pages.address(language, self._portal) for language in LANGUAGES))
            ours = {
                f"site/{path.relative_to(folder)}": path
                for part in parts
                for path in sorted((folder / part).rglob("*"))
                if path.is_file()
            }
            for address, path in ours.items():
                self._put(path, address)
            there = {home.root.name: self._there(home) for home in indexes.portals(out)}
            published = {name: release.name for name, release in there.items() if release is not None}
            for place, page in site.home_pages(out, published).items():
                write(made / place, page)
                self._put(made / place, f"site/{place}")
            gone = {address for part in parts for address in self._place.names(f"site/{part}")} - ours.keys()
            for address in sorted(gone):
                self._steps.removing(address, partial(self._place.remove, address))

    def _there(self, home: Home) -> Path | None:
        """The release of a portal that the target's catalogue may list: another's only as far as it is published."""
        if home.root == self._home.root:
            return home.current()
        address = f"{home.root.name}/{LATEST}"
        version = self._told(address)
        if version is None:
            return None
        if version not in home.versions() or self._read(address) != latest(home.release(version)):
            raise TargetError(f"{address} names a release that is not in {home.root}: publish {home.root.name} first")
        return home.release(version)

    def _told(self, address: str) -> str | None:
        """The version that a latest.json names; None where there is none."""
        there = self._read(address)
        version = there.get("version") if there is not None else "0.0.0"
        if not isinstance(version, str) or not VERSION.fullmatch(version):
            raise TargetError(f"{address} is not what publish writes: {version!r} is no version")
        return version if there is not None else None

    def _read(self, address: str) -> dict[str, Any] | None:
        """A JSON object of the target's; None where there is none."""
        self._steps.at = address
        there = self._place.read(address)
        if there is None:
            return None
        try:
            told = json.loads(there)
        except (ValueError, RecursionError) as error:
            raise TargetError(f"{address} is not what publish writes: {error}") from error
        if not isinstance(told, dict):
            raise TargetError(f"{address} is not what publish writes: no JSON object")
        return told


def latest(release: Path) -> dict[str, Any]:
    """What `latest.json` says of the current release: which it is, where it lies, the digest of its SHA256SUMS."""
    package = read_json(release / "datapackage.json")
    return {
        "portal": package["name"],
        "version": package["version"],
        "created": package["created"],
        "path": f"releases/{release.name}",
        "sha256sums": sha256(release / SUMS),
    }
