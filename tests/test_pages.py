"""Saved pages: what each dataset makes of a page, from its HTML to typed rows, or the reasons why it makes nothing.

A case is a folder pages/<portal>/<dataset>/<case>/: the pages, in the order a crawl might meet them (page.html,
page-2.html …), and what is expected of them: rows.json (typed rows, sorted by key) or error.json (why the dataset
stops), beside notes.json where something is worth knowing. A page stands at the address of the comment on its first
line, else at the one the dataset declares. An expected file that is missing is written, for a person to review.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

from pipeline.changes import json_value
from pipeline.normalize import normalize
from pipeline.paths import RunFolder, read_json, write_json
from schemas.load import Declarations, load, portals
from spiders import blocks
from spiders.answers import Answers
from spiders.extract import choose, gather
from spiders.reading import raw_rows, stated_counts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from schemas.model import Dataset
    from spiders.page import Page

HOME = Path(__file__).parent / "pages"
CASES = sorted({path.parent for path in HOME.glob("*/*/*/page*.html")})
EXPECTED = ("rows.json", "error.json", "notes.json")
ADDRESS = re.compile(r"<!-- (https://\S+) -->")

declared = cache(load)


def case_of(folder: Path) -> str:
    return folder.relative_to(HOME).as_posix()


@pytest.mark.parametrize("folder", CASES, ids=case_of)
def test_a_saved_page_gives_what_was_reviewed(folder: Path, tmp_path: Path) -> None:
    made = outcome(folder, RunFolder(tmp_path))
    expected = {name: read_json(folder / name) for name in EXPECTED if (folder / name).exists()}
    if not expected:
        for name, content in made.items():
            write_json(folder / name, content)
        pytest.fail(f"{case_of(folder)}: nothing was expected yet; {', '.join(made)} written: review it")
    assert made == expected


def test_every_dataset_read_in_pages_has_a_base_case() -> None:
    read_in_pages = {
        f"{portal}/{dataset.id}/base"
        for portal in portals()
        for dataset in declared(portal).datasets
        if dataset.from_pages
    }
    assert read_in_pages <= {case_of(folder) for folder in CASES}


def outcome(folder: Path, run: RunFolder) -> dict[str, Any]:
    """What the pages of a case give, by the name of the file it is expected in."""
    declarations = declared(folder.parts[-3])
    dataset = declarations.dataset(folder.parts[-2])
    pages = [read(path, dataset, declarations) for path in sorted(folder.glob("page*.html"))]
    findings = [finding for page in pages for finding in gather(page, declarations.portal, [dataset])]
    extract = choose([dataset], findings, Answers())[dataset.id]
    captures = {
        page.url: {"capture": "2015-09-08T10:00:00Z", "record": "<urn:x>", "sha256": "0" * 64} for page in pages
    }
    told = {
        "rows": list(raw_rows(extract, captures)),
        "faults": [fault.as_json() for fault in extract.faults],
        "notes": [note.as_json() for note in extract.notes],
        "stated": stated_counts(extract, dataset),
    }
    write_json(run.rows(dataset.id), told)
    normalize(run, declarations, [dataset.id])
    found = read_json(run.findings(dataset.id))
    notes = {"notes.json": places(found["notes"])} if found["notes"] else {}
    if found["faults"]:
        return {"error.json": places(found["faults"]), **notes}
    return {"rows.json": rows(run.table(dataset.id)), **notes}


def read(path: Path, dataset: Dataset, declarations: Declarations) -> Page:
    html = path.read_text(encoding="utf-8")
    address = ADDRESS.match(html)
    page = dataset.sources[0].page
    assert address or page, f"{case_of(path)}: the dataset declares no page, expected an address on the first line"
    url = address[1] if address else f"{declarations.portal.origin}{page.path if page else ''}"
    return blocks.read(html, url)


def places(reasons: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    found = [{"code": reason["code"], "page": urlsplit(reason["page"]).path} for reason in reasons]
    return sorted(found, key=json.dumps)


def rows(table: Path) -> list[dict[str, Any]]:
    frame = pd.read_parquet(table, dtype_backend="numpy_nullable")
    return [
        {str(name): None if pd.isna(value) else json_value(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
