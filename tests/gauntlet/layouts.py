"""Changes of a table or a list that keep its data."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from gauntlet.document import Document, Node, Target, cells, copy, make, move_content, rename, replace, rows, said, wrap
from gauntlet.mutation import Draw, number, one, redesign, some

_DASHES = ["", "\xa0", "-", "–", "—", "…"]
_SMALL = ["em", "span", "div", "p"]


def heads(table: Node) -> list[Node]:
    """The cells of the header row."""
    return cells(next(table.iter("tr")))


def grid_only(table: Node) -> None:
    """Leaves out what has spans: these changes are drawn for plain tables."""
    assume(all(len(cells(row)) == len(heads(table)) for row in rows(table)))


@redesign("gutenberg-table", "table")
def gutenberg_table(_page: Document, target: Target, draw: Draw) -> None:
    """The table in a figure, with a caption or not."""
    figure = make("figure", class_="wp-block-table is-style-stripes")
    if draw(st.booleans()):
        wrapper = make("div", class_="table-responsive")
        wrap(target.node, wrapper)
        wrap(wrapper, figure)
    else:
        wrap(target.node, figure)
    if draw(st.booleans()):
        figure.append(make("figcaption", "Source : Cancéropôle Île-de-France"))


@redesign("header-cells", "table")
def header_cells(_page: Document, target: Target, draw: Draw) -> None:
    """Header cells are td with bold text, or th."""
    kind = one(draw, ["strong", "b", "span"])
    for cell in heads(target.node):
        inner = make(kind)
        move_content(cell, inner)
        rename(cell, "td")
        cell.append(inner)


@redesign("header-wording", "table")
def header_wording(_page: Document, target: Target, draw: Draw) -> None:
    """Accents, case, plural, punctuation, spaces of the headers."""
    for cell in some(draw, heads(target.node)):
        text = said(cell)
        changed = {
            "upper": text.upper(),
            "lower": text.lower(),
            "plural": f"{text}s",
            "optional plural": f"{text}(s)",
            "colon": f"{text} :",
            "no-break": text.replace(" ", "\xa0"),
            "accents": text.replace("E", "É", 1) if text.startswith("E") else text.replace("é", "e").replace("ô", "o"),
            "padding": f" {text} ",
        }[one(draw, ["upper", "lower", "plural", "optional plural", "colon", "no-break", "accents", "padding"])]
        _say(cell, changed)


@redesign("header-typo", "table")
def header_typo(_page: Document, target: Target, draw: Draw) -> None:
    """One letter of a long header doubled or lost."""
    long = [cell for cell in heads(target.node) if len(said(cell)) > 6]
    assume(long)
    cell = one(draw, long)
    text = said(cell)
    place = number(draw, 2, len(text) - 2)
    _say(cell, text[:place] + text[place] + text[place:] if draw(st.booleans()) else text[:place] + text[place + 1 :])


@redesign("header-break", "table")
def header_break(_page: Document, target: Target, _draw: Draw) -> None:
    """A line break between the words of a header."""
    broken = [cell for cell in heads(target.node) if " " in said(cell)]
    assume(broken)
    for cell in broken:
        before, after = said(cell).split(" ", 1)
        _say(cell, before)
        line = make("br")
        line.tail = after
        cell.append(line)


@redesign("header-buttons", "table")
def header_buttons(_page: Document, target: Target, _draw: Draw) -> None:
    """Each header is the button that sorts its column."""
    for cell in heads(target.node):
        inner = make("button", type="button")
        move_content(cell, inner)
        rename(cell, "th")
        cell.append(inner)


@redesign("header-apart", "table")
def header_apart(_page: Document, target: Target, _draw: Draw) -> None:
    """A table of the header row alone stays where it is while the other, which has it too, scrolls below it."""
    target.node.addprevious(make("table", copy(next(target.node.iter("tr")))))


@redesign("columns-reordered", "table")
def columns_reordered(_page: Document, target: Target, draw: Draw) -> None:
    """Whole columns in another order."""
    grid_only(target.node)
    order = draw(st.permutations(range(len(heads(target.node)))))
    for row in target.node.iter("tr"):
        found = cells(row)
        for cell in found:
            row.remove(cell)
        row.extend([found[place] for place in order])


@redesign("empty-column", "table")
def empty_column(_page: Document, target: Target, draw: Draw) -> None:
    """One more column, without anything in it; perhaps with a header."""
    grid_only(target.node)
    place, head = number(draw, 0, len(heads(target.node))), one(draw, ["", "\xa0", "Lien", "Observations"])
    for count, row in enumerate(list(target.node.iter("tr"))):
        row.insert(place, make("td", head if count == 0 else one(draw, _DASHES[:2])))


@redesign("filler-rows", "table")
def filler_rows(_page: Document, target: Target, draw: Draw) -> None:
    """Rows without anything, or with dashes, between the others."""
    width = len(heads(target.node))
    for row in some(draw, rows(target.node)):
        text = one(draw, _DASHES)
        row.addnext(make("tr", *[make("td", text) for _ in range(width)]))


@redesign("total-row", "table")
def total_row(_page: Document, target: Target, draw: Draw) -> None:
    """A row with a total at the end."""
    table, width = target.node, len(heads(target.node))
    last = rows(table)[-1]
    label = one(draw, ["Total", "TOTAL", "Total :", "Total général"])
    told = str(len(rows(table))) if "financements" not in target.datasets else "36,7 millions d’euros"
    row = make("tr", make("td", label), *[make("td") for _ in range(width - 2)], make("td", told))
    if draw(st.booleans()):
        table.append(make("tfoot", row))
    else:
        last.addnext(row)


@redesign("header-repeated", "table")
def header_repeated(_page: Document, target: Target, draw: Draw) -> None:
    """The header row again, between the rows of a long table or at its end."""
    for row in some(draw, rows(target.node)):
        row.addnext(copy(next(target.node.iter("tr"))))


@redesign("cells-merged", "table")
def cells_merged(_page: Document, target: Target, _draw: Draw) -> None:
    """Neighbouring cells of a column that say the same are one, with a rowspan."""
    grid_only(target.node)
    width = len(heads(target.node))
    lines = [cells(row) for row in rows(target.node)]
    merged = False
    for column in range(width):
        start = 0
        for place in range(1, len(lines) + 1):
            if place < len(lines) and said(lines[place][column]) == said(lines[start][column]):
                continue
            if place - start > 1:
                merged = True
                lines[start][column].set("rowspan", str(place - start))
                for line in lines[start + 1 : place]:
                    line[column].getparent().remove(line[column])
            start = place
    assume(merged)


@redesign("table-split", "table")
def table_split(_page: Document, target: Target, draw: Draw) -> None:
    """Several tables of the same header, each under a heading of its own."""
    lines = rows(target.node)
    assume(len(lines) > 2)
    cut = number(draw, 1, len(lines) - 1)
    head, level = next(target.node.iter("tr")), one(draw, ["h3", "h4"])
    parts: list[Node] = []
    for count, group in enumerate((lines[:cut], lines[cut:]), start=1):
        parts.append(make(level, f"Partie {count}" if draw(st.booleans()) else one(draw, ["Paris", "Petite couronne"])))
        parts.append(make("table", copy(head), *[copy(row) for row in group]))
    replace(target.node, *parts)


@redesign("sub-headings", "table")
def sub_headings(_page: Document, target: Target, draw: Draw) -> None:
    """Rows that span all columns and name a group of rows."""
    width = len(heads(target.node))
    for row in some(draw, rows(target.node)):
        cell = make(one(draw, ["td", "th"]), make("strong", one(draw, ["Paris", "Petite couronne", "Autres"])))
        cell.set("colspan", str(width))
        row.addprevious(make("tr", cell))


@redesign("table-groups", "table")
def table_groups(_page: Document, target: Target, draw: Draw) -> None:
    """thead and tbody where there were none, or none where there were some."""
    lines = list(target.node.iter("tr"))
    for child in list(target.node):
        target.node.remove(child)
    if draw(st.booleans()):
        target.node.extend([make("thead", lines[0]), make("tbody", *lines[1:])])
    else:
        target.node.extend(lines)


@redesign("responsive-labels", "table")
def responsive_labels(_page: Document, target: Target, draw: Draw) -> None:
    """Each cell says its header again, for narrow screens: as an attribute, or as a label in the cell."""
    grid_only(target.node)
    names, inside = [said(cell) for cell in heads(target.node)], draw(st.booleans())
    for row in rows(target.node):
        for name, cell in zip(names, cells(row), strict=True):
            cell.set("data-label", name)
            if inside:
                label = make("span", f"{name} :", class_="label")
                label.tail = f" {cell.text or ''}"
                cell.text = None
                cell.insert(0, label)


@redesign("row-headers", "table")
def row_headers(_page: Document, target: Target, _draw: Draw) -> None:
    """The first cell of each row is a header of it."""
    for row in rows(target.node):
        cells(row)[0].tag = "th"
        cells(row)[0].set("scope", "row")


@redesign("layout-table", "table")
def layout_table(_page: Document, target: Target, draw: Draw) -> None:
    """The table inside a cell of a table that only lays out the page, beside a picture."""
    picture = make("td", make("img", src="/wp-content/uploads/carte.png", alt=""))
    outer = make("table", make("tr", picture), role="presentation")
    wrap(target.node, outer)
    cell = make("td", target.node)
    outer.find("tr").insert(number(draw, 0, 1), cell)


@redesign("block-columns", "table")
def block_columns(_page: Document, target: Target, _draw: Draw) -> None:
    """The table inside a column block, beside a picture."""
    columns = make("div", class_="wp-block-columns")
    wrap(target.node, columns)
    left = make("div", target.node, class_="wp-block-column")
    columns.append(left)
    columns.append(make("div", make("img", src="/wp-content/uploads/carte.png", alt=""), class_="wp-block-column"))


@redesign("ordered-list", "list")
def ordered_list(_page: Document, target: Target, _draw: Draw) -> None:
    """The list is numbered."""
    rename(target.node, "ol")


@redesign("bulleted-paragraphs", "list")
def bulleted_paragraphs(_page: Document, target: Target, draw: Draw) -> None:
    """Each item is a paragraph that begins with a bullet."""
    bullet = one(draw, ["• ", "- ", "– ", "* ", "•\xa0", "· "])
    replace(target.node, *[_led("p", bullet, item) for item in items(target)])


@redesign("lines", "list")
def lines(_page: Document, target: Target, draw: Draw) -> None:
    """One paragraph, a line break after each item; with bullets or none."""
    bullet = one(draw, ["• ", "- ", "– ", ""])
    block = make("p")
    found = items(target)
    assume(not any(item.find("br") is not None or item.find("p") is not None for item in found))
    for count, item in enumerate(found):
        if count:
            block.append(make("br"))
        line = make("span", bullet)
        move_content(item, line)
        block.append(line)
    replace(target.node, block)


@redesign("definition-list", "list")
def definition_list(_page: Document, target: Target, draw: Draw) -> None:
    """A list of definitions that has only terms, or only definitions."""
    kind = one(draw, ["dt", "dd"])
    for item in items(target):
        rename(item, kind)
    rename(target.node, "dl")


@redesign("two-columns-of-list", "list")
def two_columns_of_list(_page: Document, target: Target, draw: Draw) -> None:
    """The list in two columns: two lists side by side."""
    found = items(target)
    assume(len(found) > 1)
    cut = number(draw, 1, len(found) - 1)
    columns = make("div", class_="wp-block-columns")
    for group in (found[:cut], found[cut:]):
        columns.append(make("div", make("ul", *[copy(item) for item in group]), class_="wp-block-column"))
    replace(target.node, columns)


@redesign("wrapped-items", "list")
def wrapped_items(_page: Document, target: Target, draw: Draw) -> None:
    """What an item says is in an element of its own."""
    kind = one(draw, _SMALL)
    for item in items(target):
        inner = make(kind)
        move_content(item, inner)
        item.append(inner)


@redesign("empty-items", "list")
def empty_items(_page: Document, target: Target, draw: Draw) -> None:
    """Items that say nothing."""
    for item in some(draw, items(target)):
        item.addnext(make("li", one(draw, ["", "\xa0", " "])))


@redesign("item-punctuation", "list")
def item_punctuation(_page: Document, target: Target, draw: Draw) -> None:
    """White space around the items' text."""
    for item in items(target):
        item.text = f"\n   {item.text or ''}"
        item.append(make("br") if draw(st.booleans()) else make("span"))


@redesign("list-in-group", "list")
def list_in_group(_page: Document, target: Target, draw: Draw) -> None:
    """The list inside one or several block groups."""
    for _ in range(number(draw, 1, 3)):
        wrap(target.node, make("div", class_="wp-block-group__inner-container"))


@redesign("items-with-own-marks", "list")
def items_with_own_marks(_page: Document, target: Target, draw: Draw) -> None:
    """Each item prints a sign, its number or its letter before its text."""
    found = items(target)
    assume(len(found) > 1)
    kind = one(draw, ["sign", "number", "letter"])
    for place, item in enumerate(found):
        mark = {"sign": "👉", "number": f"{place + 1}.", "letter": f"{chr(97 + place)})"}[kind]
        item.text = f"{mark} {item.text or ''}"


@redesign("list-by-roles", "list")
def list_by_roles(_page: Document, target: Target, _draw: Draw) -> None:
    """The list and its items are so by role alone."""
    for item in items(target):
        rename(item, "div")
        item.set("role", "listitem")
    rename(target.node, "div")
    target.node.set("role", "list")


@redesign("list-in-table", "list")
def list_in_table(_page: Document, target: Target, _draw: Draw) -> None:
    """The list in a cell of a table that only lays out the page."""
    cell = make("td")
    outer = make("table", make("tr", cell, make("td", "\xa0")), role="presentation")
    wrap(target.node, outer)
    cell.append(target.node)


def items(target: Target) -> list[Node]:
    """A list's items."""
    return list(target.node.iterchildren("li"))


def _say(cell: Node, text: str) -> None:
    """Replaces a cell's text, within the innermost element that holds all of it."""
    while len(cell) == 1 and not (cell.text or "").strip() and not (cell[0].tail or "").strip():
        cell = cell[0]
    for child in list(cell):
        cell.remove(child)
    cell.text = text


def _led(kind: str, bullet: str, item: Node) -> Node:
    block = make(kind, bullet)
    move_content(item, block)
    return block
