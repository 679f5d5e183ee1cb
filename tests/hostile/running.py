"""Runs the main job on a hostile portal, in a process of its own, and judges what came of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml
from conftest import ROOT

from hostile.case import TRAP
from hostile.server import HostilePortal
from schemas.load import HOME

if TYPE_CHECKING:
    from hostile.case import Case

PORTAL = "canceropole-idf"
# The bounds of the runs: those of the contract but for the waits, so that many fit in minutes.
BOUNDS = {"delay": 0, "timeout": 3, "tries": 2, "max_pages": 300, "max_bytes": 200_000_000}
SECONDS = {True: 600, False: 180}  # all at once, alone: with other work on the machine too
MEMORY = 1 << 30
_REFRESH = "import sys; from pipeline import cli; cli.main()"
_STAGES = (
    "import json, sys; from pathlib import Path; from pipeline import stages; from pipeline.run import Request\n"
    "from pipeline.failures import RunFailedError\n"
    "def main():\n"
    "    request = Request('canceropole-idf', sys.argv[1], (), 0, Path(sys.argv[2]), Path(sys.argv[3]))\n"
    "    try: report = stages.refresh(request)\n"
    "    except RunFailedError: sys.exit(1)\n"
    "    sys.exit(3 if report['outcome'] == 'held' else 0)\n"
    "if __name__ == '__main__': main()\n"
)


@dataclass(frozen=True)
class Outcome:
    """What a run on a hostile portal took, and what is wrong with what came of it."""

    case: Case
    seconds: float
    memory: int
    faults: list[str] = field(default_factory=list)


def baseline(folder: Path, declarations: Path = HOME) -> Path:
    """A first release of the portal while it is still in order, and the declarations with the runs' bounds."""
    schemas = folder / "schemas"
    shutil.copytree(declarations, schemas, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    place = schemas / PORTAL / "portal.yml"
    told = yaml.safe_load(place.read_text(encoding="utf-8"))
    told["crawl"] |= BOUNDS
    place.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    with HostilePortal({}, ()) as portal:
        status = _run(folder, portal.base, folder / "first", whole=False)[0]
    if status:
        raise RuntimeError(f"the portal in order: expected status 0, found {status}")
    return folder / "first"


def run(case: Case, folder: Path, hits: list[str], *, whole: bool) -> Outcome:
    """Refreshes a copy of the first release from a hostile portal, and says what is wrong.

    Args:
        case: what the portal does, and what must come of it.
        folder: where `baseline` worked.
        hits: what another host was asked, which must stay nothing.
        whole: whether by the command, with all its processes; else by the stages alone.
    """
    out = folder / case.name
    shutil.copytree(folder / "first", out, symlinks=True)
    with HostilePortal(case.answers, case.linked) as portal:
        started = time.monotonic()
        status, memory, said = _run(folder, portal.base, out, whole=whole)
        seconds = time.monotonic() - started
        base = portal.base
    faults = [f"memory: at most {MEMORY >> 20} MiB, found {memory >> 20}"] if memory > MEMORY else []
    faults += [f"time: at most {SECONDS[whole]} s, found {seconds:.0f}"] if seconds > SECONDS[whole] else []
    faults += [f"another host was asked: {hit}" for hit in hits]
    faults += [f"said: {line}" for line in said.splitlines() if "Traceback" in line]
    hits.clear()
    report = json.loads(max((out / PORTAL / "runs").glob("*/report.json")).read_bytes())
    faults += _judged(case, report, status, base)
    shutil.rmtree(out)
    return Outcome(case, seconds, memory, faults)


def _run(folder: Path, base: str, out: Path, *, whole: bool) -> tuple[int, int, str]:
    """Status, peak memory of all its processes together, and what it said on standard error."""
    schemas = str(folder / "schemas")
    command = (
        [_REFRESH, "refresh", PORTAL, "--from", base, "--out", str(out), "--schemas", schemas]
        if whole
        else [_STAGES, base, str(out), schemas]
    )
    said = folder / "said"
    with (
        said.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", *command],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, "NO_PROXY": "*"},
        ) as process,
    ):
        peak = _Peak(process.pid)
        try:
            status = process.wait(2 * SECONDS[True])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        peak.over.set()
        peak.join()
    return status, peak.memory, said.read_text("utf-8", errors="replace")


class _Peak(threading.Thread):
    """The most memory that the processes of a session have together at any moment."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self._session = session
        self.over = threading.Event()
        self.memory = 0
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.05):
            self.memory = max(
                self.memory, sum(_resident(pid) for pid in Path("/proc").glob("[0-9]*") if self._ours(pid))
            )

    def _ours(self, process: Path) -> bool:
        try:
            return os.getsid(int(process.name)) == self._session
        except ProcessLookupError:
            return False


def _resident(process: Path) -> int:
    """A process's own memory: what it shares with others counts for none of them."""
    try:
        _, resident, shared, *_ = (process / "statm").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return (int(resident) - int(shared)) * _page_size()


@cache
def _page_size() -> int:
    return os.sysconf("SC_PAGE_SIZE")


def _judged(case: Case, report: dict[str, Any], status: int, base: str) -> list[str]:
    """What in a report is not as the case has it."""
    told: dict[str, set[str]] = {}
    for error in report["crawl"]["errors"]:
        path = error["url"].removeprefix(base).removeprefix("https://www.canceropole-idf.fr")
        told.setdefault(path, set()).add(error["code"])
    if case.fails:
        failed = report.get("error", {}).get("code")
        return [] if (status, failed) == (1, case.fails) else [f"expected {case.fails}, found {status} {failed}"]
    expected_status = 3 if case.held else 0
    error = report.get("error", {}).get("message", {}).get("en", "")
    faults = [] if status == expected_status else [f"status: expected {expected_status}, found {status} {error}"]
    for path, codes in case.codes.items():
        if not (told.get(path, {""}) & codes):
            faults.append(f"{path}: expected one of {', '.join(sorted(codes))}, found {told.get(path)}")
    for path, found in told.items():
        unexpected = found - case.codes.get(path, frozenset()) - case.others
        if unexpected and urlsplit(path).path.startswith(TRAP):
            faults.append(f"{path}: unexpected {', '.join(sorted(unexpected))}")
    for dataset in report["datasets"]:
        name, verdict = dataset["name"], dataset["verdict"]
        reasons = {reason["code"] for reason in dataset["reasons"] if reason["holds"]}
        wanted = case.held.get(name)
        if (verdict != "held" or wanted not in reasons) if wanted else verdict != "unchanged":
            faults.append(f"{name}: expected {wanted or 'unchanged'}, found {verdict} {sorted(reasons)}")
    return faults
