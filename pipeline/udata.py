"""Records in an organisation of a portal made with udata, such as data.gouv.fr: a dataset an entry, its files remote.

How udata 17.18 behaves is read in its source (opendatateam/udata: udata/core/dataset/api.py, udata/forms/fields.py,
udata/core/organization/api.py, udata/core/contact_point/api.py), and asks for care:

- A PUT of a dataset without its tags or period empties them; `extras` are replaced as a whole.
- A PUT of a dataset does not say that a file changed. One of the resource itself does: it moves the `last_update` that
  readers see. So a resource is put when its file changed, not at each version.
- An unknown licence is taken without a word, and lost: it is looked up first.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipeline import udata_record
from pipeline.api import Api
from pipeline.described import contributor, same_address
from pipeline.failures import WrongUseError
from pipeline.served import served
from pipeline.steps import TargetError
from pipeline.udata_record import IDENTIFIER, Answered, Dataset, Named, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.entries import Entry, Release
    from pipeline.paths import Home
    from pipeline.remote import Remote
    from pipeline.steps import Steps

_VARIABLE = "UDATA_API_KEY"
_PAGE = 50  # things of a list asked for at once


class Udata:
    """A target that lists datasets: an organisation of a portal made with udata."""

    public = True

    def __init__(self, at: Remote) -> None:
        """`at`: the portal, its path the organisation, by slug or id.

        Raises:
            WrongUseError: it names no organisation.
        """
        if not at.path or "/" in at.path:
            raise WrongUseError("publish-target", target=f"{at.origin}/{at.path}")
        self._at = at

    def publish(self, home: Home, steps: Steps) -> None:
        """Makes the organisation's datasets say what the current release does.

        Raises:
            TargetError: the portal refused a step.
            FailureError: the release is not where its addresses say, or UDATA_API_KEY is not set.
        """
        key, release = self._at.secret(_VARIABLE), served(home)
        _Publication(Api(f"{self._at.origin}/api/1", {"X-API-KEY": key}), release, steps).publish(self._at.path)


class _Licence(Named):
    url: str | None
    alternate_urls: list[str]


class _Contact(Named):
    name: str | None
    email: str | None
    role: str


class _Total(Answered):
    total: int


class _Publication:
    """One publication to one organisation: what is there already costs a look at it."""

    def __init__(self, api: Api, release: Release, steps: Steps) -> None:
        self._api, self._release, self._steps = api, release, steps
        self._package = release.descriptor

    def publish(self, organisation: str) -> None:
        """All of it: datasets, their files; then what is no longer in the release is archived."""
        owner = read(Named, self._ask(f"/organizations/{quote(organisation, safe='')}/")).id
        licence, entries = self._licence(), list(self._release.entries())
        there = self._datasets(owner, {entry.name for entry in entries})
        contacts = self._contacts(owner)
        for entry in entries:
            wanted = udata_record.dataset(entry, self._package, licence, contacts)
            found = there.pop(entry.name, None)
            if found is None:
                body = {**wanted, "organization": owner, "resources": list(udata_record.resources(entry))}
                self._steps.putting(entry.slug, partial(self._api.ask, "POST", "/datasets/", json=body))
            else:
                self._update(entry, found, wanted)
        for gone in there.values():
            self._archive(gone)

    def _ask(self, path: str, **sent: Any) -> Any:  # noqa: ANN401 (JSON is any shape)
        """Looks at something; who reads of a refusal is told what at."""
        self._steps.at = path
        return self._api.ask("GET", path, **sent)

    def _list(self, path: str, **sent: str) -> Iterator[Any]:
        """A list, page after page (udata/flask_mongoengine/pagination.py).

        Raises:
            TargetError: it is none, or became shorter meanwhile, so that something of it may have been passed over.
        """
        seen, page, total = 0, 0, 1
        while seen < total:
            page += 1
            answer = self._ask(path, params={"page": page, "page_size": _PAGE, **sent})
            before, total = total, read(_Total, answer).total
            if not isinstance(answer.get("data"), list) or (page > 1 and total < before):
                raise TargetError(f"{path}: {before} in the list, then {total}")
            if not answer["data"] and seen < total:
                raise TargetError(f"{path}: {total} in the list, {seen} shown")
            yield from answer["data"]
            seen += len(answer["data"])

    def _licence(self) -> str:
        """The portal's id of the release's licence, found by its address: the one it gives first, or another."""
        address = self._package["licenses"][0]["path"]
        answer = self._ask("/datasets/licenses/")
        known = [read(_Licence, told) for told in answer] if isinstance(answer, list) else []
        first = [one.id for one in known if one.url and same_address(one.url, address)]
        other = [one.id for one in known if any(same_address(url, address) for url in one.alternate_urls)]
        if not first + other:
            raise TargetError(f"none of its {len(known)} licences has the address {address}")
        return (first + other)[0]

    def _contacts(self, owner: str) -> list[str]:
        """The organisation's contact that is the maintainer, made if need be; nobody without an e-mail address.

        Asked twice, udata makes one (`ContactPointsListAPI.post`).
        """
        told = contributor(self._package, "maintainer")
        if "email" not in told:
            return []
        wanted = {"name": told["title"], "email": told["email"], "role": "contact"}
        for found in self._list(f"/organizations/{owner}/contacts/"):
            contact = read(_Contact, found)
            if {name: getattr(contact, name) for name in wanted} == wanted:
                return [contact.id]
        made: list[str] = []

        def make() -> None:
            body = {**wanted, "organization": owner}
            made.append(read(Named, self._api.ask("POST", "/contacts/", json=body)).id)

        self._steps.putting(f"contact {told['email']}", make)
        return made or [""]  # a dry run has none yet, and sends none

    def _datasets(self, owner: str, names: set[str]) -> dict[str, Dataset]:
        """The organisation's datasets that are this portal's, by identifier; a deleted one if there is no other.

        Raises:
            TargetError: two have the same identifier, or the portal harvests one already.
        """
        at = self._release.addresses
        own: dict[str, Dataset] = {}
        for told in self._list(f"/organizations/{owner}/datasets/", sort="created"):  # what is new comes last
            extras, harvest = (_mapping(told, name) for name in ("extras", "harvest"))
            if str(extras.get(IDENTIFIER)).startswith(f"{at.base}/{at.portal}/"):
                found = read(Dataset, told)
                before = own.get(found.identifier)
                if before and not before.deleted and not found.deleted:
                    raise TargetError(f"datasets {before.id} and {found.id} are both {found.identifier}")
                if before is None or before.deleted:
                    own[found.identifier] = found
            elif harvest.get("dct_identifier") in names and not (told.get("archived") or told.get("deleted")):
                # Each harvest would undo what is published here.
                raise TargetError(f"dataset {told.get('id')} is harvested: it is {harvest['dct_identifier']} already")
        return own

    def _update(self, entry: Entry, there: Dataset, wanted: dict[str, Any]) -> None:
        """Makes a dataset say what it should; it is restored if it was deleted, and no longer archived."""
        path = f"/datasets/{there.id}/"
        body = {**wanted, "extras": {**there.extras, **wanted["extras"]}, "archived": None, "deleted": None}
        if there.zoned:
            del body["spatial"]
        if not there.says(body):
            self._steps.putting(entry.slug, partial(self._api.ask, "PUT", path, json=body))
        self._files(entry, f"{path}resources/", there)

    def _files(self, entry: Entry, path: str, there: Dataset) -> None:
        """A dataset's resources: ours are known by their address and keep their ids, others are left alone."""
        left = list(there.resources)
        for wanted in udata_record.resources(entry):
            address = f"{entry.slug}: {wanted['url']}"
            found = next((one for one in left if one.url == wanted["url"]), None)
            if found is None:
                self._steps.putting(address, partial(self._api.ask, "POST", path, json=wanted))
                continue
            left.remove(found)
            body = {**wanted, "extras": {**found.extras, **wanted["extras"]}}
            if not found.says(body):
                self._steps.putting(address, partial(self._api.ask, "PUT", f"{path}{found.id}/", json=body))
        for gone in left:
            if IDENTIFIER in gone.extras:
                delete = partial(self._api.ask, "DELETE", f"{path}{gone.id}/")
                self._steps.removing(f"{entry.slug}: {gone.url}", delete)

    def _archive(self, gone: Dataset) -> None:
        """Archives a dataset that the release has no longer: who cites it still finds it, searches do not show it."""
        if gone.archived or gone.deleted:
            return
        kept = {"tags": gone.tags, "temporal_coverage": gone.temporal_coverage}
        body = {**kept, "archived": self._package["created"]}
        self._steps.removing(gone.identifier, partial(self._api.ask, "PUT", f"/datasets/{gone.id}/", json=body))


def _mapping(told: object, name: str) -> Mapping[str, Any]:
    """A part of a dataset, which may be anybody's and say anything."""
    found = told.get(name) if isinstance(told, dict) else None
    return found if isinstance(found, dict) else {}
