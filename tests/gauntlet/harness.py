"""One draw: a real portal's archive with one page changed, through the real stages, from extraction to the gate."""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pandas as pd

from gauntlet.document import Feeds
from gauntlet.mutation import Answer
from pipeline import gate, stages
from pipeline.checks import CHECKS
from pipeline.failures import RunFailedError
from pipeline.paths import Home, RunFolder, read_json
from pipeline.run import Request, Run
from schemas import load
from schemas.typography import fold, key, one_line
from spiders import archive
from spiders.archive_writer import ArchiveWriter

PORTAL = "canceropole-idf"
_COPIES = "/tag/appel-a-projet/"
_OTHERS = (_COPIES, "/actualites/actualite-1/", "/en/structuring-research/resources/tumour-banks/", "/")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))

Sort = Literal["exact", "held", "silent"]


@dataclass(frozen=True, slots=True)
class Case:
    """One drawn change and what is expected of it (Mutation has what the fields mean).

    `base` names the portal, `path` the page, `answers` what its address (and others) now say, `touched` the datasets
    whose data the change concerns; `first` says that there is no release before it.
    """

    mutation: str
    number: int
    base: str
    path: str
    answers: tuple[Answer, ...]
    touched: frozenset[str]
    keeps: bool
    codes: frozenset[str]
    first: bool
    spares: bool
    loose: bool
    says: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one dataset of a case, and why it was held."""

    dataset: str
    sort: Sort
    codes: frozenset[str] = frozenset()


@dataclass(eq=False)
class Base:
    """A portal's first release, and the pages it was made from."""

    home: Home
    name: str = ""

    @cached_property
    def run(self) -> RunFolder:
        """The run that made it."""
        return RunFolder(next(iter(self.home.runs.glob("*"))))

    @cached_property
    def declarations(self) -> load.Declarations:
        """Those of today."""
        return load.load(PORTAL)

    @cached_property
    def info(self) -> dict[str, str]:
        """The archive's warcinfo fields."""
        return archive.info(self.run.archive)

    @cached_property
    def captures(self) -> dict[str, archive.Capture]:
        """The portal's answers by path."""
        return {urlsplit(capture.url).path: capture for capture in archive.read(self.run.archive)}

    @cached_property
    def feeds(self) -> dict[str, Feeds]:
        """By path, what each page feeds."""
        found: dict[str, Feeds] = {}
        for dataset in self.declarations.datasets:
            raw = read_json(self.run.rows(dataset.id))["rows"] if dataset.from_pages and not dataset.derived else []
            for number, source in enumerate(dataset.sources, start=1):
                if source.page is None or source.only_counts:
                    continue
                feeds = found.setdefault(source.page.path, Feeds())
                starts = tuple(
                    {
                        key(str(row["parts"].get("text", "")).partition("\n")[0][:30])
                        for row in raw
                        if row["source"] == number and row["parts"].get("text")
                    }
                )
                if source.table is not None:
                    feeds.tables[dataset.id] = source.table.headers
                elif source.list is not None:
                    feeds.items[dataset.id] = starts
                else:
                    feeds.texts[dataset.id] = (*feeds.texts.get(dataset.id, ()), *starts)
        return found

    def answer(self, path: str) -> Answer:
        """A page as it was, its body UTF-8."""
        capture = self.captures[path]
        headers = {name: value for name, value in capture.headers.items() if name != "content-encoding"}
        return Answer(capture.url, capture.status, headers, capture.text().encode())

    @cached_property
    def tables(self) -> dict[str, list[tuple[str, ...]]]:
        """Each dataset's rows as released."""
        latest = self.home.latest / "data"
        return {path.stem: _rows(path) for path in latest.glob("*.parquet")}

    def needed(self, path: str) -> tuple[list[str], set[str]]:
        """The datasets a change of one page concerns with those they refer to, and the pages those need."""
        names = set(self.feeds[path].datasets)
        names |= {f.references for name in names for f in self.declarations.dataset(name).fields if f.references}
        ordered = [dataset for dataset in self.declarations.datasets if dataset.id in names]
        pages = {source.page.path for dataset in ordered for source in dataset.sources if source.page is not None}
        return [dataset.id for dataset in ordered], pages | set(_OTHERS)


@dataclass(eq=False)
class Bases:
    """The portals at hand, by name."""

    root: Path
    found: dict[str, Base] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in sorted(self.root.iterdir()):
            home = Home(folder / PORTAL)
            if home.latest.is_symlink():
                self.found[folder.name] = Base(home, folder.name)


@cache
def opened(root: Path) -> Bases:
    """The portals of a folder, read once a process."""
    return Bases(root)


def judge(root: Path, case: Case) -> dict[str, list[Outcome]]:
    """`outcomes` of one case, in a process of a pool."""
    return outcomes(opened(root).found[case.base], case)


def outcomes(base: Base, case: Case, *, switch_off: bool = False) -> dict[str, list[Outcome]]:
    """Runs one case.

    Args:
        base: the portal it changes.
        case: the change.
        switch_off: whether to judge again without each of the gate's checks that held something.

    Returns:
        What became of each dataset the page feeds: with all checks under "", and by the check switched off.
    """
    with tempfile.TemporaryDirectory(prefix="gauntlet-") as scratch:
        names, pages = base.needed(case.path)
        folder = RunFolder(Path(scratch) / "20990101T000000Z")
        folder.root.mkdir()
        _write(base, case, pages, folder.archive)
        version = None if case.first else base.home.version()
        run = Run(Request(PORTAL, only=tuple(names)), base.declarations, base.home, folder, version)
        try:
            stages.extract(run)
        except RunFailedError as error:
            held = frozenset({error.code})
            return {"": [Outcome(name, "held", held) for name in sorted(base.feeds[case.path].datasets)]}
        stages.normalize_rows(run)
        stages.validate_tables(run)
        judged = {"": _sorted(base, case, run, stages.judge(run))}
        fired = {code for outcome in judged[""] for code in outcome.codes if switch_off and code in CHECKS}
        for code in sorted(fired):
            checks = {name: check for name, check in CHECKS.items() if name != code}
            verdicts = gate.gate(run.folder, run.declarations, run.last, run.names, checks=checks)
            judged[code] = _sorted(base, case, run, verdicts)
        return judged


def _write(base: Base, case: Case, pages: set[str], path: Path) -> None:
    when = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    with ArchiveWriter(path, base.info) as writer:
        for page in sorted(pages - {case.path}):
            if page in base.captures:
                answer = base.answer(page)
                writer.response(answer.url, answer.status, "", list(answer.headers.items()), answer.body, when)
        for answer in case.answers:
            writer.response(answer.url, answer.status, "", list(answer.headers.items()), answer.body, when)
        writer.failures([answer.url for answer in case.answers if answer.status >= 500])


def _sorted(base: Base, case: Case, run: Run, verdicts: list[gate.Verdict]) -> list[Outcome]:
    found = []
    for verdict in verdicts:
        if verdict.name not in base.feeds[case.path].datasets - case.says:
            continue
        if verdict.verdict == "held":
            codes = frozenset(reason.code for reason in verdict.reasons)
            found.append(Outcome(verdict.name, "held", codes))
            continue
        same = _alike(_rows(run.folder.table(verdict.name)), base.tables[verdict.name], loose=case.loose)
        found.append(Outcome(verdict.name, "exact" if same else "silent"))
    return found


def _rows(path: Path) -> list[tuple[str, ...]]:
    table = pd.read_parquet(path, dtype_backend="numpy_nullable")
    table = table[sorted(table.columns)].astype(object).where(table.notna(), None)
    return [tuple(map(str, row)) for row in table.itertuples(index=False)]


def _alike(rows: list[tuple[str, ...]], released: list[tuple[str, ...]], *, loose: bool) -> bool:
    if not loose:
        return rows == released
    return [_plain(row) for row in rows] == [_plain(row) for row in released]


def _plain(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one_line(fold(value.translate(_INVISIBLE)).replace(" :", ":")) for value in row)
