"""`isthmus doctor`: looks at everything that an agent needs, and says what to do where it lacks.

Each check is by itself: what one finds keeps none of the others from being made, but for the
settings, without which there is nothing to look at. Nothing is changed by any of them.
"""

from pathlib import Path

import click

from agent.commands.changing import FAILED, config_option
from agent.commands.checks import Result
from agent.commands.showing import Cell, Column, Document, Sheet, Sheets, Tone, show, shows_once

TONES = {Result.OK: Tone.GOOD, Result.WARN: Tone.DOUBTFUL, Result.FAIL: Tone.BAD}


@click.command(
    epilog="""\b
Exit codes:
  0  nothing failed; there may be warnings
  1  something failed
  2  the command line is wrong
"""
)
@config_option
@shows_once
def doctor(config: Path, *, output: str) -> None:
    """Check settings, keys, state, store, ports, seeds, clock and mesh of an agent."""
    from agent.commands.examination import examined

    findings = examined(config)
    document = {"kind": "Diagnosis", "items": [each.document() for each in findings]}
    show(document, output, _sheets)
    if any(each.result is Result.FAIL for each in findings):
        raise click.exceptions.Exit(FAILED)


def _sheets(document: Document) -> Sheets:
    items = document["items"]
    assert isinstance(items, list)
    columns = (
        Column("result", lambda row: Cell(str(row["result"]), TONES[Result(str(row["result"]))])),
        Column("check", lambda row: str(row["check"])),
        Column("where", lambda row: str(row["where"])),
        Column("what", lambda row: str(row["what"])),
        Column("what to do", lambda row: str(row["remedy"])),
    )
    failed = sum(each["result"] == Result.FAIL for each in items)
    warned = sum(each["result"] == Result.WARN for each in items)
    tone = Tone.BAD if failed else Tone.DOUBTFUL if warned else Tone.GOOD
    words = f"{len(items)} checks, {failed} failed, {warned} with a warning"
    return [Sheet(columns, tuple(items), lines=(Cell(words, tone),))]
