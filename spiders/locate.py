"""Where in a page's blocks a source points at: exactly one match and how sure it is, or the fault. Pure and strict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from schemas.cleaners import NotUnderstoodError, number
from schemas.typography import one_line
from spiders.found import Fault, Finds, Stated
from spiders.lists import in_lists
from spiders.page import BELOW_ALL
from spiders.tables import in_table
from spiders.texts import in_sections, in_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.model import Source
    from spiders.found import Located
    from spiders.page import Block


def locate(source: Source, blocks: Sequence[Block], title: str = "") -> Finds:
    """Finds what a source points at among the blocks of a page, or of an article in it.

    Where nothing is found, bold lines are taken for headings, and the match is the less sure for it.

    Args:
        source: a declared place.
        blocks: in reading order.
        title: the page's, which stands above blocks that have no heading.

    Raises:
        Fault: nothing matches, more than one thing does, or part of it is neither declared nor ignored.
    """
    try:
        found = _locate(source, blocks, title)
    except Fault as fault:
        with_headings = _with_bold_headings(blocks)
        if fault.code != "block-missing" or with_headings is None:
            raise
        try:
            again = _locate(source, with_headings, title)
        except Fault:
            raise fault from None
        found = replace(again, located=tuple(row.but(0.9, "bold lines read as headings") for row in again.located))
    return _counted(source, found)


def _locate(source: Source, blocks: Sequence[Block], title: str) -> Finds:
    if source.table is not None:
        return in_table(source.table, blocks)
    if source.list is not None:
        return in_lists(source.list, blocks, title)
    if source.section is not None:
        return in_sections(source.section, blocks, title)
    if source.sentence is not None:
        return in_sentences(source.sentence, blocks, title)
    return Finds(())


def _counted(source: Source, found: Finds) -> Finds:
    """The number of rows the page states where the source says it does."""
    if source.count is None:
        return found
    told: dict[tuple[str, str], list[Located]] = {}
    for row in found.located:
        told.setdefault((row.block, row.parts.get(source.count, "")), []).append(row)
    said = (_stated(source.count, rows, whole=source.only_counts) for rows in told.values())
    return replace(found, stated=(*found.stated, *said))


def _stated(part: str, rows: Sequence[Located], *, whole: bool) -> Stated:
    printed, place = rows[0].parts.get(part, ""), rows[0].block
    try:
        return Stated(int(number(printed)), place, one_line(printed), None if whole else len(rows))
    except NotUnderstoodError as error:
        raise Fault("text-not-understood", place, "a number of rows", printed) from error


def _with_bold_headings(blocks: Sequence[Block]) -> list[Block] | None:
    """The blocks with short bold lines as headings of what follows; None if there is no such line."""
    shown: list[Block] = []
    above: tuple[tuple[str, ...], int | None, str] | None = None
    for block in blocks:
        if block.kind == "heading" or (above is not None and above[:2] != (block.path, block.inside)):
            above = None
        if block.bold_line:
            above = (block.path, block.inside, block.head)
            shown.append(replace(block, kind="heading", level=BELOW_ALL))
        else:
            shown.append(replace(block, path=(*block.path, above[2])) if above is not None else block)
    return shown if any(one is not other for one, other in zip(shown, blocks, strict=True)) else None
