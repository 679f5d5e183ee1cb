"""The erase command: a row leaves every release, every run and their archives, and does not come back."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
from rich.console import Console

from pipeline import erasures, history, indexes, journal, redactions, release, signing, stages
from pipeline.checksums import SIGNATURE
from pipeline.erasures import Erasures, ErasuresError
from pipeline.failures import FailureError, RunFailedError, WrongUseError
from pipeline.feed import write_feed
from pipeline.leaving import Kept, Leaving
from pipeline.paths import Home
from pipeline.replaying import ReplayError, replay
from pipeline.rewriting import Rewriting
from pipeline.run import SAMPLE, Request, declared, lock, unwritable
from pipeline.site import build as site
from schemas.typography import one_line, visible

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.redaction import Redaction

DONE, UNDONE = 0, 2
_WORDS = {
    "fr": {
        "found": "Lignes qui seraient effacées de toutes les versions, passées comprises, et des passages :",
        "with": "avec elle, parce qu'elle s'y rapporte",
        "ask": "Les effacer, sans retour possible ? [oui/non] ",
        "no": "Rien n'a été effacé.",
        "done": "Effacé : {rows} ligne(s) dans {versions} version(s) et {runs} passage(s) de {portal}. Elles ne"
        " reviendront pas, même si le portail les imprime encore.",
        "unrepeated": "Ne se rejoue pas : {told}",
        "unsigned": "Les versions ne sont plus signées, car {variable} ne nomme pas de clé.",
        "copies": "Les copies faites ailleurs (miroirs, dépôts, sauvegardes) ne sont pas rappelées :"
        " voir docs/erasure.md.",
    },
    "en": {
        "found": "Rows that would be erased from all releases, past ones included, and from the runs:",
        "with": "with it, because it refers to it",
        "ask": "Erase them, for good? [yes/no] ",
        "no": "Nothing was erased.",
        "done": "Erased: {rows} row(s) in {versions} release(s) and {runs} run(s) of {portal}. They will not come back,"
        " even if the portal still prints them.",
        "unrepeated": "Does not replay: {told}",
        "unsigned": "The releases are no longer signed, for {variable} names no key.",
        "copies": "Copies made elsewhere (mirrors, deposits, backups) are not recalled: see docs/erasure.md.",
    },
}
_YES = {"o", "oui", "y", "yes"}


@dataclass(frozen=True, slots=True)
class Sought:
    """What is to leave: the row of a dataset with a key, or every row with a text in one of its cells.

    `dataset` is empty for all of them; one of `key` and `name` is.
    """

    portal: str
    dataset: str
    key: str
    name: str
    yes: bool
    out: Path
    schemas: Path
    language: str

    @property
    def home(self) -> Home:
        """The portal's outputs."""
        return Home(self.out / self.portal)


def run(portal: str, dataset: str, row: str, name: str, out: Path, schemas: Path, language: str, *, yes: bool) -> int:
    """Erases rows; what is found by a name is shown first, and asked about unless `yes`. Messages go to the terminal.

    Args:
        portal: its id.
        dataset: whose rows; may be empty with `name`.
        row: the key of the one row.
        name: a text; every row that has it in a cell leaves.
        out: where outputs are.
        schemas: where declarations are.
        language: fr or en.
        yes: whether the question is answered already.

    Returns:
        The exit status of the contract: 0 erased, 1 failed and nothing was, 2 nothing to erase or not wanted, 4 busy.
    """
    sought = Sought(portal, dataset, row, one_line(name), yes, out, schemas, language)
    try:
        return _erase(sought)
    except FailureError as error:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(
            visible(error.paragraph(language))
        )
        return error.status


def _erase(sought: Sought) -> int:
    if bool(sought.key) == bool(sought.name) or not (sought.dataset or sought.name):
        raise WrongUseError("erase-what")
    declarations = _declarations(sought)
    console = Console(highlight=False, emoji=False, markup=False, soft_wrap=True)
    home = sought.home
    if not home.root.is_dir():
        raise _nothing(sought)
    with lock(home):
        try:
            release.clear_unfinished(home)
            before = erasures.begun(home)
            kept = Kept(home, declarations)
            leaving = kept.with_children(kept.found(sought.dataset, sought.key, sought.name))
            if not leaving:
                site.catch_up(home, declarations)  # an erasure that was killed at its end
                raise _nothing(sought)
            if sought.name and not _agreed(console, sought, leaving):
                console.print(_WORDS[sought.language]["no"])
                return UNDONE
            signed = any(home.releases.glob(f"*/{SIGNATURE}"))
            copy = journal.staged(home)
            rewriting, masking = _rewrite(copy, declarations, kept.known(before, leaving))
            _nowhere(copy, declarations, masking)
            unrepeated = _unrepeated(copy, sought.portal)
            runs = len(rewriting.runs)
            site.withdraw(home.root.parent)  # killed from here on, nobody reads there what was erased
            journal.commit(home, copy)
            indexes.renew(home)
            site.build(home, declarations)
        except ErasuresError as error:
            raise RunFailedError("erasures-broken", error=error) from error
        except release.NoLatestError as error:
            raise RunFailedError("no-latest", error=error) from error
        except signing.SigningError as error:
            raise RunFailedError("sign-failed", variable=signing.KEY, error=error) from error
        except (OSError, duckdb.Error) as error:
            raise unwritable(home, error) from error
        finally:
            journal.drop(home)
    words = _WORDS[sought.language]
    distinct = {(one.dataset.id, rewriting.erasures.row_mark(one.dataset, one.row)) for one in leaving}
    versions = sum(bool(erased) for erased in rewriting.erased.values())
    console.print(words["done"].format(rows=len(distinct), versions=versions, runs=runs, portal=sought.portal))
    notes = [words["unrepeated"].format(told=text) for text in unrepeated]
    notes += [words["unsigned"].format(variable=signing.KEY)] * (signed and not signing.has_key())
    console.print("\n".join(visible(note) for note in (*notes, words["copies"])))
    return DONE


def _declarations(sought: Sought) -> Declarations:
    only = (sought.dataset,) if sought.dataset else ()
    request = Request(sought.portal, SAMPLE, only, out=sought.out, schemas=sought.schemas)
    declarations = declared(request)
    if sought.dataset and not declarations.dataset(sought.dataset).from_pages:
        raise WrongUseError("erase-listed", dataset=sought.dataset)
    return declarations


def _nothing(sought: Sought) -> WrongUseError:
    told = {"sought": sought.key or f"« {sought.name} »", "place": sought.dataset or sought.portal}
    return WrongUseError("erase-nothing", folder=sought.home.root, **told)


def _agreed(console: Console, sought: Sought, leaving: list[Leaving]) -> bool:
    """Shows what was found, and asks.

    Raises:
        WrongUseError: there is no terminal to ask on.
    """
    words = _WORDS[sought.language]
    console.print(words["found"])
    for line in dict.fromkeys(_line(one, words["with"]) for one in leaving):
        console.print(line)
    if sought.yes:
        return True
    if not sys.stdin.isatty():
        raise WrongUseError("erase-unasked")
    try:
        return console.input(words["ask"]).strip().casefold() in _YES
    except EOFError:
        return False


def _line(one: Leaving, with_it: str) -> str:
    cells = " · ".join(str(value) for value in one.row.values() if value is not None)
    return visible(f"  {one.dataset.id} {one.key} ({cells})" + (f", {with_it}" if one.parent else ""))


def _rewrite(copy: Home, declarations: Declarations, known: Erasures) -> tuple[Rewriting, Redaction]:
    """Takes the rows out of a copy of the outputs; gives what was masked in it too."""
    rewriting = Rewriting(copy, declarations, known)
    rewriting.drop_unreadable(lambda path: stages.readable(path, declarations))
    left, others = rewriting.raws()
    masking = redactions.redaction(known.secret, left, others, declarations)
    archives = {run.archive.stat().st_ino: run.archive for run in rewriting.runs if run.archive.is_file()}
    masking = stages.harmless(masking, archives.values(), declarations)
    erasures.keep(copy, redactions.remembered(known, left, masking))
    rewriting.runs_without(left, masking, _redact(masking, declarations))
    rewriting.releases_without(masking)
    history.rebuild(copy)
    write_feed(copy)
    rewriting.inputs_and_status(masking)
    return rewriting, masking


def _nowhere(copy: Home, declarations: Declarations, masking: Redaction) -> None:
    """Checks that no release's table has a text that only the rows that left had: under another name, say.

    Raises:
        RunFailedError: one has.
    """
    derived = {dataset.id for dataset in declarations.datasets if dataset.derived}
    tables = [path for path in sorted(copy.releases.glob("[0-9]*/data/*.csv")) if path.stem not in derived]
    left = [path for path in tables if masking.masked(text := path.read_text(encoding="utf-8")) != text]
    if left:
        told = ", ".join(f"{path.parent.parent.name} {path.stem}" for path in left)
        raise RunFailedError("erase-remains", tables=told, runs=copy.runs.name)


def _redact(masking: Redaction, declarations: Declarations) -> Any:  # noqa: ANN401 (a function of two paths)
    return lambda path, out: stages.redact_archive(path, out, masking, declarations)


def _unrepeated(copy: Home, portal: str) -> list[str]:
    """The releases that no longer replay, and why."""
    told = []
    for version in sorted(path.parent.name for path in copy.releases.glob("[0-9]*/datapackage.json")):
        try:
            found = replay(copy.root.parent, portal, version)
            told += [] if found.same else [found.told]
        except ReplayError as error:
            told.append(f"{version}: {error}")
    return told
