"""Raw rows to typed tables: what is cleaned, merged, ranked, sorted; what is set aside and why."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from pipeline.erasures import Erasure, Erasures
from pipeline.normalize import frame, leaving, normalize
from pipeline.paths import RunFolder, read_json, write_json
from pipeline.validate import validate_tables
from schemas.load import Declarations, load
from schemas.model import Dataset
from schemas.typography import key_text, one_line

if TYPE_CHECKING:
    from pathlib import Path

TITLE = {"fr": "t", "en": "t"}
URL = "https://www.canceropole-idf.fr/page/"
PAGE = {"title": "Page", "path": "/page/"}
PORTAL = load("canceropole-idf")


def dataset(fields: list[dict[str, Any]], key: list[str], sources: list[dict[str, Any]] | None = None) -> Dataset:
    return Dataset.model_validate(
        {
            "id": "jeu",
            "title": TITLE,
            "description": TITLE,
            "sources": [{"page": PAGE, "section": {"heading": "x"}, **source} for source in sources or [{}]],
            "fields": [{"title": TITLE, **field} for field in fields],
            "key": key,
            "checks": {"rows": {"min": 0, "max": 99}},
        }
    )


def raw(source: int = 1, position: str = "ligne 1", **parts: str) -> dict[str, Any]:
    """A raw row as the portal side leaves it."""
    return {
        "source": source,
        "url": URL,
        "capture": "2015-09-08T10:00:00Z",
        "record": "<urn:uuid:1>",
        "sha256": "0" * 64,
        "block": "Page > tableau 1",
        "position": position,
        "confidence": 1.0,
        "doubt": "",
        "parts": parts,
    }


class Made:
    """What normalizing left in a run's folder."""

    def __init__(self, run: RunFolder, declared: Dataset, rows: list[dict[str, Any]], last: Path | None = None) -> None:
        declarations = Declarations(PORTAL.portal, (declared,), PORTAL.references, {})
        write_json(run.rows("jeu"), {"rows": rows, "faults": [], "notes": [], "stated": []})
        normalize(run, declarations, ["jeu"], last)
        self.table = pd.read_parquet(run.table("jeu"), dtype_backend="numpy_nullable")
        self.found = read_json(run.findings("jeu"))
        self.rejected = read_json(run.rejected("jeu")) if run.rejected("jeu").exists() else []

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [
            {str(name): None if pd.isna(value) else value for name, value in row.items()}
            for row in self.table.to_dict("records")
        ]

    @property
    def faults(self) -> list[tuple[str, ...]]:
        return [tuple(fault[part] for part in ("code", "place", "found")) for fault in self.found["faults"]]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


NOM = {"name": "nom", "constraints": {"required": True}}
RANG = {"name": "rang", "type": "integer", "rank": []}


# Values


@pytest.mark.parametrize(
    ("field", "printed", "value"),
    [
        ({}, " deux\u00a0 mots\n", "deux mots"),
        ({}, "\u00a0", None),
        ({"clean": "list_item"}, "Ipsen,", "Ipsen"),
        ({"type": "integer", "clean": "amount_eur"}, "4.132 millions d’euros", 4132000),
        ({"type": "number", "clean": "number"}, "20,5 millions", 20500000.0),
        ({"type": "integer", "clean": "number"}, "cinq", 5),
        ({"type": "date", "clean": "full_date"}, "8 septembre 2015", dt.date(2015, 9, 8)),
        ({"map": {"régionaux": "régional"}}, " REGIONAUX.", "régional"),
        ({"type": "boolean", "map": {"oui": "true", "non": "false"}}, "Non", False),
        ({"type": "integer", "map": {"un": "1"}}, "un", 1),
        ({"clean": "organisation"}, "Institut Curie", "institut-curie"),
        ({"clean": "organisation"}, "Un institut inconnu", None),
        ({"clean": "role_mailbox"}, "prenom.nom@curie.fr", None),
    ],
)
def test_a_printed_text_becomes_a_typed_value(
    run: RunFolder, field: dict[str, Any], printed: str, value: object
) -> None:
    made = Made(run, dataset([NOM, {"name": "valeur", **field}], ["nom"]), [raw(nom="a", valeur=printed)])
    assert (made.faults, made.rows) == ([], [{"nom": "a", "valeur": value}])


@pytest.mark.parametrize(
    ("field", "printed"),
    [
        ({"type": "integer", "clean": "amount_eur"}, "4.5 millions"),
        ({"type": "integer", "clean": "number"}, "2,5"),
        ({"type": "number", "clean": "number"}, "quelques"),
        ({"type": "integer"}, "12 mois"),
        ({"type": "boolean"}, "peut-être"),
        ({"type": "date", "clean": "full_date"}, "31 février 2015"),
        ({"type": "date"}, "septembre"),
        ({"map": {"régionaux": "régional"}}, "européens"),
        ({"clean": "organisation_required"}, "Un institut inconnu"),
        ({"type": "integer", "clean": "amount_eur"}, "9" * 30 + " euros"),
        ({"type": "integer", "clean": "amount_eur"}, "9" * 5000 + " euros"),
        ({"type": "integer", "clean": "number"}, "9" * 30),
        ({"type": "integer"}, "9" * 30),
        ({"type": "number"}, "nan"),
        ({"type": "number", "clean": "number"}, "9" * 400 + ",5"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_value_not_understood_is_set_aside_with_its_place(
    run: RunFolder, field: dict[str, Any], printed: str
) -> None:
    rows = [raw(nom="a", valeur=printed), raw(nom="b", position="ligne 2")]
    made = Made(run, dataset([NOM, {"name": "valeur", **field}], ["nom"]), rows)
    assert made.faults == [("value-not-understood", "Page > tableau 1 · ligne 1 · valeur", printed)]
    assert made.found["faults"][0]["page"] == URL
    assert [row["nom"] for row in made.rows] == ["b"]
    assert made.rejected == [
        {"rule": made.found["faults"][0], "cell": {"column": "valeur", "value": printed}, "evidence": rows[0]}
    ]


def test_a_column_takes_the_first_of_its_parts_that_is_there(run: RunFolder) -> None:
    declared = dataset([NOM, {"name": "periode", "from": ["Année", "periode"]}], ["nom"])
    rows = [raw(nom="a", Année="2007", periode="x"), raw(nom="b", periode="2008"), raw(nom="c")]
    assert [row["periode"] for row in Made(run, declared, rows).rows] == ["2007", "2008", None]


def test_a_sources_own_values_are_typed_like_any(run: RunFolder) -> None:
    declared = dataset([NOM, {"name": "liste", "type": "boolean"}], ["nom"], [{"values": {"liste": "true"}}])
    assert Made(run, declared, [raw(nom="a", liste="lu dans la page")]).rows == [{"nom": "a", "liste": True}]


# Keys


@pytest.mark.parametrize("keyless", [raw(nom="\u00a0"), raw(autre="x")])
def test_a_row_without_a_key_is_set_aside(run: RunFolder, keyless: dict[str, Any]) -> None:
    made = Made(run, dataset([NOM], ["nom"]), [keyless, raw(nom="b")])
    assert [fault[:2] for fault in made.faults] == [("key-missing", "Page > tableau 1 · ligne 1 · nom")]
    assert made.rows == [{"nom": "b"}]
    assert len(made.rejected) == 1


def test_two_rows_of_one_source_with_one_key_are_a_fault(run: RunFolder) -> None:
    made = Made(run, dataset([NOM], ["nom"]), [raw(nom="a/b"), raw(nom="a/b", position="ligne 2")])
    assert made.faults == [("key-doubled", "Page > tableau 1 · ligne 2", "a%2Fb")]


def test_two_sources_of_one_row_complete_each_other(run: RunFolder) -> None:
    declared = dataset([NOM, {"name": "site"}, {"name": "url"}], ["nom"], [{}, {}])
    made = Made(run, declared, [raw(nom="a", site="Île"), raw(2, "ligne 7", nom="a", site="ILE", url="u")])
    assert (made.faults, made.rows) == ([], [{"nom": "a", "site": "Île", "url": "u"}])
    assert [(item["cle"], item["source"], item["position"]) for item in made.found["evidence"]] == [
        ("a", 1, "ligne 1"),
        ("a", 2, "ligne 7"),
    ]


def test_a_source_that_confirms_fills_in_nothing(run: RunFolder) -> None:
    declared = dataset([NOM, {"name": "site"}], ["nom"], [{}, {"confirms": True}])
    made = Made(run, declared, [raw(nom="a"), raw(2, nom="a", site="ILE")])
    assert made.faults == [("sources-disagree", "Page > tableau 1 · ligne 1 · site", "ILE")]
    assert made.rows == [{"nom": "a", "site": None}]


def test_two_sources_that_disagree_are_a_fault(run: RunFolder) -> None:
    declared = dataset([NOM, {"name": "annee", "type": "integer", "clean": "year"}], ["nom"], [{}, {}])
    made = Made(run, declared, [raw(nom="a", annee="2015"), raw(2, nom="a", annee="2016")])
    assert made.faults == [("sources-disagree", "Page > tableau 1 · ligne 1 · annee", "2016")]
    assert made.found["faults"][0]["expected"] == "2015"


# Ranks and order


def test_ranks_count_in_page_order_within_their_parent(run: RunFolder) -> None:
    declared = dataset(
        [{"name": "axe"}, NOM, {"name": "rang", "type": "integer", "rank": ["axe"]}, {**RANG, "name": "rang_page"}],
        ["axe", "nom"],
    )
    rows = [raw(axe="b", nom="z"), raw(axe="a", nom="y"), raw(axe="b", nom="a")]
    assert [tuple(row.values()) for row in Made(run, declared, rows).rows] == [
        ("a", "y", 1, 2),
        ("b", "a", 2, 3),
        ("b", "z", 1, 1),
    ]


def test_a_rank_in_the_key_makes_a_second_holder_a_row(run: RunFolder) -> None:
    declared = dataset([{"name": "axe"}, {"name": "rang", "type": "integer", "rank": ["axe"]}, NOM], ["axe", "rang"])
    made = Made(run, declared, [raw(axe="a", nom="x"), raw(axe="a", nom="x")])
    assert (made.faults, [row["rang"] for row in made.rows]) == ([], [1, 2])


def test_the_parts_of_one_text_are_a_parents_and_those_of_another_a_copy(run: RunFolder) -> None:
    cut = {"each": {"part": "text", "pattern": "x"}}
    fields: list[dict[str, Any]] = [{"name": "axe"}, {"name": "rang", "type": "integer", "rank": ["axe"]}, NOM]
    declared = dataset(fields, ["axe", "rang"], [cut])
    one_text = [raw(position=f"ligne 1, partie {n}", axe="a", nom=nom) for n, nom in enumerate("xy", start=1)]
    assert Made(run, declared, one_text).faults == []
    made = Made(run, declared, [*one_text, raw(position="ligne 2, partie 1", axe="a", nom="z")])
    assert [(code, found) for code, _, found in made.faults] == [("key-doubled", "a/3")]


def test_a_row_said_by_two_sources_is_ranked_once(run: RunFolder) -> None:
    made = Made(
        run, dataset([NOM, RANG], ["nom"], [{}, {}]), [raw(nom="a"), raw(nom="b"), raw(2, nom="b"), raw(2, nom="c")]
    )
    assert [(row["nom"], row["rang"]) for row in made.rows] == [("a", 1), ("b", 2), ("c", 3)]


def test_rows_are_sorted_by_key_and_code_point() -> None:
    declared = dataset([NOM, {"name": "annee", "type": "integer"}], ["annee", "nom"])
    drawn = [("é", 10), ("z", 10), ("Z", 10), ("a", 9)]
    table = frame(declared, [{"nom": nom, "annee": annee} for nom, annee in drawn])
    assert list(zip(table["nom"], table["annee"], strict=True)) == [("a", 9), ("Z", 10), ("z", 10), ("é", 10)]


def test_a_table_without_rows_has_its_columns_and_types(run: RunFolder) -> None:
    made = Made(run, dataset([NOM, RANG, {"name": "jour", "type": "date"}], ["nom"]), [])
    assert [str(kind) for kind in made.table.dtypes][:2] == ["string", "Int64"]
    assert list(made.table.columns) == ["nom", "rang", "jour"]


# Evidence


def test_each_row_has_its_evidence_with_persons_masked(run: RunFolder) -> None:
    declared = dataset(
        [NOM, {"name": "courriel", "from": "contact", "clean": "role_mailbox"}, {"name": "statut"}, RANG],
        ["nom"],
        [{"values": {"statut": "x"}}],
    )
    made = Made(run, declared, [raw(nom="CEA\n", contact="prenom.nom@cea.fr ou info@cea.fr", inutile="x")])
    (evidence,) = made.found["evidence"]
    assert evidence == {
        "dataset": "jeu",
        "cle": "CEA",
        "source": 1,
        "url": URL,
        "capture": "2015-09-08T10:00:00Z",
        "enregistrement": "<urn:uuid:1>",
        "sha256": "0" * 64,
        "bloc": "Page > tableau 1",
        "position": "ligne 1",
        "texte_publie": '{"nom": "CEA", "courriel": "[adresse masquée] ou info@cea.fr"}',
        "confiance": 1.0,
    }


def test_a_match_that_is_less_than_sure_is_told_once_and_in_the_evidence(run: RunFolder) -> None:
    unsure = {"confidence": 0.8, "doubt": "« Structure »"}
    rows = [raw(nom="a") | unsure, raw(nom="b") | unsure, raw(nom="c") | {"confidence": 1.0, "doubt": ""}]
    made = Made(run, dataset([NOM], ["nom"]), rows)
    assert made.found["doubts"] == [{**unsure, "page": URL, "place": "Page > tableau 1"}]
    assert [item["confiance"] for item in made.found["evidence"]] == [0.8, 0.8, 1.0]


def test_a_persons_address_is_withheld_whatever_the_column(run: RunFolder) -> None:
    made = Made(run, dataset([NOM], ["nom"]), [raw(nom="écrire à prenom.nom@cea.fr ou info@cea.fr")])
    assert made.rows == [{"nom": "écrire à [adresse masquée] ou info@cea.fr"}]
    assert "prenom.nom" not in str(made.found)


def test_reference_lists_have_no_evidence(run: RunFolder) -> None:
    made = Made(run, dataset([NOM], ["nom"]), [{**raw(nom="a"), "url": ""}])
    assert (made.rows, made.found["evidence"]) == ([{"nom": "a"}], [])


def test_what_the_portal_side_found_is_passed_on(run: RunFolder) -> None:
    declared = dataset([NOM], ["nom"])
    fault = {"code": "block-missing", "page": URL, "place": "", "expected": "table", "found": "none"}
    stated = [{"count": 11, "page": URL, "place": "paragraphe 1", "text": "11 sociétés", "holds": True}]
    told = {"rows": [], "faults": [fault], "notes": [{"code": "address-moved"}], "stated": stated}
    write_json(run.rows("jeu"), told)
    normalize(run, Declarations(PORTAL.portal, (declared,), PORTAL.references, {}), ["jeu"])
    found = read_json(run.findings("jeu"))
    assert [item["code"] for item in found["faults"]] == ["block-missing"]
    assert found["notes"] == [{"code": "address-moved"}]
    assert found["stated"] == stated


# The last release's spelling


def released(folder: Path, declared: Dataset, *names: str) -> Path:
    path = folder / "release" / "data" / "jeu.parquet"
    path.parent.mkdir(parents=True)
    frame(declared, [{"nom": name} for name in names]).to_parquet(path, index=False)
    return folder / "release"


@pytest.mark.parametrize(
    ("before", "printed"),
    [
        ("d’Île-de-France", "d'Île-de-France"),
        ("Cochin – St Vincent", "Cochin - St Vincent"),
        ("« cancers »", "“cancers”"),
        ("« cancers »", '"cancers"'),
        ("près de 30%", "près de 30\u202f%"),
        ("Epithyr : Réseau", "Epithyr: Réseau"),
        ("et cætera…", "et cætera..."),
        ("métabolomique", "me\u0301tabo\u00adlomique"),
    ],
)
def test_a_text_that_is_only_set_otherwise_keeps_its_released_spelling(
    tmp_path: Path, run: RunFolder, before: str, printed: str
) -> None:
    declared = dataset([NOM], ["nom"])
    for old, new in ((before, printed), (printed, before)):
        last = released(tmp_path / new, declared, old)
        made = Made(run, declared, [raw(nom=new)], last)
        assert made.rows == [{"nom": old}]
        (evidence,) = made.found["evidence"]
        assert (evidence["cle"], json.loads(evidence["texte_publie"])) == (key_text([old]), {"nom": one_line(new)})


@pytest.mark.parametrize(
    ("before", "printed"),
    [("Évry", "Evry"), ("CNRS", "Cnrs"), ("PasteurLille", "Pasteur Lille"), ("https://x.fr/a-b", "https://x.fr/a–b")],
)
def test_accents_case_words_and_addresses_are_no_setting(
    tmp_path: Path, run: RunFolder, before: str, printed: str
) -> None:
    declared = dataset([NOM], ["nom"])
    last = released(tmp_path, declared, before)
    assert Made(run, declared, [raw(nom=printed)], last).rows == [{"nom": printed}]


def test_texts_that_only_their_setting_told_apart_stay_apart(tmp_path: Path, run: RunFolder) -> None:
    declared = dataset([NOM], ["nom"])
    last = released(tmp_path, declared, "d’or", "d'or")
    names = ["d'or", "d’or"]
    assert [row["nom"] for row in Made(run, declared, [raw(nom=name) for name in names], last).rows] == names


# Rows that break their schema


def test_a_row_that_breaks_its_schema_is_set_aside_with_its_evidence(run: RunFolder) -> None:
    declared = dataset([NOM, {"name": "site", "constraints": {"minLength": 3, "enum": ["Curie"]}}, RANG], ["nom"])
    declarations = Declarations(PORTAL.portal, (declared,), PORTAL.references, {})
    made = Made(run, declared, [raw(nom="a", site="x"), raw(nom="b", site="Curie")])
    evidence = made.found["evidence"]
    validate_tables(run, declarations, ["jeu"])
    assert pd.read_parquet(run.table("jeu"))["nom"].to_list() == ["b"]
    found, rejected = read_json(run.findings("jeu")), read_json(run.rejected("jeu"))
    assert found["evidence"] == evidence[1:]
    assert [item["rule"] for item in rejected] == found["faults"]
    assert {fault["code"] for fault in found["faults"]} == {"schema"}
    assert [(item["cell"], item["evidence"]) for item in rejected] == [
        ({"column": "site", "value": "x"}, evidence[0])
    ] * 2


def test_a_row_that_left_is_known_by_what_was_released_of_it(run: RunFolder) -> None:
    declared = dataset([NOM], ["nom"])
    secret = b"secret"
    released = {"nom": "Service de [adresse masquée]"}
    row = Erasures(secret).row_mark(declared, released)
    left = Erasures(secret, (Erasure("jeu", row, None, (), (), "2026-01-01"),))
    printed = [raw(nom="Service de prenom.nom@cea.fr"), raw(position="ligne 2", nom="Accueil")]
    declarations = Declarations(PORTAL.portal, (declared,), PORTAL.references, {})
    gone, others = leaving(declarations, [(declared, one) for one in printed], left)
    assert ([one for _, one in gone], [one for _, one in others]) == (printed[:1], printed[1:])
    write_json(run.rows("jeu"), {"rows": printed, "faults": [], "notes": [], "stated": []})
    normalize(run, declarations, ["jeu"], erasures=left)
    assert list(pd.read_parquet(run.table("jeu"))["nom"]) == ["Accueil"]
