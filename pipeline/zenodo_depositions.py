"""The depositions of an account at Zenodo, over its API, their answers read strictly.

Its API: zenodo/developers.zenodo.org, source/includes/resources/; as it is served today: zenodo/zenodo-rdm,
site/zenodo_rdm/legacy/. No address that an answer gives is followed: the token goes to one server alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.steps import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.api import Api

_DEPOSITIONS = "/api/deposit/depositions"
_PAGE = 100  # as many as Zenodo gives at once
_PAGES = 100  # as many as its search gives at all: 10 000 depositions


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a deposition.

    Attributes:
        id: what it is taken away by.
        md5: its digest, in hexadecimal.
    """

    id: str
    md5: str


@dataclass(frozen=True, slots=True)
class Deposition:
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
    files: Mapping[str, Held] = field(default_factory=dict)


class Depositions:
    """What an account has; each method raises TargetError if it is refused, or answered what it should not be."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def named(self, name: str) -> dict[int, str]:
        """The depositions, drafts among them, that have a name among their alternate identifiers: number, concept."""
        found = {}
        for listed in self._listed():
            if name in _alternates(listed):
                if not isinstance(listed.get("id"), int) or not isinstance(listed.get("conceptrecid"), str):
                    raise self._api.refusal("a deposition of ours has no number", listed)
                found[listed["id"]] = listed["conceptrecid"]
        return found

    def read(self, at: int) -> Deposition:
        """A deposition as it stands: the list may be late."""
        told = self._ask("GET", f"/{at}")
        try:
            return Deposition(
                id=at,
                published=bool(told["submitted"]),
                version=str(told["metadata"].get("version", "")),
                bucket="" if told["submitted"] else _plain(told["links"]["bucket"].rpartition("/")[2]),
                files={
                    str(one["filename"]): Held(_plain(one["id"]), str(one["checksum"]).removeprefix("md5:"))
                    for one in told["files"]
                },
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise self._api.refusal(f"deposition {at} is not described as one", repr(error)) from error

    def open(self, before: Deposition | None, metadata: Mapping[str, Any]) -> Deposition:
        """Makes a draft: a copy of the version before, or one that has these metadata from its first moment."""
        if before is None:
            told = self._ask("POST", "", json={"metadata": metadata})
            at = told.get("id") if isinstance(told, dict) else None
        else:
            # Documented to answer the version before, with a link to the draft; the draft's own link is to itself.
            told = self._ask("POST", f"/{before.id}/actions/newversion")
            link = re.fullmatch(r".*/(\d+)", str(_member(told, "links", "latest_draft")))
            at = int(link[1]) if link else None
        if not isinstance(at, int):
            raise self._api.refusal("no draft in what was answered", told)
        draft = self.read(at)
        if draft.published:
            raise TargetError(f"deposition {at} is no draft")
        return draft

    def put(self, draft: Deposition, name: str, path: Path) -> None:
        """Puts a file in place of whatever has its name."""
        kind = {"Content-Type": "application/octet-stream"}
        with path.open("rb") as file:
            told = self._api.ask("PUT", f"/api/files/{draft.bucket}/{name}", data=file, headers=kind)
        wanted = f"md5:{md5(path)}"
        if _member(told, "checksum") != wanted:
            raise self._api.refusal(f"{name} was put with {wanted}, and what is there is another", told)

    def remove(self, draft: Deposition, name: str) -> None:
        """Takes a file away."""
        self._ask("DELETE", f"/{draft.id}/files/{draft.files[name].id}")

    def describe(self, draft: Deposition, metadata: Mapping[str, Any]) -> None:
        """Sets what is said of it."""
        self._ask("PUT", f"/{draft.id}", json={"metadata": metadata})

    def publish(self, draft: Deposition) -> None:
        """Publishes it, for ever."""
        told = self._ask("POST", f"/{draft.id}/actions/publish")
        if _member(told, "submitted") is not True:
            raise self._api.refusal(f"deposition {draft.id} is not published", told)

    def _listed(self) -> Iterator[dict[str, Any]]:
        """Every deposition, of all versions, drafts among them."""
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

    def _ask(self, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 (JSON is any shape)
        return self._api.ask(method, f"{_DEPOSITIONS}{path}", **sent)


def md5(path: Path) -> str:
    """The digest that Zenodo tells files by: no proof against forgery, its versions do not change."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _alternates(listed: Mapping[str, Any]) -> set[str]:
    """The alternate identifiers a deposition says it has; it may be anybody's, and say anything."""
    related = _member(listed, "metadata", "related_identifiers")
    return {
        str(one.get("identifier")).lower()
        for one in (related if isinstance(related, list) else [])
        if isinstance(one, dict) and one.get("relation") == "isAlternateIdentifier"
    }


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
