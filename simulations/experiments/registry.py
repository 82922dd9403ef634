"""Every experiment, by its name."""

from collections.abc import Mapping

from simulations.experiments.anomalies import DeafAndMute, Interval
from simulations.experiments.crashes import Crash, Idle, MassCrash, Small
from simulations.experiments.experiment import Experiment
from simulations.experiments.partitions import Parted

EXPERIMENTS: Mapping[str, type[Experiment]] = {
    kind.plan.name: kind for kind in (Idle, Crash, MassCrash, Interval, DeafAndMute, Parted, Small)
}
