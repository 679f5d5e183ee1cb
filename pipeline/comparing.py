"""The diff command: what changed between two releases, from their own data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from pipeline.changes import changes
from pipeline.paths import Home, read_json
from schemas.typography import visible

if TYPE_CHECKING:
    from pathlib import Path

_OF_EACH_CRAWL = {"pages", "provenance"}


class UnknownReleaseError(Exception):
    """No such release; the message lists those there are."""


def told(out: Path, portal: str, before: str, after: str) -> str:
    """The differences as lines: a heading a dataset, a line a row.

    Raises:
        UnknownReleaseError: one of the versions is not there.
    """
    home = Home(out / portal)
    lines = []
    for name, found in between(home, before, after).items():
        lines.append(f"{name}")
        for change in found:
            sign = {"added": "+", "removed": "-", "changed": "~"}[change["change"]]
            cells = ", ".join(f"{column}: {old!r} → {new!r}" for column, (old, new) in change["columns"].items())
            lines.append(f"  {sign} {change['key']}" + (f"  {cells}" if change["change"] == "changed" else ""))
    return visible("\n".join(lines)) or f"{before} = {after}"


def between(home: Home, before: str, after: str) -> dict[str, list[dict[str, Any]]]:
    """Row changes by dataset, for the datasets either release has.

    Raises:
        UnknownReleaseError: one of the versions is not there.
    """
    keys = {**_keys(home, before), **_keys(home, after)}
    found = {}
    with duckdb.connect() as con:
        for name in sorted(keys.keys() - _OF_EACH_CRAWL):
            files = [home.release(version) / "data" / f"{name}.parquet" for version in (before, after)]
            rows = changes(con, name, keys[name], *(file if file.exists() else None for file in files))
            if rows:
                found[name] = rows
    return found


def _keys(home: Home, version: str) -> dict[str, tuple[str, ...]]:
    descriptor = home.release(version) / "datapackage.json"
    if version.startswith(".") or "/" in version or not descriptor.is_file():
        there = ", ".join(sorted(p.name for p in home.releases.glob("[0-9]*"))) or "none"
        raise UnknownReleaseError(f"No release {version!r} of {home.root.name}; there are: {there}")
    resources = read_json(descriptor)["resources"]
    return {r["name"]: tuple(r["schema"]["primaryKey"]) for r in resources if r["format"] == "csv"}
