"""A release as Zenodo takes it: what is said of it, and the files."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from pipeline import notices
from pipeline.addresses import Addresses
from pipeline.checksums import sealed, verify
from pipeline.described import contributor
from pipeline.vocabularies import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    Described = Mapping[str, Any]


def name(package: Described) -> str:
    """The identifier of a package's deposits, of all versions and wherever its files are served.

    A reconstruction has another than the portal's own data: the two are never versions of one deposit.

    Args:
        package: datapackage.json.
    """
    return Addresses.of(package).lasting("deposit/reconstitution" if package["reconstitution"] else "deposit")


def metadata(package: Described) -> dict[str, Any]:
    """What is said of a release, as Zenodo's deposition metadata.

    Their shape: zenodo/developers.zenodo.org, source/includes/resources/deposit/_representation.md; how they are read:
    zenodo/zenodo-rdm, site/zenodo_rdm/legacy/deserializers/metadata.py. A licence is always said: without one, Zenodo
    takes it that the data are in the public domain.

    Args:
        package: datapackage.json.
    """
    at = Addresses.of(package)
    notes = [notices.rights(package), notices.provenance(package)]
    return {
        "upload_type": "dataset",
        "title": package["title"],
        "description": _html([notices.description(package, at.own(package["version"], "CHANGELOG.md"))]),
        "creators": [{"name": contributor(package, "publisher")["title"]}],
        "publication_date": package["created"][:10],
        "version": package["version"],
        "language": LANGUAGES[package["languages"][0]].rsplit("/", 1)[-1].lower(),
        "keywords": list(package["keywords"]),
        "access_right": "open",
        "license": package["licenses"][0]["name"],
        "notes": _html([notices.SAMPLE_NOTE, *notes] if package["reconstitution"] else notes),
        "related_identifiers": [
            {"relation": relation, "identifier": identifier}
            for relation, identifier in (
                ("isAlternateIdentifier", name(package)),
                *(("isDerivedFrom", source["path"]) for source in package["sources"] if "://" in source["path"]),
                *([("isIdenticalTo", at.release(package["version"]))] if at.base else []),
            )
        ],
    }


def files(release: Path) -> dict[str, Path]:
    """The files of a deposit by name: those at the top of the release, the zip of the whole among them.

    A deposit has no folders and at most 100 files (inveniosoftware/invenio-rdm-records, invenio_rdm_records/config.py,
    `RDM_RECORDS_MAX_FILES_COUNT`), and a release has more: what lies in its folders is in the zip.

    Args:
        release: its folder.

    Raises:
        DamagedError: it is not what its SHA256SUMS says: a deposit is for ever.
        OSError: it cannot be read.
    """
    verify(release)
    return {place: path for place, path in sealed(release).items() if "/" not in place}


def _html(told: Iterable[Mapping[str, str]]) -> str:
    """Texts as paragraphs, the French before the English; nothing in them is taken for HTML."""
    texts = list(told)
    paragraphs = [part for language in ("fr", "en") for text in texts for part in text[language].split("\n\n")]
    return "".join(f"<p>{escape(part)}</p>" for part in paragraphs)
