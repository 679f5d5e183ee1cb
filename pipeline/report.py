"""What a run leaves in writing: report.json, inputs.json, and the portal's status.json (CONTRACT, 'Outputs')."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pipeline.feed import write_feed
from pipeline.paths import read_json, read_rows, resources_of, sha256, write, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.failures import RunFailedError
    from pipeline.gate import Verdict
    from pipeline.run import Run

_MOST_UNCLAIMED = 1_000  # in a report: nobody reads more, and all of them stand in the run's folder


def report(run: Run, verdicts: Sequence[Verdict], version: str | None, *, dated: dt.datetime) -> dict[str, Any]:
    """Writes the report of a run whose data was judged, the portal's feed of releases and its status.

    Args:
        run: the run.
        verdicts: of the gate.
        version: the release made, None if there was nothing to release.
        dated: the archive's last date, which dates status.json.

    Returns:
        report.json.
    """
    held = any(verdict.verdict == "held" for verdict in verdicts)
    told = _told(run, "held" if held else "released" if version else "unchanged", version)
    told |= unclaimed(run.folder.unclaimed)
    told["crawl"]["errors"] += read_json(run.folder.unreadable)
    told["datasets"] = [_dataset(verdict) for verdict in verdicts]
    write_json(run.folder.report, told)
    write_feed(run.home)
    write_json(run.home.status, _status(run, verdicts, instant(dated)))
    return told


def unclaimed(path: Path) -> dict[str, Any]:
    """What a report tells of the tables and lists that no declaration uses: the first, and how many more there are.

    Args:
        path: a run's unclaimed.json.
    """
    rows = read_rows(path)
    return {"unclaimed": list(islice(rows, _MOST_UNCLAIMED)), "unclaimed_more": sum(1 for _ in rows)}


def failed(run: Run, failure: RunFailedError) -> None:
    """Writes the report of a run that ended before its data could be judged, or could not tell of its release."""
    version = run.home.version()
    told = _told(run, "failed", version if version != run.base else None)
    write_json(run.folder.report, {**told, "error": failure.as_json()})


def crawl_errors(run: Run) -> str:
    """The first errors of the crawl, in words; empty if there were none."""
    errors = _crawl(run)["errors"]
    return " ".join(f"{error['url']}: {error['message']} [{error['code']}]." for error in errors[:3])


def keep_status(run: Run) -> None:
    """Keeps status.json as it is before the run in the run's folder: an input, which the run will write anew.

    Raises:
        OSError: the folder cannot be written.
    """
    if run.home.status.exists():
        write(run.folder.previous_status, run.home.status.read_bytes())


def freshness(run: Run, verdicts: Sequence[Verdict], checked: str) -> list[dict[str, Any]]:
    """Every declared dataset's entry of status.json: as judged now, else as it was before the run.

    Args:
        run: the run; its folder has the status before it.
        verdicts: of the gate.
        checked: the archive's last date.
    """
    before = _before(run, verdicts)
    judged = {verdict.name: verdict for verdict in verdicts if verdict.judged}
    return [
        _judged(judged[d.id], before.get(d.id, {}), checked, run.folder.id) if d.id in judged else before[d.id]
        for d in run.declarations.datasets
        if d.id in judged or d.id in before
    ]


def stale(run: Run, verdicts: Sequence[Verdict], now: str) -> dict[str, dict[str, Any]]:
    """The marks of datasets kept from the last release because they are held (CONTRACT, 'report.json').

    Args:
        run: the run; its folder has the status before it.
        verdicts: of the gate.
        now: the archive's last date.

    Returns:
        since, code and message by dataset.
    """
    released = resources_of(run.last)
    return {
        found["name"]: {name: found[name] for name in ("since", "code", "message")}
        for found in freshness(run, verdicts, now)
        if found["state"] == "held" and found["name"] in released
    }


@cache
def lock_hash() -> str:
    """The SHA-256 of the packages this one needs, as name==version: what the lock file made of this environment.

    What else is installed, development tools among it, has no part in a release. Requirements are those of the
    packages' metadata (PEP 508), for this interpreter.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    wanted = [("canceropole", "")]
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        told = metadata.metadata(name)
        found[name] = told["Version"]
        for requirement in map(Requirement, told.get_all("Requires-Dist") or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = canonicalize_name(requirement.name)
                wanted += [(needed, asked) for asked in ("", *requirement.extras)]
    installed = sorted(f"{name}=={version}" for name, version in found.items())
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()


def instant(when: dt.datetime) -> str:
    """A moment as every file writes it: 2026-11-23T15:30:00Z."""
    return f"{when.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def _dataset(verdict: Verdict) -> dict[str, Any]:
    """The object of report.json's `datasets`; each reason says whether it holds: a lifted one has its code still."""
    reasons = [{**reason.as_json(), "holds": True} for reason in verdict.reasons]
    reasons += [{**note.as_json(), "holds": False} for note in verdict.notes]
    return {**verdict.as_json(), "reasons": reasons}


def _told(run: Run, outcome: str, version: str | None) -> dict[str, Any]:
    return {
        "run": run.folder.id,
        "portal": run.request.portal,
        "source": run.request.source,
        "started": instant(run.started),
        "finished": instant(dt.datetime.now(dt.UTC)),
        "outcome": outcome,
        "version": version,
        "previous": run.base,
        "crawl": _crawl(run),
        "unclaimed": [],
        "unclaimed_more": 0,
        "datasets": [],
    }


def _crawl(run: Run) -> dict[str, Any]:
    if not run.folder.crawl.exists():
        return {"requests": 0, "pages": 0, "not_modified": 0, "same": 0, "bytes": 0, "errors": []}
    told = read_json(run.folder.crawl)
    return {name: told[name] for name in ("requests", "pages", "not_modified", "same", "bytes", "errors")}


def write_inputs(
    run: Run, verdicts: Sequence[Verdict], version: str | None, kind: str, archives: Sequence[Path]
) -> None:
    """Writes what the release is made from, by hash: all that `replay` needs, before there is one to replay.

    Args:
        run: the run.
        verdicts: of the gate.
        version: the release made, None if there was nothing to release.
        kind: of the archive: portal or sample.
        archives: the run's own, and those of earlier runs that it refers to.
    """
    status = run.folder.previous_status
    inputs = {
        "run": run.folder.id,
        "version": version,
        "base": run.base,
        "base_sha256": sha256(run.last / "datapackage.json") if run.last else None,
        "status_sha256": sha256(status) if status.exists() else None,
        "kind": kind,
        "only": list(run.request.only),
        "archives": [
            {"path": (Path("runs") / path.parent.name / path.name).as_posix(), "sha256": sha256(path)}
            for path in archives
        ],
        "declarations": {place: hashlib.sha256(raw).hexdigest() for place, raw in run.declarations.files.items()},
        "decisions": [decision.as_json() for verdict in verdicts for decision in verdict.decisions],
        "code": metadata.version("canceropole"),
        "lock": lock_hash(),
    }
    write_json(run.folder.inputs, inputs)


def _status(run: Run, verdicts: Sequence[Verdict], checked: str) -> dict[str, Any]:
    """The freshness of every dataset, whether or not this run made a release."""
    return {
        "portal": run.request.portal,
        "run": run.folder.id,
        "version": run.home.version(),
        "datasets": freshness(run, verdicts, checked),
    }


def _before(run: Run, verdicts: Sequence[Verdict]) -> dict[str, dict[str, Any]]:
    """status.json's entries before the run; where it is not that of the last release, what this one's marks say."""
    kept = run.folder.previous_status
    status = read_json(kept) if kept.exists() else {"version": None, "datasets": []}
    if status["version"] == run.base:
        return {found["name"]: found for found in status["datasets"]}
    released = resources_of(run.last)
    made = read_json(run.last / "datapackage.json") if run.last else {}
    return {v.name: _as_released(v, released[v.name].get("stale"), made) for v in verdicts if v.name in released}


def _as_released(verdict: Verdict, mark: Mapping[str, Any] | None, made: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "state": "held" if mark else "fresh",
        "run": made["run"],
        "checked": made["created"],
        "good": None if mark else made["created"],
        "since": mark["since"] if mark else None,
        "rows": verdict.before,
        "code": mark["code"] if mark else None,
        "message": mark["message"] if mark else None,
    }


def _judged(verdict: Verdict, before: Mapping[str, Any], checked: str, run: str) -> dict[str, Any]:
    held = verdict.verdict == "held"
    reason = verdict.reasons[0] if held else None
    return {
        "name": verdict.name,
        "state": "held" if held else "fresh",
        "run": run,
        "checked": checked,
        "good": before.get("good") if held else checked,
        "since": (before.get("since") or checked) if held else None,
        "rows": verdict.rows,
        "code": reason.code if reason else None,
        "message": reason.message if reason else None,
    }
