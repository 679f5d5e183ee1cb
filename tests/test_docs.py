"""The documents say what the code does: codes, modules, keys, commands, links and the worked example."""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import pytest
import yaml
from conftest import ROOT, canceropole
from pydantic import TypeAdapter

from schemas.cleaners import cleaners
from schemas.declared import Declared
from schemas.load import load
from schemas.reasons import CODES
from spiders import inspecting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydantic.fields import FieldInfo

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
NEW_DATASET = (DOCS / "new-dataset.md").read_text(encoding="utf-8")
PACKAGES = ("schemas", "spiders", "pipeline")
MODELS = {kind.__name__: kind for kind in Declared.__subclasses__()}
GIVEN_BY_THE_PATH = {"Portal": {"id"}, "Dataset": {"id"}, "View": {"id"}}
PORTAL, DATASET = "canceropole-idf", "instances_gouvernance"
CASE = ROOT / "tests" / "pages" / PORTAL / DATASET / "base"


def table_rows(text: str) -> Iterator[list[str]]:
    """The cells of every table row whose first cell is code."""
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def sections(name: str) -> dict[str, str]:
    """The sections of a document by heading."""
    _, *parts = re.split(r"^## ", (DOCS / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(part.split("\n", 1) for part in parts)


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_the_reason_table_is_the_closed_list() -> None:
    rows = list(table_rows((DOCS / "reasons.md").read_text(encoding="utf-8")))
    assert {row[0].strip("`"): (row[1], row[2]) for row in rows} == {name: (c.fr, c.en) for name, c in CODES.items()}
    assert len(rows) == len(CODES)
    assert all(all(row) for row in rows)


def test_every_module_is_in_the_architecture_and_no_other() -> None:
    modules = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "__init__.py"
    }
    assert {row[0].strip("`") for row in table_rows(sections("ARCHITECTURE.md")["Modules"])} == modules


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_exist(page: Path) -> None:
    named = re.findall(r"`((?:schemas|spiders|pipeline|tests)/[^`<]+)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_key_of_a_declaration_has_its_line_and_its_example_is_one(name: str) -> None:
    keys = {field.alias or key: field for key, field in MODELS[name].model_fields.items()}
    lines = list(table_rows(sections("declarations.md")[name]))
    told = {key.split("`")[1]: (key.endswith("•"), example.strip("`")) for key, _, example in lines}
    assert told.keys() == keys.keys() - GIVEN_BY_THE_PATH.get(name, set())
    for key, (required, example) in told.items():
        assert required == keys[key].is_required(), key
        assert_is_example(key, keys[key], example)


def assert_is_example(key: str, field: FieldInfo, example: str) -> None:
    given = yaml.safe_load(example)
    assert list(given) == [key]
    kind: Any = field.annotation
    for constraint in field.metadata:
        kind = Annotated[kind, constraint]
    TypeAdapter(kind).validate_python(given[key])


def test_every_cleaner_has_its_line() -> None:
    known = cleaners(load(PORTAL).portal, [])
    assert {row[0].strip("`") for row in table_rows(sections("declarations.md")["Cleaners"])} == known.keys()


@cache
def help_of(command: str) -> str:
    done = canceropole(*([command] if command else []), "--help")
    assert done.status == 0, f"{command}: {done.stderr}"
    return done.stdout


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every canceropole command a document shows."""
    for line in re.findall(r"\.venv/bin/canceropole ([^\n`]+)", page.read_text(encoding="utf-8")):
        yield shlex.split(line)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_shown_are_those_of_the_help(page: Path) -> None:
    for command, *arguments in commands(page):
        assert re.search(rf"^  {command} ", help_of(""), flags=re.MULTILINE), command
        options = [argument for argument in arguments if argument.startswith("-")]
        assert [option for option in options if f"  {option} " not in help_of(command)] == [], command


def test_the_commands_a_reader_starts_with_are_shown() -> None:
    shown = {command for page in PAGES for command, *_ in commands(page)}
    assert shown >= {"refresh", "inspect", "check", "explain", "status", "schedule", "serve"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_shown_are_those_of_the_makefile(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_documents_resolve(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).is_file()] == []


def test_every_decision_is_in_the_architecture() -> None:
    decisions = {f"decisions/{path.name}" for path in (DOCS / "decisions").glob("*.md")}
    assert decisions <= set(re.findall(r"\]\(([^)]+)\)", sections("ARCHITECTURE.md")["Decisions"]))


def test_the_example_shows_the_declaration_and_the_rows_as_they_are() -> None:
    declaration = ROOT / "schemas" / PORTAL / f"{DATASET}.yml"
    assert fenced(NEW_DATASET, "yaml") == [declaration.read_text(encoding="utf-8")]
    (rows,) = fenced(NEW_DATASET, "json")
    assert json.loads(rows) == json.loads((CASE / "rows.json").read_bytes())


def test_the_example_shows_what_inspect_prints() -> None:
    (shown,) = fenced(NEW_DATASET, "text")
    page = next(arguments[0] for command, *arguments in commands(DOCS / "new-dataset.md") if command == "inspect")
    _, *printed = inspecting.told(str(ROOT / page)).splitlines()
    assert shown.splitlines() == printed
    assert (CASE / "page.html").read_bytes() == (ROOT / page).read_bytes()
