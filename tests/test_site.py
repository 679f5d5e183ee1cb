"""The site, in a real browser and without its scripts: what it says is there, reachable, and nothing else happens."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import visiting
from conftest import PORTAL, Done, few_declarations, resealed
from lxml import html
from test_refresh import changed, refresh

from pipeline.paths import Home
from pipeline.serving import server
from pipeline.site import build
from pipeline.site.words import LANGUAGES, words
from schemas.load import HOME, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

AXE = Path(sys.prefix) / "share" / "canceropole" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BANKS = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
_CELLS = ("TISSUTHEQUE DE L&rsquo;HOPITAL BICHAT", "AP-HP Hôpital Bichat", "Pr Couvelard")
LOST = "<tr>\n{}\n</tr>\n".format("\n".join(f"<td>{cell}</td>" for cell in _CELLS))
TABLE = f"{PORTAL}/tables/tumorotheques.html"
# One of each kind of page, and the tables that have what others lack: a chart, figures, no evidence, many rows.
SEEN = [
    "index.html",
    TABLE,
    f"{PORTAL}/tables/financements.html",
    f"{PORTAL}/tables/organisations.html",
    f"{PORTAL}/tables/provenance.html",
    f"{PORTAL}/preuves/tumorotheques.html",
    f"{PORTAL}/versions/index.html",
    f"{PORTAL}/versions/1.1.0.html",
    f"{PORTAL}/methode.html",
    f"{PORTAL}/sql.html",
]


@pytest.fixture(scope="module")
def out(later: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs with two releases, then a visit at which rows were missing."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(later.out, folder / "outputs", symlinks=True)
    newest = max(later.home.glob("runs/*/portal.warc.gz"))
    archive = changed(newest, folder / "portal.warc.gz", {BANKS: (LOST, "")})
    assert refresh(folder / "outputs", archive, schemas=HOME)["outcome"] == "held"
    return folder / "outputs"


@pytest.fixture(scope="module")
def site(out: Path) -> Iterator[str]:
    """The address of the site, served."""
    with server(out, "127.0.0.1", 0) as bound:
        threading.Thread(target=bound.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{bound.server_address[1]}/site/"
        bound.shutdown()


def pages(out: Path) -> dict[str, html.HtmlElement]:
    """Every page of the site, by its place in it."""
    folder = (out / "site").resolve()
    return {
        str(path.relative_to(folder)): html.document_fromstring(path.read_text()) for path in folder.rglob("*.html")
    }


def said(page: html.HtmlElement) -> str:
    return " ".join(" ".join(text.split()) for text in page.xpath("//body//text()"))


@pytest.mark.parametrize("place", SEEN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_violation_an_error_or_a_way_out(
    browser: Browser, site: str, place: str, language: str
) -> None:
    address = site + ("" if language == "fr" else "en/") + place
    for scheme, width in (("dark", 360), ("light", 1440)):  # the other two are tried on every page
        size = {"width": width, "height": 900}
        # axe-core is put in by the test, which the policy of the page would not let in.
        with visiting(browser, color_scheme=scheme, viewport=size, bypass_csp=True, reduced_motion="reduce") as visit:
            visit.page.goto(address)
            assert visit.page.evaluate("document.documentElement.lang") == language
            assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
            visit.page.add_script_tag(path=AXE)
            found = visit.page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
            told = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]
            assert told == [], (scheme, width)
            assert visit.faults == []
            assert visit.origins() == {site.removesuffix("/site/")}


@pytest.mark.parametrize("place", SEEN)
def test_a_page_lives_under_its_own_policy(browser: Browser, site: str, place: str) -> None:
    with visiting(browser) as visit:
        answer = visit.page.goto(site + place)
        assert answer is not None
        policy = visit.page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
        assert policy is not None
        assert answer.headers["content-security-policy"].startswith(policy)
        assert "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'" in policy
        visit.page.wait_for_load_state("networkidle")
        assert visit.faults == []  # a style or script that the policy refuses is one


def test_every_link_leads_somewhere(out: Path) -> None:
    """To a page of the site and what is on it, or to a file beside it, as a web server of the outputs has them."""
    told = pages(out)
    ids = {place: page.xpath("//@id") for place, page in told.items()}
    for place, page in told.items():
        assert len(ids[place]) == len(set(ids[place])), place
        for link in page.xpath("//@href | //@src"):
            if re.match("(https?|mailto):", link):
                continue
            path, _, anchor = link.partition("#")
            target = os.path.normpath(
                Path("site", place).parent / path.partition("?")[0] if path else Path("site", place)
            )
            assert (out / target).exists(), (place, link)
            if anchor and target.endswith(".html"):
                assert anchor in ids[target.removeprefix("site/")], (place, link)


def test_the_first_page_says_what_there_is_how_fresh_and_what_is_held(out: Path, later: Done) -> None:
    page = said(pages(out)["index.html"])
    descriptor = json.loads((later.latest / "datapackage.json").read_bytes())
    titles = [r["title"].removesuffix(" (reconstitution)") for r in descriptor["resources"] if r["format"] == "csv"]
    assert len(titles) > 20
    assert all(title in page for title in titles)
    assert "Reconstitution" in page
    assert "1.1.0" in page
    assert "2 retenues" in page


def test_a_table_that_is_held_says_since_when_and_why_and_shows_the_rows_that_are_sure(out: Path) -> None:
    for place, since in ((TABLE, "Retenue depuis le"), (f"en/{TABLE}", "Held since")):
        page = pages(out)[place]
        assert since in said(page)
        assert "rows-lost" in said(page)
        assert len(page.xpath("//*[@data-table]//tbody/tr")) == 21  # the release's, with the one the portal lost
        assert "HOPITAL BICHAT" in said(page)


def test_a_release_shows_what_changed_side_by_side(out: Path) -> None:
    [line] = pages(out)[f"{PORTAL}/versions/1.1.0.html"].xpath("//tr[.//code[text()='etablissement']]")
    cells = [cell.text_content() for cell in line]
    assert cells[0] == "tissutheque-beaujon"
    assert cells[3:] == ["AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy"]


def test_the_evidence_of_a_row_is_the_text_that_the_page_prints(out: Path) -> None:
    page = pages(out)[TABLE]
    [link] = page.xpath("//tr[th[text()='tissutheque-beaujon']]//a[@class='evidence']/@href")
    [proof] = pages(out)[f"{PORTAL}/preuves/tumorotheques.html"].xpath(f"//*[@id='{link.partition('#')[2]}']")
    assert "TISSUTHEQUE BEAUJON" in said(proof.getroottree().getroot())
    printed = [" ".join(text.split()) for text in proof.xpath(".//div[@class='printed']/dd/text()")]
    assert "Hôpital Beaujon, Clichy" in printed
    assert proof.xpath(".//a/@href")[1] == f"https://www.canceropole-idf.fr{BANKS}"


def test_with_scripts_off_all_of_it_is_there(browser: Browser, site: str) -> None:
    with visiting(browser, java_script_enabled=False) as visit:
        visit.page.goto(site + TABLE)
        assert visit.page.locator("[data-table] tbody tr:visible").count() == 21
        visit.page.locator("tr", has_text="tissutheque-beaujon").locator("a.evidence").click()
        assert "Hôpital Beaujon, Clichy" in visit.page.locator("section:target").inner_text()
        assert visit.page.locator("input:visible, button:visible").count() == 0


def test_rows_are_searched_and_sorted(browser: Browser, site: str) -> None:
    with visiting(browser) as visit:
        visit.page.goto(site + f"{PORTAL}/tables/financements.html")
        rows = visit.page.locator("[data-table] tbody tr:visible")
        assert rows.count() == 13
        visit.page.get_by_label("Chercher dans ces lignes").fill("region 2014")  # without its accent
        rows.nth(1).wait_for(state="detached")
        assert "2 525 000" in rows.inner_text().replace("\u202f", " ")
        assert visit.page.get_by_role("status").inner_text() == "1 ligne(s) sur 13"
        visit.page.get_by_label("Chercher dans ces lignes").fill("")
        visit.page.get_by_role("button", name="Montant en euros").click()
        head = visit.page.locator("th", has=visit.page.get_by_role("button", name="Montant en euros"))
        assert head.get_attribute("aria-sort") == "ascending"
        assert "85 000" in rows.first.inner_text().replace("\u202f", " ")
        visit.page.get_by_role("button", name="Montant en euros").press("Enter")
        assert "25 100 000" in rows.first.inner_text().replace("\u202f", " ")
        assert visit.faults == []


def test_evidence_opens_beside_its_row_and_closes_with_escape(browser: Browser, site: str) -> None:
    with visiting(browser) as visit:
        visit.page.goto(site + TABLE)
        link = visit.page.locator("tr", has_text="tissutheque-beaujon").locator("a.evidence")
        link.press("Enter")
        dialog = visit.page.get_by_role("dialog", name="D'où vient cette ligne")
        assert "Hôpital Beaujon, Clichy" in dialog.inner_text()
        visit.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        assert link.evaluate("link => link === document.activeElement")
        assert visit.faults == []


def test_the_other_rows_are_loaded_when_asked_for(browser: Browser, site: str, later: Done) -> None:
    rows = len(json.loads((later.latest / "data" / "provenance.json").read_bytes()))
    with visiting(browser) as visit:
        visit.page.goto(site + f"{PORTAL}/tables/provenance.html")
        shown = visit.page.locator("[data-table] tbody tr")
        assert shown.count() < rows
        visit.page.get_by_role("button", name=f"Charger les {rows} lignes").click()
        shown.nth(rows - 1).wait_for()
        assert shown.count() == rows
        assert visit.faults == []


def test_the_other_language_says_the_same_page(browser: Browser, site: str) -> None:
    with visiting(browser) as visit:
        visit.page.goto(site + TABLE)
        visit.page.get_by_role("link", name="English").click()
        assert visit.page.url == f"{site}en/{TABLE}"
        assert visit.page.get_by_role("heading", level=1).inner_text() == "Hospital tumour banks of Île-de-France"
        visit.page.get_by_role("link", name="Français").click()
        assert visit.page.url == site + TABLE


def test_what_is_downloaded_is_the_release(browser: Browser, site: str, later: Done) -> None:
    with visiting(browser, accept_downloads=True) as visit:
        visit.page.goto(site + TABLE)
        with visit.page.expect_download() as started:
            visit.page.get_by_role("link", name="tumorotheques.csv").click()
        assert started.value.path().read_bytes() == (later.latest / "data" / "tumorotheques.csv").read_bytes()


def test_pages_are_small(out: Path) -> None:
    sizes = {path: path.stat().st_size for path in (out / "site").resolve().rglob("*.html")}
    assert max(sizes.values()) < 150_000, max(sizes, key=lambda path: sizes[path])


def test_a_site_made_again_has_the_pages_of_releases_that_are_as_they_were(out: Path, tmp_path: Path) -> None:
    shutil.copytree(out, tmp_path / "outputs", symlinks=True)
    home = Home(tmp_path / "outputs" / PORTAL)
    before = build.current(tmp_path / "outputs")
    assert before
    place = Path(PORTAL) / "versions" / "1.0.0.html"
    node = (before / place).stat().st_ino
    build.build(home, load(PORTAL))
    after = build.current(tmp_path / "outputs")
    assert after
    assert after != before
    assert not before.exists()
    assert (after / place).stat().st_ino == node
    assert (after / TABLE).read_bytes() == (out / "site" / TABLE).read_bytes()


def test_a_site_of_what_is_no_longer_so_is_made_anew(out: Path, tmp_path: Path) -> None:
    """As after an erasure that was killed before it came to the site."""
    shutil.copytree(out, tmp_path / "outputs", symlinks=True)
    home, declarations = Home(tmp_path / "outputs" / PORTAL), load(PORTAL)
    before = build.current(tmp_path / "outputs")
    build.catch_up(home, declarations)
    assert build.current(tmp_path / "outputs") == before
    sums = home.release("1.0.0") / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes() + b"\n")
    build.catch_up(home, declarations)
    assert build.current(tmp_path / "outputs") != before


def test_every_word_is_used_and_said_in_both_languages() -> None:
    folder = Path(build.__file__).parent
    used = set(re.findall(r"\bw\.(\w+)", "".join(path.read_text() for path in folder.glob("templates/*.html"))))
    named = {"of_the_portal", "of_references", "of_the_crawl", "chart_failed"}  # from elsewhere
    named |= {"is_true", "is_false"}
    kinds = {f"type_{kind}" for kind in ("string", "integer", "number", "boolean", "date", "datetime", "year")}
    for language in LANGUAGES:
        assert set(words(language)) == used | named | kinds, language


def test_a_portal_that_was_held_at_first_is_told_of_once_it_is_released(few: Done, tmp_path: Path) -> None:
    shutil.copytree(few.out, tmp_path / "outputs", symlinks=True)
    home, declarations = Home(tmp_path / "outputs" / PORTAL), load(PORTAL, few_declarations())
    link = home.latest.readlink()
    home.latest.unlink()
    build.build(home, declarations)
    assert "Rien n'est encore publié." in said(pages(home.root.parent)["index.html"])
    home.latest.symlink_to(link)
    build.build(home, declarations)
    assert TABLE in pages(home.root.parent)


def test_the_pages_of_another_portal_stay_until_its_own_site_is_made(few: Done, tmp_path: Path) -> None:
    """Also where the other has a release since, whose pages nobody has made yet."""
    out = Path(shutil.copytree(few.out, tmp_path / "outputs", symlinks=True))
    other, declarations = Home(out / "autre"), load(PORTAL, few_declarations())
    shutil.copytree(out / PORTAL, other.root, symlinks=True)
    build.build(Home(out / PORTAL), declarations)
    build.build(other, None)
    place = f"autre/tables/{Path(TABLE).name}"
    before = (out / "site" / place).read_bytes()
    release = shutil.copytree(other.release("1.0.0"), other.release("1.0.1"))
    told = json.loads((release / "datapackage.json").read_bytes())
    (release / "datapackage.json").write_text(json.dumps({**told, "version": "1.0.1"}))
    resealed(release)
    other.latest.unlink()
    other.latest.symlink_to("releases/1.0.1")
    build.build(Home(out / PORTAL), declarations)
    assert (out / "site" / place).read_bytes() == before
    home = pages(out)["index.html"]
    assert "1.0.1" not in said(home)
    assert {link for link in home.xpath("//@href") if "autre/versions/1" in link} == {"autre/versions/1.0.0.html"}
    build.catch_up(other)
    assert "1.0.1" in said(pages(out)["index.html"])
    assert "autre/versions/1.0.1.html" in pages(out)


def test_a_site_that_was_copied_without_links_is_replaced(few: Done, tmp_path: Path) -> None:
    out = Path(shutil.copytree(few.out, tmp_path / "outputs"))  # links become what they lead to
    shutil.rmtree(out / PORTAL / "latest")
    (out / PORTAL / "latest").symlink_to("releases/1.0.0")
    build.build(Home(out / PORTAL), load(PORTAL, few_declarations()))
    assert (out / "site").is_symlink()
    assert TABLE in pages(out)


def test_a_site_is_withdrawn_whole(few: Done, tmp_path: Path) -> None:
    out = Path(shutil.copytree(few.out, tmp_path / "outputs", symlinks=True))
    build.withdraw(out)
    assert not (out / "site").is_symlink()
    assert list(out.rglob("*.html")) == list(out.rglob("releases/*/index.html"))


def test_a_portal_without_a_release_is_told_of(tmp_path: Path) -> None:
    home = Home(tmp_path / PORTAL)
    home.root.mkdir()
    message = {"fr": "Un en-tête manque.", "en": "A header is missing."}
    entry = {
        "name": "tumorotheques",
        "state": "held",
        "checked": "2026-11-23T15:30:00Z",
        "code": "x",
        "message": message,
    }
    home.status.write_text(json.dumps({"datasets": [entry]}))
    build.build(home, load(PORTAL))
    text = said(pages(tmp_path)["index.html"])
    assert "Rien n'est encore publié." in text
    assert "Tumorothèques hospitalières d'Île-de-France" in text
    assert "Un en-tête manque." in text
