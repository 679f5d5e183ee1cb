"""Releases that are served where their `base_url` says, as data portals need them before they list any."""

from __future__ import annotations

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from conftest import canceropole
from test_refresh import CORRECTED, PORTAL, changed, refresh

from pipeline import publishing
from pipeline.paths import read_json
from schemas.load import HOME

if TYPE_CHECKING:
    from types import TracebackType

GONE = "annuaires"  # no other table refers to it
EMAIL = "opendata@example.org"


class Site:
    """A web server on loopback, of what is published of some outputs, whose `base_url` it is.

    Attributes:
        base: its address.
        www: the folder it serves.
    """

    def __init__(self, folder: Path, port: int = 0, declarations: Path = HOME) -> None:
        self._declarations = declarations
        self._schemas, self.www = folder / "schemas", folder / "www"
        self.www.mkdir()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(self.www)))
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def release(self, out: Path, source: object, *without: str) -> dict[str, Any]:
        """A refresh, with `base_url` and a maintainer's address, without some datasets: its report."""
        shutil.rmtree(self._schemas, ignore_errors=True)
        for part in (PORTAL, "reference"):
            shutil.copytree(self._declarations / part, self._schemas / part)
        portal = self._schemas / PORTAL / "portal.yml"
        text = portal.read_text(encoding="utf-8").replace("origin:", f"base_url: {self.base}\norigin:", 1)
        portal.write_text(text.replace("maintainer: {", f"maintainer: {{email: {EMAIL}, ", 1), encoding="utf-8")
        for name in without:
            (self._schemas / PORTAL / f"{name}.yml").unlink()
        report = refresh(out, source, schemas=self._schemas)
        assert report["outcome"] == "released", report
        return report

    def serve(self, out: Path) -> None:
        """Serves the releases of some outputs, and no others."""
        shutil.rmtree(self.www / PORTAL, ignore_errors=True)
        asked = {"dry_run": False, "sample": True, "unconfirmed": True}
        assert publishing.run(PORTAL, str(self.www), out, "en", **asked) == 0


def in_a_row(archive: Path, folder: Path, site: Site) -> list[Path]:
    """Makes three releases in a row: a first one, one with a row corrected, one without a table.

    Args:
        archive: the sample portal's.
        folder: where to.
        site: where they are said to be.

    Returns:
        Their outputs, each in a folder of its own.
    """
    out = folder / "out"
    outputs: list[Path] = []
    later = changed(archive, folder / "later.warc.gz", CORRECTED)
    for source, without in ((archive, ()), (later, ()), (later, (GONE,))):
        site.release(out, source, *without)
        outputs.append(Path(shutil.copytree(out, folder / f"release-{len(outputs) + 1}", symlinks=True)))
    return outputs


def crawled(folder: Path) -> Path:
    """The archive of a real crawl of the sample portal."""
    done = canceropole("refresh", PORTAL, "--from", "sample", out=folder / "sample")
    assert done.status == 0, done.stderr
    [archive] = done.home.glob("runs/*/portal.warc.gz")
    return archive


def port_of(out: Path) -> int:
    """The port where the records of some outputs expect their files."""
    return urlsplit(read_json(out / PORTAL / "latest" / "datapackage.json")["base_url"]).port or 80


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: the tests say what is wrong."""
