"""What surrounds a page's content, and what names the page: the theme's business, told apart as far as it can be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas.typography import key, one_line, shown
from spiders.inline import nearest, unread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from spiders.page import Block

# The last resort for themes without <main> and roles: names that themes give to what surrounds the content.
# Whole names: an entry has a footer too, and page builders put a widget around all they make.
_CHROME_NAMES = {"footer", "site-footer", "page-footer", "widget", "widget-area", "secondary"}
_CHROME_WORDS = set("sidebar masthead menu nav breadcrumb breadcrumbs cookie cookies comments colophon".split())
_TITLE_MARKS = (" – ", " | ", " — ", " - ", " » ", " · ")


def names(blocks: Iterable[Block], body: LexborNode, tree: LexborHTMLParser) -> tuple[str, ...]:
    """What may name the page: its first h1; the head title's ends too, where that h1 is none or not part of it."""
    printed = [block.head for block in blocks if block.kind == "heading" and block.level == 1][:1]
    printed = printed or [one_line(shown(h1.text())) for h1 in body.css("h1")[:1]]
    head = tree.css_first("title")
    whole = one_line(shown(head.text())) if head is not None else ""
    separator = next((mark for mark in _TITLE_MARKS if mark in whole), None)
    parts = [part.strip() for part in whole.split(separator)] if separator else [whole]
    if printed and key(printed[0]) in {key(parts[0]), key(whole)}:
        return tuple(printed)
    return tuple(name for name in [*printed, parts[0], parts[-1]] if name)


def mains(body: LexborNode) -> list[LexborNode]:
    """The elements that hold the content, by tag or role: one as a rule, none in older themes."""
    found = {node.mem_id: node for node in body.css("main, [role=main]") if not unread(node)}
    return [node for node in found.values() if not any(above.mem_id in found for above in _above(node))]


def surrounds(node: LexborNode) -> bool:
    """Whether an element of a page without <main> is the site's frame rather than content."""
    if node.tag in {"header", "footer"}:
        return node.css_first("article") is None and nearest(node, {"article"}) is None
    names = {name.lower() for name in [node.id or "", *(node.attributes.get("class") or "").split()]}
    words = {word for name in names for word in re.split(r"[-_]+", name)}
    if node.css_first("h1, article") is not None:
        return False  # named after a sidebar that stands beside it
    return node.tag in {"div", "section", "ul", "table"} and bool(names & _CHROME_NAMES or words & _CHROME_WORDS)


def _above(node: LexborNode) -> Iterator[LexborNode]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent
