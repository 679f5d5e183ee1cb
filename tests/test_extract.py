"""Blocks and declarations to raw rows: exactly one match, or the reason; which page a dataset is read in."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.load import load
from schemas.model import Dataset
from spiders.answers import Answers
from spiders.blocks import read
from spiders.extract import Extract, choose, claimed, gather, unclaimed
from spiders.found import Fault, matches
from spiders.page_extract import listing

TITLE = {"fr": "t", "en": "t"}
ORIGIN = "https://www.canceropole-idf.fr"
PAGE = {"title": "Ressources", "path": "/ressources/"}
PORTAL = load("canceropole-idf").portal


def dataset(*sources: dict[str, Any], name: str = "jeu") -> Dataset:
    return Dataset.model_validate(
        {
            "id": name,
            "title": TITLE,
            "description": TITLE,
            "sources": [source if "each_page" in source else {"page": PAGE, **source} for source in sources],
            "fields": [{"name": "nom", "from": ["nom", "url", "title", "lead", "jour"], "title": TITLE}],
            "key": ["nom"],
            "checks": {"rows": {"min": 0, "max": 9}},
        }
    )


def found(content: str, *sources: dict[str, Any]) -> Extract:
    """What a dataset makes of its own page."""
    return chosen({"/ressources/": f"<h1>Ressources</h1>{content}"}, *sources)


def chosen(pages: dict[str, str], *sources: dict[str, Any]) -> Extract:
    declared = dataset(*sources)
    read_pages = [read(f"<main>{content}</main>", f"{ORIGIN}{path}") for path, content in pages.items()]
    return choose([declared], [f for page in read_pages for f in gather(page, PORTAL, [declared])], Answers())["jeu"]


def parts(extract: Extract) -> list[dict[str, str]]:
    assert extract.faults == []
    return [row.parts for _, _, row in extract.rows]


def codes(extract: Extract) -> list[str]:
    assert extract.rows == []
    return [fault.code for fault in extract.faults]


def sureness(extract: Extract) -> float:
    return min(row.match.confidence for _, _, row in extract.rows)


TABLE = {"table": {"headers": ["Nom", "Site"], "ignored": ["Note"]}}
HEAD = "<tr><th>Nom<th>Site"


# Tables


@pytest.mark.parametrize(
    "rows",
    [
        f"{HEAD}<tr><td>a<td>b",
        "<tr><th>NOM :<th>site<tr><td>a<td>b",
        "<tr><th>Site<th>Nom<tr><td>b<td>a",
        "<tr><th>Nom<th>Note<th>Site<tr><td>a<td>x<td>b",
        f"{HEAD}<th><tr><td>a<td>b<td>&nbsp;",
        f"{HEAD}<tr><td>&nbsp;<td><tr><td>a<td>b<tr>",
        "<tr><td>Nom<td>Site<tr><td>a<td>b",
        "<tr><td colspan=2>Liste<tr><td><b>Nom</b><td>Site<tr><td>a<td>b",
        "<tr><th>Noms<th>Le(s) site(s)<tr><td>a<td>b",
        f"{HEAD}<th>Remarques<tr><td>a<td>b<td>&nbsp;",
        f"{HEAD}{HEAD}<tr><td>a<td>b<tr><td>—<td>…",
        f"{HEAD}<tr><td>a<td>b<tr><td>Total<td>1 site",
        f"{HEAD}<tr><td>(texte)<td>(lieu)<tr><td>a<td>b",
        "<tr><th>N°<th>Nom<th>Site<tr><td>1<td>a<td>b",
        "<tr><th>N°<th>Nom<th>Site<tr><td>1.<td>a<td>b",
        "<tr><th><button>Nom</button><th>Site <button>Trier</button><tr><td>a<td>b",
        f"{HEAD}</table><table>{HEAD}<tr><td>a<td>b",  # a header that stays where it is while the rows scroll
    ],
)
def test_a_table_is_found_by_its_headers(rows: str) -> None:
    extract = found(f"<table>{rows}</table>", TABLE)
    assert parts(extract) == [{"Nom": "a", "Site": "b"}]
    assert sureness(extract) == 1.0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Four words of five; a header nobody knows, where all others are as declared.
        ("<table><tr><th>Nom complet<th>Site<tr><td>a<td>b<tr><td>c<td>d</table>", 2 / 3),
        ("<table><tr><th>Nom<th>Lieu<tr><td>a<td>b<tr><td>c<td>d</table>", 0.5),
        # A cell across the table is a title of what follows, surer when it is printed as one.
        (f"<table>{HEAD}<tr><th colspan=2>Paris<tr><td>a<td>b<tr><td>c<td>d</table>", 0.95),
        (f"<table>{HEAD}<tr><td colspan=2>Paris<tr><td>a<td>b<tr><td>c<td>d</table>", 0.8),
        (f"<table>{HEAD}<tr><td><b>Paris</b><td><tr><td>a<td>b<tr><td>c<td>d</table>", 0.8),
        (f"<table>{HEAD}<tr><td>a<td>b<tr><td>Total<td><tr><td>c<td>d</table>", 0.85),
        # One table under several sub-headings, its header row repeated or not.
        (f"<h2>Un</h2><table>{HEAD}<tr><td>a<td>b</table><h2>Deux</h2><table>{HEAD}<tr><td>c<td>d</table>", 0.8),
        (f"<h2>Un</h2><table>{HEAD}<tr><td>a<td>b</table><h2>Deux</h2><table><tr><td>c<td>d</table>", 0.7),
    ],
)
def test_a_table_that_is_almost_as_declared_is_read_and_less_sure(content: str, expected: float) -> None:
    extract = found(content, TABLE)
    assert parts(extract) == [{"Nom": "a", "Site": "b"}, {"Nom": "c", "Site": "d"}]
    assert sureness(extract) == pytest.approx(expected, abs=0.001)
    assert all(row.match.doubt for _, _, row in extract.rows)


def test_a_header_repeated_in_every_cell_for_narrow_screens_is_no_part_of_the_value() -> None:
    rows = "".join(f"<tr><td><span>Nom :</span> {n}<td><span>Site</span> s{n}" for n in "abc")
    assert parts(found(f"<table>{HEAD}{rows}</table>", TABLE)) == [{"Nom": n, "Site": f"s{n}"} for n in "abc"]


def test_a_table_by_its_roles_is_a_table() -> None:
    head = "<div role=row><span role=columnheader>Nom</span><span role=columnheader>Site</span></div>"
    rows = "<div role=row><span role=cell>a</span><span role=cell>b</span></div>"
    assert parts(found(f"<div role=table>{head}{rows}</div>", TABLE)) == [{"Nom": "a", "Site": "b"}]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<p>rien</p>", "block-missing"),
        ("<table><tr><th>Ville<th>Pays<tr><td>a<td>b</table>", "block-missing"),
        ("<table><tr><th>Nom<tr><td>a</table>", "column-missing"),
        (f"<table>{HEAD}<tr><td>a<td>b</table><table>{HEAD}<tr><td>a<td>c</table>", "block-ambiguous"),
        # The old list below the list of today: not one table split in two.
        (f"<table>{HEAD}<tr><td>a<td>b</table><h2>Avant</h2><table>{HEAD}<tr><td>c<td>d</table>", "block-ambiguous"),
        # The list of today under headers nobody knows, and the old one below it.
        (
            f"<table><tr><th>Ville<th>Pays<tr><td>a<td>b<tr><td>c<td>e</table><table>{HEAD}<tr><td>a<td>b<tr><td>c<td>d",
            "block-ambiguous",
        ),
        (f"<table><tr><td>x<td>y{HEAD}<tr><td>a<td>b</table>", "row-malformed"),
        (f"<table>{HEAD}<th>Pays<tr><td colspan=2>a<td>b</table>", "column-unknown"),
        (f"<table>{HEAD}<th><tr><td colspan=2>a<td></table>", "row-malformed"),
        (f"<table>{HEAD}<th>Ville<tr><td>a<td>b<td>c</table>", "column-unknown"),
        (f"<table>{HEAD}<th><tr><td>a<td>b<td>c</table>", "column-unknown"),
        (f"<table>{HEAD}<th>Nom<tr><td>a<td>b<td>c</table>", "column-unknown"),
        (f"<table>{HEAD}<tr><td>a</table>", "row-malformed"),
        (f"<table>{HEAD}<tr><td>a<td>b<td>c</table>", "row-malformed"),
    ],
)
def test_a_table_that_is_not_as_declared_stops_the_dataset(content: str, code: str) -> None:
    assert codes(found(content, TABLE)) == [code]


def test_the_mark_of_a_note_is_no_part_of_a_text_and_an_exponent_is() -> None:
    rows = (
        "<tr><td>Cochin<sup>1</sup><td>sur 10<sup>6</sup> m<sup>2</sup>"
        "<tr><td>Foch<sup><a href=#n>[2]</a></sup><td>1<sup>er</sup>"
    )
    assert parts(found(f"<table>{HEAD}{rows}</table>", TABLE)) == [
        {"Nom": "Cochin", "Site": "sur 10⁶ m²"},
        {"Nom": "Foch", "Site": "1er"},
    ]


@pytest.mark.parametrize("header", ["Ancien site", "Site non retenu", "Site proposé"])
def test_a_header_that_means_another_column_is_another(header: str) -> None:
    rows = "<tr><th>Nom<th>Site<th>Ville<tr><td>a<td>b<td>c"
    source = {"table": {"headers": ["Nom", "Site", "Ville"]}}
    assert codes(found(f"<table>{rows.replace('Site', header)}</table>", source)) == ["column-missing"]


def test_what_is_struck_out_no_longer_holds() -> None:
    rows = "<tr><td><del>x</del> a<td><s>y</s>b<tr><td><strike>z</strike><td>"
    assert parts(found(f"<table>{HEAD}{rows}</table>", TABLE)) == [{"Nom": "a", "Site": "b"}]


def test_an_address_printed_is_the_one_linked() -> None:
    row = "<tr><td>a<td><a href='mailto:info@x.fr?subject=s'>{}</a>"
    (printed,) = parts(found(f"<table>{HEAD}{row.format('Info@x.fr')}</table>", TABLE))
    assert printed["Site"] == "Info@x.fr"
    assert codes(found(f"<table>{HEAD}{row.format('info@nospam.x.fr')}</table>", TABLE)) == ["text-not-understood"]


def test_a_table_printed_twice_is_one_and_less_sure() -> None:
    extract = found(f"<table>{HEAD}<tr><td>a<td>b</table><p>Ou :</p><table>{HEAD}<tr><td>a<td>b</table>", TABLE)
    assert (parts(extract), sureness(extract)) == ([{"Nom": "a", "Site": "b"}], 0.9)


def test_a_cell_gives_its_text_and_link_and_its_place() -> None:
    extract = found(f"<h2>Liste</h2><table>{HEAD}<tr><td><a href='/x'>a</a><td>b<br>c</table>", TABLE)
    ((source, url, row),) = extract.rows
    assert (source, url, row.position) == (1, f"{ORIGIN}/ressources/", "ligne 1")
    assert row.block == "Ressources > Liste > tableau 1"
    assert row.parts == {"Nom": "a", "Nom.link": f"{ORIGIN}/x", "Site": "b c"}


# Lists


@pytest.mark.parametrize(
    ("declared", "content"),
    [
        (
            {"after": "les suivants"},
            "<p>Les noms sont les suivants :</p><ul><li>a<li>b</ul><p>Voir :</p><ul><li>c</ul>",
        ),
        ({"after": "les suivants"}, "<p>Les suivants :</p><ul><li>a<li>b</ul><ul><li><a href=/>Accueil</a></ul>"),
        ({"after": "les suivants"}, "<p>Les suivants :</p><p>• a</p><p>• b</p><p>Une phrase.</p>"),
        ({"after": "les suivants"}, "<p>Les suivants :<br>– a<br>– b</p>"),
        ({"after": "les suivants"}, "<p>Les suivants :<br>a<br>b</p>"),
        ({"after": "les suivants"}, "<p>Les suivants :</p><p>1. a</p><p>2) b</p>"),
        ({"after": "les suivants"}, "<p>Les suivants :</p><dl><dd>a<dd>b</dl>"),
        ({"after": "les suivants"}, "<dl><dt>Les suivants :<dd>a<dd>b</dl>"),
        ({"heading": "^Noms$"}, "<h2>2. Noms :</h2><ul><li>a<li>b</ul>"),
        ({"heading": "^Noms$"}, "<h2>📌 Noms <a href='#noms'>#</a></h2><ul><li>a<li>b</ul>"),
        ({"heading": "^Noms$"}, "<h3><button>Noms<svg></svg></button></h3><ul><li>a<li>b</ul>"),
        ({"heading": "^Noms$"}, "<div role=heading aria-level=3>Noms</div><ul><li>a<li>b</ul>"),
        ({"heading": "^Noms$"}, "<details><summary>Noms</summary><ul><li>a<li>b</ul></details><ul><li>c</ul>"),
        ({"heading": "^Noms$"}, "<fieldset><legend>Noms</legend><ul><li>a<li>b</ul></fieldset>"),
        (
            {"heading": "^Noms$"},
            (
                "<a id=t role=tab>Noms</a><div role=tabpanel aria-labelledby=t hidden><ul><li>a<li>b</ul></div>"
                "<ul><li>c</ul>"
            ),
        ),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ul><li>✓ a<li>✓ b</ul>"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ul><li>👉 a<li>👉 b</ul>"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ol><li>1. a<li>2. b</ol>"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ul><li>a) a<li>b) b</ul>"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><div role=list><p role=listitem>a</p><p role=listitem>b</p></div>"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ul><li>a<li>b</ul><h2>Noms</h2><ul><li>a<li>b</ul>"),
        (
            {"heading": "^Noms$"},
            "<p><strong>Noms</strong></p><ul><li>a<li>b</ul><p><strong>Autres</strong></p><ul><li>c</ul>",
        ),
        ({"heading": "^Ressources$"}, "<ul><li>a<li>b</ul>"),
        ({"after": "les suivants"}, "<p>Les suivants :</p><p>a<br>b</p>"),
        ({"after": "les suivants"}, "<h2>Les suivants</h2><ul><li>a<li>b</ul>"),
        ({"heading": "^Noms$"}, "<h2>NOMS</h2><p>Une phrase.</p><ul><li>a<li>b</ul><h2>Autres</h2><ul><li>c</ul>"),
        ({"heading": "^Noms$", "after": "suivants"}, "<h2>Noms</h2><ul><li>c</ul><p>suivants</p><ul><li>a<li>b</ul>"),
    ],
)
def test_a_list_is_found_by_what_introduces_it(declared: dict[str, str], content: str) -> None:
    extract = found(content, {"list": declared})
    assert [part["text"] for part in parts(extract)] == ["a", "b"]
    assert sureness(extract) >= 0.9


@pytest.mark.parametrize(
    ("declared", "content", "expected"),
    [
        ({"after": "suivants"}, "<p>suivants</p><ul><li>a</ul><ul><li>b</ul>", 0.8),
        ({"after": "suivants"}, "<p>suivants</p><p>Une phrase.</p><ul><li>a<li>b</ul>", 0.8),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ul><li>a</ul><ul><li>b</ul>", 0.8),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><p>a<br>b</p>", 0.8),
        ({"after": "suivants"}, "<p>suivants</p><table><tr><td>a<tr><td>b</table>", 0.85),
        ({"after": "suivants"}, "<p>suivants</p><p>a</p><p>b</p>", 0.7),
    ],
)
def test_a_list_printed_otherwise_is_read_and_less_sure(
    declared: dict[str, str], content: str, expected: float
) -> None:
    extract = found(content, {"list": declared})
    assert [part["text"] for part in parts(extract)] == ["a", "b"]
    assert sureness(extract) == expected


@pytest.mark.parametrize("items", ["<li><b>Noms</b><li>a<li>b", "<li>a<li>b<li><a href=/x>Tous les noms</a>"])
def test_an_item_unlike_the_others_makes_a_list_less_sure(items: str) -> None:
    extract = found(f"<h2>Noms</h2><ul>{items}</ul>", {"list": {"heading": "^Noms$"}})
    assert (len(parts(extract)), sureness(extract)) == (3, 0.85)


@pytest.mark.parametrize(
    "items", ["<li>1. a<li>3. b", "<li>€ a<li>✓ b", "<li>A. Dupont<li>B. Durand", "<li>+ 5<li>+ 6"]
)
def test_what_is_no_mark_of_all_items_is_text(items: str) -> None:
    texts = [part["text"] for part in parts(found(f"<h2>Noms</h2><ul>{items}</ul>", {"list": {"heading": "^Noms$"}}))]
    assert texts == items.removeprefix("<li>").split("<li>")


def test_a_lone_item_is_one_where_the_other_lists_are_bulleted_lines() -> None:
    content = "<h2>Axe 1</h2><p>- a</p><p>- b</p><h2>Axe 2</h2><p>Un mot.</p><p>- c</p>"
    extract = found(content, {"list": {"heading": r"^Axe (?P<axe>\d)", "many": True}})
    assert parts(extract) == [{"text": t, "axe": n} for t, n in (("a", "1"), ("b", "1"), ("c", "2"))]


def test_a_paragraph_that_begins_with_a_dash_is_a_paragraph() -> None:
    extract = found("<p>- Près de 30 % des cas.</p>", {"sentence": {"pattern": r"(?P<part>\d+) %"}})
    assert parts(extract) == [{"part": "30", "text": "30 %"}]


@pytest.mark.parametrize(
    ("declared", "content", "code"),
    [
        ({"after": "suivants"}, "<p>suivants</p><p>Une phrase.</p><p>Une autre.</p><ul><li>a</ul>", "block-missing"),
        ({"after": "suivants"}, "<p>suivants</p><p>Une seule ligne.</p>", "block-missing"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><ul><li>a</ul><p>Et :</p><ul><li>b</ul>", "block-ambiguous"),
        ({"heading": "^Noms$"}, "<h2>Noms</h2><p>a</p><p>b</p>", "block-missing"),
        ({"heading": "^Axe", "many": True}, "<h2>Axe 1</h2><ul><li>a</ul><h2>Axe 2</h2><p>b</p>", "block-missing"),
        ({"heading": "^Noms$", "many": True}, "<h2>Autres</h2><ul><li>a</ul>", "block-missing"),
    ],
)
def test_a_list_that_is_not_where_declared_stops_the_dataset(declared: dict[str, Any], content: str, code: str) -> None:
    assert codes(found(content, {"list": declared})) == [code]


def test_a_list_gives_the_groups_of_what_introduces_it() -> None:
    source = {"list": {"heading": r"^Axe (?P<axe>\d)", "after": r"en (?P<annee>\d+)", "many": True}}
    content = "<h2>Axe 1</h2><p>en 2015</p><ul><li>a</ul><h2>Axe 2</h2><p>en 2016</p><ul><li><a href='/b'>b</a></ul>"
    assert parts(found(content, source)) == [
        {"text": "a", "axe": "1", "annee": "2015"},
        {"text": "b", "axe": "2", "annee": "2016", "link": f"{ORIGIN}/b", "link_text": "b"},
    ]


def test_the_number_of_rows_a_page_states_is_told_with_them() -> None:
    source = {"list": {"after": r"(?P<nombre>\w+) noms"}, "count": "nombre"}
    for content, count in (("<p>Les trois noms :</p><ul><li>a<li>b</ul>", 3), ("<p>2 noms</p><ul><li>a</ul>", 2)):
        assert [said.count for _, _, said in found(content, source).stated] == [count]
    assert codes(found("<p>Les beaux noms</p><ul><li>a</ul>", source)) == ["text-not-understood"]


def test_a_total_row_states_a_number_of_rows_unless_it_is_an_amount() -> None:
    for total, stated in (("2", [2]), ("2 sites", [2]), ("3 €", []), ("1 200", []), ("", [])):
        extract = found(f"<table>{HEAD}<tr><td>a<td>b<tr><td>Total<td>{total}</table>", TABLE)
        assert [said.count for _, _, said in extract.stated] == stated


def test_another_page_may_state_the_number_of_rows_and_only_that() -> None:
    here = {"list": {"heading": "^Ressources$"}}
    counting = {"page": {"title": "Nombres", "path": "/nombres/"}, "count": "n", "only_counts": True}
    there = {**counting, "sentence": {"pattern": r"(?P<n>\d+) noms"}}
    own = {"/ressources/": "<h1>Ressources</h1><ul><li>a</ul>"}
    extract = chosen({**own, "/nombres/": "<h1>Nombres</h1><p>5 noms</p>"}, here, there)
    assert ([row.parts for _, _, row in extract.rows], [s.count for _, _, s in extract.stated]) == (
        [{"text": "a"}],
        [5],
    )
    extract = chosen({**own, "/nombres/": "<h1>Nombres</h1><p>Des noms</p>"}, here, there)
    assert (extract.faults, [note.code for note in extract.notes]) == ([], ["count-unfound"])
    assert chosen(own, here, there).notes == []


# Sections and sentences


def test_a_section_is_all_that_stands_below_its_heading() -> None:
    source = {"section": {"heading": "^Pays : (?P<pays>.+)$"}}
    content = "<h2>Pays : Suède</h2><p>un</p><h3>Détail</h3><ul><li>deux<li>trois</ul><h2>Autre</h2><p>quatre</p>"
    assert parts(found(content, source)) == [{"pays": "Suède", "text": "un\ndeux\ntrois"}]


@pytest.mark.parametrize(
    ("many", "content", "code"),
    [
        (False, "<h2>Autre</h2>", "block-missing"),
        (True, "<h2>Autre</h2>", "block-missing"),
        (False, "<h2>Pays : Suède</h2><h2>Pays : Chine</h2>", "block-ambiguous"),
        (True, "<h2>Pays : Suède</h2><h2>Autre</h2>", "text-not-understood"),
    ],
)
def test_a_heading_that_is_not_as_declared_stops_the_dataset(content: str, code: str, *, many: bool) -> None:
    assert codes(found(content, {"section": {"heading": "^Pays : (?P<pays>.+)$", "many": many}})) == [code]


def test_a_sentence_gives_its_groups_as_printed() -> None:
    source = {"sentence": {"heading": "^Région$", "pattern": r"pres de (?P<part>\d+ ?%) des deces d'ici"}}
    extract = found(
        "<p>près de 1% des décès d'ici</p><h2>RÉGION</h2><p>Soit Près de 30\u00a0% des Décès d’ici.</p>", source
    )
    assert parts(extract) == [{"part": "30 %", "text": "Près de 30 % des Décès d’ici"}]
    assert extract.rows[0][2].position == "caractères 6-33"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<p>rien</p>", "block-missing"),
        ("<p>3 axes</p><p>4 axes</p>", "block-ambiguous"),
        ("<p>3 axes, 4 axes</p>", "block-ambiguous"),
    ],
)
def test_a_sentence_that_is_not_there_once_stops_the_dataset(content: str, code: str) -> None:
    assert codes(found(content, {"sentence": {"pattern": r"(?P<n>\d) axes"}})) == [code]


def test_a_pattern_that_a_page_makes_slow_stops_its_dataset_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spiders.found._SECONDS", 0.1)
    monkeypatch.setattr("spiders.found._SECONDS_IN_ALL", 0.15)
    slow = {"sentence": {"pattern": r"(?P<nom>a*a*a*a*)[^-a]b"}}
    page = f"<p>{'a' * 5_000}-b</p><p>Les 7 axes</p>"
    assert codes(found(page, slow)) == ["pattern-too-slow"]
    assert parts(found(page, {"sentence": {"pattern": r"(?P<n>\d) axes"}}))[0]["n"] == "7"


def test_what_a_page_takes_is_not_taken_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spiders.found._SECONDS", 0.1)
    monkeypatch.setattr("spiders.found._SECONDS_IN_ALL", 0.05)
    pattern = r"(?P<nom>a*a*a*a*)[^-a]b"
    slow = {"sentence": {"pattern": pattern}}
    assert codes(found(f"<p>{'a' * 5_000}-b</p>", slow)) == ["pattern-too-slow"]
    with pytest.raises(Fault, match="pattern-too-slow"):
        matches(pattern, "aacb")  # in the same page, nothing is left
    assert parts(found("<p>aacb</p>", slow))[0]["nom"] == "aa"


def test_a_page_that_matches_without_end_stops_its_dataset_only() -> None:
    assert codes(found(f"<p>{'7 axes ' * 10_001}</p>", {"sentence": {"pattern": r"\d axes", "many": True}})) == [
        "text-not-understood"
    ]


# Several rows of one part


EACH = {
    "sentence": {"pattern": "^Avec (?P<noms>.+)$"},
    "each": {"part": "noms", "pattern": r"(?P<nom>\w+) \((?P<lieu>\w+)\)", "between": r",? et |, "},
}


def test_a_part_divides_into_rows() -> None:
    extract = found("<p>Avec Ève (Lyon), Zoé (Est) et Léa (Paris)</p>", EACH)
    assert [(part["nom"], part["lieu"]) for part in parts(extract)] == [
        ("Ève", "Lyon"),
        ("Zoé", "Est"),
        ("Léa", "Paris"),
    ]
    assert [row.position.rsplit(", ", 1)[1] for _, _, row in extract.rows] == ["partie 1", "partie 2", "partie 3"]


@pytest.mark.parametrize(
    "text",
    ["Ève et Léa (Paris)", "Ève (Lyon) puis Léa (Paris)", "Ève (Lyon) et d’autres", "personne", "Ève (Lyon), Léa"],
)
def test_a_part_that_does_not_divide_whole_stops_the_dataset(text: str) -> None:
    assert codes(found(f"<p>Avec {text}</p>", EACH)) == ["text-not-understood"]


def test_parts_are_cut_from_the_text() -> None:
    source = {
        "list": {"heading": "^Noms$"},
        "parts": {"annee": r"\d{4}", "lieux": r"à (\w+)(?: puis (\w+))?", "absent": "rien"},
    }
    assert parts(found("<h2>Noms</h2><ul><li>en 2015 à Lyon puis Paris<li>en 2016 à Est</ul>", source)) == [
        {"text": "en 2015 à Lyon puis Paris", "annee": "2015", "lieux": "Lyon; Paris"},
        {"text": "en 2016 à Est", "annee": "2016", "lieux": "Est"},
    ]


# One row a page


def test_each_page_with_a_date_is_a_row_but_not_in_an_archive() -> None:
    source = {"each_page": {"where": r"Publié le \d+"}, "parts": {"jour": r"Publié le (\d+)"}}
    post = "<p>Le début.</p><p>Publié le 8</p>"
    pages = {
        "/a/": f"<h1>A</h1>{post}",
        "/sans/": "<h1>Sans date</h1><p>rien</p>",
        "/deux/": f"<h1>Deux</h1>{post}{post}",
        "/tag/x/": f"<h1>Tag</h1>{post}",
        "/liste/": f"<article><h2><a href='/a/'>A</a></h2>{post}</article>",
    }
    # A row keeps what columns come from, not the text of its page.
    assert parts(chosen(pages, source)) == [{"url": f"{ORIGIN}/a/", "title": "A", "lead": "Le début.", "jour": "8"}]


# Which page


def whole(name: str = "a") -> str:
    return f"<table>{HEAD}<tr><td>{name}<td>b</table>"


def own(content: str) -> str:
    return f"<h1>Ressources</h1>{content}"


def copied(content: str) -> str:
    return f"<article><h2><a href='/ressources/'>Ressources</a></h2>{content}</article>"


@pytest.mark.parametrize(
    ("pages", "url", "notes"),
    [
        ({"/ressources/": own(whole()), "/autre/": own(whole("z"))}, "/ressources/", []),
        ({"/autre/": own("<p>rien</p>"), "/ressources": own(whole())}, "/ressources", []),
        ({"/neuf/": own(whole()), "/autre/": own("<p>rien</p>")}, "/neuf/", ["address-moved"]),
        ({"/neuf/": own(whole()), "/ancien/": own(whole())}, "/ancien/", ["address-moved"]),
        ({"/ressources/": own(whole()), "/tag/x/": copied(whole("z"))}, "/ressources/", ["copies-differ"]),
        ({"/ressources/": own(whole()), "/tag/x/": copied(whole())}, "/ressources/", []),
        ({"/tag/x/": copied(whole())}, "/tag/x/", ["found-elsewhere"]),
        ({"/tag/x/": copied(whole()), "/tag/y/": copied(whole())}, "/tag/x/", ["found-elsewhere"]),
        ({"/titre-nouveau/": f"<h1>Autre titre</h1>{whole()}"}, "/titre-nouveau/", ["found-elsewhere"]),
    ],
)
def test_a_dataset_is_read_in_its_own_page_or_one_whole_copy(pages: dict[str, str], url: str, notes: list[str]) -> None:
    extract = chosen(pages, TABLE)
    assert parts(extract) == [{"Nom": "a", "Site": "b"}]
    assert {address for _, address, _ in extract.rows} == {f"{ORIGIN}{url}"}
    assert [note.code for note in extract.notes] == notes


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ({}, "page-missing"),
        ({"/ressources/": "<h1>Autre</h1><p>rien</p>"}, "page-missing"),
        ({"/ressources/": own("<p>rien</p>"), "/tag/x/": copied(whole())}, "block-missing"),
        ({"/neuf/": own(whole()), "/autre/": own(whole("z"))}, "page-ambiguous"),
        ({"/tag/x/": copied(whole()), "/tag/y/": copied(whole("z"))}, "page-ambiguous"),
    ],
)
def test_a_dataset_without_one_page_is_stopped(pages: dict[str, str], code: str) -> None:
    assert codes(chosen(pages, TABLE)) == [code]


@pytest.mark.parametrize(("language", "code"), [("en-GB", ["page-missing"]), ("fr", []), ("", [])])
def test_a_page_in_another_language_never_feeds_a_dataset(language: str, code: list[str]) -> None:
    declared = dataset(TABLE)
    page = read(f"<html lang='{language}'><main>{own(whole())}</main>", f"{ORIGIN}/ressources/")
    extract = choose([declared], gather(page, PORTAL, [declared]))["jeu"]
    assert [fault.code for fault in extract.faults] == code


def test_one_missing_source_does_not_hide_the_others_rows() -> None:
    extract = found(whole(), TABLE, {"list": {"heading": "^Noms$"}})
    assert [fault.code for fault in extract.faults] == ["block-missing"]
    assert [number for number, _, _ in extract.rows] == [1]


# Unclaimed


def test_what_no_declaration_uses_ignores_or_copies_is_listed() -> None:
    declared = dataset(TABLE)
    content = {
        "/ressources/": own(f"{whole()}<ul><li>une liste<li>b</ul><p>texte</p>"),
        "/copie/": f"<h1>Copie</h1>{whole()}<table><tr><td>x<ul><li>dedans</ul></table><ul></ul>",
        "/notre-ecosysteme/": "<h1>Notre écosystème</h1><ul><li>Nos membres et partenaires</ul>",
    }
    pages = [read(f"<main>{html}</main>", f"{ORIGIN}{path}") for path, html in content.items()]
    extract = choose([declared], [f for page in pages for f in gather(page, PORTAL, [declared])], Answers())["jeu"]
    used = {p.url: {index for url, index in extract.used if url == p.url} for p in pages}
    copies = {digest for p in pages for digest in claimed(listing(p, ()), used[p.url])}
    listed = [one for p in pages for one in unclaimed(p.url, p.title, listing(p, ()), used[p.url], copies, PORTAL)]
    assert listed == [
        {"page": f"{ORIGIN}/ressources/", "block": "list", "place": "Ressources > liste 1", "head": "une liste"},
        {"page": f"{ORIGIN}/copie/", "block": "table", "place": "Copie > tableau 2", "head": "x dedans"},
    ]
