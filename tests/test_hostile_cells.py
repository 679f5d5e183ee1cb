"""A release made of hostile cells: they are text in every file and on every terminal; what is no text is refused."""

from __future__ import annotations

import csv
import json
import re
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import duckdb
import pandas as pd
import pytest
import regex
from browser import visiting
from conftest import Done, canceropole
from hostile import cells, spreadsheet
from hostile.cells import DATASET, DROPPED, PAGE, PORTAL, PRINTED, REFUSED
from lxml import html
from markdown_it import MarkdownIt
from test_shelf import WRITTEN

from pipeline import catalogue, stages, summary
from pipeline.paths import Home, read_json, sha256
from pipeline.replaying import replay
from pipeline.run import Request
from pipeline.serving import server
from schemas.load import load
from schemas.model import OWN_TABLES
from schemas.typography import one_line, shown, visible

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

HOSTILE_TITLE = "\x1b[31mAutre\x1b[0m \u202eegap =1+1;=2+2 <b>x</b>"
HOME_PAGE = (
    f'<!doctype html><html lang="fr\x1b[31m&#x202e;"><title>{HOSTILE_TITLE}</title>'
    f"<main><h1>{HOSTILE_TITLE}</h1><ul><li>[x](http://127.0.0.1/) \x1b[5m <script>`</ul></main></html>"
)
SECTION = "<h2>Rubrique \x1b[31m \u202eegap</h2>"
# Unicode's categories of what is acted on and not shown, but for the line feed between lines.
ACTED_ON = regex.compile(r"[\p{C}\p{Zl}\p{Zp}--\n]", regex.VERSION1)
# No page of the site has any in what it says; data for its own scripts is no script.
MARKUP = "main :is(script:not([type='application/json']), style, iframe, [style], img)"
RUN_BY_SPREADSHEETS = tuple("=+-@＝＋－＠\t\r")


class Made(NamedTuple):
    """Two releases of hostile cells, the second without some and with others; all that was said meanwhile."""

    folder: Path
    texts: list[str]
    said: list[Done]

    @property
    def out(self) -> Path:
        return self.folder / "outputs"

    @property
    def home(self) -> Home:
        return Home(self.out / PORTAL)

    @property
    def schemas(self) -> Path:
        return self.folder / "schemas"

    def command(self, *arguments: object) -> Done:
        done = canceropole(*arguments, out=self.out)
        self.said.append(done)
        return done

    def reports(self) -> list[dict[str, Any]]:
        return [read_json(path) for path in sorted(self.home.runs.glob("*/report.json"))]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("hostile")
    texts = cells.printed(PRINTED, "http://127.0.0.1:9", folder / "canary")
    found = Made(folder, texts, [])
    cells.schemas(found.schemas)
    first = cells.page([*texts, *DROPPED], before=SECTION)
    warc = cells.archive(folder / "un.warc.gz", {"/": HOME_PAGE, PAGE: first})
    assert stages.refresh(Request(PORTAL, str(warc), out=found.out, schemas=found.schemas))["outcome"] == "held"
    time.sleep(1.1)  # a run is named by its second
    accepted = ("accept", PORTAL, DATASET, "--why", "vu", "--by", "moi", "--yes", "--schemas", found.schemas)
    assert found.command(*accepted).status == 0, found.said[-1].stderr
    second = cells.page([*(f"{text}!" for text in texts[:12]), *texts[12:]], before=SECTION)
    warc = cells.archive(folder / "deux.warc.gz", {"/": HOME_PAGE, PAGE: second}, day=2)
    time.sleep(1.1)
    assert stages.refresh(Request(PORTAL, str(warc), out=found.out, schemas=found.schemas))["outcome"] == "held"
    time.sleep(1.1)
    assert found.command(*accepted).status == 0, found.said[-1].stderr
    return found


def expected(made: Made, version: str) -> list[str]:
    """The names a release has, sorted as its rows are."""
    changed = [*(f"{text}!" for text in made.texts[:12]), *made.texts[12:]]
    names = [*made.texts, *map(shown, DROPPED)] if version == "1.0.0" else changed
    return sorted(one_line(name) for name in names)


def unguarded(cell: str) -> str:
    """A cell as the release's README says it is to be read."""
    return re.sub(r"""(^|[;\n]"*)'""", r"\1", cell)


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
def test_what_the_page_prints_is_the_same_text_in_every_format(made: Made, version: str) -> None:
    folder, names = made.home.release(version), expected(made, version)
    table = folder / "data" / DATASET
    assert [row["nom"] for row in json.loads(table.with_suffix(".json").read_bytes())] == names
    assert list(pd.read_parquet(table.with_suffix(".parquet"))["nom"]) == names
    assert list(pd.read_parquet(table.with_suffix(".parquet"))["texte"]) == names
    with duckdb.connect(str(folder / f"{PORTAL}.duckdb"), read_only=True) as con:
        assert [row[0] for row in con.execute(f"SELECT nom FROM {DATASET}").fetchall()] == names  # noqa: S608 (a name of ours)
        tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        read = con.read_csv(str(table.with_suffix(".csv")), all_varchar=True).fetchall()
    assert tables == {DATASET, f"{DATASET}_history", "pages", "provenance", *OWN_TABLES}
    with table.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        assert [unguarded(row["nom"]) for row in csv.DictReader(file)] == names
    assert [unguarded(row[0]) for row in read] == names
    frame = pd.read_csv(table.with_suffix(".csv"), dtype=str, keep_default_na=False)
    assert [unguarded(cell) for cell in frame["texte"]] == names


@pytest.mark.parametrize("separator", [",", ";"])
def test_no_csv_has_a_cell_that_a_spreadsheet_runs_whichever_separator_it_takes(made: Made, separator: str) -> None:
    for path in made.out.rglob("releases/*/data/*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            read = [cell for row in csv.reader(file, delimiter=separator) for cell in row]
        cut = [cell.lstrip('"') for line in path.read_text().split("\n") for cell in line.split(";")]
        for cell in [*read, *(cut if separator == ";" else [])]:
            assert not cell.startswith(RUN_BY_SPREADSHEETS), (path, cell)


def test_nothing_written_outside_the_archives_holds_what_a_terminal_acts_on(made: Made) -> None:
    files = [path for path in made.home.root.rglob("*") if path.suffix in {".json", ".md", ".csv", ".log", ""}]
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.is_file()}
    assert len(texts) > 40
    for path, text in texts.items():  # DuckDB indents its JSON with tabs
        assert ACTED_ON.findall(text.replace("\n\t", "\n") if path.parent.name == "data" else text) == [], path
    with duckdb.connect(str(made.home.release("1.0.0") / f"{PORTAL}.duckdb"), read_only=True) as con:
        names = [name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        values = [str(v) for name in names for row in con.table(name).fetchall() for v in row]
        values += [str(row) for row in con.execute("SELECT comment FROM duckdb_columns()").fetchall()]
    assert [value for value in values if ACTED_ON.search(value)] == []


def test_evidence_shows_what_was_escaped(made: Made) -> None:
    evidence = json.loads((made.home.release("1.0.0") / "data" / "provenance.json").read_bytes())
    assert {row["bloc"] for row in evidence} == {"Cellules > Rubrique \\u001b[31m \\u202eegap > tableau 1"}
    [page] = [
        row
        for row in json.loads((made.home.release("1.0.0") / "data" / "pages.json").read_bytes())
        if not row["url"].endswith(PAGE)
    ]
    assert page["titre"].startswith("\\u001b[31mAutre\\u001b[0m \\u202eegap =1+1;=2+2")
    assert page["langue"] == "fr\\u001b[31m\\u202e"


def test_no_key_names_a_file(made: Made) -> None:
    names = {path.relative_to(made.home.root).as_posix() for path in made.home.releases.rglob("*") if path.is_file()}
    tables = [
        f"{table}.{extension}" for table in (DATASET, "pages", "provenance") for extension in ("csv", "json", "parquet")
    ]
    schemas = [f"schemas/{table}.schema.json" for table in (DATASET, "pages", "provenance")]
    own = ["CHANGELOG.md", "SHA256SUMS", "changes.json", "datapackage.json", f"{PORTAL}.duckdb", f"{PORTAL}.zip"]
    each = [*(f"data/{name}" for name in tables), *schemas, *own, *WRITTEN, *catalogue.FILES]
    assert names == {f"releases/{version}/{name}" for version in ("1.0.0", "1.1.0") for name in each}
    assert not (made.folder / "canary").exists()


def test_checksums_are_those_of_the_files(made: Made) -> None:
    lines = (made.home.latest / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    inside = [path for path in made.home.latest.rglob("*") if path.is_file() and path.name != "SHA256SUMS"]
    assert {line[66:] for line in lines} == {path.relative_to(made.home.latest).as_posix() for path in inside}
    assert [line for line in lines if sha256(made.home.latest / line[66:]) != line[:64]] == []


def test_markdown_has_no_markup_of_the_page(made: Made) -> None:
    written = [path.read_text(encoding="utf-8") for path in made.out.rglob("releases/*/*.md")]
    portal = load(PORTAL).portal
    page = f"{portal.origin}{PAGE}"
    ours = {portal.licence.url, portal.publisher.url, portal.maintainer.url, page}
    assert len(written) == 6
    written += [summary.markdown(report, language) for report in made.reports() for language in ("fr", "en")]
    for text in written:
        tokens = [t for block in MarkdownIt("commonmark").parse(text) for t in (block, *(block.children or ()))]
        assert not [t.content for t in tokens if t.type in {"html_block", "html_inline", "image", "fence"}]
        assert {t.attrs["href"] for t in tokens if t.type == "link_open"} <= ours
    note = (made.home.latest / "CHANGELOG.md").read_text(encoding="utf-8")
    assert note.count(f"\n| `{DATASET}` |") == 20 + 1


def test_no_terminal_is_sent_what_it_would_act_on(made: Made) -> None:
    (made.folder / "page.html").write_text(cells.page([*made.texts, *REFUSED], before=SECTION))
    key = made.texts[0].replace("%", "%25").replace("/", "%2F")
    for arguments in (
        ("explain", PORTAL, DATASET, f"{key}!"),
        ("explain", PORTAL, DATASET, "\x1b[31mx"),
        ("diff", PORTAL, "1.0.0", "1.1.0"),
        ("diff", PORTAL, "1.0.0", "1.1.0", "--format", "json"),
        ("diff", PORTAL, "1.0.0", "1.1.0", "--format", "markdown"),
        ("diff", PORTAL, "1.0.0", "\x1b[31m"),
        ("status", PORTAL),
        ("replay", PORTAL, "1.1.0"),
    ):
        made.command(*arguments)
    made.said.append(canceropole("inspect", made.folder / "page.html"))
    assert [done.status for done in made.said] == [0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0]
    for done in made.said:
        assert ACTED_ON.findall(done.stdout) + ACTED_ON.findall(done.stderr) == []
        assert "Traceback" not in done.stderr


def test_a_release_of_hostile_cells_repeats(made: Made) -> None:
    for version in ("1.0.0", "1.1.0"):
        assert replay(made.out, PORTAL, version).same


def test_what_no_page_prints_as_text_holds_its_dataset_and_cannot_be_accepted(
    tmp_path: Path, commands_api: dict[str, str]
) -> None:
    schemas = cells.schemas(tmp_path / "schemas")
    refused = [*REFUSED, "long " * 20_000]
    warc = cells.archive(tmp_path / "a.warc.gz", {"/": HOME_PAGE, PAGE: cells.page(["Bon", *refused])})
    asked_for = ("refresh", PORTAL, "--from", warc, "--schemas", schemas)
    held = canceropole(*asked_for, out=tmp_path / "outputs", env=commands_api)
    assert held.status == 3
    assert ACTED_ON.findall(held.stdout + held.stderr) == []
    [report] = Made(tmp_path, [], []).reports()
    reasons = [reason["code"] for dataset in report["datasets"] for reason in dataset["reasons"]]
    assert reasons == ["value-not-understood"] * len(refused)
    assert len(held.stdout + held.stderr) < 20_000
    assert not held.latest.exists()
    accept = ("accept", PORTAL, DATASET, "--why", "vu", "--by", "moi", "--yes", "--schemas", schemas)
    asked = canceropole(*accept, out=tmp_path / "outputs")
    assert asked.status == 2
    assert ACTED_ON.findall(asked.stdout + asked.stderr) == []


@pytest.mark.parametrize("constraints", [{"maxLength": 5}, {"pattern": "=?[a-z]+"}, {"enum": ["=abcd", "efgh"]}])
def test_a_guard_that_breaks_a_constraint_holds_its_dataset_and_not_the_run(
    tmp_path: Path, constraints: dict[str, Any]
) -> None:
    schemas = cells.schemas(tmp_path / "schemas", **constraints)
    warc = cells.archive(tmp_path / "a.warc.gz", {PAGE: cells.page(["=abcd", "efgh"])})
    report = stages.refresh(Request(PORTAL, str(warc), out=tmp_path / "outputs", schemas=schemas))
    [reason] = [reason for dataset in report["datasets"] for reason in dataset["reasons"]]
    assert (report["outcome"], reason["code"], reason["found"]) == ("held", "schema", "'=abcd")


@pytest.mark.skipif(
    shutil.which(spreadsheet.SOFFICE) is None,
    reason="LibreOffice (soffice, of Debian's package libreoffice-calc) is not on this machine",
)
def test_opened_in_a_spreadsheet_a_release_of_hostile_cells_runs_and_fetches_nothing() -> None:
    assert spreadsheet.run() == []


def test_no_page_of_the_site_runs_any_of_it(made: Made, browser: Browser) -> None:
    """Nothing is asked for, opened or said wrong; a link that the portal printed is http or https, or text."""
    folder = (made.out / "site").resolve()
    places = sorted(path.relative_to(folder) for path in folder.rglob("*.html"))
    assert len(places) > 15
    with server(made.out, "127.0.0.1", 0) as bound:
        threading.Thread(target=bound.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{bound.server_address[1]}"
        for place in places:
            with visiting(browser) as visit:
                visit.page.goto(f"{address}/site/{place}")
                for link in visit.page.locator("a.evidence").all()[:3]:
                    link.click()
                    visit.page.locator("dialog").wait_for()
                    visit.page.keyboard.press("Escape")
                    visit.page.locator("dialog").wait_for(state="detached")
                links = visit.page.evaluate("[...document.querySelectorAll('[href], [src]')].map(e => e.href || e.src)")
                assert {urlsplit(link).scheme for link in links} <= {"http", "https", "mailto"}, place
                assert visit.page.locator(MARKUP).count() == 0, place
                assert (visit.faults, visit.origins()) == ([], {address}), place
        bound.shutdown()


def test_the_site_shows_what_the_page_prints(made: Made) -> None:
    page = made.out / "site" / PORTAL / "tables" / f"{DATASET}.html"
    cells = html.document_fromstring(page.read_text(encoding="utf-8")).xpath("//*[@data-table]//tbody//th")
    told = [cell.text_content() for cell in cells]
    assert told == [visible(name) for name in expected(made, "1.1.0")][: len(told)]
    assert len(told) > 50
