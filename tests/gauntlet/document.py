"""A page as the mutations see it: its parsed HTML, where its content is, and which parts feed which datasets."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from lxml import etree, html

from schemas.typography import key, one_line

_DOCTYPE = "<!doctype html>"
_CONTENT = ("texte", "entry-content")  # the sample's and WordPress's name of what the author wrote
Node: TypeAlias = Any  # lxml publishes no types: an HtmlElement


@dataclass(frozen=True, slots=True)
class Feeds:
    """What a page feeds: by dataset the headers of its table, or how the items of its lists begin."""

    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    items: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def datasets(self) -> frozenset[str]:
        """Every dataset of the page."""
        return frozenset(self.tables) | frozenset(self.items) | frozenset(self.texts)


@dataclass(frozen=True, slots=True)
class Target:
    """A table or list of a page and the datasets whose rows stand in it."""

    node: Node
    datasets: frozenset[str]


class Document:
    """One page, parsed to be changed in place; `text()` gives it back."""

    def __init__(self, text: str, feeds: Feeds) -> None:
        self.root = html.document_fromstring(text)
        self.feeds = feeds

    def text(self) -> str:
        """The page's HTML."""
        return f"{_DOCTYPE}\n{html.tostring(self.root, encoding='unicode')}"

    @property
    def content(self) -> Node:
        """The element that holds what the author wrote."""
        for name in _CONTENT:
            for node in self.root.iter("div"):
                if name in node.get("class", "").split():
                    return node
        for name in ("article", "main", "body"):
            for node in self.root.iter(name):
                return node
        raise ValueError("a page without a body")

    @property
    def tables(self) -> list[Target]:
        """The tables that feed datasets."""
        found = []
        for table in self.content.iter("table"):
            heads = {key(said(cell)) for row in list(table.iter("tr"))[:1] for cell in cells(row)}
            fed = {name for name, headers in self.feeds.tables.items() if heads >= {key(head) for head in headers}}
            if fed:
                found.append(Target(table, frozenset(fed)))
        return found

    @property
    def lists(self) -> list[Target]:
        """The lists (ul) that feed datasets."""
        found = []
        for items in self.content.iter("ul"):
            told = [key(said(item)) for item in items.iterchildren("li")]
            fed = {
                name
                for name, starts in self.feeds.items.items()
                if any(line.startswith(start) for line in told for start in starts)
            }
            if fed:
                found.append(Target(items, frozenset(fed)))
        return found

    @property
    def sentences(self) -> list[Target]:
        """The paragraphs that datasets read sentences in."""
        found = []
        for node in self.content.iter("p"):
            line = key(said(node))
            fed = {name for name, texts in self.feeds.texts.items() if any(text in line for text in texts)}
            if fed:
                found.append(Target(node, frozenset(fed)))
        return found


def said(node: Node) -> str:
    """The text of an element, on one line."""
    return one_line(node.text_content())


def rows(table: Node) -> list[Node]:
    """A table's rows below its header row."""
    return list(table.iter("tr"))[1:]


def cells(row: Node) -> list[Node]:
    """A row's cells."""
    return list(row.iterchildren("td", "th"))


def make(name: str, *children: Node | str, **attributes: str) -> Node:
    """A new element."""
    node = html.Element(name, {key.rstrip("_"): value for key, value in attributes.items()})
    for child in children:
        if isinstance(child, str):
            add_text(node, child)
        else:
            node.append(child)
    return node


def fragment(text: str) -> Node:
    """One element from its HTML."""
    return html.fragment_fromstring(text)


def add_text(node: Node, text: str) -> None:
    """Appends text after what a node holds."""
    if len(node):
        node[-1].tail = (node[-1].tail or "") + text
    else:
        node.text = (node.text or "") + text


def move_content(source: Node, target: Node) -> None:
    """Moves all that an element holds to the end of another."""
    add_text(target, source.text or "")
    source.text = None
    for child in list(source):
        target.append(child)


def rename(node: Node, name: str) -> None:
    """Gives an element another tag and drops its attributes."""
    node.tag = name
    node.attrib.clear()


def replace(node: Node, *others: Node) -> None:
    """Puts other elements in an element's place; the text after it stays."""
    parent, tail = node.getparent(), node.tail
    place = parent.index(node)
    parent.remove(node)
    for offset, other in enumerate(others):
        other.tail = "\n"
        parent.insert(place + offset, other)
    if tail:
        others[-1].tail = tail


def remove(node: Node) -> None:
    """Takes an element out; the text after it stays."""
    node.drop_tree()


def copy(node: Node) -> Node:
    """A deep copy without the text after it."""
    other = deepcopy(node)
    other.tail = "\n"
    return other


def wrap(node: Node, wrapper: Node) -> None:
    """Puts an element inside another, in its place."""
    tail = node.tail
    parent = node.getparent()
    parent.replace(node, wrapper)
    node.tail = None
    wrapper.append(node)
    wrapper.tail = tail


def comment(text: str) -> Node:
    """An HTML comment."""
    return etree.Comment(text)
