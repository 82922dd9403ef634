"""Where the traffic to another cluster would go: its gateways, or some of its endpoints.

Of endpoints only those count that may be imported, are ready, are on no node that is down, and
listen on a port by TCP. What a cluster has of a service is not read whole: a record is decoded for
each endpoint that is drawn.
"""

from random import Random
from typing import TypeVar

from discovery.data_path import Target
from discovery.holdings import Holding, records_of
from discovery.view_origin import Known

_DRAWS = 4
"""How often it is drawn for each target that is wanted: what comes twice counts once."""

_Drawn = TypeVar("_Drawn")


def targets_of(known: Known, network: str, most: int, rng: Random) -> list[Target]:
    """Return different targets of a cluster, as seen from `network`: as many as `most`, drawn.

    None where nothing of it is served here, or where there is no way to it.
    """
    index = known.index
    ready = [
        holding
        for service, holding in index.holdings.items()
        if any(zone.ready for zone in holding.tally) and known.admits(service)
    ]
    if not ready:
        return []
    if index.cluster.network != network:
        gateways = [Target(each.address, each.port) for each in index.cluster.gateways]
        return [_taken(gateways, rng) for _ in range(min(most, len(gateways)))]
    found: dict[Target, None] = {}
    for _ in range(most * _DRAWS):
        target = _of_service(_drawn(ready, rng), index.down, rng)
        if target is not None:
            found[target] = None
        if len(found) == most:
            break
    return list(found)


def _of_service(holding: Holding, down: frozenset[str], rng: Random) -> Target | None:
    """Return an endpoint of a record that has any, beginning with one that is drawn."""
    count = len(holding.values)
    start = int(rng.random() * count)
    for at in (*range(start, count), *range(start)):
        [(_, record)] = records_of(holding.numbers[at : at + 1], holding.values[at : at + 1])
        ports = [each.port for each in record.ports if each.protocol == "TCP"]
        ready = [each for each in record.endpoints if each.ready and each.node not in down]
        if ports and ready:
            return Target(_drawn(ready, rng).address, _drawn(ports, rng))
    return None


def _drawn(items: list[_Drawn], rng: Random) -> _Drawn:
    return items[int(rng.random() * len(items))]


def _taken(items: list[_Drawn], rng: Random) -> _Drawn:
    return items.pop(int(rng.random() * len(items)))
