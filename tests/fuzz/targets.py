"""What is fuzzed: for each reader of outside values the inputs it is given, and what must hold of what it makes."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import shutil
import tempfile
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from fuzz.inputs import HTML, PATTERN, TEXT, WARC, YAML, edited, edits
from schemas import linting, typography
from schemas.cleaners import NotUnderstoodError, cleaners
from schemas.frame_schema import frame_schema
from schemas.load import HOME, DeclarationError, load
from schemas.model import Each
from schemas.personal import hidden, masked
from schemas.redaction import redacted
from schemas.table_schema import table_schema
from spiders import archive, blocks
from spiders.answers import Answers, portal_address
from spiders.archive import ArchiveError
from spiders.archive_writer import ArchiveWriter
from spiders.encoding import text_of
from spiders.extract import choose, claimed, gather, unclaimed
from spiders.manners import HTML as HTML_TYPES
from spiders.manners import Scope, retry_after
from spiders.page_extract import listing
from spiders.spans import PageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.load import Declarations

ROOT = Path(__file__).parent.parent.parent
PORTAL, DATASET = "canceropole-idf", "instances_gouvernance"
NOW = dt.datetime(2026, 11, 23, 15, 30, tzinfo=dt.UTC)
_SAMPLE = ROOT / "spiders" / "sample" / "pages"
_WORDPRESS = ROOT.parent / "shared" / "portal" / "wordpress" / "files"  # where it is there
_SECRET = b"secret"


@dataclass(frozen=True)
class Target:
    """A reader: what it is given, and what is done with it; anything raised is a fault."""

    name: str
    inputs: st.SearchStrategy[Any]
    use: Callable[[Any], None]


@cache
def declarations() -> Declarations:
    return load(PORTAL)


@cache
def pages() -> list[str]:
    """Real pages, the sample's and a WordPress's."""
    found = sorted([*_SAMPLE.rglob("*.html"), *(_WORDPRESS.glob("*.html") if _WORDPRESS.is_dir() else ())])
    return [path.read_text(encoding="utf-8", errors="replace") for path in found]


def documents() -> st.SearchStrategy[str]:
    """Pages made up, and real ones damaged."""
    damaged = st.builds(edited, st.sampled_from(pages()), edits(HTML))
    return st.one_of(HTML, damaged, st.builds(edited, HTML, edits(HTML)))


def read_page(html: str) -> None:
    """A page is read the same twice, or refused; what is read can be written."""
    with contextlib.suppress(PageError):
        page = blocks.read(html, f"{declarations().portal.origin}/a/", "http://127.0.0.1:1/", "https://a.example")
        assert page == blocks.read(html, page.url, "http://127.0.0.1:1/", "https://a.example")
        assert all(block.place for block in page.blocks)
        json.dumps([[block.head, block.content] for block in page.blocks]).encode()


def extract_rows(html: str) -> None:
    """Every declaration takes a page, or says why not; each row can be written."""
    portal, datasets = declarations().portal, declarations().datasets
    with contextlib.suppress(PageError):
        page = blocks.read(html, f"{portal.origin}/a/", "", portal.origin)
        chosen = choose(datasets, gather(page, portal, datasets), Answers())
        used = {index for extract in chosen.values() for _, index in extract.used}
        own = listing(page, used)
        left = unclaimed(page.url, page.title, own, used, claimed(own, used), portal)
        told = [reason.as_json() for extract in chosen.values() for reason in extract.faults + extract.notes]
        rows = [row.parts for extract in chosen.values() for _, _, row in extract.rows]
        json.dumps([left, told, rows], ensure_ascii=False).encode()


_SAME_AGAIN = {"text", "list_item", "several", "slug", "web_address", "partial_date", "period", "role_mailbox"}


@cache
def _cleaners() -> dict[str, Callable[[str], object]]:
    return dict(cleaners(declarations().portal, declarations().references["organisations.csv"]))


def clean(given: tuple[str, str]) -> None:
    """A cleaner gives a value or refuses; what is clean is cleaned to itself."""
    name, printed = given
    with contextlib.suppress(NotUnderstoodError):
        value = _cleaners()[name](printed)
        json.dumps(value, default=str, allow_nan=False).encode()
        if name in _SAME_AGAIN and isinstance(value, str):
            assert _cleaners()[name](value) == value


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-"))


@cache
def warc() -> bytes:
    """A small archive of our own, unzipped."""
    path = _folder() / "whole.warc.gz"
    with ArchiveWriter(path, {"canceropole-base": "http://127.0.0.1:1/"}) as writer:
        for number, body in enumerate((b"<p>oui", gzip.compress(b"<p>non", mtime=0), b"4\r\nabcd\r\n0\r\n\r\n")):
            headers = [("Content-Type", "text/html"), *([("Content-Encoding", "gzip")] if number == 1 else [])]
            writer.response(f"http://127.0.0.1:1/{number}", 200, "OK", headers, body, NOW)
        writer.failures(["http://127.0.0.1:1/x"])
    return gzip.decompress(path.read_bytes())


def read_archive(given: tuple[bytes, bool]) -> None:
    """An archive is read or refused, whatever reads it."""
    content, zipped = given
    path = _folder() / "damaged.warc.gz"
    path.write_bytes(gzip.compress(content, 1) if zipped else content)
    for use in (archive.info, archive.failures, archive.last_date):
        with contextlib.suppress(ArchiveError):
            use(path)
    with contextlib.suppress(ArchiveError):
        for capture in archive.answers(path, kinds=HTML_TYPES):
            json.dumps([capture.url, capture.record, capture.text(), capture.headers]).encode()
            portal_address(capture.url, "http://127.0.0.1:1/", "https://a.example")


@cache
def _declared() -> Path:
    root = _folder() / "schemas"
    (root / PORTAL).mkdir(parents=True)
    shutil.copytree(HOME / "reference", root / "reference")
    return root


def declaration(name: str) -> str:
    """A declaration as it is."""
    return (HOME / PORTAL / name).read_text(encoding="utf-8")


def load_declaration(given: tuple[str, str]) -> None:
    """A declaration is refused, or can be used."""
    name, content = given
    for other in ("portal.yml", f"{DATASET}.yml"):
        whole = (HOME / PORTAL / other).read_bytes()
        (_declared() / PORTAL / other).write_bytes(content.encode("utf-8", "surrogatepass") if other == name else whole)
    with contextlib.suppress(DeclarationError):
        loaded = load(PORTAL, _declared())
        linting.faults_of(loaded)
        for dataset in loaded.datasets:
            json.dumps(table_schema(dataset, {}), allow_nan=False).encode()
            frame_schema(dataset)


def compile_pattern(pattern: str) -> None:
    """A pattern is refused as a value is, or can be used."""
    with contextlib.suppress(ValueError):
        Each(part="a", pattern=pattern)


def resolve(given: tuple[str, str]) -> None:
    """An address is on the portal or is none; what Retry-After says is a number of seconds."""
    href, page = given
    scope = Scope("http://127.0.0.1:1/", "https://a.example", ("^/x",))
    address = scope.resolve(href, page)
    if address is not None:
        assert address.startswith("http://127.0.0.1:1/")
        assert scope.resolve(address, page) == address
        scope.kind(address)
    own = portal_address(href, "http://127.0.0.1:1/", "https://a.example")
    assert own is None or own.startswith("https://a.example/")
    assert retry_after(href, NOW) >= 0


def set_type(text: str) -> None:
    """Texts are compared by a form that is its own form."""
    assert len(typography.fold(text)) == len(text)
    for form in (typography.one_line, typography.key, typography.identifier, typography.setting):
        assert form(form(text)) == form(text)
    told = typography.visible(text).replace("\n", "")
    assert {unicodedata.category(character) for character in told}.isdisjoint({"Cc", "Cf", "Cs"})


def redact(given: tuple[str, str, str]) -> None:
    """A text is taken out of what writes it; without it a document stays as it is."""
    before, name, after = given
    document = f"<p>{before}</p> {name} <p>{after}</p>"
    without = redacted(_SECRET, document, [name])
    assert redacted(_SECRET, without, [name]) == without
    masked(document, declarations().portal)
    hidden(document)


def decode_text(given: tuple[bytes, str]) -> None:
    """Any body is a text."""
    body, charset = given
    text_of(body, f"text/html; charset={charset}").encode("utf-8", "surrogatepass")


def _yaml() -> st.SearchStrategy[tuple[str, str]]:
    names = ("portal.yml", f"{DATASET}.yml")
    return st.one_of(
        *(st.tuples(st.just(name), st.builds(edited, st.just(declaration(name)), edits(YAML))) for name in names),
        st.tuples(st.sampled_from(names), YAML),
    )


def targets() -> dict[str, Target]:
    """All of them by name."""
    kinds: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
        "page": (documents(), read_page),
        "extract": (documents(), extract_rows),
        "cleaners": (st.tuples(st.sampled_from(sorted(_cleaners())), TEXT), clean),
        "archive": (st.tuples(st.builds(edited, st.just(warc()), edits(WARC)), st.booleans()), read_archive),
        "declarations": (_yaml(), load_declaration),
        "patterns": (PATTERN, compile_pattern),
        "addresses": (st.tuples(TEXT, TEXT), resolve),
        "typography": (TEXT, set_type),
        "redaction": (st.tuples(HTML, TEXT, HTML), redact),
        "charsets": (st.tuples(st.binary(max_size=200), TEXT), decode_text),
    }
    return {name: Target(name, inputs, use) for name, (inputs, use) in kinds.items()}
