"""The kinds of values a declaration has: names, closed lists, numbers, patterns, addresses, times."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import regex
from cronsim import CronSim, CronSimError
from pydantic import AfterValidator
from pydantic import Field as Key

from schemas.patterns import PatternTooLargeError, is_catastrophic

Name = Annotated[str, Key(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=59)]
Slug = Annotated[str, Key(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Path = Annotated[str, Key(pattern=r"^/([^/\s]\S*)?$")]  # with two slashes it would name another host
FieldType = Literal["string", "integer", "number", "boolean", "date", "datetime"]
Language = Literal["fr", "en"]  # those that catalogues and their texts are in
# Of ADMS's publisher types (http://purl.org/adms/publishertype/1.0).
AgentType = Literal[
    "Academia-ScientificOrganisation",
    "Company",
    "LocalAuthority",
    "NationalAuthority",
    "NonGovernmentalOrganisation",
    "NonProfitOrganisation",
    "RegionalAuthority",
]
# What an organisation is to a row that names it.
Role = Literal[
    "affiliation",  # of the person
    "canceropole",  # the row's own subject
    "editeur",
    "etablissement",  # that houses it
    "financeur",
    "institution",  # whose contact it is
    "membre",
    "organisateur",
    "partenaire",
    "signataire",
    "site_visite",
]
# Of the EU's data themes (http://publications.europa.eu/resource/authority/data-theme).
Theme = Literal[
    "AGRI", "ECON", "EDUC", "ENER", "ENVI", "GOVE", "HEAL", "INTR", "JUST", "REGI", "SOCI", "TECH", "TRAN"
]  # fmt: skip
# No table has as many rows, no text as many characters, no column as great a number.
Count = Annotated[int, Key(ge=0, le=10**9)]
Number = Annotated[int | float, Key(ge=-(2**53), le=2**53)]  # what JSON's readers all read alike (RFC 8259, 6)

Share = Annotated[float, Key(ge=0, le=1)]


def _compiles(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except (regex.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return _ends(pattern, ignore_case=True)


def _is_plain(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression of Python's re, as others understand it too: {error}") from error
    return _ends(pattern, ignore_case=False)


def _ends(pattern: str, *, ignore_case: bool) -> str:
    try:
        catastrophic = is_catastrophic(pattern, ignore_case=ignore_case)
    except PatternTooLargeError as error:
        raise ValueError(f"a regular expression too large to judge how long it may take: {error}") from error
    if catastrophic:
        raise ValueError(
            "a regular expression that some text makes take for ever: what a repetition repeats must divide in one way "
            "only, as in (-[a-z]+)* and not as in ([a-z]+)*"
        )
    return pattern


def _is_web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None or parts.port == 0:
        raise ValueError("not an http(s) address")
    return url


def _is_origin(url: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", _is_web_address(url)):
        raise ValueError("not an http(s) host and nothing more: no path, no user, no other letters than a-z")
    return url


def _is_base(url: str) -> str:
    if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*", _is_web_address(url)):
        raise ValueError("not an http(s) address of a folder, without a slash at its end")
    return url


def _is_schedule(expression: str) -> str:
    fields = expression.split()
    if len(fields) != 5 or not all(re.fullmatch(r"([0-9*,/-]|[A-Za-z]{3})+", field) for field in fields):  # noqa: PLR2004 (as crontab(5) has)
        raise ValueError("not a cron expression of five fields")
    try:
        for days in (fields[4], "*"):  # a day of the month that never comes is not made good by one of the week
            next(CronSim(" ".join([*fields[:4], days]), datetime(2000, 1, 1)))  # noqa: DTZ001 (any moment, any zone)
    except (CronSimError, StopIteration) as error:
        raise ValueError(f"not a cron expression that ever comes: {error}") from error
    return expression


def _is_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError("not a time zone of the IANA database, such as Europe/Paris") from error
    return name


_Short = Key(max_length=1_000)
Pattern = Annotated[str, _Short, AfterValidator(_compiles)]
PlainPattern = Annotated[str, _Short, AfterValidator(_is_plain)]
Url = Annotated[str, Key(pattern=r"^\S+$", max_length=2_000), AfterValidator(_is_web_address)]
Keyword = Annotated[str, Key(pattern=r"^[\w .-]{2,100}$")]  # what CKAN takes for a tag
Email = Annotated[str, Key(pattern=r"^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$", max_length=254)]
Origin = Annotated[str, AfterValidator(_is_origin)]
Base = Annotated[str, AfterValidator(_is_base)]
Schedule = Annotated[str, AfterValidator(_is_schedule)]
Timezone = Annotated[str, AfterValidator(_is_timezone)]
