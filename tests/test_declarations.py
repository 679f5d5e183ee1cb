"""Broken declarations are refused with the file, the key and what was got; whole ones are read parents first."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from schemas import load as loading
from schemas.load import DeclarationError, UnknownPortalError, load, portals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PORTAL = "canceropole-idf"
BANKS = "tumorotheques.yml"
TABLE = "    table: {headers: [Nom de la tumorothèque, Etablissement, Responsable]}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the declarations, to break."""
    copy = tmp_path / "schemas"
    shutil.copytree(loading.HOME, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def edit(root: Path, old: str, new: str, name: str = BANKS) -> None:
    path = root / PORTAL / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def faults(root: Path) -> list[str]:
    with pytest.raises(DeclarationError) as caught:
        load(PORTAL, root)
    return str(caught.value).splitlines()


def assert_told(told: Sequence[str], place: str, *parts: str) -> None:
    assert any(line.startswith(place) and all(part in line for part in parts) for line in told), "\n".join(told)


@pytest.mark.parametrize(
    ("old", "new", "key", "got"),
    [
        ("key: [", "clef: 1\nkey: [", "clef", "got 1"),
        ("    from: Etablissement\n", "    form: Etablissement\n", "fields.2.form", "got 'Etablissement'"),
        ("type: integer", "type: entier", "fields.4.type", "got 'entier'"),
        ("name: rang", "name: Rang", "fields.4.name", "got 'Rang'"),
        ("minimum: 1", "minimum: un", "fields.4.constraints.minimum.int", "got 'un'"),
        ("min: 15", "min: 61", "checks.rows", "min 61 is above max 60"),
        ("filled: {organisation_id: 0.5}", "filled: {organisation_id: 50}", "checks.filled.organisation_id", "got 50"),
        ("filled: {organisation_id: 0.5}", "filled: {organisation: 0.5}", "(file)", "checks.filled names no column"),
        ("key: [tumorotheque_id]", "key: [tumorotheque]", "(file)", "key names no column of the dataset: tumorotheque"),
        ("key: [tumorotheque_id]", "key: []", "key", "got []"),
        ("rank: []", "rank: [axe_id]", "(file)", "rank names no column of the dataset: axe_id"),
        ("name: nom", "name: rang", "(file)", "columns declared twice: rang"),
        ("(-[a-z0-9]+)*$'", "(-[a-z0-9]+*$'", "fields.0.constraints.pattern", "not a regular expression"),
        ("minimum: 1}", "minimum: 2, maximum: 1}", "fields.4.constraints", "no value can be at least 2 and at most 1"),
        (TABLE, TABLE + "    section: {heading: x}\n", "sources.0", "exactly one of table"),
        (TABLE, "", "sources.0", "got none"),
        (TABLE, "    list: {many: true}\n", "sources.0.list", "a list needs `after`"),
        (TABLE, "    sentence: {pattern: '(?P<nom'}\n", "sources.0.sentence.pattern", "not a regular expression"),
        (TABLE, "    each_page: {where: x}\n", "sources.0", "`page` goes with table"),
        (TABLE, "    reference: ../secrets.csv\n", "sources.0.reference", "got '../secrets.csv'"),
        ("path: /structuration", "path: structuration", "sources.0.page.path", "got 'structuration"),
        ("title: {fr: Nom, en: Name}", "title: Nom", "fields.1.title", "got 'Nom'"),
        ("title: {fr: Nom, en: Name}", "title: {fr: Nom}", "fields.1.title.en", "Field required"),
        ("title: {fr: Nom, en: Name}", "title: {fr: Nom, en: Name, de: Name}", "fields.1.title.de", "got 'Name'"),
        ("title: {fr: Tumo", "id: autre\ntitle: {fr: Tumo", "id", "got 'autre'"),
    ],
)
def test_a_broken_dataset_is_told_with_its_file_key_and_value(
    root: Path, old: str, new: str, key: str, got: str
) -> None:
    edit(root, old, new)
    assert_told(faults(root), f"{PORTAL}/{BANKS}:{key}: ", got)


@pytest.mark.parametrize(
    ("old", "new", "key", "got"),
    [
        ("origin: https://www.canceropole-idf.fr", "origin: www.canceropole-idf.fr", "origin", "got 'www."),
        ("  delay: 1.0", "  delay: -1", "crawl.delay", "got -1"),
        ("  - ^/(tag|category|author)/", "  - ^/(tag/", "archives.0", "not a regular expression"),
        ("statut: a-confirmer", "statut: peut-être", "licence.statut", "got 'peut-être'"),
        ("language: fr", "langue: fr", "langue", "got 'fr'"),
        ("ignore:", "ignore:\n  - {page: x, block: paragraph, head: x, why: x}", "ignore.0.block", "got 'paragraph'"),
    ],
)
def test_a_broken_portal_is_told_with_its_key_and_value(root: Path, old: str, new: str, key: str, got: str) -> None:
    edit(root, old, new, "portal.yml")
    assert_told(faults(root), f"{PORTAL}/portal.yml:{key}: ", got)


@pytest.mark.parametrize(
    ("content", "expected", "got"),
    [
        (b"title: [", "a YAML file", "expected the node content"),
        (b"a: b: c", "a YAML file", "mapping values are not allowed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a YAML file", "unacceptable character"),
        (b"title: \xe9t\xe9", "a YAML file", "invalid continuation byte"),
        (b"title: !!python/object/apply:os.getcwd []", "a YAML file", "could not determine a constructor"),
        (b"title: 2018-02-30", "a YAML file", "day"),
        (b"", "keys and values", "NoneType"),
        (b"- title", "keys and values", "list"),
        (b"Une page de texte.", "keys and values", "str"),
        (b"1: {2: 3}", "", "1"),
    ],
)
def test_a_file_that_is_no_declaration_is_told(root: Path, content: bytes, expected: str, got: str) -> None:
    (root / PORTAL / BANKS).write_bytes(content)
    assert_told(faults(root), f"{PORTAL}/{BANKS}:", expected, got)


def test_a_folder_in_the_place_of_a_declaration_is_told(root: Path) -> None:
    (root / PORTAL / "dossier.yml").mkdir()
    assert_told(faults(root), f"{PORTAL}/dossier.yml: expected a YAML file")


def test_a_file_named_like_no_column_is_told(root: Path) -> None:
    (root / PORTAL / BANKS).rename(root / PORTAL / "Tumorothèques 2.yml")
    assert_told(faults(root), f"{PORTAL}/Tumorothèques 2.yml:id: ", "got 'Tumorothèques 2'")


def test_a_long_value_is_told_in_short(root: Path) -> None:
    edit(root, "title: {fr: Nom, en: Name}", f"title: {'x' * 500}")
    assert all(len(line) < 300 for line in faults(root))


def test_every_fault_of_every_file_is_told_at_once(root: Path) -> None:
    edit(root, "type: integer", "type: entier")
    edit(root, "rank: []", "rang: []")
    edit(root, "statut: a-confirmer", "statut: peut-être", "portal.yml")
    told = faults(root)
    assert len(told) == 3
    assert_told(told, f"{PORTAL}/{BANKS}:fields.4.type")
    assert_told(told, f"{PORTAL}/{BANKS}:fields.4.rang")
    assert_told(told, f"{PORTAL}/portal.yml:licence.statut")


@pytest.mark.parametrize(
    ("target", "got"),
    [("hopitaux", "hopitaux (no such dataset)"), ("axes_themes", "axes_themes (a key of 2 columns)")],
)
def test_a_reference_that_leads_nowhere_is_told(root: Path, target: str, got: str) -> None:
    edit(root, "references: organisations", f"references: {target}")
    place = f"{PORTAL}/{BANKS}:fields.organisation_id.references: "
    assert faults(root) == [f"{place}expected a dataset with a key of one column, got {got}"]


def test_a_missing_or_unreadable_reference_list_is_told(root: Path) -> None:
    listed = root / "reference" / "organisations.csv"
    listed.write_bytes(b"\xff\xfe")
    assert_told(faults(root), "reference/organisations.csv: expected a UTF-8 CSV file, got ")
    listed.unlink()
    assert_told(faults(root), "reference/organisations.csv: expected a UTF-8 CSV file, got ")


def test_an_unknown_portal_is_told_with_the_known_ones(root: Path) -> None:
    with pytest.raises(UnknownPortalError, match=f"no portal 'ailleurs' .*; declared there: {PORTAL}"):
        load("ailleurs", root)
    (root / PORTAL / "portal.yml").unlink()
    with pytest.raises(UnknownPortalError, match="declared there: none"):
        load(PORTAL, root)


def test_portals_are_the_folders_that_declare_one(root: Path) -> None:
    (root / "sans-portail").mkdir()
    shutil.copytree(root / PORTAL, root / "autre-portail")
    assert portals(root) == ("autre-portail", PORTAL)


def test_parents_come_before_children_and_the_crawls_own_tables_last(root: Path) -> None:
    declarations = load(PORTAL, root)
    names = [dataset.id for dataset in declarations.datasets]
    for dataset in declarations.datasets:
        for parent in {field.references for field in dataset.fields} - {None, dataset.id}:
            assert names.index(str(parent)) < names.index(dataset.id)
    assert names[-2:] == ["pages", "provenance"]
    assert sorted(names) == sorted(path.stem for path in (root / PORTAL).glob("*.yml") if path.stem != "portal")


def test_a_cycle_of_references_is_read(root: Path) -> None:
    old = "  - name: successeur_id\n    references: organisations\n"
    edit(root, old, old.replace("organisations", "tumorotheques"), "organisations.yml")
    names = [dataset.id for dataset in load(PORTAL, root).datasets]
    assert len(names) == len(set(names))
    assert {"organisations", "tumorotheques"} <= set(names)


def test_everything_read_is_kept_for_the_release(root: Path) -> None:
    declarations = load(PORTAL, root)
    read = {path.relative_to(root).as_posix() for path in root.glob(f"{PORTAL}/*.yml")}
    assert set(declarations.files) == read | {"reference/organisations.csv"}
    assert all((root / name).read_bytes() == content for name, content in declarations.files.items())


def test_asking_for_an_unknown_dataset_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no dataset hopitaux; there are: .*tumorotheques"):
        load(PORTAL).dataset("hopitaux")


def test_every_declared_portal_can_be_used() -> None:
    assert [load(name).portal.id for name in portals()] == list(portals())
