"""What a package of a million rows costs, built and validated, beside what others need for the same files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from frictionless import Resource, Schema, system
from frictionless.resources import TableResource

from pipeline import build, database, descriptor, sql, validate
from pipeline.paths import Home, RunFolder
from schemas.load import Declarations, load
from schemas.model import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROWS = 1_000_000
SLOW = 50_000  # rows for what would take minutes: its time is in proportion to them
_DLT = Path(__file__).parents[2] / ".venv" / "bench-dlt" / "bin" / "python"
_TITLE = {"fr": "grand", "en": "grand"}
_COLUMNS: dict[str, tuple[str, dict[str, Any]]] = {
    "cle": ("integer", {"required": True, "minimum": 0}),
    "nom": ("string", {"required": True, "unique": True, "pattern": "nom [0-9]+"}),
    "lieu": ("string", {"required": True, "maxLength": 40}),
    "montant_eur": ("integer", {"minimum": 0, "maximum": 1_000_000}),
    "genre": ("string", {"enum": ["a", "b", "c"]}),
    "texte": ("string", {}),
    "publie": ("boolean", {}),
    "jour": ("date", {}),
}
_MADE = (
    "SELECT i AS cle, 'nom ' || i AS nom, 'lieu é ' || i % 1000 AS lieu, (i * 7919) % 100000 AS montant_eur, "
    "['a', 'b', 'c'][i % 3 + 1] AS genre, 'texte ' || md5(i::VARCHAR) AS texte, i % 3 = 0 AS publie, "
    "DATE '2020-01-01' + (i % 2000)::INTEGER AS jour FROM range({}) AS t(i)"
)


def measure(folder: Path, rows: int = ROWS) -> Iterator[str]:
    """Lines of a Markdown table: what, seconds, rows a second, how many times the bare COPY.

    Args:
        folder: where to work; about 2 GB.
        rows: of the table.
    """
    run = RunFolder(folder / "run")
    run.table("grand").parent.mkdir(parents=True)
    few = folder / "few.parquet"
    _make(run.table("grand"), rows)
    _make(few, min(SLOW, rows))
    copied = _seconds(lambda: _copy(run.table("grand"), folder / "bare"))
    yield _line("DuckDB: bare COPY to the same files", copied, rows, copied / rows)
    taken: dict[str, float] = {}
    for name, job in _jobs(run, folder / "package").items():
        taken[name] = _seconds(job)
        yield _line(name, taken[name], rows, copied / rows)
    yield _line("**build with validation, in all**", sum(taken.values()), rows, copied / rows)
    checked = sum(seconds for name, seconds in taken.items() if name.startswith("validation"))
    yield _line("**validation, in all**", checked, rows, copied / rows)
    others = {
        "pandas: the same files but the .duckdb": (rows, lambda: _pandas(run.table("grand"), folder / "pandas")),
        "dlt: to CSV, Parquet, JSON lines and DuckDB": (len_of(few), lambda: _dlt(few, folder / "dlt")),
        "frictionless: to CSV and JSON": (len_of(few), lambda: _frictionless(few, folder / "frictionless")),
        "frictionless: validation of the CSV": (len_of(few), lambda: _checked(few, folder / "frictionless")),
    }
    for name, (size, job) in others.items():
        yield _line(name, _seconds(job), size, copied / rows)


def len_of(parquet: Path) -> int:
    """How many rows a Parquet file has."""
    with sql.connected() as con:
        return int(con.read_parquet(str(parquet)).shape[0])


def _line(name: str, seconds: float, rows: int, bare: float) -> str:
    return f"| {name} | {rows:,} | {seconds:.2f} s | {rows / seconds:,.0f} | {seconds / rows / bare:.2f} |"


def _make(path: Path, rows: int) -> None:
    with sql.connected() as con:
        con.execute(f"COPY ({_MADE.format(rows)}) TO {sql.literal(str(path))} (FORMAT parquet)")


def _dataset() -> Dataset:
    fields = [
        {"name": name, "type": kind, "title": _TITLE, "constraints": given} for name, (kind, given) in _COLUMNS.items()
    ]
    rows = {"min": 0, "max": 10**9}
    return Dataset.model_validate(
        {
            "id": "grand", "title": _TITLE, "description": _TITLE, "sources": [{"reference": "grand.csv"}],
            "fields": fields, "key": ["cle"], "checks": {"rows": rows},
        }
    )  # fmt: skip


def _jobs(run: RunFolder, package: Path) -> dict[str, Callable[[], object]]:
    """What the product does between typed rows and a release, as it does it."""
    portal = load("canceropole-idf")
    declarations = Declarations(portal.portal, (_dataset(),), portal.references, portal.files)
    described = descriptor.tables(declarations, {"grand"}, {}, sample=False)
    package.mkdir()
    told = package / "datapackage.json"

    def built() -> None:
        build.build(run, declarations, described, {"grand": run.table("grand")}, {"grand"}, None, package / "data")

    def stored() -> None:
        said = descriptor.descriptor(
            declarations, described, {"grand"}, {"grand"}, {}, package,
            version="1.0.0", created="2026-01-01T00:00:00Z", run="r", sample=False, stale={},
        )  # fmt: skip
        told.write_text(json.dumps({**said, "version": "1.0.0"}))
        database.write(package, {**said, "version": "1.0.0"}, [], [], Home(package.parent / "home"), None)

    return {
        "validation of the tables (Pandera)": lambda: validate.validate_tables(run, declarations, ["grand"]),
        "build: CSV, Parquet, JSON": built,
        "build: hashes, .duckdb with keys and history": stored,
        "validation of the package": lambda: validate.validate_package(told),
    }


def _copy(rows: Path, folder: Path) -> None:
    """The same rows to the same files and nothing else; a database has them twice, the second time as history."""
    folder.mkdir()
    with sql.connected() as con:
        con.execute(f"CREATE TABLE grand AS FROM read_parquet({sql.literal(str(rows))})")
        for name, options in {"csv": "HEADER", "parquet": "COMPRESSION zstd", "json": "ARRAY true"}.items():
            where = sql.literal(str(folder / f"grand.{name}"))
            con.execute(f"COPY (FROM grand ORDER BY cle) TO {where} (FORMAT {name}, {options})")
        sql.attach(con, folder / "grand.duckdb", "package", small=False)
        con.execute("CREATE TABLE package.grand AS FROM grand ORDER BY cle")
        con.execute("ALTER TABLE package.grand ADD PRIMARY KEY (cle)")
        con.execute(
            "CREATE TABLE package.grand_history AS SELECT '1.0.0' AS since, 1 AS first, * FROM grand ORDER BY cle"
        )
        con.execute("DETACH package")


def _pandas(rows: Path, folder: Path) -> None:
    folder.mkdir()
    table = pd.read_parquet(rows).sort_values("cle")
    table.to_csv(folder / "grand.csv", index=False)
    table.to_parquet(folder / "grand.parquet", index=False, compression="zstd")
    table.to_json(folder / "grand.json", orient="records", date_format="iso")


def _dlt(rows: Path, folder: Path) -> None:
    """In a process of its own, whose libraries are no part of the project's."""
    folder.mkdir()
    subprocess.run(
        [_DLT, "-P", Path(__file__).with_name("with_dlt.py"), rows, folder], check=True, stdout=subprocess.PIPE
    )


def _frictionless(rows: Path, folder: Path) -> None:
    folder.mkdir()
    table = pd.read_parquet(rows).astype({"jour": "datetime64[us]"})
    records = [{**row, "jour": row["jour"].date()} for row in table.to_dict("records")]
    with system.use_context(trusted=True):
        for name in ("csv", "json"):
            TableResource(data=records, schema=_schema()).write(TableResource(path=str(folder / f"grand.{name}")))


def _checked(rows: Path, folder: Path) -> None:
    assert rows.exists()
    with system.use_context(trusted=True):
        assert Resource(path=str(folder / "grand.csv"), schema=_schema()).validate().valid


def _schema() -> Schema:
    fields = [{"name": name, "type": kind, "constraints": given} for name, (kind, given) in _COLUMNS.items()]
    return Schema.from_descriptor({"fields": fields, "primaryKey": ["cle"]})


def _seconds(job: Callable[[], object]) -> float:
    """Seconds of processor time, of all cores and of processes started: what others do on the machine is not in it."""
    started = os.times()
    job()
    return sum(os.times()[:4]) - sum(started[:4])
