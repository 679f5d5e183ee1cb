"""Releases that are served where their `base_url` says, as data portals need them before they list any."""

from __future__ import annotations

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

from conftest import canceropole
from test_refresh import PORTAL

from pipeline import publishing
from schemas.load import HOME

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "opendata@example.org"


class Site:
    """A web server on loopback, of what is published of some outputs, whose `base_url` it is.

    Attributes:
        base: its address.
        www: the folder it serves.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._schemas, self.www = folder / "schemas", folder / "www"
        self.www.mkdir()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(self.www)))
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Ends the server."""
        self._server.shutdown()
        self._server.server_close()

    def release(self, out: Path, source: object, *without: str) -> dict[str, object]:
        """A real refresh, with `base_url` and a maintainer's address, without some datasets: its report."""
        shutil.rmtree(self._schemas, ignore_errors=True)
        for part in (PORTAL, "reference"):
            shutil.copytree(HOME / part, self._schemas / part)
        portal = self._schemas / PORTAL / "portal.yml"
        text = portal.read_text(encoding="utf-8").replace("origin:", f"base_url: {self.base}\norigin:", 1)
        portal.write_text(text.replace("maintainer: {", f"maintainer: {{email: {EMAIL}, ", 1), encoding="utf-8")
        for name in without:
            (self._schemas / PORTAL / f"{name}.yml").unlink()
        done = canceropole("refresh", PORTAL, "--from", source, "--schemas", self._schemas, out=out)
        assert done.status == 0, done.stderr
        return done.report

    def serve(self, out: Path) -> None:
        """Serves the releases of some outputs, and no others."""
        shutil.rmtree(self.www / PORTAL, ignore_errors=True)
        asked = {"dry_run": False, "sample": True, "unconfirmed": True}
        assert publishing.run(PORTAL, str(self.www), out, "en", **asked) == 0


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: the tests say what is wrong."""
