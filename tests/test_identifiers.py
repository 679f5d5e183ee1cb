"""Identifiers of the reference list have the check digits their registers give; one changed character, and none has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.identifiers import is_finess, is_ror, is_siren, is_wikidata
from schemas.load import load

if TYPE_CHECKING:
    from collections.abc import Callable

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

LISTED = load("canceropole-idf").references["organisations.csv"]
RULES = {"ror": is_ror, "siren": is_siren, "finess": is_finess, "wikidata": is_wikidata}
CHECKED = {"ror": "0123456789abcdefghjkmnpqrstvwxyz", "siren": "0123456789", "finess": "0123456789"}


def listed(column: str) -> list[str]:
    return sorted({row[column] for row in LISTED if row[column]})


@pytest.mark.parametrize("column", sorted(RULES))
def test_the_reference_list_has_true_identifiers(column: str) -> None:
    assert len(listed(column)) > 5
    assert [text for text in listed(column) if not RULES[column](text)] == []


@pytest.mark.parametrize("column", sorted(CHECKED))
@given(data=st.data())
def test_a_changed_character_makes_another_identifier_false(column: str, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(listed(column)))
    place = data.draw(st.integers(len(text) - 9, len(text) - 1))
    other = data.draw(st.sampled_from([c for c in CHECKED[column] if c != text[place]]))
    assert not RULES[column](f"{text[:place]}{other}{text[place + 1 :]}")


@given(st.integers(0, 10**8 - 1))
def test_eight_figures_have_one_check_digit(number: int) -> None:
    assert sum(is_siren(f"{number:08}{digit}") for digit in range(10)) == 1


@given(st.text(CHECKED["ror"], min_size=6, max_size=6))
def test_a_ror_number_has_one_pair_of_check_digits(number: str) -> None:
    assert sum(is_ror(f"https://ror.org/0{number}{digits:02}") for digits in range(100)) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (is_ror, "02feahw73"),
        (is_ror, "http://ror.org/02feahw73"),
        (is_ror, "https://ror.org/02feahw7"),
        (is_ror, "https://ror.org/02FEAHW73"),
        (is_ror, "https://ror.org/02feahw73/"),
        (is_siren, "267 500 452"),
        (is_siren, "26750045200045"),
        (is_siren, "２６７５００４５２"),
        (is_finess, "750100A66"),
        (is_finess, "2C0000000"),
        (is_wikidata, "280413"),
        (is_wikidata, "Q0"),
        (is_wikidata, "q280413"),
        (is_wikidata, "Q280413\n"),
        (is_wikidata, "https://www.wikidata.org/wiki/Q280413"),
    ],
)
def test_another_form_is_no_identifier(rule: Callable[[str], bool], text: str) -> None:
    assert not rule(text)


def test_a_number_of_corsica_is_told_by_its_form() -> None:
    assert is_finess("2A0000000")
    assert is_finess("2B0000000")
