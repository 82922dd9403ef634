"""What the command prints: one object for programs, a table for people."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:  # Help of the whole program loads this module, and must stay quick.
    from simulations.samples import Row
    from simulations.study import Study


def print_json(name: str, parameters: Mapping[str, object], rows: "Sequence[Row]") -> None:
    """Print one object."""
    report = {"experiment": name, "parameters": parameters, "results": rows}
    click.echo(json.dumps(report, indent=2))


def print_table(study: "Study", rows: "Sequence[Row]") -> None:
    """Print a table and what its columns mean."""
    from simulations.study import PACE
    from simulations.tables import aligned, cells, columns_of

    plan, glossary = study.kind.plan, study.family.glossary
    columns = columns_of((*plan.columns, PACE), study.columns(), rows)
    heads, body = [glossary.head(column) for column in columns], cells(columns, rows)
    size = f"{study.members} members, " if study.family.has_members else ""
    seeds = len(study.seeds)
    title = f"{plan.title}: {size}{seeds} {'seed' if seeds == 1 else 'seeds'}"
    if sys.stdout.isatty():
        _print_rich(title, heads, body)
    else:
        click.echo("\n".join([title, "", *aligned(heads, body)]))
    click.echo("\n" + "\n".join(glossary.meanings(columns)))


def _print_rich(title: str, heads: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for number, words in enumerate(heads):
        justify: Literal["left", "right"] = "right" if number else "left"
        table.add_column(words, justify=justify)
    for line in body:
        table.add_row(*line)
    Console().print(table)
