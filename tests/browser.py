"""Debian's Chromium without a window, and pages in it that say what they asked for and what went wrong."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Dialog, Page

FLAGS = (
    "--no-sandbox",  # a container's root has none
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Visit:
    """A page, the addresses it asked for, and what a browser's console says went wrong on it."""

    page: Page
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def origins(self) -> set[str]:
        """Where it asked; what a page makes for itself (blob:, data:) is from nowhere."""
        parts = map(urlsplit, self.asked)
        return {f"{part.scheme}://{part.netloc}" for part in parts if part.scheme not in {"blob", "data"}}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, which `make test` installs; no browser is ever downloaded."""
    path = shutil.which("chromium")
    assert path, "no chromium on the PATH: `make test` installs Debian's where it may; `apt-get install chromium` does"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def _refused(visit: Visit, dialog: Dialog) -> None:
    """No page has a reason to open a dialog of the browser's."""
    visit.faults.append(dialog.message)
    dialog.dismiss()


@contextmanager
def visiting(browser: Browser, **context: Any) -> Iterator[Visit]:
    """A page of a visitor of its own; `context` is what Playwright's new_context takes."""
    visitor = browser.new_context(**context)
    visit = Visit(visitor.new_page())
    visitor.on("request", lambda request: visit.asked.append(request.url))
    visitor.on("console", lambda said: visit.faults.extend([said.text] if said.type in {"error", "warning"} else []))
    visitor.on("dialog", partial(_refused, visit))
    visitor.on("weberror", lambda thrown: visit.faults.append(str(thrown.error)))
    yield visit
    visitor.close()
