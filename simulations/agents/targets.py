"""What real agents must reach, and by which experiment that is shown."""

from functools import partial

from simulations.agents.agent_ends import HOW
from simulations.agents.flooder import KINDS
from simulations.agents.registry import AGENTS
from simulations.targets import Limit, Target, median, p99, worst

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
    *(
        _line(
            what=f"10,000 datagrams of garbage a second at an agent's port for 30 s: {kind}",
            experiment="floods",
            limits=(
                Limit("false_deaths", 0),
                worst("grown_mb", 5),
                median("round_trip_ms", 300),
                Limit("missed", 0),
            ),
            values={"kind": kind, "pace": "lan"},
        )
        for kind in KINDS
    ),
    _line(
        what="1,000 kills of whole agents at random instants in the middle of writes",
        experiment="kills",
        limits=(
            Limit("not_started", 0),
            Limit("older", 0),
            Limit("torn_states", 0),
            Limit("torn_objects", 0),
            Limit("not_above", 0),
        ),
    ),
    _line(
        what="an agent at rest, 100 members in lan and 30 in wan",
        experiment="idle",
        limits=(worst("core_percent", 2), worst("resident_mb", 100), Limit("deaths", 0)),
    ),
)
"""In the order in which they are shown."""
