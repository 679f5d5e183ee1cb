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
    _PLACEHOLDER: r"n[./]?[acd]\.?|neant|inconnue?|[?]+|x{2,}|[-–—_.…]+|tbd|tba|lorem ipsum.*"
    r"|a (?:venir|completer|definir)|etc\W*|et autres|(?:en )?(?:lire|savoir|voir|afficher) (?:plus|la suite|tout)\W*"
    r"|(?:liste|page|tableau)? ?(?:mise?s? a jour|actualisee?s?|modifiee?s?) (?:le|en|du) .*"
    r"|(?:source|note|remarque|n\.?b\.?) ?: .*"
    r"|(?:retour|haut de page|accueil|imprimer|partager|telecharger|read more|show more)\W*"
    r"|non (?:renseignee?|disponible|communiquee?|connue?)|en cours(?: de .*)?|voir ci-dessous",
    "e-mail": r"\[adresse masquee]|(?:mailto:)?[^\s@]+@[^\s@]+\.[^\s@]+",
    "web address": r"(?:https?://|www\.)\S+",
    "amount": r"\d[\d .,]*(?:k|m|milliers?|millions?|milliards?)? ?(?:d')?(?:euros?|eur|€)",
    "date": rf"(?:depuis )?(?:(?:\d{{1,2}}(?:er)? )?{_MONTH} (?:a {_MONTH} )?)?\d{{4}}"
    r"(?: ?[-/] ?(?:\d{4}|\.\.))?|\d{4}-\d{2}(?:-\d{2})?|\d{1,2}/\d{1,2}/\d{2,4}",
    "number": r"[-+]?\d[\d .,]* ?%?",
}
_NOTE = re.compile(r"[¹²³⁰⁴-⁹†‡§*]+$|^[*†‡]|\[\d{1,2}\]$")
_USUAL = 0.8  # the share of a column's values that makes a shape its own
_ENOUGH = 5  # values, to say so of a column seen for the first time
_LONGER = 4  # times the longest known one
_LONG = 100  # characters, below which no text is one too long
_AROUND = 30  # characters shown on either side
_ADDRESS = re.compile(r"\S+(?:://|@)\S+|\bwww\.\S+|\S+\.[a-z]{2,}/\S*")
_LOST = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufff0-\uffff]")
_GARBLED = re.compile(
    r"&(?:[a-zA-Z]{2,8}|#\d{2,6}|#[xX][0-9a-fA-F]{2,5});"  # entities printed as such
    r"|</?(?:a|b|br|div|em|i|li|p|span|strong|td|tr|ul)(?:\s[^<>]*)?/?>"  # so are tags
    r"|\[/?[a-z]+(?:_[a-z]+)+(?: [^\]\n]*)?\]"  # and shortcodes of a plug-in that is gone
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
    if _NOTE.search(value) and not any(_NOTE.search(text) for text in known if text != value):
        return f"mark of a note: {visible(value)}"
    if not usual:
        return ""
    if not _has_shape(value, usual):
        return f"{_shape(value)}: {visible(value)}"
    longest, length = max((_length(text) for text in known if text != value), default=0), _length(value)
    return f"{length} > {_LONGER} × {longest}" if length > max(_LONG, _LONGER * longest) else ""


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
