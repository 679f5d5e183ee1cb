"""What of a dataset's rows a chart draws: Vega-Lite's transforms, as far as charts declare them, before any drawing."""

from __future__ import annotations

import operator
import re
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from schemas.charts import Aggregate, Chart, Filter, TimeUnit, Transform

    Row = Mapping[str, Any]

_MAX_TEXT = 200  # characters of a cell: what a label or a line of a table still shows
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_LENGTHS: Mapping[TimeUnit, int] = {"utcyear": 4, "utcyearmonth": 7, "utcyearmonthdate": 10}  # of ISO 8601
_FIGURES: Mapping[str, Callable[[Sequence[Any]], Any]] = {"sum": sum, "min": min, "max": max, "mean": fmean}


def drawn(chart: Chart, rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows a chart draws, in its order, with its columns alone; texts are short, and such as XML can have.

    Args:
        chart: as declared.
        rows: the dataset's, with JSON values; every column the chart names.
    """
    columns = tuple(dict.fromkeys(channel.field for channel in chart.spec.channels))
    for step in chart.spec.transform:
        rows = _after(step, rows)
    if chart.order is not None:
        column, is_greatest_first = chart.order
        rows = sorted(rows, key=lambda row: _rank(row[column]), reverse=is_greatest_first)
    return [{column: _shown(row[column]) for column in columns} for row in rows]


def _after(step: Transform, rows: Iterable[Row]) -> list[Row]:
    if step.filter is not None:
        return [row for row in rows if _stays(step.filter, row[step.filter.field])]
    if step.aggregate is not None:
        return _groups(step.groupby, step.aggregate, rows)
    if step.calculate is not None:
        [column], (_, sign, number) = step.reads, step.calculate.split(" ")
        apply = operator.mul if sign == "*" else operator.truediv
        return [{**row, str(step.as_): _of(row[column], partial(_reckoned, apply, int(number)))} for row in rows]
    unit, field = step.time_unit, str(step.field)
    length = _LENGTHS[unit] if unit is not None else None
    return [{**row, str(step.as_): _of(row[field], lambda value: str(value)[:length])} for row in rows]


def _stays(wanted: Filter, value: Any) -> bool:  # noqa: ANN401 (a JSON value)
    if value is None:
        return False
    if wanted.equal is not None:
        return bool(value == wanted.equal)
    if wanted.one_of is not None:
        return value in wanted.one_of
    if wanted.gte is not None:
        return bool(value >= wanted.gte)
    return wanted.lte is None or bool(value <= wanted.lte)


def _groups(by: Sequence[str], figures: Sequence[Aggregate], rows: Iterable[Row]) -> list[Row]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in by), []).append(row)
    return [
        {**dict(zip(by, values, strict=True)), **{one.as_: _figure(one, group) for one in figures}}
        for values, group in groups.items()
    ]


def _figure(one: Aggregate, group: Sequence[Row]) -> Any:  # noqa: ANN401 (a JSON value)
    if one.field is None:
        return len(group)
    values = [row[one.field] for row in group if row[one.field] is not None]
    return _FIGURES[one.op](values) if values else None


def _reckoned(apply: Callable[[Any, int], Any], number: int, value: Any) -> Any:  # noqa: ANN401 (a JSON value)
    if isinstance(value, str):  # which Python would repeat
        raise TypeError(f"{value[:40]!r} is no number")
    return apply(value, number)


def _of(value: Any, made: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (a JSON value)
    return None if value is None else made(value)


def _rank(value: Any) -> tuple[bool, Any]:  # noqa: ANN401 (a JSON value)
    return (value is not None, value if value is not None else 0)


def _shown(value: Any) -> Any:  # noqa: ANN401 (a JSON value)
    if not isinstance(value, str):
        return value
    text = _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
