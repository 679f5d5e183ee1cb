"""Why a dataset was held, or is worth a look: a closed list of codes, each with a French and an English message."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Code:
    """A reason code: which stage of a run says it, and its sentence in both languages."""

    stage: Literal["page", "block", "row", "gate", "keys", "note"]
    fr: str
    en: str

    @property
    def liftable(self) -> bool:
        """Whether a person may lift it: what the gate doubts, never what could not be read or breaks its schema."""
        return self.stage == "gate"


CODES: dict[str, Code] = {
    "page-missing": Code(
        "page", "La page n'a pas été trouvée sur le portail.", "The page was not found on the portal."
    ),
    "page-ambiguous": Code(
        "page", "Plusieurs pages peuvent être celle du jeu de données.", "Several pages could be the dataset's own."
    ),
    "page-unreachable": Code(
        "page",
        "La page n'a pas pu être obtenue ; une copie ailleurs ne la remplace pas.",
        "The page could not be had; a copy elsewhere does not stand for it.",
    ),
    "page-truncated": Code("page", "La page est arrivée coupée avant sa fin.", "The page arrived cut before its end."),
    "page-wrong-type": Code(
        "page",
        "L'adresse de la page a répondu autre chose qu'une page HTML.",
        "The page's address answered something else than an HTML page.",
    ),
    "page-empty": Code(
        "page", "L'adresse de la page a répondu une page vide.", "The page's address answered an empty page."
    ),
    "page-not-content": Code(
        "page",
        "L'adresse de la page a répondu autre chose que la page : maintenance, connexion, consentement ou erreur.",
        "The page's address answered something else than the page: maintenance, login, consent or an error.",
    ),
    "block-missing": Code(
        "block",
        "La page est là, mais le tableau, la liste ou la phrase attendus n'y sont plus.",
        "The page is there, but the expected table, list or sentence is not.",
    ),
    "block-ambiguous": Code(
        "block",
        "Plusieurs endroits de la page correspondent à la déclaration.",
        "Several places of the page match the declaration.",
    ),
    "column-missing": Code(
        "block", "Une colonne attendue n'est plus dans le tableau.", "An expected column is no longer in the table."
    ),
    "column-unknown": Code("block", "Le tableau a une colonne inconnue.", "The table has an unknown column."),
    "row-malformed": Code(
        "block", "Une ligne n'a pas la forme de son tableau.", "A row does not have the shape of its table."
    ),
    "text-not-understood": Code(
        "block",
        "Un texte ne se découpe pas comme la déclaration le prévoit.",
        "A text does not divide as the declaration expects.",
    ),
    "pattern-too-slow": Code(
        "block",
        "Un motif de la déclaration n'aboutit pas en temps utile sur cette page.",
        "A pattern of the declaration does not end in time on this page.",
    ),
    "value-not-understood": Code("row", "Une valeur n'a pas été comprise.", "A value was not understood."),
    "key-missing": Code("row", "Une ligne n'a pas de clé.", "A row has no key."),
    "key-doubled": Code("row", "Deux lignes ont la même clé.", "Two rows have the same key."),
    "sources-disagree": Code(
        "row",
        "Deux endroits du portail donnent des valeurs différentes pour la même ligne.",
        "Two places of the portal give different values for the same row.",
    ),
    "schema": Code("row", "Une valeur ne respecte pas le schéma.", "A value breaks the schema."),
    "match-unsure": Code(
        "gate",
        "Il n'est pas sûr que ce soit là les données, et la dernière version ne le confirme pas.",
        "It is not sure that these are the data, and the last release does not confirm it.",
    ),
    "rows-out-of-bounds": Code(
        "gate", "Le nombre de lignes sort des bornes déclarées.", "The number of rows is outside the declared bounds."
    ),
    "count-disagrees": Code(
        "gate",
        "La page annonce un nombre, et la liste en a un autre.",
        "The page states a number, and the list has another.",
    ),
    "rows-lost": Code(
        "gate", "Des lignes de la dernière version ont disparu.", "Rows of the last release have disappeared."
    ),
    "rows-jumped": Code("gate", "Il y a d'un coup beaucoup plus de lignes.", "There are suddenly many more rows."),
    "rows-doubled": Code("gate", "Une même ligne est présente plusieurs fois.", "The same row is there several times."),
    "cells-emptied": Code(
        "gate", "Des cellules qui devraient être remplies sont vides.", "Cells that should be filled are empty."
    ),
    "shape-changed": Code(
        "gate",
        "Une valeur n'a pas la forme des autres de sa colonne.",
        "A value does not look like the others of its column.",
    ),
    "value-out-of-range": Code(
        "gate", "Un nombre sort de l'intervalle déclaré.", "A number is outside the declared range."
    ),
    "magnitude-changed": Code(
        "gate", "Un nombre a changé d'ordre de grandeur.", "A number has changed its order of magnitude."
    ),
    "values-moved": Code(
        "gate", "Des valeurs sont passées d'une ligne à une autre.", "Values have moved from one row to another."
    ),
    "row-in-doubt": Code(
        "gate",
        "Une ligne a changé, et un autre jeu de données y lisait ce qu'elle dit, ou n'y comprend plus rien.",
        "A row changed, and another dataset read there what it now says, or can no longer read it.",
    ),
    "values-changed": Code("gate", "La plupart des lignes ont changé d'un coup.", "Most rows have changed at once."),
    "text-garbled": Code(
        "gate",
        "Un texte est abîmé : caractères mal décodés ou perdus.",
        "A text is garbled: characters badly decoded or lost.",
    ),
    "parent-held": Code(
        "keys",
        "Des lignes désignent des lignes que la version publiée n'a pas.",
        "Rows refer to rows the published version does not have.",
    ),
    "child-held": Code(
        "keys",
        "Un jeu de données retenu désigne des lignes qui disparaîtraient.",
        "A held dataset refers to rows that would disappear.",
    ),
    "page-left-out": Code(
        "note",
        "Une page a été laissée de côté : elle énonce plusieurs fois ce qui devait l'être une fois.",
        "A page was left out: it states several times what should be stated once.",
    ),
    "rows-set-aside": Code(
        "note",
        "Des lignes ont été mises de côté, dans la limite que la déclaration tolère.",
        "Rows were set aside, within what the declaration tolerates.",
    ),
    "rows-lost-tolerated": Code(
        "note",
        "Des lignes ont disparu, dans la limite que la déclaration tolère.",
        "Rows have disappeared, within what the declaration tolerates.",
    ),
    "rows-erased": Code(
        "note",
        "Des lignes que la page imprime ont été retirées à la demande d'une personne.",
        "Rows that the page prints were removed at a person's request.",
    ),
    "count-unfound": Code(
        "note", "Le nombre que la page annonçait ne s'y lit plus.", "The number the page stated is no longer there."
    ),
    "count-differs": Code(
        "note",
        "Une autre page du portail annonce un autre nombre.",
        "Another page of the portal states another number.",
    ),
    "found-elsewhere": Code(
        "note",
        "La page n'est plus là ; une copie entière ailleurs sur le portail a été prise.",
        "The page is gone; one whole copy elsewhere on the portal was taken.",
    ),
    "copies-differ": Code(
        "note",
        "Une copie ailleurs sur le portail diffère ; la page propre fait foi.",
        "A copy elsewhere on the portal differs; the dataset's own page is used.",
    ),
    "address-moved": Code("note", "La page a changé d'adresse.", "The page has moved to another address."),
    "label-unmapped": Code(
        "note",
        "Personne n'a encore dit quelle organisation ce libellé nomme : il n'a pas de lien.",
        "Nobody has yet said which organisation this label names: it has no link.",
    ),
    "accepted-by-hand": Code(
        "note", "Une personne a regardé et accepté ces lignes.", "A person has looked and accepted these rows."
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as report.json has it: where (page, place), what was expected and what was found."""

    code: str
    page: str = ""
    place: str = ""
    expected: str = ""
    found: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"no reason code {self.code!r}; the closed list is in schemas/reasons.py")

    @property
    def message(self) -> dict[str, str]:
        """The sentence for people, in both languages."""
        code = CODES[self.code]
        return {"fr": code.fr, "en": code.en}

    def as_json(self) -> dict[str, object]:
        """The object of report.json's `reasons`."""
        return {**asdict(self), "message": self.message}

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Reason:
        """Reads back what `as_json` wrote."""
        return cls(**{key: data[key] for key in ("code", "page", "place", "expected", "found")})

    def sentence(self, language: str) -> str:
        """One line for a terminal: message, place, expected, found."""
        words = {"fr": ("attendu", "trouvé"), "en": ("expected", "found")}[language]
        parts = [self.message[language]]
        where = " ".join(text for text in (self.page, self.place) if text)
        parts += [where] if where else []
        parts += [f"{words[0]} : {_short(self.expected)}"] if self.expected else []
        parts += [f"{words[1]} : {_short(self.found)}"] if self.found else []
        return " · ".join(parts)


def _short(text: str) -> str:
    """A text as long as a person reads in a message; the report has all of it."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
