"""An archive to raw rows: which answers count, what is not taken for gone, what --only must not change."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import Done

from schemas.load import load
from spiders import archive
from spiders.answers import portal_address
from spiders.archive import Capture
from spiders.archive_writer import ArchiveWriter
from spiders.reading import Reading, read_archive

PORTAL = "canceropole-idf"
ORIGIN = "https://www.canceropole-idf.fr"
BANKS = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"


def rewritten(sample: Done, target: Path, edit: dict[str, int | None], failures: tuple[str, ...] = ()) -> Reading:
    """The sample's archive with other statuses (None: no record), read."""
    source = next(sample.home.glob("runs/*/portal.warc.gz"))
    base = archive.info(source)["canceropole-base"]
    with ArchiveWriter(target, archive.info(source)) as writer:
        for capture in archive.read(source):
            path = "/" + capture.url.removeprefix(base)
            status = edit.get(path, capture.status)
            if status is not None:
                headers = [("Content-Type", capture.headers.get("content-type", ""))]
                writer.response(capture.url, status, "", headers, capture.body, capture.when)
        writer.failures([base.rstrip("/") + path for path in failures])
    return read_archive(target, load(PORTAL))


def codes(reading: Reading, dataset: str) -> list[str]:
    extract = reading.extracts[dataset]
    return [reason.code for reason in extract.faults + extract.notes]


@pytest.mark.parametrize(
    ("edit", "failures", "expected"),
    [
        ({BANKS: 404}, (), ["found-elsewhere"]),
        ({BANKS: 503}, (), ["page-unreachable"]),
        ({BANKS: 429}, (), ["page-unreachable"]),
        ({BANKS: None}, (BANKS,), ["page-unreachable"]),
        ({BANKS: None}, (), ["found-elsewhere"]),
    ],
    ids=["not found", "server error", "too many requests", "network failure", "never linked"],
)
def test_only_a_page_that_is_gone_is_looked_for_elsewhere(
    sample: Done, tmp_path: Path, edit: dict[str, int | None], failures: tuple[str, ...], expected: list[str]
) -> None:
    assert codes(rewritten(sample, tmp_path / "portal.warc.gz", edit, failures), "tumorotheques") == expected


def test_the_latest_answer_of_an_address_counts_wherever_it_stands(sample: Done, tmp_path: Path) -> None:
    source = next(sample.home.glob("runs/*/portal.warc.gz"))
    captures = list(archive.read(source))
    older = [replace(c, body=b"<p>avant", when=c.when - timedelta(days=1)) for c in captures if c.url.endswith(BANKS)]
    target = tmp_path / "portal.warc.gz"
    with ArchiveWriter(target, archive.info(source)) as writer:
        for capture in [*captures, *older]:
            write(writer, capture)
    assert len(read_archive(target, load(PORTAL)).extracts["tumorotheques"].rows) == 20


def write(writer: ArchiveWriter, capture: Capture) -> None:
    headers = [("Content-Type", capture.headers.get("content-type", ""))]
    writer.response(capture.url, capture.status, "", headers, capture.body, capture.when)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8801/a/?paged=2", f"{ORIGIN}/a/?paged=2"),
        (f"{ORIGIN}/a/", f"{ORIGIN}/a/"),
        ("http://www.canceropole-idf.fr/a/", f"{ORIGIN}/a/"),
        ("http://127.0.0.1:8801", f"{ORIGIN}/"),
        ("https://ailleurs.example/a/", None),
        ("http://[", None),
    ],
)
def test_addresses_are_the_portal_s_own(url: str, expected: str | None) -> None:
    assert portal_address(url, "http://127.0.0.1:8801/", ORIGIN) == expected
