"""A run told to a person: what was released, what changed, what is held and why, what to do next."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from schemas.personal import hidden
from schemas.reasons import CODES, Reason
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
        "holding": "Retenus : {names}",
        "accept": "Si ces lignes sont justes : canceropole accept {portal} {name} --why POURQUOI{options}",
        "mend": (
            "Voir la page : canceropole inspect ADRESSE ; corriger la déclaration ; "
            "relancer : canceropole refresh {portal} --from run:{run}{options}"
        ),
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
        "holding": "Held: {names}",
        "accept": "If these rows are right: canceropole accept {portal} {name} --why REASON{options}",
        "mend": (
            "Look at the page: canceropole inspect ADDRESS; mend the declaration; "
            "run again: canceropole refresh {portal} --from run:{run}{options}"
        ),
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
        (dataset["name"], _holds(reason), visible(hidden(Reason.from_json(reason).sentence(language))))
        for dataset in report["datasets"]
        for reason in dataset["reasons"]
    ]


def holding(dataset: Mapping[str, Any]) -> list[Reason]:
    """The reasons that hold a dataset of a report: not the notes, and not what a person has lifted."""
    return [Reason.from_json(reason) for reason in dataset["reasons"] if _holds(reason)]


def crawl_line(report: Mapping[str, Any], language: str) -> str:
    """What the crawl did, in one line."""
    crawl = report["crawl"]
    return _WORDS[language]["crawl"].format(
        pages=crawl["pages"], requests=crawl["requests"], errors=len(crawl["errors"])
    )


def unclaimed_line(report: Mapping[str, Any], language: str) -> str:
    """How much of the portal no declaration uses; empty if all is used or ignored by name."""
    count = len(report["unclaimed"]) + report["unclaimed_more"]
    return _WORDS[language]["unclaimed"].format(n=count) if count else ""


def opening(report: Mapping[str, Any], path: str, language: str) -> str:
    """What to do next with the release at `path`."""
    return _WORDS[language]["open"].format(path=path, **report)


def held_datasets(report: Mapping[str, Any], language: str) -> str:
    """The names of what is held, in one line."""
    names = ", ".join(dataset["name"] for dataset in report["datasets"] if dataset["verdict"] == "held")
    return _WORDS[language]["holding"].format(names=names)


def held(report: Mapping[str, Any], out: str, language: str) -> str:
    """A paragraph on what is held: why, and what to do next, as commands on the outputs in `out`."""
    told = [f"{name}: {sentence}" for name, holds, sentence in reasons(report, language) if holds]
    return "\n".join([headline(report, language) + ".", *told, *_next_steps(report, out, language)])


def _next_steps(report: Mapping[str, Any], out: str, language: str) -> list[str]:
    words, options = _WORDS[language], "" if out == "outputs" else f" --out {shlex.quote(out)}"
    stages = {
        dataset["name"]: {CODES[reason.code].stage for reason in holding(dataset)}
        for dataset in report["datasets"]
        if dataset["verdict"] == "held"
    }
    steps = [
        words["accept"].format(name=name, portal=report["portal"], options=options)
        for name, found in stages.items()
        if "gate" in found and found <= {"gate", "keys"}
    ]
    if not steps or any(found - {"gate", "keys"} for found in stages.values()):
        steps.append(words["mend"].format(options=options, **report))
    return steps


def _holds(reason: Mapping[str, Any]) -> bool:
    # Reports of the first version do not say it, and nothing was ever lifted then: only the notes do not hold.
    return bool(reason.get("holds", CODES[reason["code"]].stage != "note"))


def markdown(report: Mapping[str, Any], language: str = "fr") -> str:
    """The whole summary as Markdown; page text is kept from being read as markup."""
    lines = [f"# {headline(report, language)}", "", crawl_line(report, language), "", "| | | | |", "|---|---:|---|---|"]
    lines += ["| " + " | ".join(_plain(cell) for cell in dataset_line(d, language)) + " |" for d in report["datasets"]]
    told = reasons(report, language)
    lines += ["", *(f"- **{name}** {_plain(sentence)}" for name, _, sentence in told)] if told else []
    lines += ["", unclaimed_line(report, language), ""]
    lines += [f"- {_plain(u['page'])} {_plain(u['place'])} {_plain(hidden(u['head']))}" for u in report["unclaimed"]]
    more = report["unclaimed_more"]
    lines += [f"- … (+ {more}, runs/{report['run']}/unclaimed.json)"] if more else []
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Page text in Markdown: on one line, each character that could be markup escaped (CommonMark, 2.4)."""
    escaped = "".join(f"\\{c}" if c in r"\`*_{}[]<>()#+!|~&" else c for c in visible(text))
    return " ".join(escaped.split())
