"""HTML to blocks: headings, paragraphs, lists and tables of a page's content, each with the headings above it.

Pure and offline. Class names and nesting are the theme's business: a block is what the reader sees, in reading order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from schemas.typography import key, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

Kind = Literal["heading", "paragraph", "list", "table"]
FRENCH: dict[Kind, str] = {"heading": "titre", "paragraph": "paragraphe", "list": "liste", "table": "tableau"}

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = {"ul", "ol", "menu"}
_BLOCKS = set(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption figure footer form header "
    "hr li main p pre section summary tbody td tfoot th thead tr".split()
)
_OWN_LINES = _BLOCKS | _LISTS | {"table", *_HEADINGS}
_BOLD = {"b", "strong"}
_UNREAD = set(
    "script style noscript template svg math iframe object select option textarea button input nav aside dialog".split()
)
_CHROME_ROLES = {"navigation", "complementary", "search", "banner", "contentinfo", "dialog", "alertdialog"}
# The last resort for themes without <main> and roles: names that themes give to what surrounds the content.
_CHROME_NAMES = ("sidebar", "widget", "footer", "masthead", "menu", "breadcrumb", "cookie", "comments", "colophon")
_MAX_DEPTH = 200
_MAX_SPAN = 1_000  # HTML Living Standard, 4.9.11: colspan is at most 1000
_MAX_CELLS = 200_000


class PageError(Exception):
    """A page that cannot be read as blocks; the message says what was found."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as printed: absolute address (http, https or mailto) and its text."""

    href: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line: text with white space collapsed, and the links in it."""

    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Rich:
    """Printed text as lines (line breaks of the page kept)."""

    lines: tuple[Line, ...] = ()
    bold: bool = False

    @property
    def text(self) -> str:
        """The lines joined by line feeds."""
        return "\n".join(line.text for line in self.lines)

    @property
    def links(self) -> tuple[Link, ...]:
        """Links of all lines."""
        return tuple(link for line in self.lines for link in line.links)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table's grid; a spanned cell stands at every place it covers."""

    rich: Rich
    header: bool
    repeated: bool = False

    @property
    def text(self) -> str:
        """The cell's text on one line."""
        return one_line(self.rich.text)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its spans resolved: every row as wide as the widest."""

    caption: str
    rows: tuple[tuple[Cell, ...], ...]
    header_rows: int

    @property
    def headers(self) -> tuple[str, ...]:
        """The printed header of each column, from the last header row."""
        return tuple(cell.text for cell in self.rows[self.header_rows - 1]) if self.header_rows else ()


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page's content.

    `number` counts blocks of its kind from 1; `path` is the headings above it; `inside` is the index of the table or
    list that contains it; `article` the index of the article it belongs to.
    """

    kind: Kind
    index: int
    number: int
    path: tuple[str, ...]
    rich: Rich = Rich()
    level: int = 0
    items: tuple[Rich, ...] = ()
    grid: Grid | None = None
    inside: int | None = None
    article: int | None = None

    @property
    def place(self) -> str:
        """Where the block is, for people: the headings above it, its kind and number."""
        return " > ".join([*self.path, f"{FRENCH[self.kind]} {self.number}"])

    @property
    def head(self) -> str:
        """How the block begins: header row, first item or text."""
        if self.grid is not None:
            return " | ".join(cell.text for cell in self.grid.rows[0]) if self.grid.rows else ""
        return one_line(self.items[0].text if self.items else self.rich.text)

    @property
    def content(self) -> tuple[tuple[str, ...], ...]:
        """All the text of the block: what makes two blocks copies of each other."""
        if self.grid is not None:
            return tuple(tuple(cell.text for cell in row) for row in self.grid.rows)
        return tuple((one_line(item.text),) for item in self.items) or ((one_line(self.rich.text),),)


@dataclass(frozen=True, slots=True)
class Article:
    """An article of a page: its title, and the address its title links to."""

    title: str
    link: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as blocks. `titles` are the texts that may name it: its h1, its head title without the site's name."""

    url: str
    language: str
    titles: tuple[str, ...]
    blocks: tuple[Block, ...]
    articles: tuple[Article, ...]

    @property
    def title(self) -> str:
        """The page's title as printed."""
        return self.titles[0] if self.titles else ""

    @property
    def repeats_others(self) -> bool:
        """Whether an article's title links to another address: then this page prints other pages' content."""
        own = urlsplit(self.url).path.rstrip("/")
        return any(
            article.link and urlsplit(article.link).path.rstrip("/") != own and not article.link.startswith("mailto:")
            for article in self.articles
        )

    def named(self, title: str) -> bool:
        """Whether the page is called so (case, accents, punctuation apart)."""
        return key(title) in {key(own) for own in self.titles}


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
    tree = LexborHTMLParser(html)
    root = tree.root
    body = tree.body
    if root is None or body is None:
        return Page(url, "", (), (), ())
    reader = _Reader(url, base.rstrip("/"), origin.rstrip("/"))
    main = body.css_first("main, [role=main]")
    reader.walk(main or body, chrome=main is None)
    reader.flush()
    titles = [b.rich for b in reader.blocks if b.kind == "heading" and b.level == 1][:1]
    names = [one_line(title.text) for title in titles]
    if not names:
        names = [one_line(h1.text()) for h1 in body.css("h1")[:1]]
    head = tree.css_first("title")
    if head is not None:
        names.append(_without_site(one_line(head.text())))
    language = (root.attributes.get("lang") or "").strip().lower()
    articles = tuple(Article(title, link) for title, link in reader.articles)
    return Page(url, language, tuple(name for name in names if name), tuple(reader.blocks), articles)


def _without_site(title: str) -> str:
    for separator in (" – ", " | ", " — ", " - ", " » ", " · "):
        if separator in title:
            return title.partition(separator)[0].strip()
    return title


@dataclass(slots=True)
class _Token:
    text: str
    href: str = ""
    bold: bool = False


@dataclass(slots=True)
class _Reader:
    """Walks the content in reading order and fills `blocks`."""

    url: str
    base: str
    origin: str
    blocks: list[Block] = field(default_factory=list)
    articles: list[tuple[str, str]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    buffer: list[_Token] = field(default_factory=list)
    counts: dict[Kind, int] = field(default_factory=dict)
    inside: int | None = None
    article: int | None = None

    def walk(self, node: LexborNode, depth: int = 0, *, chrome: bool = False) -> None:
        """Reads the children of a node; `chrome` looks out for what surrounds the content."""
        for child in node.iter(include_text=True):
            tag = child.tag or ""
            if child.is_text_node:
                self.buffer.append(_Token((child.text_content or "").replace("\n", " ")))
            elif tag == "br":
                self.buffer.append(_Token("\n"))
            elif not child.is_element_node or _unread(child) or (chrome and _surrounds(child)):
                continue
            elif tag in _HEADINGS:
                self._heading(child, _HEADINGS[tag])
            elif tag in _LISTS:
                self._list(child, depth)
            elif tag == "table":
                self._table(child, depth)
            elif tag in _BLOCKS:
                self._block(child, depth, chrome=chrome)
            elif depth < _MAX_DEPTH and _holds_blocks(child):
                self.walk(child, depth + 1, chrome=chrome)
            else:
                self.buffer.extend(self._tokens(child))

    def flush(self) -> None:
        """Ends the paragraph under way."""
        rich = _rich(self.buffer)
        self.buffer = []
        if rich.lines:
            self._add("paragraph", rich=rich)

    def _block(self, node: LexborNode, depth: int, *, chrome: bool) -> None:
        self.flush()
        outer = self.article
        if node.tag == "article":
            self.articles.append(("", ""))
            self.article = len(self.articles) - 1
        if depth < _MAX_DEPTH:
            self.walk(node, depth + 1, chrome=chrome)
        else:
            self.buffer.extend(self._tokens(node))
        self.flush()
        self.article = outer

    def _heading(self, node: LexborNode, level: int) -> None:
        self.flush()
        rich = _rich(self._tokens(node))
        if not rich.lines:
            return
        while self.headings and self.headings[-1][0] >= level:
            self.headings.pop()
        self._add("heading", rich=rich, level=level)
        self.headings.append((level, one_line(rich.text)))
        if self.article is not None and not self.articles[self.article][0]:
            link = rich.links[0].href if rich.links else ""
            self.articles[self.article] = (one_line(rich.text), link)

    def _list(self, node: LexborNode, depth: int) -> None:
        self.flush()
        members = [child for child in node.iter() if child.tag == "li" and not _unread(child)]
        items = [_rich(self._tokens(member, skip=_LISTS | {"table"})) for member in members]
        index = self._add("list", items=tuple(item for item in items if item.lines))
        outer, self.inside = self.inside, index
        for member in members:
            for nested in member.css("ul, ol, menu, table") if depth < _MAX_DEPTH else ():
                if _nearest(nested, {"ul", "ol", "menu", "table"}) == node.mem_id:
                    (self._table if nested.tag == "table" else self._list)(nested, depth + 1)
        self.inside = outer

    def _table(self, node: LexborNode, depth: int) -> None:
        self.flush()
        members = [row for row in node.css("tr") if _nearest(row, {"table"}) == node.mem_id]
        placed = _place([[c for c in row.iter() if c.tag in {"td", "th"}] for row in members], self.url)
        cells = {
            id(member): Cell(_rich(self._tokens(member)), member.tag == "th") for row in placed for member, _ in row
        }
        rows = tuple(
            tuple(
                cells[id(member)] if first else Cell(cells[id(member)].rich, cells[id(member)].header, repeated=True)
                for member, first in row
            )
            for row in placed
        )
        caption = node.css_first("caption")
        named = one_line(_rich(self._tokens(caption)).text) if caption is not None else ""
        index = self._add("table", grid=Grid(named, rows, _header_rows(rows)))
        if depth < _MAX_DEPTH and any(_lays_out(member) for row in placed for member, first in row if first):
            self._lay_out(placed, index, depth)

    def _lay_out(self, placed: list[list[tuple[LexborNode, bool]]], index: int, depth: int) -> None:
        """Reads the blocks inside a lay-out table: a heading in a cell stands above what follows in its column."""
        base, outer = list(self.headings), self.inside
        columns: dict[int, list[tuple[int, str]]] = {}
        self.inside = index
        for row in placed:
            for column, (member, first) in enumerate(row):
                if first:
                    self.headings = list(columns.get(column, base))
                    self.walk(member, depth + 1)
                    self.flush()
                columns[column] = list(self.headings)
        self.headings, self.inside = base, outer

    def _add(
        self,
        kind: Kind,
        *,
        rich: Rich | None = None,
        level: int = 0,
        items: tuple[Rich, ...] = (),
        grid: Grid | None = None,
    ) -> int:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        path = tuple(text for _, text in self.headings)
        index = len(self.blocks)
        self.blocks.append(
            Block(kind, index, self.counts[kind], path, rich or Rich(), level, items, grid, self.inside, self.article)
        )
        return index

    def _tokens(self, node: LexborNode, skip: Iterable[str] = ()) -> Iterator[_Token]:
        """The text of a subtree as tokens; a line feed where a new line begins."""
        left_out = set(skip)
        address = self._address(node) if node.tag == "a" else ""
        stack: list[tuple[LexborNode, str, bool] | None] = [
            (child, address, node.tag in _BOLD) for child in _children(node)
        ]
        while stack:
            following = stack.pop()
            if following is None:
                yield _Token("\n")
                continue
            current, href, bold = following
            tag = current.tag or ""
            if current.is_text_node:
                yield _Token((current.text_content or "").replace("\n", " "), href, bold)
            elif tag == "br":
                yield _Token("\n")
            elif current.is_element_node and not _unread(current) and tag not in left_out:
                if tag in _OWN_LINES:
                    yield _Token("\n")
                    stack.append(None)
                own = self._address(current) if tag == "a" else href
                stack.extend((child, own, bold or tag in _BOLD) for child in _children(current))

    def _address(self, node: LexborNode) -> str:
        href = (node.attributes.get("href") or "").strip()
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


def _rich(tokens: Iterable[_Token]) -> Rich:
    """Tokens as lines: white space collapsed, empty lines dropped, links kept with their text."""
    lines: list[Line] = []
    text = ""
    links: list[list[str]] = []
    marked = plain = False
    for token in [*tokens, _Token("\n")]:
        if token.text == "\n":
            shown = one_line(text)
            found = tuple(Link(href, one_line(label)) for href, label in links if one_line(label))
            lines += [Line(shown, found)] if shown else []
            text, links = "", []
            continue
        text += token.text
        if token.href:
            if links and links[-1][0] == token.href:
                links[-1][1] += token.text
            else:
                links.append([token.href, token.text])
        if token.text.strip():
            marked, plain = marked or token.bold, plain or not token.bold
    return Rich(tuple(lines), bold=marked and not plain)


def _children(node: LexborNode) -> list[LexborNode]:
    """The children of a node, last first: as a stack wants them."""
    return list(node.iter(include_text=True))[::-1]


def _unread(node: LexborNode) -> bool:
    """What a reader does not see as content: scripts, navigation, asides, hidden elements."""
    attributes = node.attributes
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return (
        node.tag in _UNREAD
        or "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") in _CHROME_ROLES
        or "display:none" in style
        or "visibility:hidden" in style
    )


def _surrounds(node: LexborNode) -> bool:
    """Whether an element of a page without <main> is the site's frame rather than content."""
    if node.tag in {"header", "footer"}:
        return node.css_first("article") is None and _nearest(node, {"article"}) is None
    names = f"{node.id or ''} {node.attributes.get('class') or ''}".lower()
    return node.tag in {"div", "section", "ul", "table"} and any(name in names for name in _CHROME_NAMES)


def _holds_blocks(node: LexborNode) -> bool:
    return node.css_first("p, div, table, ul, ol, h1, h2, h3, h4, h5, h6, section, article") is not None


def _lays_out(cell: LexborNode) -> bool:
    """Whether a cell holds blocks of its own, so that the table is a lay-out."""
    return cell.css_first("ul, ol, table, h1, h2, h3, h4, h5, h6") is not None


def _nearest(node: LexborNode, tags: set[str]) -> int | None:
    """Identity of the nearest ancestor with one of these tags."""
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent.mem_id if parent is not None else None


def _place(rows: list[list[LexborNode]], url: str) -> list[list[tuple[LexborNode, bool]]]:
    """Resolves row and column spans (HTML Living Standard, 4.9.12): each place holds (cell, is its first place)."""
    grid: list[dict[int, tuple[LexborNode, bool]]] = [{} for _ in rows]
    taken = 0
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            while column in grid[number]:
                column += 1
            across, down = _span(cell, "colspan"), _span(cell, "rowspan")
            down = len(rows) - number if down == 0 else min(down, len(rows) - number)
            across = max(across, 1)
            taken += across * down
            if taken > _MAX_CELLS:
                raise PageError(f"{url}: a table of more than {_MAX_CELLS} cells")
            for below in range(down):
                for beside in range(across):
                    grid[number + below].setdefault(column + beside, (cell, not below and not beside))
            column += across
    return [[row[column] for column in sorted(row)] for row in grid if row]


def _span(cell: LexborNode, name: str) -> int:
    given = (cell.attributes.get(name) or "1").strip()
    return min(int(given), _MAX_SPAN) if given.isascii() and given.isdigit() else 1


def _header_rows(rows: tuple[tuple[Cell, ...], ...]) -> int:
    """How many leading rows are headers: every cell with text is a th, or all are bold."""
    count = 0
    for row in rows:
        filled = [cell for cell in row if cell.text]
        if not filled or not (all(c.header for c in filled) or all(c.rich.bold for c in filled)):
            break
        count += 1
    return count
