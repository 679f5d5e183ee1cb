"""The pages of the site: which there are, and each rendered in a language."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from markdown_it import MarkdownIt
from markupsafe import Markup

from pipeline import change_note, schema_org
from pipeline.addresses import Addresses
from pipeline.citation import citation
from pipeline.described import OF_THE_CRAWL, bundle, contributor, database, files, licence_confirmed, sha256_of, tables
from pipeline.paths import read_json
from pipeline.readme import FREQUENCIES, personal_columns
from pipeline.site import words
from pipeline.site.policy import POLICY
from pipeline.site.rows import anchor, cell
from pipeline.site.words import LANGUAGES
from schemas.typography import key_text, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jinja2.runtime import Context

    from pipeline.site.charts import Drawing
    from pipeline.site.console import Console
    from pipeline.site.portal import Portal, Version
    from pipeline.site.rows import Rows
    from pipeline.site.words import Language

    Described = Mapping[str, Any]

_LOADABLE = 5_000_000  # bytes of a JSON file that a page reads whole when asked
_CHANGES = 100  # row changes of a dataset that a release's page shows
_SUFFIX = {"fr": "", "en": "_en"}  # of what datapackage.json says in a language
_COLON = {"fr": "\N{NO-BREAK SPACE}:", "en": ":"}
_SEMICOLON = {"fr": "\N{NARROW NO-BREAK SPACE};", "en": ";"}
_FIGURES = {"integer", "number"}
_MARK = " (reconstitution)"
_INLINE = MarkdownIt("commonmark", {"html": False}).disable(["link", "autolink", "image"])


@dataclass(frozen=True, slots=True)
class Column:
    """A column as pages show it.

    Attributes:
        name, type: as the schema has them.
        title, description: in the page's language.
        figure: whether its values are numbers.
        key, required: what the schema says of it.
        parent: the dataset whose key it is; empty if it is none's.
    """

    name: str
    type: str
    title: str
    description: str
    figure: bool
    key: bool
    required: bool
    parent: str

    def links(self, value: object) -> str:
        """Where a value leads: to the row whose key it is."""
        return f"{self.parent}.html#{anchor(key_text([value]))}" if self.parent and value is not None else ""


def columns(table: Described, language: Language) -> list[Column]:
    """The columns of a table."""
    schema, suffix = table["schema"], _SUFFIX[language]
    parents = {
        key["fields"][0]: key["reference"]["resource"] or table["name"]
        for key in schema.get("foreignKeys", ())
        if len(key["fields"]) == 1
    }
    return [
        Column(
            name=field["name"],
            type=field["type"],
            title=field[f"title{suffix}"],
            description=field[f"description{suffix}"],
            figure=field["type"] in _FIGURES,
            key=field["name"] in schema["primaryKey"],
            required=bool(field.get("constraints", {}).get("required")),
            parent=parents.get(field["name"], ""),
        )
        for field in schema["fields"]
    ]


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
        suffix = _SUFFIX[self._language]
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
            recipes=_recipes(package, table),
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
        return Markup(_environment().get_template("chart.html").render(told))  # noqa: S704 (a template's, escaped)

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
        package, suffix = _package(portal), _SUFFIX[self._language]
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
            _environment()
            .get_template(template)
            .render(
                language=self._language,
                other_language=other,
                w=words.words(self._language),
                colon=_COLON[self._language],
                semicolon=_SEMICOLON[self._language],
                source_language=portal.descriptor["languages"][0] if portal and portal.descriptor else self._language,
                suffix=_SUFFIX[self._language],
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
        return str(portal.descriptor[f"title{_SUFFIX[self._language]}"]) if portal.descriptor else portal.id

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
    title = str(table[f"title{_SUFFIX[language]}"])
    return title.removesuffix(_MARK) if package["reconstitution"] else title


def _package(portal: Portal) -> Described:
    if portal.descriptor is None:
        raise ValueError(f"{portal.id}: no release")
    return portal.descriptor


def _recipes(package: Described, table: Described) -> list[tuple[str, str]]:
    """The same rows read with what people have at hand: at their address, or in a folder where they were put."""
    at, version, name = Addresses.of(package), package["version"], table["name"]
    rows, base = at.own(version, f"data/{name}.parquet"), at.own(version, database(package))
    attach = f"ATTACH '{base}' AS portail (READ_ONLY); USE portail;\n" if at.base else ""
    shell = "duckdb" if at.base else f"duckdb {database(package)}"
    return [
        ("DuckDB", f"-- {shell}\n{attach}FROM {name};"),
        ("Python (pandas)", f'import pandas\n\n{name} = pandas.read_parquet("{rows}")'),
        ("R", f'{name} <- arrow::read_parquet("{rows}")'),
    ]


@cache  # to compile the templates takes longer than to render a site
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "sort_keys": False}
    environment.filters |= {
        "cell": pass_context(lambda context, value, link="": cell(value, context["language"], link)),
        "day": _in_language(words.day),
        "french": lambda text: Markup(words.french(text)),  # noqa: S704 (of what a template has filled in)
        "fill": lambda text, **values: text.format(**values),
        "md": _sentence,
        "moment": _in_language(words.moment),
        "number": _in_language(words.number),
        "sha256": sha256_of,
        "share": _in_language(words.share),
        "size": _in_language(words.size),
        "visible": visible,
        "zip": lambda one, two: zip(one, two, strict=True),
    }
    return environment


def _in_language(said: Callable[[Any, Language], str]) -> Callable[[Context, Any], str]:
    """A filter that says a value in the language of the page."""
    return pass_context(lambda context, value: said(value, context["language"]))


def _sentence(text: str) -> Markup:
    """A sentence of a change note, which is Markdown whose values are escaped, as HTML."""
    return Markup(_INLINE.renderInline(re.sub(r"\s+", " ", text)))  # noqa: S704 (rendered without HTML, links or images)
