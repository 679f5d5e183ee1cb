"""What every part of a declaration is, and a text in two languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Key


class Declared(BaseModel):
    """What every part of a declaration is: unknown keys forbidden, values frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Text(Declared):
    """A text in the two languages of the publisher's audience."""

    fr: str = Key(min_length=1)
    en: str = Key(min_length=1)
