"""The text of a subtree as a reader sees it: tokens in reading order, then lines with their links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from schemas.typography import one_line, shown
from spiders.page import Line, Link, Rich

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

HEADINGS = {f"h{level}": level for level in range(1, 7)}
LISTS = {"ul", "ol", "menu"}
BLOCKS = set(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure footer form header "
    "hr li main p pre section summary tbody td tfoot th thead tr".split()
)
OWN_LINES = BLOCKS | LISTS | {"table", *HEADINGS}
BOLD = {"b", "strong"}
# What no reader takes for content, and what is struck out: it no longer holds (HTML, 4.5.5 's', 4.7.2 'del').
UNREAD = set(
    "script style noscript template svg math iframe object select option textarea button input nav aside dialog "
    "del s strike".split()
)
_PANEL_ROLES = {"tabpanel", "region"}
# What themes and their frameworks call text for screen readers only: a label said twice, not content.
_UNSEEN_NAMES = {"screen-reader-text", "sr-only", "visually-hidden", "visuallyhidden"}
# What accessible themes add to a link: how it opens, not what it says (RGAA 4.1, criterion 13.2).
_OPENS = re.compile(
    r"\s*[(\[](?:lien externe|external link|(?:(?:s['’]ouvre|ouverture) dans )?(?:une )?nouvelle fenêtre"
    r"|(?:(?:s['’]ouvre|ouverture) dans )?(?:un )?nouvel onglet|(?:opens in )?(?:a )?new (?:window|tab))[)\]]",
    re.IGNORECASE,
)
_NOTE = re.compile(r"[\[(]?(?:\d{1,2}|\*{1,3}|[†‡§])[\])]?")
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_WORD_BEFORE = re.compile(r"(?:[^\W\d_]{3}|[.,;:!?)»\"])\s?$")  # after a figure or a unit it would be an exponent
CHROME_ROLES = {"navigation", "complementary", "search", "banner", "contentinfo", "dialog", "alertdialog"}


@dataclass(slots=True)
class Token:
    """A piece of text, the address it links to, whether it is bold or raised; a line feed alone ends a line."""

    text: str
    href: str = ""
    bold: bool = False
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """How a page's links become absolute: by its own address, a mirror's root becoming the portal's."""

    url: str
    base: str = ""
    origin: str = ""

    def of(self, anchor: LexborNode) -> str:
        """The address an anchor leads to: http, https or mailto; empty for any other."""
        href = (anchor.attributes.get("href") or "").strip()
        try:
            address = urljoin(self.url, href) if href else ""
            scheme = urlsplit(address).scheme.lower()
        except ValueError:  # not an address: an unclosed bracket, say
            return ""
        if scheme not in {"http", "https", "mailto"}:
            return ""
        if self.base and (address == self.base or address.startswith(self.base + "/")):
            return self.origin + address[len(self.base) :]
        return address


def tokens(
    node: LexborNode, addresses: Addresses, skip: Iterable[str] = (), keep: Iterable[str] = ()
) -> Iterator[Token]:
    """The text of a subtree as tokens; a line feed where a new line begins.

    Args:
        node: its root.
        addresses: make its links absolute.
        skip: tags that are left out with all they hold.
        keep: tags that are read here, though content has none (a button that opens what its heading names).
    """
    left_out, kept = set(skip), set(keep)
    address = addresses.of(node) if node.tag == "a" else ""
    own = (address, node.tag in BOLD, node.tag == "sup")
    stack: list[tuple[LexborNode, str, bool, bool] | None] = [(child, *own) for child in _children(node)]
    while stack:
        following = stack.pop()
        if following is None:
            yield Token("\n")
            continue
        current, href, bold, raised = following
        tag = current.tag or ""
        if current.is_text_node:
            yield Token(printed(current), href, bold, raised)
        elif tag == "br":
            yield Token("\n")
        elif current.is_element_node and (tag in kept or not unread(current)) and tag not in left_out:
            if tag in OWN_LINES:
                yield Token("\n")
                stack.append(None)
            own = (addresses.of(current) if tag == "a" else href, bold or tag in BOLD, raised or tag == "sup")
            stack.extend((child, *own) for child in _children(current))


def rich(tokens: Iterable[Token]) -> Rich:
    """Tokens as lines: white space collapsed, empty lines dropped, links kept with their text.

    A raised number or star after a word is the mark of a note, and no part of the text; any other raised figure stays
    one: it is not a further figure of the number before it.
    """
    lines: list[Line] = []
    text = ""
    links: list[list[str]] = []
    marked = plain = False
    for token in [*tokens, Token("\n")]:
        if token.text == "\n":
            shown = one_line(text)
            found = tuple(Link(href, one_line(label)) for href, label in links if one_line(label))
            lines += [Line(shown, found)] if shown else []
            text, links = "", []
            continue
        if token.raised and _NOTE.fullmatch(token.text.strip()) and _WORD_BEFORE.search(text):
            continue
        said = _OPENS.sub("", token.text) if token.href else token.text
        text += said.translate(_RAISED) if token.raised else said
        if token.href:
            if links and links[-1][0] == token.href:
                links[-1][1] += said
            else:
                links.append([token.href, said])
        if said.strip():
            marked, plain = marked or token.bold, plain or not token.bold
    return Rich(tuple(lines), bold=marked and not plain)


def unread(node: LexborNode) -> bool:
    """What a reader does not see as content: scripts, navigation, asides, elements that something hides."""
    attributes = node.attributes
    if attributes.get("role") in _PANEL_ROLES and attributes.get("aria-labelledby"):
        return False  # closed until its label is pressed
    return (
        node.tag in UNREAD
        or "hidden" in attributes
        or "popover" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in CHROME_ROLES
        or not _UNSEEN_NAMES.isdisjoint((attributes.get("class") or "").lower().split())
    )


def printed(text: LexborNode) -> str:
    """What a text node prints: line feeds of the source are spaces, what prints nothing is not there."""
    return shown((text.text_content or "").replace("\n", " "))


def _children(node: LexborNode) -> list[LexborNode]:
    """The children of a node, last first: as a stack wants them."""
    return list(node.iter(include_text=True))[::-1]


def seen(node: LexborNode, root: LexborNode) -> bool:
    """Whether nothing between a node and one of its ancestors is hidden."""
    current: LexborNode | None = node
    while current is not None and current.mem_id != root.mem_id:
        if unread(current):
            return False
        current = current.parent
    return True


def nearest(node: LexborNode, tags: set[str]) -> int | None:
    """Identity of the nearest ancestor with one of these tags."""
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent.mem_id if parent is not None else None
