"""Files where the public fetches them: every release, and the standing addresses of the current one.

In this order, so that whoever reads meanwhile finds what he is told of: releases, each sealed by its SHA256SUMS; the
files of `latest`; what lists them (feed, catalogues, freshness); `latest.json` last.
"""

from __future__ import annotations

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.checksums import contents
from pipeline.failures import RunFailedError
from pipeline.paths import Home, number, read_json, sha256
from pipeline.steps import Steps, TargetError

if TYPE_CHECKING:
    from pipeline.stores import Store

_SEAL = "SHA256SUMS"
LATEST = "latest.json"


class Mirror:
    """A target that holds the files: a folder, or an object store."""

    def __init__(self, place: Store) -> None:
        self._place = place
        self.public = place.public

    def publish(self, home: Home, steps: Steps) -> None:
        """Publishes all that is not there yet.

        Raises:
            TargetError: the target refused a step.
            RunFailedError: it has a newer release than ours.
        """
        _Publication(home, self._place, steps).publish()


class _Publication:
    """One publication of a portal's files; a step whose result is already there costs a look at it."""

    def __init__(self, home: Home, place: Store, steps: Steps) -> None:
        self._home, self._place, self._steps = home, place, steps
        self._portal = home.root.name

    def publish(self) -> None:
        """All of it, in order."""
        self._not_behind(f"{self._portal}/{LATEST}")
        for version in self._home.versions():
            self._release(self._home.release(version), f"{self._portal}/releases/{version}")
        self._latest(f"{self._portal}/latest")
        for path in self._listings():
            self._put(path, path.relative_to(self._home.root.parent).as_posix())
        self._commit(f"{self._portal}/{LATEST}")

    def _release(self, release: Path, address: str) -> None:
        """Puts a release, its seal last: one that has it, and the same, is whole."""
        self._steps.at = address
        if self._place.holds(release / _SEAL, f"{address}/{_SEAL}"):
            return
        files = {f"{address}/{place}": path for place, path in contents(release).items()}
        for at in sorted(self._place.names(address) - files.keys()):
            self._steps.removing(at, partial(self._place.remove, at))  # it changes when somebody was erased from it
        for at, path in sorted(files.items(), key=lambda item: item[0].endswith(f"/{_SEAL}")):
            self._put(path, at, lasting=True)

    def _latest(self, address: str) -> None:
        version = self._home.version() or ""
        release = f"{self._portal}/releases/{version}"
        self._steps.at = address
        self._place.point(address, release, contents(self._home.release(version)), self._steps)

    def _listings(self) -> list[Path]:
        top = [path for path in self._home.root.parent.iterdir() if path.is_file()]
        own = [path for path in self._home.root.iterdir() if path.is_file()]
        return sorted(path for path in (*own, *top) if public(path.name))

    def _commit(self, address: str) -> None:
        release = self._home.current()
        if release is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / LATEST
            path.write_text(f"{json.dumps(latest(release), indent=1)}\n", encoding="utf-8")
            self._put(path, address)

    def _put(self, path: Path, address: str, *, lasting: bool = False) -> None:
        self._steps.at = address
        if not self._place.holds(path, address):
            self._steps.putting(address, partial(self._place.put, path, address, lasting=lasting))

    def _not_behind(self, address: str) -> None:
        """A target that has a newer release than ours is somebody else's, or these outputs are an old copy."""
        self._steps.at = address
        there = self._place.read(address)
        try:
            version = json.loads(there)["version"] if there is not None else "0.0.0"
            ahead = number(version) > number(self._home.version() or "0.0.0")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TargetError(f"{address} is not what publish writes: {error}") from error
        if ahead:
            raise RunFailedError("publish-ahead", there=version, here=self._home.version())


def latest(release: Path) -> dict[str, Any]:
    """What `latest.json` says of the current release: which it is, where it lies, the digest of its SHA256SUMS."""
    package = read_json(release / "datapackage.json")
    return {
        "portal": package["name"],
        "version": package["version"],
        "created": package["created"],
        "path": f"releases/{release.name}",
        "sha256sums": sha256(release / _SEAL),
    }


def public(name: str) -> bool:
    """Whether a file beside the releases, or beside the portals, is for the public: lists of what there is."""
    return name in {"status.json", "releases.json", "releases.atom"} or name.startswith("catalog")
