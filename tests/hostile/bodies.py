"""Hostile pages: what keeps a parser busy or fills its memory, charsets that are none, markup that would fetch."""

from __future__ import annotations

from dataclasses import replace

from hostile.case import Case, trap
from hostile.server import whole

BANKS = ("tumorotheques", "tumorotheques_responsables", "collections_biologiques")
BANKS_PAGE = "/structuration-de-la-recherche-en-idf/ressources/tumorotheques/"


def _page(html: str, title: str = "Piège") -> bytes:
    """A page that comes to its end, as far as its last tag tells."""
    return f"<html lang=fr><title>{title}</title><main><h1>{title}</h1>{html}</main></html>".encode()


def pages(times: int = 300_000) -> dict[str, str]:
    """Pages of a few megabytes by name, each the worst of its kind; `times` is how often its worst is repeated."""
    fonts = "".join(f"<font size={number}>" for number in range(3_000))
    header = "<tr><th>Nom de la tumorothèque<th>Etablissement<th>Responsable"
    return {
        "cellules": f"<table>{header}<tr>{'<td>x' * times * 4}</table>",
        "lignes": f"<table>{header}{'<tr><td>x<td>y<td>z' * times}</table>",
        "etendues": f"<table>{header}{'<tr><td colspan=1000 rowspan=65534>x' * 20_000}</table>",
        "profond": "<div>" * times,
        "profond-ferme": "<div>" * times + "</div>" * times,
        "tableaux-profonds": "<table><tr><td>" * times,
        "listes-profondes": "<ul><li>" * times,
        "citations-profondes": "<blockquote><p>x" * times,
        "attributs": f"<p {' '.join(f'a{number}=1' for number in range(times))}>x",
        "polices": fonts + "<p>x" * times * 4,
        "gras": "<b><p>" * times + "</b>" * times,
        "commentaire": "<!--" * times,
        "chevrons": "<" * times * 4,
        "entites": "&amp;#38;#38;" * times,
        "liste": f"<ul>{'<li>x' * times * 2}</ul>",
        "titres": "<h2>x</h2>" * times,
        "un-mot": f"<p>{'a' * times * 20}",
        "un-titre": f"<h1>{'a b ' * times * 2}</h1><ul><li>x</ul>" + "<table><tr><td>x</table>" * 1_000,
        "puces": "<p>" + "- x<br>" * times,
        "sans-fin-de-balise": '<a href="' * times,
        "dates": "<p>" + "Le 1er janvier 2016, " * times,
        "espaces": f"<p>{' ' * times * 20}</p>",
        "selection": "<select>" + "<option>x" * times,
        "svg": "<svg><g>" * times,
        "articles": "<article><h2><a href=/a/>x</a></h2></article>" * (times // 4),
    }


def parsers() -> list[Case]:
    """Pages at addresses of their own: nothing of them is data, whatever reading them takes."""
    unread = ("page-unreadable", "")
    cases = [trap(f"page-{name}", whole(_page(html)), *unread) for name, html in pages().items()]
    return [replace(case, others=frozenset({"http-status"})) for case in cases]  # what they link to is not there


def instead() -> list[Case]:
    """The same in the place of a page that feeds datasets: those are held, all others are as ever."""
    names = ("cellules", "profond", "attributs", "polices", "etendues")
    unread = {BANKS_PAGE: frozenset({"page-unreadable"})}
    return [
        Case(
            f"tumorotheques-{name}",
            {BANKS_PAGE: whole(_page(pages()[name], "Tumorothèques"))},
            codes=unread,
            held=dict.fromkeys(BANKS, "page-unreachable"),
        )
        for name in names
    ]


def charsets() -> list[Case]:
    """Charsets that are none, or lie."""
    text = "<p>Tumorothèque d’été</p></html>".encode()
    names = ("base64", "zlib", "punycode", "idna", "undefined", "unicode_escape", "rot13", "utf-7", "x" * 5_000, "\xe9")
    return [
        *(
            trap(f"charset-{number}", whole(b"\xff\xe9" + text, f"text/html; charset={name}"))
            for number, name in enumerate(names)
        ),
        trap("charset-declare", whole(b'<meta charset="hex"><p>\xe9\xe9</html>')),
        trap("charset-utf-16", whole(text, "text/html; charset=utf-16")),
        trap("type-long", whole(text, "text/html" + ";a=b" * 1_000)),
        trap("octets-nuls-dedans", whole(b"<p>\0\0\0" * 1_000 + b"</html>"), "page-unreadable", ""),
    ]


def markup(elsewhere: str) -> list[Case]:
    """What would fetch or run something, if anything of a page were rendered; `elsewhere` hears of it."""
    html = f"""<base href="http://{elsewhere}/"><meta http-equiv=refresh content="0;url=http://{elsewhere}/r">
    <link rel=stylesheet href="http://{elsewhere}/s"><script src="http://{elsewhere}/j"></script>
    <img src="http://{elsewhere}/i" onerror="fetch('http://{elsewhere}/e')"><iframe src="http://{elsewhere}/f"></iframe>
    <a href="relative/">x</a><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><p>&e;</html>"""
    base = b'<base href="http://["><a href="/">x</a></html>'
    return [trap("rendu", whole(html.encode())), trap("base-fausse", whole(base))]
