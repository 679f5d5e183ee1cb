"""A large package is held to its descriptor by DuckDB: what that finds is what frictionless finds."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from frictionless import Package, system
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import readback, validate
from pipeline.paths import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Done

FIELDS: dict[str, tuple[str, dict[str, Any]]] = {
    "cle": ("integer", {"required": True, "minimum": -50, "maximum": 50}),
    "nom": ("string", {"required": True, "unique": True, "minLength": 2, "maxLength": 6}),
    "code": ("string", {"pattern": r"\S+-\w"}),
    "genre": ("string", {"enum": ["a", "b"]}),
    "part": ("number", {"minimum": 0, "maximum": 1.5}),
    "publie": ("boolean", {}),
    "jour": ("date", {}),
    "vu_le": ("datetime", {}),
    "parent": ("string", {}),
}
NAMES = list(FIELDS)
PARENTS = ["p", 'é, "q"', "'=1"]
Row = list[str]
VALID = {
    "code": st.sampled_from(["", "é-à", "a-1"]),
    "genre": st.sampled_from(["", "a", "b"]),
    "part": st.sampled_from(["", "0", "0.25", "1.5", "1e-05"]),
    "publie": st.sampled_from(["", "true", "false"]),
    "jour": st.sampled_from(["", "2020-02-29", "1999-12-31"]),
    "vu_le": st.sampled_from(["", "2026-11-23T15:30:00Z"]),
    "parent": st.sampled_from(["", *PARENTS]),
}  # fmt: skip
ROWS = st.lists(st.tuples(*VALID.values()), min_size=2, max_size=6).map(
    lambda rows: [[str(number), f"n\n{number}", *row] for number, row in enumerate(rows)]
)
WRONG = {
    "cle": ["", "x", "1.5", "51", "-51", "1"],
    "nom": ["", "n", "n\n1", "beaucoup"],
    "code": ["a\u00a0-1", "a-"],
    "genre": ["c", "A"],
    "part": ["x", "-0.5", "2", "1,5"],
    "publie": ["oui", "vrai"],
    "jour": ["2021-02-29", "31/12/2020"],
    "vu_le": ["2026-11-23", "2026-11-23T25:30:00Z"],
    "parent": ["inconnu", "P"],
}
CELLS = st.sampled_from([(name, cell) for name, cells in WRONG.items() for cell in cells])


def write(path: Path, rows: list[Row]) -> dict[str, Any]:
    """Writes a CSV; what the descriptor says of its file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return {"path": f"data/{path.name}", "bytes": path.stat().st_size, "hash": f"sha256:{sha256(path)}"}


def package(folder: Path, rows: list[Row], labels: Row = NAMES) -> Path:
    """A package of the drawn table and the one it refers to."""
    (folder / "data").mkdir()
    key = {"fields": ["parent"], "reference": {"resource": "parents", "fields": ["nom"]}}
    fields = [{"name": name, "type": kind, "constraints": given} for name, (kind, given) in FIELDS.items()]
    told = {"format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "profile": "tabular-data-resource"}
    schema = {"fields": fields, "primaryKey": ["cle"], "missingValues": [""], "foreignKeys": [key]}
    other = {"fields": [{"name": "nom", "type": "string"}], "primaryKey": ["nom"], "missingValues": [""]}
    parents = write(folder / "data" / "parents.csv", [["nom"], *([parent] for parent in PARENTS)])
    resources = [
        {"name": "drawn", **told, **write(folder / "data" / "drawn.csv", [labels, *rows]), "schema": schema},
        {"name": "parents", **told, **parents, "schema": other},
    ]
    path = folder / "datapackage.json"
    path.write_text(json.dumps({"name": "drawn", "resources": resources}))
    return path


def by_frictionless(path: Path) -> set[str]:
    with system.use_context(trusted=True):
        report = Package(str(path)).validate()
    assert not report.errors
    return {error.type for task in report.tasks for error in task.errors}


def by_readback(path: Path) -> set[str]:
    told = readback.faults(json.loads(path.read_bytes()), path.parent)
    return {fault.partition("[")[2].partition("]")[0] for fault in told}


@settings(max_examples=15, deadline=None)
@given(rows=ROWS)
def test_what_is_right_is_right_to_both(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = package(tmp_path_factory.mktemp("right"), rows)
    assert by_readback(path) == by_frictionless(path) == set()


@settings(max_examples=50, deadline=None)
@given(rows=ROWS, wrong=CELLS)
@example(rows=[["0", "n\n0", *[""] * 7], ["1", "n\n1", *[""] * 7]], wrong=("cle", "1"))
@example(rows=[["0", "n\n0", *[""] * 7], ["1", "n\n1", *[""] * 7]], wrong=("nom", "n\n1"))
def test_a_wrong_cell_is_the_same_fault_to_both(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], wrong: tuple[str, str]
) -> None:
    name, cell = wrong
    rows[0][NAMES.index(name)] = cell
    path = package(tmp_path_factory.mktemp("wrong"), rows)
    found = by_readback(path)
    # frictionless takes a cell it cannot read for an empty one, and a key with one for none
    assert found == by_frictionless(path) - ({"primary-key"} if "type-error" in found else set()) != set()


@pytest.mark.parametrize("edit", [lambda row: row[:-1], lambda row: [*row, "x"]], ids=["missing", "extra"])
def test_a_row_of_another_width_is_seen(tmp_path: Path, edit: Any) -> None:
    row = ["0", "n0", *[""] * 6, "p"]
    path = package(tmp_path, [["1", "n1", *[""] * 6, "p"], edit(row)])
    assert by_readback(path) == {"source-error"}
    assert by_frictionless(path)


def test_labels_are_the_columns(tmp_path: Path) -> None:
    path = package(tmp_path, [["0", "n0", *[""] * 7]], labels=["cle", "Nom", *NAMES[2:]])
    assert by_readback(path) == by_frictionless(path) == {"incorrect-label"}


def test_a_file_that_is_another_is_seen(tmp_path: Path) -> None:
    path = package(tmp_path, [["0", "n0", *[""] * 7]])
    with (tmp_path / "data" / "parents.csv").open("a") as file:
        file.write("r\n")
    assert by_readback(path) == by_frictionless(path) == {"byte-count", "hash-count"}


def test_a_large_package_is_looked_at_by_both(sample: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "_LARGE", 0)
    validate.validate_package(sample.latest / "datapackage.json")
    path = package(tmp_path, [["0", "n0", *[""] * 6, "inconnu"]])
    with pytest.raises(validate.PackageError, match=r"^drawn \[foreign-key\] parent: no such .parents."):
        validate.validate_package(path)
    said = json.loads(path.read_bytes())
    said["resources"][0]["schema"]["fields"][0]["type"] = "entier"
    path.write_text(json.dumps(said))
    with pytest.raises(Exception, match="entier"):
        validate.validate_package(path)
