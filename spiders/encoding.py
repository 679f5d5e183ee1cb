"""Bodies out of their content-encoding, within a bound (RFC 9110, 8.4): what a server sends may be a bomb."""

from __future__ import annotations

import zlib
from typing import Any, cast

import brotli  # type: ignore[import-untyped] # comes with scrapy, has no types

MAX_BODY = 10_000_000

_GZIP_MAGIC = b"\x1f\x8b"


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
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
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


def _gunzip(body: bytes, max_body: int) -> bytes:
    """Every gzip member of a body. One without any is left as it is: some recorders decode and keep the header."""
    out = b""
    while body.startswith(_GZIP_MAGIC):
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
