"""Changes of a page that keep the data: theme, markup, typography, charset, address."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

from gauntlet.document import (
    Document,
    Node,
    comment,
    copy,
    fragment,
    make,
    move_content,
    remove,
    rename,
    said,
)
from gauntlet.mutation import Answer, Draw, number, one, redesign, some

_AROUND = [
    '<nav class="fil-ariane"><ol><li><a href="/">Accueil</a></li><li>Vous êtes ici</li></ol></nav>',
    '<aside class="cookie-banner" role="dialog"><p>Ce site utilise des cookies.</p><button>Accepter</button></aside>',
    '<form class="newsletter"><label>Votre courriel <input type="email"></label><button>S’inscrire</button></form>',
    '<aside class="similaires"><h2>Articles similaires</h2><ul><li><a href="/a/">Un appel</a></li></ul></aside>',
    '<div class="sharedaddy"><h3>Partager</h3><ul><li><a href="https://example.org/">Imprimer</a></li></ul></div>',
]
_INSIDE = [
    '<div class="partage"><a href="https://example.org/p">Partager cette page</a></div>',
    '<p><img src="/wp-content/uploads/2024/bandeau.png" alt=""></p>',
    '<hr class="wp-block-separator">',
    '<div style="height:40px" aria-hidden="true" class="wp-block-spacer"></div>',
    "<p>&nbsp;</p>",
]


@redesign("div-soup", "page")
def div_soup(page: Document, draw: Draw) -> None:
    """Every structural element is a div, and the content lies deeper."""
    for name in ("article", "section", "aside"):
        for node in list(page.content.iter(name)):
            rename(node, "div")
    for _ in range(number(draw, 1, 5)):
        inner = make("div", class_=one(draw, ["elementor-widget-wrap", "et_pb_row", "vc_column-inner", "col-12"]))
        move_content(page.content, inner)
        page.content.append(inner)


@redesign("sections-by-heading", "page")
def sections_by_heading(page: Document, _draw: Draw) -> None:
    """Each heading and what follows it becomes a section of its own."""
    content, current = page.content, None
    for child in list(content):
        if child.tag in {"h2", "h3", "h4"}:
            current = make("section", class_="wp-block-group")
            content.insert(content.index(child), current)
        if current is not None:
            current.append(child)


@redesign("other-classes", "page")
def other_classes(page: Document, draw: Draw) -> None:
    """All class names and ids inside the content change."""
    word = one(draw, ["has-text", "c-8f3a", "uk-margin"])
    for count, node in enumerate(page.content.iterdescendants()):
        if isinstance(node.tag, str):
            node.attrib.pop("id", None)
            node.set("class", f"{word}-{count % 7}")


@redesign("things-around", "page")
def things_around(page: Document, draw: Draw) -> None:
    """Breadcrumbs, cookie banner, newsletter, related posts around the content."""
    body = page.root.find("body")
    for text in some(draw, _AROUND):
        if draw(st.booleans()):
            body.insert(0, fragment(text))
        else:
            body.append(fragment(text))


@redesign("things-between", "page")
def things_between(page: Document, draw: Draw) -> None:
    """Separators, spacers, images between the blocks of the content, not between a list and what introduces it."""
    for text in some(draw, _INSIDE):
        headings = [node for node in page.content if node.tag in {"h2", "h3"}]
        page.content.insert(page.content.index(one(draw, headings)) if headings else 0, fragment(text))


@redesign("comments-and-scripts", "page")
def comments_and_scripts(page: Document, draw: Draw) -> None:
    """Comments, scripts and styles between and inside blocks."""
    nodes = list(page.content.iterdescendants("p", "ul", "table", "li", "td", "div"))
    for node in some(draw, nodes):
        added = one(draw, ["comment", "script", "style"])
        text = "<td>2007</td> Pr Leurre, 12 sociétés"
        node.append(comment(f" {text} ") if added == "comment" else make(added, "var a = '12 sociétés';"))


@redesign("heading-levels", "page")
def heading_levels(page: Document, draw: Draw) -> None:
    """All headings of the content one or two levels lower."""
    down = number(draw, 1, 2)
    for node in list(page.content.iter("h2", "h3", "h4")):
        node.tag = f"h{int(node.tag[1]) + down}"


@redesign("headings-as-bold", "page")
def headings_as_bold(page: Document, _draw: Draw) -> None:
    """The content's headings are bold paragraphs."""
    for node in list(page.content.iter("h2", "h3", "h4")):
        strong = make("strong")
        move_content(node, strong)
        rename(node, "p")
        node.append(strong)


@redesign("title-outside", "page")
def title_outside(page: Document, draw: Draw) -> None:
    """The page's h1 is in a banner above the content, or no heading at all (the title element stays)."""
    for node in list(page.root.iter("h1")):
        if draw(st.booleans()):
            page.root.find("body").insert(0, make("div", copy(node), class_="hero"))
            remove_whole(node)
        else:
            rename(node, "p")


@redesign("links-dressed", "page")
def links_dressed(page: Document, draw: Draw) -> None:
    """Links open elsewhere, and say so to search engines, or to their reader."""
    told = one(draw, ["", " (nouvelle fenêtre)", " (s’ouvre dans un nouvel onglet)"])
    for node in page.content.iter("a"):
        node.set("target", "_blank")
        node.set("rel", "noopener noreferrer nofollow")
        if told and said(node):
            node.append(make("span", told))


@redesign("links-from-a-base", "page")
def links_from_a_base(page: Document, draw: Draw) -> None:
    """The page says what its links are relative to, and one of them is."""
    found = [link for link in page.content.iter("a") if link.get("href", "").startswith("https://")]
    assume(found)
    link = one(draw, found)
    host = "/".join([*link.get("href").split("/")[:3], ""])
    page.root.find("head").insert(0, make("base", href=host))
    link.set("href", link.get("href").removeprefix(host) or "./")


@redesign("inline-markup", "page")
def inline_markup(page: Document, draw: Draw) -> None:
    """Emphasis and spans around the text of cells, items and paragraphs."""
    for node in some(draw, list(page.content.iterdescendants("td", "li", "p"))):
        inner = make(one(draw, ["em", "span", "strong", "b", "font"]))
        move_content(node, inner)
        node.append(inner)


@redesign("decoy-hidden", "page")
def decoy_hidden(page: Document, draw: Draw) -> None:
    """A hidden copy of the tables and lists, with other values (a mobile version, an old draft)."""
    found = page.tables + page.lists
    for target in found:
        other = copy(target.node)
        for node in other.iter("td", "li"):
            node.text = f"{node.text or ''} (ancien)"
        hidden = make("div", other)
        if draw(st.booleans()):
            hidden.set("style", "display:none")
        else:
            hidden.set("hidden", "hidden")
        page.content.append(hidden)


@redesign("decoy-table", "page")
def decoy_table(page: Document, draw: Draw) -> None:
    """Another table, of other things, before or after the content."""
    text = one(
        draw,
        [
            "<table><tr><th>Date</th><th>Lieu</th></tr><tr><td>12/10</td><td>Paris</td></tr></table>",
            "<table><tr><th>Document</th><th>Poids</th></tr><tr><td>Plaquette</td><td>2 Mo</td></tr></table>",
        ],
    )
    page.content.insert(0 if draw(st.booleans()) else len(page.content), fragment(text))


@redesign("decoy-list", "page")
def decoy_list(page: Document, draw: Draw) -> None:
    """A list of other things at the end of the content, under its own heading."""
    word = one(draw, ["Documents à télécharger", "Voir aussi", "Nous suivre"])
    page.content.append(make("h2", word))
    page.content.append(fragment("<ul><li><a href='/d/'>Plaquette</a></li><li>Rapport annuel</li></ul>"))


@redesign("typography", "text", loose=True)
def typography(text: str, draw: Draw) -> str:
    """Straight apostrophes for typographic ones, or the reverse, and other spaces."""
    changes = some(draw, ["straight", "curly", "no-break", "plain", "dash"])
    start, end = _content_bounds(text)
    body = text[start:end]
    if "straight" in changes:
        body = body.replace("’", "'").replace("&#8217;", "'")
    elif "curly" in changes:
        body = _in_text(body, lambda said_: said_.replace("'", "’"))
    if "no-break" in changes:
        body = _in_text(body, lambda said_: re.sub(r" ([:?!;])", "\u202f\\1", said_))
    elif "plain" in changes:
        body = body.replace("\xa0", " ").replace("&nbsp;", " ")
    if "dash" in changes:
        body = body.replace("–", "-")
    return text[:start] + body + text[end:]


@redesign("invisible-characters", "text", loose=True)
def invisible_characters(text: str, draw: Draw) -> str:
    """Soft hyphens or zero-width spaces inside long words: readers see nothing."""
    mark = one(draw, ["\u00ad", "\u200b", "\u2060"])
    start, end = _content_bounds(text)
    body = _in_text(text[start:end], lambda said_: re.sub(r"(\w{6})(\w{3})", rf"\1{mark}\2", said_))
    return text[:start] + body + text[end:]


@redesign("decomposed-accents", "text", loose=True)
def decomposed_accents(text: str, _draw: Draw) -> str:
    """Accents as combining characters (a text pasted from a PDF or a Mac)."""
    import unicodedata  # noqa: PLC0415 (used here alone)

    start, end = _content_bounds(text)
    return text[:start] + unicodedata.normalize("NFD", text[start:end]) + text[end:]


@redesign("emails-as-entities", "text")
def emails_as_entities(text: str, draw: Draw) -> str:
    """Addresses encoded letter by letter, in decimal or hexadecimal."""
    form = one(draw, ["&#{};", "&#x{:x};", "&#X{:X};"])
    return re.sub(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", lambda found: "".join(form.format(ord(c)) for c in found[0]), text)


@redesign("entities", "text")
def entities(text: str, _draw: Draw) -> str:
    """Every accented letter as a numeric entity."""
    start, end = _content_bounds(text)
    return text[:start] + re.sub(r"[^\x00-\x7f]", lambda c: f"&#{ord(c[0])};", text[start:end]) + text[end:]


@redesign("minified", "text")
def minified(text: str, draw: Draw) -> str:
    """No white space between tags, and perhaps no optional end tags nor quotes."""
    text = re.sub(r">\s*\n\s*<", "><", text)
    if draw(st.booleans()):
        text = re.sub(r"</(li|td|th|tr|tbody|thead|dd|dt)>\s*", "", text)
    if draw(st.booleans()):
        text = re.sub(r'="([\w-]+)"', r"=\1", text)
    return text


@redesign("broken-html", "text")
def broken_html(text: str, draw: Draw) -> str:
    """End tags missing or too many, as editors leave them; browsers show the same page."""
    start, end = _content_bounds(text)
    body = text[start:end]
    kind = one(draw, ["li", "td", "p", "open", "stray", "tr"])
    if kind in {"li", "td", "p", "tr"}:
        found = [match.span() for match in re.finditer(f"</{kind}>(?=\\s*<(?:{kind}|/[ut]|t[rdh]|p|h2))", body)]
        for low, high in reversed(some(draw, found) if found else []):
            body = body[:low] + body[high:]
    else:
        places = [match.start() for match in re.finditer(r"<(?:p|h2|ul|table)[ >]", body)]
        place = one(draw, places)
        body = body[:place] + {"open": "<div class=row>", "stray": "</span></b>"}[kind] + body[place:]
    return text[:start] + body + text[end:]


@redesign("shouting-tags", "text")
def shouting_tags(text: str, _draw: Draw) -> str:
    """Tag names in capitals."""
    return re.sub(r"</?[a-z][a-z0-9]*", lambda found: found[0].upper(), text)


@redesign("charset", "answer", loose=True)
def charset(answer: Answer, draw: Draw) -> list[Answer]:
    """Another encoding, and header or meta say so."""
    name = one(draw, ["windows-1252", "iso-8859-15", "utf-8-sig", "utf-16"])
    text = re.sub(
        r'<meta charset="?utf-8"?\s*/?>', f'<meta charset="{name}">', answer.body.decode(), flags=re.IGNORECASE
    )
    if name in {"utf-8-sig", "utf-16"}:
        text = text.replace(f'"{name}"', '"utf-8"')
    body = text.encode(name, "xmlcharrefreplace")
    by_header = name == "utf-16" or draw(st.booleans())
    kind = f"text/html; charset={name}" if by_header and name != "utf-8-sig" else "text/html"
    return [replace(answer, body=body, headers={**answer.headers, "content-type": kind})]


@redesign("page-moved", "answer")
def page_moved(answer: Answer, draw: Draw) -> list[Answer]:
    """The page has another address: the old one redirects there, or is gone."""
    host = "/".join(answer.url.split("/")[:3])
    new = f"{host}/{one(draw, ['nouvelle-rubrique', 'fr', 'qui-sommes-nous'])}/{answer.url.rstrip('/').split('/')[-1]}/"
    gone = draw(st.booleans())
    said_ = b"<!doctype html><html lang=fr><head><title>Page introuvable</title></head><body><h1>404</h1></body></html>"
    old = (
        Answer(answer.url, 404, {"content-type": "text/html; charset=utf-8"}, said_)
        if gone
        else Answer(answer.url, 301, {"content-type": "text/html", "location": new}, b"")
    )
    body = answer.body.replace(answer.url.encode(), new.encode())
    return [old, replace(answer, url=new, body=body)]


def remove_whole(node: Node) -> None:
    """Takes an element out with all it holds; the text after it stays."""
    remove(node)


def _content_bounds(text: str) -> tuple[int, int]:
    start = re.search(r'<div class="?(?:texte|entry-content)"?', text)
    end = text.find("</article>")
    return (start.start() if start else text.find("<body"), end if end > 0 else len(text))


def _in_text(text: str, change: object) -> str:
    return re.sub(r">([^<>]+)<", lambda found: f">{change(found[1])}<", text)  # type: ignore[operator]
