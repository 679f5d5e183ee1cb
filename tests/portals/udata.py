"""Releases in a row, published by the real command to a real udata; 1 if anything is wrong.

`python -m portals.udata [OUTPUTS...]`: outputs whose `base_url` is one loopback port, in the order of their releases;
without any, they are made of the sample portal: a first, one with a row corrected, one with a table gone.
udata 17.18 runs in an environment of its own, made here with pip; mongomock stands in for MongoDB.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from conftest import ROOT, canceropole
from test_refresh import PORTAL

from pipeline.paths import read_json
from portals.site import Site, crawled, in_a_row, port_of

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIREMENTS = ("setuptools<71", "wheel", "udata==17.18.0", "mongomock==4.3.0")
ENVIRONMENT = ROOT / ".venv" / "portals-udata"
KEY = "canceropole:identifier"


class Portal:
    """A udata, as one who edits an organisation sees it."""

    def __init__(self, told: dict[str, str]) -> None:
        self.target = f"udata+{told['address']}/{told['organisation']}"
        self.keys = {"editor": told["editor"], "stranger": told["stranger"]}
        self._api = f"{told['address']}/api/1"
        self._headers = {"X-API-KEY": told["editor"]}
        self.organisation = self.ask("GET", f"/organizations/{told['organisation']}/")["id"]

    def ask(self, method: str, path: str, **sent: Any) -> Any:
        answer = requests.request(method, f"{self._api}{path}", headers=self._headers, timeout=60, **sent)
        answer.raise_for_status()
        return answer.json()

    def datasets(self) -> list[dict[str, Any]]:
        path = f"/organizations/{self.organisation}/datasets/"
        answer = self.ask("GET", path, params={"page_size": 1000, "sort": "created"})
        assert len(answer["data"]) == answer["total"]
        return list(answer["data"])

    def listed(self) -> dict[str, dict[str, Any]]:
        """Those that are an entry's, which none is twice."""
        own = [told for told in self.datasets() if KEY in told["extras"]]
        found = {told["extras"][KEY]: told for told in own}
        assert len(found) == len(own), "a dataset is doubled"
        return found

    def command(self, out: Path, who: str = "editor") -> tuple[list[object], dict[str, str]]:
        arguments = ["publish", PORTAL, self.target, "--sample", "--unconfirmed-licence", "--out", out]
        return arguments, {"UDATA_API_KEY": self.keys[who], "LC_ALL": "en_GB.UTF-8"}

    def publish(self, out: Path, who: str = "editor") -> tuple[int, str]:
        arguments, env = self.command(out, who)
        done = canceropole(*arguments, env=env)
        assert self.keys[who] not in done.stdout + done.stderr, "the key is told"
        return done.status, done.stdout + done.stderr


@contextmanager
def portal() -> Iterator[Portal]:
    """A udata that runs, with nothing in it."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / ".installed").exists():
        say(f"installing udata in {ENVIRONMENT.relative_to(ROOT)}")
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *REQUIREMENTS], check=True)
        (ENVIRONMENT / ".installed").touch()
    env = {**os.environ, "PYTHONPATH": ""}
    app = Path(__file__).with_name("udata_app.py")
    with subprocess.Popen([python, "-P", "-W", "ignore", app], stdout=subprocess.PIPE, text=True, env=env) as server:
        assert server.stdout
        try:
            yield Portal(json.loads(server.stdout.readline()))
        finally:
            server.terminate()


def agree(portal: Portal, out: Path) -> int:
    """Holds what the portal says to the release itself; how many files it lists."""
    latest = out / PORTAL / "latest"
    package = read_json(latest / "datapackage.json")
    base = f"{package['base_url']}/{PORTAL}"
    tables = {r["name"]: r for r in package["resources"] if r["format"] == "csv"}
    described = {f"{base}/dataset/{n}": t for n, t in tables.items() if n not in {"pages", "provenance"}}
    described[f"{base}/package"] = package
    listed = {name: told for name, told in portal.listed().items() if told["archived"] is None}
    assert listed.keys() == described.keys(), listed.keys() ^ described.keys()
    files: dict[str, dict[str, Any]] = {}
    for name, told in listed.items():
        assert told["title"] == described[name]["title"]
        # Of the Markdown, what no escape is in.
        assert described[name]["description"][:20] in told["description"].replace("\\", "")
        assert f"Version {package['version']}" in told["description"].replace("\\", "")
        assert (told["license"], told["frequency"], told["private"]) == ("lov2", "weekly", False)
        assert len(told["tags"]) == len(package["keywords"])
        assert told["temporal_coverage"]["start"] == described[name].get("modified", package["created"])[:10]
        assert told["spatial"]["geom"]["type"] == "MultiPolygon"
        own = [one for one in told["resources"] if KEY in one["extras"]]
        assert [one["type"] for one in own].count("documentation") == 1
        files |= {one["url"]: one for one in own if one["type"] == "main"}
    paths = {r["path"] for r in package["resources"]} | {f"{PORTAL}.duckdb", f"{PORTAL}.zip"}
    assert files.keys() == {f"{base}/latest/{path}" for path in paths}
    assert sum(len(told["resources"]) for told in listed.values()) >= len(files) + len(listed)
    described_by_schema = {f"{base}/latest/data/{name.rpartition('/')[2]}.csv" for name in described}
    for url, told in files.items():
        body = requests.get(url, timeout=60).content
        said = (told["filesize"], told["checksum"], told["filetype"])
        assert said == (len(body), {"type": "sha256", "value": hashlib.sha256(body).hexdigest()}, "remote"), url
        schema = f"{base}/latest/schemas/{url.rpartition('/')[2].removesuffix('.csv')}.schema.json"
        assert (told["schema"] or {"url": None})["url"] == (schema if url in described_by_schema else None), url
    return len(files)


def killed(portal: Portal, out: Path) -> int:
    """Kills the command once it has made some datasets; how many there are then."""
    arguments, env = portal.command(out)
    command = [sys.executable, "-m", "pipeline.cli", *map(str, arguments)]
    with subprocess.Popen(command, env={**os.environ, **env, "NO_PROXY": "*"}, cwd=ROOT) as process:
        while len(portal.datasets()) < 5 and process.poll() is None:
            time.sleep(0.02)  # between two looks: the command makes some datasets a second
        process.kill()
    assert process.returncode == -signal.SIGKILL, process.returncode
    return len(portal.listed())


def touched(portal: Portal) -> None:
    """What a person does to a record, and beside it."""
    first = next(iter(portal.listed().values()))
    path = f"/datasets/{first['id']}/"
    kept = {name: first[name] for name in ("tags", "temporal_coverage")}
    extras = {**first["extras"], "note": "à la main"}
    portal.ask("PUT", path, json={**kept, "acronym": "MAIN", "extras": extras})
    beside = {"title": "À la main", "filetype": "remote", "type": "other", "format": "html"}
    portal.ask("POST", f"{path}resources/", json={**beside, "url": "https://www.example.org/main.html"})
    other = {"title": "D'un autre", "description": "Autre.", "tags": ["autre"], "frequency": "daily"}
    portal.ask("POST", "/datasets/", json={**other, "organization": portal.organisation})


def hands(portal: Portal) -> tuple[Any, ...]:
    """What `touched` left."""
    [main] = [told for told in portal.datasets() if told["acronym"] == "MAIN"]
    [other] = [told for told in portal.datasets() if told["title"] == "D'un autre"]
    return main["extras"]["note"], [r for r in main["resources"] if r["title"] == "À la main"], other


def ids(portal: Portal) -> dict[str, str]:
    """The id of each dataset and resource that is ours, by identifier."""
    listed = portal.listed()
    files = {r["extras"][KEY]: r["id"] for told in listed.values() for r in told["resources"] if KEY in r["extras"]}
    return {name: told["id"] for name, told in listed.items()} | files


def dates(portal: Portal) -> dict[str, str]:
    """When each file was last said to change."""
    return {r["url"]: r["last_modified"] for told in portal.listed().values() for r in told["resources"]}


def check(portal: Portal, site: Site, outputs: list[Path]) -> None:
    """The whole of it."""
    first, *later = outputs
    site.serve(first)
    status, told = portal.publish(first, "stranger")
    assert (status, portal.datasets()) == (1, []), told
    say(f"a stranger's key: {told.strip()[:160]}…")
    say(f"killed with {killed(portal, first)} datasets made")
    for out in outputs:
        before, moved, began = ids(portal), dates(portal), time.monotonic()
        if out in later:
            site.serve(out)
            by_hand = hands(portal)
        status, told = portal.publish(out)
        assert status == 0, told
        took, files, after = time.monotonic() - began, agree(portal, out), ids(portal)
        assert before.items() <= after.items(), "an id changed, or something is lost"
        changed_files = sum(moved.get(url) != when for url, when in dates(portal).items())
        archived = sum(told["archived"] is not None for told in portal.listed().values())
        say(told.strip().splitlines()[-1])
        say(f"  {took:.1f} s; {files} files listed, {changed_files} dated anew, {archived} archived")
        if out in later:
            assert hands(portal) == by_hand
        whole = portal.datasets()
        status, told = portal.publish(out)
        assert (status, " 0 put, 0 taken away" in told) == (0, True), told
        assert portal.datasets() == whole, "a second time something changed"
        if out == first:
            touched(portal)


def say(text: str) -> None:
    """Tells whoever runs this."""
    print(text, flush=True)  # noqa: T201 (a command prints)


def main(arguments: list[str]) -> int:
    """Checks, and says so; what is wrong is an AssertionError."""
    given = [Path(one).absolute() for one in arguments]
    port = port_of(given[0]) if given else 0
    with (
        tempfile.TemporaryDirectory(prefix="portals-") as folder,
        portal() as running,
        Site(Path(folder), port) as site,
    ):
        check(running, site, given or in_a_row(crawled(Path(folder)), Path(folder), site))
    say("nothing doubled, nothing lost, the same ids, what arrived is what was sent")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
