"""The publish command: puts a portal's releases, or what is said of them, where others find them.

Each kind of target is a module: files (`mirror`), records of a data portal (`ckan`, `udata`), a deposit (`zenodo`).
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline import indexes
from pipeline.catalogue import listable
from pipeline.checksums import DamagedError
from pipeline.ckan import Ckan
from pipeline.described import licence_confirmed
from pipeline.failures import FailureError, RunFailedError, WrongUseError
from pipeline.mirror import Mirror
from pipeline.paths import Home, read_json
from pipeline.remote import Remote
from pipeline.run import lock
from pipeline.site import build as site
from pipeline.steps import Steps, Target, TargetError
from pipeline.stores import S3, Folder
from pipeline.udata import Udata
from pipeline.zenodo import Zenodo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_SERVERS: Mapping[str, Callable[[Remote], Target]] = {"ckan": Ckan, "udata": Udata, "zenodo": Zenodo}
_WORDS = {
    "fr": {
        "put": "à mettre : {address}",
        "remove": "à retirer : {address}",
        "done": "Version {version} de {portal} à {target} : {put} mise(s) en place, {removed} retrait(s).",
        "would": "Rien n'a été fait (--dry-run) : {put} à mettre, {removed} à retirer à {target}.",
    },
    "en": {
        "put": "to put: {address}",
        "remove": "to take away: {address}",
        "done": "Version {version} of {portal} at {target}: {put} put, {removed} taken away.",
        "would": "Nothing was done (--dry-run): {put} to put, {removed} to take away at {target}.",
    },
}


def run(portal: str, target: str, out: Path, language: str, *, dry_run: bool, sample: bool, unconfirmed: bool) -> int:
    """Publishes a portal's releases and returns the exit status of the contract; messages go to the terminal.

    Args:
        portal: its id.
        target: where to, a folder or an address, as docs/publishing.md lists them.
        out: the outputs.
        language: `fr` or `en`.
        dry_run: only say what would be done.
        sample: a release of the sample portal may be published.
        unconfirmed: a licence that the publisher has yet to confirm is no reason to stop.
    """
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    errors = Console(stderr=True, highlight=False, emoji=False, markup=False, soft_wrap=True)
    words = _WORDS[language]
    home = Home(out / portal)
    steps = Steps(dry_run=dry_run, told=lambda what, at: console.print(words[what].format(address=at)))
    try:
        place, current = _target(target), home.current()
        if current is None or not (current / "datapackage.json").is_file():
            raise WrongUseError("publish-nothing", portal=portal, folder=home.root)
        if place.public:
            _permitted(read_json(current / "datapackage.json"), sample=sample, unconfirmed=unconfirmed)
        with lock(home):
            if not dry_run:
                indexes.catch_up(home)
                site.catch_up(home)
            place.publish(home, steps)
    except FailureError as error:
        errors.print(error.paragraph(language))
        return error.status
    except TargetError as error:
        refused = RunFailedError("publish-refused", target=_shown(target), step=steps.at, error=error)
        errors.print(refused.paragraph(language))
        return refused.status
    except (OSError, json.JSONDecodeError, UnicodeDecodeError, DamagedError) as error:
        damaged = RunFailedError("publish-unreadable", folder=home.root, error=error)
        errors.print(damaged.paragraph(language))
        return damaged.status
    told = {"put": steps.put, "removed": steps.removed, "version": current.name, "target": _shown(target)}
    console.print(words["would" if dry_run else "done"].format(portal=portal, **told))
    return 0


def _target(target: str) -> Target:
    at = Remote.of(target)
    if at is not None and at.kind in _SERVERS:
        return _SERVERS[at.kind](at)
    bucket = re.fullmatch(r"s3://([A-Za-z0-9.-]+)(/[^?#@]*)?", target)
    if bucket:
        return Mirror(S3(bucket[1], bucket[2] or ""))
    if target and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", target):
        return Mirror(Folder(Path(target).absolute()))
    raise WrongUseError("publish-target", target=_shown(target))


def _shown(target: str) -> str:
    """A target without what may be a password in it."""
    return target.rpartition("@")[2]


def _permitted(package: Mapping[str, Any], *, sample: bool, unconfirmed: bool) -> None:
    if not listable(package):
        raise WrongUseError("publish-undescribed", version=package["version"])
    if package["reconstitution"] and not sample:
        raise WrongUseError("publish-sample", version=package["version"])
    if not licence_confirmed(package) and not unconfirmed:
        licence = package["licenses"][0]
        raise WrongUseError("publish-licence", licence=licence["title"], path=licence["path"])
