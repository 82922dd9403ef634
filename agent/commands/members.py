"""`isthmus members`: who is in the pools, as one agent sees them."""

import click

from agent.commands.asking import EXIT_CODES, Agent, asks_agent
from agent.commands.cells import age, rows, word, yes_or_no
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
from agent.objects import at, integer_at, text_at

EPILOG = f"""\b
Examples:
  isthmus members
  isthmus members --pool wan --watch
  isthmus members -o json | jq -r '.items[] | select(.status == "dead") | .node'

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.option("--pool", type=click.Choice(["lan", "wan"]), help="Of this pool alone.")
@asks_agent
@shows
def members(agent: Agent, pool: str | None, output: str, *, watch: bool) -> None:
    """Show the members of this cluster's pool, and of the bridges' pool.

    Each agent answers of what it sees itself; `reachable` is by its own probes alone.
    """
    question = Question("/v1/members", sheets, {"pool": pool})
    present(agent, question, output, watch=watch)


def sheets(found: Document) -> Sheets:
    """Return the table of a `MemberList`."""
    columns = (
        Column("pool", lambda row: text_at(row, "pool")),
        Column("cluster", lambda row: text_at(row, "cluster")),
        Column("node", lambda row: text_at(row, "node")),
        Column("status", lambda row: word(text_at(row, "status"))),
        Column("since", lambda row: age(found, text_at(row, "since"))),
        Column("address", lambda row: text_at(row, "address")),
        Column("rtt", _round_trip),
        Column("reachable", _reachable),
        Column("notes", _notes),
        Column("incarnation", lambda row: str(integer_at(row, "incarnation")), is_wide=True),
        Column("start", lambda row: str(integer_at(row, "start")), is_wide=True),
        Column("node address", lambda row: text_at(row, "nodeAddress"), is_wide=True),
        Column("member", lambda row: text_at(row, "member"), is_wide=True),
    )
    return [Sheet(columns, rows(found, "items"), empty="this agent is not in that pool")]


def _round_trip(row: Document) -> str:
    trip = at(row, "roundTripMillis")
    return f"{trip:g}ms" if isinstance(trip, int | float) else ""


def _reachable(row: Document) -> Cell:
    if at(row, "self") is True or text_at(row, "status") in ("dead", "left", "retired"):
        return Cell("")
    return yes_or_no(at(row, "reachable"))


def _notes(row: Document) -> Cell:
    if at(row, "nodeSilent") is True:
        return Cell("node is silent", Tone.BAD)
    notes = [
        words
        for field, words in (("self", "this agent"), ("bridge", "bridge"))
        if at(row, field) is True and not (field == "bridge" and text_at(row, "pool") == "wan")
    ]
    return Cell(", ".join(notes))
