"""Organisations near a label nobody mapped: the one a person would look for comes first; none where none is like it."""

from __future__ import annotations

import pytest

from schemas.load import load
from schemas.organisations import organisations
from schemas.suggestions import near

INDEX = organisations(load("canceropole-idf").references["organisations.csv"])


@pytest.mark.parametrize(
    ("label", "first"),
    [
        ("Hôpital Beaujon, Clichy", "aphp-beaujon"),
        ("Institut Gustave-Roussi", "gustave-roussy"),
        ("Shangaï International Medical Zone", "simz"),
        ("Sorbonne", "sorbonne-universite"),
    ],
)
def test_the_organisation_meant_comes_first(label: str, first: str) -> None:
    assert near(label, INDEX)[0] == first


def test_a_label_of_two_has_both() -> None:
    assert {"aphp-cochin", "aphp-saint-vincent-de-paul"} <= set(near("AP-HP Cochin – St Vincent de Paul", INDEX))


@pytest.mark.parametrize("label", ["Etat de Washington", "Membres", "AstraZeneca", ""])
def test_what_is_like_none_has_no_suggestion(label: str) -> None:
    assert near(label, INDEX) == ()


def test_suggestions_are_few() -> None:
    assert len(near("AP-HP Hôpital", INDEX)) == 3
