"""A whole experiment: every combination of options, every configuration, every seed.

A `Study` says what is to be run, as tasks that depend on nothing but themselves; `report`
puts their samples together, whatever the order in which they were run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from simulations.experiments.experiment import Experiment
from simulations.flavours import OURS, Overrides, Setting
from simulations.options import Value, options_of, show
from simulations.samples import Row, Sample, pooled
from simulations.trials import Scene


@dataclass(frozen=True, slots=True)
class Task:
    """One seed of one configuration of one cell."""

    experiment: Experiment
    scene: Scene

    def run(self) -> Sample:
        """Run it; whatever goes wrong carries the seed and the way to repeat it."""
        try:
            return self.experiment.run(self.scene)
        except Exception as error:
            error.add_note(f"repeat it with: {self.command()}")
            raise

    def command(self) -> str:
        """Return the command line that runs this task again, alone."""
        scene, setting = self.scene, self.scene.setting
        words = [
            f"isthmus simulate swim {self.experiment.plan.name}",
            f"--first-seed {scene.seed} --seeds 1 --members {scene.members}",
            f"--configuration {setting.flavour}",
        ]
        words += [f"--set {path}={value}us" for path, value in setting.overrides]
        for option in options_of(type(self.experiment)):
            value = show(option, getattr(self.experiment, option.name))
            words.append(f"--{option.name.replace('_', '-')} {value}")
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What is to be run."""

    kind: type[Experiment]
    values: tuple[tuple[str, tuple[Value, ...]], ...]
    """The values of each option, by its name, in the order of the fields."""
    configurations: tuple[str, ...]
    members: int
    seeds: range
    overrides: Overrides = ()

    def cells(self) -> list[Experiment]:
        """Return the experiment once for each combination of values of its options."""
        names = [name for name, _ in self.values]
        combinations = product(*(values for _, values in self.values))
        return [self.kind(**dict(zip(names, each, strict=True))) for each in combinations]

    def faults(self) -> Iterator[str]:
        """Say what makes it impossible to run."""
        for cell in self.cells():
            fault = cell.check(self.members)
            if fault is not None:
                yield fault

    def tasks(self) -> list[Task]:
        """Return all that is to be run, rows first, then seeds."""
        return [
            Task(cell, Scene(seed=seed, members=self.members, setting=self._setting(name)))
            for cell, name in self._rows()
            for seed in self.seeds
        ]

    def rows(self, samples: Sequence[Sample]) -> list[Row]:
        """Return one row of figures for each cell and configuration."""
        size = len(self.seeds)
        rows = []
        for number, (cell, name) in enumerate(self._rows()):
            row: Row = {"configuration": name, **self._label(cell)}
            figures = pooled(samples[number * size : (number + 1) * size])
            rows.append({**row, **figures, **cell.derive(figures)})
        return rows

    def parameters(self) -> dict[str, object]:
        """Return what it was run with, as plain values, each with its unit."""
        options = {option.name: option for option in options_of(self.kind)}
        plain: dict[str, object] = {
            "members": self.members,
            "seeds": len(self.seeds),
            "first_seed": self.seeds.start,
            "set": dict(self.overrides),
        }
        for name, values in self.values:
            label, shown = options[name].label(), [options[name].plain(v) for v in values]
            plain[label] = shown if len(shown) > 1 else shown[0]
        return plain

    def labels(self) -> list[str]:
        """Return the names of what tells one cell from another."""
        varied = {name for name, values in self.values if len(values) > 1}
        return [option.label() for option in options_of(self.kind) if option.name in varied]

    def _rows(self) -> Iterator[tuple[Experiment, str]]:
        return ((cell, name) for cell in self.cells() for name in self.configurations)

    def _label(self, cell: Experiment) -> Row:
        varied = {name for name, values in self.values if len(values) > 1}
        return {
            option.label(): option.plain(getattr(cell, option.name))
            for option in options_of(self.kind)
            if option.name in varied
        }

    def _setting(self, name: str) -> Setting:
        return Setting(name, self.kind.plan.profile, self.overrides if name == OURS else ())
