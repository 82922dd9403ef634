"""A whole experiment: every combination of options, every configuration, every seed.

A `Study` says what is to be run, as tasks that depend on nothing but themselves; `report`
puts their samples together, whatever the order in which they were run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from failure_detect.clock import SECOND
from simulations.experiment import Experiment
from simulations.family import Family
from simulations.flavours import OURS, Overrides, Setting
from simulations.meter import ProcessMeter
from simulations.options import Option, Value, options_of, show
from simulations.samples import Row, Sample, figures, merged
from simulations.trials import Scene

PACE = "processor_s_per_simulated_s"
"""The figure that is not equal everywhere: how fast the simulator is."""


@dataclass(frozen=True, slots=True)
class Task:
    """One seed of one configuration of one cell."""

    family: Family
    experiment: Experiment
    scene: Scene

    def run(self) -> Sample:
        """Run it; whatever goes wrong carries the seed and the way to repeat it."""
        try:
            return self.experiment.run(replace(self.scene, meter=ProcessMeter()))
        except Exception as error:
            error.add_note(f"repeat it with: {self.command()}")
            raise

    def command(self) -> str:
        """Return the command line that runs this task again, alone."""
        return Study(
            family=self.family,
            kind=type(self.experiment),
            values=tuple(
                (option.name, (getattr(self.experiment, option.name),))
                for option in options_of(type(self.experiment))
            ),
            configurations=(self.scene.setting.flavour,),
            members=self.scene.members,
            seeds=range(self.scene.seed, self.scene.seed + 1),
            overrides=self.scene.setting.overrides,
        ).command()


@dataclass(slots=True)
class Outcome:
    """One row of a report: a configuration in a cell, and what its runs measured."""

    configuration: str
    cell: Experiment
    label: Row
    """What tells its cell from others."""
    samples: list[Sample] = field(default_factory=list)
    processor_s: float = 0.0
    """Seconds of a processor that its runs took."""

    def row(self) -> Row:
        """Return the figures of all its runs together: equal for equal seeds, on any machine."""
        whole = merged(self.samples)
        derived = self.cell.derive(whole.counts)
        return {"configuration": self.configuration, **self.label, **figures(whole), **derived}

    def timed_row(self) -> Row:
        """Return the same, and how long a processor took for one simulated second."""
        simulated = sum(sample.counts.get("simulated_us", 0) for sample in self.samples) / SECOND
        pace = round(self.processor_s / simulated, 4) if simulated else None
        return {**self.row(), PACE: pace}


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What is to be run."""

    family: Family
    kind: type[Experiment]
    values: tuple[tuple[str, tuple[Value, ...]], ...]
    """The values of each option, by its name, in the order of the fields."""
    configurations: tuple[str, ...]
    seeds: range
    members: int = 0
    """How many there are; 0 in a family that has no such option."""
    overrides: Overrides = ()
    others_seeds: int | None = None
    """How many of the seeds the baselines run; None for all of them."""

    def cells(self) -> list[Experiment]:
        """Return the experiment once for each combination of values of its options."""
        names = [name for name, _ in self.values]
        combinations = product(*(values for _, values in self.values))
        return [self.kind(**dict(zip(names, each, strict=True))) for each in combinations]

    def faults(self) -> list[str]:
        """Say what makes it impossible to run."""
        faults = []
        cells = self.cells()
        needs = max(cell.needs for cell in cells)
        if self.family.has_members and self.members < needs:
            faults.append(
                f"--members {self.members}: with these options at least {needs} are needed"
            )
        found = (cell.fault() for cell in cells)
        faults += dict.fromkeys(fault for fault in found if fault is not None)
        if self.overrides and OURS not in self.configurations:
            faults.append(f"--set changes {OURS}, which is not among the configurations")
        faults += self._setting_faults()
        return faults

    def _setting_faults(self) -> list[str]:
        family, setting = self.family, self._setting(OURS)
        found = [] if family.check is None else [f"--set: {each}" for each in family.check(setting)]
        if found or family.most_members is None or OURS not in self.configurations:
            return found
        most = family.most_members(setting)
        if self.members <= most:
            return []
        known = f"--members {self.members}: {OURS} knows {most} at most"
        return [f"{known}; --set limit.members={self.members} raises that"]

    def tasks(self) -> list[Task]:
        """Return all that is to be run: cell by cell, configurations within, then seeds."""
        return [
            Task(self.family, cell, self._scene(name, seed))
            for cell in self.cells()
            for name in self.configurations
            for seed in self._seeds_of(name)
        ]

    def _seeds_of(self, configuration: str) -> range:
        return self.seeds if configuration == OURS else self.seeds[: self.others_seeds]

    def outcomes(self, samples: Sequence[Sample], processor_s: Sequence[float]) -> list[Outcome]:
        """Return what the samples of `tasks` come to, for each row of the report.

        `processor_s` says how long a processor took for each of them (s).
        """
        found: dict[tuple[int, str], Outcome] = {}
        rest = iter(zip(samples, processor_s, strict=True))
        for number, cell in enumerate(self.cells()):
            for name in self.configurations:
                key = (0 if self.kind.plan.merges_cells else number, name)
                if key not in found:
                    found[key] = Outcome(name, cell, self._label(cell))
                for _ in self._seeds_of(name):
                    sample, took = next(rest)
                    found[key].samples.append(sample)
                    found[key].processor_s += took
        return list(found.values())

    def parameters(self) -> dict[str, object]:
        """Return what it was run with, as plain values, each with its unit."""
        options = {option.name: option for option in options_of(self.kind)}
        plain: dict[str, object] = {"members": self.members} if self.family.has_members else {}
        plain |= {"seeds": len(self.seeds), "first_seed": self.seeds.start}
        if self.family.check is not None:
            plain["set"] = dict(self.overrides)
        for name, values in self.values:
            label, shown = options[name].label(), [options[name].plain(v) for v in values]
            plain[label] = shown if len(shown) > 1 else shown[0]
        return plain

    def command(self) -> str:
        """Return the command line that runs all of this again."""
        last = "" if self.seeds.start == 1 else f"--first-seed {self.seeds.start} "
        options = {option.name: option for option in options_of(self.kind)}
        compared = self.configurations if self.family.compares else ()
        words = [
            f"isthmus simulate {self.family.name} {self.kind.plan.name}",
            f"{last}--seeds {len(self.seeds)}",
            *([f"--members {self.members}"] if self.family.has_members else []),
            *(f"--configuration {name}" for name in compared),
            *(f"--set {path}={value}" for path, value in self.overrides),
        ]
        for name, values in self.values:
            shown = ",".join(show(options[name], value) for value in values)
            words.append(f"--{name.replace('_', '-')} {shown}")
        return " ".join(words)

    def labels(self) -> list[str]:
        """Return the names of what tells one row from another, besides the configuration."""
        return [option.label() for option in self._varied()]

    def columns(self) -> list[str]:
        """Return the names of what tells one row from another, the configuration too."""
        return ["configuration", *self.labels()] if self.family.compares else self.labels()

    def _varied(self) -> list[Option]:
        if self.kind.plan.merges_cells:
            return []
        several = {name for name, values in self.values if len(values) > 1}
        return [option for option in options_of(self.kind) if option.name in several]

    def _label(self, cell: Experiment) -> Row:
        return {o.label(): o.plain(getattr(cell, o.name)) for o in self._varied()}

    def _scene(self, name: str, seed: int) -> Scene:
        return Scene(seed=seed, members=self.members, setting=self._setting(name))

    def _setting(self, name: str) -> Setting:
        return Setting(name, self.kind.plan.profile, self.overrides if name == OURS else ())
