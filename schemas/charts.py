"""Charts as a declaration draws them: the part of Vega-Lite that only draws the rows it is given.

Names and meanings are Vega-Lite's (https://vega.github.io/vega-lite/docs/). What is not here is refused: whatever
fetches (`data`, `url`, `image`), links (`href`), runs (`params`, expressions) or has its own look (colours, fonts).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from schemas.declared import Declared, Text
from schemas.kinds import Name, Number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

MAX_ROWS = 2_000  # that a chart draws: more is a picture nobody reads, and a page nobody downloads
MAX_READ = 100_000  # of which an aggregate makes them
Scalar = Annotated[str, Key(max_length=1_000)] | bool | Number
# Of d3-format and d3-time-format: thousands apart or not, decimals (with ~ as far as they say something), percents.
NumberFormat = Annotated[str, Key(pattern=r"^,?(\.\d~?f|d|\.\d~?%)$")]
TimeFormat = Annotated[str, Key(pattern=r"^(%[YyBbdemjqHM]|[ \w./:-])+$", max_length=40)]
Pixels = Annotated[float, Key(ge=-100, le=100)]
Ticks = Annotated[int, Key(ge=1, le=50)] | Literal["year", "month"]
TimeUnit = Literal["utcyear", "utcyearmonth", "utcyearmonthdate"]  # in UTC: a day is the same wherever it is drawn


class Filter(Declared):
    """Which rows stay, by one column: exactly one of the predicates."""

    field: Name
    equal: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = Key(default=None, alias="oneOf", min_length=1, max_length=100)
    gte: Number | None = None
    lte: Number | None = None
    valid: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_predicate(self) -> Self:
        if len(self.model_fields_set - {"field"}) != 1:
            raise ValueError("exactly one of equal, oneOf, gte, lte, valid")
        return self


class Aggregate(Declared):
    """One figure of several rows: their number, or of a column the sum, the least, the greatest, the mean."""

    op: Literal["count", "sum", "min", "max", "mean"]
    field: Name | None = None
    as_: Name = Key(alias="as")

    @model_validator(mode="after")
    def _of_a_column(self) -> Self:
        if (self.op == "count") != (self.field is None):
            raise ValueError("`field` goes with sum, min, max and mean; count has none")
        return self


class Transform(Declared):
    """What becomes of the rows before they are drawn, in one step: exactly one of the kinds of steps."""

    filter: Filter | None = None
    aggregate: tuple[Aggregate, ...] | None = Key(default=None, min_length=1, max_length=10)
    groupby: tuple[Name, ...] = ()
    calculate: str | None = Key(default=None, pattern=r"^datum\.[a-z0-9_]{1,59} [*/] [1-9]\d{0,11}$")
    time_unit: TimeUnit | None = Key(default=None, alias="timeUnit")
    field: Name | None = None
    as_: Name | None = Key(default=None, alias="as")

    @model_validator(mode="after")
    def _one_step(self) -> Self:
        keys = {"filter": set[str](), "aggregate": {"groupby"}, "calculate": {"as_"}, "time_unit": {"field", "as_"}}
        given = [step for step in keys if getattr(self, step) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of filter, aggregate, calculate, timeUnit; got {', '.join(given) or 'none'}")
        if self.model_fields_set - set(given) != keys[given[0]]:
            needed = ", ".join(sorted(key.strip("_") for key in keys[given[0]])) or "nothing"
            raise ValueError(f"{given[0]} goes with {needed}")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns it needs."""
        if self.filter is not None:
            return (self.filter.field,)
        if self.calculate is not None:
            return (self.calculate.split(" ")[0].removeprefix("datum."),)
        of = tuple(one.field for one in self.aggregate or () if one.field is not None)
        return (*self.groupby, *of, *([self.field] if self.field else []))

    @property
    def makes(self) -> tuple[str, ...]:
        """The columns it adds."""
        return tuple(one.as_ for one in self.aggregate or ()) or ((self.as_,) if self.as_ else ())


class Mark(Declared):
    """What a row is drawn as, where the kind of mark alone does not say."""

    type: Literal["bar", "line", "area", "point", "tick", "rule", "rect", "text"]
    align: Literal["left", "center", "right"] | None = None
    baseline: Literal["top", "middle", "bottom"] | None = None
    dx: Pixels | None = None
    dy: Pixels | None = None
    interpolate: Literal["linear", "monotone", "step", "step-after"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_kind_is_a_mark(cls, data: object) -> object:
        return {"type": data} if isinstance(data, str) else data


class Axis(Declared):
    """How a position is written beside the drawing."""

    title: Text | None = None
    format: NumberFormat | TimeFormat | None = None
    grid: bool | None = None
    labels: bool | None = None
    ticks: bool | None = None
    domain: bool | None = None
    values: tuple[Scalar, ...] | None = Key(default=None, max_length=100)
    label_angle: int | None = Key(default=None, alias="labelAngle", ge=-90, le=90)
    tick_count: Ticks | None = Key(default=None, alias="tickCount")
    tick_min_step: Number | None = Key(default=None, alias="tickMinStep", gt=0)


class Scale(Declared):
    """From values to positions."""

    type: Literal["linear", "log", "sqrt"] | None = None
    zero: bool | None = None
    nice: bool | Literal["year", "month"] | None = None
    domain: tuple[Scalar, ...] | None = Key(default=None, min_length=1, max_length=100)


class Legend(Declared):
    """What the series are, where there are several."""

    title: Text | None = None
    orient: Literal["top", "bottom", "right"] = "top"


class Channel(Declared):
    """What a column's values become: a position, a series, a text."""

    field: Name
    type: Literal["quantitative", "nominal", "ordinal", "temporal"]
    title: Text | None = None
    axis: Axis | None = None
    scale: Scale | None = None
    legend: Legend | None = None
    sort: Literal["ascending", "descending", "x", "-x", "y", "-y"] | tuple[Scalar, ...] | None = None
    stack: Literal["zero", "normalize"] | bool | None = None
    time_unit: TimeUnit | None = Key(default=None, alias="timeUnit")
    format: NumberFormat | TimeFormat | None = None

    @model_validator(mode="after")
    def _days_in_utc(self) -> Self:
        if (self.type == "temporal") != (self.time_unit is not None):
            raise ValueError("`timeUnit` (utcyear, utcyearmonth, utcyearmonthdate) goes with the type temporal")
        return self


class Encoding(Declared):
    """Which column becomes what."""

    x: Channel | None = None
    y: Channel | None = None
    x2: Channel | None = None
    y2: Channel | None = None
    x_offset: Channel | None = Key(default=None, alias="xOffset")
    color: Channel | None = None
    shape: Channel | None = None
    text: Channel | None = None
    detail: Channel | None = None

    @model_validator(mode="after")
    def _a_series_is_a_name(self) -> Self:
        if self.color is not None and self.color.type != "nominal":
            raise ValueError(f"`color` tells series apart: its type is nominal, not {self.color.type}")
        return self

    @property
    def channels(self) -> Iterator[Channel]:
        """The channels that are used."""
        return (channel for name in type(self).model_fields if (channel := getattr(self, name)) is not None)


class Layer(Declared):
    """One of several drawings over one another."""

    mark: Mark
    encoding: Encoding = Encoding()


class Step(Declared):
    """A height that grows with the number of values: so many pixels each."""

    step: int = Key(ge=8, le=60)


class Spec(Declared):
    """The drawing: one mark, or several layers that share an encoding. Its width is the page's."""

    transform: tuple[Transform, ...] = Key(default=(), max_length=20)
    mark: Mark | None = None
    encoding: Encoding = Encoding()
    layer: tuple[Layer, ...] | None = Key(default=None, min_length=1, max_length=5)
    height: Annotated[int, Key(ge=60, le=800)] | Step = 280

    @model_validator(mode="after")
    def _drawn(self) -> Self:
        if (self.mark is None) == (self.layer is None):
            raise ValueError("exactly one of mark and layer")
        return self

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Every channel, of all layers."""
        encodings = (self.encoding, *(layer.encoding for layer in self.layer or ()))
        return tuple(channel for encoding in encodings for channel in encoding.channels)


class Chart(Declared):
    """A drawing of a dataset's rows, as its page shows it. It is no part of a release."""

    title: Text
    description: Text
    spec: Spec

    def strangers(self, columns: Collection[str]) -> list[str]:
        """The columns it names that are not there when they are needed.

        Args:
            columns: the dataset's; steps add to them, and after an aggregate only what it groups by and makes is left.
        """
        known, missing = set(columns), set[str]()
        for step in self.spec.transform:
            missing |= set(step.reads) - known
            known = {*step.groupby, *step.makes} if step.aggregate else known | set(step.makes)
        return sorted(missing | ({channel.field for channel in self.spec.channels} - known))

    @property
    def order(self) -> tuple[str, bool] | None:
        """The column whose figures say the order of the others' values, and whether the greatest comes first."""
        by = {f"{sign}{name}": (name, sign == "-") for name in ("x", "y") for sign in ("", "-")}
        found = next((by[str(one.sort)] for one in self.spec.channels if str(one.sort) in by), None)
        channel = None if found is None else getattr(self.spec.encoding, found[0])
        return None if found is None or channel is None else (channel.field, found[1])

    @property
    def aggregates(self) -> bool:
        """Whether it draws figures of several rows, and so fewer than there are."""
        return any(step.aggregate is not None for step in self.spec.transform)

    @property
    def titles(self) -> dict[str, Text]:
        """What its channels call columns."""
        return {channel.field: channel.title for channel in self.spec.channels if channel.title is not None}

    def untitled(self, columns: Collection[str]) -> list[str]:
        """The columns it draws that neither the dataset nor a channel gives a title."""
        return sorted({channel.field for channel in self.spec.channels} - set(columns) - self.titles.keys())
