"""Every experiment with signed sets, by its name."""

from failure_detect.clock import SECOND
from simulations.family import Family, registered
from simulations.sets.columns import GLOSSARY
from simulations.sets.records import Records

SETS = Family(
    name="sets",
    experiments=registered(Records),
    glossary=GLOSSARY,
    quick={
        "duration": 60 * SECOND,
        "clusters": 5,
        "nodes": 20,
        "services": 20,
        "endpoints": 100,
        "changes": 10,
    },
)
"""Signed endpoint sets that spread between clusters; there is nothing to compare them with."""
