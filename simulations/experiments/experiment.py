"""What every experiment is: a frozen dataclass of its options that can run one seed."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from simulations.samples import Row, Sample
from simulations.trials import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is the same for all runs of an experiment unless the command line says otherwise."""

    name: str
    """How it is called."""

    title: str
    """What it shows, in a few words."""

    columns: tuple[str, ...]
    """The figures of its table, in their order, spreads without the quantile."""

    configurations: tuple[str, ...] = ("ours", "memberlist")
    """Which detectors run."""

    profile: str = "lan"
    """For which kind of network they are set."""

    members: int = 128
    seeds: int = 20
    least: int = 4
    """The fewest members that make sense."""


class Experiment(ABC):
    """One experiment with one value for each of its options, which are its fields."""

    __slots__ = ()

    plan: ClassVar[Plan]

    @abstractmethod
    def run(self, scene: Scene) -> Sample:
        """Run one seed of one configuration."""

    def check(self, members: int) -> str | None:
        """Say why the experiment cannot run with so many members; None where it can."""
        least = self.plan.least
        return None if members >= least else f"{self.plan.name} needs at least {least} members"

    def derive(self, row: Row) -> Row:
        """Return figures that follow from those of a row, to be added to it."""
        return {}
