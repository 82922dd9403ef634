"""`isthmus status`: one agent, at a glance."""

from collections.abc import Iterator, Mapping

import click

from agent.commands.asking import EXIT_CODES, Agent, asks_agent
from agent.commands.cells import age, joined, rows, shown_seconds
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
  isthmus status
  isthmus status --config east-1.yaml
  isthmus status --output json | jq .readiness
  isthmus status || echo "not ready"

{EXIT_CODES}"""


@click.command(epilog=EPILOG)
@asks_agent
@shows
def status(agent: Agent, output: str, *, watch: bool) -> None:
    """Show what an agent does, holds and complains of.

    Exits with 1 where it is not ready.
    """
    found = present(agent, Question("/v1/status", sheets), output, watch=watch)
    if found is not None and at(found, "readiness", "ready") is not True:
        click.get_current_context().exit(1)


def sheets(found: Document) -> Sheets:
    """Return the tables of an `AgentStatus`."""
    facts = tuple({"what": what, "is": cell} for what, cell in _facts(found))
    shown = [Sheet((Column("", _what), Column("", _is)), facts, title=_title(found))]
    alarms = rows(found, "alarms")
    if alarms:
        shown.append(Sheet(ALARM_COLUMNS, alarms, title="To be looked at"))
    refused = rows(found, "refused")
    if refused:
        shown.append(Sheet(_REFUSED_COLUMNS, refused, title="Refused since the start"))
    return shown


def _title(found: Document) -> str:
    return f"{text_at(found, 'node')} of cluster {text_at(found, 'cluster')}"


def _what(row: Document) -> str:
    return text_at(row, "what")


def _is(row: Document) -> Cell | str:
    cell = row["is"]
    return cell if isinstance(cell, Cell) else str(cell)


def _facts(found: Document) -> Iterator[tuple[str, Cell | str]]:
    reasons = joined(list_at(found, "readiness", "reasons"))
    yield "ready", Cell(f"no: {reasons}", Tone.BAD) if reasons else Cell("yes", Tone.GOOD)
    yield "role", text_at(found, "role")
    yield "version", text_at(found, "version")
    yield "up for", shown_seconds(integer_at(found, "uptimeSeconds") or 0)
    for pool in ("lan", "wan"):
        if map_at(found, "pools", pool):
            yield pool, _pool(map_at(found, "pools", pool))
    yield "bridges", joined(text_at(each, "node") for each in rows(found, "bridges"))
    yield from _holdings(found)
    yield from _writing(found)


def _pool(pool: Mapping[str, object]) -> Cell:
    counts = joined(
        f"{integer_at(pool, each)} {each}"
        for each in ("alive", "suspect", "dead", "left", "unreachable")
        if each == "alive" or integer_at(pool, each)
    )
    silent = joined(list_at(pool, "silentNodes"))
    if at(pool, "isolated") is True:
        return Cell(f"{counts}; nobody answers this agent", Tone.BAD)
    return Cell(f"{counts}; silent nodes: {silent}" if silent else counts)


def _holdings(found: Document) -> Iterator[tuple[str, Cell | str]]:
    held = map_at(found, "sets")
    if held:
        verdicts = map_at(held, "verdicts")
        words = joined(f"{count} {each}" for each, count in verdicts.items() if count)
        yield "clusters", words or "none heard yet"
        ready, total = integer_at(held, "healthyEndpoints"), integer_at(held, "endpoints")
        yield "services", f"{integer_at(held, 'services')}, {ready} of {total} endpoints ready"
    if at(found, "isolation", "cutOff") is True:
        yield "isolation", Cell("this cluster presumes itself cut off", Tone.BAD)
    if map_at(found, "lease"):
        ours = " (this agent)" if at(found, "lease", "ours") is True else ""
        yield "lease", (text_at(found, "lease", "holder") or "nobody") + ours
    if map_at(found, "store"):
        faults = len(list_at(found, "store", "faults"))
        tone = Tone.BAD if faults else Tone.PLAIN
        words = f"; {faults} faults" if faults else ""
        yield "store", Cell(text_at(found, "store", "description") + words, tone)


def _writing(found: Document) -> Iterator[tuple[str, Cell | str]]:
    driver = map_at(found, "driver")
    why = text_at(driver, "why")
    yield "driver", text_at(driver, "name") + (f" ({why})" if why else "")
    last = age(found, text_at(driver, "lastWriteAt"))
    yield "written", f"{integer_at(driver, 'objects')} objects" + (f", {last} ago" if last else "")
    if integer_at(driver, "planned"):
        yield "to be written", f"{integer_at(driver, 'planned')} objects"
    frozen = at(found, "frozen")
    if frozen is not None:
        yield "frozen", Cell(str(frozen) or "yes", Tone.DOUBTFUL)
    if at(found, "dryRun") is True:
        yield "dry run", Cell("nothing is written", Tone.DOUBTFUL)


def _severity(row: Document) -> Cell:
    severity = text_at(row, "severity")
    return Cell(severity, Tone.BAD if severity == "alarm" else Tone.DOUBTFUL)


ALARM_COLUMNS = (
    Column("severity", _severity),
    Column("name", lambda row: text_at(row, "name")),
    Column("subject", lambda row: text_at(row, "subject")),
    Column("what", lambda row: text_at(row, "message")),
    Column("what to do", lambda row: text_at(row, "remedy")),
)

_REFUSED_COLUMNS = (
    Column("by", lambda row: text_at(row, "by")),
    Column("why", lambda row: text_at(row, "reason")),
    Column("cluster", lambda row: text_at(row, "cluster")),
    Column("count", lambda row: str(integer_at(row, "count"))),
    Column("latest", lambda row: text_at(row, "latest")),
)
