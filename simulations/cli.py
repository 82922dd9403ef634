"""`isthmus simulate`: experiments with the failure detector, on the command line."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from simulations.printing import print_json, print_table

if TYPE_CHECKING:  # Help of the whole program loads this module, and must stay quick.
    from simulations.experiments.experiment import Experiment
    from simulations.options import Option, Value
    from simulations.results import Finding
    from simulations.samples import Row
    from simulations.study import Outcome, Study
    from simulations.targets import Target

PICTURES = (".pdf", ".png", ".svg")
"""What a picture's file may end in."""


class _Swim(click.Group):
    """The experiments, each a command; they are loaded when somebody asks."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from simulations.experiments.registry import EXPERIMENTS

        return [*EXPERIMENTS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from simulations.experiments.registry import EXPERIMENTS

        kind = EXPERIMENTS.get(cmd_name)
        return super().get_command(ctx, cmd_name) if kind is None else ExperimentCommand(kind)


@click.group()
def simulate() -> None:
    """Run experiments in a simulated network."""


@simulate.group(cls=_Swim)
def swim() -> None:
    """Measure the failure detector, and others beside it.

    Every option of an experiment takes several values with commas between, and the experiment
    then runs for each. Durations are written 64ms, 20s, 5m, 25h.
    """


class ExperimentCommand(click.Command):
    """The command that runs one experiment."""

    def __init__(self, kind: "type[Experiment]") -> None:
        """Take its options from the experiment's fields."""
        from simulations.options import options_of

        self.kind = kind
        title = kind.plan.title
        super().__init__(
            kind.plan.name,
            params=[*map(_own, options_of(kind)), *_shared(kind)],
            help=f"{title[0].upper()}{title[1:]}.",
            short_help=title,
        )

    def invoke(self, ctx: click.Context) -> None:
        """Run it: first all that can be wrong is checked, then nothing is."""
        from simulations.samples import levelled

        given = cast("Mapping[str, object]", ctx.params)
        study = _study(self.kind, given)
        _check(study, ctx)
        picture = cast("str | None", given["plot"])
        if picture is not None:
            check_picture(Path(picture))
        with _progress(len(study.tasks())) as advance:
            outcomes = _run(study, cast("int | None", given["jobs"]), advance)
        if picture is not None:
            from simulations.plots import draw

            draw(study.kind.plan.title, outcomes, picture)
        if given["output"] == "json":
            rows = levelled([outcome.row() for outcome in outcomes], study.kind.plan.columns)
            print_json(study.kind.plan.name, study.parameters(), rows)
        else:
            print_table(study, [outcome.timed_row() for outcome in outcomes])


def _own(option: "Option") -> click.Option:
    from simulations.options import show

    def read(_ctx: click.Context, _param: click.Parameter, text: str) -> "tuple[Value, ...]":
        try:
            return tuple(option.read(word) for word in text.split(","))
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return click.Option(
        [f"--{option.name.replace('_', '-')}", option.name],
        callback=read,
        metavar=option.kind,
        default=",".join(show(option, value) for value in option.default),
        show_default=True,
        help=f"{option.help[0].upper()}{option.help[1:]}.",
    )


def _shared(kind: "type[Experiment]") -> list[click.Option]:
    from simulations.flavours import FLAVOURS

    plan = kind.plan
    return [
        _number("--seeds", plan.seeds, "How many runs, each from its own seed."),
        _number("--first-seed", 1, "The seed of the first run."),
        _number("--members", plan.members, "How many members.", least=2),
        click.Option(
            ["--configuration"],
            type=click.Choice(FLAVOURS),
            multiple=True,
            default=plan.configurations,
            show_default=True,
            help="Which detector runs; repeatable.",
        ),
        _set_option(),
        _output_option(),
        click.Option(
            ["--plot"],
            type=click.Path(dir_okay=False),
            help=f"Draw a picture into this file ({', '.join(PICTURES)}).",
        ),
        _jobs_option(),
    ]


def _output_option() -> click.Option:
    return click.Option(
        ["--output"],
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="What to print.",
    )


def _jobs_option() -> click.Option:
    help_ = "How many processes.  [default: as many as there are processors]"
    return click.Option(["--jobs"], type=click.IntRange(1), help=help_)


def _set_option() -> click.Option:
    return click.Option(
        ["--set", "overrides"],
        multiple=True,
        metavar="PATH=VALUE",
        callback=lambda _ctx, _param, words: tuple(map(read_override, words)),
        help="Set something of ours, such as probe.interval=500ms; repeatable.",
    )


def read_override(word: str) -> tuple[str, int]:
    """Read a path of the detector's configuration and a value; BadParameter where it is none.

    A plain number is taken as it is, one with a unit becomes microseconds.
    """
    from simulations.options import read_duration

    path, equals, text = word.partition("=")
    if not equals:
        raise click.BadParameter(f"{word!r} lacks a '='; probe.interval=500ms would do")
    if text in ("true", "false"):
        return path, text == "true"
    try:
        return path, int(text) if text.lstrip("-").isdigit() else read_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _number(name: str, default: int, help_: str, *, least: int = 1) -> click.Option:
    kind = click.IntRange(least)
    return click.Option([name], type=kind, default=default, show_default=True, help=help_)


def _study(kind: "type[Experiment]", given: Mapping[str, object]) -> "Study":
    from simulations.options import options_of
    from simulations.study import Study

    first, seeds = cast("int", given["first_seed"]), cast("int", given["seeds"])
    names = [option.name for option in options_of(kind)]
    return Study(
        kind=kind,
        values=tuple((name, cast("tuple[Value, ...]", given[name])) for name in names),
        configurations=tuple(dict.fromkeys(cast("tuple[str, ...]", given["configuration"]))),
        members=cast("int", given["members"]),
        seeds=range(first, first + seeds),
        overrides=cast("tuple[tuple[str, int], ...]", given["overrides"]),
    )


def _check(study: "Study", ctx: click.Context) -> None:
    faults = study.faults()
    if faults:
        raise click.UsageError("; ".join(faults), ctx)


def check_picture(path: Path) -> None:
    """Raise UsageError where no picture could be drawn into this file."""
    if path.suffix not in PICTURES:
        raise click.UsageError(f"--plot {path}: the name must end in {', '.join(PICTURES)}")
    check_writable("--plot", path)
    if find_spec("matplotlib") is None:
        raise click.UsageError("--plot needs matplotlib: pip install 'isthmus[plot]'")


def check_writable(option: str, path: Path) -> None:
    """Raise UsageError where this file could not be written."""
    parent = path.absolute().parent
    target = path if path.exists() else parent
    if path.is_dir() or not parent.is_dir():
        raise click.UsageError(f"{option} {path}: there is no such directory to write a file in")
    if not os.access(target, os.W_OK):
        raise click.UsageError(f"{option} {path}: {target} cannot be written")


# --- running ------------------------------------------------------------------------------


def _run(study: "Study", jobs: int | None, advance: Callable[[int], None]) -> "list[Outcome]":
    from simulations.runner import TaskFailedError, WorkerDiedError, cores, run_all

    tasks = study.tasks()
    processor_s = [0.0] * len(tasks)

    def done(number: int, took: float) -> None:
        processor_s[number] = took
        advance(number)

    try:
        return study.outcomes(run_all(tasks, jobs or cores(), done), processor_s)
    except (TaskFailedError, WorkerDiedError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many runs are done, and when all will be."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), "runs,", TimeRemainingColumn(), "left")
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("", total=total)
        yield lambda _: progress.advance(bar)


def _say_nothing(_: int) -> None:
    """There is nobody to tell."""


# --- all and list ---------------------------------------------------------------------------


@swim.command(name="list")
def list_experiments() -> None:
    """Name the experiments and the configurations."""
    from simulations.experiments.registry import EXPERIMENTS
    from simulations.flavours import FLAVOURS

    width = max(len(name) for name in EXPERIMENTS)
    for name, kind in EXPERIMENTS.items():
        click.echo(f"{name:<{width}}  {kind.plan.title}")
    click.echo(f"\nconfigurations: {', '.join(FLAVOURS)}")


def _chosen(given: Mapping[str, object], targets: "Iterable[Target]") -> "list[Target]":
    chosen = [target for target in targets if str(given["only"]) in target.what]
    if not chosen:
        raise click.UsageError(f"--only: no target has the words {given['only']!r} in its name")
    if given["quick"]:
        chosen = [target.quickened() for target in chosen]
    if given["seeds"] is not None:
        chosen = [target.with_seeds(cast("int", given["seeds"])) for target in chosen]
    return chosen


def _run_everything(**given: object) -> None:
    from simulations.results import document, summary
    from simulations.targets import TARGETS

    targets = _chosen(given, TARGETS)
    write = cast("Path | None", given["write"])
    if write is not None:
        check_writable("--write", write)
    overrides = cast("tuple[tuple[str, int], ...]", given["overrides"])
    studies = [replace(target.study(), overrides=overrides) for target in targets]
    for study in studies:
        _check(study, click.get_current_context())
    findings, as_json = [], given["output"] == "json"
    for finding in _findings(zip(targets, studies, strict=True), given["jobs"]):
        findings.append(finding)
        click.echo(summary(finding), err=as_json)
        # It takes hours: what is there is worth keeping.
        _write(write, document(_command_line(given), findings))
    more = [] if given["only"] or write is None else _ablation(given)
    _write(write, document(_command_line(given), findings, more))
    if as_json:
        rows = [{"target": f.target.what, **row} for f in findings for row in f.rows]
        print_json("all", {"set": dict(overrides), "quick": given["quick"]}, rows)


swim.add_command(
    click.Command(
        "all",
        callback=_run_everything,
        params=[
            click.Option(
                ["--write"],
                type=click.Path(path_type=Path),
                help="Write a document into this file.",
            ),
            click.Option(
                ["--quick"], is_flag=True, help="A small version: it shows that all runs, no more."
            ),
            click.Option(
                ["--seeds"],
                type=click.IntRange(min=1),
                help="At most so many seeds for each target, in place of 20 or more.",
            ),
            click.Option(["--only"], default="", help="Only targets with this in their names."),
            _set_option(),
            _output_option(),
            _jobs_option(),
        ],
        help="Run all that the detector must reach, and say what is met.",
    )
)


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        path.write_text(text)


def _findings(asked: "Iterable[tuple[Target, Study]]", jobs: object) -> "Iterator[Finding]":
    from simulations.results import Finding

    measured: dict[Study, list[Row]] = {}  # Quick versions of different targets may be the same.
    for target, study in asked:
        if study not in measured:
            measured[study] = _rows(study, jobs)
        yield Finding(target, study, measured[study])


def _rows(study: "Study", jobs: object) -> "list[Row]":
    with _progress(len(study.tasks())) as advance:
        return [outcome.timed_row() for outcome in _run(study, cast("int | None", jobs), advance)]


def _ablation(given: Mapping[str, object]) -> list[str]:
    from simulations.results import study_section
    from simulations.targets import ablation

    seeds = cast("int | None", given["seeds"])
    study = ablation(quick=bool(given["quick"]), seeds=seeds)
    title = "What each part of Lifeguard is worth"
    return study_section(title, study, _rows(study, given["jobs"]))


def _command_line(given: Mapping[str, object]) -> str:
    overrides = cast("tuple[tuple[str, int], ...]", given["overrides"])
    words = ["isthmus simulate swim all"]
    words += [f"--only '{given['only']}'"] if given["only"] else []
    words += ["--quick"] if given["quick"] else []
    words += [f"--seeds {given['seeds']}"] if given["seeds"] is not None else []
    words += [f"--set {path}={value}" for path, value in overrides]
    return " ".join([*words, f"--write {given['write']}"])
