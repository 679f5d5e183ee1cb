"""A real CKAN over HTTP on loopback, run by CKAN's own Python: all its actions, validators, permissions, PostgreSQL.

Faked is the search index alone (Solr is in no registry of packages): what is indexed is forgotten, a search finds
nothing. So none of CKAN's searches and lists in a browser is tried; the actions that publishing uses ask the database.

    python ckan_site.py FOLDER SQLALCHEMY_URL REDIS_URL

Prints one line of JSON once it listens: its address, the names of an organisation and of another, a token of somebody
who may edit the first one's datasets and no more, and the versions of CKAN and ckanext-dcat.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

_SECRET = "of-a-ckan-that-lives-for-minutes-on-loopback"  # noqa: S105 (as it says)
_INI = """[app:main]
ckan.site_url = {address}
ckan.site_id = check
ckan.locale_default = fr
SECRET_KEY = {secret}
api_token.jwt.encode.secret = string:{secret}
api_token.jwt.decode.secret = string:{secret}
sqlalchemy.url = {database}
ckan.redis.url = {redis}
solr_url = http://127.0.0.1:9/solr/ckan
ckan.storage_path = {folder}
ckan.plugins = dcat
"""


def main(folder: Path, database: str, redis: str) -> None:
    """Sets the CKAN up and serves it until it is killed."""
    server = make_server("127.0.0.1", 0, _not_yet, threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    ini = folder / "ckan.ini"
    ini.write_text(_INI.format(address=address, secret=_SECRET, database=database, redis=redis, folder=folder))
    command = Path(sys.executable).with_name("ckan")
    subprocess.run([command, "-c", ini, "db", "init"], check=True, capture_output=True)
    _without_index()

    from ckan.cli import CKANConfigLoader  # noqa: PLC0415 (it reads its configuration when imported)
    from ckan.config.middleware import make_app  # noqa: PLC0415 (likewise)

    app = make_app(CKANConfigLoader(str(ini)).get_config())
    server.app = app
    with getattr(app, "_wsgi_app", app).test_request_context("/"):
        told = _people()
    versions = {name: version(name) for name in ("ckan", "ckanext-dcat")}
    print(json.dumps({"address": address, **told, "versions": versions}), flush=True)  # noqa: T201 (what it is for)
    server.serve_forever()


def _not_yet(_environ: object, _start: object) -> list[bytes]:
    """In CKAN's place until it is made, which takes the address: nobody asks before that is told."""
    raise AssertionError


def _without_index() -> None:
    from ckan.lib.search import index, query  # noqa: PLC0415 (likewise)

    def nothing(*_: object, **__: object) -> None:
        pass

    def none_found(self: Any, *_: object, **__: object) -> dict[str, Any]:
        self.results, self.count, self.facets, self.raw_response = [], 0, {}, {}
        return {"results": [], "count": 0}

    kind = index.PackageSearchIndex
    kind.index_package = kind.remove_dict = kind.delete_package = nothing
    query.PackageSearchQuery.run = none_found


def _people() -> dict[str, str]:
    from ckan.plugins import toolkit  # noqa: PLC0415 (likewise)

    admin = toolkit.get_action("get_site_user")({"ignore_auth": True}, {})["name"]

    def act(action: str, **told: Any) -> Any:
        return toolkit.get_action(action)({"user": admin, "ignore_auth": True}, told)

    act("user_create", name="redactrice", email="redactrice@example.org", password=_SECRET)
    editor = [{"name": "redactrice", "capacity": "editor"}]
    act("organization_create", name="canceropole", title="Cancéropôle", users=editor)
    act("organization_create", name="autre", title="Autre organisation")
    act("package_create", name="d-une-autre", title="D'une autre", owner_org="autre")
    token = act("api_token_create", user="redactrice", name="publication")["token"]
    return {"organisation": "canceropole", "other": "autre", "token": token}


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
