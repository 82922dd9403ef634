"""Pictures of what experiments measured, drawn with matplotlib and no window."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from failure_detect.clock import SECOND
from simulations.samples import Row
from simulations.study import Outcome
from simulations.tables import head, meaning

if TYPE_CHECKING:  # It takes a third of a second, and may not be installed.
    from matplotlib.axes import Axes

_BARS = ("false_positives", "bytes_per_member_s", "share_declared_dead")
_STYLES = ("-", "--", ":", "-.")
_WIDTH, _HEIGHT = 6.0, 4.2


def draw(title: str, outcomes: Sequence[Outcome], path: str) -> None:
    """Draw the outcomes of one study into a file: spreads as curves, the rest as bars."""
    from matplotlib.figure import Figure

    rows = [outcome.row() for outcome in outcomes]
    spreads = list(dict.fromkeys(n for o in outcomes for s in o.samples for n in s.durations))
    bars = [name for name in _BARS if any(name in row for row in rows)]
    panels = [*spreads, *bars]
    across = min(len(panels), 2)
    down = -(-len(panels) // across)
    figure = Figure(figsize=(across * _WIDTH, down * _HEIGHT), layout="constrained")
    figure.suptitle(f"{title[0].upper()}{title[1:]}")
    axes = figure.subplots(down, across, squeeze=False).flatten()
    for name, here in zip(panels, axes, strict=False):
        if name in spreads:
            _curves(here, name, outcomes)
        else:
            _bars(here, name, outcomes, rows)
    for spare in axes[len(panels) :]:
        spare.set_axis_off()
    figure.savefig(path)


def _curves(axes: "Axes", name: str, outcomes: Sequence[Outcome]) -> None:
    """Draw which share of the samples was at most so long."""
    names = list(dict.fromkeys(outcome.configuration for outcome in outcomes))
    labels = list(dict.fromkeys(_cell(outcome) for outcome in outcomes))
    for outcome in outcomes:
        found = [d / SECOND for s in outcome.samples for d in s.durations.get(name, [])]
        if found:
            axes.ecdf(
                found,
                label=_name(outcome),
                color=f"C{names.index(outcome.configuration)}",
                linestyle=_STYLES[labels.index(_cell(outcome)) % len(_STYLES)],
            )
    axes.set_title(meaning(f"{name}_s"), fontsize="medium")
    axes.set_xlabel("seconds")
    axes.set_ylabel("share of samples")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _bars(axes: "Axes", name: str, outcomes: Sequence[Outcome], rows: Sequence[Row]) -> None:
    """Draw one figure of every outcome."""
    values = [row.get(name) for row in rows]
    lengths = [float(value) if isinstance(value, int | float) else 0.0 for value in values]
    names = list(dict.fromkeys(outcome.configuration for outcome in outcomes))
    colours = [f"C{names.index(outcome.configuration)}" for outcome in outcomes]
    drawn = axes.barh([_name(outcome) for outcome in outcomes], lengths, color=colours)
    axes.bar_label(drawn, fmt="%.4g", padding=3, fontsize="small")
    axes.invert_yaxis()
    axes.set_xlim(0, 1.2 * (max(lengths) or 1.0))
    axes.set_title(meaning(name), fontsize="medium")
    axes.set_xlabel(head(name))
    axes.grid(axis="x", alpha=0.3)


def _name(outcome: Outcome) -> str:
    cell = _cell(outcome)
    return f"{outcome.configuration}, {cell}" if cell else outcome.configuration


def _cell(outcome: Outcome) -> str:
    return ", ".join(f"{head(name)} {value}" for name, value in outcome.label.items())
