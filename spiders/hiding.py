"""What a page's own styles hide from its reader, in attributes and in style sheets (CSS 2.2; CSS Display, CSS Masking).

No style is computed: other files' rules, the colours behind a text and what scripts show or hide stay unknown. Where a
page's own rules disagree, a later one wins, and an element's attribute over both (CSS Cascade, 'important' apart).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import regex
from selectolax.lexbor import SelectolaxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    _Told = tuple[Mapping[str, "_Declared"], frozenset[str]]

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})\s?|(.))", re.IGNORECASE)
_RULE = regex.compile(r"(?<![^{};])([^{};]++)\{([^{}]*+)\}")
# Rules for some readers only: print, narrow screens. What some reader sees is content.
_CONDITIONAL = regex.compile(
    r"@(?:media(?!\s+(?:only\s+)?(?:screen|all)\s*\{)|supports|container|(?:-\w+-)?keyframes)[^{}@]{0,500}+"
    r"\{(?:[^{}]*+\{[^{}]*+\})*+[^{}]*+\}",
    regex.IGNORECASE,
)
_NUMBER = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))([a-z%]*)")
_FAR, _FARTHER = -100, -1_000  # pixels: out of sight; by a margin, which also pulls a block over another
_BEYOND = 5_000
_INHERITED = re.compile(r"|inherit|unset|[\d.]+(?:em|%)")  # sizes of a font that are nothing where the one around is
_TINY, _NONE = 2, 0.05
_GONE = {
    "display": r"none",
    "visibility": r"hidden|collapse",
    "content-visibility": r"hidden",
    "clip": r"rect\([01](?:px)?(?:,[01](?:px)?){3}\)",
    "clip-path": r"inset\((?:50|100)%.*|circle\(0.*|rect\(0(?:,0){3}\)|polygon\(0(?:,0)*\)",
    "transform": r".*scale[xy]?\(0(?:\.0*)?[,)].*|.*translate[^)]*-\d{4,}.*",
    "scale": r"0(?:\.0*)?",
    "translate": r"-\d{4,}.*",
    "filter": r".*opacity\(0(?:\.0*)?%?\).*",
    "color": r"transparent|rgba?\([^)]*,0(?:\.0*)?%?\)|#[0-9a-f]{3}0|#[0-9a-f]{6}00",
}
# A colour that both an element and its ground can have: the same word may else stand for two of them.
_COLOR = re.compile(r"#[0-9a-f]{3,8}|(?:rgb|hsl)a?\([^()]*\)|(?!inherit|initial|unset|revert|currentcolor|none)[a-z]+")
_MOVES = ("left", "right", "top", "bottom", "text-indent")
_SIZES = ("width", "height", "max-width", "max-height")
_MOST_RULES, _MOST_READ = 500, 20_000
_SHORT = 300  # characters of declarations that are remembered: the pages of a portal share their style


class TooManyRulesError(Exception):
    """A page that hides by more rules than any theme has; the message says how many are read."""


class _Declared(NamedTuple):
    value: str
    important: bool


def conceal(tree: LexborHTMLParser) -> None:
    """Gives the attribute `hidden` to the elements of a page that their style, or its style elements, hide.

    Raises:
        TooManyRulesError: more rules than are read.
    """
    read = [(selector, *_told(style)) for selector, style in islice(_rules(tree), _MOST_READ + 1)]
    if len(read) > _MOST_READ:
        raise TooManyRulesError(f"more than {_MOST_READ} style rules")
    own = [(node, *_told(node.attributes.get("style") or "")) for node in tree.css("[style]")]
    concerned = {name for _, _, hiding in read for name in hiding}
    concerned |= {"font-size" for _, _, hiding in own if "font-size" in hiding}
    rules = [rule for rule in read if not concerned.isdisjoint(rule[1])]
    if len(rules) > _MOST_RULES:
        raise TooManyRulesError(f"more than {_MOST_RULES} style rules that hide or show")
    found: dict[int, tuple[LexborNode, dict[str, bool]]] = {}
    sized: dict[int, LexborNode] = {}
    ruled = ((node, declared, hiding) for selector, declared, hiding in rules for node in _selected(tree, selector))
    for node, declared, hiding in chain(ruled, own):
        hidden = found.setdefault(node.mem_id, (node, {}))[1]
        _overrule(hidden, declared)
        hidden.update({name: declared[name].important for name in hiding})
        if "font-size" in declared and not _INHERITED.fullmatch(declared["font-size"].value):
            sized[node.mem_id] = node
    around = _around(node for key, node in sized.items() if "font-size" not in found[key][1])
    for key, (node, hidden) in found.items():
        if hidden.keys() - ({"font-size"} if key in around else set()):
            node.attrs["hidden"] = ""


def _around(nodes: Iterable[LexborNode]) -> set[int]:
    """The elements that some of these stand in."""
    around: set[int] = set()
    for node in nodes:
        outer = node.parent
        while outer is not None and outer.mem_id not in around:
            around.add(outer.mem_id)
            outer = outer.parent
    return around


def _overrule(hidden: dict[str, bool], declared: Mapping[str, _Declared]) -> None:
    for name, (_, important) in declared.items():
        if important or not hidden.get(name, True):
            hidden.pop(name, None)


def _selected(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    try:
        return tree.css(selector)
    except SelectolaxError:  # a pseudo-element, or what only a browser knows: no element of the page
        return []


def _told(style: str) -> _Told:
    """What is declared, and which properties of it hide."""
    return _told_shortly(style) if len(style) <= _SHORT else _judged(style)


def _judged(style: str) -> _Told:
    declared = _declarations(style)
    return declared, frozenset(_hiding(declared))


_told_shortly = lru_cache(maxsize=2048)(_judged)


def _rules(tree: LexborHTMLParser) -> Iterator[tuple[str, str]]:
    for sheet in tree.css("style"):
        css = _CONDITIONAL.sub(" ", _COMMENT.sub(" ", sheet.text()))
        yield from ((rule[1].strip(), rule[2]) for rule in _RULE.finditer(css))


def _declarations(style: str) -> dict[str, _Declared]:
    declared: dict[str, _Declared] = {}
    for declaration in _ESCAPE.sub(_unescaped, _COMMENT.sub("", style)).lower().split(";"):
        name, _, value = declaration.partition(":")
        plain, mark, _ = value.partition("!")
        told = _Declared(re.sub(r"\s*,\s*|\s+", ",", plain.strip()), bool(mark))
        name = name.strip()
        if told.important or name not in declared or not declared[name].important:
            declared[name] = told
    return declared


def _unescaped(escape: re.Match[str]) -> str:
    code = int(escape[1], base=16) if escape[1] else 0
    return chr(code) if 0 < code <= 0x10FFFF else escape[2] or ""  # noqa: PLR2004 (the last code point)


def _hiding(declared: Mapping[str, _Declared]) -> set[str]:
    """The properties that hide."""
    said = {name: value for name, (value, _) in declared.items()}
    found = {name for name, gone in _GONE.items() if name in said and re.fullmatch(gone, said[name])}
    color = said.get("color", "")
    if _COLOR.fullmatch(color) and color in {said.get(name) for name in ("background", "background-color")}:
        found.add("color")
    if "background-clip" in said or "-webkit-background-clip" in said:  # a text filled with its background
        found.discard("color")
    clipped = said.get("overflow", "").startswith(("hidden", "clip"))
    for name, value in said.items():
        length = _pixels(name, value)
        if length is not None and (
            (name == "opacity" and length < _NONE)
            or ((name == "font-size" or (clipped and name in _SIZES)) and length < _TINY)
            or (name in _MOVES and not _FAR < length < _BEYOND)
            or (name.startswith("margin") and length <= _FARTHER)
        ):
            found.add(name)
    return found


def _pixels(name: str, value: str) -> float | None:
    """A length in pixels, roughly, of several the least; a number alone as it is; None of what is not known.

    That is what a function computes, and a share, but of opacity and of the font around. How large a relative
    unit is depends on the page's other rules, so that only none of it is small.
    """
    if "(" in value:
        return None
    relative = 16 if name in _MOVES or name.startswith("margin") else _BEYOND
    units = {"": 1, "px": 1, "pt": 1, "%": 1}
    lengths = [
        float(number) * units.get(unit, relative)
        for number, unit in _NUMBER.findall(value)
        if unit != "%" or name in {"opacity", "font-size"}
    ]
    return min(lengths, default=None)
