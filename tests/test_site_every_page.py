"""Every page of the site in both languages, light and dark, on a telephone and on a desk: no violation, no error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from browser import visiting
from test_site import AXE, RULES, SEEN, out, pages, site

from pipeline.site.words import LANGUAGES

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

__all__ = ["out", "site"]  # fixtures
# The two other ways are tried on each kind of page (test_site.py).
WAYS = [("light", 360), ("dark", 1440)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("scheme", "width"), WAYS)
def test_no_page_has_a_violation_or_an_error(
    browser: Browser,
    out: Path,
    site: str,
    language: str,
    scheme: str,
    width: int,
) -> None:
    places = sorted(place for place in pages(out) if place.startswith("en/") == (language == "en"))
    assert len(places) > 2 * len(SEEN)
    with visiting(browser, color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True) as visit:
        for place in places:
            visit.page.goto(site + place)
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width, place
            visit.page.add_script_tag(path=AXE)
            found = visit.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
            assert (told, visit.faults) == ([], []), place
        assert visit.origins() == {site.removesuffix("/site/")}
