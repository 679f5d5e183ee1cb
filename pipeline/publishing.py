"""The publish command: puts every release, and the current one's standing addresses, where the public fetches them.

In this order, so that whoever reads meanwhile finds what he is told of: releases, each sealed by its SHA256SUMS; the
files of `latest`; what lists them (feed, catalogues, freshness); `latest.json` last.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline import stores
from pipeline.failures import FailureError, RunFailedError, WrongUseError
from pipeline.paths import Home, number, read_json, sha256
from pipeline.run import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from pipeline.stores import Store

_SEAL = "SHA256SUMS"
_WORDS = {
    "fr": {
        "put": "à mettre : {address}",
        "remove": "à retirer : {address}",
        "done": "Version {version} de {portal} à {target} : {put} fichier(s) mis, {removed} retiré(s).",
        "would": "Rien n'a été fait (--dry-run) : {put} fichier(s) à mettre, {removed} à retirer à {target}.",
    },
    "en": {
        "put": "to put: {address}",
        "remove": "to take away: {address}",
        "done": "Version {version} of {portal} at {target}: {put} file(s) put, {removed} taken away.",
        "would": "Nothing was done (--dry-run): {put} file(s) to put, {removed} to take away at {target}.",
    },
}


def run(portal: str, target: str, out: Path, language: str, *, dry_run: bool, sample: bool, unconfirmed: bool) -> int:
    """Publishes a portal's releases and returns the exit status of the contract; messages go to the terminal.

    Args:
        portal: its id.
        target: where to, as `stores.store` takes it.
        out: the outputs.
        language: `fr` or `en`.
        dry_run: only say what would be done.
        sample: a release of the sample portal may be published.
        unconfirmed: a licence that the publisher has yet to confirm is no reason to stop.
    """
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)
    words = _WORDS[language]
    try:
        home = Home(out / portal)
        current = home.current()
        if current is None or not (current / "datapackage.json").is_file():
            raise WrongUseError("publish-nothing", portal=portal, folder=home.root)
        place = _place(target)
        if place.public:
            _permitted(read_json(current / "datapackage.json"), sample=sample, unconfirmed=unconfirmed)
        with lock(home):
            publication = _Publication(home, place, target, dry_run=dry_run, tell=console.print, words=words)
            publication.publish()
    except FailureError as error:
        errors.print(error.paragraph(language))
        return error.status
    told = {"put": publication.put, "removed": publication.removed, "version": current.name}
    console.print(words["would" if dry_run else "done"].format(portal=portal, target=target, **told))
    return 0


def _place(target: str) -> Store:
    try:
        return stores.store(target)
    except stores.UnknownTargetError as error:
        raise WrongUseError("publish-target", target=target) from error


def _permitted(package: Mapping[str, Any], *, sample: bool, unconfirmed: bool) -> None:
    if package["reconstitution"] and not sample:
        raise WrongUseError("publish-sample", version=package["version"])
    if package["licence_statut"] != "confirmee" and not unconfirmed:
        licence = package["licenses"][0]
        raise WrongUseError("publish-licence", licence=licence["title"], path=licence["path"])


class _Publication:
    """What is put and taken away, step by step; a step whose result is already there costs a look at it."""

    def __init__(
        self,
        home: Home,
        place: Store,
        target: str,
        *,
        dry_run: bool,
        tell: Callable[[str], object],
        words: Mapping[str, str],
    ) -> None:
        self.put = self.removed = 0
        self._home, self._place, self._target = home, place, target
        self._dry_run, self._tell, self._words = dry_run, tell, words
        self._portal = self._step = home.root.name

    def publish(self) -> None:
        """Publishes all that is not there yet.

        Raises:
            RunFailedError: the target refused a step, or has a newer release than ours.
        """
        try:
            self._not_behind(f"{self._portal}/latest.json")
            for version in self._home.versions():
                self._release(self._home.release(version), f"{self._portal}/releases/{version}")
            self._latest(f"{self._portal}/latest")
            for path in self._listings():
                self._put(path, path.relative_to(self._home.root.parent).as_posix())
            self._commit(f"{self._portal}/latest.json")
        except stores.StoreError as error:
            raise RunFailedError("publish-refused", target=self._target, step=self._step, error=error) from error

    def _release(self, release: Path, address: str) -> None:
        """Puts a release, its seal last: one that has it, and the same, is whole."""
        self._step = address
        if self._place.holds(release / _SEAL, f"{address}/{_SEAL}"):
            return
        files = {f"{address}/{place}": path for path, place in _files(release)}
        for at in sorted(self._place.names(address) - files.keys()):
            self._remove(at)  # a release changes when somebody was erased from it
        for at, path in sorted(files.items(), key=lambda item: item[0].endswith(f"/{_SEAL}")):
            self._put(path, at, lasting=True)

    def _latest(self, address: str) -> None:
        version = self._home.version() or ""
        self._step, release = address, f"{self._portal}/releases/{version}"
        if self._dry_run:
            self._tell(self._words["put"].format(address=f"{address} = {release}"))
            return
        self.put += self._place.point(address, release, list(_files(self._home.release(version))))

    def _listings(self) -> list[Path]:
        top = [path for path in self._home.root.parent.iterdir() if path.is_file()]
        own = [path for path in self._home.root.iterdir() if path.is_file()]
        return sorted(path for path in (*own, *top) if public(path.name))

    def _commit(self, address: str) -> None:
        release = self._home.current()
        if release is None:
            return
        package = read_json(release / "datapackage.json")
        told = {
            "portal": self._portal,
            "version": package["version"],
            "created": package["created"],
            "path": f"releases/{release.name}",
            "sha256sums": sha256(release / _SEAL),
        }
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "latest.json"
            path.write_text(f"{json.dumps(told, indent=1)}\n", encoding="utf-8")
            self._put(path, address)

    def _put(self, path: Path, address: str, *, lasting: bool = False) -> None:
        self._step = address
        if self._place.holds(path, address):
            return
        self.put += 1
        if self._dry_run:
            self._tell(self._words["put"].format(address=address))
        else:
            self._place.put(path, address, lasting=lasting)

    def _remove(self, address: str) -> None:
        self._step = address
        self.removed += 1
        if self._dry_run:
            self._tell(self._words["remove"].format(address=address))
        else:
            self._place.remove(address)

    def _not_behind(self, address: str) -> None:
        """A target that has a newer release than ours is somebody else's, or these outputs are an old copy."""
        self._step = address
        there = self._place.read(address)
        try:
            version = json.loads(there)["version"] if there is not None else "0.0.0"
            ahead = number(version) > number(self._home.version() or "0.0.0")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise stores.StoreError(f"{address} is not what publish writes: {error}") from error
        if ahead:
            raise RunFailedError("publish-ahead", target=self._target, there=version, here=self._home.version())


def public(name: str) -> bool:
    """Whether a file beside the releases, or beside the portals, is for the public: lists of what there is."""
    return name in {"status.json", "releases.json", "releases.atom"} or name.startswith("catalog")


def _files(release: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(release.rglob("*")):
        if path.is_file():
            yield path, path.relative_to(release).as_posix()
