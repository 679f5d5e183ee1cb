"""A deposit with a DOI, at Zenodo or a server of its kind: the current release as the next version of one concept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipeline import deposit
from pipeline.api import Api
from pipeline.checksums import SUMS
from pipeline.failures import RunFailedError, WrongUseError
from pipeline.paths import number, read_json
from pipeline.steps import TargetError
from pipeline.zenodo_depositions import Deposition, Depositions, md5
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.paths import Home
    from pipeline.remote import Remote
    from pipeline.steps import Steps

TOKEN = "ZENODO_TOKEN"  # noqa: S105 (its name)


class Zenodo:
    """A target that keeps each version for ever, under a DOI of its own."""

    public = True

    def __init__(self, at: Remote) -> None:
        """`at`: the server."""
        self._at = at

    def publish(self, home: Home, steps: Steps) -> None:
        """Publishes the current release, unless the latest version there is it.

        Raises:
            TargetError: the server refused a step, or answered what it should not.
            RunFailedError: it has a newer release than ours.
            WrongUseError: nothing is released, or there is no token in `ZENODO_TOKEN`.
            DamagedError: the release is not what its SHA256SUMS says.
        """
        release = home.current()
        if release is None:
            raise WrongUseError("publish-nothing", portal=home.root.name, folder=home.root)
        base = f"{self._at.origin}/{self._at.path}".rstrip("/")
        api = Api(base, {"Authorization": f"Bearer {self._at.secret(TOKEN)}"})
        _Publication(Depositions(api), base, release, steps).publish()


class _Publication:
    """One publication of a release: its draft is opened or taken up, made the release, and published last."""

    def __init__(self, depositions: Depositions, base: str, release: Path, steps: Steps) -> None:
        self._depositions, self._release, self._steps = depositions, release, steps
        self._package = read_json(release / "datapackage.json")
        self._at = f"{base}: {self._package['name']} {self._package['version']}"

    def publish(self) -> None:
        """All of it, in order."""
        self._steps.at = self._at
        metadata = deposit.metadata(self._package)
        published, draft = self._ours()
        if published is not None and self._there(published):
            return
        if draft is None:
            draft = self._opened(published, metadata)
        self._fill(draft, deposit.files(self._release))
        self._steps.putting(f"{self._at}: metadata", partial(self._depositions.describe, draft, metadata))
        self._steps.putting(f"{self._at}: publish", partial(self._depositions.publish, draft))

    def _ours(self) -> tuple[Deposition | None, Deposition | None]:
        """The latest version that is published, and the draft of the next; None for what there is not."""
        name = deposit.name(self._package)
        found = self._depositions.named(name)
        if len(set(found.values())) > 1:
            raise TargetError(
                f"depositions {', '.join(map(str, sorted(found)))} are versions of different records, and all say they "
                f"are {name}: delete the drafts that are not wanted, or take it out of them"
            )
        # A draft is the last there is. The list may be late in saying what is published: each is looked at by itself.
        last = [self._depositions.read(at) for at in sorted(found)[-2:]]
        published = next((one for one in reversed(last) if one.published), None)
        return published, last[-1] if last and not last[-1].published else None

    def _there(self, published: Deposition) -> bool:
        """Whether a version is the release: the same number, and the same digests of all its files."""
        version = published.version
        try:
            ahead = number(version) > number(self._package["version"])
        except ValueError as error:
            raise TargetError(f"deposition {published.id} says it is version {visible(version[:100])}") from error
        if ahead:
            raise RunFailedError("publish-ahead", there=version, here=self._package["version"])
        seal = published.files.get(SUMS)
        same = seal is not None and seal.md5 == md5(self._release / SUMS)
        return same and version == self._package["version"]

    def _opened(self, published: Deposition | None, metadata: Mapping[str, object]) -> Deposition:
        """The draft to fill; where nothing is done (--dry-run), what it would begin as."""
        drafts = [published or Deposition()]
        self._steps.putting(self._at, lambda: drafts.append(self._depositions.open(published, metadata)))
        return drafts[-1]

    def _fill(self, draft: Deposition, files: Mapping[str, Path]) -> None:
        """Makes a draft's files the release's."""
        for name in sorted(draft.files.keys() - files.keys()):
            self._steps.removing(f"{self._at}: {visible(name)}", partial(self._depositions.remove, draft, name))
        for name, path in files.items():
            if name not in draft.files or draft.files[name].md5 != md5(path):
                self._steps.putting(f"{self._at}: {name}", partial(self._depositions.put, draft, name, path))
