"""What is published, over HTTP: releases and nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import struct
from http.client import HTTPConnection
from inspect import signature
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow
import pyarrow.parquet as pq
import pytest
from conftest import Done, canceropole
from ranged_files import RangedFiles

from pipeline.cli import serve
from pipeline.paths import Home
from pipeline.serving import server
from pipeline.site.build import build
from pipeline.site.duckdb_wasm import installed
from pipeline.site.policy import POLICY
from schemas.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

PORTAL = "canceropole-idf"
DUCKDB = getattr(installed(), "name", "duckdb")  # what is not installed is not served, and its test says so


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Served(NamedTuple):
    out: Path
    port: int

    def get(self, path: str, method: str = "GET", **asked: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers={name.replace("_", "-"): value for name, value in asked.items()})
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
    build(Home(out / PORTAL), load(PORTAL))
    (folder / "secret.txt").write_text("SECRET")
    release = out / PORTAL / "releases" / "1.0.0"
    (release / "sortie.txt").symlink_to(folder / "secret.txt")
    (release / "prive").symlink_to(out / PORTAL / "runs")
    (release / ".cache").write_text("SECRET")
    (out / PORTAL / "releases" / ".20260101T000000Z").mkdir()
    (out / "secret.txt").write_text("SECRET")
    for name in ("erasures.key", "erasures.json", "decisions.json", "told.json"):
        (out / PORTAL / name).write_text("SECRET")
    (out / "site" / "sortie.html").symlink_to(folder / "secret.txt")
    (out / "site" / "prive").symlink_to(out / PORTAL / "runs")
    (out / ".sites" / "0").mkdir()
    (out / ".sites" / "0" / "index.html").write_text("SECRET")
    with server(out, "127.0.0.1", 0) as bound:
        thread = Thread(target=bound.serve_forever, daemon=True)
        thread.start()
        yield Served(out, bound.server_port)
        bound.shutdown()
        thread.join()


def test_the_bare_address_leads_to_the_site(served: Served) -> None:
    answer = served.get("/")
    assert (answer.status, answer.headers["location"]) == (302, "/site/")
    page = served.get("/site/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body == (served.out / "site" / "index.html").read_bytes()


def test_the_bare_address_of_outputs_without_a_site_leads_to_the_current_release(sample: Done, tmp_path: Path) -> None:
    (tmp_path / PORTAL).symlink_to(sample.home)
    with server(tmp_path, "127.0.0.1", 0) as bound:
        Thread(target=bound.serve_forever, daemon=True).start()
        answer = Served(tmp_path, bound.server_port).get("/")
        bound.shutdown()
    assert (answer.status, answer.headers["location"]) == (302, f"/{PORTAL}/latest/")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (f"{PORTAL}/sql.html", "text/html; charset=utf-8"),
        ("assets/site.css", "text/css; charset=utf-8"),
        ("assets/console.js", "text/javascript; charset=utf-8"),
        ("assets/icon.svg", "image/svg+xml"),
        (f"assets/{DUCKDB}/duckdb-eh.wasm", "application/wasm"),
        (f"assets/{DUCKDB}/LICENCES.txt", "text/plain; charset=utf-8"),
    ],
)
def test_a_file_of_the_site_has_its_type_and_the_policy_the_site_lives_under(
    served: Served, name: str, kind: str
) -> None:
    answer = served.get(f"/site/{name}")
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.body == (served.out / "site" / name).read_bytes()
    assert answer.headers["content-security-policy"] == f"{POLICY}; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


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


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("catalog.ttl", "text/turtle; charset=utf-8"),
        ("catalog.rdf", "application/rdf+xml"),
        ("catalog.jsonld", "application/ld+json"),
        (f"{PORTAL}/releases.json", "application/json"),
    ],
)
def test_the_catalogue_of_all_portals_and_the_list_of_releases_are_served(served: Served, name: str, kind: str) -> None:
    answer = served.get(f"/{name}")
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.body == (served.out / name).read_bytes()


def test_head_has_no_body(served: Served) -> None:
    answer = served.get(f"/{PORTAL}/latest/README.md", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


README = f"/{PORTAL}/latest/README.md"


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=5-5", slice(5, 6)),
        ("bytes=100-", slice(100, None)),
        ("bytes=0-", slice(None)),
        ("bytes=-7", slice(-7, None)),
        ("BYTES= 0-9 ", slice(0, 10)),
        ("bytes=10-99999999999999999999", slice(10, None)),
        ("bytes=-99999999999999999999", slice(None)),
    ],
)
def test_a_range_of_a_file_is_that_part_of_it(served: Served, asked: str, part: slice) -> None:
    whole = (served.out / PORTAL / "latest" / "README.md").read_bytes()
    first, stop, _ = part.indices(len(whole))
    answer = served.get(README, Range=asked)
    assert (answer.status, answer.body) == (206, whole[part])
    assert answer.headers["content-range"] == f"bytes {first}-{stop - 1}/{len(whole)}"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "Content-Range" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "asked",
    ["bytes=9-5", "bytes=-", "bytes=", "bytes=0-1,4-5", "bytes=a-b", "bytes=+1-2", "bytes=1--2", "lignes=0-1", "0-1"],
)
def test_what_is_no_single_range_of_bytes_gives_the_whole_file(served: Served, asked: str) -> None:
    answer = served.get(README, Range=asked)
    assert (answer.status, answer.headers["accept-ranges"]) == (200, "bytes")
    assert answer.body == (served.out / PORTAL / "latest" / "README.md").read_bytes()
    assert "content-range" not in answer.headers


def test_two_ranges_in_two_headers_are_no_single_one(served: Served) -> None:
    answer = served.raw(README.encode() + b" HTTP/1.1\r\nRange: bytes=0-1\r\nRange: bytes=4-5\r\nX:")
    assert answer.split(b" ")[1] == b"200"


def test_a_range_outside_the_file_is_said_to_be(served: Served) -> None:
    size = (served.out / PORTAL / "latest" / "README.md").stat().st_size
    for asked in (f"bytes={size}-", f"bytes={size}-{size + 9}", "bytes=-0"):
        answer = served.get(README, Range=asked)
        assert (answer.status, answer.headers["content-range"], answer.body) == (416, f"bytes */{size}", b"")


def test_an_empty_file_has_no_ranges(served: Served) -> None:
    (served.out / PORTAL / "releases" / "1.0.0" / "vide.csv").touch()
    for asked in ("bytes=0-", "bytes=-5"):
        answer = served.get(f"/{PORTAL}/latest/vide.csv", Range=asked)
        assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")


def test_head_tells_of_the_whole_file_and_that_it_has_ranges(served: Served) -> None:
    answer = served.get(README, "HEAD", Range="bytes=0-9")
    size = (served.out / PORTAL / "latest" / "README.md").stat().st_size
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", str(size))
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_part_is_given_only_of_the_file_the_client_has_parts_of(served: Served) -> None:
    told = served.get(README, "HEAD").headers
    for known in (told["etag"], told["last-modified"]):
        assert served.get(README, Range="bytes=0-9", If_Range=known).status == 206
    for other in ('"autre"', f"W/{told['etag']}", "Mon, 01 Jan 2001 00:00:00 GMT", "hier", ""):
        assert served.get(README, Range="bytes=0-9", If_Range=other).status == 200


def test_a_file_the_client_has_is_not_sent_again(served: Served) -> None:
    told = served.get(README, "HEAD").headers
    tag, date = told["etag"], told["last-modified"]
    for known in (tag, f"W/{tag}", f'"autre", {tag}', "*"):
        answer = served.get(README, If_None_Match=known, Range="bytes=0-9")
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert served.get(README, If_Modified_Since=date).status == 304
    assert served.get(README, If_Modified_Since=date.replace("GMT", "-0000")).status == 304
    assert served.get(README, If_None_Match='"autre"', If_Modified_Since=date).status == 200
    for other in ("Mon, 01 Jan 2001 00:00:00 GMT", "hier", "Mon, 01 Jan 99999999999 00:00:00 GMT"):
        assert served.get(README, If_Modified_Since=other).status == 200


def test_a_tag_is_strong_and_stays_with_the_file_and_no_longer(served: Served) -> None:
    tag = served.get(README, "HEAD").headers["etag"]
    assert tag.startswith('"')
    assert served.get(README.replace("latest", "releases/1.0.0")).headers["etag"] == tag
    file = served.out / PORTAL / "releases" / "1.0.0" / "etat.json"
    tags = set()
    for text in ("[1]", "[2]"):
        draft = file.with_name("draft")
        draft.write_text(text)
        draft.replace(file)
        tags.add(served.get(f"/{PORTAL}/latest/etat.json").headers["etag"])
    assert len(tags) == 2


def test_a_column_of_a_large_parquet_is_read_without_the_rest(served: Served) -> None:
    count = 200_000
    file = served.out / PORTAL / "releases" / "1.0.0" / "data" / "grand.parquet"
    rows = pyarrow.table({"texte": [os.urandom(16).hex() for _ in range(count)], "rang": range(count)})
    pq.write_table(rows, file, row_group_size=20_000)
    remote = RangedFiles(served.port)
    with remote.open(f"{PORTAL}/latest/data/grand.parquet") as opened:
        read = pq.ParquetFile(opened)
        assert (read.metadata.num_rows, remote.received < 70_000) == (count, True)
        assert read.read(columns=["rang"]) == rows.select(["rang"])
    assert remote.received < file.stat().st_size / 3


def test_duckdb_attaches_the_database_over_ranges_and_reads_less_than_all_of_it(served: Served) -> None:
    remote = RangedFiles(served.port)
    local = served.out / PORTAL / "latest" / f"{PORTAL}.duckdb"
    with duckdb.connect() as con:
        con.register_filesystem(remote)
        con.execute(f"ATTACH 'plages://{PORTAL}/latest/{PORTAL}.duckdb' AS loin (READ_ONLY)")
        con.execute("USE loin")
        found = con.execute("FROM financements_par_annee").fetchall()
        then = con.execute("FROM tumorotheques_as_of('1.0.0')").fetchall()
        con.execute("USE memory")
    with duckdb.connect(str(local), read_only=True) as con:
        assert found == con.execute("FROM financements_par_annee").fetchall()
        assert then == con.execute("FROM tumorotheques").fetchall()
    assert 0 < remote.received < local.stat().st_size


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
        f"/{PORTAL}/erasures.key",
        f"/{PORTAL}/erasures.json",
        f"/{PORTAL}/decisions.json",
        f"/{PORTAL}/told.json",
        f"/{PORTAL}/%2elock",
        f"/{PORTAL}/",
        f"/{PORTAL}",
        "/secret.txt",
        "/nulle-part/",
        f"/{PORTAL}/latest/rien.csv",
        "/.sites/",
        "/.sites/1/index.html",
        "/site/.site.json",
        "/site/sortie.html",
        "/site/prive/RUN/report.json",
        "/site/rien.html",
    ],
)
def test_what_is_not_published_is_not_there(served: Served, path: str) -> None:
    [run] = (served.out / PORTAL / "runs").iterdir()
    for method in ("GET", "HEAD"):
        assert served.get(path.replace("/RUN/", f"/runs/{run.name}/"), method, Range="bytes=0-").status == 404
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
        b"/site/../canceropole-idf/runs/",
        b"/site/%2e%2e/.sites/0/index.html",
        b"/site/..%2f..%2fsecret.txt",
        b"http://127.0.0.1/canceropole-idf/runs/",
        b"/etc/passwd",
        b"//etc/passwd",
        b"/%2fetc/passwd",
        b"/canceropole-idf/latest//etc/passwd",
        b"/canceropole-idf/latest/%252e%252e/runs/",
        b"/canceropole-idf/latest/%c0%ae%c0%ae/runs/",
        b"/canceropole-idf/latest/\xc0\xae\xc0\xae/runs/",
        b"/canceropole-idf/latest/..;/runs/",
        b"/canceropole-idf/latest/\xef\xbc\x8e\xef\xbc\x8e/runs/",
        b"/canceropole-idf/latest/" + b"a" * 5_000,
        b"/canceropole-idf/latest/" + b"../" * 1_000 + b"etc/passwd",
        b"/CANCEROPOLE-IDF/runs/",
        b"/canceropole-idf/runs/?/latest/",
        b"/canceropole-idf/runs/#/latest/",
        b"file:///etc/passwd",
    ],
)
def test_no_address_leads_out_of_what_is_published(served: Served, target: bytes) -> None:
    answer = served.raw(target)
    assert answer.split(b" ")[1] in {b"404", b"400"}
    assert b"SECRET" not in answer
    assert b"warc" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get"])
def test_nothing_can_be_asked_for_but_to_read(served: Served, method: str) -> None:
    before = sorted(path for path in served.out.rglob("*"))
    assert served.get(f"/{PORTAL}/latest/README.md", method).status == 501
    assert sorted(path for path in served.out.rglob("*")) == before


def test_no_answer_may_run_or_be_framed_whatever_name_it_is_asked_under(served: Served) -> None:
    policy = b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    for target in (b"/canceropole-idf/latest/", b"/canceropole-idf/latest/README.md", b"/<script>", b"/"):
        answer = served.raw(target + b" HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nX:")
        assert policy in answer
        assert b"evil.example" not in answer
        assert b"<script>" not in answer
        assert b"Python" not in answer.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "target",
    [b"//evil.example/canceropole-idf/latest", b"/\\evil.example/canceropole-idf/latest", b"//evil.example/%2e%2e"],
)
def test_no_redirect_leads_to_another_host(served: Served, target: bytes) -> None:
    assert b"Location: //" not in served.raw(target)
    assert b"evil" not in served.raw(target).partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.0\r\n\r\n", b"414"),
        (b"GET / HTTP/1.0\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.0\r\n" + b"X: a\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"400"),
        (b"HEAD http://[ HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
    ],
)
def test_a_request_no_client_makes_is_refused_and_the_next_is_answered(
    served: Served, request_: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request_)
        assert status in connection.recv(65536)
    assert served.get(f"/{PORTAL}/status.json").status == 200


def test_what_is_asked_for_is_logged_escaped(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    served.raw(b"/\x1b]52;c;Y2FsYw==\x07\x9b31m")
    logged = capfd.readouterr().err
    assert "]52" in logged
    assert not set(logged) & {"\x1b", "\x07", "\x9b"}


def test_a_client_that_leaves_is_let_go_without_a_word(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    large = served.out / PORTAL / "releases" / "1.0.0" / "large.bin"
    large.write_bytes(b"\0" * 50_000_000)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(f"GET /{PORTAL}/releases/1.0.0/large.bin HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert connection.recv(1000)
    for answering in [thread for thread in enumerate_threads() if "process_request" in thread.name]:
        answering.join()
    large.unlink()
    assert "Traceback" not in capfd.readouterr().err


def test_unless_told_it_listens_on_loopback_alone() -> None:
    [host] = [option.default for option in signature(serve).parameters.values() if option.name == "host"]
    assert ip_address(host).is_loopback


def test_a_port_in_use_is_said(served: Served) -> None:
    done = canceropole("serve", "--port", served.port, out=served.out)
    assert done.status == 1
    assert str(served.port) in done.stderr
    assert "Traceback" not in done.stderr
