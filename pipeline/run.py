"""A run: what was asked, the declarations and outputs it works with, and how it begins."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from pipeline import decisions, erasures, journal, release, views
from pipeline.erasures import NOBODY, Erasures
from pipeline.failures import BusyError, RunFailedError, WrongUseError
from pipeline.paths import Home, RunFolder, read_json, write, write_json
from schemas import linting, load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.decisions import Decision
    from schemas.load import Declarations
    from schemas.model import Dataset

LIVE, SAMPLE, PORTAL = "live", "sample", "portal"
_PATTERN = re.compile(r"[*?\[]")  # what DuckDB takes for a pattern of file names, wherever it stands in one


@dataclass(frozen=True, slots=True)
class Request:
    """What a refresh was asked to do; `decision` is one that a person takes with it."""

    portal: str
    source: str = LIVE
    only: tuple[str, ...] = ()
    delay: float | None = None
    out: Path = Path("outputs")
    schemas: Path = load.HOME
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A release that rows left, or whose base they left: it keeps its version, and what was held.

    `erased` is how many rows left each dataset; `held` the code each held dataset was held for: a row that left may
    have been what the gate doubted, or what kept it from doubting.
    """

    version: str
    erased: Mapping[str, int]
    held: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A run under way: its request, declarations, outputs, folder, the release it builds on, and people's decisions.

    `erasures` says who has left; `standing` is what a release that is made again keeps, where rows left it.
    """

    request: Request
    declarations: Declarations
    home: Home
    folder: RunFolder
    base: str | None
    decisions: tuple[Decision, ...] = ()
    erasures: Erasures = NOBODY
    standing: Standing | None = None

    @property
    def obtained(self) -> Path:
        """The archive as the portal gave it; not yet in its place where somebody has left."""
        return self.folder.crawled if self.erasures.entries else self.folder.archive

    @property
    def last(self) -> Path | None:
        """The folder of the release it builds on."""
        return self.home.release(self.base) if self.base else None

    @property
    def datasets(self) -> list[Dataset]:
        """The datasets this run extracts."""
        wanted = set(self.request.only)
        return [d for d in self.declarations.datasets if not d.derived and (not wanted or d.id in wanted)]

    @property
    def names(self) -> list[str]:
        """Their ids."""
        return [dataset.id for dataset in self.datasets]

    @property
    def started(self) -> dt.datetime:
        """When it began: its name says so."""
        return dt.datetime.strptime(self.folder.id, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)


def declared(request: Request) -> Declarations:
    """The portal's declarations, checked before anything is requested.

    Raises:
        WrongUseError: no such portal, dataset or archive, or outputs that DuckDB cannot name.
        RunFailedError: a broken declaration.
    """
    if _PATTERN.search(str(request.out.absolute())):
        raise WrongUseError("outputs-pattern", folder=request.out.absolute())
    try:
        declarations = load.load(request.portal, request.schemas)
    except load.UnknownPortalError as error:
        there = ", ".join(load.portals(request.schemas)) or "—"
        raise WrongUseError("portal-unknown", portal=request.portal, folder=request.schemas, known=there) from error
    except load.DeclarationError as error:
        raise RunFailedError("declaration-broken", faults=f"\n{error}\n") from error
    faults = [*linting.faults_of(declarations), *views.faults(declarations)]
    if faults:
        raise RunFailedError("declaration-broken", faults="\n".join(["", *faults, ""]))
    archive(request)
    known = [d.id for d in declarations.datasets if not d.derived]
    unknown = sorted(set(request.only) - set(known))
    if unknown:
        told = {"unknown": ", ".join(unknown), "known": ", ".join(known)}
        raise WrongUseError("dataset-unknown", portal=request.portal, **told)
    return declarations


def archive(request: Request) -> Path | None:
    """The archive a request names: a WARC file, or an earlier run's; None if it names an address to crawl.

    Raises:
        WrongUseError: the source is none of those.
    """
    source, runs = request.source, Home(request.out / request.portal).runs
    try:
        if source in {LIVE, SAMPLE} or urlsplit(source).scheme in {"http", "https"}:
            return None
        path = runs / source.removeprefix("run:") / "portal.warc.gz" if source.startswith("run:") else Path(source)
        there = path.is_file()
    except (ValueError, OSError) as error:  # no address and no path: an open bracket, a name too long
        raise WrongUseError("source-unknown", source=source[:200], path=error, known="—") from error
    if not there:
        known = ", ".join(sorted(p.parent.name for p in runs.glob("*/portal.warc.gz"))) or "—"
        raise WrongUseError("source-unknown", source=source, path=path, known=known)
    return path


def lock(home: Home) -> FileLock:
    """The portal's lock, taken; the process that holds it may take it again. An erasure that was killed is ended first.

    Raises:
        BusyError: another run holds it.
        RunFailedError: the outputs folder cannot be written.
    """
    taken = FileLock(home.lock, timeout=0, is_singleton=True, thread_local=False)
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        taken.acquire()
        with contextlib.ExitStack() as unless_recovered:
            unless_recovered.callback(taken.release)
            journal.recover(home)
            unless_recovered.pop_all()
    except Timeout as error:
        raise BusyError("busy", folder=home.root, lock=home.lock) from error
    except OSError as error:
        raise unwritable(home, error) from error
    return taken


def begin(request: Request, declarations: Declarations, *, now: dt.datetime) -> Run:
    """Opens a run's folder, clears what a killed run left, keeps the declarations used.

    Raises:
        BusyError: a run began within the same second.
        RunFailedError: the outputs cannot be written, have lost the link to their current release, or hold decisions
            that cannot be read.
    """
    home = Home(request.out / request.portal)
    folder = RunFolder(home.runs / f"{now:%Y%m%dT%H%M%SZ}")
    try:
        decided = decisions.kept(home)
        left = erasures.kept(home)
        release.clear_unfinished(home)
        if folder.root.exists():
            raise BusyError("run-exists", run=folder.id, folder=home.runs)
        _make_private(folder)
        for place, content in declarations.files.items():
            write(folder.declarations / place, content)
    except decisions.DecisionsError as error:
        raise RunFailedError("decisions-broken", path=home.decisions, error=error) from error
    except erasures.ErasuresError as error:
        raise RunFailedError("erasures-broken", error=error) from error
    except release.NoLatestError as error:
        raise RunFailedError("no-latest", error=error) from error
    except OSError as error:
        raise unwritable(home, error) from error
    if request.decision is not None:
        decided = decisions.with_one_more(decided, request.decision)
    return Run(request, declarations, home, folder, home.version(), decided, left)


def refuse(request: Request, failure: RunFailedError, *, now: dt.datetime) -> None:
    """Writes the report of a run that could not begin, where the outputs can be written."""
    folder = RunFolder(Home(request.out / request.portal).runs / f"{now:%Y%m%dT%H%M%SZ}")
    moment = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    told: dict[str, object] = {
        "run": folder.id,
        "portal": request.portal,
        "source": request.source,
        "started": moment,
        "finished": moment,
        "outcome": "failed",
        "version": None,
        "previous": None,
        "crawl": {"requests": 0, "pages": 0, "not_modified": 0, "same": 0, "bytes": 0, "errors": []},
        "unclaimed": [],
        "unclaimed_more": 0,
        "datasets": [],
        "error": failure.as_json(),
    }
    with contextlib.suppress(OSError):
        _make_private(folder)
        write_json(folder.report, told)


def _make_private(folder: RunFolder) -> None:
    """Makes a run's folder, and the one of all runs, for their owner alone."""
    runs = folder.root.parent
    runs.parent.mkdir(parents=True, exist_ok=True)
    for private in (runs, folder.root):
        private.mkdir(mode=0o700, exist_ok=True)


def one_kind(run: Run, kind: str) -> None:
    """Checks that a run's kind of source is that of the releases before it (CONTRACT, 'Outputs').

    Raises:
        RunFailedError: they are of the other kind.
    """
    if run.last is None:
        return
    before = SAMPLE if read_json(run.last / "datapackage.json")["reconstitution"] else PORTAL
    if kind != before:
        raise RunFailedError("kinds-mixed", folder=run.home.root, before=before, now=kind)


def unwritable(home: Home, error: Exception) -> RunFailedError:
    """The failure to raise when outputs cannot be written: a full disk, missing rights."""
    return RunFailedError("outputs-unwritable", folder=home.root, error=error)
