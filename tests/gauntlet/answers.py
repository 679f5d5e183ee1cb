"""Breakages of what an address answers: another page, a damaged text, another type."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

from gauntlet.mutation import Answer, Draw, breakage, number, one

_PAGE = "page-missing page-ambiguous page-unreachable page-truncated page-wrong-type page-empty page-not-content"
_BLOCK = "block-missing block-ambiguous column-missing row-malformed text-not-understood match-unsure"
_ROW = "value-not-understood key-missing key-doubled sources-disagree schema rows-lost shape-changed"
_OTHER = {
    "maintenance": "<p>Le site est en maintenance. Merci de revenir plus tard.</p>",
    "login": '<form method="post"><label>Identifiant <input name="log"></label><input type="password"></form>',
    "consent": "<p>Pour continuer, acceptez nos cookies.</p><button>Tout accepter</button>",
    "lost": "<p>La page demandée n’existe pas ou a été déplacée.</p>",
    "script": '<noscript>Activez JavaScript pour voir cette page.</noscript><div id="root"></div>',
}
_TITLES = ["Maintenance", "Connexion", "Votre vie privée", "Page introuvable", "Erreur"]


@breakage("other-page", "answer", f"{_PAGE} {_BLOCK}", first=True, spares=True)
def other_page(answer: Answer, draw: Draw) -> list[Answer]:
    """Maintenance, login, consent or a soft 404 in the page's place, answered 200, under a title of its own."""
    kind, title = one(draw, sorted(_OTHER)), one(draw, _TITLES)
    head = f"<!doctype html><html lang=fr><head><title>{title}</title></head>"
    text = f"{head}<body><h1>{title}</h1>{_OTHER[kind]}</body></html>"
    return [answer.with_body(text.encode())]


@breakage("other-page-same-title", "answer", f"{_PAGE} {_BLOCK}", first=True)
def other_page_same_title(answer: Answer, draw: Draw) -> list[Answer]:
    """The same, but the page keeps its title and its frame."""
    text = answer.body.decode()
    start, end = _content(text)
    return [answer.with_body((text[:start] + _OTHER[one(draw, sorted(_OTHER))] + text[end:]).encode())]


@breakage("server-error", "answer", _PAGE, first=True, spares=True)
def server_error(answer: Answer, draw: Draw) -> list[Answer]:
    """The server answers an error, with a page or without."""
    body = one(draw, [b"", b"<html><body><h1>Error</h1></body></html>", answer.body])
    return [replace(answer, status=one(draw, [500, 502, 503, 429, 403, 401]), body=body)]


@breakage("empty-body", "answer", f"{_PAGE} {_BLOCK}", first=True)
def empty_body(answer: Answer, draw: Draw) -> list[Answer]:
    """The address answers 200 and nothing, or next to nothing."""
    return [answer.with_body(one(draw, [b"", b" ", b"\n", b"<html></html>", b"<!doctype html>", b"\xef\xbb\xbf"]))]


@breakage("wrong-type", "answer", f"{_PAGE} {_BLOCK}", first=True, spares=True)
def wrong_type(answer: Answer, draw: Draw) -> list[Answer]:
    """Another type of content: the page's own bytes, or others."""
    kind = one(draw, ["application/pdf", "application/json", "text/plain", "image/png", "application/octet-stream", ""])
    body = one(draw, [answer.body, b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", b'{"error": true}'])
    return [replace(answer, headers={**answer.headers, "content-type": kind}, body=body)]


@breakage("bytes-of-another-type", "answer", f"{_PAGE} {_BLOCK}", first=True)
def bytes_of_another_type(answer: Answer, draw: Draw) -> list[Answer]:
    """HTML by its type, a PDF, an image or JSON by its bytes."""
    body = one(draw, [b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b'{"error": true}'])
    return [answer.with_body(body)]


@breakage(
    "truncated",
    "answer",
    f"{_PAGE} {_BLOCK} rows-lost count-disagrees rows-out-of-bounds cells-emptied",
    first=True,
    spares=True,
)
def truncated(answer: Answer, draw: Draw) -> list[Answer]:
    """The body stops within the content; its Content-Length is right."""
    text = answer.body.decode()
    start, end = _content(text)
    return [answer.with_body(text[: number(draw, start, end - 1)].encode())]


@breakage("mojibake", "answer", f"text-garbled {_BLOCK} {_ROW}", first=True, spares=True)
def mojibake(answer: Answer, draw: Draw) -> list[Answer]:
    """UTF-8 taken for windows-1252, once or twice, in the content."""
    times = number(draw, 1, 2)

    def spoil(body: str) -> str:
        for _ in range(times):
            body = body.encode().decode("cp1252", "replace")
        return body

    return [_changed(answer, spoil)]


@breakage("replacement-characters", "answer", f"text-garbled {_BLOCK} {_ROW}", first=True, spares=True)
def replacement_characters(answer: Answer, draw: Draw) -> list[Answer]:
    """Accented letters lost to the replacement character, or to a question mark."""
    mark = one(draw, ["\ufffd", "?"])
    return [_changed(answer, lambda body: re.sub(r"[À-ÿ’–œ]", mark, body))]


@breakage("lying-charset", "answer", f"text-garbled {_PAGE} {_BLOCK} {_ROW}", first=True, spares=True)
def lying_charset(answer: Answer, draw: Draw) -> list[Answer]:
    """The header gives an encoding the body does not have."""
    if draw(st.booleans()):
        return [replace(answer, headers={**answer.headers, "content-type": "text/html; charset=iso-8859-1"})]
    kind = "text/html; charset=utf-8"
    body = _unescaped(answer.body.decode()).encode("cp1252", "xmlcharrefreplace")
    return [replace(answer, headers={**answer.headers, "content-type": kind}, body=body)]


@breakage("escaped-twice", "answer", f"text-garbled {_BLOCK} {_ROW}", first=True, spares=True)
def escaped_twice(answer: Answer, draw: Draw) -> list[Answer]:
    """Entities escaped again: readers see &eacute; or &amp;#233;."""
    form = one(draw, ["&amp;#{};", "&amp;#x{:x};"])
    return [_changed(answer, lambda body: re.sub(r"[À-ÿ’]", lambda c: form.format(ord(c[0])), body))]


@breakage("english-content", "answer", f"{_PAGE} {_BLOCK}", first=True, spares=True)
def english_content(answer: Answer, _draw: Draw) -> list[Answer]:
    """The French address answers in English."""
    text = re.sub(r'<html lang="?fr(-FR)?"?', '<html lang="en"', answer.body.decode())
    start, end = _content(text)
    body = "<p>This page is being translated. The list of tumour banks will follow.</p><ul><li>One</li></ul>"
    return [answer.with_body((text[:start] + body + text[end:]).encode())]


@breakage("page-gone", "answer", _PAGE, first=True, spares=True)
def page_gone(answer: Answer, draw: Draw) -> list[Answer]:
    """The page answers 404 or 410, or redirects to the home page."""
    status = one(draw, [404, 410, 302])
    host = "/".join(answer.url.split("/")[:3])
    headers = {"content-type": "text/html", **({"location": f"{host}/"} if status == 302 else {})}
    return [Answer(answer.url, status, headers, b"<html><head><title>404</title></head><body>404</body></html>")]


def _content(text: str) -> tuple[int, int]:
    """The content and nothing of the page's frame: from after its opening tag to before the article ends."""
    start = re.search(r'<div class="(?:texte|entry-content)">', text)
    end = text.find("</article>")
    assume(start is not None and end > 0)
    return (start.end() if start else 0), end


def _changed(answer: Answer, change: object) -> Answer:
    """The answer with the content's text changed and its tags left as they are."""
    text = _unescaped(answer.body.decode())
    start, end = _content(text)
    body = re.sub(r">([^<>]+)<", lambda found: f">{change(found[1])}<", text[start - 1 : end])  # type: ignore[operator]
    return answer.with_body((text[: start - 1] + body + text[end:]).encode())


def _unescaped(text: str) -> str:
    names = {"&rsquo;": "’", "&#8217;": "’", "&nbsp;": "\xa0", "&#8211;": "–", "&laquo;": "«", "&raquo;": "»"}
    for name, character in names.items():
        text = text.replace(name, character)
    return text
