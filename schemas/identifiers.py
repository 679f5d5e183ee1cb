"""Public identifiers of organisations: whether a text has the form of one, and the check digits that make it one."""

from __future__ import annotations

import re

_ROR = re.compile(r"https://ror\.org/(?P<number>0[0-9a-hjkmnp-tv-z]{6})(?P<check>[0-9]{2})")
# Crockford's base 32 has no i, l, o and u; Python's has no letter after v.
_FROM_CROCKFORD = str.maketrans("jkmnpqrstvwxyz", "ijklmnopqrstuv")
_DOUBLED = "0246813579"  # a figure doubled, the two figures of what is then above 9 added up


def is_ror(text: str) -> bool:
    """Whether a text is the address of a ROR identifier, as ROR writes it.

    Seven characters of Crockford's base 32, the first a 0, then two check digits (https://ror.org/facts): those of
    ISO/IEC 7064, MOD 97-10, from 02 to 98.
    """
    found = _ROR.fullmatch(text)
    if found is None:
        return False
    number = int(found["number"].translate(_FROM_CROCKFORD), 32)
    return int(found["check"]) == 98 - number * 100 % 97


def is_siren(text: str) -> bool:
    """Whether a text is nine figures, the last the check digit of Luhn that INSEE gives a SIREN number."""
    return re.fullmatch(r"[0-9]{9}", text) is not None and _luhn(text)


def is_finess(text: str) -> bool:
    """Whether a text is a FINESS number: nine figures of which the last is Luhn's check digit.

    In Corsica the second is an A or a B. No public source says what it counts for, so those are told by their form.
    """
    if re.fullmatch(r"2[AB][0-9]{7}", text):
        return True
    return re.fullmatch(r"[0-9]{9}", text) is not None and _luhn(text)


def is_wikidata(text: str) -> bool:
    """Whether a text is the name of a Wikidata item: a Q and a number, which have no check digit."""
    return re.fullmatch(r"Q[1-9][0-9]*", text) is not None


def _luhn(figures: str) -> bool:
    """Whether the last figure is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    counted = (_DOUBLED[int(figure)] if place % 2 else figure for place, figure in enumerate(reversed(figures)))
    return sum(map(int, counted)) % 10 == 0
