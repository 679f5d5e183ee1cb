"""What lies in a release beside its data says what datapackage.json says, the same each time, and none of it runs."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest
import yaml
from conftest import ROOT, few_declarations
from markdown_it import MarkdownIt
from test_refresh import HOLDER_CHANGED, LOST, archive_of, changed, out, refresh

from pipeline import catalogue, change_note, erasing, markdown, shelf
from pipeline.citation import cff
from pipeline.croissant import croissant
from pipeline.csvw import csvw
from pipeline.described import schemas_of
from pipeline.feed import feed
from pipeline.paths import read_json, write_json
from pipeline.readme import dictionary, readme
from pipeline.schema_org import json_ld, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Done

__all__ = ["out"]  # a fixture

PORTAL, BASE = "canceropole-idf", "https://donnees.example.fr/ouvertes"
ATOM = "{http://www.w3.org/2005/Atom}"
WRITTEN = {"README.md", "DICTIONNAIRE.md", "CITATION.cff", "index.html", "csvw-metadata.json", "croissant.json"}
# Each ends what one of the formats would hold it in, or begins something there.
HOSTILE = [
    "</script><script>alert(1)</script><!-- ]]>",
    "<img src=x onerror=alert(1)> &lt;b&gt; {{ 7*7 }} {% raw %}",
    "a | b || c `code` ``` *gras* _it_ ~~non~~ [lien](javascript:alert(1)) ![i](http://evil.example/i)",
    "# titre",
    "- puce",
    "1. un",
    "=====",
    "> cité",
    "fin\n\n# autre\n---\n```\ncode\n|x|y|\n|-|-|",
    "'simple' \"double\" : # non: oui\n- x: &a *a !!python/object:os.system",
    "\u202egnp.exe\u2066 \x1b[31m \x07 \u2028 \ufeff \u200b",
    "\\`\\|\\\\",
]


def table(name: str, **columns: str) -> dict[str, Any]:
    """A table's CSV resource, its key the first column."""
    fields = [
        {"name": column, "type": kind, "title": column, "description": column, "title_en": column}
        | {"description_en": column}
        for column, kind in columns.items()
    ]
    return {
        "name": name,
        **{each: f"{name}, {each}" for each in ("title", "title_en", "description", "description_en")},
        "path": f"data/{name}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "bytes": 12,
        "hash": f"sha256:{'0' * 64}",
        "schema": {"fields": fields, "primaryKey": [next(iter(columns))], "missingValues": [""]},
        "issued": "2026-11-01",
        "modified": "2026-11-23",
    }


def described(*tables: dict[str, Any], **told: Any) -> dict[str, Any]:
    """A package's descriptor."""
    agent = {"path": "https://portail.example/", "title": "Éditeur"}
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "portail",
        "id": "https://portail.example/#portail",
        "title": "Portail",
        "title_en": "Portal",
        "description": "Ce que le portail publie.",
        "description_en": "What the portal publishes.",
        "homepage": "https://portail.example/",
        "version": "1.0.0",
        "created": "2026-11-23T15:30:00Z",
        "run": "20261123T153000Z",
        "reconstitution": False,
        "keywords": ["cancer"],
        "languages": ["fr"],
        "theme": "HEAL",
        "area": {
            "uri": "http://publications.europa.eu/resource/authority/country/FRA",
            "title": {"fr": "France", "en": "France"},
            "west": -5.2,
            "south": 41.3,
            "east": 9.6,
            "north": 51.1,
        },
        "frequency": "WEEKLY",
        "licenses": [{"name": "etalab-2.0", "title": "Licence Ouverte", "path": "https://licence.example/"}],
        "licence_statut": "a-confirmer",
        "contributors": [{**agent, "role": role, "roles": [role]} for role in ("publisher", "maintainer")],
        "sources": [{"title": "Portail", "path": "https://portail.example/"}],
        "resources": list(tables) or [table("jeu", cle="string")],
        **told,
    }


def with_text(text: str) -> dict[str, Any]:
    """A descriptor that has a text wherever one may stand that is no name or address."""
    everywhere = dict.fromkeys(("title", "title_en", "description", "description_en"), text)
    one = table("jeu", cle="string")
    one["schema"]["fields"][0] |= {**everywhere, "constraints": {"pattern": text, "enum": [text, text]}}
    one |= {**everywhere, "stale": {"since": text, "code": text, "message": {"fr": text, "en": text}}}
    one["sources"] = [{"title": text, "path": "https://portail.example/a>(b) c"}]
    agent = {"title": text, "path": "https://portail.example/", "email": "a@b.example"}
    return described(
        one,
        **everywhere,
        keywords=[text],
        contributors=[{**agent, "role": role, "roles": [role]} for role in ("publisher", "maintainer")],
        licenses=[{"name": text, "title": text, "path": "https://licence.example/"}],
        sources=[{"title": text, "path": text}],
        area={**described()["area"], "title": {"fr": text, "en": text}},
    )


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, in order; and what its scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] == "script" and self.scripts:
            self.scripts[-1] += data

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", (data,)))


def blocks(text: str) -> list[str]:
    """What Markdown makes of a text, without the text itself: GitHub's, HTML let through."""
    parsed = MarkdownIt("gfm-like", {"html": True, "linkify": False}).parse(text)
    kinds = (token.type for block in parsed for token in (block, *(block.children or ())))
    return [kind for kind in kinds if kind != "text_special"]


def merged(kinds: list[str]) -> list[str]:
    """The same with neighbouring pieces of text as one."""
    return [kind for before, kind in zip(["", *kinds], kinds, strict=False) if (before, kind) != ("text", "text")]


def texts(told: Any) -> Iterator[str]:
    if isinstance(told, dict):
        for value in told.values():
            yield from texts(value)
    elif isinstance(told, list):
        for value in told:
            yield from texts(value)
    elif isinstance(told, str):
        yield told


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_makes_no_element_of_the_page_and_the_script_stays_json(text: str) -> None:
    hostile, plain = (Elements(page(with_text(said))) for said in (text, "rien"))
    assert hostile.found == plain.found
    [script] = hostile.scripts
    assert any(text in found for found in texts(json.loads(script)))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("make", [readme, dictionary])
def test_a_hostile_text_is_text_in_markdown(make: Any, text: str) -> None:
    hostile, plain = (merged(blocks(make(with_text(said)))) for said in (text, "rien"))
    assert hostile == plain


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_one_value_of_the_citation(text: str) -> None:
    told = yaml.safe_load(cff(with_text(text)))
    assert set(told) - {"license"} == set(yaml.safe_load(cff(described()))) - {"license"}
    assert "\n" not in told["title"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_text_in_the_change_note_and_in_the_feed(text: str) -> None:
    hostile, plain = (told_of(said) for said in (text, "rien"))
    assert merged(blocks(hostile)) == merged(blocks(plain))
    [made, expected] = (feed([(with_text(said), note)]) for said, note in ((text, hostile), ("rien", plain)))
    assert elements_of_entries(made) == elements_of_entries(expected)


def told_of(text: str) -> str:
    """The change note of rows that have a text in every key and value, one of them probably renamed."""
    now = with_text(text)
    removed = {"cle": [f"{text} un deux", None]}
    changes = [
        {"dataset": "jeu", "key": text, "change": "changed", "columns": {"cle": [text, f"{text}!"]}},
        {"dataset": "jeu", "key": f"{text} UN deux", "change": "added", "columns": {"cle": [None, f"{text} UN deux"]}},
        {"dataset": "jeu", "key": f"{text} un deux", "change": "removed", "columns": removed},
    ]
    return change_note.note(now, schemas_of(described()), changes, {})


def elements_of_entries(text: str) -> list[tuple[str, tuple[str, ...]]]:
    [content] = [entry.text or "" for entry in ET.fromstring(text).iter(f"{ATOM}content")]
    return Elements(content).found


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_written_acts_on_a_terminal(tmp_path: Path, text: str) -> None:
    shelf.write(tmp_path, with_text(text))
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir() if path.suffix != ".zip"}
    assert written.keys() == {*WRITTEN, *catalogue.FILES}
    for name, content in {**written, "feed": feed([(with_text(text), text)])}.items():
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", content), name


@pytest.mark.parametrize("value", ["a`b", "``", "`", "a``b`c", "", "x|y"])
def test_a_code_span_shows_what_it_was_given(value: str) -> None:
    [inline] = [token for token in MarkdownIt().parse(f"avant {markdown.code(value)} après") if token.type == "inline"]
    assert [child.content.strip() for child in inline.children or () if child.type == "code_inline"] == [value]


def test_the_same_descriptor_gives_the_same_bytes_and_no_run_or_database_is_stated(
    sample: Done, tmp_path: Path
) -> None:
    descriptor = read_json(sample.latest / "datapackage.json")
    shelf.write(tmp_path, descriptor)
    database = sample.latest / f"{PORTAL}.duckdb"
    for name in WRITTEN:
        content = (tmp_path / name).read_bytes()
        assert content == (sample.latest / name).read_bytes(), name
        assert sha256(database.read_bytes()).hexdigest().encode() not in content
        assert descriptor["run"].encode() not in content


def test_the_zip_is_the_release_to_take_away(sample: Done, tmp_path: Path) -> None:
    with ZipFile(sample.latest / f"{PORTAL}.zip") as bundle:
        assert bundle.testzip() is None
        bundle.extractall(tmp_path)
    [root] = tmp_path.iterdir()
    assert root.name == f"{PORTAL}-1.0.0"
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=root, check=True)  # noqa: S607 (any)
    kept = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    there = {path.relative_to(sample.latest).as_posix() for path in sample.latest.rglob("*") if path.is_file()}
    assert kept == there - {*catalogue.FILES, f"{PORTAL}.zip"}
    same = [(root / name).read_bytes() == (sample.latest / name).read_bytes() for name in kept - {"SHA256SUMS"}]
    assert same == [True] * len(same)


def test_a_zip_written_again_leaves_the_file_it_was_linked_to(tmp_path: Path) -> None:
    """A release without a row is made in a folder that shares the files of the one with it."""
    folders = [tmp_path / name for name in ("before", "after")]
    for folder in folders:
        folder.mkdir()
    name = f"{described()['name']}.zip"
    shelf.write(folders[0], described())
    before = (folders[0] / name).read_bytes()
    (folders[1] / name).hardlink_to(folders[0] / name)
    shelf.write(folders[1], described(version="9.9.9"))
    assert (folders[0] / name).read_bytes() == before != (folders[1] / name).read_bytes()


def test_a_zip_knows_no_day_before_1980(tmp_path: Path) -> None:
    shelf.write(tmp_path, described(created="1971-01-01T00:00:00Z"))
    with ZipFile(tmp_path / f"{described()['name']}.zip") as bundle:
        assert {member.date_time[0] for member in bundle.infolist()} == {1980}


def test_the_readme_says_where_from_how_fresh_whose_names_and_that_the_licence_is_unsure(sample: Done) -> None:
    text = (sample.latest / "README.md").read_text(encoding="utf-8")
    descriptor = read_json(sample.latest / "datapackage.json")
    for said in (
        descriptor["created"],
        descriptor["sources"][0]["path"],
        "à confirmer auprès de l'éditeur / still to be confirmed",
        "chaque semaine",
        "`tumorotheques_responsables.nom`",
        "`contacts_valorisation.courriel`",
        "Reconstitution",
        "sha256sum -c SHA256SUMS",
    ):
        assert said in text
    assert "confirmée par l'éditeur" in readme(described(licence_statut="confirmee"))
    assert "Reconstitution" not in readme(described())


def test_the_dictionary_has_every_column_with_its_constraints_in_both_languages(sample: Done) -> None:
    text = (sample.latest / "DICTIONNAIRE.md").read_text(encoding="utf-8")
    tables = [r for r in read_json(sample.latest / "datapackage.json")["resources"] if r["format"] == "csv"]
    sections = dict(zip([t["name"] for t in tables], text.split("\n## ")[1:], strict=True))
    for each in tables:
        lines = [line for line in sections[each["name"]].splitlines() if line.startswith("| `")]
        assert [line.split("`")[1] for line in lines] == [field["name"] for field in each["schema"]["fields"]]
        for line, field in zip(lines, each["schema"]["fields"], strict=True):
            assert ("obligatoire / required" in line) == field.get("constraints", {}).get("required", False)
            assert str(markdown.text(field["title_en"])) in line
    assert "parmi / one of `courriel_fonctionnel` `courriel_nominatif` `page_web`" in text


def test_a_table_kept_from_an_earlier_release_says_since_when_and_why(few: Done, out: Path, tmp_path: Path) -> None:
    lost = changed(archive_of(few), tmp_path / "a.warc.gz", {**LOST, **HOLDER_CHANGED})
    assert refresh(out, lost)["version"] == "1.0.1"
    latest = out / PORTAL / "latest"
    marks = {r["name"]: r["stale"] for r in read_json(latest / "datapackage.json")["resources"] if "stale" in r}
    mark = marks["tumorotheques"]
    for name in ("README.md", "index.html"):
        text = (latest / name).read_text(encoding="utf-8").replace("&#39;", "'")
        assert mark["since"] in text
        assert mark["message"]["fr"] in text
        assert mark["message"]["en"] in text
    entries = list(ET.parse(out / PORTAL / "releases.atom").iter(f"{ATOM}entry"))
    assert [str(entry.findtext(f"{ATOM}title")).split()[-1] for entry in entries] == ["1.0.1", "1.0.0"]
    assert "axes_coordinateurs" in str(entries[0].findtext(f"{ATOM}content"))
    first = ET.parse(few.home / "releases.atom").find(f"{ATOM}entry")
    assert first is not None
    assert first.findtext(f"{ATOM}id") == entries[1].findtext(f"{ATOM}id")


def test_csvw_names_the_columns_of_each_header_and_only_keys_there_are(sample: Done) -> None:
    told = read_json(sample.latest / "csvw-metadata.json")
    columns = {}
    for each in told["tables"]:
        with (sample.latest / each["url"]).open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        columns[each["url"]] = [column["name"] for column in each["tableSchema"]["columns"]]
        assert columns[each["url"]] == header
        assert [column["titles"]["fr"][0] for column in each["tableSchema"]["columns"]] == header
    keys = [(t["url"], key) for t in told["tables"] for key in t["tableSchema"].get("foreignKeys", [])]
    assert len(keys) >= 5
    for url, key in keys:
        assert set(key["columnReference"]) <= set(columns[url])
        assert set(key["reference"]["columnReference"]) <= set(columns[key["reference"]["resource"]])


def test_csvw_says_each_constraint_it_has_a_word_for() -> None:
    one = table("jeu", cle="string", nombre="number", quand="datetime")
    bounds = [{"required": True, "enum": ["a", "b.c"]}, {"minimum": 0, "maximum": 1}, {}]
    for field, constraints in zip(one["schema"]["fields"], bounds, strict=True):
        field["constraints"] = constraints
    [told] = csvw(described(one))["tables"]
    first, *others = told["tableSchema"]["columns"]
    assert first["required"] is True
    assert first["datatype"] == {"base": "string", "format": r"a|b\.c"}
    assert [c["datatype"] for c in others] == [{"base": "number", "minimum": 0, "maximum": 1}, {"base": "dateTime"}]


@pytest.mark.parametrize("base", [BASE, None])
def test_croissant_states_each_csv_file_and_where_this_release_has_it(sample: Done, base: str | None) -> None:
    descriptor = read_json(sample.latest / "datapackage.json") | ({"base_url": base} if base else {})
    told = croissant(descriptor)
    prefix = f"{BASE}/{PORTAL}/releases/1.0.0/" if base else ""
    for file in told["distribution"]:
        assert file["contentUrl"] == prefix + file["@id"]
        assert file["sha256"] == sha256((sample.latest / file["@id"]).read_bytes()).hexdigest()
    known = {field["@id"] for records in told["recordSet"] for field in records["field"]}
    assert {key["@id"] for records in told["recordSet"] for key in records["key"]} <= known
    references = [f["references"]["field"]["@id"] for r in told["recordSet"] for f in r["field"] if "references" in f]
    assert set(references) == {"axes_recherche/axe_id", "organisations/organisation_id"}


@pytest.mark.parametrize("base", [BASE, None])
def test_schema_org_has_one_dataset_a_table_and_one_for_the_package(sample: Done, base: str | None) -> None:
    descriptor = read_json(sample.latest / "datapackage.json") | ({"base_url": base} if base else {})
    catalogue, package, *tables = json_ld(descriptor)["@graph"]
    assert [part["@id"] for part in package["hasPart"]] == [each["@id"] for each in tables]
    assert len({each["@id"] for each in (catalogue, package, *tables)}) == len(tables) + 2
    for each in (package, *tables):
        assert 50 <= len(each["description"]) <= 5_000
        assert each["includedInDataCatalog"] == {"@id": catalogue["@id"]}
        assert each["identifier"].startswith(f"{BASE}/{PORTAL}/" if base else "urn:uuid:")
        assert ("url" in each) == bool(base)
    for file in (file for each in tables for file in each["distribution"]):
        path = file["contentUrl"].removeprefix(f"{BASE}/{PORTAL}/releases/1.0.0/" if base else "")
        assert file["sha256"] == sha256((sample.latest / path).read_bytes()).hexdigest()


def test_a_long_description_is_cut_to_what_search_engines_take() -> None:
    for each in json_ld(described(description="x" * 9_000))["@graph"][1:]:
        assert len(each["description"]) <= 5_000
        assert each["description"].endswith("version 1.0.0.")


def test_the_page_links_to_files_that_are_there(sample: Done) -> None:
    text = (sample.latest / "index.html").read_text(encoding="utf-8")
    links = [link for link in re.findall(r'<a href="([^"]+)"', text) if "://" not in link]
    assert {link for link in links if not (sample.latest / link).is_file()} == set()
    named = {path.relative_to(sample.latest).as_posix() for path in sample.latest.rglob("*") if path.is_file()}
    assert {name for name in named if name not in links and not name.startswith(("schemas/", "catalog"))} == {
        "index.html"
    }


def test_the_citation_has_what_the_format_requires_and_a_licence_only_by_its_spdx_name() -> None:
    told = yaml.safe_load(cff(described(base_url=BASE)))
    assert {"cff-version", "message", "title", "authors"} <= told.keys()
    assert (told["cff-version"], told["type"], told["license"]) == ("1.2.0", "dataset", "etalab-2.0")
    assert told["identifiers"][0]["value"] == f"{BASE}/portail/package"
    assert "à confirmer" in told["message"]
    own = yaml.safe_load(cff(described(licenses=[{"name": "maison", "title": "M", "path": "https://l.example/"}])))
    assert ("license" in own, own["license-url"]) == (False, "https://l.example/")


def test_an_entry_of_the_feed_keeps_its_id_wherever_it_is_served() -> None:
    here, there = (ET.fromstring(feed([(described(**told), "# 1\n")])) for told in ({}, {"base_url": BASE}))
    assert [e.text for e in here.iter(f"{ATOM}id")] == [e.text for e in there.iter(f"{ATOM}id")]
    assert [link.get("href") for link in here.iter(f"{ATOM}link")] == [
        "latest/",
        "releases/1.0.0/",
        "releases/1.0.0/changes.json",
    ]
    assert all(str(link.get("href")).startswith(f"{BASE}/portail/") for link in there.iter(f"{ATOM}link"))


def test_a_release_that_says_less_of_its_portal_is_written_again_too(out: Path) -> None:
    latest = out / PORTAL / "latest"
    descriptor = read_json(latest / "datapackage.json")
    older = {name: told for name, told in descriptor.items() if name not in {"languages", "area", "frequency", "theme"}}
    write_json(latest / "datapackage.json", older)
    key = "tumorotheque-hopital-foch/1"
    assert erasing.run(PORTAL, "tumorotheques_responsables", key, "", out, few_declarations(), "fr", yes=True) == 0
    assert "chaque semaine" in (latest / "README.md").read_text(encoding="utf-8")


def test_the_commands_that_verify_a_release_find_it_whole(sample: Done) -> None:
    shown = re.findall(r"^\$ (.+)$", (ROOT / "docs" / "package.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [line.split()[0] for line in shown] == ["sha256sum", "frictionless"]
    folder = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for line in shown:
        done = subprocess.run(
            shlex.split(line), cwd=sample.latest, env={**os.environ, "PATH": folder}, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
