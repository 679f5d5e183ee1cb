"""What is published, over HTTP: releases and nothing else."""

from __future__ import annotations

import shutil
import socket
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

import pytest
from conftest import Done, canceropole

from pipeline.serving import server

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = "canceropole-idf"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Served(NamedTuple):
    out: Path
    port: int

    def get(self, path: str, method: str = "GET") -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, answer.read())
        finally:
            connection.close()

    def raw(self, target: bytes) -> bytes:
        """The whole answer to a request line no client would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(b"GET " + target + b" HTTP/1.0\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture(scope="module")
def served(sample: Done, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    out = Path(shutil.copytree(sample.out, folder / "outputs", symlinks=True))
    (folder / "secret.txt").write_text("SECRET")
    release = out / PORTAL / "releases" / "1.0.0"
    (release / "sortie.txt").symlink_to(folder / "secret.txt")
    (release / "prive").symlink_to(out / PORTAL / "runs")
    (release / ".cache").write_text("SECRET")
    (out / PORTAL / "releases" / ".20260101T000000Z").mkdir()
    (out / "secret.txt").write_text("SECRET")
    with server(out, "127.0.0.1", 0) as bound:
        thread = Thread(target=bound.serve_forever, daemon=True)
        thread.start()
        yield Served(out, bound.server_port)
        bound.shutdown()
        thread.join()


def test_the_bare_address_leads_to_the_current_release(served: Served) -> None:
    answer = served.get("/")
    assert (answer.status, answer.headers["location"]) == (302, f"/{PORTAL}/latest/")
    listing = served.get(answer.headers["location"])
    assert (listing.status, b"datapackage.json" in listing.body) == (200, True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("data/tumorotheques.csv", "text/csv; charset=utf-8"),
        ("data/tumorotheques.json", "application/json"),
        ("data/tumorotheques.parquet", "application/vnd.apache.parquet"),
        ("datapackage.json", "application/json"),
        ("README.md", "text/markdown; charset=utf-8"),
        (f"{PORTAL}.duckdb", "application/octet-stream"),
        ("SHA256SUMS", "text/plain; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("folder", ["latest", "releases/1.0.0"])
def test_a_published_file_has_its_type_and_may_be_read_by_any_page(
    served: Served, folder: str, name: str, kind: str
) -> None:
    answer = served.get(f"/{PORTAL}/{folder}/{name}")
    assert answer.status == 200
    assert answer.body == (served.out / PORTAL / "latest" / name).read_bytes()
    assert answer.headers["content-type"] == kind
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_head_has_no_body(served: Served) -> None:
    answer = served.get(f"/{PORTAL}/latest/README.md", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_status_is_published(served: Served) -> None:
    assert served.get(f"/{PORTAL}/status.json").status == 200


@pytest.mark.parametrize(
    "path",
    [
        f"/{PORTAL}/runs/",
        f"/{PORTAL}/runs",
        f"/{PORTAL}/RUN/portal.warc.gz",
        f"/{PORTAL}/releases/1.0.0/prive/",
        f"/{PORTAL}/releases/1.0.0/prive/RUN/portal.warc.gz",
        f"/{PORTAL}/latest/prive/RUN/report.json",
        f"/{PORTAL}/releases/1.0.0/sortie.txt",
        f"/{PORTAL}/releases/1.0.0/.cache",
        f"/{PORTAL}/releases/.20260101T000000Z/",
        f"/{PORTAL}/.lock",
        f"/{PORTAL}/%2elock",
        f"/{PORTAL}/",
        f"/{PORTAL}",
        "/secret.txt",
        "/nulle-part/",
        f"/{PORTAL}/latest/rien.csv",
    ],
)
def test_what_is_not_published_is_not_there(served: Served, path: str) -> None:
    [run] = (served.out / PORTAL / "runs").iterdir()
    for method in ("GET", "HEAD"):
        assert served.get(path.replace("/RUN/", f"/runs/{run.name}/"), method).status == 404
    assert served.get(path.replace("/RUN/", f"/{run.name}/")).status == 404


@pytest.mark.parametrize(
    "target",
    [
        b"/canceropole-idf/latest/../../runs/",
        b"/canceropole-idf/latest/%2e%2e/runs/",
        b"/canceropole-idf/latest/..%2f..%2fruns/",
        b"/canceropole-idf/latest/../../../secret.txt",
        b"/canceropole-idf/releases/../runs/",
        b"//canceropole-idf/runs/",
        b"/canceropole-idf//runs/",
        b"/canceropole-idf/./runs/",
        b"/canceropole-idf/latest\\..\\..\\runs\\",
        b"/../secret.txt",
        b"../secret.txt",
        b"/canceropole-idf/latest/\x00",
        b"/canceropole-idf/latest/%00",
        b"/canceropole-idf/latest/README.md%00.txt",
        b"/canceropole-idf/runs%2f",
        b"http://127.0.0.1/canceropole-idf/runs/",
        b"/etc/passwd",
        b"//etc/passwd",
        b"/%2fetc/passwd",
        b"/canceropole-idf/latest//etc/passwd",
    ],
)
def test_no_address_leads_out_of_what_is_published(served: Served, target: bytes) -> None:
    answer = served.raw(target)
    assert answer.split(b" ")[1] in {b"404", b"400"}
    assert b"SECRET" not in answer
    assert b"warc" not in answer
    assert b"root:" not in answer


def test_a_port_in_use_is_said(served: Served) -> None:
    done = canceropole("serve", "--port", served.port, out=served.out)
    assert done.status == 1
    assert str(served.port) in done.stderr
    assert "Traceback" not in done.stderr
