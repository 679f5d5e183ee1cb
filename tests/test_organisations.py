"""Which organisations a printed text names: by the reference list, by a person's review, or by nobody."""

from __future__ import annotations

import csv
import json

import pytest
from conftest import ROOT

from schemas.load import load
from schemas.organisations import Named, organisations

PORTAL = "canceropole-idf"
REFERENCE = [
    {"organisation_id": "aphp", "nom": "Assistance Publique", "parent_id": "", "libelles": "AP-HP"},
    {"organisation_id": "foch", "nom": "Hôpital Foch", "parent_id": "aphp", "libelles": ""},
    {"organisation_id": "nord", "nom": "Hôpital Nord", "parent_id": "", "libelles": "HN; CHN"},
    {"organisation_id": "neuf", "nom": "Hôpital Neuf", "parent_id": "", "libelles": "HN"},
]
REVIEWED = {"foch et nord": ("foch", "nord"), "hn": ("nord",), "membres": ()}


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("AP-HP", "aphp"),
        ("HOPITAL FOCH", "foch"),
        ("AP-HP Hôpital Foch", "foch"),
        ("CHN", "nord"),
        ("HN", None),
        ("Hôpital", None),
        ("Hôpital Foch et Hôpital Nord", None),
        ("", None),
    ],
)
def test_an_organisation_is_named_by_a_label_of_one_only(printed: str, found: str | None) -> None:
    assert organisations(REFERENCE)(printed) == found
    assert organisations(REFERENCE, REVIEWED)(printed) == found


@pytest.mark.parametrize(
    ("printed", "named"),
    [
        ("Hôpital Foch", [("Hôpital Foch", ("foch",))]),
        ("HOPITAL FOCH; Foch et Nord", [("HOPITAL FOCH", ("foch",)), ("Foch et Nord", ("foch", "nord"))]),
        ("Membres", [("Membres", ())]),
        ("Hôpital Sud; hn", [("Hôpital Sud", None), ("hn", ("nord",))]),
        ("Foch, et Nord", [("Foch, et Nord", ("foch", "nord"))]),
        ("Foch;Nord", [("Foch;Nord", None)]),
        ("CHN; ", [("CHN", ("nord",))]),
        ("", []),
    ],
)
def test_each_label_is_mapped_by_the_list_by_a_review_or_by_nobody(
    printed: str, named: list[tuple[str, tuple[str, ...] | None]]
) -> None:
    assert organisations(REFERENCE, REVIEWED).named(printed) == tuple(Named(*pair) for pair in named)


def test_what_nobody_reviewed_is_not_taken_for_reviewed_as_none() -> None:
    assert organisations(REFERENCE).named("Membres") == (Named("Membres", None),)


def rows(dataset: str) -> list[dict[str, str]]:
    """The rows of a dataset as a person transcribed them: of the sample portal, else of its saved page."""
    expected = ROOT / "tests" / "expected" / f"{dataset}.csv"
    if expected.exists():
        return list(csv.DictReader(expected.read_text(encoding="utf-8").splitlines(keepends=True)))
    case = ROOT / "tests" / "pages" / PORTAL / dataset / "base" / "rows.json"
    return json.loads(case.read_bytes())  # type: ignore[no-any-return]


def test_every_label_of_the_portal_is_mapped_or_reviewed_as_none() -> None:
    declarations = load(PORTAL)
    index = organisations(declarations.references["organisations.csv"], declarations.labels)
    named = []
    for dataset in declarations.datasets:
        for field in dataset.fields:
            if field.organisations is not None:
                named += [found for row in rows(dataset.id) for found in index.named(row[field.name] or "")]
    assert [found.label for found in named if found.organisations is None] == []
    assert {found.label for found in named if found.organisations == ()} == {
        "Membres",
        "Ministère des affaires sociales et de la santé",
        "Etat de Washington",
    }
    assert len(named) > 80
