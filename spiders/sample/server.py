"""Serves the sample portal's pages on loopback, as a WordPress behind a plain web server would."""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

ORIGIN = "https://www.canceropole-idf.fr"
REDIRECTS = {
    "/?p=7": "/actualites/financements/",
    "/category/actualites/": "/actualites/",
    "/category/le-canceropole-idf/": "/le-canceropole-idf/",
    "/index.php": "/",
    "/tumorotheques/": "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/",
}

_PAGES = Path(__file__).parent / "pages"
_NOT_FOUND = _PAGES / "404.html"
_LAST_MODIFIED = "Tue, 08 Sep 2015 10:00:00 GMT"
_TYPES = {
    ".html": "text/html; charset=UTF-8",
    ".pdf": "application/pdf",
    ".rss": "application/rss+xml; charset=UTF-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=UTF-8",
    ".xml": "application/xml; charset=UTF-8",
}
_NAMING_THE_ORIGIN = {".html", ".rss", ".txt", ".xml"}


class SamplePortal:
    """The sample portal, up while the context lasts: `with SamplePortal() as portal: fetch(portal.base)`.

    Args:
        port: the loopback port to listen on; 0 takes a free one.

    Attributes:
        base: the portal's address, with its final slash.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, port: int = 0) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._thread = Thread(target=self._server.serve_forever, name="sample-portal", daemon=True)
        self.base = f"{self._server.origin}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"
        # Only what is in this table can be asked for: no address leads out of the folder.
        self.files = {_address(file): file for file in _PAGES.rglob("*") if file.is_file() and file != _NOT_FOUND}


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        target = REDIRECTS.get(self.path) or REDIRECTS.get(path)
        if target is None and f"{path}/" in self.server.files:
            target = f"{path}/"
        if target is not None:
            self._answer(HTTPStatus.MOVED_PERMANENTLY, b"", {"Location": f"{self.server.origin}{target}"})
            return
        file = self.server.files.get(path)
        if file is None:
            self._answer(HTTPStatus.NOT_FOUND, self._read(_NOT_FOUND), {"Content-Type": _TYPES[".html"]})
            return
        self._send(file)

    do_HEAD = do_GET  # noqa: N815 (the name http.server calls)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Says nothing: the crawl has its own log."""

    def _send(self, file: Path) -> None:
        body = self._read(file)
        # Of the body as sent, which names this server's port (RFC 9110, 8.8.3: the tag is the representation's).
        tag = f'"{sha256(body).hexdigest()[:32]}"'
        validators = {"ETag": tag, "Last-Modified": _LAST_MODIFIED}
        if tag in self.headers.get("If-None-Match", ""):
            self._answer(HTTPStatus.NOT_MODIFIED, b"", validators)
        else:
            self._answer(HTTPStatus.OK, body, {"Content-Type": _TYPES[file.suffix], **validators})

    def _read(self, file: Path) -> bytes:
        body = file.read_bytes()
        if file.suffix in _NAMING_THE_ORIGIN:
            return body.replace(ORIGIN.encode(), self.server.origin.encode())
        return body

    def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _address(file: Path) -> str:
    """The address path of a file: an index stands for its folder."""
    path = f"/{file.relative_to(_PAGES).as_posix()}"
    return path.removesuffix(file.name) if file.stem == "index" else path
