"""The pages of the site: which there are, and each rendered in a language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipeline import change_note, schema_org
from pipeline.addresses import Addresses
from pipeline.citation import citation
from pipeline.described import OF_THE_CRAWL, bundle, contributor, database, files, licence_confirmed, tables
from pipeline.paths import read_json
from pipeline.readme import FREQUENCIES, personal_columns
from pipeline.site import words
from pipeline.site.columns import columns
from pipeline.site.policy import POLICY
from pipeline.site.recipes import recipes
from pipeline.site.templating import environment
from pipeline.site.words import LANGUAGES, SUFFIX
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.site.charts import Drawing
    from pipeline.site.console import Console
    from pipeline.site.portal import Portal, Version
    from pipeline.site.rows import Rows
    from pipeline.site.words import Language

    Described = Mapping[str, Any]

_LOADABLE = 5_000_000  # bytes of a JSON file that a page reads whole when asked
_CHANGES = 100  # row changes of a dataset that a release's page shows
_COLON = {"fr": "\N{NO-BREAK SPACE}:", "en": ":"}
_SEMICOLON = {"fr": "\N{NARROW NO-BREAK SPACE};", "en": ";"}
_MARK = " (reconstitution)"


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages of a site share.

    Attributes:
        stamp: a digest of what the site is made with, for caches.
        console: whether the site has what answers SQL in the browser.
    """

    stamp: str
    console: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What the home page says of a portal.

    Attributes:
        portal: it.
        counts: how many rows each table has.
        evidenced: the datasets whose rows were read in pages.
        sizes: of the files of the whole package, in bytes.
        declared: the titles of its declared datasets, by language.
    """

    portal: Portal
    counts: Mapping[str, int]
    evidenced: frozenset[str]
    sizes: Mapping[str, int]
    declared: Mapping[str, Mapping[str, str]]


class Pages:
    """The pages of a site in one language.

    Every page has an address in the folder of its language: the first at the top, the other in one of its name.
    """

    def __init__(self, site: Site, language: Language) -> None:
        """`site`: what all pages share; `language`: that of these."""
        self._site, self._language = site, language

    @property
    def language(self) -> Language:
        """That of these pages."""
        return self._language

    def home(self, overviews: Sequence[Overview]) -> str:
        """The first page: what each portal has."""
        only = overviews[0].portal if len(overviews) == 1 else None
        titles = [self._name(overview.portal) for overview in overviews]
        suffix = SUFFIX[self._language]
        leads = [o.portal.descriptor[f"description{suffix}"] for o in overviews if o.portal.descriptor]
        told = [
            {
                "portal": overview.portal,
                "title": title,
                "checked": self._checked(overview.portal),
                "rows": sum(overview.counts.values()),
                "counts": overview.counts,
                "sizes": overview.sizes,
                "groups": overview.portal.groups(overview.evidenced),
                "titles": self._titles(overview.portal),
                "declared": overview.declared[self._language],
                **self._whole(overview.portal),
            }
            for overview, title in zip(overviews, titles, strict=True)
        ]
        return self._page(
            "home.html",
            "index.html",
            only,
            portals=told,
            name=titles[0] if only else words.words(self._language)["catalogue"],
            lead=" ".join(leads),
            heading=lambda level: f"h{level + (len(overviews) > 1)}",
            json_ld=schema_org.package_json_ld(only.descriptor) if only and only.descriptor else None,
            here="home",
        )

    def table(self, portal: Portal, table: Described, rows: Rows, sources: Sequence[str], figure: Markup) -> str:
        """The page of a table.

        Args:
            portal: its portal.
            table: its CSV resource.
            rows: those to show.
            sources: the pages that its rows were read in.
            figure: its chart; empty if it has none.
        """
        package = _package(portal)
        held = files(package, table)
        return self._page(
            "table.html",
            f"{portal.id}/tables/{table['name']}.html",
            portal,
            **self._told(portal, table),
            rows=rows,
            sources=sources,
            figure=figure,
            entry=portal.state(table["name"]),
            fields=columns(table, self._language),
            files=held,
            json=next(file for file in held if file["format"] == "json"),
            loadable=_LOADABLE,
            of_crawl=table["name"] in OF_THE_CRAWL,
            recipes=recipes(package, table),
            citation=citation(package),
            confirmed=licence_confirmed(package),
            json_ld=schema_org.table_json_ld(package, table),
            here="table",
        )

    def chart(self, drawing: Drawing, wide: str, narrow: str) -> Markup:
        """A chart as its table's page shows it; `wide`, `narrow`: its SVG for a page and for a phone."""
        svg = {"wide": Markup(wide), "narrow": Markup(narrow)}  # noqa: S704 (made by inline_svg)
        language, said = self._language, words.words(self._language)
        told = {"drawing": drawing, "w": said, "colon": _COLON[language], **svg}
        return Markup(environment().get_template("chart.html").render(told))  # noqa: S704 (a template's, escaped)

    def chart_failed(self) -> Markup:
        """What a table's page says where its chart could not be drawn."""
        return Markup('<p class="about">{}</p>').format(words.words(self._language)["chart_failed"])

    def evidence(self, portal: Portal, table: Described, rows: Rows) -> str:
        """The page with the evidence of the rows that a table's page shows."""
        address = f"{portal.id}/preuves/{table['name']}.html"
        return self._page("evidence.html", address, portal, **self._told(portal, table), rows=rows, here="evidence")

    def versions(self, portal: Portal) -> str:
        """The list of a portal's releases."""
        return self._page("versions.html", f"{portal.id}/versions/index.html", portal, here="versions")

    def version(self, portal: Portal, version: Version) -> str:
        """The page of a release: what changed, row by row, and its files."""
        folder = portal.home.release(version.version)
        package = read_json(folder / "datapackage.json")
        return self._page(
            "version.html",
            f"{portal.id}/versions/{version.version}.html",
            portal,
            version=version,
            titles={table["name"]: _title(package, table, self._language) for table in tables(package)},
            changes=[] if version.first else list(self._changes(read_json(folder / "changes.json"))),
            sizes={path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()},
            release=self._release(portal, version.version),
            package=package,
            citation=citation(package),
            database=database(package),
            bundle=bundle(package),
            here="version",
        )

    def lasting(self, portal: Portal) -> object:
        """What the page of a release says that is not its own."""
        package = _package(portal)
        return [self._name(portal), package.get("base_url"), package["languages"]]

    def method(self, portal: Portal) -> str:
        """How the data is made, under what terms, and what of persons is in it."""
        package = _package(portal)
        return self._page(
            "method.html",
            f"{portal.id}/methode.html",
            portal,
            package=package,
            frequency=FREQUENCIES[package["frequency"]][LANGUAGES.index(self._language)],
            confirmed=licence_confirmed(package),
            publisher=contributor(package, "publisher"),
            maintainer=contributor(package, "maintainer"),
            personal=personal_columns(package),
            here="method",
        )

    def console(self, portal: Portal, told: Console) -> str:
        """The page that answers SQL in the browser; `told`: what it shows."""
        return self._page("console.html", f"{portal.id}/sql.html", portal, console=told, here="console")

    def _told(self, portal: Portal, table: Described) -> dict[str, Any]:
        """What the pages of a table share."""
        package, suffix = _package(portal), SUFFIX[self._language]
        return {
            "package": package,
            "table": table,
            "title": _title(package, table, self._language),
            "description": table[f"description{suffix}"],
            "release": self._release(portal, package["version"]),
            "database": database(package),
        }

    def _changes(self, changes: Sequence[Described]) -> Iterator[tuple[str, list[dict[str, str]], int]]:
        """The row changes of each dataset as lines of a table, and how many more there are."""
        by_dataset: dict[str, list[Described]] = {}
        for change in change_note.telling(changes):
            by_dataset.setdefault(change["dataset"], []).append(change)
        for dataset, own in by_dataset.items():
            lines = [
                {"kind": change["change"], "key": key, "done": done, "column": column, "before": before, "after": after}
                for change in own[:_CHANGES]
                for _, key, done, column, before, after in change_note.cells(change, self._language)
            ]
            yield dataset, lines, len(own[_CHANGES:])

    def _page(self, template: str, address: str, portal: Portal | None, **told: Any) -> str:  # noqa: ANN401 (what each template speaks of)
        own = "../" * address.count("/")
        site = own if self._language == LANGUAGES[0] else f"../{own}"
        [other] = [language for language in LANGUAGES if language != self._language]
        there = f"{site}{'' if other == LANGUAGES[0] else f'{other}/'}{address}"
        at = Addresses.of(portal.descriptor) if portal and portal.descriptor else None
        told = {
            "name": self._name(portal) if portal else "",
            "json_ld": None,
            "titles": self._titles(portal) if portal else {},
            "canonical": f"{at.base}/site/{_folder(self._language)}{address}" if at and at.base else "",
            **told,
        }
        text = (
            environment()
            .get_template(template)
            .render(
                language=self._language,
                other_language=other,
                w=words.words(self._language),
                colon=_COLON[self._language],
                semicolon=_SEMICOLON[self._language],
                source_language=portal.descriptor["languages"][0] if portal and portal.descriptor else self._language,
                suffix=SUFFIX[self._language],
                policy=POLICY,
                stamp=self._site.stamp,
                console_there=self._site.console,
                portal=portal,
                own=own,
                site=site,
                outputs=f"{site}../",
                other=there,
                **told,
            )
        )
        return visible(text)

    def _release(self, portal: Portal, version: str) -> str:
        """The way from a page in a folder of the portal's to a release's files."""
        up = "../" * (2 if self._language == LANGUAGES[0] else 3)
        return f"{up}../{portal.id}/releases/{version}/"

    def _name(self, portal: Portal) -> str:
        return str(portal.descriptor[f"title{SUFFIX[self._language]}"]) if portal.descriptor else portal.id

    def _titles(self, portal: Portal) -> dict[str, str]:
        return {table["name"]: _title(_package(portal), table, self._language) for table in portal.tables}

    def _checked(self, portal: Portal) -> str:
        """When the portal's pages were last looked at."""
        seen = [entry["checked"] for entry in portal.status.values()]
        return max([*seen, portal.descriptor["created"]] if portal.descriptor else seen, default="")

    def _whole(self, portal: Portal) -> dict[str, str]:
        package = portal.descriptor
        return {"database": database(package), "bundle": bundle(package)} if package else {}


def address(language: Language, place: str) -> str:
    """Where a page of a language lies in the site."""
    return f"{_folder(language)}{place}"


def shown(entry: Described | None) -> object:
    """What a table's page shows of its entry in status.json."""
    if entry is None:
        return None
    return [entry["state"], (entry["good"] or "")[:10], entry["since"], entry["code"], entry["message"]]


def _folder(language: Language) -> str:
    return "" if language == LANGUAGES[0] else f"{language}/"


def _title(package: Described, table: Described, language: Language) -> str:
    """A table's title, without the mark of a reconstruction: every page has a notice of it."""
    title = str(table[f"title{SUFFIX[language]}"])
    return title.removesuffix(_MARK) if package["reconstitution"] else title


def _package(portal: Portal) -> Described:
    if portal.descriptor is None:
        raise ValueError(f"{portal.id}: no release")
    return portal.descriptor
