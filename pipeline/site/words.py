"""What the site says of its own, in its two languages; and how each writes numbers, sizes and days."""

from __future__ import annotations

import datetime as dt
import re
from decimal import localcontext
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "en")
_UNITS = {"fr": ("o", "ko", "Mo", "Go"), "en": ("B", "kB", "MB", "GB")}
LOCALES = {"fr": "fr_FR", "en": "en_GB"}
SUFFIX = {"fr": "", "en": "_en"}  # of what datapackage.json says in a language


@cache
def words(language: Language, source: str = "words.yml") -> dict[str, str]:
    """The site's own words in a language, by name; `source` is the file that has them."""
    told = yaml.safe_load(files("pipeline.site").joinpath(source).read_bytes())
    return {name: french(said[language]) if language == "fr" else said[language] for name, said in told.items()}


def number(value: float, language: Language) -> str:
    """A number as the language writes it: 12 345 or 12,345."""
    with localcontext(prec=400):  # digits of any float
        return str(format_decimal(value, locale=LOCALES[language]))


def share(value: float, language: Language) -> str:
    """A share of one, rounded down to a whole percent: what is not all is not 100 %."""
    return str(format_percent(int(round(value * 100, 6)) / 100, locale=LOCALES[language]))


def size(count: int, language: Language) -> str:
    """A number of bytes, in decimal units (IEC 80000-13) of which it takes three figures at most."""
    units = _UNITS[language]
    power = next((power for power in range(len(units)) if round(count / 1000**power) < 1000), len(units) - 1)  # noqa: PLR2004
    value = count / 1000**power
    digits = 0 if power == 0 or value >= 10 else 1  # noqa: PLR2004
    return f"{number(round(value, digits), language)}\N{NO-BREAK SPACE}{units[power]}"


def day(written: str, language: Language) -> str:
    """A day or moment as the outputs write it (2026-11-23, 2026-11-23T15:30:00Z), as a day that is read."""
    said = format_date(dt.date.fromisoformat(written[:10]), format="long", locale=LOCALES[language])
    return first_of_month(said, language)


def moment(written: str, language: Language) -> str:
    """A moment as the outputs write it, with the hour (UTC)."""
    when = dt.datetime.fromisoformat(written)
    said = format_datetime(when, format="d MMMM y, HH:mm", locale=LOCALES[language])
    return f"{first_of_month(said, language)} UTC"


def first_of_month(said: str, language: Language) -> str:
    """A day as it is said: French counts the first of a month and numbers the others."""
    return re.sub("^1 ", "1er ", said) if language == "fr" else said


def french(text: str) -> str:
    """French as it is set: spaces that no line ends at, before and within what they belong to."""
    narrow = re.sub(r" (?=[;!?])", "\N{NARROW NO-BREAK SPACE}", text)
    return re.sub(r"(?<=«) | (?=[:»])", "\N{NO-BREAK SPACE}", narrow)
