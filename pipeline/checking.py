"""What the check command tells of the last release: labels of organisations that nobody has mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyarrow import parquet

from pipeline.paths import Home
from schemas.load import LABELS
from schemas.organisations import organisations
from schemas.suggestions import near
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from schemas.load import Declarations


def notes(out: Path, declarations: Declarations) -> list[str]:
    """A line for each label of the current release that nobody has mapped to organisations, with those that are near.

    Args:
        out: where outputs are; without a release there, nobody has printed anything yet.
        declarations: say which columns name organisations; one that a release does not have yet is passed over.
    """
    release = Home(out / declarations.portal.id).current()
    if release is None:
        return []
    rows = declarations.references["organisations.csv"]
    index = organisations(rows, declarations.labels)
    names = {row["organisation_id"]: row["nom"] for row in rows}
    told = []
    for place, path, column in _columns(release, declarations):
        unmapped = {
            named.label for text in _texts(path, column) for named in index.named(text) if named.organisations is None
        }
        for label in sorted(unmapped):
            alike = ", ".join(f"{organisation} ({names[organisation]})" for organisation in near(label, index))
            told.append(
                f"{place}: nobody has mapped {label!r} of release {release.name}; near: {alike or 'none'}; "
                f"a line in {declarations.portal.id}/{LABELS} maps it"
            )
    return [visible(line) for line in told]


def _columns(release: Path, declarations: Declarations) -> Iterator[tuple[str, Path, str]]:
    """The columns of a release that name organisations: where each is declared, its file and its name."""
    for dataset in declarations.datasets:
        for field in dataset.fields:
            path = release / "data" / f"{dataset.id}.parquet"
            if field.organisations is not None and path.is_file():
                yield f"{declarations.portal.id}/{dataset.id}.yml:fields.{field.name}", path, field.name


def _texts(path: Path, column: str) -> set[str]:
    if column not in parquet.read_schema(path).names:
        return set()
    return set(parquet.read_table(path, columns=[column])[column].to_pylist()) - {None}
