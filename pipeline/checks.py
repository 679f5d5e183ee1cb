"""What the gate doubts in a dataset's rows: one pure function a reason code, none of which knows files or decisions.

Each is there for a breakage that no other sees; docs/decisions/0009-gate-checks.md says which.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from pipeline.looks import added, cut, garbled, unlike, usual
from schemas.reasons import Reason
from schemas.typography import key as label_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.case import Case

    Cell = tuple[str, str, str]  # the row's key, the column, what is found there

_SHOWN = 10  # rows named in one reason


Check: TypeAlias = "Callable[[Case], list[Reason]]"


def match_unsure(case: Case) -> list[Reason]:
    """A match below the declared confidence, unless it gives the very rows of the last release."""
    if case.before is not None and case.now == case.then:
        return []
    least = case.dataset.checks.confidence
    return [
        Reason("match-unsure", d["page"], d["place"], f"≥ {least:g}", f"{d['confidence']:g}: {d['doubt']}")
        for d in case.doubts
        if d["confidence"] < least
    ]


def rows_out_of_bounds(case: Case) -> list[Reason]:
    """More or fewer rows than declared; on a first run, fewer than were known."""
    bounds, rows = case.dataset.checks.rows, len(case.table) + case.erased
    least = bounds.min
    if case.before is None and bounds.known is not None:
        least = max(least, bounds.known - case.set_aside)
    if least <= rows <= bounds.max:
        return []
    return [Reason("rows-out-of-bounds", case.page, expected=f"{least} … {bounds.max}", found=str(rows))]


def rows_erased(case: Case) -> list[Reason]:
    """Rows that the page prints and that are left out because a person asked for it."""
    return [Reason("rows-erased", case.page, found=str(case.erased))] if case.erased else []


def count_disagrees(case: Case) -> list[Reason]:
    """The page states how many there are, and there are not."""
    return _counts(case, "count-disagrees", holds=True)


def count_differs(case: Case) -> list[Reason]:
    """Another page states how many there are: worth a note."""
    return _counts(case, "count-differs", holds=False)


def rows_lost(case: Case) -> list[Reason]:
    """More keys of the last release are gone than the declaration tolerates; a row set aside is not a lost one."""
    if not _too_many_lost(case):
        return []
    return [
        Reason("rows-lost", case.page, expected=str(len(case.then)), found=f"−{len(case.lost)}: {shown(case.lost)}")
    ]


def rows_lost_tolerated(case: Case) -> list[Reason]:
    """Keys of the last release are gone, within what the declaration tolerates."""
    if not case.lost or _too_many_lost(case):
        return []
    return [Reason("rows-lost-tolerated", case.page, found=f"−{len(case.lost)}: {shown(case.lost)}")]


def rows_jumped(case: Case) -> list[Reason]:
    """Many more rows than in the last release; two more are always believed."""
    most = max(2, case.dataset.checks.rows_added * len(case.then))
    if len(case.added) <= most:
        return []
    return [Reason("rows-jumped", case.page, "", f"≤ +{most:g}", f"+{len(case.added)}: {shown(case.added)}")]


def rows_doubled(case: Case) -> list[Reason]:
    """Rows that say the same but for their rank, their case and their typography."""
    names = [field.name for field in case.dataset.fields if field.rank is None]
    same: dict[tuple[Any, ...], list[str]] = {}
    for key, row in case.now.items():
        same.setdefault(tuple(_plain(row[name]) for name in names), []).append(key)
    return [
        Reason("rows-doubled", *case.at(keys[0], ""), expected="1", found=f"{len(keys)}: {shown(keys)}")
        for keys in map(sorted, same.values())
        if len(keys) > 1
    ]


def cells_emptied(case: Case) -> list[Reason]:
    """A column less filled than declared, or cells with a value in the last release that the page has emptied.

    A label that no longer names an organisation, or an address that has become a person's, is still on the page.
    """
    checks, reasons = case.dataset.checks, []
    for column, share in checks.filled.items():
        got = float(case.table[column].notna().mean()) if len(case.table) else 0.0
        if got < share:
            reasons.append(Reason("cells-emptied", case.page, column, f"≥ {share:.0%}", f"{got:.0%}"))
    for field in case.columns:
        had = sum(row[field.name] is not None for key, row in case.then.items() if key in case.now)
        emptied = [
            (key, field.name, str(was))
            for key, (was, now) in case.cells(field.name).items()
            if now is None and not case.prints(key, field.name)
        ]
        if emptied and len(emptied) / had > checks.cells_emptied:
            reasons += _by_column(case, "cells-emptied", "", emptied)
    return reasons


def shape_changed(case: Case) -> list[Reason]:
    """A text that looks unlike the known ones of its column: another kind of thing, many times as long, or cut short.

    Known are the last release's values; on a first run, the column's own. A column whose schema already says what its
    values look like (enum, pattern, map) is left to it.
    """
    reasons: list[Reason] = []
    for field in case.columns:
        if field.type != "string" or field.map or field.constraints.enum or field.constraints.pattern:
            continue
        values = {key: row[field.name] for key, row in case.now.items() if row[field.name] is not None}
        known = [row[field.name] for row in (case.then or case.now).values() if row[field.name] is not None]
        likely, released = usual(known, first=not case.then), set(known) if case.then else set()
        differing = {key: unlike(value, likely, known) for key, value in values.items() if value not in released}
        differing |= _handled(case, field.name)
        odd = [(key, field.name, found) for key, found in differing.items() if found]
        if odd and len(odd) / len(values) > case.dataset.checks.odd_shapes:
            reasons += _by_column(case, "shape-changed", likely, odd)
    return reasons


def value_out_of_range(case: Case) -> list[Reason]:
    """A number outside the range declared for its row."""
    reasons: list[Reason] = []
    for bounds in case.dataset.checks.ranges:
        outside = [
            (key, bounds.column, f"{row[bounds.column]}")
            for key, row in case.now.items()
            if all(str(row[name]) == value for name, value in bounds.where.items())
            and row[bounds.column] is not None
            and not bounds.min <= row[bounds.column] <= bounds.max
        ]
        reasons += _by_column(case, "value-out-of-range", f"{bounds.min:,.12g} … {bounds.max:,.12g}", outside)
    return reasons


def magnitude_changed(case: Case) -> list[Reason]:
    """A number that grew or shrank by a whole factor, came to zero or left it, or changed its sign."""
    factor, reasons = case.dataset.checks.magnitude, []
    for field in case.columns:
        if field.type in {"integer", "number"}:
            leapt = [
                (key, field.name, f"{was} → {now}")
                for key, (was, now) in case.cells(field.name).items()
                if None not in {was, now} and (was * now <= 0 or not 1 / factor < now / was < factor)
            ]
            reasons += _by_column(case, "magnitude-changed", f"× < {factor:g}", leapt)
    return reasons


def values_moved(case: Case) -> list[Reason]:
    """A value that arrived in another row, whether or not it left its own: well formed, and in the wrong row.

    Looked for where values mostly tell rows apart. A value that goes from a lost row to a new one is a renamed key; one
    that a new row shares with an old one is no move.
    """
    reasons: list[Reason] = []
    for field in case.columns:
        name, held = field.name, [row[field.name] for row in case.then.values() if row[field.name] is not None]
        if field.name in case.dataset.key or 2 * len(set(held)) <= len(held):
            continue
        cells = case.cells(name)
        left = {was: key for key, (was, _) in cells.items()}
        staying = case.then.keys() & case.now.keys() - cells.keys() if field.references is None else ()
        kept = {case.then[key][name]: key for key in staying}
        gone = {case.then[key][name]: key for key in case.lost}
        new = [(key, now, kept | left | gone) for key, (_, now) in cells.items()]
        new += [(key, case.now[key][name], left) for key in case.unseen]
        moved = [
            (key, name, f"{sources[value]} → {key} ({value})")
            for key, value, sources in new
            if value is not None and sources.get(value, key) != key
        ]
        reasons += _by_column(case, "values-moved", "", moved)
    return reasons


def row_in_doubt(case: Case) -> list[Reason]:
    """A changed row that says what another dataset read in it, or cannot read: two of its cells may be exchanged."""
    doubted = [(key, place) for key in case.changed if (place := case.doubted(key))]
    doubted += [(key, case.at(key, "")[1]) for key in case.changed if case.taken(key)]
    return (
        [Reason("row-in-doubt", case.page, doubted[0][1], found=shown([key for key, _ in doubted]))] if doubted else []
    )


def values_changed(case: Case) -> list[Reason]:
    """Three rows or more have changed, and a larger share than is tolerated: of all that stay, or of a column's values.

    A column that few rows fill is rewritten as a whole by what changes only them.
    """
    staying = [key for key in case.now if key in case.then]
    share = case.dataset.checks.values_changed
    parts = [("", len(staying), sorted(case.changed))]
    for field in case.columns:
        cells = {key: (was, now) for key, (was, now) in case.cells(field.name).items() if None not in {was, now}}
        parts.append((field.name, sum(case.then[key][field.name] is not None for key in staying), sorted(cells)))
    leapt = [(*part, len(part[2])) for part in parts if len(part[2]) >= 3]  # noqa: PLR2004 (fewer are ordinary work on a page)
    return [
        Reason("values-changed", case.page, column, f"≤ {share:.0%}", f"{count}/{whole}: {shown(changed)}")
        for column, whole, changed, count in leapt
        if count > share * whole
    ]


def text_garbled(case: Case) -> list[Reason]:
    """A value, or the text it was printed as, with characters badly decoded, lost or not meant to be seen."""
    names = [field.name for field in case.dataset.fields if field.type == "string"]
    cells = [(key, name, row[name]) for key, row in case.now.items() for name in names if row[name] is not None]
    for item in case.evidence:
        cells += [(item["cle"], name, text) for name, text in json.loads(item["texte_publie"]).items()]
    found: dict[str, dict[str, str]] = {}
    for key, name, text in cells:
        broken = garbled(text)
        if broken:
            found.setdefault(name, {}).setdefault(key, broken)
    return [
        reason
        for name, texts in found.items()
        for reason in _by_column(case, "text-garbled", "", [(key, name, text) for key, text in texts.items()])
    ]


CHECKS: dict[str, Check] = {
    "match-unsure": match_unsure,
    "rows-out-of-bounds": rows_out_of_bounds,
    "count-disagrees": count_disagrees,
    "rows-lost": rows_lost,
    "rows-jumped": rows_jumped,
    "rows-doubled": rows_doubled,
    "cells-emptied": cells_emptied,
    "shape-changed": shape_changed,
    "value-out-of-range": value_out_of_range,
    "magnitude-changed": magnitude_changed,
    "values-moved": values_moved,
    "row-in-doubt": row_in_doubt,
    "values-changed": values_changed,
    "text-garbled": text_garbled,
}
NOTES: dict[str, Check] = {
    "rows-lost-tolerated": rows_lost_tolerated,
    "rows-erased": rows_erased,
    "count-differs": count_differs,
}


def shown(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f", … (+{len(names) - _SHOWN})" if len(names) > _SHOWN else "")


def _handled(case: Case, column: str) -> dict[str, str]:
    """Texts that are what they were, cut within a word or with what another got too: a label, a translation."""
    rewritten = {key: pair for key, pair in case.cells(column).items() if None not in pair}
    short = {key: f"cut: {was} → {now}" for key, (was, now) in rewritten.items() if cut(was, now)}
    put_in = {key: text for key, pair in rewritten.items() if (text := added(*pair))}
    times = Counter(put_in.values())
    return short | {key: f"added to several: {text}" for key, text in put_in.items() if times[text] > 1}


def _counts(case: Case, code: str, *, holds: bool) -> list[Reason]:
    every = len(case.table) + case.set_aside + case.erased
    counted = [(said, every if said["rows"] is None else said["rows"]) for said in case.stated]
    return [
        Reason(code, said["page"], said["place"], said["text"], str(rows))
        for said, rows in counted
        if said["holds"] == holds and said["count"] != rows
    ]


def _too_many_lost(case: Case) -> bool:
    lost = len(case.lost) - case.set_aside
    return lost > 0 and lost / len(case.then) > case.dataset.checks.keys_lost


def _by_column(case: Case, code: str, expected: str, cells: Sequence[Cell]) -> list[Reason]:
    """One reason for a column's cells: in the place of the first, naming the others."""
    if not cells:
        return []
    key, column, found = cells[0]
    named = found if len(cells) == 1 else shown([f"{key}: {found}" for key, _, found in cells])
    return [Reason(code, *case.at(key, column), expected, named)]


def _plain(value: object) -> object:
    return label_key(value) if isinstance(value, str) else value
