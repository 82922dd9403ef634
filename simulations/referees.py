"""The checkers that every run of our own detector must pass, whatever is measured.

They hold for any fault. What is *not* here: a false death is a figure of the experiments, not
a breach; and how soon views agree is what `partition` and `join` measure.
"""

from failure_detect.claims import accuse_message
from failure_detect.clock import SECOND, Duration
from failure_detect.config import DetectorConfig
from failure_detect.identity import MemberId
from failure_detect.suspicion import suspicion_timeout
from simulations.checkers import Bounded, DeathHasAccusers, MachineInvariants
from simulations.checking import Checkers
from simulations.laws import (
    Alternation,
    IncarnationsRise,
    IsolatedBuryNobody,
    LegalTransitions,
    NeverAboutSelf,
    NoResurrection,
    SilenceFollowsDeath,
)
from simulations.views import Views
from simulations.world import World

MEMBERS_MAX = 300
"""Larger worlds run without: every pair of members is an entry with each of them."""

_INVARIANTS_EVERY: Duration = 10 * SECOND


def bounds(config: DetectorConfig) -> dict[str, int]:
    """Return how much of everything a detector may hold, by the name in its statistics."""
    return {
        "members": config.limit.members,
        "queued": config.gossip.queue_max,
        "relays": config.limit.relays,
        "confirmations": config.suspicion.confirmations_max,
        "watched": config.probation.concurrent,
    }


def referees(world: World, config: DetectorConfig) -> Checkers | None:
    """Watch `world`, in which nothing has started yet; None where it is too large for that."""
    if len(world.members) > MEMBERS_MAX:
        return None
    pool, views = config.pool, Views()
    # Where clusters count instead of members, there may be fewer of them than are wanted.
    wanted = 1 if config.suspicion.by_group else config.suspicion.accusers
    world.observe(views)

    def accusation(subject: MemberId, incarnation: int, accuser: MemberId) -> bytes:
        return accuse_message(pool, subject, incarnation, accuser)

    def patience(members: int) -> Duration:
        return suspicion_timeout(config.suspicion, config.probe.interval, members, 0, 0)

    return Checkers(
        world,
        LegalTransitions(),
        Alternation(),
        IncarnationsRise(),
        NoResurrection(),
        NeverAboutSelf(),
        IsolatedBuryNobody(),
        SilenceFollowsDeath(),
        DeathHasAccusers(views, accusation, wanted, patience),
        MachineInvariants(every=_INVARIANTS_EVERY),
        Bounded(bounds(config), every=_INVARIANTS_EVERY),
    )
