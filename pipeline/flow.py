"""The Prefect flow: each stage a task, artifacts for a person, and what follows a run. Stages are stages.py's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed

from pipeline import artifacts, monitoring, stages, summary
from pipeline.failures import FailureError
from pipeline.language import language
from pipeline.paths import Home
from pipeline.run import LIVE, Request
from schemas import load
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect.client.schemas.objects import State


def _as_task(name: str, stage: Callable[[], Any]) -> Any:  # noqa: ANN401 (each stage gives what it gives)
    """Runs a stage as a task of the flow under way."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(stage)()


def _journal(portal: str, line: str) -> None:
    """Prints what a run did, where nobody called it: a command tells its own user."""
    if runtime.deployment.id is not None:
        print(f"{portal}: {visible(line)}", flush=True)  # noqa: T201 (what systemd's journal, or a worker's log, keeps)


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
    try:
        with monitoring.failures(request):
            report = stages.refresh(request, step=_as_task)
    except FailureError as failure:
        _journal(portal, failure.paragraph(language()))
        raise
    _journal(portal, summary.headline(report, language()))
    monitoring.judged(request, report)
    artifacts.leave(report, Home(request.out / portal), request.out)
    if report["outcome"] == "held":
        # Prefect takes the state for the run's own, and hands the report in it to the caller.
        held: State[dict[str, Any]] = Completed(name="Held", message=summary.held_datasets(report, "fr"), data=report)
        return cast("dict[str, Any]", held)
    return report
