"""`make hostile`: every hostile portal alone, then all of them at once; exits 1 if anything is wrong."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from hostile import bodies, network, rules
from hostile.case import Case, together
from hostile.running import Outcome, baseline, run
from hostile.server import canary


def traps(elsewhere: str) -> list[Case]:
    """The cases that stand at addresses of their own, and so can stand together."""
    return [
        *network.bombs(),
        *network.endless(),
        *network.broken(),
        *network.delays(),
        *network.redirects(elsewhere),
        *network.links(elsewhere),
        *bodies.parsers(),
        *bodies.charsets(),
        *bodies.markup(elsewhere),
    ]


def main() -> int:
    """Runs what is asked for, prints a line a case; the exit status."""
    parser = argparse.ArgumentParser(prog="hostile", description=__doc__)
    parser.add_argument("names", nargs="*", help="cases whose names begin so; all if left out, and all at once")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as place, canary() as (elsewhere, hits):
        folder = Path(place)
        baseline(folder)
        alone = [*traps(elsewhere), *bodies.instead(), *rules.robots(), *rules.sitemaps(elsewhere)]
        outcomes = [
            _told(run(case, folder, hits, whole=False))
            for case in alone
            if not wanted.names or case.name.startswith(tuple(wanted.names))
        ]
        if not wanted.names or "ensemble" in wanted.names:
            everything = [*traps(elsewhere), bodies.instead()[0], rules.sitemaps(elsewhere)[0]]
            outcomes.append(_told(run(together("ensemble", everything), folder, hits, whole=True)))
    wrong = sum(bool(outcome.faults) for outcome in outcomes)
    longest = max((outcome.seconds for outcome in outcomes), default=0.0)
    most = max((outcome.memory for outcome in outcomes), default=0)
    sys.stdout.write(
        f"\n{len(outcomes)} hostile portals · {wrong} wrong · longest {longest:.0f} s · most memory {most >> 20} MiB\n"
    )
    return 1 if wrong else 0


def _told(outcome: Outcome) -> Outcome:
    verdict = "; ".join(outcome.faults) or "ok"
    sys.stdout.write(f"{outcome.case.name:28} {outcome.seconds:6.1f} s {outcome.memory >> 20:5} MiB  {verdict}\n")
    sys.stdout.flush()
    return outcome


if __name__ == "__main__":
    sys.exit(main())
