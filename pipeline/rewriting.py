"""Runs written again without the rows of who has left, and releases with them; dates and record names stay.

Works on a copy that takes the place of what is there when all of it is done (`pipeline/journal.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline import earlier, redactions
from pipeline.decisions import digest
from pipeline.paths import Home, RunFolder, read_json, sha256, write_json
from pipeline.reissuing import keys, reissue, total
from schemas.personal import masked
from schemas.typography import key_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from pipeline.erasures import Erasures
    from schemas.load import Declarations
    from schemas.model import Dataset

    _Cells = tuple[str, tuple[tuple[str, str], ...]]
    from schemas.redaction import Redaction

    Raw = tuple[Dataset, dict[str, Any]]
    Redact = Callable[[Path, Path], dict[str, str]]


@dataclass(slots=True)
class Rewriting:
    """The outputs of a portal while rows leave them.

    Attributes:
        home: the copy that is worked on.
        declarations: today's.
        erasures: who has left, the new ones among them.
        digests: the SHA-256 of pages as they were, and as they are without their texts.
        tables: those of tables people decided on, before and after.
        erased: how many rows left each dataset, by version.
    """

    home: Home
    declarations: Declarations
    erasures: Erasures
    digests: dict[str, str] = field(default_factory=dict)
    tables: dict[str, str] = field(default_factory=dict)
    erased: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def datasets(self) -> list[Dataset]:
        """The datasets somebody has left."""
        return [dataset for dataset in self.declarations.datasets if self.erasures.concern(dataset.id)]

    @property
    def runs(self) -> list[RunFolder]:
        """All runs, the oldest first."""
        return [RunFolder(path) for path in sorted(self.home.runs.glob("*")) if path.is_dir()]

    @property
    def versions(self) -> list[str]:
        """All releases, the oldest first."""
        return self.home.versions()

    def drop_unreadable(self, readable: Callable[[Path], bool]) -> None:
        """Drops the archives that cannot be read, of runs that made no release: nobody knows what they say.

        Raises:
            OSError: a file cannot be removed.
        """
        released = {read_json(self.home.release(v) / "datapackage.json")["run"] for v in self.versions}
        for run in self.runs:
            if run.id not in released and run.archive.is_file() and not readable(run.archive):
                run.archive.unlink()

    def raws(self) -> tuple[list[Raw], list[Raw]]:
        """The raw rows of all runs: those that leave, and all others."""
        every: list[Raw] = []
        alike: set[_Cells] = set()
        for run in self.runs:
            for dataset in self._read(run):
                found, places = _raws(run, dataset), self._places(run, dataset)
                every += [(dataset, raw) for raw in found]
                alike |= {_cells(dataset, raw) for raw in found if self._place(raw) in places}
        # A run that did not come to its tables printed them too: every cell the same, as years tell rows apart.
        left = [(dataset, raw) for dataset, raw in every if _cells(dataset, raw) in alike]
        return left, [(dataset, raw) for dataset, raw in every if _cells(dataset, raw) not in alike]

    def runs_without(self, left: Iterable[Raw], masking: Redaction, redact: Redact) -> None:
        """Takes the rows out of every run: its archive, its rows and tables, whatever else it wrote.

        Args:
            left: the raw rows that leave.
            masking: their texts.
            redact: writes an archive again without them, and gives the digests of the pages that changed.

        Raises:
            OSError: a file cannot be read or written.
        """
        left = list(left)
        earlier.forget(self.home)
        archives: dict[int, Path] = {}
        for run in self.runs:
            if run.archive.is_file():
                self._archive(run, archives, redact)
        for run in self.runs:
            for dataset in self._read(run):
                self._drop_raws(run, dataset, left)
            for dataset in self.datasets:
                self._table(run, dataset)
            files = [path for path in run.root.rglob("*") if path.suffix in {".json", ".log"}]
            told = [path for path in files if not path.is_relative_to(run.declarations) and path != run.inputs]
            redactions.mask_files(told, masking, self.digests)

    def releases_without(self, masking: Redaction) -> None:
        """Takes the rows out of every release, the oldest first, and what cites them out of those that carry it.

        Raises:
            OSError, duckdb.Error: a file cannot be read or written.
        """
        for version in self.versions:
            self.erased[version] = reissue(
                self.home, version, self.declarations, self.erasures, masking, self.digests, self.erased
            )

    def inputs_and_status(self, masking: Redaction) -> None:
        """Makes what runs and releases say of each other true again: digests, decisions, numbers of rows.

        Raises:
            OSError: a file cannot be read or written.
        """
        made_by = {read_json(self.home.release(v) / "datapackage.json")["run"]: v for v in self.versions}
        for path in [self.home.status, *(run.previous_status for run in self.runs)]:
            self._status(path)
        redactions.mask_files([p for p in (self.home.status, self.home.decisions) if p.is_file()], masking, self.tables)
        for run in self.runs:
            if run.inputs.is_file():
                self._inputs(run, made_by.get(run.id), masking)

    def _read(self, run: RunFolder) -> list[Dataset]:
        return [d for d in self.declarations.datasets if d.from_pages and run.rows(d.id).is_file()]

    def _places(self, run: RunFolder, dataset: Dataset) -> set[tuple[object, ...]]:
        """Where the rows that leave a run's table stood, as its evidence says."""
        if not self.erasures.concern(dataset.id) or not run.findings(dataset.id).is_file():
            return set()
        gone = keys(run.table(dataset.id), dataset, self.erasures)
        evidence = read_json(run.findings(dataset.id))["evidence"] if gone else []
        return {(e["source"], e["url"], e["bloc"], e["position"]) for e in evidence if e["cle"] in gone}

    def _place(self, raw: Mapping[str, Any]) -> tuple[object, ...]:
        return (raw["source"], raw["url"], masked(raw["block"], self.declarations.portal), raw["position"])

    def _archive(self, run: RunFolder, archives: dict[int, Path], redact: Redact) -> None:
        file = run.archive.stat().st_ino
        draft = run.archive.with_name(f".{run.archive.name}.part")
        if file in archives:  # runs from one archive have it in common
            draft.hardlink_to(archives[file])
        else:
            changed = redact(run.archive, draft)
            self.digests |= changed
            archives[file] = run.archive
        draft.replace(run.archive)

    def _drop_raws(self, run: RunFolder, dataset: Dataset, left: list[Raw]) -> None:
        """Takes raw rows out of a run, and their texts out of what other rows have of the same place."""
        gone = [(d.id, raw["url"], raw["parts"]) for d, raw in left]
        shared: dict[tuple[str, ...], list[str]] = {}
        for d, raw in left:
            shared.setdefault(_line(raw), []).extend(redactions.printed(d, raw))
        told = read_json(run.rows(dataset.id))
        told["rows"] = [
            redactions.unsaid(raw, dataset, self.erasures.secret, shared.get(_line(raw), []))
            for raw in told["rows"]
            if (dataset.id, raw["url"], raw["parts"]) not in gone
        ]
        write_json(run.rows(dataset.id), told)

    def _table(self, run: RunFolder, dataset: Dataset) -> None:
        gone = keys(run.table(dataset.id), dataset, self.erasures)
        if not gone:
            return
        table = pd.read_parquet(run.table(dataset.id), dtype_backend="numpy_nullable")
        stays = [key_text(row) not in gone for row in table[list(dataset.key)].itertuples(index=False)]
        draft = run.table(dataset.id).with_name(f".{dataset.id}.part")
        pd.read_parquet(run.table(dataset.id))[stays].to_parquet(draft, index=False)
        draft.replace(run.table(dataset.id))
        after = pd.read_parquet(run.table(dataset.id), dtype_backend="numpy_nullable")
        self.tables[digest(table)] = digest(after)
        found = read_json(run.findings(dataset.id))
        found["evidence"] = [item for item in found["evidence"] if item["cle"] not in gone]
        write_json(run.findings(dataset.id), {**found, "erased": found.get("erased", 0) + len(gone)})

    def _status(self, path: Path) -> None:
        if not path.is_file():
            return
        status = read_json(path)
        for entry in status["datasets"]:
            entry["rows"] -= self.erased.get(status["version"] or "", {}).get(entry["name"], 0)
        write_json(path, status)

    def _inputs(self, run: RunFolder, version: str | None, masking: Redaction) -> None:
        inputs = read_json(run.inputs)
        for item in inputs["archives"]:
            item["sha256"] = sha256(self.home.root / item["path"])
        if inputs["base"] is not None:
            inputs["base_sha256"] = sha256(self.home.release(inputs["base"]) / "datapackage.json")
        if run.previous_status.is_file():
            inputs["status_sha256"] = sha256(run.previous_status)
        for decision in inputs["decisions"]:
            decision["rows"] = self.tables.get(decision["rows"], decision["rows"])
            decision |= {name: masking.masked(decision[name]) for name in ("why", "by")}
        touched = self.erased.get(version or "") or self.erased.get(inputs["base"] or "")
        if touched or "erased" in inputs:
            left = total(inputs.get("erased", {}), self.erased.get(version or "", {}))
            held = {
                said["name"]: said["reasons"][0]["code"]
                for said in read_json(run.verdicts)
                if said["verdict"] == "held"
            }
            inputs |= {"erased": left, "held": held}
        write_json(run.inputs, inputs)


def _raws(run: RunFolder, dataset: Dataset) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(run.rows(dataset.id))["rows"]
    return found


def _line(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The place of a raw row, whatever part of it the row is."""
    return raw["url"], raw["block"], raw["position"].partition(", partie ")[0]


def _cells(dataset: Dataset, raw: Mapping[str, Any]) -> _Cells:
    return dataset.id, tuple(dataset.published(raw["parts"]).items())
