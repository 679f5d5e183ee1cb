"""What a catalogue says in words, in French and English: how a release stands, beside what it describes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.described import licence_confirmed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Texts = Mapping[str, str]

SAMPLE_NOTE = {
    "fr": "Reconstitution : construite à partir du portail d'exemple livré avec le logiciel, pas du portail réel.",
    "en": "Reconstruction: made from the sample portal that comes with the software, not from the real portal.",
}
_LICENCE = {
    "fr": "Licence à confirmer : l'éditeur du portail n'a pas encore confirmé la licence « {title} ».",
    "en": "Licence to be confirmed: the portal's publisher has not confirmed the licence “{title}” yet.",
}
_OFFERED = {"fr": "Offert sous la licence « {title} ».", "en": "Offered under the licence “{title}”."}
_VERSION = {
    "fr": "Version {version} du {created}.",
    "en": "Version {version} of {created}.",
}
_CHANGES = {
    "fr": "Ce qui a changé depuis la version précédente : {changes}",
    "en": "What changed since the version before: {changes}",
}
_MODIFIED = {
    "fr": "Les lignes ont changé pour la dernière fois le {modified}.",
    "en": "The rows last changed on {modified}.",
}
_STALE = {
    "fr": "Lignes d'une version antérieure, conservées depuis le {since} : {message} [{code}]",
    "en": "Rows of an earlier release, kept since {since}: {message} [{code}]",
}
_PROVENANCE = {
    "fr": "Fait à partir des pages de « {source} »{pages}, et des listes de référence du logiciel. Pour chaque ligne"
    " lue dans une page, la table provenance a l'adresse, la capture et le texte publié.",
    "en": "Made from the pages of “{source}”{pages}, and from the software's reference lists. For each row read in a"
    " page, the table provenance has the address, the capture and the printed text.",
}
_CATALOGUE = {"fr": "Catalogue : {title}", "en": "Catalogue: {title}"}
_LISTED = {
    "fr": "Les jeux de données de la dernière version de : {portals}.",
    "en": "The datasets of the latest release of: {portals}.",
}
_LEFT_OUT = {
    "fr": "Non listé, car sa version ne décrit pas assez ce qu'elle contient : {portals}.",
    "en": "Not listed, as its release does not say enough of what it holds: {portals}.",
}


def title(described: Mapping[str, Any]) -> Texts:
    """The title of a package or table, as its descriptor has it."""
    return {"fr": described["title"], "en": described["title_en"]}


def description(package: Mapping[str, Any], changes: str, table: Mapping[str, Any] | None = None) -> Texts:
    """What a package, or a table of it, is; then its version and how it stands, for those who read this alone.

    Arguments are those of `version_notes`.
    """
    own = {language: (table or package)[name] for language, name in (("fr", "description"), ("en", "description_en"))}
    told = [own, version_notes(package, changes, table), rights(package)]
    if table is not None and package["reconstitution"]:
        told.append(SAMPLE_NOTE)  # the package's own description says so already
    return _joined(told, "\n\n")


def version_notes(package: Mapping[str, Any], changes: str, table: Mapping[str, Any] | None = None) -> Texts:
    """Which version this is, when the rows last changed, and whether they are kept from an earlier release.

    Args:
        package: datapackage.json.
        changes: where it is told what changed.
        table: the table's CSV resource; none for the package itself.
    """
    told = [_filled(_VERSION, version=package["version"], created=package["created"][:10])]
    if table is not None:
        told.append(_filled(_MODIFIED, modified=table["modified"]))
        told += [_stale(table["stale"])] if "stale" in table else []
    return _joined([*told, _filled(_CHANGES, changes=changes)], " ")


def rights(package: Mapping[str, Any]) -> Texts:
    """Under which licence it is offered, and whether the publisher has confirmed that."""
    return _filled(_OFFERED if licence_confirmed(package) else _LICENCE, title=package["licenses"][0]["title"])


def provenance(package: Mapping[str, Any], table: Mapping[str, Any] | None = None) -> Texts:
    """Where the rows come from: the portal, and the pages that a table is declared to come from."""
    titles = ", ".join(dict.fromkeys(source["title"] for source in (table or {}).get("sources", [])))
    source = package["sources"][0]["title"]
    return {
        lang: text.format(source=source, pages=f" ({titles})" if titles else "") for lang, text in _PROVENANCE.items()
    }


def catalogue_title(packages: Iterable[Mapping[str, Any]]) -> Texts:
    """What the catalogue of some packages is called."""
    return _joined_titles(_CATALOGUE, [title(package) for package in packages], "title")


def catalogue_description(packages: Iterable[Mapping[str, Any]], left_out: Mapping[str, str]) -> Texts:
    """What a catalogue lists, and what it leaves out: the version of each such portal."""
    versions = [
        {language: f"{name} {package['version']}" for language, name in title(package).items()} for package in packages
    ]
    told = [_joined_titles(_LISTED, versions, "portals")]
    if left_out:
        told.append(_filled(_LEFT_OUT, portals=", ".join(f"{name} {version}" for name, version in left_out.items())))
    return _joined(told, "\n\n")


def _filled(texts: Texts, **values: str) -> Texts:
    return {language: text.format(**values) for language, text in texts.items()}


def _stale(mark: Mapping[str, Any]) -> Texts:
    told = {"since": mark["since"][:10], "code": mark["code"]}
    return {language: text.format(message=mark["message"][language], **told) for language, text in _STALE.items()}


def _joined(told: Iterable[Texts], between: str) -> Texts:
    told = list(told)
    return {language: between.join(texts[language] for texts in told) for language in ("fr", "en")}


def _joined_titles(texts: Texts, names: Iterable[Texts], key: str) -> Texts:
    return {language: texts[language].format(**{key: joined}) for language, joined in _joined(names, ", ").items()}
