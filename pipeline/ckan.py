"""A CKAN that is told of the current release: a dataset an entry, in one organisation.

The address is `ckan+https://HOST[/ROOT]/ORGANISATION`, `ckan+http` only on this machine; the token, of somebody who may
edit that organisation's datasets, is the environment's `CKAN_API_TOKEN`. Actions, their arguments and what they answer:
CKAN's ckan/logic/action/ and ckan/views/api.py. None of those used asks the search index, which lags behind.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from pipeline.ckan_actions import Actions
from pipeline.ckan_record import record
from pipeline.described import same_address
from pipeline.failures import RunFailedError, WrongUseError
from pipeline.served import served
from pipeline.steps import TargetError

if TYPE_CHECKING:
    from pipeline.entries import Entry, Release
    from pipeline.paths import Home
    from pipeline.remote import Remote
    from pipeline.steps import Steps

_TOKEN = "CKAN_API_TOKEN"  # noqa: S105 (a variable's name)


class _Answered(BaseModel):
    """A part of an answer: what is needed of it must be there, the rest is kept as it is."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Named(_Answered):
    name: str


class _Pair(_Answered):
    key: str
    value: Any


class _Organisation(_Answered):
    id: str


class _Licence(_Answered):
    id: str
    url: str | None = None


class _Dataset(_Answered):
    """What package_show answers. Where a CKAN has a form of its own for datasets, these may have no extras."""

    id: str
    name: str
    state: str = "active"
    owner_org: str | None = None
    tags: list[_Named] = []
    extras: list[_Pair] = []
    resources: list[dict[str, Any]]

    def further(self, key: str) -> str:
        """A further field; empty if it has none."""
        return next((str(pair.value) for pair in self.extras if pair.key == key), "")


class Ckan:
    """A target that holds records: the datasets of an organisation of a CKAN."""

    public = True

    def __init__(self, at: Remote) -> None:
        """`at`: the CKAN, its path ending with the organisation.

        Raises:
            WrongUseError: it names no organisation.
        """
        root, _, self._organisation = f"/{at.path}".rpartition("/")
        if not self._organisation:
            raise WrongUseError("publish-target", target=at.origin)
        self._at, self._site = at, f"{at.origin}{root}"

    def publish(self, home: Home, steps: Steps) -> None:
        """Makes the datasets that are not there, says anew what changed of those that are, and deletes those gone.

        Raises:
            TargetError: the CKAN refused a step.
            WrongUseError: there is no token, or nothing to publish.
            RunFailedError: the release is not served, or a dataset is not ours to change.
        """
        token, release = self._at.secret(_TOKEN), served(home)
        with closing(Actions(self._site, token)) as actions:
            _Publication(release, self._site, self._organisation, actions, steps).publish()


class _Publication:
    """One publication to an organisation; a dataset that says all already costs a look at it."""

    def __init__(self, release: Release, site: str, organisation: str, actions: Actions, steps: Steps) -> None:
        self._release, self._site, self._actions, self._steps = release, site, actions, steps
        self._organisation, self._owner = organisation, ""

    def publish(self) -> None:
        """All of it: the datasets of the release, then those it no longer has."""
        self._steps.at = f"{self._site}/organization/{self._organisation}"
        self._owner = self._organisation_id()
        licence = self._licence()
        known = self._known()
        for entry in self._release.entries():
            self._entry(entry, known.pop(entry.name, None), licence)
        for gone in known.values():
            address = self._address(gone)
            self._steps.removing(address, partial(self._actions.act, "package_delete", id=gone.id))

    def _entry(self, entry: Entry, there: _Dataset | None, licence: str) -> None:
        address = self._steps.at = self._address(there or entry)
        wanted = record(self._release, entry, licence)
        there = there or self._named(entry)
        if there is None:
            made = {**wanted.whole(), "owner_org": self._owner}
            self._steps.putting(address, partial(self._actions.act, "package_create", **made))
            return
        changes = wanted.changes(there.model_dump())
        if changes:
            self._steps.putting(address, partial(self._actions.act, "package_patch", id=there.id, **changes))

    def _known(self) -> dict[str, _Dataset]:
        """The datasets of the organisation that are this portal's, by identifier, whatever they are called by now.

        member_list has the private ones and those that were given another name; package_list has those that were taken
        away once and came back, which CKAN does not make members again (package_owner_org_update,
        ckan/logic/action/update.py).
        """
        members = self._actions.look(list[tuple[str, str, str]], "member_list", id=self._owner, object_type="package")
        datasets = [self._show(dataset) for dataset, _, _ in members or []]
        portal, seen = self._release.addresses.portal, {dataset.name for dataset in datasets if dataset}
        listed = self._actions.look(list[str], "package_list") or []
        ours = [name for name in listed if name == portal or name.startswith(f"{portal}-")]
        datasets += [self._show(name) for name in ours if name not in seen]
        known: dict[str, _Dataset] = {}
        for dataset in datasets:
            if dataset is not None and self._ours(dataset):
                self._alone(dataset, known.setdefault(dataset.further("identifier"), dataset))
        return known

    def _alone(self, dataset: _Dataset, first: _Dataset) -> None:
        """Stops where somebody else writes a dataset of ours, or it was copied: both would go on for ever."""
        if dataset.further("harvest_source_id"):  # of ckanext-harvest, ckanext/harvest/plugin.py
            address = self._address(dataset)
            raise RunFailedError("publish-harvested", dataset=address, organisation=self._organisation)
        if dataset is not first:
            names = f"{self._address(first)}, {self._address(dataset)}"
            raise RunFailedError("publish-doubled", identifier=dataset.further("identifier"), datasets=names)

    def _ours(self, dataset: _Dataset) -> bool:
        at, name = self._release.addresses, dataset.further("identifier")
        named = name == at.package or name.startswith(at.dataset(""))
        return named and dataset.owner_org == self._owner and dataset.state != "deleted"

    def _named(self, entry: Entry) -> _Dataset | None:
        """The dataset that has an entry's name: ours, taken away earlier; None if the name is free."""
        there = self._show(entry.slug)
        if there is None or (there.owner_org == self._owner and there.further("identifier") == entry.name):
            return there
        if there.state == "deleted":  # its name is free: package_name_validator, ckan/logic/validators.py
            return None
        raise RunFailedError("publish-taken", dataset=self._steps.at, identifier=entry.name)

    def _show(self, dataset: str) -> _Dataset | None:
        return self._actions.look(_Dataset, "package_show", id=dataset)

    def _organisation_id(self) -> str:
        without = {"include_dataset_count": "false", "include_users": "false", "include_followers": "false"}
        found = self._actions.look(_Organisation, "organization_show", id=self._organisation, **without)
        if found is None:
            raise TargetError(f"organization_show: {self._site} has no organisation {self._organisation}")
        return found.id

    def _licence(self) -> str:
        """The licence's id in the CKAN's own list, found by its address; its own id where that list has none."""
        licence = self._release.descriptor["licenses"][0]
        listed = self._actions.look(list[_Licence], "license_list") or []
        same = (one.id for one in listed if same_address(one.url or "", licence["path"]))
        return next(same, str(licence["name"]))

    def _address(self, dataset: _Dataset | Entry) -> str:
        return f"{self._site}/dataset/{dataset.name if isinstance(dataset, _Dataset) else dataset.slug}"
