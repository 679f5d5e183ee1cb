"""Which addresses are a function's, which a person's, and that a person's never gets through."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.summary import reasons
from schemas.load import load
from schemas.model import Portal
from schemas.personal import MASK, contact_kind, is_role, mailbox, masked, role_mailbox
from schemas.reasons import Reason

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
    "jean.d'arc@curie.fr",
    "jean.d\u2019arc@curie.fr",
]
WRITTEN_AT = [
    "@",
    "\uff20",
    "\ufe6b",
    "%40",
    " @ ",
    "(at)",
    " [at] ",
    "{at}",
    " <AT> ",
    " (arobase) ",
    "[@]",
    " arobase ",
]
WRITTEN_DOT = [".", "\uff0e", "(dot)", " [point] ", "[.]"]
WITHOUT_ADDRESS = [
    "aucune adresse, 3 @ 4",
    "voir www.curie.fr (page 3), l'annexe [a] et le site (at)",
    "l'arobase (@) sépare deux parties",
    "https://exemple.fr/?q=100%25&r=%40",
    "Hôpital (AT) Paris. En savoir plus",
    "Suivez @curie_fr",
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
        ("jean.d'arc@exemple.fr", "jean.d'arc@exemple.fr"),
        ("info(at)exemple.fr", None),
        ("info\uff20exemple.fr", None),
        ("info%40exemple.fr", None),
        ("info@exemple(point)fr", None),
        ("http://exemple.fr/?m=info@exemple.fr", None),
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
        ("'a.b@x.fr', 'c.d@x.fr'", f"'{MASK}', '{MASK}'"),
        ("https://x.fr/?n=1&m=a.b%40x.fr&u=y.org", f"https://x.fr/?n=1&m={MASK}&u=y.org"),
        ("https://x.fr/?m=a.b@x.fr#y", f"https://x.fr/?m={MASK}#y"),
        ("(a.b(at)x.fr) ou [c.d [at] y.org]", f"({MASK}) ou [{MASK}]"),
        ("jean(point)dupont (at) curie (point) fr, Paris", f"{MASK}, Paris"),
        ("contact@jean.dupont@curie.fr", MASK),
        ("a@b.fr2x@c.fr", MASK),
        (
            "contact (at) x.fr, ?m=contact%40x.fr, contact\uff20x.fr",
            "contact (at) x.fr, ?m=contact%40x.fr, contact\uff20x.fr",
        ),
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


def test_a_summary_names_nobody_s_address() -> None:
    reason = Reason(
        "value-not-understood", "https://portail.example/", "tableau 1", "an address", "jean.dupont@curie.fr"
    )
    dataset = {"name": "contacts", "verdict": "held", "reasons": [reason.as_json()]}
    [(_, holds, sentence)] = reasons({"datasets": [dataset]}, "fr")
    assert holds
    assert "[adresse masquée]" in sentence
    assert "dupont" not in sentence


@pytest.mark.parametrize("printed", WITHOUT_ADDRESS)
def test_a_text_without_an_address_is_shown_as_it_is(printed: str) -> None:
    assert masked(printed, PORTAL) == printed


@given(st.text(st.characters(exclude_characters="@\uff20\ufe6b%([{<bB")))
def test_a_text_that_no_at_is_written_in_is_shown_as_it_is(printed: str) -> None:
    assert masked(printed, PORTAL) == printed


WORDS = st.text(string.ascii_letters + string.digits + "é", min_size=1)
LOCALS = st.tuples(WORDS, st.sampled_from([".", "-", "_", "+", "'", "\u2019"]), WORDS).map("".join)
LABELS = st.text(string.ascii_lowercase + string.digits + "-é", min_size=1)


@st.composite
def written_addresses(draw: st.DrawFn) -> str:
    """A person's address, its `@` and last dot written in any of the known ways."""
    local = "dupont." + draw(LOCALS)
    last = draw(st.text(string.ascii_lowercase, min_size=2, max_size=6))
    return f"{local}{draw(st.sampled_from(WRITTEN_AT))}{draw(LABELS)}{draw(st.sampled_from(WRITTEN_DOT))}{last}"


@given(written_addresses())
def test_a_person_s_address_is_masked_whole_however_it_is_written(address: str) -> None:
    assert masked(f"Écrire à {address}, ou venir.", PORTAL) == f"Écrire à {MASK}, ou venir."


@given(st.text(), st.lists(written_addresses(), min_size=1), st.text())
def test_no_written_address_stands_in_a_masked_text_and_masking_twice_changes_nothing_more(
    before: str, addresses: list[str], after: str
) -> None:
    shown = masked(" ".join([before, *addresses, after]), PORTAL)
    assert not [address for address in addresses if address in shown]
    assert masked(shown, PORTAL) == shown


@pytest.mark.parametrize(
    "piece", ["a", "a'", "a{at}", "a%40", "a(point)", "a@b(point)", "a@1.", "a@b.fr'", "a  ", "a@b.c"]
)
def test_masking_a_long_text_ends(piece: str) -> None:
    assert masked(piece * 20_000 + " ", PORTAL).endswith(" ")
