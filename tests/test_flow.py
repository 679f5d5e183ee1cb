"""The flow on a real Prefect server: its runs, tasks and artifact, and the deployments on schedule."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Done, canceropole_of_few
from test_refresh import CORRECTED, NO_PLACE, api, archive_of, changed

from schemas import load

__all__ = ["api"]  # a fixture

PORTAL = "canceropole-idf"
STAGES = {"crawl", "extract", "normalize", "validate", "gate", "release", "site"}
TABLES = ("freshness", "changes")
PATIENCE = 120  # polls, half a second apart


class Prefect:
    """A Prefect server's HTTP API."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env, self.address = env, env["PREFECT_API_URL"]

    def read(self, path: str) -> Any:
        return self._answer(path, None)

    def post(self, path: str, given: dict[str, Any]) -> Any:
        return self._answer(path, json.dumps(given).encode())

    def _answer(self, path: str, body: bytes | None) -> Any:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}{path}", body, headers)  # noqa: S310 (our own loopback server)
        for _ in range(PATIENCE):
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (likewise)
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != HTTPStatus.SERVICE_UNAVAILABLE:  # its database is busy for as long as another writes
                    raise
                time.sleep(0.5)
        pytest.fail(f"{request.full_url} is busy for {PATIENCE / 2:.0f} s")

    def all(self, kind: str, **conditions: Any) -> list[dict[str, Any]]:
        return list(self.post(f"/{kind}/filter", conditions))

    def runs(self, name: str) -> list[dict[str, Any]]:
        return self.all("flow_runs", flow_runs={"name": {"any_": [name]}})


@pytest.fixture(scope="module")
def prefect(api: dict[str, str]) -> Prefect:
    return Prefect(api)


def test_a_run_leaves_its_tasks_and_a_summary(few: Done, prefect: Prefect, tmp_path: Path) -> None:
    out = Path(shutil.copytree(few.out, tmp_path / "outputs", symlinks=True))
    source = changed(archive_of(few), tmp_path / "corrected.warc.gz", CORRECTED)
    done = canceropole_of_few("refresh", PORTAL, "--from", source, out=out, env=prefect.env)
    assert done.status == 0, done.stderr
    [run] = prefect.runs(f"{PORTAL} from {source}")
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed")
    assert run["parameters"]["portal"] == PORTAL
    tasks = prefect.all("task_runs", flow_runs={"id": {"any_": [run["id"]]}})
    assert len(tasks) == 7
    assert {task["name"].rsplit("-", 1)[0] for task in tasks} == STAGES
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}
    artifact = prefect.read(f"/artifacts/refresh-{PORTAL}/latest")
    assert (artifact["type"], artifact["flow_run_id"]) == ("markdown", run["id"])
    assert artifact["data"].startswith("# Version 1.0.1")
    assert "tumorotheques" in artifact["data"].replace("\\", "")
    assert prefect.read(f"/artifacts/held-{PORTAL}/latest")["data"] == "Rien n'est retenu."
    freshness, changes = (json.loads(prefect.read(f"/artifacts/{key}-{PORTAL}/latest")["data"]) for key in TABLES)
    assert {row["état"] for row in freshness} == {"à jour"}
    assert len(freshness) == len(done.report["datasets"])  # type: ignore[arg-type]
    [corrected] = [row for row in changes if row["jeu de données"] == "tumorotheques"]
    assert (corrected["ligne"], corrected["changement"]) == ("tissutheque-beaujon", "modifiée")
    assert "etablissement : AP-HP Hôpital Beaujon" in corrected["avant"]
    assert "etablissement : Hôpital Beaujon, Clichy" in corrected["après"]


def test_a_run_that_holds_something_ends_as_held(few: Done, prefect: Prefect, tmp_path: Path) -> None:
    source = changed(archive_of(few), tmp_path / "gone.warc.gz", NO_PLACE)
    done = canceropole_of_few("refresh", PORTAL, "--from", source, out=tmp_path / "outputs", env=prefect.env)
    assert (done.status, done.report["version"]) == (3, "1.0.0")
    [run] = prefect.runs(f"{PORTAL} from {source}")
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Held")
    assert run["state"]["message"] == "Retenus : tumorotheques, tumorotheques_responsables"


def test_a_failed_run_is_failed(prefect: Prefect, tmp_path: Path) -> None:
    source = tmp_path / "bad.warc.gz"
    source.write_bytes(b"<html></html>")
    done = canceropole_of_few("refresh", PORTAL, "--from", source, out=tmp_path / "outputs", env=prefect.env)
    assert done.status == 1
    [run] = prefect.runs(f"{PORTAL} from {source}")
    assert run["state_type"] == "FAILED"
    states = [task["state_type"] for task in prefect.all("task_runs", flow_runs={"id": {"any_": [run["id"]]}})]
    assert states == ["FAILED"]


def test_every_portal_is_deployed_on_its_schedule_and_never_runs_twice_at_once(
    prefect: Prefect,
    tmp_path: Path,
) -> None:
    out = tmp_path / "outputs"
    with subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "schedule", "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **prefect.env, "NO_PROXY": "*"},
        cwd=ROOT,
    ) as scheduler:
        try:
            found = deployment(prefect, scheduler)
        finally:
            scheduler.terminate()
    declared = load.load(PORTAL).portal
    [schedule] = found["schedules"]
    assert schedule["active"] is True
    assert schedule["schedule"]["cron"] == declared.schedule
    assert schedule["schedule"]["timezone"] == declared.timezone
    assert found["concurrency_limit"] == 1 or found["global_concurrency_limit"]["limit"] == 1
    assert found["parameters"]["out"] == str(out)
    assert "canceropole" in found["tags"]


def deployment(prefect: Prefect, scheduler: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The portal's deployment, once the scheduler has made it."""
    for _ in range(PATIENCE):
        found = prefect.all("deployments")
        if found:
            assert [item["name"] for item in found] == list(load.portals())
            return found[0]
        assert scheduler.poll() is None, "the scheduler ended"
        time.sleep(0.5)  # between two looks: the API tells nobody of a new deployment
    pytest.fail(f"no deployment in {PATIENCE / 2:.0f} s")
