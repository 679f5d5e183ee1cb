"""The stages in order, as plain functions: the one place where the portal side and the package side meet.

Each stage reads what the one before left in the run's folder and leaves its own; the Prefect flow wraps them as tasks.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from spiders.crawl import CrawlJob, Limits

from pipeline import build, gate, normalize, release, validate
from pipeline.descriptor import descriptor
from pipeline.paths import Home, Run, read_json, sha256, write, write_json
from schemas import load
from schemas.reasons import Reason
from spiders import archive, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schemas.load import Declarations
    from schemas.model import Dataset

T = TypeVar("T")
Kind = Literal["portal", "sample"]
LOG = logging.getLogger("canceropole")
LIVE, SAMPLE = "live", "sample"


class RunFailedError(Exception):
    """The data could not be judged: the message is one paragraph with what, where, expected, found, next step."""


class WrongUseError(Exception):
    """An option or name that does not exist; the message lists those that do."""


class BusyError(Exception):
    """Another run holds the portal's outputs."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a refresh was asked to do."""

    portal: str
    source: str = LIVE
    only: tuple[str, ...] = ()
    delay: float | None = None
    out: Path = Path("outputs")
    schemas: Path = load.HOME


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh under way: its request, declarations, outputs, run folder, and the release it builds on."""

    request: Request
    declarations: Declarations
    home: Home
    run: Run
    base: str | None

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


def refresh(request: Request, step: Callable[[str, Callable[[], T]], T] = lambda _, stage: stage()) -> dict[str, Any]:
    """The main job: all stages in order.

    Args:
        request: what to do.
        step: runs a named stage; Prefect's flow makes a task of it.

    Returns:
        report.json.

    Raises:
        WrongUseError, BusyError: nothing was begun.
        RunFailedError: the data could not be judged; the last release stands and the report says why.
    """
    declarations = declared(request)
    with lock(Home(request.out / request.portal)):
        under_way = begin(request, declarations, now=dt.datetime.now(dt.UTC))


        def stage(name: str, job: Callable[[], T]) -> T:
            LOG.info(name)
            return step(name, job)

        try:
            stage("crawl", lambda: crawl(under_way))
            stage("extract", lambda: extract(under_way))
            stage("normalize", lambda: normalize_rows(under_way))
            stage("validate", lambda: validate_tables(under_way))
            verdicts = stage("gate", lambda: judge(under_way))
            version = stage("release", lambda: build_and_release(under_way, verdicts))
            return report(under_way, verdicts, version, now=dt.datetime.now(dt.UTC))
        except RunFailedError as error:
            failed(under_way, str(error), now=dt.datetime.now(dt.UTC))
            raise


def declared(request: Request) -> Declarations:
    """The portal's declarations, checked before anything is requested.

    Raises:
        WrongUseError: no such portal or dataset, or a source that is none.
        RunFailedError: a broken declaration.
    """
    try:
        declarations = load.load(request.portal, request.schemas)
    except load.UnknownPortalError as error:
        raise WrongUseError(str(error)) from error
    except load.DeclarationError as error:
        raise RunFailedError(
            f"Broken declaration, nothing was requested. {error}\nMend the file and run again."
        ) from error
    known = [d.id for d in declarations.datasets if not d.derived]
    unknown = sorted(set(request.only) - set(known))
    if unknown:
        raise WrongUseError(f"no dataset {', '.join(unknown)} in {request.portal}; there are: {', '.join(known)}")
    return declarations


def lock(home: Home) -> FileLock:
    """The portal's lock, taken.

    Raises:
        BusyError: another run holds it.
        RunFailedError: the outputs folder cannot be written.
    """
    taken = FileLock(home.lock, timeout=0, is_singleton=True, thread_local=False)
    try:
        home.root.mkdir(parents=True, exist_ok=True)
        taken.acquire()
    except Timeout as error:
        raise BusyError(
            f"Another run on {home.root} is in progress (lock {home.lock}). Wait for its end, or choose another --out."
        ) from error
    except OSError as error:
        raise RunFailedError(
            f"The outputs folder {home.root} cannot be written: {error}. Choose another --out."
        ) from error
    return taken


def begin(request: Request, declarations: Declarations, *, now: dt.datetime) -> Refresh:
    """Opens a run's folder, clears what a killed run left, keeps the declarations used.

    Raises:
        WrongUseError: the source names no address, file or run.
        RunFailedError: the outputs cannot be written, or hold releases of the other kind of source.
    """
    home = Home(request.out / request.portal)
    run = Run(home.runs / f"{now:%Y%m%dT%H%M%SZ}")
    try:
        release.clear_unfinished(home)
        if run.folder.exists():
            raise BusyError(f"A run {run.id} already exists in {home.runs}; wait a second and run again.")
        run.folder.mkdir(parents=True, mode=0o700)
        for place, content in declarations.files.items():
            write(run.declarations / place, content)
    except OSError as error:
        raise RunFailedError(
            f"The outputs folder {home.root} cannot be written: {error}. Choose another --out."
        ) from error
    return Refresh(request, declarations, home, run, home.version())


def crawl(refresh: Refresh) -> None:
    """Obtains the pages: crawls the portal, a mirror or the sample in a process of its own, or takes an archive.

    Raises:
        WrongUseError: a source that is no address, file or run.
        RunFailedError: no page obtained, or an unreadable archive.
    """
    source = refresh.request.source
    if source.startswith("run:"):
        _take(refresh, refresh.home.runs / source.removeprefix("run:") / "portal.warc.gz", source)
    elif source in {LIVE, SAMPLE} or urlsplit(source).scheme in {"http", "https"}:
        _crawl(refresh)
    elif Path(source).is_file():
        _take(refresh, Path(source), source)
    else:
        raise WrongUseError(
            f"--from {source!r} is no source: expected live, sample, an http(s) address, a WARC file or run:<run>"
        )
    _same_kind(refresh)


def extract(refresh: Refresh) -> None:
    """Reads the archive's pages once and leaves the raw rows of every dataset.

    Raises:
        RunFailedError: the archive is unreadable or holds no page.
    """
    try:
        found = reading.read_archive(refresh.run.archive, refresh.declarations, refresh.datasets)
    except archive.ArchiveError as error:
        raise RunFailedError(f"The archive cannot be read: {error}. Crawl again, or choose another --from.") from error
    if not any(page["statut"] == 200 for page in found.pages):  # noqa: PLR2004 (HTTP's OK)
        raise RunFailedError(
            f"No page of {refresh.declarations.portal.origin} was obtained (source {refresh.request.source}): expected "
            f"HTML pages, found {len(found.pages)} answers of which none is 200. Is this the portal? "
            f"{_crawl_errors(refresh.run)}"
        )
    write_json(refresh.run.pages, {"pages": found.pages, "unclaimed": found.unclaimed})
    for dataset in refresh.datasets:
        if dataset.from_pages:
            extracted = found.extracts[dataset.id]
            rows = list(reading.raw_rows(extracted, found.captures))
            faults, notes = extracted.faults, extracted.notes
        else:
            rows, faults, notes = _reference_rows(refresh.declarations, dataset), [], []
        told = {"faults": [f.as_json() for f in faults], "notes": [n.as_json() for n in notes], "rows": rows}
        write_json(refresh.run.rows(dataset.id), told)


def normalize_rows(refresh: Refresh) -> None:
    """Cleans and types the raw rows."""
    normalize.normalize(refresh.run, refresh.declarations, refresh.names)


def validate_tables(refresh: Refresh) -> None:
    """Holds the typed tables to their Pandera schemas."""
    validate.validate_tables(refresh.run, refresh.declarations, refresh.names)


def judge(refresh: Refresh) -> list[gate.Verdict]:
    """The gate: what may be released."""
    return gate.gate(refresh.run, refresh.declarations, refresh.last, refresh.names)


def build_and_release(refresh: Refresh, verdicts: Sequence[gate.Verdict]) -> str | None:
    """Builds the package, validates it with frictionless and releases it if anything changed.

    Returns:
        The new version, or None when there is nothing to release.

    Raises:
        RunFailedError: the package breaks its own descriptor, or cannot be written.
    """
    staged = refresh.home.releases / f".{refresh.run.id}"
    try:
        staged.mkdir(parents=True)
        version = package(refresh, verdicts, staged)
        if version is not None:
            validate.validate_package(staged / "datapackage.json")
            release.switch(refresh.home, staged, version)
    except validate.PackageError as error:
        raise RunFailedError(f"The built package breaks its own schema, nothing was released: {error}") from error
    except OSError as error:
        raise RunFailedError(f"The release could not be written in {refresh.home.releases}: {error}") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return version


def package(refresh: Refresh, verdicts: Sequence[gate.Verdict], folder: Path) -> str | None:
    """Builds the whole package in `folder` (empty); None, and an unfinished folder, when nothing changed."""
    judged = set(refresh.names)
    by_name = {verdict.name: verdict for verdict in verdicts}
    tables = {
        dataset.id: path
        for dataset in refresh.declarations.datasets
        if dataset.id in by_name
        for path in [
            gate.published(refresh.run, dataset, by_name[dataset.id], refresh.last, judged=dataset.id in judged)
        ]
        if path is not None
    }
    if not tables:
        return None
    fresh = {name for name in tables if name in judged and by_name[name].verdict != "held"}
    published = build.build(refresh.run, refresh.declarations, tables, fresh, refresh.last, folder)
    described = descriptor(
        refresh.declarations,
        published,
        folder,
        version=release.FIRST,
        created=_instant(archive.last_date(refresh.run.archive)),
        run=refresh.run.id,
        sample=_kind(refresh.run.archive) == SAMPLE,
        stale=_stale(refresh, by_name, tables),
    )
    changes = [c for v in verdicts if v.verdict == "accepted" and v.name in tables for c in v.changes]
    version = release.next_version(refresh.last, described, changes)
    if version is not None:
        release.finish(folder, refresh.declarations, {**described, "version": version}, changes)
    return version


def report(
    refresh: Refresh, verdicts: Sequence[gate.Verdict], version: str | None, *, now: dt.datetime
) -> dict[str, Any]:
    """Writes report.json, inputs.json and status.json, and returns the report."""
    pages = read_json(refresh.run.pages)
    held = any(verdict.verdict == "held" for verdict in verdicts)
    told = {
        "run": refresh.run.id,
        "portal": refresh.request.portal,
        "source": refresh.request.source,
        "started": _instant(_started(refresh.run)),
        "finished": _instant(now),
        "outcome": "held" if held else "released" if version else "unchanged",
        "version": version,
        "previous": refresh.base,
        "crawl": _crawl_summary(refresh.run),
        "unclaimed": pages["unclaimed"],
        "datasets": [verdict.as_json() for verdict in verdicts],
    }
    write_json(refresh.run.inputs, inputs(refresh, version))
    write_json(refresh.run.report, told)
    write_json(refresh.home.status, _status(refresh, verdicts))
    return told


def failed(refresh: Refresh, message: str, *, now: dt.datetime) -> None:
    """Writes the report of a run that ended before its data could be judged."""
    told = {
        "run": refresh.run.id,
        "portal": refresh.request.portal,
        "source": refresh.request.source,
        "started": _instant(_started(refresh.run)),
        "finished": _instant(now),
        "outcome": "failed",
        "version": None,
        "previous": refresh.base,
        "crawl": _crawl_summary(refresh.run),
        "unclaimed": [],
        "datasets": [],
        "error": message,
    }
    write_json(refresh.run.report, told)


def inputs(refresh: Refresh, version: str | None) -> dict[str, Any]:
    """What the release was made from: everything `replay` needs, by hash."""
    return {
        "run": refresh.run.id,
        "version": version,
        "base": refresh.base,
        "kind": _kind(refresh.run.archive),
        "only": list(refresh.request.only),
        "archives": [
            {
                "path": refresh.run.archive.relative_to(refresh.home.root).as_posix(),
                "sha256": sha256(refresh.run.archive),
            }
        ],
        "declarations": {
            place: hashlib.sha256(content).hexdigest() for place, content in refresh.declarations.files.items()
        },
        "decisions": [],
        "code": metadata.version("canceropole"),
        "lock": lock_hash(),
    }


def lock_hash() -> str:
    """The SHA-256 of the installed packages, name==version: what the lock file made of this environment."""
    installed = sorted({f"{d.name.lower()}=={d.version}" for d in metadata.distributions() if d.name})
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()


def _crawl(refresh: Refresh) -> None:
    portal, request = refresh.declarations.portal, refresh.request
    job = CrawlJob(
        base=None if request.source == SAMPLE else portal.origin if request.source == LIVE else request.source,
        sample=request.source == SAMPLE,
        origin=portal.origin,
        portal=portal.id,
        seeds=portal.crawl.seeds,
        user_agent=portal.crawl.user_agent,
        delay=0.0 if request.source == SAMPLE and request.delay is None else request.delay,
        default_delay=portal.crawl.delay,
        limits=Limits(
            max_body=portal.crawl.max_body,
            timeout=portal.crawl.timeout,
            max_pages=portal.crawl.max_pages,
            max_redirects=portal.crawl.max_redirects,
            tries=portal.crawl.tries,
        ),
        deny=portal.crawl.deny,
        warc=str(refresh.run.archive),
        report=str(refresh.run.crawl),
    )
    write(refresh.run.job, job.model_dump_json(indent=1).encode())
    with subprocess.Popen(
        [sys.executable, "-m", "spiders.crawl", str(refresh.run.job)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for line in process.stdout or ():
            fetched = json.loads(line)
            LOG.debug("page %d %s", fetched["page"], fetched["url"])
        said = process.stderr.read() if process.stderr else ""
    if process.returncode != 0:
        raise RunFailedError(
            f"No page was obtained from {job.base or 'the sample portal'}: "
            f"{_crawl_errors(refresh.run) or said.strip()[-500:]} "
            "Check the address and the network, then run again."
        )


def _take(refresh: Refresh, path: Path, source: str) -> None:
    """Puts an existing archive in the run's folder: a link where it can be, else a copy."""
    if not path.is_file():
        runs = ", ".join(sorted(p.parent.name for p in refresh.home.runs.glob("*/portal.warc.gz"))) or "none"
        raise WrongUseError(f"--from {source}: no archive at {path}; runs with one: {runs}")
    try:
        refresh.run.archive.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, refresh.run.archive)


def _same_kind(refresh: Refresh) -> None:
    """A chain of releases has one kind of source (CONTRACT, 'Outputs')."""
    kind = _kind(refresh.run.archive)
    if refresh.last is None:
        return
    before: Kind = SAMPLE if read_json(refresh.last / "datapackage.json")["reconstitution"] else "portal"
    if kind != before:
        raise RunFailedError(
            f"{refresh.home.root} holds releases made from the {before}, and this run reads the {kind}: the two are "
            "never mixed. Nothing was released; choose another folder with --out."
        )


def _kind(path: Path) -> Kind:
    try:
        return SAMPLE if archive.info(path).get("canceropole-source") == SAMPLE else "portal"
    except archive.ArchiveError as error:
        raise RunFailedError(f"The archive cannot be read: {error}. Crawl again, or choose another --from.") from error


def _reference_rows(declarations: Declarations, dataset: Dataset) -> list[dict[str, Any]]:
    return [
        {
            "source": number,
            "url": "",
            "block": source.reference,
            "position": f"ligne {line}",
            "parts": {name: value for name, value in row.items() if value},
        }
        for number, source in enumerate(dataset.sources, start=1)
        if source.reference is not None
        for line, row in enumerate(declarations.references[source.reference], start=2)
    ]


def _stale(
    refresh: Refresh, verdicts: dict[str, gate.Verdict], tables: dict[str, Path]
) -> dict[str, tuple[str, Reason]]:
    """Datasets kept from an earlier release because they were held: since when, and why."""
    marks = _marks(refresh.last)
    now = _instant(archive.last_date(refresh.run.archive))
    stale = {name: mark for name, mark in marks.items() if name in tables and name not in refresh.names}
    for name, verdict in verdicts.items():
        if verdict.verdict == "held" and name in tables:
            stale[name] = (marks[name][0] if name in marks else now, verdict.reasons[0])
    return stale


def _marks(last: Path | None) -> dict[str, tuple[str, Reason]]:
    if last is None:
        return {}
    described = read_json(last / "datapackage.json")
    return {
        r["name"]: (r["stale"]["since"], Reason(r["stale"]["code"]))
        for r in described["resources"]
        if "stale" in r and r["format"] == "csv"
    }


def _status(refresh: Refresh, verdicts: Sequence[gate.Verdict]) -> dict[str, Any]:
    """status.json: the freshness of every dataset, whether or not this run made a release."""
    checked = _instant(archive.last_date(refresh.run.archive))
    before = {d["name"]: d for d in read_json(refresh.home.status)["datasets"]} if refresh.home.status.exists() else {}
    judged = set(refresh.names)
    current = refresh.home.version()
    datasets = []
    for verdict in verdicts:
        old = before.get(verdict.name, {})
        if verdict.name not in judged and old:
            datasets.append(old)
            continue
        held = verdict.verdict == "held"
        reason = verdict.reasons[0] if held else None
        datasets.append(
            {
                "name": verdict.name,
                "state": "held" if held else "fresh",
                "checked": checked,
                "good": old.get("good") if held else checked,
                "since": (old.get("since") or checked) if held else None,
                "rows": verdict.rows,
                "code": reason.code if reason else None,
                "message": reason.message if reason else None,
            }
        )
    return {"portal": refresh.request.portal, "run": refresh.run.id, "version": current, "datasets": datasets}


def _crawl_summary(run: Run) -> dict[str, Any]:
    if not run.crawl.exists():
        return {"requests": 0, "pages": 0, "not_modified": 0, "bytes": 0, "errors": []}
    told = read_json(run.crawl)
    return {name: told[name] for name in ("requests", "pages", "not_modified", "bytes", "errors")}


def _crawl_errors(run: Run) -> str:
    errors = _crawl_summary(run)["errors"]
    return " ".join(f"{error['url']}: {error['message']} [{error['code']}]." for error in errors[:3])


def _started(run: Run) -> dt.datetime:
    return dt.datetime.strptime(run.id, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)


def _instant(when: dt.datetime) -> str:
    return f"{when.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
