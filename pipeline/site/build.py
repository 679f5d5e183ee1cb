"""DIR/site/: made anew beside the one that stands, then put in its place by one switch of a link.

What does not change is not made again: a page that is of the same as in the last site, and the pages of other portals,
are links to the last site's.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import contextmanager
from functools import cache, partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from markupsafe import Markup

from pipeline import indexes
from pipeline.paths import Home, linked, read_json, sync, sync_all, write_json
from pipeline.site import duckdb_wasm, pages
from pipeline.site.console import console
from pipeline.site.figures import Figures
from pipeline.site.pages import Overview, Pages, Site
from pipeline.site.portal import Portal, portal
from pipeline.site.rows import Tables
from pipeline.site.words import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from schemas.load import Declarations

_PROGRAM = Path(__file__).parents[1]
_HERE = Path(__file__).parent
_KNOWN = ".site.json"  # what the next site need not find out again
_FOLDER = ".sites"
_NOTHING: Mapping[str, Any] = {"stamp": "", "console": False, "pages": {}, "portals": {}}


def build(home: Home, declarations: Declarations | None) -> None:
    """Makes the site of all portals of an outputs folder; killed at any instant, the one before or this one stands.

    Args:
        home: the portal whose pages are made anew; those of others stay as they are, or are made without charts.
        declarations: its own; None makes its pages without charts.

    Raises:
        OSError: outputs cannot be read or written.
        duckdb.Error: a table cannot be read.
    """
    with lock(home.root.parent):
        _Building(home, declarations).build()


def catch_up(home: Home, declarations: Declarations | None = None) -> None:
    """Does what `build` does where a command that was killed did not come to it; raises what that does."""
    if not _is_of(home):
        build(home, declarations)


def withdraw(out: Path) -> None:
    """Takes the site down: it says what is about to be erased. The next site is made from nothing.

    Raises:
        OSError: it cannot be removed.
    """
    with lock(out):
        (out / "site").unlink(missing_ok=True)
        sync(out)
        shutil.rmtree(out / _FOLDER, ignore_errors=True)


@contextmanager
def lock(out: Path) -> Iterator[None]:
    """Holds the site of an outputs folder: runs of two portals may end together."""
    with FileLock(out / ".site.lock", thread_local=False):
        yield


def home_pages(out: Path, published: Mapping[str, str]) -> dict[str, bytes]:
    """The first pages of the site, by their place in it, as they are where only some releases are published.

    Args:
        out: the outputs, which have a site, whose lock is held.
        published: the version of each portal that is published.

    Raises:
        OSError: outputs cannot be read.
    """
    folder = current(out)
    known: Mapping[str, Any] = read_json(folder / _KNOWN) if folder else _NOTHING
    found = [
        (portal(Home(out / name), _versions(before), published[name]), before["declared"])
        for name, before in known["portals"].items()
        if name in published
    ]
    overviews = [_overview(one, declared) for one, declared in found]
    site = Site(known["stamp"], console=known["console"])
    return {
        pages.address(language, "index.html"): Pages(site, language).home(overviews).encode() for language in LANGUAGES
    }


def current(out: Path) -> Path | None:
    """The folder of the site that stands; None where there is none."""
    link = out / "site"
    return out / link.readlink() if link.is_symlink() else None


def _is_of(home: Home) -> bool:
    """Whether the site tells of a portal's releases as they are."""
    folder = current(home.root.parent)
    try:
        known = read_json(folder / _KNOWN)["portals"][home.root.name] if folder else {"versions": ()}
    except (OSError, ValueError, KeyError):
        return False
    told = [(one["version"], one["seal"]) for one in known["versions"]]
    return folder is not None and told == [(one.version, one.seal) for one in portal(home, _versions(known)).versions]


def _versions(known: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a site knew of a portal's releases, by version."""
    return {one["version"]: one for one in known.get("versions", ())}


def _overview(found: Portal, declared: Mapping[str, Mapping[str, str]]) -> Overview:
    """What the home page says of a portal."""
    if found.descriptor is None:
        return Overview(found, {}, frozenset(), {}, declared)
    with Tables(found.release) as tables:
        counts = {table["name"]: tables.count(table) for table in found.tables}
        evidenced = frozenset(tables.sources)
    sizes = {path.name: path.stat().st_size for path in found.release.iterdir() if path.is_file()}
    return Overview(found, counts, evidenced, sizes, declared)


class _Building:
    def __init__(self, home: Home, declarations: Declarations | None) -> None:
        self._out, self._home = home.root.parent, home
        self._datasets = declarations.datasets if declarations else ()
        self._last = current(self._out)
        self._stamp = stamp()
        self._duckdb = duckdb_wasm.installed()
        self._folder = self._out / _FOLDER / str(1 + max(map(_number, (self._out / _FOLDER).glob("*")), default=0))
        self._figures = Figures(self._datasets, self._last, self._folder)
        known = self._last / _KNOWN if self._last else None
        found: Mapping[str, Any] = read_json(known) if known and known.is_file() else _NOTHING
        self._known = found if found["stamp"] == self._stamp else _NOTHING
        self._marks: dict[str, str] = {}  # of each page, what it is made of
        self._told: dict[str, Mapping[str, Any]] = {}  # of each portal, what the next site need not find out again

    def build(self) -> None:
        self._folder.mkdir(parents=True)
        try:
            self._make()
            sync_all(self._folder)
            self._switch()
        except BaseException:  # an interrupt too leaves no half of a site
            if current(self._out) != self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
            raise
        for old in (self._out / _FOLDER).iterdir():
            if old != self._folder:
                shutil.rmtree(old, ignore_errors=True)  # the next site removes what is left

    def _make(self) -> None:
        self._assets()
        homes = {home.root: home for home in (*indexes.portals(self._out), self._home)}
        site = Site(self._stamp, console=self._duckdb is not None)
        made = {language: Pages(site, language) for language in LANGUAGES}
        overviews = [self._portal(made, homes[root]) for root in sorted(homes)]
        for language in LANGUAGES:
            self._write(pages.address(language, "index.html"), made[language].home(overviews))
        told = {"stamp": self._stamp, "console": site.console, "pages": self._marks, "portals": self._told}
        write_json(self._folder / _KNOWN, told)

    def _portal(self, made: Mapping[Language, Pages], home: Home) -> Overview:
        """Writes a portal's pages; those of another than the one the site is made for stay as they are."""
        name, own = home.root.name, home.root == self._home.root
        before = self._known["portals"].get(name, {})
        listed = before.get("versions", ())
        if not own and listed and (home.release(listed[0]["version"]) / "datapackage.json").is_file():
            self._told[name] = before
            self._carry(name)
            return _overview(portal(home, _versions(before), listed[0]["version"]), before["declared"])
        found = portal(home, _versions(before))
        declared: dict[str, dict[str, str]] = {
            language: {d.id: getattr(d.title, language) for d in self._datasets if own} for language in LANGUAGES
        }
        self._told[name] = {"versions": [version.as_json() for version in found.versions], "declared": declared}
        if found.descriptor is not None:
            if listed and listed[0]["seal"] == found.versions[0].seal:
                self._figures.keep()
            with Tables(found.release) as tables:
                for table in found.tables:
                    self._table(made, found, tables, table)
            self._of_releases(made, found)
        return _overview(found, declared)

    def _table(self, made: Mapping[Language, Pages], found: Portal, tables: Tables, table: Mapping[str, Any]) -> None:
        """Writes the pages of a table."""
        name, sources = table["name"], tables.sources.get(table["name"], ())
        own = found.home.root == self._home.root
        rows = cache(partial(tables.rows, table))  # read once, and only for a page that is not as it was

        def page(language: Language) -> str:
            figure = self._figures.of(table, tables, made[language]) if own else Markup()
            return made[language].table(found, table, rows(), sources, figure)

        def proofs(language: Language) -> str:
            return made[language].evidence(found, table, rows())

        for language in LANGUAGES:
            seal, folder = found.versions[0].seal, pages.address(language, found.id)
            versions = [(one.version, one.first, one.told[language].get(name)) for one in found.versions]
            chart = self._figures.made_of(name) if own else None
            made_of = [seal, pages.shown(found.state(name)), versions, chart]
            self._put(f"{folder}/tables/{name}.html", made_of, partial(page, language))
            if sources:
                self._put(f"{folder}/preuves/{name}.html", seal, partial(proofs, language))

    def _of_releases(self, made: Mapping[Language, Pages], found: Portal) -> None:
        """Writes the pages of a portal that depend on its releases alone."""
        for language in LANGUAGES:
            page, folder = made[language], pages.address(language, found.id)
            if self._duckdb and found.descriptor:
                told = console(found.descriptor, self._duckdb, language)
                self._put(f"{folder}/sql.html", found.versions[0].seal, partial(page.console, found, told))
            self._put(f"{folder}/methode.html", found.versions[0].seal, partial(page.method, found))
            listed = [version.seal for version in found.versions]
            self._put(f"{folder}/versions/index.html", listed, partial(page.versions, found))
            for version in found.versions:
                made_of = [version.seal, version.first, page.lasting(found)]
                self._put(f"{folder}/versions/{version.version}.html", made_of, partial(page.version, found, version))

    def _put(self, place: str, made_of: object, make: Callable[[], str]) -> None:
        """Has a page in the site: the last site's, if that was made of the same."""
        self._marks[place] = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()
        if self._last and self._known["pages"].get(place) == self._marks[place] and (self._last / place).is_file():
            _link(self._last / place, self._folder / place)
        else:
            self._write(place, make())

    def _carry(self, name: str) -> None:
        """Puts another portal's pages as the last site has them."""
        for language in LANGUAGES:
            place = pages.address(language, name)
            self._marks |= {at: mark for at, mark in self._known["pages"].items() if at.startswith(f"{place}/")}
            if self._last and (self._last / place).is_dir():
                shutil.copytree(self._last / place, self._folder / place, copy_function=_link)

    def _assets(self) -> None:
        shutil.copytree(_HERE / "assets", self._folder / "assets", copy_function=shutil.copyfile)
        if self._duckdb:
            there = self._last / "assets" / self._duckdb.name if self._last else self._duckdb
            duckdb_wasm.put(there if there.is_dir() else self._duckdb, self._folder / "assets")

    def _write(self, place: str, page: str) -> None:
        path = self._folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")

    def _switch(self) -> None:
        """Puts the site where people look for it."""
        place, link = self._out / "site", self._out / ".site.link"
        if place.is_dir() and not place.is_symlink():  # outputs that were copied without their links
            shutil.rmtree(place)
        link.unlink(missing_ok=True)
        link.symlink_to(Path(_FOLDER) / self._folder.name)
        sync(self._out / _FOLDER)
        link.replace(place)
        sync(self._out)


@cache
def stamp() -> str:
    """A digest of what the site is made with: this program, what it writes with, DuckDB for the browser."""
    versions = [
        f"{name} {metadata.version(name)}" for name in ("babel", "jinja2", "markdown-it-py", "vl-convert-python")
    ]
    digest = hashlib.sha256(json.dumps(versions).encode())
    duckdb = duckdb_wasm.installed()
    digest.update(f"{duckdb.name} {duckdb_wasm.size(duckdb)}".encode() if duckdb else b"")
    sources = (*_PROGRAM.glob("*.py"), *_HERE.glob("*.py"), *_HERE.glob("*.yml"), *_HERE.glob("templates/*"))
    for path in sorted((*sources, *_HERE.glob("assets/*"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _number(folder: Path) -> int:
    return int(folder.name) if folder.name.isdecimal() else 0


def _link(old: Path | str, new: Path | str) -> None:
    Path(new).parent.mkdir(parents=True, exist_ok=True)
    linked(old, new)
