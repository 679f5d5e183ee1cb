"""What a page costs from its bytes to raw rows with evidence, for all declarations, beside what others do with it."""

from __future__ import annotations

import statistics
import time
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from lxml import html

from bench.portal_pages import Site, address
from schemas.load import load
from spiders.archive import Capture
from spiders.page_extract import PageRead, packed, read_page
from spiders.sample.server import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_ROOT = Path(__file__).parents[2]
_MADE_UP = 60  # pages of a made-up portal, of the size real ones have
_ROUNDS = 5


def pages() -> dict[str, list[tuple[str, bytes]]]:
    """The pages of the repository, by what they are: each with its address on the portal."""
    sample = _ROOT / "spiders" / "sample" / "pages"
    cases = (_ROOT / "tests" / "pages").rglob("page*.html")
    site = Site(_MADE_UP)
    made_up = [(path, site.body(path, "")) for path in map(address, range(_MADE_UP))]
    return {
        "sample portal": [
            (f"/{path.relative_to(sample).parent}/", path.read_bytes()) for path in sample.rglob("*.html")
        ],
        "saved pages": [(f"/cas/{path.parent.name}/", path.read_bytes()) for path in cases],
        "made-up portal": [(path, found[0]) for path, found in made_up if found is not None],
    }


def measure() -> Iterator[str]:
    """Lines of a Markdown table: for each kind of pages how many a second, and the ratios; one core, medians."""
    declarations = load("canceropole-idf")
    declared = packed(declarations.portal, declarations.datasets)

    def extracted(path: str, body: bytes) -> None:
        headers = {"content-type": "text/html; charset=UTF-8"}
        capture = Capture(ORIGIN + path, datetime.now(UTC), "urn:uuid:0", 200, headers, body)
        assert isinstance(read_page(capture, ORIGIN + path, "", declared), PageRead)

    jobs = {"extraction": extracted, "lxml": _parsed, "pandas": _tables}
    for name, found in pages().items():
        rates = {job: _rate(call, found) for job, call in jobs.items()}
        size = sum(len(body) for _, body in found) / len(found) / 1_000
        ratios = [f"{rates['extraction'] / rates[other]:.2f} ×" for other in ("pandas", "lxml")]
        told = [f"{rates[job]:,.0f}" for job in ("extraction", "pandas", "lxml")]
        yield f"| {name} | {len(found)} | {size:.1f} kB | {' | '.join([*told, *ratios])} |"


def _parsed(_path: str, body: bytes) -> None:
    html.document_fromstring(body)


def _tables(_path: str, body: bytes) -> None:
    with suppress(ValueError):  # what it says where there is no table
        pd.read_html(StringIO(body.decode()), flavor="lxml")


def _rate(call: Callable[[str, bytes], None], found: Sequence[tuple[str, bytes]]) -> float:
    """Pages a second of processor time: what others do on the machine is not in it."""
    return len(found) / statistics.median(_seconds(call, found) for _ in range(_ROUNDS))


def _seconds(call: Callable[[str, bytes], None], found: Sequence[tuple[str, bytes]]) -> float:
    started = time.process_time()
    for path, body in found:
        call(path, body)
    return time.process_time() - started
