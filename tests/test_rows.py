"""JSON files of as many rows as there are: written and read a row at a time; what a report tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import report, summary
from pipeline.paths import read_rows, write_json, write_rows

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Done

ROWS = [{"page": f"/{number}/", "block": "list", "place": "liste 1", "head": "Un"} for number in range(5)]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.text(st.sampled_from('[]{},"\\\n\r\u2028'), max_size=9)


@given(st.lists(st.dictionaries(TEXTS, TEXTS | st.none() | st.integers())))
def test_rows_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "rows.json"
    write_rows(path, rows)
    assert list(read_rows(path)) == rows


@pytest.mark.parametrize("text", ["", "[", "[\n", '[\n{"a": 1},\n', '[{"a": 1}]\n', '{"a": 1}\n'])
def test_a_file_of_another_form_or_without_its_end_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"rows\.json"):
        list(read_rows(path))
    write_json(path, ROWS)
    with pytest.raises(ValueError, match="a row on each line"):
        list(read_rows(path))


def test_a_report_lists_the_first_unclaimed_blocks_and_counts_the_others(
    sample: Done, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "unclaimed.json"
    write_rows(path, ROWS)
    monkeypatch.setattr(report, "_MOST_UNCLAIMED", 2)
    told = {**sample.report, **report.unclaimed(path)}
    assert (told["unclaimed"], told["unclaimed_more"]) == (ROWS[:2], 3)
    assert summary.unclaimed_line(told, "en").startswith("5 ")
    last = summary.markdown(told).splitlines()[-1]
    assert last == f"- … (+ 3, runs/{told['run']}/unclaimed.json)"
