"""`isthmus explain`: why an endpoint is served, or is not."""

from collections.abc import Iterator
from urllib.parse import quote

import click

from agent.commands.asking import EXIT_CODES, Agent, asks_agent
from agent.commands.cells import age, joined, percent, rows, word
from agent.commands.completing import complete_services
from agent.commands.services import note_lines, tier_sheet
from agent.commands.showing import (
    Cell,
    Column,
    Document,
    Question,
    Sheet,
    Sheets,
    Tone,
    present,
    shows,
)
from agent.objects import at, integer_at, list_at, map_at, text_at

EPILOG = f"""\b
Examples:
  isthmus explain shop/web
  isthmus explain shop/web 10.1.0.7
  isthmus explain shop/web -o json | jq .reasons

{EXIT_CODES}"""


def _service(_: click.Context, __: click.Parameter, value: str) -> str:
    """Return `NAMESPACE/SERVICE`; a usage error for all else."""
    namespace, slash, name = value.partition("/")
    if not (namespace and slash and name) or "/" in name:
        raise click.BadParameter(f"{value!r} is not NAMESPACE/SERVICE, such as shop/web")
    return value


def _address(_context: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """Return the address without a port: endpoints are told apart by their address alone."""
    host, _, port = (value or "").rpartition(":")
    is_with_port = port.isdigit() and (":" not in host or host.endswith("]"))
    return host.removeprefix("[").removesuffix("]") if is_with_port else value


@click.command(epilog=EPILOG)
@click.argument(
    "service",
    callback=_service,
    metavar="NAMESPACE/SERVICE",
    shell_complete=complete_services,
)
@click.argument("endpoint", required=False, metavar="[ADDRESS]", callback=_address)
@click.option(
    "--limit",
    type=click.IntRange(1, 5_000),
    default=1_000,
    show_default=True,
    help="Endpoints that are shown at most.",
)
@asks_agent
@shows
def explain(
    agent: Agent, service: str, endpoint: str | None, limit: int, output: str, *, watch: bool
) -> None:
    """Say why each endpoint of a service, or the one at ADDRESS, is served or not.

    A port behind ADDRESS, as the mesh's objects have it, is let be. Exits with 1 where the service
    gets no traffic at all, or nobody knows it.
    """
    query = {"address": endpoint, "limit": str(limit)}
    question = Question(f"/v1/explain/{quote(service)}", sheets, query)
    found = present(agent, question, output, watch=watch)
    if found is not None and not _is_well(found, endpoint):
        click.get_current_context().exit(1)


def _is_well(found: Document, endpoint: str | None) -> bool:
    if endpoint is None:
        return at(found, "served") is True
    return any(at(each, "inView") is True for each in rows(found, "endpoints"))


def sheets(found: Document) -> Sheets:
    """Return the tables of an `Explanation`."""
    origin_columns = (
        Column("cluster", lambda row: text_at(row, "cluster")),
        Column("verdict", lambda row: word(text_at(row, "verdict") or "this one")),
        Column("since", lambda row: age(found, text_at(row, "since"))),
        Column("may serve", lambda row: "yes" if at(row, "mayServe") is True else "no"),
        Column("drain leaves", _drain),
        Column("why", lambda row: text_at(row, "why")),
    )
    origins = (*rows(found, "clusters"), *rows(found, "gone"))
    endpoints, total = rows(found, "endpoints"), integer_at(found, "endpointsTotal") or 0
    more = (Cell(f"{total - len(endpoints)} more are not shown (--limit)", Tone.DOUBTFUL),)
    first = Sheet(title=text_at(found, "summary"), lines=tuple(_about(found)))
    if at(found, "known") is not True:
        return [first]
    return [
        first,
        Sheet(origin_columns, origins, empty="no cluster says anything about it"),
        tier_sheet(found),
        Sheet(
            _ENDPOINT_COLUMNS,
            endpoints,
            lines=more if total > len(endpoints) else (),
            empty="no endpoint",
        ),
        Sheet(lines=tuple(_notes(found))),
    ]


def _drain(row: Document) -> str:
    weight = integer_at(row, "drainWeight")
    return "" if weight in (None, 1_000) else percent(weight)


def _reason(row: Document) -> Cell:
    tone = Tone.GOOD if integer_at(row, "targetWeight") else Tone.QUIET
    if tone is Tone.QUIET and at(row, "inView") is not True:
        tone = Tone.DOUBTFUL
    return Cell(text_at(row, "reason"), tone)


_ENDPOINT_COLUMNS = (
    Column("cluster", lambda row: text_at(row, "cluster")),
    Column("address", lambda row: text_at(row, "address")),
    Column("node", lambda row: text_at(row, "node")),
    Column("zone", lambda row: text_at(row, "zone")),
    Column("reason", _reason),
    Column("why", lambda row: joined([text_at(row, "why"), *list_at(row, "notes")])),
    Column("record", lambda row: str(at(row, "record")), is_wide=True),
)


def _about(found: Document) -> Iterator[Cell]:
    policy = map_at(found, "policy")
    if policy:
        name = text_at(policy, "name")
        whose = f" {text_at(policy, 'namespace')}/{name}" if name else ", the default"
        origin = text_at(policy, "cluster")
        yield Cell(
            f"policy: {text_at(policy, 'mode')}{whose}" + (f" of {origin}" if origin else "")
        )
    for each in rows(policy, "overtakes"):
        name = f"{text_at(each, 'namespace')}/{text_at(each, 'name')}"
        yield Cell(f"policy {name} does not hold: {text_at(each, 'why')}", Tone.QUIET)


def _notes(found: Document) -> Iterator[Cell]:
    yield from note_lines(found)
    for each in rows(found, "faults"):
        words = f"record {text_at(each, 'record')} of {text_at(each, 'cluster')} is refused: "
        yield Cell(words + text_at(each, "message"), Tone.BAD)
    for each in rows(found, "driverProblems"):
        yield Cell(f"{text_at(found, 'driver')}: {text_at(each, 'message')}", Tone.DOUBTFUL)
    for each in rows(found, "written"):
        where = f"{text_at(each, 'kind')} {text_at(each, 'namespace')}/{text_at(each, 'name')}"
        yield Cell(f"written: {where}: {text_at(each, 'why')}", Tone.QUIET)
    if at(found, "frozen") is not None:
        yield Cell("frozen: nothing is written to the mesh", Tone.DOUBTFUL)
