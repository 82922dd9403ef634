"""Every experiment with the failure detector, by its name."""

from failure_detect.clock import SECOND
from simulations.family import Family, registered
from simulations.flavours import FLAVOURS, faults_of, most_members
from simulations.swim.ablation import Ablation
from simulations.swim.anomalies import DeafAndMute, Interval, Paused
from simulations.swim.columns import BARS, GLOSSARY
from simulations.swim.crashes import Crash, Idle, MassCrash
from simulations.swim.networks import FlipFlop, Join, Loss, Parted
from simulations.swim.wide import Wide

SWIM = Family(
    name="swim",
    experiments=registered(
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
    ),
    glossary=GLOSSARY,
    configurations=FLAVOURS,
    has_members=True,
    check=faults_of,
    most_members=most_members,
    bars=BARS,
    quick={"duration": 60 * SECOND, "pauses": 2, "crashes": 2, "clusters": 5},
)
"""The failure detector, and others beside it."""

EXPERIMENTS = SWIM.experiments
