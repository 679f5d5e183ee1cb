"""The explain command: a published row's evidence, read from the release alone."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING

import duckdb

from pipeline.paths import Home
from schemas.typography import visible

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = "source, url, capture, enregistrement, sha256, bloc, position, texte_publie"
_LABELS = {
    "fr": ("adresse", "capture", "enregistrement", "sha256", "place", "confiance", "texte publié"),
    "en": ("address", "captured", "record", "sha256", "place", "confidence", "text as printed"),
}


class UnknownRowError(Exception):
    """No such release, dataset or row; the message lists what is near."""


def explain(out: Path, portal: str, dataset: str, key: str, language: str) -> str:
    """The evidence of a row of the current release, as lines for a terminal.

    Raises:
        UnknownRowError: nothing is published there, or no row has that key.
    """
    folder = Home(out / portal).current()
    if folder is None:
        raise UnknownRowError(f"No release of {portal} under {out}; run: canceropole refresh {portal}")
    tables = sorted(path.stem for path in (folder / "data").glob("*.parquet"))
    if dataset not in tables:
        raise UnknownRowError(f"No dataset {dataset!r} in {folder.name}; there are: {', '.join(tables)}")
    with duckdb.connect() as con:
        table = con.read_parquet(str(folder / "data" / "provenance.parquet"))
        con.register("provenance", table)
        sureness = "confiance" if "confiance" in table.columns else "NULL"  # releases made before it was kept
        found = con.execute(
            f"SELECT {_COLUMNS}, {sureness} FROM provenance WHERE dataset = ? AND cle = ? ORDER BY source",  # noqa: S608 (columns are ours)
            [dataset, key],
        ).fetchall()
        if not found:
            keys = [row[0] for row in con.execute("SELECT cle FROM provenance WHERE dataset = ?", [dataset]).fetchall()]
            near = ", ".join(difflib.get_close_matches(key, keys, n=3, cutoff=0.3)) or ", ".join(sorted(keys)[:3])
            raise UnknownRowError(
                f"No row {key!r} with evidence in {dataset} {folder.name}."
                + (
                    f" Near: {near}"
                    if near
                    else f" {dataset} is not read in the portal's pages: its rows say their source."
                )
            )
    lines = [f"{portal} {folder.name} · {dataset} · {key}"]
    for source, url, capture, record, digest, block, position, printed, confidence in found:
        labels = _LABELS[language]
        values = (url, f"{capture:%Y-%m-%dT%H:%M:%SZ}", record, digest, f"{block} · {position}", confidence)
        lines += [
            "",
            f"[{source}]",
            *(f"  {label:<15}{value}" for label, value in zip(labels, values, strict=False) if value is not None),
        ]
        lines.append(f"  {labels[-1]}")
        lines += [f"    {column} = {visible(text)}" for column, text in json.loads(printed).items()]
    return "\n".join(visible(line) for line in lines)
