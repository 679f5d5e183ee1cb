"""Dataset to Pandera DataFrameSchema: the same fields as the Table Schema, checked on the data itself.

Pandera's own frictionless converter is not used: it leaves dates as text, takes 'non' for true and drops keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa
import pyarrow

if TYPE_CHECKING:
    from schemas.model import Dataset, Field

DTYPES: dict[str, object] = {
    "string": pd.StringDtype("python"),
    "integer": pd.Int64Dtype(),
    "number": pd.Float64Dtype(),
    "boolean": pd.BooleanDtype(),
    "date": pd.ArrowDtype(pyarrow.date32()),
    "datetime": pd.ArrowDtype(pyarrow.timestamp("us")),
}


def frame_schema(dataset: Dataset) -> pa.DataFrameSchema:
    """The Pandera schema of a dataset's table: columns in order, types, constraints, key (not null, unique)."""
    return pa.DataFrameSchema(
        {field.name: _column(field, in_key=field.name in dataset.key) for field in dataset.fields},
        strict=True,
        ordered=True,
        unique=list(dataset.key),
        name=dataset.id,
    )


def _column(field: Field, *, in_key: bool) -> pa.Column:
    given = field.constraints
    checks = []
    if given.minimum is not None:
        checks.append(pa.Check.ge(given.minimum))
    if given.maximum is not None:
        checks.append(pa.Check.le(given.maximum))
    if given.min_length is not None or given.max_length is not None:
        checks.append(pa.Check.str_length(given.min_length, given.max_length))
    if given.pattern is not None:
        # A Table Schema pattern describes the whole value (Table Schema v1, 'Constraints').
        checks.append(pa.Check.str_matches(rf"\A(?:{given.pattern})\Z"))
    if given.enum is not None:
        checks.append(pa.Check.isin(given.enum))
    return pa.Column(DTYPES[field.type], checks, nullable=not (given.required or in_key), unique=given.unique)
