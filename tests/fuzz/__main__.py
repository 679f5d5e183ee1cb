"""`make fuzz`: each target for some minutes; a fault is printed with the smallest input that shows it."""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.targets import Target, targets

_ROUND = 2_000  # inputs between two looks at the clock
_LINES = 8_000  # characters of what is told of a fault: an input may be a whole page


def main(arguments: list[str]) -> int:
    """Fuzzes what is asked for, prints a line a target; 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("targets", nargs="*", help="all if none is named")
    parser.add_argument("--minutes", type=float, default=3.0, help="of each target")
    parser.add_argument("--seed", type=int, default=0, help="another one draws other inputs")
    asked = parser.parse_args(arguments)
    known = targets()
    unknown = sorted(set(asked.targets) - known.keys())
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are: {', '.join(known)}")
    return max(_fuzz(known[name], asked.minutes * 60, asked.seed) for name in asked.targets or known)


def _fuzz(target: Target, seconds: float, first: int) -> int:
    began, given_inputs, rounds = time.monotonic(), 0, 0

    def use(value: object) -> None:
        nonlocal given_inputs
        given_inputs += 1
        target.use(value)

    while rounds == 0 or time.monotonic() - began < seconds:
        drawn = settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )(given(target.inputs)(use))
        try:
            seed(f"{first}-{rounds}")(drawn)()
        except Exception:  # noqa: BLE001 (whatever is raised is what is looked for)
            told = traceback.format_exc()
            told = told if len(told) < _LINES else f"{told[: _LINES // 2]}\n[...]\n{told[-_LINES // 2 :]}"
            print(f"{target.name}: a fault after {given_inputs} inputs\n{told}", flush=True)
            return 1
        rounds += 1
    print(f"{target.name}: {given_inputs} inputs in {time.monotonic() - began:.0f} s, no fault", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
