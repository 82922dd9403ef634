"""`isthmus simulate`: families of experiments, on the command line."""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from simulations.parameters import (
    all_options,
    check_picture,
    check_writable,
    own_option,
    shared_options,
)
from simulations.printing import print_json, print_table

if TYPE_CHECKING:  # Help of the whole program loads this module, and must stay quick.
    from simulations.documents import Part
    from simulations.experiment import Experiment
    from simulations.family import Family
    from simulations.options import Value
    from simulations.samples import Row
    from simulations.study import Outcome, Study
    from simulations.targets import Bench, Target


class FamilyGroup(click.Group):
    """The experiments of a family, each a command, with `all` and `list`.

    They are loaded when somebody asks for one.
    """

    def __init__(self, name: str, load: "Callable[[], Bench]", help_: str) -> None:
        """Be called `name`; `load` imports the family and what it must reach."""
        super().__init__(name, help=help_)
        self._load = load

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the experiments, then the others."""
        return [*self._load().family.experiments, *super().list_commands(ctx), "all", "list"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of this name, None where there is none."""
        bench = self._load()
        kind = bench.family.experiments.get(cmd_name)
        if kind is not None:
            return ExperimentCommand(bench.family, kind)
        match cmd_name:
            case "all":
                return AllCommand(bench)
            case "list":
                help_ = "Name the experiments and the configurations."
                if not bench.family.compares:
                    help_ = "Name the experiments."
                return click.Command("list", callback=lambda: _list(bench.family), help=help_)
            case _:
                return super().get_command(ctx, cmd_name)


@click.group()
def simulate() -> None:
    """Run experiments in a simulated network, and with real agents."""


def _swim() -> "Bench":
    from simulations.swim.bench import BENCH

    return BENCH


def _sets() -> "Bench":
    from simulations.sets.bench import BENCH

    return BENCH


def _agents() -> "Bench":
    from simulations.agents.bench import BENCH

    return BENCH


_OPTIONS = """
Every option of an experiment takes several values with commas between, and the experiment
then runs for each. Durations are written 64ms, 20s, 5m, 25h.
"""
_SWIM = f"Measure the failure detector, and others beside it.\n{_OPTIONS}"
_SETS = f"""Measure how signed endpoint sets spread between clusters, merge and survive.

Here the options of an experiment say how large its fleet is; there is only ours to run.
{_OPTIONS}"""

_AGENTS = f"""Measure real agents: processes and sockets of this machine, by the real clock.
{_OPTIONS}"""

simulate.add_command(FamilyGroup("agents", _agents, _AGENTS))
simulate.add_command(FamilyGroup("sets", _sets, _SETS))
simulate.add_command(FamilyGroup("swim", _swim, _SWIM))


class ExperimentCommand(click.Command):
    """The command that runs one experiment."""

    def __init__(self, family: "Family", kind: "type[Experiment]") -> None:
        """Take its options from the experiment's fields, and from what its family shares."""
        from simulations.options import options_of

        self.family, self.kind = family, kind
        title = kind.plan.title
        super().__init__(
            kind.plan.name,
            params=[*map(own_option, options_of(kind)), *shared_options(family, kind.plan)],
            help=f"{title[0].upper()}{title[1:]}.",
            short_help=title,
        )

    def invoke(self, ctx: click.Context) -> None:
        """Run it: first all that can be wrong is checked, then nothing is."""
        from simulations.samples import levelled

        given = cast("Mapping[str, object]", ctx.params)
        study = self._study(given)
        _check(study, ctx)
        picture = cast("str | None", given["plot"])
        if picture is not None:
            check_picture(Path(picture))
        with _progress(len(study.tasks())) as advance:
            outcomes = _run(study, cast("int | None", given["jobs"]), advance)
        if picture is not None:
            from simulations.plots import draw

            draw(study.kind.plan.title, study.family, outcomes, picture)
        if given["output"] == "json":
            rows = levelled([outcome.row() for outcome in outcomes], study.kind.plan.columns)
            print_json(study.kind.plan.name, study.parameters(), rows)
        else:
            print_table(study, [outcome.timed_row() for outcome in outcomes])

    def _study(self, given: Mapping[str, object]) -> "Study":
        from simulations.options import options_of
        from simulations.study import Study

        first, seeds = cast("int", given["first_seed"]), cast("int", given["seeds"])
        names = [option.name for option in options_of(self.kind)]
        # What a family does not ask for is not among what was given.
        configurations = given.get("configuration", self.family.configurations)
        return Study(
            family=self.family,
            kind=self.kind,
            values=tuple((name, cast("tuple[Value, ...]", given[name])) for name in names),
            configurations=tuple(dict.fromkeys(cast("tuple[str, ...]", configurations))),
            members=cast("int", given.get("members", 0)),
            seeds=range(first, first + seeds),
            overrides=_overrides(given),
        )


def _overrides(given: Mapping[str, object]) -> tuple[tuple[str, int], ...]:
    return cast("tuple[tuple[str, int], ...]", given.get("overrides", ()))


def _check(study: "Study", ctx: click.Context) -> None:
    faults = study.faults()
    if faults:
        raise click.UsageError("; ".join(faults), ctx)


# --- running ------------------------------------------------------------------------------


def _run(study: "Study", jobs: int | None, advance: Callable[[int], None]) -> "list[Outcome]":
    from simulations.runner import TaskFailedError, WorkerDiedError, cores, run_all

    tasks = study.tasks()
    processor_s = [0.0] * len(tasks)

    def done(number: int, took: float) -> None:
        processor_s[number] = took
        advance(number)

    try:
        return study.outcomes(
            run_all(tasks, jobs or study.family.jobs or cores(), done), processor_s
        )
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


def _list(family: "Family") -> None:
    width = max(map(len, family.experiments))
    for name, kind in family.experiments.items():
        click.echo(f"{name:<{width}}  {kind.plan.title}")
    if family.compares:
        click.echo(f"\nconfigurations: {', '.join(family.configurations)}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One target, or one study without a target, of those that a document has."""

    what: str
    study: "Study"
    target: "Target | None" = None

    def stands_in(self, kept: "Mapping[str, Part]") -> bool:
        """Tell whether it was measured already, in the very same way."""
        return self.what in kept and kept[self.what].command == self.study.command()


class AllCommand(click.Command):
    """The command that runs all that a family must reach, and writes what came of it."""

    def __init__(self, bench: "Bench") -> None:
        """Take the targets, and what the document says of them, from `bench`."""
        self.bench = bench
        super().__init__(
            "all",
            params=[*all_options(bench.family)],
            help=f"Run all that {bench.subject} must reach, and say what is met.",
        )

    def invoke(self, ctx: click.Context) -> None:
        """Run target after target; the document is written anew after each."""
        given = cast("Mapping[str, object]", ctx.params)
        write = cast("Path | None", given["write"])
        if write is not None:
            check_writable("--write", write)
        asked = self._asked(given)
        for each in asked:
            _check(each.study, ctx)
        parts = _kept(write, given, {each.what for each in asked})
        chosen = _chosen(given, asked, parts)
        if not chosen:
            click.echo(f"{write}: nothing is missing", err=given["output"] == "json")
        rows: list[Row] = []
        for each, measured in _measured(chosen, given["jobs"]):
            rows += [{"target": each.what, **row} for row in measured if each.target]
            parts[each.what] = self._part(each, measured, err=given["output"] == "json")
            # It takes hours: what is there is worth keeping.
            self._write(write, given, asked, parts)
        self._write(write, given, asked, parts)
        if given["output"] == "json":
            print_json("all", self._parameters(given), rows)

    def _asked(self, given: Mapping[str, object]) -> "list[_Asked]":
        quick, seeds = bool(given["quick"]), cast("int | None", given["seeds"])
        overrides = _overrides(given)
        targets = [each.quickened() if quick else each for each in self.bench.targets]
        targets = [each if seeds is None else each.with_seeds(seeds) for each in targets]
        asked = [
            _Asked(target.what, replace(target.study(), overrides=overrides), target)
            for target in targets
        ]
        if given["write"] is not None:  # A study without a target says all in its section.
            more = self.bench.more(quick=quick, seeds=seeds)
            asked += [_Asked(title, study) for title, study in more]
        return asked

    def _part(self, asked: "_Asked", rows: "Sequence[Row]", *, err: bool) -> "Part":
        from simulations.results import Finding, part, study_part, summary

        if asked.target is None:
            return study_part(asked.what, asked.study, rows)
        finding = Finding(asked.target, asked.study, rows)
        click.echo(summary(finding), err=err)
        return part(self.bench, finding)

    def _write(
        self,
        path: Path | None,
        given: Mapping[str, object],
        asked: "Sequence[_Asked]",
        parts: "Mapping[str, Part]",
    ) -> None:
        from simulations.results import document

        if path is not None:
            there = [parts[each.what] for each in asked if each.what in parts]
            path.write_text(document(self.bench, self._command_line(given), there))

    def _parameters(self, given: Mapping[str, object]) -> dict[str, object]:
        chosen = {"set": dict(_overrides(given))} if self.bench.family.check is not None else {}
        return {**chosen, "quick": given["quick"]}

    def _command_line(self, given: Mapping[str, object]) -> str:
        words = [f"isthmus simulate {self.bench.family.name} all"]
        words += ["--quick"] if given["quick"] else []
        words += [f"--seeds {given['seeds']}"] if given["seeds"] is not None else []
        words += [f"--set {path}={value}" for path, value in _overrides(given)]
        return " ".join([*words, f"--write {given['write']}"])


def _kept(
    path: Path | None, given: Mapping[str, object], known: "Collection[str]"
) -> "dict[str, Part]":
    from simulations.documents import take_apart

    if given["missing"] and path is None:
        raise click.UsageError("--missing needs --write FILE: what that file has is not run again")
    if path is None or not path.is_file() or not (given["missing"] or given["only"]):
        return {}
    kept = take_apart(path.read_text())
    strange = [what for what in kept if what not in known]
    if strange:
        raise click.UsageError(
            f"--write {path}: it has {strange[0]!r} and {len(strange) - 1} more that this run does"
            " not know and would lose; write another file, or all anew without --only and --missing"
        )
    return kept


def _chosen(
    given: Mapping[str, object], asked: "Sequence[_Asked]", kept: "Mapping[str, Part]"
) -> "list[_Asked]":
    chosen = [each for each in asked if str(given["only"]) in each.what]
    if not chosen:
        raise click.UsageError(f"--only: no target has the words {given['only']!r} in its name")
    if not given["missing"]:
        return chosen
    return [each for each in chosen if not each.stands_in(kept)]


def _measured(asked: "Iterable[_Asked]", jobs: object) -> "Iterator[tuple[_Asked, Sequence[Row]]]":
    measured: dict[Study, list[Row]] = {}  # Quick versions of different targets may be the same.
    for each in asked:
        if each.study not in measured:
            measured[each.study] = _rows(each.study, jobs)
        yield each, measured[each.study]


def _rows(study: "Study", jobs: object) -> "list[Row]":
    with _progress(len(study.tasks())) as advance:
        return [outcome.timed_row() for outcome in _run(study, cast("int | None", jobs), advance)]
