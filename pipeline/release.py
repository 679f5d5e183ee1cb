"""Makes a built package a release: version, change note, checksums, and the switch of `latest`.

Everything is written in a folder whose name begins with a dot; one rename makes the release, one rename of a link
makes it current. A crash leaves the state before or the state after.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from typing import TYPE_CHECKING, Any

from pipeline.paths import read_json, sha256, write, write_json
from pipeline.version import FIRST, Step, after, step_of_changes, step_of_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pipeline.paths import Home
    from schemas.load import Declarations

# What two packages with the same data and metadata may differ in.
_OF_EACH_BUILD = ("version", "created", "run")
_OF_EACH_CRAWL = ("pages", "provenance")


def next_version(last: Path | None, now: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> str | None:
    """The version of the package that `now` describes.

    Args:
        last: the last release's folder.
        now: the new descriptor, whatever its own version says.
        changes: row changes against the last release.

    Returns:
        A version, or None when nothing changed and there is nothing to release.
    """
    if last is None:
        return FIRST
    before = read_json(last / "datapackage.json")
    step = max(step_of_schemas(_schemas(before), _schemas(now)), step_of_changes(changes))
    if step is Step.NONE and (_lasting(before) != _lasting(now) or _stale(before) - _stale(now)):
        step = Step.PATCH
    return after(before["version"], step) if step is not Step.NONE else None


def finish(
    folder: Path, declarations: Declarations, descriptor: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]
) -> None:
    """Writes everything a release holds beside its data: descriptor, schemas, change note, README, checksums."""
    write_json(folder / "datapackage.json", descriptor)
    for name, schema in _schemas(descriptor).items():
        write_json(folder / "schemas" / f"{name}.schema.json", schema)
    write_json(folder / "changes.json", list(changes))
    write(folder / "CHANGELOG.md", _change_note(descriptor, changes).encode())
    write(folder / "README.md", _readme(declarations, descriptor).encode())
    sums = [
        f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    write(folder / "SHA256SUMS", "".join(sums).encode())


def switch(home: Home, staged: Path, version: str) -> None:
    """Makes a finished folder the release `version`, and that release the current one."""
    for path in staged.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    home.releases.mkdir(parents=True, exist_ok=True)
    staged.rename(home.release(version))
    _sync(home.releases)
    link = home.root / ".latest"
    link.unlink(missing_ok=True)
    link.symlink_to(f"releases/{version}")
    link.replace(home.latest)
    _sync(home.root)


def clear_unfinished(home: Home) -> None:
    """Removes what a killed run left: dot-named work, and complete releases newer than `latest`."""
    if not home.releases.is_dir():
        return
    current = _number(home.version() or "0.0.0")
    for path in home.releases.iterdir():
        if path.name.startswith(".") or _number(path.name) > current:
            shutil.rmtree(path)
    (home.root / ".latest").unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _schemas(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    return {r["name"]: r["schema"] for r in descriptor["resources"] if r["format"] == "csv"}


def _stale(descriptor: Mapping[str, Any]) -> set[str]:
    return {resource["name"] for resource in descriptor["resources"] if "stale" in resource}


def _lasting(descriptor: Mapping[str, Any]) -> dict[str, Any]:
    """What a package says of itself, without what each build or crawl changes; the stale mark alone is no release."""
    lasting = {name: value for name, value in descriptor.items() if name not in _OF_EACH_BUILD}
    lasting["resources"] = [
        {name: value for name, value in resource.items() if name not in {"bytes", "hash", "stale"}}
        for resource in descriptor["resources"]
    ]
    return lasting


def _change_note(descriptor: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"# {descriptor['title']} {descriptor['version']}", "", f"{descriptor['created'][:10]}", ""]
    by_dataset: dict[str, list[Mapping[str, Any]]] = {}
    for change in changes:
        by_dataset.setdefault(change["dataset"], []).append(change)
    if not changes:
        lines.append("Première version, ou changement de métadonnées seulement. / First release, or metadata only.")
    for name, found in sorted(by_dataset.items()):
        kinds = Counter("moved" if set(c["columns"]) == {"rang"} else c["change"] for c in found)
        said = {
            "added": "ajoutée(s) / added",
            "removed": "retirée(s) / removed",
            "changed": "modifiée(s) / changed",
            "moved": "de rang seulement déplacé / moved only",
        }
        counts = ", ".join(f"{kinds[kind]} {text}" for kind, text in said.items() if kinds[kind])
        lines.append(f"- **{name}** : {counts}")
        lines += [
            f"  - `{_code(change['key'])}` {said[change['change']]}"
            for change in found[:20]
            if set(change["columns"]) != {"rang"}
        ]
    return "\n".join(lines) + "\n"


def _readme(declarations: Declarations, descriptor: Mapping[str, Any]) -> str:
    portal = declarations.portal
    rows: Iterable[str] = (
        f"| `{r['name']}` | {r['title']} | {'ancien / stale' if 'stale' in r else 'à jour / fresh'} |"
        for r in descriptor["resources"]
        if r["format"] == "csv"
    )
    confirmed = (
        "confirmée" if portal.licence.statut == "confirmee" else "à confirmer auprès de l'éditeur / to be confirmed"
    )
    return "\n".join(
        [
            f"# {descriptor['title']} — {descriptor['version']}",
            "",
            descriptor["description"],
            "",
            descriptor["description_en"],
            "",
            f"- Source : {descriptor['sources'][0]['title']} ({descriptor['sources'][0]['path']})",
            f"- Capture : {descriptor['created']}",
            f"- Licence : [{portal.licence.title}]({portal.licence.url}), {confirmed}",
            "- CSV : UTF-8, virgule, vide = absent ; une cellule qui commence par = + - @ ' tabulation ou retour prend",
            "  une apostrophe devant. / A cell that begins with one of these takes a leading apostrophe, in CSV only.",
            "- `provenance` : pour chaque ligne, la page, la capture, l'empreinte, l'endroit et le texte publié.",
            f"- DuckDB : `duckdb {portal.id}.duckdb` · vérifier / verify: `sha256sum -c SHA256SUMS`",
            "",
            "| table | titre | état |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def _code(text: str) -> str:
    """Text safe inside a Markdown code span."""
    return text.replace("`", "'")
