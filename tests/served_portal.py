"""The sample portal's pages on loopback, for a test to change, hold up and take away; and declarations of it."""

from __future__ import annotations

import re
import shutil
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Self

from conftest import ROOT

from schemas.load import HOME

if TYPE_CHECKING:
    from pathlib import Path

PORTAL = "canceropole-idf"
BANKS_PAGE = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
BANKS, HEADS = "tumorotheques", "tumorotheques_responsables"
_PAGES = ROOT / "spiders" / "sample" / "pages"
_ORIGIN = "https://www.canceropole-idf.fr"


class ServedPortal:
    """The pages, served while the context lasts, at one port from its beginning to its end."""

    def __init__(self) -> None:
        files = [path for path in _PAGES.rglob("*") if path.suffix in {".html", ".txt", ".xml"}]
        self.pages = {self._place(path): path.read_text(encoding="utf-8") for path in files}
        self.open = Event()  # answers wait for it
        self.open.set()
        self.asked = Event()  # for anything, since it was last cleared
        self.port = 0

    @staticmethod
    def _place(path: Path) -> str:
        place = f"/{path.relative_to(_PAGES).as_posix()}"
        return place.removesuffix("index.html")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def edit(self, before: str, after: str) -> None:
        """Replaces what stands once in the tumour banks' page."""
        page = self.pages[BANKS_PAGE]
        assert page.count(before) == 1
        self.pages[BANKS_PAGE] = page.replace(before, after)

    def declarations(self, folder: Path, schedule: str = "30 4 * * 1") -> Path:
        """Declarations of two of its datasets, under their usual names."""
        home = folder / PORTAL
        shutil.copytree(HOME / "reference", folder / "reference", dirs_exist_ok=True)
        home.mkdir()
        for name in (f"{BANKS}.yml", f"{HEADS}.yml", "organisations.yml", "libelles.csv"):
            shutil.copy(HOME / PORTAL / name, home / name)
        text = (HOME / PORTAL / "portal.yml").read_text(encoding="utf-8")
        for key, value in (("origin", self.origin), ("schedule", f'"{schedule}"'), ("  delay", "0.0")):
            text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, count=1, flags=re.MULTILINE)
        text = re.sub(r"^ignore:\n(?:(?:  .*)\n)+", "", text, flags=re.MULTILINE)
        (home / "portal.yml").write_text(text, encoding="utf-8")
        return folder

    def come(self) -> None:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                portal.asked.set()
                portal.open.wait()
                body = portal.pages.get(self.path, "").replace(_ORIGIN, portal.origin).encode()
                self.send_response(200 if body else 404)
                kind = "text/html; charset=UTF-8" if self.path.endswith("/") else "text/plain"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def go(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.come()
        return self

    def __exit__(self, *_: object) -> None:
        self.open.set()
        self.go()
