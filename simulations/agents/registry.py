"""Every experiment with real agents, by its name."""

from failure_detect.clock import SECOND
from simulations.agents.agent_ends import AgentEnds
from simulations.agents.changes import Changes
from simulations.agents.columns import GLOSSARY
from simulations.agents.floods import Floods
from simulations.agents.idle import Idle
from simulations.agents.kills import Kills
from simulations.agents.node_kills import NodeKills
from simulations.family import Family, registered

AGENTS = Family(
    name="agents",
    experiments=registered(Changes, NodeKills, AgentEnds, Idle, Floods, Kills),
    glossary=GLOSSARY,
    jobs=1,
    quick={
        "changes": 4,
        "kills": 4,
        "victims": 2,
        "duration": 8 * SECOND,
        "after": 3 * SECOND,
        "settling": 3 * SECOND,
        "lan": 5,
        "wan": 6,
    },
)
"""Real processes on this machine: one run at a time, or they would measure each other."""
