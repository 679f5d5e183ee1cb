"""The actions of a CKAN, asked for over HTTP, and answers that are read only once they are what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import requests
from ckanapi import RemoteCKAN
from ckanapi.errors import CKANAPIError, NotFound, ServerIncompatibleError
from pydantic import TypeAdapter, ValidationError

from pipeline.api import AGENT, TIMEOUT, session, told
from pipeline.steps import TargetError

if TYPE_CHECKING:
    from collections.abc import Mapping

Part = TypeVar("Part")


class Actions:
    """The actions of one CKAN. Those that look are asked for with GET, and asked again while it is busy."""

    def __init__(self, site: str, token: str) -> None:
        """`site` is its address; the token goes there alone."""
        self._token, self._session = token, session({})
        asked = {"apikey": token, "user_agent": AGENT, "session": self._session}
        self._looking, self._acting = RemoteCKAN(site, get_only=True, **asked), RemoteCKAN(site, **asked)

    def look(self, kind: type[Part], action: str, **asked: str) -> Part | None:
        """What an action that changes nothing answers; None if there is no such thing.

        Raises:
            TargetError: it cannot be reached, refuses, or answers something else than `kind`.
        """
        try:
            answer = self._ask(self._looking, action, asked, {"allow_redirects": False})
        except NotFound:
            return None
        try:
            return TypeAdapter(kind).validate_python(answer)
        except ValidationError as error:
            raise TargetError(told(f"{action} answered what is not understood: {error}")) from error

    def act(self, action: str, **sent: Any) -> None:  # noqa: ANN401 (JSON is any shape)
        """Does something, once.

        Raises:
            TargetError: it cannot be reached, or refuses.
        """
        try:
            self._ask(self._acting, action, sent, {})
        except NotFound as error:
            raise self._refusal(action, error) from error

    def close(self) -> None:
        """Lets the connections go."""
        self._session.close()

    def _ask(self, site: RemoteCKAN, action: str, sent: Mapping[str, Any], how: Mapping[str, Any]) -> Any:  # noqa: ANN401 (likewise)
        try:
            return site.call_action(action, dict(sent), requests_kwargs={"timeout": TIMEOUT, **how})
        except NotFound:
            raise
        # ckanapi takes `result` from whatever says success, and reads JSON of any depth.
        except (CKANAPIError, ServerIncompatibleError, requests.RequestException, KeyError, RecursionError) as error:
            raise self._refusal(action, error) from error

    def _refusal(self, action: str, error: Exception) -> TargetError:
        # Not str(error): ckanapi's takes whatever was answered for a text.
        answered = " ".join(map(str, error.args)).replace(self._token, "…")
        return TargetError(told(f"{action}: {type(error).__name__} {answered}"))
