"""A choice of hostile portals, all at once (`make hostile` tries every one): the release is as it was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from conftest import few_declarations
from hostile import bodies, network, rules
from hostile.case import Case, together
from hostile.running import baseline, run
from hostile.server import canary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOW = ("silence", "goutte", "reponses-100", "statut-sans-fin")  # each waits for the time of an answer to be over
PAGES = ("page-cellules", "page-profond", "page-polices", "page-liste")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a first release of the portal in order is."""
    place = tmp_path_factory.mktemp("hostile")
    baseline(place, few_declarations())
    return place


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    with canary() as heard:
        yield heard


def test_traps_change_nothing(folder: Path, elsewhere: tuple[str, list[str]]) -> None:
    host, hits = elsewhere
    cases = [
        *network.bombs(),
        *(case for case in network.endless() if not case.name.startswith(SLOW)),
        *network.broken(),
        *network.delays(),
        *network.redirects(host),
        *network.links(host),
        *(case for case in bodies.parsers() if case.name in PAGES),
        *bodies.charsets(),
        *bodies.markup(host),
        *(case for case in rules.sitemaps(host) if case.name == "plan-dehors"),
    ]
    assert run(together("ensemble", cases), folder, hits, whole=False).faults == []


@pytest.mark.parametrize("name", ["robots-tout-interdit", "robots-coupure", "robots-section", "tumorotheques-profond"])
def test_what_cannot_be_had_holds_its_own(folder: Path, name: str) -> None:
    cases: list[Case] = [*rules.robots(), *bodies.instead()]
    [case] = [case for case in cases if case.name == name]
    assert run(case, folder, [], whole=False).faults == []
