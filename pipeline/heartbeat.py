"""The sign of life that a run leaves at its end, in a file or at an address, so that silence is noticed."""

from __future__ import annotations

import datetime as dt
import os
from http import HTTPStatus
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from pipeline.paths import write
from pipeline.remote import Remote

PLACE = "CANCEROPOLE_HEARTBEAT"
_PATIENCE = 10  # seconds, to connect and between two packets
_WORDS = {
    "fr": {
        "address": "{place} n'est ni un fichier ni une adresse https nue : le programme passera pour arrêté.",
        "unasked": "L'adresse de {place} n'a pas répondu ({error}) : le programme passera pour arrêté.",
        "unwritten": "Le fichier de {place} ne peut pas être écrit ({error}) : le programme passera pour arrêté.",
    },
    "en": {
        "address": "{place} is neither a file nor an https address without a query: we will be taken for stopped.",
        "unasked": "The address of {place} did not answer ({error}): we will be taken for stopped.",
        "unwritten": "The file of {place} cannot be written ({error}): we will be taken for stopped.",
    },
}


def beat(portal: str, outcome: str, language: str) -> str:
    """Leaves the sign where the environment says, `{portal}` there standing for the portal's id.

    A file gets the moment, the portal and the outcome. An address is asked for: as it is where the data was judged,
    with `/fail` after it where it was not (the convention of healthchecks.io).

    Args:
        portal: its id.
        outcome: of report.json.
        language: fr or en.

    Returns:
        What could not be done, which harms no run; empty if it was done, or nobody asks. Of the place only the
        variable's name is said: whoever knows the address can beat in our place.
    """
    place = os.environ.get(PLACE, "").strip().replace("{portal}", portal)
    if not place:
        return ""
    return _ask(place, outcome, language) if "://" in place else _touch(Path(place), portal, outcome, language)


def _touch(path: Path, portal: str, outcome: str, language: str) -> str:
    moment = dt.datetime.now(dt.UTC)
    try:
        write(path, f"{moment:%Y-%m-%dT%H:%M:%SZ} {portal} {outcome}\n".encode())
    except OSError as error:
        return _WORDS[language]["unwritten"].format(place=PLACE, error=error.strerror)
    return ""


def _ask(address: str, outcome: str, language: str) -> str:
    remote = Remote.of(f"heartbeat+{address}")
    if remote is None:
        return _WORDS[language]["address"].format(place=PLACE)
    asked = f"{remote.origin}/{remote.path}" + ("/fail" if outcome == "failed" else "")
    try:
        # Where a redirection leads is not where the sign was to be left.
        answer = requests.get(asked, timeout=_PATIENCE, allow_redirects=False, stream=True)
        answer.close()
    except (requests.RequestException, HTTPError) as error:  # urllib3's own, of a host's name that can be none
        return _WORDS[language]["unasked"].format(place=PLACE, error=type(error).__name__)
    if HTTPStatus.OK <= answer.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return ""
    return _WORDS[language]["unasked"].format(place=PLACE, error=answer.status_code)
