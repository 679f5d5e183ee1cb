"""HTML as a reader sees it: what becomes a block, what does not, and where each stands."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiders.blocks import read
from spiders.page import Block, Link, Page
from spiders.spans import PageError

ORIGIN = "https://www.canceropole-idf.fr"
URL = f"{ORIGIN}/le-canceropole-idf/page/"
NESTED = 10_000


def page(content: str) -> Page:
    return read(f"<main>{content}</main>", URL)


def only(content: str) -> Block:
    (block,) = page(content).blocks
    return block


def texts(read_page: Page) -> list[tuple[str, str]]:
    return [(block.kind, block.head) for block in read_page.blocks]


def cells(block: Block) -> list[list[str]]:
    assert block.grid is not None
    return [[cell.text for cell in row] for row in block.grid.rows]


def headers(content: str) -> tuple[str, ...]:
    grid = only(content).grid
    assert grid is not None
    return grid.headers


# Text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>  deux\n mots </p>", "deux mots"),
        ("<p>INCa<br>Région<br/>\nMembres</p>", "INCa\nRégion\nMembres"),
        ("<p>l&rsquo;h&ocirc;pital &amp; l&#x2019;&#233;quipe</p>", "l’hôpital & l’équipe"),
        ("<p>3&nbsp;SATT\u202f!</p>", "3 SATT !"),
        ("<p>du<a href='/x'>Contrat</a></p>", "duContrat"),
        ("<p>un<span>e</span> <em>seule</em> <b>ligne</b></p>", "une seule ligne"),
        ("<p><br>&nbsp;<br>seule<br></p>", "seule"),
        ("texte sans balise", "texte sans balise"),
        ("<p><a href='/x'>L'appel (nouvelle fenêtre)</a>, (nouvelle fenêtre)</p>", "L'appel, (nouvelle fenêtre)"),
        ("<p><a href='/x'>Le site<span> (s’ouvre dans un nouvel onglet)</span></a></p>", "Le site"),
        ("<p>avant<!-- un commentaire --> après</p>", "avant après"),
    ],
)
def test_a_paragraph_is_its_printed_lines(html: str, text: str) -> None:
    block = only(html)
    assert (block.kind, block.rich.text) == ("paragraph", text)


@pytest.mark.parametrize(
    "html", ["", "<p></p>", "<p>&nbsp;</p>", "<div><p> <br> </p></div>", "<h2> </h2>", "<img alt=x>"]
)
def test_what_prints_nothing_is_no_block(html: str) -> None:
    assert page(html).blocks == ()


def test_blocks_inside_a_paragraphs_inline_elements_stand_alone() -> None:
    assert texts(page("avant<span><div>dedans</div></span>après")) == [
        ("paragraph", "avant"),
        ("paragraph", "dedans"),
        ("paragraph", "après"),
    ]


@pytest.mark.parametrize("tag", ["b", "strong"])
def test_a_text_is_bold_when_all_of_it_is(tag: str) -> None:
    assert only(f"<ul><li><{tag}>tout</{tag}> </li></ul>").items[0].bold
    assert not only(f"<ul><li><{tag}>une</{tag}> partie</li></ul>").items[0].bold


# Links


@pytest.mark.parametrize(
    ("href", "absolute"),
    [
        ("/contact/", f"{ORIGIN}/contact/"),
        ("suite/", f"{URL}suite/"),
        ("../", f"{ORIGIN}/le-canceropole-idf/"),
        ("#bas", f"{URL}#bas"),
        ("//autre.example/", "https://autre.example/"),
        (" http://autre.example/a b ", "http://autre.example/a b"),
        ("MAILTO:info@x.example", "MAILTO:info@x.example"),
        ("http://miroir.example:8080/contact/", f"{ORIGIN}/contact/"),
        ("http://miroir.example:8080", ORIGIN),
        ("http://miroir.example:80800/", "http://miroir.example:80800/"),
    ],
)
def test_a_link_is_absolute_and_on_the_portal(href: str, absolute: str) -> None:
    html = f"<main><p><a href='{href}'>ici</a></p></main>"
    (block,) = read(html, URL, base="http://miroir.example:8080/", origin=ORIGIN).blocks
    assert block.rich.links == (Link(absolute, "ici"),)


@pytest.mark.parametrize(
    ("base", "absolute"),
    [
        ("https://autre.example/dossier/", "https://autre.example/dossier/suite/"),
        ("/ailleurs/", f"{ORIGIN}/ailleurs/suite/"),
        ("http://miroir.example:8080/", f"{ORIGIN}/suite/"),
        ("http://[", f"{URL}suite/"),
        ("javascript:x", f"{URL}suite/"),
    ],
)
def test_a_link_is_relative_to_what_the_page_says(base: str, absolute: str) -> None:
    html = f"<head><base target=_top><base href='{base}'></head><main><p><a href='suite/'>ici</a></p></main>"
    (block,) = read(html, URL, base="http://miroir.example:8080/", origin=ORIGIN).blocks
    assert block.rich.links == (Link(absolute, "ici"),)


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "ftp://x/",
        "http://[",
        "",
    ],
)
def test_a_link_that_leads_nowhere_safe_is_text(href: str) -> None:
    block = only(f'<p><a href="{href}">ici</a></p>')
    assert (block.rich.text, block.rich.links) == ("ici", ())


def test_one_link_in_pieces_is_one_link() -> None:
    block = only("<p><a href='/x'>Accéder à <b>l'atlas</b></a> ou <a href='/y'>non</a><a href='/z'> </a></p>")
    assert block.rich.links == (Link(f"{ORIGIN}/x", "Accéder à l'atlas"), Link(f"{ORIGIN}/y", "non"))


# Headings


def test_each_block_has_the_headings_above_it() -> None:
    found = page("<h1>A</h1><p>a</p><h2>B</h2><h4>C</h4><p>c</p><h3>D</h3><p>d</p><h2>E</h2><p>e</p>").blocks
    assert {block.head: block.path for block in found if block.kind == "paragraph"} == {
        "a": ("A",),
        "c": ("A", "B", "C"),
        "d": ("A", "B", "D"),
        "e": ("A", "E"),
    }
    assert found[-1].place == "A > E > paragraphe 4"


def test_nesting_does_not_hide_a_heading() -> None:
    found = page("<div><div><h2>Titre<br>long</h2></div></div><section><div><p>texte</p></div></section>").blocks
    assert found[-1].path == ("Titre long",)


# Lists


def test_a_nested_list_is_a_list_of_its_own() -> None:
    outer, inner, deepest = page("<ul><li>un<ul><li>un.un<ol><li>profond</ol><li>un.deux</ul><li>deux</ul>").blocks
    assert [item.text for item in outer.items] == ["un", "deux"]
    assert [item.text for item in inner.items] == ["un.un", "un.deux"]
    assert [item.text for item in deepest.items] == ["profond"]
    assert (outer.inside, inner.inside, deepest.inside) == (None, outer.index, inner.index)


def test_an_items_lines_and_paragraphs_are_its_lines() -> None:
    block = only("<ul><li><p>un</p><p>deux<br>trois</p></li><li>&nbsp;</li></ul>")
    assert [item.text for item in block.items] == ["un\ndeux\ntrois"]


def test_a_table_in_an_item_is_inside_the_list() -> None:
    outer, table = page("<ul><li>un<table><tr><td>x</table></ul>").blocks
    assert (table.kind, table.inside, [item.text for item in outer.items]) == ("table", outer.index, ["un"])


# Tables


@pytest.mark.parametrize(
    ("rows", "grid"),
    [
        ("<tr><td>a<td>b<tr><td>c<td>d", [["a", "b"], ["c", "d"]]),
        ("<tr><td colspan=2>a<td>b<tr><td>c<td>d<td>e", [["a", "a", "b"], ["c", "d", "e"]]),
        ("<tr><td rowspan=2>a<td>b<tr><td>c", [["a", "b"], ["a", "c"]]),
        ("<tr><td>a<td rowspan=2>b<tr><td>c", [["a", "b"], ["c", "b"]]),
        ("<tr><td rowspan=2 colspan=2>a<td>b<tr><td>c", [["a", "a", "b"], ["a", "a", "c"]]),
        ("<tr><td rowspan=0>a<td>b<tr><td>c<tr><td>d", [["a", "b"], ["a", "c"], ["a", "d"]]),
        ("<tr><td rowspan=9>a<td>b<tr><td>c", [["a", "b"], ["a", "c"]]),
        ("<tr><td colspan=0>a<td colspan=-1>b<td colspan=x>c<td colspan='²'>d", [["a", "b", "c", "d"]]),
        ("<tr><td>a<td>b<tr><tr><td>c<td>d", [["a", "b"], ["c", "d"]]),
        ("<thead><tr><th>a<tbody><tr><td>b<tfoot><tr><td>c", [["a"], ["b"], ["c"]]),
    ],
)
def test_spans_are_resolved(rows: str, grid: list[list[str]]) -> None:
    assert cells(only(f"<table>{rows}</table>")) == grid


def test_a_spanned_cell_says_where_it_is_repeated() -> None:
    grid = only("<table><tr><td colspan=2>a<td>b<tr><td rowspan=1>c<td>d<td>e</table>").grid
    assert grid is not None
    assert [[cell.across for cell in row] for row in grid.rows] == [[False, True, False], [False, False, False]]


def test_a_table_has_its_caption() -> None:
    grid = only("<table><caption>Aide <i>annuelle</i></caption><tr><td>a</table>").grid
    assert grid is not None
    assert grid.caption == "Aide annuelle"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><th>Année<th>Montant<tr><td>2007<td>1", ("Année", "Montant")),
        ("<thead><tr><th>Année<th>Montant</thead><tr><th>2007<td>1", ("Année", "Montant")),
        ("<tr><td><b>Année</b><td><p><strong>Montant</strong></p><tr><td>2007<td>1", ("Année", "Montant")),
        ("<tr><th colspan=2>Aide<tr><th>Année<th>Montant<tr><td>2007<td>1", ("Année", "Montant")),
        ("<tr><th>Année<th>&nbsp;<tr><td>2007<td>1", ("Année", "")),
        ("<tr><td>Année<td>Montant<tr><td>2007<td>1", ()),
        ("<tr><td><b>Année</b> civile<td><b>Montant</b><tr><td>2007<td>1", ()),
        ("<tr><th>Année<td>2007<tr><th>Montant<td>1", ()),
        ("<tr><td>&nbsp;<td><tr><td>2007<td>1", ()),
    ],
)
def test_headers_are_known_by_th_or_bold(rows: str, expected: tuple[str, ...]) -> None:
    assert headers(f"<table>{rows}</table>") == expected


def test_a_lay_out_table_gives_each_column_its_heading() -> None:
    found = page(
        "<h2>Axes</h2><table><tr><td><h3>Un</h3><td><h3>Deux</h3>"
        "<tr><td>texte un<td>texte deux<tr><td><ul><li>a</ul><td><ul><li>b</ul>"
        "<tr><td colspan=2><h3>Trois</h3><tr><td colspan=2>texte trois</table><p>dehors</p>"
    ).blocks
    table = next(block for block in found if block.kind == "table")
    assert [(block.head, block.path, block.inside) for block in found if block.kind in {"paragraph", "list"}] == [
        ("texte un", ("Axes", "Un"), table.index),
        ("texte deux", ("Axes", "Deux"), table.index),
        ("a", ("Axes", "Un"), table.index),
        ("b", ("Axes", "Deux"), table.index),
        ("texte trois", ("Axes", "Trois"), table.index),
        ("dehors", ("Axes",), None),
    ]


def test_a_table_inside_a_table_is_not_its_rows() -> None:
    found = page("<table><tr><td>a<table><tr><td>x<td>y</table><td>b</table>").blocks
    outer, inner = [block for block in found if block.kind == "table"]
    assert (len(cells(outer)), cells(inner), inner.inside) == (1, [["x", "y"]], outer.index)


def test_a_table_too_large_to_be_data_is_refused() -> None:
    rows = "<tr><td rowspan=65534 colspan=1000>x" + "<tr><td>y" * 300
    with pytest.raises(PageError, match=r"a table of more than 200000 cells"):
        page(f"<table>{rows}</table>")


# What surrounds the content


@pytest.mark.parametrize(
    "html",
    [
        "<nav><ul><li>menu</ul></nav>",
        "<aside><table><tr><td>x</table></aside>",
        "<p hidden>x</p>",
        "<p style='color:red; DISPLAY : none'>x</p>",
        "<p style='visibility:hidden'>x</p>",
        "<p aria-hidden=true>x</p>",
        "<div role=navigation><p>x</div>",
        "<script>document.write('<p>x</p>')</script>",
        "<style>p {color: red}</style>",
        "<noscript><p>x</p></noscript>",
        "<template><p>x</p></template>",
        "<svg><text>x</text></svg>",
        "<select><option>x</select>",
        "<iframe src=/x>x</iframe>",
    ],
)
def test_what_a_reader_does_not_see_as_content_is_not_read(html: str) -> None:
    assert texts(page(f"<p>avant</p>{html}<p>après</p>")) == [("paragraph", "avant"), ("paragraph", "après")]
    assert only(f"<ul><li>item {html}</ul>").items[0].text == "item"


@pytest.mark.parametrize("attributes", ["hidden", "style='display:none'", "aria-hidden=true"])
def test_hidden_rows_cells_and_items_are_not_read(attributes: str) -> None:
    assert cells(only(f"<table><tr><td>a<tr {attributes}><td>x</table>")) == [["a"]]
    assert cells(only(f"<table><tr><td>a<td {attributes}>x</table>")) == [["a"]]
    assert [item.text for item in only(f"<ul><li>a<li {attributes}>x</ul>").items] == ["a"]
    assert [item.text for item in only(f"<ul><li>a<ul {attributes}><li>x</ul></ul>").items] == ["a"]


def test_with_a_main_the_rest_is_not_read() -> None:
    html = "<div><p>bandeau</p></div><div role=main><p>contenu</p></div><p>bas</p>"
    assert texts(read(html, URL)) == [("paragraph", "contenu")]


def test_without_a_main_the_frame_is_known_by_its_names() -> None:
    html = (
        "<header><p>enseigne</p></header><div id=masthead><p>enseigne</p></div><ul class='top-menu'><li>menu</ul>"
        "<div><article><header><h1>Titre</h1></header><p>contenu</p><footer><p>Publié</p></footer></article></div>"
        "<div class='widget-area'><p>x</p></div><section id=comments><p>x</p></section><footer><p>bas</p></footer>"
    )
    found = read(html, URL)
    assert texts(found) == [("heading", "Titre"), ("paragraph", "contenu"), ("paragraph", "Publié")]
    assert found.title == "Titre"


# The page


def test_a_page_builder_s_widgets_are_content() -> None:
    found = read("<div class='elementor-widget-container'><h1>Titre</h1><p>contenu</p></div>", URL)
    assert texts(found) == [("heading", "Titre"), ("paragraph", "contenu")]


def test_a_list_right_inside_a_list_is_read_too() -> None:
    found = read("<main><ul><li>A</li><ul><li>B</li></ul></ul></main>", URL)
    assert [[item.text for item in block.items] for block in found.blocks] == [["A"], ["B"]]
    assert [block.inside for block in found.blocks] == [None, 0]


def test_a_part_of_the_head_title_names_a_page_only_where_its_heading_does_not() -> None:
    visit = read("<title>Visite 2014 - Financements</title><main><h1>Visite 2014 - Financements</h1>", URL)
    assert not visit.named("Financements")
    logo = read("<title>Mon site | Financements</title><main><h1>Mon logo</h1>", URL)
    assert logo.named("Financements")


def test_a_page_is_named_by_its_heading_or_its_title() -> None:
    found = read(
        "<html lang=FR-fr><title>Tumorothèques &#8211; Cancéropôle</title><main><h1>Les  tumorothèques</h1>", URL
    )
    assert (found.title, found.language) == ("Les tumorothèques", "fr-fr")
    assert found.named("LES TUMOROTHEQUES !")
    assert found.named("TUMOROTHEQUES")
    assert not found.named("Tumorothèque")


@pytest.mark.parametrize(
    ("href", "repeats"),
    [("/autre/", True), ("/le-canceropole-idf/page", False), ("#haut", False), ("mailto:a@b.fr", False), ("", False)],
)
def test_a_page_whose_articles_lead_elsewhere_repeats_others(href: str, *, repeats: bool) -> None:
    found = page(f"<article><h2><a href='{href}'>Titre</a></h2><p>texte</p></article>")
    assert found.repeats_others is repeats
    assert [block.article for block in found.blocks] == [0, 0]


def test_an_empty_answer_is_a_page_without_blocks() -> None:
    assert read("", URL).blocks == ()
    assert read("<frameset><frame src=x></frameset>", URL).title == ""


# Broken and hostile HTML


def test_unclosed_and_misnested_elements_are_read_as_browsers_do() -> None:
    assert texts(page("<p>un<p>deux<ul><li>a<li>b</ul></b><h2>T</h3><p>trois")) == [
        ("paragraph", "un"),
        ("paragraph", "deux"),
        ("list", "a"),
        ("heading", "T"),
        ("paragraph", "trois"),
    ]


@pytest.mark.parametrize("opened", ["<div>", "<span>", "<article>", "<b>", "<blockquote><span>"])
def test_deep_nesting_is_read_to_its_end(opened: str) -> None:
    assert only(opened * NESTED + "au fond").rich.text == "au fond"


@pytest.mark.parametrize("opened", ["<ul><li>", "<table><tr><td>", "<div><ol><li><table><tr><td>"])
def test_deep_lists_and_tables_are_read_without_fault(opened: str) -> None:
    assert page("<p>avant</p>" + opened * 500 + "au fond").blocks[0].head == "avant"


MARKUP = st.lists(
    st.sampled_from(
        "<p> </p> <div> </div> <ul> </ul> <li> <table> </table> <tr> <td> <th> <td/rowspan=2> <td/colspan=3> <h1> "
        "<h2> </h2> <br> <b> </b> <a/href=/x> </a> <main> </main> <nav> <article> </article> <!-- --> &nbsp; &#0; & < "
        "mot".split()
    )
    | st.text(max_size=3),
    max_size=40,
).map("".join)


@settings(deadline=None, max_examples=400)
@given(st.text() | MARKUP)
def test_any_text_is_read_and_its_blocks_are_numbered_in_order(html: str) -> None:
    found = read(html, URL).blocks
    assert [block.index for block in found] == list(range(len(found)))
    for kind in {block.kind for block in found}:
        numbers = [block.number for block in found if block.kind == kind]
        assert numbers == list(range(1, len(numbers) + 1))
    assert all(found[block.inside].kind in {"list", "table"} for block in found if block.inside is not None)
    assert all(block.inside is None or block.inside < block.index for block in found)
    assert len({block.place for block in found}) == len(found)
