"""Tells people by e-mail or webhook when something is held or fails, and when it is over: once, when it changes.

Addresses are apprise's (mailto://, jsons://, ...) and come from the environment alone; nothing is said of them but
their kind and their place in the list.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType

from pipeline.health import WELL, Health, remember, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pipeline.paths import Home

ADDRESSES = "CANCEROPOLE_NOTIFY"
_LONGEST = 10_000  # characters of a message, in each language
_NAMED = 3  # datasets in a subject
_WORDS = {
    "fr": {
        "failed": "échec [{failure}]",
        "held": "retenu : {names}",
        "well": "tout va bien de nouveau",
        "again": "Les passages aboutissent de nouveau.",
        "over": "Ne sont plus retenus : {names}",
        "holding": "Retenus en ce moment : {names}",
        "look": "Tout voir : canceropole status {portal}{options}",
        "unknown": "L'adresse {n} de {variable} n'en est pas une qu'apprise connaisse : personne n'a été prévenu là.",
        "unsent": (
            "L'adresse {n} de {variable} ({kind}) n'a pas pu être prévenue ; le prochain passage essaiera de nouveau. "
            'Pour savoir pourquoi : apprise -vv -t essai -b essai "ADRESSE"'
        ),
    },
    "en": {
        "failed": "failed [{failure}]",
        "held": "held: {names}",
        "well": "all is well again",
        "again": "Runs get through again.",
        "over": "No longer held: {names}",
        "holding": "Held now: {names}",
        "look": "See it all: canceropole status {portal}{options}",
        "unknown": "Address {n} of {variable} is none that apprise knows: nobody was told there.",
        "unsent": (
            "Address {n} of {variable} ({kind}) could not be told; the next run tries again. "
            'To see why: apprise -vv -t test -b test "ADDRESS"'
        ),
    },
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told of a portal: its health, what the run says of it in `fr` and `en`, and where its outputs are."""

    portal: str
    health: Health
    said: Mapping[str, str]
    out: Path

    @property
    def subject(self) -> str:
        """One line in both languages."""
        return f"{self.portal} : {self._subject('fr')} / {self._subject('en')}"

    def body(self, before: Health) -> str:
        """What changed since `before`, why, and what to do next, in both languages."""
        return "\n\n---\n\n".join(self._body(before, language) for language in ("fr", "en"))

    @property
    def kind(self) -> NotifyType:
        """How grave it is, in apprise's terms."""
        if self.health.failure:
            return NotifyType.FAILURE
        return NotifyType.WARNING if self.health.held else NotifyType.SUCCESS

    def _subject(self, language: str) -> str:
        words, held = _WORDS[language], list(self.health.held)
        names = ", ".join(held[:_NAMED]) + (f" (+{len(held) - _NAMED})" if held[_NAMED:] else "")
        told = [words["failed"].format(failure=self.health.failure)] if self.health.failure else []
        told += [words["held"].format(names=names)] if held else []
        return ", ".join(told) or words["well"]

    def _body(self, before: Health, language: str) -> str:
        words = _WORDS[language]
        over = [name for name in before.held if name not in self.health.held]
        holding = [f"{name} [{code}]" for name, code in self.health.held.items()]
        lines = [words["again"]] if before.failure and not self.health.failure else []
        lines += [words["over"].format(names=", ".join(over))] if over else []
        lines += [self.said[language]]
        lines += [words["holding"].format(names=", ".join(holding))] if holding else []
        told = "\n".join(lines)
        options = f" --out {shlex.quote(str(self.out))}"
        look = words["look"].format(portal=self.portal, options=options)
        return f"{told[:_LONGEST]}{'…' if len(told) > _LONGEST else ''}\n{look}"


def tell(home: Home, notice: Notice, language: str) -> list[str]:
    """Tells whoever was last told something else; what could not be sent is tried again by the next run.

    Args:
        home: the portal's outputs, which remember what each address was told.
        notice: what there is to tell.
        language: of what is returned.

    Returns:
        What could not be done, a sentence an address.

    Raises:
        OSError: told.json cannot be read or written; what was sent is then sent again by the next run.
    """
    addresses = os.environ.get(ADDRESSES, "").split()
    before, after, undone = told(home) if addresses else {}, {}, []
    for n, address in enumerate(addresses, start=1):
        # Not the address: the file may be read by whoever may not write to it. Nor enough of its hash to guess it by.
        who = hashlib.sha256(address.encode()).hexdigest()[:8]
        last = before.get(who, WELL)
        fault = "" if last == notice.health else _send(address, notice, last)
        after[who] = last if fault else notice.health
        if fault:
            kind = address.partition(":")[0]
            undone.append(_WORDS[language][fault].format(n=n, variable=ADDRESSES, kind=kind))
    if after != before:
        remember(home, after)
    return undone


def _send(address: str, notice: Notice, before: Health) -> str:
    """Sends one; gives what went wrong: `unknown`, `unsent`, or nothing."""
    logging.getLogger("apprise").disabled = True  # it writes addresses with their secrets
    sender = Apprise(asset=AppriseAsset(app_id="canceropole", app_desc="canceropole", async_mode=False))
    if not sender.add(address):
        return "unknown"
    sent = sender.notify(
        title=notice.subject, body=notice.body(before), notify_type=notice.kind, body_format=NotifyFormat.TEXT
    )
    return "" if sent else "unsent"
