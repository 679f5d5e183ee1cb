"""Broken declarations are refused with the file, the key and what was got; whole ones are read parents first."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from conftest import canceropole

from schemas import load as loading
from schemas.load import DeclarationError, UnknownPortalError, load, portals
from schemas.patterns import PatternTooLargeError, is_catastrophic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PORTAL = "canceropole-idf"
BANKS = "tumorotheques.yml"
KEPT = {"portal", "organisations", "tumorotheques", "axes_recherche", "axes_themes", "pages", "provenance"}
TABLE = "    table: {headers: [Nom de la tumorothèque, Etablissement, Responsable]}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of some of the declarations, to break."""
    copy = tmp_path / "schemas"
    shutil.copytree(loading.HOME, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    for path in (copy / PORTAL).glob("*.yml"):
        if path.stem not in KEPT:
            path.unlink()
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
        ("max: 60", "max: 1" + "0" * 30, "checks.rows.max", "less than or equal to 1000000000"),
        ("max: 60", "max: 0x" + "f" * 9_000, "checks.rows.max", "got a number of thousands of digits"),
        ("max: 60", "max: .inf", "checks.rows.max", "got inf"),
        ("minimum: 1", "minimum: .nan", "fields.4.constraints.minimum.float", "got nan"),
        ("minimum: 1", "minimum: 1e400", "fields.4.constraints.minimum.float", "got '1e400'"),
        ("minimum: 1", "minLength: 9999999999", "fields.4.constraints.minLength", "got 9999999999"),
        ("organisation_id: 0.5", "organisation_id: .nan", "checks.filled.organisation_id", "got nan"),
        ("path: /structuration", "path: //ailleurs.example/structuration", "sources.0.page.path", "got '//ailleurs"),
        ("title: {fr: Nom, en: Name}", "title: {fr: 2026-11-23, en: Name}", "fields.1.title.fr", "got datetime.date"),
        ("title: {fr: Nom, en: Name}", "title: {fr: oui, en: yes}", "fields.1.title.en", "got True"),
        (TABLE, "    sentence: {pattern: '(\\w+\\s?)*$'}\n", "sources.0.sentence.pattern", "take for ever"),
        (
            TABLE,
            "    sentence: {pattern: 'a{99999999999}'}\n",
            "sources.0.sentence.pattern",
            "not a regular expression",
        ),
        (
            TABLE,
            f"    sentence: {{pattern: '{'(' * 990}'}}\n",
            "sources.0.sentence.pattern",
            "not a regular expression",
        ),
        (TABLE, f"    sentence: {{pattern: {'x' * 1_001}}}\n", "sources.0.sentence.pattern", "at most 1000 characters"),
        ("(-[a-z0-9]+)*$'", "([a-z0-9]+)*$'", "fields.0.constraints.pattern", "take for ever"),
        ("(-[a-z0-9]+)*$'", "(-[a-z0-9]+)*{99999999999}$'", "fields.0.constraints.pattern", "not a regular expression"),
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
        ("  delay: 1.0", "  delay: .nan", "crawl.delay", "got nan"),
        ("  delay: 1.0", "  timeout: .inf", "crawl.timeout", "got inf"),
        ("  delay: 1.0", "  max_pages: 1" + "0" * 30, "crawl.max_pages", "got 1000"),
        ("  delay: 1.0", "  seeds: [//ailleurs.example/]", "crawl.seeds.0", "got '//ailleurs.example/'"),
        ("  delay: 1.0", "  deny: [(a*)*]", "crawl.deny.0", "take for ever"),
        ("  delay: 1.0", "  deny: ['\\p{L}']", "crawl.deny.0", "not a regular expression of Python's re"),
        ("  - ^/(tag|category|author)/", "  - (/[^/]+/?)+$", "archives.0", "take for ever"),
        ("  user_agent: canc", '  "user_agent": |-\n    a\n    canc', "crawl.user_agent", "got 'a\\ncanc"),
        *(
            ("origin: https://www.canceropole-idf.fr", f"origin: {origin}", "origin", f"got '{origin}'")
            for origin in (
                "https://moi@canceropole-idf.fr",
                "https://canceropole-idf.fr:x",
                "https://canceropole-idf.fr:99999",
                "https://cancéropole.fr",
                "https://canceropole-idf.fr/",
                "https://canceropole-idf.fr?a",
                "ftp://canceropole-idf.fr",
                "https://[::1",
            )
        ),
        *(
            ('url: "https://www.canceropole-idf.fr/"', f'url: "{url}"', "publisher.url", f"got '{url}'")
            for url in ("javascript:alert(1)", "//a.example/", "https://", "file:///etc/passwd", "https://a.example/ b")
        ),
        ('/contact/"}', '/contact/", email: "a@b"}', "maintainer.email", "got 'a@b'"),
        *(
            ('schedule: "30 4 * * 1"', f'schedule: "{cron}"', "schedule", "not a cron expression")
            for cron in ("lundi", "30 4 * * *  *", "61 4 * * *", "0 0 30 2 *", "0 0 31 2 MON", "@daily", "0 0 LW * *")
        ),
        *(
            ("timezone: Europe/Paris", f"timezone: {zone}", "timezone", f"got '{zone}'")
            for zone in ("Europe/Paname", "Europe", "../../etc/passwd", "/etc/passwd", "Europe/Paris.tz")
        ),
    ],
)
def test_a_broken_portal_is_told_with_its_key_and_value(root: Path, old: str, new: str, key: str, got: str) -> None:
    edit(root, old, new, "portal.yml")
    assert_told(faults(root), f"{PORTAL}/portal.yml:{key}: ", got)


@pytest.mark.parametrize(
    ("content", "expected", "got"),
    [
        (b"title: [", "a YAML file", "did not find expected node content"),
        (b"a: b: c", "a YAML file", "mapping values are not allowed"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "a YAML file", "unacceptable character"),
        (b"title: \xe9t\xe9", "a YAML file", "invalid trailing UTF-8 octet"),
        (b"title: !!python/object/apply:os.getcwd []", "a YAML file", "the tag tag:yaml.org,2002:python/object"),
        (b"title: 2018-02-30", "a YAML file", "day"),
        (b"", "keys and values", "NoneType"),
        (b"- title", "keys and values", "list"),
        (b"Une page de texte.", "keys and values", "str"),
        (b"1: {2: 3}", "", "1"),
        (b"on: {yes: no}", "", "True"),
        (b"[1]: 2", "a YAML file", "unhashable key"),
        (b"title: 1\ntitle: 2", "a YAML file", "the key 'title' is given twice"),
        (b"title: !!int ''", "a YAML file", "the tag tag:yaml.org,2002:int"),
        (b"title: !!bool peut-etre", "a YAML file", "the tag tag:yaml.org,2002:bool"),
        (b"title: !!timestamp hier", "a YAML file", "the tag tag:yaml.org,2002:timestamp"),
        (b"a: &a [x, x]\nb: &b [*a, *a]", "a YAML file", "or one inside what another repeats"),
        (b"a: &a [*a]", "a YAML file", "or one inside what another repeats"),
        (b"a: &a x\nb: [" + b"*a," * 101 + b"]", "a YAML file", "more than 100 aliases"),
        (b"title: " + b"[" * 5_000, "a YAML file", "more than 50 values in one another"),
        (b"title: " + b"1" * 9_000, "a YAML file", "digits"),
        (b"title: " + b"x" * 20_001, "a YAML file", "a text of more than 20000 characters"),
        (b'title: "a\\ud800b"', "a YAML file", "invalid Unicode character escape code"),
        (b'title: "a\\0b"', "a YAML file", "a text with control characters"),
        (b"#" * 1_000_001, "a YAML file", "more than 1000000 bytes"),
    ],
)
def test_a_file_that_is_no_declaration_is_told(root: Path, content: bytes, expected: str, got: str) -> None:
    (root / PORTAL / BANKS).write_bytes(content)
    assert_told(faults(root), f"{PORTAL}/{BANKS}:", expected, got)


def test_a_folder_in_the_place_of_a_declaration_is_told(root: Path) -> None:
    (root / PORTAL / "dossier.yml").mkdir()
    assert_told(faults(root), f"{PORTAL}/dossier.yml: expected a YAML file")


@pytest.mark.parametrize("name", [f"{PORTAL}/{BANKS}", f"{PORTAL}/libelles.csv", "reference/organisations.csv"])
def test_a_file_that_leads_elsewhere_is_told(root: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "secret"
    elsewhere.write_bytes((root / name).read_bytes())
    (root / name).unlink()
    (root / name).symlink_to(elsewhere)
    assert_told(faults(root), f"{name}: expected ", "a link that leads outside schemas")
    elsewhere.unlink()
    assert_told(faults(root), f"{name}: expected ", "no file")
    (root / name).unlink()
    os.mkfifo(root / name)
    assert_told(faults(root), f"{name}: expected ", "no file")


def test_the_folder_of_declarations_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "lien").symlink_to(root)
    assert load(PORTAL, tmp_path / "lien") == load(PORTAL, root)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"organisation_id,nom,parent_id,libelles\na,b,c\n", ":2: expected 4 cells, got 3"),
        (b"organisation_id,nom,parent_id,libelles\na,b,c,d,e\n", ":2: expected 4 cells, got 5"),
        (b'organisation_id,nom,parent_id,libelles\n"a', "unexpected end of data"),
        (b"organisation_id,nom,parent_id,libelles\n\na,b,c,d\n", ":2: expected 4 cells, got 0"),
        (b"", ": expected the columns libelles, nom, organisation_id, parent_id too"),
    ],
)
def test_a_reference_list_that_is_no_table_is_told(root: Path, content: bytes, told: str) -> None:
    (root / "reference" / "organisations.csv").write_bytes(content)
    assert_told(faults(root), "reference/organisations.csv:", told)


@pytest.mark.parametrize(
    "name", ["../../etc", "..", "/etc", "canceropole-idf/../canceropole-idf", "", "nul\0", "x" * 5_000]
)
def test_a_portal_is_a_name_never_a_path(root: Path, name: str) -> None:
    with pytest.raises(UnknownPortalError, match="declared there: canceropole-idf"):
        load(name, root)


@pytest.mark.parametrize(
    ("pattern", "catastrophic"),
    [
        (r"(a+)+$", True),
        (r"([a-z]+)*\d", True),
        (r"^(?P<nom>(?:[^,]+ ?)+),", True),
        (r"(a|aa)+$", True),
        (r"(?:é+e?É+)*x", True),
        (r"(?:\s*\w+\s*)+$", True),
        (r"(?=(.*)*x)a", True),
        (r"(?:a{1,20}){10,}b", True),
        (r"(?:(?:a?b*)*c)?", True),
        (r"^[a-z0-9]+(-[a-z0-9]+)*$", False),
        (r"(?:, \w+ \w+)*", False),
        (r"(?:(?! et )[^(),])*[^(),\s]", False),
        (r"(?:[0-9]{4})+(?:a++)+(?:(?>b+))+", False),
        (r"(?:[ab]c|[0-9]+,)*", False),
        (r"\w*\w*\w*", False),
    ],
)
def test_a_repetition_that_divides_in_several_ways_is_known(pattern: str, *, catastrophic: bool) -> None:
    assert is_catastrophic(pattern, ignore_case=True) == catastrophic


@pytest.mark.parametrize("pattern", [f"{'x' * 500}(a+)+$", r"(?:[a-z]+,){16}" * 16 + "(a+)+$"])
def test_a_pattern_too_large_to_be_judged_is_refused(root: Path, pattern: str) -> None:
    with pytest.raises(PatternTooLargeError, match="more than 500 characters"):
        is_catastrophic(pattern, ignore_case=True)
    edit(root, "{required: true}", f"{{required: true, pattern: '{pattern}'}}")
    assert_told(faults(root), f"{PORTAL}/{BANKS}:", "too large to judge how long it may take: more than 500 characters")


def test_case_counts_where_the_pattern_says_so() -> None:
    assert is_catastrophic("(?:[A-Z][a-z]*)+$", ignore_case=True)
    assert not is_catastrophic("(?:[A-Z][a-z]*)+$", ignore_case=False)


def test_a_broken_declaration_ends_a_refresh_before_any_request(
    root: Path, tmp_path: Path, commands_api: dict[str, str]
) -> None:
    edit(root, "max: 60", "max: 0x" + "f" * 9_000)
    asked = ("refresh", PORTAL, "--from", "http://127.0.0.1:9/", "--schemas", root)
    done = canceropole(*asked, out=tmp_path / "outputs", env=commands_api)
    assert done.status == 1
    assert "tumorotheques.yml:checks.rows.max: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("place", ["nulle-part", "fichier"])
def test_a_folder_without_declarations_is_wrong_use(tmp_path: Path, place: str) -> None:
    (tmp_path / "fichier").write_bytes(b"")
    for command in (("check",), ("refresh", PORTAL)):
        done = canceropole(*command, "--schemas", tmp_path / place)
        assert (done.status, "Traceback" in done.stderr) == (2, False)


def test_a_file_named_like_no_column_is_told(root: Path) -> None:
    (root / PORTAL / BANKS).rename(root / PORTAL / "Tumorothèques 2.yml")
    assert_told(faults(root), f"{PORTAL}/Tumorothèques 2.yml:id: ", "got 'Tumorothèques 2'")


def test_a_dataset_named_like_the_package_s_own_table_is_told(root: Path) -> None:
    (root / PORTAL / BANKS).rename(root / PORTAL / "fraicheur.yml")
    assert_told(faults(root), f"{PORTAL}/fraicheur.yml:(file): ", "the package has a table fraicheur of its own")


@pytest.mark.parametrize("name", ["axes_history", "axes_as_of"])
def test_a_dataset_named_like_a_history_is_told(root: Path, name: str) -> None:
    (root / PORTAL / BANKS).rename(root / PORTAL / f"{name}.yml")
    assert_told(faults(root), f"{PORTAL}/{name}.yml:(file): ", "names of the package's own end with _history or _as_of")


def test_a_column_named_like_a_history_s_own_is_told(root: Path) -> None:
    edit(root, "- name: rang", "- name: valid_from")
    assert_told(
        faults(root), f"{PORTAL}/{BANKS}:(file): ", "a history has columns of its own of these names: valid_from"
    )


def test_a_former_name_that_is_a_column_s_still_is_told(root: Path) -> None:
    edit(root, "- name: rang", "- name: rang\n    formerly: nom")
    assert_told(faults(root), f"{PORTAL}/{BANKS}:(file): ", "`formerly` names a column that the dataset has: rang")


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


def test_faults_without_end_are_told_in_short(root: Path) -> None:
    (root / PORTAL / BANKS).write_text("".join(f"cle{number}: 1\n" for number in range(60)), encoding="utf-8")
    assert len(told := faults(root)) == 51
    assert told[-1] == f"{PORTAL}: and 16 more"


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


HEADER = "libelle,organisation_id,note\n"


def reviewed(root: Path, text: str) -> Path:
    path = root / PORTAL / "libelles.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_reviewed_labels_are_read_by_what_two_spellings_share(root: Path) -> None:
    reviewed(root, f"{HEADER}Cochin – Tenon,aphp-cochin,\nCOCHIN TENON,aphp-tenon,\nMembres,,nul n’est nommé\n")
    assert load(PORTAL, root).labels == {"cochin tenon": ("aphp-cochin", "aphp-tenon"), "membres": ()}


def test_a_portal_without_reviewed_labels_has_none(root: Path) -> None:
    (root / PORTAL / "libelles.csv").unlink()
    declarations = load(PORTAL, root)
    assert declarations.labels == {}
    assert f"{PORTAL}/libelles.csv" not in declarations.files


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("Cochin – Tenon,aphp-cochine,\n", "2: expected an organisation_id of reference/organisations.csv, or none"),
        ("A,aphp-cochin,\nÀ,aphp-cochin,\n", "3: expected a label and its organisation once, got 'À'"),
        ("A,,absent\nA,,absent\n", "3: expected a label and its organisation once, got 'A' with '' again"),
        ("A,aphp-cochin,\nB,,absent\nA,,absent\n", "4: expected a label with organisations or with none, got both"),
        ("A,,absent\nA,aphp-cochin,\n", "3: expected a label with organisations or with none, got both for 'A'"),
        ("A,,\n", "2: expected a note that says why 'A' names no organisation of the list, got none"),
        ("Hôpital Tenon,aphp-tenon,\n", "2: expected a label that the reference list does not map by itself"),
        (" – ,aphp-tenon,\n", "2: expected one label, got ' – '"),
        ("A; B,aphp-tenon,\n", "2: expected one label, got 'A; B'"),
        ("A,aphp-tenon\n", "2: expected 3 cells, got 2"),
    ],
)
def test_a_line_that_reviews_nothing_is_told(root: Path, lines: str, told: str) -> None:
    reviewed(root, HEADER + lines)
    [fault] = faults(root)
    assert fault.startswith(f"{PORTAL}/libelles.csv:{told}")


def test_reviewed_labels_that_are_no_table_are_told(root: Path) -> None:
    reviewed(root, "libelle,organisation_id\nA,aphp-tenon\n")
    assert faults(root) == [f"{PORTAL}/libelles.csv: expected the columns note too"]
    reviewed(root, HEADER).write_bytes(b"\xff\xfe")
    assert_told(faults(root), f"{PORTAL}/libelles.csv: expected a UTF-8 CSV file, got ")


def test_only_a_text_names_organisations(root: Path) -> None:
    edit(root, "    rank: []\n", "    rank: []\n    organisations: etablissement\n")
    assert_told(faults(root), f"{PORTAL}/{BANKS}:fields.4", "is of type string, not integer")


def test_an_unknown_role_of_organisations_is_told(root: Path) -> None:
    edit(root, "organisations: etablissement", "organisations: hopital")
    assert_told(faults(root), f"{PORTAL}/{BANKS}:fields.2.organisations", "got 'hopital'")


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
    read = {path.relative_to(root).as_posix() for path in root.glob(f"{PORTAL}/**/*.yml")}
    assert set(declarations.files) == read | {f"{PORTAL}/libelles.csv", "reference/organisations.csv"}
    assert all((root / name).read_bytes() == content for name, content in declarations.files.items())


def test_asking_for_an_unknown_dataset_names_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no dataset hopitaux; there are: .*tumorotheques"):
        load(PORTAL).dataset("hopitaux")


def test_every_declared_portal_can_be_used() -> None:
    assert [load(name).portal.id for name in portals()] == list(portals())
