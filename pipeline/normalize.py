"""Raw rows to typed tables: cleans, merges what several sources say of one row, ranks, sorts by key.

In: rows/<dataset>.json. Out: tables/<dataset>.parquet, and beside it the evidence and the reasons against it.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline import links
from pipeline.erasures import NOBODY, Erasures
from pipeline.paths import write_json
from schemas.cleaners import NotUnderstoodError, Value, cleaners
from schemas.frame_schema import DTYPES
from schemas.organisations import organisations
from schemas.personal import masked
from schemas.reasons import Reason
from schemas.typography import key as label_key
from schemas.typography import key_text, one_line, setting, shown, unprintable, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.paths import RunFolder
    from schemas.cleaners import Cleaner
    from schemas.load import Declarations
    from schemas.model import Dataset, Field, Portal, Source

    Raw = tuple[Dataset, dict[str, Any]]

Row = dict[str, Value]

_LONGEST = 32_767  # characters that a cell of a spreadsheet holds
_ADDRESS = re.compile(r"\S*(?:://|@)\S*")


@dataclass(slots=True)
class Table:
    """A dataset's rows while they are made, each with the raw rows it comes from."""

    rows: list[tuple[Row, list[dict[str, Any]]]] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Reason] = field(default_factory=list)
    left: list[Row] = field(default_factory=list)


def normalize(
    run: RunFolder,
    declarations: Declarations,
    only: Iterable[str],
    last: Path | None = None,
    erasures: Erasures = NOBODY,
) -> None:
    """Makes the typed table of every dataset in `only` from its raw rows.

    Args:
        run: has the raw rows.
        declarations: have the columns.
        only: the datasets this run extracted, those that others refer to first.
        last: the last release's folder, whose spelling a text keeps where only its setting differs.
        erasures: who has left; their rows are counted in ranks, and nowhere else.

    Raises:
        OSError: the run's folder cannot be written.
    """
    by_name = cleaners(declarations.portal, declarations.references["organisations.csv"])
    named = organisations(declarations.references["organisations.csv"], declarations.labels)
    gone: dict[str, set[Value]] = {}  # by dataset, what rows that left were referred to by
    for name in only:
        dataset = declarations.dataset(name)
        raw = json.loads(run.rows(name).read_bytes())
        table = _table(dataset, raw["rows"], by_name, declarations.portal, _released(dataset, last), erasures)
        _leave_with_parents(dataset, table, gone)
        rows = [row for row, _ in table.rows]
        run.table(name).parent.mkdir(parents=True, exist_ok=True)
        frame(dataset, rows).to_parquet(run.table(name), index=False)
        faults = [Reason.from_json(fault) for fault in raw["faults"]] + table.faults
        evidence = [e for row, sources in table.rows for e in _evidence(dataset, row, sources, declarations.portal)]
        found = {
            "faults": [f.as_json() for f in faults],
            "notes": raw["notes"] + [note.as_json() for note in links.unmapped(dataset, rows, evidence, named)],
            "doubts": _doubts(raw["rows"]),
            "stated": raw["stated"],
            "erased": len(table.left),
            "evidence": evidence,
        }
        write_json(run.findings(name), found)
        if table.rejected:
            write_json(run.rejected(name), table.rejected)


def leaving(declarations: Declarations, raws: Iterable[Raw], erasures: Erasures) -> tuple[list[Raw], list[Raw]]:
    """Parts raw rows in those of who has left, as the page prints them again, and all others.

    Args:
        declarations: have the columns.
        raws: raw rows, each with its dataset.
        erasures: who has left.
    """
    by_name = cleaners(declarations.portal, declarations.references["organisations.csv"])
    left: list[Raw] = []
    others: list[Raw] = []
    for dataset, raw in raws:
        row = _row(dataset, dataset.sources[raw["source"] - 1], raw["parts"], by_name, masked=True)
        row = {name: _withheld(value, declarations.portal) for name, value in row.items()}
        again = erasures.erased(dataset, row) and not erasures.masked(dataset, raw["parts"])
        (left if again else others).append((dataset, raw))
    return left, others


def frame(dataset: Dataset, rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a frame with the dataset's columns and types, sorted by key (text by code point)."""
    ordered = sorted(rows, key=lambda row: [(row[c] is not None, row[c]) for c in dataset.key])
    columns = {
        field.name: pd.array([row[field.name] for row in ordered], dtype=DTYPES[field.type])  # type: ignore[call-overload]  # any of DTYPES
        for field in dataset.fields
    }
    return pd.DataFrame(columns)


def _table(
    dataset: Dataset,
    raw_rows: Iterable[dict[str, Any]],
    by_name: Mapping[str, Cleaner],
    portal: Portal,
    released: Mapping[str, Mapping[str, str]],
    erasures: Erasures,
) -> Table:
    table = Table()
    made: list[tuple[Row, dict[str, Any]]] = []
    left: list[Row] = []
    for raw in raw_rows:
        stands_in = erasures.masked(dataset, raw["parts"])
        try:
            row = _row(dataset, dataset.sources[raw["source"] - 1], raw["parts"], by_name, masked=stands_in)
            row = {name: _withheld(value, portal) for name, value in row.items()}
            made.append(({name: _settled(value, released.get(name, {})) for name, value in row.items()}, raw))
            left += [made[-1][0]] if stands_in or erasures.erased(dataset, row) else []
        except _Refused as refused:
            reason = refused.reason(raw)
            table.faults.append(reason)
            cell = {"column": refused.column, "value": refused.found}
            table.rejected.append({"rule": reason.as_json(), "cell": cell, "evidence": raw})
    ranked_key = any(field.rank is not None for field in dataset.fields if field.name in dataset.key)
    if ranked_key:
        _rank(dataset, [row for row, _ in made])
        _one_place_a_parent(dataset, made, table)
    _merge(dataset, made, table)
    _confirm(dataset, table)
    if not ranked_key:
        _rank(dataset, [row for row, _ in table.rows])
    _leave(table, left)
    return table


def _leave(table: Table, left: list[Row]) -> None:
    """Takes out the rows of who has left, after the ranks: those of the others stay as they are printed."""
    gone = {id(row) for row in left}
    table.left += [row for row, _ in table.rows if id(row) in gone]
    table.rows = [(row, raws) for row, raws in table.rows if id(row) not in gone]


def _leave_with_parents(dataset: Dataset, table: Table, gone: dict[str, set[Value]]) -> None:
    """Takes out the rows that refer to one that left, and adds to `gone` what nothing can refer to any longer."""
    refers = [(column.name, gone.get(column.references, set())) for column in dataset.fields if column.references]
    _leave(table, [row for row, _ in table.rows if any(row[name] in values for name, values in refers)])
    staying = {row[dataset.key[0]] for row, _ in table.rows}
    gone[dataset.id] = {row[dataset.key[0]] for row in table.left} - staying - {None}


def _withheld(value: Value, portal: Portal) -> Value:
    """The value with every person's address masked, whatever column a page has put it in."""
    return masked(value, portal) if isinstance(value, str) else value


def _released(dataset: Dataset, last: Path | None) -> dict[str, dict[str, str]]:
    """The last release's texts by column and setting; those that only their setting tells apart are left out."""
    path = last / "data" / f"{dataset.id}.parquet" if last else None
    if path is None or not path.is_file():
        return {}
    table = pd.read_parquet(path)
    texts: dict[str, dict[str, str]] = {}
    for column in dataset.fields:
        if column.type == "string" and column.name in table.columns:
            values = sorted(set(table[column.name].dropna()))
            settings = Counter(map(setting, values))
            texts[column.name] = {setting(value): value for value in values if settings[setting(value)] == 1}
    return texts


def _settled(value: Value, released: Mapping[str, str]) -> Value:
    """A text as the last release spells it, where a theme has only set it otherwise."""
    if not isinstance(value, str) or _ADDRESS.fullmatch(value):  # in an address, a dash is no setting
        return value
    return released.get(setting(value), value)


def _doubts(raw_rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What makes a row less than sure to be the one declared, once for each place that does."""
    doubts = [
        {"confidence": raw["confidence"], "doubt": raw["doubt"], "page": raw["url"], "place": raw["block"]}
        for raw in raw_rows
        if raw["confidence"] < 1
    ]
    return list({tuple(doubt.values()): doubt for doubt in doubts}.values())


class _Refused(Exception):  # noqa: N818 (never leaves this module: it becomes a reason)
    def __init__(self, code: str, column: str, expected: str, found: str) -> None:
        super().__init__(code)
        self.code, self.column, self.expected, self.found = code, column, expected, found

    def reason(self, raw: Mapping[str, Any]) -> Reason:
        place = " · ".join(text for text in (raw["block"], raw["position"], self.column) if text)
        return Reason(self.code, raw["url"], place, self.expected, self.found)


def _row(
    dataset: Dataset, source: Source, parts: Mapping[str, str], by_name: Mapping[str, Cleaner], *, masked: bool = False
) -> Row:
    """A typed row; of a masked one, which is not published, no value is refused."""
    row: Row = {}
    for column in dataset.fields:
        if column.rank is not None:
            row[column.name] = None
        elif column.name in source.values:
            row[column.name] = _cast(column, source.values[column.name], source.values[column.name])
        else:
            printed = next((parts[part] for part in column.parts if part in parts), None)
            try:
                row[column.name] = None if printed is None else _value(column, printed, by_name)
            except _Refused:
                if not masked:
                    raise
                row[column.name] = None
    for name in dataset.key:
        if row[name] is None and name not in _ranked(dataset) and not masked:
            raise _Refused("key-missing", name, "a value", json.dumps(dict(parts), ensure_ascii=False)[:200])
    return row


def _value(column: Field, part: str, by_name: Mapping[str, Cleaner]) -> Value:
    """The cleaned value of a part; whatever the cleaner, it is text that can be printed, in one cell."""
    printed = shown(part)
    if len(printed) > _LONGEST:
        raise _Refused("value-not-understood", column.name, f"at most {_LONGEST} characters", f"{len(printed)}")
    if unprintable(printed):
        raise _Refused("value-not-understood", column.name, "text without control or direction characters", part)
    if column.map is not None:
        known = {label_key(text): value for text, value in column.map.items()}
        found = known.get(label_key(printed))
        if found is None:
            raise _Refused("value-not-understood", column.name, "one of " + ", ".join(column.map), printed)
        return _cast(column, found, printed)
    try:
        return _cast(column, by_name[column.clean](printed), printed)
    except NotUnderstoodError as error:
        raise _Refused("value-not-understood", column.name, str(error), printed) from error


def _cast(column: Field, value: Value, printed: str) -> Value:
    """The value in its column's type; a cleaner that gives another type is a declaration's fault, said as a value's."""
    if value is None:
        return None
    try:
        if column.type == "integer" and not isinstance(value, bool):
            return _whole(value)
        if column.type == "number":
            return _finite(value)
        if column.type == "boolean":
            return {"true": True, "false": False}[str(value).lower()]
        if column.type == "date":
            return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))
    except (ValueError, KeyError, TypeError) as error:
        raise _Refused("value-not-understood", column.name, f"a value of type {column.type}", printed) from error
    return str(value)


def _whole(value: Value) -> int:
    whole = int(value)  # type: ignore[arg-type]  # a date raises TypeError
    if (isinstance(value, float) and value != whole) or whole.bit_length() > 63:  # noqa: PLR2004 (a Parquet integer)
        raise ValueError("not a whole number of 64 bits")
    return whole


def _finite(value: Value) -> float:
    number = float(value)  # type: ignore[arg-type]  # a date raises TypeError
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _ranked(dataset: Dataset) -> set[str]:
    return {column.name for column in dataset.fields if column.rank is not None}


def _merge(dataset: Dataset, made: list[tuple[Row, dict[str, Any]]], table: Table) -> None:
    """Rows with one key become one row: the first source's values, which the others must not contradict."""
    by_key: dict[tuple[Value, ...], tuple[Row, list[dict[str, Any]]]] = {}
    for row, raw in made:
        identity = tuple(row[name] for name in dataset.key)
        if identity not in by_key:
            by_key[identity] = (row, [raw])
            continue
        first, raws = by_key[identity]
        if any(other["source"] == raw["source"] for other in raws):
            place = f"{raw['block']} · {raw['position']}"
            table.faults.append(
                Reason("key-doubled", raw["url"], place, "one row a key", key_text(row[name] for name in dataset.key))
            )
            continue
        fills = not dataset.sources[raw["source"] - 1].confirms  # what confirms adds no value of its own
        for name in dataset.names:
            if first[name] is None and fills:
                first[name] = row[name]
            elif row[name] is not None and not _agree(first[name], row[name]):
                place = f"{raw['block']} · {raw['position']} · {name}"
                table.faults.append(
                    Reason("sources-disagree", raw["url"], place, str(first[name] or "no value"), str(row[name]))
                )
        raws.append(raw)
    table.rows = list(by_key.values())


def _confirm(dataset: Dataset, table: Table) -> None:
    """Where a source confirms the others, every row is both theirs and its own: it adds none and leaves none out."""
    present = {raw["source"] for _, raws in table.rows for raw in raws}
    confirming = {number for number, source in enumerate(dataset.sources, start=1) if source.confirms}
    if not confirming or len(present) < len(dataset.sources):  # a source without rows has already said why
        return
    for row, raws in table.rows:
        told = {raw["source"] for raw in raws}
        if not confirming <= told or not told - confirming:
            place, found = f"{raws[0]['block']} · {raws[0]['position']}", key_text(row[name] for name in dataset.key)
            table.faults.append(Reason("sources-disagree", raws[0]["url"], place, "a row every source has", found))


def _one_place_a_parent(dataset: Dataset, made: Iterable[tuple[Row, dict[str, Any]]], table: Table) -> None:
    """Where one text is cut into ranked rows, those of a parent come from one text: a second is the parent's copy."""
    seen: dict[tuple[object, ...], tuple[str, str]] = {}
    parents = next(field.rank or () for field in dataset.fields if field.rank is not None and field.name in dataset.key)
    for row, raw in made:
        parent = (raw["source"], *(row[name] for name in parents))
        place = (raw["block"], raw["position"].partition(", partie ")[0])
        cut = dataset.sources[raw["source"] - 1].each is not None
        if cut and parents and seen.setdefault(parent, place) != place:
            found = key_text(row[name] for name in dataset.key)
            table.faults.append(Reason("key-doubled", raw["url"], " · ".join(place), seen[parent][1], found))


def _agree(one: Value, other: Value) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return label_key(one) == label_key(other)
    return one == other


def _rank(dataset: Dataset, rows: Iterable[Row]) -> None:
    ranked = [column for column in dataset.fields if column.rank is not None]
    counts: dict[tuple[object, ...], int] = {}
    for row in rows:
        for column in ranked:
            parent = (column.name, *(row[name] for name in column.rank or ()))
            counts[parent] = counts.get(parent, 0) + 1
            row[column.name] = counts[parent]


def _evidence(
    dataset: Dataset, row: Row, sources: Iterable[Mapping[str, Any]], portal: Portal
) -> Iterable[dict[str, object]]:
    """The evidence rows of a published row (DATASETS, `provenance`): none for reference lists."""
    for raw in sources:
        if not raw["url"]:
            continue
        declared = dataset.sources[raw["source"] - 1].values
        printed = {
            column.name: masked(one_line(raw["parts"][part]), portal)
            for column in dataset.fields
            if column.rank is None and column.name not in declared
            for part in [next((part for part in column.parts if part in raw["parts"]), None)]
            if part is not None
        }
        yield {
            "dataset": dataset.id,
            "cle": key_text(row[name] for name in dataset.key),
            "source": raw["source"],
            "url": raw["url"],
            "capture": raw["capture"],
            "enregistrement": raw["record"],
            "sha256": raw["sha256"],
            "bloc": visible(masked(raw["block"], portal)),
            "position": raw["position"],
            "texte_publie": visible(json.dumps(printed, ensure_ascii=False)),
            "confiance": raw["confidence"],
        }
