"""A small CKAN on loopback, for tests: the actions that publishing asks for, refusing what CKAN refuses.

Written from CKAN's API guide (doc/api/index.rst), its validators (ckan/logic/validators.py), its schema
(ckan/logic/schema/__init__.py) and the answers of ckan/views/api.py. It is no CKAN: `make check-portals` runs that one.
"""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "jeton-d-essai"  # noqa: S105 (of a test)
_FIELDS = {  # of default_create_package_schema, which extras may not be named as
    *("id", "name", "title", "author", "author_email", "maintainer", "maintainer_email", "license_id", "notes", "url"),
    *("version", "state", "type", "owner_org", "private", "resources", "tags", "tag_string", "plugin_data", "extras"),
    *("groups", "relationships_as_object", "relationships_as_subject", "metadata_modified", "save", "return_to"),
}
_FORMATS = {"csv": "CSV", "json": "JSON", "zip": "ZIP", "parquet": "Parquet"}


class RefusedError(Exception):
    """An action's refusal: the status and the `error` of the answer."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(status, error)
        self.status, self.error = status, error


class CkanServer:
    """A CKAN with two organisations.

    Attributes:
        datasets: all of them, by id, deleted ones too.
        asked: what was asked for: the method and the action.
        agents: the user agents that asked.
        instead: may answer in CKAN's place, with a status and a body, given the method and the action.
        done: is told of each action that changed something, before it is answered; false breaks the connection off.
    """

    def __init__(self) -> None:
        self.organisations = {"canceropole": str(uuid4()), "autre": str(uuid4())}
        self.datasets: dict[str, dict[str, Any]] = {}
        self.members: set[tuple[str, str]] = set()
        self.licences: list[dict[str, Any]] = [{"id": "cc-by", "title": "CC BY"}]
        self.asked: list[tuple[str, str]] = []
        self.agents: set[str] = set()
        self.instead: Callable[[str, str], tuple[int, bytes] | None] = lambda _method, _action: None
        self.done: Callable[[], bool] = lambda: True
        self._lock = Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self._answer("GET", parts.path, dict(parse_qsl(parts.query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer("POST", self.path, json.loads(body))

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, method: str, path: str, told: dict[str, Any]) -> None:
                with server._lock:
                    token, agent = self.headers.get("Authorization"), self.headers.get("User-Agent", "")
                    answer = server._answered(method, path, told, token, agent)
                if answer is None:
                    self.close_connection = True
                    return
                status, body = answer
                with suppress(BrokenPipeError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json;charset=utf-8")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def named(self, name: str) -> dict[str, Any]:
        """The dataset of a name that is not deleted."""
        [found] = [d for d in self.datasets.values() if d["name"] == name and d["state"] == "active"]
        return found

    def add(self, organisation: str, name: str, **fields: Any) -> dict[str, Any]:
        """A dataset that somebody made."""
        told = {"name": name, "owner_org": organisation, **fields}
        return self.datasets[self._package_create(told, TOKEN)["id"]]

    def _answered(
        self, method: str, path: str, told: dict[str, Any], token: str | None, agent: str
    ) -> tuple[int, bytes] | None:
        action = path.rpartition("/")[2]
        self.asked.append((method, action))
        self.agents.add(agent)
        given = self.instead(method, action)
        if given is not None:
            return given
        function = getattr(self, f"_{action}", None)
        if function is None or not path.startswith("/api/action/"):
            return 400, json.dumps(f"Bad request: Action name not known: {action}").encode()
        changing = action in {"package_create", "package_patch", "package_delete"}
        if changing and method == "GET":
            return 400, json.dumps("Bad request: JSON Error: Invalid request. Please use POST method").encode()
        try:
            answer: dict[str, Any] = {"success": True, "result": function(told, token)}
            status = 200
        except RefusedError as error:
            answer, status = {"success": False, "error": error.error}, error.status
        if changing and status == 200 and not self.done():
            return None
        return status, json.dumps({"help": f"{self.address}/api/3/action/help_show?name={action}", **answer}).encode()

    def _organization_show(self, told: dict[str, Any], _token: str | None) -> dict[str, Any]:
        for name, ident in self.organisations.items():
            if told["id"] in {name, ident}:
                return {"id": ident, "name": name, "is_organization": True, "state": "active"}
        raise _not_found()

    def _license_list(self, _told: dict[str, Any], _token: str | None) -> list[dict[str, Any]]:
        return self.licences

    def _member_list(self, told: dict[str, Any], _token: str | None) -> list[list[str]]:
        return [[member, "package", "Organization"] for group, member in sorted(self.members) if group == told["id"]]

    def _package_list(self, _told: dict[str, Any], _token: str | None) -> list[str]:
        public = (d["name"] for d in self.datasets.values() if d["state"] == "active" and not d["private"])
        return sorted(public)

    def _package_show(self, told: dict[str, Any], token: str | None) -> dict[str, Any]:
        found = self._find(told["id"])
        if (found["private"] or found["state"] != "active") and token != TOKEN:
            raise _denied()
        return copy.deepcopy(found)

    def _package_create(self, told: dict[str, Any], token: str | None) -> dict[str, Any]:
        self._authorize(token)
        made = {"id": str(uuid4()), "state": "active", "private": False, "type": "dataset", "groups": [], "extras": []}
        return self._save({**made, "tags": [], "resources": [], **told})

    def _package_patch(self, told: dict[str, Any], token: str | None) -> dict[str, Any]:
        self._authorize(token)
        return self._save({**copy.deepcopy(self._find(told["id"])), **told})

    def _package_delete(self, told: dict[str, Any], token: str | None) -> None:
        self._authorize(token)
        found = self._find(told["id"])
        found["state"] = "deleted"
        self.members.discard((found["owner_org"], found["id"]))

    def _find(self, name: str) -> dict[str, Any]:
        named = [d for d in self.datasets.values() if d["name"] == name]
        found = self.datasets.get(name) or next(iter(sorted(named, key=lambda d: str(d["state"]))), None)
        if found is None:
            raise _not_found()
        return found

    def _authorize(self, token: str | None) -> None:
        if token != TOKEN:
            raise _denied()

    def _save(self, told: dict[str, Any]) -> dict[str, Any]:
        errors = self._errors(told)
        if errors:
            raise RefusedError(409, {**errors, "__type": "Validation Error"})
        told["owner_org"] = self._organization_show({"id": told["owner_org"]}, None)["id"]
        before = self.datasets.get(told["id"], {"resources": []})
        known = {resource["id"] for resource in before["resources"]}
        for position, resource in enumerate(told["resources"]):
            kept = resource["id"] if resource.get("id") in known else str(uuid4())
            form = resource.get("format", "")
            resource.update(id=kept, package_id=told["id"], position=position, state="active")
            resource["format"] = _FORMATS.get(form.lower(), form)
        told["tags"] = [
            {"id": str(uuid4()), "state": "active", **tag, "display_name": tag["name"]} for tag in told["tags"]
        ]
        told["title"] = told.get("title", told["name"]).strip()
        if told["id"] not in self.datasets:  # one that comes back is no member again
            self.members.add((told["owner_org"], told["id"]))
        self.datasets[told["id"]] = told
        return copy.deepcopy(told)

    def _errors(self, told: dict[str, Any]) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        name = told["name"]
        if not 2 <= len(name) <= 100 or not re.fullmatch(r"[a-z0-9_\-]*", name):
            errors["name"] = ["Must be purely lowercase alphanumeric (ascii) characters and these symbols: -_"]
        others = [d for d in self.datasets.values() if d["id"] != told["id"] and d["state"] != "deleted"]
        if name in {d["name"] for d in others}:
            errors["name"] = ["That URL is already in use."]
        if len(told.get("version") or "") > 100:
            errors["version"] = ["Version must be a maximum of 100 characters long"]
        wrong = [
            t["name"] for t in told["tags"] if not re.match(r"[\w \-.]*$", t["name"]) or not 2 <= len(t["name"]) <= 100
        ]
        if wrong:
            errors["tags"] = [{"name": [f'Tag "{tag}" can only contain alphanumeric characters, …']} for tag in wrong]
        keys = [extra["key"] for extra in told["extras"]]
        if len(keys) != len(set(keys)):
            errors["extras_validation"] = ["Duplicate key"]
        if _FIELDS.intersection(keys) or not all(isinstance(extra["value"], str) for extra in told["extras"]):
            errors["extras"] = [{"key": ["There is a schema field with the same name"]}]
        if not all(isinstance(resource.get("size", 0), int) for resource in told["resources"]):
            errors["resources"] = [{"size": ["Invalid integer"]}]
        return errors


def _not_found() -> RefusedError:
    return RefusedError(404, {"__type": "Not Found Error", "message": "Not found"})


def _denied() -> RefusedError:
    return RefusedError(403, {"__type": "Authorization Error", "message": "Access denied: User not authorized"})
