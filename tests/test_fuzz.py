"""A few hundred hostile inputs for each reader of outside values (`make fuzz` has many more): taken, or refused."""

from __future__ import annotations

import pytest
from fuzz.targets import targets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TARGETS = targets()
INPUTS = {"page": 60, "extract": 40, "declarations": 40, "redaction": 60}
FOUND: list[tuple[str, object]] = [
    ("addresses", ("٣\x1c", "")),
    ("typography", "s\u202e\u0301"),
    ("charsets", (b"\xff", "base64")),
    ("charsets", (b"\xff", "idna")),
    ("patterns", "a{99999999999}"),
    ("patterns", "(" * 990),
    ("declarations", ("portal.yml", "title: !!int ''")),
    ("declarations", ("portal.yml", "title: !!bool x")),
    ("declarations", ("portal.yml", f"title: 0x{'f' * 9_000}")),
    ("archive", (b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\nHTTP/1.1 ", False)),
]


@pytest.mark.parametrize("name", TARGETS)
def test_hostile_input_is_taken_or_refused(name: str) -> None:
    @settings(
        max_examples=INPUTS.get(name, 150),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.data())
    def use(data: st.DataObject) -> None:
        TARGETS[name].use(data.draw(TARGETS[name].inputs))

    use()


@pytest.mark.parametrize(("name", "value"), FOUND)
def test_what_was_found_stays_mended(name: str, value: object) -> None:
    TARGETS[name].use(value)
