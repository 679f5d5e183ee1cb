"""Failures are a closed list, said in both languages with the same fields, and never read what they quote."""

from pathlib import Path
from string import Formatter

import pytest

from pipeline.failures import PARAGRAPHS, RunFailedError

FAILURES = Path(__file__).parent.parent / "docs" / "failures.md"


def fields(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field}


@pytest.mark.parametrize("code", PARAGRAPHS)
def test_both_languages_tell_the_same(code: str) -> None:
    french, english = PARAGRAPHS[code]
    assert fields(french) == fields(english)
    told = RunFailedError(code, **dict.fromkeys(fields(french) - {"kept"}, "dit {comme} cela"))
    assert ("dit {comme} cela" in told.paragraph("fr")) == bool(fields(french) - {"kept"})
    assert told.paragraph("en") == str(told)
    assert f"`{code}`" in FAILURES.read_text(encoding="utf-8")


def test_a_code_outside_the_list_is_a_fault_of_the_program() -> None:
    with pytest.raises(KeyError):
        RunFailedError("autre")
