"""A deposit with a DOI, at Zenodo or a server of its kind: the current release as the next version of one concept.

Its API: zenodo/developers.zenodo.org, source/includes/resources/; as it is served today: zenodo/zenodo-rdm,
site/zenodo_rdm/legacy/. No address that an answer gives is followed: the token goes to one server alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from pipeline import deposit
from pipeline.api import Api
from pipeline.checksums import SUMS
from pipeline.failures import RunFailedError, WrongUseError
from pipeline.paths import number, read_json
from pipeline.steps import TargetError
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.paths import Home
    from pipeline.remote import Remote
    from pipeline.steps import Steps

TOKEN = "ZENODO_TOKEN"  # noqa: S105 (its name)
_DEPOSITIONS = "/api/deposit/depositions"
_PAGE = 100  # as many as Zenodo gives at once
_PAGES = 100  # as many as its search gives at all: 10 000 depositions


@dataclass(frozen=True, slots=True)
class _Held:
    """A file of a deposition.

    Attributes:
        id: what it is taken away by.
        md5: its digest, in hexadecimal.
    """

    id: str
    md5: str


@dataclass(frozen=True, slots=True)
class _Deposition:
    """A version of a deposit.

    Attributes:
        id: its number; later versions have greater ones.
        published: whether it is; its files never change then.
        version: the release it says it is; empty where it says none.
        bucket: where its files are put, while it is a draft.
        files: its files by name.
    """

    id: int = 0
    published: bool = False
    version: str = ""
    bucket: str = ""
    files: Mapping[str, _Held] = field(default_factory=dict)


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
        """
        release = home.current()
        if release is None:
            raise WrongUseError("publish-nothing", portal=home.root.name, folder=home.root)
        base = f"{self._at.origin}/{self._at.path}".rstrip("/")
        api = Api(base, {"Authorization": f"Bearer {self._at.secret(TOKEN)}"})
        _Publication(api, base, release, steps).publish()


class _Publication:
    """One publication of a release: its draft is opened or taken up, made the release, and published last."""

    def __init__(self, api: Api, base: str, release: Path, steps: Steps) -> None:
        self._api, self._release, self._steps = api, release, steps
        self._package = read_json(release / "datapackage.json")
        self._metadata = deposit.metadata(self._package)
        self._at = f"{base}: {self._package['name']} {self._package['version']}"

    def publish(self) -> None:
        """All of it, in order."""
        self._steps.at = self._at
        published, draft = self._ours()
        if published is not None and self._there(published):
            return
        if draft is None:
            draft = self._opened(published)
        self._fill(draft, deposit.files(self._release))
        self._steps.putting(
            f"{self._at}: metadata", partial(self._ask, "PUT", f"/{draft.id}", json={"metadata": self._metadata})
        )
        self._steps.putting(f"{self._at}: publish", partial(self._publish, draft))

    def _ours(self) -> tuple[_Deposition | None, _Deposition | None]:
        """The latest version that is published, and the draft of the next; None for what there is not."""
        found = {one["id"]: one["conceptrecid"] for one in self._listed() if self._is_ours(one)}
        if len(set(found.values())) > 1:
            raise TargetError(
                f"depositions {', '.join(map(str, sorted(found)))} are versions of different records, and all say they "
                f"are {deposit.name(self._package)}: delete the drafts that are not wanted, or take it out of them"
            )
        # A draft is the last there is. The list may be late in saying what is published: each is looked at by itself.
        last = [self._read(at) for at in sorted(found)[-2:]]
        published = next((one for one in reversed(last) if one.published), None)
        return published, last[-1] if last and not last[-1].published else None

    def _there(self, published: _Deposition) -> bool:
        """Whether a version is the release: the same number, and the same digests of all its files."""
        version = published.version
        try:
            ahead = number(version) > number(self._package["version"])
        except ValueError as error:
            raise self._api.refusal(f"deposition {published.id} says it is version {version}", error) from error
        if ahead:
            raise RunFailedError("publish-ahead", there=version, here=self._package["version"])
        seal = published.files.get(SUMS)
        same = seal is not None and seal.md5 == _md5(self._release / SUMS)
        return same and version == self._package["version"]

    def _opened(self, published: _Deposition | None) -> _Deposition:
        """The draft to fill; where nothing is done (--dry-run), what it would begin as."""
        drafts = [published or _Deposition()]
        self._steps.putting(self._at, lambda: drafts.append(self._open(published)))
        return drafts[-1]

    def _open(self, published: _Deposition | None) -> _Deposition:
        """Makes a draft: a copy of the version before, or one that has our name from its first moment."""
        if published is None:
            told = self._ask("POST", "", json={"metadata": self._metadata})
            at = told.get("id") if isinstance(told, dict) else None
        else:
            # Documented to answer the version before, with a link to the draft; the draft's own link is to itself.
            told = self._ask("POST", f"/{published.id}/actions/newversion")
            link = re.fullmatch(r".*/(\d+)", str(_member(told, "links", "latest_draft")))
            at = int(link[1]) if link else None
        if not isinstance(at, int):
            raise self._api.refusal("no draft in what was answered", told)
        draft = self._read(at)
        if draft.published:
            raise TargetError(f"deposition {at} is no draft")
        return draft

    def _fill(self, draft: _Deposition, files: Mapping[str, Path]) -> None:
        """Makes a draft's files the release's."""
        for name in sorted(draft.files.keys() - files.keys()):
            at = f"/{draft.id}/files/{draft.files[name].id}"
            self._steps.removing(f"{self._at}: {visible(name)}", partial(self._ask, "DELETE", at))
        for name, path in files.items():
            digest = _md5(path)
            if name not in draft.files or draft.files[name].md5 != digest:
                self._steps.putting(f"{self._at}: {name}", partial(self._put, draft.bucket, name, path, digest))

    def _put(self, bucket: str, name: str, path: Path, digest: str) -> None:
        """Puts a file in place of whatever has its name."""
        kind = {"Content-Type": "application/octet-stream"}
        with path.open("rb") as file:
            told = self._api.ask("PUT", f"/api/files/{bucket}/{name}", data=file, headers=kind)
        if _member(told, "checksum") != f"md5:{digest}":
            raise self._api.refusal(f"{name} was put with md5:{digest}, and what is there is another", told)

    def _publish(self, draft: _Deposition) -> None:
        told = self._ask("POST", f"/{draft.id}/actions/publish")
        if _member(told, "submitted") is not True:
            raise self._api.refusal(f"deposition {draft.id} is not published", told)

    def _listed(self) -> Iterator[dict[str, Any]]:
        """Every deposition of the token's owner, of all versions, drafts among them."""
        seen: set[object] = set()
        for page in range(1, _PAGES + 1):
            asked = {"all_versions": "true", "size": _PAGE, "page": page}
            told = self._ask("GET", "", params=asked)
            if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
                raise TargetError(f"{_DEPOSITIONS} answered no list of depositions")
            new = [one for one in told if one.get("id") not in seen]
            if not new:  # a page may be shorter than was asked: only one without anything new is the last
                return
            seen |= {one.get("id") for one in new}
            yield from new
        raise TargetError(f"{_DEPOSITIONS} has more than {_PAGES} pages")

    def _is_ours(self, listed: Mapping[str, Any]) -> bool:
        """Whether a deposition says it is this package; of the others nothing is asked."""
        metadata = listed.get("metadata")
        related = metadata.get("related_identifiers") if isinstance(metadata, dict) else None
        for one in related if isinstance(related, list) else []:
            if isinstance(one, dict) and one.get("relation") == "isAlternateIdentifier":
                if str(one.get("identifier")).lower() != deposit.name(self._package):
                    continue
                if not isinstance(listed.get("id"), int) or not isinstance(listed.get("conceptrecid"), str):
                    raise self._api.refusal("a deposition of ours has no number", listed)
                return True
        return False

    def _read(self, at: int) -> _Deposition:
        told = self._ask("GET", f"/{at}")
        try:
            return _Deposition(
                id=at,
                published=bool(told["submitted"]),
                version=str(told["metadata"].get("version", "")),
                bucket="" if told["submitted"] else _plain(told["links"]["bucket"].rpartition("/")[2]),
                files={
                    str(one["filename"]): _Held(_plain(one["id"]), str(one["checksum"]).removeprefix("md5:"))
                    for one in told["files"]
                },
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._api.refusal(f"deposition {at} is not described as one", repr(error)) from error

    def _ask(self, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 (JSON is any shape)
        return self._api.ask(method, f"{_DEPOSITIONS}{path}", **sent)


def _member(told: object, *names: str) -> object:
    """A member of an answer; None where there is none."""
    for name in names:
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _plain(text: object) -> str:
    """An identifier that goes into an address: nothing in it leads elsewhere."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9A-Za-z-]+", text):
        raise ValueError(f"{text} is no identifier")
    return text


def _md5(path: Path) -> str:
    """The digest that Zenodo tells files by: no proof against forgery, its versions do not change."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
