"""`isthmus simulate`: experiments with the failure detector, on the command line."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # Help of the whole program loads this module, and must stay quick.
    from simulations.experiments.experiment import Experiment
    from simulations.options import Option, Value
    from simulations.samples import Row
    from simulations.study import Study


class _Values(click.ParamType):
    """One value of an experiment's option, or several with commas between."""

    def __init__(self, option: "Option") -> None:
        self.name = option.kind
        self._read = option.read

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> "tuple[Value, ...]":
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self._read(word) for word in str(value).split(","))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Override(click.ParamType):
    """A path in the detector's configuration, and a value."""

    name = "PATH=VALUE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        from simulations.options import read_duration

        path, equals, text = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} lacks a '='; probe.interval=500ms would do", param, ctx)
        try:
            words = {"true": 1, "false": 0}
            plain = words[text] if text in words else int(text)
        except ValueError:
            try:
                plain = read_duration(text)
            except ValueError as error:
                self.fail(str(error), param, ctx)
        return path, plain


class _Swim(click.Group):
    """The experiments, each a command; they are loaded when somebody asks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from simulations.experiments.registry import EXPERIMENTS

        return [*EXPERIMENTS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from simulations.experiments.registry import EXPERIMENTS

        kind = EXPERIMENTS.get(cmd_name)
        return super().get_command(ctx, cmd_name) if kind is None else _command(kind)


@click.group()
def simulate() -> None:
    """Run experiments in a simulated network."""


@simulate.group(cls=_Swim)
def swim() -> None:
    """Measure the failure detector, and others beside it."""


def _command(kind: "type[Experiment]") -> click.Command:
    from simulations.flavours import FLAVOURS
    from simulations.options import options_of, show

    plan = kind.plan
    own = [
        click.Option(
            [f"--{option.name.replace('_', '-')}"],
            type=_Values(option),
            default=",".join(show(option, value) for value in option.default),
            show_default=True,
            help=option.help,
        )
        for option in options_of(kind)
    ]
    shared = [
        click.Option(
            ["--seeds"],
            type=click.IntRange(1),
            default=plan.seeds,
            show_default=True,
            help="How many runs, each from its own seed.",
        ),
        click.Option(
            ["--first-seed"],
            type=click.IntRange(0),
            default=1,
            show_default=True,
            help="The seed of the first run.",
        ),
        click.Option(
            ["--members"],
            type=click.IntRange(2),
            default=plan.members,
            show_default=True,
            help="How many members.",
        ),
        click.Option(
            ["--configuration", "configurations"],
            type=click.Choice(FLAVOURS),
            multiple=True,
            default=plan.configurations,
            show_default=True,
            help="Which detector; repeatable.",
        ),
        click.Option(
            ["--set", "overrides"],
            type=_Override(),
            multiple=True,
            help="Set something of ours, as in probe.interval=500ms; repeatable.",
        ),
        click.Option(
            ["--output"],
            type=click.Choice(["table", "json"]),
            default="table",
            show_default=True,
            help="How to print the figures.",
        ),
        click.Option(
            ["--jobs"],
            type=click.IntRange(1),
            default=None,
            help="How many processes; the number of processors if not given.",
        ),
    ]
    return click.Command(
        plan.name,
        params=[*own, *shared],
        callback=_runs(kind),
        help=f"{plan.title[0].upper()}{plan.title[1:]}.",
    )


def _runs(kind: "type[Experiment]") -> Callable[..., None]:
    def run(
        seeds: int,
        first_seed: int,
        members: int,
        configurations: tuple[str, ...],
        overrides: tuple[tuple[str, int], ...],
        output: str,
        jobs: int | None,
        **values: "tuple[Value, ...]",
    ) -> None:
        from simulations.options import options_of
        from simulations.study import Study

        study = Study(
            kind=kind,
            values=tuple((option.name, values[option.name]) for option in options_of(kind)),
            configurations=tuple(dict.fromkeys(configurations)),
            members=members,
            seeds=range(first_seed, first_seed + seeds),
            overrides=overrides,
        )
        _check(study)
        rows = _run(study, jobs)
        if output == "json":
            _print_json(study, rows)
        else:
            _print_table(study, rows)

    return run


def _check(study: "Study") -> None:
    from simulations.flavours import Setting, detector_config

    faults = list(study.faults())
    try:
        detector_config(Setting(overrides=study.overrides, profile=study.kind.plan.profile))
    except ExceptionGroup as group:
        faults += [f"--set: {fault}" for fault in group.exceptions]
    if faults:
        raise click.UsageError("; ".join(faults))


def _run(study: "Study", jobs: int | None) -> "list[Row]":
    from simulations.runner import cores, run_all

    tasks = study.tasks()
    return study.rows(run_all(tasks, jobs or cores(), lambda number: None))


def _print_json(study: "Study", rows: "Sequence[Row]") -> None:
    report = {
        "experiment": study.kind.plan.name,
        "parameters": study.parameters(),
        "results": rows,
    }
    click.echo(json.dumps(report, indent=2))


def _print_table(study: "Study", rows: "Sequence[Row]") -> None:
    from simulations.tables import aligned, cells, columns_of, head, meanings

    columns = columns_of(study.kind.plan.columns, study.labels(), rows)
    for line in aligned([head(column) for column in columns], cells(columns, rows)):
        click.echo(line)
    click.echo()
    for line in meanings(columns):
        click.echo(line)
    sys.stdout.flush()
