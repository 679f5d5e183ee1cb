"""Whether the current release is where its addresses say: nobody is told of files that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.api import Api, told
from pipeline.entries import Release
from pipeline.failures import RunFailedError, WrongUseError
from pipeline.mirror import LATEST, latest
from pipeline.paths import read_json
from pipeline.steps import TargetError

if TYPE_CHECKING:
    from pipeline.paths import Home


def served(home: Home) -> Release:
    """The current release, once it is seen that its `base_url` serves it.

    Raises:
        WrongUseError: nothing is released, or it has no `base_url`.
        RunFailedError: what is served there is not this release.
    """
    folder = home.current()
    release = Release(read_json(folder / "datapackage.json"), folder) if folder else None
    address = release.addresses.standing(LATEST) if release else None
    if folder is None or release is None or address is None:
        raise WrongUseError("publish-no-address", portal=home.root.name)
    ours = latest(folder)
    try:
        there = Api(release.addresses.base, {}).ask("GET", f"/{home.root.name}/{LATEST}")
    except TargetError as error:
        raise RunFailedError("publish-unserved", address=address, ours=ours["version"], found=error) from error
    if there != ours:
        raise RunFailedError("publish-unserved", address=address, ours=ours["version"], found=told(str(there)))
    return release
