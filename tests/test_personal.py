"""Which addresses are a function's, which a person's, and that a person's never gets through."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.load import load
from schemas.model import Portal
from schemas.personal import MASK, contact_kind, is_role, mailbox, masked, role_mailbox

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

PORTAL = load("canceropole-idf").portal

ROLES = [
    "info.ottpi@sls.aphp.fr",
    "rechdev@gustaveroussy.fr",
    "techtransfer@curie.fr",
    "direction.scientifique@espci.fr",
    "propriete@inserm-transfert.fr",
    "Contact@Exemple.fr",
    "secrétariat_direction@exemple.fr",
]
PERSONS = [
    "nicolas.torno@pasteur.fr",
    "lionel.pujol@univ-paris-diderot.fr",
    "marie-france.daumas_ladouce@upmc.fr",
    "Stephanie.Feliot@parisdescartes.fr",
    "romain.marlange@cea.fr",
    "contact.dupont@exemple.fr",
    "contact+dupont@exemple.fr",
    "contact2@exemple.fr",
    "recherches@exemple.fr",
    "...@exemple.fr",
]


@pytest.mark.parametrize("address", ROLES)
def test_an_address_made_of_role_words_only_is_published(address: str) -> None:
    assert is_role(address, PORTAL)
    assert contact_kind(address, PORTAL) == "courriel_fonctionnel"
    assert role_mailbox(address, PORTAL) == address
    assert masked(f"Écrire à {address}.", PORTAL) == f"Écrire à {address}."


@pytest.mark.parametrize("address", PERSONS)
def test_any_other_address_is_a_person_s_and_withheld(address: str) -> None:
    assert not is_role(address, PORTAL)
    assert contact_kind(address, PORTAL) == "courriel_nominatif"
    assert role_mailbox(address, PORTAL) is None
    assert masked(f"Écrire à {address}.", PORTAL) == f"Écrire à {MASK}."


def test_a_mailbox_the_portal_names_whole_is_a_role_s_and_its_neighbours_are_not() -> None:
    portal = Portal.model_validate({**PORTAL.model_dump(), "role_mailboxes": ["jean.moulin@hopital.fr"]})
    assert is_role("Jean.Moulin@hopital.fr", portal)
    assert not is_role("jean.moulin@autre.fr", portal)


def test_without_declared_role_words_every_address_is_a_person_s() -> None:
    portal = Portal.model_validate({**PORTAL.model_dump(), "role_words": []})
    assert not is_role("contact@exemple.fr", portal)


@pytest.mark.parametrize(
    ("printed", "address"),
    [
        ("info@exemple.fr", "info@exemple.fr"),
        (" \u00a0info@exemple.fr\n", "info@exemple.fr"),
        ("mailto:info@exemple.fr", "info@exemple.fr"),
        ("MAILTO:romain.marlange@cea.fr?subject=Valorisation", "romain.marlange@cea.fr"),
        ("Courriel : info@exemple.fr", None),
        ("info@exemple.fr, contact@exemple.fr", None),
        ("http://www.exemple.fr/", None),
        ("info@exemple", None),
        ("@exemple.fr", None),
        ("", None),
    ],
)
def test_a_mailbox_is_one_address_and_nothing_else(printed: str, address: str | None) -> None:
    assert mailbox(printed) == address


@pytest.mark.parametrize("printed", ["", " ", "\u00a0"])
def test_an_empty_cell_is_no_contact(printed: str) -> None:
    assert contact_kind(printed, PORTAL) is None
    assert role_mailbox(printed, PORTAL) is None


def test_what_is_no_address_is_a_web_page_without_a_mailbox() -> None:
    assert contact_kind("http://www.dgdr.cnrs.fr/", PORTAL) == "page_web"
    assert role_mailbox("http://www.dgdr.cnrs.fr/", PORTAL) is None


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("<a.b@x.fr> ou contact@x.fr", f"<{MASK}> ou contact@x.fr"),
        ("mailto:a.b@x.fr?subject=Bonjour", f"mailto:{MASK}?subject=Bonjour"),
        ("(a.b@x.fr,c.d@y.org;e@z.com)", f"({MASK},{MASK};{MASK})"),
        ("É.Léa@université.fr", MASK),
        ("aucune adresse, 3 @ 4", "aucune adresse, 3 @ 4"),
        ("", ""),
    ],
)
def test_every_person_s_address_in_a_text_is_masked(printed: str, shown: str) -> None:
    assert masked(printed, PORTAL) == shown


@given(st.text(), st.sampled_from(PERSONS), st.text())
def test_a_person_s_address_never_stands_in_a_masked_text(before: str, address: str, after: str) -> None:
    shown = masked(f"{before} {address} {after}", PORTAL)
    assert address not in shown
    assert MASK in shown


@given(st.text(), st.text())
def test_masking_twice_changes_nothing_more(before: str, after: str) -> None:
    once = masked(f"{before} a.b@x.fr {after}", PORTAL)
    assert masked(once, PORTAL) == once
