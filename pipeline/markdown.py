"""Markdown (CommonMark, with GitHub's tables) whose every value is escaped: what pages print stays text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from schemas.typography import one_line, visible

if TYPE_CHECKING:
    from collections.abc import Mapping

_INLINE = re.compile(r"[\\`*_\[\]<>&|~$]")
# What makes a list, a heading or a rule of the line that begins with it.
_AT_START = re.compile(r"^((?:\d{1,9}(?=[.)](?:\s|$)))?)([#+=.)-])")


def text(value: object) -> Markup:
    """A value as text on one line, wherever Markdown takes text, a table's cell included."""
    escaped = _INLINE.sub(r"\\\g<0>", visible(one_line(str(value))))
    return Markup(_AT_START.sub(r"\1\\\2", escaped))  # noqa: S704 (Markdown, which no page takes for HTML)


def code(value: object, *, in_table: bool = False) -> Markup:
    """A value as a code span; in a table's cell a bar is escaped even there (GitHub Flavored Markdown, 4.10)."""
    shown = visible(one_line(str(value)))
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    # One space on each side is no part of what is shown (CommonMark, 6.1); there is no empty span.
    inside = shown if shown.strip("`") == shown != "" else f" {shown} "
    return Markup(f"{fence}{inside.replace('|', chr(92) + '|') if in_table else inside}{fence}")  # noqa: S704 (as above)


def link(address: str, label: object) -> Markup:
    """A link to an address, which keeps its own characters but for those that would end it."""
    safe = quote(visible(address), safe="!#$%&'()*+,/:;=?@[]~-._")
    return Markup(f"[{text(label)}](<{safe}>)")  # noqa: S704 (as above)


def _escaped(value: object) -> object:
    return value if isinstance(value, Markup) else text(value)


_FILES = Environment(
    loader=PackageLoader("pipeline"),
    autoescape=False,  # noqa: S701 (Markdown: `finalize` escapes every value)
    finalize=_escaped,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_FILES.filters |= {"code": code, "link": link}


def rendered(template: str, told: Mapping[str, object]) -> str:
    """A template of pipeline/templates/ filled in; a value that is no Markup already is escaped.

    Args:
        template: its name.
        told: what it speaks of.
    """
    return _FILES.get_template(template).render(told)
