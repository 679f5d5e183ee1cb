"""`make crash`: kills spread over real runs, exact instants, full disks, runs at once. 1 if anything is wrong."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crash import cases, instants
from pipeline.prefect_api import LocalApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from crash.cases import Row, Scenario

_AT_ONCE = 2  # cases; each uses about one core
_EARLIER = 12  # calls before the release, of some eight hundred
_ROOMS = (0.05, 0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 0.97)  # of what an undisturbed run writes


def main(arguments: list[str]) -> int:
    """Runs all cases, prints their table; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="crash")
    parser.add_argument("--kills", type=int, default=50, help="of the real command, spread over its run")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    _say(f"{asked.kills} kills, --seed {asked.seed}")
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        rows = _all(Path(folder), asked.kills, random.Random(asked.seed))  # noqa: S311 (moments, not secrets)
    _print(rows, time.monotonic() - began)
    return 1 if any(row.wrong for row in rows) else 0


def _all(folder: Path, kills: int, draw: random.Random) -> list[Row]:
    own = {"PREFECT_HOME": str(folder / "prefect")}
    os.environ |= own
    api = LocalApi()
    api.ready()
    shared = {**own, "PREFECT_API_URL": os.environ.pop("PREFECT_API_URL")}
    try:
        crawled = cases.undisturbed("first, crawl", None, "sample", folder / "crawled", own)
        source = cases.changed_portal(folder / "crawled" / "outputs", folder / "changed.warc.gz")
        start = folder / "crawled" / "outputs"
        # Timed as the kills run: two at a time, with an API that has answered before.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            timed = [
                pool.submit(cases.undisturbed, name, base, source, folder / f"{name}{turn}", shared)
                for turn in ("-cold", "")
                for name, base in (("first", None), ("second", start))
            ]
        scenarios = (crawled, timed[2].result(), timed[3].result())
        jobs = [
            *_kills(folder, scenarios, kills, own, shared, draw),
            *_instants(folder, scenarios[1:], draw),
            *_starved(folder, scenarios[2]),
        ]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            rows = list(pool.map(_done, jobs))
        return rows + [
            _done(partial(cases.together, scenarios[2], n, folder / f"at-once-{n}", shared)) for n in (1, 2, 3)
        ]
    finally:
        api.stop()


def _kills(
    folder: Path,
    scenarios: tuple[Scenario, ...],
    kills: int,
    own: dict[str, str],
    shared: dict[str, str],
    draw: random.Random,
) -> list[Callable[[], Row]]:
    """A fifth of the kills in a crawl with an API of its own, three tenths in a first run, half in a second one."""
    crawled, first, second = scenarios
    jobs: list[Callable[[], Row]] = []
    for scenario, share, environment in (
        (crawled, kills // 5, own),
        (first, kills * 3 // 10, shared),
        (second, 0, shared),
    ):
        number = share or kills - len(jobs)
        for turn in range(number):
            moment = (turn + draw.random()) * scenario.seconds / number if turn else -draw.random()
            place, group = folder / f"kill-{len(jobs)}", turn % 4 != 3
            jobs.append(partial(cases.killed, scenario, moment, place, environment, group=group))
    return jobs


def _instants(folder: Path, scenarios: tuple[Scenario, ...], draw: random.Random) -> list[Callable[[], Row]]:
    """One call of each kind in the release, a few before it: killed at each, out of disk at each that takes room."""
    jobs: list[Callable[[], Row]] = []
    for scenario in scenarios:
        place = folder / f"calls-{scenario.after}"
        made = instants.calls(scenario.outputs(place), Path(str(scenario.source)), place / "told")
        release = next(number for number, call in enumerate(made) if "releases/." in call)
        if scenario.before is None:  # a first release is built as any other: from its being put in place on
            release = next(number for number, call in enumerate(made) if call.startswith("rename"))
        kinds = {_kind(call): number for number, call in enumerate(made) if number >= release}
        for number in sorted([*draw.sample(range(release), _EARLIER // 2), *kinds.values()]):
            for act in ("kill", "full"):
                if act == "kill" or made[number].split()[0] not in {"rmdir", "unlink"}:
                    case = folder / f"call-{scenario.after}-{number}-{act}"
                    jobs.append(partial(cases.disturbed, scenario, number, made[number], act, case))
    return jobs


def _kind(call: str) -> str:
    name, _, path = call.partition(" ")
    return f"{name} {Path(path).parent.name} {Path(path).suffix}"


def _starved(folder: Path, scenario: Scenario) -> list[Callable[[], Row]]:
    if os.geteuid() != 0:
        _say("Not root: no disk is filled up, errors of a full disk are only put in place of calls.")
        return []
    home = folder / "second" / "outputs"
    written = cases.size(home) - cases.size(folder / "crawled" / "outputs")
    return [partial(cases.starved, scenario, int(written * room), folder / f"disk-{room}") for room in _ROOMS]


def _done(job: Callable[[], Row]) -> Row:
    row = job()
    _say("\n    ".join([_line(row), *row.wrong]))
    return row


def _line(row: Row) -> str:
    verdict = ["consistent", "INCONSISTENT"][bool(row.inconsistent)], ["repaired", "NOT REPAIRED"][bool(row.unrepaired)]
    return f"| {row.scenario} | {row.what} | {row.where} | {row.latest} | {', '.join(verdict)} |"


def _print(rows: list[Row], seconds: float) -> None:
    lines = ["", "| run | disturbed by | where | latest then | found |", "|---|---|---|---|---|", *map(_line, rows), ""]
    broken, unrepaired = sum(bool(row.inconsistent) for row in rows), sum(bool(row.unrepaired) for row in rows)
    told = f"{broken} inconsistent, {unrepaired} that the next run does not repair"
    _say("\n".join([*lines, f"{len(rows)} cases in {seconds:.0f} s: {told}"]))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
