"""How charts write numbers and days, in both languages: for Vega (d3's locales), and in cells and labels."""

from __future__ import annotations

import datetime as dt
import re
from decimal import ROUND_HALF_UP, localcontext
from typing import TYPE_CHECKING, Any

from babel.dates import format_date, get_day_names, get_month_names
from babel.numbers import format_decimal, format_percent

from pipeline.site.words import LOCALES, first_of_month

if TYPE_CHECKING:
    from schemas.kinds import Language

_YES = {"fr": ("non", "oui"), "en": ("no", "yes")}
_NONE = "–"


def cell(value: Any, kind: str, written: str | None, language: Language) -> str:  # noqa: ANN401 (a JSON value)
    """A value as it is read.

    Args:
        value: a JSON value.
        kind: of a channel: quantitative, nominal, ordinal, temporal.
        written: the channel's format, as d3-format has it; none: up to six decimals.
        language: which.
    """
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return _YES[language][value]
    if kind == "temporal":
        return _day(str(value), language)
    return _number(value, written or ",.6~f", language) if kind == "quantitative" else str(value)


def number_locale(language: Language) -> dict[str, Any]:
    """How d3-format writes numbers."""
    decimal, thousands = (",", "\N{NARROW NO-BREAK SPACE}") if language == "fr" else (".", ",")
    percent = {"percent": "\N{NARROW NO-BREAK SPACE}%"} if language == "fr" else {}
    return {"decimal": decimal, "thousands": thousands, "grouping": [3], "currency": ["", ""], **percent}


def time_locale(language: Language) -> dict[str, Any]:
    """How d3-time-format writes days."""
    locale = LOCALES[language]
    days, short_days = (get_day_names(width, locale=locale) for width in ("wide", "abbreviated"))
    months, short_months = (get_month_names(width, locale=locale) for width in ("wide", "abbreviated"))
    return {
        "dateTime": "%A %e %B %Y, %X",
        "date": "%d/%m/%Y",
        "time": "%H:%M:%S",
        "periods": ["AM", "PM"],
        "days": [days[day] for day in (6, *range(6))],  # Sunday first
        "shortDays": [short_days[day] for day in (6, *range(6))],
        "months": [months[month] for month in range(1, 13)],
        "shortMonths": [short_months[month] for month in range(1, 13)],
    }


def _day(value: str, language: Language) -> str:
    """A day, a month or a year: as precise as it is; what is none of them, as it is."""
    forms = {4: "%Y", 7: "%Y-%m"}
    try:
        if len(value) in forms:
            day = dt.datetime.strptime(value, forms[len(value)]).date()  # noqa: DTZ007 (a day has no zone)
        else:
            day = dt.date.fromisoformat(value[:10])
    except ValueError:
        return value
    pattern = {4: "y", 7: "MMMM y"}.get(len(value), "long")
    return first_of_month(format_date(day, format=pattern, locale=LOCALES[language]), language)


def _number(value: float, written: str, language: Language) -> str:
    decimals = re.search(r"\.(\d)(~?)", written)
    behind = ("#" if decimals[2] else "0") * int(decimals[1]) if decimals else ""
    pattern = ("#,##0" if "," in written else "0") + (f".{behind}" if behind else "")
    with localcontext(prec=400, rounding=ROUND_HALF_UP):  # digits of any float
        if written.endswith("%"):
            return str(format_percent(value, format=f"{pattern}%", locale=LOCALES[language]))
        return str(format_decimal(value, format=pattern, locale=LOCALES[language]))
