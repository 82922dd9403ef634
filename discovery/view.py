"""What is served here: every origin's set, seen through trust, verdicts, policies and drains.

Rule 1: it costs what changes. Records stay packed, a service is computed anew only when something
under it has changed and somebody asks, and a diff looks at those services alone. Rule 2: what it
shows depends on what it was told, never on the order: built step by step or at once, it is the
same (but for when drains were first seen). Rule 3: nothing is ever left out without a reason that
`explain` gives.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from random import Random

from discovery.data_path import Target
from discovery.endpoints import Endpoint, EndpointPort
from discovery.explain import Explanation, OriginGone, explanation_of
from discovery.holdings import Held, Remains
from discovery.importing import OWN_RULE, ImportRule
from discovery.names import Origin, ServiceName
from discovery.policy_book import PolicyBook
from discovery.policy_status import PolicyStatus, status_of
from discovery.ramps import DrainSeen, is_acknowledged
from discovery.records import ClusterRecord, ExportRecord
from discovery.recordset import Change
from discovery.service_view import ServiceView
from discovery.standing import Standing
from discovery.tiers import Via, Viewpoint
from discovery.view_changes import ViewDiff
from discovery.view_health import Trust, ViewHealth, ViewStatistics, health_of, statistics_of
from discovery.view_origin import Circumstances, Known
from discovery.view_outcome import Outcome
from discovery.view_rows import Source
from discovery.view_services import ServiceTable
from discovery.view_targets import targets_of
from failure_detect.agenda import Agenda, Timer
from failure_detect.clock import NEVER, Instant


class View:
    """All services as they are to be served in one cluster."""

    def __init__(
        self, own: Origin, rules: Trust, now: Instant, *, zones: Sequence[str] = ()
    ) -> None:
        """See nothing yet. `zones` are those of the own cluster's nodes, where they are known."""
        self._own, self._rules, self._now = own, rules, now
        self._zones = tuple(sorted(zones))
        self._origins: dict[Origin, Known] = {}
        self._book = PolicyBook(own)
        self._services = ServiceTable(self._book)
        self._agenda = Agenda()
        self._ramps: dict[tuple[Origin, ServiceName | None], Timer] = {}
        self._down_by: dict[Origin, str] = {}
        self._edition = 0

    # --- what it is told -----------------------------------------------------------------

    def apply(self, origin: Origin, changes: Sequence[Change], now: Instant) -> None:
        """Take what became of the records of `origin`, whose set was adopted at `now`.

        Nothing is refused as a whole: a record that is malformed leaves the last good version of
        its key in force, and is in `health`.
        """
        self._pass(now)
        known, services = self._known(origin), self._services
        touched = known.index.apply(changes, self._now, self._next_edition())
        for service in touched.services:
            services.link(service, known)
        services.mark(touched.services)
        services.mark_heads(touched.heads)
        if touched.cluster:
            services.mark(services if origin == self._own else known.index.services())
        for drained in touched.drains:
            self._follow(known, drained)
        if origin == self._own:
            for other in touched.acks:
                services.mark(self._services_of(other))
        for name, policy in touched.policies.items():
            services.mark_subjects(self._book.put(origin, name, policy))

    def remove(self, origin: Origin) -> None:
        """Forget all that `origin` said, its standing, its nodes and what is held of it."""
        known = self._origins.pop(origin, None)
        if known is None:
            return
        services = known.index.services()
        self._services.mark_heads(services)
        for service in services:
            self._services.unlink(service, origin)
        for drained in known.index.drains:
            self._stop(origin, drained)
        for name in known.index.policies:
            self._services.mark_subjects(self._book.put(origin, name, None))
        self._book.set_precedence(origin, None)
        self._down_by.pop(origin, None)
        if origin == self._own:
            self._services.mark(self._services)

    def set_standing(self, origin: Origin, standing: Standing) -> None:
        """Take a verdict. Until the first one, an origin's last good state is served as live."""
        known = self._known(origin)
        before, known.standing = known.standing, standing
        if before.is_like(standing):
            return
        services = known.index.services()
        self._services.mark(services)
        if before.verdict.serves != standing.verdict.serves:
            self._services.mark_heads(services)
            self._judge_policies(known)

    def set_nodes_down(self, origin: Origin, nodes: Collection[str], by: str = "") -> None:
        """Take all nodes of `origin` that are down now; `by` says by whose word."""
        known = self._known(origin)
        self._down_by[origin] = by
        self._services.mark(known.index.set_down(frozenset(nodes), self._next_edition()))

    def set_held(
        self, origin: Origin, service: ServiceName, endpoints: Iterable[Endpoint], why: str
    ) -> None:
        """Keep endpoints in the last tier that the set has no more, or not as ready.

        Replaces what was held of that service. To be called before the next `apply` for `origin`:
        until then the view remembers the head and the ports of what has just gone.
        """
        known = self._known(origin)
        known.index.held[service] = Held(tuple(endpoints), why, self._next_edition())
        self._services.link(service, known)
        self._services.mark_heads([service])

    def recall(
        self,
        origin: Origin,
        service: ServiceName,
        head: ExportRecord,
        ports: tuple[EndpointPort, ...],
    ) -> None:
        """Learn what was last known of a service of which some is about to be held again."""
        self._known(origin).index.remains[service] = Remains(head, ports)

    def clear_held(self, origin: Origin, service: ServiceName) -> None:
        """Hold nothing of that service any more."""
        known = self._known(origin)
        if known.index.held.pop(service, None) is not None:
            self._services.mark_heads([service])
            self._services.link(service, known)

    def set_local_policies(self, objects: Iterable[Mapping[str, object]]) -> None:
        """Take all TrafficPolicy objects of this cluster, whole.

        A malformed one leaves its last good version in force, and is in `health`.
        """
        self._services.mark_subjects(self._book.set_local(objects))

    def set_zones(self, zones: Sequence[str]) -> None:
        """Take the zones of the own cluster's nodes."""
        if self._zones != tuple(sorted(zones)):
            self._zones = tuple(sorted(zones))
            self._services.mark(self._services)

    def rules_changed(self) -> None:
        """Ask trust anew what each origin may do."""
        for origin, known in self._origins.items():
            rule = self._rule(origin)
            if rule != known.rule:
                known.rule = rule
                self._services.mark_heads(known.index.services())
                self._judge_policies(known)

    def advance(self, now: Instant) -> None:
        """Let drains go on; what they change is in the next diff."""
        self._pass(now)

    @property
    def deadline(self) -> Instant:
        """When the next step of a drain is due; `NEVER` where there is none."""
        return self._agenda.deadline

    # --- what it shows -------------------------------------------------------------------

    def services(self) -> list[ServiceName]:
        """Return the services that are in the view, by name."""
        return self._services.in_view(self._circumstances())

    def service(self, name: ServiceName) -> ServiceView | None:
        """Return one service as it is to be served, None where nobody who may exports it."""
        outcome = self._services.outcome(name, self._circumstances())
        if outcome is None:
            return None
        return ServiceView(
            name,
            outcome.merged,
            outcome.policy,
            outcome.tiers,
            outcome.conditions,
            self._sources(name, outcome),
        )

    def take_diff(self) -> ViewDiff:
        """Return what differs since it was taken last, in time proportional to what changed."""
        return self._services.take_diff(self._circumstances())

    def explain(self, service: ServiceName, address: str | None = None) -> Explanation:
        """Return why each endpoint of `service`, or the one with `address`, is served or not."""
        circumstances = self._circumstances()
        explained = explanation_of(
            service,
            self._services.known_of(service),
            self._services.outcome(service, circumstances),
            circumstances,
            self._down_by,
            address,
        )
        return replace(explained, gone=self._gone())

    def _gone(self) -> tuple[OriginGone, ...]:
        return tuple(
            OriginGone(origin, known.standing)
            for origin, known in sorted(self._origins.items())
            if not known.standing.verdict.serves and not known.index.services()
        )

    def policy(self, name: ServiceName) -> PolicyStatus | None:
        """Return what becomes of the local TrafficPolicy with this namespace and name.

        None where there is no such object. Costs the services of its namespace.
        """
        outcomes = self._services.outcomes(name.namespace, self._circumstances())
        return status_of(name, self._book, outcomes)

    def policies(self) -> list[ServiceName]:
        """Return namespace and name of every local TrafficPolicy, the refused ones too, sorted."""
        return self._book.local_names()

    def cluster(self, origin: Origin) -> ClusterRecord | None:
        """Return what `origin` says of itself, None where nothing is known of it."""
        known = self._origins.get(origin)
        return None if known is None else known.index.cluster

    def targets(self, origin: Origin, most: int, rng: Random) -> list[Target]:
        """Return where traffic to `origin` would go: `most` of its gateways or endpoints, drawn."""
        known = self._origins.get(origin)
        if known is None or origin == self._own:
            return []
        return targets_of(known, self._circumstances().viewpoint.network, most, rng)

    def last_known(
        self, origin: Origin, service: ServiceName
    ) -> tuple[ExportRecord | None, tuple[EndpointPort, ...]]:
        """Return the head and the ports that count for what is held of a service."""
        known = self._origins.get(origin)
        if known is None:
            return None, ()
        return known.index.head_of(service), known.index.held_ports(service)

    def drains(self) -> tuple[DrainSeen, ...]:
        """Return the drains that are seen, by origin, each cluster's own before its services'."""
        return tuple(
            self._seen(known, drained)
            for _, known in sorted(self._origins.items())
            for drained in sorted(known.index.drains, key=_by_name)
        )

    def health(self) -> ViewHealth:
        """Return the refusals that are in force now."""
        known = (self._origins[origin] for origin in sorted(self._origins))
        return health_of(known, self._book.local_faults, self._rules.problems())

    def statistics(self) -> ViewStatistics:
        """Return how much is held, at this moment."""
        services = self._services
        return statistics_of(self._origins.values(), len(services), services.stale_count)

    def statistics_of(self, origin: Origin) -> ViewStatistics:
        """Return how much is held of one origin: whether its services are stale is not counted."""
        known = [self._origins[origin]] if origin in self._origins else []
        return statistics_of(known, sum(len(each.index.services()) for each in known), 0)

    def check_invariants(self) -> None:
        """Assert that the indices agree, and that each outcome not marked stale is right."""
        for origin, known in self._origins.items():
            assert known.rule == self._rule(origin) or known.origin == origin
            known.check_invariants()
            for service in known.index.services():
                assert known in self._services.known_of(service)
        for origin, drained in self._ramps:
            assert drained in self._origins[origin].index.drains
        self._services.check_invariants(self._circumstances())

    # --- inside --------------------------------------------------------------------------

    def _known(self, origin: Origin) -> Known:
        known = self._origins.get(origin)
        if known is None:
            known = self._origins[origin] = Known(origin, self._rule(origin))
            self._judge_policies(known)
        return known

    def _rule(self, origin: Origin) -> ImportRule | None:
        return OWN_RULE if origin == self._own else self._rules.rule(origin)

    def _judge_policies(self, known: Known) -> None:
        touched = self._book.set_precedence(known.origin, known.policy_precedence())
        self._services.mark_subjects(touched)

    def _next_edition(self) -> int:
        self._edition += 1
        return self._edition

    def _circumstances(self) -> Circumstances:
        own = self._origins.get(self._own)
        if own is None:
            return Circumstances(
                viewpoint=Viewpoint(own=self._own, zones=self._zones), now=self._now
            )
        cluster = own.index.cluster
        viewpoint = Viewpoint(
            own=self._own, region=cluster.region, network=cluster.network, zones=self._zones
        )
        return Circumstances(viewpoint=viewpoint, now=self._now, acks=own.index.acks)

    def _services_of(self, origin: Origin) -> list[ServiceName]:
        known = self._origins.get(origin)
        return [] if known is None else known.index.services()

    def _sources(self, name: ServiceName, outcome: Outcome) -> tuple[Source, ...]:
        ways: dict[Origin, Via] = {}
        for tier in outcome.tiers:
            ways.update((target.origin, target.via) for target in tier.targets)
        known = self._origins
        return tuple(
            known[origin].source(name)
            if ways[origin] is Via.ENDPOINTS
            else known[origin].gateways_only()
            for origin in sorted(ways)
        )

    # --- drains --------------------------------------------------------------------------

    def _pass(self, now: Instant) -> None:
        self._now = max(self._now, now)
        self._agenda.run(self._now)

    def _follow(self, known: Known, drained: ServiceName | None) -> None:
        origin = known.origin
        self._stop(origin, drained)
        self._services.mark(known.index.services() if drained is None else [drained])
        ramp = known.index.drains.get(drained)
        at = NEVER if ramp is None else ramp.next_step(self._now)
        if at < NEVER:
            again = partial(self._step, known, drained)
            self._ramps[origin, drained] = self._agenda.schedule(at, again)

    def _step(self, known: Known, drained: ServiceName | None, _: Instant) -> None:
        self._follow(known, drained)

    def _stop(self, origin: Origin, drained: ServiceName | None) -> None:
        timer = self._ramps.pop((origin, drained), None)
        if timer is not None:
            timer.cancel()

    def _seen(self, known: Known, drained: ServiceName | None) -> DrainSeen:
        circumstances = self._circumstances()
        ramp, origin = known.index.drains[drained], known.origin
        services = known.index.services() if drained is None else [drained]
        return DrainSeen(
            origin,
            drained,
            ramp.record.drain,
            ramp.received_at,
            ramp.record.ramp_s,
            known.index.ramp_weight(drained, self._now, circumstances.acks),
            tuple(
                service
                for service in sorted(services)
                if self._services.sends_to(service, origin, circumstances)
            ),
            tuple(
                other
                for other, each in sorted(self._origins.items())
                if each.index.acks and is_acknowledged(ramp, origin, drained, each.index.acks)
            ),
        )


def _by_name(drained: ServiceName | None) -> str:
    return "" if drained is None else str(drained)
