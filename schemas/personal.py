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
_ADDRESS = re.compile(r"[^\s@<>\"'(),;:\[\]]+@[^\s@<>\"'(),;:\[\]]+\.[^\W\d_]{2,}")


def mailbox(printed: str) -> str | None:
    """The address, if the text is one e-mail address and nothing else (`mailto:` and its query left out)."""
    plain = re.sub(r"^mailto:", "", one_line(printed), flags=re.IGNORECASE).split("?")[0]
    return plain if _ADDRESS.fullmatch(plain) else None


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
    """The text with every person's address replaced by `[adresse masquée]`."""
    return _ADDRESS.sub(lambda match: match[0] if is_role(match[0], portal) else MASK, printed)
