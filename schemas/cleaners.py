"""Named cleaners: pure functions from a printed text to a value. What a cleaner does not understand, it refuses.

A cleaner takes the text of a part as printed and returns the value, None where the text says there is none, or raises
`NotUnderstoodError` with what it expected.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from schemas import identifiers
from schemas.organisations import organisations
from schemas.personal import contact_kind, mailbox, role_mailbox
from schemas.typography import fold, identifier, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from schemas.model import Portal

type_ = str | int | float | bool | dt.date
Value = type_ | None
Cleaner = Callable[[str], Value]

_MONTHS = "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre".split()
_MONTH = "|".join(_MONTHS)
_DATE = re.compile(rf"(?:(?:(?P<day>[0-9]{{1,2}})(?:er)? )?(?P<month>{_MONTH}) )?(?P<year>[0-9]{{4}})", re.IGNORECASE)
_MONTHS_OF_A_YEAR = re.compile(rf"(?P<first>{_MONTH}) (?:a|et) (?P<last>{_MONTH}) (?P<year>[0-9]{{4}})", re.IGNORECASE)
_NUMBER = re.compile(r"(?P<whole>[0-9]{1,3}(?: [0-9]{3})+|[0-9]+)(?:[.,](?P<decimals>[0-9]+))?")
_AMOUNT = re.compile(
    rf"(?P<number>{_NUMBER.pattern})(?: (?P<scale>millions?|milliards?|milliers?))?(?: ?(?:d')?(?:euros?|€))"
)
_SCALES = {"": 0, "millier": 3, "million": 6, "milliard": 9}
_NO_ADDRESS = re.compile(r"[\s<>\"`\\]")  # of RFC 3986's delimiters, those that would end it where it is quoted
_AND = tuple(f"{before}{word}" for before in " ,;" for word in ("et", "ou"))
_YEAR_BOUNDS = range(1800, 2200)


class NotUnderstoodError(ValueError):
    """A text no cleaner of that name understands; the message says what was expected."""


def text(printed: str) -> str | None:
    """The text on one line; None if there is none."""
    return one_line(printed) or None


def list_item(printed: str) -> str | None:
    """A list item without the punctuation that ends it."""
    text, ended = one_line(printed), ""
    while text != ended:
        ended = text
        text = text.rstrip(" ,;")
        if text.endswith(".") and not text.endswith(".."):  # three dots stay: what they end is cut short
            text = text.removesuffix(".")
        if text.endswith(_AND):  # before the last item of a list, and no part of the one before it
            text = text[:-2]
    return text or None


def several(printed: str) -> str | None:
    """Several values of one cell, printed with commas, joined by `; `."""
    return "; ".join(part.strip() for part in one_line(printed).split(",") if part.strip()) or None


def slug(printed: str) -> str | None:
    """The identifier of a printed name (DATASETS, 'Column rules')."""
    return identifier(list_item(printed) or "") or None


def number(printed: str) -> int | float:
    """A French number: spaced thousands, decimal comma or point, `millions`, or in words ('cinq')."""
    plain = one_line(fold(printed)).lower()
    match = re.fullmatch(rf"(?P<number>{_NUMBER.pattern})(?: (?P<scale>millions?|milliards?|milliers?))?", plain)
    if match:
        return _scaled(match, plain)
    from text_to_num import text2num  # noqa: PLC0415 (0.1 s that only numbers in words need to pay)

    try:
        return int(text2num(one_line(printed).lower(), "fr"))
    except ValueError as error:
        raise NotUnderstoodError("a number, in figures or in French words") from error


def amount_eur(printed: str) -> int:
    """An amount in whole euros: '3.45 millions d’euros', '85 000 euros'. The unit must be printed."""
    plain = one_line(fold(printed)).lower()
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        raise NotUnderstoodError("an amount in euros, such as '4.5 millions d’euros' or '85 000 euros'")
    value = _scaled(match, plain)
    if value != int(value):
        raise NotUnderstoodError("a whole number of euros")
    return int(value)


def year(printed: str) -> int:
    """A year in four figures."""
    plain = one_line(printed)
    if not re.fullmatch(r"[0-9]{4}", plain) or int(plain) not in _YEAR_BOUNDS:
        raise NotUnderstoodError("a year in four figures")
    return int(plain)


def full_date(printed: str) -> dt.date:
    """A whole date: '8 septembre 2015'."""
    found = _date(printed)
    if found is None or len(found) != len("2015-09-08"):
        raise NotUnderstoodError("a date with its day, month and year, such as '8 septembre 2015'")
    return dt.date.fromisoformat(found)


def partial_date(printed: str) -> str:
    """A date as far as it is known, ISO 8601 of that precision: 2011, 2017-05, 2011-05-22."""
    found = _date(printed)
    if found is None:
        raise NotUnderstoodError("a year, a month and year, or a whole date in French")
    return found


def date_precision(printed: str) -> str:
    """How precisely a date is known: annee, mois or jour."""
    return {4: "annee", 7: "mois", 10: "jour"}[len(partial_date(printed))]


def period(printed: str) -> str:
    """A period as ISO 8601 has it: 2007, 2018/2022, 2004/.. ."""
    first, last = _period(printed)
    if last == "":
        return f"{first}/.."
    return first if first == last else f"{first}/{last}"


def period_start(printed: str) -> str:
    """The first date of a period, as precisely as printed."""
    return _period(printed)[0]


def period_end(printed: str) -> str | None:
    """The last date of a period; None while it lasts."""
    return _period(printed)[1] or None


def first_year(printed: str) -> int:
    """The first year of a period."""
    return int(_period(printed)[0][:4])


def last_year(printed: str) -> int | None:
    """The last year of a period; None while it lasts."""
    last = _period(printed)[1]
    return int(last[:4]) if last else None


def web_address(printed: str) -> str | None:
    """An http(s) address; None if the text is an e-mail address or there is none."""
    plain = one_line(printed)
    if not plain or mailbox(plain):
        return None
    try:
        parts = urlsplit(plain)
    except ValueError as error:
        raise NotUnderstoodError("an http or https address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or _NO_ADDRESS.search(plain):
        raise NotUnderstoodError("an http or https address")
    return plain


def ror(printed: str) -> str | None:
    """The address of a ROR identifier; None if there is none."""
    return _identifier(
        printed, identifiers.is_ror, "https://ror.org/ and nine characters, the last two its check digits"
    )


def siren(printed: str) -> str | None:
    """A SIREN number; None if there is none."""
    return _identifier(printed, identifiers.is_siren, "nine figures, the last the check digit of a SIREN number")


def finess(printed: str) -> str | None:
    """A FINESS number; None if there is none."""
    return _identifier(printed, identifiers.is_finess, "nine figures, the last the check digit of a FINESS number")


def wikidata(printed: str) -> str | None:
    """The name of a Wikidata item; None if there is none."""
    return _identifier(printed, identifiers.is_wikidata, "a Q and a number, such as Q280413")


PLAIN: dict[str, Cleaner] = {
    cleaner.__name__: cleaner
    for cleaner in (
        text,
        list_item,
        several,
        slug,
        number,
        amount_eur,
        year,
        full_date,
        partial_date,
        date_precision,
        period,
        period_start,
        period_end,
        first_year,
        last_year,
        web_address,
        ror,
        siren,
        finess,
        wikidata,
    )
}


def cleaners(portal: Portal, reference: Iterable[Mapping[str, str]]) -> dict[str, Cleaner]:
    """Every cleaner by name, those that need the portal's role words or the organisations bound to them.

    Args:
        portal: its `role_words` and `role_mailboxes`.
        reference: rows of reference/organisations.csv.
    """
    index = organisations(reference)

    def organisation_required(printed: str) -> str:
        """The organisation a label names; refused if it names none or several."""
        found = index(printed)
        if found is None:
            raise NotUnderstoodError("a label of exactly one organisation of reference/organisations.csv")
        return found

    return {
        **PLAIN,
        "organisation": index,
        "organisation_required": organisation_required,
        "contact_kind": lambda printed: contact_kind(printed, portal),
        "role_mailbox": lambda printed: role_mailbox(printed, portal),
    }


def _identifier(printed: str, is_one: Callable[[str], bool], expected: str) -> str | None:
    plain = one_line(printed)
    if plain and not is_one(plain):
        raise NotUnderstoodError(expected)
    return plain or None


def _scaled(match: re.Match[str], plain: str) -> int | float:
    whole, decimals = match["whole"].replace(" ", ""), match["decimals"] or ""
    scale = (match["scale"] or "").rstrip("s")
    if decimals and not scale and len(decimals) == 3:  # noqa: PLR2004 (a group of thousands)
        raise NotUnderstoodError(
            f"a number that is not ambiguous: in '{plain}' the mark may part thousands or decimals"
        )
    if len(whole) + max(_SCALES[scale], len(decimals)) > 15:  # noqa: PLR2004 (what a float holds exactly)
        raise NotUnderstoodError("a number of at most 15 figures")
    shift: int = _SCALES[scale] - len(decimals)
    digits = int(whole + decimals)
    if shift >= 0:
        return digits * int(10**shift)
    unit = int(10**-shift)
    return digits // unit if digits % unit == 0 else digits / unit


def _date(printed: str) -> str | None:
    match = _DATE.fullmatch(one_line(fold(printed)))
    if match is None or int(match["year"]) not in _YEAR_BOUNDS:
        return None
    if match["month"] is None:
        return match["year"]
    month = _MONTHS.index(match["month"].lower()) + 1
    if match["day"] is None:
        return f"{match['year']}-{month:02}"
    try:
        return dt.date(int(match["year"]), month, int(match["day"])).isoformat()
    except ValueError:
        return None


def _period(printed: str) -> tuple[str, str]:
    """First and last date of a period; the last is empty while it lasts."""
    plain = one_line(fold(printed)).lower()
    months = _MONTHS_OF_A_YEAR.fullmatch(plain)
    if months:
        first, last = (partial_date(f"{months[name]} {months['year']}") for name in ("first", "last"))
        if first <= last:
            return first, last
    years = re.fullmatch(r"(?:entre )?([0-9]{4}) ?(?:-|/|et|a) ?([0-9]{4})", plain)
    if years and year(years[1]) <= year(years[2]):
        return years[1], years[2]
    since = re.fullmatch(r"depuis ([0-9]{4})", plain)
    if since:
        return str(year(since[1])), ""
    single = _date(printed)
    if single is None:
        raise NotUnderstoodError("a period such as '2007', '2018-2022', 'mai à juillet 2017' or 'depuis 2004'")
    return single, single
