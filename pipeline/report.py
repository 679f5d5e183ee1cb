"""What a run leaves in writing: report.json, inputs.json, and the portal's status.json (CONTRACT, 'Outputs')."""

from __future__ import annotations

import datetime as dt
import hashlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from pipeline.paths import read_json, sha256, write_json
from schemas.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.failures import RunFailedError
    from pipeline.gate import Verdict
    from pipeline.run import Run


def report(run: Run, verdicts: Sequence[Verdict], version: str | None, *, dated: dt.datetime) -> dict[str, Any]:
    """Writes the report of a run whose data was judged, and the portal's status.

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
    pages = read_json(run.folder.pages)
    told["unclaimed"] = pages["unclaimed"]
    told["crawl"]["errors"] += pages["unreadable"]
    told["datasets"] = [verdict.as_json() for verdict in verdicts]
    write_json(run.folder.report, told)
    write_json(run.home.status, _status(run, verdicts, instant(dated)))
    return told


def failed(run: Run, failure: RunFailedError) -> None:
    """Writes the report of a run that ended before its data could be judged."""
    write_json(run.folder.report, {**_told(run, "failed", None), "error": failure.as_json()})


def crawl_errors(run: Run) -> str:
    """The first errors of the crawl, in words; empty if there were none."""
    errors = _crawl(run)["errors"]
    return " ".join(f"{error['url']}: {error['message']} [{error['code']}]." for error in errors[:3])


def stale(
    run: Run, verdicts: Mapping[str, Verdict], tables: Mapping[str, Path], now: str
) -> dict[str, tuple[str, Reason]]:
    """Datasets kept from an earlier release because they are held: since when, and why."""
    marks: dict[str, tuple[str, Reason]] = {}
    if run.last is not None:
        for resource in read_json(run.last / "datapackage.json")["resources"]:
            if "stale" in resource and resource["format"] == "csv":
                mark = resource["stale"]
                marks[resource["name"]] = (mark["since"], Reason(mark["code"]))
    kept = {name: mark for name, mark in marks.items() if name in tables and name not in run.names}
    for name, verdict in verdicts.items():
        if verdict.verdict == "held" and name in tables:
            kept[name] = (marks[name][0] if name in marks else now, verdict.reasons[0])
    return kept


def lock_hash() -> str:
    """The SHA-256 of the installed packages, name==version: what the lock file made of this environment."""
    installed = sorted({f"{d.name.lower()}=={d.version}" for d in metadata.distributions() if d.name})
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()


def instant(when: dt.datetime) -> str:
    """A moment as every file writes it: 2026-11-23T15:30:00Z."""
    return f"{when.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


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
        "datasets": [],
    }


def _crawl(run: Run) -> dict[str, Any]:
    if not run.folder.crawl.exists():
        return {"requests": 0, "pages": 0, "not_modified": 0, "bytes": 0, "errors": []}
    told = read_json(run.folder.crawl)
    return {name: told[name] for name in ("requests", "pages", "not_modified", "bytes", "errors")}


def write_inputs(run: Run, version: str | None, kind: str) -> None:
    """Writes what the release is made from, by hash: all that `replay` needs, before there is one to replay."""
    archive = run.folder.archive
    inputs = {
        "run": run.folder.id,
        "version": version,
        "base": run.base,
        "kind": kind,
        "only": list(run.request.only),
        "archives": [{"path": archive.relative_to(run.home.root).as_posix(), "sha256": sha256(archive)}],
        "declarations": {place: hashlib.sha256(raw).hexdigest() for place, raw in run.declarations.files.items()},
        "decisions": [],
        "code": metadata.version("canceropole"),
        "lock": lock_hash(),
    }
    write_json(run.folder.inputs, inputs)


def _status(run: Run, verdicts: Sequence[Verdict], checked: str) -> dict[str, Any]:
    """The freshness of every dataset, whether or not this run made a release."""
    before = {d["name"]: d for d in read_json(run.home.status)["datasets"]} if run.home.status.exists() else {}
    return {
        "portal": run.request.portal,
        "run": run.folder.id,
        "version": run.home.version(),
        "datasets": [
            before[verdict.name]
            if verdict.name not in run.names and verdict.name in before
            else _freshness(verdict, before.get(verdict.name, {}), checked)
            for verdict in verdicts
        ],
    }


def _freshness(verdict: Verdict, before: Mapping[str, Any], checked: str) -> dict[str, Any]:
    held = verdict.verdict == "held"
    reason = verdict.reasons[0] if held else None
    return {
        "name": verdict.name,
        "state": "held" if held else "fresh",
        "checked": checked,
        "good": before.get("good") if held else checked,
        "since": (before.get("since") or checked) if held else None,
        "rows": verdict.rows,
        "code": reason.code if reason else None,
        "message": reason.message if reason else None,
    }
