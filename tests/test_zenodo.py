"""A release with a DOI: one concept, a version a release, whatever the command is stopped by."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import ROOT, Done, opened, resealed
from test_publish import publish
from test_refresh import CORRECTED, PORTAL, archive_of, changed, out, refresh
from zenodo_server import LIST, TOKEN, Killer, Zenodo

from pipeline import deposit
from pipeline.paths import Home, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["out"]  # a fixture


@pytest.fixture
def zenodo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zenodo]:
    yield from opened(Zenodo(), monkeypatch, "ZENODO_TOKEN", TOKEN)


@pytest.fixture(scope="module")
def released(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs whose current release is 1.0.0. Tests only read it."""
    copy = tmp_path_factory.mktemp("first") / "outputs"
    return Path(shutil.copytree(few.out, copy, symlinks=True))


@pytest.fixture(scope="module")
def next_out(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs whose current release is 1.0.1. Tests only read it."""
    made = Path(shutil.copytree(few.out, tmp_path_factory.mktemp("next") / "outputs", symlinks=True))
    refresh(made, changed(archive_of(few), made.parent / "a.warc.gz", CORRECTED))
    return made


def versions(zenodo: Zenodo) -> list[tuple[str, bool]]:
    return [(one.metadata["version"], one.submitted) for one in zenodo.depositions.values()]


def whole(files: dict[str, bytes], release: Path) -> bool:
    """Whether a deposit has the release: the files at its top, and those in its folders in the zip."""
    top = {path.name: path.read_bytes() for path in release.iterdir() if path.is_file()}
    with zipfile.ZipFile(BytesIO(files[f"{PORTAL}.zip"])) as zipped:
        inside = {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}
    every = {path.relative_to(release).as_posix(): path.read_bytes() for path in release.rglob("*/*") if path.is_file()}
    return inside.items() >= every.items() and len(every) > 40 and files == top


def erase(out: Path) -> None:
    """As an erasure leaves a release: files and their digests are others, the version is not."""
    release = Home(out / PORTAL).release("1.0.0")
    (release / "README.md").write_text("Une ligne a été retirée.\n", encoding="utf-8")
    resealed(release)


def test_a_release_becomes_a_published_deposit(released: Path, zenodo: Zenodo) -> None:
    assert publish(released, zenodo.target) == 0
    [one] = zenodo.published
    assert versions(zenodo) == [("1.0.0", True)]
    assert whole(one.files, released / PORTAL / "latest")
    assert zenodo.changes[-1][1].endswith("/publish")
    package = read_json(released / PORTAL / "latest" / "datapackage.json")
    said = one.metadata
    assert (said["title"], said["publication_date"]) == (package["title"], package["created"][:10])
    assert (said["upload_type"], said["access_right"], said["license"]) == ("dataset", "open", "etalab-2.0")
    assert (said["language"], said["keywords"]) == ("fra", package["keywords"])
    assert said["creators"] == [{"name": "Cancéropôle Île-de-France"}]
    assert "Licence à confirmer" in said["notes"]
    assert "Reconstitution" in said["notes"]
    assert package["description_en"].split(":")[0] in said["description"]


def test_a_second_time_nothing_is_done(released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish(released, zenodo.target) == 0
    done = len(zenodo.changes)
    assert publish(released, zenodo.target) == 0
    assert len(zenodo.changes) == done
    assert "0 mise(s) en place, 0 retrait(s)" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.parametrize("answering", ["as documented", "as served"])
def test_the_next_release_is_a_version_of_the_same_concept(
    released: Path, next_out: Path, zenodo: Zenodo, answering: str
) -> None:
    zenodo.documented = answering == "as documented"
    assert publish(released, zenodo.target) == 0
    [first] = zenodo.published
    first.put("plus-publié.txt", b"only the version before has it")
    before, done = dict(first.files), len(zenodo.changes)
    assert publish(next_out, zenodo.target) == 0
    assert versions(zenodo) == [("1.0.0", True), ("1.0.1", True)]
    second = zenodo.published[1]
    assert second.concept == first.concept
    assert whole(second.files, next_out / PORTAL / "latest")
    assert first.files == before
    put = {path.rpartition("/")[2] for method, path in zenodo.changes[done:] if "/api/files/" in path}
    assert put == {name for name, content in second.files.items() if before.get(name) != content}
    assert len([path for method, path in zenodo.changes[done:] if method == "DELETE"]) == 1
    assert second.metadata["publication_date"] > first.metadata["publication_date"]


KILLS: list[tuple[str, str, int | str]] = [
    *(("first", "as served", when) for when in (1, 2, 9, "/publish")),
    *(("next", "as served", when) for when in (1, 2, 9, "/publish")),
    *(("next", "as documented", when) for when in (1, 9)),
]


@pytest.mark.parametrize(("which", "answering", "when"), KILLS)
def test_killed_in_the_middle_it_goes_on_with_the_same_draft(
    released: Path, next_out: Path, zenodo: Zenodo, which: str, answering: str, when: int | str
) -> None:
    zenodo.documented = answering == "as documented"
    if which == "next":
        assert publish(released, zenodo.target) == 0
    outputs = released if which == "first" else next_out
    zenodo.done = killer = Killer(when)
    command = [sys.executable, "-m", "pipeline.cli", "publish", PORTAL, zenodo.target, "--out", str(outputs)]
    with subprocess.Popen(
        [*command, "--sample", "--unconfirmed-licence"],
        cwd=ROOT,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        killer.aim(process.pid)
        said = process.communicate()[0].decode()
    assert process.returncode == -signal.SIGKILL, said
    zenodo.done = lambda _method, _path: None
    published = len(zenodo.published)
    assert published == (which == "next") + (when == "/publish")
    assert publish(outputs, zenodo.target) == 0
    assert [told for told in versions(zenodo) if told[0] == ("1.0.0" if which == "first" else "1.0.1")]
    assert [submitted for _, submitted in versions(zenodo)] == [True] * (1 if which == "first" else 2)
    assert len({one.concept for one in zenodo.depositions.values()}) == 1
    assert whole(zenodo.published[-1].files, outputs / PORTAL / "latest")


REFUSALS = [
    ("POST", LIST, 403, b'{"status": 403, "message": "Permission denied."}'),
    ("PUT", f"/{PORTAL}.duckdb", 400, b'{"status": 400, "message": "Quota exceeded."}'),
    ("PUT", LIST, 409, b'{"status": 409, "message": "Please wait 5 minutes."}'),
    ("POST", "/publish", 400, b'{"status": 400, "message": "A validation error occurred.", "errors": []}'),
    ("POST", "/publish", 500, b"<html>Internal Server Error</html>"),
    ("POST", "/publish", 202, b'{"submitted": false}'),
    ("POST", "/publish", 202, b""),
    ("PUT", "/README.md", 201, b'{"checksum": "md5:d41d8cd98f00b204e9800998ecf8427e"}'),
    ("POST", LIST, 201, b"[]"),
]


@pytest.mark.parametrize(("method", "where", "status", "body"), REFUSALS)
def test_refused_it_says_so_and_goes_on_when_run_again(
    released: Path,
    zenodo: Zenodo,
    capsys: pytest.CaptureFixture[str],
    method: str,
    where: str,
    status: int,
    body: bytes,
) -> None:
    def refusing(asked: str, path: str) -> tuple[int, bytes] | None:
        return (status, body) if asked == method and where in path else None

    zenodo.refusing = refusing
    assert publish(released, zenodo.target) == 1
    told = capsys.readouterr().err
    assert f"{PORTAL} 1.0.0" in told
    assert (json.loads(body).get("message", "") if body.startswith(b'{"status') else "") in told
    assert TOKEN not in told
    assert not zenodo.published
    zenodo.refusing = lambda _method, _path: None
    assert publish(released, zenodo.target) == 0
    assert versions(zenodo) == [("1.0.0", True)]
    assert whole(zenodo.published[0].files, released / PORTAL / "latest")


@pytest.mark.parametrize("token", ["", "  ", "deux mots", "jeton\nX-Autre: oui", "jeton-à-moi"])
def test_without_a_token_nothing_is_asked(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("ZENODO_TOKEN", token)
    assert publish(released, zenodo.target) == 2
    told = capsys.readouterr().err
    assert "ZENODO_TOKEN" in told
    assert not token.strip() or token not in told
    assert zenodo.asked == []


def test_a_token_of_somebody_else_is_refused(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENODO_TOKEN", "un-autre-jeton")
    assert publish(released, zenodo.target) == 1
    told = capsys.readouterr().err
    assert ("Permission denied" in told, "un-autre-jeton" in told) == (True, False)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    released: Path, next_out: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(released, zenodo.target, dry_run=True) == 0
    assert f"{PORTAL} 1.0.0: {PORTAL}.duckdb" in capsys.readouterr().out
    assert zenodo.changes == []
    assert publish(released, zenodo.target) == 0
    zenodo.published[0].put("plus-publié.txt", b"")
    done = len(zenodo.changes)
    capsys.readouterr()
    assert publish(next_out, zenodo.target, dry_run=True) == 0
    told = capsys.readouterr().out
    assert re.search(r"à retirer : .*1\.0\.1: plus-publié\.txt", told)
    assert "1.0.1: README.md" in told
    assert told.splitlines()[-2].endswith("1.0.1: publish")
    assert len(zenodo.changes) == done


@pytest.mark.parametrize(("option", "said"), [("sample", "--sample"), ("unconfirmed", "--unconfirmed-licence")])
def test_a_sample_or_an_unconfirmed_licence_stays_at_home(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str], option: str, said: str
) -> None:
    assert publish(released, zenodo.target, **{option: False}) == 2
    assert said in capsys.readouterr().err
    assert zenodo.asked == []


@pytest.mark.parametrize(("version", "said"), [("1.10.0", "1.10.0"), ("deux", "deux"), (None, "version")])
def test_a_deposit_that_is_ahead_or_says_no_version_is_left_alone(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str], version: str | None, said: str
) -> None:
    assert publish(released, zenodo.target) == 0
    zenodo.published[0].metadata["version"] = version
    done = len(zenodo.changes)
    assert publish(released, zenodo.target) == 1
    assert said in capsys.readouterr().err
    assert len(zenodo.changes) == done


def test_what_was_erased_from_leaves_the_concepts_latest_version(out: Path, zenodo: Zenodo) -> None:
    """The version that has it cannot be changed: another of the same number stands in its place."""
    assert publish(out, zenodo.target) == 0
    erase(out)
    assert publish(out, zenodo.target) == 0
    assert versions(zenodo) == [("1.0.0", True)] * 2
    first, second = zenodo.published
    assert (first.concept, whole(second.files, out / PORTAL / "latest")) == (second.concept, True)
    done = len(zenodo.changes)
    assert publish(out, zenodo.target) == 0
    assert len(zenodo.changes) == done


OTHERS: list[dict[str, Any]] = [
    {},
    {"title": "Autre"},
    {"related_identifiers": None},
    {"related_identifiers": ["x", {}, {"relation": "isAlternateIdentifier", "identifier": None}]},
    {"related_identifiers": [{"relation": "isAlternateIdentifier", "identifier": "urn:uuid:0"}]},
]


@pytest.mark.parametrize("page", [100, 7])
def test_our_deposit_is_found_among_many_and_the_others_are_left_alone(
    released: Path, next_out: Path, zenodo: Zenodo, page: int
) -> None:
    zenodo.page = page
    assert publish(released, zenodo.target) == 0
    [first] = zenodo.published
    for number in range(230):
        zenodo.add(dict(OTHERS[number % len(OTHERS)]), submitted=bool(number % 2))
    others = {number: one for number, one in zenodo.depositions.items() if one is not first}
    assert publish(next_out, zenodo.target) == 0
    assert {one.metadata["version"] for one in zenodo.depositions.values() if one.concept == first.concept} == {
        "1.0.0",
        "1.0.1",
    }
    assert all(not one.files for one in others.values())


def test_what_is_published_is_seen_before_the_list_says_so(released: Path, zenodo: Zenodo) -> None:
    """Zenodo's list is an index, written a moment after."""
    assert publish(released, zenodo.target) == 0
    [one] = zenodo.published
    zenodo.late = {one.id: {**zenodo.described(one), "submitted": False, "state": "unsubmitted"}}
    done = len(zenodo.changes)
    assert publish(released, zenodo.target) == 0
    assert len(zenodo.changes) == done


def test_a_draft_the_list_does_not_have_yet_is_not_doubled(
    released: Path, next_out: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(released, zenodo.target) == 0
    zenodo.refusing = lambda _method, path: (500, b"") if path.endswith("/README.md") else None
    assert publish(next_out, zenodo.target) == 1
    zenodo.refusing = lambda _method, _path: None
    zenodo.late = {max(zenodo.depositions): None}
    assert publish(next_out, zenodo.target) == 1
    assert "Please remove all files first" in capsys.readouterr().err
    zenodo.late = {}
    assert publish(next_out, zenodo.target) == 0
    assert versions(zenodo) == [("1.0.0", True), ("1.0.1", True)]


def test_two_records_that_say_they_are_ours_are_for_a_person_to_part(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish(released, zenodo.target) == 0
    other = zenodo.add(dict(zenodo.published[0].metadata))
    done = len(zenodo.changes)
    assert publish(released, zenodo.target) == 1
    assert str(other.id) in capsys.readouterr().err
    assert len(zenodo.changes) == done


def ours(package: dict[str, Any], **said: object) -> dict[str, Any]:
    named = [{"relation": "isAlternateIdentifier", "identifier": deposit.name(package)}]
    return {"id": 1, "conceptrecid": "0", "metadata": {"related_identifiers": named}, **said}


@pytest.mark.parametrize(
    "listed", [b"", b"{}", b"[1]", b'"x"', b"\xff", b"[" * 5000, b"no JSON", "no id", "no concept", "id is a path"]
)
def test_a_list_that_is_none_stops_it(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str], listed: bytes | str
) -> None:
    package = read_json(released / PORTAL / "latest" / "datapackage.json")
    told = {
        "no id": [ours(package, id=None)],
        "no concept": [ours(package, conceptrecid=None)],
        "id is a path": [ours(package, id="../../x")],
    }
    body = listed if isinstance(listed, bytes) else json.dumps(told[listed]).encode()
    zenodo.refusing = lambda _method, path: (200, body) if path == LIST else None
    assert publish(released, zenodo.target) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert zenodo.changes == []


@pytest.mark.parametrize(
    "edit",
    [
        {"links": {}},
        {"links": {"bucket": None}},
        {"links": {"bucket": "https://example.org/api/files/.."}},
        {"metadata": None},
        {"files": None},
        {"files": [{"filename": "a", "id": "../x", "checksum": "0"}]},
        {"files": [{"filename": "a"}]},
        {"submitted": ...},
    ],
)
def test_a_draft_that_is_none_stops_it(released: Path, zenodo: Zenodo, edit: dict[str, Any]) -> None:
    draft = zenodo.add(ours(read_json(released / PORTAL / "latest" / "datapackage.json"))["metadata"])
    body = {**zenodo.described(draft), **edit}
    told = json.dumps({name: value for name, value in body.items() if value is not ...}).encode()
    zenodo.refusing = lambda _method, path: (200, told) if path == f"{LIST}/{draft.id}" else None
    assert publish(released, zenodo.target) == 1
    assert zenodo.changes == []


def test_a_list_without_end_is_left(released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str]) -> None:
    zenodo.refusing = lambda _method, path: (200, f'[{{"id": {len(zenodo.asked)}}}]'.encode()) if path == LIST else None
    assert publish(released, zenodo.target) == 1
    assert "pages" in capsys.readouterr().err


def test_the_token_goes_to_no_address_that_is_answered(released: Path, zenodo: Zenodo) -> None:
    other = Zenodo()
    described = zenodo.described

    def elsewhere(one: Any) -> dict[str, Any]:
        told = json.dumps(described(one)).replace(zenodo.base, other.base)
        return json.loads(told)  # type: ignore[no-any-return]

    zenodo.described = elsewhere  # type: ignore[method-assign]
    assert publish(released, zenodo.target) == 0
    other.stop()
    assert other.asked == []
    assert versions(zenodo) == [("1.0.0", True)]


@pytest.mark.parametrize(
    "target",
    [
        "zenodo+http://zenodo.example.org",
        "zenodo+ftp://127.0.0.1",
        "zenodo+https://moi:secret@zenodo.org",
        "zenodo://zenodo.org",
        "zenodo+https:///x",
    ],
)
def test_a_token_is_not_sent_in_the_clear(
    released: Path, zenodo: Zenodo, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    assert publish(released, target) == 2
    assert "zenodo+https://" in capsys.readouterr().err
    assert zenodo.asked == []


def test_what_is_said_is_text_and_names_the_portal_and_the_release(few: Done) -> None:
    package = read_json(few.latest / "datapackage.json")
    said = deposit.metadata(
        package
        | {"description": "A <script>alert(1)</script>\n\n& B", "base_url": "https://data.example.org"}
        | {"reconstitution": False, "sources": [{"title": "Portail", "path": "https://portail.example.org/"}]}
    )
    assert said["description"].startswith("<p>A &lt;script&gt;alert(1)&lt;/script&gt;</p><p>&amp; B</p>")
    assert set(re.findall(r"<[^>]*>", said["description"] + said["notes"])) == {"<p>", "</p>"}
    assert {(one["relation"], one["identifier"]) for one in said["related_identifiers"][1:]} == {
        ("isDerivedFrom", "https://portail.example.org/"),
        ("isIdenticalTo", f"https://data.example.org/{PORTAL}/releases/1.0.0/"),
    }
    assert "https://data.example.org/canceropole-idf/releases/1.0.0/CHANGELOG.md" in said["description"]
    assert "Reconstitution" not in said["notes"]


def test_a_deposit_is_known_wherever_it_is_served_and_a_reconstruction_is_another(few: Done) -> None:
    package = read_json(few.latest / "datapackage.json")
    moved = package | {"base_url": "https://data.example.org", "version": "7.0.0"}
    real = package | {"reconstitution": False}
    assert deposit.name(moved) == deposit.name(package) != deposit.name(real)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", deposit.name(real))
