"""The terms of public vocabularies that catalogues use, and what they are called.

EU tables: https://op.europa.eu/en/web/eu-vocabularies/authority-tables. Media types: IANA's register.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rdflib import Namespace, URIRef

if TYPE_CHECKING:
    from collections.abc import Mapping

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCATAP = Namespace("http://data.europa.eu/r5r/")
GEO = Namespace("http://www.opengis.net/ont/geosparql#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
PUBLISHER_TYPE = Namespace("http://purl.org/adms/publishertype/")
DCAT_VERSION = URIRef("http://www.w3.org/ns/dcat#version")  # of DCAT 3, which rdflib's DCAT does not know yet
SHA256 = SPDX["checksumAlgorithm_sha256"]

_EU = "http://publications.europa.eu/resource/authority/"
THEMES = URIRef(f"{_EU}data-theme")
PUBLIC = URIRef(f"{_EU}access-right/PUBLIC")
STABLE = URIRef(f"{_EU}planned-availability/STABLE")
LANGUAGES = {"fr": URIRef(f"{_EU}language/FRA"), "en": URIRef(f"{_EU}language/ENG")}
THEME_NAMES: Mapping[str, Mapping[str, str]] = {
    "AGRI": {
        "fr": "Agriculture, pêche, sylviculture et alimentation",
        "en": "Agriculture, fisheries, forestry and food",
    },
    "ECON": {"fr": "Économie et finances", "en": "Economy and finance"},
    "EDUC": {"fr": "Éducation, culture et sport", "en": "Education, culture and sport"},
    "ENER": {"fr": "Énergie", "en": "Energy"},
    "ENVI": {"fr": "Environnement", "en": "Environment"},
    "GOVE": {"fr": "Gouvernement et secteur public", "en": "Government and public sector"},
    "HEAL": {"fr": "Santé", "en": "Health"},
    "INTR": {"fr": "Questions internationales", "en": "International issues"},
    "JUST": {"fr": "Justice, système juridique et sécurité publique", "en": "Justice, legal system and public safety"},
    "REGI": {"fr": "Régions et villes", "en": "Regions and cities"},
    "SOCI": {"fr": "Population et société", "en": "Population and society"},
    "TECH": {"fr": "Science et technologie", "en": "Science and technology"},
    "TRAN": {"fr": "Transports", "en": "Transport"},
}
PUBLISHER_TYPES: Mapping[str, Mapping[str, str]] = {
    "Academia-ScientificOrganisation": {"fr": "Organisme scientifique", "en": "Academia/Scientific organisation"},
    "Company": {"fr": "Entreprise", "en": "Company"},
    "LocalAuthority": {"fr": "Autorité locale", "en": "Local authority"},
    "NationalAuthority": {"fr": "Autorité nationale", "en": "National authority"},
    "NonGovernmentalOrganisation": {"fr": "Organisation non gouvernementale", "en": "Non-governmental organisation"},
    "NonProfitOrganisation": {"fr": "Organisme sans but lucratif", "en": "Non-profit organisation"},
    "RegionalAuthority": {"fr": "Autorité régionale", "en": "Regional authority"},
}


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its media type, its code in the EU's table of file types, and the name consumers show."""

    media_type: str
    code: str
    label: str

    @property
    def iana(self) -> URIRef:
        """The media type's address."""
        return URIRef(f"https://www.iana.org/assignments/media-types/{self.media_type}")

    @property
    def file_type(self) -> URIRef:
        """The file type's address."""
        return URIRef(f"{_EU}file-type/{self.code}")


# DuckDB has no registered media type, and no code in the EU's table.
FORMATS: Mapping[str, Format] = {
    "csv": Format("text/csv", "CSV", "CSV"),
    "parquet": Format("application/vnd.apache.parquet", "PARQUET", "PARQUET"),
    "json": Format("application/json", "JSON", "JSON"),
    "duckdb": Format("application/octet-stream", "BIN", "DUCKDB"),
    "zip": Format("application/zip", "ZIP", "ZIP"),
}


def theme(code: str) -> URIRef:
    """The address of a data theme."""
    return URIRef(f"{THEMES}/{code}")


def frequency(code: str) -> URIRef:
    """The address of a frequency."""
    return URIRef(f"{_EU}frequency/{code}")
