"""A run's verdicts to a package: what is published, what changed since the last release, its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import build, database, gate, links, release
from pipeline.changes import changes as changes_between
from pipeline.described import OF_THE_CRAWL
from pipeline.descriptor import descriptor, tables
from pipeline.paths import resources_of
from pipeline.report import freshness, stale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.run import Run


def package(run: Run, verdicts: Sequence[gate.Verdict], folder: Path, *, created: str, sample: bool) -> str | None:
    """Builds a whole package: data, what is said of it, its database, and all that lies beside.

    Args:
        run: what it is made from.
        verdicts: the gate's: of what is held, the last release's rows stay.
        folder: where to; it is empty.
        created: the date of the run's archive.
        sample: whether that is of the sample portal.

    Returns:
        Its version. None, and an unfinished folder, when there is nothing to release: when nothing changed, and on a
        first run that read nothing in the portal's pages, for a reference list alone is not the portal's data.

    Raises:
        OSError, duckdb.Error: it cannot be written, or its rows are not what their schema says.
    """
    let_out = {verdict.name: gate.published(run.folder, verdict, run.last) for verdict in verdicts}
    rows = {name: path for name, path in let_out.items() if path is not None}
    if not any(run.declarations.dataset(name).from_pages for name in rows):
        return None
    made = {verdict.name for verdict in verdicts if verdict.fresh}
    made |= {dataset.id for dataset in run.declarations.datasets if dataset.derived}
    released = resources_of(run.last)
    described = tables(run.declarations, made, released, sample=sample)
    told = freshness(run, verdicts, created)
    build.build(run.folder, run.declarations, described, rows, made, run.last, folder / "data")
    changes = [change for verdict in verdicts if verdict.fresh for change in verdict.changes]
    changes += _link_changes(run, folder / "data")
    changed = {change["dataset"] for change in changes} | set(OF_THE_CRAWL)
    said = descriptor(
        run.declarations,
        described,
        made,
        changed,
        released,
        folder,
        version="",
        created=created,
        run=run.folder.id,
        sample=sample,
        stale=stale(run, verdicts, created),
    )
    standing = run.standing
    moving = links.of_their_own(changes, links.table(run.declarations))
    version = standing.version if standing else release.next_version(run.last, said, moving)
    if version is None:
        return None
    said["version"] = version
    database.write(folder, said, changes, database.freshness(told), run.home, run.base)
    release.finish(folder, run.last, said, changes, standing.erased if standing else {})
    return version


def _link_changes(run: Run, data: Path) -> list[dict[str, Any]]:
    """What differs from the last release in the links to organisations, which are made of what will be published."""
    name = links.table(run.declarations)
    if name is None or run.last is None:
        return []
    before = run.last / "data" / f"{name}.parquet"
    with duckdb.connect() as con:
        key = run.declarations.dataset(name).key
        return changes_between(con, name, key, before if before.is_file() else None, data / f"{name}.parquet")
