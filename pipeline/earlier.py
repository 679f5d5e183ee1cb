"""What earlier runs leave that spares a later one work: the pages they had, and what they read in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.paths import Home, RunFolder, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def visits(home: Home, now: RunFolder) -> Path | None:
    """What the last crawl remembers of each page; nothing after a crawl whose run failed: all is then asked anew.

    A run may have failed of what it remembered, an archive that is gone: it must not fail of it for ever.

    Args:
        home: the portal's outputs.
        now: the folder of the run under way.
    """
    last = next((run for run in _before(home, now) if run.job.is_file()), None)
    if last is None or not last.visits.is_file() or not last.report.is_file():
        return None
    return last.visits if read_json(last.report)["outcome"] != "failed" else None


def reads(home: Home, now: RunFolder) -> Path | None:
    """What the last run that read pages read in them.

    Args:
        home: the portal's outputs.
        now: the folder of the run under way.
    """
    return next((run.reads for run in _before(home, now) if run.reads.is_file()), None)


def forget(home: Home) -> None:
    """Drops all of it: it says what has left.

    Raises:
        OSError: a file cannot be removed.
    """
    for path in home.runs.glob("*"):
        for file in (RunFolder(path).visits, RunFolder(path).reads):
            file.unlink(missing_ok=True)


def _before(home: Home, now: RunFolder) -> Iterator[RunFolder]:
    """The runs before one, the latest first."""
    for path in sorted(home.runs.glob("*"), reverse=True):
        if path.name < now.id:
            yield RunFolder(path)
