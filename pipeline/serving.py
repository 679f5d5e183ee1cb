"""The serve command: releases and their site over HTTP on loopback; never runs/, never what a dot hides."""

from __future__ import annotations

import functools
import os
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipeline import ranges
from pipeline.catalogue import FILES
from pipeline.media_types import PLAIN, TYPES
from pipeline.paths import LISTS
from pipeline.site.policy import POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PUBLIC = {"releases", "latest", *LISTS}
_SITE, _SITES = "site", ".sites"  # the first is a link to a folder in the second


class _Published(SimpleHTTPRequestHandler):
    """Serves the site and the catalogues at the top, DIR/<portal>/releases, latest, and what lists and tells of them.

    Any page may read what it serves, under whatever name it is reached: all of it is published.
    """

    timeout = 60  # seconds for a request, after which a silent client is let go
    server_version, sys_version = "canceropole", ""
    path = ""  # of a request that is none
    extensions_map = {  # noqa: RUF012 (the base class's way of naming types)
        **SimpleHTTPRequestHandler.extensions_map,
        **TYPES,
        "": PLAIN,
    }

    def parse_request(self) -> bool:
        """Reads the request; one whose address is none is answered so."""
        if not super().parse_request():
            return False
        try:
            urlsplit(self.path)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def translate_path(self, path: str) -> str:
        """The file of an address; a path that does not exist for what is not published."""
        root = Path(self.directory).resolve()
        parts = _parts(path)
        nothing, found = root / ".not-published", root.joinpath(*parts)
        if not _public(parts) or not found.resolve().is_relative_to(root):
            return str(nothing)
        if not _public(_place(root, found.resolve())):  # a link to what is private
            return str(nothing)
        return str(found) + ("/" if path.endswith("/") else "")

    def do_GET(self) -> None:
        """Answers; the bare address leads to the site or, without one, to the first portal's current release."""
        if urlsplit(self.path).path == "/":
            out = Path(self.directory)
            portals = sorted(path.parent.name for path in out.glob("*/latest"))
            to = f"/{_SITE}/" if (out / _SITE).is_dir() else f"/{portals[0]}/latest/" if portals else ""
            if to:
                self.send_response(HTTPStatus.FOUND)
                self.send_header("Location", to)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
        if not self._is_file_sent():
            super().do_GET()

    def do_HEAD(self) -> None:
        """Answers with the headers alone."""
        if not self._is_file_sent():
            super().do_HEAD()

    def _is_file_sent(self) -> bool:
        """Answers a request for a file: its headers and, to GET, the bytes of it that are asked for."""
        path = self.translate_path(self.path)
        if path.endswith("/"):
            return False
        try:
            file = Path(path).open("rb")  # noqa: SIM115 (what follows may fail on the network, which is no missing file)
        except OSError:  # a folder, or nothing: the base class knows what to say
            return False
        with file:
            answer = ranges.answer(self.headers, os.fstat(file.fileno()), get=self.command == "GET")
            self.send_response(answer.status)
            if answer.status in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                self.send_header("Content-Type", self.guess_type(path))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.part and self.command == "GET":
                try:
                    self.connection.sendfile(file, answer.part.start, len(answer.part))
                except (ConnectionError, TimeoutError):  # who asked has gone, or no longer listens
                    self.close_connection = True
        return True

    def end_headers(self) -> None:
        """Adds what lets a page read the data, and keeps a browser from guessing types, running or framing it.

        The site's pages run what the site has, and nothing else.
        """
        policy = POLICY if _parts(self.path)[:1] == [_SITE] else "default-src 'none'"
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Accept-Ranges, Content-Range, ETag")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", f"{policy}; frame-ancestors 'none'")
        self.send_header("Referrer-Policy", "no-referrer")
        super().end_headers()


def _parts(path: str) -> list[str]:
    """The parts of an address's path; none of what is no address."""
    try:
        return [part for part in unquote(urlsplit(path).path).split("/") if part]
    except ValueError:
        return []


def _place(root: Path, found: Path) -> tuple[str, ...]:
    """The place of a file under the outputs; a file of the current site is under `site`, wherever that link leads."""
    site = (root / _SITE).resolve()
    if site.parent == root / _SITES and found.is_relative_to(site):
        return (_SITE, *found.relative_to(site).parts)
    return found.relative_to(root).parts


def _public(parts: Sequence[str]) -> bool:
    """Whether a place under the outputs is published: of the site, a catalogue; a portal, then what is public of it."""
    hidden = any(part.startswith(".") or "\0" in part for part in parts)
    if parts and parts[0] == _SITE:
        return not hidden
    if len(parts) == 1:
        return parts[0] in FILES
    return len(parts) > 1 and parts[1] in _PUBLIC and not hidden


def server(out: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server of what is published under `out`, bound and ready; port 0 takes a free one."""
    return ThreadingHTTPServer((host, port), functools.partial(_Published, directory=str(out)))


def serve(out: Path, host: str, port: int, told: Callable[[str], object]) -> None:
    """Serves until interrupted; tells the address first."""
    with server(out, host, port) as bound:
        told(f"http://{bound.server_address[0]!s}:{bound.server_address[1]}/")
        try:
            bound.serve_forever()
        except KeyboardInterrupt:
            return
