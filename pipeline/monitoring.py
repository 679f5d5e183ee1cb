"""What follows a run that ended: people are told where something changed, and a sign of life is left.

Neither harms a run: what could not be done is said on standard error, and the outcome stays what it was.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from rich.console import Console

from pipeline import heartbeat, notifying, summary
from pipeline.failures import RunFailedError
from pipeline.health import now
from pipeline.language import language
from pipeline.notifying import Notice
from pipeline.paths import Home
from schemas.personal import hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.run import Request

_UNREAD = {
    "fr": "Personne n'a été prévenu, ou le sera deux fois : {error}. Le passage reste ce qu'il était.",
    "en": "Nobody was told, or will be twice: {error}. The run stays what it was.",
}


@contextlib.contextmanager
def failures(request: Request) -> Iterator[None]:
    """Whatever the data could not be judged for is told; wrong use and a busy portal are not the portal's health."""
    try:
        yield
    except RunFailedError as failure:
        said = {language: hidden(failure.paragraph(language)) for language in ("fr", "en")}
        _tell(request, failure.code, said)
        _beat(request, "failed")
        raise


def judged(request: Request, report: Mapping[str, Any]) -> None:
    """What a run that judged its data leaves behind it.

    Args:
        request: what it was asked.
        report: report.json.
    """
    decided(request, report)
    _beat(request, report["outcome"])


def decided(request: Request, report: Mapping[str, Any]) -> None:
    """Tells what a person's decision changed; that somebody decided is no sign that the schedule lives."""
    if report["outcome"] == "held":
        said = {language: summary.held(report, str(request.out), language) for language in ("fr", "en")}
    else:
        said = {language: summary.headline(report, language) for language in ("fr", "en")}
    _tell(request, None, said)


def _tell(request: Request, failure: str | None, said: Mapping[str, str]) -> None:
    home, speaks = Home(request.out / request.portal), language()
    try:
        notice = Notice(request.portal, now(home, failure), said, request.out)
        undone = notifying.tell(home, notice, speaks)
    except (OSError, ValueError) as error:
        undone = [_UNREAD[speaks].format(error=error)]
    for sentence in undone:
        _say(sentence)


def _beat(request: Request, outcome: str) -> None:
    undone = heartbeat.beat(request.portal, outcome, language())
    if undone:
        _say(undone)


def _say(sentence: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(sentence)
