"""Every experiment with signed sets, by its name."""

from failure_detect.clock import SECOND
from simulations.family import Family, registered
from simulations.sets.attacks import Attacks
from simulations.sets.capacity import Capacity
from simulations.sets.changes import ChangeOne, Churn
from simulations.sets.columns import GLOSSARY
from simulations.sets.data_paths import DataPaths
from simulations.sets.drains import Drain
from simulations.sets.joins import Join, TwoDiffer
from simulations.sets.nodes import NodeDown, Split
from simulations.sets.paths import FastOrigin, Relay
from simulations.sets.records import Records
from simulations.sets.restarts import Restart
from simulations.sets.rollout import Rollout
from simulations.sets.rotations import Revoke, Rotate
from simulations.sets.thefts import Equivocate
from simulations.sets.trusting import UnequalTrust

SETS = Family(
    name="sets",
    experiments=registered(
        Records,
        Capacity,
        Attacks,
        ChangeOne,
        Rollout,
        Join,
        TwoDiffer,
        Churn,
        Relay,
        FastOrigin,
        DataPaths,
        UnequalTrust,
        NodeDown,
        Split,
        Restart,
        Rotate,
        Revoke,
        Equivocate,
        Drain,
    ),
    glossary=GLOSSARY,
    quick={
        "duration": 5 * SECOND,
        "settling": 20 * SECOND,
        "changing": 5 * SECOND,
        "clusters": 3,
        "trusted": 1,
        "bridges": 2,
        "origins": 20,
        "flips": 20,
        "nodes": 20,
        "services": 20,
        "endpoints": 100,
        "changes": 4,
        "attacks": 200,
    },
)
"""Signed endpoint sets that spread between clusters; there is nothing to compare them with."""
