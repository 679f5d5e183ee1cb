"""The version rule: what a release's number says is computed from what changed (CONTRACT, 'Version').

Major: dataset or column removed, renamed, reordered, retyped; constraint tightened; key changed. Minor: dataset or
rows added or removed; a nullable column appended last; constraint loosened. Patch: values corrected, metadata.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from pipeline.markdown import code
from pipeline.paths import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Schema = Mapping[str, Any]

FIRST = "1.0.0"
_TIGHTER_WHEN_HIGHER = {"minimum", "minLength"}
_TIGHTER_WHEN_LOWER = {"maximum", "maxLength"}


class Step(IntEnum):
    """Which part of the version moves."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two packages' schemas: the dataset, how far it moves the version, and in words."""

    dataset: str
    step: Step
    said: str


def after(version: str, step: Step) -> str:
    """The version that follows: '1.4.2' and MINOR give '1.5.0'."""
    major, minor, patch = number(version)
    match step:
        case Step.MAJOR:
            return f"{major + 1}.0.0"
        case Step.MINOR:
            return f"{major}.{minor + 1}.0"
        case Step.PATCH:
            return f"{major}.{minor}.{patch + 1}"
        case Step.NONE:
            return version


def differences(before: Mapping[str, Schema], now: Mapping[str, Schema]) -> list[Difference]:
    """What differs between two packages' Table Schemas, by dataset, in French and English."""
    found = []
    for name in sorted({*before, *now}):
        if name not in now:
            found.append(Difference(name, Step.MAJOR, "jeu de données retiré / dataset removed"))
        elif name not in before:
            found.append(Difference(name, Step.MINOR, "jeu de données ajouté / dataset added"))
        else:
            found += [Difference(name, step, said) for step, said in _schema(before[name], now[name])]
    return found


def step_of_changes(changes: Iterable[Mapping[str, Any]]) -> Step:
    """How far the version moves for row changes."""
    kinds = {change["change"] for change in changes}
    if kinds & {"added", "removed"}:
        return Step.MINOR
    return Step.PATCH if kinds else Step.NONE


def _schema(before: Schema, now: Schema) -> Iterator[tuple[Step, str]]:
    found = [*_columns(before, now), *_key(before, now), *_foreign(before, now)]
    was = {field["name"]: field for field in before["fields"]}
    for field in now["fields"]:
        if field["name"] in was:
            found += _field(was[field["name"]], field)
    yield from found
    if not found and dict(before) != dict(now):
        yield Step.PATCH, "titres ou descriptions / titles or descriptions"


def _columns(before: Schema, now: Schema) -> Iterator[tuple[Step, str]]:
    old, new = _names(before), _names(now)
    for name in old:
        if name not in new:
            yield Step.MAJOR, f"colonne retirée / column removed: `{name}`"
    appended = new[: len(old)] == old
    for field in now["fields"]:
        if field["name"] not in old:
            minor = appended and not field.get("constraints", {}).get("required")
            yield Step.MINOR if minor else Step.MAJOR, f"colonne ajoutée / column added: `{field['name']}`"
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Step.MAJOR, "colonnes dans un autre ordre / columns reordered"


def _key(before: Schema, now: Schema) -> Iterator[tuple[Step, str]]:
    if before["primaryKey"] != now["primaryKey"]:
        yield Step.MAJOR, f"clé / key: {', '.join(before['primaryKey'])} → {', '.join(now['primaryKey'])}"


def _field(before: Schema, now: Schema) -> Iterator[tuple[Step, str]]:
    name = now["name"]
    if before["type"] != now["type"]:
        yield Step.MAJOR, f"type : `{name}` {before['type']} → {now['type']}"
    old, new = before.get("constraints", {}), now.get("constraints", {})
    for constraint in sorted({*old, *new}):
        was, there = old.get(constraint), new.get(constraint)
        step = _constraint(constraint, was, there)
        if step is not Step.NONE:
            yield step, f"contrainte / constraint: `{name}` {constraint} {_shown(was)} → {_shown(there)}"


def _constraint(name: str, before: Any, now: Any) -> Step:  # noqa: ANN401 (a constraint's value is any JSON)
    if before == now:
        return Step.NONE
    if before is None or before is False:
        return Step.MAJOR
    if now is None or now is False:
        return Step.MINOR
    looser = (
        (name in _TIGHTER_WHEN_HIGHER and now < before)
        or (name in _TIGHTER_WHEN_LOWER and now > before)
        or (name == "enum" and set(now) >= set(before))
    )
    return Step.MINOR if looser else Step.MAJOR


def _foreign(before: Schema, now: Schema) -> Iterator[tuple[Step, str]]:
    """Foreign keys added and taken away; one of a new column tightens nothing that was there."""
    old, new = before.get("foreignKeys", []), now.get("foreignKeys", [])
    for key in new:
        if key not in old and set(key["fields"]) <= set(_names(before)):
            yield Step.MAJOR, f"clé étrangère ajoutée / foreign key added: {_reference(key)}"
    for key in old:
        if key not in new:
            yield Step.MINOR, f"clé étrangère retirée / foreign key removed: {_reference(key)}"


def _reference(key: Schema) -> str:
    parent = key["reference"]
    return f"`{', '.join(key['fields'])}` → {parent['resource']}({', '.join(parent['fields'])})"


def _names(schema: Schema) -> list[str]:
    return [field["name"] for field in schema["fields"]]


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "—" if value is None else code(text)
