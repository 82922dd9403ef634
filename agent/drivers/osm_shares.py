"""Who gets what share of a service: what OSM can hold of the weights of the view, and how.

A leaf that gets nothing is not named at all: a weight of 0 makes Envoy refuse a TCP service (2g),
and all the weight on a leaf that is empty a whole port (2f). So what is named carries, and what
carries has somebody behind it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from agent.drivers.osm_objects import Port, is_tcp
from agent.drivers.osm_reach import Reach, is_proportional
from agent.drivers.plan import Condition, Reason
from discovery.names import Origin
from discovery.tiers import WEIGHT_TOTAL, apportion

_NOBODY = Origin("")


class Share(NamedTuple):
    """Somebody who can serve, and out of 1000 how much of the traffic is theirs."""

    origin: Origin
    name: str
    """Of the Service that stands for them."""
    weight: int
    rank: int
    size: int
    """How many addresses."""
    covers: frozenset[int]
    """The service's ports that they serve."""
    reach: Reach | None
    """None: the local Service itself."""


def share_of(reach: Reach) -> Share:
    """Return the share of a part of another cluster."""
    covers = frozenset(port for port, _ in reach.numbers)
    size = len(reach.addresses)
    return Share(reach.origin, reach.name, reach.weight, reach.rank, size, covers, reach)


def carrying(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Return who gets traffic, their weights 1000 together; empty where there is nobody.

    Where none that can be used has a weight, the best rank gets all of it, by numbers of addresses.
    """
    used = [each for each in shares if each.weight]
    if not used:
        best = min((each.rank for each in shares), default=0)
        used = [each._replace(weight=each.size) for each in shares if each.rank == best]
    weights = apportion(WEIGHT_TOTAL, [each.weight for each in used])
    named = [each._replace(weight=max(1, w)) for each, w in zip(used, weights, strict=True)]
    return tuple(sorted(named, key=lambda each: (each.rank, each.name)))


def one_for_tcp(
    shares: Sequence[Share], ports: Sequence[Port]
) -> tuple[tuple[Share, ...], tuple[Condition, ...]]:
    """Return the one leaf that a TCP service can have, and what that gives up; others as they are.

    It is the one with the greatest weight.
    """
    if len(shares) < 2 or not is_tcp(ports):
        return tuple(shares), ()
    first = min(shares, key=lambda each: (-each.weight, each.rank, each.name))
    others = ", ".join(each.origin for each in shares if each is not first)
    what = f"a TCP service cannot be split: {first.origin} gets all of it, and {others} nothing"
    alone = first._replace(weight=WEIGHT_TOTAL)
    return (alone,), (Condition(Reason.WEIGHTS_NOT_HELD, _NOBODY, what),)


def lending(
    used: Sequence[Share], shares: Sequence[Share], ports: Sequence[Port]
) -> tuple[Share, ...]:
    """Return who serves the ports that none of those in use does, each for those ports alone.

    They are drained, or of a tier that is not used, and all there is for those ports: a port whose
    leaves are all dropped makes Envoy refuse its routes (2f). Their weight is 1, beside nobody's.
    The local Service cannot be had for some ports alone: it takes its thousandth of the others.
    """
    uncovered = {port.number for port in ports}.difference(*(each.covers for each in used))
    names = {each.name for each in used}
    others = [each for each in shares if each.name not in names]
    found: list[Share] = []
    for each in sorted(others, key=lambda each: (each.rank, each.name)):
        helps = each.covers & uncovered
        if helps:
            reach = each.reach and each.reach.narrowed(helps)
            found.append(each._replace(weight=1, covers=helps, reach=reach))
        uncovered -= helps
    return tuple(found)


class Pooled(NamedTuple):
    """Parts of clusters as one flat list of addresses."""

    reaches: tuple[Reach, ...]
    """All of the same port numbers."""
    is_whole: bool
    """Whether that gives everybody who carries their weight."""
    conditions: tuple[Condition, ...]
    """What it gives up, where it does."""


def pooled(shares: Sequence[Share]) -> Pooled:
    """Return the largest part of what carries that can stand in one Endpoints object.

    That with the most ports, then with the greatest weight. `shares` is not empty, and all of it
    is of other clusters.
    """
    groups: dict[tuple[tuple[int, int], ...], list[Share]] = {}
    for each in shares:
        if each.reach is not None:
            groups.setdefault(each.reach.numbers, []).append(each)
    best = min(groups, key=lambda each: (-len(each), -sum(s.weight for s in groups[each]), each))
    chosen = groups[best]
    conditions: list[Condition] = []
    if len(groups) > 1:
        others = (each for numbers in groups if numbers != best for each in groups[numbers])
        left = ", ".join(sorted({each.origin for each in others}))
        what = f"endpoints listen on different ports: those of {left} are left out in part or whole"
        conditions.append(Condition(Reason.SEVERAL_NUMBERS, _NOBODY, what))
    if not is_proportional([(each.weight, each.size) for each in chosen]):
        total = sum(each.size for each in chosen)
        sizes = ", ".join(f"{each.origin} {each.size} of {total}" for each in chosen)
        what = f"each address gets the same: {sizes}"
        conditions.append(Condition(Reason.WEIGHTS_NOT_HELD, _NOBODY, what))
    reaches = tuple(each.reach for each in chosen if each.reach is not None)
    return Pooled(reaches, not conditions, tuple(conditions))
