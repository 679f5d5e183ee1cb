"""Reads declarations: YAML files to models. The path gives the id; an error says file:key, expected, got."""

from __future__ import annotations

import csv
import dataclasses
import io
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import ValidationError

from schemas.model import Dataset, Portal, View
from schemas.organisations import reviewed_labels
from schemas.plain_yaml import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = Path(__file__).parent
LABELS = "libelles.csv"  # of a portal: the labels a person has reviewed
# What labels are looked up in.
_COLUMNS = {
    "organisations.csv": {"organisation_id", "nom", "parent_id", "libelles"},
    LABELS: {"libelle", "organisation_id", "note"},
}
_MAX_FILE = 1_000_000  # bytes
_MAX_TOLD = 50
M = TypeVar("M", Portal, Dataset, View)


class DeclarationError(Exception):
    """A declaration that cannot be used: the message lists every fault as file:key: expected, got."""


class UnknownPortalError(Exception):
    """No folder of declarations has that name; the message lists those that exist."""


@dataclasses.dataclass(frozen=True, slots=True)
class Declarations:
    """A portal with its datasets (in publication order), the lists they use, its reviewed labels, views over its data.

    `labels`: the ids of the organisations a label names, by label as `typography.key` has it; of none, no ids.
    """

    portal: Portal
    datasets: tuple[Dataset, ...]
    references: Mapping[str, tuple[Mapping[str, str], ...]]
    files: Mapping[str, bytes]
    labels: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    views: tuple[View, ...] = ()

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name; KeyError lists the valid ones."""
        for dataset in self.datasets:
            if dataset.id == name:
                return dataset
        raise KeyError(f"no dataset {name}; there are: {', '.join(d.id for d in self.datasets)}")


def portals(root: Path = HOME) -> tuple[str, ...]:
    """Ids of the portals declared under `root`, sorted."""
    return tuple(sorted(path.parent.name for path in root.glob("*/portal.yml")))


def load(portal: str, root: Path = HOME) -> Declarations:
    """Reads and checks one portal's declarations.

    Args:
        portal: the portal's id, a folder name under `root`.
        root: the folder that holds portals and `reference/`.

    Returns:
        The portal, its datasets in the order of their files' names with parents before children, reference lists by
        file name, its reviewed labels (none without a libelles.csv), its views, and the bytes of every file read by
        path relative to `root` (inputs of a release).

    Raises:
        UnknownPortalError: no such portal.
        DeclarationError: a file is missing, is not YAML or CSV, or breaks the model; all faults are listed.
    """
    if portal not in portals(root):
        known = ", ".join(portals(root)) or "none"
        raise UnknownPortalError(f"no portal {portal!r} under {root}; declared there: {known}")
    folder = root / portal
    files: dict[str, bytes] = {}
    faults: list[str] = []
    home: Portal | None = None
    datasets: list[Dataset] = []
    for path in sorted(folder.glob("*.yml")):
        content = _mapping(path, root, files, faults)
        if content is None:
            continue
        place = f"{portal}/{path.name}"
        if path.name == "portal.yml":
            home = _model(Portal, {"id": portal, **content}, place, faults)
        else:
            dataset = _model(Dataset, {"id": path.stem, **content}, place, faults)
            datasets += [dataset] if dataset else []
    views: list[View] = []
    for path in sorted((folder / "views").glob("*.yml")):
        content = _mapping(path, root, files, faults)
        if content is not None:
            view = _model(View, {"id": path.stem, **content}, f"{portal}/views/{path.name}", faults)
            views += [view] if view else []
    references = _references(datasets, root, files, faults)
    listed = folder / LABELS
    lines = _table(listed, root, files, faults) if listed.is_symlink() or listed.exists() else ()
    labels: Mapping[str, tuple[str, ...]] = {}
    if not faults:
        labels = reviewed_labels(lines, references["organisations.csv"], f"{portal}/{LABELS}", faults)
        faults += _dangling(datasets, portal)
    if faults or home is None:
        more = [f"{portal}: and {len(faults) - _MAX_TOLD} more"] if len(faults) > _MAX_TOLD else []
        raise DeclarationError("\n".join([*faults[:_MAX_TOLD], *more]))
    return Declarations(home, _parents_first(datasets), references, dict(sorted(files.items())), labels, tuple(views))


def portal_alone(portal: str, root: Path = HOME) -> Portal:
    """Reads one portal.yml and nothing beside it: when to run is known even where a dataset's declaration is broken.

    Args:
        portal: the portal's id, one of `portals`.
        root: the folder that holds portals.

    Raises:
        DeclarationError: it is not YAML or breaks the model; all its faults are listed.
    """
    path, faults = root / portal / "portal.yml", list[str]()
    content = _mapping(path, root, {}, faults)
    found = None if content is None else _model(Portal, {"id": portal, **content}, f"{portal}/{path.name}", faults)
    if found is None:
        raise DeclarationError("\n".join(faults[:_MAX_TOLD]))
    return found


def _read(path: Path, root: Path) -> bytes:
    """The bytes of a declaration's file.

    Raises:
        OSError: it cannot be read, is no file of the folder of declarations, or is too large to be a declaration.
    """
    if not path.is_file():
        raise OSError("no file, or none that can be read as one")
    if not path.resolve().is_relative_to(root.resolve()):
        raise OSError(f"a link that leads outside {root.name}")
    with path.open("rb") as file:
        raw = file.read(_MAX_FILE + 1)
    if len(raw) > _MAX_FILE:
        raise OSError(f"more than {_MAX_FILE} bytes")
    return raw


def _mapping(path: Path, root: Path, files: dict[str, bytes], faults: list[str]) -> dict[str, object] | None:
    place = path.relative_to(root).as_posix()
    try:
        raw = _read(path, root)
        content = plain(raw)
    except (OSError, ValueError, yaml.YAMLError) as error:
        faults.append(f"{place}: expected a YAML file, got {' '.join(str(error).split())}")
        return None
    if not isinstance(content, dict):
        faults.append(f"{place}: expected keys and values, got {type(content).__name__}")
        return None
    if "id" in content:
        faults.append(f"{place}:id: expected none (the path gives the id), got {_got(content['id'])}")
        return None
    files[place] = raw
    return content


def _model(model: type[M], content: dict[str, object], place: str, faults: list[str]) -> M | None:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        for fault in error.errors():
            key = ".".join(str(step) for step in fault["loc"]) or "(file)"
            faults.append(f"{place}:{key}: {fault['msg']}; got {_got(fault['input'])}")
        return None


def _got(value: object) -> str:
    try:
        told = repr(value)
    except ValueError:  # thousands of digits, which Python does not print
        return "a number of thousands of digits"
    return told if len(told) < 80 else told[:77] + "..."  # noqa: PLR2004 (a line's width)


def _references(
    datasets: list[Dataset], root: Path, files: dict[str, bytes], faults: list[str]
) -> dict[str, tuple[Mapping[str, str], ...]]:
    wanted = {"organisations.csv"} | {source.reference for d in datasets for source in d.sources if source.reference}
    return {name: _table(root / "reference" / name, root, files, faults) for name in sorted(wanted)}


def _table(path: Path, root: Path, files: dict[str, bytes], faults: list[str]) -> tuple[Mapping[str, str], ...]:
    """The rows of a CSV file by column; none if it cannot be read as one."""
    place = path.relative_to(root).as_posix()
    try:
        raw = _read(path, root)
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig").rstrip("\r\n"), newline=""), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.append(f"{place}: expected a UTF-8 CSV file, got {error}")
        return ()
    header, *rows = lines or [[]]
    files[place] = raw
    faults += [
        f"{place}:{number}: expected {len(header)} cells, got {len(row)}"
        for number, row in enumerate(rows, start=2)
        if len(row) != len(header)
    ]
    missing = sorted(_COLUMNS.get(path.name, set()) - set(header))
    if missing:
        faults.append(f"{place}: expected the columns {', '.join(missing)} too")
    return tuple(dict(zip(header, row, strict=False)) for row in rows)


def _dangling(datasets: list[Dataset], portal: str) -> list[str]:
    by_id = {dataset.id: dataset for dataset in datasets}
    faults = []
    for dataset in datasets:
        for field in dataset.fields:
            if field.references is None:
                continue
            target = by_id.get(field.references)
            if target is None or len(target.key) != 1:
                got = "no such dataset" if target is None else f"a key of {len(target.key)} columns"
                faults.append(
                    f"{portal}/{dataset.id}.yml:fields.{field.name}.references: expected a dataset with a key of one "
                    f"column, got {field.references} ({got})"
                )
    return faults


def _parents_first(datasets: list[Dataset]) -> tuple[Dataset, ...]:
    ordered: list[Dataset] = []
    waiting = sorted(datasets, key=lambda d: (d.derived is not None, d.id))
    while waiting:
        placed = {dataset.id for dataset in ordered}
        ready = [
            dataset
            for dataset in waiting
            if {field.references for field in dataset.fields} - {None, dataset.id} <= placed
        ] or waiting[:1]  # a cycle of references: any order will do, the gate looks at both ends
        ordered.append(ready[0])
        waiting.remove(ready[0])
    return tuple(ordered)
