"""Holds the tables to their schemas: Pandera on the data, then frictionless on the built package."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow
from frictionless import Package, system
from pandera.errors import SchemaErrors
from pyarrow import compute

from pipeline import readback
from pipeline.described import tables
from pipeline.paths import read_json, write_json
from schemas.frame_schema import frame_schema
from schemas.reasons import Reason
from schemas.typography import GUARDED, guarded, key_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from frictionless import Report

    from pipeline.paths import RunFolder
    from schemas.load import Declarations
    from schemas.model import Dataset


_LARGE = 10_000_000  # bytes of all CSV files: what frictionless reads in seconds
_FIRST = 1_000  # rows of each table of a larger package
_TOLD = 5


class PackageError(Exception):
    """The built package breaks its own descriptor: a fault of ours, nothing is released."""


def validate_tables(run: RunFolder, declarations: Declarations, only: Iterable[str]) -> None:
    """Checks each table in `only` against its Pandera schema: a row that breaks it is set aside, with the reason.

    So is a row whose CSV would break it, for the guard before what a spreadsheet runs.
    """
    for name in only:
        dataset = declarations.dataset(name)
        table = pd.read_parquet(run.table(name), dtype_backend="numpy_nullable")
        printed = _guarded(dataset, table)
        failures = failures_of(dataset, table) or (failures_of(dataset, table.assign(**printed)) if printed else [])
        if failures:
            _set_aside(run, dataset, table, failures)


def failures_of(dataset: Dataset, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Every way a table breaks its schema: row key, column, rule, value; empty if it holds."""
    schema = frame_schema(dataset)
    typed = table.astype({field.name: schema.columns[field.name].dtype.type for field in dataset.fields})
    try:
        schema.validate(typed, lazy=True)
    except SchemaErrors as errors:
        return [
            {
                "cle": _key_at(dataset, typed, case["index"]),
                "column": str(case["column"]),
                "rule": str(case["check"]),
                "value": str(case["failure_case"]),
            }
            for case in errors.failure_cases.to_dict("records")
        ]
    return []


def _guarded(dataset: Dataset, table: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns that a CSV has with guards before what a spreadsheet runs: few have such a cell."""
    printed = {}
    for name in (field.name for field in dataset.fields if field.type == "string"):
        texts = pyarrow.array(table[name], type=pyarrow.large_string())
        found = compute.fill_null(compute.match_substring_regex(texts, GUARDED), fill_value=False)
        runs = found.to_numpy(zero_copy_only=False)
        if runs.any():
            printed[name] = table[name].mask(runs, table[name].map(guarded, na_action="ignore"))
    return printed


def validate_package(descriptor: Path) -> None:
    """Runs frictionless on a built package, foreign keys included.

    It takes a minute for two million rows: of a large package it looks at the first rows, and DuckDB at all of them
    (docs/decisions/0016).

    Raises:
        PackageError: with the first errors found.
    """
    said = read_json(descriptor)
    large = sum(table["bytes"] for table in tables(said)) > _LARGE
    found = list(islice(readback.faults(said, descriptor.parent), _TOLD)) if large else []
    with system.use_context(trusted=True):
        package = Package(str(descriptor))
        report = _first_rows(package) if large else package.validate()
    found += [f"{task.name} [{error.type}] {error.message}" for task in report.tasks for error in task.errors]
    found += [f"{descriptor.name} [{error.type}] {error.message}" for error in report.errors]
    if found:
        raise PackageError("; ".join(found[:_TOLD]))


def _first_rows(package: Package) -> Report:
    """What frictionless says of the descriptor and the first rows, and not of what takes all of them."""
    for resource in package.resources:
        resource.hash = resource.bytes = None
        resource.schema.foreign_keys = []
    report: Report = package.validate(limit_rows=_FIRST)
    return report


def _key_at(dataset: Dataset, table: pd.DataFrame, index: object) -> str:
    if not isinstance(index, int) or index not in table.index:
        return ""
    return key_text(table.at[index, name] for name in dataset.key)


def _set_aside(run: RunFolder, dataset: Dataset, table: pd.DataFrame, failures: Sequence[Mapping[str, Any]]) -> None:
    found = read_json(run.findings(dataset.id))
    seen = {item["cle"]: item for item in reversed(found["evidence"])}
    rules = [_reason(failure, seen.get(failure["cle"])).as_json() for failure in failures]
    kept = read_json(run.rejected(dataset.id)) if run.rejected(dataset.id).exists() else []
    kept += [
        {
            "rule": rule,
            "cell": {"column": failure["column"], "value": failure["value"]},
            "evidence": seen.get(failure["cle"], {"cle": failure["cle"]}),
        }
        for rule, failure in zip(rules, failures, strict=True)
    ]
    broken = {failure["cle"] for failure in failures}
    keys = [key_text(row) for row in table[list(dataset.key)].itertuples(index=False)]
    table[[key not in broken for key in keys]].to_parquet(run.table(dataset.id), index=False)
    found["faults"] += rules
    found["evidence"] = [item for item in found["evidence"] if item["cle"] not in broken]
    write_json(run.findings(dataset.id), found)
    write_json(run.rejected(dataset.id), kept)


def _reason(failure: Mapping[str, Any], at: Mapping[str, Any] | None) -> Reason:
    place = " · ".join([*([at["bloc"], at["position"]] if at else []), failure["cle"], failure["column"]])
    return Reason("schema", at["url"] if at else "", place, failure["rule"], failure["value"])
