"""A dataset and its files in udata's terms: what they should say, and what was answered that they say.

Names and rules are those of udata 17.18's own forms (opendatateam/udata: udata/core/dataset/forms.py, models.py,
api_fields.py, constants.py; udata/core/spatial/models.py; udata/tags.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from pipeline import markdown
from pipeline.steps import TargetError
from schemas.typography import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.entries import Entry, File

IDENTIFIER = "canceropole:identifier"  # in the extras of a dataset or resource: the name of its entry or file
_TAG = range(3, 97)  # characters: TAG_MIN_LENGTH, TAG_MAX_LENGTH of udata/settings.py


class Answered(BaseModel):
    """What was answered, held to what is read of it; the rest is passed over."""

    model_config = ConfigDict(frozen=True, strict=True)


_Kind = TypeVar("_Kind", bound=Answered)


def read(kind: type[_Kind], told: object) -> _Kind:
    """What was answered, as a kind of thing.

    Raises:
        TargetError: it is none.
    """
    try:
        return kind.model_validate(told)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TargetError(f"{place}: {first['msg']}, found {str(first['input'])[:200]!r}") from error


class Named(Answered):
    """Anything with an id."""

    id: str


class _Schema(Answered):
    url: str | None
    name: str | None


class Resource(Named):
    """A file of a dataset."""

    title: str
    description: str | None
    filetype: str
    type: str
    url: str
    format: str | None
    mime: str | None
    filesize: int | None
    checksum: dict[str, Any] | None
    schema_: _Schema | None = Field(alias="schema")
    extras: dict[str, Any]

    def says(self, wanted: Mapping[str, Any]) -> bool:
        """Whether it says what it should; a schema that the portal's own list has is kept by its name there."""
        url = self.schema_.url if self.schema_ else None
        listed = self.schema_ is not None and self.schema_.name is not None
        there = {name: getattr(self, name) for name in wanted if name != "schema"}
        return {**there, "schema": wanted["schema"] if listed else url and {"url": url}} == wanted


class _Spatial(Answered):
    geom: dict[str, Any] | None
    zones: list[Any]


def _id(of: object) -> object:
    return of.get("id") if isinstance(of, dict) else of


class Dataset(Named):
    """A dataset."""

    title: str
    description: str
    tags: list[str]
    frequency: str | None
    license: str | None
    temporal_coverage: dict[str, str | None] | None
    spatial: _Spatial | None
    contact_points: list[Annotated[str, BeforeValidator(_id)]]
    archived: str | None
    deleted: str | None
    extras: dict[str, Any]
    resources: list[Resource]

    @property
    def identifier(self) -> str:
        """The name of its entry."""
        return str(self.extras[IDENTIFIER])

    @property
    def zoned(self) -> bool:
        """Whether a person chose the territories it is about: udata takes no shape beside them."""
        return self.spatial is not None and bool(self.spatial.zones)

    def says(self, wanted: Mapping[str, Any]) -> bool:
        """Whether it says what it should."""
        there = {name: getattr(self, name) for name in wanted}
        if "spatial" in wanted:
            there["spatial"] = {"geom": self.spatial.geom if self.spatial else None}
        return {**there, "tags": sorted(self.tags)} == wanted


def dataset(entry: Entry, package: Mapping[str, Any], licence: str, contacts: list[str]) -> dict[str, Any]:
    """What the dataset of an entry says, but for its files.

    Args:
        entry: of the release.
        package: the release's datapackage.json.
        licence: the portal's id of its licence.
        contacts: the portal's ids of whom to write to; empty leaves the dataset's contacts alone.
    """
    area = package["area"]
    west, south, east, north = (area[side] for side in ("west", "south", "east", "north"))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "title": entry.title["fr"],
        "description": "\n\n".join(markdown.text(part) for part in entry.description["fr"].split("\n\n")),
        "tags": sorted({tag for tag in map(identifier, package["keywords"]) if len(tag) in _TAG}),
        "frequency": package["frequency"].lower(),  # the EU's codes that a descriptor has are udata's, in lower case
        "license": licence,
        "temporal_coverage": {"start": entry.modified[:10], "end": entry.seen[:10]},
        "spatial": {"geom": {"type": "MultiPolygon", "coordinates": [[ring]]}},
        "extras": {IDENTIFIER: entry.name},
        **({"contact_points": contacts} if contacts else {}),
    }


def resources(entry: Entry) -> Iterator[dict[str, Any]]:
    """What the resources of an entry's dataset say: its files, then the page about it."""
    for file in entry.files:
        yield _resource(entry, file)
    yield {
        "title": f"Documentation : {entry.title['fr']}",
        "description": None,
        "filetype": "remote",
        "type": "documentation",
        "url": entry.page,
        "format": "html",
        "mime": "text/html",
        "filesize": None,
        "checksum": None,
        "schema": None,
        "extras": {IDENTIFIER: entry.page},
    }


def _resource(entry: Entry, file: File) -> dict[str, Any]:
    return {
        "title": file.title["fr"],
        # Not the notes of the version: each version would then be a change of every file.
        "description": markdown.text(entry.provenance["fr"]),
        "filetype": "remote",
        "type": "main",
        "url": file.address,
        "format": file.form.label.lower(),
        "mime": file.form.media_type,
        "filesize": file.bytes,
        "checksum": {"type": "sha256", "value": file.sha256},
        "schema": {"url": file.schema} if file.schema else None,
        "extras": {IDENTIFIER: file.name},
    }
