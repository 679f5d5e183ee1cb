"""The PACKAGE side: tables, validation, DuckDB, releases. Nothing here knows HTTP or HTML."""
