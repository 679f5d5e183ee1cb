"""What stands above a block as its heading: by tag, by role, or as the label of what opens below it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spiders.page import BELOW_ALL

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_TAGS = {f"h{level}": level for level in range(1, 7)} | {"summary": BELOW_ALL, "legend": BELOW_ALL}
_SCOPES = {"details", "fieldset"}
_PANELS = "[role=tabpanel][aria-labelledby], [role=region][aria-labelledby]"
_UNTITLED = 2  # WAI-ARIA 1.2, 'heading': the level of one that gives none
_EDGES = re.compile(r"^[^\w(\"«]+|[^\w)\"»%!?]+$")
_NUMBERING = re.compile(r"^(?:(?:[IVX]+|\d{1,2}|[A-Za-z])[.)]|[IVX]+ ?[-–—])\s+")


def level(node: LexborNode) -> int | None:
    """The level of a heading, by its tag or role (WAI-ARIA 1.2, 'heading'); None of anything else."""
    if node.tag in _TAGS:
        return _TAGS[node.tag]
    attributes = node.attributes
    if attributes.get("role") != "heading":
        return None
    given = attributes.get("aria-level") or ""
    return min(int(given), BELOW_ALL) if given.isascii() and given.isdigit() and int(given) else _UNTITLED


def ends_with(node: LexborNode) -> bool:
    """Whether the headings inside an element stand above nothing after it: what opens and closes as one."""
    return node.tag in _SCOPES


def panels(body: LexborNode) -> dict[int, LexborNode]:
    """The panels of tabs and accordions, each with the element that labels it (WAI-ARIA 1.2, 'aria-labelledby')."""
    found = body.css(_PANELS)
    named = {node.id: node for node in body.css("[id]")} if found else {}
    labels = {panel.mem_id: named.get(panel.attributes.get("aria-labelledby")) for panel in found}
    return {panel: label for panel, label in labels.items() if label is not None}


def bare(text: str) -> str:
    """A heading without what a theme may put around it: a number, a colon, a sign that links to it."""
    return _NUMBERING.sub("", _EDGES.sub("", text))
