"""The version rule: what a release's number says is computed from what changed (CONTRACT, 'Version').

Major: dataset or column removed, renamed, reordered, retyped; constraint tightened; key changed. Minor: dataset or
rows added or removed; a nullable column appended last; constraint loosened. Patch: values corrected, metadata.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FIRST = "1.0.0"
_TIGHTER_WHEN_HIGHER = {"minimum", "minLength"}
_TIGHTER_WHEN_LOWER = {"maximum", "maxLength"}


class Step(IntEnum):
    """Which part of the version moves."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3


def after(version: str, step: Step) -> str:
    """The version that follows: '1.4.2' and MINOR give '1.5.0'."""
    major, minor, patch = (int(part) for part in version.split("."))
    match step:
        case Step.MAJOR:
            return f"{major + 1}.0.0"
        case Step.MINOR:
            return f"{major}.{minor + 1}.0"
        case Step.PATCH:
            return f"{major}.{minor}.{patch + 1}"
        case Step.NONE:
            return version


def step_of_schemas(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> Step:
    """How far the version moves for the difference between two packages' Table Schemas, by dataset."""
    steps = [Step.NONE]
    steps += [Step.MAJOR for name in before if name not in now]
    steps += [Step.MINOR for name in now if name not in before]
    steps += [_schema(before[name], now[name]) for name in before if name in now]
    return max(steps)


def step_of_changes(changes: Iterable[Mapping[str, Any]]) -> Step:
    """How far the version moves for row changes."""
    kinds = {change["change"] for change in changes}
    if kinds & {"added", "removed"}:
        return Step.MINOR
    return Step.PATCH if kinds else Step.NONE


def _schema(before: Mapping[str, Any], now: Mapping[str, Any]) -> Step:
    old, new = before["fields"], now["fields"]
    names, new_names = [field["name"] for field in old], [field["name"] for field in new]
    if new_names[: len(names)] != names or before["primaryKey"] != now["primaryKey"]:
        return Step.MAJOR
    steps = [_appended(field) for field in new[len(names) :]]
    steps += [_field(one, other) for one, other in zip(old, new, strict=False)]
    steps.append(_foreign(before.get("foreignKeys", []), now.get("foreignKeys", [])))
    if dict(before) != dict(now):
        steps.append(Step.PATCH)
    return max(steps, default=Step.NONE)


def _appended(field: Mapping[str, Any]) -> Step:
    return Step.MAJOR if field.get("constraints", {}).get("required") else Step.MINOR


def _field(before: Mapping[str, Any], now: Mapping[str, Any]) -> Step:
    if before["type"] != now["type"]:
        return Step.MAJOR
    old, new = before.get("constraints", {}), now.get("constraints", {})
    return max((_constraint(name, old.get(name), new.get(name)) for name in {*old, *new}), default=Step.NONE)


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


def _foreign(before: list[Any], now: list[Any]) -> Step:
    if any(key not in before for key in now):
        return Step.MAJOR
    return Step.MINOR if any(key not in now for key in before) else Step.NONE
