"""A portal's health: what is held, and why its last run could not judge its data; and what people were told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from pipeline.paths import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.paths import Home


class Health(BaseModel):
    """What a person would have to look at.

    Attributes:
        failure: the code of the last run's failure (docs/failures.md); None if it judged its data.
        held: of each held dataset, the code of what holds it (docs/reasons.md), as status.json has it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    failure: str | None = None
    held: dict[str, str] = {}

    @property
    def well(self) -> bool:
        """Whether nobody needs to look."""
        return self == WELL


WELL = Health()
_TOLD = TypeAdapter(dict[str, Health])


def now(home: Home, failure: str | None) -> Health:
    """A portal's health after a run.

    Args:
        home: its outputs; status.json has every dataset, those that this run did not judge among them.
        failure: the code of what the run failed of.

    Raises:
        OSError, ValueError: status.json cannot be read.
    """
    status: Mapping[str, Any] = read_json(home.status) if home.status.exists() else {"datasets": []}
    return Health(failure=failure, held={d["name"]: d["code"] for d in status["datasets"] if d["state"] == "held"})


def told(home: Home) -> dict[str, Health]:
    """What was last told, by who was told; nothing where told.json is not there or is none.

    Raises:
        OSError: it cannot be read.
    """
    try:
        return _TOLD.validate_json(home.told.read_bytes()) if home.told.exists() else {}
    except ValidationError:
        return {}  # at worst something is told twice


def remember(home: Home, told: Mapping[str, Health]) -> None:
    """Keeps what was told, for its owner alone.

    Raises:
        OSError: it cannot be written.
    """
    write_json(home.told, {who: health.model_dump() for who, health in told.items()}, private=True)
