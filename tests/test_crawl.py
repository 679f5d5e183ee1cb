"""Crawls as the main job starts them, each in its own process, of small portals served over real HTTP."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest

from spiders import archive
from spiders.manners import HTML, CrawlJob, CrawlReport, Limits, Scope, retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spiders.archive import Capture

ROOT = Path(__file__).parent.parent
AGENT = "canceropole-tests/1.0 (+https://portail.example/contact)"
ORIGIN = "https://portail.example"
BIG = 20_000


@dataclass(frozen=True)
class Answer:
    body: bytes = b""
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    silent: bool = False
    short: int = 0


# A list is given in turn, its last for ever.
Answers = Mapping[str, Answer | list[Answer]]


def page(*links: str) -> Answer:
    return Answer("".join(f'<a href="{link}">lien</a>' for link in links).encode())


def moved(location: str) -> Answer:
    return Answer(status=301, headers={"Location": location})


def robots(text: str) -> Answer:
    return Answer(text.encode(), type="text/plain")


def sitemap(*paths: str, kind: str = "urlset") -> Answer:
    entries = "".join(f"<url><loc>{path}</loc></url>" for path in paths)
    return Answer(f"<{kind}>{entries}</{kind}>".encode(), type="application/xml")


class Server(ThreadingHTTPServer):
    """A portal of given answers: those of an address are given in turn, the last for ever. Keeps what was asked."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server_port}"
        self.answers = {path: [given] if isinstance(given, Answer) else [*given] for path, given in answers.items()}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.over = Event()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        given = self.server.answers.get(self.path, [Answer(b"rien", status=404)])
        answer = given.pop(0) if len(given) > 1 else given[0]
        if answer.silent:
            self.server.over.wait(20)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.type, **answer.headers}.items():
            self.send_header(name, value.replace("BASE", self.server.base))
        body = answer.body if "Content-Encoding" in answer.headers else answer.body.replace(b"BASE", self._base())
        self.send_header("Content-Length", str(len(body) + answer.short))
        self.close_connection = answer.short > 0
        self.end_headers()
        self.wfile.write(body)

    def _base(self) -> bytes:
        return self.server.base.encode()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
        pass


@contextmanager
def serving(answers: Answers) -> Iterator[Server]:
    server = Server(answers)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Done:
    status: int
    stdout: str
    stderr: str
    job: CrawlJob
    asked: list[str]
    headers: list[dict[str, str]]
    base: str

    @property
    def report(self) -> CrawlReport:
        return CrawlReport.model_validate_json(Path(self.job.report).read_bytes())

    @property
    def pages(self) -> list[str]:
        return [json.loads(line)["url"].removeprefix(self.base) for line in self.stdout.splitlines()]

    @property
    def faults(self) -> dict[str, str]:
        return {fault.url.removeprefix(self.base): fault.code for fault in self.report.errors}

    @property
    def captures(self) -> list[Capture]:
        return list(archive.read(Path(self.job.warc)))


def command(folder: Path, job: CrawlJob) -> list[str]:
    folder.mkdir(exist_ok=True)
    (folder / "job.json").write_text(job.model_dump_json())
    return [sys.executable, "-m", "spiders.crawl", str(folder / "job.json")]


def job_for(folder: Path, base: str | None, **changes: Any) -> CrawlJob:
    given: dict[str, Any] = {"origin": ORIGIN, "delay": 0.0, "limits": Limits(max_body=BIG, timeout=10), **changes}
    paths = {
        "warc": str(folder / "portal.warc.gz"),
        "report": str(folder / "crawl.json"),
        "visits": str(folder / "visits.sqlite"),
    }
    return CrawlJob(base=base, portal="essai", user_agent=AGENT, **paths, **given)


def environment() -> dict[str, str]:
    return {**os.environ, "NO_PROXY": "*"}


def crawl(folder: Path, answers: Answers, **changes: Any) -> Done:
    with serving(answers) as server:
        job = job_for(folder, server.base, **changes)
        done = subprocess.run(
            command(folder, job), capture_output=True, text=True, check=False, cwd=ROOT, env=environment(), timeout=60
        )
        return Done(done.returncode, done.stdout, done.stderr, job, server.asked, server.headers, server.base)


PORTAL: Answers = {
    "/robots.txt": robots(
        "User-agent: *\nDisallow: /interdit/\nSitemap: BASE/plan.xml\nSitemap: https://ailleurs.example/plan.xml\n"
    ),
    "/plan.xml": sitemap(f"{ORIGIN}/plan-pages.xml", kind="sitemapindex"),
    "/plan-pages.xml": sitemap("BASE/du-plan/", "BASE/seed/", "BASE/wp-json/wp/v2/pages"),
    "/": page("/liste/?paged=2", "/liste/?page=3", "/?p=7", "/?s=cancer", "/liste/?paged=2&x=1", "/seed/#haut", "/"),
    "/seed/": page(f"{ORIGIN}/miroir/", "http://portail.example/miroir/", "/bouge/", "/liens/", "/etats/"),
    "/liens/": page(
        "https://ailleurs.example/",
        "mailto:a@portail.example",
        "javascript:void(0)",
        "http://[",
        "/feed/",
        "/tag/x/feed/",
        "/wp-admin/",
        "/wp-login.php",
        "/xmlrpc.php",
        "/refuse/page/",
        "/interdit/page/",
        "/images/plan.PNG",
        "/rapport",
        "/caf%c3%a9/",
        "/café/",
    ),
    "/caf%C3%A9/": page(),
    "/miroir/": Answer(gzip.compress(b'<a href="/du-gzip/">x</a>'), headers={"Content-Encoding": "gzip"}),
    "/du-gzip/": page(),
    "/du-plan/": page(),
    "/liste/?paged=2": page(),
    "/liste/?page=3": page(),
    "/rapport": Answer(b"%PDF" * 9_000, type="application/pdf"),
    "/bouge/": page(
        "/vers-une-page/",
        "/vers-la-meme/",
        "/dehors/",
        "/en-rond/",
        "/vers-interdit/",
        "/vers-fichier/",
        "/chaine/0/",
    ),
    "/vers-une-page/": moved("/arrivee/"),
    "/vers-la-meme/": moved("/arrivee/"),
    "/arrivee/": page("/vers-une-page/"),
    "/dehors/": moved("https://ailleurs.example/"),
    "/en-rond/": moved("/en-rond/2/"),
    "/en-rond/2/": moved("/en-rond/"),
    "/vers-interdit/": moved("/interdit/page/"),
    "/vers-fichier/": moved("/document.docx"),
    **{f"/chaine/{step}/": moved(f"/chaine/{step + 1}/") for step in range(12)},
    "/etats/": page(
        "/absente/", "/occupe/", "/panne/", "/en-panne/", "/plus-tard/", "/enorme/", "/bombe/", "/faux-gzip/"
    ),
    "/occupe/": [Answer(status=429, headers={"Retry-After": "0"}), page()],
    "/panne/": [Answer(status=500), Answer(status=503), page()],
    "/en-panne/": Answer(status=502),
    "/plus-tard/": Answer(status=503, headers={"Retry-After": "121"}),
    "/enorme/": Answer(b"x" * (BIG + 1)),
    "/bombe/": Answer(gzip.compress(bytes(BIG + 1)), headers={"Content-Encoding": "gzip"}),
    "/faux-gzip/": Answer(gzip.compress(b"coup" * 9)[:-4], headers={"Content-Encoding": "gzip"}),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return crawl(tmp_path_factory.mktemp("portail"), PORTAL, seeds=("/", "/seed/"), deny=("^/refuse/",))


def test_order_is_robots_then_sitemaps_then_seeds_then_links(done: Done) -> None:
    assert (done.status, done.stderr) == (0, "")
    assert done.asked[:6] == ["/robots.txt", "/plan.xml", "/plan-pages.xml", "/", "/seed/", "/du-plan/"]


def test_one_identity_and_no_cookie_or_referer(done: Done) -> None:
    assert {headers["user-agent"] for headers in done.headers} == {AGENT}
    assert not any(headers.keys() & {"cookie", "referer"} for headers in done.headers)


def test_nothing_is_asked_twice_but_what_failed(done: Done) -> None:
    again = {path: done.asked.count(path) for path in done.asked if done.asked.count(path) > 1}
    assert again == {"/occupe/": 2, "/panne/": 3, "/en-panne/": 3}


def test_pages_are_those_of_the_portal(done: Done) -> None:
    assert set(done.pages) == {
        *("/", "/seed/", "/du-plan/", "/liens/", "/bouge/", "/etats/", "/miroir/", "/du-gzip/", "/caf%C3%A9/"),
        *("/liste/?paged=2", "/liste/?page=3", "/arrivee/", "/occupe/", "/panne/"),
    }
    assert [json.loads(line)["page"] for line in done.stdout.splitlines()] == list(range(1, 15))


def test_what_is_no_page_is_never_asked_for(done: Done) -> None:
    asked = set(done.asked)
    assert not asked & {"/?p=7", "/?s=cancer", "/liste/?paged=2&x=1", "/feed/", "/tag/x/feed/", "/wp-admin/"}
    assert not asked & {"/wp-login.php", "/xmlrpc.php", "/refuse/page/", "/interdit/page/", "/wp-json/wp/v2/pages"}
    assert not asked & {"/images/plan.PNG", "/document.docx"}


def test_files_are_listed(done: Done) -> None:
    listed = [url.removeprefix(done.base) for url in done.report.files]
    assert listed == ["/document.docx", "/images/plan.PNG", "/rapport"]


def test_errors_name_the_address_and_the_reason(done: Done) -> None:
    assert done.faults == {
        "/absente/": "http-status",
        "/bombe/": "body-too-large",
        "/chaine/0/": "too-many-redirects",
        "/dehors/": "redirect-elsewhere",
        "/en-panne/": "http-status",
        "/en-rond/": "too-many-redirects",
        "/enorme/": "body-too-large",
        "/faux-gzip/": "body-unreadable",
        "/plus-tard/": "retry-after-too-long",
        "/vers-interdit/": "robots-disallowed",
    }
    [absent] = [fault for fault in done.report.errors if fault.url.endswith("/absente/")]
    assert absent.message == f"expected 200, found 404; found on {done.base}/etats/"


def test_redirects_stop_at_their_limit(done: Done) -> None:
    assert [path for path in done.asked if path.startswith("/chaine/")] == [f"/chaine/{step}/" for step in range(11)]


def test_every_answer_is_archived_in_order(done: Done) -> None:
    kept = [capture.url.removeprefix(done.base) for capture in done.captures]
    # Stopped, over its bound or undecodable: there is no body to keep.
    unkept = {"/rapport", "/enorme/", "/bombe/", "/faux-gzip/"}
    assert kept == [path for path in done.asked if path not in unkept]
    by_path = dict(zip(kept, done.captures, strict=True))
    assert by_path["/miroir/"].body == b'<a href="/du-gzip/">x</a>'
    assert by_path["/miroir/"].headers["content-encoding"] == "gzip"
    assert (by_path["/absente/"].status, by_path["/absente/"].body) == (404, b"rien")
    assert by_path["/dehors/"].headers["location"] == "https://ailleurs.example/"
    assert [c.status for c in done.captures if c.url.endswith("/panne/") and "/en-" not in c.url] == [500, 503, 200]
    assert archive.info(Path(done.job.warc))["canceropole-base"] == done.base


def test_an_answer_of_another_type_leaves_its_type(done: Done) -> None:
    heads = archive.answers(Path(done.job.warc), max_body=BIG, kinds=HTML)
    [head] = [head for head in heads if head.url.endswith("/rapport")]
    assert (head.status, head.content_type, head.body) == (200, "application/pdf", b"")
    assert head.missing


def test_a_body_shorter_than_announced_is_not_had(tmp_path: Path) -> None:
    done = crawl(tmp_path, {"/": page("/court/"), "/court/": Answer(b"<h1>Tumo", short=90)}, limits=Limits(tries=2))
    assert done.faults == {"/court/": "network"}
    assert [capture for capture in done.captures if capture.url.endswith("/court/")] == []
    assert archive.failures(Path(done.job.warc)) == ({f"{done.base}/court/"}, False)


def test_the_report_counts(done: Done) -> None:
    report = done.report
    assert (report.requests, report.pages, report.not_modified) == (len(done.asked), 14, 0)
    assert (report.base, report.outcome) == (done.base, "ok")
    assert report.bytes > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", report.started)
    assert report.started <= report.finished


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (Answer(status=500), "expected 200 or 4xx, found 500"),
        (moved("https://ailleurs.example/robots.txt"), "redirect-elsewhere"),
        (Answer(silent=True), "timeout: expected an answer in 0.2 s"),
    ],
)
def test_robots_unreachable_forbids_everything(tmp_path: Path, given: Answer, found: str) -> None:
    limits = Limits(timeout=0.2, tries=2)
    done = crawl(tmp_path, {"/robots.txt": given, "/": page()}, limits=limits)
    assert done.status == 1
    assert set(done.asked) == {"/robots.txt"}
    [fault] = done.report.errors
    assert fault.code == "robots-unreachable"
    assert found in fault.message
    assert done.report.outcome == "no-page"
    assert done.stderr.startswith("No page was obtained from http://127.0.0.1:")


def test_robots_absent_allows_everything_and_the_usual_sitemaps_are_looked_for(tmp_path: Path) -> None:
    answers: Answers = {"/": page("/a/"), "/a/": page(), "/b/": page()}
    done = crawl(tmp_path, {**answers, "/sitemap.xml": moved("/plan.xml"), "/plan.xml": sitemap("/b/")})
    assert done.asked == ["/robots.txt", "/wp-sitemap.xml", "/sitemap.xml", "/plan.xml", "/", "/b/", "/a/"]
    assert done.faults == {}


def test_robots_moved_is_followed_and_a_disallowed_seed_is_said(tmp_path: Path) -> None:
    rules = robots("User-agent: canceropole-tests\nDisallow: /\nUser-agent: *\nAllow: /\nSitemap: /plan.xml")
    done = crawl(tmp_path, {"/robots.txt": moved("/autre.txt"), "/autre.txt": rules, "/": page()})
    assert (done.status, done.asked) == (1, ["/robots.txt", "/autre.txt"])
    assert done.faults == {"/": "robots-disallowed"}


def test_a_run_has_a_largest_number_of_pages(tmp_path: Path) -> None:
    endless: Answers = {f"/{n}/": page(f"/{n + 1}/", f"/{n + 2}/") for n in range(30)}
    broken = Answer(b"ceci n'est pas un plan", type="application/xml")
    rules = robots("Sitemap: BASE/plan.xml")
    done = crawl(
        tmp_path,
        {**endless, "/robots.txt": rules, "/plan.xml": broken},
        seeds=("/0/",),
        limits=Limits(max_pages=5),
    )
    assert done.pages == ["/0/", "/1/", "/2/", "/3/", "/4/"]
    assert done.faults == {"/plan.xml": "sitemap-unreadable", "/5/": "too-many-pages"}


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base = f"http://127.0.0.1:{taken.getsockname()[1]}"
    job = job_for(tmp_path, base, limits=Limits(tries=2))
    done = subprocess.run(
        command(tmp_path, job), capture_output=True, text=True, check=False, cwd=ROOT, env=environment(), timeout=60
    )
    report = CrawlReport.model_validate_json(Path(job.report).read_bytes())
    assert (done.returncode, report.requests, [fault.code for fault in report.errors]) == (
        1,
        2,
        ["robots-unreachable"],
    )


def test_the_sample_is_crawled(tmp_path: Path) -> None:
    job = job_for(tmp_path, None, sample=True, origin="https://www.canceropole-idf.fr", limits=Limits())
    done = subprocess.run(
        command(tmp_path, job), capture_output=True, text=True, check=False, cwd=ROOT, env=environment(), timeout=60
    )
    report = CrawlReport.model_validate_json(Path(job.report).read_bytes())
    assert (done.returncode, report.outcome) == (0, "ok")
    assert len(done.stdout.splitlines()) == report.pages
    assert archive.info(Path(job.warc))["canceropole-source"] == "sample"


def test_a_crawl_nobody_listens_to_stops_and_leaves_nothing(tmp_path: Path) -> None:
    with serving({f"/{n}/": page(f"/{n + 1}/") for n in range(50)}) as server:
        job = job_for(tmp_path, server.base, seeds=("/0/",))
        reader, writer = os.pipe()
        os.close(reader)
        with subprocess.Popen(
            command(tmp_path, job), stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
        ) as process:
            os.close(writer)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "The crawl did not come to its end: " in said
    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]
    assert len(server.asked) < 10


def test_an_interrupted_crawl_stops_and_leaves_nothing(tmp_path: Path) -> None:
    with serving({f"/{n}/": page(f"/{n + 1}/") for n in range(50)} | {"/3/": Answer(silent=True)}) as server:
        job = job_for(tmp_path, server.base, seeds=("/0/",))
        with subprocess.Popen(
            command(tmp_path, job),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        ) as process:
            told = [process.stdout.readline() for _ in range(3)] if process.stdout else []
            process.terminate()
            _, said = process.communicate(timeout=60)
    assert [json.loads(line)["page"] for line in told] == [1, 2, 3]
    assert process.returncode == 1
    assert said.endswith(f"The crawl did not come to its end: {server.base}: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["job.json"]


@pytest.mark.parametrize("base", ["ftp://portail.example", "https://portail.example/dossier/", "portail"])
def test_a_base_that_is_no_root_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match=f"expected the root of an http\\(s\\) host, found '{base}'"):
        Scope(base, ORIGIN)


def test_a_wrong_job_is_said_in_one_paragraph(tmp_path: Path) -> None:
    job = job_for(tmp_path, "https://portail.example/dossier/")
    done = subprocess.run(
        command(tmp_path, job), capture_output=True, text=True, check=False, cwd=ROOT, env=environment(), timeout=60
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("The crawl did not come to its end: ")
    assert not Path(job.warc).exists()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", 0),
        ("0", 0),
        ("90", 90),
        ("Mon, 23 Nov 2026 15:32:00 GMT", 120),
        ("Mon, 23 Nov 2026 15:00:00 GMT", 0),
        ("bientôt", 0),
        ("-5", 0),
        ("3\x1c", 3),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float) -> None:
    assert retry_after(value, datetime(2026, 11, 23, 15, 30, tzinfo=UTC)) == seconds
