"""What a person reads of a run in Prefect's interface, in French: summary, what is held, row changes, freshness.

What pages print is escaped where it is Markdown (table cells are text to the interface), and all of it is bounded: the
whole is in the run's folder and in the release.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pipeline import markdown, summary
from pipeline.paths import read_json
from schemas.typography import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from pipeline.paths import Home

_ROWS, _LINES, _CELL = 500, 500, 300  # of a table, of a text; characters of a cell
_KINDS = {"added": "ajoutée", "removed": "retirée", "changed": "modifiée"}
_STATES = {"fresh": "à jour", "held": "retenu"}


def leave(report: Mapping[str, Any], home: Home, out: Path) -> None:
    """Makes the artifacts of a run that judged its data; those of the last run are their latest version.

    Args:
        report: report.json.
        home: the portal's outputs.
        out: where outputs are, for the commands that are shown.
    """
    portal = report["portal"]
    _text(f"refresh-{portal}", "Ce que le passage a fait", summary.markdown(report))
    _text(f"held-{portal}", "Ce qui est retenu, pourquoi, que faire", _held(report, out))
    _table(f"freshness-{portal}", "La fraîcheur de chaque jeu de données", _freshness(home))
    if report["version"]:
        _table(f"changes-{portal}", f"Ce que change la version {report['version']}", _changes(home, report["version"]))


def _text(key: str, description: str, text: str) -> None:
    lines = text.splitlines()
    kept = [*lines[:_LINES], "", f"… {len(lines) - _LINES} lignes de plus dans report.json"]
    create_markdown_artifact("\n".join(kept if lines[_LINES:] else lines), key=key, description=description)


def _table(key: str, description: str, rows: Iterable[Mapping[str, str]]) -> None:
    shown = [dict(row) for row in islice(rows, _ROWS + 1)]
    if len(shown) > _ROWS:
        description += f" : les {_ROWS} premières lignes (toutes : changes.json de la version)"
    create_table_artifact(shown[:_ROWS], key=key, description=description)


def _held(report: Mapping[str, Any], out: Path) -> str:
    if report["outcome"] != "held":
        return "Rien n'est retenu."
    first, *lines = summary.held(report, str(out), "fr").splitlines()
    return "\n".join([str(markdown.text(first)), "", *(f"- {markdown.text(line)}" for line in lines)])


def _freshness(home: Home) -> Iterator[Mapping[str, str]]:
    for found in read_json(home.status)["datasets"]:
        yield {
            "jeu de données": found["name"],
            "état": _STATES[found["state"]],
            "lignes": str(found["rows"]),
            "vérifié": found["checked"],
            "bon": found["good"] or "",
            "retenu depuis": found["since"] or "",
            "pourquoi": f"{found['message']['fr']} [{found['code']}]" if found["code"] else "",
        }


def _changes(home: Home, version: str) -> Iterator[Mapping[str, str]]:
    for change in read_json(home.release(version) / "changes.json"):
        before, after = ([pair[side] for pair in change["columns"].values()] for side in (0, 1))
        yield {
            "jeu de données": change["dataset"],
            "ligne": _cell(change["key"]),
            "changement": _KINDS[change["change"]],
            "avant": _columns(change["columns"], before),
            "après": _columns(change["columns"], after),
        }


def _columns(names: Iterable[str], values: Iterable[object]) -> str:
    pairs = zip(names, values, strict=True)
    return _cell(" · ".join(f"{name} : {value}" for name, value in pairs if value is not None))


def _cell(text: str) -> str:
    shown = visible(one_line(text))
    return shown if len(shown) <= _CELL else shown[:_CELL] + "…"
