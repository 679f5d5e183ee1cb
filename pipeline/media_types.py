"""The media types of the files that are published, from their names: the same wherever they are served.

Not the machine's own table, which differs from one to the next. DuckDB's files and OpenSSH's signatures have none.
"""

from __future__ import annotations

from pathlib import PurePosixPath

TYPES = {
    ".atom": "application/atom+xml",
    ".cff": "application/yaml",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".duckdb": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonld": "application/ld+json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
    ".rdf": "application/rdf+xml",
    ".sig": "application/octet-stream",
    ".svg": "image/svg+xml",
    ".ttl": "text/turtle; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".zip": "application/zip",
}
PLAIN = "text/plain; charset=utf-8"


def media_type(name: str) -> str:
    """The media type of a published file."""
    return TYPES.get(PurePosixPath(name).suffix, PLAIN)
