"""What is lost in a process of its own is lost alone: too long, too large, broken; the rest comes back in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT
from hostile.bodies import pages
from selectolax.lexbor import SelectolaxError

from spiders import blocks
from spiders.isolation import Lost, isolated
from spiders.spans import PageError

if TYPE_CHECKING:
    from pathlib import Path

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


def own_number() -> int:
    """The number of the process that does it."""
    return os.getpid()


def test_the_rest_comes_back_in_order() -> None:
    told = list(isolated(work, [("a",), ("broken",), ("b",), ("long",), ("large",), ("c",)]))
    assert [one for one in told if isinstance(one, str)] == ["a", "b", "c"]
    assert [one.why.partition(" that ")[2] for one in told if isinstance(one, Lost)] == [
        "takes more than 224 MB of memory, or breaks the parser",
        "takes more than 5 s of processor time",
        "takes more than 224 MB of memory",
    ]


def test_a_caller_that_is_large_itself_leaves_its_readers_their_memory(tmp_path: Path) -> None:
    """Python imports the main module of whoever asks in each reader: it is no part of what reading a page takes."""
    script = tmp_path / "large.py"
    script.write_text(
        "from test_isolation import work\n"
        "from spiders.isolation import Lost, isolated\n"
        "kept = bytearray(300_000_000)\n"
        "if __name__ == '__main__':\n"
        "    print(*(one if isinstance(one, str) else one.why for one in isolated(work, [('a',), ('large',)])))\n"
    )
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=env)
    assert done.stdout.strip() == "a one that takes more than 224 MB of memory"


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
    hostile = [pages()[name] for name in ("profond", "polices")]
    told = list(isolated(read, [(html,) for html in [*hostile, "<p>bonjour"]]))
    assert ["unread" if isinstance(one, Lost) else one for one in told] == ["unread"] * len(hostile) + ["read"]


def test_readers_are_kept_and_one_that_has_died_meanwhile_starts_again() -> None:
    [first] = isolated(own_number, [()])
    [kept] = isolated(own_number, [()])
    assert kept == first
    assert isinstance(first, int)
    os.kill(first, signal.SIGKILL)
    for child in multiprocessing.active_children():
        if child.pid == first:
            child.join()
    [again] = isolated(own_number, [()])
    assert isinstance(again, int)
    assert again != first


def test_who_stops_asking_leaves_nothing_behind() -> None:
    some = isolated(work, [("a",), ("long",)])
    assert next(some) == "a"
    some.close()  # type: ignore[attr-defined]
    assert list(isolated(work, [("b",), ("c",), ("d",)])) == ["b", "c", "d"]


def ask_once() -> None:
    """What a process does that multiprocessing has started: it ends without atexit."""
    assert list(isolated(work, [("a",)])) == ["a"]


def test_a_process_that_asked_ends_with_its_work() -> None:
    asking = multiprocessing.get_context("spawn").Process(target=ask_once)
    asking.start()
    asking.join(60)
    assert asking.exitcode == 0
