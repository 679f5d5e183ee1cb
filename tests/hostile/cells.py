"""A portal whose cells are hostile, and the real pipeline's release of them."""

from __future__ import annotations

import copy
import datetime as dt
import html
import shutil
from typing import TYPE_CHECKING, Any

import yaml

from schemas.load import HOME
from spiders.archive_writer import ArchiveWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PORTAL, DATASET, PAGE = "canceropole-idf", "cellules", "/cellules/"
ORIGIN = "https://www.canceropole-idf.fr"
SERVED = "http://127.0.0.1:{port}"

# What a page may print as text, and whoever opens the data must find as text: nothing runs it, nothing asks for it.
PRINTED = (
    # Formulas (OWASP, 'CSV Injection'), full-width ones too, and after what a spreadsheet may take for a separator.
    "=cmd|'/c touch {canary}'!A1",
    "=1+1",
    "+1+cmd|'/c touch {canary}'!A1",
    "-2+3+cmd|'/c touch {canary}'!A1",
    "@SUM(1+1)*cmd|'/c touch {canary}'!A1",
    '=HYPERLINK("{served}/hyperlink","Voir")',
    '=WEBSERVICE("{served}/webservice")',
    '=IMPORTXML("{served}/importxml","//a")',
    '=IMAGE("{served}/image.png")',
    '=DDE("soffice";"{canary}";"A1")',
    '=EXEC("touch {canary}")',
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    " =1+2",
    "'=1+1",
    "''quoté",
    "texte;=1+1",
    'texte;=WEBSERVICE("{served}/semicolon")',
    'texte;"=WEBSERVICE(""{served}/quoted"")";fin',
    'texte";=1+1;"',
    'texte","=1+1","',
    "texte, =1+1",
    # Markup.
    "<script>alert(1)</script>",
    "<img src={served}/img.png onerror=alert(1)>",
    "<iframe src={served}/frame></iframe>",
    "<a href={served}/a>lien</a>",
    "javascript:alert(1)",
    "[lien]({served}/markdown)",
    "![image]({served}/image.png)",
    "<!-- commentaire --> `code` | cellule | **gras** # titre",
    "```` clôture ```",
    "&lt;b&gt;",
    "[red]rouge[/red] [link={served}/rich]lien[/link] :smile:",
    "${{jndi:ldap://127.0.0.1/x}} {{{{ 7*7 }}}} #{{7*7}} <%= 7*7 %> $(touch {canary}) `touch {canary}`",
    # SQL, paths, JSON.
    "'); DROP TABLE cellules; --",
    '"; DROP TABLE "cellules"; --',
    "x' OR '1'='1",
    "../../../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\system32",
    "%2e%2e%2fetc%2fpasswd 100%",
    '{{"a": "\\u202e", "__proto__": {{}}}}',
    "\\u001b[31m \\x1b]0;titre\\x07",
    "nom\\n=1+1",
    # What looks like nothing, or like a word of a language.
    "null",
    "NaN",
    "None",
    "TRUE",
    "2023-01-01",
    "1e309",
    "𝐍𝐨𝐦 ℕ ｎｏｍ",
)
# What prints nothing, and is not there once read.
DROPPED = (
    "zéro\u200blargeur",
    "joint\u200dure",
    "trait\u00addunion",
    "étiquette\U000e0041\U000e0042",
    "vari\ufe0fante",
    "bouche\u3164trou",
)
# What no page prints as text: it holds its dataset, and is shown escaped.
REFUSED = (
    "csi \x1b[31mrouge\x1b[0m",
    "osc 8 \x1b]8;;http://127.0.0.1/\x1b\\lien\x1b]8;;\x1b\\",
    "osc 52 \x1b]52;c;Y2FsYw==\x07",
    "c1 \u009b31m",
    "bel \x07",
    "efface \b\b\b",
    "droite \u202egauche",
    "isole \u2067gauche\u2069",
    "marque \u200f!",
    "chiffres \u206e12",
    "annote \ufff9x\ufffay\ufffb",
    "noncaractère \ufdd0",
    "zalgo e" + "\u0330\u0316" * 40,
)

_TITLE = {"fr": "Cellules", "en": "Cells"}
_DECLARATION: dict[str, Any] = {
    "title": _TITLE,
    "description": {"fr": "Des cellules hostiles.", "en": "Hostile cells."},
    "sources": [{"page": {"title": "Cellules", "path": PAGE}, "table": {"headers": ["Nom", "Texte"]}}],
    "fields": [
        {"name": "nom", "from": "Nom", "title": _TITLE, "constraints": {"required": True}},
        {"name": "texte", "from": "Texte", "title": _TITLE},
        {"name": "rang", "type": "integer", "rank": [], "title": _TITLE},
    ],
    "key": ["nom"],
    "checks": {"rows": {"min": 1, "max": 1000}},
}


def printed(texts: Iterable[str], served: str, canary: Path) -> list[str]:
    """The texts, with where they lead and what they would leave behind."""
    return [text.format(served=served, canary=canary) for text in texts]


def schemas(folder: Path, **constraints: object) -> Path:
    """The declarations of a portal of one table, with these constraints on the column `texte`."""
    home = folder / PORTAL
    home.mkdir(parents=True)
    for name in ("portal.yml", "pages.yml", "provenance.yml"):
        shutil.copyfile(HOME / PORTAL / name, home / name)
    shutil.copytree(HOME / "reference", folder / "reference")
    declared = copy.deepcopy(_DECLARATION)
    declared["fields"][1]["constraints"] = constraints
    (home / f"{DATASET}.yml").write_text(yaml.safe_dump(declared, allow_unicode=True, sort_keys=False))
    return folder


def page(texts: Iterable[str], title: str = "Cellules", before: str = "") -> str:
    """A page with a table of the texts, as names and once more beside them."""
    rows = "".join(f"<tr><td>{_said(text)}<td>{_said(text)}</tr>" for text in texts)
    return (
        f"<!doctype html><html lang=fr><title>{title}</title><main><h1>Cellules</h1>{before}"
        f"<table><tr><th>Nom<th>Texte</tr>{rows}</table></main></html>"
    )


def archive(path: Path, pages: dict[str, str], day: int = 1) -> Path:
    """A WARC of the pages, as a crawl leaves it."""
    fields = {"software": "tests", "portal": PORTAL, "canceropole-base": ORIGIN, "canceropole-source": "portal"}
    when = dt.datetime(2026, 1, day, tzinfo=dt.UTC)
    with ArchiveWriter(path, fields) as writer:
        for place, text in pages.items():
            headers = [("Content-Type", "text/html; charset=utf-8")]
            writer.response(f"{ORIGIN}{place}", 200, "", headers, text.encode("utf-8", "surrogatepass"), when)
    return path


def _said(text: str) -> str:
    """A text as HTML that prints it; a control written as itself, as an entity would be another character."""
    return html.escape(text)
