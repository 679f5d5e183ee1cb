"""A few draws of the gauntlet (`make gauntlet` has thousands): nothing is silent, every class is drawn."""

import pytest
from conftest import Done
from gauntlet.drawing import BROKEN, CLASSES, COMBINED, cases
from gauntlet.harness import Bases, judge
from gauntlet.scoring import Score, verdict

SEED = 7
DRAWN = ("columns-reordered", "table-split", "lines", "headings-as-bold", COMBINED, BROKEN)
BREAKING = ("rows-removed", "column-slipped", "count-changed", "truncated", "mojibake", "decoy-same-headers")


@pytest.fixture(scope="module")
def bases(sample: Done, tmp_path_factory: pytest.TempPathFactory) -> Bases:
    root = tmp_path_factory.mktemp("bases")
    (root / "sample").symlink_to(sample.out)
    return Bases(root)


@pytest.mark.parametrize("name", [*DRAWN, *BREAKING])
def test_nothing_is_silent(bases: Bases, name: str) -> None:
    keeps = name not in {*BREAKING, BROKEN}
    score = Score(name, keeps, first=False)
    for case in cases(bases, name, 3, SEED, first=False):
        score.add(case, judge(bases.root, case)[""])
    assert score.draws == 3
    assert (score.silent, score.missed) == (0, 0), score.failed


def test_every_class_is_fixed_before_it_is_drawn() -> None:
    for name, mutation in CLASSES.items():
        assert mutation.keeps == (not mutation.codes), name
        assert mutation.change.__doc__, name


def test_a_verdict_is_bad_on_anything_silent_missed_or_undrawn() -> None:
    good = Score("x", keeps=True, first=False, draws=20, exact=20)
    assert verdict([good])[0]
    for bad in (
        Score("x", keeps=True, first=False, draws=20, exact=16, held=4),
        Score("x", keeps=False, first=True, draws=1, silent=1),
        Score("x", keeps=False, first=False, draws=1, missed=1),
        Score("x", keeps=False, first=False),
    ):
        assert not verdict([good, bad])[0]
