"""From tiers with weights to what OSM v1.1 can hold: levels of addresses.

Envoy sends all to the first level that has an address, and to each address of it alike. Level 0 has
the local addresses, which nobody can take out; addresses of others may join it (weight 0, 7a) or
stand in levels of their own behind it (weight 1, priorities from 1 on, 7b). The numbers of weights
have no effect (7c), so shares are held by how many addresses of each cluster are listed: of a
cluster that is to get half of what another gets, half as many. What shares remain differ from those
of the view by more than `TOLERANCE` is told.

Which of a cluster's addresses are listed is decided by a hash that differs from cluster to cluster,
so that not all importers choose the same ones, and nobody chooses anew because others came or went.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from discovery.endpoints import packed_address
from discovery.names import Origin

TOLERANCE = 50
"""Thousandths of the traffic by which a share may differ from the view's without a word."""

ENTRIES_MAX = 5_000
"""Addresses in one object: half of what etcd takes, which others need as well."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where requests can be sent."""

    host: str
    """IPv4."""
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A target of the view with the addresses that can be used of it."""

    origin: Origin
    weight: int
    """Out of 1000 over all targets of the service, the local one included."""
    rank: int
    """Of its tier, the best is 0."""
    addresses: tuple[Address, ...]
    """One or more."""
    is_gateway: bool = False
    """Whether behind each address there are many endpoints."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One address, and the level in which it stands."""

    level: int
    origin: Origin
    address: Address


@dataclass(frozen=True, slots=True)
class Levels:
    """All addresses, by level, origin and address; and what each cluster gets of the traffic."""

    entries: tuple[Entry, ...]
    shares: tuple[tuple[Origin, int], ...]
    """In thousandths, by name, the own cluster with the others; empty where nobody is there."""
    left_out: int
    """Addresses for which one object has no room."""


def plan_levels(parts: Sequence[Part], own: Origin, own_weight: int | None, ready: int) -> Levels:
    """Return the levels for these parts, none of which is the own cluster's.

    `own_weight` is the own cluster's share in the view, None where it does not export the service;
    `ready` is how many ready addresses it has. Where both are above nothing, others join level 0
    as far as they get a share. Where the own cluster is to get nothing and has ready addresses all
    the same, all who get a share join it; where it does not export them, they stand behind it.
    """
    active = [part for part in parts if part.weight]
    joins = bool(ready and active and own_weight is not None)
    chosen = _chosen(active, own, own_weight, ready)
    standby = [part for part, some in zip(active, chosen, strict=True) if not some] + [
        part for part in parts if not part.weight
    ]
    levels: list[list[tuple[Origin, Address]]] = [
        [(part.origin, each) for part, some in zip(active, chosen, strict=True) for each in some]
    ]
    for rank in sorted({part.rank for part in standby}):
        ranked = [part for part in standby if part.rank == rank]
        levels.append([(part.origin, each) for part in ranked for each in part.addresses])
    entries = _numbered(levels, first=0 if joins else 1)
    return Levels(entries[:ENTRIES_MAX], _shares(entries, own, ready), len(entries[ENTRIES_MAX:]))


def _chosen(
    active: Sequence[Part], own: Origin, own_weight: int | None, ready: int
) -> list[tuple[Address, ...]]:
    """Return which addresses of each part are listed, so that their numbers are as its weights."""
    if not active:
        return []
    if ready and own_weight:
        per_weight = ready / own_weight
    elif ready and own_weight is not None:
        return [part.addresses for part in active]  # As little for the own cluster as can be.
    else:
        of_endpoints = [part for part in active if not part.is_gateway] or active
        per_weight = min(len(part.addresses) / part.weight for part in of_endpoints)
    counts = [min(len(part.addresses), int(part.weight * per_weight + 0.5)) for part in active]
    if not any(counts) and not (ready and own_weight):
        return [part.addresses for part in active]
    return [_some(part.addresses, count, own) for part, count in zip(active, counts, strict=True)]


def _some(addresses: Sequence[Address], count: int, own: Origin) -> tuple[Address, ...]:
    if count >= len(addresses):
        return tuple(addresses)
    return tuple(sorted(addresses, key=lambda each: (_hash(own, each), each))[:count])


def _hash(own: Origin, address: Address) -> bytes:
    return blake2b(f"{own} {address}".encode(), digest_size=8).digest()


def _numbered(levels: Iterable[Sequence[tuple[Origin, Address]]], first: int) -> tuple[Entry, ...]:
    """Number the levels without holes; an address that comes twice stands in the first one."""
    entries: list[Entry] = []
    seen: set[Address] = set()
    number = first
    for level in levels:
        new: dict[Address, Origin] = {}
        for origin, address in sorted(level, key=_by_origin):
            if address not in seen:
                new.setdefault(address, origin)
        seen.update(new)
        entries += [Entry(number, origin, address) for address, origin in new.items()]
        number = max(number + bool(new), 1)
    return tuple(entries)


def _by_origin(listed: tuple[Origin, Address]) -> tuple[Origin, bytes, int]:
    origin, address = listed
    return origin, packed_address(address.host), address.port


def _shares(entries: Sequence[Entry], own: Origin, ready: int) -> tuple[tuple[Origin, int], ...]:
    """Return what the first level that has an address sends where."""
    counts: dict[Origin, int] = {own: ready} if ready else {}
    level = 0 if ready else min((entry.level for entry in entries), default=0)
    for entry in entries:
        if entry.level == level:
            counts[entry.origin] = counts.get(entry.origin, 0) + 1
    whole = sum(counts.values())
    return tuple((origin, round(1_000 * n / whole)) for origin, n in sorted(counts.items()))


def differing(wanted: Mapping[Origin, int], shares: Mapping[Origin, int]) -> list[Origin]:
    """Return the clusters whose share differs by more than is tolerated, by name."""
    return sorted(
        origin
        for origin in wanted.keys() | shares.keys()
        if abs(wanted.get(origin, 0) - shares.get(origin, 0)) > TOLERANCE
    )
