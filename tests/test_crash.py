"""Some of `make crash` (docs/crash.md): a run killed, a run without room on the disk, two at once."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import few_declarations
from crash import cases, commands, instants
from crash.cases import Scenario
from crash.rest import digests, inconsistent, unrepaired
from test_refresh import PORTAL

from pipeline.paths import Home

if TYPE_CHECKING:
    from conftest import Done


@pytest.fixture(scope="module")
def second(few: Done, tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """A refresh of a few datasets from a portal where one cell was corrected."""
    folder = tmp_path_factory.mktemp("second")
    source = cases.changed_portal(few.out, folder / "changed.warc.gz")
    draft = Scenario("second", few.out, source, "1.0.0", "1.0.1", {}, 0, few_declarations())
    out = draft.outputs(folder)
    made = instants.calls(out, source, folder / "told", few_declarations())
    (folder / "calls.json").write_text(json.dumps(made))
    return replace(draft, data=digests(Home(out / PORTAL).release("1.0.1")))


def number(second: Scenario, call: str) -> int:
    """The place of a call among those of an undisturbed run."""
    made = json.loads((Path(str(second.source)).parent / "calls.json").read_text())
    return int(made.index(call))


@pytest.mark.parametrize("call", ["rename releases/1.0.1", "fsync ."])
def test_a_run_killed_at_the_switch_leaves_one_release_or_the_other_and_the_next_repairs(
    second: Scenario, tmp_path: Path, call: str
) -> None:
    row = cases.disturbed(second, number(second, call), call, "kill", tmp_path / "case")
    assert row.wrong == []
    assert row.latest == ("1.0.1" if call == "fsync ." else "1.0.0")


@pytest.mark.parametrize("call", ["replace ../site", "rmdir ../.sites/1"])
def test_a_run_killed_at_the_switch_of_the_site_leaves_one_site_or_the_other_and_the_next_repairs(
    second: Scenario, tmp_path: Path, call: str
) -> None:
    row = cases.disturbed(second, number(second, call), call, "kill", tmp_path / "case")
    assert (row.latest, row.wrong) == ("1.0.1", [])


@pytest.mark.parametrize(
    ("call", "latest"),
    [("symlink .latest", "1.0.0"), ("fsync .status.json.partial", "1.0.1"), ("symlink ../.site.link", "1.0.1")],
)
def test_a_full_disk_is_told_as_it_is_before_and_after_the_switch(
    second: Scenario, tmp_path: Path, call: str, latest: str
) -> None:
    row = cases.disturbed(second, number(second, call), call, "full", tmp_path / "case")
    assert (row.latest, row.wrong) == (latest, [])


def test_the_command_killed_alone_leaves_no_crawl_behind(tmp_path: Path, commands_api: dict[str, str]) -> None:
    out = tmp_path / "outputs"
    command = commands.start(out, "sample", {**commands_api, "LC_ALL": "C"}, "--delay", "30")  # else it ends by itself
    while not list(out.glob(f"{PORTAL}/runs/*/.portal.warc.gz.part")):
        assert command.process.poll() is None, command.said.read_text()
        time.sleep(0.02)  # between two looks
    command.kill(group=False)
    assert command.process.returncode == -signal.SIGKILL
    assert command.left() == []
    assert inconsistent(Home(out / PORTAL), None, "1.0.0") == []


def test_of_two_commands_at_once_one_works_and_the_other_stops(
    second: Scenario, tmp_path: Path, commands_api: dict[str, str]
) -> None:
    assert cases.together(second, 2, tmp_path / "case", commands_api).wrong == []


def test_the_crash_suite_sees_what_is_wrong(few: Done, second: Scenario, tmp_path: Path) -> None:
    home = Home(second.outputs(tmp_path) / PORTAL)
    assert inconsistent(home, "1.0.0", "1.0.1") == []
    assert unrepaired(home, None, "1.0.0", digests(few.latest)) == []
    assert unrepaired(home, None, "1.0.0", {"axes_recherche.csv": "0" * 64})
    (home.latest / "data" / "axes_recherche.csv").write_text("")
    (home.releases / "1.0.1" / "data").mkdir(parents=True)
    home.status.write_text("{")
    (home.root / ".latest").symlink_to("releases/1.0.1")
    found = "\n".join(unrepaired(home, None, "1.0.0", {}))
    for fault in ("axes_recherche.csv is not what it was", "1.0.1 has no SHA256SUMS", "status.json: ", "left: .latest"):
        assert fault in found
    home.latest.unlink()
    assert "latest is gone" in inconsistent(home, "1.0.0", "1.0.1")
    home.latest.symlink_to("releases/9.9.9")
    assert "latest is releases/9.9.9, not 1.0.0 or 1.0.1" in inconsistent(home, "1.0.0", "1.0.1")
