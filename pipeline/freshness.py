"""The status command: what status.json says of every dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.paths import Home, read_json

if TYPE_CHECKING:
    from pathlib import Path

_STATES = {"fr": {"fresh": "à jour", "held": "retenu depuis"}, "en": {"fresh": "fresh", "held": "held since"}}


class NoStatusError(Exception):
    """No run has been made there yet."""


def told(out: Path, portal: str, language: str) -> str:
    """Every dataset on a line: rows, fresh or held since when and why; then the last release.

    Raises:
        NoStatusError: no status.json there.
    """
    home = Home(out / portal)
    if not home.status.exists():
        raise NoStatusError(f"No status of {portal!r} under {out}; run: canceropole refresh {portal}")
    status = read_json(home.status)
    lines = []
    for dataset in status["datasets"]:
        state = _STATES[language][dataset["state"]]
        why = f" {dataset['since']} · {dataset['message'][language]} [{dataset['code']}]" if dataset["since"] else ""
        lines.append(f"{dataset['name']:<32}{dataset['rows']:>6}  {state}{why}")
    return "\n".join([*lines, f"{portal} {status['version'] or '—'} · {status['run']}"])
