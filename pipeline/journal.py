"""Many files of a portal's outputs changed as one: made beside them, listed, then put in their place.

Killed before the list is written, nothing has happened; killed after it, the next command that holds the lock puts the
rest in place.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pipeline.paths import Home, linked, read_json, sync, write_json

if TYPE_CHECKING:
    from pathlib import Path

_KEPT_APART = {".lock"}


def staged(home: Home) -> Home:
    """A copy of a portal's outputs to work on, made of links: a file written anew there leaves the one here alone.

    Raises:
        OSError: the outputs cannot be written.
    """
    shutil.rmtree(home.erasing, ignore_errors=True)
    home.erasing.mkdir(mode=0o700)
    copy = Home(home.erasing / home.root.name)
    shutil.copytree(
        home.root,
        copy.root,
        symlinks=True,
        copy_function=linked,
        ignore=lambda folder, _: {*_KEPT_APART, home.erasing.name} if folder == str(home.root) else set(),
    )
    return copy


def commit(home: Home, copy: Home) -> None:
    """Puts what was made in a staged copy in the place of what is there.

    Raises:
        OSError: the outputs cannot be written; `recover` goes on where this stopped.
    """
    made = {path.relative_to(copy.root).as_posix(): path for path in copy.root.rglob("*") if path.is_file()}
    changed = [name for name, path in made.items() if not _is_the_same(home.root / name, path)]
    for path in {made[name] for name in changed} | {made[name].parent for name in changed}:
        sync(path)
    there = [path for path in home.root.rglob("*") if path.is_file() and not path.is_relative_to(home.erasing)]
    names = {path.relative_to(home.root).as_posix() for path in there} - _KEPT_APART
    write_json(_plan(home), {"replace": sorted(changed), "remove": sorted(names - made.keys())})
    sync(home.erasing)
    recover(home)


def drop(home: Home) -> None:
    """Drops a staged copy that came to nothing; one whose list is written stays for `recover`."""
    if not _plan(home).exists():
        shutil.rmtree(home.erasing, ignore_errors=True)


def recover(home: Home) -> None:
    """Ends what a killed command left: puts the listed files in place, or drops a copy without its list.

    Raises:
        OSError: the outputs cannot be written.
    """
    if not home.erasing.is_dir():
        return
    if _plan(home).is_file():
        plan = read_json(_plan(home))
        for name in plan["replace"]:
            path = home.erasing / home.root.name / name
            if path.is_file():  # else it was put in its place before
                (home.root / name).parent.mkdir(parents=True, exist_ok=True)
                path.replace(home.root / name)
        for name in plan["remove"]:
            (home.root / name).unlink(missing_ok=True)
        for folder in {(home.root / name).parent for name in [*plan["replace"], *plan["remove"]]}:
            sync(folder)
        _plan(home).unlink()
    shutil.rmtree(home.erasing)


def _plan(home: Home) -> Path:
    return home.erasing / "plan.json"


def _is_the_same(one: Path, other: Path) -> bool:
    return one.is_file() and one.samefile(other)
