"""Bodies out of their content-encoding (RFC 9110, 8.4) and as text, within bounds: a body may be a bomb."""

from __future__ import annotations

import codecs
import contextlib
import re
import zlib
from typing import Any, cast

import brotli  # type: ignore[import-untyped] # comes with scrapy, has no types
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, to_unicode

MAX_BODY = 10_000_000

_GZIP_MAGIC = b"\x1f\x8b"
_MOST_ENCODINGS = 5  # applied one on the other
_MOST_MEMBERS = 1_000  # of one gzip body
_USUAL = "utf-8"
# Python's names of the encodings that pages may be in (WHATWG's Encoding Standard, 4.2). Its others are no charsets of
# pages, some no charsets at all (base64), and one takes the square of a text's length (punycode).
_OF_PAGES = set(
    "utf-8 ascii cp866 iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-10 "
    "iso8859-13 iso8859-14 iso8859-15 iso8859-16 koi8-r koi8-u mac-roman cp874 cp1250 cp1251 cp1252 cp1253 cp1254 "
    "cp1255 cp1256 cp1257 cp1258 mac-cyrillic gbk gb18030 big5 big5hkscs euc_jp iso2022_jp shift_jis cp932 euc_kr "
    "cp949 utf-16 utf-16-be utf-16-le utf-32 utf-32-be utf-32-le".split()
)


class BodyError(ValueError):
    """A body cannot be decoded from its content-encoding within its bound."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found}")
        self.expected, self.found = expected, found


class BodyTooLargeError(BodyError):
    """A body is larger than its bound once decoded."""


def decode(body: bytes, encoding: str, max_body: int = MAX_BODY) -> bytes:
    """Takes a body out of its content-encoding.

    Args:
        body: as received.
        encoding: the Content-Encoding header: a list, applied from its end (RFC 9110, 8.4).
        max_body: the most bytes that may come out.

    Raises:
        BodyTooLargeError: more than that comes out.
        BodyError: the body is not in that encoding, or the encoding is unknown.
    """
    names = [part.strip().lower() for part in encoding.split(",")]
    if len(names) > _MOST_ENCODINGS:
        raise BodyError(f"at most {_MOST_ENCODINGS} content-encodings", str(len(names)))
    for name in reversed(names):
        if name in {"", "identity"} or not body:
            continue
        if name not in _DECODERS:
            raise BodyError(f"content-encoding {', '.join(sorted(_DECODERS))}", name)
        try:
            body = _DECODERS[name](body, max_body)
        except (zlib.error, brotli.error) as error:
            raise BodyError(f"a body in {name}", str(error)) from error
    if len(body) > max_body:
        raise BodyTooLargeError(f"at most {max_body} bytes", "more")
    return body


def charset(body: bytes, content_type: str) -> str:
    """The encoding a page is in, by its Content-Type or its own words; UTF-8 where they name none that pages are in.

    Args:
        body: out of its content-encoding.
        content_type: the header; may be empty.

    Returns:
        Python's name of it.
    """
    named = (http_content_type_encoding(content_type), html_body_declared_encoding(body))
    found = next((name for name in named if name in _OF_PAGES), _USUAL)
    return f"{found}-be" if found in {"utf-16", "utf-32"} else found


def decoded(body: bytes, content_type: str) -> tuple[str, str, bytes]:
    """A page's body as text: UTF-8 where it is that, else in the encoding of its header or its own (WHATWG's order).

    A text in another encoding is not valid UTF-8 by accident, whatever a server says of all its pages.

    Returns:
        The text, Python's name of its encoding, and the byte order mark that the body begins with.
    """
    if b"\0" not in body:
        with contextlib.suppress(UnicodeDecodeError):
            mark = codecs.BOM_UTF8 if body.startswith(codecs.BOM_UTF8) else b""
            return body[len(mark) :].decode(), "utf-8", mark
    named, found = read_bom(body)
    if named is not None and found is not None:
        return str(to_unicode(body[len(found) :], named)), named, found
    mistaken = re.search(r"charset=[\"']?utf-?8\b", content_type, re.IGNORECASE)
    encoding = charset(body, "" if mistaken else content_type)
    return str(to_unicode(body, encoding)), encoding, b""


def text_of(body: bytes, content_type: str) -> str:
    """A page's body as text, as `decoded` has it."""
    return decoded(body, content_type)[0]


def _gunzip(body: bytes, max_body: int) -> bytes:
    """Every gzip member of a body. One without any is left as it is: some recorders decode and keep the header."""
    out = b""
    members = 0
    while body.startswith(_GZIP_MAGIC):
        members += 1
        if members > _MOST_MEMBERS:
            raise BodyError(f"at most {_MOST_MEMBERS} gzip members", "more")
        unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
        out += _inflate(unzip, body, max_body - len(out))
        body = unzip.unused_data
        if not body:
            return out
    return out or body


def _deflate(body: bytes, max_body: int) -> bytes:
    """RFC 9110, 8.4.1.2 means zlib's format, and notes that some servers send the bare one."""
    try:
        return _inflate(zlib.decompressobj(), body, max_body)
    except zlib.error:
        return _inflate(zlib.decompressobj(-zlib.MAX_WBITS), body, max_body)


def _inflate(unzip: Any, body: bytes, max_body: int) -> bytes:  # noqa: ANN401 (zlib does not export the type)
    out = cast("bytes", unzip.decompress(body, max_body + 1))
    if len(out) > max_body:
        raise BodyTooLargeError(f"at most {max_body} bytes", "more")
    if not unzip.eof:
        raise BodyError("a whole compressed body", "its beginning")
    return out


def _unbrotli(body: bytes, max_body: int) -> bytes:
    unpack = brotli.Decompressor()
    out = cast("bytes", unpack.process(body, output_buffer_limit=max_body + 1))
    # The limit is exceeded by a little before it holds.
    if len(out) > max_body:
        raise BodyTooLargeError(f"at most {max_body} bytes", "more")
    if not unpack.is_finished():
        raise BodyError("a whole compressed body", "its beginning")
    return out


_DECODERS = {"br": _unbrotli, "deflate": _deflate, "gzip": _gunzip, "x-gzip": _gunzip}
