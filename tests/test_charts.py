"""A chart draws what its table says; no cell is markup, style or address in it; it is no part of a release."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from browser import visiting
from conftest import ROOT, Done, canceropole
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html
from test_refresh import archive_of, declarations, out, refresh, released

from pipeline.paths import Home, read_json, write_json
from pipeline.site import inline_svg
from pipeline.site.build import build, current
from pipeline.site.charts import NARROW, WIDE, ChartError, Drawing, drawing
from pipeline.site.pages import Pages, Site
from pipeline.site.policy import POLICY
from pipeline.site.words import number
from schemas.charts import Chart
from schemas.load import HOME, DeclarationError, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from schemas.kinds import Language

__all__ = ["out"]  # a fixture

PORTAL = "canceropole-idf"
SVG = "{http://www.w3.org/2000/svg}"
ASSETS = ROOT / "pipeline" / "site" / "assets"
ATTRIBUTES = {
    *("class", "d", "fill", "fill-opacity", "height", "opacity", "stroke-dasharray", "stroke-linecap", "stroke-width"),
    *("text-anchor", "transform", "width", "x", "x2", "y", "y2", "role", "aria-label", "viewBox"),
}
TEXT = {"fr": "Un titre", "en": "A title"}
GRANTED = {2007: 4_500_000, 2008: 4_950_000, 2014: 2_525_000}
FUNDING = [
    {"financeur": "INCa", "nature": "cumul", "debut_annee": 2004, "montant_eur": 25_100_000},
    {"financeur": "Région Île-de-France", "nature": "cumul", "debut_annee": 2004, "montant_eur": 40_000_000},
    *(
        {"financeur": "Région Île-de-France", "nature": "annuel", "debut_annee": year, "montant_eur": amount}
        for year, amount in GRANTED.items()
    ),
]
SERIES: dict[str, Any] = {
    "mark": "bar",
    "encoding": {
        "x": {"field": "nom", "type": "nominal"},
        "y": {"field": "valeur", "type": "quantitative"},
        "color": {"field": "serie", "type": "nominal"},
    },
}
TITLES = {"nom": "Nom", "serie": "Série", "valeur": "Valeur", "jour": "Jour"}


def chart(spec: dict[str, Any]) -> Chart:
    return Chart.model_validate({"title": TEXT, "description": TEXT, "spec": spec})


def row(nom: str | None, valeur: float | None, serie: str = "a", jour: str | None = None) -> dict[str, Any]:
    return {"nom": nom, "serie": serie, "valeur": valeur, "jour": jour}


def drawn(spec: dict[str, Any], *rows: dict[str, Any], language: Language = "fr") -> Drawing:
    return drawing(chart(spec), rows, TITLES, language)


def funding(language: Language) -> Drawing:
    dataset = load(PORTAL).dataset("financements")
    assert dataset.chart is not None
    titles = {field.name: getattr(field.title, language) for field in dataset.fields}
    return drawing(dataset.chart, FUNDING, titles, language)


def parsed(svg: str) -> Any:
    return etree.fromstring(svg.encode())


def texts(svg: str) -> list[str]:
    return [text.text for text in parsed(svg).iter(f"{SVG}text")]


def marks(svg: str) -> list[str]:
    return [mark.get("aria-label") for mark in parsed(svg).iter() if mark.get("role") == "graphics-symbol"]


def assert_harmless(svg: str) -> None:
    for element in parsed(svg).iter():
        assert element.tag.removeprefix(SVG) in {"svg", "desc", "g", "path", "line", "rect", "text"}
        assert set(element.attrib) <= ATTRIBUTES
        assert set(element.get("class", "").split()) <= {"chart-svg", "chart-legend"} | {
            f"chart-{kind}-{name}" for kind in ("fill", "line") for name in ("ink", "muted", "grid", *"123456")
        }


def test_funding_is_drawn_by_year_as_french_is_written() -> None:
    told = funding("fr")
    svg = told.svg()
    assert told.table == [["2007", "4,5"], ["2008", "4,95"], ["2014", "2,53"]]
    assert marks(svg) == [
        f"Année\xa0: {year}\xa0; Millions d'euros\xa0: {amount}"
        for year, amount in (("2007", "4,5"), ("2008", "4,95"), ("2014", "2,53"))
    ]
    assert {"2007", "2008", "2014", "4,5", "4,95", "2,53", "Millions d'euros"} <= set(texts(svg))
    assert parsed(svg).get("aria-label") == "Financements annuels de la Région Île-de-France"
    assert parsed(svg).get("role") == "img"
    assert parsed(svg).find(f"{SVG}desc").text == told.description
    assert_harmless(svg)


def test_and_as_english_is() -> None:
    told = funding("en")
    assert marks(told.svg())[1] == "Year: 2008; Millions of euros: 4.95"
    assert "4.95" in texts(told.svg())


def test_a_drawing_has_the_width_asked_for() -> None:
    widths = [parsed(funding("fr").svg(width)).get("viewBox").split()[2] for width in (WIDE, NARROW)]
    assert widths == [str(WIDE), str(NARROW)]


def test_thousands_are_apart_on_axes_and_in_labels() -> None:
    spec = {**SERIES, "encoding": {**SERIES["encoding"], "y": {**SERIES["encoding"]["y"], "axis": {"format": ",d"}}}}
    french, english = (drawn(spec, row("a", 12_000), language=language).svg() for language in ("fr", "en"))
    assert "12\u202f000" in texts(french)
    assert "12,000" in texts(english)
    assert marks(french) == ["Nom\xa0: a\xa0; Série\xa0: a\xa0; Valeur\xa0: 12\u202f000"]


def test_rows_are_counted_and_the_most_come_first_in_the_table_too() -> None:
    spec = {
        "transform": [{"aggregate": [{"op": "count", "as": "nombre"}], "groupby": ["serie"]}],
        "mark": "bar",
        "encoding": {
            "x": {"field": "nombre", "type": "quantitative", "title": {"fr": "Nombre", "en": "Number"}},
            "y": {"field": "serie", "type": "nominal", "sort": "-x"},
        },
    }
    told = drawn(spec, *(row(None, None, serie) for serie in "abbcbc"))
    assert told.titles == {"serie": "Série", "nombre": "Nombre"}
    assert told.table == [["b", "3"], ["c", "2"], ["a", "1"]]
    names = [text for text in texts(told.svg()) if text in {"a", "b", "c"}]
    assert names == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ({"filter": {"field": "nom", "equal": "a"}}, ["1"]),
        ({"filter": {"field": "nom", "oneOf": ["a", "b"]}}, ["1", "2"]),
        ({"filter": {"field": "valeur", "gte": 2}}, ["2", "3"]),
        ({"filter": {"field": "valeur", "lte": 2}}, ["1", "2"]),
        ({"filter": {"field": "jour", "valid": True}}, ["3"]),
        ({"aggregate": [{"op": "sum", "field": "valeur", "as": "valeur"}], "groupby": ["serie"]}, ["6"]),
        ({"aggregate": [{"op": "mean", "field": "valeur", "as": "valeur"}], "groupby": ["jour"]}, ["1,5", "3"]),
        ({"aggregate": [{"op": "max", "field": "valeur", "as": "valeur"}], "groupby": []}, ["3"]),
        ({"calculate": "datum.valeur / 4", "as": "valeur"}, ["0,25", "0,5", "0,75", "–"]),
        ({"timeUnit": "utcyear", "field": "jour", "as": "valeur"}, ["–", "–", "2014", "–"]),
    ],
)
def test_a_step_leaves_what_vega_lite_would(step: dict[str, Any], left: list[str]) -> None:
    kind = "nominal" if "timeUnit" in step else "quantitative"
    spec = {"transform": [step], "mark": "tick", "encoding": {"x": {"field": "valeur", "type": kind}}}
    rows = [row("a", 1), row("b", 2), row("c", 3, jour="2014-11-05"), row(None, None)]
    assert [cells[0] for cells in drawn(spec, *rows).table] == left


def printed(command: list[str], **env: str) -> str:
    return subprocess.run(command, env={**os.environ, **env}, check=True, capture_output=True, text=True).stdout


def test_a_day_is_as_precise_as_it_is_and_the_same_in_every_time_zone() -> None:
    made = """if True:
        import sys
        from schemas.load import load
        from pipeline.site.charts import drawing
        chart = load("canceropole-idf").dataset("relations_internationales").chart
        rows = [{"date_evenement": day, "partenaire": day, "nature": "visite"} for day in sys.argv[1:]]
        print(drawing(chart, rows, {"date_evenement": "Date", "partenaire": "Qui", "nature": "Nature"}, "fr").svg())"""
    days = ("2006", "2011-05", "2011-05-22")
    svgs = {
        printed([sys.executable, "-c", made, *days], TZ=zone) for zone in ("Pacific/Auckland", "America/Los_Angeles")
    }
    [svg] = svgs
    told = [mark.split("\xa0; ")[0] for mark in marks(svg)]
    assert told == ["Date\xa0: 2006", "Date\xa0: mai 2011", "Date\xa0: 22 mai 2011"]


HOSTILE = [
    "</text></svg><script>alert(1)</script>",
    "javascript:alert(1)",
    '" onload="alert(1)" x="',
    "]]><!--<style>*{display:none}</style>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "url(#a) expression(alert(1))",
    "{{ 7 * 7 }} {% raw %}",
]


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_hostile_cell_is_text(cell: str) -> None:
    told = drawn(SERIES, row(cell, 1, cell), row("b", 2))
    svg = told.svg()
    assert_harmless(svg)
    assert marks(svg)[0] == f"Nom\xa0: {cell}\xa0; Série\xa0: {cell}\xa0; Valeur\xa0: 1"
    page = Pages(Site("x", console=False), "fr").chart(told, svg, svg)
    elements = list(html.fromstring(page).iter())
    assert not {element.tag for element in elements} & {"script", "style", "img", "a"}
    assert not [name for element in elements for name in element.attrib if name.startswith("on") or "href" in name]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            row,
            st.none() | st.text(st.characters(), max_size=30) | st.sampled_from(HOSTILE),
            st.none() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
            st.text(max_size=5),
            st.none() | st.dates().map(str) | st.text(max_size=5),
        ),
        max_size=12,
    ),
    st.sampled_from(["bar", "line", "area", "point", "tick", "rect", "rule", "text"]),
    st.sampled_from(["nominal", "temporal"]),
)
def test_whatever_the_rows_the_drawing_is_harmless(rows: list[dict[str, Any]], mark: str, kind: str) -> None:
    x = {"field": "jour", "type": "temporal", "timeUnit": "utcyearmonth"} if kind == "temporal" else None
    encoding = {**SERIES["encoding"], "text": {"field": "nom", "type": "nominal"}}
    told = drawn({"mark": mark, "encoding": {**encoding, "x": x or encoding["x"]}}, *rows)
    assert_harmless(told.svg())
    assert len(told.table) == len(rows)


def test_any_figure_can_be_written() -> None:
    assert number(1e26, "en") == "100,000,000,000,000,000,000,000,000"
    assert drawn(SERIES, row("a", 1e26), language="en").table == [["a", "a", number(1e26, "en")]]


@pytest.mark.parametrize(
    "made",
    [
        "<script>alert(1)</script>",
        '<image href="https://example.org/a.png"/>',
        '<a href="https://example.org/"><text fill="#f00011">x</text></a>',
        '<path d="M0,0" fill="url(#a)"/>',
        '<path d="url(javascript:alert(1))" fill="#f00001"/>',
        '<text transform="expression(1)" fill="#f00011">x</text>',
    ],
)
def test_what_no_chart_has_is_refused(made: str) -> None:
    with pytest.raises(inline_svg.NotDrawnError):
        inline_svg.inline(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{made}</svg>', "t", "d")


def test_the_same_is_drawn_again_and_has_the_same_digest() -> None:
    one, other = (drawn(SERIES, row("a", 1)) for _ in range(2))
    assert one.svg() == other.svg()
    assert one.digest(WIDE) == other.digest(WIDE)
    others = {
        one.digest(WIDE),
        one.digest(NARROW),
        drawn(SERIES, row("a", 2)).digest(WIDE),
        drawn(SERIES, row("a", 1), language="en").digest(WIDE),
        drawn({**SERIES, "height": 100}, row("a", 1)).digest(WIDE),
    }
    assert len(others) == 5


def test_more_rows_than_a_picture_has_room_for_are_not_drawn() -> None:
    with pytest.raises(ChartError, match="expected at most 2000 rows to draw, got 2001"):
        drawn(SERIES, *(row("a", number) for number in range(2001)))


def test_a_release_without_a_column_has_no_chart_of_it() -> None:
    with pytest.raises(ChartError, match="expected the columns serie, got nom, valeur"):
        drawing(chart(SERIES), [], {"nom": "Nom", "valeur": "Valeur"}, "fr")


BANKS = "\nchart: {title: {fr: a, en: a}, description: {fr: a, en: a}, spec: {%s}}\n"
COUNTED = "transform: [{aggregate: [{op: count, as: n}], groupby: [nom]}], "
BAR = "mark: bar, encoding: {x: {field: nom, type: nominal%s}}"


@pytest.mark.parametrize(
    ("spec", "key", "told"),
    [
        ("data: {url: 'https://example.org/a.csv'}, " + BAR % "", "chart.spec.data", "Extra inputs are not permitted"),
        ("datasets: {a: []}, " + BAR % "", "chart.spec.datasets", "Extra inputs"),
        ("params: [{name: a, bind: scales}], " + BAR % "", "chart.spec.params", "Extra inputs"),
        ("usermeta: {embedOptions: {}}, " + BAR % "", "chart.spec.usermeta", "Extra inputs"),
        ("config: {background: red}, " + BAR % "", "chart.spec.config", "Extra inputs"),
        ("width: 100000, " + BAR % "", "chart.spec.width", "Extra inputs"),
        ("height: 100000, " + BAR % "", "chart.spec.height.constrained-int", "less than or equal to 800"),
        ("mark: image, encoding: {url: {field: nom, type: nominal}}", "chart.spec.mark.type", "got 'image'"),
        ("mark: geoshape", "chart.spec.mark.type", "got 'geoshape'"),
        ("mark: {type: bar, href: 'javascript:alert(1)'}", "chart.spec.mark.href", "Extra inputs"),
        ("mark: bar, encoding: {href: {field: nom, type: nominal}}", "chart.spec.encoding.href", "Extra inputs"),
        (BAR % ", axis: {labelExpr: 'datum.label'}", "chart.spec.encoding.x.axis.labelExpr", "Extra inputs"),
        (BAR % ", axis: {format: '%x'}", "chart.spec.encoding.x.axis.format", "got '%x'"),
        (BAR % ", scale: {range: [red]}", "chart.spec.encoding.x.scale.range", "Extra inputs"),
        ("transform: [{filter: 'datum.nom'}], " + BAR % "", "chart.spec.transform.0.filter", "got 'datum.nom'"),
        ("transform: [{lookup: nom}], " + BAR % "", "chart.spec.transform.0.lookup", "Extra inputs"),
        (
            "transform: [{calculate: 'sequence(1e9)', as: n}], " + BAR % "",
            "chart.spec.transform.0.calculate",
            "got 'sequence(1e9)'",
        ),
        (
            "mark: bar, encoding: {x: {field: lieu, type: nominal}}",
            "(file)",
            "chart names no column of the dataset, or of what a step leaves: lieu",
        ),
        (
            COUNTED + "mark: bar, encoding: {x: {field: rang, type: nominal}}",
            "(file)",
            "or of what a step leaves: rang",
        ),
        (
            "transform: [{calculate: datum.rang * 2, as: n}], mark: bar, encoding: {x: {field: n, type: quantitative}}",
            "(file)",
            "chart draws what no channel gives a title: n",
        ),
        ("encoding: {x: {field: nom, type: nominal}}", "chart.spec", "exactly one of mark and layer"),
        (BAR % ", timeUnit: utcyear", "chart.spec.encoding.x", "goes with the type temporal"),
        ("mark: bar, encoding: {color: {field: rang, type: quantitative}}", "chart.spec.encoding", "is nominal"),
    ],
)
def test_what_no_chart_may_ask_for_is_refused(tmp_path: Path, spec: str, key: str, told: str) -> None:
    schemas = declarations(tmp_path, "tumorotheques.yml", "\nkey:", f"{BANKS % spec}key:")
    with pytest.raises(DeclarationError) as caught:
        load(PORTAL, schemas)
    lines = str(caught.value).splitlines()
    assert any(line.startswith(f"{PORTAL}/tumorotheques.yml:{key}") and told in line for line in lines), lines


def test_a_table_too_long_to_draw_needs_an_aggregate(tmp_path: Path) -> None:
    before, after = "rows: {min: 15, max: 60", "rows: {min: 15, max: 2001"
    schemas = declarations(tmp_path, "tumorotheques.yml", before, after)
    path = schemas / PORTAL / "tumorotheques.yml"
    path.write_text(path.read_text(encoding="utf-8") + BANKS % (BAR % ""), encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"chart draws at most 2000 rows.*checks\.rows\.max is 2001"):
        load(PORTAL, schemas)


def charted(tmp_path: Path, before: str = "", after: str = "") -> Path:
    """The declarations of a few datasets with the chart of one, in which a text is replaced."""
    whole = (HOME / PORTAL / "financements.yml").read_text(encoding="utf-8")
    told = whole[whole.index("\nchart:") :]
    assert before in told
    return declarations(tmp_path, "financements.yml", "\nchecks:", f"{told.replace(before, after, 1)}checks:")


def page_of(out: Path) -> str:
    return (out / "site" / PORTAL / "tables" / "financements.html").read_text(encoding="utf-8")


def test_a_chart_that_vega_lite_does_not_draw_is_told_and_missing_and_the_data_is_there(
    few: Done, out: Path, tmp_path: Path
) -> None:
    schemas = charted(tmp_path, 'axis: {format: ".0f", tickCount: 5}', 'axis: {format: "%Y"}')
    done = canceropole("check", "--schemas", schemas, out=out)
    assert done.status == 1
    assert f"{PORTAL}/financements.yml:chart.spec: expected a chart that Vega-Lite draws, got " in done.stderr
    assert refresh(out, f"run:{archive_of(few).parent.name}", schemas=schemas)["outcome"] == "unchanged"
    assert "Un graphique manque" in page_of(out)
    assert "25.1 millions" in page_of(out)


def test_a_changed_chart_changes_the_page_and_makes_no_release(few: Done, out: Path, tmp_path: Path) -> None:
    before, source = released(out), f"run:{archive_of(few).parent.name}"
    for name, text in (("a", "Un montant par année."), ("b", "Une barre par année.")):
        schemas = charted(tmp_path / name, "Un montant par année.", text)
        report = refresh(out, source, schemas=schemas)
        assert (report["outcome"], report["version"]) == ("unchanged", None)
        assert released(out) == before
        assert page_of(out).count("<figure") == 1
        assert text in page_of(out)


def test_what_was_drawn_is_kept_while_it_is_the_same(few: Done, out: Path, tmp_path: Path) -> None:
    home, declared = Home(out / PORTAL), load(PORTAL, charted(tmp_path))
    build(home, declared)
    folder = current(out)
    assert few.status == 0
    assert folder is not None
    for kept in (folder / ".charts").glob("*.svg"):
        kept.write_text("<svg><!-- kept --></svg>", encoding="utf-8")
    told = read_json(home.status)
    [entry] = [entry for entry in told["datasets"] if entry["name"] == "financements"]
    entry["good"] = "2020-01-01T00:00:00Z"  # what the page says, and the chart does not
    write_json(home.status, told)
    build(home, declared)
    assert "1er janvier 2020" in page_of(out)
    assert page_of(out).count("<!-- kept -->") == 2


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.2, 'contrast ratio')."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_and_texts_are_seen(scheme: str) -> None:
    told: dict[str, str] = {}
    for name in ("site.css", "chart.css"):
        light, dark = re.split(r"@media[^{]*dark", (ASSETS / name).read_text(encoding="utf-8"), maxsplit=1)
        source = light if scheme == "light" else dark.split("\n}\n", 1)[0]
        told |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", source))
    series = [told[f"chart-{number}"] for number in range(1, 7)]
    assert min(contrast(colour, told["paper"]) for colour in series) >= 3
    assert min(contrast(told[name], told["paper"]) for name in ("ink", "muted")) >= 4.5


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a page with two series is served, as the site has it."""
    folder = tmp_path_factory.mktemp("page")
    told = drawn(SERIES, row("a", 1, "un"), row("b", 2, "deux"), row("c", 3, "un"))
    figure = Pages(Site("x", console=False), "fr").chart(told, told.svg(), told.svg(NARROW))
    for name in ("site.css", "chart.css", "chart.js"):
        (folder / name).write_bytes((ASSETS / name).read_bytes())
    links = "".join(f'<link rel="stylesheet" href="{name}.css">' for name in ("site", "chart"))
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>t</title>'
        f'<link rel="icon" href="chart.css"><meta http-equiv="Content-Security-Policy" content="{POLICY}">{links}'
        f'<script type="module" src="chart.js"></script></head><body><main>{figure}</main></body></html>',
        encoding="utf-8",
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def tip(page: Page) -> str:
    shown = page.locator(".chart-tip:visible")
    return shown.inner_text() if shown.count() else ""


def test_a_mark_says_its_row_under_the_pointer_and_under_the_focus(browser: Browser, address: str) -> None:
    with visiting(browser, viewport={"width": 900, "height": 900}) as visit:
        visit.page.goto(address)
        told = visit.page.locator(".chart-wide [role=graphics-symbol]")
        told.nth(1).hover()
        assert tip(visit.page) == "Nom\xa0: b\xa0; Série\xa0: deux\xa0; Valeur\xa0: 2"
        visit.page.keyboard.press("Escape")
        assert tip(visit.page) == ""
        visit.page.keyboard.press("Tab")
        for key, name in (("", "a"), ("ArrowRight", "b"), ("End", "c"), ("ArrowRight", "c"), ("ArrowLeft", "b")):
            if key:
                visit.page.keyboard.press(key)
            assert tip(visit.page).startswith(f"Nom\xa0: {name}")
        visit.page.keyboard.press("Escape")
        assert tip(visit.page) == ""
        assert visit.faults == []


def test_a_series_is_chosen_by_its_legend(browser: Browser, address: str) -> None:
    with visiting(browser, viewport={"width": 360, "height": 700}) as visit:
        visit.page.goto(address)
        entry = visit.page.get_by_role("button", name="deux")
        faint = visit.page.locator(".chart-narrow .chart-faint")
        entry.click()
        assert (entry.get_attribute("aria-pressed"), faint.count()) == ("true", 2)
        entry.press("Enter")
        assert (entry.get_attribute("aria-pressed"), faint.count()) == ("false", 0)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360
        assert visit.faults == []


def test_without_scripts_the_drawing_is_an_image_with_its_table(browser: Browser, address: str) -> None:
    with visiting(browser, viewport={"width": 900, "height": 900}, java_script_enabled=False) as visit:
        visit.page.goto(address)
        assert visit.page.get_by_role("img", name="Un titre").count() == 1  # the other is for a phone
        visit.page.locator("summary").click()
        assert visit.page.locator("tbody tr").all_inner_texts() == ["a\tun\t1", "b\tdeux\t2", "c\tun\t3"]


def test_the_script_is_small() -> None:
    assert (ASSETS / "chart.js").stat().st_size < 4_000
