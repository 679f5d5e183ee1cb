"""The address of a target that is somebody's server, `KIND+https://HOST[/PATH]`, and the secret that opens it."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.failures import WrongUseError


@dataclass(frozen=True, slots=True)
class Remote:
    """A server.

    Attributes:
        kind: what it speaks: `ckan`, `udata`, `zenodo`.
        origin: its scheme, host and port.
        path: what follows, without a slash at either end.
    """

    kind: str
    origin: str
    path: str

    @classmethod
    def of(cls, target: str) -> Remote | None:
        """The server a target names; None if it names none.

        A secret goes to another machine by https alone, and is no part of an address.
        """
        try:
            parts = urlsplit(target)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        kind, _, scheme = parts.scheme.partition("+")
        unread = scheme == "https" or (scheme == "http" and _is_this_machine(host))
        if not kind or not host or not unread or port == 0 or "@" in parts.netloc or parts.query or parts.fragment:
            return None
        return cls(kind, f"{scheme}://{parts.netloc}", parts.path.strip("/"))

    def secret(self, variable: str) -> str:
        """The secret that an environment variable has for this server.

        Raises:
            WrongUseError: there is none, or what there is can be no part of a header.
        """
        found = os.environ.get(variable, "").strip()
        if not re.fullmatch(r"[!-~]+", found):
            raise WrongUseError("publish-secret", target=self.origin, variable=variable)
        return found


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
