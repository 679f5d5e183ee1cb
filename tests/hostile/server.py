"""The sample portal, with some of its addresses answered by whatever bytes a case says, over plain sockets."""

from __future__ import annotations

import http.client
import select
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Self
from urllib.parse import urlsplit

from spiders.sample.server import SamplePortal

LONGEST = 90.0  # seconds an endless answer goes on, if nobody hangs up before


class Reset(Exception):  # noqa: N818 (an order, not a fault)
    """Ends the connection at once, as a broken network does."""


class Wait(float):
    """Seconds to say nothing."""


Said = bytes | Wait
# What a case answers at an address: given this server's own address, pieces to send one after the other.
Answer = Callable[[str], Iterator[Said]]


def whole(body: bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK", **headers: str) -> Answer:
    """An answer in order, of a length it states."""

    def answer(_: str) -> Iterator[Said]:
        fields = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
        yield f"HTTP/1.1 {status}\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode("latin-1")
        yield body

    return answer


class HostilePortal:
    """The sample portal with other answers at some addresses, and links to them on its front page.

    Attributes:
        base: its address.
        asked: every path that was asked for.
    """

    def __init__(self, answers: Mapping[str, Answer], linked: tuple[str, ...]) -> None:
        self.answers, self.linked = answers, linked
        self.asked: list[str] = []
        self._sample = SamplePortal()
        self._server = _Server(("127.0.0.1", 0), _Connection)
        self._server.portal = self
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._sample.__enter__()
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._sample.__exit__(None, None, None)

    def said(self, path: str) -> Iterator[Said]:
        """What this portal says at a path."""
        found = self.answers.get(path) or next(
            (self.answers[start] for start in self.answers if start.endswith("*") and path.startswith(start[:-1])), None
        )
        return found(self.base) if found else self._as_ever(path)

    def _as_ever(self, path: str) -> Iterator[Said]:
        place = urlsplit(self._sample.base)
        connection = http.client.HTTPConnection(place.hostname or "", place.port)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().replace(self._sample.base.rstrip("/").encode(), self.base.encode())
        if path == "/":
            links = "".join(f'<li><a href="{address}">lien</a></li>' for address in self.linked)
            body = body.replace(b"</body>", f"<footer><ul>{links}</ul></footer></body>".encode())
        location = (answer.headers["Location"] or "").replace(self._sample.base.rstrip("/"), self.base)
        kind = answer.headers["Content-Type"] or ""
        return whole(body, kind, f"{answer.status} {answer.reason}", Location=location)(self.base)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    portal: HostilePortal


class _Connection(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        try:
            asked = self._asked()
            if asked is None:
                return
            self.server.portal.asked.append(asked)
            self._say(self.server.portal.said(asked))
        except Reset:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            return  # whoever asked has hung up

    def _asked(self) -> str | None:
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.request.recv(65_536)
            if not more:
                return None
            head += more
        return head.split(b" ", 2)[1].decode("latin-1")

    def _say(self, said: Iterator[Said]) -> None:
        until = monotonic() + LONGEST
        for piece in said:
            if monotonic() > until:
                return
            if isinstance(piece, Wait):
                if select.select([self.request], [], [], piece)[0] and not self.request.recv(1):
                    return
            else:
                self.request.sendall(piece)


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    """Another host, as far as a crawl is concerned: its address, and what was asked of it, which must stay nothing."""
    hits: list[str] = []

    class Heard(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            hits.append(str(self.request.recv(200)[:200]))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Heard) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}", hits
        server.shutdown()
