"""Real runs of the main job, made once and shared: on the sample portal, and on a real WordPress's pages."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from typing import Protocol, TypeVar

import pytest
from filelock import FileLock

from pipeline.checksums import SUMS, contents, sums

ROOT = Path(__file__).parent.parent
WORDPRESS = ROOT.parent / "shared" / "portal"


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
            told.write_text(json.dumps([done.status, done.stdout, done.stderr]))
        return Done(folder / "outputs", *json.loads(told.read_text()))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A first release of the sample portal. Tests only read it."""
    return once(
        tmp_path_factory, "sample", lambda out: canceropole("refresh", "canceropole-idf", "--from", "sample", out=out)
    )


@pytest.fixture(scope="session")
def later(sample: Done, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A second release, of the sample's pages a day later: a tumour bank corrected, one added. Tests only read it."""
    from test_refresh import changed  # noqa: PLC0415 (which imports this module)

    place = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"
    row = "<tr>\n<td>TISSUTHEQUE {}</td>\n<td>{}</td>\n<td>Pr Bedossa</td>\n</tr>\n"
    was = row.format("BEAUJON", "AP-HP Hôpital Beaujon")
    now = row.format("BEAUJON", "Hôpital Beaujon, Clichy") + row.format("LARIBOISIERE", "AP-HP Hôpital Lariboisière")

    def make(out: Path) -> Done:
        copytree(sample.out, out, symlinks=True)
        [pages] = sample.home.glob("runs/*/portal.warc.gz")
        archive = changed(pages, out.parent / "portal.warc.gz", {place: (was, now)})
        return canceropole("refresh", "canceropole-idf", "--from", archive, out=out)

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
    """A first release of the WordPress pages. Tests only read it."""
    arguments = ("refresh", "canceropole-idf", "--from", wordpress_portal, "--delay", "0")
    return once(tmp_path_factory, "wordpress", lambda out: canceropole(*arguments, out=out))
