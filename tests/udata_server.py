"""A small udata on loopback, as udata 17.18's own forms and API describe it (opendatateam/udata).

What it keeps of the real one is what a publication meets: keys, pages, what a PUT empties, what is refused. The real
one is asked by `make check-portals`.
"""

from __future__ import annotations

import json
import re
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, ORGANISATION, SLUG = "udata_cle-d-essai", "6b07a1e10fb44deee8762b1b", "canceropole"
# Those of udata/core/dataset/constants.py that an EU code of ours could mean.
FREQUENCIES = {
    *("unknown", "hourly", "daily", "weekly", "biweekly", "monthly", "quarterly", "annual", "irregular", "other"),
    *("continuous", "semidaily", "semiweekly", "semimonthly", "bimonthly", "semiannual", "biennial", "never"),
}
LICENCES: tuple[dict[str, Any], ...] = (
    {"id": "notspecified", "title": "License Not Specified", "url": None, "alternate_urls": []},
    {"id": "fr-lo", "title": "Licence Ouverte", "url": None, "alternate_urls": ["https://www.example.org/lo"]},
    {
        "id": "lov2",
        "title": "Licence Ouverte / Open Licence version 2.0",
        "url": "http://www.etalab.gouv.fr/licence-ouverte-open-licence/",
        "alternate_urls": [],
    },
)
_EMPTY: dict[str, Any] = {
    "acronym": None, "archived": None, "contact_points": [], "deleted": None, "extras": {}, "frequency": "unknown",
    "harvest": None, "license": None, "private": False, "resources": [], "spatial": None, "tags": [],
    "temporal_coverage": None,
}  # fmt: skip
_NO_FILE: dict[str, Any] = {
    "checksum": None, "description": None, "extras": {}, "filesize": None, "format": None, "mime": None, "schema": None,
}  # fmt: skip


class Refused(Exception):  # noqa: N818 (it is an answer)
    """An answer that is no success."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Server:
    """The server, and what a test looks at or makes happen.

    Attributes:
        datasets, contacts: what it has.
        asked: every request: method, path.
        answers: what it answers at a path instead, as bytes.
        after: called with the number of each change, made and not answered yet; what is falsy is not answered at all.
    """

    def __init__(self) -> None:
        self.datasets: list[dict[str, Any]] = []
        self.contacts: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, bytes] = {}
        self.after: Callable[[int], bool] = lambda _: True
        self.clock, self.lock, self.done = count(1), Lock(), count(1)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.target = f"udata+http://127.0.0.1:{self._http.server_address[1]}/{SLUG}"
        Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def changes(self) -> list[str]:
        """What was asked for since last asked, but for looks."""
        found = [f"{method} {path}" for method, path in self.asked if method != "GET"]
        self.asked.clear()
        return found

    def answer(self, method: str, path: str, query: dict[str, list[str]], sent: Any) -> Any:  # noqa: C901, PLR0911, PLR0912 (a case a route)
        match [method, *path.removeprefix("/api/1/").strip("/").split("/")]:
            case ["GET", "organizations", name] if name in {SLUG, ORGANISATION}:
                return {"id": ORGANISATION, "slug": SLUG}
            case ["GET", "organizations", other]:
                raise Refused(308 if other.lower() == SLUG else 404, {"message": f"/organizations/{SLUG}/"})
            case ["GET", "organizations", _, "datasets"]:
                return self._page(
                    [{**one, "license": one["license"] or "notspecified"} for one in self.datasets], query
                )
            case ["GET", "organizations", _, "contacts"]:
                return self._page(self.contacts, query)
            case ["GET", "datasets", "licenses"]:
                return LICENCES
            case ["POST", "contacts"]:
                wanted = {name: sent.get(name) for name in ("name", "email", "role")}
                if not [one for one in self.contacts if one.items() >= wanted.items()]:
                    self.contacts.append({**wanted, "id": uuid.uuid4().hex[:24]})
                return next(one for one in self.contacts if one.items() >= wanted.items())
            case ["POST", "datasets"]:
                if sent.get("organization") != ORGANISATION:
                    raise Refused(400, {"errors": {"organization": ["Permission denied for this organization"]}})
                self.datasets.append(self._dataset({**_EMPTY, "id": uuid.uuid4().hex[:24]}, sent))
                return self.datasets[-1]
            case ["PUT", "datasets", name]:
                one = self._found(self.datasets, name)
                if one["deleted"] and sent.get("deleted", True) is not None:
                    raise Refused(410, {"message": "Dataset has been deleted"})
                return self._dataset(one, sent)
            case ["POST", "datasets", name, "resources"]:
                self._found(self.datasets, name)["resources"].insert(0, self._resource({}, sent))
                return {}
            case ["PUT", "datasets", name, "resources", file]:
                return self._resource(self._found(self._found(self.datasets, name)["resources"], file), sent)
            case ["DELETE", "datasets", name, "resources", file]:
                files = self._found(self.datasets, name)["resources"]
                files.remove(self._found(files, file))
                return None
        raise Refused(404, {"message": path})

    def _found(self, among: list[dict[str, Any]], name: str) -> dict[str, Any]:
        found = next((one for one in among if one["id"] == name), None)
        if found is None:
            raise Refused(404, {"message": name})
        return found

    def _page(self, found: list[dict[str, Any]], query: dict[str, list[str]]) -> dict[str, Any]:
        page, size = int(query["page"][0]), min(int(query["page_size"][0]), 7)
        shown = found[(page - 1) * size : page * size]
        if not shown and page != 1:
            raise Refused(404, {"message": "no such page"})
        return {"data": shown, "total": len(found), "page": page, "page_size": size}

    def _dataset(self, one: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
        """What DatasetForm makes of it: without tags or a period there are none, the rest stays."""
        told = {**one, "tags": [], "temporal_coverage": None, **sent}
        if not (told.get("title") and told.get("description")):
            raise Refused(400, {"errors": {"title": ["This field is required."]}})
        if told["frequency"] not in FREQUENCIES:
            raise Refused(400, {"message": f"'{told['frequency']}' is not a valid UpdateFrequency"})
        wrong = [tag for tag in told["tags"] if not re.fullmatch(r"[a-z0-9-]{3,96}", tag)]
        if wrong:
            raise Refused(400, {"errors": {"tags": wrong}})
        if told["license"] not in {licence["id"] for licence in LICENCES}:
            told["license"] = None
        contacts = [str(contact["id"] if isinstance(contact, dict) else contact) for contact in told["contact_points"]]
        told["contact_points"] = [self._found(self.contacts, name) for name in contacts]
        if told["spatial"]:
            told["spatial"] = {"zones": [], "granularity": "other", "geom": None, **told["spatial"]}
            if told["spatial"]["zones"] and told["spatial"]["geom"]:
                raise Refused(400, {"message": "The spatial coverage cannot contains a Geozone and a Geometry"})
        told["resources"] = [r if "id" in r else self._resource({}, r) for r in told["resources"]]
        one.update(told)
        return one

    def _resource(self, one: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
        if sent.get("filetype") != "remote" or not re.match(r"https?://[^/]+\.[^/]+/", sent.get("url", "")):
            raise Refused(400, {"errors": {"url": ["Invalid URL"]}})
        fresh = {"id": str(uuid.uuid4()), **_NO_FILE} if not one else {}
        one.update({**fresh, **sent, "last_modified": next(self.clock)})
        if sent.get("schema"):
            one["schema"] = {"name": None, "version": None, **sent["schema"]}
        return one


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with server.lock:
                self._answer()

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (their names)

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.asked.append((self.command, parts.path))
            status, body = 200, server.answers.get(parts.path, b"")
            try:
                if self.headers.get("X-API-KEY") != KEY:
                    raise Refused(401, {"message": "Invalid API token"})  # noqa: TRY301 (an answer like the others)
                if not body:
                    said = json.loads(sent) if sent else None
                    told = server.answer(self.command, unquote(parts.path), parse_qs(parts.query), said)
                    body = b"" if told is None else json.dumps(told).encode()
            except Refused as refused:
                status, body = refused.status, json.dumps(refused.body).encode()
            if self.command != "GET" and status == 200 and not server.after(next(server.done)):
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
