"""Real runs of the main job, made once and shared: on the sample portal, and on a real WordPress's pages."""

import atexit
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Protocol, TypeVar

import pytest
from filelock import FileLock

from pipeline.checksums import SUMS, contents, sums
from pipeline.prefect_api import LocalApi
from schemas.load import HOME

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parent.parent
WORDPRESS = ROOT.parent / "shared" / "portal"
PORTAL = "canceropole-idf"
# Parents and children, amounts, addresses, a reference list and what is made of all of them.
FEW = (
    "annuaires axes_coordinateurs axes_recherche contacts_valorisation financements organisations organisations_liens "
    "pages provenance tumorotheques tumorotheques_responsables"
).split()
# Pages that say nothing of them.
OTHER_PAGES = [
    "^/(actualites|agenda|contact|mentions-legales|notre-ecosysteme|seminaires-et-formations|structurer-la-recherche)/",
    "^/le-canceropole-idf/(gouvernance|les-7-canceropoles|nos-missions|partenariats)/",
]

# The files that take longest, the longest first: what is left at the end is short, and no process is idle meanwhile.
LONGEST = (
    "test_erase test_refresh test_accept test_release test_publish test_hostile test_hostile_cells test_cli test_crash "
    "test_flow test_site_every_page test_site test_replay test_console"
).split()
# Outputs that many tests copy: without DuckDB for browsers, which is larger than all else.
COPIED = ("sample", "few", "wordpress")
# Processes that tests start would compile this project anew, every one.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the files that take longest first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@dataclass(frozen=True)
class Done:
    """A finished command: its outputs folder, status and what it said."""

    out: Path
    status: int
    stdout: str
    stderr: str

    @property
    def home(self) -> Path:
        return self.out / "canceropole-idf"

    @property
    def latest(self) -> Path:
        return self.home / "latest"

    @property
    def report(self) -> dict[str, object]:
        newest = max(self.home.glob("runs/*/report.json"))
        return json.loads(newest.read_bytes())  # type: ignore[no-any-return]


def canceropole(*arguments: object, out: Path | None = None, env: dict[str, str] | None = None) -> Done:
    """Runs the command line in a process of its own, as a user does."""
    command = [sys.executable, "-m", "pipeline.cli", *map(str, arguments), *(["--out", str(out)] if out else [])]
    # The machine may have proxies, and tests talk to loopback.
    environment = {**os.environ, "LANG": "fr_FR.UTF-8", "LC_ALL": "", "LC_MESSAGES": "", "NO_PROXY": "*", **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    return Done(out or Path(), done.returncode, done.stdout, done.stderr)


@cache
def few_declarations() -> Path:
    """The portal's declarations with a few of its datasets and pages: a run of them takes a third of a run of all."""
    folder = Path(mkdtemp(prefix="few-"))
    atexit.register(rmtree, folder)
    for part in (PORTAL, "reference"):
        copytree(HOME / part, folder / part)
    for path in (folder / PORTAL).glob("*.yml"):
        if path.stem not in {"portal", *FEW}:
            path.unlink()
        else:  # drawing starts a JavaScript engine, which every command would
            path.write_text(re.sub(r"^chart:\n(?:[ #].*\n)+", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
    portal = folder / PORTAL / "portal.yml"
    text = portal.read_text(encoding="utf-8")
    assert text.count("\ncrawl:\n") == 1
    portal.write_text(text.replace("\ncrawl:\n", f"\ncrawl:\n  deny: {json.dumps(OTHER_PAGES)}\n"), encoding="utf-8")
    return folder


def canceropole_of_few(*arguments: object, out: Path, env: dict[str, str] | None = None) -> Done:
    """A command that reads declarations, on outputs that have a few datasets."""
    name, *others = arguments
    return canceropole(name, "--schemas", few_declarations(), *others, out=out, env=env)


def resealed(release: Path) -> None:
    """Gives a release that a test edited the checksums of what it now is, as an erasure does."""
    listed = {place: path for place, path in contents(release).items() if place != SUMS}
    (release / SUMS).write_bytes(sums(listed))


class Stops(Protocol):
    """A server of a test's own."""

    def stop(self) -> None: ...


Server = TypeVar("Server", bound=Stops)


def opened(server: Server, patch: pytest.MonkeyPatch, variable: str, token: str) -> Iterator[Server]:
    """A server that runs for a test, its token in the environment; the machine may have proxies."""
    patch.setenv(variable, token)
    patch.setenv("NO_PROXY", "*")
    yield server
    server.stop()


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], Done]) -> Done:
    """Makes something once for all test processes of a session and shares its folder."""
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / name
    with FileLock(f"{folder}.lock"):
        told = folder / "done.json"
        if not told.exists():
            folder.mkdir()
            done = make(folder / "outputs")
            if name in COPIED:
                for duckdb in folder.glob("outputs/.sites/*/assets/duckdb-*"):
                    rmtree(duckdb)
            told.write_text(json.dumps([done.status, done.stdout, done.stderr]))
        return Done(folder / "outputs", *json.loads(told.read_text()))


@contextmanager
def prefect_server(factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Prefect server with nothing in it, and the environment in which commands use it instead of one of their own."""
    home = copytree(once(factory, "prefect", _prefect_home).out, factory.mktemp("prefect") / "home")
    with pytest.MonkeyPatch.context() as patch:
        local, env = _prefect(home, patch)
    try:
        yield env
    finally:
        local.stop()


def _prefect_home(home: Path) -> Done:
    """The folder of a Prefect server that has made its database, which takes it most of its start."""
    home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        _prefect(home, patch)[0].stop()
    return Done(home, 0, "", "")


def _prefect(home: Path, patch: pytest.MonkeyPatch) -> tuple[LocalApi, dict[str, str]]:
    env = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    for name, value in env.items():
        patch.setenv(name, value)
    patch.setenv("PREFECT_API_URL", "")  # so that it is afterwards as it was
    patch.delenv("PREFECT_API_URL")
    local = LocalApi()
    local.ready()
    return local, {**env, "PREFECT_API_URL": os.environ["PREFECT_API_URL"]}


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """A browser; of one module, as Playwright's event loop runs for as long and lets no other run."""
    from browser import chromium  # noqa: PLC0415 (not every test needs it)

    with chromium() as opened_browser:
        yield opened_browser


@pytest.fixture(scope="session")
def commands_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """One Prefect server for commands, so that each need not start its own; not for tests that look into it."""
    with prefect_server(tmp_path_factory) as env:
        yield env


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A first release of the sample portal. Tests only read it."""
    return once(
        tmp_path_factory, "sample", lambda out: canceropole("refresh", "canceropole-idf", "--from", "sample", out=out)
    )


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A first release of a few datasets of the sample portal, for what is not about them. Tests only read it."""
    from pipeline import stages  # noqa: PLC0415 (seconds of imports, which not every test needs)
    from pipeline.run import SAMPLE, Request  # noqa: PLC0415 (with it)

    def make(out: Path) -> Done:
        stages.refresh(Request(PORTAL, SAMPLE, out=out, schemas=few_declarations()))
        return Done(out, 0, "", "")

    return once(tmp_path_factory, "few", make)


@pytest.fixture(scope="session")
def later(sample: Done, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A second release, of the sample's pages a day later: a tumour bank corrected, one added. Tests only read it."""
    from test_refresh import changed, refresh  # noqa: PLC0415 (which imports this module)

    place = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
    row = "<tr>\n<td>TISSUTHEQUE {}</td>\n<td>{}</td>\n<td>Pr Bedossa</td>\n</tr>\n"
    was = row.format("BEAUJON", "AP-HP Hôpital Beaujon")
    now = row.format("BEAUJON", "Hôpital Beaujon, Clichy") + row.format("LARIBOISIERE", "AP-HP Hôpital Lariboisière")

    def make(out: Path) -> Done:
        copytree(sample.out, out, symlinks=True)
        [pages] = sample.home.glob("runs/*/portal.warc.gz")
        archive = changed(pages, out.parent / "portal.warc.gz", {place: (was, now)})
        refresh(out, archive, schemas=HOME)
        return Done(out, 0, "", "")

    return once(tmp_path_factory, "later", make)


@pytest.fixture(scope="session")
def wordpress_portal() -> Iterator[str]:
    """The address of a real WordPress's pages; skips where they are not."""
    if not WORDPRESS.is_dir():
        pytest.skip("the WordPress pages are not on this machine")
    with subprocess.Popen(
        [sys.executable, str(WORDPRESS / "serve.py"), "--port", "0"], stderr=subprocess.PIPE, text=True
    ) as server:
        line = server.stderr.readline() if server.stderr else ""
        if server.stderr:
            threading.Thread(target=server.stderr.read, daemon=True).start()
        yield line.split()[-1]
        server.terminate()


@pytest.fixture(scope="session")
def wordpress(tmp_path_factory: pytest.TempPathFactory, wordpress_portal: str) -> Done:
    """A first release of the WordPress pages, made in this process. Tests only read it."""
    from pipeline import stages  # noqa: PLC0415 (seconds of imports, which not every test needs)
    from pipeline.run import Request  # noqa: PLC0415 (with it)

    def make(out: Path) -> Done:
        stages.refresh(Request(PORTAL, wordpress_portal, delay=0, out=out))
        return Done(out, 0, "", "")

    return once(tmp_path_factory, "wordpress", make)
