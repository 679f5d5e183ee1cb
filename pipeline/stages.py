"""The stages in order, as plain functions: the one place where the portal side and the package side meet.

Each stage reads what the one before left in the run's folder and leaves its own; the Prefect flow wraps them as tasks.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import shutil
import sqlite3
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from pipeline import (
    decisions,
    earlier,
    erasures,
    gate,
    history,
    indexes,
    normalize,
    packaging,
    redactions,
    release,
    retention,
    signing,
    validate,
)
from pipeline.checksums import SUMS
from pipeline.failures import RunFailedError
from pipeline.paths import Home, sync, sync_all, write, write_json, write_rows
from pipeline.report import crawl_errors, failed, instant, keep_status, report, write_inputs
from pipeline.run import (
    LIVE,
    PORTAL,
    SAMPLE,
    Request,
    Run,
    begin,
    declared,
    lock,
    one_kind,
    refuse,
    unwritable,
)
from pipeline.run import archive as archive_of
from pipeline.site import build as site
from schemas.reasons import Reason
from schemas.redaction import Redaction
from spiders import archive, reading, redacting, visits
from spiders import crawl as crawling
from spiders.crawl import CrawlJob, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Dataset

LOG = logging.getLogger("canceropole")


def refresh(request: Request, step: Callable[[str, Callable[[], Any]], Any] = lambda _, job: job()) -> dict[str, Any]:
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
    declarations = checked(request)

    def stage(name: str, job: Callable[[], Any]) -> Any:  # noqa: ANN401 (each stage gives what it gives)
        LOG.info(name)
        return step(name, job)

    with lock(Home(request.out / request.portal)):
        run = _begun(request, declarations)
        with _told(run):
            stage("crawl", lambda: crawl(run))
            if run.erasures.entries:
                run = stage("withhold", lambda: withhold(run))
            stage("extract", lambda: extract(run))
            stage("normalize", lambda: normalize_rows(run))
            stage("validate", lambda: validate_tables(run))
            verdicts = stage("gate", lambda: judge(run))
            keep_decision(run, verdicts)
            version = stage("release", lambda: build_and_release(run, verdicts))
            told = report(run, verdicts, version, dated=_dated(run))
            stage("site", lambda: build_site(run))
        _thin(run)
        return told


def checked(request: Request) -> Declarations:
    """The portal's declarations, as `declared` gives them; a broken one is told in a report too.

    Raises:
        WrongUseError, RunFailedError: as `declared`.
    """
    try:
        return declared(request)
    except RunFailedError as error:
        refuse(request, error, now=dt.datetime.now(dt.UTC))
        raise


def _begun(request: Request, declarations: Declarations) -> Run:
    """The run, begun; one that cannot begin is told in a report too."""
    now = dt.datetime.now(dt.UTC)
    try:
        return begin(request, declarations, now=now)
    except RunFailedError as error:
        refuse(request, error, now=now)
        raise


@contextlib.contextmanager
def _told(run: Run) -> Iterator[None]:
    """Whatever ends a run stands in its report, where the report can be written."""
    try:
        yield
    except (RunFailedError, OSError, sqlite3.Error) as error:
        failure = error if isinstance(error, RunFailedError) else _unwritable(run, error)
        if not run.folder.report.exists():  # else all is told, and only the status could not be written
            with contextlib.suppress(OSError):  # a full disk has no room for the report either
                failed(run, failure)
                _unsay(run)
        raise failure from error


def build_site(run: Run) -> None:
    """Makes the site of releases and freshness anew.

    Raises:
        RunFailedError: it cannot be written, or a release read; the release and its report stand.
    """
    try:
        site.build(run.home, run.declarations)
    except (OSError, duckdb.Error) as error:
        raise _unwritable(run, error) from error.with_traceback(None)


def _thin(run: Run) -> None:
    """Thins old runs; the run has ended, and what cannot be removed is in nobody's way."""
    try:
        thinned = retention.thin(run.home, run.folder, run.declarations.portal.keep_runs)
    except OSError as error:
        LOG.warning("%s: old runs could not be thinned: %s", run.home.runs, error)
    else:
        LOG.debug("thinned: %s", ", ".join(thinned) or "none")


def _unsay(run: Run) -> None:
    """Takes whoever has left out of what a run that failed leaves: it may have ended before it withheld them."""
    for path in run.folder.root.glob(".*"):
        path.unlink()
    wrote = [*run.folder.root.glob("*.json"), *run.folder.root.glob("*.log")]
    texts = run.erasures.recognized(redactions.said(wrote))
    if texts:
        redactions.mask_files(wrote, Redaction(run.erasures.secret, tuple(sorted(texts))), {})


def _unwritable(run: Run, error: Exception) -> RunFailedError:
    """The failure of a run that cannot write, which says whether its release is made: `latest` knows."""
    version = run.home.version()
    if version == run.base:
        return unwritable(run.home, error)
    return RunFailedError("report-unwritable", version=version, folder=run.home.root, error=error)


def crawl(run: Run) -> None:
    """Obtains the pages: crawls the portal, a mirror or the sample in a process of its own, or takes an archive.

    Raises:
        RunFailedError: no page obtained, an unreadable archive, or releases of the other kind of source.
    """
    path = archive_of(run.request)
    if path is None:
        one_kind(run, SAMPLE if run.request.source == SAMPLE else PORTAL)  # before anything is asked of the portal
        _crawl(run)
    else:
        _take(run, path)
    one_kind(run, kind(run.obtained))


def extract(run: Run, *, anew: bool = False) -> None:
    """Reads the archive's pages once and leaves the raw rows of every dataset.

    Args:
        run: the run.
        anew: whether to read what an earlier run has read too.

    Raises:
        RunFailedError: the archive is unreadable or holds no page.
    """
    try:
        known = None if anew else earlier.reads(run.home, run.folder)
        with reading.read_archive(run.folder.archive, run.declarations, run.folder.reads, known) as found:
            _keep_read(run, found)
    except archive.ArchiveError as error:
        raise RunFailedError("archive-unreadable", error=error) from error
    except sqlite3.Error as error:
        raise unwritable(run.home, error) from error


def _keep_read(run: Run, found: reading.Reading) -> None:
    if not found.answered:
        asked = {"origin": run.declarations.portal.origin, "source": run.request.source, "errors": crawl_errors(run)}
        raise RunFailedError("no-page", answers=found.count, **asked)
    write_rows(run.folder.pages, found.pages())
    write_rows(run.folder.unclaimed, found.unclaimed())
    write_json(run.folder.unreadable, found.unreadable)
    for dataset in run.datasets:
        if dataset.from_pages:
            extracted = found.extracts[dataset.id]
            rows = list(reading.raw_rows(extracted, found.captures))
            faults, notes = extracted.faults, extracted.notes
            stated = reading.stated_counts(extracted, dataset)
        else:
            rows, faults, notes, stated = _reference_rows(run.declarations, dataset), [], [], []
        told = {
            "faults": [fault.as_json() for fault in faults],
            "notes": [note.as_json() for note in notes],
            "stated": stated,
            "rows": rows,
        }
        write_json(run.folder.rows(dataset.id), told)


def withhold(run: Run) -> Run:
    """Takes whoever has left out of what the portal has just printed again, before anything else looks at it.

    Whatever a run is for, all datasets are read: whose row it is only matters for what is nobody else's.

    Returns:
        The run, knowing what now stands in their place.

    Raises:
        RunFailedError: the archive is unreadable.
        OSError, sqlite3.Error: the outputs cannot be written.
    """
    crawled, declarations = run.folder.crawled, run.declarations
    wrote = [path for path in (run.folder.job, run.folder.crawl, run.folder.log) if path.is_file()]
    try:
        with reading.read_archive(crawled, declarations) as read:
            datasets = [dataset for dataset in declarations.datasets if dataset.from_pages]
            raws = [(d, raw) for d in datasets for raw in reading.raw_rows(read.extracts[d.id], read.captures)]
        said = redacting.said(crawled, declarations.portal.crawl)
        known = run.erasures.recognized(chain(said, redactions.said(wrote)))
    except archive.ArchiveError as error:
        raise RunFailedError("archive-unreadable", error=error) from error
    left, others = normalize.leaving(declarations, raws, run.erasures)
    masking = redactions.redaction(run.erasures.secret, left, others, declarations, known)
    masking = harmless(masking, [crawled], declarations)
    if not masking.texts and not masking.rows:
        crawled.replace(run.folder.archive)
        return run
    now = redactions.remembered(run.erasures, left, masking)
    erasures.keep(run.home, now)
    redactions.mask_files(wrote, masking, {})  # before the archive has its name: killed here, only drafts are left
    draft = run.folder.archive.with_name(f".{run.folder.archive.name}.part")
    redact_archive(crawled, draft, masking, declarations)
    sync(draft)
    visits.forget(run.folder.visits, lambda text: masking.masked(text) != text)
    draft.replace(run.folder.archive)
    crawled.unlink()
    return replace(run, erasures=now)


def readable(path: Path, declarations: Declarations) -> bool:
    """Whether an archive reads whole.

    Raises:
        OSError: it cannot be opened.
    """
    try:
        archive.last_date(path, declarations.portal.crawl.max_bytes)
    except archive.ArchiveError:
        return False
    return True


def harmless(masking: Redaction, archives: Iterable[Path], declarations: Declarations) -> Redaction:
    """A redaction without the texts that other rows of these archives need in order to be read.

    Raises:
        RunFailedError: one is unreadable.
        OSError: one cannot be read.
    """
    try:
        for path in archives:
            masking = masking.without(redacting.harmful(path, masking, declarations))
    except archive.ArchiveError as error:
        raise RunFailedError("archive-unreadable", error=error) from error
    return masking


def redact_archive(path: Path, out: Path, masking: Redaction, declarations: Declarations) -> dict[str, str]:
    """Writes an archive again without the texts of rows that left, as `spiders.redacting.redact`.

    Raises:
        RunFailedError: it is unreadable.
        OSError: a file cannot be read or written.
    """
    try:
        return redacting.redact(path, out, masking, declarations)
    except archive.ArchiveError as error:
        raise RunFailedError("archive-unreadable", error=error) from error


def normalize_rows(run: Run) -> None:
    """Cleans and types the raw rows."""
    normalize.normalize(run.folder, run.declarations, run.names, run.last, run.erasures)


def validate_tables(run: Run) -> None:
    """Holds the typed tables to their Pandera schemas."""
    validate.validate_tables(run.folder, run.declarations, run.names)


def judge(run: Run) -> list[gate.Verdict]:
    """The gate: what may be released; of a release that rows have left, what it judged when they were there."""
    if run.standing is None:
        return gate.gate(run.folder, run.declarations, run.last, run.names, run.decisions)
    verdicts = gate.gate(run.folder, run.declarations, run.last, run.names, run.decisions, checks={})
    for verdict in verdicts:
        if verdict.fresh and verdict.name in run.standing.held:
            verdict.hold(Reason(run.standing.held[verdict.name]))
    return verdicts


def keep_decision(run: Run, verdicts: Sequence[gate.Verdict]) -> None:
    """Keeps the decision a run was started with, once the rows it is about have been judged.

    Kept before the release, so that no release stands on a decision that nobody can look up.

    Raises:
        OSError: decisions.json cannot be written.
    """
    new = run.request.decision
    if new is not None and any((verdict.name, verdict.digest) == (new.dataset, new.rows) for verdict in verdicts):
        decisions.keep(run.home, run.decisions)


def build_and_release(run: Run, verdicts: Sequence[gate.Verdict]) -> str | None:
    """Builds the package, validates it with frictionless and releases it if anything changed.

    Returns:
        The new version, or None when there is nothing to release.

    Raises:
        RunFailedError: the package cannot be built or written, or breaks its own descriptor.
    """
    staged = run.home.releases / f".{run.folder.id}"
    try:
        keep_status(run)
        staged.mkdir(parents=True)
        version = package(run, verdicts, staged)
        if version is not None:
            validate.validate_package(staged / "datapackage.json")
            signing.sign(staged / SUMS)
        write_inputs(run, verdicts, version, kind(run.folder.archive), _archives(run))
        if version is not None:
            sync_all(run.folder.root)  # a release whose archive a power cut took could not be replayed
            release.switch(run.home, staged, version)
    except validate.PackageError as error:
        raise RunFailedError("package-broken", error=error) from error
    except signing.SigningError as error:
        raise RunFailedError("sign-failed", variable=signing.KEY, error=error) from error
    except (OSError, duckdb.IOException) as error:
        raise _unwritable(run, error) from error
    except duckdb.Error as error:
        # Its traceback keeps the connection alive until the process ends, which then says so below the failure.
        raise RunFailedError("build-failed", error=error) from error.with_traceback(None)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    _follow(run)
    return version


def _follow(run: Run) -> None:
    """Brings what is made of the releases up to date.

    Raises:
        RunFailedError: it cannot be written, or a release read; the release, if one was made, stands.
    """
    try:
        indexes.renew(run.home)
        history.catch_up(run.home)
    except (OSError, duckdb.Error) as error:
        raise _unwritable(run, error) from error.with_traceback(None)


def package(run: Run, verdicts: Sequence[gate.Verdict], folder: Path) -> str | None:
    """Builds the whole package in `folder` (empty), as `packaging.package`."""
    sample = kind(run.folder.archive) == SAMPLE
    return packaging.package(run, verdicts, folder, created=instant(_dated(run)), sample=sample)


def kind(path: Path) -> str:
    """What an archive was made from: portal or sample.

    Raises:
        RunFailedError: it is unreadable.
    """
    try:
        info = archive.info(path)
    except archive.ArchiveError as error:
        raise RunFailedError("archive-unreadable", error=error) from error
    return SAMPLE if info.get("canceropole-source") == SAMPLE else PORTAL


def _archives(run: Run) -> list[Path]:
    """The run's archive, and those of earlier runs that hold what it did not have to ask for again."""
    path = run.folder.archive
    return [path, *archive.referred(path, run.declarations.portal.crawl.max_bytes)]


def _dated(run: Run) -> dt.datetime:
    """The moment that all made from a run is dated by."""
    return archive.last_date(run.folder.archive, run.declarations.portal.crawl.max_bytes)


def _crawl(run: Run) -> None:
    job = _job(run)
    write(run.folder.job, job.model_dump_json(indent=1).encode())
    if not crawling.apart(run.folder.job, run.folder.log, lambda line: LOG.debug("%s", line)):
        told = crawl_errors(run) or run.folder.log.read_text(errors="replace").strip()[-500:]
        raise RunFailedError("crawl-failed", address=job.base or SAMPLE, errors=told)


def _job(run: Run) -> CrawlJob:
    portal, request = run.declarations.portal, run.request
    before = earlier.visits(run.home, run.folder)
    return CrawlJob(
        base={SAMPLE: None, LIVE: portal.origin}.get(request.source, request.source),
        sample=request.source == SAMPLE,
        origin=portal.origin,
        portal=portal.id,
        seeds=portal.crawl.seeds,
        user_agent=portal.crawl.user_agent,
        delay=0.0 if request.source == SAMPLE and request.delay is None else request.delay,
        default_delay=portal.crawl.delay,
        limits=Limits.model_validate({name: getattr(portal.crawl, name) for name in Limits.model_fields}),
        deny=portal.crawl.deny,
        known=tuple(sorted(_known_paths(run))),
        warc=str(run.obtained),
        report=str(run.folder.crawl),
        visits=str(run.folder.visits),
        before=str(before) if before else None,
    )


def _known_paths(run: Run) -> set[str]:
    """The paths that declarations name, and those of the pages that fed a dataset of the last release."""
    named = {s.page.path for d in run.declarations.datasets for s in d.sources if s.page is not None}
    pages = run.last / "data" / "pages.parquet" if run.last else None
    if pages is None or not pages.is_file():
        return named
    read = pd.read_parquet(pages, columns=["url", "datasets"])
    fed = read.loc[read["datasets"].notna(), "url"]
    return named | set(fed.str.removeprefix(run.declarations.portal.origin))


def _take(run: Run, path: Path) -> None:
    """Puts an existing archive in the run's folder: an earlier run's by a link, anybody else's as a copy of our own.

    What it refers to in other archives is then in the copy: they are not there to be found.
    """
    if run.request.source.startswith("run:"):
        run.obtained.hardlink_to(path.resolve())
        return
    partial = run.folder.archive.with_name(f".{run.folder.archive.name}.part")
    try:
        path.open("rb").close()  # what cannot be opened is the archive's fault; what follows may be the outputs'
    except OSError as error:
        raise RunFailedError("archive-unreadable", error=error) from error
    try:
        archive.copy(path, partial, run.declarations.portal.crawl.max_bytes)
    except archive.ArchiveError as error:
        raise RunFailedError("archive-unreadable", error=error) from error
    partial.replace(run.obtained)


def _reference_rows(declarations: Declarations, dataset: Dataset) -> list[dict[str, Any]]:
    return [
        {
            "source": number,
            "url": "",
            "block": source.reference,
            "position": f"ligne {line}",
            "confidence": 1.0,
            "doubt": "",
            "parts": {name: value for name, value in row.items() if value},
        }
        for number, source in enumerate(dataset.sources, start=1)
        if source.reference is not None
        for line, row in enumerate(declarations.references[source.reference], start=2)
    ]
