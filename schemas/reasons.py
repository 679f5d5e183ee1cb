"""Why a dataset was held, or is worth a look: a closed list of codes, each with a French and an English message."""

from __future__ import annotations

from dataclasses import asdict, dataclass

CODES: dict[str, tuple[str, str]] = {
    "page-missing": ("La page n'a pas été trouvée sur le portail.", "The page was not found on the portal."),
    "page-ambiguous": (
        "Plusieurs pages peuvent être celle du jeu de données.",
        "Several pages could be the dataset's own.",
    ),
    "page-unreachable": (
        "La page n'a pas pu être obtenue ; une copie ailleurs ne la remplace pas.",
        "The page could not be had; a copy elsewhere does not stand for it.",
    ),
    "page-left-out": (
        "Une page a été laissée de côté : elle énonce plusieurs fois ce qui devait l'être une fois.",
        "A page was left out: it states several times what should be stated once.",
    ),
    "block-missing": (
        "La page est là, mais le tableau, la liste ou la phrase attendus n'y sont plus.",
        "The page is there, but the expected table, list or sentence is not.",
    ),
    "block-ambiguous": (
        "Plusieurs endroits de la page correspondent à la déclaration.",
        "Several places of the page match the declaration.",
    ),
    "column-unknown": ("Le tableau a une colonne inconnue.", "The table has an unknown column."),
    "row-malformed": (
        "Une ligne n'a pas la forme de son tableau.",
        "A row does not have the shape of its table.",
    ),
    "text-not-understood": (
        "Un texte ne se découpe pas comme la déclaration le prévoit.",
        "A text does not divide as the declaration expects.",
    ),
    "value-not-understood": ("Une valeur n'a pas été comprise.", "A value was not understood."),
    "key-missing": ("Une ligne n'a pas de clé.", "A row has no key."),
    "key-doubled": ("Deux lignes ont la même clé.", "Two rows have the same key."),
    "sources-disagree": (
        "Deux endroits du portail donnent des valeurs différentes pour la même ligne.",
        "Two places of the portal give different values for the same row.",
    ),
    "schema": ("Une valeur ne respecte pas le schéma.", "A value breaks the schema."),
    "rows-out-of-bounds": (
        "Le nombre de lignes sort des bornes déclarées.",
        "The number of rows is outside the declared bounds.",
    ),
    "cells-emptied": (
        "Une colonne est moins remplie que la déclaration ne le demande.",
        "A column is less filled than the declaration asks.",
    ),
    "rows-lost": (
        "Des lignes de la dernière version ont disparu.",
        "Rows of the last release have disappeared.",
    ),
    "rows-lost-tolerated": (
        "Des lignes ont disparu, dans la limite que la déclaration tolère.",
        "Rows have disappeared, within what the declaration tolerates.",
    ),
    "parent-held": (
        "Des lignes désignent des lignes que la version publiée n'a pas.",
        "Rows refer to rows the published version does not have.",
    ),
    "child-held": (
        "Un jeu de données retenu désigne des lignes qui disparaîtraient.",
        "A held dataset refers to rows that would disappear.",
    ),
    "found-elsewhere": (
        "La page n'est plus là ; une copie entière ailleurs sur le portail a été prise.",
        "The page is gone; one whole copy elsewhere on the portal was taken.",
    ),
    "copies-differ": (
        "Une copie ailleurs sur le portail diffère ; la page propre fait foi.",
        "A copy elsewhere on the portal differs; the dataset's own page is used.",
    ),
    "address-moved": (
        "La page a changé d'adresse.",
        "The page has moved to another address.",
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
        fr, en = CODES[self.code]
        return {"fr": fr, "en": en}

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
        parts += [f"{words[0]} : {self.expected}"] if self.expected else []
        parts += [f"{words[1]} : {self.found}"] if self.found else []
        return " · ".join(parts)
