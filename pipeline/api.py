"""JSON over HTTP, as targets speak it: retried while they are busy, a refusal told with what they answered."""

from __future__ import annotations

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
_TOLD = 500  # characters of a refusal that are told
# What may be asked again changes nothing when it is: POST creates, and is asked once.
_RETRY = Retry(
    total=4, backoff_factor=0.5, backoff_max=30, status_forcelist=(429, 502, 503, 504), respect_retry_after_header=True
)


class Api:
    """One target's API."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        """`base`: its address, without a slash at its end; `headers` go with every request (a token, for one)."""
        self._base = base
        self._session = session(headers)

    def ask(self, method: str, path: str, **sent: Any) -> Any:  # noqa: ANN401 (JSON is any shape)
        """Asks, and returns the JSON answered; None where the answer is empty.

        Args:
            method: of HTTP.
            path: from the API's address, or a full address that the target itself gave.
            sent: as `requests` takes it: json, data, params.

        Raises:
            TargetError: it cannot be reached, refuses, or answers something else.
        """
        address = path if path.startswith(f"{self._base}/") else f"{self._base}{path}"
        try:
            answer = self._session.request(method, address, timeout=TIMEOUT, allow_redirects=False, **sent)
            if not answer.ok or answer.is_redirect:
                raise TargetError(f"{method} {address}: {answer.status_code} {told(answer.text)}")
            return answer.json() if answer.content else None
        except (requests.JSONDecodeError, RecursionError) as error:
            raise TargetError(f"{method} {address}: {answer.status_code}, no JSON: {told(answer.text)}") from error
        except requests.RequestException as error:
            raise TargetError(f"{method} {address}: {error}") from error


def session(headers: Mapping[str, str]) -> requests.Session:
    """A session whose requests have these headers; while the target is busy, those that change nothing are repeated."""
    made = requests.Session()
    made.headers.update({"User-Agent": AGENT, **headers})
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=_RETRY))
    return made


def told(text: str) -> str:
    """What a target answered, as much of it as a person reads, on one line."""
    return " ".join(text.split())[:_TOLD]
