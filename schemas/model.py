"""A declaration as frozen pydantic models: what a portal is, what a dataset is, where its rows stand in the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import regex
from pydantic import Field as Key
from pydantic import model_validator

from schemas.charts import MAX_ROWS, Chart
from schemas.declared import Declared, Text
from schemas.kinds import (
    AgentType,
    Base,
    Count,
    Email,
    FieldType,
    Keyword,
    Language,
    Name,
    Number,
    Origin,
    Path,
    Pattern,
    PlainPattern,
    Role,
    Schedule,
    Share,
    Slug,
    Theme,
    Timezone,
    Url,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the package's database has of its own: tables, what the names of others end with, columns of every history.
OWN_TABLES = frozenset({"changes", "dictionnaire", "fraicheur", "releases"})
OWN_ENDINGS = ("_history", "_as_of")
OWN_COLUMNS = frozenset({"first_release", "last_release", "valid_from", "valid_from_date", "valid_to", "valid_to_date"})


class Constraints(Declared):
    """The Table Schema constraints a field may declare (Table Schema v1, 'Constraints')."""

    required: bool = False
    unique: bool = False
    minimum: Number | None = None
    maximum: Number | None = None
    min_length: Count | None = Key(default=None, alias="minLength")
    max_length: Count | None = Key(default=None, alias="maxLength", ge=1)
    pattern: PlainPattern | None = None
    enum: tuple[str, ...] | None = Key(default=None, min_length=1)

    @model_validator(mode="after")
    def _satisfiable(self) -> Self:
        for low, high in ((self.minimum, self.maximum), (self.min_length, self.max_length)):
            if low is not None and high is not None and low > high:
                raise ValueError(f"no value can be at least {low} and at most {high}")
        return self


class Field(Declared):
    """One column: a Table Schema field plus the private keys that say where its value comes from.

    Private keys: `from` (the part of the raw row, or several: the first one present), `clean` (a named cleaner),
    `map` (closed list: printed value to published value), `rank` (position within the rows that share these columns),
    `references` (dataset whose key this is), `personal` (what of a person it holds), `organisations` (its text names
    organisations, several joined by `; `, each of which has this role in the row), `formerly` (the name it had in
    earlier releases: its history goes on).
    """

    name: Name
    type: FieldType = "string"
    title: Text
    description: Text | None = None
    constraints: Constraints = Constraints()
    from_: tuple[str, ...] = Key(default=(), alias="from")
    clean: str = "text"
    map: dict[str, str] | None = None
    rank: tuple[Name, ...] | None = None
    references: Name | None = None
    personal: Literal["name", "email"] | None = None
    organisations: Role | None = None
    formerly: Name | None = None

    @model_validator(mode="after")
    def _organisations_are_named_in_a_text(self) -> Self:
        if self.organisations is not None and self.type != "string":
            raise ValueError(f"a column that names organisations is of type string, not {self.type}")
        return self

    @model_validator(mode="after")
    def _personal_is_cleaned_so(self) -> Self:
        if self.personal == "email" and self.clean != "role_mailbox":
            raise ValueError(f"a column of e-mail addresses is cleaned by role_mailbox, not by {self.clean}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _one_part_is_a_list_of_one(cls, data: object) -> object:
        if isinstance(data, dict) and isinstance(data.get("from"), str):
            return {**data, "from": (data["from"],)}
        return data

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the raw row's parts this column may come from: its own name unless `from` says otherwise."""
        return self.from_ or (self.name,)


class Page(Declared):
    """The page a source stands on. The title finds it; the path only decides between pages of one title."""

    title: str
    path: Path


class Table(Declared):
    """A table found by its header row: every header is declared, or ignored by name, or stops the dataset."""

    headers: tuple[str, ...] = Key(min_length=1)
    ignored: tuple[str, ...] = ()


class List(Declared):
    """A list found by the sentence that introduces it (`after`) and/or the heading above it; groups become parts."""

    after: Pattern | None = None
    heading: Pattern | None = None
    many: bool = False

    @model_validator(mode="after")
    def _located(self) -> Self:
        if self.after is None and self.heading is None:
            raise ValueError("a list needs `after` (the sentence that introduces it) or `heading`")
        return self


class Section(Declared):
    """The text under a heading; the heading's groups become parts, `text` is all that stands below it."""

    heading: Pattern
    many: bool = False


class Sentence(Declared):
    """A fact stated in a sentence or heading: one match of `pattern`, whose groups become parts."""

    pattern: Pattern
    heading: Pattern | None = None
    many: bool = False


class EachPage(Declared):
    """One row a page: every content page on which `where` matches exactly once."""

    where: Pattern


class Each(Declared):
    """Several rows from one part: matches of `pattern`, with nothing but `between` around them."""

    part: str
    pattern: Pattern
    between: Pattern = r"\s*"


class Source(Declared):
    """One place rows come from. Exactly one of table, list, section, sentence, each_page, reference, crawl, links.

    `confirms`: it has the very rows of the other sources and adds none. `count`: the part in which the page states how
    many rows there are; with `only_counts` that is all the source gives.
    """

    page: Page | None = None
    language: str = "fr"
    table: Table | None = None
    list: List | None = None
    section: Section | None = None
    sentence: Sentence | None = None
    each_page: EachPage | None = None
    reference: str | None = Key(default=None, pattern=r"^[a-z_]+\.csv$")
    crawl: Literal["pages", "provenance"] | None = None
    links: Literal["organisations"] | None = None
    parts: dict[str, Pattern] = Key(default={})
    each: Each | None = None
    values: dict[str, str] = Key(default={})
    confirms: bool = False
    count: str | None = None
    only_counts: bool = False

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        shapes = ("table", "list", "section", "sentence", "each_page", "reference", "crawl", "links")
        given = [shape for shape in shapes if getattr(self, shape) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(shapes)}; got {', '.join(given) or 'none'}")
        on_a_page = given[0] in {"table", "list", "section", "sentence"}
        if on_a_page != (self.page is not None):
            raise ValueError(f"`page` goes with table, list, section and sentence; this source is a {given[0]}")
        if self.only_counts and (self.count is None or self.sentence is None):
            raise ValueError("`only_counts` is for a sentence whose part `count` states the number of rows")
        return self

    @property
    def from_pages(self) -> bool:
        """Whether the rows are read in the portal's pages (and so have evidence)."""
        return self.reference is None and self.crawl is None and self.links is None


class Bounds(Declared):
    """How many rows a dataset may have: the check that carries a first run.

    `known` is how many there were when the declaration was last reviewed: a first run with fewer has lost some.
    """

    min: Count
    max: Count = Key(ge=1)
    known: Count | None = Key(default=None, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        if self.known is not None and not self.min <= self.known <= self.max:
            raise ValueError(f"known {self.known} is not between min {self.min} and max {self.max}")
        return self


class Range(Declared):
    """Between what bounds a column's numbers are believed, in the rows where other columns have these values."""

    column: Name
    where: dict[Name, str] = Key(default={})
    min: float
    max: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Checks(Declared):
    """What must hold of a dataset's rows, whatever its schema says; the defaults are the strict ones.

    Of the declaration alone: `rows`, `filled` (share of a column's cells that have a value), `ranges`, `confidence`
    (below it a match needs the last release's rows to confirm it), `rejected` (rows that may be set aside).
    Against the last release: `keys_lost`, `cells_emptied`, `odd_shapes` and `values_changed` are tolerated shares,
    `rows_added` the growth believed, `magnitude` the factor a number may change by.
    """

    rows: Bounds
    filled: dict[Name, Share] = Key(default={})
    ranges: tuple[Range, ...] = ()
    confidence: Share = 0.9
    rejected: Count = 0
    keys_lost: Share = 0.0
    rows_added: float = Key(default=0.5, ge=0)
    cells_emptied: Share = 0.0
    odd_shapes: Share = 0.0
    values_changed: Share = 0.5
    magnitude: float = Key(default=8.0, gt=1)


# What the outputs and their site have of their own beside portals' folders.
_OWN_FOLDERS = frozenset({"assets", "en", "site"})


def _not_of_the_package(name: str) -> None:
    if name in OWN_TABLES:
        raise ValueError(f"the package has a table {name} of its own")
    if name.endswith(OWN_ENDINGS):
        raise ValueError(f"names of the package's own end with {' or '.join(OWN_ENDINGS)}")


class Dataset(Declared):
    """One dataset: where its rows stand, its columns, its key, its checks. The file's name is its id."""

    id: Name
    title: Text
    description: Text
    sources: tuple[Source, ...] = Key(min_length=1)
    fields: tuple[Field, ...] = Key(min_length=1)
    key: tuple[Name, ...] = Key(min_length=1)
    checks: Checks
    chart: Chart | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _not_of_the_package(self.id)
        names = [field.name for field in self.fields]
        own = sorted(OWN_COLUMNS & set(names))
        if own:
            raise ValueError(f"a history has columns of its own of these names: {', '.join(own)}")
        current = [field.name for field in self.fields if field.formerly in names]
        if current:
            raise ValueError(f"`formerly` names a column that the dataset has: {', '.join(current)}")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"columns declared twice: {', '.join(twice)}")
        mentioned = {
            "key": self.key,
            "checks.filled": tuple(self.checks.filled),
            "checks.ranges": tuple(name for r in self.checks.ranges for name in (r.column, *r.where)),
            "rank": tuple(column for field in self.fields for column in field.rank or ()),
        }
        for place, columns in mentioned.items():
            unknown = sorted(set(columns) - set(names))
            if unknown:
                raise ValueError(f"{place} names no column of the dataset: {', '.join(unknown)}")
        return self

    @model_validator(mode="after")
    def _drawable(self) -> Self:
        if self.chart is None:
            return self
        strangers = self.chart.strangers(self.names)
        if strangers:
            raise ValueError(f"chart names no column of the dataset, or of what a step leaves: {', '.join(strangers)}")
        untitled = self.chart.untitled(self.names)
        if untitled:
            raise ValueError(f"chart draws what no channel gives a title: {', '.join(untitled)}")
        if self.checks.rows.max > MAX_ROWS and not self.chart.aggregates:
            raise ValueError(
                f"chart draws at most {MAX_ROWS} rows, of which checks.rows.max is to keep it, or an aggregate; "
                f"checks.rows.max is {self.checks.rows.max}"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in published order."""
        return tuple(field.name for field in self.fields)

    def published(self, parts: Mapping[str, str]) -> dict[str, str]:
        """What of a raw row's parts is published, or withheld from publication: the text of each column, as printed."""
        named = {field.name: next((part for part in field.parts if part in parts), None) for field in self.fields}
        return {name: parts[part] for name, part in named.items() if part is not None}

    @property
    def derived(self) -> Literal["pages", "provenance", "organisations"] | None:
        """Which of the tables this is, if any, that are made of a crawl or of other tables, and not judged by the gate.

        `pages` and `provenance` change with every run and never make a release; `organisations` are links to them.
        """
        return self.sources[0].crawl or self.sources[0].links

    @property
    def from_pages(self) -> bool:
        """Whether the rows come from the portal's pages and so must have evidence."""
        return all(source.from_pages for source in self.sources)


class View(Declared):
    """A question that the package's database answers: one SELECT over its datasets. The file's name is its id.

    `columns` says what each of the columns it gives is, in their order.
    """

    id: Name
    title: Text
    description: Text
    columns: dict[Name, Text]
    sql: str = Key(min_length=1, max_length=10_000)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        _not_of_the_package(self.id)
        return self


class Agent(Declared):
    """A person or body to write to."""

    name: str
    url: Url
    email: Email | None = None
    siret: str | None = Key(default=None, pattern=r"^\d{14}$")
    type: AgentType | None = None


class Area(Declared):
    """Where the data is about: a place of the EU's tables, and the box around it, in degrees (WGS 84)."""

    uri: Url
    title: Text
    west: float = Key(ge=-180, le=180)
    south: float = Key(ge=-90, le=90)
    east: float = Key(ge=-180, le=180)
    north: float = Key(ge=-90, le=90)


class Licence(Declared):
    """The licence the data is offered under, and whether the publisher has confirmed it."""

    id: str
    title: str
    url: Url
    statut: Literal["confirmee", "a-confirmer"]


class Crawl(Declared):
    """How the portal may be visited (bounds of the contract, which a portal may change)."""

    user_agent: str = Key(pattern=r"^[!-~]([ -~]*[!-~])?$")  # a header line, as it is
    delay: float = Key(default=1.0, ge=0, le=60)
    seeds: tuple[Path, ...] = ("/",)
    deny: tuple[PlainPattern, ...] = ()
    max_body: int = Key(default=10_000_000, ge=1, le=100_000_000)
    timeout: float = Key(default=60.0, gt=0, le=600)
    max_pages: int = Key(default=2_000, ge=1, le=1_000_000)
    max_bytes: int = Key(default=500_000_000, ge=1, le=1_000_000_000_000)
    max_duration: float = Key(default=21_600.0, gt=0, le=604_800)
    max_redirects: int = Key(default=10, ge=0, le=20)
    tries: int = Key(default=3, ge=1, le=10)


class Ignored(Declared):
    """A table or list that is looked at and left, by name: its page's title, its kind, how it begins."""

    page: str
    block: Literal["table", "list"]
    head: str
    why: str


class Portal(Declared):
    """A portal: its address and languages, how to visit it, what its data is offered under."""

    id: Slug
    title: Text
    description: Text
    origin: Origin
    language: Language = "fr"
    publisher: Agent
    maintainer: Agent
    licence: Licence
    keywords: tuple[Keyword, ...]
    base_url: Base | None = None
    theme: Theme = "HEAL"
    area: Area
    schedule: Schedule
    timezone: Timezone = "Europe/Paris"
    crawl: Crawl
    keep_runs: int | None = Key(default=None, ge=1, le=100_000)
    archives: tuple[Pattern, ...] = ()
    ignore: tuple[Ignored, ...] = ()
    role_words: tuple[str, ...] = ()
    role_mailboxes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_a_folder_of_its_own(self) -> Self:
        if self.id in _OWN_FOLDERS:
            raise ValueError(f"the outputs have a folder {self.id} of their own")
        return self

    def is_archive(self, path: str) -> bool:
        """Whether an address is declared to repeat other pages' content (tags, categories, dates, pagination)."""
        return any(regex.search(pattern, path) for pattern in self.archives)
