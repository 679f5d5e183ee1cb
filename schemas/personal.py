"""Personal data as a property of the schema: which e-mail addresses are roles, and how the others are withheld.

An address is a role mailbox only if every part of its local name is one of the portal's declared role words, or the
portal names it whole. Unknown means a person's, and a person's is withheld everywhere outside a run's private folder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.typography import fold, one_line

if TYPE_CHECKING:
    from schemas.model import Portal

MASK = "[adresse masquée]"
# An address as pages write it, `@` and `.` in words or in brackets included: local parts and domains, joined by them.
_C = r"[^\s@＠﹫<>\"'(),;:\[\]/?=]"  # in a local part, beside the apostrophe within it (jean.d'arc)
_D = r"[^\s@＠﹫<>\"'(),;:\[\]/?=&%#|{}]"  # in a domain
_GAP = r"[^\S\n]{0,2}"
_AT = rf"(?:{_GAP}(?:[@＠﹫]|[(\[{{<]{_GAP}(?:at|arob(?:ase?)?|[@＠﹫]){_GAP}[)\]}}>]|(?<=\s)arobase(?=\s)){_GAP}|%40)"
_NAMED_DOT = rf"{_GAP}[(\[]{_GAP}(?:dot|point|\.){_GAP}[)\]]{_GAP}"
_DOT = rf"(?:[.．]|{_NAMED_DOT})"
_DOMAIN = rf"(?:{_D}|{_NAMED_DOT})+{_DOT}[^\W\d_]{{2,}}"
# It begins where a run of characters does and no two repetitions share characters: a long text costs its length.
_LOCAL = rf"(?<!{_C}){_C}+(?:(?:'|{_NAMED_DOT}){_C}+){{0,5}}"
_WRITTEN = re.compile(rf"{_LOCAL}{_AT}{_DOMAIN}(?:(?:{_C}|'|{_NAMED_DOT})*{_AT}{_DOMAIN})*", re.IGNORECASE)
_PLAIN = re.compile(rf"{_C}+(?:'{_C}+)*@{_D}+\.[^\W\d_]{{2,}}")


def mailbox(printed: str) -> str | None:
    """The address, if the text is one e-mail address and nothing else (`mailto:` and its query left out)."""
    plain = re.sub(r"^mailto:", "", one_line(printed), flags=re.IGNORECASE).split("?")[0]
    # The mark of a note after an address is a letter to a pattern, and no letter.
    return plain if _PLAIN.fullmatch(plain) and plain.rpartition(".")[2].isalpha() else None


def is_role(address: str, portal: Portal) -> bool:
    """Whether an address is a function's and not a person's."""
    named = {known.casefold() for known in portal.role_mailboxes}
    words = {fold(word).casefold() for word in portal.role_words}
    local = fold(address.partition("@")[0]).casefold()
    parts = [part for part in re.split(r"[._+\-]", local) if part]
    return address.casefold() in named or (bool(parts) and all(part in words for part in parts))


def contact_kind(printed: str, portal: Portal) -> str | None:
    """courriel_fonctionnel, courriel_nominatif or page_web; None for an empty text."""
    if not one_line(printed):
        return None
    address = mailbox(printed)
    if address is None:
        return "page_web"
    return "courriel_fonctionnel" if is_role(address, portal) else "courriel_nominatif"


def role_mailbox(printed: str, portal: Portal) -> str | None:
    """A role's address; None for a person's, which is withheld, and for what is no address."""
    address = mailbox(printed)
    return address if address is not None and is_role(address, portal) else None


def masked(printed: str, portal: Portal) -> str:
    """The text with every person's address replaced by `[adresse masquée]`, however the page writes its `@` and dots.

    One that stays unclear once it is written plainly is a person's.
    """
    return _WRITTEN.sub(lambda match: match[0] if role_mailbox(_plainly(match[0]), portal) else MASK, printed)


def hidden(printed: str) -> str:
    """The text with every address masked, a role's too: for messages, which leave a run's folder by mail and by log."""
    return _WRITTEN.sub(MASK, printed)


def _plainly(written: str) -> str:
    dotted = re.sub(_DOT, ".", written, flags=re.IGNORECASE)
    return re.sub(_AT, "@", dotted, flags=re.IGNORECASE)
