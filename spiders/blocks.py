"""HTML to blocks: headings, paragraphs, lists and tables of a page's content, each with the headings above it.

Pure and offline. Class names and nesting are the theme's business: a block is what the reader sees, in reading order.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from schemas.typography import key, one_line
from spiders.inline import BLOCKS, HEADINGS, LISTS, Addresses, Token, rich, tokens, unread
from spiders.page import Article, Block, Cell, Grid, Page, Rich
from spiders.spans import header_rows, place

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from spiders.page import Kind
    from spiders.spans import Place

# The last resort for themes without <main> and roles: names that themes give to what surrounds the content.
# Whole names: an entry has a footer too, and page builders put a widget around all they make.
_CHROME_NAMES = {"footer", "site-footer", "page-footer", "widget", "widget-area", "secondary"}
_CHROME_WORDS = set("sidebar masthead menu nav breadcrumb breadcrumbs cookie cookies comments colophon".split())
_TITLE_MARKS = (" – ", " | ", " — ", " - ", " » ", " · ")
_MAX_DEPTH = 200


def read(html: str, url: str, base: str = "", origin: str = "") -> Page:
    """Reads a page.

    Args:
        html: the page's text.
        url: its address on the portal; links are made absolute with it.
        base: the address the portal was fetched from (a mirror's), whose links become those of `origin`.
        origin: the portal's own address.

    Raises:
        PageError: a table too large to be data.
    """
    tree = LexborHTMLParser(unicodedata.normalize("NFC", html))
    root = tree.root
    body = tree.body
    if root is None or body is None:
        return Page(url, "", (), (), ())
    reader = _Reader(Addresses(url, base.rstrip("/"), origin.rstrip("/")))
    main = body.css_first("main, [role=main]")
    reader.walk(main or body, chrome=main is None)
    reader.flush()
    names = _names(reader.blocks, body, tree)
    language = (root.attributes.get("lang") or "").strip().lower()
    articles = tuple(Article(title, link) for title, link in reader.articles)
    return Page(url, language, names, tuple(reader.blocks), articles)


def _names(blocks: list[Block], body: LexborNode, tree: LexborHTMLParser) -> tuple[str, ...]:
    """What may name the page: its first h1; the head title's ends too, where that h1 is none or not part of it."""
    printed = [block.head for block in blocks if block.kind == "heading" and block.level == 1][:1]
    printed = printed or [one_line(h1.text()) for h1 in body.css("h1")[:1]]
    head = tree.css_first("title")
    whole = one_line(head.text()) if head is not None else ""
    separator = next((mark for mark in _TITLE_MARKS if mark in whole), None)
    parts = [part.strip() for part in whole.split(separator)] if separator else [whole]
    if printed and key(printed[0]) in {key(parts[0]), key(whole)}:
        return tuple(printed)
    return tuple(name for name in [*printed, parts[0], parts[-1]] if name)


@dataclass(slots=True)
class _Reader:
    """Walks the content in reading order and fills `blocks`."""

    addresses: Addresses
    blocks: list[Block] = field(default_factory=list)
    articles: list[tuple[str, str]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    buffer: list[Token] = field(default_factory=list)
    counts: dict[Kind, int] = field(default_factory=dict)
    inside: int | None = None
    article: int | None = None

    def walk(self, node: LexborNode, depth: int = 0, *, chrome: bool = False) -> None:
        """Reads the children of a node; `chrome` looks out for what surrounds the content."""
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if child.is_text_node:
                self.buffer.append(Token((child.text_content or "").replace("\n", " ")))
            elif tag == "br":
                self.buffer.append(Token("\n"))
            elif not child.is_element_node or unread(child) or (chrome and _surrounds(child)):
                continue
            elif tag in HEADINGS:
                self._heading(child, HEADINGS[tag])
            elif tag in LISTS:
                self._list(child, depth)
            elif tag == "table":
                self._table(child, depth)
            elif tag in BLOCKS:
                self._block(child, depth, chrome=chrome)
            elif depth < _MAX_DEPTH and _holds_blocks(child):
                self.walk(child, depth + 1, chrome=chrome)
            else:
                self.buffer.extend(tokens(child, self.addresses))

    def flush(self) -> None:
        """Ends the paragraph under way."""
        text = rich(self.buffer)
        self.buffer = []
        if text.lines:
            self._add("paragraph", text)

    def _block(self, node: LexborNode, depth: int, *, chrome: bool) -> None:
        self.flush()
        outer = self.article
        if node.tag == "article":
            self.articles.append(("", ""))
            self.article = len(self.articles) - 1
        if depth < _MAX_DEPTH:
            self.walk(node, depth + 1, chrome=chrome)
        else:
            self.buffer.extend(tokens(node, self.addresses))
        self.flush()
        self.article = outer

    def _heading(self, node: LexborNode, level: int) -> None:
        self.flush()
        text = rich(tokens(node, self.addresses))
        if not text.lines:
            return
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self._add("heading", text, level=level)
        self.headings.append((level, one_line(text.text)))
        if self.article is not None and not self.articles[self.article][0]:
            link = text.links[0].href if text.links else ""
            self.articles[self.article] = (one_line(text.text), link)

    def _list(self, node: LexborNode, depth: int) -> None:
        self.flush()
        members = [child for child in node.iter() if child.tag == "li" and not unread(child)]
        items = [rich(tokens(member, self.addresses, skip=LISTS | {"table"})) for member in members]
        index = self._add("list", items=tuple(item for item in items if item.lines))
        outer, self.inside = self.inside, index
        for member in [child for child in node.iter() if not unread(child)]:
            if member.tag in LISTS or member.tag == "table":  # broken, and common: a list right inside a list
                (self._table if member.tag == "table" else self._list)(member, depth + 1)
                continue
            for nested in member.css("ul, ol, menu, table") if depth < _MAX_DEPTH else ():
                if _nearest(nested, {"ul", "ol", "menu", "table"}) == node.mem_id and _seen(nested, node):
                    (self._table if nested.tag == "table" else self._list)(nested, depth + 1)
        self.inside = outer

    def _table(self, node: LexborNode, depth: int) -> None:
        self.flush()
        members = [row for row in node.css("tr") if _nearest(row, {"table"}) == node.mem_id and _seen(row, node)]
        placed = place(
            [[c for c in row.iter() if c.tag in {"td", "th"} and not unread(c)] for row in members], self.addresses.url
        )
        read = {
            id(spot.cell): Cell(rich(tokens(spot.cell, self.addresses)), spot.cell.tag == "th")
            for row in placed
            for spot in row
            if spot.first
        }
        rows = tuple(tuple(replace(read[id(spot.cell)], across=spot.across) for spot in row) for row in placed)
        caption = node.css_first("caption")
        named = one_line(rich(tokens(caption, self.addresses)).text) if caption is not None else ""
        index = self._add("table", grid=Grid(named, rows, header_rows(rows)))
        if depth < _MAX_DEPTH and any(_lays_out(spot.cell) for row in placed for spot in row if spot.first):
            self._lay_out(placed, index, depth)

    def _lay_out(self, placed: list[list[Place]], index: int, depth: int) -> None:
        """Reads the blocks inside a lay-out table: a heading in a cell stands above what follows in its column."""
        base, outer = list(self.headings), self.inside
        columns: dict[int, list[tuple[int, str]]] = {}
        self.inside = index
        for row in placed:
            for column, spot in enumerate(row):
                if spot.first:
                    self.headings = list(columns.get(column, base))
                    self.walk(spot.cell, depth + 1)
                    self.flush()
                columns[column] = list(self.headings)
        self.headings, self.inside = base, outer

    def _add(
        self,
        kind: Kind,
        text: Rich | None = None,
        *,
        level: int = 0,
        items: tuple[Rich, ...] = (),
        grid: Grid | None = None,
    ) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        path = tuple(text for _, text in self.headings)
        index = len(self.blocks)
        self.blocks.append(
            Block(kind, index, self.counts[kind], path, text or Rich(), level, items, grid, self.inside, self.article)
        )
        return index


def _surrounds(node: LexborNode) -> bool:
    """Whether an element of a page without <main> is the site's frame rather than content."""
    if node.tag in {"header", "footer"}:
        return node.css_first("article") is None and _nearest(node, {"article"}) is None
    names = {name.lower() for name in [node.id or "", *(node.attributes.get("class") or "").split()]}
    words = {word for name in names for word in re.split(r"[-_]+", name)}
    return node.tag in {"div", "section", "ul", "table"} and bool(names & _CHROME_NAMES or words & _CHROME_WORDS)


def _holds_blocks(node: LexborNode) -> bool:
    return node.css_first("p, div, table, ul, ol, h1, h2, h3, h4, h5, h6, section, article") is not None


def _seen(node: LexborNode, root: LexborNode) -> bool:
    """Whether nothing between a node and one of its ancestors is hidden."""
    current: LexborNode | None = node
    while current is not None and current.mem_id != root.mem_id:
        if unread(current):
            return False
        current = current.parent
    return True


def _lays_out(cell: LexborNode) -> bool:
    """Whether a cell holds blocks of its own, so that the table is a lay-out."""
    return cell.css_first("ul, ol, table, h1, h2, h3, h4, h5, h6") is not None


def _nearest(node: LexborNode, tags: set[str]) -> int | None:
    """Identity of the nearest ancestor with one of these tags."""
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent.mem_id if parent is not None else None
