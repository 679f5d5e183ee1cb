"""Links from labels to organisations: by review alone, to what is published, with the evidence of their rows."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import pytest
from conftest import Done, canceropole, few_declarations
from test_refresh import archive_of, refresh

from pipeline import links
from pipeline.paths import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORTAL = "canceropole-idf"


@pytest.fixture
def con(sample: Done) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample.latest / f"{PORTAL}.duckdb"), read_only=True) as connection:
        yield connection


def test_a_label_is_tied_to_each_organisation_it_names(con: duckdb.DuckDBPyConnection) -> None:
    query = "SELECT organisation_id, role FROM organisations_liens WHERE dataset = ? AND cle = ? ORDER BY 1"
    assert con.execute(query, ["tumorotheques", "tumorotheque-hopital-cochin"]).fetchall() == [
        ("aphp-cochin", "etablissement"),
        ("aphp-saint-vincent-de-paul", "etablissement"),
    ]
    assert con.execute(query, ["axes_coordinateurs", "axe-3/2"]).fetchall() == [
        ("cnrs", "affiliation"),
        ("univ-paris-descartes", "affiliation"),
    ]
    assert con.execute(query, ["financements", "Membres/cotisation_annuelle/annuelle"]).fetchall() == []


def test_a_link_is_of_a_row_and_an_organisation_that_are_there(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("SELECT dataset, cle, organisation_id FROM organisations_liens").fetchall()
    listed = {one for (one,) in con.execute("SELECT organisation_id FROM organisations").fetchall()}
    seen = set(con.execute("SELECT dataset, cle FROM provenance").fetchall())
    assert found
    assert {(dataset, cle) for dataset, cle, _ in found} <= seen
    assert {organisation for *_, organisation in found} <= listed


def test_where_one_organisation_is_named_the_link_says_the_same(con: duckdb.DuckDBPyConnection) -> None:
    for dataset, key in (("tumorotheques", "tumorotheque_id"), ("contacts_valorisation", "institution")):
        differing = con.execute(
            f"SELECT t.{key} FROM {dataset} t WHERE t.organisation_id IS NOT NULL AND NOT EXISTS ("  # noqa: S608 (names are the test's)
            f"SELECT 1 FROM organisations_liens l WHERE l.dataset = '{dataset}' AND l.cle = t.{key} "
            "AND l.organisation_id = t.organisation_id)"
        ).fetchall()
        assert differing == []


def test_a_link_shows_the_label_it_was_read_from(sample: Done) -> None:
    key = "tumorotheques/tumorotheque-hopital-cochin/etablissement/aphp-cochin"
    done = canceropole("explain", PORTAL, "organisations_liens", key, out=sample.out)
    assert done.status == 0
    assert "organisation_id = AP-HP Cochin – St Vincent de Paul" in done.stdout


def test_a_link_that_follows_a_corrected_label_is_part_of_the_correction() -> None:
    changes: list[dict[str, object]] = [
        {
            "dataset": "axes_coordinateurs",
            "key": "axe-1/1",
            "change": "changed",
            "columns": {"affiliations": ["CNRS", "B"]},
        },
        {"dataset": "axes_coordinateurs", "key": "axe-1/3", "change": "changed", "columns": {"rang": [3, 4]}},
        {"dataset": "financements", "key": "INCa/cumul/2004%2F..", "change": "added", "columns": {}},
        {"dataset": "liens", "key": "axes_coordinateurs/axe-1%2F1/affiliations/cnrs", "change": "removed"},
        {"dataset": "liens", "key": "axes_coordinateurs/axe-1%2F2/affiliations/cnrs", "change": "added"},
        {"dataset": "liens", "key": "axes_coordinateurs/axe-1%2F3/affiliations/cnrs", "change": "added"},
        {"dataset": "liens", "key": "financements/INCa%2Fcumul%2F2004%252F../financeur/inca", "change": "added"},
    ]
    assert links.of_their_own(changes, "liens") == [*changes[:3], *changes[4:]]
    assert links.of_their_own(changes, None) == changes


def test_a_label_that_nobody_mapped_has_no_link_and_is_told(few: Done, tmp_path: Path) -> None:
    schemas, out = shutil.copytree(few_declarations(), tmp_path / "schemas"), tmp_path / "outputs"
    labels = schemas / PORTAL / "libelles.csv"
    lines = labels.read_text(encoding="utf-8").splitlines(keepends=True)
    labels.write_text("".join(line for line in lines if not line.startswith("AP-HP Cochin")), encoding="utf-8")
    report = refresh(out, archive_of(few), schemas=schemas)
    assert report["outcome"] == "released"
    [told] = [dataset for dataset in report["datasets"] if dataset["name"] == "tumorotheques"]
    [note] = [reason for reason in told["reasons"] if reason["code"] == "label-unmapped"]
    assert (note["found"], note["holds"]) == ("AP-HP Cochin – St Vincent de Paul", False)
    assert note["place"].endswith("etablissement")
    found = read_json(out / PORTAL / "latest" / "data" / "organisations_liens.json")
    assert [link for link in found if link["cle"] == "tumorotheque-hopital-cochin"] == []
    checked = canceropole("check", PORTAL, "--schemas", schemas, out=out)
    assert checked.status == 0
    assert "nobody has mapped 'AP-HP Cochin – St Vincent de Paul'" in checked.stdout
    assert "aphp-cochin" in checked.stdout
