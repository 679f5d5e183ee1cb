"""Nothing is published without its evidence, and nothing refers to what is not there."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline import sql
from pipeline.described import OF_THE_CRAWL
from pipeline.evidence import explain
from pipeline.paths import read_json
from schemas import load
from schemas.personal import MASK
from schemas.typography import key_text, visible
from spiders import archive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Done

    from schemas.load import Declarations
    from schemas.model import Dataset

PORTAL = "canceropole-idf"
LINKS = "organisations_liens"


@dataclass(frozen=True)
class Published:
    """A published row with its evidence."""

    dataset: Dataset
    key: str
    row: dict[str, Any]
    evidence: list[dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.dataset.id} {self.key}"

    @property
    def printed(self) -> dict[str, list[str]]:
        """What is printed for each column, by each of its sources."""
        found: dict[str, list[str]] = {}
        for item in self.evidence:
            for column, text in json.loads(item["texte_publie"]).items():
                found.setdefault(column, []).append(text)
        return found


@pytest.fixture(scope="module")
def declarations() -> Declarations:
    return load.load(PORTAL)


@pytest.fixture(scope="module")
def published(sample: Done, declarations: Declarations) -> list[Published]:
    """Every row that is read in the portal's pages, or made of such rows."""
    told = json.loads((sample.latest / "data" / "provenance.json").read_bytes())
    evidence: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for item in told:
        evidence.setdefault((item["dataset"], item["cle"]), []).append(item)
    found = []
    for dataset in declarations.datasets:
        file = sample.latest / "data" / f"{dataset.id}.json"
        if file.is_file() and dataset.id not in {*OF_THE_CRAWL, "organisations"}:
            for row in json.loads(file.read_bytes()):
                key = key_text(row[name] for name in dataset.key)
                found.append(Published(dataset, key, row, evidence.pop((dataset.id, key), [])))
    assert not evidence, "evidence is of a published row"
    return found


def test_no_row_is_published_without_evidence(published: list[Published]) -> None:
    assert len({row.dataset.id for row in published}) >= 24
    assert [str(row) for row in published if not row.evidence] == []


def not_printed(row: Published) -> set[str]:
    """The columns that no page prints: places, what a source's declaration says of all its rows, whose link it is."""
    ranks = {field.name for field in row.dataset.fields if field.rank is not None}
    if row.dataset.id == LINKS:
        return ranks | {"dataset", "cle", "colonne", "role"}
    said = {name for item in row.evidence for name in row.dataset.sources[item["source"] - 1].values}
    return ranks | {field.name for field in row.dataset.fields if said.intersection(field.parts)}


def test_every_cell_has_its_printed_text_but_for_those_no_page_prints(published: list[Published]) -> None:
    by_hand = {row.key for row in published if row.dataset.id == LINKS and not row.printed}
    for row in published:
        filled = {column for column, value in row.row.items() if value is not None}
        shown = {column for column, texts in row.printed.items() if any(texts)}
        if row.key not in by_hand:
            assert filled - shown <= not_printed(row), row
    # A funder is the heading's, declared with its source: so is whom it names.
    assert {key.partition("/")[0] for key in by_hand} == {"financements"}


def flat(text: str) -> str:
    """A text without its spaces, which a page breaks anywhere."""
    return "".join(text.split())


def parts(text: str) -> Iterator[str]:
    """The parts of a printed text: what several places print is joined by a semicolon."""
    yield from (flat(part) for part in text.split("; "))


def test_every_printed_text_stands_in_the_archived_page_it_names(sample: Done, published: list[Published]) -> None:
    [pages] = sample.home.glob("runs/*/portal.warc.gz")
    archived = {capture.record: capture for capture in archive.read(pages)}
    text = {
        record: flat(LexborHTMLParser(capture.text()).text()) + flat(html.unescape(capture.text()))
        for record, capture in archived.items()
        if capture.content_type == "text/html"
    }
    looked_for = 0
    for row in published:
        for item in row.evidence:
            capture = archived[item["enregistrement"]]
            assert (capture.sha256, f"{capture.when:%Y-%m-%dT%H:%M:%SZ}") == (item["sha256"], item["capture"]), row
            for column, printed in json.loads(item["texte_publie"]).items():
                if printed not in {MASK, item["url"]}:  # withheld; a page's own address, which it need not print
                    looked_for += 1
                    page = text[item["enregistrement"]]
                    assert [part for part in parts(printed) if part not in page] == [], f"{row} {column}"
    assert looked_for > 600


def test_explain_shows_the_printed_text_of_each_cell_of_each_row(sample: Done, published: list[Published]) -> None:
    for row in published:
        lines = explain(sample.out, PORTAL, row.dataset.id, row.key, "fr").splitlines()
        shown = {line.strip() for line in lines}
        assert {f"{column} = {visible(text)}" for column, texts in row.printed.items() for text in texts} <= shown, row


@pytest.mark.parametrize("release", ["sample", "later"])
def test_every_foreign_key_holds(release: str, request: pytest.FixtureRequest) -> None:
    done: Done = request.getfixturevalue(release)
    tables = [r for r in read_json(done.latest / "datapackage.json")["resources"] if r["format"] == "csv"]
    led: dict[tuple[str, str], int] = {}
    with duckdb.connect(str(done.latest / f"{PORTAL}.duckdb"), read_only=True) as con:
        for table in tables:
            for key in table["schema"].get("foreignKeys", []):
                [column], [parent] = key["fields"], key["reference"]["fields"]
                child, other = sql.name(table["name"]), sql.name(key["reference"]["resource"] or table["name"])
                own, its = f"child.{sql.name(column)}", f"parent.{sql.name(parent)}"
                query = f"FROM {child} AS child ANTI JOIN {other} AS parent ON {own} = {its} WHERE {own} IS NOT NULL"
                assert con.execute(query).fetchall() == [], (table["name"], column)
                led[table["name"], column] = len(
                    con.execute(f"FROM {child} AS child WHERE {own} IS NOT NULL").fetchall()
                )
    assert len(led) >= 8
    assert [key for key, rows in led.items() if not rows] == []
    # Whoever is named by an identifier of the list is held to be in it.
    assert [
        (table["name"], field["name"])
        for table in tables
        for field in table["schema"]["fields"]
        if field["name"] in {"organisation_id", "successeur_id"}
        and table["schema"]["primaryKey"] != [field["name"]]
        and (table["name"], field["name"]) not in led
    ] == []


def test_every_link_is_of_a_row_that_is_published(published: list[Published]) -> None:
    rows = {(row.dataset.id, row.key): row.row for row in published}
    links = [row.row for row in published if row.dataset.id == LINKS]
    assert len(links) >= 90
    for link in links:
        assert rows[link["dataset"], link["cle"]][link["colonne"]], link


def test_every_tumour_bank_leads_to_a_ror_its_own_or_that_of_a_successor(sample: Done) -> None:
    with duckdb.connect(str(sample.latest / f"{PORTAL}.duckdb"), read_only=True) as con:
        view = con.sql("FROM tumorotheques_par_organisation")
        banks = {bank for (bank,) in con.sql("SELECT tumorotheque_id FROM tumorotheques").fetchall()}
        reached = view.filter("coalesce(ror, successeur_ror) LIKE 'https://ror.org/%'")
        assert {bank for (bank,) in reached.select("tumorotheque_id").fetchall()} == banks
        succeeded = view.filter("successeur_id IS NOT NULL").select("organisation_id, successeur_id, successeur_ror")
        assert succeeded.fetchall() == [("curie-rene-huguenin", "institut-curie", "https://ror.org/04t0gwh46")]
