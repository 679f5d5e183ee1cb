"""The schedule command: every declared portal's flow, served on its own schedule by one process."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, cast

from rich.console import Console

from pipeline import prefect_api
from pipeline.failures import FailureError, RunFailedError
from schemas import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prefect.deployments.runner import RunnerDeployment

    from schemas.model import Portal

DONE, FAILED = 0, 1


def run(out: Path, schemas: Path, language: str) -> int:
    """Serves every portal whose portal.yml can be read, until the process is stopped.

    A broken declaration is said, and told as a failed run is; where only a dataset's is, the portal is served all the
    same, for each run reads the declarations anew.

    Args:
        out: where outputs are.
        schemas: where declarations are.
        language: of messages, fr or en.

    Returns:
        The exit status of the contract: 0 stopped, 1 nothing to serve or no Prefect API.
    """
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    try:
        with prefect_api.api() as local:
            portals = list(_declared(out.resolve(), schemas.resolve(), errors, language))
            if not portals:
                raise RunFailedError("schedule-nothing", folder=schemas)
            if local is not None:
                local.ready()
                local.when_lost(lambda status: _end(status, errors, language))
            _serve(portals, out.resolve(), schemas.resolve())
    except FailureError as error:
        errors.print(error.paragraph(language))
        return error.status
    return DONE


def _end(status: int, errors: Console, language: str) -> None:
    """Ends the process, whose server is lost: without one nothing runs, and whoever watches it starts both again."""
    errors.print(RunFailedError("prefect", error=f"exit status {status}").paragraph(language))
    os._exit(
        FAILED
    )  # nothing can be told to runs in progress, and waiting for them is what a lost server makes endless


def _declared(out: Path, schemas: Path, errors: Console, language: str) -> Iterable[Portal]:
    from pipeline import monitoring, stages  # noqa: PLC0415 (two seconds of imports, while the API starts)
    from pipeline.run import Request  # noqa: PLC0415 (with them)

    for name in load.portals(schemas):
        request = Request(name, out=out, schemas=schemas)
        try:
            with monitoring.failures(request):
                stages.checked(request)
        except RunFailedError as error:
            errors.print(f"{name}: {error.paragraph(language)}")
        try:
            yield load.portal_alone(name, schemas)
        except load.DeclarationError:
            continue  # said above: without its portal.yml nobody knows when to run it


def _serve(portals: Sequence[Portal], out: Path, schemas: Path) -> None:
    import asyncio  # noqa: PLC0415 (prefect reads its settings when imported, and what follows is with it)

    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy  # noqa: PLC0415
    from prefect.runner import Runner  # noqa: PLC0415
    from prefect.schedules import Cron  # noqa: PLC0415
    from prefect.types.entrypoint import EntrypointType  # noqa: PLC0415

    from pipeline import flow  # noqa: PLC0415

    class Stoppable(Runner):
        def handle_sigterm(self, *_: object, **__: object) -> None:
            """Ends the runs in progress, then the process: Prefect 3.8's own leaves before it has told them."""
            self.execute_in_background(self.astop)

    # A run that finds the one before still going on is cancelled: queued, each would do again what that one just did.
    one = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    # Not paused when stopped: what should have run meanwhile is run once, when the scheduler is back.
    runner = Stoppable(name="canceropole", pause_on_shutdown=False)
    for portal in portals:
        deployment = flow.refresh.to_deployment(
            name=portal.id,
            schedule=Cron(portal.schedule, timezone=portal.timezone),
            parameters={"portal": portal.id, "out": str(out), "schemas": str(schemas)},
            tags=["canceropole", portal.id],
            concurrency_limit=one,
            entrypoint_type=EntrypointType.MODULE_PATH,  # wherever the process was started
        )
        runner.add_deployment(cast("RunnerDeployment", deployment))  # a coroutine only inside an event loop
        print(f"{portal.id}: {portal.schedule} ({portal.timezone})", flush=True)  # noqa: T201 (what a command prints)
    with contextlib.suppress(KeyboardInterrupt):  # stopped from the keyboard
        asyncio.run(runner.start())
