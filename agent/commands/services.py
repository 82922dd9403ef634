"""`isthmus services`: who serves what here, and how much of it."""

from urllib.parse import quote

import click

from agent.commands.asking import EXIT_CODES, Agent, asks_agent
from agent.commands.cells import joined, of_total, percent, rows
from agent.commands.completing import complete_services
from agent.commands.showing import (
    Cell,
    Column,
    Document,
    Question,
    Sheet,
    Sheets,
    Tone,
    present,
    show,
    shows,
)
from agent.objects import at, integer_at, map_at, text_at

EPILOG = f"""\b
Examples:
  isthmus services
  isthmus services shop           those of one namespace
  isthmus services shop/web       one, with its tiers; exits with 1 where it is not served
  isthmus services -o wide --watch

{EXIT_CODES}"""

PAGE = 100
"""Services that are asked for at once."""


@click.command(epilog=EPILOG)
@click.argument(
    "name", required=False, metavar="[NAMESPACE[/NAME]]", shell_complete=complete_services
)
@asks_agent
@shows
def services(agent: Agent, name: str | None, output: str, *, watch: bool) -> None:
    """Show services as they are served in this cluster: where their traffic goes, and how much."""
    if name is not None and "/" in name:
        _one(agent, name, output, watch=watch)
    elif watch:
        query = {"namespace": name, "limit": str(PAGE)}
        present(agent, Question("/v1/services", sheets, query), output, watch=True)
    else:
        show(_all(agent, name), output, sheets)


def _one(agent: Agent, name: str, output: str, *, watch: bool) -> None:
    question = Question(f"/v1/services/{quote(name)}", one_sheets)
    found = present(agent, question, output, watch=watch)
    if found is not None and at(found, "served") is not True:
        click.get_current_context().exit(1)


def _all(agent: Agent, namespace: str | None) -> Document:
    """Ask for page after page, and make one list of them."""
    first = agent.ask("/v1/services", namespace=namespace, limit=PAGE)
    items, after = list(rows(first, "items")), text_at(first, "continue")
    while after:
        more = agent.ask("/v1/services", namespace=namespace, limit=PAGE, after=after)
        items += rows(more, "items")
        after = text_at(more, "continue")
    return {**first, "items": items, "continue": ""}


def sheets(found: Document) -> Sheets:
    """Return the table of a `ServiceList`."""
    columns = (
        Column("namespace", lambda row: text_at(row, "namespace")),
        Column("name", lambda row: text_at(row, "name")),
        Column("ready", lambda row: of_total(row, "ready", "total")),
        Column("traffic goes to", _goes_to),
        Column("policy", _policy),
        Column("to be known", _notes),
        Column("type", lambda row: text_at(row, "type"), is_wide=True),
        Column("ports", _ports, is_wide=True),
        Column("tiers", _tiers, is_wide=True),
        Column("written", _written, is_wide=True),
    )
    shown, total = rows(found, "items"), integer_at(found, "total") or 0
    more = f"{total - len(shown)} more are not shown: name a namespace"
    lines = (Cell(more, Tone.DOUBTFUL),) if total > len(shown) else ()
    return [Sheet(columns, shown, lines=lines, empty="no service is served here")]


def _goes_to(row: Document) -> Cell:
    shares = [
        f"{text_at(each, 'cluster')} {percent(integer_at(each, 'weight'))}"
        for each in rows(row, "clusters")
        if integer_at(each, "weight")
    ]
    return Cell(joined(shares)) if shares else Cell("nowhere", Tone.BAD)


def _policy(row: Document) -> str:
    policy = map_at(row, "policy")
    mode, name = text_at(policy, "mode"), text_at(policy, "name")
    origin = text_at(policy, "cluster")
    return mode + (f" by {name}" if name else "") + (f" of {origin}" if origin else "")


def _notes(row: Document) -> Cell:
    conditions = [text_at(each, "type") for each in rows(row, "conditions")]
    conflicts = [text_at(each, "reason") for each in rows(row, "conflicts")]
    return Cell(joined(dict.fromkeys([*conditions, *conflicts])), Tone.DOUBTFUL)


def _ports(row: Document) -> str:
    return joined(
        f"{text_at(each, 'name')}:{integer_at(each, 'port')}/{text_at(each, 'protocol')}"
        for each in rows(row, "ports")
    )


def _tiers(row: Document) -> str:
    return joined(
        f"{text_at(each, 'kind')} {percent(integer_at(each, 'weight'))}"
        for each in rows(row, "tiers")
    )


def _written(row: Document) -> str:
    return joined(f"{text_at(w, 'kind')} {text_at(w, 'name')}" for w in rows(row, "written"))


def one_sheets(found: Document) -> Sheets:
    """Return the tables of one `Service`."""
    return [
        *sheets({**found, "items": [found], "total": 1}),
        tier_sheet(found),
        Sheet(lines=note_lines(found)),
    ]


def tier_sheet(found: Document) -> Sheet:
    """Return the table of the tiers of a service, each target a row, best first."""
    targets = tuple(
        {**target, "kind": text_at(tier, "kind")}
        for tier in rows(found, "tiers")
        for target in rows(tier, "targets")
    )
    columns = (
        Column("tier", lambda row: text_at(row, "kind")),
        Column("cluster", lambda row: text_at(row, "cluster")),
        Column("share", lambda row: percent(integer_at(row, "weight"))),
        Column("ready", lambda row: of_total(row, "ready", "total")),
        Column("via", _via),
        Column("held", lambda row: "yes" if at(row, "held") is True else ""),
    )
    return Sheet(columns, targets, empty="no tier: nothing healthy is known")


def _via(row: Document) -> str:
    gateways = joined(f"{g['address']}:{g['port']}" for g in rows(row, "gateways"))
    return f"gateways {gateways}" if gateways else text_at(row, "via")


def note_lines(found: Document) -> tuple[Cell, ...]:
    """Return conditions and conflicts of a service as lines."""
    conditions = [
        f"{text_at(each, 'type')}: {_about(each)}{text_at(each, 'message')}"
        for each in rows(found, "conditions")
    ]
    conflicts = [
        f"{text_at(each, 'reason')}: {text_at(each, 'message')}"
        for each in rows(found, "conflicts")
    ]
    return tuple(Cell(each, Tone.DOUBTFUL) for each in (*conditions, *conflicts))


def _about(row: Document) -> str:
    cluster = text_at(row, "cluster")
    return f"{cluster}: " if cluster else ""
