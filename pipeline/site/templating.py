"""The templates of the site, and what they write values with; every value is escaped."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from markdown_it import MarkdownIt
from markupsafe import Markup

from pipeline.described import sha256_of
from pipeline.site import words
from pipeline.site.rows import cell
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.runtime import Context

    from pipeline.site.words import Language

_INLINE = MarkdownIt("commonmark", {"html": False}).disable(["link", "autolink", "image"])


@cache  # to compile the templates takes longer than to render a site
def environment() -> Environment:
    """The templates; each is rendered with the `language` of its page."""
    made = Environment(
        loader=PackageLoader("pipeline.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    made.filters |= {
        "cell": pass_context(lambda context, value, link="": cell(value, context["language"], link)),
        "day": _in_language(words.day),
        "french": lambda text: Markup(words.french(text)),  # noqa: S704 (of what a template has filled in)
        "fill": lambda text, **values: text.format(**values),
        "md": _sentence,
        "moment": _in_language(words.moment),
        "number": _in_language(words.number),
        "sha256": sha256_of,
        "share": _in_language(words.share),
        "size": _in_language(words.size),
        "visible": visible,
        "zip": lambda one, two: zip(one, two, strict=True),
    }
    return made


def _in_language(said: Callable[[Any, Language], str]) -> Callable[[Context, Any], str]:
    """A filter that says a value in the language of the page."""
    return pass_context(lambda context, value: said(value, context["language"]))


def _sentence(text: str) -> Markup:
    """A sentence of a change note, which is Markdown whose values are escaped, as HTML."""
    return Markup(_INLINE.renderInline(re.sub(r"\s+", " ", text)))  # noqa: S704 (rendered without HTML, links or images)
