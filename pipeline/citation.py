"""How a release is cited: one line for a reader, and CITATION.cff (Citation File Format 1.2.0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from pipeline.addresses import Addresses
from pipeline.described import contributor, licence_confirmed
from schemas.typography import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]


def citation(descriptor: Described) -> str:
    """A release's citation, on one line: who, when, what, which version, where."""
    who = contributor(descriptor, "publisher")["title"]
    where = Addresses.of(descriptor).own(descriptor["version"]) or descriptor["homepage"]
    said = f"{who} ({descriptor['created'][:4]}). {descriptor['title']}, version {descriptor['version']} [dataset]."
    return one_line(f"{said} {where}")


def cff(descriptor: Described) -> str:
    """The text of CITATION.cff.

    Args:
        descriptor: the release's datapackage.json.
    """
    [licence] = descriptor["licenses"]
    unsure = "" if licence_confirmed(descriptor) else " Licence à confirmer / licence still to be confirmed."
    maintainer = contributor(descriptor, "maintainer")
    told = {
        "cff-version": "1.2.0",
        "message": f"Pour citer ces données / To cite these data: {citation(descriptor)}{unsure}",
        "type": "dataset",
        "title": descriptor["title"],
        "abstract": f"{descriptor['description']} {descriptor['description_en']}",
        "authors": [_entity(contributor(descriptor, "publisher"))],
        "contact": [_entity(maintainer)],
        "version": descriptor["version"],
        "date-released": descriptor["created"][:10],
        **({"license": licence["name"]} if _is_spdx(licence["name"]) else {}),
        "license-url": licence["path"],
        "url": Addresses.of(descriptor).standing("latest/") or descriptor["homepage"],
        "identifiers": [_identifier(descriptor)],
        "keywords": descriptor["keywords"],
    }
    return yaml.safe_dump(_shown(told), allow_unicode=True, sort_keys=False, width=120)


def _entity(agent: Described) -> dict[str, str]:
    told = {"name": agent["title"], "website": agent["path"]}
    return {**told, "email": agent["email"]} if "email" in agent else told


def _identifier(descriptor: Described) -> dict[str, str]:
    uri = Addresses.of(descriptor).package
    described = "Le jeu de données, toutes versions / The dataset, all versions"
    return {"type": "other" if uri.startswith("urn:") else "url", "value": uri, "description": described}


def _is_spdx(licence: str) -> bool:
    """Whether a licence's id is one of SPDX's, which alone may stand as `license`."""
    try:
        return bool(canonicalize_license_expression(licence) == licence and " " not in licence)
    except InvalidLicenseExpression:
        return False


def _shown(told: Any) -> Any:  # noqa: ANN401 (YAML is any shape)
    """The same with each text on one line, and what acts on a terminal shown."""
    if isinstance(told, dict):
        return {name: _shown(value) for name, value in told.items()}
    if isinstance(told, list):
        return [_shown(value) for value in told]
    return visible(one_line(told)) if isinstance(told, str) else told
