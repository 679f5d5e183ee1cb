"""The replay command: rebuilds a release from its archive and recorded inputs, offline, and compares each file."""

from __future__ import annotations

import json
import re
import tempfile
import zlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import duckdb

from pipeline import catalogue, decisions, erasures, stages
from pipeline.checksums import SIGNATURE, SUMS, DamagedError, verify
from pipeline.failures import RunFailedError
from pipeline.paths import Home, RunFolder, read_json, sha256
from pipeline.report import lock_hash
from pipeline.run import Request, Run, Standing
from schemas import load


class ReplayError(Exception):
    """The release cannot be rebuilt; `status` is the exit status of the contract."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay found: whether everything repeats, and the lines to show."""

    same: bool
    told: str


def replay(out: Path, portal: str, version: str | None) -> Replay:
    """Rebuilds a release in a temporary folder and compares.

    With the same code and lock every file repeats byte for byte, but for the .duckdb and the zip that has it (compared
    by content), and what states their size and hash: the catalogues, and SHA256SUMS. With others, the values of data/
    are compared, and that is said.

    Raises:
        ReplayError: no such release, an input is missing or altered, or what they are does not make a release.
    """
    home = Home(out / portal)
    version = version or home.version()
    if version is None or not (home.release(version) / "datapackage.json").is_file():
        there = ", ".join(sorted(p.name for p in home.releases.glob("[0-9]*"))) or "none"
        raise ReplayError(f"No release {version or 'latest'} of {portal} under {out}; there are: {there}", 2)
    released = home.release(version)
    run = RunFolder(home.runs / read_json(released / "datapackage.json")["run"])
    inputs = _inputs(home, run)
    exact = inputs["code"] == metadata.version("canceropole") and inputs["lock"] == lock_hash()
    with tempfile.TemporaryDirectory(prefix="canceropole-replay-") as scratch:
        rebuilt = _rebuilt(Path(scratch), home, run, inputs, portal)
        differing = _differing(released, rebuilt, f"{portal}.duckdb", exact=exact)
    files = len([path for path in released.rglob("*") if path.is_file()])
    terms = "byte for byte" if exact else "by value: the code or the lock differs from the release's"
    if differing:
        return Replay(same=False, told="\n".join([f"{portal} {version} differs ({terms}):", *differing]))
    return Replay(same=True, told=f"{portal} {version} repeats {terms}: {files} files, run {run.id}")


def _inputs(home: Home, run: RunFolder) -> dict[str, Any]:
    if not run.inputs.is_file():
        raise ReplayError(
            f"The run {run.id} is not in {home.runs}: its inputs.json is needed to rebuild the release.", 1
        )
    inputs: dict[str, Any] = read_json(run.inputs)
    expected = {home.root / item["path"]: item["sha256"] for item in inputs["archives"]}
    expected |= {run.declarations / place: digest for place, digest in inputs["declarations"].items()}
    if inputs["base"] is not None:
        expected[home.release(inputs["base"]) / "datapackage.json"] = inputs["base_sha256"]
    if inputs["status_sha256"] is not None:
        expected[run.previous_status] = inputs["status_sha256"]
    for path, digest in expected.items():
        found = sha256(path) if path.is_file() else "no file"
        if found != digest:
            raise ReplayError(
                f"{path}: expected the input with SHA-256 {digest}, found {found}. Restore it to replay.", 1
            )
    return inputs


def _rebuilt(scratch: Path, home: Home, run: RunFolder, inputs: dict[str, Any], portal: str) -> Path:
    try:
        return _rebuild(scratch, home, run, inputs, portal)
    except (
        load.DeclarationError,
        load.UnknownPortalError,
        decisions.DecisionsError,
        erasures.ErasuresError,
        RunFailedError,
        duckdb.Error,
    ) as error:
        raise ReplayError(f"The run {run.id} cannot be made again with the code of today: {error}", 1) from error


def _rebuild(scratch: Path, home: Home, run: RunFolder, inputs: dict[str, Any], portal: str) -> Path:
    declarations = load.load(portal, run.declarations)
    request = Request(portal, only=tuple(inputs["only"]), schemas=run.declarations)
    copy = RunFolder(scratch / "runs" / run.id)
    copy.root.mkdir(parents=True)
    copy.archive.symlink_to((home.root / inputs["archives"][0]["path"]).resolve())
    if run.previous_status.exists():
        copy.previous_status.symlink_to(run.previous_status.resolve())
    applied = decisions.read(json.dumps(inputs["decisions"]))
    standing = Standing(inputs["version"], inputs["erased"], inputs["held"]) if "erased" in inputs else None
    rebuilt = Run(request, declarations, home, copy, inputs["base"], applied, erasures.kept(home), standing)
    stages.extract(rebuilt, anew=True)
    stages.normalize_rows(rebuilt)
    stages.validate_tables(rebuilt)
    verdicts = stages.judge(rebuilt)
    folder = scratch / "package"
    folder.mkdir()
    if stages.package(rebuilt, verdicts, folder) is None:
        raise ReplayError(f"The run {run.id} no longer makes a release: nothing differs from {inputs['base']}.", 1)
    return folder


def _differing(released: Path, rebuilt: Path, database: str, *, exact: bool) -> list[str]:
    both, pattern = (released, rebuilt), "*" if exact else "data/*.json"
    names = {path.relative_to(root).as_posix() for root in both for path in root.rglob(pattern) if path.is_file()}
    names.discard(SIGNATURE)  # the publisher's: a signature repeats by his key alone
    stated = _stated(both, database) if exact else None
    compared = {name: _compared(released / name, rebuilt / name, database, stated) for name in sorted(names)}
    found = [f"  {name}: {said}" for name, said in compared.items() if said]
    return found if exact or found else _altered(released)


def _altered(release: Path) -> list[str]:
    """What of a release is no longer as it was made, for the files whose values are not compared."""
    try:
        verify(release)
    except (DamagedError, OSError) as error:
        return [f"  {error}"]
    return []


def _stated(both: tuple[Path, Path], database: str) -> re.Pattern[bytes]:
    """What two packages may state otherwise: size and hash of database and zip, and the hashes of files that do so."""
    names = (database, f"{Path(database).stem}.zip")
    there = [root / name for root in both for name in names if (root / name).is_file()]
    told = [sha256(path) for path in there]
    stating = [
        path
        for root in both
        for path in map(root.joinpath, catalogue.FILES)
        if path.is_file() and any(one.encode() in path.read_bytes() for one in told)
    ]
    told += [*(str(path.stat().st_size) for path in there), *map(sha256, stating)]
    return re.compile(rb"\b(%s)\b" % "|".join(told).encode())


def _compared(one: Path, other: Path, database: str, stated: re.Pattern[bytes] | None) -> str:
    """How two files differ; without what may be `stated` otherwise, their values alone are compared."""
    if not one.is_file() or not other.is_file():
        return "only in the release" if one.is_file() else "only in the replay"
    try:
        if stated is None:
            return "" if json.loads(one.read_bytes()) == json.loads(other.read_bytes()) else "values differ"
        if one.name == database:
            return "" if _content(one) == _content(other) else "content differs"
        if one.suffix == ".zip":
            return "" if _members(one, database, stated) == _members(other, database, stated) else "content differs"
    except (OSError, ValueError, BadZipFile, zlib.error, EOFError, NotImplementedError, duckdb.Error) as error:
        return f"cannot be read: {error}"
    before, after = one.read_bytes(), other.read_bytes()
    if one.name in {*catalogue.FILES, SUMS}:
        before, after = stated.sub(b"", before), stated.sub(b"", after)
    return "" if before == after else "differs"


def _members(path: Path, database: str, stated: re.Pattern[bytes]) -> dict[str, object]:
    """What a zip of a package holds; of the database, whether it is the one beside."""
    members: dict[str, object] = {}
    with ZipFile(path) as bundle:
        for member in bundle.infolist():
            content = bundle.read(member)
            if member.filename.endswith(f"/{database}"):
                members[member.filename] = content == path.with_name(database).read_bytes()
                continue
            said = stated.sub(b"", content) if member.filename.endswith(f"/{SUMS}") else content
            members[member.filename] = (member.date_time, said)
    return members


def _content(path: Path) -> dict[str, object]:
    """Everything a DuckDB file says: tables, columns, views and macros with comments and keys, and rows in order."""
    with duckdb.connect(str(path), read_only=True) as con:
        described = con.execute("SELECT table_name, comment, sql FROM duckdb_tables() ORDER BY 1").fetchall()
        return {
            "tables": described,
            "columns": con.execute(
                "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() "
                "WHERE NOT internal ORDER BY table_name, column_index"
            ).fetchall(),
            "views": con.execute(
                "SELECT view_name, comment, sql FROM duckdb_views() WHERE NOT internal ORDER BY 1"
            ).fetchall(),
            "macros": con.execute(
                "SELECT function_name, comment, parameters, macro_definition FROM duckdb_functions() "
                "WHERE NOT internal ORDER BY 1"
            ).fetchall(),
            "rows": {name: con.table(name).fetchall() for name, _, _ in described},
        }
