"""The accept command: shows what the gate held, asks, and releases it: a run on the same pages, with one decision."""

from __future__ import annotations

import datetime as dt
import getpass
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline import monitoring, stages, summary
from pipeline.changes import changes
from pipeline.decisions import Decision, digest, kept
from pipeline.failures import FailureError, WrongUseError
from pipeline.paths import Home, RunFolder, read_json
from pipeline.report import instant
from pipeline.run import Request, lock
from schemas.personal import hidden
from schemas.reasons import CODES
from schemas.typography import one_line, visible

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.reasons import Reason

DONE, HELD = 0, 3
_WORDS = {
    "fr": {
        "what": "{name} : ce qui changerait par rapport à la version {version}",
        "first": "{name} : ce qui serait publié pour la première fois",
        "nothing": "{name} : aucune ligne ne changerait par rapport à la version {version}",
        "heads": ("", "ligne", "colonne", "avant", "après"),
        "lifted": "Raisons qui seraient levées :",
        "ask": "Publier ces lignes ? [oui/non] ",
        "no": "Rien n'a été changé : {name} reste retenu.",
        "others": "La décision est conservée ; {name} sera publié une fois levé ce qui le retient encore.",
        "moved": "Rien n'a été levé : les lignes relues ne sont pas celles montrées. Accepter de nouveau.",
    },
    "en": {
        "what": "{name}: what would change against version {version}",
        "first": "{name}: what would be published for the first time",
        "nothing": "{name}: no row would change against version {version}",
        "heads": ("", "row", "column", "before", "after"),
        "lifted": "Reasons that would be lifted:",
        "ask": "Publish these rows? [yes/no] ",
        "no": "Nothing was changed: {name} stays held.",
        "others": "The decision is kept; {name} is released once what still holds it is accepted or mended.",
        "moved": "Nothing was lifted: the rows read again are not those shown. Accept again.",
    },
}
_YES = {"o", "oui", "y", "yes"}
_SIGNS = {"added": "+", "removed": "−", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Held:
    """A dataset the gate holds: the run that judged it, why, and what that run holds besides."""

    name: str
    run: RunFolder
    reasons: list[Reason]
    with_it: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """The reasons a person may lift."""
        return tuple(sorted({reason.code for reason in self.reasons if CODES[reason.code].liftable}))


@dataclass(frozen=True, slots=True)
class Accepting:
    """What a person accepts, and in which words."""

    portal: str
    dataset: str
    why: str
    by: str
    yes: bool
    out: Path
    schemas: Path
    language: str

    @property
    def home(self) -> Home:
        """The portal's outputs."""
        return Home(self.out / self.portal)

    def words(self, name: str) -> str:
        """A sentence of this command in the user's language."""
        said = str(_WORDS[self.language][name])
        return said.format(name=self.dataset, version=self.home.version())


def run(portal: str, dataset: str, why: str, by: str, out: Path, schemas: Path, language: str, *, yes: bool) -> int:
    """Shows a held dataset, asks unless `yes`, and releases it; messages go to the terminal.

    Args:
        portal: its id.
        dataset: the one to accept.
        why: the person's reason, kept with the decision.
        by: who accepts; empty for the login name.
        out: where outputs are.
        schemas: where declarations are.
        language: fr or en.
        yes: whether the question is answered already.

    Returns:
        The exit status of the contract: 0 released, 1 failed, 2 nothing to accept, 3 still held, 4 busy.
    """
    asked = Accepting(portal, dataset, visible(one_line(why)), visible(one_line(by)), yes, out, schemas, language)
    try:
        return _accept(asked)
    except FailureError as error:
        _errors().print(error.paragraph(language))
        return error.status


def _accept(asked: Accepting) -> int:
    if not asked.why:
        raise WrongUseError("accept-why")
    by = asked.by or _login()
    _entry(asked)  # before the lock, which makes the portal's folder
    with lock(asked.home):
        held = _held(asked)
        source = f"run:{held.run.id}"
        request = Request(asked.portal, source, held.with_it, out=asked.out, schemas=asked.schemas)
        declarations = stages.checked(request)
        _liftable(asked, held, declarations)
        console = Console(highlight=False, emoji=False, markup=False)
        _show(console, asked, held, declarations)
        if not asked.yes and not _agreed(console, asked):
            console.print(asked.words("no"))
            return HELD
        rows = digest(pd.read_parquet(held.run.table(held.name), dtype_backend="numpy_nullable"))
        when = instant(dt.datetime.now(dt.UTC))
        decision = Decision(asked.dataset, rows, held.codes, asked.why, by, when, held.run.id)
        report = stages.refresh(replace(request, decision=decision))
    monitoring.decided(request, report)
    return _tell(console, asked, report, decision)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # no such user on the machine, as in a container
        raise WrongUseError("accept-who") from error


def _entry(asked: Accepting) -> tuple[dict[str, Any], dict[str, Any]]:
    """The status of the portal, and in it that of the dataset, which is held.

    Raises:
        WrongUseError: it is not.
    """
    status = read_json(asked.home.status) if asked.home.status.is_file() else {"datasets": []}
    entries = {entry["name"]: entry for entry in status["datasets"] if entry["state"] == "held"}
    if asked.dataset not in entries:
        told = {"dataset": asked.dataset, "portal": asked.portal, "folder": asked.out}
        raise WrongUseError("accept-nothing", held=", ".join(entries) or "—", **told)
    return status, entries[asked.dataset]


def _held(asked: Accepting) -> Held:
    """The held dataset as its run left it.

    Raises:
        WrongUseError: it is not held, or its run is gone.
    """
    status, entry = _entry(asked)
    judged_by = {e["name"]: e.get("run", status["run"]) for e in status["datasets"] if e["state"] == "held"}
    folder = RunFolder(asked.home.runs / judged_by[asked.dataset])
    missing = [path.name for path in (folder.archive, folder.report) if not path.is_file()]
    told = {d["name"]: d for d in read_json(folder.report)["datasets"]} if not missing else {}
    if asked.dataset not in told or not folder.table(asked.dataset).is_file():
        missing = missing or [folder.table(asked.dataset).name]
        names = {"dataset": asked.dataset, "portal": asked.portal, "folder": asked.home.runs, "run": folder.id}
        raise WrongUseError("accept-no-run", missing=", ".join(missing), **names)
    with_it = tuple(name for name, run in judged_by.items() if run == folder.id)
    return Held(entry["name"], folder, summary.holding(told[asked.dataset]), with_it)


def _liftable(asked: Accepting, held: Held, declarations: Declarations) -> None:
    """Refuses what a person cannot lift.

    Raises:
        WrongUseError: a reason is of extraction or of the schema, or only another dataset's.
    """
    for reason in held.reasons:
        if CODES[reason.code].stage not in {"gate", "keys"}:
            told = {"reason": hidden(reason.sentence(asked.language)), "code": reason.code, "run": held.run.id}
            raise WrongUseError("accept-unliftable", dataset=held.name, portal=asked.portal, **told)
    if not held.codes:
        [reason, *_] = held.reasons
        others = {f.references for f in declarations.dataset(held.name).fields if f.references}
        others |= {d.id for d in declarations.datasets if any(f.references == held.name for f in d.fields)}
        waiting = [name for name in held.with_it if name in others] or sorted(others)
        told = {"reason": hidden(reason.sentence(asked.language)), "code": reason.code}
        raise WrongUseError("accept-other", dataset=held.name, others=", ".join(waiting), **told)


def _show(console: Console, asked: Accepting, held: Held, declarations: Declarations) -> None:
    """Prints the rows that would be added, removed, changed, side by side, and the reasons that would be lifted."""
    last = asked.home.current()
    released = last / "data" / f"{held.name}.parquet" if last else None
    before = released if released is not None and released.is_file() else None
    with duckdb.connect() as con:
        found = changes(con, held.name, declarations.dataset(held.name).key, before, held.run.table(held.name))
    console.print(asked.words("first" if before is None else "what" if found else "nothing"))
    if found:
        console.print(_side_by_side(found, asked.language))
    console.print(asked.words("lifted"))
    for reason in held.reasons:
        if CODES[reason.code].liftable:
            console.print(f"  {visible(hidden(reason.sentence(asked.language)))} [{reason.code}]", soft_wrap=True)


def _side_by_side(found: list[dict[str, Any]], language: str) -> Table:
    table = Table(*_WORDS[language]["heads"], box=None, padding=(0, 2, 0, 0))
    for change in found:
        first = (_SIGNS[change["change"]], change["key"])
        for column, (before, after) in change["columns"].items():
            if before is not None or after is not None:
                table.add_row(*map(_cell, (*first, column, before, after)))
                first = ("", "")
    return table


def _cell(value: object) -> Text:
    return Text("" if value is None else visible(hidden(str(value))), overflow="fold")


def _agreed(console: Console, asked: Accepting) -> bool:
    """Asks a person.

    Raises:
        WrongUseError: there is no terminal to ask on.
    """
    if not sys.stdin.isatty():
        raise WrongUseError("accept-unasked")
    try:
        return console.input(asked.words("ask")).strip().casefold() in _YES
    except EOFError:
        return False


def _tell(console: Console, asked: Accepting, report: dict[str, Any], decision: Decision) -> int:
    """Prints what became of it; 0 if the dataset is released."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for dataset in report["datasets"]:
        if dataset["verdict"] != "unchanged":
            table.add_row(*map(_cell, summary.dataset_line(dataset, asked.language)))
    console.print(table)
    console.print(summary.headline(report, asked.language))
    [judged] = [dataset for dataset in report["datasets"] if dataset["name"] == asked.dataset]
    if judged["verdict"] != "held":
        return DONE
    why = asked.words("others" if decision in kept(asked.home) else "moved")
    _errors().print(f"{summary.held(report, str(asked.out), asked.language)}\n{why}")
    return HELD


def _errors() -> Console:
    return Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
