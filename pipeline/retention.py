"""Old runs thinned by the declared rule; what a release rests on stays, as does every report."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pipeline.paths import Home, RunFolder, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_STAYS = {"report.json", "crawl.json"}  # what happened, of every run


def thin(home: Home, now: RunFolder, keep: int | None) -> list[str]:
    """Takes out of runs what no later command needs.

    What spares the next run work is kept of the last run alone. Of runs beyond the latest `keep` the report stays, and
    all of those that made a release, and the archives that these and the kept runs refer to: a release can be made
    again, a kept run can be gone through again.

    Args:
        home: the portal's outputs; its lock is held.
        now: the run under way, the latest.
        keep: how many runs stay whole; None for all of them.

    Returns:
        The runs that were thinned now.

    Raises:
        OSError: a file cannot be read or removed.
    """
    runs = [RunFolder(path) for path in sorted(home.runs.glob("*")) if path.is_dir()]
    for run in runs:
        for file, newer in ((run.visits, now.visits), (run.reads, now.reads)):
            if run.id != now.id and newer.is_file():
                file.unlink(missing_ok=True)
    if keep is None or len(runs) <= keep:
        return []
    made = {read_json(home.release(version) / "datapackage.json")["run"] for version in home.versions()}
    whole = [run for place, run in enumerate(reversed(runs)) if place < keep or run.id in made]
    held = {path for run in whole for path in _archives(home, run)}
    old = [run for run in runs if run not in whole]
    return [run.id for run in old if _thinned(run, held)]


def _archives(home: Home, run: RunFolder) -> Iterable[Path]:
    """The archives a run refers to. Of one that ended before it said so, none: it made nothing of them."""
    return [home.root / item["path"] for item in read_json(run.inputs)["archives"]] if run.inputs.is_file() else []


def _thinned(run: RunFolder, held: set[Path]) -> bool:
    gone = [path for path in run.root.iterdir() if path.name not in _STAYS and path not in held]
    for path in gone:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return bool(gone)
