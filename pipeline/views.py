"""The views of a package's database: each one SELECT over its datasets, tried before anything is requested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from pipeline import sql
from schemas.table_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from schemas.load import Declarations
    from schemas.model import View


def faults(declarations: Declarations) -> list[str]:
    """What makes views none, as file:key: expected, got; a dataset or column they lack only leaves them out."""
    names = {dataset.id for dataset in declarations.datasets}
    twice = [view for view in declarations.views if view.id in names]
    found = [f"{_place(declarations, view)}: expected a name of its own, got a dataset's" for view in twice]
    return found + [
        f"{_place(declarations, view)}:sql: {fault}" for view, fault, is_none in _of(declarations) if is_none
    ]


def left_out(declarations: Declarations) -> list[str]:
    """The views that the datasets as they are declared cannot answer, and why: no package will have them."""
    return [
        f"{_place(declarations, view)}:sql: the view is left out: {fault}"
        for view, fault, is_none in _of(declarations)
        if fault and not is_none
    ]


def told(views: Iterable[View], tables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
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
            "columns": [{"name": name, "title": text.fr, "title_en": text.en} for name, text in view.columns.items()],
            "sql": view.sql.strip(),
        }
        for view, fault, _ in _tried(views, tables)
        if not fault
    ]


def _place(declarations: Declarations, view: View) -> str:
    return f"{declarations.portal.id}/views/{view.id}.yml"


def _of(declarations: Declarations) -> Iterator[tuple[View, str, bool]]:
    names = {dataset.id for dataset in declarations.datasets}
    tables = [{"name": dataset.id, "schema": table_schema(dataset, {})} for dataset in declarations.datasets]
    return _tried([view for view in declarations.views if view.id not in names], tables)


def _tried(views: Iterable[View], tables: Iterable[Mapping[str, Any]]) -> Iterator[tuple[View, str, bool]]:
    """Each view, what is wrong with it over these tables, empty and with no way out, and whether it is over any."""
    with duckdb.connect(config={"enable_external_access": False, "lock_configuration": True}) as con:
        for table in tables:
            columns = ", ".join(f"{sql.name(f['name'])} {sql.TYPES[f['type']]}" for f in sql.fields(table))
            con.execute(f"CREATE TABLE {sql.name(table['name'])} ({columns})")
        for view in views:
            yield view, *_fault(con, view)


def _fault(con: duckdb.DuckDBPyConnection, view: View) -> tuple[str, bool]:
    try:
        kinds = [statement.type for statement in con.extract_statements(view.sql)]
        if kinds != [duckdb.StatementType.SELECT]:
            return f"expected one SELECT, got {', '.join(kind.name for kind in kinds) or 'nothing'}", True
        con.execute(f"CREATE TEMP VIEW {sql.name(view.id)} AS {view.sql}")
        columns = [column for column, *_ in con.execute(f"DESCRIBE {sql.name(view.id)}").fetchall()]
        con.execute(f"DROP VIEW {sql.name(view.id)}")
    except duckdb.Error as error:
        missing = isinstance(error, duckdb.CatalogException | duckdb.BinderException)
        return f"expected a SELECT over the datasets, got {' '.join(str(error).split())}", not missing
    if columns != [*view.columns]:
        return f"expected the columns that the view declares, {', '.join(view.columns)}, got {', '.join(columns)}", True
    return "", False
