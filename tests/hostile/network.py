"""Hostile answers: bombs, bodies without an end, silence, broken HTTP, redirects out of the portal."""

from __future__ import annotations

import gzip
import itertools
import zlib
from typing import TYPE_CHECKING, Any

import brotli  # type: ignore[import-untyped] # has no types

from hostile.case import TRAP, Case, trap
from hostile.server import Answer, Reset, Said, Wait, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
_MILLION = b"\0" * 1_000_000
TOO_LARGE, UNREADABLE, NETWORK, TIMEOUT = "body-too-large", "body-unreadable", "network", "timeout"


def _said(*pieces: Said) -> Answer:
    """Some pieces, then the end of the connection."""
    return lambda _: iter(pieces)


def _endless(start: bytes, piece: bytes, pause: float = 0.0) -> Answer:
    def answer(_: str) -> Iterator[Said]:
        yield start
        while True:
            yield piece
            if pause:
                yield Wait(pause)

    return answer


def _bomb(compress: Any) -> bytes:
    """200 MB, packed."""
    packed: list[bytes] = [compress.compress(_MILLION) for _ in range(200)]
    return b"".join([*packed, compress.flush()])


def _brotli_bomb() -> bytes:
    packer = brotli.Compressor(quality=5, lgwin=24)
    return b"".join(bytes(packer.process(_MILLION)) for _ in range(200)) + bytes(packer.finish())


def _nested(times: int) -> bytes:
    body = b"<p>x</p>"
    for _ in range(times):
        body = gzip.compress(body, 1)
    return body


def _reset(*pieces: Said) -> Answer:
    def answer(_: str) -> Iterator[Said]:
        yield from pieces
        raise Reset

    return answer


def bombs() -> list[Case]:
    """Bodies that are small until they are unpacked, and large ones."""
    packed = {
        "gzip": _bomb(zlib.compressobj(9, zlib.DEFLATED, 31)),
        "deflate": _bomb(zlib.compressobj(9)),
        "br": _brotli_bomb(),
    }
    return [
        *(trap(f"bombe-{name}", whole(body, Content_Encoding=name), TOO_LARGE) for name, body in packed.items()),
        trap("bombe-double", whole(gzip.compress(packed["gzip"]), Content_Encoding="gzip, gzip"), TOO_LARGE),
        trap("mille-encodages", whole(_nested(1_000), Content_Encoding=", ".join(["gzip"] * 1_000)), UNREADABLE),
        trap("mille-membres", whole(gzip.compress(b"") * 300_000, Content_Encoding="gzip"), UNREADABLE, TOO_LARGE),
        trap("encodage-inconnu", whole(b"<p>x", Content_Encoding="zstd, x-rien"), UNREADABLE),
        trap("faux-gzip", whole(b"\x1f\x8b\x08" + b"\xff" * 100, Content_Encoding="gzip"), UNREADABLE),
        trap("trop-grand", whole(b"<p>" + b"x" * 11_000_000), TOO_LARGE),
    ]


def endless() -> list[Case]:
    """What never comes to its end, or never begins."""
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    return [
        trap("sans-fin", _endless(_HEAD + b"\r\n", b"x" * 65_536), TOO_LARGE),
        trap("morceaux-sans-fin", _endless(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk), TOO_LARGE),
        trap("goutte", _endless(_HEAD + b"\r\n", b"x", 0.1), TIMEOUT),
        trap("goutte-en-tetes", _endless(_HEAD, b"X-A: b\r\n", 0.1), TIMEOUT),
        trap("en-tetes-sans-fin", _endless(_HEAD, b"X-A: " + b"b" * 8_000 + b"\r\n"), TIMEOUT, NETWORK),
        trap("en-tete-sans-fin", _endless(_HEAD + b"X-A: ", b"b" * 65_536), TIMEOUT, NETWORK),
        trap("statut-sans-fin", _endless(b"HTTP/1.1 200 ", b"b" * 65_536), TIMEOUT, NETWORK),
        trap("reponses-100", _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), TIMEOUT, NETWORK),
        trap("silence", _said(Wait(60)), TIMEOUT),
        trap("silence-apres", _said(_HEAD + b"Content-Length: 10\r\n\r\n", Wait(60)), TIMEOUT),
    ]


def broken() -> list[Case]:
    """What is no HTTP, or stops in the middle of it."""
    head = _HEAD + b"Content-Length: "
    return [
        trap("coupure", _reset(), NETWORK),
        trap("coupure-en-cours", _reset(_HEAD + b"Content-Length: 9\r\n\r\nabc"), NETWORK),
        trap("vide", _said(), NETWORK),
        trap("trop-court", _said(head + b"900\r\n\r\nabc"), NETWORK),
        trap("autre-protocole", _said(b"SSH-2.0-OpenSSH_9.2\r\n"), NETWORK, TIMEOUT),
        trap("http-0.9", _said(b"<html><p>bonjour"), NETWORK, TIMEOUT),
        trap("statut-texte", _said(b"HTTP/1.1 abc OK\r\n\r\n"), NETWORK),
        trap("statut-999", _said(b"HTTP/1.1 999 Rien\r\nContent-Length: 0\r\n\r\n"), "http-status"),
        trap("statut-0", _said(b"HTTP/1.1 000 Rien\r\nContent-Length: 0\r\n\r\n"), "http-status", NETWORK),
        trap("statut-geant", _said(b"HTTP/1.1 " + b"9" * 5_000 + b" Rien\r\n\r\n"), "http-status", NETWORK),
        trap("morceau-faux", _said(_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"), NETWORK),
        trap("morceau-geant", _said(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 16 + b"\r\nabc"), NETWORK),
        trap("longueur-negative", _said(head + b"-5\r\n\r\nabc"), NETWORK),
        trap("longueur-texte", _said(head + b"beaucoup\r\n\r\nabc"), NETWORK),
        trap("longueur-geante", _said(head + b"9" * 40 + b"\r\n\r\nabc"), NETWORK, TOO_LARGE),
        trap("deux-longueurs", _said(head + b"3\r\nContent-Length: 7\r\n\r\nabcdefg"), NETWORK),
        trap("en-tete-sans-nom", _said(_HEAD + b": x\r\nsans deux-points\r\nContent-Length: 3\r\n\r\nabc"), NETWORK),
        trap("octets-nuls", _said(_HEAD + b"X-\0: \0\xff\r\nContent-Length: 3\r\n\r\nabc"), NETWORK),
        trap("en-tetes-latins", whole(b"<p>x</html>", **{f"X_{n}": "\xff" * 15_000 for n in range(12)})),
    ]


def delays() -> list[Case]:
    """Statuses that ask to come back, within reason and out of it."""
    late = ("99999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT")
    absurd = ("-5", "demain", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "", "\xb2")
    again = itertools.count(1)

    def recovers(base: str) -> Iterator[Said]:
        refused = next(again) == 1
        return (whole(b"", status="503 Attendez", Retry_After="0") if refused else whole(b"<p>bonjour</html>"))(base)

    return [
        *(
            trap(f"trop-tard-{number}", whole(b"", status="429 Trop", Retry_After=value), "retry-after-too-long")
            for number, value in enumerate(late)
        ),
        *(
            trap(f"delai-absurde-{number}", whole(b"", status="429 Trop", Retry_After=value), "http-status")
            for number, value in enumerate(absurd)
        ),
        trap("toujours-500", whole(b"panne", status="500 Panne"), "http-status"),
        trap("se-reprend", recovers),
    ]


def redirects(elsewhere: str) -> list[Case]:
    """Redirects without an end, and to what is not the portal; `elsewhere` is another host."""
    port = elsewhere.rpartition(":")[2]
    out = (
        f"http://{elsewhere}/",
        f"//{elsewhere}/",
        f"\\\\{elsewhere}\\",
        f"http://127.0.0.1@{elsewhere}/",
        f"HTTP://{elsewhere}",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://2130706433:{port}/",
        f"http://127.1:{port}/",
        f"http://localhost:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "file:///etc/passwd",
        "data:text/html,<p>x",
        "javascript:alert(1)",
        "ftp://127.0.0.1/",
        "http://[",
        "http://a:b:c/",
        "http://127.0.0.1:99999/",
    )
    loop, chain = f"{TRAP}boucle/", [f"{TRAP}chaine/{number}/" for number in range(50)]
    answers = {
        loop: whole(b"", status="302 La", Location=loop),
        **{at: whole(b"", status="302 La", Location=to) for at, to in itertools.pairwise(chain)},
    }
    many = frozenset({"too-many-redirects"})
    # What the last answer of a chain is asked by is the address the chain began with.
    return [
        *(
            trap(f"dehors-{number}", whole(b"", status="302 La", Location=to), "redirect-elsewhere", "http-status")
            for number, to in enumerate(out)
        ),
        Case("boucles", answers, (loop, chain[0]), {loop: many, chain[0]: many}),
        trap("sans-adresse", whole(b"", status="302 La"), "http-status"),
        trap("adresse-longue", whole(b"", status="302 La", Location="/" + "a" * 9_000), "redirect-elsewhere"),
    ]


def _links(address: bytes, numbers: Iterable[int]) -> bytes:
    anchors = (b'<a href="%s">suite</a>' % (address % number) for number in numbers)
    return b"<html>%s</html>" % b"".join(anchors)


def links(elsewhere: str) -> list[Case]:
    """Links out of the portal, and to what never ends."""

    def calendar(_: str) -> Iterator[Said]:
        return whole(_links(b"mois-%d/", range(40)))("")

    def pagination(_: str) -> Iterator[Said]:
        numbers = itertools.count(next(pages))
        return whole(_links(b"?page=%d", itertools.islice(numbers, 20)))("")

    pages = itertools.count(1, 20)
    out = (f"http://{elsewhere}/", f"//x@{elsewhere}/", "file:///etc/passwd", "http://169.254.169.254/", "data:,x")
    flood = _links(TRAP.encode() + b"%d/", range(200_000))
    many = frozenset({"too-many-pages", "http-status", "page-unreadable"})
    return [
        Case("liens-dehors", {}, (*out, f"{TRAP}%00/", f"{TRAP}%2e%2e/%2e%2e/etc/passwd"), others=many),
        Case("calendrier", {f"{TRAP}calendrier/*": calendar}, (f"{TRAP}calendrier/",), others=many),
        Case("pagination", {f"{TRAP}suite/*": pagination}, (f"{TRAP}suite/",), others=many),
        Case("deluge-de-liens", {f"{TRAP}liens/": whole(flood)}, (f"{TRAP}liens/",), others=many),
    ]
