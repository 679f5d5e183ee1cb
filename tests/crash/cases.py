"""One disturbed refresh each: what is disturbed, what is looked at, what the next run must make of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from test_refresh import CORRECTED, PORTAL, changed

from crash import commands, instants
from crash.rest import digests, inconsistent, unrepaired
from pipeline.paths import Home, read_json
from schemas.load import HOME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_DATED = {"fraicheur", "pages", "provenance"}  # what has a crawl's own moments in it


@dataclass(frozen=True)
class Scenario:
    """Outputs to start from, a source, and what a run that nothing disturbs makes of them.

    `seconds` is how long that run takes from its first stage on.
    """

    name: str
    start: Path | None
    source: object
    before: str | None
    after: str
    data: dict[str, str]
    seconds: float
    schemas: Path = HOME

    @property
    def options(self) -> tuple[str, str]:
        """What the command is told of its declarations."""
        return "--schemas", str(self.schemas)

    def outputs(self, folder: Path) -> Path:
        """A copy of the outputs to start from."""
        out = folder / "outputs"
        if self.start is None:
            out.mkdir(parents=True)
        else:
            shutil.copytree(self.start, out, symlinks=True)
        return out


@dataclass(frozen=True)
class Row:
    """A line of the table: where a run was disturbed, where `latest` was then, and what was wrong."""

    scenario: str
    what: str
    where: str
    latest: str
    inconsistent: list[str]
    unrepaired: list[str]

    @property
    def wrong(self) -> list[str]:
        """All of it."""
        return self.inconsistent + self.unrepaired


def undisturbed(
    name: str, start: Path | None, source: object, folder: Path, environment: Mapping[str, str]
) -> Scenario:
    """A scenario, its undisturbed run made in `folder` and timed."""
    draft = Scenario(name, start, source, None, "", {}, 0)
    out = draft.outputs(folder)
    home = Home(out / PORTAL)
    before = home.version()
    status, said, seconds = commands.finish(out, source, environment)
    current = home.current()
    if status != 0 or current is None:
        raise RuntimeError(f"{name}: an undisturbed run ended with status {status}:\n{said}")
    crawled = not isinstance(source, Path)
    data = {file: digest for file, digest in digests(current).items() if not (crawled and file.split(".")[0] in _DATED)}
    return Scenario(name, start, source, before, current.name, data, seconds)


def changed_portal(first: Path, target: Path) -> Path:
    """The archive of a portal of which one cell was corrected since the release in `first`."""
    [archive] = Home(first / PORTAL).runs.glob("*/portal.warc.gz")
    return changed(archive, target, CORRECTED)


def killed(scenario: Scenario, moment: float, folder: Path, environment: Mapping[str, str], *, group: bool) -> Row:
    """The real command killed `moment` seconds after its first stage began, or so long after its start if negative.

    Then it is run once more.
    """
    out = scenario.outputs(folder)
    home = Home(out / PORTAL)
    command = commands.start(out, scenario.source, environment, *scenario.options)
    if moment >= 0:
        command.begun()
    with suppress(subprocess.TimeoutExpired):
        command.process.wait(timeout=abs(moment))
    stage = "end" if command.process.poll() is not None else command.stage()
    command.kill(group=group)
    latest, wrong = home.version() or "—", inconsistent(home, scenario.before, scenario.after)
    status, said, _ = commands.finish(out, scenario.source, environment, *scenario.options)
    later = [] if status == 0 else [f"the next run ended with status {status}: {said.strip()[-300:]}"]
    later += unrepaired(home, scenario.before, scenario.after, scenario.data)
    later += [f"process {pid} was left" for pid in command.left()]
    shutil.rmtree(folder)
    what = f"kill -9, {'all' if group else 'main only'}, {moment:+.1f} s"
    return Row(scenario.name, what, stage, latest, wrong, later)


def disturbed(scenario: Scenario, number: int, call: str, act: str, folder: Path) -> Row:
    """The stages killed, or out of disk, at a call to the file system, then run once more."""
    out = scenario.outputs(folder)
    home, told = Home(out / PORTAL), folder / "told"
    source = Path(str(scenario.source))
    status = instants.play(out, source, told, number, act, scenario.schemas)
    wrong = inconsistent(home, scenario.before, scenario.after)
    if act == "kill":
        wrong += [] if status == -signal.SIGKILL else [f"not killed: status {status}"]
    else:
        wrong += _untrue(home, scenario, status, told)
    latest = home.version() or "—"
    status = instants.play(out, source, told, None, schemas=scenario.schemas)
    later = [] if status == 0 else [f"the next run ended with {status}: {told.read_text() if told.exists() else ''}"]
    later += unrepaired(home, scenario.before, scenario.after, scenario.data)
    shutil.rmtree(folder)
    return Row(scenario.name, f"{act}, call {number}", call, latest, wrong, later)


def starved(scenario: Scenario, room: int, folder: Path) -> Row:
    """The stages on a disk with so many bytes free, then once more on a larger one. Needs the right to mount."""
    folder.mkdir(parents=True)
    with _disk(folder) as grow:
        out = scenario.outputs(folder)
        used = size(out)
        grow(used + room)
        home, told = Home(out / PORTAL), folder.with_name(f"{folder.name}.told")
        source = Path(str(scenario.source))
        status = instants.play(out, source, told, None, schemas=scenario.schemas)
        wrong = inconsistent(home, scenario.before, scenario.after) + _untrue(home, scenario, status, told)
        latest = home.version() or "—"
        grow(1 << 30)
        status = instants.play(out, source, told, None, schemas=scenario.schemas)
        later = [] if status == 0 else [f"the next run ended with {status}: {told.read_text()}"]
        later += unrepaired(home, scenario.before, scenario.after, scenario.data)
    return Row(scenario.name, "disk full", f"{room // 1024} KiB free", latest, wrong, later)


def together(scenario: Scenario, runs: int, folder: Path, environment: Mapping[str, str]) -> Row:
    """Several commands at once, and a reader all the while: one works, the others change nothing."""
    out = scenario.outputs(folder)
    home = Home(out / PORTAL)
    there = set(home.runs.glob("*"))
    home.lock.write_text("left by a run that was killed")
    with _reader(home) as misses:
        all_of_them = [commands.start(out, scenario.source, environment, *scenario.options) for _ in range(runs)]
        statuses = sorted(command.process.wait() for command in all_of_them)
    wrong = misses + inconsistent(home, scenario.before, scenario.after)
    if statuses != [0, *[4] * (runs - 1)]:
        wrong.append(f"statuses {statuses}")
    if len(set(home.runs.glob("*")) - there) != 1:
        wrong.append("more than one run left something")
    later = unrepaired(home, scenario.before, scenario.after, scenario.data)
    later += [f"process {pid} was left" for command in all_of_them for pid in command.left()]
    latest = home.version() or "—"
    shutil.rmtree(folder)
    return Row(
        scenario.name,
        f"{runs} at once, stale lock, a reader",
        "statuses " + " ".join(map(str, statuses)),
        latest,
        wrong,
        later,
    )


def _untrue(home: Home, scenario: Scenario, status: int, told: Path) -> list[str]:
    """Where a run that met a full disk says other than what `latest` shows."""
    if status == 0:
        return [] if home.version() == scenario.after else ["status 0, and nothing was released"]
    if status != instants.TOLD:
        return [f"ended without a paragraph: {status}"]
    made = home.version() == scenario.after
    expected = "report-unwritable" if made else "outputs-unwritable"
    said = told.read_text()
    found = [] if said.startswith(f"{expected}:") else [f"{said} instead of {expected}"]
    newest = max(home.runs.glob("*"), default=Path()) / "report.json"
    if newest.exists() and (read_json(newest)["version"] is not None) != made:
        found.append(f"report.json says version {read_json(newest)['version']}, latest is {home.version()}")
    return found


@contextmanager
def _reader(home: Home) -> Iterator[list[str]]:
    """Somebody who reads the current release again and again: what they could not read."""
    misses: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.wait(0.001):
            try:
                folder = home.root / os.readlink(home.latest)  # noqa: PTH115 (one look, as a reader's)
                if read_json(folder / "datapackage.json")["version"] != folder.name:
                    misses.append(f"{folder.name} names another version")
            except (OSError, ValueError) as error:
                misses.append(f"a reader met {error}")

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield misses
    finally:
        done.set()
        thread.join()


@contextmanager
def _disk(folder: Path) -> Iterator[Callable[[int], None]]:
    """A disk of its own mounted at a folder; what it gives sets its size in bytes."""
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", folder], check=True)

    def resize(size: int) -> None:
        subprocess.run(["/bin/mount", "-o", f"remount,size={size}", folder], check=True)

    try:
        yield resize
    finally:
        subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def size(folder: Path) -> int:
    """The bytes a folder takes on a disk, each file counted once."""
    return sum({(found := path.lstat()).st_ino: found.st_blocks * 512 for path in folder.rglob("*")}.values())
