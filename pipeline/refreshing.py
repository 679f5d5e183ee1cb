"""The refresh command: takes the lock, starts Prefect's API beside its own imports, runs the flow, tells a person."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline import prefect_api, summary
from pipeline.failures import FailureError
from pipeline.paths import Home
from pipeline.run import Request, lock
from schemas.typography import visible

if TYPE_CHECKING:
    from pathlib import Path

DONE, HELD = 0, 3


def run(
    portal: str, source: str, only: tuple[str, ...], delay: float | None, out: Path, schemas: Path, language: str
) -> int:
    """Refreshes a portal and returns the exit status of the contract; messages go to the terminal."""
    started = time.monotonic()
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    request = Request(portal, source, only, delay, out, schemas)
    try:
        with prefect_api.api() as local:
            from pipeline import monitoring, stages  # noqa: PLC0415 (two seconds of imports, while the API starts)

            with monitoring.failures(request):  # later ones are the flow's to tell
                stages.checked(request)
                held = lock(Home(out / portal))
                if local is not None:
                    local.ready()
            with held:
                return _run(request, language, started)
    except FailureError as error:
        errors.print(error.paragraph(language))
        return error.status


def _run(request: Request, language: str, started: float) -> int:
    console = Console(highlight=False, emoji=False)
    from pipeline import flow  # noqa: PLC0415 (prefect reads its settings when imported)

    with _Progress(console) as progress:
        report = flow.refresh(
            request.portal, request.source, request.only, request.delay, str(request.out), str(request.schemas)
        )
    _tell(console, report, request, language, {**progress.seconds, "total": time.monotonic() - started})
    if report["outcome"] != "held":
        return DONE
    errors = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)
    errors.print(summary.held(report, str(request.out), language))
    return HELD


def _tell(console: Console, report: dict[str, Any], request: Request, language: str, seconds: dict[str, float]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for dataset in report["datasets"]:
        table.add_row(*(escape(cell) for cell in summary.dataset_line(dataset, language)))
    console.print(table)
    for name, holds, sentence in summary.reasons(report, language):
        if not holds:
            console.print(escape(f"{name}: {sentence}"), soft_wrap=True)
    unclaimed = summary.unclaimed_line(report, language)
    home = request.out / request.portal
    console.print(
        escape(
            f"{summary.crawl_line(report, language)}"
            + (f" · {unclaimed} ({home}/runs/{report['run']}/unclaimed.json)" if unclaimed else "")
        ),
        soft_wrap=True,
    )
    console.print(" · ".join(f"{name} {value:.1f} s" for name, value in seconds.items()), soft_wrap=True)
    if report["outcome"] != "held":
        console.print(f"[bold]{escape(summary.headline(report, language))}[/bold]")
        console.print(escape(summary.opening(report, f"{home}/latest", language)), soft_wrap=True)


class _Progress(logging.Handler):
    """Shows stages and pages as they come: a live line on a terminal, plain lines elsewhere. Times the stages."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.DEBUG)
        self.console = console
        self.status = console.status("…") if console.is_terminal else None
        self.seconds: dict[str, float] = {}
        self.stage, self.since = "", time.monotonic()

    def __enter__(self) -> Self:
        logger = logging.getLogger("canceropole")
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        if self.status:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("canceropole").removeHandler(self)
        self._end_stage()
        if self.status:
            self.status.stop()

    def emit(self, record: logging.LogRecord) -> None:
        """A stage begins (info), or something within it happens (debug)."""
        if record.levelno >= logging.INFO:
            self._end_stage()
            self.stage, self.since = record.getMessage(), time.monotonic()
        if self.status:
            within = visible(record.getMessage()) if record.levelno < logging.INFO else ""
            self.status.update(escape(f"{self.stage} {within}"))
        elif record.levelno >= logging.INFO:
            self.console.print(escape(record.getMessage()))

    def _end_stage(self) -> None:
        if self.stage:
            self.seconds[self.stage] = time.monotonic() - self.since
        self.stage = ""
