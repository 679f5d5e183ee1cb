"""A text taken out of a document: however it is written there, one mask for all, and nothing else touched."""

from __future__ import annotations

import html
import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.redaction import found, mask, redacted
from schemas.typography import key
from schemas.written import Document

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

SECRET = b"a secret of these tests"
NAME = "Élodie D'Hérouville-Martin"
_LETTERS = st.characters(categories=["Lu", "Ll"], max_codepoint=0x17F, exclude_characters="ĸŉſß")
_NAMES = st.lists(st.text(_LETTERS, min_size=2, max_size=8), min_size=2, max_size=4).map(" ".join)
_WAYS = [
    lambda c: c,
    lambda c: f"&#{ord(c)};",
    lambda c: f"&#x{ord(c):X};",
    lambda c: f"&amp;#{ord(c)};",
    lambda c: f"\\u{ord(c):04x}",
    lambda c: f"<b>{html.escape(c)}</b>",
    lambda c: f"{c}\u00ad",
    lambda c: f"{c}<!-- -->" if c == " " else c,
    lambda c: "".join(f"%{byte:02X}" for byte in c.encode()) if c != "%" else c,
]


@given(_NAMES, st.data())
def test_a_text_is_found_however_it_is_written(name: str, data: st.DataObject) -> None:
    written = "".join(data.draw(st.sampled_from(_WAYS))(c) for c in name)
    document = f"<p>Avant {written} après</p>"
    masked = redacted(SECRET, document, [name])
    assert (masked.startswith("<p>Avant "), masked.endswith(" après</p>")) == (True, True)
    assert not found(SECRET, Document(masked), name)
    plain = key(html.unescape(html.unescape(masked)).replace("<b>", "").replace("</b>", "").replace("\u00ad", ""))
    assert key(name) not in plain


@pytest.mark.parametrize(
    "written",
    [
        NAME,
        NAME.upper(),
        "&Eacute;lodie d’H&eacute;rouville&#8209;Martin",
        "Elodie D'Herouville Martin",
        "E\u0301lodie\u00a0D\u2019He\u0301rouville-Martin",
        "<strong>É</strong>lodie <em>D'Hérouville</em>-Martin",
        "Élodie\n   D'Hérouville-Martin",
        quote(NAME),
        "elodie-d-herouville-martin",
        json.dumps(NAME)[1:-1],
        html.escape("&Eacute;lodie D&#39;H&eacute;rouville-Martin"),
    ],
)
@pytest.mark.parametrize(
    "around", ["<p>{}</p>", '<img alt="{}">', "<!-- {} -->", "<script>x = '{}'</script>", "<a href='/p/{}/'>x</a>"]
)
def test_every_copy_of_a_name_is_masked_wherever_it_stands(written: str, around: str) -> None:
    document = around.format(written)
    if ("<strong>" in written) and around.startswith(("<img", "<a")):
        return  # tags do not stand in attributes
    masked = redacted(SECRET, document, [NAME])
    assert masked != document
    assert "rouville" not in masked.casefold()
    assert "martin" not in masked.casefold()
    assert redacted(SECRET, masked, [NAME]) == masked


def test_the_mask_has_the_text_s_shape_and_is_the_same_for_all_its_spellings() -> None:
    masked = mask(SECRET, NAME)
    assert [(c.isupper(), c.isalpha()) for c in masked] == [(c.isupper(), c.isalpha()) for c in NAME]
    assert key(mask(SECRET, "ELODIE D’HEROUVILLE MARTIN")) == key(masked)
    assert mask(SECRET, "01 42 00 00 00")[2] == " "
    assert mask(SECRET, "01 42 00 00 00").replace(" ", "").isdigit()
    assert mask(b"another secret", NAME) != masked


@pytest.mark.parametrize(
    "document",
    [
        "<p>Élodie D'Hérouville-Martinez</p>",
        "<p>Mélodie D'Hérouville-Martin</p>",
        "<p>D'Hérouville-Martin Élodie</p>",
        "<p>Élodie</p><p>D'Hérouville</p>",
        '<martin class="x">Élodie D\'Hérouville</martin>',
    ],
)
def test_what_only_resembles_a_text_stays(document: str) -> None:
    assert redacted(SECRET, document, [NAME]) == document


def test_a_tag_s_own_name_is_no_text() -> None:
    assert redacted(SECRET, "<table border=1><td>Table</td></table>", ["Table"]).startswith("<table border=1><td>")


@given(st.text(max_size=200), _NAMES)
def test_a_document_without_the_text_is_left_as_it_is(document: str, name: str) -> None:
    if not found(SECRET, Document(document), name):
        assert redacted(SECRET, document, [name]) == document


@pytest.mark.parametrize("document", ["<!--" * 2_000, "<" * 5_000, "&#" * 5_000, "%C3" * 5_000, "<a href=" * 3_000])
def test_a_document_made_to_hang_does_not(document: str) -> None:
    assert "rouville" not in redacted(SECRET, f"{document} {NAME}", [NAME])
