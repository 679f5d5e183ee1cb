"""What a person decided: rows the gate held, looked at and accepted. Kept beside the releases, an input of each run."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError

from pipeline.paths import Home, write_json
from schemas.reasons import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


def _is_liftable(code: str) -> str:
    if code not in CODES or not CODES[code].liftable:
        known = ", ".join(name for name, said in CODES.items() if said.liftable)
        raise ValueError(f"no reason that a person may lift; these are: {known}")
    return code


def _is_instant(text: str) -> str:
    dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    return text


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's yes to one dataset's rows: it lifts these reasons, for these very rows and no others.

    `rows` is the digest of the table that was shown; `when` is ISO 8601; `run` the run that held it.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    dataset: str
    rows: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    codes: tuple[Annotated[str, AfterValidator(_is_liftable)], ...]
    why: Annotated[str, Field(min_length=1)]
    by: Annotated[str, Field(min_length=1)]
    when: Annotated[str, AfterValidator(_is_instant)]
    run: str

    def as_json(self) -> dict[str, Any]:
        """The object of decisions.json, and of inputs.json's `decisions`."""
        return {**asdict(self), "codes": list(self.codes)}


class DecisionsError(Exception):
    """What should be decisions is not; the message says where, expected and found."""


_LIST = TypeAdapter(tuple[Decision, ...])


def digest(table: pd.DataFrame) -> str:
    """The SHA-256 of a table's columns and values, in order: what a decision is about."""
    told = table.to_json(orient="split", date_format="iso", index=False, double_precision=15)
    return hashlib.sha256(told.encode()).hexdigest()


def read(text: str | bytes) -> tuple[Decision, ...]:
    """Reads decisions back from JSON: an array of objects with the fields of `Decision` and no others.

    Raises:
        DecisionsError: it is anything else.
    """
    try:
        return _LIST.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise DecisionsError(f"{place}: {first['msg']}, found {str(first['input'])[:200]!r}") from error


def kept(home: Home) -> tuple[Decision, ...]:
    """Every decision taken on a portal's data, the oldest first; none before the first.

    Raises:
        DecisionsError: the file is not what `keep` wrote.
        OSError: it cannot be read.
    """
    return read(home.decisions.read_bytes()) if home.decisions.exists() else ()


def keep(home: Home, decisions: Iterable[Decision]) -> None:
    """Writes the decisions on a portal's data, all of them, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    write_json(home.decisions, [decision.as_json() for decision in decisions])


def with_one_more(decisions: Iterable[Decision], new: Decision) -> tuple[Decision, ...]:
    """The decisions with one more, which takes the place of those it says again."""
    same = (new.dataset, new.rows)
    return (*(d for d in decisions if (d.dataset, d.rows) != same or not set(d.codes) <= set(new.codes)), new)
