"""Lists by the sentence or heading above them, however they are printed: items, bulleted lines, lines, paragraphs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from spiders import bullets
from spiders.found import SURE, TWICE, Fault, Finds, Located, Match, above, groups, one_a_heading, only
from spiders.page import Rich, only_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from schemas.model import List
    from spiders.page import Block, Line

Context = dict[str, str]
_LINES = SURE.but(0.95, "lines read as items")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Items that may be the list, the blocks they stand in, what its heading and introduction say, how sure it is."""

    blocks: tuple[Block, ...]
    items: tuple[Rich, ...]
    context: Context
    match: Match


def in_lists(declared: List, blocks: Sequence[Block], title: str) -> Finds:
    """The items of the declared list: the one there must be, or with `many` one under each heading.

    Ways of printing a list are tried from the surest to the least sure; the first that is there is taken.

    Raises:
        Fault: there is none, there are several, one is missing, or items hold lists of their own.
    """
    wanted = " / ".join(text for text in (declared.heading, declared.after) if text)
    found: list[_Candidate] = []
    for way in _WAYS:
        found = [candidate for at in range(len(blocks)) for candidate in way(declared, blocks, at, title)]
        if found:
            break
    found = _once(found, many=declared.many)
    if declared.many:
        found += _single_items(declared, blocks, found, title)
        one_a_heading([(candidate.blocks[0].path, candidate.blocks[0]) for candidate in found], f"lists {wanted}")
        _each_has_one(declared, blocks, found, title)
    else:
        only([candidate.blocks[0] for candidate in found], f"list {wanted}")
    chosen = {block.index for candidate in found for block in candidate.blocks if block.grid is None}
    nested = next((block for block in blocks if block.inside in chosen), None)
    if nested is not None:
        raise Fault("row-malformed", nested.place, "items without lists or tables of their own", nested.head)
    return Finds(tuple(item for candidate in found for item in _located(_doubted(candidate))))


def _once(found: Sequence[_Candidate], *, many: bool) -> list[_Candidate]:
    """Of candidates that say the same (of many: under the same headings), the first."""
    kept: dict[object, _Candidate] = {}
    for candidate in found:
        path = candidate.blocks[0].path if many else ()
        said = (path, tuple(item.text for item in candidate.items), tuple(sorted(candidate.context.items())))
        kept[said] = replace(kept[said], match=SURE.but(*TWICE)) if said in kept else candidate
    return list(kept.values())


def _printed_as_list(declared: List, blocks: Sequence[Block], at: int, title: str) -> Iterator[_Candidate]:
    """Items, bulleted or numbered lines; and the lines of a paragraph, where a sentence introduces them."""
    block = blocks[at]
    lines = block.kind == "paragraph" and declared.after is not None and len(block.rich.lines) > 1
    context = _context(declared, blocks, at, title) if block.items or lines else None
    if context is None or _goes_on(blocks, at):
        return
    if lines:
        yield _Candidate((block,), _each(block.rich.lines), context, _LINES)
        return
    run = _columns(blocks, at)
    match = SURE.but(block.confidence, block.doubt)
    match = match.but(1.0 if len(run) == 1 else 0.8, f"{len(run)} lists side by side read as one")
    yield _Candidate(run, tuple(item for part in run for item in part.items), context, match)


def _under_its_own_introduction(declared: List, blocks: Sequence[Block], at: int, title: str) -> Iterator[_Candidate]:
    """A paragraph whose first line introduces the others."""
    block = blocks[at]
    if declared.after is None or block.kind != "paragraph" or len(block.rich.lines) < 3:  # noqa: PLR2004 (an introduction and two items)
        return
    heading = above(declared.heading, block, title)
    first, *others = block.rich.lines
    introduced = groups(declared.after, first.text)
    if heading is not None and introduced is not None:
        yield _Candidate((block,), _each(others), {**heading, **introduced}, _LINES)


def _after_one_more_paragraph(declared: List, blocks: Sequence[Block], at: int, title: str) -> Iterator[_Candidate]:
    """Items with a paragraph between them and the sentence that introduces them."""
    between = blocks[at - 1] if at > 1 else None
    if declared.after is None or blocks[at].kind != "list" or between is None or between.kind != "paragraph":
        return
    context = _context(declared, [*blocks[at - 2 : at - 1], blocks[at]], 1, title)
    if context is not None:
        match = SURE.but(blocks[at].confidence, blocks[at].doubt).but(
            0.8, f"after one more paragraph: {between.head[:80]}"
        )
        yield _Candidate((blocks[at],), blocks[at].items, context, match)


def _printed_as_column(declared: List, blocks: Sequence[Block], at: int, title: str) -> Iterator[_Candidate]:
    """A table of one column without a header."""
    grid = blocks[at].grid
    rows = grid.rows if grid is not None else ()
    filled = {number for row in rows for number, cell in enumerate(row) if cell.text}
    if grid is None or len(filled) != 1 or grid.header_rows:
        return
    context = _context(declared, blocks, at, title)
    if context is not None and not any(block.inside == blocks[at].index for block in blocks):
        column = filled.pop()
        items = tuple(row[column].rich for row in rows if column < len(row) and row[column].text)
        yield _Candidate((blocks[at],), items, context, SURE.but(0.85, "cells read as items"))


def _printed_as_lines(declared: List, blocks: Sequence[Block], at: int, title: str) -> Iterator[_Candidate]:
    """The lines of a paragraph under the heading, although no sentence introduces them."""
    block = blocks[at]
    if declared.after is not None or block.kind != "paragraph" or len(block.rich.lines) < 2:  # noqa: PLR2004 (items are several)
        return
    context = above(declared.heading, block, title)
    if context is not None:
        yield _Candidate((block,), _each(block.rich.lines), context, SURE.but(0.8, "lines read as items"))


def _printed_as_paragraphs(declared: List, blocks: Sequence[Block], at: int, title: str) -> Iterator[_Candidate]:
    """The paragraphs after the sentence that introduces the list, up to whatever is no paragraph."""
    context = _context(declared, blocks, at, title) if declared.after is not None else None
    if context is None or blocks[at].kind != "paragraph":
        return
    run: list[Block] = []
    for block in blocks[at:]:
        if block.kind != "paragraph" or block.path != blocks[at].path or block.inside != blocks[at].inside:
            break
        run.append(block)
    following = blocks[at + len(run)] if at + len(run) < len(blocks) else None
    if len(run) > 1 and (following is None or following.kind != "list"):
        yield _Candidate(tuple(run), tuple(b.rich for b in run), context, SURE.but(0.7, "paragraphs read as items"))


_WAYS = (
    _printed_as_list,
    _under_its_own_introduction,
    _after_one_more_paragraph,
    _printed_as_column,
    _printed_as_lines,
    _printed_as_paragraphs,
)


def _context(declared: List, blocks: Sequence[Block], at: int, title: str) -> Context | None:
    """What the heading above and the paragraph or heading just before a block say; None if they are not as declared."""
    heading = above(declared.heading, blocks[at], title)
    if heading is None or declared.after is None:
        return heading
    place = at - 1
    if place >= 0 and blocks[place].grid is not None and blocks[place].index == blocks[at].inside:
        place -= 1  # the table that lays out a list stands between it and what introduces it
    introduced = groups(declared.after, blocks[place].rich.text) if place >= 0 else None
    return None if introduced is None else {**heading, **introduced}


def _columns(blocks: Sequence[Block], at: int) -> tuple[Block, ...]:
    """A list and those right beside it: one list in columns, if they are of one kind (a menu of links is another)."""
    run = [blocks[at]]
    for block in blocks[at + 1 :]:
        if not _beside(run[-1], block):
            break
        run.append(block)
    return tuple(run)


def _beside(one: Block, other: Block) -> bool:
    return (
        other.kind == "list"
        and one.kind == "list"
        and (other.path, other.inside, other.article) == (one.path, one.inside, one.article)
        and other.links_only == one.links_only
    )


def _goes_on(blocks: Sequence[Block], at: int) -> bool:
    """Whether a list is the next column of the one before it."""
    return at > 0 and _beside(blocks[at - 1], blocks[at])


def _each_has_one(declared: List, blocks: Sequence[Block], found: Sequence[_Candidate], title: str) -> None:
    """Of many lists none is missing: under every heading of that form, or after every sentence of that form.

    Raises:
        Fault: one is.
    """
    paths = {candidate.blocks[0].path for candidate in found}
    for block in blocks:
        if declared.after is None:
            promises = block.kind == "heading" and _is_heading(declared, block)
            path = (*block.path, block.head)
        else:
            introduces = block.kind == "paragraph" and above(declared.heading, block, title) is not None
            promises = introduces and groups(declared.after, block.rich.text) is not None
            path = block.path
        if promises and path not in paths:
            raise Fault("block-missing", block.place, "a list", block.head)


def _is_heading(declared: List, block: Block) -> bool:
    return above(declared.heading, replace(block, path=(block.head,)), "") is not None


def _single_items(
    declared: List, blocks: Sequence[Block], found: Sequence[_Candidate], title: str
) -> Iterator[_Candidate]:
    """Where the other lists are bulleted lines: a line with a bullet that stands alone under a heading of the form."""
    paths = {candidate.blocks[0].path for candidate in found}
    bulleted = any(candidate.blocks[0].doubt == bullets.DOUBT for candidate in found)
    for at, block in enumerate(blocks if bulleted else ()):
        mark, number, cut = bullets.marked(block.rich.lines[0]) if block.rich.lines else ("", 0, 0)
        context = _context(declared, blocks, at, title)
        if (
            block.kind == "paragraph"
            and bullets.begins(mark, number)
            and context is not None
            and block.path not in paths
        ):
            first, *others = block.rich.lines
            item = Rich((replace(first, text=first.text[cut:]), *others))
            yield _Candidate((block,), (item,), context, SURE.but(bullets.CONFIDENCE, bullets.DOUBT))


def _doubted(candidate: _Candidate) -> _Candidate:
    """Less sure if the first item alone is bold, or the last alone a link: a title, or a way to another page."""
    items = candidate.items
    bold, linked = [item.bold for item in items], [only_links(item) for item in items]
    odd = (
        items[0]
        if bold[:1] == [True] and sum(bold) == 1
        else items[-1]
        if linked[-1:] == [True] and sum(linked) == 1
        else None
    )
    if odd is None or len(items) == 1:
        return candidate
    return replace(candidate, match=candidate.match.but(0.85, f"one item unlike the others: {odd.text[:80]}"))


def _located(candidate: _Candidate) -> Iterator[Located]:
    place, used = candidate.blocks[0].place, tuple(block.index for block in candidate.blocks)
    for number, item in enumerate(candidate.items, start=1):
        parts = {**_parts_of(item), **candidate.context}
        yield Located(parts, place, f"élément {number}", used, candidate.match)


def _each(lines: Iterable[Line]) -> tuple[Rich, ...]:
    return tuple(Rich((line,)) for line in lines)


def _parts_of(item: Rich) -> dict[str, str]:
    parts = {"text": item.text}
    if len(item.links) == 1:
        parts |= {"link": item.links[0].href, "link_text": item.links[0].text}
    return parts
