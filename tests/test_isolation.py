"""What is lost in a process of its own is lost alone: too long, too large, broken; the rest comes back in order."""

from __future__ import annotations

import os
import signal
from itertools import count

import pytest
from hostile.bodies import pages
from selectolax.lexbor import SelectolaxError

from spiders import blocks
from spiders.isolation import Lost, isolated
from spiders.spans import PageError

URL = "https://www.canceropole-idf.fr/a/"


def work(what: str) -> str:
    """Does something to the process that does it."""
    if what == "long":
        for _ in count():
            pass
    if what == "large":
        return str(len(b"x" * 1_000_000_000))
    if what == "broken":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "wrong":
        raise ValueError(what)
    return what


def test_the_rest_comes_back_in_order() -> None:
    told = list(isolated(work, [("a",), ("broken",), ("b",), ("long",), ("large",), ("c",)]))
    assert [one for one in told if isinstance(one, str)] == ["a", "b", "c"]
    assert [one.why.partition(" that ")[2] for one in told if isinstance(one, Lost)] == [
        "takes more than 224 MB of memory, or breaks the parser",
        "takes more than 5 s of processor time",
        "takes more than 224 MB of memory",
    ]


def test_what_the_function_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="wrong"):
        list(isolated(work, [("wrong",)]))


def read(html: str) -> str:
    """Whether a page is read."""
    try:
        blocks.read(html, URL)
    except (PageError, SelectolaxError):  # the parser's own: it is out of memory
        return "unread"
    return "read"


def test_a_page_without_measure_is_lost_alone() -> None:
    hostile = [pages()[name] for name in ("profond", "attributs", "polices")]
    told = list(isolated(read, [(html,) for html in [*hostile, "<p>bonjour"]]))
    assert ["unread" if isinstance(one, Lost) else one for one in told] == ["unread"] * len(hostile) + ["read"]
