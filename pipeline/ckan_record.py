"""What a CKAN is told of a dataset, in the fields of CKAN and of ckanext-dcat, so that its own DCAT names it as we do.

Fields, tags and names: CKAN's ckan/logic/schema/__init__.py and ckan/logic/validators.py. Extras and fields of
resources: those that ckanext-dcat reads and writes, ckanext/dcat/profiles/euro_dcat_ap_base.py and euro_dcat_ap_2.py.
CKAN has each text in one language: ours are in French.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import notices, vocabularies
from pipeline.described import contributor
from pipeline.vocabularies import LANGUAGES, PUBLISHER_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.entries import Entry, File, Release

_FR = "fr"
_SHORTEST_TAG, _LONGEST_TAG = 2, 100
_NOT_IN_TAGS = re.compile(r"[^\w \-.]")


@dataclass(frozen=True, slots=True)
class Record:
    """What is said of an entry; what it has none of is an empty text.

    Attributes:
        slug: the dataset's name in its address, when it is made.
        fields: its own fields.
        tags: its keywords.
        extras: its further fields.
        resources: its files; each is known for ever by its `uri`.
    """

    slug: str
    fields: Mapping[str, str]
    tags: tuple[str, ...]
    extras: Mapping[str, str]
    resources: tuple[Mapping[str, Any], ...]

    @property
    def uri(self) -> str:
        """The entry's name for ever."""
        return self.extras["uri"]

    def whole(self) -> dict[str, Any]:
        """The dataset as it is made."""
        return {
            "name": self.slug,
            **self.fields,
            "tags": [{"name": tag} for tag in self.tags],
            "extras": self._pairs(),
            "resources": [_said(resource) for resource in self.resources],
        }

    def changes(self, there: Mapping[str, Any]) -> dict[str, Any]:
        """What must be said anew of the dataset that is there, each field whole; nothing if it says all of this.

        What a person added at the CKAN stays: tags, other extras, other resources, other fields, another name.
        """
        told: dict[str, Any] = {name: text for name, text in self.fields.items() if (there.get(name) or "") != text}
        if there["state"] != "active":  # it was taken away, and its table is back
            told["state"] = "active"
        tagged = {tag["name"] for tag in there["tags"]}
        if not tagged.issuperset(self.tags):
            told["tags"] = [*there["tags"], *({"name": tag} for tag in self.tags if tag not in tagged)]
        ours = {pair["key"]: pair["value"] for pair in there["extras"] if pair["key"] in self.extras}
        if ours != _said(self.extras):
            told["extras"] = [*self._pairs(), *(pair for pair in there["extras"] if pair["key"] not in self.extras)]
        resources = self._resources(there["resources"])
        if resources != there["resources"]:
            told["resources"] = resources
        return told

    def _pairs(self) -> list[dict[str, str]]:
        return [{"key": key, "value": value} for key, value in _said(self.extras).items()]

    def _resources(self, there: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Our resources, each with the id and whatever else the one there has of its `uri`; then those of others."""
        known = {resource.get("uri"): resource for resource in reversed(there)}
        ours = [_renewed(known.get(resource["uri"], {}), resource) for resource in self.resources]
        own = f"{self.uri}/distribution/"
        return [*ours, *(resource for resource in there if not str(resource.get("uri")).startswith(own))]


def record(release: Release, entry: Entry, licence: str) -> Record:
    """What a CKAN is told of an entry of a release; `licence` is the licence's id at that CKAN."""
    package = release.descriptor
    publisher, maintainer = (contributor(package, role) for role in ("publisher", "maintainer"))
    return Record(
        slug=entry.slug,
        fields={
            "title": entry.title[_FR],
            "notes": entry.description[_FR],
            "version": package["version"],
            "url": entry.page,
            "license_id": licence,
            "author": publisher["title"],
            "author_email": publisher.get("email", ""),
            "maintainer": maintainer["title"],
            "maintainer_email": maintainer.get("email", ""),
        },
        tags=tags(package["keywords"]),
        extras=_extras(release, entry),
        resources=tuple(_resource(package, file) for file in entry.files),
    )


def tags(keywords: Iterable[str]) -> tuple[str, ...]:
    """Keywords as CKAN takes them: letters, digits, space, `-`, `_`, `.`; 2 to 100 characters; once each.

    The rules are tag_name_validator's and tag_length_validator's, ckan/logic/validators.py: one that breaks them has
    the whole dataset refused.
    """
    written = (" ".join(_NOT_IN_TAGS.sub(" ", unicodedata.normalize("NFC", word)).split()) for word in keywords)
    cut = (word[:_LONGEST_TAG].strip() for word in written)
    return tuple(dict.fromkeys(word for word in cut if len(word) >= _SHORTEST_TAG))


def _extras(release: Release, entry: Entry) -> dict[str, str]:
    package, area = release.descriptor, release.descriptor["area"]
    publisher = contributor(package, "publisher")
    west, south, east, north = (area[side] for side in ("west", "south", "east", "north"))
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    box = json.dumps({"type": "Polygon", "coordinates": [corners]})
    return {
        "uri": entry.name,
        "identifier": entry.name,
        "issued": entry.issued[:10],
        "modified": entry.modified[:10],
        "version_notes": entry.notes[_FR],
        "provenance": entry.provenance[_FR],
        "frequency": str(vocabularies.frequency(package["frequency"])),
        "language": _listed(str(LANGUAGES[language]) for language in package["languages"]),
        "theme": _listed([str(vocabularies.theme(package["theme"]))]),
        "conforms_to": _listed([package["$schema"]]),
        "documentation": _listed(source["path"] for source in (entry.table or {}).get("sources", [])),
        "access_rights": str(vocabularies.PUBLIC),
        "publisher_uri": release.addresses.agent("publisher"),
        "publisher_name": publisher["title"],
        "publisher_url": publisher["path"],
        "publisher_email": publisher.get("email", ""),
        "publisher_type": str(PUBLISHER_TYPE[publisher["type"]]) if "type" in publisher else "",
        "publisher_identifier": publisher.get("siret", ""),
        "temporal_start": entry.modified[:10],
        "temporal_end": entry.seen[:10],
        "spatial_uri": area["uri"],
        "spatial_text": area["title"][_FR],
        "spatial": box,  # what CKAN's own search on a map reads
        "spatial_bbox": box,
    }


def _resource(package: Mapping[str, Any], file: File) -> dict[str, Any]:
    return {
        "uri": file.name,
        "url": file.address,
        "access_url": file.address,
        "download_url": file.address,
        "name": file.title[_FR],
        "description": file.notes[_FR],
        "format": file.form.label,
        "mimetype": file.form.media_type,
        "size": file.bytes,
        "hash": file.sha256,
        "hash_algorithm": str(vocabularies.SHA256),
        "license": package["licenses"][0]["path"],
        "rights": notices.rights(package)[_FR],
        "availability": str(vocabularies.STABLE),
        "modified": file.modified[:10],
        "conforms_to": _listed([file.schema] if file.schema else []),
    }


def _renewed(there: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource said anew. CKAN writes formats it knows its own way (clean_format, ckan/logic/validators.py)."""
    said = _said(resource)
    if str(there.get("format")).casefold() == said["format"].casefold():
        said["format"] = there["format"]
    return {**{name: value for name, value in there.items() if name not in resource}, **said}


def _listed(values: Iterable[str]) -> str:
    """A list as ckanext-dcat keeps it in a text; an empty one is none."""
    found = list(values)
    return json.dumps(found) if found else ""


def _said(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value != ""}
