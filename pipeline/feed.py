"""releases.atom: the portal's releases as a feed (RFC 4287), each with its change note.

It is made anew from the releases there are, so that it says of each what that release now says. An entry's id depends
on the package's own id and the version alone: it is the same wherever the feed is served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markdown_it import MarkdownIt

from pipeline.addresses import Addresses
from pipeline.described import contributor, licence_confirmed
from pipeline.paths import Home, read_json, write
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Described = Mapping[str, Any]

_MOST = 50  # entries: readers keep those they have seen
_NOTES = MarkdownIt("commonmark", {"html": False}).enable("table")


def write_feed(home: Home) -> None:
    """Writes the feed of a portal's releases; none before the first.

    Raises:
        OSError: a release cannot be read, or the feed written.
    """
    releases = [home.release(version) for version in reversed(home.versions()[-_MOST:])]
    told = [
        (read_json(folder / "datapackage.json"), (folder / "CHANGELOG.md").read_text(encoding="utf-8"))
        for folder in releases
    ]
    if told:
        write(home.feed, feed(told).encode())


def feed(releases: Sequence[tuple[Described, str]]) -> str:
    """The text of the feed.

    Args:
        releases: datapackage.json and CHANGELOG.md of each, the newest first; at least one.
    """
    newest, _ = releases[0]
    at = Addresses.of(newest)
    publisher, [licence] = contributor(newest, "publisher"), newest["licenses"]
    unsure = "" if licence_confirmed(newest) else " (à confirmer / to be confirmed)"
    root = ET.Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "fr"})
    _text(root, "id", at.lasting("releases"))
    _text(root, "title", f"{newest['title']} : versions / releases")
    _text(root, "updated", max(descriptor["created"] for descriptor, _ in releases))
    _text(root, "rights", f"{licence['title']}, {licence['path']}{unsure}")
    author = ET.SubElement(root, "author")
    _text(author, "name", publisher["title"])
    _text(author, "uri", publisher["path"])
    if address := at.standing("releases.atom"):
        _link(root, "self", address, "application/atom+xml")
    _link(root, "alternate", at.standing("latest/") or "latest/", "text/html")
    for descriptor, note in releases:
        _entry(root, descriptor, note)
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _entry(root: ET.Element, descriptor: Described, note: str) -> None:
    at, version = Addresses.of(descriptor), descriptor["version"]
    place = at.release(version)
    entry = ET.SubElement(root, "entry")
    _text(entry, "id", at.lasting(f"releases/{version}"))
    _text(entry, "title", f"{descriptor['title']} {version}")
    _text(entry, "updated", descriptor["created"])
    _text(entry, "published", descriptor["created"])
    _link(entry, "alternate", place, "text/html")
    _link(entry, "related", f"{place}changes.json", "application/json")
    _, _, below = note.partition("\n")  # the note's own heading is the title
    _text(entry, "content", _NOTES.render(below)).set("type", "html")


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = visible(text)  # XML 1.0 has no way to write a control character
    return element


def _link(parent: ET.Element, relation: str, address: str, kind: str) -> None:
    ET.SubElement(parent, "link", {"rel": relation, "href": visible(address), "type": kind})
