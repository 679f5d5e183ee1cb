"""What a text looks like: the kind of value it is, whether it is unlike the others, whether it is garbled."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from ftfy.badness import BADNESS_RE

from schemas.typography import fold, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_MONTH = r"(?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)"
_PLACEHOLDER = "placeholder"
_SHAPES = {
    _PLACEHOLDER: r"n[./]?[acd]\.?|s\.? ?o\.?|neant|inconnue?|[?]+|x{2,}|[-–—_.…]+|[\"″〃/]+|tbd|tba|lorem ipsum.*"
    r"|a (?:venir|completer|confirmer|definir|designer|determiner|nommer|pourvoir|preciser|renseigner)"
    r"|(?:postes? )?vacante?s?|aucune?(?: \w+)?|pas d[e'] ?\w+|sans objet|idem|en (?:cours|attente)(?: d.*)?"
    r"|etc\W*|(?:et )?(?:bien )?(?:d'autres?|autres)(?: encore)?\W*|\W*liste (?:non exhaustive|complete)\b.*"
    r"|(?:en )?(?:lire|savoir|voir|afficher) (?:plus|la suite|tou[ts]|toutes|aussi)\b.{0,40}"
    r"|(?:liste|page|tableau)? ?(?:mise?s? a jour|actualisee?s?|modifiee?s?) (?:le|en|du) .*"
    r"|(?:source|note|remarque|n\.?b\.?) ?: .*|(?:cf\.?|voir) (?:ci-|plus |ligne ).*"
    r"|(?:haut de page|accueil|read more|show more)\W*"
    r"|(?:ajouter|contactez|imprimer|partager|retour|telecharger)\b.{0,40}"
    r"|non (?:renseignee?|disponible|communiquee?|connue?|definie?|attribuee?)"
    # what programs and spreadsheets print in the place of a value they do not have
    r"|null|none|nan|undefined|%[sd]|\[\w+]|\{\w+}|\[object object]|(?:votre )?texte(?: ici)?|element de liste.*"
    r"|#(?:div/0|n/a|nom|name|nul|null|num|ref|valeur|value)[!?]?",
    "e-mail": r"\[adresse masquee]|(?:mailto:)?[^\s@]+@[^\s@]+\.[^\s@]+",
    "web address": r"(?:https?://|www\.)\S+",
    "amount": r"\d[\d .,]*(?:k|m|milliers?|millions?|milliards?)? ?(?:d')?(?:euros?|eur|€)",
    "date": rf"(?:depuis )?(?:(?:\d{{1,2}}(?:er)? )?{_MONTH} (?:a {_MONTH} )?)?\d{{4}}"
    r"(?: ?[-/] ?(?:\d{4}|\.\.))?|\d{4}-\d{2}(?:-\d{2})?|\d{1,2}/\d{1,2}/\d{2,4}",
    "number": r"[-+]?\d[\d .,]* ?%?",
}
_NOTE = re.compile(r"(?<!\bm)(?<![ck]m)[¹²³⁰⁴-⁹†‡§*]+$|^[*†‡]|\[\d{1,2}\]$")
_CUT = re.compile(r"(?:…|\.{2,})(?:\W*| ?(?:lire|voir|suite).*)$|\(suite\)$", re.IGNORECASE)
_ENDING = 2  # letters that a word may lose without being cut
_USUAL = 0.8  # the share of a column's values that makes a shape its own
_ENOUGH = 5  # values, to say so of a column seen for the first time
_LONGER = 4  # times the longest known one
_LONG = 100  # characters, below which no text is one too long
_AROUND = 30  # characters shown on either side
_ADDRESS = re.compile(r"\S+(?:://|@)\S+|\bwww\.\S+|\S+\.[a-z]{2,}/\S*")
# Characters that print nothing; and what guards an address, which nobody can write to as printed.
_LOST = re.compile("(?i:no-?spam)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufff0-\uffff]")
_GARBLED = re.compile(
    r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#[xX][0-9a-fA-F]{2,5});"  # entities printed as such
    r"|</?(?:a|b|br|div|em|i|li|p|span|strong|td|tr|ul)(?:\s[^<>]*)?/?>"  # so are tags
    r"|\[/?[a-z]+(?:_[a-z]+)+(?: [^\]\n]*)?\]"  # and shortcodes of a plug-in that is gone
    r"|\{\{|\}\}|\{%|%\}|<%|%>|\$\{"  # and what a template has not filled in
    r"|[^\W\d_]\?(?=[^\W\d_A-Z]| [^\W\d_])|[A-Z]\?(?=[A-Z])"
    r"|(?<![^\s(\"'’«-])\?(?=[^\W\d_])"  # a letter lost to a question mark
    r"|[a-zà-ÿ][ÐÞÚÕÓØÝ]|[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]"  # letters of another code page
    r"|â[€‚]|Â[«»°]|[a-z0-9à-ÿ]Â(?![A-Z])|Ã(?![A-Za-zÀ-Þ])"  # UTF-8 read as another charset, in French letters
)
_ACCENTED = str.maketrans(dict.fromkeys("àâæçéèêëîïôœùûüÿÀÂÆÇÉÈÊËÎÏÔŒÙÛÜŸ", "e"))  # what no French text is doubted for


def _shape(text: str) -> str:
    return next((name for name in _SHAPES if _has_shape(text, name)), "text")


def _has_shape(text: str, shape: str) -> bool:
    """Whether a text may be of a shape: 2007 is a year, and a number where numbers are usual."""
    plain = fold(text).casefold().strip()
    return re.fullmatch(_SHAPES[shape], plain) is not None if shape in _SHAPES else _shape(text) == shape


def usual(known: Sequence[str], *, first: bool) -> str:
    """The shape of nearly all known values, empty if there is none or they are too few to say."""
    if not known:
        return ""
    shape, count = Counter(map(_shape, known)).most_common(1)[0]
    sure = len(known) >= _ENOUGH and count >= _USUAL * len(known)
    return shape if sure or (not first and 1 < len(known) == count) else ""


def unlike(value: str, usual: str, known: Sequence[str]) -> str:
    """What in a text is unlike the known values of its column, empty if nothing is or they are too few to say."""
    if _shape(value) == _PLACEHOLDER:
        return f"{_PLACEHOLDER}: {visible(value)}"
    if _CUT.search(value):
        return f"cut: {visible(value)}"
    if _NOTE.search(value) and not any(_NOTE.search(text) for text in known if text != value):
        return f"mark of a note: {visible(value)}"
    if not usual:
        return ""
    if not _has_shape(value, usual):
        return f"{_shape(value)}: {visible(value)}"
    longest, length = max((_length(text) for text in known if text != value), default=0), _length(value)
    return f"{length} > {_LONGER} × {longest}" if length > max(_LONG, _LONGER * longest) else ""


def cut(was: str, now: str) -> bool:
    """Whether a text is the beginning of what it was, and stops within a word; a plural's ending is no word's end."""
    rest = was.removeprefix(now)
    return len(rest) > _ENDING and now != "" and rest != was and (now[-1] + rest[0]).isalnum()


def added(was: str, now: str) -> str:
    """What a text says before or after what it was; empty if that is not all that changed."""
    return (
        now.removeprefix(was) if now.startswith(was) else now.removesuffix(was) if now.endswith(was) else ""
    ).strip()


def _length(text: str) -> int:
    """How long a text is; of several values in one cell, the longest."""
    return max(map(len, text.split("; ")))


def garbled(text: str) -> str:
    """What in a text is garbled, with what stands around it; empty if nothing is."""
    plain = _ADDRESS.sub(" ", text)  # an address has its own question marks and ampersands
    for pattern, read in ((_LOST, text), (_GARBLED, plain), (BADNESS_RE, plain.translate(_ACCENTED))):
        match = pattern.search(read)
        if match:
            searched = text if read is text else plain
            return visible(searched[max(0, match.start() - _AROUND) : match.end() + _AROUND])
    return ""
