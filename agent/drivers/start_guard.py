"""What a new publisher may not withdraw yet: what it would withdraw because of a guess.

Who has just become a publisher finds objects that an earlier one wrote. What they list and the view
does not have is gone only where somebody said so. It is not where our disk was wiped, where the
last good state is older than what the earlier publisher had, or where no bridge of another cluster
was heard yet. Two rules, for withdrawals alone:

1. Until the view is synchronised (`writer_events.Synchronised`) none is made.
2. Within the settle time none is made of an origin that is trusted and of which nothing is known.

Neither holds of an origin that is gone by word: departed, expired, or trusted no more. A group of
writes with a withdrawal in it waits whole, since its order must be kept; every other group is free.
A withdrawal is an address that an object of ours lists and none of the group's objects will, and
any deletion.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from agent.drivers.plan import Group
from agent.mirror import Mirror
from agent.objects import (
    ENDPOINTS,
    MULTI_CLUSTER_SERVICE,
    Document,
    Kind,
    list_at,
    text_at,
)
from agent.writes import Apply, Delete
from discovery.names import Origin

ORIGINS_ANNOTATION = "isthmus.dev/origins"
"""On an object of ours: the clusters whose endpoints it lists, by name, with commas between."""

ENTRY_SEPARATOR = "/"
"""Between origin and address in the name of an entry of a MultiClusterService."""


class Standings(Protocol):
    """Knows how origins stand that objects name."""

    def is_gone(self, origin: Origin) -> bool:
        """Tell whether its endpoints are removed by word: departed, expired, not trusted."""
        ...

    def is_awaited(self, origin: Origin) -> bool:
        """Tell whether it is trusted and nothing is known of it yet."""
        ...


def why_held(
    group: Group,
    mirror: Mirror,
    standings: Standings,
    *,
    is_synchronised: bool,
    is_settled: bool,
) -> str:
    """Return why a group must wait while the publisher is new; empty where it need not."""
    if is_synchronised and is_settled:
        return ""
    lost = _lost_origins(group, mirror)
    if not is_synchronised and any(each is None or not standings.is_gone(each) for each in lost):
        return "it would withdraw endpoints, and no other cluster was heard yet"
    awaited = sorted(each for each in lost if each is not None and standings.is_awaited(each))
    if awaited:
        return f"it would withdraw endpoints of {', '.join(awaited)}, not heard of yet"
    return ""


def _lost_origins(group: Group, mirror: Mirror) -> set[Origin | None]:
    """Return whose addresses the group takes away; None stands for nobody knows whose."""
    before: dict[str, set[Origin | None]] = {}
    after: set[str] = set()
    lost: set[Origin | None] = set()
    for write in group.writes:
        current = mirror.get(write.key)
        listed = [] if current is None else list(_addresses(write.key.kind, current))
        for address, origin in listed:
            before.setdefault(address, set()).add(origin)
        if isinstance(write, Apply):
            after.update(address for address, _ in _addresses(write.key.kind, write.document))
        elif isinstance(write, Delete) and current is not None and not listed:
            lost |= origins_of(current) or {None}
    for address in before.keys() - after:
        lost |= before[address]
    return lost


def origins_of(document: Document) -> set[Origin | None]:
    """Return the clusters that an object of ours says to list; empty where it says none."""
    text = text_at(document, "metadata", "annotations", ORIGINS_ANNOTATION)
    return {Origin(each) for each in text.split(",") if each}


def _addresses(kind: Kind, document: Document) -> Iterable[tuple[str, Origin | None]]:
    if kind == MULTI_CLUSTER_SERVICE:
        for entry in list_at(document, "spec", "clusters"):
            origin, separator, _ = text_at(entry, "name").partition(ENTRY_SEPARATOR)
            yield text_at(entry, "address"), Origin(origin) if separator else None
    if kind == ENDPOINTS:
        yield from _of_endpoints(document)


def _of_endpoints(document: Document) -> Iterator[tuple[str, Origin | None]]:
    origins = origins_of(document)
    [origin] = origins if len(origins) == 1 else [None]
    for subset in list_at(document, "subsets"):
        for entry in list_at(subset, "addresses"):
            yield text_at(entry, "ip"), origin
