"""Sections and sentences: the text under a heading, a fact a sentence states, and one text divided into rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.typography import key, one_line
from spiders.found import (
    SURE,
    TWICE,
    Fault,
    Finds,
    Located,
    RawRow,
    above,
    heading_groups,
    matches,
    one_a_heading,
    only,
    whole,
)
from spiders.headings import bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from schemas.model import Section, Sentence, Source
    from spiders.found import Match
    from spiders.page import Block


def in_sections(declared: Section, blocks: Sequence[Block], title: str) -> Finds:
    """The text under the declared heading, or with `many` under each of that form.

    Raises:
        Fault: there is none, there are several, or a heading beside them has another form.
    """
    headings = [b for b in blocks if b.kind == "heading"]
    found = [(b, said) for b in headings if (said := heading_groups(declared.heading, b.rich.text)) is not None]
    if not declared.many:
        only([block for block, _ in found], f"heading {declared.heading}")
    else:
        one_a_heading([((*block.path, block.head), block) for block, _ in found], f"headings {declared.heading}")
    siblings = {(block.level, block.path) for block, _ in found}
    known = {block.index for block, _ in found}
    for other in headings if declared.many else ():
        beside = (other.level, other.path) in siblings and other.index not in known
        if beside and key(other.head) != key(title):
            raise Fault("text-not-understood", other.place, declared.heading, other.head)
    located = []
    for block, said in found:
        below = _below(block, blocks)
        text = "\n".join("\n".join(i.text for i in b.items) if b.items else b.rich.text for b in below)
        located.append(Located({**said, "text": text}, block.place, "section", (block.index,)))
    return Finds(tuple(located))


def in_sentences(declared: Sentence, blocks: Sequence[Block], title: str) -> Finds:
    """The sentence that states a fact, in a paragraph or heading; else in a list's item or a table's cell.

    Raises:
        Fault: there is none, there are several, or with `many` one is missing under a heading of the form.
    """
    texts = [(b, b.rich.text, SURE) for b in blocks if b.kind in {"paragraph", "heading"}]
    found = _stated(declared, texts, title)
    if not found:
        plain = [(b, bare(text) if b.kind == "heading" else text, match) for b, text, match in texts]
        found = _stated(declared, [(b, text.replace("\n", " "), match) for b, text, match in plain], title)
    if not found:
        found = _stated(declared, list(_elsewhere(blocks)), title)
    found = _once(found) if not declared.many else found
    if declared.many:
        under = [(b.path if declared.heading else (row.block, row.position), b) for b, row in found]
        one_a_heading(under, f"sentences {declared.pattern}")
        _each_has_one(declared, blocks, {block.path for block, _ in found})
    else:
        only([block for block, _ in found], f"sentence {declared.pattern}")
    return Finds(tuple(row for _, row in found))


def divide(source: Source, located: Located) -> Iterator[RawRow]:
    """Cuts what was located into rows: declared parts, then one row a match of `each`.

    Raises:
        Fault: text is left over that the declaration does not expect.
    """
    parts = dict(located.parts)
    for name, pattern in source.parts.items():
        found = matches(pattern, parts.get("text", ""))
        if len(found) > 1:
            raise Fault("text-not-understood", f"{located.block}, {located.position}", f"{name} once", str(len(found)))
        for match in found:
            spans = [match.span(number + 1) for number in range(len(match.groups()))] or [match.span()]
            parts[name] = "; ".join(parts["text"][start:end] for start, end in spans if start >= 0)
    if source.each is None:
        yield RawRow(parts, located.block, located.position, located.match)
        return
    text = parts.get(source.each.part, "")
    end = 0
    cut = matches(source.each.pattern, text)
    for number, match in enumerate(cut, start=1):
        if match.start() > end and not whole(source.each.between, text[end : match.start()]):
            raise Fault("text-not-understood", located.block, source.each.between, text[end : match.start()])
        own = {name: text[slice(*match.span(name))] for name in match.groupdict() if match.group(name)}
        yield RawRow({**parts, **own}, located.block, f"{located.position}, partie {number}", located.match)
        end = match.end()
    if not cut or (text[end:].strip() and not whole(source.each.between, text[end:])):
        raise Fault("text-not-understood", f"{located.block}, {located.position}", source.each.pattern, text[end:])


def _stated(declared: Sentence, texts: Sequence[tuple[Block, str, Match]], title: str) -> list[tuple[Block, Located]]:
    found = []
    for block, text, match in texts:
        context = above(declared.heading, block, title)
        for hit in matches(declared.pattern, text) if context is not None else ():
            parts = {name: text[slice(*hit.span(name))] for name in hit.groupdict() if hit.group(name)}
            parts |= {"text": text[slice(*hit.span())], **(context or {})}
            position = f"caractères {hit.start() + 1}-{hit.end()}"
            found.append((block, Located(parts, block.place, position, (block.index,), match)))
    return found


def _once(found: list[tuple[Block, Located]]) -> list[tuple[Block, Located]]:
    """One of several that say the same: a page may print a sentence for wide screens and again for narrow ones."""
    if len(found) > 1 and all(row.parts == found[0][1].parts for _, row in found):
        block, row = found[0]
        return [(block, row.but(*TWICE))]
    return found


def _elsewhere(blocks: Sequence[Block]) -> Iterator[tuple[Block, str, Match]]:
    """Sentences a redesign has put in list items or table cells."""
    match = SURE.but(0.9, "a sentence in a list or table")
    for block in blocks:
        seen: set[int] = set()
        for item in block.items:
            yield block, item.text, match
        for cell in (cell for row in block.grid.rows for cell in row) if block.grid is not None else ():
            if id(cell.rich) not in seen:
                seen.add(id(cell.rich))
                yield block, cell.rich.text, match


def _each_has_one(declared: Sentence, blocks: Sequence[Block], paths: set[tuple[str, ...]]) -> None:
    """Of many sentences none is missing under a heading of the declared form.

    Raises:
        Fault: one is.
    """
    for block in blocks if declared.heading is not None else ():
        of_the_form = block.kind == "heading" and heading_groups(declared.heading or "", block.head) is not None
        if of_the_form and (*block.path, block.head) not in paths:
            raise Fault("block-missing", block.place, declared.pattern, block.head)


def _below(heading: Block, blocks: Sequence[Block]) -> list[Block]:
    """The paragraphs and lists under a heading, until one of its level or above."""
    path = (*heading.path, one_line(heading.rich.text))
    return [
        b for b in blocks if b.index > heading.index and b.path[: len(path)] == path and b.kind in {"paragraph", "list"}
    ]
