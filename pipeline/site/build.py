"""DIR/site/: made anew beside the one that stands, then put in its place by one switch of a link.

What does not change is not made again: the pages of releases, and those of other portals, are links to the last site's.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock
from markupsafe import Markup

from pipeline import indexes
from pipeline.paths import Home, read_json, sync_all, write_json
from pipeline.site import pages
from pipeline.site.figures import Figures
from pipeline.site.pages import Overview, Pages, Site
from pipeline.site.portal import Portal, portal
from pipeline.site.rows import Tables
from pipeline.site.words import LANGUAGES, Language

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from schemas.load import Declarations

_HERE = Path(__file__).parent
_KNOWN = ".site.json"  # what the next site need not find out again
_FOLDER = ".sites"
_NOTHING: Mapping[str, Any] = {"stamp": "", "console": False, "portals": {}}


def build(home: Home, declarations: Declarations) -> None:
    """Makes the site of all portals of an outputs folder; killed at any instant, the one before or this one stands.

    Args:
        home: the portal whose pages are made anew; those of others stay as they are, or are made without charts.
        declarations: its own.

    Raises:
        OSError: outputs cannot be read or written.
        duckdb.Error: a table cannot be read.
    """
    out = home.root.parent
    with FileLock(out / ".site.lock", thread_local=False):  # runs of two portals may end together
        _Building(out, home, declarations).build()


def catch_up(home: Home, declarations: Declarations) -> None:
    """Does what `build` does where a command that was killed did not come to it; raises what that does."""
    if not _is_of(home):
        build(home, declarations)


def home_pages(out: Path, published: Collection[str]) -> dict[str, bytes]:
    """The first pages of the site, by their place in it, as they are where only some portals are published.

    Args:
        out: the outputs, which have a site.
        published: the ids of these portals.

    Raises:
        OSError: outputs cannot be read.
    """
    folder = current(out)
    known: Mapping[str, Any] = read_json(folder / _KNOWN) if folder else _NOTHING
    overviews = [
        _overview(portal(Home(out / name), _versions(before)), before)
        for name, before in known["portals"].items()
        if name in published
    ]
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
    return told == [(one.version, one.seal) for one in portal(home, _versions(known)).versions]


def _versions(known: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a site knew of a portal's releases, by version."""
    return {one["version"]: one for one in known.get("versions", ())}


def _overview(found: Portal, before: Mapping[str, Any]) -> Overview:
    """What the home page says of a portal whose pages an earlier site has."""
    return Overview(found, before["counts"], frozenset(before["evidenced"]), before["sizes"], before["declared"])


@dataclass(frozen=True, slots=True)
class _Told:
    """A portal and what earlier sites knew of it."""

    portal: Portal
    same: frozenset[str]  # releases whose pages the last site has as they are to be


class _Building:
    def __init__(self, out: Path, home: Home, declarations: Declarations) -> None:
        self._out, self._home, self._declarations = out, home, declarations
        self._last = current(out)
        self._stamp = stamp()
        self._folder = out / _FOLDER / str(1 + max(map(_number, (out / _FOLDER).glob("*")), default=0))
        self._figures = Figures(declarations, self._last, self._folder)
        known = self._last / _KNOWN if self._last else None
        self._known: Mapping[str, Any] = read_json(known) if known and known.is_file() else _NOTHING

    def build(self) -> None:
        self._folder.mkdir(parents=True)
        try:
            self._assets()
            homes = {home.root: home for home in (*indexes.portals(self._out), self._home)}
            portals = [self._portal(homes[root]) for root in sorted(homes)]
            site = Site(self._stamp, console=False)
            made = {language: Pages(site, language) for language in LANGUAGES}
            overviews = [self._pages(made, told) for told in portals]
            for language in LANGUAGES:
                self._put(language, "index.html", made[language].home(overviews))
            self._remember(site, overviews)
            sync_all(self._folder)
            self._switch()
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _portal(self, home: Home) -> _Told:
        known = self._of_before(home.root.name)
        before = _versions(known)
        found = portal(home, before)
        same = {one.version for one in found.versions if before.get(one.version, {}).get("seal") == one.seal}
        return _Told(found, frozenset(same))

    def _of_before(self, name: str) -> Mapping[str, Any]:
        """What the last site knew of a portal, if it was made as this one is."""
        return self._known["portals"].get(name, {}) if self._known["stamp"] == self._stamp else {}

    def _pages(self, made: Mapping[Language, Pages], told: _Told) -> Overview:
        """Writes a portal's pages."""
        own = told.portal.home.root == self._home.root
        declared: dict[str, dict[str, str]] = {
            language: {d.id: getattr(d.title, language) for d in self._declarations.datasets if own}
            for language in LANGUAGES
        }
        if told.portal.descriptor is None:
            return Overview(told.portal, {}, frozenset(), {}, declared)
        before = self._of_before(told.portal.id)
        if not own and before:
            self._carry(told.portal)
            return _overview(told.portal, before)
        counts: dict[str, int] = {}
        with Tables(told.portal.release) as tables:
            for table in told.portal.tables:
                rows, sources = tables.rows(table), tables.sources.get(table["name"], ())
                counts[table["name"]] = rows.count
                for language in LANGUAGES:
                    name = f"{table['name']}.html"
                    figure = self._figures.of(table, tables, made[language]) if own else Markup()
                    page = made[language].table(told.portal, table, rows, sources, figure)
                    self._put(language, f"{told.portal.id}/tables/{name}", page)
                    if sources:
                        page = made[language].evidence(told.portal, table, rows)
                        self._put(language, f"{told.portal.id}/preuves/{name}", page)
            evidenced = frozenset(tables.sources)
        for language in LANGUAGES:
            self._put(language, f"{told.portal.id}/methode.html", made[language].method(told.portal))
            self._put(language, f"{told.portal.id}/versions/index.html", made[language].versions(told.portal))
            for version in told.portal.versions:
                place = pages.address(language, f"{told.portal.id}/versions/{version.version}.html")
                if version.version in told.same and self._last and (self._last / place).is_file():
                    _link(self._last / place, self._folder / place)
                else:
                    self._write(place, made[language].version(told.portal, version))
        sizes = {path.name: path.stat().st_size for path in told.portal.release.iterdir() if path.is_file()}
        return Overview(told.portal, counts, evidenced, sizes, declared)

    def _carry(self, other: Portal) -> None:
        """Puts another portal's pages as the last site has them."""
        for language in LANGUAGES:
            place = pages.address(language, other.id)
            if self._last and (self._last / place).is_dir():
                shutil.copytree(self._last / place, self._folder / place, copy_function=_link)

    def _remember(self, site: Site, overviews: Sequence[Overview]) -> None:
        known = {
            overview.portal.id: {
                "versions": [version.as_json() for version in overview.portal.versions],
                "counts": overview.counts,
                "evidenced": sorted(overview.evidenced),
                "sizes": overview.sizes,
                "declared": overview.declared,
            }
            for overview in overviews
        }
        write_json(self._folder / _KNOWN, {"stamp": self._stamp, "console": site.console, "portals": known})

    def _assets(self) -> None:
        shutil.copytree(_HERE / "assets", self._folder / "assets", copy_function=shutil.copyfile)

    def _put(self, language: Language, place: str, page: str) -> None:
        self._write(pages.address(language, place), page)

    def _write(self, place: str, page: str) -> None:
        path = self._folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")

    def _switch(self) -> None:
        """Puts the site where people look for it, and removes those before."""
        link = self._out / ".site.link"
        link.unlink(missing_ok=True)
        link.symlink_to(Path(_FOLDER) / self._folder.name)
        link.replace(self._out / "site")
        for old in (self._out / _FOLDER).iterdir():
            if old != self._folder:
                shutil.rmtree(old)


def stamp() -> str:
    """A digest of what the site is made with: this program, its templates and assets."""
    digest = hashlib.sha256(metadata.version("canceropole").encode())
    for path in sorted((*_HERE.glob("*.py"), *_HERE.glob("templates/*"), *_HERE.glob("assets/*"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _number(folder: Path) -> int:
    return int(folder.name) if folder.name.isdecimal() else 0


def _link(old: Path | str, new: Path | str) -> None:
    Path(new).parent.mkdir(parents=True, exist_ok=True)
    os.link(old, new)
