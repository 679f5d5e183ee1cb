"""The command line (CONTRACT, 'Commands'). Heavy libraries are imported by the command that needs them, not here."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from pipeline.language import language

app = typer.Typer(
    help="The web portal of the Cancéropôle Île-de-France as versioned, validated open data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
PORTAL = "canceropole-idf"
FAILED, WRONG_USE, HELD, BUSY = 1, 2, 3, 4

Portal = Annotated[str, typer.Argument(help="The portal's id.")]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where outputs are.")]
Schemas = Annotated[Optional[Path], typer.Option("--schemas", metavar="DIR", help="Where declarations are.")]  # noqa: UP045 (typer reads it at run time)
OUTPUTS = Path("outputs")


def main() -> None:
    """Runs the command line; every expected failure is one paragraph on standard error and a status of the contract.

    Whatever the user's umask, nothing is written that everybody may change.
    """
    os.umask(os.umask(0) | stat.S_IWOTH)
    app()


def fail(message: str, status: int) -> typer.Exit:
    """Says why on standard error and gives the exit to raise."""
    from schemas.typography import visible  # noqa: PLC0415 (keeps the command line light)

    typer.echo(visible(message.strip()), err=True)
    return typer.Exit(status)


def home(schemas: Path | None) -> Path:
    """The folder of declarations: the project's own unless --schemas names another."""
    from schemas.load import HOME  # noqa: PLC0415 (pydantic and yaml take a quarter of a second)

    return schemas or HOME


@app.command()
def refresh(
    portal: Portal = PORTAL,
    source: Annotated[
        str, typer.Option("--from", metavar="SOURCE", help="live, sample, a mirror's address, a WARC file, run:<run>.")
    ] = "live",
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="DATASET", help="Only this one; may repeat.")
    ] = None,
    delay: Annotated[Optional[float], typer.Option(min=0, help="Seconds between requests.")] = None,  # noqa: UP045
    out: Out = OUTPUTS,
    schemas: Schemas = None,
) -> None:
    """Crawl, archive, extract, normalize, validate, gate, build, release.

    Exit 0: released, or nothing changed. 1: failed before data could be judged. 3: something is held. 4: busy.
    """
    from pipeline import refreshing  # noqa: PLC0415 (imports the libraries of every stage)

    raise typer.Exit(refreshing.run(portal, source, tuple(only or ()), delay, out, home(schemas), language()))


@app.command()
def accept(
    portal: Portal,
    dataset: Annotated[str, typer.Argument(help="A dataset that is held.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why its rows are right; kept with the decision.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who accepts; the login name if left out.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 (typer reads it so)
    out: Out = OUTPUTS,
    schemas: Schemas = None,
) -> None:
    """A person has looked: show what would change, and release what the gate held.

    The run's archived pages are read again, nothing is asked of the portal. What could not be read or breaks its schema
    cannot be accepted: mend the declaration, then refresh --from run:<run>.

    Exit 0: released. 1: failed before data could be judged. 2: nothing to accept. 3: still held. 4: busy.
    """
    from pipeline import accepting  # noqa: PLC0415 (imports the libraries of every stage)

    raise typer.Exit(accepting.run(portal, dataset, why, by, out, home(schemas), language(), yes=yes))


@app.command()
def erase(
    portal: Portal,
    dataset: Annotated[str, typer.Argument(help="A dataset; may be left out with --name.")] = "",
    key: Annotated[str, typer.Argument(help="The row's key: its values joined by /.")] = "",
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Every row with this text in a cell.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask about what --name found.")] = False,  # noqa: FBT002 (typer reads it so)
    out: Out = OUTPUTS,
    schemas: Schemas = None,
) -> None:
    """A person's row leaves everything: releases, past ones too, runs and archives; and it does not come back.

    Releases keep their numbers and say only that a row was removed. What was copied elsewhere is not recalled
    (docs/erasure.md).

    Exit 0: erased. 1: failed, nothing was erased. 2: nothing to erase, or not confirmed. 4: busy.
    """
    from pipeline import erasing  # noqa: PLC0415 (imports the libraries of every stage)

    raise typer.Exit(erasing.run(portal, dataset, key, name, out, home(schemas), language(), yes=yes))


@app.command()
def publish(
    portal: Portal,
    target: Annotated[
        str,
        typer.Argument(
            help="A folder; s3://BUCKET/PREFIX; ckan+https://HOST/ORGANISATION; udata+https://HOST/ORGANISATION; "
            "zenodo+https://zenodo.org."
        ),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,  # noqa: FBT002 (typer reads it so)
    sample: Annotated[bool, typer.Option("--sample", help="Even a release of the sample portal.")] = False,  # noqa: FBT002 (likewise)
    unconfirmed: Annotated[bool, typer.Option("--unconfirmed-licence", help="Before it is confirmed.")] = False,  # noqa: FBT002 (likewise)  # noqa: FBT002
    out: Out = OUTPUTS,
) -> None:
    """Put the releases where others fetch them, the current one under latest/; run again, it goes on where it stopped.

    A data portal (ckan+https, udata+https) is told of the current release, once its base_url serves it. Zenodo is given
    the current release, as a version with a DOI, for ever. Runs are never published.

    Credentials are the environment's: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL; CKAN_API_TOKEN;
    UDATA_API_KEY; ZENODO_TOKEN.

    Exit 0: published, or there already. 1: the target refused; the local release is untouched. 2: nothing to publish,
    or not to be published. 4: busy.
    """
    from pipeline import publishing  # noqa: PLC0415 (imports the libraries of stores)

    asked = {"dry_run": dry_run, "sample": sample, "unconfirmed": unconfirmed}
    raise typer.Exit(publishing.run(portal, target, out, language(), **asked))


@app.command()
def replay(
    portal: Portal = PORTAL,
    version: Annotated[Optional[str], typer.Argument(help="A release; the current one if left out.")] = None,  # noqa: UP045
    out: Out = OUTPUTS,
) -> None:
    """Rebuild a release from its archive, offline, and compare; writes nothing. Exit 1 if it differs."""
    from pipeline import replaying  # noqa: PLC0415 (imports the libraries of every stage)

    try:
        result = replaying.replay(out, portal, version)
    except replaying.ReplayError as error:
        raise fail(str(error), error.status) from error
    typer.echo(result.told)
    if not result.same:
        raise typer.Exit(FAILED)


@app.command()
def explain(
    portal: Portal,
    dataset: Annotated[str, typer.Argument(help="A dataset.")],
    key: Annotated[str, typer.Argument(help="A row's key: its values joined by /.")],
    out: Out = OUTPUTS,
) -> None:
    """Where a published row came from: address, time, archived record, place in the page, text as printed."""
    from pipeline import evidence  # noqa: PLC0415 (imports duckdb)

    try:
        typer.echo(evidence.explain(out, portal, dataset, key, language()))
    except evidence.UnknownRowError as error:
        raise fail(str(error), WRONG_USE) from error


@app.command()
def diff(
    portal: Portal,
    before: Annotated[str, typer.Argument(metavar="A", help="A release.")],
    after: Annotated[str, typer.Argument(metavar="B", help="Another, to compare it with; it may be the older one.")],
    form: Annotated[
        Literal["table", "json", "markdown"],
        typer.Option("--format", help="For a person; the rows as changes.json has them; as CHANGELOG.md has it."),
    ] = "table",
    out: Out = OUTPUTS,
) -> None:
    """What changed between two releases: columns, rows, and which rows probably only changed their key."""
    from pipeline import comparing  # noqa: PLC0415 (imports duckdb)

    try:
        typer.echo(comparing.told(out, portal, before, after, form, language()))
    except comparing.UnknownReleaseError as error:
        raise fail(str(error), WRONG_USE) from error


@app.command()
def history(
    portal: Portal = PORTAL,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it anew from the releases.")] = False,  # noqa: FBT002 (typer reads it so)
    out: Out = OUTPUTS,
) -> None:
    """The releases in DIR/PORTAL/history.duckdb, with how many row versions each began and ended.

    It is a copy of what the releases say, for queries over all of them: every run brings it up to date.

    Exit 1: it, or a release, cannot be read or written. 2: no release. 4: a run is in progress.
    """
    from pipeline import remembering  # noqa: PLC0415 (imports duckdb)

    raise typer.Exit(remembering.run(portal, out, language(), rebuild=rebuild))


@app.command()
def inspect(
    page: Annotated[str, typer.Argument(metavar="URL|FILE", help="A page's address, or a saved page.")],
) -> None:
    """The blocks of a page: the headings, tables, lists and paragraphs a declaration can point at."""
    from spiders import inspecting  # noqa: PLC0415 (imports the parser)

    try:
        typer.echo(inspecting.told(page))
    except inspecting.NoPageError as error:
        raise fail(str(error), FAILED) from error


@app.command()
def check(
    portal: Annotated[Optional[str], typer.Argument(help="A portal; all of them if left out.")] = None,  # noqa: UP045
    out: Out = OUTPUTS,
    schemas: Schemas = None,
) -> None:
    """Lint declarations, then list the labels of the last release that nobody has mapped to organisations.

    Those come with the organisations that are near, as suggestions. Exit 1 on a fault; a label is none.
    """
    from pipeline import checking, views  # noqa: PLC0415 (imports pyarrow)
    from pipeline.site import charts  # noqa: PLC0415 (with it)
    from schemas import linting  # noqa: PLC0415 (with it)
    from schemas.load import UnknownPortalError, load, portals  # noqa: PLC0415 (with it)
    from schemas.typography import visible  # noqa: PLC0415 (with it)

    root = home(schemas)
    try:
        faults = linting.faults(root, portal)
    except UnknownPortalError as error:
        raise fail(str(error), WRONG_USE) from error
    declared = [] if faults else [load(name, root) for name in ([portal] if portal else portals(root))]
    for declarations in declared:
        faults += [*views.faults(declarations), *charts.faults(declarations)]
    if faults:
        raise fail("\n".join(faults), FAILED)
    for declarations in declared:
        for note in (*views.left_out(declarations), *checking.notes(out, declarations)):
            typer.echo(visible(note))
    typer.echo("OK")


@app.command()
def status(portal: Portal = PORTAL, out: Out = OUTPUTS) -> None:
    """Every dataset: fresh or held, since when and why, and the last release."""
    from pipeline import freshness  # noqa: PLC0415 (keeps the command line light)

    try:
        typer.echo(freshness.told(out, portal, language()))
    except freshness.NoStatusError as error:
        raise fail(str(error), WRONG_USE) from error


@app.command()
def schedule(out: Out = OUTPUTS, schemas: Schemas = None) -> None:
    """Run every portal on the schedule its portal.yml declares, until stopped."""
    from pipeline import scheduling  # noqa: PLC0415 (keeps the command line light)

    raise typer.Exit(scheduling.run(out, home(schemas), language()))


@app.command()
def serve(
    out: Out = OUTPUTS,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
) -> None:
    """Look at what is published in a browser: releases only, never runs/."""
    from pipeline import serving  # noqa: PLC0415 (keeps the command line light)

    try:
        serving.serve(out, host, port, lambda address: typer.echo(f"{address}  (Ctrl-C)"))
    except OSError as error:
        raise fail(f"Cannot listen on {host}:{port}: {error}. Choose another --port.", FAILED) from error


if __name__ == "__main__":
    main()
