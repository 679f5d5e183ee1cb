"""Makes a built package a release: version, change note, checksums, and the switch of `latest`.

Everything is written in a folder whose name begins with a dot; one rename makes the release, one rename of a link
makes it current. A crash leaves the state before or the state after.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from pipeline import change_note, shelf
from pipeline.catalogue import listable
from pipeline.checksums import SIGNATURE, SUMS, contents, sums
from pipeline.described import schemas_of
from pipeline.paths import VERSION, number, read_json, sync, sync_all, write, write_json
from pipeline.version import FIRST, Step, after, differences, step_of_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pipeline.paths import Home

# What two packages with the same data and metadata may differ in.
_OF_EACH_BUILD = ("version", "created", "run")
_OF_EACH_RESOURCE = {"bytes", "hash", "stale", "modified"}


class NoLatestError(Exception):
    """`latest` names no release though there are some: nothing says which is current, so nothing may be removed."""


def next_version(last: Path | None, now: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> str | None:
    """The version of the package that `now` describes.

    Args:
        last: the last release's folder.
        now: the new descriptor, whatever its own version says.
        changes: row changes against the last release.

    Returns:
        A version, or None when nothing changed and there is nothing to release.
    """
    if last is None:
        return FIRST
    before = read_json(last / "datapackage.json")
    moved = [difference.step for difference in differences(schemas_of(before), schemas_of(now))]
    step = max([*moved, step_of_changes(changes)])
    if step is Step.NONE and (_lasting(before) != _lasting(now) or _stale(before) - _stale(now)):
        step = Step.PATCH
    return after(before["version"], step) if step is not Step.NONE else None


def finish(
    folder: Path,
    last: Path | None,
    descriptor: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    erased: Mapping[str, int] | None = None,
) -> None:
    """Writes everything a release holds beside its data: descriptor, schemas, change note, shelf, checksums.

    Args:
        folder: the package's, whose data/ is complete.
        last: the last release's folder.
        descriptor: datapackage.json, with its version.
        changes: row changes against the last release.
        erased: how many rows of each dataset left this release after it was made.

    Raises:
        OSError: the folder cannot be written.
    """
    before = schemas_of(read_json(last / "datapackage.json")) if last else None
    write_json(folder / "datapackage.json", descriptor)
    for name, schema in schemas_of(descriptor).items():
        write_json(folder / "schemas" / f"{name}.schema.json", schema)
    tell_changes(folder, descriptor, before, changes, erased or {})


def tell_changes(
    folder: Path,
    descriptor: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    changes: Sequence[Mapping[str, Any]],
    erased: Mapping[str, int],
) -> None:
    """Writes what changed, as rows and as a note, what is made of the descriptor, and the checksums of all there is.

    Args:
        folder: the release's, complete but for these files.
        descriptor: its datapackage.json.
        before: the Table Schemas of the release before, by dataset; None for a first one.
        changes: row changes against it.
        erased: how many rows of each dataset left this release after it was made.

    Raises:
        OSError: the folder cannot be written.
    """
    write_json(folder / "changes.json", list(changes))
    write(folder / "CHANGELOG.md", change_note.note(descriptor, before, changes, erased).encode())
    if listable(descriptor):
        shelf.write(folder, descriptor)
    listed = {place: path for place, path in contents(folder).items() if place not in {SUMS, SIGNATURE}}
    write(folder / SUMS, sums(listed))


def switch(home: Home, staged: Path, version: str) -> None:
    """Makes a finished folder the release `version`, and that release the current one.

    Raises:
        OSError: the outputs cannot be written; the release is made if `latest` names it, else there is none.
    """
    sync_all(staged)
    home.releases.mkdir(parents=True, exist_ok=True)
    made, link = home.release(version), home.root / ".latest"
    staged.rename(made)
    try:
        sync(home.releases)
        link.unlink(missing_ok=True)
        link.symlink_to(f"releases/{version}")
        link.replace(home.latest)
    except OSError:
        made.rename(staged)
        raise
    sync(home.root)


def clear_unfinished(home: Home) -> None:
    """Removes what a killed run left: drafts, dot-named work, and complete releases newer than `latest`.

    Raises:
        NoLatestError: `latest` is no link to a release; nothing was removed.
        OSError: the folder cannot be written.
    """
    found = list(home.releases.iterdir()) if home.releases.is_dir() else []
    versions = [path.name for path in found if path.is_dir() and VERSION.fullmatch(path.name)]
    _check_latest(home, versions)
    current = number(home.version() or "0.0.0")
    for path in found:
        if path.name.startswith("."):
            _remove(path)
    for version in versions:
        if number(version) > current:
            # A folder under a version's name is whole, also while it is being removed.
            _remove(home.release(version).rename(home.releases / f".{version}"))
    for path in (home.root / ".latest", *home.root.glob(".*.partial*"), *home.runs.glob("*/.*")):
        path.unlink(missing_ok=True)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _check_latest(home: Home, versions: Sequence[str]) -> None:
    if home.version() in versions:
        return
    # A first run killed between its two renames leaves 1.0.0 without a link; no other end of a run leaves none.
    nothing_there = not home.latest.exists() and not home.latest.is_symlink()
    if nothing_there and set(versions) <= {FIRST}:
        return
    found = "nothing" if nothing_there else f"a link to {home.version()}" if home.version() else "no link"
    there = ", ".join(sorted(versions, key=number)) or "none"
    raise NoLatestError(
        f"{home.latest}: expected a relative link to a release, found {found}; releases in {home.releases}: {there}. "
        f"Make the link again, for instance: ln -sfn releases/{max(versions, key=number, default=FIRST)} {home.latest}"
        if versions
        else f"{home.latest}: expected nothing, there being no release, found {found}. Move it away."
    )


def _stale(descriptor: Mapping[str, Any]) -> set[str]:
    return {resource["name"] for resource in descriptor["resources"] if "stale" in resource}


def _lasting(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """What a package says of itself, without what each build or crawl changes; the stale mark alone is no release."""
    lasting = {name: value for name, value in descriptor.items() if name not in _OF_EACH_BUILD}
    lasting["resources"] = [
        {name: value for name, value in resource.items() if name not in _OF_EACH_RESOURCE}
        for resource in descriptor["resources"]
    ]
    return lasting
