"""The charts of a portal's tables in its pages: each drawn once, and kept until its rows or its declaration change."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipeline.site.charts import NARROW, WIDE, ChartError, Drawing, drawing
from pipeline.site.words import SUFFIX
from schemas.charts import MAX_READ, MAX_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pipeline.site.pages import Pages
    from pipeline.site.rows import Tables
    from schemas.model import Dataset

_KEPT = ".charts"  # the folder of a site that has its drawings, by their digests


class Figures:
    """What the pages of a site's tables have of charts."""

    def __init__(self, datasets: Iterable[Dataset], last: Path | None, site: Path) -> None:
        """`datasets`: as declared; `last`: the site before, if there is one; `site`: the one in the making."""
        self._charts = {dataset.id: dataset.chart for dataset in datasets if dataset.chart is not None}
        self._last, self._site = last, site

    def keep(self) -> None:
        """Keeps all drawings of the last site: they are of the same rows, whether or not a page is made of them now."""
        if self._last is not None and (self._last / _KEPT).is_dir():
            shutil.copytree(self._last / _KEPT, self._site / _KEPT, dirs_exist_ok=True)

    def made_of(self, dataset: str) -> object:
        """What is declared of a dataset's chart, as JSON; None where none is."""
        chart = self._charts.get(dataset)
        return chart.model_dump(mode="json") if chart is not None else None

    def of(self, table: Mapping[str, Any], tables: Tables, pages: Pages) -> Markup:
        """The chart of a table; a word for it where it cannot be drawn, nothing where none is declared.

        Args:
            table: its CSV resource, as published.
            tables: those of the release.
            pages: of the language.
        """
        chart = self._charts.get(table["name"])
        if chart is None:
            return Markup()
        titles = {field["name"]: field[f"title{SUFFIX[pages.language]}"] for field in table["schema"]["fields"]}
        rows = tables.all_rows(table, MAX_READ if chart.aggregates else MAX_ROWS)
        if rows is None:
            return pages.chart_failed()
        try:
            drawn = drawing(chart, rows, titles, pages.language)
            return pages.chart(drawn, self._svg(drawn, WIDE), self._svg(drawn, NARROW))
        except ChartError:  # its rows or its columns are not as declared: the page says it, `check` says why
            return pages.chart_failed()

    def _svg(self, drawn: Drawing, width: int) -> str:
        name = f"{drawn.digest(width)}.svg"
        path = self._site / _KEPT / name
        path.parent.mkdir(exist_ok=True)
        if path.is_file():
            return path.read_text(encoding="utf-8")
        if self._last is not None and (self._last / _KEPT / name).is_file():
            shutil.copyfile(self._last / _KEPT / name, path)
        else:
            path.write_text(drawn.svg(width), encoding="utf-8")
        return path.read_text(encoding="utf-8")
