"""The order in which a crawl asks, what it has room for, and what it leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from spiders.frontier import Frontier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SITE = "https://portail.example"


class Make(Protocol):
    def __call__(self, most: int, *known: str) -> Frontier: ...


@pytest.fixture
def frontier(tmp_path: Path) -> Iterator[Make]:
    """Makes a frontier of a size, with what is known."""
    made: list[Frontier] = []

    def make(most: int, *known: str) -> Frontier:
        made.append(Frontier(most, known, tmp_path / "frontier.sqlite"))
        return made[-1]

    yield make
    for one in made:
        one.close()
    assert list(tmp_path.iterdir()) == [], "its file is left"


def add(to: Frontier, *paths: str) -> None:
    for path in paths:
        to.add(SITE + path, SITE)


def taken(of: Frontier) -> list[str]:
    return [of.take().removeprefix(SITE) for _ in range(len(of))]


def test_what_is_known_comes_first_and_all_else_as_it_was_found(frontier: Make) -> None:
    asked = frontier(9, "/connu/", "/page/?n=2")
    add(asked, "/b/", "/a/", "/connu/", "/page/?n=1", "/page/?n=2")
    assert taken(asked) == ["/connu/", "/page/?n=2", "/b/", "/a/", "/page/?n=1"]


def test_an_address_is_asked_for_once_even_after_its_turn(frontier: Make) -> None:
    asked = frontier(9)
    add(asked, "/a/", "/a/")
    assert taken(asked) == ["/a/"]
    asked.add(f"{SITE}/a/", f"{SITE}/ailleurs/")
    assert not len(asked)
    assert asked.found_on(f"{SITE}/a/") == SITE


def test_the_known_keep_their_room_and_no_more(frontier: Make) -> None:
    asked = frontier(4, "/connu/", "/jamais-lu/")
    add(asked, "/a/", "/b/", "/c/", "/connu/")
    assert taken(asked) == ["/connu/", "/a/", "/b/"]
    assert list(asked.left_out) == [f"{SITE}/c/"]


def test_a_list_without_an_end_does_not_keep_from_what_pages_lead_to(frontier: Make) -> None:
    asked = frontier(12, "/donnees/")
    for number in range(100):
        asked.add(f"{SITE}/piege/{number}/", "a sitemap", listed=True)
    add(asked, "/")
    turns = [asked.take().removeprefix(SITE) for _ in range(2)]
    assert turns == ["/piege/0/", "/"]
    add(asked, "/menu/")
    assert [asked.take().removeprefix(SITE) for _ in range(2)] == ["/piege/1/", "/menu/"]
    add(asked, "/donnees/")
    assert asked.take() == f"{SITE}/donnees/"
    assert taken(asked) == [f"/piege/{number}/" for number in range(2, 9)]


def test_what_a_sitemap_lists_late_has_the_turn_of_a_link_once_a_page_leads_to_it(frontier: Make) -> None:
    asked = frontier(9)
    for path in ("/a/", "/b/", "/menu/"):
        asked.add(SITE + path, "a sitemap", listed=True)
    add(asked, "/", "/menu/")
    assert taken(asked) == ["/a/", "/", "/b/", "/menu/"]


def test_a_new_site_beside_the_last_one_is_asked_for_whole(frontier: Make) -> None:
    asked = frontier(2_000, *(f"/donnees/{number}/" for number in range(10)))
    add(asked, *(f"/nouveau/{number}/" for number in range(1_900)))
    assert (len(asked), len(asked.left_out)) == (1_900, 0)


def test_what_is_left_is_told_the_known_wholly_all_else_within_reason(frontier: Make) -> None:
    asked = frontier(9_000, *(f"/connu/{number}/" for number in range(1_500)))
    add(asked, *(f"/connu/{number}/" for number in range(1_500)), *(f"/autre/{number}/" for number in range(1_500)))
    asked.leave()
    assert not len(asked)
    left = [address.removeprefix(SITE).split("/")[1] for address in asked.left_out]
    assert (left.count("connu"), left.count("autre")) == (1_500, 0)


def test_what_sitemaps_list_comes_by_its_last_change_and_once(frontier: Make) -> None:
    asked = frontier(9)
    dates = {"/a/": "2025-01-01", "/b/": "", "/c/": "2026-03-01T10:00:00+01:00", "/d/": "2026-03-02", "/e/": ""}
    for path, changed in [*dates.items(), ("/a/", "2026-04-01")]:
        asked.note_listed(SITE + path, changed)
    assert [address.removeprefix(SITE) for address in asked.listed()] == ["/a/", "/d/", "/c/", "/b/", "/e/"]
    assert not asked.many_listed


def test_more_may_be_listed_than_there_may_be(frontier: Make) -> None:
    asked = frontier(2)
    for number in range(3):
        assert not asked.many_listed
        asked.note_listed(f"{SITE}/{number}/", "")
    assert asked.many_listed


def test_what_was_asked_for_is_known_whatever_led_to_it(frontier: Make) -> None:
    asked = frontier(2)
    asked.ask(f"{SITE}/robots.txt")
    asked.ask(f"{SITE}/robots.txt")
    assert (asked.is_asked(f"{SITE}/robots.txt"), asked.is_asked(f"{SITE}/")) == (True, False)
