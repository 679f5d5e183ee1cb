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
    """One difference between two packages' schemas.

    Attributes:
        dataset: its id.
        step: how far it moves the version.
        said: what it is, by language ('fr', 'en'), as Markdown.
    """

    dataset: str
    step: Step
    said: Mapping[str, str]


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
    """What differs between two packages' Table Schemas.

    Args:
        before: the Table Schemas of one, by dataset.
        now: those of the other.

    Returns:
        The differences, by dataset.
    """
    found = []
    for name in sorted({*before, *now}):
        if name not in now:
            found.append(Difference(name, Step.MAJOR, _said("jeu de données retiré", "dataset removed")))
        elif name not in before:
            found.append(Difference(name, Step.MINOR, _said("jeu de données ajouté", "dataset added")))
        else:
            found += [Difference(name, step, said) for step, said in _schema(before[name], now[name])]
    return found


def step_of_changes(changes: Iterable[Mapping[str, Any]]) -> Step:
    """How far the version moves for row changes."""
    kinds = {change["change"] for change in changes}
    if kinds & {"added", "removed"}:
        return Step.MINOR
    return Step.PATCH if kinds else Step.NONE


def _said(french: str, english: str, about: str = "") -> dict[str, str]:
    """A difference in both languages; what it is about reads the same in each."""
    return {"fr": french + (f" : {about}" if about else ""), "en": english + (f": {about}" if about else "")}


def _schema(before: Schema, now: Schema) -> Iterator[tuple[Step, Mapping[str, str]]]:
    found = [*_columns(before, now), *_key(before, now), *_foreign(before, now)]
    was = {field["name"]: field for field in before["fields"]}
    for field in now["fields"]:
        if field["name"] in was:
            found += _field(was[field["name"]], field)
    yield from found
    if not found and dict(before) != dict(now):
        yield Step.PATCH, _said("titres ou descriptions", "titles or descriptions")


def _columns(before: Schema, now: Schema) -> Iterator[tuple[Step, Mapping[str, str]]]:
    old, new = _names(before), _names(now)
    for name in old:
        if name not in new:
            yield Step.MAJOR, _said("colonne retirée", "column removed", code(name))
    appended = new[: len(old)] == old
    for field in now["fields"]:
        if field["name"] not in old:
            minor = appended and not field.get("constraints", {}).get("required")
            step = Step.MINOR if minor else Step.MAJOR
            yield step, _said("colonne ajoutée", "column added", code(field["name"]))
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Step.MAJOR, _said("colonnes dans un autre ordre", "columns reordered")


def _key(before: Schema, now: Schema) -> Iterator[tuple[Step, Mapping[str, str]]]:
    if before["primaryKey"] != now["primaryKey"]:
        old, new = (code(", ".join(schema["primaryKey"])) for schema in (before, now))
        yield Step.MAJOR, _said("clé", "key", f"{old} → {new}")


def _field(before: Schema, now: Schema) -> Iterator[tuple[Step, Mapping[str, str]]]:
    name = now["name"]
    if before["type"] != now["type"]:
        yield Step.MAJOR, _said("type", "type", f"{code(name)} {before['type']} → {now['type']}")
    old, new = before.get("constraints", {}), now.get("constraints", {})
    for constraint in sorted({*old, *new}):
        was, there = old.get(constraint), new.get(constraint)
        step = _constraint(constraint, was, there)
        if step is not Step.NONE:
            yield step, _said("contrainte", "constraint", f"{code(name)} {constraint} {_shown(was)} → {_shown(there)}")


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


def _foreign(before: Schema, now: Schema) -> Iterator[tuple[Step, Mapping[str, str]]]:
    """Foreign keys added and taken away; one of a new column tightens nothing that was there."""
    old, new = before.get("foreignKeys", []), now.get("foreignKeys", [])
    for key in new:
        if key not in old and set(key["fields"]) <= set(_names(before)):
            yield Step.MAJOR, _said("clé étrangère ajoutée", "foreign key added", _reference(key))
    for key in old:
        if key not in new:
            yield Step.MINOR, _said("clé étrangère retirée", "foreign key removed", _reference(key))


def _reference(key: Schema) -> str:
    parent = key["reference"]
    return f"{code(', '.join(key['fields']))} → {code(parent['resource'])} ({code(', '.join(parent['fields']))})"


def _names(schema: Schema) -> list[str]:
    return [field["name"] for field in schema["fields"]]


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "—" if value is None else code(text)
