"""What a page's own styles hide from its reader is not read; what they may show is."""

from __future__ import annotations

import time

import pytest
from test_extract import TABLE, codes, found, parts, sureness

from spiders.blocks import read
from spiders.spans import PageError

URL = "https://www.canceropole-idf.fr/page/"
REAL = "<table><tr><th>Nom<th>Site<tr><td>vrai<td>ici</table>"
DECOY = "<table class=leurre id=l {}><tr><th>Nom<th>Site<tr><td>faux<td>ailleurs</table>"
HIDDEN_BY_STYLE = (
    "display:none",
    "DISPLAY : NONE ! important",
    "display:block;display:none",
    "display:none!important;display:table",
    "display:/* */none",
    r"d\69splay:n\6f ne",
    "visibility:hidden",
    "visibility: collapse",
    "content-visibility:hidden",
    "opacity:0",
    "opacity: 0%",
    "opacity:.01",
    "filter: blur(0) opacity(0)",
    "font-size:0",
    "font-size:1px",
    "font-size:1%",
    "position:absolute;left:-9999px",
    "position:fixed;top:-100vh",
    "position:absolute;left:9999px",
    "text-indent:-999em",
    "margin-left:-99999px",
    "margin:0 0 0 -9999px",
    "transform:scale(0)",
    "transform:translateX(-9999px)",
    "translate:-9999px",
    "clip:rect(0, 0, 0, 0)",
    "clip: rect(1px 1px 1px 1px)",
    "clip-path:inset(50%)",
    "clip-path: circle(0)",
    "width:1px;height:1px;overflow:hidden",
    "max-height:0;overflow:hidden",
    "color:transparent",
    "color:rgba(0,0,0,0)",
    "color:#fff;background:#fff",
    "color:white; background-color: white",
    "color:rgb(255, 255, 255);background:rgb(255,255,255)",
)
SHOWN_BY_STYLE = (
    "",
    "display:table",
    "display:none;display:table",
    "visibility:visible",
    "opacity:1",
    "opacity:0.9",
    "font-size:14px",
    "font-size:0.9em",
    "font-size:80%",
    "left:-10px",
    "margin-left:-15px",
    "margin-top:-120px",
    "width:100%;overflow:hidden",
    "max-height:400px;overflow:hidden",
    "width:0",
    "transform:scale(1.05)",
    "clip:auto",
    "color:#fff;background:#036",
    "color:transparent;background:linear-gradient(red,blue);-webkit-background-clip:text",
    "overflow:hidden;width:calc(100% - 1px)",
    "overflow:hidden;height:1%",
    "overflow:hidden;max-width:.1vw",
    "font-size:calc(1rem + 1px)",
    "font-size:.1rem",
    "left:-100%",
    "color:",
    "color:;background:",
    "color:inherit;background:inherit",
    "color:currentcolor;background:currentcolor",
    "color:var(--c);background:var(--c)",
    "font-family:'display:none'",
)


@pytest.mark.parametrize("style", HIDDEN_BY_STYLE)
def test_a_decoy_hidden_by_its_style_is_not_taken_and_makes_nothing_ambiguous(style: str) -> None:
    decoy = DECOY.format(f'style="{style}"')
    for content in (decoy + REAL, REAL + decoy, f'<div style="{style}">{DECOY}</div>{REAL}'):
        assert parts(found(content, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]
        assert sureness(found(content, TABLE)) == 1.0
    assert codes(found(decoy, TABLE)) == ["block-missing"]


@pytest.mark.parametrize("style", SHOWN_BY_STYLE)
def test_a_table_that_its_style_shows_is_read(style: str) -> None:
    extract = found(REAL.replace("<table", f'<table style="{style}"'), TABLE)
    assert parts(extract) == [{"Nom": "vrai", "Site": "ici"}]


@pytest.mark.parametrize(
    "markup", ["hidden", "hidden=until-found", "aria-hidden=true", "popover", "popover=manual", "class=sr-only"]
)
def test_a_decoy_hidden_by_an_attribute_is_not_taken(markup: str) -> None:
    decoy = f"<div {markup}>{DECOY}</div>"
    assert parts(found(decoy + REAL, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]
    assert codes(found(decoy, TABLE)) == ["block-missing"]


@pytest.mark.parametrize("tag", ["noscript", "template", "dialog", "iframe", "object", "script", "!--"])
def test_a_decoy_in_what_is_no_content_is_not_taken(tag: str) -> None:
    decoy = f"<!--{DECOY}-->" if tag == "!--" else f"<{tag}>{DECOY}</{tag}>"
    assert parts(found(decoy + REAL, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]
    assert codes(found(decoy, TABLE)) == ["block-missing"]


def test_what_a_reader_opens_is_content_so_a_decoy_there_makes_it_ambiguous() -> None:
    closed = f"<details><summary>Archives</summary>{DECOY}</details>"
    assert codes(found(closed + REAL, TABLE)) == ["block-ambiguous"]
    assert parts(found(f"<details>{REAL}</details>", TABLE)) == [{"Nom": "vrai", "Site": "ici"}]


@pytest.mark.parametrize(
    "sheet",
    [
        ".leurre{display:none}",
        "#l { visibility : hidden }",
        "table.leurre, .autre { display: none !important; }",
        "p{color:red}\n/* } */ .leurre {display:none} p{}",
        "@charset 'utf-8';@import url(x.css);.leurre{position:absolute;left:-9999px}",
        "@media screen{.leurre{display:none}}",
        "@media only screen {p{color:red} .leurre{display:none}}",
        "@media all{.leurre{display:none}}",
        "@media print{p{color:black}} .leurre{display:none}",
        ".leurre{display:table}.leurre{display:none}",
        ".leurre{display:none!important}.leurre{display:table}",
        "main > table:first-of-type{opacity:0}",
        r".leurre{d\69splay:none}",
    ],
)
def test_a_decoy_hidden_by_a_style_sheet_of_the_page_is_not_taken(sheet: str) -> None:
    content = f"<style>{sheet}</style>{DECOY.format('')}{REAL}"
    assert parts(found(content, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]


@pytest.mark.parametrize(
    "sheet",
    [
        ".autre{display:none}",
        ".leurre::before{display:none}",
        ".leurre:hover{display:none}",
        "@media print{.leurre{display:none}}",
        "@media (max-width: 600px){.leurre{display:none}}",
        "@keyframes x{from{opacity:0}to{opacity:1}}",
        "@supports (display:grid){.leurre{display:none}}",
        ".leurre{display:none}.leurre{display:table}",
        "table{display:none}#l{display:table!important}",
        "..{display:none}",
        "{display:none}",
        ".leurre{display:none",
        "body{opacity:0}",
    ],
)
def test_what_a_style_sheet_shows_to_some_reader_is_read(sheet: str) -> None:
    content = f"<style>{sheet}</style>{DECOY.format('')}"
    assert parts(found(content, TABLE)) == [{"Nom": "faux", "Site": "ailleurs"}]


def test_an_element_s_own_style_is_over_the_sheet_s_but_for_important() -> None:
    shown = DECOY.format("style=display:table")
    assert parts(found(f"<style>.leurre{{display:none}}</style>{shown}", TABLE)) == [
        {"Nom": "faux", "Site": "ailleurs"}
    ]
    assert codes(found(f"<style>.leurre{{display:none!important}}</style>{shown}", TABLE)) == ["block-missing"]


@pytest.mark.parametrize("size", ["16px", "medium", "1rem", "calc(1rem + 1px)"])
def test_a_font_of_no_size_hides_nothing_around_what_has_its_own(size: str) -> None:
    """What themes do to lists set as blocks in a line, whose spaces would else show."""
    for content in (
        f"<style>table{{font-size:0}} td,th{{font-size:{size}}}</style>{REAL}",
        f"<style>td,th{{font-size:{size}}}</style>{REAL.replace('<table', '<table style=font-size:0')}",
        f"<div style=font-size:0><div style='font-size:{size}'>{REAL}</div></div>",
    ):
        assert parts(found(content, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]


@pytest.mark.parametrize("size", ["0", "1px", "inherit", "100%", "1.2em"])
def test_a_font_of_no_size_hides_what_sizes_itself_after_it(size: str) -> None:
    sheet = f"<style>.leurre{{font-size:0}} .leurre td{{font-size:{size}}}</style>"
    assert parts(found(sheet + DECOY.format("") + REAL, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]


def test_a_page_that_hides_by_more_rules_than_any_theme_is_refused() -> None:
    sheet = "".join(f".c{number}{{display:none}}" for number in range(501))
    with pytest.raises(PageError, match=f"^{URL}: more than 500 style rules that hide or show$"):
        read(f"<style>{sheet}</style><main>{REAL}</main>", URL)
    assert read(f"<style>{sheet.replace('none', 'block')}</style><main>{REAL}</main>", URL).blocks
    with pytest.raises(PageError, match=f"^{URL}: more than 20000 style rules$"):
        read(f"<style>{'p{}' * 20_001}</style><main>{REAL}</main>", URL)


@pytest.mark.parametrize(
    "sheet",
    ["@media" * 200_000, "@media screen{" * 70_000, "a" * 1_000_000 + "{b{", "/*" * 500_000, "@media{a{}" * 19_999],
)
def test_a_style_sheet_made_to_take_long_does_not(sheet: str) -> None:
    started = time.monotonic()
    read(f"<style>{sheet}</style><main>{REAL}</main>", URL)
    assert time.monotonic() - started < 60  # a second as a rule; hours, if it grew with the square


LOOK_ALIKES = ("N\u043em", "\u039dom", "Ｎｏｍ", "No\u0271", "𝐍𝐨𝐦")


@pytest.mark.parametrize("header", LOOK_ALIKES)
def test_a_header_of_look_alike_letters_is_not_the_declared_one(header: str) -> None:
    decoy = DECOY.replace("Nom", header)
    assert parts(found(decoy + REAL, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]
    alone = found(decoy, TABLE)
    assert alone.faults or sureness(alone) <= 0.5, "never sure"


@pytest.mark.parametrize("header", ["Rеsponsable", "Rеspοnsаble", "Ｒesponsable"])
def test_a_long_header_with_a_look_alike_letter_is_no_slip_of_the_pen(header: str) -> None:
    long = {"table": {"headers": ["Responsable", "Site"]}}
    extract = found(DECOY.replace("Nom", header), long)
    assert sureness(extract) <= 0.5
    assert sureness(found(DECOY.replace("Nom", "Responssable"), long)) > 0.9


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\u200d", "\ufeff", "\U000e0041", "\u3164", "\ufe0f"])
def test_what_prints_nothing_is_no_part_of_a_header_or_a_cell(mark: str) -> None:
    marked = REAL.replace("Nom", f"N{mark}om").replace("vrai", f"vr{mark}ai")
    assert parts(found(marked, TABLE)) == [{"Nom": "vrai", "Site": "ici"}]
