"""Changes of a table, a list or a sentence that break its data, and the reasons each must be held for."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from hypothesis import assume
from hypothesis import strategies as st

from gauntlet.document import Document, Node, Target, add_text, cells, copy, make, remove, rows, said
from gauntlet.layouts import grid_only, heads, items
from gauntlet.mutation import Draw, breakage, number, one, some

if TYPE_CHECKING:
    from collections.abc import Callable

_LOST = "rows-lost rows-out-of-bounds count-disagrees parent-held sources-disagree"
_SHAPES = "block-missing block-ambiguous column-missing column-unknown row-malformed text-not-understood match-unsure"
_ROWS = "value-not-understood key-missing key-doubled sources-disagree schema"
_VALUES = "shape-changed values-moved values-changed rows-lost cells-emptied value-out-of-range magnitude-changed"
_KINDS = f"{_ROWS} shape-changed value-out-of-range cells-emptied {_LOST} {_SHAPES}"
_COUNTS = f"count-disagrees count-differs {_SHAPES} values-changed magnitude-changed"
_MEANINGS = f"column-missing column-unknown block-missing match-unsure {_ROWS} {_VALUES}"
ALL = f"{_LOST} {_SHAPES} {_ROWS} {_VALUES} rows-jumped rows-doubled text-garbled"
_FORMER = {
    "contacts_valorisation": ("Université Paris Sud", "direction@u-psud.example"),
    "financements": ("2005", "3.2 millions d’euros"),
    "instances_gouvernance": ("Bureau", "Préparation"),
    "tumorotheques": ("TUMOROTHEQUE HOPITAL LAENNEC", "AP-HP Hôpital Laennec", "Pr Durand"),
}
_MILLIONS = r"(\d+)[.,](\d)(\d*)\s+millions"
_SPAN = re.compile(r"\d[\d  .,]*")
_MAGNITUDES: list[Callable[[str], str]] = [
    lambda text: text.replace("millions", "milliers"),
    lambda text: text.replace("millions", "milliards"),
    lambda text: re.sub(r"\s*millions.*", "", text),
    lambda text: text.replace("millions d’euros", "euros"),
    lambda text: text.replace(".", ""),
    lambda text: _SPAN.sub(lambda found: f"{float(found[0]) * 1000:g} ", text),
    lambda text: _SPAN.sub(lambda found: f"{float(found[0]) * 10:g} ", text),
    lambda text: _SPAN.sub(lambda found: f"{float(found[0]) / 10:g} ", text),
]


@breakage("rows-removed", "table", _LOST)
def rows_removed(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """One or more rows are gone."""
    lines = rows(target.node)
    for row in _drawn(draw, lines, one(draw, ["one", "some", "half"])):
        remove(row)
    return target.datasets


@breakage("rows-removed-first-run", "table", f"{_LOST} block-missing", first=True)
def rows_removed_first_run(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """More than half of the rows are gone: the declaration knows how many there were."""
    lines = rows(target.node)
    for row in lines[number(draw, 0, len(lines) // 2 - 1) :]:
        remove(row)
    return target.datasets


@breakage("items-removed", "list", f"{_LOST} block-missing")
def items_removed(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """One or more items are gone."""
    for item in some(draw, items(target)):
        remove(item)
    return target.datasets


@breakage("table-emptied", "table", f"{_LOST} {_SHAPES}", first=True)
def table_emptied(_page: Document, target: Target, _draw: Draw) -> frozenset[str]:
    """Only the header row is left."""
    for row in rows(target.node):
        remove(row)
    return target.datasets


@breakage("block-removed", "table", f"{_LOST} {_SHAPES}", first=True)
def table_removed(_page: Document, target: Target, _draw: Draw) -> frozenset[str]:
    """The table is gone."""
    remove(target.node)
    return target.datasets


@breakage("list-removed", "list", f"{_LOST} {_SHAPES} {_ROWS}", first=True)
def list_removed(_page: Document, target: Target, _draw: Draw) -> frozenset[str]:
    """The list is gone."""
    remove(target.node)
    return target.datasets


@breakage("sentence-removed", "sentence", f"{_LOST} {_SHAPES}", first=True)
def sentence_removed(_page: Document, target: Target, _draw: Draw) -> frozenset[str]:
    """The paragraph is gone."""
    remove(target.node)
    return target.datasets


@breakage("column-removed", "table", f"{_SHAPES} cells-emptied", first=True)
def column_removed(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A column is gone, header and cells."""
    grid_only(target.node)
    place = number(draw, 0, len(heads(target.node)) - 1)
    for row in list(target.node.iter("tr")):
        remove(cells(row)[place])
    return target.datasets


@breakage("cells-shifted", "table", f"{_SHAPES} {_ROWS} {_VALUES}", first=True)
def cells_shifted(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A cell too few in every row or some: a column without its header, or a header without its cells."""
    grid_only(target.node)
    place, lines = number(draw, 0, len(heads(target.node)) - 1), rows(target.node)
    for row in lines if draw(st.booleans()) else some(draw, lines):
        remove(cells(row)[place])
    return target.datasets


@breakage("header-missing", "table", f"{_SHAPES} {_VALUES}", first=True)
def header_missing(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A header says nothing; its column is there."""
    one(draw, heads(target.node)).text = ""
    assume(not all(said(cell) for cell in heads(target.node)))
    return target.datasets


@breakage("headers-exchanged", "table", f"{_SHAPES} {_ROWS} {_VALUES} {_LOST}", spares=True)
def headers_exchanged(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Two columns' contents are exchanged under the same headers."""
    grid_only(target.node)
    first, second = _two(draw, len(heads(target.node)))
    names = [said(heads(target.node)[place]) for place in (first, second)]
    for row in rows(target.node):
        _exchange(cells(row)[first], cells(row)[second])
    return reading(target, names)


@breakage("column-slipped", "table", f"{_SHAPES} {_ROWS} {_VALUES} {_LOST}", spares=True)
def column_slipped(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A column's cells stand one row lower; the last comes first."""
    grid_only(target.node)
    place = number(draw, 0, len(heads(target.node)) - 1)
    column = [cells(row)[place] for row in rows(target.node)]
    assume(len({said(cell) for cell in column}) > 1)
    for before, after in itertools.pairwise(column):
        _exchange(before, after)
    return reading(target, [said(heads(target.node)[place])])


@breakage("cells-exchanged", "table", f"{_ROWS} {_VALUES} {_LOST}", spares=True)
def cells_exchanged(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Two cells of a column are exchanged."""
    grid_only(target.node)
    place = number(draw, 1, len(heads(target.node)) - 1)
    column = [cells(row)[place] for row in rows(target.node)]
    first, second = _two(draw, len(column))
    assume(said(column[first]) != said(column[second]))
    _exchange(column[first], column[second])
    return reading(target, [said(heads(target.node)[place])])


@breakage("cells-exchanged-in-row", "table", f"row-in-doubt {_ROWS} {_VALUES} {_LOST} {_SHAPES}", spares=True)
def cells_exchanged_in_row(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Two cells of a row are exchanged."""
    grid_only(target.node)
    row = cells(one(draw, rows(target.node)))
    assume(len(row) > 2)
    first, second = (1 + place for place in _two(draw, len(row) - 1))
    assume(said(row[first]) != said(row[second]) and said(row[first]) and said(row[second]))
    _exchange(row[first], row[second])
    return reading(target, [said(heads(target.node)[place]) for place in (first, second)])


@breakage("cells-blanked", "table", f"cells-emptied shape-changed {_LOST} {_ROWS} {_SHAPES}", spares=True)
def cells_blanked(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A column's cells are empty: all, some, or one."""
    grid_only(target.node)
    place, lines = number(draw, 0, len(heads(target.node)) - 1), rows(target.node)
    kind, text = one(draw, ["all", "some", "one"]), one(draw, ["", "\xa0", "-", "N/A"])
    for row in _drawn(draw, lines, kind):
        put(cells(row)[place], text)
    return reading(target, [said(heads(target.node)[place])])


@breakage("rows-doubled", "table", f"rows-doubled {_ROWS} block-ambiguous row-malformed", first=True)
def rows_doubled(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Rows stand twice, the same or with another value."""
    name = None
    for row in some(draw, rows(target.node)):
        other = copy(row)
        if draw(st.booleans()):
            place = number(draw, 1, len(cells(other)) - 1)
            name = said(heads(target.node)[place])
            put(cells(other)[place], said(cells(one(draw, rows(target.node)))[place]))
        row.addnext(other)
    return target.datasets if name is None else reading(target, [name])


@breakage(
    "kind-changed",
    "table",
    f"{_ROWS} shape-changed value-out-of-range cells-emptied {_LOST} {_SHAPES}",
    first=True,
    spares=True,
)
def kind_changed(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A column of addresses, years or amounts says something of another kind."""
    kinds = {
        "contacts_valorisation": (
            1,
            ["[email protected]", "Nous contacter", "voir le site", "01 44 00 00 00"],
        ),
        "financements": (1, ["Oui", "voir rapport", "2014", "01/02/2015", "[montant]"]),
        "tumorotheques_responsables": (2, ["2014", "01 44 00 00 00", "contact@example.org", "12 500 euros", "n° 4"]),
    }
    known = sorted(set(kinds) & target.datasets)
    assume(known)
    place, words = kinds[known[0]]
    word, lines = one(draw, words), rows(target.node)
    for row in lines if draw(st.booleans()) else some(draw, lines):
        put(cells(row)[place], word)
    return frozenset(known)


@breakage("magnitude", "table", f"magnitude-changed value-out-of-range shape-changed {_ROWS}", first=True)
def magnitude(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Amounts in another unit, or without one, or with the decimal mark elsewhere."""
    assume("financements" in target.datasets)
    change = one(draw, _MAGNITUDES)
    lines = rows(target.node)
    for row in lines if draw(st.booleans()) else some(draw, lines):
        cell = cells(row)[1]
        put(cell, change(said(cell)))
    return frozenset({"financements"})


@breakage("magnitude-in-sentence", "sentence", f"magnitude-changed value-out-of-range values-changed {_SHAPES} {_ROWS}")
def magnitude_in_sentence(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """An amount in a sentence in another unit."""
    assume("millions" in said(target.node))
    word = one(draw, ["milliers", "milliards"])
    _in_texts(target.node, lambda text: text.replace("millions", word))
    return target.datasets & {"financements", "chiffres_cles"}


@breakage("amount-slipped", "sentence", f"magnitude-changed value-out-of-range {_SHAPES} {_ROWS}")
def amount_slipped(_page: Document, target: Target, _draw: Draw) -> frozenset[str]:
    """The decimal mark of an amount in a sentence is one place further right."""
    assume(re.search(_MILLIONS, said(target.node)) is not None)
    _in_texts(target.node, lambda text: re.sub(_MILLIONS, r"\1\2.\3 millions", text).replace(". mill", " mill"))
    return target.datasets & {"financements", "chiffres_cles"}


@breakage("detail-removed", "table", "cells-emptied values-moved")
def detail_removed(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Some heads of tumour banks have lost their title."""
    assume("tumorotheques_responsables" in target.datasets)
    for row in _drawn(draw, rows(target.node), one(draw, ["one", "some", "all"])):
        name = said(cells(row)[2])
        put(cells(row)[2], re.sub(r"^(Pr|Dr)\s+", "", name))
    return frozenset({"tumorotheques_responsables"})


@breakage("column-rewritten", "table", "values-changed values-moved")
def column_rewritten(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Every value of a column is another one of its kind: amounts in the euros of today, titles exchanged."""
    percent, exchanged = number(draw, 101, 130), {"Pr": "Dr", "Dr": "Pr"}
    assume(target.datasets & {"financements", "tumorotheques_responsables"})
    for row in rows(target.node):
        cell = cells(row)[-1]
        amount = re.match(r"([\d.]+)(.*)", said(cell))
        if "financements" in target.datasets and amount is not None:
            put(cell, f"{float(amount[1]) * percent / 100:.3f}{amount[2]}")
        elif "financements" not in target.datasets:
            put(cell, re.sub(r"\b(Pr|Dr)\b", lambda found: exchanged[found[1]], said(cell)))
    return target.datasets & {"financements", "tumorotheques_responsables"}


@breakage("count-changed", "sentence", _COUNTS, first=True, says="chiffres_cles")
def count_changed(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """The page states another number of companies than the list has."""
    assume("sociétés de l" in said(target.node))
    count = number(draw, 2, 40)
    assume(count != 11)
    _in_texts(target.node, lambda text: text.replace("11 ", f"{count} "))
    return frozenset({"signataires_charte"})


@breakage("item-missing-from-count", "list", f"count-disagrees {_LOST}", first=True)
def item_missing_from_count(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """The page states eleven companies; the list has fewer, or more."""
    assume("signataires_charte" in target.datasets)
    if draw(st.booleans()):
        remove(one(draw, items(target)))
    else:
        items(target)[-1].addnext(make("li", one(draw, ["Roche", "Bayer", "Servier"])))
    return frozenset({"signataires_charte"})


@breakage("decoy-same-headers", "table", f"block-ambiguous match-unsure {ALL}", first=True)
def decoy_same_headers(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """An old table of the same headers, beside the true one."""
    other = copy(target.node)
    lines = rows(other)
    for row in lines[number(draw, 1, len(lines) - 1) :]:
        remove(row)
    for row in rows(other):
        put(cells(row)[-1], f"{said(cells(row)[-1])} (ancien)")
    title = make("h3", one(draw, ["Archives", "Ancienne liste", "Avant 2010"]))
    if draw(st.booleans()):
        target.node.addnext(other)
        target.node.addnext(title)
    else:
        target.node.addprevious(title)
        target.node.addprevious(other)
    return target.datasets


@breakage("old-list-beside", "table", "match-unsure block-ambiguous", first=True)
def old_list_beside(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Today's rows under one sub-heading, rows that were under another: all of them well formed."""
    known = sorted(set(_FORMER) & target.datasets)
    assume(known)
    former = make("table", copy(next(target.node.iter("tr"))))
    former.append(make("tr", *[make("td", text) for text in _FORMER[known[0]]]))
    titles = one(draw, [("Liste actuelle", "Ancienne liste"), ("Aujourd’hui", "Avant 2010")])
    target.node.addprevious(make("h3", titles[0]))
    target.node.addnext(former)
    target.node.addnext(make("h3", titles[1]))
    return target.datasets


@breakage("name-doubled", "table", "rows-doubled", first=True)
def name_doubled(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A cell names the same person twice."""
    assume("tumorotheques_responsables" in target.datasets)
    cell = cells(one(draw, rows(target.node)))[2]
    assume("/" not in said(cell))
    put(cell, f"{said(cell)} / {said(cell)}")
    return frozenset({"tumorotheques_responsables"})


@breakage("header-other-meaning", "table", _MEANINGS, first=True)
def header_other_meaning(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A header says something else, and its column too."""
    cell = one(draw, heads(target.node))
    name = said(cell)
    place = heads(target.node).index(cell)
    put(cell, one(draw, [f"Ancien {name.lower()}", f"{name} adjoint", f"Futur {name.lower()}", f"{name} précédent"]))
    for row in rows(target.node):
        put(cells(row)[place], said(cells(row)[place])[::-1].title())
    return reading(target, [name])


@breakage("unknown-column", "table", "column-unknown match-unsure row-malformed block-missing", first=True)
def unknown_column(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A column that no declaration knows, with data."""
    grid_only(target.node)
    place, head = (
        number(draw, 0, len(heads(target.node))),
        one(draw, ["Téléphone", "Adresse", "Année", "Directeur", "Type"]),
    )
    assume(head not in [said(cell) for cell in heads(target.node)])
    for count, row in enumerate(list(target.node.iter("tr"))):
        row.insert(place, make("td", head if count == 0 else f"{head} {count}"))
    return target.datasets


@breakage("sentence-reworded", "list", f"{_SHAPES} {_LOST}", first=True)
def sentence_reworded(page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """The heading and the sentence above a list say something else."""
    words = ["Nos anciens partenaires :", "À ne pas confondre avec les suivants :", "Événements passés", "Voir aussi"]
    node = target.node.getprevious()
    while node is not None and node.tag not in {"h2", "h3"}:
        if node.tag == "p" and said(node):
            put(node, one(draw, words))
        node = node.getprevious()
    assume(node is not None or target.node.getprevious() is not None)
    if node is not None:
        put(node, one(draw, words))
    reads_title = {"institutions_membres"}  # its heading is the page's own title
    assume(not target.datasets & reads_title)
    del page
    return target.datasets


@breakage("second-list-merged", "list", f"rows-jumped rows-out-of-bounds {ALL}")
def second_list_merged(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Many items of another list stand in this one."""
    count = number(draw, len(items(target)) + 1, 4 * len(items(target)) + 4)
    for place in range(count):
        target.node.append(make("li", f"Intrus numéro {place + 1}"))
    return target.datasets


@breakage("many-rows-added", "table", f"rows-jumped rows-out-of-bounds {_ROWS} shape-changed {_SHAPES}")
def many_rows_added(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """The rows of another table stand in this one."""
    lines = rows(target.node)
    for place in range(number(draw, len(lines) + 1, 3 * len(lines))):
        row = copy(one(draw, lines))
        for cell in cells(row):
            if not re.fullmatch(r"\d{4}", said(cell)):
                put(cell, f"{said(cell)} {chr(65 + place % 26)}{chr(65 + place // 26)}")
            else:
                put(cell, str(1950 + place))
        lines[-1].addnext(row)
    return target.datasets


@breakage("nested-list", "list", f"{ALL}", first=True)
def nested_list(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Some items are now below another."""
    found = items(target)
    assume(len(found) > 2)
    owner = number(draw, 0, len(found) - 2)
    found[owner].append(make("ul", *found[owner + 1 :]))
    return target.datasets


@breakage("values-merged", "table", f"{ALL}")
def values_merged(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Two rows in one: each cell says both values."""
    grid_only(target.node)
    lines = rows(target.node)
    place = number(draw, 0, len(lines) - 2)
    for first, second in zip(cells(lines[place]), cells(lines[place + 1]), strict=True):
        add_text(first, one(draw, [" ", " / ", ", "]) + said(second))
    remove(lines[place + 1])
    return target.datasets


@breakage("items-merged", "list", f"{ALL}")
def items_merged(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Two items in one."""
    found = items(target)
    assume(len(found) > 1)
    place = number(draw, 0, len(found) - 2)
    add_text(found[place], one(draw, [" ", ", ", " ; "]) + said(found[place + 1]))
    remove(found[place + 1])
    return target.datasets


@breakage("swallowing-cell", "table", f"{ALL}", first=True)
def swallowing_cell(page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A cell holds the rest of the table and of the page."""
    lines = rows(target.node)
    place = number(draw, 0, len(lines) - 2)
    cell = cells(lines[place])[-1]
    for row in lines[place + 1 :]:
        for other in cells(row):
            cell.append(make("p", said(other)))
        remove(row)
    del page
    return target.datasets


@breakage("warning-in-table", "table", f"{ALL}", first=True)
def warning_in_table(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A sentence stands in a row as if it were data."""
    text = one(draw, ["Liste en cours de mise à jour", "Tableau provisoire, ne pas diffuser", "À compléter"])
    row = make(
        "tr", make("td", text), *[make("td", one(draw, ["?", "à venir", "xxx"])) for _ in heads(target.node)[1:]]
    )
    one(draw, rows(target.node)).addnext(row)
    return target.datasets


def _in_texts(node: Node, change: Callable[[str], str]) -> None:
    """Changes the texts of an element and of what it holds."""
    for part in [node, *node.iterdescendants()]:
        part.text = change(part.text or "")
        if part is not node:
            part.tail = change(part.tail or "")


def _drawn(draw: Draw, lines: list[Node], kind: str) -> list[Node]:
    """All of the lines, the second half of them, some or one."""
    if kind == "some":
        return some(draw, lines)
    return {"all": lines, "half": lines[len(lines) // 2 :], "one": [one(draw, lines)]}[kind]


def _two(draw: Draw, count: int) -> tuple[int, int]:
    first = number(draw, 0, count - 2)
    return first, number(draw, first + 1, count - 1)


def put(node: Node, text: str) -> None:
    """Replaces all that an element says."""
    for child in list(node):
        node.remove(child)
    node.text = text


def _exchange(one_: Node, other: Node) -> None:
    kept, held = copy(one_), copy(other)
    for node, content in ((one_, held), (other, kept)):
        put(node, content.text or "")
        node.extend(list(content))


def reading(target: Target, names: list[str]) -> frozenset[str]:
    """The datasets of a table that read one of these columns (the declarations' `from`)."""
    banks = {"Nom de la tumorothèque", "Responsable"}
    kept = set(target.datasets)
    if not set(names) & banks:
        kept.discard("tumorotheques_responsables")
    if set(names) == {"Responsable"}:
        kept.discard("tumorotheques")
    return frozenset(kept)
