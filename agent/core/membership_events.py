"""What is concluded from the pool of the own cluster, for the other parts of the agent."""

from dataclasses import dataclass
from typing import TypeAlias

from agent.core.election_events import BecomeBridge, StepDown
from discovery.isolation import Event as IsolationFact
from discovery.own_overlay import LanFact as PoolFact
from discovery.reports import AnyReport
from failure_detect.identity import MemberId


@dataclass(frozen=True, slots=True)
class PoolSaid:
    """The pool's word on members, on nodes, or on this agent's own isolation."""

    fact: PoolFact | IsolationFact


@dataclass(frozen=True, slots=True)
class SisterTold:
    """Another bridge of our cluster says what it sees."""

    sender: MemberId
    report: AnyReport


@dataclass(frozen=True, slots=True)
class SisterGone:
    """Somebody is no bridge of our cluster any more."""

    member: MemberId


Concluded: TypeAlias = BecomeBridge | StepDown | PoolSaid | SisterTold | SisterGone
