"""What a run leaves on the disk: nothing that everybody may change, runs for their owner alone, no secret anywhere."""

from __future__ import annotations

import gzip
import os
import stat
from typing import TYPE_CHECKING

import pytest
from conftest import Done, canceropole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORTAL, SECRET = "canceropole-idf", "s3cr3t-0f-th3-3nv1r0nm3nt"
SECRETS = {
    "PREFECT_API_KEY": SECRET,
    "DATAGOUV_TOKEN": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "PASSWORD": SECRET,
    "HTTPS_PROXY": f"http://user:{SECRET}@127.0.0.1:9",
}


@pytest.fixture
def everybody() -> Iterator[None]:
    """The umask that keeps nothing from anybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """A refresh that crawls, with secrets around it and no umask."""
    before = os.umask(0)
    try:
        out = tmp_path_factory.mktemp("private") / "outputs"
        only = ("--only", "missions_canceropoles")
        return canceropole("refresh", PORTAL, "--from", "sample", *only, out=out, env=SECRETS)
    finally:
        os.umask(before)


def test_whatever_the_umask_nothing_may_be_changed_by_everybody(run: Done) -> None:
    assert run.status == 0, run.stderr
    left = [path for path in (run.out, *run.out.rglob("*")) if not path.is_symlink()]
    assert len(left) > 60
    assert [path for path in left if mode(path) & stat.S_IWOTH] == []


def test_runs_are_their_owner_s_alone(run: Done) -> None:
    for path in (run.home / "runs", *(run.home / "runs").iterdir()):
        assert mode(path) == 0o700


@pytest.mark.usefixtures("everybody")
def test_the_run_that_could_not_begin_is_private_too(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    (schemas / PORTAL).mkdir(parents=True)
    (schemas / PORTAL / "portal.yml").write_text("title: rien\n")
    failed = canceropole("refresh", PORTAL, "--schemas", schemas, out=tmp_path / "outputs")
    assert failed.status == 1
    [told] = (failed.home / "runs").iterdir()
    assert (told / "report.json").is_file()
    assert [mode(path) for path in (failed.home / "runs", told)] == [0o700, 0o700]


def test_no_secret_of_the_environment_is_written_or_said(run: Done) -> None:
    files = [path for path in run.out.rglob("*") if path.is_file()]
    contents = {path: path.read_bytes() for path in files}
    contents |= {path: gzip.decompress(raw) for path, raw in contents.items() if path.suffix == ".gz"}
    assert any(path.name == "job.json" for path in contents)
    assert any(path.name == "crawl.log" for path in contents)
    assert [path for path, raw in contents.items() if SECRET.encode() in raw] == []
    assert SECRET not in run.stdout + run.stderr
