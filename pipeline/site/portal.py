"""What the site tells of a portal: read from its releases and status.json, and of earlier releases only once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.change_note import sentences
from pipeline.checksums import SUMS
from pipeline.described import OF_THE_CRAWL, schemas_of, tables
from pipeline.paths import Home, read_json, sha256
from pipeline.site.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    Described = Mapping[str, Any]


_RENAMES = 3  # likely renames of a dataset that are named


@dataclass(frozen=True, slots=True)
class Version:
    """A release as the site lists it.

    Attributes:
        version: its number.
        created: when its pages were visited.
        seal: the digest of its SHA256SUMS: what is made of a release with the same seal is the same.
        first: whether no release is before it.
        told: what changed, by language and dataset: sentences as Markdown.
    """

    version: str
    created: str
    seal: str
    first: bool
    told: Mapping[str, Mapping[str, list[str]]]

    def as_json(self) -> dict[str, Any]:
        """What the next site need not read again."""
        return {"version": self.version, "created": self.created, "seal": self.seal, "told": self.told}


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal's outputs as the site tells them.

    Attributes:
        id: its id.
        home: where its outputs lie.
        descriptor: datapackage.json of the current release; None before the first.
        status: the entries of status.json, by dataset.
        versions: the releases up to the current one, the newest first.
    """

    id: str
    home: Home
    descriptor: Described | None
    status: Mapping[str, Described]
    versions: tuple[Version, ...] = field(default=())

    @property
    def release(self) -> Path:
        """The folder of the current release; there is one."""
        return self.home.release(self.versions[0].version)

    @property
    def tables(self) -> list[Described]:
        """The tables of the current release, in its order."""
        return tables(self.descriptor) if self.descriptor else []

    def groups(self, evidenced: Collection[str]) -> list[tuple[str, list[Described]]]:
        """The tables by what they are of: the portal's pages, lists of reference, the crawl; as words name these.

        Args:
            evidenced: the datasets whose rows were read in pages.
        """
        groups: dict[str, list[Described]] = {"of_the_portal": [], "of_references": [], "of_the_crawl": []}
        for table in self.tables:
            name = table["name"]
            is_read = "of_the_portal" if name in evidenced else "of_references"
            groups["of_the_crawl" if name in OF_THE_CRAWL else is_read].append(table)
        return [(name, found) for name, found in groups.items() if found]

    @property
    def missing(self) -> list[Described]:
        """What status.json has of datasets that no release has yet."""
        published = {table["name"] for table in self.tables}
        return [entry for name, entry in self.status.items() if name not in published]

    @property
    def held(self) -> list[str]:
        """The datasets that are held."""
        return [name for name, entry in self.status.items() if entry["state"] == "held"]

    def state(self, dataset: str) -> Described | None:
        """What status.json says of a dataset; None of one it does not know."""
        return self.status.get(dataset)


def portal(home: Home, known: Mapping[str, Mapping[str, Any]], version: str | None = None) -> Portal:
    """What there is to tell of a portal.

    Args:
        home: its outputs.
        version: the release to tell of as the current one, where it is another.
        known: what an earlier site knew of its releases, by version, as `Version.as_json` gave it.

    Raises:
        OSError: a release or the status cannot be read.
    """
    status = read_json(home.status) if home.status.is_file() else {"datasets": []}
    entries = {entry["name"]: entry for entry in status["datasets"]}
    current = version or home.version()
    if current is None:
        return Portal(home.root.name, home, None, entries)
    numbers = home.versions()
    numbers = numbers[: numbers.index(current) + 1]
    versions = [_version(home, numbers[place - 1] if place else None, one, known) for place, one in enumerate(numbers)]
    descriptor = read_json(home.release(current) / "datapackage.json")
    return Portal(home.root.name, home, descriptor, entries, tuple(reversed(versions)))


def _version(home: Home, before: str | None, version: str, known: Mapping[str, Mapping[str, Any]]) -> Version:
    folder = home.release(version)
    seal = sha256(folder / SUMS)
    remembered = known.get(version)
    if remembered is not None and remembered["seal"] == seal:
        return Version(version, remembered["created"], seal, before is None, remembered["told"])
    now = read_json(folder / "datapackage.json")
    told: dict[str, dict[str, list[str]]] = {language: {} for language in LANGUAGES}
    if before is not None:
        then, changes = read_json(home.release(before) / "datapackage.json"), read_json(folder / "changes.json")
        schemas = schemas_of(then), schemas_of(now)
        told = {language: sentences(*schemas, changes, language, most=_RENAMES) for language in LANGUAGES}
    return Version(version, now["created"], seal, before is None, told)
