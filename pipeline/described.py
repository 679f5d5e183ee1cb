"""What a release's datapackage.json says, by the names that all made from it share."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Described = Mapping[str, Any]

OF_THE_CRAWL = ("pages", "provenance")  # tables about the crawl: they make no release, and have no history


def tables(descriptor: Described) -> list[Described]:
    """The tables of a package, each as its CSV resource says it, which alone has the schema."""
    return [resource for resource in descriptor["resources"] if resource["format"] == "csv"]


def schemas_of(descriptor: Described) -> dict[str, Any]:
    """The Table Schemas of a package by dataset."""
    return {table["name"]: table["schema"] for table in tables(descriptor)}


def files(descriptor: Described, table: Described) -> list[Described]:
    """The resources that hold a table's rows: CSV, Parquet, JSON."""
    return [resource for resource in descriptor["resources"] if PurePosixPath(resource["path"]).stem == table["name"]]


def database(descriptor: Described) -> str:
    """The name of the package's DuckDB file. Its size and hash are no part of what is said: they never repeat."""
    return f"{descriptor['name']}.duckdb"


def bundle(descriptor: Described) -> str:
    """The name of the zip of the whole: without the version, for it has a standing address."""
    return f"{descriptor['name']}.zip"


def contributor(descriptor: Described, role: str) -> Described:
    """Who has a role in a package: `publisher` publishes the portal, `maintainer` answers for the package."""
    found: Described = next(agent for agent in descriptor["contributors"] if role in agent["roles"])
    return found


def licence_confirmed(descriptor: Described) -> bool:
    """Whether the publisher has confirmed the licence; until then that goes wherever the licence does."""
    return bool(descriptor["licence_statut"] == "confirmee")


def sha256_of(resource: Described) -> str:
    """The SHA-256 of a resource's file, in hexadecimal."""
    return str(resource["hash"]).removeprefix("sha256:")


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same but for what lists of licences write differently: scheme, slash at the end."""
    bare = [address.partition("://")[2].rstrip("/") for address in (one, other)]
    return bare[0] == bare[1]
