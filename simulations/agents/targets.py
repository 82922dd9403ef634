"""What real agents must reach, and by which experiment that is shown."""

from functools import partial

from simulations.agents.agent_ends import HOW
from simulations.agents.registry import AGENTS
from simulations.targets import Limit, Target, median, p99

_line = partial(Target, family=AGENTS, seeds=1)

TARGETS: tuple[Target, ...] = (
    _line(
        what="endpoint written in one directory to MultiClusterService written in another",
        experiment="changes",
        limits=(median("applied_s", 0.3), p99("applied_s", 1.0), Limit("missed", 0)),
    ),
    *(
        _line(
            what=f"node killed to its endpoints withdrawn in the other clusters, {words}",
            experiment="node-kills",
            limits=(median("withdrawn_s", 6.0), p99("withdrawn_s", 9.0), Limit("missed", 0)),
            values={"nodes": 3, "pace": pace},
        )
        for pace, words in (
            ("lan", "the usual detector"),
            ("loopback", "the detector for one machine"),
        )
    ),
    *(
        _line(
            what=f"an agent alone ends, its node lives: {how}",
            experiment="agent-ends",
            limits=(Limit("withdrawn", 0),),
            values={"how": how},
        )
        for how in HOW
    ),
)
"""In the order in which they are shown."""
