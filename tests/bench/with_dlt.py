"""A Parquet file to CSV, Parquet, JSON lines and DuckDB as dlt writes them: `python with_dlt.py ROWS FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import dlt  # type: ignore[import-not-found,unused-ignore] # in an environment of its own
import duckdb
from dlt.destinations import duckdb as to_duckdb  # type: ignore[import-not-found,unused-ignore] # as above
from dlt.destinations import filesystem  # type: ignore[import-not-found,unused-ignore] # as above


def main(rows: str, folder: str) -> None:
    """Runs a pipeline for each kind of file, of the same rows as dictionaries: what extraction gives."""
    cells = duckdb.connect().execute("FROM read_parquet(?)", [rows])
    columns = [name for name, *_ in cells.description]
    records = [dict(zip(columns, row, strict=True)) for row in cells.fetchall()]
    for kind in ("csv", "parquet", "jsonl", "duckdb"):
        place = Path(folder) / kind
        place.mkdir()
        to = to_duckdb(str(place / "rows.duckdb")) if kind == "duckdb" else filesystem(bucket_url=place.as_uri())
        pipeline = dlt.pipeline(
            f"grand_{kind}", pipelines_dir=str(place / "work"), destination=to, dataset_name="grand"
        )
        file_format = None if kind == "duckdb" else kind
        pipeline.run(records, table_name="grand", loader_file_format=file_format).raise_on_failed_jobs()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
