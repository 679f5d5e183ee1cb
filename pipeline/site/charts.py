"""Charts of the site: a dataset's rows drawn as its declaration says, as SVG to stand in a page and as a table."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.site.chart_style import config
from pipeline.site.chart_words import cell, number_locale, time_locale
from pipeline.site.drawn import drawn
from pipeline.site.inline_svg import NotDrawnError, inline
from schemas.charts import MAX_ROWS, Channel
from schemas.declared import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.charts import Chart, Encoding
    from schemas.kinds import Language
    from schemas.load import Declarations

WIDE, NARROW = 720, 340  # pixels: of a page's text, of a phone's; text keeps its size in both
# Columns of Vega's rows that none of a dataset's is named like: the row in words, and cells as they are read.
_TOLD, _CELL = "TOLD", "CELL_{}"
_VALUES = {"integer": 1, "number": 1.5, "boolean": True, "date": "2000-01-01", "datetime": "2000-01-01T00:00:00Z"}


class ChartError(Exception):
    """A chart that cannot be drawn of these rows; the message says what was expected and found."""


@dataclass(frozen=True)
class Drawing:
    """A chart over rows, in one language.

    Attributes:
        chart: as declared.
        rows: those drawn, whole: what the chart says and no more.
        titles: what each column drawn is called.
        language: of all it says.
    """

    chart: Chart
    rows: list[dict[str, Any]]
    titles: Mapping[str, str]
    language: Language

    @property
    def title(self) -> str:
        """What the chart shows, in a few words."""
        return str(getattr(self.chart.title, self.language))

    @property
    def description(self) -> str:
        """How to read it, and what is left out."""
        return str(getattr(self.chart.description, self.language)).strip()

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The channel that says how each column is written: one with a format, if there is one."""
        by_format = sorted(self.chart.spec.channels, key=lambda channel: _format(channel) is not None)
        told = {channel.field: channel for channel in by_format}
        return {column: told[column] for column in self.titles}

    @property
    def table(self) -> list[list[str]]:
        """The rows as they are read: a cell a column of `titles`."""
        return [
            [cell(row[column], channel.type, _format(channel), self.language) for column, channel in channels]
            for channels in [self.channels.items()]
            for row in self.rows
        ]

    @property
    def is_number(self) -> list[bool]:
        """Of each column, whether it has numbers."""
        return [channel.type == "quantitative" for channel in self.channels.values()]

    def digest(self, width: int) -> str:
        """The SHA-256 of all that the drawing is made of: two with the same digest are the same bytes."""
        made_of = [self.chart.model_dump(mode="json"), self.rows, self.titles, self.language, width, _program()]
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def svg(self, width: int = WIDE) -> str:
        """The drawing, to stand in a page whose style sheets have chart.css. The first takes a second, others 0.1.

        Args:
            width: in pixels, where it is not scaled.

        Raises:
            ChartError: Vega-Lite does not draw it.
        """
        import vl_convert  # noqa: PLC0415 (starts a JavaScript engine)

        try:
            svg = vl_convert.vegalite_to_svg(
                self._vega_lite(width),
                allowed_base_urls=[],
                format_locale=number_locale(self.language),
                time_format_locale=time_locale(self.language),
            )
            return inline(svg, self.title, self.description)
        except (ValueError, NotDrawnError) as error:
            said = [line for line in str(error).splitlines() if not line.startswith("    at ")]
            raise ChartError(f"expected a chart that Vega-Lite draws, got {' '.join(said)[:300]}") from error

    def _vega_lite(self, width: int) -> dict[str, Any]:
        spec = self.chart.spec
        values = [
            {**row, _TOLD: self._told(cells), **dict(zip(map(_CELL.format, self.titles), cells, strict=True))}
            for row, cells in zip(self.rows, self.table, strict=True)
        ]
        made: dict[str, Any] = {
            "data": {"values": values},
            "width": width,
            "height": spec.height if isinstance(spec.height, int) else spec.height.model_dump(),
            "autosize": {"type": "fit-x", "contains": "padding"},
            "padding": {"left": 2, "right": 6, "top": 6, "bottom": 4},
            "config": config(width),
            "encoding": {**self._encoding(spec.encoding), "description": {"field": _TOLD}},
        }
        if spec.mark is not None:
            return {**made, "mark": _as_declared(spec.mark, self.language)}
        layers = [
            {"mark": _as_declared(one.mark, self.language), "encoding": self._encoding(one.encoding)}
            for one in spec.layer or ()
        ]
        return {**made, "layer": layers}

    def _encoding(self, encoding: Encoding) -> dict[str, Any]:
        made: dict[str, Any] = _as_declared(encoding, self.language)
        for channel in made.values():
            channel["title"] = self.titles[channel["field"]]
        if encoding.text is not None:
            made["text"] = {"field": _CELL.format(encoding.text.field), "type": "nominal"}
        return made

    def _told(self, cells: list[str]) -> str:
        colon, semicolon = ("\N{NO-BREAK SPACE}: ", "\N{NO-BREAK SPACE}; ") if self.language == "fr" else (": ", "; ")
        return semicolon.join(f"{title}{colon}{text}" for title, text in zip(self.titles.values(), cells, strict=True))


def drawing(chart: Chart, rows: Iterable[Mapping[str, Any]], titles: Mapping[str, str], language: Language) -> Drawing:
    """What a chart draws of rows.

    Args:
        chart: as declared.
        rows: the dataset's, with JSON values.
        titles: its columns, and what the page calls them; the chart may call them otherwise.
        language: of the page.

    Raises:
        ChartError: a column the chart names is not there, or it would draw too many rows.
    """
    missing = chart.strangers(titles)
    if missing:
        raise ChartError(f"expected the columns {', '.join(missing)}, got {', '.join(titles)}")
    try:
        found = drawn(chart, rows)
    except (ArithmeticError, TypeError, ValueError) as error:  # a figure made of what is none, a text beside a number
        raise ChartError(f"expected figures where the chart reckons, got: {error}") from error
    if len(found) > MAX_ROWS:
        raise ChartError(f"expected at most {MAX_ROWS} rows to draw, got {len(found)}")
    known = {**titles, **{column: str(getattr(text, language)) for column, text in chart.titles.items()}}
    by_figures = sorted(chart.spec.channels, key=lambda channel: channel.type == "quantitative")
    texts = {c.field for c in by_figures if c.type == "quantitative" for row in found if isinstance(row[c.field], str)}
    if texts:
        raise ChartError(f"expected figures in the columns {', '.join(sorted(texts))}, got texts")
    return Drawing(chart, found, {channel.field: known[channel.field] for channel in by_figures}, language)


def faults(declarations: Declarations) -> list[str]:
    """What keeps declared charts from being drawn, as file:key: expected, got: each is tried over two rows."""
    found = []
    for dataset in declarations.datasets:
        if dataset.chart is None:
            continue
        rows = [{field.name: _VALUES.get(field.type, text) for field in dataset.fields} for text in ("a", "b")]
        try:
            drawing(dataset.chart, rows, {field.name: field.title.fr for field in dataset.fields}, "fr").svg()
        except ChartError as error:
            found.append(f"{declarations.portal.id}/{dataset.id}.yml:chart.spec: {error}")
    return found


def _as_declared(part: Any, language: Language) -> Any:  # noqa: ANN401 (a part of a chart, as JSON)
    """A part as Vega-Lite takes it: what is declared and no more, texts in one language."""
    if isinstance(part, Text):
        return getattr(part, language)
    if isinstance(part, tuple):
        return [_as_declared(one, language) for one in part]
    if not hasattr(part, "model_fields_set"):
        return part
    keys = {name: field.alias or name for name, field in type(part).model_fields.items()}
    return {keys[name]: _as_declared(getattr(part, name), language) for name in keys if name in part.model_fields_set}


def _format(channel: Channel) -> str | None:
    return channel.format or (channel.axis.format if channel.axis is not None else None)


@cache
def _program() -> list[str]:
    """What draws: the version of vl-convert, and these modules."""
    modules = ("charts", "chart_style", "chart_words", "drawn", "inline_svg")
    sources = [(Path(__file__).parent / f"{name}.py").read_bytes() for name in modules]
    return [metadata.version("vl-convert-python"), *(hashlib.sha256(source).hexdigest() for source in sources)]
