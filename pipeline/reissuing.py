"""A release written again without the rows of who has left: same version and dates, sums and change note anew."""

from __future__ import annotations

import shutil
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd

from pipeline import build, database, links, release, signing
from pipeline.changes import changes
from pipeline.checksums import SUMS
from pipeline.described import database as database_name
from pipeline.described import schemas_of
from pipeline.descriptor import dated, reach
from pipeline.paths import Home, RunFolder, read_json, resources_of, sha256, write_json
from schemas.typography import key_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pipeline.erasures import Erasures
    from schemas.load import Declarations
    from schemas.model import Dataset, Portal
    from schemas.redaction import Redaction

_PROVENANCE, _PAGES = "provenance", "pages"
_CITED = {_PROVENANCE: ("url", "bloc", "texte_publie"), _PAGES: ("url", "titre")}


def reissue(
    home: Home,
    version: str,
    declarations: Declarations,
    erasures: Erasures,
    masking: Redaction,
    digests: Mapping[str, str],
    erased: Mapping[str, Mapping[str, int]],
) -> dict[str, int]:
    """Takes the rows out of a release, and what cites them out of `provenance` and `pages`.

    Args:
        home: the copy that is worked on; the release before this one is written again already.
        version: the release's.
        declarations: today's.
        erasures: who has left.
        masking: their texts.
        digests: the SHA-256 of pages as they were, and as they are without the texts.
        erased: how many rows left each dataset of the releases before, by version.

    Returns:
        How many rows left each dataset.

    Raises:
        OSError, duckdb.Error: a file cannot be read or written.
    """
    folder = home.release(version)
    concerned = [dataset for dataset in declarations.datasets if erasures.concern(dataset.id)]
    gone = {d.id: keys(folder / "data" / f"{d.id}.parquet", d, erasures) for d in concerned}
    gone = {name: found for name, found in gone.items() if found}
    linked = links.table(declarations)
    if linked and (links_of_gone := _links(folder / "data" / f"{linked}.parquet", gone)):
        gone[linked] = links_of_gone

    def edit(con: duckdb.DuckDBPyConnection, name: str) -> bool:
        if name in _CITED:
            return _cite(con, name, gone, masking, digests)
        return _delete(con, name, _key(folder, name), gone.get(name, set()))

    draft = folder.with_name(f".{version}")
    draft.mkdir()
    build.rewrite(folder, edit, draft / "data")
    for path in sorted(folder.rglob("*")):
        copy = draft / path.relative_to(folder)
        if path.is_file() and not copy.exists() and path.suffix != ".duckdb":
            copy.parent.mkdir(exist_ok=True)
            copy.hardlink_to(path)
    left = {name: len(found) for name, found in gone.items()}
    _describe(home, folder, draft, declarations.portal, left, erased)
    shutil.rmtree(folder)
    draft.rename(folder)
    return left


def keys(path: Path, dataset: Dataset, erasures: Erasures) -> set[str]:
    """The keys, in a dataset's Parquet file, of the rows that have left; none where there is no such file.

    Raises:
        OSError: the file cannot be read.
    """
    if not path.is_file():
        return set()
    return {key_text(row[name] for name in dataset.key) for row in rows(path) if erasures.erased(dataset, row)}


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file; an empty cell is None.

    Raises:
        OSError: the file cannot be read.
    """
    table = pd.read_parquet(path, dtype_backend="numpy_nullable").astype(object)
    for row in table.where(table.notna(), None).to_dict("records"):
        yield {str(name): value for name, value in row.items()}


def total(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Numbers of rows by dataset, added."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def _describe(
    home: Home,
    folder: Path,
    draft: Path,
    portal: Portal,
    left: Mapping[str, int],
    erased: Mapping[str, Mapping[str, int]],
) -> None:
    """Writes what the release says of itself: sizes and digests, its database, what changed, how many rows left."""
    descriptor = read_json(draft / "datapackage.json")
    descriptor |= {name: told for name, told in reach(portal).items() if name not in descriptor}
    for resource in descriptor["resources"]:
        path = draft / resource["path"]
        resource |= {"bytes": path.stat().st_size, "hash": f"sha256:{sha256(path)}"}
    run = RunFolder(home.runs / descriptor["run"])
    inputs = read_json(run.inputs) if run.inputs.is_file() else {}
    earlier = home.versions()[: home.versions().index(descriptor["version"])]
    base = home.release(earlier[-1]) if earlier else None  # of a run that is gone nothing else says it
    before = read_json(base / "datapackage.json") if base is not None else None
    order = {resource["name"]: at for at, resource in enumerate(descriptor["resources"])}
    lost = erased.get(base.name, {}) if base else {}  # a row that this release said was removed
    differ = {*left, *lost} & order.keys()
    told = [change for change in read_json(draft / "changes.json") if change["dataset"] not in differ]
    told += [change for name in sorted(differ) if base for change in _changes(name, base, draft)]
    told.sort(key=lambda change: order.get(change["dataset"], len(order)))
    schemas = schemas_of(before) if before else None
    _date(descriptor, {change["dataset"] for change in told} | set(_CITED), resources_of(base))
    write_json(draft / "datapackage.json", descriptor)
    freshness = database.released(folder / database_name(descriptor), draft / "data")
    database.write(draft, descriptor, told, freshness, home, base.name if base else None)
    release.tell_changes(draft, descriptor, schemas, told, total(inputs.get("erased", {}), left))
    signing.sign(draft / SUMS)


def _date(descriptor: dict[str, Any], changed: set[str], released: Mapping[str, Any]) -> None:
    """Says anew when each table last changed: a row that left may have been all that did."""
    tables = {resource["name"]: resource for resource in descriptor["resources"] if resource["format"] == "csv"}
    dates = {name: dated(table, changed, released, descriptor["created"]) for name, table in tables.items()}
    for resource in descriptor["resources"]:
        resource.update(dates[PurePosixPath(resource["path"]).stem])


def _changes(name: str, base: Path, draft: Path) -> list[dict[str, Any]]:
    before, after = (folder / "data" / f"{name}.parquet" for folder in (base, draft))
    with duckdb.connect() as con:
        return changes(con, name, _key(draft, name), before if before.is_file() else None, after)


def _key(folder: Path, name: str) -> list[str]:
    """The columns of a table's key in that release."""
    return list(resources_of(folder)[name]["schema"]["primaryKey"])


def _links(path: Path, gone: Mapping[str, set[str]]) -> set[str]:
    """The keys of the links to organisations that rows which left had."""
    found = rows(path) if path.is_file() else ()
    return {links.key(link) for link in found if link["cle"] in gone.get(link["dataset"], set())}


def _cite(
    con: duckdb.DuckDBPyConnection,
    name: str,
    gone: Mapping[str, set[str]],
    masking: Redaction,
    digests: Mapping[str, str],
) -> bool:
    """Takes the rows' evidence out of `provenance`, and their texts out of what cites pages."""
    changed = False
    if name == _PROVENANCE:
        for dataset, found in gone.items():
            for key in sorted(found):
                removed = con.execute("DELETE FROM provenance WHERE dataset = ? AND cle = ?", [dataset, key])
                changed |= (removed.fetchone() or (0,))[0] > 0
    columns = ", ".join(("rowid", "sha256", *_CITED[name]))
    for rowid, sha, *texts in con.execute(f"SELECT {columns} FROM {name}").fetchall():  # noqa: S608 (names are this module's)
        now = [digests.get(sha, sha), *(text and masking.masked(text) for text in texts)]
        if now != [sha, *texts]:
            assigned = ", ".join(f"{column} = ?" for column in ("sha256", *_CITED[name]))
            con.execute(f"UPDATE {name} SET {assigned} WHERE rowid = ?", [*now, rowid])  # noqa: S608 (as above)
            changed = True
    return changed


def _delete(con: duckdb.DuckDBPyConnection, name: str, key: list[str], gone: set[str]) -> bool:
    if not gone:
        return False
    columns = ", ".join(f'"{column}"' for column in key)
    for rowid, *values in con.execute(f'SELECT rowid, {columns} FROM "{name}"').fetchall():  # noqa: S608 (names are the declaration's)
        if key_text(values) in gone:
            con.execute(f'DELETE FROM "{name}" WHERE rowid = ?', [rowid])  # noqa: S608 (as above)
    return True
