"""The schedule on a real Prefect server: a portal that stays, changes, breaks, recovers; what one does to another."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from conftest import ROOT, canceropole
from cronsim import CronSim
from prefect.server.schemas.schedules import CronSchedule
from served_portal import BANKS, BANKS_PAGE, HEADS, PORTAL, ServedPortal
from test_flow import Prefect, prefect
from test_notifying import Inbox, inbox
from test_refresh import BEAUJON, api, versions

from pipeline.paths import Home

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["api", "inbox", "prefect"]  # fixtures

EARLIEST = "EXPECTED_START_TIME_ASC"
PATIENCE = 240  # polls, half a second apart
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


class Scheduler:
    """`canceropole schedule` in a process of its own, against the tests' Prefect server."""

    def __init__(self, prefect: Prefect, out: Path, schemas: Path, **env: str) -> None:
        self.prefect, self.out = prefect, out
        given = {**os.environ, **prefect.env, "NO_PROXY": "*", "LANG": "C", "PREFECT_RUNNER_POLL_FREQUENCY": "1", **env}
        self.log = out.parent / "schedule.log"
        self._file = self.log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "schedule", "--out", str(out), "--schemas", str(schemas)],
            stdout=self._file,
            stderr=subprocess.STDOUT,
            env=given,
            cwd=ROOT,
        )

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def deployments(self, *names: str) -> dict[str, dict[str, Any]]:
        """The deployments by name, once the scheduler serves these."""
        for _ in range(PATIENCE):
            found = {item["name"]: item for item in self.prefect.all("deployments") if not item["paused"]}
            if set(names) <= found.keys() and all(f"{name}: " in self.said for name in names):
                return found
            assert self.process.poll() is None, self.said
            time.sleep(0.5)  # between two looks: the API tells nobody
        pytest.fail(f"no deployments {names} but {list(found)}: {self.said}")

    def period(self, name: str = PORTAL) -> str:
        """A period comes: its run, planned for now."""
        deployment = self.deployments(name)[name]
        return str(self.prefect.post(f"/deployments/{deployment['id']}/create_flow_run", {})["id"])

    def ended(self, run: str) -> dict[str, Any]:
        """A run, once it has ended."""
        for _ in range(PATIENCE):
            found: dict[str, Any] = self.prefect.read(f"/flow_runs/{run}")
            if found["state_type"] in ENDED:
                return found
            assert self.process.poll() is None, self.said
            time.sleep(0.5)
        pytest.fail(f"run {run} is still {found['state_name']}: {self.said}")

    def state(self, name: str = PORTAL) -> str:
        """What became of a period."""
        return str(self.ended(self.period(name))["state_name"])

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait()
        self._file.close()
        return code


@contextmanager
def scheduling(prefect: Prefect, out: Path, schemas: Path, **env: str) -> Iterator[Scheduler]:
    scheduler = Scheduler(prefect, out, schemas, **env)
    try:
        yield scheduler
    finally:
        if scheduler.process.poll() is None:
            scheduler.stop()
    assert "Traceback" not in scheduler.said


@pytest.fixture
def portal() -> Iterator[ServedPortal]:
    with ServedPortal() as served:
        yield served


def test_periods_release_what_changed_and_tell_once_of_each_break_and_recovery(
    prefect: Prefect, portal: ServedPortal, inbox: Inbox, tmp_path: Path
) -> None:
    out, beat = tmp_path / "outputs", tmp_path / "beat"
    env = {"CANCEROPOLE_NOTIFY": inbox.address, "CANCEROPOLE_HEARTBEAT": f"{beat}-{{portal}}"}
    with scheduling(prefect, out, portal.declarations(tmp_path / "schemas"), **env) as scheduler:
        seen = []

        def period() -> None:
            state = scheduler.state()
            told = [message["title"].split(" / ")[1] for message in inbox.take()]
            seen.append((state, versions(out)[-1], told))

        period()
        period()  # stays
        portal.edit("AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy")
        period()
        whole = portal.pages[BANKS_PAGE]
        portal.edit(BEAUJON.replace("AP-HP Hôpital Beaujon", "Hôpital Beaujon, Clichy"), "")
        period()  # breaks
        period()  # still
        artifact = prefect.read(f"/artifacts/held-{PORTAL}/latest")["data"]
        portal.pages[BANKS_PAGE] = whole
        period()  # recovers
        portal.go()
        period()  # away
        period()
        portal.come()
        period()
    held = f"held: {BANKS}, {HEADS}"
    assert seen == [
        ("Completed", "1.0.0", []),
        ("Completed", "1.0.0", []),
        ("Completed", "1.0.1", []),
        ("Held", "1.0.1", [held]),
        ("Held", "1.0.1", []),
        ("Completed", "1.0.1", ["all is well again"]),
        ("Failed", "1.0.1", ["failed [crawl-failed]"]),
        ("Failed", "1.0.1", []),
        ("Completed", "1.0.1", ["all is well again"]),
    ]
    assert (tmp_path / f"beat-{PORTAL}").read_text().split()[1:] == [PORTAL, "unchanged"]
    assert BANKS in artifact.replace("\\", "")


def test_the_server_plans_every_period_of_the_declared_schedule(
    prefect: Prefect, portal: ServedPortal, tmp_path: Path
) -> None:
    with scheduling(prefect, tmp_path / "outputs", portal.declarations(tmp_path / "schemas")) as scheduler:
        deployment = scheduler.deployments(PORTAL)[PORTAL]
        for _ in range(PATIENCE):
            mine, waiting = {"id": {"any_": [deployment["id"]]}}, {"state": {"type": {"any_": ["SCHEDULED"]}}}
            planned = prefect.all("flow_runs", deployments=mine, flow_runs=waiting, sort=EARLIEST)
            if planned:
                break
            time.sleep(0.5)
    zone = ZoneInfo(deployment["schedules"][0]["schedule"]["timezone"])
    first = dt.datetime.fromisoformat(planned[0]["expected_start_time"])
    assert first.astimezone(zone) == next(CronSim("30 4 * * 1", dt.datetime.now(zone)))


def test_a_period_that_comes_while_the_one_before_goes_on_is_cancelled(
    prefect: Prefect, portal: ServedPortal, tmp_path: Path
) -> None:
    out = tmp_path / "outputs"
    with scheduling(prefect, out, portal.declarations(tmp_path / "schemas")) as scheduler:
        scheduler.deployments(PORTAL)
        portal.open.clear()
        first = scheduler.period()
        assert portal.asked.wait(120)
        assert scheduler.state() == "Cancelled"
        portal.open.set()
        assert scheduler.ended(first)["state_name"] == "Completed"
        assert scheduler.state() == "Completed", "the next is run"
    assert versions(out) == ["1.0.0"]
    assert len(list(Home(out / PORTAL).runs.iterdir())) == 2


def test_a_scheduler_that_is_stopped_ends_its_run_and_the_next_one_cleans_up(
    prefect: Prefect, portal: ServedPortal, tmp_path: Path
) -> None:
    out, schemas = tmp_path / "outputs", portal.declarations(tmp_path / "schemas")
    with scheduling(prefect, out, schemas) as scheduler:
        scheduler.deployments(PORTAL)
        portal.open.clear()
        run = scheduler.period()
        assert portal.asked.wait(120)
        assert scheduler.stop() == 0
        assert prefect.read(f"/flow_runs/{run}")["state_name"] == "Cancelled"
        deployment = prefect.read(f"/deployments/name/refresh/{PORTAL}")["id"]
        missed = prefect.post(f"/deployments/{deployment}/create_flow_run", {})["id"]
        portal.open.set()
    assert Home(out / PORTAL).version() is None
    with scheduling(prefect, out, schemas) as scheduler:
        assert scheduler.ended(missed)["state_name"] == "Completed", "what was missed is run, once"
    assert versions(out) == ["1.0.0"]


def test_a_broken_declaration_is_said_and_the_other_portals_are_served(
    prefect: Prefect, portal: ServedPortal, inbox: Inbox, tmp_path: Path
) -> None:
    schemas = portal.declarations(tmp_path / "schemas")
    for name, file, before, after in (
        ("of-a-dataset", f"{BANKS}.yml", "key: [", "clef: ["),
        ("of-the-portal", "portal.yml", "schedule: ", "horaire: "),
    ):
        shutil.copytree(schemas / PORTAL, schemas / name)
        text = (schemas / name / file).read_text(encoding="utf-8")
        (schemas / name / file).write_text(text.replace(before, after), encoding="utf-8")
    broken, out = schemas / "of-a-dataset" / f"{BANKS}.yml", tmp_path / "outputs"
    with scheduling(prefect, out, schemas, CANCEROPOLE_NOTIFY=inbox.address) as scheduler:
        served = scheduler.deployments(PORTAL, "of-a-dataset")
        assert "of-the-portal" not in served
        for place in (f"of-a-dataset/{BANKS}.yml:clef", "of-the-portal/portal.yml:horaire"):
            assert place in scheduler.said
        titles = sorted(message["title"].partition(" / ")[0] for message in inbox.take())
        assert titles == [f"{name} : échec [declaration-broken]" for name in ("of-a-dataset", "of-the-portal")]
        assert scheduler.state("of-a-dataset") == "Failed"
        assert scheduler.state() == "Completed"
        assert inbox.take() == [], "what was told is not told again"
        shutil.copy(schemas / PORTAL / broken.name, broken)
        assert scheduler.state("of-a-dataset") == "Completed", "declarations are read anew"
    [message] = inbox.take()
    assert message["title"] == "of-a-dataset : tout va bien de nouveau / all is well again"
    assert versions(out) == ["1.0.0"]


def test_where_no_portal_can_be_read_nothing_is_scheduled(prefect: Prefect, tmp_path: Path) -> None:
    (tmp_path / "schemas").mkdir()
    done = canceropole("schedule", "--schemas", tmp_path / "schemas", out=tmp_path / "outputs", env=prefect.env)
    assert done.status == 1
    assert str(tmp_path / "schemas") in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scheduler_whose_server_is_lost_ends_and_says_so(
    prefect: Prefect, portal: ServedPortal, tmp_path: Path
) -> None:
    schemas, log = portal.declarations(tmp_path / "schemas"), tmp_path / "schedule.log"
    env = {**os.environ, **prefect.env, "NO_PROXY": "*", "LANG": "C"}
    del env["PREFECT_API_URL"]  # it brings its own
    arguments = ["--out", str(tmp_path / "outputs"), "--schemas", str(schemas)]
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "schedule", *arguments], stdout=file, stderr=file, env=env, cwd=ROOT
        ) as process,
    ):
        while f"{PORTAL}: " not in log.read_text() and process.poll() is None:
            time.sleep(0.5)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        [server] = [pid for pid in children if b"pipeline.prefect_api" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(int(server), signal.SIGKILL)
        assert process.wait() == 1
    assert "Prefect's API did not start, or ended: exit status -9" in log.read_text()


@pytest.mark.parametrize(
    ("cron", "day", "expected"),
    [
        # The clocks go from 2 to 3 on 29 March 2026, and from 3 to 2 on 25 October.
        ("30 4 * * *", "2026-03-28", ["28T04:30+01", "29T04:30+02", "30T04:30+02"]),
        ("30 4 * * *", "2026-10-24", ["24T04:30+02", "25T04:30+01", "26T04:30+01"]),
        ("30 2 * * *", "2026-03-28", ["28T02:30+01", "29T01:30+01", "30T02:30+02"]),
        ("30 2 * * *", "2026-10-24", ["24T02:30+02", "25T02:30+02", "26T02:30+01"]),
        ("0 2-3 * * *", "2026-03-29", ["29T01:00+01", "29T03:00+02", "30T02:00+02"]),
        ("0 2-3 * * *", "2026-10-25", ["25T02:00+02", "25T03:00+01", "26T02:00+01"]),
    ],
)
def test_a_clock_change_neither_loses_nor_doubles_a_day_s_period(cron: str, day: str, expected: list[str]) -> None:
    start = dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Paris"))
    planned = asyncio.run(CronSchedule(cron=cron, timezone="Europe/Paris").get_dates(3, start=start))
    assert [moment.isoformat()[8:16] + moment.isoformat()[19:22] for moment in planned] == expected
