"""Notices, received by real servers: who is told what and when; what cannot be sent; what is never said."""

from __future__ import annotations

import email
import email.policy
import json
import os
import shutil
import stat
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Self

import pytest
from aiosmtpd.controller import Controller
from conftest import Done, canceropole
from test_refresh import LOST, api, archive_of, changed, closed_port, refresh

from pipeline import monitoring, notifying
from pipeline.failures import BusyError, RunFailedError, WrongUseError
from pipeline.health import WELL, Health, now
from pipeline.notifying import Notice
from pipeline.paths import Home, read_json, write_json
from pipeline.run import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

__all__ = ["api"]  # a fixture

PORTAL, BANKS, HEADS = "canceropole-idf", "tumorotheques", "tumorotheques_responsables"
SECRET = "k3y-0f-th3-h00k"  # noqa: S105 (it opens nothing)


class Inbox:
    """A web server that takes notices as JSON; `status` is what it answers."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.status = 200
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if inbox.status == 200:
                    inbox.received.append(json.loads(body))
                self._answer()

            def do_GET(self) -> None:
                inbox.asked.append(self.path)
                self._answer()

            def _answer(self) -> None:
                self.send_response(inbox.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.port}/{SECRET}"

    def take(self) -> list[dict[str, Any]]:
        """What came since it was last asked."""
        taken, self.received = self.received, []
        return taken

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    monkeypatch.setenv("NO_PROXY", "*")
    with Inbox() as server:
        yield server


class Postbox:
    """What a real SMTP server was given."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(  # noqa: N802 (the name aiosmtpd calls)
        self, _server: object, _session: object, envelope: Any
    ) -> str:
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A portal's outputs with a status.json and nothing else."""
    home = Home(tmp_path / "outputs" / PORTAL)
    home.root.mkdir(parents=True)
    become(home)
    return home


def become(home: Home, **held: str) -> None:
    """Makes status.json say that these datasets are held, for these codes."""
    told = [{"name": name, "state": "held", "code": code} for name, code in held.items()]
    write_json(home.status, {"datasets": [*told, {"name": "pages", "state": "fresh", "code": None}]})


def ended(home: Home, failure: str | None = None) -> list[str]:
    """Tells of a run that ended; what could not be done."""
    said = {"fr": "Ce que dit le passage", "en": "What the run says"}
    return notifying.tell(home, Notice(PORTAL, now(home, failure), said, home.root.parent), "en")


def test_each_change_is_told_once_and_nothing_else(home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    runs: list[tuple[dict[str, str], str | None, str]] = [
        ({}, None, ""),
        ({"a": "rows-lost"}, None, "held: a"),
        ({"a": "rows-lost"}, None, ""),
        ({"a": "block-missing"}, None, "held: a"),
        ({"a": "block-missing", "b": "rows-lost"}, None, "held: a, b"),
        ({"a": "block-missing"}, None, "held: a"),
        ({"a": "block-missing"}, "crawl-failed", "failed [crawl-failed], held: a"),
        ({"a": "block-missing"}, "crawl-failed", ""),
        ({"a": "block-missing"}, None, "held: a"),
        ({}, None, "all is well again"),
        ({}, None, ""),
        ({}, "crawl-failed", "failed [crawl-failed]"),
        ({}, "no-page", "failed [no-page]"),
        ({}, "no-page", ""),
        ({}, None, "all is well again"),
        ({"a": "rows-lost", "b": "rows-lost", "c": "rows-lost", "d": "rows-lost"}, None, "held: a, b, c (+1)"),
    ]
    for held, failure, expected in runs:
        become(home, **held)
        assert ended(home, failure) == []
        told = [message["title"].partition(" / ")[2] for message in inbox.take()]
        assert told == ([expected] if expected else []), (held, failure)


def test_a_notice_says_what_is_over_and_what_is_left(home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    become(home, a="rows-lost", b="rows-lost")
    ended(home, "crawl-failed")
    become(home, b="rows-lost")
    ended(home)
    _, message = inbox.take()
    assert message["type"] == "warning"
    french, english = message["message"].split("\n---\n")
    for part, expected in (
        (french, ["aboutissent de nouveau", "Ne sont plus retenus : a", "Retenus en ce moment : b [rows-lost]"]),
        (english, ["get through again", "No longer held: a", "Held now: b [rows-lost]", "What the run says"]),
    ):
        assert [text for text in expected if text not in part] == []
        assert f"canceropole status {PORTAL} --out {home.root.parent}" in part


def test_what_cannot_be_sent_is_said_without_the_address_and_tried_again(
    home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, f"json://127.0.0.1:{closed_port()}/{SECRET} {inbox.address}")
    become(home, a="rows-lost")
    [first] = ended(home)
    assert first.startswith("Address 1 of CANCEROPOLE_NOTIFY (json) could not be told")
    [again] = ended(home)
    assert (again, len(inbox.take())) == (first, 1), "who was told is not told again because another was not"
    become(home)
    assert ended(home) == [], "whoever was never told that it broke is not told that it recovered"
    assert [message["type"] for message in inbox.take()] == ["success"]
    inbox.status = 500
    become(home, a="rows-lost")
    assert len(ended(home)) == 2
    inbox.status = 200
    assert len(ended(home)) == 1
    assert len(inbox.take()) == 1
    assert SECRET not in str(capfd.readouterr()) + first + home.told.read_text()


@pytest.mark.parametrize(
    "address", [f"nothing-known://{SECRET}", SECRET, f"jsons://:{SECRET}@[zz/", f"mailtos://me:{SECRET}@"]
)
def test_an_address_that_is_none_is_said_by_its_place(
    home: Home, inbox: Inbox, address: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, f"{inbox.address} {address}")
    become(home, a="rows-lost")
    [said] = ended(home)
    assert said.startswith("Address 2 of CANCEROPOLE_NOTIFY is none that apprise knows")
    assert SECRET not in str(capfd.readouterr()) + said
    assert len(inbox.take()) == 1


def test_whoever_is_added_is_told_what_still_is(home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    become(home, a="rows-lost")
    assert ended(home) == []
    assert not home.told.exists(), "nobody was told"
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    ended(home)
    monkeypatch.setenv(notifying.ADDRESSES, f"{inbox.address} {inbox.address}/other")
    ended(home)
    assert len(inbox.take()) == 2
    monkeypatch.delenv(notifying.ADDRESSES)
    become(home)
    ended(home)
    assert read_json(home.told) != {}, "what people believe does not change while nobody is told"


@pytest.mark.parametrize("content", ["", "[]", '{"a": {"held": 1}}', '{"a": {"other": {}}}', "\x00"])
def test_a_memory_that_is_none_is_forgotten(
    home: Home, inbox: Inbox, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    become(home, a="rows-lost")
    home.told.write_text(content)
    ended(home)
    ended(home)
    assert len(inbox.take()) == 1
    assert list(read_json(home.told).values()) == [Health(held={"a": "rows-lost"}).model_dump()]


def test_the_memory_is_its_owner_s_alone(home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    before = os.umask(0)
    try:
        ended(home)
    finally:
        os.umask(before)
    assert stat.S_IMODE(home.told.stat().st_mode) == 0o600
    assert inbox.address not in home.told.read_text()


def test_a_memory_that_cannot_be_kept_is_said_and_harms_nothing(
    home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    monkeypatch.setenv("LC_ALL", "C")
    home.told.with_name(".told.json.partial").mkdir()
    become(home, a="rows-lost")
    failing(home.root.parent, RunFailedError("prefect", error="x"))
    assert "will be twice" in capfd.readouterr().err
    assert len(inbox.take()) == 1


def failing(out: Path, failure: Exception) -> None:
    """A run that ends in a failure."""
    with pytest.raises(type(failure)), monitoring.failures(Request(PORTAL, out=out)):
        raise failure


def test_wrong_use_and_a_busy_portal_are_not_its_health(
    home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    monkeypatch.setenv("CANCEROPOLE_HEARTBEAT", f"http://127.0.0.1:{inbox.port}/beat")
    failing(home.root.parent, WrongUseError("accept-why"))
    failing(home.root.parent, BusyError("busy", folder="x", lock="y"))
    assert (inbox.take(), inbox.asked) == ([], [])
    assert not home.told.exists()


def test_page_text_in_a_notice_is_inert_and_names_no_mailbox(
    home: Home, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    error = "jean.dupont@example.org \x1b[2J\u202e <b>" + "x" * 30_000
    failing(home.root.parent, RunFailedError("no-page", origin="o", source="s", answers=0, errors=error))
    [message] = inbox.take()
    assert "jean.dupont" not in message["message"]
    assert not {"\x1b", "\u202e"} & set(message["message"])
    assert len(message["message"]) < 25_000


@pytest.mark.parametrize("outcome", ["unchanged", "failed"])
def test_a_run_that_ended_leaves_a_sign_of_life(
    home: Home, inbox: Inbox, outcome: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run() -> None:
        request = Request(PORTAL, out=home.root.parent)
        if outcome == "failed":
            failing(request.out, RunFailedError("prefect", error="x"))
        else:
            monitoring.judged(request, {"outcome": outcome, "previous": "1.0.0", "version": None})

    monkeypatch.setenv("CANCEROPOLE_HEARTBEAT", f"http://127.0.0.1:{inbox.port}/ping/{{portal}}")
    run()
    assert inbox.asked == [f"/ping/{PORTAL}{'/fail' if outcome == 'failed' else ''}"]
    monkeypatch.setenv("CANCEROPOLE_HEARTBEAT", str(tmp_path / "life" / "{portal}.beat"))
    run()
    moment, *told = (tmp_path / "life" / f"{PORTAL}.beat").read_text().split()
    assert (len(moment), told) == (20, [PORTAL, outcome])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (f"http://portal.example/{SECRET}", "neither a file nor an https address"),
        (f"https://portal.example/?{SECRET}", "neither a file nor an https address"),
        (f"https://{SECRET}@portal.example/", "neither a file nor an https address"),
        (f"ftp://{SECRET}/", "neither a file nor an https address"),
        (f"https://127.0.0.1:{{closed}}/{SECRET}", "did not answer (ConnectionError)"),
        (f"https://{'x' * 70}.example/{SECRET}", "did not answer ("),
        (f"http://127.0.0.1:{{open}}/{SECRET}", "did not answer (500)"),
        (f"/dev/null/{SECRET}", "cannot be written ("),
    ],
)
def test_a_sign_that_cannot_be_left_is_said_and_harms_nothing(
    home: Home,
    inbox: Inbox,
    place: str,
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    inbox.status = 500
    given = place.replace("{closed}", str(closed_port())).replace("{open}", str(inbox.port))
    monkeypatch.setenv("CANCEROPOLE_HEARTBEAT", given)
    monkeypatch.setenv("LC_ALL", "C")
    monitoring.judged(
        Request(PORTAL, out=home.root.parent), {"outcome": "unchanged", "previous": None, "version": None}
    )
    said = str(capfd.readouterr())
    assert expected in said
    assert SECRET not in said


def test_an_e_mail_says_what_is_held_why_and_what_to_do(sample: Done, api: dict[str, str], tmp_path: Path) -> None:
    out = Path(shutil.copytree(sample.out, tmp_path / "outputs", symlinks=True))
    source = changed(archive_of(sample), tmp_path / "lost.warc.gz", LOST)
    box = Postbox()
    server = Controller(box, hostname="127.0.0.1", port=closed_port())
    server.start()
    try:
        address = f"mailto://127.0.0.1:{server.port}?from=canceropole@example.org&to=responsable@example.org"
        done = canceropole("refresh", "--from", source, out=out, env={**api, notifying.ADDRESSES: address})
        again = canceropole("refresh", "--from", source, out=out, env={**api, notifying.ADDRESSES: address})
    finally:
        server.stop()
    assert (done.status, again.status) == (3, 3)
    [letter] = box.letters
    assert letter["subject"] == f"{PORTAL} : retenu : {BANKS}, {HEADS} / held: {BANKS}, {HEADS}"
    assert "responsable@example.org" in letter["to"]
    part = letter.get_body(("plain", "html"))
    assert part is not None
    text = part.get_content()
    expected = [
        "tissutheque-beaujon",
        "Si ces lignes sont justes",
        "If these rows are right",
        f"canceropole accept {PORTAL} {BANKS}",
    ]
    assert [words for words in expected if words not in text] == []
    assert "example.org" not in done.stdout + done.stderr


def test_a_run_is_what_it_is_whether_or_not_anybody_hears_of_it(
    sample: Done, api: dict[str, str], inbox: Inbox, tmp_path: Path
) -> None:
    out, bad = tmp_path / "outputs", tmp_path / "bad.warc.gz"
    bad.write_bytes(b"<html></html>")
    dead = f"json://127.0.0.1:{closed_port()}/{SECRET}"
    env = {**api, notifying.ADDRESSES: dead, "CANCEROPOLE_HEARTBEAT": dead.replace("json", "http")}
    failed = canceropole("refresh", "--from", bad, out=out, env=env)
    assert (failed.status, failed.report["outcome"]) == (1, "failed")
    assert failed.stderr.count("CANCEROPOLE_") == 2
    source = f"{archive_of(sample)}"
    released = canceropole("refresh", "--from", source, out=out, env={**env, notifying.ADDRESSES: inbox.address})
    assert (released.status, released.report["version"]) == (0, "1.0.0")
    assert inbox.take() == []
    left = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file())
    assert SECRET.encode() not in left + (failed.stdout + failed.stderr + released.stderr).encode()


def test_a_broken_declaration_is_told_by_the_command_too(api: dict[str, str], inbox: Inbox, tmp_path: Path) -> None:
    (tmp_path / "schemas" / PORTAL).mkdir(parents=True)
    (tmp_path / "schemas" / PORTAL / "portal.yml").write_text("title: rien\n")
    env = {**api, notifying.ADDRESSES: inbox.address}
    for _ in range(2):
        arguments = ("refresh", PORTAL, "--schemas", tmp_path / "schemas")
        assert canceropole(*arguments, out=tmp_path / "outputs", env=env).status == 1
    [message] = inbox.take()
    assert "failed [declaration-broken]" in message["title"]
    assert f"{PORTAL}/portal.yml" in message["message"]


def test_a_run_killed_before_it_told_is_told_of_by_the_next(
    sample: Done, inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Path(shutil.copytree(sample.out, tmp_path / "outputs", symlinks=True))
    source = changed(archive_of(sample), tmp_path / "lost.warc.gz", LOST)
    monkeypatch.setenv(notifying.ADDRESSES, inbox.address)
    assert refresh(out, source)["outcome"] == "held"  # and ends there: nobody is told
    request = Request(PORTAL, out=out)
    monitoring.judged(request, refresh(out, source))
    monitoring.judged(request, refresh(out, source))
    assert [message["type"] for message in inbox.take()] == ["warning"]


def test_what_a_person_decides_is_told_at_once(sample: Done, api: dict[str, str], inbox: Inbox, tmp_path: Path) -> None:
    out = Path(shutil.copytree(sample.out, tmp_path / "outputs", symlinks=True))
    source = changed(archive_of(sample), tmp_path / "lost.warc.gz", LOST)
    env = {**api, notifying.ADDRESSES: inbox.address, "CANCEROPOLE_HEARTBEAT": f"http://127.0.0.1:{inbox.port}/beat"}
    assert canceropole("refresh", "--from", source, out=out, env=env).status == 3
    for name in (HEADS, BANKS):
        accepted = canceropole("accept", PORTAL, name, "--why", "fermée", "--by", "x", "--yes", out=out, env=env)
        assert accepted.status == 0, accepted.stderr
    assert [message["title"].partition(" / ")[2] for message in inbox.take()] == [
        f"held: {BANKS}, {HEADS}",
        f"held: {BANKS}",
        "all is well again",
    ]
    assert inbox.asked == ["/beat"], "a person who decides is no sign that the schedule lives"


def test_nothing_is_well_before_anything_was_told() -> None:
    assert WELL.well
    assert not Health(failure="prefect").well
    assert not Health(held={"a": "rows-lost"}).well
