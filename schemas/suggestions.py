"""Which organisations a label nobody mapped may name: for a person to judge, never applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rapidfuzz import fuzz

from schemas.typography import key

if TYPE_CHECKING:
    from schemas.organisations import Organisations

_NEAR = 75  # of 100: below it, « Hôpital » alone makes two hospitals alike
_MOST = 3


def near(label: str, index: Organisations) -> tuple[str, ...]:
    """The ids of the organisations whose labels are most like one, the nearest first; none if none is near.

    Words in common count first, whatever their order and what stands beside them; then how little stands beside them.
    """
    wanted = key(label)
    likeness: dict[str, tuple[float, float]] = {}
    for known, organisation in index.by_label.items():
        alike = fuzz.token_set_ratio(wanted, known), fuzz.token_sort_ratio(wanted, known)
        if alike[0] >= _NEAR:
            likeness[organisation] = max(alike, likeness.get(organisation, alike))
    return tuple(sorted(sorted(likeness), key=lambda organisation: likeness[organisation], reverse=True)[:_MOST])
