"""What every experiment is: a frozen dataclass of its options that can run one seed."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from failure_detect.clock import Duration
from simulations.options import show_duration
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
    """The figures of its table, in their order."""

    configurations: tuple[str, ...] = ("ours", "memberlist")
    """Which of the family's configurations run."""

    profile: str = "lan"
    """For which kind of network they are set."""

    members: int = 128
    """How many there are, in a family that has members as an option."""
    seeds: int = 20
    least: int = 4
    """The fewest members that make sense."""

    merges_cells: bool = False
    """Whether the cells of a grid make one row together."""


class Experiment(ABC):
    """One experiment with one value for each of its options, which are its fields."""

    __slots__ = ()

    plan: ClassVar[Plan]

    @abstractmethod
    def run(self, scene: Scene) -> Sample:
        """Run one seed of one configuration."""

    @property
    def needs(self) -> int:
        """How many members it takes with these options."""
        return self.plan.least

    def fault(self) -> str | None:
        """Say why nothing can be run with these options; None where it can."""
        return None

    def derive(self, counts: Mapping[str, int]) -> Row:  # noqa: ARG002  # Most derive nothing.
        """Return figures that follow from the counts of all runs, to be added to a row."""
        return {}


TURNS_MAX = 10_000
"""Whatever happens by turns happens at most so often in one run."""


def turns_fault(duration: Duration, *turn: Duration) -> str | None:
    """Say that so short turns are too many for `duration`, where they are (us)."""
    turns = duration // max(1, sum(turn))
    if turns <= TURNS_MAX:
        return None
    parts = " + ".join(map(show_duration, turn))
    return f"--duration {show_duration(duration)}: more than {TURNS_MAX} turns of {parts}"


def ratio(counts: Mapping[str, int], part: str, whole: str) -> float | None:
    """Return one count by another, rounded to four places; None where there is nothing."""
    return round(counts.get(part, 0) / counts[whole], 4) if counts.get(whole) else None
