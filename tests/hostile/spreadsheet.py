"""A release of hostile cells opened in LibreOffice, without a screen: nothing runs, nothing is fetched, all is text.

`python -m hostile.spreadsheet` (with tests/ in PYTHONPATH) needs `soffice`, of Debian's package libreoffice-calc.
"""

from __future__ import annotations

import contextlib
import csv
import io
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hostile import cells
from pipeline import stages
from pipeline.accepting import run as accept
from pipeline.run import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

SOFFICE = "soffice"
_MINUTES = 5
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
# How a person may open a CSV: with its defaults; with formulas run, cells parted by commas; and by semicolons.
_WAYS = {"defaults": "", "commas": "44,34,76,1,,0,false,true,false,false,false,0,true"}
_WAYS |= {"semicolons": "59,34,76,1,,0,false,true,false,false,false,0,true"}
_UNGUARDED = 'nom,texte\nx,"=WEBSERVICE(""http://127.0.0.1:9/"")"\ntexte;=1+1,x\n'


class Trap(ThreadingHTTPServer):
    """A server on loopback that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Trapped)
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class _Trapped(BaseHTTPRequestHandler):
    server: Trap

    def do_GET(self) -> None:
        """Remembers, and answers something."""
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"42")

    do_HEAD = do_OPTIONS = do_PROPFIND = do_GET  # noqa: N815 (the base class's way)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def run() -> list[str]:
    """Makes a release of hostile cells and opens every CSV of it in every way.

    Returns:
        The faults found; none is what is wanted.

    Raises:
        FileNotFoundError: LibreOffice is not on this machine.
    """
    if shutil.which(SOFFICE) is None:
        raise FileNotFoundError(f"{SOFFICE} is not there: apt-get install --no-install-recommends libreoffice-calc")
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch, Trap() as trap:
        threading.Thread(target=trap.serve_forever, daemon=True).start()
        folder = Path(scratch)
        try:
            return [*_control(folder), *_release(folder, trap)]
        finally:
            trap.shutdown()


def _control(folder: Path) -> Iterator[str]:
    """What must be found in a file without guards: else nothing found in a release would mean nothing."""
    control = folder / "control.csv"
    control.write_text(_UNGUARDED, encoding="utf-8")
    for way in _WAYS:
        if not _formulas(_opened(control, way, folder)):
            yield f"control, {way}: no formula is found in a file without guards"


def _release(folder: Path, trap: Trap) -> Iterator[str]:
    canary = folder / "canary"
    texts = [*cells.printed(cells.PRINTED, trap.address, canary), *cells.DROPPED]
    release = made(folder, texts)
    for path in sorted((release / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            written = sum(len(row) for row in csv.reader(file))
        for way in _WAYS:
            opened = _opened(path, way, folder)
            yield from (f"{path.name}, {way}: the formula {formula}" for formula in _formulas(opened))
            if way != "semicolons" and (read := _filled(opened)) > written:
                yield f"{path.name}, {way}: {read} cells are read of {written} written"
        _opened(path, "defaults", folder, "pdf")
    time.sleep(1)  # what was started may still be on its way
    yield from (f"asked for: {address}" for address in trap.asked)
    if canary.exists():
        yield "a command was run"


def made(folder: Path, texts: list[str]) -> Path:
    """The release of a page of these texts, accepted by hand where the gate doubts them."""
    schemas, out = cells.schemas(folder / "schemas"), folder / "outputs"
    warc = cells.archive(folder / "page.warc.gz", {cells.PAGE: cells.page(texts)})
    stages.refresh(Request(cells.PORTAL, str(warc), out=out, schemas=schemas))
    time.sleep(1.1)  # a run is named by its second
    with contextlib.redirect_stdout(io.StringIO()):
        accept(cells.PORTAL, cells.DATASET, "hostile", "test", out, schemas, "en", yes=True)
    return out / cells.PORTAL / "latest"


def _opened(path: Path, way: str, folder: Path, kind: str = "fods") -> Path:
    """What LibreOffice makes of a file, with a new profile."""
    target = folder / way
    command = [SOFFICE, "--headless", "--norestore", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    command += [f"--infilter=CSV:{_WAYS[way]}"] if _WAYS[way] else []
    command += ["--convert-to", kind, "--outdir", str(target), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60 * _MINUTES)
    return target / f"{path.stem}.{kind}"


def _formulas(opened: Path) -> list[str]:
    found = ET.parse(opened).iter(f"{_TABLE}table-cell")
    return [formula for cell in found if (formula := cell.get(f"{_TABLE}formula")) is not None]


def _filled(opened: Path) -> int:
    found = ET.parse(opened).iter(f"{_TABLE}table-cell")
    return sum(cell.get(f"{_OFFICE}value-type") is not None for cell in found)


if __name__ == "__main__":
    faults = run()
    sys.stdout.write("\n".join(faults or ["Nothing ran, nothing was fetched, no cell is a formula."]) + "\n")
    sys.exit(1 if faults else 0)
