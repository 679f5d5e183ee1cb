"""Hostile texts and bytes: made of what the formats mean something by, and of true ones damaged."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

S = TypeVar("S", str, bytes)
Edit = tuple[float, float, str, S]

_TAGS = (
    "p div span br b a h1 h2 h3 ul ol li dl dt dd table thead tbody tr td th caption colgroup main article section nav "
    "header footer aside form button input select option script style template svg math noscript iframe body html head "
    "title base img sup del details summary figure figcaption pre blockquote"
).split()
_ATTRIBUTES = [
    "href='/a'", 'href="http://["', "href='javascript:x'", "colspan=2", "rowspan=0", "rowspan=65535", "colspan=-1",
    "colspan='²'", "rowspan=٣", "style='display:none'", "hidden", "role=table", "role=row", "role=cell",
    "role=heading", "aria-level=9999999999999999999999", "aria-level=x", "class=nav", "lang=fr", "lang=''",
    "start=-9", "id=x",
]  # fmt: skip
_WORDS = [
    "Tumorothèques", "Financements", "1 234,5 millions d'euros", "•", "1.", "-", "2026-11-23", "23 novembre 2026",
    "depuis 2003", "entre 2007 et 2011", "juin à juillet 2019", "10 M€", "vingt-et-un", "a@b.fr", "mailto:x@y.org",
    "contact [at] exemple.fr", "https://exemple.fr/a b", "http://[", "//a", "?", "#", "%", "%zz", "&amp;", "&#0;",
    "&#x110000;", "&nbsp;", "\0", "\ud800", "\ufffe", "\u202e", "\u200b", "\u00ad", "ﬁ", "İ", "ß", "œ", "²", "٣", "Ⅷ",
    "e\u0301", "\u0301", "٫", "1e400", "nan", "-0", "9" * 400, "0" * 20, "12 345 678 901 234 567 890", "\r\n", "\t",
    "\u2028", "\x85", "\x1c", "L’", "«", "»", ";", ",", " et ", " / ", "(", ")", "Retry-After", "Mon, 99 Foo 0000",
    "Mon, 01 Jan 9999 00:00:00 -2359", "utf-16", "punycode", "base64", "utf-7",
]  # fmt: skip
_WARC = [
    b"WARC/1.0\r\n", b"WARC/1.1", b"Content-Length: ", b"Content-Length: -1\r\n", b"WARC-Type: response\r\n",
    b"WARC-Target-URI: ", b"WARC-Date: 9999-12-31T23:59:59-14:00\r\n", b"WARC-Block-Digest: shake_256:x\r\n",
    b"WARC-Payload-Digest: sha1\r\n", b"WARC-Truncated: length\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Content-Encoding: gzip, br, x\r\n", b"Content-Type: text/html; charset=base64\r\n", b"HTTP/1.1 2\r\n",
    b"\r\n\r\n", b"\r\n", b"\n", b"\0", b"\xff\xfe", b"\x1f\x8b", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n",
    b":", b" ", b"9",
]  # fmt: skip
_YAML = [
    "null", "~", "[]", "{}", "[[]]", "{a: b}", "- ", ": ", "? ", "\n", "\n  ", "&a ", "*a", "<<: ", "!!int ",
    "!!binary ", "!x ", "|\n", ">-\n", "'", '"', "#", "%YAML 9.9\n", "---\n", "...\n", "0x" + "f" * 5_000,
    "1" * 5_000, "1:2:3", ".inf", ".nan", "1e400", "-1", "true", "on", "2026-02-30", "2026-01-01 00:00:00 +99:99",
    '"\\0"', '"\\ud800"', "\ud800", "\0", "é", "id: x\n", "(?P<a>", "(a+)+", "\\p{L}", "{9999999999}", "[" * 400,
    "x" * 1_200, "../", "//a", "http://[", "*",
]  # fmt: skip
_PATTERN = [
    *"()[]{}|*+?^$.\\,-:=!<>#&~ab0 ", "(?:", "(?P<a>", "(?P=a)", "(?i)", "(?>", "*+", "{2,}", "{9999999999}", "\\w",
    "\\p{L}", "\\b", "\\1", "(?<=", "(?!", "(?(1)", "[^", "[[a]--[b]]", "(?&a)", "(?R)", "(?|", "\\N{", "(?e)",
    "(?:a){e<=1}", "\\L<a>", "é", "\ud800",
]  # fmt: skip

TEXT = st.lists(st.one_of(st.sampled_from(_WORDS), st.text(max_size=8)), max_size=8).map("".join)
PATTERN = st.lists(st.sampled_from(_PATTERN), max_size=14).map("".join)
YAML = st.lists(st.one_of(st.sampled_from(_YAML), st.text(max_size=6)), min_size=1, max_size=8).map("".join)
WARC = st.one_of(st.sampled_from(_WARC), st.binary(max_size=6))


def _tag(name: str, attributes: list[str], kind: int) -> str:
    return (f"<{' '.join([name, *attributes])}>", f"</{name}>", f"<{name}", f"</{name}/ {name}>")[kind]


_TAG = st.builds(_tag, st.sampled_from(_TAGS), st.lists(st.sampled_from(_ATTRIBUTES), max_size=2), st.integers(0, 3))
_NESTED = st.recursive(
    st.one_of(_TAG, TEXT),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>", st.sampled_from(_TAGS), st.lists(inner, max_size=4)
    ),
    max_leaves=12,
)
HTML = st.lists(
    st.one_of(_NESTED, _TAG, st.sampled_from(["<!--", "-->", "<![CDATA[", "<!", "<?", "<"])), max_size=8
).map("".join)


def edits(insertions: st.SearchStrategy[S]) -> st.SearchStrategy[list[Edit[S]]]:
    """Damage to be done: where, how long a piece is (both as shares of the whole), what is done with it."""
    share = st.floats(0, 1, allow_nan=False)
    kinds = st.sampled_from(("put", "put", "cut", "drop", "again", "swap"))
    return st.lists(st.tuples(share, share, kinds, insertions), min_size=1, max_size=4)


def edited(whole: S, wanted: list[Edit[S]]) -> S:
    """A text or bytes with that damage."""
    for at, length, kind, insertion in wanted:
        start = int(at * len(whole))
        end = start + int(length**4 * (len(whole) - start))  # most pieces are short
        if kind == "cut":
            whole = whole[:start] if start else whole
        elif kind == "again":
            whole = whole[:end] + whole[start:]
        elif kind == "swap":
            whole = whole[end:] + whole[start:end]
        else:
            whole = (
                whole[:start] + (insertion if kind == "put" else whole[:0]) + whole[end if kind == "drop" else start :]
            )
    return whole
