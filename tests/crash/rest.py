"""What is wrong in outputs at rest, found without running anything."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.paths import Home


def inconsistent(home: Home, before: str | None, after: str) -> list[str]:
    """What no killed run may leave: a `latest` that is neither release, a release not whole, half a JSON file."""
    found = [fault for folder in home.releases.glob("[!.]*") for fault in _not_whole(folder)]
    if os.path.lexists(home.latest):
        link = os.readlink(home.latest) if home.latest.is_symlink() else "no link"  # noqa: PTH115 (the text, not a path)
        if link not in {f"releases/{version}" for version in (before, after) if version}:
            found.append(f"latest is {link}, not {before} or {after}")
        elif not home.latest.is_dir():
            found.append(f"latest names {link}, which is not there")
    elif before is not None:
        found.append("latest is gone")
    for path in (home.status, home.root / "decisions.json", *home.runs.glob("*/report.json")):
        if path.exists():
            found += _not_json(path)
    return found + _half_a_site(home.root.parent)


def unrepaired(home: Home, before: str | None, after: str, data: dict[str, str]) -> list[str]:
    """What the next run must have put right: the release after, its data, and nothing of the killed run's work.

    Args:
        home: the outputs.
        before: the release the killed run built on.
        after: the release it was to make.
        data: `digests` of that release, made by a run that nothing disturbed.
    """
    found = inconsistent(home, before, after)
    if home.version() != after:
        return [*found, f"latest is {home.version()}, not {after}"]
    now = digests(home.release(after), set(data))
    found += [f"{name} is not what an undisturbed run makes" for name in sorted(data) if now.get(name) != data[name]]
    there = {path.name for path in home.releases.iterdir()}
    if there != {version for version in (before, after) if version}:
        found.append(f"releases/ holds {sorted(there)}")
    drafts = {path.name for path in home.root.glob(".*")} - {home.lock.name}
    drafts |= {path.name for path in home.runs.glob("*/.*")}
    found += [f"left: {name}" for name in sorted(drafts)]
    remembered = _remembered(home)
    if remembered != [version for version in (before, after) if version]:
        found.append(f"history.duckdb tells of {remembered}")
    found += [f"left: {path.name}" for path in home.root.glob("*.wal")]
    if not home.feed.exists() or f" {after}</title>" not in home.feed.read_text("utf-8"):
        found.append(f"releases.atom does not tell of {after}")
    if not home.status.exists():
        found.append("there is no status.json")
    elif not _not_json(home.status) and (told := json.loads(home.status.read_bytes())["version"]) != after:
        found.append(f"status.json tells of {told}, not {after}")
    return found + _another_site(home, after)


def digests(release: Path, names: set[str] | None = None) -> dict[str, str]:
    """The SHA-256 of a release's data files by name; of those in `names` only, if given."""
    files = {path.name: path for path in (release / "data").iterdir()}
    return {name: _sha256(path) for name, path in files.items() if names is None or name in names}


def _not_whole(release: Path) -> list[str]:
    sums = release / "SHA256SUMS"
    if not sums.is_file():
        return [f"releases/{release.name} has no SHA256SUMS"]
    told = {name: digest for digest, _, name in (line.partition("  ") for line in sums.read_text("utf-8").splitlines())}
    there = {path.relative_to(release).as_posix(): path for path in release.rglob("*") if path.is_file()}
    found = [
        f"{release.name}: {name} is there or in SHA256SUMS only" for name in (there.keys() - {sums.name}) ^ told.keys()
    ]
    found += [f"{release.name}: {n} is not what it was" for n in told.keys() & there if _sha256(there[n]) != told[n]]
    if found:
        return found
    version = json.loads(there["datapackage.json"].read_bytes())["version"]
    if version != release.name:
        found.append(f"releases/{release.name} says it is {version}")
    [database] = release.glob("*.duckdb")
    with duckdb.connect(str(database), read_only=True) as con:
        if not con.execute("SELECT count(*) FROM duckdb_tables()").fetchone():
            found.append(f"{database.name} has no table")
    return found


def _half_a_site(out: Path) -> list[str]:
    """What a reader of the site would miss: the link leads nowhere, or a page is not there or not whole."""
    link = out / "site"
    if not os.path.lexists(link):
        return []
    if not link.is_symlink() or not (link / ".site.json").is_file():
        return [f"site is {'a link to no site' if link.is_symlink() else 'no link'}"]
    places = ["index.html", "en/index.html", *json.loads((link / ".site.json").read_bytes())["pages"]]
    return [
        f"site/{place} is not whole"
        for place in places
        if not (link / place).is_file() or not (link / place).read_text("utf-8").rstrip().endswith("</html>")
    ]


def _another_site(home: Home, after: str) -> list[str]:
    """What is wrong with a site that a run has made: of another release, or the work of a killed run beside it."""
    out = home.root.parent
    if not (out / "site").is_symlink():
        return ["there is no site"]
    told = json.loads((out / "site" / ".site.json").read_bytes())["portals"][home.root.name]["versions"]
    found = [] if told[0]["version"] == after else [f"the site tells of {told[0]['version']}, not {after}"]
    sites = sorted(path.name for path in (out / ".sites").iterdir())
    if sites != [(out / "site").resolve().name]:
        found.append(f".sites/ holds {sites}")
    return found + [f"left: {path.name}" for path in out.glob(".site.link")]


def _remembered(home: Home) -> list[str]:
    """The releases that the history tells of."""
    if not home.history.exists():
        return []
    with duckdb.connect(str(home.history), read_only=True) as con:
        return [version for (version,) in con.execute("SELECT version FROM releases ORDER BY ordre").fetchall()]


def _not_json(path: Path) -> list[str]:
    try:
        json.loads(path.read_bytes())
    except ValueError as error:
        return [f"{path.name}: {error}"]
    return []


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
