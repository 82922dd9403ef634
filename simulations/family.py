"""A family of experiments: what its experiments share, and the command line asks for.

There are three: the failure detector's (`simulations.swim`), that of signed sets
(`simulations.sets`) and that of real agents (`simulations.agents`). Whoever runs, prints or draws
experiments takes the family as a value and knows none of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from simulations.experiment import Experiment
from simulations.flavours import OURS, Setting
from simulations.tables import Glossary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Family:
    """What is the same for all experiments of a family."""

    name: str
    """How it is called: `isthmus simulate NAME`."""

    experiments: Mapping[str, type[Experiment]]
    """Every experiment, by its name."""

    glossary: Glossary
    """What its figures mean."""

    configurations: tuple[str, ...] = (OURS,)
    """What can be compared; where there is but ours, nobody is asked, and nothing says so."""

    has_members: bool = False
    """Whether `--members` says how large a run is; else experiments have options for that."""

    jobs: int | None = None
    """How many runs at a time unless somebody says otherwise; None: one for each processor."""

    check: Callable[[Setting], Sequence[str]] | None = None
    """Says what is wrong with what `--set` changes; None where nothing can be set."""

    most_members: Callable[[Setting], int] | None = None
    """Says how many members ours can know with a setting that `check` finds nothing wrong with."""

    bars: tuple[str, ...] = ()
    """The figures that pictures show as bars; spreads are shown anyway."""

    quick: Mapping[str, int] = field(default_factory=dict)
    """The most that options of these names are in a quick version of a target."""

    quick_members: int = 20
    """The most members of a quick version."""

    @property
    def compares(self) -> bool:
        """Whether there is more than one configuration."""
        return len(self.configurations) > 1


def registered(*kinds: type[Experiment]) -> dict[str, type[Experiment]]:
    """Return experiments by the names of their plans, in this order."""
    return {kind.plan.name: kind for kind in kinds}
