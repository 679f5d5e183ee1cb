"""Runs the benchmarks: `python -m bench`; prints Markdown for docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import tempfile
from pathlib import Path

import duckdb

from bench import history


def main() -> None:
    """Prints what was measured, and on what."""
    print(f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores\n")  # noqa: T201 (what it is for)
    print("| history | what | time | room | ratio |\n|---|---|---:|---:|---|")  # noqa: T201 (as above)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for line in history.measure(Path(folder)):
            print(line, flush=True)  # noqa: T201 (as above)


if __name__ == "__main__":
    main()
