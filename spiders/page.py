"""A page as blocks: headings, paragraphs, lists and tables, each with the headings above it. Data only.

What is made of their text is made once: every declaration asks for it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from urllib.parse import urlsplit

from schemas.typography import key, one_line

Kind = Literal["heading", "paragraph", "list", "table"]
FRENCH: dict[Kind, str] = {"heading": "titre", "paragraph": "paragraphe", "list": "liste", "table": "tableau"}
_LONGEST_HEADING = 120
_LONGEST_NAMED = 200  # of a heading, where a place is told by it
BELOW_ALL = 7  # the level of what stands for a heading without being one: below every real one


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


@dataclass(frozen=True)
class Rich:
    """Printed text as lines (line breaks of the page kept)."""

    lines: tuple[Line, ...] = ()
    bold: bool = False

    @cached_property
    def text(self) -> str:
        """The lines joined by line feeds."""
        return "\n".join(line.text for line in self.lines)

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Links of all lines."""
        return tuple(link for line in self.lines for link in line.links)


def only_links(text: Rich) -> bool:
    """Whether all that a text says are links."""
    return " ".join(link.text for link in text.links) == one_line(text.text)


@dataclass(frozen=True)
class Cell:
    """A cell of a table's grid; a spanned cell stands at every place it covers, `across` in those to its right."""

    rich: Rich
    header: bool
    across: bool = False

    @cached_property
    def text(self) -> str:
        """The cell's text on one line."""
        return one_line(self.rich.text)


@dataclass(frozen=True)
class Grid:
    """A table with its spans resolved: every row as wide as the widest."""

    caption: str
    rows: tuple[tuple[Cell, ...], ...]
    header_rows: int

    @cached_property
    def headers(self) -> tuple[str, ...]:
        """The printed header of each column, from the last header row."""
        return tuple(cell.text for cell in self.rows[self.header_rows - 1]) if self.header_rows else ()


@dataclass(frozen=True)
class Block:
    """One block of a page's content.

    `number` counts blocks of its kind from 1; `path` is the headings above it; `inside` is the index of the table or
    list that contains it; `article` the index of the article it belongs to. `confidence` is how sure it is that a list
    is one (1: the page says so in its markup), `doubt` what makes it less.
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
    confidence: float = 1.0
    doubt: str = ""

    @cached_property
    def links_only(self) -> bool:
        """Whether all it says are links: a menu."""
        return all(only_links(text) for text in self.items or (self.rich,))

    @cached_property
    def bold_line(self) -> bool:
        """Whether it is a short bold line: what a page prints in the place of a heading."""
        return (
            self.kind == "paragraph"
            and self.rich.bold
            and len(self.head) <= _LONGEST_HEADING
            and not self.head.endswith((".", ",", ";"))
        )

    @cached_property
    def place(self) -> str:
        """Where the block is, for people: the headings above it, its kind and number."""
        above = (told if len(told) <= _LONGEST_NAMED else f"{told[:_LONGEST_NAMED]}…" for told in self.path)
        return " > ".join([*above, f"{FRENCH[self.kind]} {self.number}"])

    @cached_property
    def head(self) -> str:
        """How the block begins: header row, first item or text."""
        if self.grid is not None:
            return " | ".join(cell.text for cell in self.grid.rows[0]) if self.grid.rows else ""
        return one_line(self.items[0].text if self.items else self.rich.text)

    @cached_property
    def content(self) -> tuple[tuple[str, ...], ...]:
        """All the text of the block: what makes two blocks copies of each other."""
        if self.grid is not None:
            return tuple(tuple(cell.text for cell in row) for row in self.grid.rows)
        return tuple((one_line(item.text),) for item in self.items) or ((one_line(self.rich.text),),)


@dataclass(frozen=True, slots=True)
class Listed:
    """A table or list as people are told of it; `digest` is the same for blocks of the same content."""

    index: int
    kind: Kind
    place: str
    head: str
    digest: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The tables and lists of a page that stand in no other.

    `outermost` says for each block inside one of them which; `left` is how many are not told of.
    """

    shown: tuple[Listed, ...]
    outermost: dict[int, int]
    left: int = 0


@dataclass(frozen=True, slots=True)
class Article:
    """An article of a page: its title, and the address its title links to."""

    title: str
    link: str


@dataclass(frozen=True)
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

    @cached_property
    def repeats_others(self) -> bool:
        """Whether every article's title links to another address: then the page prints other pages' content."""
        return bool(self.articles) and all(self._teases(article) for article in self.articles)

    @cached_property
    def own_blocks(self) -> tuple[Block, ...]:
        """The blocks of the page's own content: those of articles that lead elsewhere (related posts) left out."""
        teasers = {number for number, article in enumerate(self.articles) if self._teases(article)}
        return tuple(block for block in self.blocks if block.article not in teasers)

    @cached_property
    def openings(self) -> tuple[str, ...]:
        """What may introduce a list: the texts of its own blocks, and their first lines."""
        told = (block.rich for block in self.own_blocks)
        return tuple(
            dict.fromkeys(text for rich in told for text in (rich.text, *(line.text for line in rich.lines[:1])))
        )

    def _teases(self, article: Article) -> bool:
        own = urlsplit(self.url).path.rstrip("/")
        return article.link.startswith("http") and urlsplit(article.link).path.rstrip("/") != own

    def named(self, title: str) -> bool:
        """Whether the page is called so (case, accents, punctuation apart)."""
        return key(title) in {key(own) for own in self.titles}
