"""Serves a made-up portal of any size from a process of its own: `python -m bench.portal --pages 1000`.

Fast enough not to be what a crawl waits for. Tells its address on its first line, and serves until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bench.portal_declarations import declare
from bench.portal_pages import Site

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def served(site: Site, *, port: int = 0, validators: bool = False) -> Iterator[str]:
    """The address of a portal that is up while the context lasts.

    Args:
        site: its pages.
        port: to serve on; 0 takes a free one.
        validators: whether it sends ETag and Last-Modified, and answers 304 to who has them.
    """
    told = [f"--{name.replace('_', '-')}={value}" for name, value in asdict(site).items()]
    told += [f"--port={port}", *(["--validators"] if validators else [])]
    with subprocess.Popen([sys.executable, "-m", "bench.portal", *told], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as one client on loopback speaks it: GET after GET on a connection that stays."""

    def __init__(self, site: Site, *, validators: bool) -> None:
        self._site, self._validators = site, validators
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = transport.get_extra_info("sockname")[:2]
        self._base = f"http://{host}:{port}"

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            self._answer(head.decode("latin-1"))

    def _answer(self, head: str) -> None:
        found = self._site.body(head.split(" ", 2)[1], self._base)
        if found is None:
            self._send("404 Not Found", ["Content-Type: text/html"], b"<h1>Page introuvable</h1>")
            return
        body, kind, edition = found
        sent = []
        if self._validators:
            tag, date = f'"{edition}-{len(body)}"', f"Thu, {edition % 28 + 1:02} Jan 2026 10:00:00 GMT"
            sent = [f"ETag: {tag}", f"Last-Modified: {date}"]
            asked = dict(line.split(": ", 1) for line in head.lower().split("\r\n")[1:])
            if tag in asked.get("if-none-match", "") or (
                "if-none-match" not in asked and date.lower() == asked.get("if-modified-since")
            ):
                self._send("304 Not Modified", sent, None)
                return
        self._send("200 OK", [f"Content-Type: {kind}", *sent], body)

    def _send(self, status: str, headers: list[str], body: bytes | None) -> None:
        length = [] if body is None else [f"Content-Length: {len(body)}"]
        head = "\r\n".join((f"HTTP/1.1 {status}", *headers, *length, "", ""))
        self._transport.write(head.encode("latin-1") + (body or b""))


async def _serve(site: Site, port: int, *, validators: bool) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(site, validators=validators), "127.0.0.1", port)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1_000)
    parser.add_argument("--changed", type=float, default=0.0, help="share of the pages that each edition changes")
    parser.add_argument("--edition", type=int, default=0)
    parser.add_argument("--sheet-every", type=int, default=100, help="one page of so many gives a row")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--validators", action="store_true", help="send ETag and Last-Modified, answer 304")
    parser.add_argument("--schemas", type=Path, help="write the declarations of the portal `bench` to this folder")
    given = parser.parse_args()
    site = Site(given.pages, given.changed, given.edition, given.sheet_every)
    if given.schemas:
        declare(given.schemas, site)
    asyncio.run(_serve(site, given.port, validators=given.validators))


if __name__ == "__main__":
    main()
