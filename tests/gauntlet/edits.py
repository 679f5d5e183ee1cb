"""Breakages of values: what programs, plug-ins and editors leave in the place of a text, or beside it."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from gauntlet.document import Document, Target, add_text, cells, copy, make, rows, said
from gauntlet.layouts import heads, items
from gauntlet.losses import ALL, put, reading
from gauntlet.mutation import Draw, breakage, number, one, some

_UNFILLED = [
    "{{ item.nom }}",
    "<%= nom %>",
    "NULL",
    "undefined",
    "#REF!",
    "À pourvoir",
    "Poste vacant",
    "idem",
    "aucun",
]
_MORE = ["et bien d’autres", "(liste non exhaustive)", "En savoir plus sur la liste", "Partager sur Facebook"]


@breakage("note-in-figure", "table", ALL, first=True)
def note_in_figure(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """The number of a note stands raised right after the figures of an amount, before its unit."""
    assume("financements" in target.datasets)
    for row in some(draw, rows(target.node)):
        cell = cells(row)[-1]
        figures, _, unit = said(cell).partition(" ")
        put(cell, figures)
        note = make("sup", str(number(draw, 1, 9)))
        note.tail = f" {unit}"
        cell.append(note)
    return target.datasets


@breakage("values-cut", "table", ALL, first=True)
def values_cut(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Long texts of a column end in three dots."""
    place = number(draw, 0, len(heads(target.node)) - 1)
    long = [cells(row)[place] for row in rows(target.node) if len(said(cells(row)[place])) > 14]
    assume(long)
    for cell in some(draw, long):
        put(cell, said(cell)[: number(draw, 6, 12)] + one(draw, ["…", "...", " […]", "… lire la suite"]))
    return reading(target, [said(heads(target.node)[place])])


@breakage("values-cut-unmarked", "table", ALL, spares=True)
def values_cut_unmarked(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Words of a column stop in their middle."""
    place = number(draw, 0, len(heads(target.node)) - 1)
    long = [cells(row)[place] for row in rows(target.node) if said(cells(row)[place])[-6:].isalpha()]
    assume(long)
    for cell in some(draw, long):
        put(cell, said(cell)[: -number(draw, 3, 5)])
    return reading(target, [said(heads(target.node)[place])])


@breakage("values-unfilled", "table", ALL, first=True)
def values_unfilled(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """A template, a program or a spreadsheet had no value, or a post has nobody."""
    place = number(draw, 0, len(heads(target.node)) - 1)
    put(cells(one(draw, rows(target.node)))[place], one(draw, _UNFILLED))
    return reading(target, [said(heads(target.node)[place])])


@breakage("label-in-values", "table", ALL)
def label_in_values(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Two cells of a column or more say one text more: a badge, a tooltip, a translation."""
    place, label = number(draw, 0, len(heads(target.node)) - 1), one(draw, [" Nouveau", " (copier)", " – English text"])
    for row in some(draw, rows(target.node), least=2):
        cell = cells(row)[place]
        put(cell, said(cell))
        add_text(cell, label)
    return reading(target, [said(heads(target.node)[place])])


@breakage("addresses-guarded", "table", ALL, first=True)
def addresses_guarded(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Every address, printed and linked, has a word in it that a person is meant to take out."""
    assume("contacts_valorisation" in target.datasets)
    word = one(draw, ["NOSPAM.", "no-spam."])
    for link in target.node.iter("a"):
        link.set("href", link.get("href").replace("@", f"@{word}"))
        put(link, said(link).replace("@", f"@{word}"))
    return target.datasets


@breakage("old-table-other-headers", "table", ALL, first=True)
def old_table_other_headers(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """Today's table has other headers; the old one, with other values, is still below it."""
    former = copy(target.node)
    lines = some(draw, rows(former))
    assume(2 * len(lines) <= len(rows(former)))
    for row in lines:
        cell = cells(row)[-1]
        put(cell, f"{said(cell)[:-1]}{'s' if said(cell)[-1] != 's' else 'x'}")
    for cell, name in zip(heads(target.node), ["Quoi", "Combien", "Qui"], strict=False):
        put(cell, name)
    target.node.addnext(former)
    if draw(st.booleans()):
        target.node.addnext(make("h3", "Archives"))
    return target.datasets


@breakage("item-of-another-kind", "list", ALL, first=True)
def item_of_another_kind(_page: Document, target: Target, draw: Draw) -> frozenset[str]:
    """One item more, which is none: a title, a link to more, a remark."""
    assume(len(items(target)) > 1)
    kind = one(draw, ["title", "link", "remark"])
    if kind == "title":
        target.node.insert(0, make("li", make("strong", "Liste :")))
    else:
        more = make("a", "Voir les pages", href="/plan/") if kind == "link" else one(draw, _MORE)
        target.node.append(make("li", more))
    return target.datasets
