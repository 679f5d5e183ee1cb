"""Each check of the gate sees a breakage that all the others miss, and none sees one in what is right."""

from __future__ import annotations

import datetime as dt
import json
import string
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from pipeline.case import Case
from pipeline.checks import CHECKS, NOTES
from pipeline.normalize import frame
from schemas.load import load
from schemas.model import Dataset
from schemas.reasons import CODES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from schemas.reasons import Reason

    Rows = list[dict[str, Any]]

TITLE = {"fr": "t", "en": "t"}
URL = "https://www.canceropole-idf.fr/page/"
COLUMNS: list[dict[str, Any]] = [
    {"name": "nom", "constraints": {"required": True}},
    {"name": "contact"},
    {"name": "montant", "type": "integer"},
    {"name": "rang", "type": "integer", "rank": []},
]
WORDS = ("Ipsen", "Sanofi", "Novartis", "Exonhit", "Fluoptics", "Alfact", "Boehringer", "Pierre Fabre")


def dataset(*key: str, **checks: Any) -> Dataset:
    return Dataset.model_validate(
        {
            "id": "jeu",
            "title": TITLE,
            "description": TITLE,
            "sources": [{"reference": "x.csv"}],
            "fields": [{"title": TITLE, **column} for column in COLUMNS],
            "key": key or ["nom"],
            "checks": {"rows": {"min": 1, "max": 99}, **checks},
        }
    )


def rows(count: int = 8) -> Rows:
    """Rows as they are when nothing is wrong."""
    return [
        {"nom": name, "contact": f"info@{name.split()[0].lower()}.fr", "montant": 1000 + 10 * number, "rang": number}
        for number, name in enumerate(WORDS[:count], start=1)
    ]


def changed(table: Rows, **cells: dict[int, Any]) -> Rows:
    """The rows with other values in some cells: column to row number to value."""
    copies = [dict(row) for row in table]
    for column, values in cells.items():
        for number, value in values.items():
            copies[number][column] = value
    return copies


def case(declared: Dataset, now: Rows, before: Rows | None = None, **more: Any) -> Case:
    return Case(declared, frame(declared, now), None if before is None else frame(declared, before), **more)


def fired(judged: Case) -> dict[str, list[Reason]]:
    return {code: reasons for code, check in CHECKS.items() if (reasons := check(judged))}


def only(judged: Case, code: str) -> Reason:
    """The one reason of the one check that fires."""
    found = fired(judged)
    assert list(found) == [code]
    assert {reason.code for reason in found[code]} == {code}
    return found[code][0]


DOUBT = {"confidence": 0.7, "doubt": "« Structure » for « Institution »", "page": URL, "place": "tableau 1"}


def evidence(**texts: str) -> dict[str, Any]:
    return {"cle": "Ipsen", "url": URL, "bloc": "Page > liste 1", "position": "ligne 1"} | {
        "texte_publie": json.dumps(texts)
    }


def test_the_gates_codes_are_the_checks_and_every_one_can_be_lifted() -> None:
    assert set(CHECKS) == {name for name, code in CODES.items() if code.liftable}
    assert {CODES[name].stage for name in NOTES} == {"note"}


def test_nothing_is_said_of_the_same_rows() -> None:
    assert fired(case(dataset(), rows(), rows())) == {}


def test_nothing_is_said_of_a_first_run() -> None:
    assert fired(case(dataset(rows={"min": 1, "max": 9, "known": 8}), rows())) == {}


# What only one check sees


def test_a_match_that_is_not_sure_is_doubted_on_a_first_run() -> None:
    reason = only(case(dataset(), rows(), doubts=[DOUBT]), "match-unsure")
    assert (reason.page, reason.place) == (URL, "tableau 1")
    assert (reason.expected, reason.found) == ("≥ 0.9", "0.7: « Structure » for « Institution »")


@pytest.mark.parametrize(
    ("cells", "unsure"), [({}, False), ({"contact": {0: "o@ipsen.fr"}}, True), ({"rang": {0: 9}}, True)]
)
def test_only_the_very_rows_of_the_last_release_make_a_match_sure(cells: dict[str, Any], *, unsure: bool) -> None:
    judged = case(dataset(), changed(rows(), **cells), rows(), doubts=[DOUBT])
    assert list(fired(judged)) == (["match-unsure"] if unsure else [])


def test_a_declaration_says_how_sure_is_sure() -> None:
    assert fired(case(dataset(confidence=0.7), rows(), doubts=[DOUBT])) == {}


@pytest.mark.parametrize(("count", "held"), [(1, True), (2, False), (3, False), (4, True)])
def test_rows_must_be_within_their_bounds(count: int, *, held: bool) -> None:
    judged = case(dataset(rows={"min": 2, "max": 3}), rows(count))
    assert list(fired(judged)) == (["rows-out-of-bounds"] if held else [])


def test_a_first_run_has_the_rows_that_were_known() -> None:
    declared = dataset(rows={"min": 2, "max": 20, "known": 8})
    reason = only(case(declared, rows(7)), "rows-out-of-bounds")
    assert (reason.expected, reason.found) == ("8 … 20", "7")
    assert fired(case(declared, rows(7), rows(7))) == {}
    assert fired(case(declared, rows(7), set_aside=1)) == {}


def said(count: int, *, holds: bool = True) -> dict[str, Any]:
    return {
        "count": count,
        "rows": None,
        "page": URL,
        "place": "paragraphe 1",
        "text": f"{count} sociétés",
        "holds": holds,
    }


def test_a_stated_count_must_be_that_of_the_rows() -> None:
    reason = only(case(dataset(), rows(), stated=[said(8), said(9)]), "count-disagrees")
    assert (reason.page, reason.place, reason.expected, reason.found) == (URL, "paragraphe 1", "9 sociétés", "8")
    assert fired(case(dataset(), rows(), stated=[said(9)], set_aside=1)) == {}


def test_a_count_that_another_page_states_is_a_note() -> None:
    judged = case(dataset(), rows(), stated=[said(9, holds=False), said(8, holds=False)])
    assert fired(judged) == {}
    assert [reason.expected for reason in NOTES["count-differs"](judged)] == ["9 sociétés"]


def test_a_lost_row_is_missed() -> None:
    reason = only(case(dataset(), rows()[1:], rows()), "rows-lost")
    assert (reason.expected, reason.found) == ("8", "−1: Ipsen")


@pytest.mark.parametrize(("lost", "aside", "held"), [(2, 0, False), (3, 0, True), (3, 1, False), (4, 1, True)])
def test_a_declared_share_of_rows_may_go_and_those_set_aside_are_not_lost(lost: int, aside: int, *, held: bool) -> None:
    judged = case(dataset(keys_lost=0.25), rows()[lost:], rows(), set_aside=aside)
    assert list(fired(judged)) == (["rows-lost"] if held else [])
    assert [len(NOTES["rows-lost-tolerated"](judged))] == ([0] if held else [1])


@pytest.mark.parametrize(("more", "held"), [(4, False), (5, True)])
def test_many_more_rows_at_once_are_doubted(more: int, *, held: bool) -> None:
    new = [{"nom": f"Société {letter}"} for letter in string.ascii_uppercase[:more]]
    judged = case(dataset(), [dict.fromkeys(rows()[0]) | row for row in rows() + new], rows())
    assert list(fired(judged)) == (["rows-jumped"] if held else [])


def test_two_more_rows_are_always_believed() -> None:
    assert fired(case(dataset(), rows(3), rows(1))) == {}


@pytest.mark.parametrize("again", ["Ipsen", "IPSEN"])
def test_a_row_that_is_there_twice_is_doubted(again: str) -> None:
    twice = [*rows(), {**rows()[0], "nom": again, "rang": 9}]
    reason = only(case(dataset("nom", "rang"), twice, rows()), "rows-doubled")
    assert reason.found == "2: " + ", ".join(sorted(["Ipsen/1", f"{again}/9"]))


def test_an_emptied_cell_is_missed() -> None:
    reason = only(case(dataset(), changed(rows(), contact={2: None}), rows()), "cells-emptied")
    assert (reason.place, reason.found) == ("Novartis · contact", "info@novartis.fr")
    assert fired(case(dataset(cells_emptied=0.125), changed(rows(), contact={2: None}), rows())) == {}


@pytest.mark.parametrize(("filled", "held"), [(0, True), (3, True), (4, False), (8, False)])
def test_a_column_must_be_filled_as_declared(filled: int, *, held: bool) -> None:
    table = changed(rows(), contact=dict.fromkeys(range(filled, 8)))
    assert list(fired(case(dataset(filled={"contact": 0.5}), table))) == (["cells-emptied"] if held else [])


def test_an_empty_table_fills_nothing() -> None:
    declared = dataset(rows={"min": 0, "max": 9}, filled={"contact": 0.5})
    assert list(fired(case(declared, []))) == ["cells-emptied"]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("value", ["https://ipsen.fr/", "12 000 €", "mai 2011", "12", "par courrier"])
def test_a_value_of_another_kind_is_doubted(value: str, *, first: bool) -> None:
    judged = case(dataset(), changed(rows(), contact={0: value}), None if first else rows())
    reason = only(judged, "shape-changed")
    assert (reason.place, reason.expected) == ("Ipsen · contact", "e-mail")
    assert reason.found.endswith(f": {value}")


@pytest.mark.parametrize("first", [True, False])
def test_a_text_that_swallowed_a_section_is_doubted(*, first: bool) -> None:
    names = [{**row, "contact": f"madame {row['nom']}"} for row in rows()]
    judged = case(dataset(), changed(names, contact={0: "un mot " * 20}), None if first else names)
    assert only(judged, "shape-changed").found == "140 > 4 × 19"


def test_a_number_that_may_be_a_year_is_a_number_among_numbers() -> None:
    counts = [{**row, "contact": str(12 * number)} for number, row in enumerate(rows(), start=1)]
    assert fired(case(dataset(), changed(counts, contact={0: "2007"}), counts)) == {}


def test_what_the_last_release_has_is_doubted_no_more() -> None:
    released = changed(rows(), contact={0: "par courrier"})
    assert fired(case(dataset(), released, released)) == {}


def test_a_number_must_be_in_the_range_declared_for_its_row() -> None:
    ranges = [{"column": "montant", "where": {"nom": "Ipsen"}, "min": 500, "max": 1000}]
    ranges += [{"column": "montant", "min": 0, "max": 2000}]
    reason = only(case(dataset(ranges=ranges), rows()), "value-out-of-range")
    assert (reason.place, reason.expected, reason.found) == ("Ipsen · montant", "500 … 1,000", "1010")


@pytest.mark.parametrize(("now", "held"), [(1010 * 8, True), (1010 * 7, False), (126, True), (130, False), (0, True)])
def test_a_number_that_leaps_is_doubted(now: int, *, held: bool) -> None:
    judged = case(dataset(), changed(rows(), montant={0: now}), rows())
    assert list(fired(judged)) == (["magnitude-changed"] if held else [])


def test_a_number_that_leaves_zero_or_changes_its_sign_has_leapt() -> None:
    table = changed(rows(), montant={0: 0, 1: -1020})
    reason = only(case(dataset(), rows(), table), "magnitude-changed")
    assert reason.found == "Ipsen: 0 → 1010, Sanofi: -1020 → 1020"


def test_two_cells_exchanged_are_seen() -> None:
    swapped = changed(rows(), contact={0: "info@sanofi.fr", 1: "info@ipsen.fr"})
    reason = only(case(dataset(), swapped, rows()), "values-moved")
    assert "Sanofi → Ipsen (info@sanofi.fr)" in reason.found


def test_a_value_that_a_new_row_takes_from_an_old_one_has_moved() -> None:
    new = {"nom": "Nouvelle", "contact": "info@ipsen.fr", "montant": 2000, "rang": 9}
    judged = case(dataset(), [*changed(rows(), contact={0: "o@ipsen.fr"}), new], rows())
    assert only(judged, "values-moved").found == "Ipsen → Nouvelle (info@ipsen.fr)"


def test_values_that_many_rows_share_are_not_told_to_move() -> None:
    same = [{**row, "contact": "ab"[number % 2] + "@x.fr"} for number, row in enumerate(rows())]
    assert fired(case(dataset(), changed(same, contact={0: "b@x.fr", 1: "a@x.fr"}), same)) == {}


def test_a_row_renamed_keeps_its_values() -> None:
    judged = case(dataset(keys_lost=1), changed(rows(), nom={0: "Ipsen SA"}), rows())
    assert fired(judged) == {}


def test_a_person_put_first_moves_nobody() -> None:
    declared = dataset("rang")
    after = [{**row, "rang": row["rang"] + 1} for row in rows(4)]
    first = {"nom": "Nouvelle", "contact": "info@nouvelle.fr", "montant": 1500, "rang": 1}
    assert fired(case(declared, [first, *after], rows(4))) == {}


@pytest.mark.parametrize(("count", "share", "held"), [(2, 0, False), (3, 0.5, False), (4, 0.5, False), (5, 0.5, True)])
def test_most_rows_changed_at_once_are_doubted(count: int, share: float, *, held: bool) -> None:
    table = changed(rows(), contact={number: f"bureau{number}@x.fr" for number in range(count)})
    judged = case(dataset(values_changed=share), table, rows())
    assert list(fired(judged)) == (["values-changed"] if held else [])


def test_most_values_of_a_column_changed_at_once_are_doubted() -> None:
    before = changed(rows(), contact=dict.fromkeys(range(4)))
    now = changed(before, contact={number: f"bureau{number}@x.fr" for number in (4, 5, 6)})
    assert only(case(dataset(), now, before), "values-changed").found.startswith("3/4")


@pytest.mark.parametrize(
    ("was", "now", "held"),
    [
        ("Hôpital Avicenne", "Hôpital Av", True),
        ("Hôpital Avicenne", "Hôpital", False),
        ("Hôpitaux Avicennes", "Hôpitaux Avicenne", False),
        ("Hôpital Avicenne", "Hôpital Beaujon", False),
    ],
)
def test_a_text_cut_within_a_word_is_doubted(was: str, now: str, *, held: bool) -> None:
    names = [{**row, "contact": f"madame {row['nom']}"} for row in rows()]
    judged = case(dataset(), changed(names, contact={0: now}), changed(names, contact={0: was}))
    assert list(fired(judged)) == (["shape-changed"] if held else [])


def test_what_several_texts_were_given_at_once_is_doubted() -> None:
    names = [{**row, "contact": f"madame {row['nom']}"} for row in rows()]
    now = changed(names, contact={at: f"{names[at]['contact']} (nouveau)" for at in (0, 1)})
    assert "added to several: (nouveau)" in only(case(dataset(), now, names), "shape-changed").found
    assert fired(case(dataset(), changed(names, contact={0: now[0]["contact"]}), names)) == {}


def test_a_rank_that_shifts_is_no_change() -> None:
    assert fired(case(dataset(), [{**row, "rang": 9 - row["rang"]} for row in rows()], rows())) == {}


GARBLED = [
    "TumorothÃ¨que",
    "Tumoroth\ufffdque",
    "Tumoroth?que",
    "H?PITAL",
    "l?innovation",
    "?le-de-France",
    "lâ€™innovation",
    "Tumoroth├¿que",
    "Tumorothèque\x92",
    "r\x00seau",
    "Tumoroth&egrave;que",
    "l&#8217;innovation",
    "recherche&nbsp;clinique",
    "rÚgion",
    "tumorothиque",
    "<strong>Ipsen</strong>",
    "[vc_column width=1]Ipsen",
    "{{ item.nom }}",
    "${nom}",
    "<%= nom %>",
]


@pytest.mark.parametrize("text", GARBLED)
def test_a_garbled_text_is_seen_in_a_value(text: str) -> None:
    names = [{**row, "contact": f"madame {row['nom']}"} for row in rows()]
    reason = only(case(dataset(), changed(names, contact={0: text}), names), "text-garbled")
    assert reason.place == "Ipsen · contact"


def test_an_address_nobody_can_write_to_is_seen() -> None:
    assert "nospam" in only(case(dataset(), changed(rows(), contact={0: "info@nospam.ipsen.fr"})), "text-garbled").found


def test_a_garbled_text_is_seen_in_what_was_printed() -> None:
    judged = case(dataset(), rows(), rows(), evidence=[evidence(montant="1010 â‚¬")])
    reason = only(judged, "text-garbled")
    assert (reason.page, reason.place) == (URL, "Page > liste 1 · ligne 1 · Ipsen · montant")


RIGHT = [
    "Où va la recherche ? Réponse demain.",
    "Vraiment?",
    "« Êtes-vous prêts ? »",
    "voir https://exemple.fr/?p=3&lang=fr, www.x.fr?a=b et exemple.fr/page?id=3",
    "R&D, I&D ; AT&T",
    "p < 0,05 et n > 30",
    "TNFα, IFNγ, β-caténine, 5 µm, 37 °C, n° 1, 2ᵉ, Cᴀ²⁺",
    "Dvořák, Nuñez, Þór, Ångström, Łódź, ŒUVRE, Ÿ",
    "[adresse masquée], duÉtat",
    "À L’HÔPITAL — ÇA ! … “oui”",
]


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_text_is_not_garbled(text: str) -> None:
    names = [{**row, "contact": f"madame {row['nom']}"} for row in rows()]
    assert fired(case(dataset(), changed(names, contact={0: text}), names)) == {}


LETTERS = "abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ"
WORD = st.text(LETTERS, min_size=1, max_size=12).flatmap(
    lambda word: st.sampled_from([word, word, word.capitalize(), word.upper()])
)
JOINT = st.sampled_from(
    [" ", " ", " ", "’", "'", "-", ", ", ". ", " : ", "\u00a0; ", "\u202f! ", "\u00a0? ", " – ", " (", ") "]
)
FRENCH = st.lists(st.tuples(WORD, JOINT), min_size=1, max_size=12).map(lambda parts: "".join(w + j for w, j in parts))


@given(text=FRENCH)
def test_french_is_never_garbled(text: str) -> None:
    table = changed(rows(1), contact={0: text})
    assert CHECKS["text-garbled"](case(dataset(), table)) == []


@given(text=FRENCH.filter(lambda text: any(c in text for c in "àçéèêîôù")))
def test_utf_8_read_as_another_charset_is_always_seen(text: str) -> None:
    mojibake = text.encode().decode("cp1252", errors="replace")
    assert CHECKS["text-garbled"](case(dataset(), changed(rows(1), contact={0: mojibake})))


# The true data

TRUE = sorted((ROOT / "tests" / "expected").glob("*.csv"))


@pytest.mark.parametrize("path", TRUE, ids=lambda path: path.stem)
def test_nothing_is_said_of_the_true_data(path: Path) -> None:
    declared = load("canceropole-idf").dataset(path.stem)
    told = pd.read_csv(path, dtype=str, keep_default_na=False)
    kinds = {field.name: field.type for field in declared.fields}
    typed = [
        {str(name): value_of(kinds[str(name)], text) for name, text in row.items()} for row in told.to_dict("records")
    ]
    assert fired(case(declared, typed)) == {}
    assert fired(case(declared, typed, typed)) == {}


def value_of(kind: str, text: str) -> Any:
    if not text:
        return None
    kinds: dict[str, Callable[[str], Any]] = {
        "integer": int,
        "number": float,
        "boolean": "true".__eq__,
        "date": dt.date.fromisoformat,
    }
    return kinds.get(kind, str)(text)


def test_a_value_that_another_row_keeps_has_come_from_it() -> None:
    now = changed(rows(), contact={2: rows()[1]["contact"]})
    reason = only(case(dataset(), now, rows()), "values-moved")
    assert rows()[1]["contact"] in reason.found


@pytest.mark.parametrize(
    "text",
    [
        "etc.",
        "Voir plus",
        "à venir",
        "N/A",
        "xxx",
        "?",
        "Lire la suite",
        "Liste mise à jour le 3 mai",
        "À pourvoir",
        "[nom]",
        "Ajouter un commentaire",
        "Poste vacant",
        "en cours de recrutement",
        "idem",
        "″",
        "cf. ci-dessus",
        "aucun",
        "NULL",
        "#REF!",
        "undefined",
        "et bien d’autres",
        "(liste non exhaustive)",
        "En savoir plus sur nos programmes",
        "Partager sur Facebook",
        "Rech…",
        "Recherche cli...",
        "Recherche [...]",
        "Rech… lire la suite",
        "Recherche (suite)",
    ],
)
def test_a_placeholder_is_no_value(text: str) -> None:
    new = [*rows(), {"nom": text, "contact": "info@x.fr", "montant": 1000, "rang": 9}]
    assert "shape-changed" in fired(case(dataset(), new, rows()))
    assert "shape-changed" in fired(case(dataset(), new))


@pytest.mark.parametrize("mark", ["¹", "*", " *", "†", " [2]"])
def test_the_mark_of_a_note_is_no_part_of_a_value(mark: str) -> None:
    new = [*rows(), {"nom": f"Roche{mark}", "contact": "info@x.fr", "montant": 1000, "rang": 9}]
    assert "mark of a note" in fired(case(dataset(), new, rows()))["shape-changed"][0].found


def test_a_changed_row_of_which_another_dataset_cannot_read_its_part_is_in_doubt() -> None:
    now = changed(rows(), contact={2: "Pr Denoux"})
    evidence = [
        {"cle": row["nom"], "url": URL, "bloc": "Charte > tableau 1", "position": f"ligne {number}, partie 1"}
        for number, row in enumerate(now, start=1)
    ]
    for place, held in {
        "Charte > tableau 1 · ligne 3 · responsable": True,
        "Charte > tableau 1, ligne 3": True,
        "Charte > tableau 1 · ligne 30": False,
        "Charte > tableau 1 · ligne 2 · responsable": False,
        "Charte > tableau 11 · ligne 3": False,
    }.items():
        judged = case(dataset(), now, rows(), evidence=evidence, refused=frozenset({(URL, place)}))
        found = [reason for reason in CHECKS["row-in-doubt"](judged) if reason.code == "row-in-doubt"]
        assert [reason.found for reason in found] == (["Novartis"] if held else [])
    elsewhere = frozenset({(f"{URL}autre/", "Charte > tableau 1 · ligne 3")})
    assert CHECKS["row-in-doubt"](case(dataset(), now, rows(), evidence=evidence, refused=elsewhere)) == []


def test_a_row_that_says_what_another_dataset_read_in_it_is_in_doubt() -> None:
    """Two cells of a printed row exchanged: this dataset's looks plausible, the other one only loses something."""
    now = changed(rows(), contact={2: "Pr Denoux"})
    [reason] = CHECKS["row-in-doubt"](case(dataset(), now, rows(), beside={"Novartis": frozenset({"denoux"})}))
    assert (reason.code, reason.found) == ("row-in-doubt", "Novartis")
    for beside in ({"Novartis": frozenset({"deno"})}, {"Sanofi": frozenset({"denoux"})}):
        assert CHECKS["row-in-doubt"](case(dataset(), now, rows(), beside=beside)) == []
    assert CHECKS["row-in-doubt"](case(dataset(), rows(), rows(), beside={"Novartis": frozenset({"info"})})) == []
