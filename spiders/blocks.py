"""HTML to blocks: headings, paragraphs, lists and tables of a page's content, each with the headings above it.

Pure and offline. Class names and nesting are the theme's business: a block is what the reader sees, in reading order.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser

from schemas.typography import one_line
from spiders import bullets, headings
from spiders.frame import mains, names, surrounds
from spiders.hiding import TooManyRulesError, conceal
from spiders.inline import BLOCKS, LISTS, Addresses, Token, nearest, printed, rich, seen, tokens, unread
from spiders.page import BELOW_ALL, Article, Block, Cell, Grid, Page, Rich
from spiders.spans import PageError, header_rows, heads, is_table, place, rows_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from spiders.page import Kind, Line
    from spiders.spans import Place

_MAX_DEPTH = 120


def read(html: str, url: str, base: str = "", origin: str = "") -> Page:
    """Reads a page.

    Args:
        html: the page's text.
        url: its address on the portal; links are made absolute with it.
        base: the address the portal was fetched from (a mirror's), whose links become those of `origin`.
        origin: the portal's own address.

    Raises:
        PageError: a table too large to be data, or more rules that hide than can be followed.
    """
    tree = LexborHTMLParser(unicodedata.normalize("NFC", html))
    try:
        conceal(tree)
    except TooManyRulesError as error:
        raise PageError(f"{url}: {error}") from error
    root = tree.root
    body = tree.body
    if root is None or body is None:
        return Page(url, "", (), (), ())
    addresses = Addresses(_relative_to(tree, url), base.rstrip("/"), origin.rstrip("/"))
    reader = _Reader(addresses, panels=headings.panels(body))
    content = mains(body)
    for part in content or [body]:
        reader.walk(part, chrome=not content)
        reader.end()
    titles = names(reader.blocks, body, tree)
    language = (root.attributes.get("lang") or "").strip().lower().replace("_", "-")
    articles = tuple(Article(title, link) for title, link in reader.articles)
    return Page(url, language, titles, tuple(reader.blocks), articles)


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
    run: bullets.Run = field(default_factory=bullets.Run)
    panels: dict[int, LexborNode] = field(default_factory=dict)

    def walk(self, node: LexborNode, depth: int = 0, *, chrome: bool = False) -> None:
        """Reads the children of a node; `chrome` looks out for what surrounds the content."""
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if child.is_text_node:
                self.buffer.append(Token(printed(child)))
            elif tag == "br":
                self.buffer.append(Token("\n"))
            elif not child.is_element_node or unread(child) or (chrome and surrounds(child)):
                continue
            elif (level := headings.level(child)) is not None:
                self._heading(child, level)
            elif _is_list(child) or tag == "dl" or is_table(child):
                (self._list if _is_list(child) else self._definitions if tag == "dl" else self._table)(child, depth)
            elif tag in BLOCKS:
                self._block(child, depth, chrome=chrome)
            elif depth < _MAX_DEPTH and _holds_blocks(child):
                self.walk(child, depth + 1, chrome=chrome)
            else:
                self.buffer.extend(tokens(child, self.addresses))

    def flush(self) -> None:
        """Ends the paragraph under way; its bulleted lines are items of a list, which may go on in the next one."""
        if not self.buffer:
            return
        text = rich(self.buffer)
        self.buffer = []
        plain: list[Line] = []
        here = False  # whether an item has begun in this paragraph: a line without a mark is then part of it
        for line in text.lines:
            mark, number, cut = bullets.marked(line)
            if self.run.continues(mark, number) and not plain:
                self.run.add(mark, line, cut)
            elif bullets.begins(mark, number):
                self._paragraph(plain, bold=text.bold)
                plain = []
                self._end_run()
                self.run.add(mark, line, cut)
            elif here:
                self.run.go_on(line)
                continue
            else:
                plain.append(line)
                continue
            here = True
        self._paragraph(plain, bold=text.bold)

    def end(self) -> None:
        """Ends the paragraph and the run of bulleted lines under way."""
        self.flush()
        self._end_run()

    def _paragraph(self, lines: list[Line], *, bold: bool) -> None:
        if lines:
            self._end_run()
            self._add("paragraph", Rich(tuple(lines), bold))

    def _end_run(self) -> None:
        """A run of bulleted lines is a list; one alone is a paragraph that begins with a dash."""
        run, self.run = self.run, bullets.Run()
        if len(run.items) > 1:
            self._add("list", items=tuple(run.items), confidence=bullets.CONFIDENCE, doubt=bullets.DOUBT)
        elif run.items:
            self._add("paragraph", run.printed[0])

    def _block(self, node: LexborNode, depth: int, *, chrome: bool) -> None:
        self.flush()
        article, above = self.article, list(self.headings)
        label = self.panels.get(node.mem_id)
        closes = label is not None or headings.ends_with(node)
        if node.tag == "article":
            self.end()
            self.articles.append(("", ""))
            self.article = len(self.articles) - 1
        if label is not None:
            self._label(label)
        if depth < _MAX_DEPTH:
            self.walk(node, depth + 1, chrome=chrome)
        else:
            self.buffer.extend(tokens(node, self.addresses))
        self.flush()
        if closes or self.article != article:
            self.end()
        self.article = article
        self.headings = above if closes else self.headings

    def _label(self, node: LexborNode) -> None:
        """What labels a panel stands above it as a heading, unless it is one already."""
        text = rich(tokens(node, self.addresses, keep={"button"}))
        if text.lines and one_line(text.text) not in {said for _, said in self.headings[-1:]}:
            self.end()
            self._place_heading(text, BELOW_ALL)

    def _heading(self, node: LexborNode, level: int) -> None:
        self.end()
        text = rich(tokens(node, self.addresses, keep={"button"}))
        if text.lines:
            self._place_heading(text, level)

    def _place_heading(self, text: Rich, level: int) -> None:
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self._add("heading", text, level=level)
        self.headings.append((level, one_line(text.text)))
        if self.article is not None and not self.articles[self.article][0]:
            link = text.links[0].href if text.links else ""
            self.articles[self.article] = (one_line(text.text), link)

    def _list(self, node: LexborNode, depth: int) -> None:
        self.end()
        members = [child for child in node.iter() if _is_item(child) and not unread(child)]
        items = [rich(tokens(member, self.addresses, skip=LISTS | {"table"})) for member in members]
        index = self._add("list", items=bullets.unmarked(tuple(item for item in items if item.lines)))
        outer, self.inside = self.inside, index
        for member in [child for child in node.iter() if not unread(child)]:
            if member.tag in LISTS or member.tag == "table":  # broken, and common: a list right inside a list
                (self._table if member.tag == "table" else self._list)(member, depth + 1)
                continue
            for nested in member.css("ul, ol, menu, table") if depth < _MAX_DEPTH else ():
                if nearest(nested, {"ul", "ol", "menu", "table"}) == node.mem_id and seen(nested, node):
                    (self._table if nested.tag == "table" else self._list)(nested, depth + 1)
        self.inside = outer

    def _definitions(self, node: LexborNode, depth: int) -> None:
        """A definition list: its terms, or what is said under its one term, are items; both are 'term : text'."""
        self.end()
        members = [m for m in node.css("dt, dd") if nearest(m, {"dl"}) == node.mem_id and seen(m, node)]
        terms = [member for member in members if member.tag == "dt"]
        if any(_lays_out(member) for member in members):
            self.walk(node, depth + 1)
            self.end()
            return
        texts = {member.mem_id: rich(tokens(member, self.addresses)) for member in members}
        if len(terms) == 1 and members[0].tag == "dt" and len(members) > 2:  # noqa: PLR2004 (one term, several texts)
            self._add("paragraph", texts.pop(members.pop(0).mem_id))
            terms = []
        both = 0 < len(terms) < len(members)
        items: list[Rich] = []
        for member in members:
            text = texts[member.mem_id]
            if both and member.tag == "dd" and items:
                items[-1] = bullets.defined(items[-1], text)
            elif text.lines:
                items.append(text)
        confidence, doubt = (0.85, "terms and their texts read as items") if both else (1.0, "")
        self._add("list", items=tuple(items), confidence=confidence, doubt=doubt)

    def _table(self, node: LexborNode, depth: int) -> None:
        self.end()
        placed = place([[c for c in row if not unread(c)] for row in rows_of(node)])
        read = {
            id(spot.cell): Cell(self._told(spot.cell), heads(spot.cell)) for row in placed for spot in row if spot.first
        }
        rows = tuple(tuple(replace(read[id(spot.cell)], across=spot.across) for spot in row) for row in placed)
        caption = node.css_first("caption")
        named = one_line(rich(tokens(caption, self.addresses)).text) if caption is not None else ""
        index = self._add("table", grid=Grid(named, rows, header_rows(rows)))
        if depth < _MAX_DEPTH and any(_lays_out(spot.cell) for row in placed for spot in row if spot.first):
            self._lay_out(placed, index, depth)

    def _told(self, cell: LexborNode) -> Rich:
        """What a cell says; a header may be nothing but the button that sorts its column."""
        text = rich(tokens(cell, self.addresses))
        return text if text.lines or not heads(cell) else rich(tokens(cell, self.addresses, keep={"button"}))

    def _lay_out(self, placed: list[list[Place]], index: int, depth: int) -> None:
        """Reads the blocks inside a lay-out table: a heading in a cell stands above what follows in its column."""
        base, outer = list(self.headings), self.inside
        columns: dict[int, list[tuple[int, str]]] = {}
        self.inside = index
        for row in placed:
            for column, spot in enumerate(row):
                if spot.first:
                    self.headings = list(columns.get(column, base))
                    self._cell(spot.cell, depth)
                columns[column] = list(self.headings)
        self.headings, self.inside = base, outer

    def _cell(self, cell: LexborNode, depth: int) -> None:
        """A cell of a lay-out table: a header cell, or a bold one, is the heading of its column."""
        text = Rich() if _lays_out(cell) else rich(tokens(cell, self.addresses))
        told = Block("paragraph", 0, 0, (), replace(text, bold=text.bold or heads(cell)))
        if text.lines and told.bold_line:
            self.end()
            self._place_heading(text, BELOW_ALL)
        else:
            self.walk(cell, depth + 1)
            self.end()

    def _add(
        self,
        kind: Kind,
        text: Rich | None = None,
        *,
        level: int = 0,
        items: tuple[Rich, ...] = (),
        grid: Grid | None = None,
        confidence: float = 1.0,
        doubt: str = "",
    ) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        path = tuple(text for _, text in self.headings)
        index = len(self.blocks)
        self.blocks.append(
            Block(
                kind,
                index,
                self.counts[kind],
                path,
                text or Rich(),
                level,
                items,
                grid,
                self.inside,
                self.article,
                confidence,
                doubt,
            )
        )
        return index


def _relative_to(tree: LexborHTMLParser, url: str) -> str:
    """What a page's links are relative to: its own address, or the one it names (HTML Living Standard, 4.2.3)."""
    named = tree.css_first("base[href]")
    try:
        address = urljoin(url, (named.attributes.get("href") or "").strip()) if named is not None else url
    except ValueError:  # not an address
        return url
    return address if address.startswith(("http://", "https://")) else url


def _is_list(node: LexborNode) -> bool:
    """Whether an element is a list: by its tag, or by its role (WAI-ARIA 1.2, 'list') if it holds no other."""
    by_role = node.attributes.get("role") == "list" and any(_is_item(child) for child in node.iter())
    return node.tag in LISTS or (by_role and node.css_first("ul, ol, menu, table, [role=listitem] [role=list]") is None)


def _is_item(node: LexborNode) -> bool:
    return node.tag == "li" or node.attributes.get("role") == "listitem"


def _holds_blocks(node: LexborNode) -> bool:
    return node.css_first("p, div, table, ul, ol, dl, h1, h2, h3, h4, h5, h6, section, article") is not None


def _lays_out(cell: LexborNode) -> bool:
    """Whether a cell holds blocks of its own, so that the table is a lay-out."""
    return cell.css_first("ul, ol, dl, table, h1, h2, h3, h4, h5, h6, [role=list]") is not None
