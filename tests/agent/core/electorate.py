"""A cluster's agents as they elect their bridges: a heap of deliveries, and no network.

What one says reaches everybody that it is connected with, within a second; who dies is found dead
by each of them within four. Nothing is relayed: everybody is told by who speaks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import TypeAlias

from agent.core.duties import duty_key
from agent.core.election import Election, ElectionConfig
from agent.core.election_events import (
    AbilityChanged,
    AnnounceDuty,
    BecomeBridge,
    BridgesChanged,
    Effect,
    Event,
    StepDown,
)
from agent.core.seats import Rank, rank_of
from failure_detect.clock import MILLISECOND, SECOND, Instant
from failure_detect.events import (
    BroadcastReceived,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberReturned,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from tests.discovery.keyring import Keyring

GROUP = "east"
RING = Keyring()
ABLE = AbilityChanged(has_key=True, is_reachable=None, has_api=True)

_Entry: TypeAlias = tuple[Instant, int, Callable[[], None]]


def identity(node: str, start: int = 1) -> Identity:
    """The agent of a node; a later start is another member."""
    member = MemberId(RING.public(f"{node}/{start}"))
    return Identity(member, NodeName(node), start, Address(f"{node}:1"), GROUP)


def rank(node: str, start: int = 1) -> Rank:
    """The rank of the agent of a node."""
    return rank_of(GROUP, NodeName(node), identity(node, start).member)


def by_rank(nodes: Iterable[str]) -> list[str]:
    """Nodes by the rank of their agents."""
    return sorted(nodes, key=rank)


@dataclass
class Agent:
    """One agent, and what became of it."""

    identity: Identity
    election: Election
    side: int = 0
    """Agents of different sides of a partition do not hear each other."""
    is_bridge: bool = False
    alive: bool = True
    ability: AbilityChanged = ABLE
    changes: list[tuple[Instant, str]] = field(default_factory=list)
    bridges: tuple[MemberId, ...] = ()


class Electorate:
    """All agents of a cluster, at one time."""

    def __init__(self, seed: int = 1, config: ElectionConfig | None = None) -> None:
        self.config = config or ElectionConfig()
        self.rng = Random(seed)
        self.now: Instant = 0
        self.agents: dict[str, Agent] = {}
        self.statements = 0
        self._heap: list[_Entry] = []
        self._order = count()
        self._starts: dict[str, int] = {}
        self._told: dict[tuple[MemberId, MemberId], Instant] = {}

    # --- what happens -----------------------------------------------------------------------

    def start(self, *nodes: str, ability: AbilityChanged = ABLE) -> None:
        """Start agents; all meet each other within half a second."""
        for node in nodes:
            self._starts[node] = start = self._starts.get(node, 0) + 1
            who = identity(node, start)
            signer = RING.signer(f"{node}/{start}")
            election = Election(who, self.config, signer, RING, self.now)
            agent = self.agents[node] = Agent(who, election, ability=ability)
            for other in self.others(agent):
                self._tell(other, agent, MemberJoined(who, 1), 500)
                self._tell(agent, other, MemberJoined(other.identity, 1), 500)
            self._give(agent, ability)

    def crash(self, *nodes: str) -> None:
        """Kill agents; the others find out within four seconds."""
        for node in nodes:
            self.agents[node].alive = False
        for node in nodes:
            agent = self.agents.pop(node)
            for other in self.others(agent):
                self._tell(other, agent, MemberDied(agent.identity.member, 1, ()), 4_000)

    def leave(self, node: str) -> None:
        """Stop an agent in peace."""
        agent = self.agents.pop(node)
        agent.alive = False
        for other in self.others(agent):
            self._tell(other, agent, MemberLeft(agent.identity.member), 500)

    def enable(self, node: str, ability: AbilityChanged) -> None:
        """Let an agent be able to do something else."""
        self.agents[node].ability = ability
        self._give(self.agents[node], ability)

    def part(self, nodes: Iterable[str]) -> None:
        """Cut these agents off from the others; either side finds the other dead."""
        for node in nodes:
            self.agents[node].side = 1
        for agent, other in self._apart():
            self._tell(agent, other, MemberDied(other.identity.member, 1, ()), 4_000)

    def heal(self) -> None:
        """Let all hear each other again."""
        apart = self._apart()
        for agent in self.agents.values():
            agent.side = 0
        for agent, other in apart:
            self._tell(agent, other, MemberReturned(other.identity.member, 2), 1_000)

    def _apart(self) -> list[tuple[Agent, Agent]]:
        everybody = list(self.agents.values())
        return [(a, b) for a in everybody for b in everybody if a.side != b.side]

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + int(seconds * SECOND)
        while True:
            due = [(each.election.deadline, node) for node, each in self.agents.items()]
            first, node = min(due, default=(until + 1, ""))
            if self._heap and self._heap[0][0] <= min(first, until):
                self.now, _, action = heappop(self._heap)
                action()
            elif first <= until:
                self.now = max(self.now, first)
                agent = self.agents[node]
                self._perform(agent, agent.election.advance(self.now))
                assert agent.election.deadline > self.now, "what is due is done"
            else:
                self.now = until
                return

    # --- what there is ------------------------------------------------------------------------

    def bridges(self, side: int | None = None) -> list[str]:
        """Nodes whose agents are bridges, by rank."""
        return by_rank(
            node
            for node, each in self.agents.items()
            if each.is_bridge and side in (None, each.side)
        )

    def changes(self, since: Instant = 0) -> list[tuple[str, str]]:
        """What agents became since then, by time."""
        found = [
            (at, node, what)
            for node, each in self.agents.items()
            for at, what in each.changes
            if at >= since
        ]
        return [(node, what) for _, node, what in sorted(found)]

    def others(self, agent: Agent) -> list[Agent]:
        """All that an agent hears."""
        return [
            each
            for each in self.agents.values()
            if each is not agent and each.alive and each.side == agent.side
        ]

    def agrees(self) -> bool:
        """Whether all agents know the same bridges, and these are the bridges."""
        members = tuple(self.agents[node].identity.member for node in self.bridges())
        return all(each.bridges == members for each in self.agents.values())

    # --- how it happens -------------------------------------------------------------------------

    def _tell(self, to: Agent, about: Agent, event: Event, within_ms: int) -> None:
        """Tell a fact about a member, after all earlier facts about it."""
        at = self.now + self.rng.randint(1, within_ms) * MILLISECOND
        pair = to.identity.member, about.identity.member
        at = self._told[pair] = max(at, self._told.get(pair, 0) + 1)
        self._at(at, to, event)

    def _soon(self, to: Agent, event: Event, within_ms: int) -> None:
        self._at(self.now + self.rng.randint(1, within_ms) * MILLISECOND, to, event)

    def _at(self, at: Instant, to: Agent, event: Event) -> None:
        entry: _Entry = (at, next(self._order), partial(self._arrive, to, event))
        heappush(self._heap, entry)

    def _arrive(self, to: Agent, event: Event) -> None:
        if to.alive:
            self._give(to, event)

    def _give(self, agent: Agent, event: Event) -> None:
        self._perform(agent, agent.election.handle(event, self.now))
        agent.election.check_invariants()

    def _perform(self, agent: Agent, effects: Iterable[Effect]) -> None:
        for effect in effects:
            match effect:
                case AnnounceDuty(key, payload):
                    if key == duty_key(agent.identity.member):
                        self.statements += 1
                        for other in self.others(agent):
                            event = BroadcastReceived(agent.identity.member, key, payload)
                            self._soon(other, event, 1_000)
                case BecomeBridge():
                    assert not agent.is_bridge
                    agent.is_bridge = True
                    agent.changes.append((self.now, "bridge"))
                case StepDown(why):
                    assert agent.is_bridge
                    assert why
                    agent.is_bridge = False
                    agent.changes.append((self.now, "steps down"))
                case BridgesChanged(members):
                    assert members != agent.bridges
                    agent.bridges = members
