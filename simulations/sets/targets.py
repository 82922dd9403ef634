"""What signed sets must reach, and by which experiment that is shown."""

from simulations.sets.registry import SETS
from simulations.targets import Target, worst

TARGETS: tuple[Target, ...] = (
    *(
        Target(
            family=SETS,
            what=f"a changed record and its manifest in one datagram, {words}",
            experiment="records",
            limits=(worst("rumour_bytes", 1_000),),
            values={"services": services, "endpoints": endpoints},
            seeds=5,
        )
        for services, endpoints, words in (
            (1, 5_000, "one service of 5,000"),
            (750, 20, "750 services of 20"),
        )
    ),
)
"""All of them, in the order of the table."""
