"""Metrics of what a bridge holds and concludes: sets, verdicts, guards, data paths, publisher."""

from collections.abc import Callable, Iterator

from agent.local.metric import (
    PREFIX,
    BridgeScrape,
    Kind,
    Metric,
    Sample,
    Scrape,
    bridge_counter,
    bridge_gauge,
    labelled,
)
from discovery.publisher import PublisherStatistics
from failure_detect.clock import SECOND


def _each(
    name: str,
    text: str,
    label: str,
    samples: Callable[[BridgeScrape, Scrape], list[Sample]],
    kind: Kind = Kind.GAUGE,
) -> Metric:
    def of_scrape(scrape: Scrape) -> list[Sample]:
        return [] if scrape.held is None else samples(scrape.held, scrape)

    return Metric(PREFIX + name, text, of_scrape, (label,), kind)


def _published(
    value: Callable[[PublisherStatistics], float | None],
) -> Callable[[BridgeScrape], float | None]:
    def of_bridge(held: BridgeScrape) -> float | None:
        return None if held.publisher is None else value(held.publisher)

    return of_bridge


def _verdicts(scrape: Scrape) -> Iterator[Sample]:
    if scrape.held is None:
        return
    bridge = scrape.held.bridge
    for origin in sorted(
        {*bridge.trust.pins(), *(held.manifest.origin for held in bridge.catalog)}
    ):
        standing = bridge.verdicts.standing(origin)
        if standing is not None:
            yield (origin, standing.verdict.value), 1


def _manifest_ages(held: BridgeScrape, scrape: Scrape) -> list[Sample]:
    now = scrape.facts.clock.now
    return labelled(
        (each.manifest.origin, max(0, now - each.adopted_at) / SECOND)
        for each in held.bridge.catalog
    )


def _nodes_down(held: BridgeScrape, _: Scrape) -> list[Sample]:
    origins = [each.manifest.origin for each in held.bridge.catalog]
    counts = [(origin, len(held.bridge.nodes.nodes_down(origin))) for origin in origins]
    return labelled((origin, count) for origin, count in counts if count)


def _paths(held: BridgeScrape, _: Scrape) -> list[Sample]:
    found = held.bridge.paths.statistics()
    return labelled((("open", found.open), ("shut", found.shut), ("unknown", found.unknown)))


SET_METRICS = (
    bridge_gauge("sets", "Clusters of which a whole set is held.", lambda b: b.catalog.origins),
    bridge_gauge(
        "sets_excluded",
        "Clusters whose set is not for us, by their word: nothing of it is held.",
        lambda b: b.catalog.excluded,
    ),
    bridge_gauge("sets_records", "Records in all sets.", lambda b: b.catalog.records),
    bridge_gauge(
        "sets_bytes",
        "Size of all records, keys included.",
        lambda b: b.catalog.size_bytes,
    ),
    bridge_gauge(
        "sets_history_bytes",
        "Size of earlier sets, kept for deltas.",
        lambda b: b.bridge.catalog.history_bytes,
    ),
    bridge_gauge(
        "sets_floors",
        "Clusters whose highest order is remembered.",
        lambda b: b.catalog.floors,
    ),
    bridge_counter(
        "sets_floors_dropped_total",
        "Floors of strangers that had to make room: what they said once could come back.",
        lambda b: b.catalog.dropped_floors,
    ),
    bridge_gauge(
        "sync_peers",
        "Bridges that sets are exchanged with.",
        lambda b: b.sync.peers,
    ),
    bridge_gauge(
        "sync_wants",
        "Sets and items that are wanted now.",
        lambda b: b.sync.wants,
    ),
    bridge_gauge("sync_pulls", "Requests for them under way.", lambda b: b.sync.under_way),
    bridge_gauge(
        "sync_staged_bytes",
        "Size of records that came and are not adopted yet.",
        lambda b: b.sync.staged_bytes,
    ),
    bridge_gauge(
        "sync_items",
        "Overlays and revocation lists that are held.",
        lambda b: b.sync.items,
    ),
    _each(
        "sync_events_total",
        "What happened in spreading sets, by event.",
        "event",
        lambda b, _: labelled(b.sync.counts),
        Kind.COUNTER,
    ),
    bridge_gauge(
        "view_services",
        "Services that any cluster says anything about.",
        lambda b: b.view.services,
    ),
    bridge_gauge("view_endpoints", "Endpoints that are known.", lambda b: b.view.endpoints),
    bridge_gauge(
        "view_healthy_endpoints",
        "Endpoints that are ready, on nodes that are not down, served or not.",
        lambda b: b.view.healthy,
    ),
    _each(
        "clusters",
        "Other clusters, by verdict.",
        "verdict",
        lambda b, _: labelled(b.verdicts.origins.items()),
    ),
    Metric(
        f"{PREFIX}cluster_verdict",
        "1 for the verdict that a cluster has now.",
        _verdicts,
        ("cluster", "verdict"),
    ),
    _each(
        "cluster_manifest_age_seconds",
        "How long ago the manifest of a cluster was adopted here.",
        "cluster",
        _manifest_ages,
    ),
    _each(
        "cluster_nodes_down",
        "Nodes of a cluster that its bridges call down; none is shown where there is none.",
        "cluster",
        _nodes_down,
    ),
    bridge_gauge(
        "verdict_witnesses",
        "Other bridges of this cluster whose reports count.",
        lambda b: b.verdicts.sisters,
    ),
    bridge_gauge(
        "verdict_lost_together",
        "Clusters that were lost at one time, which is most likely our own loss.",
        lambda b: b.verdicts.lost_together,
    ),
    bridge_counter(
        "verdict_ignored_total",
        "Facts beyond a limit, or about what is not known.",
        lambda b: b.verdicts.ignored,
    ),
    bridge_gauge(
        "isolation_cut_off",
        "1 while this cluster presumes itself cut off, and withdraws nothing.",
        lambda b: b.bridge.isolation.is_cut_off,
    ),
    bridge_gauge(
        "isolation_lost_members",
        "Members of this cluster that are lost, and not known to be dead.",
        lambda b: b.bridge.isolation.statistics().lost,
    ),
    bridge_counter(
        "isolation_cut_offs_total",
        "How often that was presumed.",
        lambda b: b.bridge.isolation.statistics().times,
    ),
    bridge_gauge(
        "guard_held_endpoints",
        "Endpoints that were withdrawn by the lot, and are held in the last tier.",
        lambda b: b.guard.held,
    ),
    bridge_gauge(
        "guard_holding_clusters",
        "Clusters of which something is held.",
        lambda b: b.guard.holding,
    ),
    bridge_counter("guard_holds_total", "Holds that began.", lambda b: b.guard.holds_started),
    _each(
        "guard_endpoints_released_total",
        "Endpoints that were held and are not any more, by why.",
        "ending",
        lambda b, _: labelled(b.guard.ended.items()),
        Kind.COUNTER,
    ),
    _each("paths", "Ways to other clusters, by what the last try found.", "state", _paths),
    bridge_counter(
        "path_attempts_total",
        "Connections to gateways or endpoints of other clusters.",
        lambda b: b.bridge.paths.statistics().tried,
    ),
    bridge_counter(
        "path_silent_total",
        "Of these, nobody answered.",
        lambda b: b.bridge.paths.statistics().silent,
    ),
    bridge_gauge(
        "trust_objects",
        "Trust objects in force.",
        lambda b: b.bridge.trust.statistics().objects,
    ),
    bridge_gauge(
        "trust_problems",
        "What is wrong with trust objects and keys.",
        lambda b: len(b.bridge.trust.problems()),
    ),
    bridge_gauge(
        "trust_expired_keys",
        "Keys of others that expired.",
        lambda b: b.bridge.trust.statistics().expired_keys,
    ),
    bridge_gauge(
        "trust_revoked_keys",
        "Keys that fleets revoked.",
        lambda b: b.bridge.trust.statistics().revoked_keys,
    ),
    bridge_gauge(
        "equivocations", "Proofs that a cluster's key is misused.", lambda b: len(b.bridge.evidence)
    ),
    bridge_gauge(
        "publisher_publishing",
        "1 on the bridge that signs this cluster's set.",
        _published(lambda each: each.publishes),
    ),
    bridge_counter(
        "publisher_manifests_signed_total",
        "Manifests that this process signed.",
        _published(lambda each: each.signed),
    ),
    bridge_gauge(
        "publisher_version",
        "Version, within its epoch, of what was signed last.",
        _published(lambda each: None if each.order is None else each.order.version),
    ),
    bridge_gauge(
        "publisher_endpoints", "Endpoints that are published.", _published(lambda e: e.endpoints)
    ),
    bridge_gauge(
        "publisher_bytes",
        "Size of the records that are published.",
        _published(lambda e: e.size_bytes),
    ),
    bridge_gauge(
        "publisher_held_endpoints",
        "Endpoints that would vanish unexplained, and are held until a fresh list confirms it.",
        _published(lambda each: each.held_endpoints),
    ),
    bridge_gauge(
        "publisher_refused",
        "Services and statements that are to be published and cannot be.",
        _published(lambda each: len(each.refused)),
    ),
)
