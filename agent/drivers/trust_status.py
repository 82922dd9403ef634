"""The status of trust objects: what is wrong, how the clusters stand, and their floors.

    status:
      clusters:
      - name: east
        verdict: live
        why: reachable from here, its data path is open
        floor: {generation: 3, epoch: 1795000000000, version: 17, root: 3f2a...}
      observedAt: "2027-01-31T12:00:00Z"
      conditions:
      - type: Accepted        # reasons: Accepted, Problems
      - type: Serving         # of a TrustedCluster; the reason is the verdict

Floors stand here as well as on disk, so that a cluster whose bridges all lost their disks takes
nothing that is older than what it had (`floors_in`). They rise with each change of a cluster: a
status in which nothing but floors and words differ is written once in `OBSERVE_EVERY_MS`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agent.drivers.conditions import Said, Status, generation_of, with_times
from agent.objects import (
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    Document,
    at,
    integer_at,
    key_of,
    list_at,
    map_at,
    text_at,
)
from agent.writes import ApplyStatus
from discovery.manifest import Order
from discovery.names import Origin, is_label
from discovery.problems import Problem
from discovery.standing import Standing
from discovery.wall_time import read_time, shown_time

OBSERVE_EVERY_MS = 60_000
CLUSTERS_MAX = 512
"""Clusters that the status of one object names, by name: as many as a fleet may have."""

WHY_CHARACTERS_MAX = 256
PROBLEMS_SHOWN_MAX = 16
ROOT_BYTES = 32


@dataclass(frozen=True, slots=True)
class ClusterSeen:
    """One cluster that an object is about."""

    origin: Origin
    standing: Standing | None
    """None where nothing is known of it."""
    floor: Order | None


def trust_status(
    document: Document,
    problems: Sequence[Problem],
    clusters: Iterable[ClusterSeen],
    wall_ms: int,
) -> ApplyStatus | None:
    """Return the status to write to a TrustedCluster or TrustedFleet, None where it can wait.

    `problems` are those of all objects and clusters, as `discovery.trust.TrustBook` tells them.
    """
    seen = sorted(clusters, key=lambda each: each.origin)[:CLUSTERS_MAX]
    before = map_at(document, "status")
    said = _said(document, problems, seen)
    status: Document = {
        "clusters": [_cluster(each) for each in seen],
        "observedAt": shown_time(wall_ms),
        "conditions": with_times(list_at(before, "conditions"), said, wall_ms),
    }
    if not _is_pressing(before, status):
        observed = read_time(text_at(before, "observedAt"))
        same = all(before.get(f) == status[f] for f in ("clusters", "conditions"))
        if same or (observed is not None and 0 <= wall_ms - observed < OBSERVE_EVERY_MS):
            return None
    kind = TRUSTED_CLUSTER if text_at(document, "kind") == TRUSTED_CLUSTER.name else TRUSTED_FLEET
    return ApplyStatus(key_of(kind, document), text_at(document, "apiVersion"), status)


def _cluster(seen: ClusterSeen) -> Document:
    shown: dict[str, object] = {"name": seen.origin}
    if seen.standing is not None:
        shown["verdict"] = seen.standing.verdict.value
        shown["why"] = seen.standing.why[:WHY_CHARACTERS_MAX]
    if seen.floor is not None:
        shown["floor"] = {**seen.floor._asdict(), "root": seen.floor.root.hex()}
    return shown


def _said(
    document: Document, problems: Sequence[Problem], seen: Sequence[ClusterSeen]
) -> Iterator[Said]:
    generation = generation_of(document)
    kind, name = text_at(document, "kind"), text_at(document, "metadata", "name")
    subjects = {f"{kind}/{name}", *(f"cluster {each.origin}" for each in seen)}
    found = [f"{each.subject}: {each.what}" for each in problems if each.subject in subjects]
    words = "; ".join(found[:PROBLEMS_SHOWN_MAX])
    if found:
        yield Said("Accepted", Status.FALSE, "Problems", words, generation)
    else:
        yield Said("Accepted", Status.TRUE, "Accepted", "", generation)
    if kind != TRUSTED_CLUSTER.name:
        return
    standing = next((each.standing for each in seen), None)
    if standing is None:
        yield Said(
            "Serving", Status.UNKNOWN, "NotHeardOf", "no set of it was received yet", generation
        )
        return
    is_good = standing.verdict.serves and not standing.is_last_tier
    status = Status.TRUE if is_good else Status.FALSE
    reason = standing.verdict.value.title()
    yield Said("Serving", status, reason, standing.why[:WHY_CHARACTERS_MAX], generation)


def _is_pressing(before: Document, after: Document) -> bool:
    """Tell whether anything differs that somebody waits for: conditions, verdicts, clusters."""
    return _pressing(before) != _pressing(after)


def _pressing(status: Document) -> list[tuple[object, ...]]:
    conditions: list[tuple[object, ...]] = [
        (
            *(at(each, field) for field in ("type", "status", "reason", "observedGeneration")),
            at(each, "message") if at(each, "type") == "Accepted" else "",
        )
        for each in list_at(status, "conditions")
    ]
    clusters = [(at(each, "name"), at(each, "verdict")) for each in list_at(status, "clusters")]
    return [*conditions, *clusters]


def floors_in(document: Document) -> dict[Origin, Order]:
    """Return the floors in the status of a trust object; whatever is no floor is left out."""
    floors = {}
    for each in list_at(document, "status", "clusters"):
        name, order = text_at(each, "name"), _order(at(each, "floor"))
        if order is not None and is_label(name):
            floors[Origin(name)] = order
    return floors


def _order(floor: object) -> Order | None:
    numbers = [integer_at(floor, field) for field in ("generation", "epoch", "version")]
    good = [each for each in numbers if each is not None and 0 <= each < 1 << 63]
    try:
        root = bytes.fromhex(text_at(floor, "root"))
    except ValueError:
        return None
    if len(good) < len(numbers) or len(root) != ROOT_BYTES:
        return None
    generation, epoch, version = good
    return Order(generation, epoch, version, root)
