"""What each cleaner takes, and what it refuses: the texts are the portal's, or what it might print by mistake."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.cleaners import (
    Cleaner,
    NotUnderstoodError,
    Value,
    amount_eur,
    cleaners,
    date_precision,
    finess,
    first_year,
    full_date,
    last_year,
    list_item,
    number,
    partial_date,
    period,
    period_end,
    period_start,
    ror,
    several,
    siren,
    slug,
    text,
    web_address,
    wikidata,
    year,
)
from schemas.load import load
from schemas.typography import fold, identifier

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NO_BREAK, NARROW = "\u00a0", "\u202f"
MONTHS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split()

ACCEPTED: list[tuple[Cleaner, str, Value]] = [
    (text, "  Gustave\u00a0Roussy \n", "Gustave Roussy"),
    (text, "\u00a0", None),
    (list_item, "Alfact Innovation,", "Alfact Innovation"),
    (list_item, "Sanofi.", "Sanofi"),
    (list_item, "Pierre Fabre ; et", "Pierre Fabre"),
    (list_item, "Recherche cli...", "Recherche cli..."),
    (list_item, "« cancers colorectaux »,", "« cancers colorectaux »"),
    (list_item, " ; ", None),
    (several, "appel à projet, cancer,INCa", "appel à projet; cancer; INCa"),
    (several, "Institut Curie", "Institut Curie"),
    (several, ", , , ,", None),
    (slug, "Réseau structurant Mélanome", "reseau-structurant-melanome"),
    (slug, "TUMOROTHEQUE DE L’HOPITAL AVICENNE", "tumorotheque-de-l-hopital-avicenne"),
    (slug, "—", None),
    (number, "450", 450),
    (number, "12 345 678", 12_345_678),
    (number, "20,5 millions", 20_500_000),
    (number, "4.132 millions", 4_132_000),
    (number, "0,5", 0.5),
    (number, "cinq", 5),
    (number, "Quatre-vingt-dix", 90),
    (amount_eur, "3.45 millions d’euros", 3_450_000),
    (amount_eur, "4.160 millions d'euros", 4_160_000),
    (amount_eur, "25,1 millions d’euros", 25_100_000),
    (amount_eur, "85 000 euros", 85_000),
    (amount_eur, f"85{NARROW}000{NO_BREAK}€", 85_000),
    (year, "2016", 2016),
    (full_date, "8 septembre 2015", dt.date(2015, 9, 8)),
    (full_date, "1er Août 2015", dt.date(2015, 8, 1)),
    (full_date, f"8{NO_BREAK}septembre\n2015", dt.date(2015, 9, 8)),
    (full_date, "29 février 2016", dt.date(2016, 2, 29)),
    (partial_date, "2011", "2011"),
    (partial_date, "mai 2017", "2017-05"),
    (partial_date, "22 mai 2011", "2011-05-22"),
    (date_precision, "2011", "annee"),
    (date_precision, "mai 2017", "mois"),
    (date_precision, "22 mai 2011", "jour"),
    (period, "2007", "2007"),
    (period, "2018-2022", "2018/2022"),
    (period, "2018 – 2022", "2018/2022"),
    (period, "Entre 2005 et 2007", "2005/2007"),
    (period, "depuis 2004", "2004/.."),
    (period, "mai à juillet 2017", "2017-05/2017-07"),
    (period_start, "septembre 2010", "2010-09"),
    (period_start, "mai à juillet 2017", "2017-05"),
    (period_end, "mai à juillet 2017", "2017-07"),
    (period_end, "2007", "2007"),
    (period_end, "depuis 2004", None),
    (first_year, "2018-2022", 2018),
    (first_year, "septembre 2010", 2010),
    (last_year, "2018-2022", 2022),
    (last_year, "depuis 2004", None),
    (web_address, "http://www.dgdr.cnrs.fr/daj/annuaire/spv.htm", "http://www.dgdr.cnrs.fr/daj/annuaire/spv.htm"),
    (web_address, "rechdev@gustaveroussy.fr", None),
    (web_address, " ", None),
    (ror, " https://ror.org/02feahw73 ", "https://ror.org/02feahw73"),
    (siren, "267500452", "267500452"),
    (finess, "750100166", "750100166"),
    (wikidata, "Q280413", "Q280413"),
    *((cleaner, blank, None) for cleaner in (ror, siren, finess, wikidata) for blank in ("", NO_BREAK)),
]

REFUSED: list[tuple[Cleaner, str]] = [
    (number, ""),
    (number, "4.132"),
    (number, "1,500"),
    (number, "plus de 450"),
    (number, "cinq projets"),
    (number, "trois cinq"),
    (number, "1 00"),
    (number, "30%"),
    (amount_eur, ""),
    (amount_eur, "85 000"),
    (amount_eur, "85 000 dollars"),
    (amount_eur, "3.45 millions"),
    (amount_eur, "4.132 euros"),
    (amount_eur, "4,5 euros"),
    (amount_eur, "1.234.567 euros"),
    (amount_eur, "environ 85 000 euros"),
    (year, "16"),
    (year, "20160"),
    (year, "0999"),
    (year, "Publié en 2015"),
    (full_date, "31 février 2015"),
    (full_date, "29 février 2015"),
    (full_date, "septembre 2015"),
    (full_date, "08/09/2015"),
    (full_date, "Publié le 8 septembre 2015"),
    (partial_date, "Publié en 2015"),
    (partial_date, "31 février 2015"),
    (partial_date, "8 brumaire 2015"),
    (date_precision, "bientôt"),
    (period, "2022-2018"),
    (period, "jusqu’en 2010"),
    (period_start, "annuelle"),
    (period_end, "9999"),
    (first_year, "depuis longtemps"),
    (last_year, "2018-"),
    (web_address, "www.canceropole-idf.fr"),
    (web_address, "ftp://exemple.fr/"),
    (web_address, "https://"),
    (web_address, "http://["),
    (web_address, "https://exemple.fr/une page"),
    (web_address, 'https://exemple.fr/"onmouseover="alert(1)'),
    (web_address, "https://exemple.fr/<script>"),
    (web_address, "https://exemple.fr\\x"),
    (web_address, "javascript:alert(1)//https://exemple.fr/"),
    (web_address, "data:text/html,x"),
    (web_address, "voir la page"),
    (ror, "https://ror.org/02feahw74"),
    (siren, "267500453"),
    (finess, "750100167"),
    (wikidata, "Q0"),
]


@pytest.mark.parametrize(("cleaner", "printed", "value"), ACCEPTED)
def test_what_a_cleaner_understands(cleaner: Cleaner, printed: str, value: Value) -> None:
    found = cleaner(printed)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("cleaner", "printed"), REFUSED)
def test_what_a_cleaner_does_not_understand_it_refuses(cleaner: Cleaner, printed: str) -> None:
    with pytest.raises(NotUnderstoodError):
        cleaner(printed)


def test_an_amount_without_its_unit_is_told_what_was_expected() -> None:
    with pytest.raises(NotUnderstoodError, match="an amount in euros"):
        amount_eur("85 000")


def test_every_cleaner_a_declaration_may_name_is_tried_here() -> None:
    named = cleaners(load("canceropole-idf").portal, [])
    bound = {"organisation", "organisation_required", "contact_kind", "role_mailbox"}
    assert {cleaner.__name__ for cleaner, _, _ in ACCEPTED} | bound == named.keys()


REFERENCE = [
    {"organisation_id": "foch", "nom": "Hôpital Foch", "parent_id": "", "libelles": ""},
    {"organisation_id": "nord", "nom": "Hôpital Nord", "parent_id": "", "libelles": "HN"},
    {"organisation_id": "neuf", "nom": "Hôpital Neuf", "parent_id": "", "libelles": "HN"},
]


def test_a_required_organisation_is_refused_when_its_label_names_none_or_several() -> None:
    required = cleaners(load("canceropole-idf").portal, REFERENCE)["organisation_required"]
    assert required("Hôpital Foch") == "foch"
    for printed in ("HN", "Hôpital"):
        with pytest.raises(NotUnderstoodError, match="exactly one organisation"):
            required(printed)


@pytest.mark.parametrize(
    ("printed", "kind", "address"),
    [
        ("info.ottpi@sls.aphp.fr", "courriel_fonctionnel", "info.ottpi@sls.aphp.fr"),
        ("lionel.pujol@univ-paris-diderot.fr", "courriel_nominatif", None),
        ("http://www.dgdr.cnrs.fr/", "page_web", None),
        ("", None, None),
    ],
)
def test_contacts_are_cleaned_with_the_portal_s_role_words(printed: str, kind: str | None, address: str | None) -> None:
    named = cleaners(load("canceropole-idf").portal, [])
    assert named["contact_kind"](printed) == kind
    assert named["role_mailbox"](printed) == address


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from(["", " ", NO_BREAK, NARROW]))
def test_a_french_amount_gives_its_integer_back(amount: int, space: str) -> None:
    printed = f"{amount:,}".replace(",", space)
    assert amount_eur(f"{printed}{space}euros") == amount
    assert number(printed) == amount


@given(st.integers(min_value=0, max_value=10**6), st.integers(min_value=1, max_value=6), st.sampled_from(".,"))
def test_millions_are_exact_whatever_the_decimals(thousandths: int, decimals: int, mark: str) -> None:
    whole, rest = divmod(thousandths, 10**decimals)
    printed = f"{whole}{mark}{rest:0{decimals}} millions d’euros"
    assert amount_eur(printed) == thousandths * 10 ** (6 - decimals)


@given(st.text())
def test_a_slug_is_its_own_slug(printed: str) -> None:
    made = slug(printed)
    assert made is None or (slug(made) == made and identifier(made) == made)


@given(st.text())
def test_folding_keeps_length_so_positions_stay_positions(printed: str) -> None:
    assert len(fold(printed)) == len(printed)
    assert fold(fold(printed)) == fold(printed)


@given(st.integers(min_value=1800, max_value=2199), st.integers(min_value=1800, max_value=2199))
def test_a_period_of_years_gives_its_years_back(first: int, last: int) -> None:
    assume(first < last)
    for printed in (f"{first}-{last}", f"entre {first} et {last}", f"{first}/{last}"):
        assert period(printed) == f"{first}/{last}"
        assert (first_year(printed), last_year(printed)) == (first, last)
    assert period(period(f"{first}-{last}")) == f"{first}/{last}"


@given(st.dates(min_value=dt.date(1800, 1, 1), max_value=dt.date(2199, 12, 31)))
def test_a_date_printed_in_french_gives_its_date_back(date: dt.date) -> None:
    printed = f"{date.day}{'er' if date.day == 1 else ''} {MONTHS[date.month - 1]} {date.year}"
    assert full_date(printed) == date
    assert period(printed) == partial_date(printed) == date.isoformat()


@given(st.text())
def test_a_cleaner_gives_a_value_or_refuses_and_nothing_else(printed: str) -> None:
    for cleaner in {cleaner for cleaner, _, _ in ACCEPTED}:
        try:
            cleaner(printed)
        except NotUnderstoodError:
            continue
