"""What a catalogue lists: an entry a table, and one for the whole package, with their names, dates and files.

Made of a release's datapackage.json alone; the RDF catalogues and the records of portals say the same of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pipeline import notices
from pipeline.addresses import Addresses
from pipeline.described import OF_THE_CRAWL, bundle, database, sha256_of, tables
from pipeline.paths import sha256
from pipeline.vocabularies import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.vocabularies import Format


@dataclass(frozen=True, slots=True)
class File:
    """A file of an entry, where its latest version stands.

    Attributes:
        name: what never changes of it: a URI.
        path: its place in the release.
        address: where it is fetched.
        title, notes: in French and English; notes are of this version.
        bytes: its size.
        sha256: its digest, in hexadecimal.
        modified: the day, or instant, its rows last changed.
        schema: the address of its Table Schema; None where it has none.
    """

    name: str
    path: str
    address: str
    title: Mapping[str, str]
    notes: Mapping[str, str]
    bytes: int
    sha256: str
    modified: str
    schema: str | None = None

    @property
    def form(self) -> Format:
        """Its format."""
        return FORMATS[PurePosixPath(self.path).suffix[1:]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A dataset as a catalogue lists it.

    Attributes:
        name: its identifier for ever: a URI.
        slug: the same within the portal's own, in letters, digits and hyphens.
        table: the table's CSV resource; None for the whole package.
        title, description, notes, provenance: in French and English; notes are of this version.
        issued, modified, seen: RFC 3339 days or instants: first released, rows last changed, rows last seen.
        page: the address of the page about it.
        files: where its rows are fetched.
    """

    name: str
    slug: str
    table: Mapping[str, Any] | None
    title: Mapping[str, str]
    description: Mapping[str, str]
    notes: Mapping[str, str]
    provenance: Mapping[str, str]
    issued: str
    modified: str
    seen: str
    page: str
    files: tuple[File, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A release as a catalogue lists it.

    Attributes:
        descriptor: its datapackage.json.
        folder: where its files lie: those the descriptor does not describe are measured there.
        place: the way from the catalogue to it, as in `Addresses`.
    """

    descriptor: Mapping[str, Any]
    folder: Path
    place: str = ""

    @property
    def addresses(self) -> Addresses:
        """The addresses it is listed with."""
        return Addresses.of(self.descriptor, self.place)

    @property
    def changes(self) -> str:
        """Where it is told what changed."""
        return self.addresses.latest("CHANGELOG.md")

    def entries(self) -> Iterator[Entry]:
        """The whole package, then its tables in the package's order.

        Raises:
            OSError: a file cannot be read.
        """
        package, at = self.descriptor, self.addresses
        days = [table["issued"] for table in package["resources"]]
        whole = [
            self._file(at.package, PurePosixPath(told["path"]).name, told)
            for told in (*self._whole(), *self._resources(*OF_THE_CRAWL))
        ]
        yield self._entry(at.package, None, whole, issued=min(days), modified=package["created"])
        for table in tables(package):
            if table["name"] not in OF_THE_CRAWL:
                yield self._table(at.dataset(table["name"]), table)

    def _table(self, name: str, table: Mapping[str, Any]) -> Entry:
        files = []
        for told in self._resources(table["name"]):
            schema = self.addresses.latest(f"schemas/{table['name']}.schema.json") if "schema" in told else None
            files.append(self._file(name, PurePosixPath(told["path"]).suffix[1:], told, schema))
        return self._entry(name, table, files, issued=table["issued"], modified=table["modified"])

    def _entry(
        self, name: str, table: Mapping[str, Any] | None, files: list[File], *, issued: str, modified: str
    ) -> Entry:
        package, own = self.descriptor, table["name"] if table else ""
        return Entry(
            name=name,
            slug=f"{package['name']}-{own}".strip("-").replace("_", "-"),
            table=table,
            title=notices.title(table or package),
            description=notices.description(package, self.changes, table),
            notes=notices.version_notes(package, self.changes, table),
            provenance=notices.provenance(package, table),
            issued=issued,
            modified=modified,
            seen=_seen(package, table),
            page=self.addresses.latest(f"index.html#{own}" if own else "index.html"),
            files=tuple(files),
        )

    def _file(self, dataset: str, name: str, told: Mapping[str, Any], schema: str | None = None) -> File:
        form = FORMATS[PurePosixPath(told["path"]).suffix[1:]]
        return File(
            name=self.addresses.distribution(dataset, name),
            path=told["path"],
            address=self.addresses.latest(told["path"]),
            title={language: f"{text} ({form.label})" for language, text in notices.title(told).items()},
            notes=notices.version_notes(self.descriptor, self.changes),
            bytes=told["bytes"],
            sha256=sha256_of(told),
            modified=told["modified"],
            schema=schema,
        )

    def _resources(self, *tables: str) -> list[Mapping[str, Any]]:
        """The resources that hold some tables: a file each."""
        return [told for told in self.descriptor["resources"] if PurePosixPath(told["path"]).stem in tables]

    def _whole(self) -> list[Mapping[str, Any]]:
        """The files that hold everything, as resources: the database, and a zip where there is one."""
        found = [self.folder / name(self.descriptor) for name in (database, bundle)]
        return [
            {
                **{name: self.descriptor[name] for name in ("title", "title_en")},
                "path": path.name,
                "bytes": path.stat().st_size,
                "hash": f"sha256:{sha256(path)}",
                "modified": self.descriptor["created"],
            }
            for path in found
            if path.is_file()
        ]


def _seen(package: Mapping[str, Any], table: Mapping[str, Any] | None) -> str:
    """When the rows were last seen in the portal: not since they are kept from an earlier release."""
    if table is None or "stale" not in table:
        return str(package["created"])
    return str(max(table["modified"], table["stale"]["since"][:10]))
