"""SQL in a real browser, over the real server, on a real release."""

from __future__ import annotations

import csv
import io
import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copytree
from threading import Thread
from typing import TYPE_CHECKING, Literal

import duckdb
import pytest
from browser import Visit, visiting
from conftest import PORTAL, Done
from lxml import html

from pipeline.described import tables
from pipeline.paths import Home, read_json
from pipeline.serving import server
from pipeline.site.console import Example, Group, console
from pipeline.site.duckdb_wasm import installed, put
from pipeline.site.pages import Pages, Site
from pipeline.site.portal import portal
from pipeline.site.words import LANGUAGES, words
from schemas.typography import guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Route

    from pipeline.site.words import Language

AXE = Path(sys.prefix) / "share" / "canceropole" / "axe-core" / "axe.min.js"
DATABASE = f"{PORTAL}.duckdb"
BEAUJON = "FROM tumorotheques_history WHERE tumorotheque_id = 'tissutheque-beaujon'"
LONG = "SELECT count(*) FROM range(1000000000000) WHERE hash(range) = 0"


@dataclass(frozen=True)
class Served:
    """Outputs, and where they are served."""

    out: Path
    origin: str

    def page(self, language: str = "fr") -> str:
        return f"{self.origin}/site/{'' if language == 'fr' else 'en/'}{PORTAL}/sql.html"


def opened(out: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(out / PORTAL / "latest" / DATABASE), read_only=True)


@contextmanager
def serving(out: Path, bound: ThreadingHTTPServer) -> Iterator[Served]:
    with bound:
        thread = Thread(target=bound.serve_forever, daemon=True)
        thread.start()
        yield Served(out, f"http://127.0.0.1:{bound.server_port}")
        bound.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def served(later: Done) -> Iterator[Served]:
    with serving(later.out, server(later.out, "127.0.0.1", 0)) as there:
        yield there


class Asking:
    """The page, asked as a person asks."""

    def __init__(self, visit: Visit, address: str) -> None:
        self.page, self.visit = visit.page, visit
        self.page.goto(address)

    def ask(self, query: str) -> None:
        self.page.get_by_role("textbox").fill(query)
        self.page.keyboard.press("Control+Enter")
        self.answered()

    def answered(self) -> None:
        self.page.locator("[data-console][aria-busy=false]").wait_for(timeout=120_000)

    def columns(self) -> list[str]:
        heads = self.page.locator("[data-result] thead th[scope=col]")
        return [str(name) for name in heads.evaluate_all("heads => heads.map(head => head.firstChild.data)")]

    def rows(self) -> list[list[str]]:
        cells = "body => [...body.rows].map(row => [...row.cells].map(cell => cell.textContent))"
        return [[str(cell) for cell in row] for row in self.page.locator("[data-result] tbody").evaluate(cells)]

    def said(self) -> str:
        return self.page.get_by_role("status").inner_text()

    def fault(self) -> str:
        told = self.page.get_by_role("alert")
        return told.inner_text() if told.is_visible() else ""

    def csv(self) -> str:
        with self.page.expect_download() as download:
            self.page.get_by_role("link", name="Télécharger ce résultat (CSV)").click()
        assert download.value.suggested_filename == "resultat.csv"
        return download.value.path().read_bytes().decode()


@pytest.fixture(scope="module")
def asking(browser: Browser, served: Served) -> Iterator[Asking]:
    with visiting(browser, accept_downloads=True) as visit:
        yield Asking(visit, served.page())
        assert visit.faults == []
        assert visit.origins() == {served.origin}


def test_duckdb_is_loaded_when_it_is_asked_for_and_no_sooner(browser: Browser, served: Served) -> None:
    with visiting(browser) as visit:
        asking = Asking(visit, served.page())
        visit.page.wait_for_load_state("networkidle")
        assert [asked for asked in visit.asked if "duckdb" in asked] == []
        visit.page.get_by_role("button", name="Exécuter").click()
        asking.answered()
        assert len(asking.rows()) > 0
        assert len([asked for asked in visit.asked if asked.endswith("/duckdb-eh.wasm")]) == 1


def test_a_join_gives_what_duckdb_gives(asking: Asking, served: Served) -> None:
    query = """SELECT a.intitule AS "axe ; é", count(*) AS themes, max(t.rang)::DOUBLE / 3 AS tiers, max(NULL) AS rien
    FROM axes_recherche AS a JOIN axes_themes AS t USING (axe_id) GROUP BY ALL ORDER BY ALL"""
    asking.ask(f"-- é ; à\n{query}; -- fin ; ù\n")
    with opened(served.out) as con:
        texts = con.execute(f"SELECT COLUMNS(*)::VARCHAR FROM ({query})").fetchall()  # noqa: S608 (the test's own)
    assert asking.fault() == ""
    assert asking.columns() == ["axe ; é", "themes", "tiers", "rien"]
    assert asking.rows() == [["NULL" if cell is None else cell for cell in row] for row in texts]
    assert asking.said() == f"Lignes\N{NO-BREAK SPACE}: {len(texts)}."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_gives_the_rows_that_duckdb_gives(browser: Browser, served: Served, language: Language) -> None:
    release = served.out / PORTAL / "latest"
    with visiting(browser, reduced_motion="reduce") as visit, opened(served.out) as con:
        asking = Asking(visit, served.page(language))
        seen = []
        visit.page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true })")
        for example in visit.page.locator(".example").all():
            query = example.locator("code").inner_text()
            example.get_by_role("button").click()
            asking.answered()
            assert asking.fault() == "", query
            answer = con.execute(query)
            assert asking.columns() == [name for name, *_ in answer.description or ()], query
            assert len(asking.rows()) == min(len(answer.fetchall()), 1_000), query
            seen.append(query)
        names = {table["name"] for table in tables(read_json(release / "datapackage.json"))}
        assert names == {name for name in names if f"SELECT *\nFROM {name}\nLIMIT 20;" in seen}
        assert any("_as_of('1.1.0')" in query for query in seen)
        assert visit.origins() == {served.origin}
        assert visit.faults == []


@pytest.mark.parametrize(
    ("query", "columns", "rows"),
    [
        ("SELECT DATE '2026-01-02' AS d, 1.50::DECIMAL(9, 2) AS n", "d n", ["2026-01-02", "1.50"]),
        ("SELECT ['é', NULL] AS l, 0.1 + 0.2 AS s", "l s", ["[é, NULL]", "0.3"]),
        (f"SELECT {2**127 - 1} AS h, 'a' AS a, 'b' AS a", "h a a_1", [str(2**127 - 1), "a", "b"]),
        ("SELECT TIMESTAMP '2026-01-01 00:00:00.123456' AS t", "t", ["2026-01-01 00:00:00.123456"]),
        ("CREATE TEMP TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2);\nSELECT sum(a) AS s FROM t", "s", ["3"]),
        ("DESCRIBE axes_recherche", "column_name column_type null key default extra", None),
        ("SUMMARIZE axes_recherche", None, None),
        ("PIVOT financements ON nature USING count(*)", None, None),
        ("EXPLAIN FROM axes_recherche", "explain_key explain_value", None),
        ("SELECT count(*) AS n FROM tumorotheques_as_of('1.0.0')", "n", ["20"]),
        ("SELECT DISTINCT version FROM changes", "version", ["1.1.0"]),
        (f"SELECT valid_from AS a, valid_to AS b {BEAUJON} ORDER BY first_release LIMIT 1", "a b", ["1.0.0", "1.1.0"]),
    ],
)  # fmt: skip
def test_what_is_asked_is_answered_as_duckdb_prints_it(
    asking: Asking, query: str, columns: str | None, rows: list[str] | None
) -> None:
    asking.ask(query)
    assert asking.fault() == ""
    assert columns is None or asking.columns() == columns.split()
    assert asking.rows() == [rows] if rows else asking.rows() != []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT é FROM tumorotheques", 'Referenced column "é" not found'),
        ("SELECT\n  'x'::INTEGER", "LINE 2:   'x'::INTEGER"),
        ("SELECT", "Parser Error"),
        ("SELECT 1;\nFROM nulle_part", "nulle_part"),
        ("SELECT error('<b>non</b>')", "<b>non</b>"),
        ("DROP TABLE tumorotheques", "read-only"),
        ("FROM tumorotheques_as_of('9.9.9')", "Pas de version 9.9.9"),
    ],
)
def test_what_duckdb_refuses_is_told_in_its_words(asking: Asking, query: str, said: str) -> None:
    asking.ask(query)
    assert said in asking.fault()
    assert asking.page.locator("[data-result]").is_hidden()
    assert asking.page.get_by_role("alert").locator("*").count() == 0
    asking.ask("SELECT 1 AS a")
    assert (asking.fault(), asking.rows()) == ("", [["1"]])


@pytest.mark.parametrize(
    "query",
    [
        "FROM '{}/x.csv'",
        "FROM read_csv('{}/x.csv')",
        "ATTACH '{}/x.duckdb'",
        "COPY (SELECT 1) TO '{}/x.csv'",
        "SET custom_extension_repository = '{}'",
        "INSTALL spatial FROM '{}'; LOAD spatial",
        "LOAD '{}/x.duckdb_extension.wasm'",
        "LOAD icu",
        "SET enable_external_access = true",
        "SELECT current_date AT TIME ZONE 'Europe/Paris'",
        "SELECT '{{}}'::JSON",
    ],
)
def test_no_query_asks_anybody_else(asking: Asking, query: str) -> None:
    """Not even of a server that would answer, of another origin."""
    before = len(asking.visit.asked)
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as other:
        asking.ask(query.format(f"http://127.0.0.1:{other.server_port}"))
    assert asking.fault() != ""
    assert asking.visit.asked[before:] == []


HOSTILE = "<img src=x onerror=\"document.title='pris'\"></td><script>document.title='pris'</script>"


def test_a_hostile_text_stays_text(asking: Asking) -> None:
    asking.ask(f"""SELECT $t${HOSTILE}$t$ AS "{HOSTILE.replace('"', '""')}" """)
    assert asking.columns() == [HOSTILE]
    assert asking.rows() == [[HOSTILE]]
    assert asking.page.locator("[data-result] :is(img, script)").count() == 0
    assert asking.page.title().startswith("Une question en SQL")


TEXTS = [
    "=1+1",
    "+33 1",
    "-a",
    "@a",
    "\ta",
    "\ra",
    "'a",
    "a;=1",
    "a\n=b",
    "＝1",
    'il dit "oui"',
    "a,b",
    "a\r\nb",
    " a ",
    "é",
    "a",
]


def test_a_result_is_downloaded_whole_and_harmless(asking: Asking) -> None:
    kept = [text.replace("\r", "⏎") for text in TEXTS]  # what is typed has no return
    values = ", ".join(f"({at}, replace($t${text}$t$, '⏎', chr(13)), -{at})" for at, text in enumerate(kept))
    asking.ask(f"SELECT col1 AS \"=a\", col2 AS b, NULL AS c, '' AS d FROM (VALUES {values}) ORDER BY col0")  # noqa: S608 (the test's own)
    read = list(csv.reader(io.StringIO(asking.csv(), newline="")))
    assert read == [["'=a", "b", "c", "d"], *([guarded(text), str(-at), "", ""] for at, text in enumerate(TEXTS))]
    assert asking.csv().splitlines()[1] == '\'=1+1,0,,""'


def test_a_long_result_is_shown_in_part_and_downloaded_whole(asking: Asking) -> None:
    asking.ask("FROM range(2500)")
    assert len(asking.rows()) == 1_000
    assert "2 500" in asking.said().replace("\u202f", " ")
    assert [int(line) for line in asking.csv().splitlines()[1:]] == list(range(2500))
    asking.ask("FROM range(300000)")
    assert asking.said().replace("\u202f", " ").startswith("Plus de 100 000 lignes")
    assert len(asking.csv().splitlines()) == 100_001


def test_what_takes_too_long_is_stopped_and_the_next_query_answered(browser: Browser, served: Served) -> None:
    with visiting(browser) as visit:
        asking = Asking(visit, served.page())
        stop = visit.page.get_by_role("button", name="Arrêter")
        waiting: list[Route] = []

        def wait(route: Route) -> None:
            waiting.append(route)

        visit.page.route("**/duckdb.js", wait)
        visit.page.get_by_role("textbox").fill(LONG)
        with visit.page.expect_request("**/duckdb.js"):
            visit.page.get_by_role("button", name="Exécuter").click()
        stop.click()  # while DuckDB is loaded
        assert asking.said() == "Arrêté. La prochaine requête rouvrira les données."
        waiting[0].continue_()
        visit.page.unroute("**/duckdb.js")
        visit.page.get_by_role("button", name="Exécuter").click()
        visit.page.get_by_text("Exécution…").wait_for()
        stop.click()  # while it counts
        assert stop.is_disabled()
        asking.ask("SELECT 1 AS a")
        assert asking.rows() == [["1"]]
        assert len(visit.page.workers) == 1, "what was stopped is still at work"
        assert visit.faults == []


def test_it_is_all_done_with_the_keyboard(browser: Browser, served: Served) -> None:
    with visiting(browser) as visit:
        asking = Asking(visit, served.page())
        visit.page.get_by_role("textbox").focus()
        visit.page.keyboard.press("ControlOrMeta+a")
        visit.page.keyboard.type("FROM range(3)")
        visit.page.keyboard.press("Tab")  # leaves the query
        visit.page.keyboard.press("Enter")  # on the button
        asking.answered()
        assert asking.rows() == [["0"], ["1"], ["2"]]
        assert visit.page.evaluate("document.activeElement.textContent") == "Exécuter"
        visit.page.get_by_role("textbox").focus()
        for name in ("Exécuter", "Arrêter", "Télécharger ce résultat (CSV)", ""):
            visit.page.keyboard.press("Tab")
            at = visit.page.evaluate("[document.activeElement.textContent, document.activeElement.role]")
            assert at[0] == name if name else at[1] == "region"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_result_and_a_fault_are_accessible(
    browser: Browser, served: Served, scheme: Literal["light", "dark"]
) -> None:
    # axe-core is put in by the test, which the policy of the page would not let in.
    with visiting(browser, color_scheme=scheme, viewport={"width": 360, "height": 800}, bypass_csp=True) as visit:
        asking = Asking(visit, served.page())
        visit.page.add_script_tag(path=AXE)
        for query in ("FROM tumorotheques_par_organisation", "FROM nulle_part"):
            asking.ask(query)
            found = visit.page.evaluate("axe.run()")
            assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]] == [], query
            assert visit.page.evaluate("document.documentElement.scrollWidth") == 360


def test_an_address_opens_the_examples_of_a_table(browser: Browser, served: Served) -> None:
    with visiting(browser) as visit:
        Asking(visit, f"{served.page()}#tumorotheques")
        assert visit.page.locator("#tumorotheques pre").first.is_visible()


def test_a_large_database_is_read_in_parts(browser: Browser, later: Done, tmp_path: Path) -> None:
    out = copytree(later.out, tmp_path / "outputs", symlinks=True)
    file = grown(out)
    with serving(out, server(out, "127.0.0.1", 0)) as served, visiting(browser) as visit:
        received: list[int] = []
        visit.page.context.on("requestfinished", lambda done: received.append(done.sizes()["responseBodySize"]))
        asking = Asking(visit, served.page())
        asking.ask("FROM financements_par_annee")
        assert asking.fault() == ""
        with opened(out) as con:
            assert len(asking.rows()) == len(con.execute("FROM financements_par_annee").fetchall())
        parts = [asked for asked in visit.asked if asked.endswith(DATABASE)]
        assert len(parts) > 3
        installed_at = installed()
        assert installed_at
        program = sum(path.stat().st_size for path in installed_at.iterdir())
        assert sum(received) - program < file.stat().st_size / 2
        assert visit.faults == []


def test_a_server_without_ranges_sends_it_whole(browser: Browser, later: Done, tmp_path: Path) -> None:
    out = copytree(later.out, tmp_path / "outputs", symlinks=True)
    grown(out)
    handler = partial(SimpleHTTPRequestHandler, directory=str(out))
    with serving(out, ThreadingHTTPServer(("127.0.0.1", 0), handler)) as served, visiting(browser) as visit:
        asking = Asking(visit, served.page())
        asking.ask("SELECT count(*) AS n FROM tumorotheques")
        assert (asking.fault(), asking.rows()) == ("", [["21"]])
        assert len([asked for asked in visit.asked if asked.endswith(DATABASE)]) == 1


def grown(out: Path) -> Path:
    """Gives the current release a database of tens of megabytes."""
    path = out / PORTAL / "latest" / DATABASE
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE grand AS SELECT md5(range::VARCHAR) AS a FROM range(1000000)")
    assert path.stat().st_size > 20_000_000
    return path


def test_data_that_are_not_there_are_told_of(browser: Browser, later: Done, tmp_path: Path) -> None:
    out = copytree(later.out, tmp_path / "outputs", symlinks=True)
    (out / PORTAL / "latest" / DATABASE).unlink()
    with serving(out, server(out, "127.0.0.1", 0)) as served, visiting(browser) as visit:
        asking = Asking(visit, served.page())
        asking.ask("SELECT 1")
        assert asking.fault().startswith("DuckDB ou les données n'ont pas pu être chargés\N{NO-BREAK SPACE}: ")
        assert DATABASE in asking.fault()
        assert "404" in asking.fault()


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_scripts_off_the_examples_are_there_to_be_copied(
    browser: Browser, served: Served, language: Language
) -> None:
    said = words(language, "console.yml")
    with visiting(browser, java_script_enabled=False) as visit:
        visit.page.goto(served.page(language))
        assert visit.page.get_by_text(said["no_script"]).is_visible()
        assert visit.page.get_by_text(f"duckdb {DATABASE}").is_visible()
        assert visit.page.locator("button:visible, textarea:visible").count() == 0
        visit.page.locator("#tumorotheques summary").click()
        assert visit.page.locator("#tumorotheques pre").first.is_visible()
        assert visit.page.get_by_role("link", name=DATABASE).is_visible()


def test_nothing_that_the_page_is_told_is_markup(later: Done) -> None:
    folder = installed()
    assert folder, "DuckDB for the browser is not installed: `make setup` does it, with npm"
    told = console(read_json(later.latest / "datapackage.json"), folder, "fr")
    hostile = (Group(HOSTILE, HOSTILE, (Example(HOSTILE, HOSTILE),), HOSTILE),)
    told = replace(told, groups=hostile, database=HOSTILE, script={"rows": HOSTILE})
    page = html.document_fromstring(Pages(Site("1", console=True), "fr").console(portal(Home(later.home), {}), told))
    assert page.xpath("//img") == []
    [block] = page.xpath("//script[not(@src)]")
    assert json.loads(block.text) == {"rows": HOSTILE}
    assert page.xpath("//details/@id") == [HOSTILE]
    assert [code.text_content() for code in page.xpath("//details//code")] == [HOSTILE, HOSTILE]
    assert page.xpath("//textarea")[0].text_content() == HOSTILE


def test_what_setup_installed_is_put_whole_into_a_site(tmp_path: Path) -> None:
    folder = installed()
    assert folder, "DuckDB for the browser is not installed: `make setup` does it, with npm"
    put(folder, tmp_path)
    names = {path.name for path in folder.iterdir()}
    assert names == {"LICENCES.txt", "duckdb-browser-eh.worker.js", "duckdb-eh.wasm", "duckdb.js"}
    assert {path.name for path in (tmp_path / folder.name).iterdir()} == names
    licences = (folder / "LICENCES.txt").read_text(encoding="utf-8")
    assert all(name in licences for name in ("Stichting DuckDB Foundation", "Apache License", "flatbuffers", "tslib"))


def test_every_word_of_the_console_is_used() -> None:
    """By its template, its script, or the module that makes its examples."""
    site = Path(__file__).parent.parent / "pipeline" / "site"
    used = "".join(
        (site / place).read_text() for place in ("templates/console.html", "assets/console.js", "console.py")
    )
    for name in words("fr", "console.yml"):
        assert f"said.{name}" in used or f"words.{name}" in used or f'said["{name}"]' in used, name
