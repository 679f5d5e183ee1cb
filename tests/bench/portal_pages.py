"""The pages of a made-up portal of any size, as a WordPress theme would print them: the same number, the same bytes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

DIRECTORY, PROGRAMMES = "/annuaire/", "/programmes/"
ROWS = 200  # of the directory's table
_TEXTS, _RELATED, _MENU = 400, 12, 40
_A_SITEMAP = 2_000  # addresses, as WordPress has it
_SPREAD = 2_654_435_761  # multiples of it are spread evenly over 32 bits (Knuth, TAOCP 3, 6.4)
_WORDS = (
    "recherche cancer patient équipe projet région hôpital clinique essai tumeur biologie génomique plateforme réseau "
    "financement appel partenariat industrie formation doctorat publication innovation thérapie diagnostic imagerie "
    "de la les des en pour avec sur par dans une aux qui est sont ainsi entre chaque depuis selon"
).split()


@dataclass(frozen=True, slots=True)
class Site:
    """A portal of `pages` pages. Of them `changed` (a share) say in each `edition` something else than in the others.

    One page of `sheet_every` is a sheet: it states a reference and an amount, which a declaration reads.
    """

    pages: int
    changed: float = 0.0
    edition: int = 0
    sheet_every: int = 100

    def revision(self, number: int) -> int:
        """In which edition a page got its text."""
        return self.edition if number * _SPREAD % 2**32 < self.changed * 2**32 else 0

    def body(self, path: str, base: str) -> tuple[bytes, str, int] | None:
        """What stands at a path: the bytes, their media type, the edition they are of; None where nothing does.

        Args:
            path: of the address asked for.
            base: the address of the portal, without a slash at its end.
        """
        if path == "/robots.txt":
            return f"User-agent: *\nDisallow: /wp-admin/\nSitemap: {base}/wp-sitemap.xml\n".encode(), "text/plain", 0
        if path == "/wp-sitemap.xml":
            parts = range(1, -(-self.pages // _A_SITEMAP) + 1)
            listed = "".join(f"<sitemap><loc>{base}/wp-sitemap-{part}.xml</loc></sitemap>" for part in parts)
            return f"<sitemapindex>{listed}</sitemapindex>".encode(), "application/xml", self.edition
        if path.startswith("/wp-sitemap-") and (part := path[12:].removesuffix(".xml")).isdecimal():
            numbers = range((int(part) - 1) * _A_SITEMAP, min(int(part) * _A_SITEMAP, self.pages))
            listed = "".join(f"<url><loc>{base}{address(number)}</loc></url>" for number in numbers)
            return f"<urlset>{listed}</urlset>".encode(), "application/xml", self.edition
        number = _number(path)
        if number is None or number >= self.pages:
            return None
        return self._page(number).encode(), "text/html; charset=UTF-8", self.revision(number)

    def _page(self, number: int) -> str:
        revision = self.revision(number)
        title, content = f"Actualité {number}", ""
        if number == 0:
            title = "Accueil"
        elif number == 1:
            title, content = "Annuaire", _directory()
        elif number == 2:
            title, content = "Programmes", _programmes()
        elif number % self.sheet_every == 0:
            amount = 1_000 * (number % 900 + 100) + revision
            content = f"<p>Référence de la fiche : F-{number:06}, pour un montant de {amount} euros.</p>"
        return "".join((
            f'<!DOCTYPE html><html lang="fr-FR"><head><meta charset="UTF-8"><title>{title} – Portail</title>', _STYLE,
            "</head><body>", _menu(self.pages), f'<main><article><header><h1 class="entry-title">{title}</h1></header>',
            f'<div class="entry-content"><p>Texte {number}, édition {revision}.</p>', content, _told(number),
            _related(number, self.pages), "</div></article></main>", _FOOTER, "</body></html>",
        ))  # fmt: skip


def address(number: int) -> str:
    """The path of a page."""
    return {0: "/", 1: DIRECTORY, 2: PROGRAMMES}.get(number, f"/rubrique-{number % 20}/actualite-{number}/")


def _number(path: str) -> int | None:
    for number in range(3):
        if path == address(number):
            return number
    tail = path.rpartition("actualite-")[2].rstrip("/")
    return int(tail) if tail.isdecimal() and path == address(int(tail)) else None


@lru_cache(maxsize=1)
def _texts() -> list[str]:
    drawn = random.Random(0)  # noqa: S311 (the same texts at every run are what is wanted)
    return [" ".join(drawn.choices(_WORDS, k=90)).capitalize() + "." for _ in range(_TEXTS)]


def _told(number: int) -> str:
    """Sections of paragraphs, a list in each, and in one page of four a table."""
    texts = _texts()
    parts = []
    for section in range(4):
        first = number * 31 + section * 17
        parts.append(f"<h2>{texts[first % _TEXTS][:60]}</h2>")
        parts += [f"<p>{texts[(first + more * 7) % _TEXTS]}</p>" for more in range(5)]
        items = "".join(f"<li>{texts[(first + more) % _TEXTS][:80]}</li>" for more in range(6))
        parts.append(f'<ul class="wp-block-list">{items}</ul>')
    if number % 4 == 0:
        cells = "".join(
            f"<tr><td>{texts[(number + row) % _TEXTS][:40]}</td><td>{number + row}</td><td>{row}</td></tr>"
            for row in range(20)
        )
        parts.append(f"<table><thead><tr><th>Intitulé</th><th>Année</th><th>Nombre</th></tr></thead>{cells}</table>")
    return "".join(parts)


def _related(number: int, pages: int) -> str:
    linked = [
        address(other % pages) for other in (number + 1, *(number * 7 + more * 13 for more in range(1, _RELATED)))
    ]
    return f"<p>À lire aussi : {', '.join(f'<a href={path!r}>{path}</a>' for path in linked)}</p>"


@lru_cache(maxsize=1)
def _menu(pages: int) -> str:
    items = "".join(
        f'<li class="menu-item"><a href="{address(number)}"><span>Rubrique {number}</span></a></li>'
        for number in range(min(_MENU, pages))
    )
    return f'<header class="site-header"><nav class="main-navigation"><ul class="menu">{items}</ul></nav></header>'


def _directory() -> str:
    cells = "".join(
        f"<tr><td>Structure {row}</td><td>Ville {row % 20}</td><td>{10 + row}</td></tr>" for row in range(ROWS)
    )
    return f"<table><tr><th>Nom de la structure</th><th>Ville</th><th>Effectif</th></tr>{cells}</table>"


def _programmes() -> str:
    items = "".join(f"<li>Programme {number} : {_texts()[number][:60]}</li>" for number in range(30))
    return f"<p>Les programmes en cours sont :</p><ul>{items}</ul>"


_STYLE = "<style>{}</style>".format(
    "".join(
        f".wp-block-{block}{{margin:{block}px;padding:{block}px;color:#{block:03};display:block}}"
        for block in range(100)
    )
)
_FOOTER = (
    '<footer class="site-footer"><aside><h2>Contact</h2><p>Portail, 1 rue de la Recherche, Paris</p></aside></footer>'
)
