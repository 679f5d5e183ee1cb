"""udata itself over HTTP on loopback, with mongomock for MongoDB; run in udata's own environment by `portals.udata`.

Prints one line of JSON once it is ready: its address, an organisation, the API key of one who edits it, and of a
stranger. Nothing of udata is changed: its settings are those of its own tests, but that it may list loopback addresses.
"""

from __future__ import annotations

import json
import logging
import secrets
from typing import Any

import mongomock  # type: ignore[import-not-found]
from udata import settings  # type: ignore[import-not-found]
from udata.app import create_app, standalone  # type: ignore[import-not-found]
from werkzeug.serving import WSGIRequestHandler, make_server

LICENCES: tuple[dict[str, Any], ...] = (
    {"id": "notspecified", "title": "License Not Specified", "flags": ["generic"]},
    {
        "id": "lov2",
        "title": "Licence Ouverte / Open Licence version 2.0",
        "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
    },
    {"id": "odc-odbl", "title": "ODbL", "url": "http://opendatacommons.org/licenses/odbl/summary/"},
)


class Mongo(mongomock.MongoClient):  # type: ignore[misc]
    """mongomock, without the arguments of pymongo that it does not know."""

    def __init__(self, *arguments: object, **named: object) -> None:
        for unknown in ("uuidRepresentation", "connect", "driver"):
            named.pop(unknown, None)
        super().__init__(*arguments, **named)


class Configured(settings.Testing):  # type: ignore[misc]
    MONGODB_HOST = MONGODB_HOST_TEST = "mongodb://localhost:27017/udata"
    MONGODB_SETTINGS = {"host": MONGODB_HOST, "mongo_client_class": Mongo}  # noqa: RUF012 (udata reads it so)
    SECRET_KEY = SECURITY_PASSWORD_SALT = SESSION_COOKIE_SECRET = API_TOKEN_SECRET = secrets.token_hex(32)
    LANGUAGES = {"en": "English", "fr": "Français"}  # noqa: RUF012 (likewise)
    DEFAULT_LANGUAGE = "fr"
    SERVER_NAME = None
    URLS_ALLOW_LOCAL = URLS_ALLOW_PRIVATE = True


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Nothing."""


def main() -> None:
    """Serves until it is ended."""
    logging.disable(logging.CRITICAL)
    app = standalone(create_app(settings.Defaults, override=Configured))
    with app.app_context():
        from udata.core.api_token.models import ApiToken  # type: ignore[import-not-found]  # noqa: PLC0415
        from udata.core.dataset.models import License  # type: ignore[import-not-found]  # noqa: PLC0415
        from udata.core.organization.models import Member, Organization  # type: ignore[import-not-found]  # noqa: PLC0415
        from udata.models import datastore  # type: ignore[import-not-found]  # noqa: PLC0415

        for licence in LICENCES:
            License(**licence).save()
        keys = {}
        for name in ("editor", "stranger"):
            password = secrets.token_hex(16)
            user = datastore.create_user(
                email=f"{name}@example.org", first_name=name, last_name="Essai", active=True, password=password
            )
            user.save()
            _, keys[name] = ApiToken.generate(user, name="essai")
            if name == "editor":
                member = Member(user=user, role="editor")
                organisation = Organization(name="Cancéropôle essai", description="Essai.", members=[member])
                organisation.save()
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    told = {"address": f"http://127.0.0.1:{server.port}", "organisation": organisation.slug, **keys}
    print(json.dumps(told), flush=True)  # noqa: T201 (whoever started it reads it)
    server.serve_forever()


if __name__ == "__main__":
    main()
