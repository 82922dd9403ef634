"""Every experiment, by its name."""

from collections.abc import Mapping

from simulations.experiments.ablation import Ablation
from simulations.experiments.anomalies import DeafAndMute, Interval, Paused
from simulations.experiments.crashes import Crash, Idle, MassCrash
from simulations.experiments.experiment import Experiment
from simulations.experiments.networks import FlipFlop, Join, Loss, Parted
from simulations.experiments.wide import Wide

_ALL: tuple[type[Experiment], ...] = (
    Idle,
    Crash,
    MassCrash,
    Interval,
    DeafAndMute,
    Paused,
    Parted,
    Loss,
    FlipFlop,
    Join,
    Wide,
    Ablation,
)
EXPERIMENTS: Mapping[str, type[Experiment]] = {kind.plan.name: kind for kind in _ALL}
