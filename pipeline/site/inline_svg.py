"""The SVG that Vega draws, made fit to stand in a page: what is on a list is kept, colours become classes."""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING

from lxml import etree

from pipeline.site.chart_style import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SVG = "http://www.w3.org/2000/svg"
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")
_LONG = re.compile(r"-?\d+\.\d+(e-?\d+)?|-?\d+e-?\d+")
_PATH = re.compile(r"[MLHVCSQTAZmlhvcsqtaz\d., e-]+")
_TRANSFORM = re.compile(r"((translate|rotate|scale)\(-?[\d.e-]+(,-?[\d.e-]+)?\) ?)+")
_WORD = re.compile(r"[a-z]+")
_DASHES = re.compile(r"\d+(\.\d+)?(,\d+(\.\d+)?)*")
# The elements of a drawing and, of their attributes, those that draw, with what they may say.
_ATTRIBUTES: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "svg": {},
    "g": {},
    "path": {"d": _PATH},
    "line": {"x2": _NUMBER, "y2": _NUMBER},
    "rect": {"x": _NUMBER, "y": _NUMBER, "width": _NUMBER, "height": _NUMBER},
    "text": {"text-anchor": _WORD},
}
_OF_ALL: Mapping[str, re.Pattern[str]] = {
    "transform": _TRANSFORM,
    "opacity": _NUMBER,
    "fill-opacity": _NUMBER,
    "stroke-width": _NUMBER,
    "stroke-dasharray": _DASHES,
    "stroke-linecap": _WORD,
}
_AS_IT_IS = {("opacity", "1"), ("stroke-width", "1"), ("text-anchor", "start")}
_AS_IT_IS |= {("transform", "translate(0,0)"), ("x2", "0"), ("y2", "0")}
_DIGITS = 2  # behind the point: a hundredth of a pixel


class NotDrawnError(Exception):
    """The drawing has what no drawing of ours has; the message says what."""


def inline(svg: str, title: str, description: str) -> str:
    """A drawing as an element of a page: no style, script, link, id or font; marks keep what they say of themselves.

    It is an image with a name; a mark has the role `graphics-symbol` and its text as `aria-label`, a legend the class
    `chart-legend`, and what is of a series the class `chart-fill-N` or `chart-line-N`.

    Args:
        svg: as Vega wrote it.
        title: the image's name.
        description: what it shows.

    Raises:
        NotDrawnError: it is no such drawing.
    """
    try:
        root = etree.fromstring(svg.encode(), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise NotDrawnError(f"no XML: {error}") from error
    made = etree.Element(f"{{{_SVG}}}svg", nsmap={None: _SVG})
    for name, value in {"class": "chart-svg", "role": "img", "viewBox": _box(root), "aria-label": title}.items():
        made.set(name, value)
    etree.SubElement(made, f"{{{_SVG}}}desc").text = description
    for child in root:
        made.extend(_kept(child))
    return str(etree.tostring(made, encoding="unicode"))


def _box(root: etree._Element) -> str:
    box = root.get("viewBox", "")
    size = re.fullmatch(r"0 0 (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)", box)
    if root.tag != f"{{{_SVG}}}svg" or size is None:
        raise NotDrawnError(f"no drawing with a size: {root.tag} {box}")
    return f"0 0 {ceil(float(size[1]))} {ceil(float(size[2]))}"


def _kept(element: etree._Element) -> list[etree._Element]:
    """What is kept of an element: itself, made anew; its children alone where it says nothing; or nothing."""
    name = str(element.tag).removeprefix(f"{{{_SVG}}}")
    if name not in _ATTRIBUTES or name == "svg":
        raise NotDrawnError(f"an element that no chart has: {name}")
    made = etree.Element(f"{{{_SVG}}}{name}", _attributes(element, name))
    if name == "text":
        made.text = "".join(element.itertext())
        return [made] if made.text else []
    for child in element:
        made.extend(_kept(child))
    if name == "g":
        return ([made] if made.attrib else list(made)) if len(made) else []
    is_seen = "class" in made.attrib and made.get("d", "M") != ""
    return [made] if is_seen else []


def _attributes(element: etree._Element, name: str) -> dict[str, str]:
    kept = {}
    for attribute, allowed in {**_ATTRIBUTES[name], **_OF_ALL}.items():
        value = element.get(attribute)
        if value is None or (attribute, value) in _AS_IT_IS:
            continue
        if value and not allowed.fullmatch(value):
            raise NotDrawnError(f"a {name} whose {attribute} no chart has: {value[:80]}")
        kept[attribute] = _LONG.sub(_shorter, value)
    classes = [*_colours(element), *(["chart-legend"] if "role-legend" in element.get("class", "").split() else [])]
    if classes:
        kept["class"] = " ".join(classes)
    if name == "path" and not any(one.startswith("chart-fill") for one in classes):
        kept["fill"] = "none"
    if element.get("role") == "graphics-symbol" and element.get("aria-hidden") is None:
        kept |= {"role": "graphics-symbol", "aria-label": element.get("aria-label", "")}
    return kept


def _colours(element: etree._Element) -> list[str]:
    classes = []
    for attribute, kind in (("fill", "fill"), ("stroke", "line")):
        colour = element.get(attribute, "none")
        if colour in CLASSES:
            classes.append(f"chart-{kind}-{CLASSES[colour]}")
        elif colour not in {"none", "transparent"}:
            raise NotDrawnError(f"a colour that no chart has: {colour[:80]}")
    return classes


def _shorter(number: re.Match[str]) -> str:
    return f"{float(number[0]):.{_DIGITS}f}".rstrip("0").rstrip(".")
