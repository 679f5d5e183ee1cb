"""A run told to a person: what was released, what changed, what is held and why, what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.personal import hidden
from schemas.reasons import Reason
from schemas.typography import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS = {
    "fr": {
        "released": "Version {version} publiée",
        "unchanged": "Rien n'a changé : la version {previous} reste la bonne",
        "held": "Des jeux de données sont retenus",
        "rows": "lignes",
        "accepted": "accepté",
        "same": "inchangé",
        "hold": "retenu",
        "unclaimed": "{n} tableaux ou listes qu'aucune déclaration n'utilise",
        "crawl": "{pages} pages, {requests} requêtes, erreurs : {errors}",
        "inspect": "Voir la page : canceropole inspect ADRESSE ; corriger la déclaration ; relancer : --from run:{run}",
        "open": "Ouvrir : duckdb {path}/{portal}.duckdb ; la preuve : canceropole explain {portal} TABLE CLÉ",
    },
    "en": {
        "released": "Version {version} released",
        "unchanged": "Nothing changed: version {previous} still stands",
        "held": "Some datasets are held",
        "rows": "rows",
        "accepted": "accepted",
        "same": "unchanged",
        "hold": "held",
        "unclaimed": "{n} tables or lists that no declaration uses",
        "crawl": "{pages} pages, {requests} requests, errors: {errors}",
        "inspect": "Look at the page: canceropole inspect ADDRESS; mend the declaration, rerun with --from run:{run}",
        "open": "Open: duckdb {path}/{portal}.duckdb · a row and its evidence: canceropole explain {portal} TABLE KEY",
    },
}


def headline(report: Mapping[str, Any], language: str) -> str:
    """The run's outcome in one line."""
    words = _WORDS[language]
    told = words[report["outcome"]].format(**report)
    if report["outcome"] == "held" and report["version"]:
        told += " ; " + words["released"].format(**report)
    return told


def dataset_line(dataset: Mapping[str, Any], language: str) -> tuple[str, str, str, str]:
    """A dataset as cells: name, rows, what changed, verdict."""
    words = _WORDS[language]
    signs = {"added": "+", "removed": "−", "changed": "~"}
    changed = " ".join(f"{sign}{dataset[kind]}" for kind, sign in signs.items() if dataset[kind])
    verdict = {"accepted": words["accepted"], "unchanged": words["same"], "held": words["hold"]}[dataset["verdict"]]
    return dataset["name"], str(dataset["rows"]), changed, verdict


def reasons(report: Mapping[str, Any], language: str) -> list[tuple[str, bool, str]]:
    """Every reason of the run: dataset, whether it holds it, the sentence."""
    return [
        (dataset["name"], dataset["verdict"] == "held", visible(hidden(Reason.from_json(reason).sentence(language))))
        for dataset in report["datasets"]
        for reason in dataset["reasons"]
    ]


def crawl_line(report: Mapping[str, Any], language: str) -> str:
    """What the crawl did, in one line."""
    crawl = report["crawl"]
    return _WORDS[language]["crawl"].format(
        pages=crawl["pages"], requests=crawl["requests"], errors=len(crawl["errors"])
    )


def unclaimed_line(report: Mapping[str, Any], language: str) -> str:
    """How much of the portal no declaration uses; empty if all is used or ignored by name."""
    count = len(report["unclaimed"])
    return _WORDS[language]["unclaimed"].format(n=count) if count else ""


def next_step(report: Mapping[str, Any], path: str, language: str) -> str:
    """What to do next: about what is held, or with the release at `path`."""
    told = "inspect" if report["outcome"] == "held" else "open"
    return _WORDS[language][told].format(path=path, **report)


def markdown(report: Mapping[str, Any], language: str = "fr") -> str:
    """The whole summary as Markdown; page text is kept from being read as markup."""
    lines = [f"# {headline(report, language)}", "", crawl_line(report, language), "", "| | | | |", "|---|---:|---|---|"]
    lines += ["| " + " | ".join(_plain(cell) for cell in dataset_line(d, language)) + " |" for d in report["datasets"]]
    told = reasons(report, language)
    lines += ["", *(f"- **{name}** {_plain(sentence)}" for name, _, sentence in told)] if told else []
    lines += ["", unclaimed_line(report, language), ""]
    lines += [f"- {_plain(u['page'])} {_plain(u['place'])} {_plain(hidden(u['head']))}" for u in report["unclaimed"]]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    escaped = "".join(f"\\{c}" if c in r"\`*_{}[]<>()#+!|~" else c for c in text)
    return " ".join(escaped.split())
