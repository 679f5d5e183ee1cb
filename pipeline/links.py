"""Which organisations the published rows name: the table that ties their labels to the list of organisations."""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from schemas.load import LABELS
from schemas.organisations import organisations
from schemas.reasons import Reason
from schemas.typography import key_text, key_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from schemas.load import Declarations
    from schemas.model import Dataset
    from schemas.organisations import Organisations

_LIST = "organisations"
_KEY = ("dataset", "cle", "colonne", "organisation_id")


def table(declarations: Declarations) -> str | None:
    """The name of the dataset that has the links; None where none is declared."""
    return next((dataset.id for dataset in declarations.datasets if dataset.derived == _LIST), None)


def links(declarations: Declarations, rows: Mapping[str, Path]) -> list[dict[str, object]]:
    """The links of all rows that will be published, to organisations that will be too.

    Args:
        declarations: say which columns name organisations, in which role; have the list and the reviewed labels.
        rows: the Parquet file of each table; one from an earlier release may lack columns.

    Returns:
        Rows of the links' table: dataset, cle, colonne, organisation_id, role.
    """
    if _LIST not in rows:
        return []
    index = organisations(declarations.references["organisations.csv"], declarations.labels)
    published = set(pd.read_parquet(rows[_LIST], columns=["organisation_id"])["organisation_id"])
    return [
        {"dataset": dataset.id, "cle": cle, "colonne": column, "organisation_id": organisation, "role": role}
        for dataset in declarations.datasets
        if dataset.id in rows
        for column, role, cle, printed in _cells(dataset, rows[dataset.id])
        for organisation in sorted({one for named in index.named(printed) for one in named.organisations or ()})
        if organisation in published
    ]


def evidence(
    found: Iterable[Mapping[str, Any]], provenance: Iterable[Mapping[str, Any]], name: str
) -> list[dict[str, Any]]:
    """The evidence of links: that of the rows they are about, with the text of the one cell.

    Args:
        found: the links.
        provenance: the evidence of all other rows.
        name: the links' table.
    """
    by_row: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for seen in provenance:
        by_row.setdefault((seen["dataset"], seen["cle"]), []).append(seen)
    return [
        {
            **seen,
            "dataset": name,
            "cle": key(link),
            "texte_publie": _printed(seen["texte_publie"], link["colonne"]),
        }
        for link in found
        for seen in by_row.get((link["dataset"], link["cle"]), ())
    ]


def unmapped(
    dataset: Dataset, rows: Iterable[Mapping[str, Any]], evidence: Iterable[Mapping[str, Any]], index: Organisations
) -> Iterator[Reason]:
    """The labels that nobody has mapped to organisations, nor found to name none, each once.

    Args:
        dataset: says which columns name organisations.
        rows: its rows.
        evidence: where they stand.
        index: the list of organisations and the reviewed labels.
    """
    seen = {item["cle"]: item for item in evidence}
    columns = [column.name for column in dataset.fields if column.organisations is not None]
    told: set[str] = set()
    for row, column in product(rows, columns):
        for one in index.named(str(row[column] or "")):
            if one.organisations is None and one.label not in told:
                told.add(one.label)
                at = seen.get(key_text(row[name] for name in dataset.key), {"url": "", "bloc": "", "position": ""})
                place = " · ".join(text for text in (at["bloc"], at["position"], column) if text)
                yield Reason("label-unmapped", at["url"], place, f"a line of {LABELS}", one.label)


def of_their_own(changes: Sequence[Mapping[str, Any]], name: str | None) -> list[Mapping[str, Any]]:
    """The row changes without those of links that follow a changed label: they are part of its correction.

    Args:
        changes: objects of changes.json.
        name: the links' table; None where there is none.
    """
    changed = {
        (change["dataset"], change["key"], column)
        for change in changes
        if change["change"] == "changed"
        for column in change["columns"]
    }
    return [c for c in changes if c["dataset"] != name or (*key_values(c["key"])[:3],) not in changed]


def key(link: Mapping[str, Any]) -> str:
    """The text of a link's key."""
    return key_text(link[column] for column in _KEY)


def _cells(dataset: Dataset, path: Path) -> Iterator[tuple[str, str, str, str]]:
    """The cells that name organisations: column, role, the row's key, the text."""
    named = {field.name: field.organisations for field in dataset.fields if field.organisations}
    if not named:
        return
    released = pd.read_parquet(path, dtype_backend="numpy_nullable")
    if not set(dataset.key) <= set(released.columns):  # released before its key had these columns
        return
    for column in named.keys() & set(released.columns):
        for row in released[released[column].notna()][[*dict.fromkeys((*dataset.key, column))]].to_dict("records"):
            yield column, str(named[column]), key_text(row[name] for name in dataset.key), str(row[column])


def _printed(texts: str, column: str) -> str:
    """What the page prints for the cell; nothing where the declaration says who is meant."""
    printed = json.loads(texts)
    return json.dumps({"organisation_id": printed[column]} if column in printed else {}, ensure_ascii=False)
