"""Where things lie under outputs/, and how a file is written so that it is there whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# What beside its releases is for everybody of what lies in a portal's folder.
LISTS = ("releases.atom", "releases.json", "status.json")
VERSION = re.compile(r"\d+\.\d+\.\d+")  # of a release


@dataclass(frozen=True, slots=True)
class Home:
    """The outputs of one portal: DIR/<portal>/."""

    root: Path

    @property
    def runs(self) -> Path:
        """Private: archives, raw rows, reports."""
        return self.root / "runs"

    @property
    def releases(self) -> Path:
        """Public: complete releases only; unfinished work begins with a dot."""
        return self.root / "releases"

    @property
    def latest(self) -> Path:
        """The relative link that is the commit point."""
        return self.root / "latest"

    @property
    def status(self) -> Path:
        """The truth about freshness, rewritten by every run."""
        return self.root / "status.json"

    @property
    def feed(self) -> Path:
        """Public: the releases as an Atom feed, rewritten by every run."""
        return self.root / "releases.atom"

    @property
    def decisions(self) -> Path:
        """What people accepted by hand: an input of every run."""
        return self.root / "decisions.json"

    @property
    def erasures(self) -> Path:
        """Who has left, by keyed hashes: an input of every run."""
        return self.root / "erasures.json"

    @property
    def erasure_key(self) -> Path:
        """The secret that keys them: private, never published."""
        return self.root / "erasures.key"

    @property
    def told(self) -> Path:
        """What people were last told of the portal's health: private, never published."""
        return self.root / "told.json"

    @property
    def erasing(self) -> Path:
        """An erasure under way: what will take the place of what is there."""
        return self.root / ".erasing"

    @property
    def index(self) -> Path:
        """Which releases there are, for those who fetch them."""
        return self.root / "releases.json"

    @property
    def history(self) -> Path:
        """Every version of every row: made of the releases, and made anew where it is not of them."""
        return self.root / "history.duckdb"

    @property
    def lock(self) -> Path:
        """Held by whoever changes these outputs."""
        return self.root / ".lock"

    def version(self) -> str | None:
        """The current version; None before the first release."""
        return self.latest.readlink().name if self.latest.is_symlink() else None

    def versions(self) -> list[str]:
        """The releases there are, the oldest first."""
        found = [path.parent.name for path in self.releases.glob("[0-9]*/datapackage.json")]
        return sorted(filter(VERSION.fullmatch, found), key=number)

    def release(self, version: str) -> Path:
        """The folder of a release."""
        return self.releases / version

    def current(self) -> Path | None:
        """The folder of the current release."""
        version = self.version()
        return self.release(version) if version else None


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's private folder: what the stages pass to each other."""

    root: Path

    @property
    def id(self) -> str:
        """The run's name: its start, 20261123T153000Z."""
        return self.root.name

    @property
    def archive(self) -> Path:
        """Every response received."""
        return self.root / "portal.warc.gz"

    @property
    def crawled(self) -> Path:
        """The same while whoever has left is still in it: unfinished, so that the next run removes it."""
        return self.root / ".crawled.warc.gz"

    @property
    def job(self) -> Path:
        """What the crawl was asked to do."""
        return self.root / "job.json"

    @property
    def crawl(self) -> Path:
        """What the crawl reports of itself."""
        return self.root / "crawl.json"

    @property
    def log(self) -> Path:
        """What the crawl said while it went on."""
        return self.root / "crawl.log"

    @property
    def visits(self) -> Path:
        """What the crawl remembers of each page, for the next one."""
        return self.root / "visits.sqlite"

    @property
    def reads(self) -> Path:
        """What was read of each page, for the next run."""
        return self.root / "reads.sqlite"

    @property
    def pages(self) -> Path:
        """The pages read."""
        return self.root / "pages.json"

    @property
    def unclaimed(self) -> Path:
        """What no declaration claims in the pages."""
        return self.root / "unclaimed.json"

    @property
    def unreadable(self) -> Path:
        """The pages that could not be read, and why."""
        return self.root / "unreadable.json"

    @property
    def verdicts(self) -> Path:
        """The gate's decision on every dataset."""
        return self.root / "verdicts.json"

    @property
    def report(self) -> Path:
        """The run's report (CONTRACT, 'report.json')."""
        return self.root / "report.json"

    @property
    def inputs(self) -> Path:
        """Everything a release was made from, by hash."""
        return self.root / "inputs.json"

    @property
    def previous_status(self) -> Path:
        """status.json as it was before this run: since when, and why, a dataset this run does not judge is held."""
        return self.root / "previous-status.json"

    @property
    def declarations(self) -> Path:
        """The declarations and reference lists as they were used."""
        return self.root / "declarations"

    def rows(self, dataset: str) -> Path:
        """Raw rows with their places, as extracted."""
        return self.root / "rows" / f"{dataset}.json"

    def table(self, dataset: str) -> Path:
        """Typed rows."""
        return self.root / "tables" / f"{dataset}.parquet"

    def findings(self, dataset: str) -> Path:
        """What normalizing and validating said of a table: evidence, reasons."""
        return self.root / "tables" / f"{dataset}.json"

    def rejected(self, dataset: str) -> Path:
        """Rows set aside, with the rule each broke."""
        return self.root / "rejected" / f"{dataset}.json"


def number(version: str) -> tuple[int, ...]:
    """A version as numbers, which order it: 1.10.0 is after 1.9.0.

    Raises:
        ValueError: it is none.
    """
    return tuple(int(part) for part in version.split("."))


def write(path: Path, content: bytes, *, private: bool = False) -> None:
    """Writes a file so that a reader, or a crash, meets the old content or the new; a private one is its owner's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            if private:
                os.fchmod(file.fileno(), 0o600)  # before there is anything to read
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)  # on a full disk, half a file is in the way of whatever comes next
        raise


def linked(source: Path | str, target: Path | str) -> None:
    """Gives a file a second name; a copy where the file system has no links, or the other name is on another one.

    Raises:
        OSError: it cannot be read, or the other written.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copy2(source, target)


def sync(path: Path) -> None:
    """Returns when the disk has a file, or a folder's list of names: a power cut does not undo it."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Returns when the disk has a folder with everything in it."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def write_json(path: Path, data: object, *, private: bool = False) -> None:
    """Writes JSON: UTF-8, indented, keys in the order given, control characters and direction marks escaped."""
    write(path, visible(json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode(), private=private)


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Writes a JSON array of rows, each on its line as it comes; otherwise as `write_json`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            between = "[\n"
            for row in rows:
                file.write(between + visible(json.dumps(row, ensure_ascii=False)))
                between = ",\n"
            file.write("\n]\n" if between == ",\n" else "[]\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def read_rows(path: Path) -> Iterator[Any]:
    """The rows of a file that `write_rows` wrote, each as it is read.

    Raises:
        ValueError: the file has another form, such as `write_json` gives it.
    """
    with path.open(encoding="utf-8") as file:
        line = file.readline()
        if line == "[\n":
            while (line := file.readline()).startswith("{"):
                yield json.loads(line.removesuffix("\n").removesuffix(","))
    if line not in {"[]\n", "]\n"}:
        raise ValueError(f"{path}: expected an array with a row on each line, found {line[:100]!r}")


def read_json(path: Path) -> Any:  # noqa: ANN401 (JSON is any shape; who reads it knows which)
    """Reads a JSON file that one of the stages wrote."""
    return json.loads(path.read_bytes())


def resources_of(release: Path | None) -> dict[str, Any]:
    """The resources of a release's datapackage.json by name (a dataset's CSV has the dataset's own); none of None."""
    return {r["name"]: r for r in read_json(release / "datapackage.json")["resources"]} if release else {}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
