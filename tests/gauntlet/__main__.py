"""`python -m gauntlet`: draws portals, judges what becomes of them, prints the table; exit 1 if not as promised."""

from __future__ import annotations

import argparse
import difflib
import multiprocessing
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gauntlet.drawing import BROKEN, CLASSES, NAMES, cases
from gauntlet.harness import PORTAL, Bases, judge, outcomes
from gauntlet.scoring import HEAD, Score, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
WORDPRESS = ROOT.parent / "shared" / "portal" / "serve.py"
_SHOWN = 3  # failing draws of a class
_PER_CLASS = 32


def main() -> int:
    """Runs the command."""
    asked = _arguments()
    with _bases(asked.bases) as root:
        bases = Bases(root)
        if asked.draw is not None:
            return _show(bases, asked)
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            if asked.selftest:
                from gauntlet import selftest  # noqa: PLC0415 (needs the gate's checks, the rest does not)

                return selftest.run(bases, asked.draws, asked.seed, pool)
            return _run(bases, asked, pool)


def make_bases(root: Path) -> None:
    """Makes the first releases: of the sample portal, and of the WordPress pages where they are."""
    _refresh("sample", root / "sample")
    if not WORDPRESS.is_file():
        return
    with subprocess.Popen([sys.executable, str(WORDPRESS), "--port", "0"], stderr=subprocess.PIPE, text=True) as server:
        line = server.stderr.readline() if server.stderr else ""
        try:
            _refresh(line.split()[-1], root / "wordpress", "--delay", "0")
        finally:
            server.terminate()


def regimes(name: str) -> list[bool]:
    """Whether a class is drawn as a first run, as a later one, or both."""
    if name in CLASSES:
        mutation = CLASSES[name]
        return [False, True] if mutation.keeps or mutation.first else [False]
    return [False] if name == BROKEN else [False, True]


def _run(bases: Bases, asked: argparse.Namespace, pool: ProcessPoolExecutor) -> int:
    began, scores = time.monotonic(), []
    for name in asked.only or NAMES:
        for first in regimes(name):
            keeps = CLASSES[name].keeps if name in CLASSES else name != BROKEN
            score = Score(name, keeps, first)
            count = max(1, asked.draws // 4) if keeps and first else asked.draws
            drawn = cases(bases, name, count, asked.seed, first=first)
            for case, found in zip(drawn, pool.map(partial(judge, bases.root), drawn, chunksize=4), strict=True):
                score.add(case, found[""])
            scores.append(score)
            print(score.line(), file=sys.stderr, flush=True)
    good, told = verdict(scores)
    print("\n".join([HEAD, *(score.line() for score in scores)]))
    for score in scores:
        for line in score.failed[: asked.shown]:
            print(f"- {line}{' --first' if score.first else ''}")
    print(f"\n{told} · seed {asked.seed} · {time.monotonic() - began:.0f} s")
    return 0 if good else 1


def _show(bases: Bases, asked: argparse.Namespace) -> int:
    """One draw again: what changed in the page, and what became of its datasets."""
    [name] = asked.only
    case = cases(bases, name, asked.draws, asked.seed, first=asked.first)[asked.draw]
    base = bases.found[case.base]
    before = base.answer(case.path)
    for answer in case.answers:
        print(f"{answer.url}\n{answer.status} {answer.headers}")
        was, now = (text.decode(errors="backslashreplace").splitlines() for text in (before.body, answer.body))
        print("\n".join(difflib.unified_diff(was, now, "before", "after", lineterm="", n=1)))
    for outcome in outcomes(base, case)[""]:
        touched = "touched" if outcome.dataset in case.touched else ""
        print(f"{outcome.dataset}: {outcome.sort} {', '.join(sorted(outcome.codes))} {touched}")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gauntlet", description=__doc__)
    parser.add_argument("only", nargs="*", help="classes (all, if none is named)", metavar="CLASS")
    parser.add_argument("--draws", type=int, default=_PER_CLASS, help="draws of a class")
    parser.add_argument("--seed", type=int, default=20260301)
    parser.add_argument("--draw", type=int, help="show this draw of the one class named")
    parser.add_argument("--first", action="store_true", help="with --draw: of the first runs")
    parser.add_argument("--shown", type=int, default=_SHOWN, help="failing draws told of a class")
    parser.add_argument("--selftest", action="store_true", help="switch off each check of the gate in turn")
    parser.add_argument("--bases", type=Path, help="a folder of first releases to use, or to make")
    asked = parser.parse_args()
    unknown = sorted(set(asked.only) - set(NAMES))
    if unknown or (asked.draw is not None and len(asked.only) != 1):
        parser.error(f"unknown: {', '.join(unknown) or '—'}; --draw needs one class of: {', '.join(NAMES)}")
    return asked


@contextmanager
def _bases(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        if not folder.is_dir():
            make_bases(folder)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="gauntlet-bases-") as made:
        make_bases(Path(made))
        yield Path(made)


def _refresh(source: str, out: Path, *more: str) -> None:
    command = [sys.executable, "-m", "pipeline.cli", "refresh", PORTAL, "--from", source, *more, "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
