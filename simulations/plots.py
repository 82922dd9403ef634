"""Pictures of what experiments measured, drawn with matplotlib and no window."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from failure_detect.clock import SECOND
from simulations.family import Family
from simulations.samples import Row
from simulations.study import Outcome

if TYPE_CHECKING:  # It takes a third of a second, and may not be installed.
    from matplotlib.axes import Axes

_STYLES = ("-", "--", ":", "-.")
_WIDTH, _HEIGHT = 6.0, 4.2


def draw(title: str, family: Family, outcomes: Sequence[Outcome], path: str) -> None:
    """Draw the outcomes of one study into a file: spreads as curves, the rest as bars.

    Where nothing that was measured is a spread or one of the family's bars, all panels are bare.
    """
    from matplotlib.figure import Figure

    picture = _Picture(family, outcomes)
    panels = [*picture.spreads, *picture.bars]
    across = min(max(len(panels), 1), 2)
    down = -(-max(len(panels), 1) // across)
    figure = Figure(figsize=(across * _WIDTH, down * _HEIGHT), layout="constrained")
    figure.suptitle(f"{title[0].upper()}{title[1:]}")
    axes = figure.subplots(down, across, squeeze=False).flatten()
    for name, here in zip(panels, axes, strict=False):
        if name in picture.spreads:
            picture.draw_curves(here, name)
        else:
            picture.draw_bars(here, name)
    for spare in axes[len(panels) :]:
        spare.set_axis_off()
    figure.savefig(path)


class _Picture:
    """The outcomes of one study, and how each of them looks."""

    def __init__(self, family: Family, outcomes: Sequence[Outcome]) -> None:
        self.family, self.outcomes = family, outcomes
        self.rows: list[Row] = [outcome.row() for outcome in outcomes]
        samples = [sample for outcome in outcomes for sample in outcome.samples]
        self.durations = list(dict.fromkeys(name for s in samples for name in s.durations))
        self.amounts = list(dict.fromkeys(name for s in samples for name in s.amounts))
        self.bars = [name for name in family.bars if any(name in row for row in self.rows)]
        self.configurations = list(dict.fromkeys(each.configuration for each in outcomes))
        self.cells = list(dict.fromkeys(self.cell(each) for each in outcomes))

    @property
    def spreads(self) -> list[str]:
        """What there are many values of: durations, and other amounts."""
        return [*self.durations, *self.amounts]

    def draw_curves(self, axes: "Axes", name: str) -> None:
        """Draw which share of the samples was at most so long, or so much."""
        for outcome in self.outcomes:
            if found := self.values(outcome, name):
                style = _STYLES[self.cells.index(self.cell(outcome)) % len(_STYLES)]
                colour = self.colour(outcome)
                axes.ecdf(found, label=self.name(outcome), color=colour, linestyle=style)
        glossary, is_duration = self.family.glossary, name in self.durations
        title = glossary.meaning(f"{name}_s" if is_duration else name)
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("seconds" if is_duration else glossary.head(name))
        axes.set_ylabel("share of samples")
        axes.set_xlim(left=0)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")

    def draw_bars(self, axes: "Axes", name: str) -> None:
        """Draw one figure of every outcome."""
        values = [row.get(name) for row in self.rows]
        lengths = [float(value) if isinstance(value, int | float) else 0.0 for value in values]
        names = [self.name(outcome) for outcome in self.outcomes]
        drawn = axes.barh(names, lengths, color=[self.colour(each) for each in self.outcomes])
        axes.bar_label(drawn, fmt="%.4g", padding=3, fontsize="small")
        axes.invert_yaxis()
        axes.set_xlim(0, 1.2 * (max(lengths) or 1.0))
        axes.set_title(self.family.glossary.meaning(name), fontsize="medium")
        axes.set_xlabel(self.family.glossary.head(name))
        axes.grid(axis="x", alpha=0.3)

    def values(self, outcome: Outcome, name: str) -> list[float]:
        """Return what was measured of it: seconds of a duration, else what its name says."""
        if name in self.durations:
            return [d / SECOND for s in outcome.samples for d in s.durations.get(name, [])]
        return [float(amount) for s in outcome.samples for amount in s.amounts.get(name, [])]

    def colour(self, outcome: Outcome) -> str:
        """Return the colour of its configuration; of its cell, where there is but one."""
        if self.family.compares:
            return f"C{self.configurations.index(outcome.configuration)}"
        return f"C{self.cells.index(self.cell(outcome))}"

    def name(self, outcome: Outcome) -> str:
        """Return who it is, for a legend."""
        cell = self.cell(outcome)
        if not self.family.compares:
            return cell or outcome.configuration
        return f"{outcome.configuration}, {cell}" if cell else outcome.configuration

    def cell(self, outcome: Outcome) -> str:
        """Return in which cell of the grid it lies; empty where there is but one."""
        head = self.family.glossary.head
        return ", ".join(f"{head(name)} {value}" for name, value in outcome.label.items())
