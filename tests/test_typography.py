"""What prints nothing, what no page prints, and how text is shown where it could be acted on."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.typography import guarded, shown, unprintable, visible

ANY = st.text(st.characters(), max_size=20)
SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85"


@given(ANY)
def test_shown_escaped_nothing_is_acted_on_and_json_says_the_same(text: str) -> None:
    written = visible(json.dumps({"cle": text}, ensure_ascii=False, indent=1))
    assert json.loads(written) == {"cle": text}
    assert not [c for c in written if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and c != "\n"]
    assert visible(visible(text)) == visible(text)


@given(ANY)
def test_a_text_that_can_be_printed_keeps_every_character_but_those_that_print_nothing(text: str) -> None:
    left = shown(text)
    assert shown(left) == left
    assert all(unicodedata.category(c) in {"Cf", "Mn", "Lo", "Cn"} for c in set(text) - set(left))
    if not unprintable(left):
        assert not [c for c in left if unicodedata.category(c) in {"Cc", "Cs"} and c not in SPACES]


@pytest.mark.parametrize(
    "text",
    [
        "Évry – « l’été »",
        "naïve Œuvre",
        "a\u00a0b\u202fc",
        "βTGF-α µm ²",
        "한글 עברית",
        "👍🏽 é̄̀",
        "a\nb\tc\vd",
        "\ue000",
    ],
)
def test_what_a_page_prints_is_printable(text: str) -> None:
    assert unprintable(shown(text)) == ""


@pytest.mark.parametrize(
    "text",
    [
        *("\x00", "\x07", "\b", "\x1b", "\x7f", "\x9b"),
        *("\u061c", "\u200e", "\u202e", "\u2066", "\u206f", "\ufff9"),
        *("\ud800", "\ufdd0", "\uffff", "\U0001ffff", "e" + "\u0316" * 5),
    ],
)
def test_what_no_page_prints_as_text_is_found(text: str) -> None:
    assert unprintable(shown(f"avant {text} après")) != ""


@given(st.text(st.sampled_from("=+-@＝＋－＠'\";,\n\t\ra "), max_size=12))
def test_the_guard_is_taken_off_by_the_rule_that_releases_print(text: str) -> None:
    assert re.sub(r"""(^|[;\n]"*)'""", r"\1", guarded(text)) == text
    assert not re.search(r"""(?:^|[;\n]"*)[=+\-@＝＋－＠\t\r]""", guarded(text))
