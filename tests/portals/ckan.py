"""`make check-portals`: releases in a row published to a real CKAN by the real command. 1 if anything is wrong.

    python -m portals.ckan [OUTPUTS...]

OUTPUTS are folders whose releases have a `base_url` on loopback, in the order they are published; without any, three
releases of the sample portal are made: a first, one with a row corrected, one with a table gone. What CKAN needs is
installed into .venv/portals-ckan, once; PostgreSQL and Redis must be on PATH, with Debian as postgresql, redis-server.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from conftest import ROOT, Done, canceropole
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, DCTERMS, RDF

from pipeline.ckan_record import record
from pipeline.entries import Release
from pipeline.paths import Home, read_json
from pipeline.vocabularies import DCAT_VERSION, SPDX
from portals.site import GONE, Site, crawled, in_a_row, port_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PORTAL = "canceropole-idf"
_NEEDED = ("ckan[requirements]==2.12.*", "ckanext-dcat==2.4.*")
_VENV = ROOT / ".venv" / "portals-ckan"
_TRIES = 240  # quarters of a second for a server to answer
# What CKAN's DCAT must give back as our catalogue has it; its texts have no language there, its licence a type.
_DATASET = (DCTERMS.identifier, DCTERMS.title, DCTERMS.description, DCAT_VERSION, DCTERMS.issued, DCTERMS.modified)
_POINTED = (DCTERMS.publisher, DCTERMS.spatial, DCTERMS.accrualPeriodicity, DCAT.theme, DCAT.landingPage)
_FILE = (DCAT.accessURL, DCAT.downloadURL, DCTERMS.license, DCAT.byteSize, DCTERMS.title, DCTERMS.modified)


@dataclass
class Report:
    """What was looked at, and what of it is wrong."""

    held: int = 0
    wrong: int = 0

    def check(self, held: object, what: str, found: object = "") -> None:
        """Counts, and says what does not hold."""
        self.held, self.wrong = self.held + bool(held), self.wrong + (not held)
        if not held:
            _say(f"WRONG  {what}  {str(found)[:400]}")


class Portal:
    """The CKAN, as its API and its DCAT say it is."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.address, self.token = told["address"], told["token"]
        self.target = f"ckan+{told['address']}/{told['organisation']}"
        self.organisation, self.versions = told["organisation"], told["versions"]

    def act(self, action: str, **told: Any) -> Any:
        body = json.dumps(told).encode()
        headers = {"Authorization": self.token, "Content-Type": "application/json"}
        asked = Request(f"{self.address}/api/3/action/{action}", body, headers)  # noqa: S310 (loopback)
        with urlopen(asked, timeout=60) as answer:  # noqa: S310 (likewise)
            return json.load(answer)["result"]

    def datasets(self) -> dict[str, dict[str, Any]]:
        """Every dataset of the CKAN that is not deleted, by name."""
        return {name: self.act("package_show", id=name) for name in self.act("package_list")}

    def graph(self, name: str) -> Graph:
        """A dataset as ckanext-dcat serialises it."""
        with urlopen(f"{self.address}/dataset/{name}.ttl", timeout=60) as answer:  # noqa: S310 (likewise)
            return Graph().parse(data=answer.read(), format="turtle")


def main(arguments: Sequence[str]) -> int:
    """Runs the check, prints what it found."""
    lacking = [name for name in ("postgres", "initdb", "createdb", "redis-server") if not _program(name)]
    if lacking:
        _say(f"Missing: {', '.join(lacking)}. With Debian: apt-get install postgresql redis-server")
        return 1
    began, report = time.monotonic(), Report()
    with tempfile.TemporaryDirectory(prefix="portals-ckan-") as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL is another user's when this is root's
        portal = stack.enter_context(_ckan(folder, _python()))
        _say(f"CKAN {portal.versions['ckan']}, ckanext-dcat {portal.versions['ckanext-dcat']} at {portal.address}")
        outputs = [Path(argument).absolute() for argument in arguments]
        releases = folder / "releases"
        releases.mkdir()
        site = stack.enter_context(Site(releases, port_of(outputs[0]) if outputs else 0))
        for out in outputs or in_a_row(crawled(releases), releases, site):
            site.serve(out)
            _publish(out, portal, report)
        _by_hand(out, portal, report)
    _say(f"{report.held} held, {report.wrong} wrong, in {time.monotonic() - began:.0f} s")
    return 1 if report.wrong or not report.held else 0


def _publish(out: Path, portal: Portal, report: Report) -> None:
    """Publishes a release, looks at what arrived, publishes it again."""
    before = portal.datasets()
    folder = Home(out / PORTAL).current()
    assert folder is not None
    release = Release(read_json(folder / "datapackage.json"), folder)
    dry = _command(out, portal, "--dry-run")
    report.check(portal.datasets() == before, "a dry run changes nothing")
    began = time.monotonic()
    done = _command(out, portal)
    spent = time.monotonic() - began
    report.check(done.status == 0, "published", done.stderr)
    report.check(_counts(dry) == _counts(done), "a dry run says what is done", f"{dry.stdout} {done.stdout}")
    there = portal.datasets()
    _say(f"{release.descriptor['version']}: {' and '.join(_counts(done))} put and taken away in {spent:.1f} s")
    entries = {entry.slug: entry for entry in release.entries()}
    mine = {name: dataset for name, dataset in there.items() if dataset["organization"]["name"] == portal.organisation}
    report.check(mine.keys() == entries.keys(), "a dataset an entry, none more", mine.keys() ^ entries.keys())
    report.check(_others(there, mine) == _others(before, mine), "others' datasets are as they were")
    licence = release.descriptor["licenses"][0]["name"]
    for slug, entry in entries.items():
        dataset = there[slug]
        wanted = record(release, entry, licence)
        report.check(wanted.changes(dataset) == {}, f"{slug}: what arrived is what was sent", wanted.changes(dataset))
        report.check(len(dataset["resources"]) == len(entry.files), f"{slug}: a resource a file")
        if slug in before:
            report.check(dataset["id"] == before[slug]["id"], f"{slug}: the dataset keeps its id")
            kept, now = _ids(before[slug]), _ids(dataset)
            report.check(kept.items() <= now.items(), f"{slug}: its resources keep theirs", f"{kept} {now}")
        _given_back(portal.graph(slug), Graph().parse(folder / "catalog.ttl"), entry.name, report)
    again = _command(out, portal)
    report.check(_counts(again) == ["0", "0"], "a second time nothing is done", again.stdout + again.stderr)
    report.check(portal.datasets() == there, "a second time nothing is changed")


def _given_back(given: Graph, ours: Graph, name: str, report: Report) -> None:
    """Whether ckanext-dcat names and says a dataset as our catalogue does."""
    dataset = URIRef(name)
    report.check(set(given.subjects(RDF.type, DCAT.Dataset)) == {dataset}, f"{name}: DCAT names it", given.serialize())
    files = {URIRef(str(file)) for file in ours.objects(dataset, DCAT.distribution)}
    report.check(set(given.objects(dataset, DCAT.distribution)) == files, f"{name}: DCAT names its files")
    for subject, predicates in ((dataset, (*_DATASET, *_POINTED)), *((file, _FILE) for file in sorted(files))):
        for predicate in predicates:
            texts = {str(value) for value in given.objects(subject, predicate)}
            wanted = {
                str(value) for value in ours.objects(subject, predicate) if getattr(value, "language", "") != "en"
            }
            report.check(texts == wanted, f"{subject} {predicate}", f"given {texts}, ours {wanted}")
    for file in files:
        sums = [str(g.value(g.value(file, SPDX.checksum), SPDX.checksumValue)) for g in (given, ours)]
        report.check(sums[0] == sums[1], f"{file}: DCAT gives its checksum", sums)


def _by_hand(out: Path, portal: Portal, report: Report) -> None:
    """What a person did at the CKAN, and datasets that are not ours: the next publication leaves them as they are."""
    name = f"{PORTAL}-tumorotheques"
    dataset = portal.act("package_show", id=name)
    resource = {"url": "https://example.org/notice.pdf", "name": "Notice", "format": "PDF"}
    added = {
        "title": "Changé à la main",
        "extras": [*dataset["extras"], {"key": "vu_par", "value": "une personne"}],
        "tags": [*dataset["tags"], {"name": "biobanque"}],
        "resources": [resource, *dataset["resources"][1:]],
        "name": "banques-de-tumeurs",
        "private": True,
    }
    portal.act("package_patch", id=dataset["id"], **added)
    done = _command(out, portal)
    report.check(_counts(done) == ["1", "0"], "one dataset is mended", done.stdout + done.stderr)
    now = portal.act("package_show", id=dataset["id"])
    report.check(now["title"] == dataset["title"], "a title of ours comes back")
    report.check({"key": "vu_par", "value": "une personne"} in now["extras"], "a person's extra stays")
    report.check("biobanque" in {tag["name"] for tag in now["tags"]}, "a person's tag stays")
    report.check((now["name"], now["private"]) == ("banques-de-tumeurs", True), "another name, and privacy, stay")
    report.check([r["url"] for r in now["resources"]][-1] == resource["url"], "a person's resource stays, last")
    report.check(len(now["resources"]) == len(dataset["resources"]) + 1, "the resource taken out is back")
    _comes_back(out, portal, report)
    taken = f"{PORTAL}-annuaires"
    portal.act("package_patch", id=taken, extras=[{"key": "identifier", "value": "autre chose"}])
    before = portal.datasets()
    refused = _command(out, portal)
    report.check(refused.status == 1 and taken in refused.stderr, "a dataset without our identifier stops it")
    report.check(portal.datasets()[taken] == before[taken], "and is left as it is")
    said = done.stdout + done.stderr + refused.stdout + refused.stderr
    report.check(portal.token not in said, "the token is never said")
    stranger = canceropole(*_arguments(portal), out=out, env={"CKAN_API_TOKEN": "faux"})
    report.check(stranger.status == 1 and "NotAuthorized" in stranger.stderr, "a wrong token is told", stranger.stderr)


def _comes_back(out: Path, portal: Portal, report: Report) -> None:
    """A dataset that was deleted and is in the release again has its id again; then it can be found gone again."""
    name = f"{PORTAL}-instances-gouvernance"
    before = portal.act("package_show", id=name)
    portal.act("package_delete", id=before["id"])
    done = _command(out, portal)
    report.check(_counts(done) == ["1", "0"], "a deleted dataset is put back", done.stdout + done.stderr)
    now = portal.act("package_show", id=name)
    report.check((now["id"], now["state"], _ids(now)) == (before["id"], "active", _ids(before)), "with its ids", now)
    report.check(_counts(_command(out, portal)) == ["0", "0"], "and found there")


def _ids(dataset: dict[str, Any]) -> dict[str, str]:
    return {resource["uri"]: resource["id"] for resource in dataset["resources"]}


def _others(datasets: dict[str, Any], mine: dict[str, Any]) -> dict[str, Any]:
    gone = f"{PORTAL}-{GONE.replace('_', '-')}"
    return {name: dataset for name, dataset in datasets.items() if name not in mine and name != gone}


def _counts(done: Done) -> list[str]:
    """How many things the command says it put, and took away."""
    return [word for word in done.stdout.splitlines()[-1].split() if word.isdigit()] if done.stdout else []


def _arguments(portal: Portal) -> tuple[str, ...]:
    return ("publish", PORTAL, portal.target, "--sample", "--unconfirmed-licence")


def _command(out: Path, portal: Portal, *options: str) -> Done:
    return canceropole(*_arguments(portal), *options, out=out, env={"CKAN_API_TOKEN": portal.token})


def _python() -> Path:
    """The Python that CKAN is installed for; made where it is missing."""
    python = _VENV / "bin" / "python"
    if not (_VENV / "bin" / "ckan").exists():
        _say(f"Installing {', '.join(_NEEDED)}")
        subprocess.run([sys.executable, "-m", "venv", _VENV], check=True)
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "setuptools<71", "wheel"], check=True)  # CKAN 2.12 imports pkg_resources
        subprocess.run([*pip, *_NEEDED], check=True)
    return python


@contextlib.contextmanager
def _ckan(folder: Path, python: Path) -> Iterator[Portal]:
    """A CKAN with a PostgreSQL and a Redis of its own, all gone at the end."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(_postgresql(folder / "postgresql"))
        port = _free()
        redis = [
            _program("redis-server"),
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            folder,
        ]
        stack.enter_context(_running(redis, folder / "redis.log"))
        _until(lambda: _listens(port), f"something listens on port {port}")
        # -P: not to take the module beside it for CKAN.
        command: list[str | Path] = [
            python,
            "-P",
            Path(__file__).with_name("ckan_site.py"),
            folder,
            database,
            f"redis://127.0.0.1:{port}/0",
        ]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("CKAN", "PYTHON"))}
        errors = stack.enter_context((folder / "ckan.log").open("w"))
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=env)
        stack.callback(process.wait)
        stack.callback(process.kill)
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SystemExit((folder / "ckan.log").read_text()[-2000:])
        yield Portal(json.loads(line))


@contextlib.contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to be root's
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", _free()
    made: list[str | Path] = [
        _program("initdb"),
        "-D",
        data,
        "-U",
        "ckan",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    subprocess.run(made, check=True, capture_output=True, user=user, cwd=folder)
    served = [_program("postgres"), "-D", data, "-p", str(port), "-k", folder, "-c", "fsync=off", "-h", "127.0.0.1"]
    with _running(served, folder.with_name("postgresql.log"), user):
        _until(lambda: _listens(port), f"something listens on port {port}")
        create = [_program("createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "ckan", "ckan"]
        # It listens before it answers.
        _until(lambda: subprocess.run(create, check=False, capture_output=True).returncode == 0, "PostgreSQL answers")
        yield f"postgresql://ckan@127.0.0.1:{port}/ckan"


@contextlib.contextmanager
def _running(command: Sequence[object], log: Path, user: str | None = None) -> Iterator[None]:
    with log.open("w") as told:
        process = subprocess.Popen(
            list(map(str, command)), stdout=told, stderr=told, stdin=subprocess.DEVNULL, user=user, cwd="/"
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def _program(name: str) -> str:
    """Where a program is, empty if nowhere; Debian keeps PostgreSQL's own beside each version."""
    beside = map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or max(beside, default="")


def _free() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _until(ready: Callable[[], bool], what: str) -> None:
    """Waits for a server, which says to nobody when it is ready."""
    for _ in range(_TRIES):
        if ready():
            return
        time.sleep(0.25)  # between two looks: a server takes some seconds to start
    raise SystemExit(f"In vain was it waited for that {what}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (a command prints)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
