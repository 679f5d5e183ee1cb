"""JSON over HTTP, as targets speak it: retried while they are busy, a refusal told with what they answered."""

from __future__ import annotations

import json
from importlib import metadata
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from pipeline.steps import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping

AGENT = f"canceropole/{metadata.version('canceropole')}"
TIMEOUT = (10, 60)  # seconds, to connect and for each answer
_MOST = 20_000_000  # bytes of an answer
_TOLD = 500  # characters of a refusal that are told
# What may be asked again changes nothing when it is: POST creates, and is asked once.
_RETRY = Retry(
    total=4, backoff_factor=0.5, backoff_max=30, status_forcelist=(429, 502, 503, 504), respect_retry_after_header=True
)


class Api:
    """One target's API."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        """`base`: its address, without a slash at its end; `headers` go with every request (a token, for one)."""
        self._base, self._secrets = base, [value.split()[-1] for value in headers.values()]
        self._session = session(headers)

    def ask(self, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 (JSON is any shape)
        """Asks, and returns the JSON answered; None where the answer is empty.

        Args:
            method: of HTTP.
            path: from the API's address.
            sent: as `requests` takes it: json, data, params, headers.

        Raises:
            TargetError: it cannot be reached, refuses, or answers something else.
        """
        what = f"{method} {self._base}{path}"
        try:
            with self._session.request(
                method, f"{self._base}{path}", timeout=TIMEOUT, allow_redirects=False, stream=True, **sent
            ) as answer:
                body = _body(answer)
        except (requests.RequestException, ValueError) as error:
            raise self.refusal(what, str(error)) from error
        said = body.decode("utf-8", "replace")
        if not 200 <= answer.status_code < 300:  # noqa: PLR2004 (RFC 9110, 15.3)
            raise self.refusal(f"{what}: {answer.status_code}", said)
        try:
            return json.loads(body) if body else None
        except (ValueError, RecursionError) as error:
            raise self.refusal(f"{what}: {answer.status_code}, no JSON", said) from error

    def refusal(self, what: str, answered: object) -> TargetError:
        """What is told of an answer: no more than a person reads, without what opens the target if it is repeated."""
        text = str(answered)
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return TargetError(f"{what}: {told(text)}")


def _body(answer: requests.Response) -> bytes:
    body = bytearray()
    for part in answer.iter_content(1 << 16):
        body += part
        if len(body) > _MOST:
            raise ValueError(f"an answer of more than {_MOST} bytes")
    return bytes(body)


def session(headers: Mapping[str, str]) -> requests.Session:
    """A session whose requests have these headers; while the target is busy, those that change nothing are repeated."""
    made = requests.Session()
    made.headers.update({"User-Agent": AGENT, **headers})
    made.auth = _as_it_is
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return made


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No more than the headers given: requests would put what ~/.netrc has for a host in their place."""
    return request


def told(text: str) -> str:
    """What a target answered, as much of it as a person reads, on one line."""
    return " ".join(text.split())[:_TOLD]
