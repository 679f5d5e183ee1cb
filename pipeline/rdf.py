"""RDF graphs whose bytes repeat: prefixes, literals, blank nodes named by what they are of, serializations in order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, OWL, RDF, RDFS, SKOS, XSD

from pipeline.vocabularies import ADMS, DCATAP, GEO, SPDX, VCARD
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rdflib.term import Node

_PREFIXES = {
    "adms": ADMS,
    "dcat": DCAT,
    "dcatap": DCATAP,
    "dct": DCTERMS,
    "foaf": FOAF,
    "geo": GEO,
    "owl": OWL,
    "rdf": RDF,
    "rdfs": RDFS,
    "skos": SKOS,
    "spdx": SPDX,
    "vcard": VCARD,
    "xsd": XSD,
}
_IN_ADDRESSES = "!#$%&'()*+,/:;=?@[]~"  # RFC 3986, 2.2; letters and digits are kept by themselves
_FORMATS = {"ttl": "turtle", "rdf": "xml", "jsonld": "json-ld"}


def empty() -> Graph:
    """A graph that knows the prefixes of catalogues, and no others."""
    made = Graph("SimpleMemory", bind_namespaces="none")  # the store that gives triples in the order they came
    for prefix, namespace in _PREFIXES.items():
        made.bind(prefix, namespace)
    return made


def plain(text: str) -> Literal:
    """A text of no language, as a name; what XML cannot hold is escaped."""
    return Literal(visible(text))


def say(graph: Graph, subject: Node, predicate: URIRef, texts: Mapping[str, str]) -> None:
    """Says a text in each of its languages, in their order; what XML cannot hold is escaped."""
    for language, text in texts.items():
        graph.add((subject, predicate, Literal(visible(text), lang=language)))


def point(graph: Graph, subject: Node, predicate: URIRef, node: Node, kind: URIRef) -> None:
    """Points to a node and says what it is: SHACL checks the kind of whatever is pointed to."""
    graph.add((subject, predicate, node))
    graph.add((node, RDF.type, kind))


def label(graph: Graph, subject: Node, predicate: URIRef, kind: URIRef, texts: Mapping[str, str]) -> None:
    """Points to a blank node of a kind that is only a text."""
    node = blank(subject, str(predicate))
    point(graph, subject, predicate, node, kind)
    say(graph, node, RDFS.label, texts)


def address(text: str) -> URIRef:
    """An address as RDF takes it: what RFC 3986 does not allow in one is percent-encoded."""
    return URIRef(quote(text, safe=_IN_ADDRESSES))


def blank(owner: Node, role: str) -> BNode:
    """The blank node that is something of another node: the same one every time."""
    return BNode(f"n{uuid5(NAMESPACE_URL, f'{owner} {role}').hex}")


def day(instant: str) -> Literal:
    """The day of an RFC 3339 date or instant."""
    return Literal(visible(instant[:10]), datatype=XSD.date)


def in_order(graph: Graph) -> Graph:
    """The same triples in one order, whatever the order they came in."""
    ordered, order = empty(), {term: _order(term) for triple in graph for term in triple}
    for triple in sorted(graph, key=lambda triple: [order[term] for term in triple]):
        ordered.add(triple)
    return ordered


def serialized(ordered: Graph, extension: str) -> bytes:
    """A graph in order, as Turtle (ttl), RDF/XML (rdf) or JSON-LD (jsonld): the same triples give the same bytes."""
    if extension != "jsonld":
        return ordered.serialize(format=_FORMATS[extension], encoding="utf-8")
    made = json.loads(ordered.serialize(format="json-ld", auto_compact=True))
    return (json.dumps(_sorted(made), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _order(term: Node) -> tuple[bool, str]:
    """Where a term stands among others: French before English, for who takes the first of several texts."""
    return isinstance(term, Literal) and term.language == "en", term.n3()


def _sorted(value: Any) -> Any:  # noqa: ANN401 (JSON is any shape)
    """JSON-LD with its lists, which are sets, in one order: French first."""
    if isinstance(value, dict):
        return {name: _sorted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value
