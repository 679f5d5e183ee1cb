"""The Prefect flow: each stage a task, a summary as an artifact. No logic: stages and their order are stages.py's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from prefect import flow, serve, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.schedules import Cron
from prefect.states import Completed

from pipeline import stages, summary
from pipeline.run import LIVE, Request
from schemas import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import State
    from prefect.deployments.runner import RunnerDeployment


def _as_task(name: str, stage: Callable[[], Any]) -> Any:  # noqa: ANN401 (each stage gives what it gives)
    """Runs a stage as a task of the flow under way."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(stage)()


@flow(name="refresh", flow_run_name="{portal} from {source}", persist_result=False, validate_parameters=False)
def refresh(
    portal: str,
    source: str = LIVE,
    only: tuple[str, ...] = (),
    delay: float | None = None,
    out: str = "outputs",
    schemas: str = str(load.HOME),
) -> dict[str, Any]:
    """Refreshes a portal's datasets; the parameters are those of `canceropole refresh`. Returns report.json.

    A run that holds something ends in the state Held, a kind of Completed: nothing failed, and a person must look.
    """
    request = Request(portal, source, tuple(only), delay, Path(out), Path(schemas))
    report = stages.refresh(request, step=_as_task)
    create_markdown_artifact(summary.markdown(report), key=f"refresh-{portal}", description="What this run did")
    if report["outcome"] == "held":
        # Prefect takes the state for the run's own, and hands the report in it to the caller.
        held: State[dict[str, Any]] = Completed(name="Held", message=summary.held_datasets(report, "fr"), data=report)
        return cast("dict[str, Any]", held)
    return report


def schedule(out: Path, schemas: Path) -> None:
    """Serves the flow of every declared portal on the schedule its portal.yml gives, until it is stopped."""
    deployments: list[RunnerDeployment] = []
    for name in load.portals(schemas):
        portal = load.load(name, schemas).portal
        deployment = refresh.to_deployment(
            name=name,
            schedule=Cron(portal.schedule, timezone=portal.timezone),
            parameters={"portal": name, "out": str(out.resolve()), "schemas": str(schemas.resolve())},
            tags=["canceropole", name],
            concurrency_limit=1,
        )
        deployments.append(cast("RunnerDeployment", deployment))  # a coroutine only inside an event loop
    serve(*deployments)
