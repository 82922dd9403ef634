"""`isthmus clusters`: what is held of each cluster, and why."""

from collections.abc import Iterator
from urllib.parse import quote

import click

from agent.commands.asking import EXIT_CODES, Agent, asks_agent
from agent.commands.cells import age, joined, of_total, rows, shown_seconds, word, yes_or_no
from agent.commands.completing import complete_clusters
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
  isthmus clusters
  isthmus clusters west          all that is known of one, each bridge's evidence included
  isthmus clusters --watch
  isthmus clusters -o json | jq -r '.items[] | select(.verdict != "live") | .name'

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@click.argument("name", required=False, shell_complete=complete_clusters)
@asks_agent
@shows
def clusters(agent: Agent, name: str | None, output: str, *, watch: bool) -> None:
    """Show every cluster with its verdict, or all that is known of the one called NAME."""
    if name is None:
        present(agent, Question("/v1/clusters", sheets), output, watch=watch)
        return
    present(
        agent, Question(f"/v1/clusters/{quote(name, safe='')}", one_sheets), output, watch=watch
    )


def sheets(found: Document) -> Sheets:
    """Return the table of a `ClusterList`."""
    columns = (
        Column("cluster", lambda row: text_at(row, "name")),
        Column("verdict", _verdict),
        Column("since", lambda row: age(found, text_at(row, "since"))),
        Column("bridges", lambda row: str(integer_at(row, "bridges", "alive"))),
        Column("services", lambda row: str(integer_at(row, "services"))),
        Column("ready", lambda row: of_total(row, "healthyEndpoints", "endpoints")),
        Column("said", lambda row: _said(found, row)),
        Column("why", _why),
        Column("region", lambda row: text_at(row, "region"), is_wide=True),
        Column("network", lambda row: text_at(row, "network"), is_wide=True),
        Column("path", lambda row: text_at(row, "evidence", "dataPath"), is_wide=True),
        Column("reachable", lambda row: yes_or_no(at(row, "evidence", "reachable")), is_wide=True),
        Column("witnesses", lambda row: _number(row, "evidence", "witnesses"), is_wide=True),
        Column("version", lambda row: text_at(row, "agentVersion"), is_wide=True),
    )
    return [Sheet(columns, rows(found, "items"))]


def _number(row: Document, *path: str) -> str:
    number = integer_at(row, *path)
    return "" if number is None else str(number)


def _verdict(row: Document) -> Cell:
    if at(row, "own") is True:
        return Cell("this one", Tone.QUIET)
    return word(text_at(row, "verdict")) if text_at(row, "verdict") else Cell("unheard", Tone.QUIET)


def _said(found: Document, row: Document) -> str:
    spoken = text_at(row, "manifest", "adoptedAt")
    return f"{age(found, spoken)} ago" if spoken else ""


def _why(row: Document) -> str:
    notes = [text_at(row, "why")]
    down, held = list_at(row, "nodesDown"), integer_at(row, "heldEndpoints")
    notes += [f"nodes down: {joined(down)}"] if down else []
    notes += [f"{held} endpoints held"] if held else []
    notes += [_drain(each) for each in rows(row, "drains")]
    return "; ".join(each for each in notes if each)


def _drain(drain: Document) -> str:
    waiting = joined(list_at(drain, "waitingFor"))
    what = text_at(drain, "service") or "all of it"
    rest = f"waits for {waiting}" if waiting else "acknowledged by all in reach"
    return f"drains {what}: {integer_at(drain, 'weight')} of 1000 left, {rest}"


def one_sheets(found: Document) -> Sheets:
    """Return the tables of one `Cluster`."""
    witness_columns = (
        Column("bridge of ours", lambda row: text_at(row, "node")),
        Column("alive", lambda row: yes_or_no(at(row, "alive"))),
        Column("reachable", lambda row: yes_or_no(at(row, "reachable"))),
        Column("data path", lambda row: text_at(row, "dataPath")),
        Column("silent for", _silence),
        Column("isolated", lambda row: "yes" if at(row, "isolated") is True else ""),
        Column("heard", lambda row: f"{age(found, text_at(row, 'heardAt'))} ago"),
    )
    bridge_columns = (
        Column("its bridge", lambda row: text_at(row, "node")),
        Column("status", lambda row: word(text_at(row, "status"))),
        Column("since", lambda row: age(found, text_at(row, "since"))),
        Column("address", lambda row: text_at(row, "address")),
        Column("reachable", lambda row: yes_or_no(at(row, "reachable"))),
    )
    facts = tuple({"what": what, "is": value} for what, value in _facts(found) if value)
    columns = (
        Column("", lambda row: text_at(row, "what")),
        Column("", lambda row: text_at(row, "is")),
    )
    return [
        *sheets({**found, "items": [found]}),
        Sheet(columns, facts),
        Sheet(witness_columns, rows(found, "witnesses"), empty="no bridge of ours judges it"),
        Sheet(bridge_columns, rows(found, "bridges", "members"), empty="no bridge of it is known"),
    ]


def _silence(row: Document) -> str:
    seconds = integer_at(row, "silentSeconds")
    return shown_seconds(seconds) if seconds else ""


def _facts(found: Document) -> Iterator[tuple[str, str]]:
    manifest = map_at(found, "manifest")
    parts = [f"{each} {manifest[each]}" for each in _ORDER if each in manifest]
    parts += [f"{manifest[each]} {each}" for each in ("records", "bytes") if each in manifest]
    yield "set", joined(parts)
    yield "fresh until", text_at(manifest, "freshUntil")
    yield "for", joined(list_at(manifest, "audience"))
    yield "intents", joined(map(_intent, rows(manifest, "intents")))
    yield "may serve", joined(list_at(found, "trust", "rule", "services"))
    yield "policies of it hold", "yes" if at(found, "trust", "rule", "policies") is True else ""
    yield "only relayed", "yes" if at(found, "trust", "rule", "relayOnly") is True else ""
    yield "UID", text_at(found, "trust", "uid")
    yield "trust", "; ".join(str(each) for each in list_at(found, "trust", "problems"))
    yield "gateways", joined(f"{g['address']}:{g['port']}" for g in rows(found, "gateways"))
    yield (
        "mesh",
        joined(t for t in (text_at(found, "trustDomain"), text_at(found, "meshRoot")) if t),
    )
    yield (
        "not imported",
        joined(f"{n['count']} ({n['reason']})" for n in rows(found, "notImported")),
    )
    yield "held", joined(list_at(found, "heldServices"))


_ORDER = ("generation", "epoch", "version")


def _intent(intent: Document) -> str:
    subject = text_at(intent, "subject")
    return f"{text_at(intent, 'kind')} {subject}".strip()
