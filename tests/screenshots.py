"""Pictures of the site for a person to look at: `make screenshots` puts them in build/screenshots/."""

from __future__ import annotations

import tempfile
import threading
from itertools import product
from pathlib import Path

from browser import chromium, visiting
from conftest import PORTAL, ROOT
from test_refresh import changed, refresh

from pipeline.paths import Home
from pipeline.serving import server
from schemas.load import HOME

FOLDER = ROOT / "build" / "screenshots"
PAGES = {
    "accueil": "index.html",
    "table": f"{PORTAL}/tables/financements.html",
    "table-axes": f"{PORTAL}/tables/axes_themes.html",
    "preuves": f"{PORTAL}/preuves/tumorotheques.html",
    "version": f"{PORTAL}/versions/1.1.0.html",
    "methode": f"{PORTAL}/methode.html",
    "console": f"{PORTAL}/sql.html",
    "accueil-en": "en/index.html",
}
WIDTHS = {"telephone": 360, "bureau": 1440}
BANKS = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
ROW = "<tr>\n<td>TISSUTHEQUE {}</td>\n<td>{}</td>\n<td>Pr Bedossa</td>\n</tr>\n"


def outputs(folder: Path) -> Path:
    """Two releases of the sample portal: a tumour bank corrected, one added."""
    out = folder / "outputs"
    refresh(out, "sample", schemas=HOME)
    [pages] = Home(out / PORTAL).runs.glob("*/portal.warc.gz")
    was = ROW.format("BEAUJON", "AP-HP Hôpital Beaujon")
    now = ROW.format("BEAUJON", "Hôpital Beaujon, Clichy") + ROW.format("LARIBOISIERE", "AP-HP Hôpital Lariboisière")
    refresh(out, changed(pages, folder / "portal.warc.gz", {BANKS: (was, now)}), schemas=HOME)
    return out


def main() -> None:
    """Takes every page, on a telephone and on a desk, light and dark."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        chromium() as browser,
        server(outputs(Path(folder)), "127.0.0.1", 0) as bound,
    ):
        threading.Thread(target=bound.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{bound.server_address[1]}/site"
        for (name, place), (device, width) in product(PAGES.items(), WIDTHS.items()):
            for scheme in ("light", "dark"):
                with visiting(browser, color_scheme=scheme, viewport={"width": width, "height": 900}) as visit:
                    visit.page.goto(f"{site}/{place}")
                    if name == "console":
                        visit.page.locator("main button").first.click()
                        visit.page.locator("main table tbody tr").first.wait_for(timeout=60_000)
                    visit.page.screenshot(path=FOLDER / f"{name}-{device}-{scheme}.png", full_page=True)
        bound.shutdown()
    print(FOLDER)  # noqa: T201 (a command prints)


if __name__ == "__main__":
    main()
