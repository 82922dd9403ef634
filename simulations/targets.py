"""What must be reached, and by which experiment of a family that is shown.

Each target is one cell of one experiment. All limits are upper ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from simulations.family import Family
from simulations.flavours import OURS
from simulations.options import Value, options_of
from simulations.samples import Row
from simulations.study import Study

QUICK_SEEDS = 2
"""The seeds of a quick version."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a figure may be."""

    figure: str
    most: float
    quantile: str | None = None
    """Which quantile of the figure, where it is a spread."""

    def reached(self, row: Row) -> float | None:
        """Return what a row has there; None where it has nothing."""
        figure = row.get(self.figure)
        if isinstance(figure, dict):
            return figure.get(self.quantile or "max")
        return figure if isinstance(figure, int | float) else None

    def is_met(self, row: Row) -> bool:
        """Tell whether a row keeps the limit; what has no figure does not."""
        reached = self.reached(row)
        return reached is not None and reached <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One line of the table."""

    family: Family
    what: str
    experiment: str
    """The name of one of the family's."""
    limits: tuple[Limit, ...]
    published: str = ""
    """What was measured of others, or published, in words."""
    values: dict[str, Value] = field(default_factory=dict)
    """Options other than their defaults."""
    members: int = 0
    seeds: int = 20
    configurations: tuple[str, ...] = (OURS,)
    others_seeds: int = 5
    """How many of the seeds the baselines run: theirs take most of the time."""

    def study(self) -> Study:
        """Return the study that shows it."""
        kind = self.family.experiments[self.experiment]
        values = tuple(
            (option.name, (self.values.get(option.name, option.default[0]),))
            for option in options_of(kind)
        )
        return Study(
            family=self.family,
            kind=kind,
            values=values,
            configurations=self.configurations,
            members=self.members,
            seeds=range(1, self.seeds + 1),
            others_seeds=self.others_seeds,
        )

    def with_seeds(self, most: int) -> "Target":
        """Return a version that runs at most so many seeds."""
        return replace(self, seeds=min(self.seeds, most), others_seeds=min(self.others_seeds, most))

    def quickened(self) -> "Target":
        """Return a version that takes seconds: it shows that all runs, and its figures nothing."""
        family = self.family
        values = {
            option.name: min(int(self.values.get(option.name, option.default[0])), most)
            for option in options_of(family.experiments[self.experiment])
            if (most := family.quick.get(option.name)) is not None
        }
        members = min(self.members, family.quick_members)
        size = f": {members} members" if family.has_members else ""
        return replace(
            self,
            what=f"{self.what} (quick{size})",
            seeds=QUICK_SEEDS,
            members=members,
            values=self.values | values,
        )


def median(figure: str, most: float) -> Limit:
    """Limit a median."""
    return Limit(figure, most, "median")


def worst(figure: str, most: float) -> Limit:
    """Limit a maximum."""
    return Limit(figure, most, "max")


def p99(figure: str, most: float) -> Limit:
    """Limit the 99th of a hundred."""
    return Limit(figure, most, "p99")


@dataclass(frozen=True, slots=True)
class Published:
    """What others measured of a baseline, in the unit of the figure."""

    what: str
    """The target in whose run it is compared."""
    who: str
    figure: str
    quantile: str | None
    value: float
    source: str


class Untargeted(Protocol):
    """Studies that have no target and belong in the document all the same."""

    def __call__(self, *, quick: bool, seeds: int | None) -> Sequence[tuple[str, Study]]:
        """Return each with its title, in a small version (`quick`), of at most so many seeds."""
        ...


def no_more(*, quick: bool, seeds: int | None) -> Sequence[tuple[str, Study]]:  # noqa: ARG001  # There are none.
    """Return no study."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """All that a family must reach, and what the document of it says besides its tables."""

    family: Family

    subject: str
    """Who must reach it, in words: `the detector`."""

    targets: tuple[Target, ...]
    """In the order of the table."""

    introduction: str
    """How the document begins; `{command}` stands for what wrote it."""

    known: str = "published"
    """What stands above the column of what others reached."""

    figures: tuple[tuple[str, str], ...] = ()
    """Further columns of the table of targets: what stands above them, and the figures."""

    published: tuple[Published, ...] = ()
    """The rows by which the simulator is checked."""

    more: Untargeted = no_more
    """What else is run and written."""
