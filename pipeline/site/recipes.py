"""How a table is read with what people have at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.addresses import Addresses
from pipeline.described import database

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]


def recipes(package: Described, table: Described) -> list[tuple[str, str]]:
    """The same rows read by each tool: at their address, or in a folder where they were put.

    Args:
        package: the release's datapackage.json.
        table: the table's CSV resource.

    Returns:
        The name of each tool, and what to write in it.
    """
    at, version, name = Addresses.of(package), package["version"], table["name"]
    rows, base = at.own(version, f"data/{name}.parquet"), at.own(version, database(package))
    attach = f"ATTACH '{base}' AS portail (READ_ONLY); USE portail;\n" if at.base else ""
    shell = "duckdb" if at.base else f"duckdb {database(package)}"
    return [
        ("DuckDB", f"-- {shell}\n{attach}FROM {name};"),
        ("Python (pandas)", f'import pandas\n\n{name} = pandas.read_parquet("{rows}")'),
        ("R", f'{name} <- arrow::read_parquet("{rows}")'),
    ]
