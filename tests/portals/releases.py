"""Releases in a row, each at the loopback address that its records point to."""

from __future__ import annotations

import shutil
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

from test_refresh import CORRECTED, PORTAL, changed, refresh

from pipeline import publishing
from schemas.load import HOME

if TYPE_CHECKING:
    from types import TracebackType

GONE = "actions_industrielles"  # no other table refers to it


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Site:
    """A web server on loopback, of one folder at a time: what is published of some outputs."""

    def __init__(self, port: int = 0) -> None:
        self._folder = Path("/nowhere")
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._answer)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def show(self, out: Path, portal: str = PORTAL) -> Path:
        """Publishes outputs to a folder beside them, and serves that one; the outputs."""
        self._folder = out.with_name(f"{out.name}-www")
        told = {"dry_run": False, "sample": True, "unconfirmed": True}
        assert publishing.run(portal, str(self._folder), out, "en", **told) == 0
        return out

    def _answer(self, *told: Any) -> SimpleHTTPRequestHandler:
        return _Quiet(*told, directory=str(self._folder))

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def in_a_row(archive: Path, folder: Path, base: str) -> list[Path]:
    """The outputs of three releases in a row, in folders of their own: a first, one with a row corrected, one with a
    table gone."""
    schemas, out = _declarations(folder / "schemas", base), folder / "out"
    later = changed(archive, folder / "later.warc.gz", CORRECTED)
    made: list[Path] = []
    for source, drop in ((archive, ""), (later, ""), (later, GONE)):
        if drop:
            (schemas / PORTAL / f"{drop}.yml").unlink()
        assert refresh(out, source, schemas=schemas)["version"], f"{source} made a release"
        made.append(Path(shutil.copytree(out, folder / f"release-{len(made) + 1}", symlinks=True)))
    return made


def _declarations(copy: Path, base: str) -> Path:
    for part in (PORTAL, "reference"):
        shutil.copytree(HOME / part, copy / part)
    portal = copy / PORTAL / "portal.yml"
    portal.write_text(f"base_url: {base}\n{portal.read_text(encoding='utf-8')}", encoding="utf-8")
    return copy
