"""How commands show what they were answered: tables for people, documents for programs.

On a terminal tables have colour and borders; into a pipe they are plain columns, which `awk` and
`cut` understand. Names come from other clusters: nothing of them is ever taken for a colour, a
cursor movement or markup.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Event
from typing import ParamSpec, TypeAlias, TypeVar

import click

from agent.commands.asking import Agent, AnsweredError, NotReachableError

Document: TypeAlias = Mapping[str, object]

P = ParamSpec("P")
R = TypeVar("R")

RECONNECT_S = 1.0


class Output(StrEnum):
    """How an answer is shown."""

    TABLE = "table"
    WIDE = "wide"
    """A table with every column."""
    JSON = "json"
    YAML = "yaml"


class Tone(StrEnum):
    """What a cell means, as a colour where there are colours."""

    PLAIN = ""
    GOOD = "green"
    DOUBTFUL = "yellow"
    BAD = "red"
    QUIET = "dim"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of a table."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, and what is in it for one row."""

    title: str
    value: Callable[[Document], Cell | str]
    is_wide: bool = False
    """Shown only where everything is asked for."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table, or lines of text where it has no columns."""

    columns: tuple[Column, ...] = ()
    rows: tuple[Document, ...] = ()
    title: str = ""
    lines: tuple[Cell, ...] = ()
    """What stands below it."""
    empty: str = ""
    """What is said where there is no row."""


Sheets: TypeAlias = Sequence[Sheet]


def shows(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the options `--output` (as `output`) and `--watch` (as `watch`)."""
    watched = click.option(
        "--watch", "-w", is_flag=True, help="Go on, and show it again when it has changed."
    )
    return shows_once(watched(command))


def shows_once(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the option `--output` alone, as `output`."""
    return click.option(
        "--output",
        "-o",
        type=click.Choice([each.value for each in Output]),
        default=Output.TABLE.value,
        show_default=True,
        help="Table, table with all columns, or the document for programs.",
    )(command)


def show(document: Document, output: str, sheets: Callable[[Document], Sheets]) -> None:
    """Print a document as it is wanted; `sheets` makes the tables of it."""
    match Output(output):
        case Output.JSON:
            click.echo(json.dumps(document, indent=2))
        case Output.YAML:
            click.echo(to_yaml(document), nl=False)
        case chosen:
            show_sheets(sheets(document), is_wide=chosen is Output.WIDE)


def to_yaml(document: Document) -> str:
    """Return a document as YAML, its fields in their order."""
    import yaml

    text: object = yaml.dump(
        document, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=False
    )
    return str(text)


def show_sheets(sheets: Sheets, *, is_wide: bool = False) -> None:
    """Print tables, with colour on a terminal and as plain columns elsewhere."""
    draw = _draw_rich if sys.stdout.isatty() else _draw_plain
    shown = [each for each in sheets if each.title or each.rows or each.lines or each.empty]
    for at, sheet in enumerate(shown):
        if at:
            click.echo()
        columns = [each for each in sheet.columns if is_wide or not each.is_wide]
        grid = [[_cell(each.value(row)) for each in columns] for row in sheet.rows]
        draw(sheet, [each.title for each in columns], grid)


def _cell(value: Cell | str) -> Cell:
    cell = value if isinstance(value, Cell) else Cell(value)
    return Cell(clean(cell.text), cell.tone)


def clean(text: str) -> str:
    """Return text that moves no cursor and sets no colour: control characters are shown as such."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def _draw_plain(sheet: Sheet, titles: Sequence[str], grid: Sequence[Sequence[Cell]]) -> None:
    if sheet.title:
        click.echo(clean(sheet.title))
    if grid:
        texts = [[cell.text or "-" for cell in row] for row in grid]
        if any(titles):
            texts.insert(0, [title.upper() for title in titles])
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        for row in texts:
            padded = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            click.echo("   ".join(padded).rstrip())
    elif sheet.empty:
        click.echo(clean(sheet.empty))
    for line in sheet.lines:
        click.echo(clean(line.text))


def _draw_rich(sheet: Sheet, titles: Sequence[str], grid: Sequence[Sequence[Cell]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if sheet.title:
        console.print(Text(clean(sheet.title), style="bold"))
    if grid:
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_header=any(titles))
        for title in titles:
            table.add_column(Text(title), overflow="fold")
        for row in grid:
            table.add_row(*(Text(cell.text, style=cell.tone.value) for cell in row))
        console.print(table)
    elif sheet.empty:
        console.print(Text(clean(sheet.empty), style=Tone.QUIET.value))
    for line in sheet.lines:
        console.print(Text(clean(line.text), style=line.tone.value))


# --- once, or for as long as somebody watches -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the agent, and how the answer is shown."""

    path: str
    sheets: Callable[[Document], Sheets]
    query: Mapping[str, str | None] = field(default_factory=dict)


def present(agent: Agent, question: Question, output: str, *, watch: bool) -> Document | None:
    """Ask and show, once or for ever; return the answer that was shown, None after a watch."""
    if not watch:
        document = agent.ask(question.path, **question.query)
        show(document, output, question.sheets)
        return document
    with _until_interrupted():
        _watch(agent, question, output)
    return None


def _watch(agent: Agent, question: Question, output: str) -> None:
    """Show each change. Whoever was reached once is waited for when it goes away."""
    was_reached = False
    while True:
        try:
            for document in agent.watch(question.path, **question.query):
                was_reached = True
                _show_again(document, output, question)
        except (NotReachableError, AnsweredError) as error:
            if not was_reached:
                raise
            click.echo(f"{error.message.splitlines()[0]}; trying again", err=True)
        Event().wait(RECONNECT_S)


def _show_again(document: Document, output: str, question: Question) -> None:
    match Output(output):
        case Output.JSON:
            click.echo(json.dumps(document, separators=(",", ":")))
        case Output.YAML:
            click.echo(f"---\n{to_yaml(document)}", nl=False)
        case _ if sys.stdout.isatty():
            click.clear()
            show(document, output, question.sheets)
        case _:
            show(document, output, question.sheets)
            click.echo()
    sys.stdout.flush()


@contextmanager
def _until_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        click.echo()
