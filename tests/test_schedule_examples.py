"""The examples of docs/scheduling.md: each tried as far as it can be here; prefect.yaml on a real Prefect server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from conftest import ROOT, canceropole
from prefect.client.schemas.schedules import CronSchedule
from test_flow import Prefect, prefect
from test_refresh import api

from pipeline.paths import Home
from schemas import load

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["api", "prefect"]  # fixtures

PORTAL = "canceropole-idf"
EXAMPLES = ROOT / "docs" / "scheduling"
ONLY = "--from sample --only missions_canceropoles"


def text(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


def here(text: str, tmp_path: Path) -> str:
    """An example with this machine's places."""
    return text.replace("/opt/canceropole", str(ROOT)).replace("/var/lib/canceropole", str(tmp_path / "outputs"))


def cli(prefect: Prefect, *arguments: str) -> str:
    """Prefect's own command line."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **prefect.env, "NO_PROXY": "*"},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prefect_yaml_says_what_the_declarations_say() -> None:
    declared = {
        deployment["name"]: deployment
        for deployment in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    }
    assert list(declared) == list(load.portals())
    for name, deployment in declared.items():
        portal = load.load(name).portal
        [schedule] = deployment["schedules"]
        assert (schedule["cron"], schedule["timezone"]) == (portal.schedule, portal.timezone)
        assert deployment["parameters"]["portal"] == name


def test_prefect_yaml_is_deployed_and_a_worker_runs_it(prefect: Prefect, tmp_path: Path) -> None:
    cli(prefect, "work-pool", "create", "canceropole", "--type", "process")
    cli(prefect, "deploy", "--all")
    deployment = prefect.read(f"/deployments/name/refresh/{PORTAL}")
    assert deployment["work_pool_name"] == "canceropole"
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert set(deployment["tags"]) == {"canceropole", PORTAL}
    CronSchedule.model_validate(deployment["schedules"][0]["schedule"])
    out = tmp_path / "outputs"
    given = {**deployment["parameters"], "source": "sample", "only": ["missions_canceropoles"], "out": str(out)}
    run = prefect.post(f"/deployments/{deployment['id']}/create_flow_run", {"parameters": given})["id"]
    said = cli(prefect, "worker", "start", "--pool", "canceropole", "--run-once")
    found = prefect.read(f"/flow_runs/{run}")
    assert found["state_name"] == "Completed", said
    assert Home(out / PORTAL).version() == "1.0.0"


def test_the_crontab_line_runs(api: dict[str, str], tmp_path: Path) -> None:
    [line] = [line for line in text("crontab").splitlines() if not line.startswith("#")]
    assert "%" not in line, "cron takes it for the end of a line"
    *when, command = line.split(maxsplit=5)
    assert " ".join(when) == load.load(PORTAL).portal.schedule
    (tmp_path / "canceropole.env").write_text(f"CANCEROPOLE_HEARTBEAT='{tmp_path}/beat'\n")
    command = here(
        command.replace("/etc/", f"{tmp_path}/").replace(f"refresh {PORTAL}", f"refresh {PORTAL} {ONLY}"), tmp_path
    )
    env = {**os.environ, **api, "NO_PROXY": "*"}
    subprocess.run(["/bin/sh", "-c", command], check=True, env=env, cwd="/")
    assert Home(tmp_path / "outputs" / PORTAL).version() == "1.0.0"
    assert (tmp_path / "beat").read_text().split()[1:] == [PORTAL, "released"]


def test_the_units_of_systemd_are_in_order(tmp_path: Path) -> None:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not on this machine")
    units = [path for path in EXAMPLES.iterdir() if path.suffix in {".service", ".timer"}]
    assert len(units) == 3
    copies = [tmp_path / path.name for path in units]
    for path, copy in zip(units, copies, strict=True):
        copy.write_text(here(path.read_text(), tmp_path))
    done = subprocess.run([found, "verify", *map(str, copies)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if line.startswith("canceropole")]) == (0, [])


def steps(of: Any) -> list[str]:
    """The commands of a CI job."""
    return [step if isinstance(step, str) else step.get("run", "") for step in of]


def test_the_ci_schedules_run_commands_that_there_are() -> None:
    github, gitlab = yaml.safe_load(text("github.yml")), yaml.safe_load(text("gitlab.yml"))
    # YAML 1.1 reads `on` as true, and so does the loader.
    [schedule] = github[True]["schedule"]
    CronSchedule(cron=schedule["cron"])
    for job in (github["jobs"]["refresh"]["steps"], gitlab["refresh"]["script"]):
        commands = [command for command in steps(job) if command]
        assert commands == ["make setup", f".venv/bin/canceropole refresh {PORTAL} --out /var/lib/canceropole"]


def test_the_container_has_what_the_program_needs() -> None:
    """It is not built here: no container engine runs on the machines of the tests."""
    container = text("Containerfile")
    copied = {name for line in re.findall(r"^COPY (.+)$", container, flags=re.MULTILINE) for name in line.split()[:-1]}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"requirements.lock", "pyproject.toml", "schemas", "spiders", "pipeline"} <= copied
    [command] = re.findall(r"^CMD (.+)$", container, flags=re.MULTILINE)
    arguments = yaml.safe_load(command)
    assert arguments == ["schedule", "--out", "/var/lib/canceropole"]
    assert canceropole(arguments[0], "--help").status == 0


def test_secrets_stand_in_no_example() -> None:
    for path in (*EXAMPLES.iterdir(), ROOT / "prefect.yaml"):
        assert not re.search(r"\w+://[^\s/]*:[^\s/]*@", path.read_text(encoding="utf-8")), path.name
