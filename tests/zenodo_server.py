"""A server on loopback that answers as Zenodo's deposit API does, for what `publish` asks of it.

Written after zenodo/developers.zenodo.org (source/includes/resources/) and zenodo/zenodo-rdm (site/zenodo_rdm/legacy/,
site/tests/legacy/deposits/). Not verified against the real service.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import os
import re
import signal
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "jeton-d-essai-0123456789"  # noqa: S105 (a server of tests alone)
LIST = "/api/deposit/depositions"
MOST_FILES = 100
REQUIRED = ("title", "description", "creators", "upload_type", "publication_date")
LICENCES = {"etalab-2.0", "cc-by-4.0", "cc-zero"}


@dataclass
class Deposition:
    id: int
    concept: int
    metadata: dict[str, Any]
    submitted: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    bucket: str = field(default_factory=lambda: str(uuid.uuid4()))

    def put(self, name: str, content: bytes) -> None:
        self.files[name], self.ids[name] = content, str(uuid.uuid4())


class RefusedError(Exception):
    """What Zenodo answers instead."""

    def __init__(self, status: int, message: str, **more: object) -> None:
        self.status, self.body = status, {"status": status, "message": message, **more}


def invalid(name: str, message: str) -> RefusedError:
    return RefusedError(400, "A validation error occurred.", errors=[{"field": name, "messages": [message]}])


def _permitted(headers: Any) -> None:
    if headers.get("Authorization") != f"Bearer {TOKEN}":
        raise RefusedError(403, "Permission denied.")


def _complete(one: Deposition) -> None:
    for name in REQUIRED:
        if not one.metadata.get(name):
            raise invalid(f"metadata.{name}", "Missing data for required field.")
    if not one.files:
        raise invalid("files.enabled", "Missing uploaded files.")


class Zenodo:
    """Its state, what was asked of it, and what is to go wrong.

    Attributes:
        asked: method and path of every request it took.
        documented: whether `newversion` answers as is documented, the version before; else as it is served, the draft.
        refusing: asked of each request before it is done; what it answers is answered instead.
        done: told of each request that changed something, before it is answered.
        page: the most it lists at once.
        late: what its list still says of a deposition, by id; None for nothing.
    """

    def __init__(self) -> None:
        self.depositions: dict[int, Deposition] = {}
        self.asked: list[tuple[str, str]] = []
        self.documented = False
        self.refusing: Callable[[str, str], tuple[int, bytes] | None] = lambda _method, _path: None
        self.done: Callable[[str, str], object] = lambda _method, _path: None
        self.page = 100
        self.late: dict[int, dict[str, Any] | None] = {}
        self._numbers = itertools.count(100)
        self._one = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                with server._one:
                    status, body = server._answer(self.command, self.path, self.headers, content)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 (http.server's names)

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Who asked is gone."""

        self._http = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.target = f"zenodo+{self.base}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.asked if method != "GET"]

    @property
    def published(self) -> list[Deposition]:
        return [one for one in self.depositions.values() if one.submitted]

    def add(self, metadata: dict[str, Any], concept: int | None = None, *, submitted: bool = False) -> Deposition:
        number = next(self._numbers)
        made = Deposition(next(self._numbers), concept or number, metadata, submitted)
        self.depositions[made.id] = made
        return made

    def described(self, one: Deposition) -> dict[str, Any]:
        """site/zenodo_rdm/legacy/serializers/schemas/legacyjson.py."""
        own = f"{self.base}{LIST}/{one.id}"
        return {
            "id": one.id,
            "conceptrecid": str(one.concept),
            "metadata": copy.deepcopy(one.metadata),
            "title": one.metadata.get("title", ""),
            "state": "done" if one.submitted else "unsubmitted",
            "submitted": one.submitted,
            "files": [
                {
                    "id": one.ids[name],
                    "filename": name,
                    "filesize": len(content),
                    "checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
                    "links": {"self": f"{own}/files/{one.ids[name]}"},
                }
                for name, content in one.files.items()
            ],
            "links": {
                "self": own,
                "files": f"{own}/files",
                "bucket": f"{self.base}/api/files/{one.bucket}",
                "latest_draft": own,
                **{action: f"{own}/actions/{action}" for action in ("publish", "edit", "discard", "newversion")},
            },
        }

    def _answer(self, method: str, address: str, headers: Any, content: bytes) -> tuple[int, bytes]:
        path = urlsplit(address).path
        self.asked.append((method, path))
        refused = self.refusing(method, path)
        if refused is not None:
            return refused
        try:
            _permitted(headers)
            status, told = self._do(method, path, parse_qs(urlsplit(address).query), content)
        except RefusedError as refusal:
            return refusal.status, json.dumps(refusal.body).encode()
        if method != "GET":
            self.done(method, path)
        return status, b"" if told is None else json.dumps(told).encode()

    def _do(self, method: str, path: str, query: dict[str, list[str]], content: bytes) -> tuple[int, Any]:
        if (method, path) == ("GET", LIST):
            return 200, self._listed(query)
        if (method, path) == ("POST", LIST):
            return 201, self.described(self.add(self._taken(content)))
        if found := re.fullmatch(r"/api/files/([^/]+)/([^/]+)", path):
            return 201, self._put(found[1], unquote(found[2]), content)
        found = re.fullmatch(rf"{LIST}/(\d+)(/.*)?", path)
        one = self.depositions.get(int(found[1])) if found else None
        if found is None or one is None:
            raise RefusedError(404, "The persistent identifier does not exist.")
        return self._do_to(one, method, found[2] or "", content)

    def _do_to(self, one: Deposition, method: str, rest: str, content: bytes) -> tuple[int, Any]:
        if (method, rest) == ("GET", ""):
            return 200, self.described(one)
        if (method, rest) == ("POST", "/actions/newversion"):
            return 201, self._new_version(one)
        if one.submitted:
            raise RefusedError(404, "The persistent identifier is not registered.")
        if method == "DELETE":
            [name] = [name for name, own in one.ids.items() if rest == f"/files/{own}"]
            del one.files[name], one.ids[name]
            return 204, None
        if (method, rest) == ("PUT", ""):
            one.metadata = self._taken(content)
            return 200, self.described(one)
        assert (method, rest) == ("POST", "/actions/publish"), (method, rest)
        _complete(one)
        one.submitted = True
        return 202, self.described(one)

    def _listed(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        size, page = int(query["size"][0]), int(query["page"][0])
        if size > 100:
            raise invalid("size", "Page size cannot be greater than 100.")
        size = min(size, self.page)
        newest = {one.concept: one.id for one in self.depositions.values()}  # in the order of their numbers
        told = [
            self.late.get(one.id, self.described(one))
            for one in self.depositions.values()
            if query.get("all_versions") == ["true"] or newest[one.concept] == one.id
        ]
        return [one for one in told if one is not None][::-1][(page - 1) * size : page * size]

    def _taken(self, content: bytes) -> dict[str, Any]:
        """Metadata as Zenodo keeps them: site/zenodo_rdm/legacy/deserializers/."""
        metadata: dict[str, Any] = json.loads(content)["metadata"]
        licence = metadata.setdefault("license", "cc-zero")
        if licence not in LICENCES:
            raise invalid("metadata.license", f"Invalid license provided: {licence}")
        if not re.fullmatch(r"[a-z]{3}", metadata.get("language", "eng")):
            raise invalid("metadata.language", "Language must be either ISO-639-1 or 639-2 compatible.")
        related = metadata.get("related_identifiers", [])
        for one in related:
            if not re.match(r"urn:|https?://", one["identifier"]):
                raise invalid("metadata.related_identifiers", "Missing data for required field.")
            one["scheme"] = "urn" if one["identifier"].startswith("urn:") else "url"
        # Alternate identifiers are kept apart, and come last.
        metadata["related_identifiers"] = sorted(related, key=lambda one: one["relation"] == "isAlternateIdentifier")
        return metadata

    def _put(self, bucket: str, name: str, content: bytes) -> dict[str, Any]:
        [one] = [one for one in self.depositions.values() if one.bucket == bucket]
        if one.submitted:
            raise RefusedError(403, "Permission denied.")
        if len({*one.files, name}) > MOST_FILES:
            raise RefusedError(400, "Uploading selected files will result in exceeding the max amount per record.")
        one.put(name, content)
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return {"key": name, "size": len(content), "checksum": f"md5:{digest}"}

    def _new_version(self, one: Deposition) -> dict[str, Any]:
        if not one.submitted:
            raise RefusedError(404, "The persistent identifier is not registered.")
        own = [other for other in self.depositions.values() if other.concept == one.concept]
        drafts = [other for other in own if not other.submitted]
        if drafts and not self.documented:  # it would copy the files over again
            raise invalid("files.enabled", "Please remove all files first.")
        if not drafts:
            latest = max((other for other in own if other.submitted), key=lambda other: other.id)
            draft = self.add(copy.deepcopy(latest.metadata), one.concept)
            del draft.metadata["version"], draft.metadata["publication_date"]
            for name, content in latest.files.items():
                draft.put(name, content)
            drafts = [draft]
        if not self.documented:
            return self.described(drafts[0])
        told = self.described(one)
        told["links"]["latest_draft"] = f"{self.base}{LIST}/{drafts[0].id}"
        return told


class Killer:
    """Kills a process when it has changed so many things, or has done a certain one: before it hears of it."""

    def __init__(self, when: int | str) -> None:
        self._when, self._count = when, 0
        self._pid = 0
        self._known = threading.Event()

    def aim(self, pid: int) -> None:
        self._pid = pid
        self._known.set()

    def __call__(self, _method: str, path: str) -> None:
        self._count += 1
        if self._count == self._when or (isinstance(self._when, str) and path.endswith(self._when)):
            self._known.wait()
            os.kill(self._pid, signal.SIGKILL)
