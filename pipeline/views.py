"""The views of a package's database: each one SELECT over its datasets, tried before anything is requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import sql
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from schemas.load import Declarations
    from schemas.model import View


def faults(declarations: Declarations) -> list[str]:
    """What views have wrong, as file:key: expected, got."""
    keys = {dataset.id: dataset.key[0] for dataset in declarations.datasets if len(dataset.key) == 1}
    tables = [{"name": d.id, "schema": table_schema(d, keys)} for d in declarations.datasets]
    names = {dataset.id for dataset in declarations.datasets}
    portal = declarations.portal.id
    twice = [
        f"{portal}/views/{v.id}.yml: expected a name of its own, got a dataset's"
        for v in declarations.views
        if v.id in names
    ]
    tried = _tried([view for view in declarations.views if view.id not in names], tables)
    return twice + [f"{portal}/views/{view.id}.yml:sql: {fault}" for view, fault in tried if fault]


def told(views: Iterable[View], tables: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What a package says of its views: of those that its tables, as they are published, can answer.

    Args:
        views: those declared.
        tables: the package's, as its CSV resources describe them.
    """
    return [
        {
            "name": view.id,
            "title": view.title.fr,
            "title_en": view.title.en,
            "description": view.description.fr.strip(),
            "description_en": view.description.en.strip(),
            "sql": view.sql.strip(),
        }
        for view, fault in _tried(views, tables)
        if not fault
    ]


def _tried(views: Iterable[View], tables: Iterable[Mapping[str, Any]]) -> Iterator[tuple[View, str]]:
    """Each view with what it has wrong, over empty tables and with no way to anything else."""
    with duckdb.connect(config={"enable_external_access": "false", "lock_configuration": "true"}) as con:
        for table in tables:
            columns = ", ".join(f"{sql.name(f['name'])} {sql.TYPES[f['type']]}" for f in sql.fields(table))
            con.execute(f"CREATE TABLE {sql.name(table['name'])} ({columns})")
        for view in views:
            yield view, _fault(con, view)


def _fault(con: duckdb.DuckDBPyConnection, view: View) -> str:
    try:
        statements = con.extract_statements(view.sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            found = ", ".join(statement.type.name for statement in statements) or "nothing"
            return f"expected one SELECT, got {found}"
        con.execute(f"CREATE TEMP VIEW {sql.name(view.id)} AS {view.sql}")
        con.execute(f"DROP VIEW {sql.name(view.id)}")
    except duckdb.Error as error:
        return f"expected a SELECT over the datasets, got {' '.join(str(error).split())}"
    return ""
