"""What DCAT-AP says alike of catalogues, datasets and files: who, about what, where, when, under which licence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rdflib import Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF, SKOS

from pipeline import vocabularies
from pipeline.addresses import Addresses
from pipeline.described import contributor
from pipeline.rdf import address, blank, day, plain, point, say
from pipeline.vocabularies import GEO, LANGUAGES, PUBLISHER_TYPE, VCARD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdflib import Graph


def agent(g: Graph, package: Mapping[str, Any], role: str) -> URIRef:
    """Who publishes the portal, or maintains the package."""
    told = contributor(package, role)
    body = URIRef(Addresses.of(package).agent(role))
    g.add((body, RDF.type, FOAF.Agent))
    g.add((body, FOAF.name, plain(told["title"])))
    point(g, body, FOAF.homepage, address(told["path"]), FOAF.Document)
    if "email" in told:
        g.add((body, FOAF.mbox, address(f"mailto:{told['email']}")))
    if "siret" in told:
        g.add((body, DCTERMS.identifier, Literal(told["siret"])))
    if "type" in told:
        kind = PUBLISHER_TYPE[told["type"]]
        point(g, body, DCTERMS.type, kind, SKOS.Concept)
        say(g, kind, SKOS.prefLabel, vocabularies.PUBLISHER_TYPES[told["type"]])
    return body


def contact(g: Graph, package: Mapping[str, Any], dataset: URIRef) -> None:
    """Whom to write to; nobody without an e-mail address, without which consumers count a contact as lost."""
    told = contributor(package, "maintainer")
    if "email" in told:
        card = blank(URIRef(Addresses.of(package).package), "contact")
        point(g, dataset, DCAT.contactPoint, card, VCARD.Kind)
        g.add((card, VCARD.fn, plain(told["title"])))
        g.add((card, VCARD.hasEmail, address(f"mailto:{told['email']}")))
        g.add((card, VCARD.hasURL, address(told["path"])))


def subject(g: Graph, package: Mapping[str, Any], dataset: URIRef) -> None:
    """What a dataset is about, and how often it is looked at."""
    theme = vocabularies.theme(package["theme"])
    point(g, dataset, DCAT.theme, theme, SKOS.Concept)
    say(g, theme, SKOS.prefLabel, vocabularies.THEME_NAMES[package["theme"]])
    g.add((theme, SKOS.inScheme, vocabularies.THEMES))
    frequency = vocabularies.frequency(package["frequency"])
    point(g, dataset, DCTERMS.accrualPeriodicity, frequency, DCTERMS.Frequency)


def languages(g: Graph, package: Mapping[str, Any], described: URIRef) -> None:
    """The languages of the rows."""
    for language in package["languages"]:
        point(g, described, DCTERMS.language, LANGUAGES[language], DCTERMS.LinguisticSystem)


def place(g: Graph, package: Mapping[str, Any], described: URIRef) -> None:
    """The place the data is about, with the box around it: some consumers take the name, others the box."""
    area = package["area"]
    west, south, east, north = (area[side] for side in ("west", "south", "east", "north"))
    corners = ((west, south), (east, south), (east, north), (west, north), (west, south))
    named = address(area["uri"])
    point(g, described, DCTERMS.spatial, named, DCTERMS.Location)
    say(g, named, SKOS.prefLabel, area["title"])
    shape = f"POLYGON(({', '.join(f'{x} {y}' for x, y in corners)}))"
    g.add((named, DCAT.bbox, Literal(shape, datatype=GEO.wktLiteral)))


def period(g: Graph, dataset: URIRef, since: str, until: str) -> None:
    """The days on which the portal was seen to publish just these rows: a blank node, for udata fetches an address."""
    days = blank(dataset, "period")
    point(g, dataset, DCTERMS.temporal, days, DCTERMS.PeriodOfTime)
    g.add((days, DCAT.startDate, day(since)))
    g.add((days, DCAT.endDate, day(until)))


def licence(g: Graph, package: Mapping[str, Any], described: URIRef) -> None:
    """The licence something is offered under."""
    point(g, described, DCTERMS.license, address(package["licenses"][0]["path"]), DCTERMS.LicenseDocument)


def standard(g: Graph, described: URIRef, met: URIRef) -> None:
    """The standard or schema that something conforms to."""
    point(g, described, DCTERMS.conformsTo, met, DCTERMS.Standard)
