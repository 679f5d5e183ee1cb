"""Both portals' releases equal what a person transcribed from the pages' text."""

import csv
from pathlib import Path

import pytest
from conftest import Done

EXPECTED = sorted((Path(__file__).parent / "expected").glob("*.csv"))
COUNTS = {"organisations": 77, "publications": 10, "tumorotheques": 20, "financements": 13, "axes_themes": 13}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_the_sample_gives_the_transcription(sample: Done, expected: Path) -> None:
    assert rows(sample.latest / "data" / expected.name) == rows(expected)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: path.stem)
def test_a_real_wordpress_gives_the_transcription(wordpress: Done, expected: Path) -> None:
    assert rows(wordpress.latest / "data" / expected.name) == rows(expected)


def test_every_dataset_of_the_portal_is_released(sample: Done) -> None:
    names = {path.stem for path in (sample.latest / "data").glob("*.csv")}
    assert names >= {path.stem for path in EXPECTED} | {"organisations", "pages", "provenance"}
    assert {name: len(rows(sample.latest / "data" / f"{name}.csv")) for name in COUNTS} == COUNTS


def test_no_decoy_is_published(wordpress: Done) -> None:
    published = "".join(
        path.read_text(encoding="utf-8")
        for path in (wordpress.latest / "data").glob("*.csv")
        if path.stem not in {"pages", "provenance"}
    )
    assert not [word for word in ("Plateforme", "Exemple", "_ga", "portail.example", "41 projets") if word in published]


def test_unclaimed_lists_what_no_declaration_uses_and_nothing_else(wordpress: Done) -> None:
    known = (Path(__file__).parent / "expected" / "unclaimed.txt").read_text(encoding="utf-8").splitlines()
    listed = wordpress.report["unclaimed"]
    assert isinstance(listed, list)
    assert sorted(f"{item['page'].split('.fr', 1)[1]} {item['block']}" for item in listed) == known
