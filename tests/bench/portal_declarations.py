"""The declarations of the made-up portal: a table, a list, a row a sheet, and what a crawl itself gives."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from bench.portal_pages import DIRECTORY, PROGRAMMES, ROWS

if TYPE_CHECKING:
    from bench.portal_pages import Site

PORTAL = "bench"
_OF_THE_CRAWL = Path(__file__).parents[2] / "schemas" / "canceropole-idf"
_URL = "https://portail.example/"


def declare(folder: Path, site: Site) -> None:
    """Writes the declarations of the portal `bench`, its bounds raised to its size, to a folder that is made."""
    (folder / PORTAL).mkdir(parents=True)
    (folder / "reference").mkdir()
    (folder / "reference" / "organisations.csv").write_text("organisation_id,nom,parent_id,libelles\nville,Ville,,\n")
    for name, content in _declared(site).items():
        (folder / PORTAL / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    for name in ("pages.yml", "provenance.yml"):
        shutil.copyfile(_OF_THE_CRAWL / name, folder / PORTAL / name)


def _declared(site: Site) -> dict[str, dict[str, object]]:
    return {
        "portal": _portal(site),
        "structures": _dataset(
            "Structures",
            {
                "page": {"title": "Annuaire", "path": DIRECTORY},
                "table": {"headers": ["Nom de la structure", "Ville", "Effectif"]},
            },
            [_field("nom", "Nom de la structure"), _field("ville", "Ville"), _field("effectif", "Effectif", "integer")],
            {"min": 1, "max": 10 * ROWS},
        ),
        "programmes": _dataset(
            "Programmes",
            {
                "page": {"title": "Programmes", "path": PROGRAMMES},
                "list": {"after": "^Les programmes en cours sont :"},
                "parts": {"nom": r"^(Programme \d+)", "objet": "^[^:]+: (.*)"},
            },
            [_field("nom"), _field("objet")],
            {"min": 1, "max": 100},
        ),
        "fiches": _dataset(
            "Fiches",
            {
                "each_page": {"where": r"Référence de la fiche : F-\d+"},
                "parts": {"reference": r"fiche : (F-\d+)", "montant": r"montant de (\d+) euros"},
            },
            [
                _field("reference"), _field("titre", "title"), _field("montant", None, "integer"),
                _field("adresse", "url"),
            ],
            {"min": 0, "max": site.pages + 1},
        ),
    }  # fmt: skip


def _portal(site: Site) -> dict[str, object]:
    return {
        "title": _said("Portail"), "description": _said("Un portail inventé."), "origin": _URL.rstrip("/"),
        "publisher": {"name": "Portail", "url": _URL}, "maintainer": {"name": "Portail", "url": _URL},
        "licence": {"id": "etalab-2.0", "title": "Licence Ouverte", "url": _URL, "statut": "a-confirmer"},
        "keywords": ["recherche"], "schedule": "30 4 * * 1",
        "area": {"uri": _URL, "title": _said("Ici"), "west": 1.0, "south": 48.0, "east": 3.0, "north": 49.0},
        "crawl": {
            "user_agent": "canceropole-bench/1.0 (+https://portail.example/)", "delay": 0.0,
            "max_pages": max(2_000, 2 * site.pages), "max_bytes": 100_000_000_000, "max_duration": 604_800.0,
        },
    }  # fmt: skip


def _dataset(
    title: str, source: dict[str, object], fields: list[dict[str, object]], rows: dict[str, int]
) -> dict[str, object]:
    checks = {"rows": rows, "rows_added": 10.0, "values_changed": 1.0}
    said = _said(title)
    return {
        "title": said,
        "description": said,
        "sources": [source],
        "fields": fields,
        "key": [fields[0]["name"]],
        "checks": checks,
    }


def _field(name: str, part: str | None = None, kind: str = "string") -> dict[str, object]:
    cleaner = {"string": "text", "integer": "number"}[kind]
    return {
        "name": name,
        "from": part or name,
        "type": kind,
        "clean": cleaner,
        "title": _said(name),
        "constraints": {"required": True},
    }


def _said(text: str) -> dict[str, str]:
    return {"fr": text, "en": text}
