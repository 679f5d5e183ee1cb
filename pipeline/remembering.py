"""The history command: a portal's `history.duckdb` brought up to date, or made anew, and what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from rich.console import Console

from pipeline import history
from pipeline.failures import FailureError, RunFailedError, WrongUseError
from pipeline.paths import Home
from pipeline.run import lock, unwritable
from schemas.typography import visible

if TYPE_CHECKING:
    from pathlib import Path

DONE = 0
_LINE = {
    "fr": "{version:<10}{date}  lignes commencées : {begun}, finies : {ended}",
    "en": "{version:<10}{date}  row versions begun: {begun}, ended: {ended}",
}


def run(portal: str, out: Path, language: str, *, rebuild: bool) -> int:
    """Brings the history up to date and lists its releases. Messages go to the terminal.

    Args:
        portal: its id.
        out: where outputs are.
        language: fr or en.
        rebuild: whether to make it anew from the releases, whatever it says.

    Returns:
        The exit status of the contract: 0 done, 1 it or a release cannot be read or written, 2 no release, 4 busy.
    """
    home = Home(out / portal)
    try:
        lines = _run(home, language, rebuild=rebuild)
    except FailureError as error:
        console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
        console.print(visible(error.paragraph(language)))
        return error.status
    Console(soft_wrap=True, highlight=False, markup=False, emoji=False).print(visible("\n".join(lines)))
    return DONE


def _run(home: Home, language: str, *, rebuild: bool) -> list[str]:
    if not home.versions():
        raise WrongUseError("history-nothing", portal=home.root.name, folder=home.releases)
    with lock(home):
        try:
            (history.rebuild if rebuild else history.catch_up)(home)
            told = history.told(home)
        except (OSError, duckdb.IOException) as error:
            raise unwritable(home, error) from error
        except duckdb.Error as error:
            told_of = {"path": home.history, "portal": home.root.name, "error": error}
            raise RunFailedError("history-broken", **told_of) from error
    return [
        _LINE[language].format(version=v, date=f"{d:%Y-%m-%d}", begun=begun, ended=ended) for v, d, begun, ended in told
    ]
