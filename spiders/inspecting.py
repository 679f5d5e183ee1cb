"""The inspect command: the blocks of one page, as a declaration can point at them."""

from __future__ import annotations

import http.client
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from schemas.typography import visible
from spiders.blocks import read
from spiders.encoding import text_of
from spiders.isolation import Lost, isolated
from spiders.spans import PageError

_MAX_BODY = 10_000_000
_SECONDS = 60
_WIDTH = 100
_AGENT = "canceropole-open-data (inspect)"


class NoPageError(Exception):
    """The address or file gives no page; the message says what was found."""


def told(page: str) -> str:
    """The blocks of a page, a line each: kind, place, how it begins; tables with their headers, lists with items.

    Raises:
        NoPageError: nothing there, too large, or not readable as blocks within the bounds of a page.
    """
    [shown] = isolated(_shown, [(page,)])
    if isinstance(shown, Lost):
        raise NoPageError(f"{page}: expected a readable page, found {shown.why}")
    return shown


def _shown(page: str) -> str:
    try:
        url, html = _fetch(page) if urlsplit(page).scheme in {"http", "https"} else _saved(page)
        found = read(html, url)
    except (PageError, ValueError) as error:  # urlsplit's, of an open bracket
        raise NoPageError(f"{page}: {error}") from error
    lines = [f"{url}", f"titre : {found.title or '—'}    langue : {found.language or '—'}"]
    for block in found.blocks:
        lines.append(f"{block.place}")
        if block.grid is not None:
            lines += [f"    | {' | '.join(cell.text for cell in row)}" for row in block.grid.rows]
        elif block.items:
            lines += [f"    - {item.text}" for item in block.items]
        elif block.kind == "paragraph":
            lines.append(f"    {block.head}")
    return "\n".join(visible(line)[: _WIDTH * 3] for line in lines)


def _fetch(url: str) -> tuple[str, str]:
    request = urllib.request.Request(url, headers={"User-Agent": _AGENT})  # noqa: S310 (http and https only, by the caller)
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 (likewise)
            body = answer.read(_MAX_BODY + 1)
            kind = answer.headers.get("Content-Type", "")
            final = answer.url
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise NoPageError(f"{url}: no page: {error}. Check the address.") from error
    if len(body) > _MAX_BODY:
        raise NoPageError(f"{url}: more than {_MAX_BODY} bytes")
    return final, text_of(body, kind)


def _saved(name: str) -> tuple[str, str]:
    try:
        with Path(name).open("rb") as file:
            body = file.read(_MAX_BODY + 1)
    except OSError as error:
        raise NoPageError(f"{name}: expected an http(s) address or a file, found {error}") from error
    if len(body) > _MAX_BODY:
        raise NoPageError(f"{name}: more than {_MAX_BODY} bytes")
    return Path(name).resolve().as_uri(), text_of(body, "")
