"""A fleet of clusters whose bridges run in a world, and what their clusters do for them.

    stage = Stage(StageConfig(plan=fleet(5), seed=1, network=...))
    stage.warm()                                     # all know all, everything is held everywhere
    stage.exports[0].flip(service)
    stage.export(0, service)                         # cluster 0's sources say something new
    stage.run_until(lambda: ..., limit)              # all bridges have adopted it

Played here, because an agent's driver does it in production: the disk of each node, the Lease and
the sources of each cluster, and what its own `lan` pool would say. Everything that goes from
cluster to cluster goes over the world's network.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from discovery import publisher_events, verdict_events
from discovery.bridge import Bridge
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import Effect as BridgeEffect
from discovery.bridge_events import Event as BridgeEvent
from discovery.bridge_events import StateRestored
from discovery.events import SetAdopted, SetExcluded, SetQuestioned
from discovery.exports import Desired, Statements
from discovery.manifest import Order
from discovery.member import WanMember
from discovery.names import Origin, PublicKey, ServiceName
from discovery.publisher import Publisher
from discovery.publisher_config import PublisherConfig
from discovery.recordset import RecordSet
from discovery.state import KeptSet, KeptState
from discovery.trust import TrustBook
from discovery.trust_events import ObjectApplied
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, SECOND, Duration, Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import SeedsResolved
from simulations.clocks import MemberClock
from simulations.config import WorldConfig
from simulations.hosts import Host
from simulations.machine import Machine, MemberContext
from simulations.network import NetworkConfig
from simulations.randomness import generator
from simulations.sets.bridge_machine import BridgeMachine, told
from simulations.sets.credentials import Credentials
from simulations.sets.exports import Exports
from simulations.sets.fleet import ClusterPlan, FleetPlan
from simulations.sets.keyring import Keyring, KeyringSigner
from simulations.sets.leases import RENEWAL, ROUND_TRIP, Lease, wall_ms
from simulations.world import World

LAN: Duration = MILLISECOND
"""How long a word takes within a cluster."""

SEEDS = 3

Trusts: TypeAlias = Callable[[int, int], Mapping[str, object] | None]
"""What the first cluster lets the second do: the `import` block of its trust object, or None."""


def trusts_all(viewer: int, other: int) -> Mapping[str, object] | None:
    """Let every cluster serve everything in every other."""
    del viewer, other
    return {"services": ["*/*"], "policies": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageConfig:
    """What a run is about."""

    plan: FleetPlan
    seed: int
    network: NetworkConfig
    config: BridgeConfig = field(default_factory=BridgeConfig)
    publisher: PublisherConfig = field(default_factory=PublisherConfig)
    trusts: Trusts = trusts_all
    certified: bool = False
    """Whether clusters are trusted by certificates of their fleet, and not each by its name."""
    holders: int | None = None
    """How many clusters have bridges in the world; the sets of the others are there all the same.
    None: all."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A bridge adopted a set: whose, how high, and when (us, of the world)."""

    place: int
    order: Order
    at: Instant


class Stage:
    """The world, and what is not in it."""

    def __init__(self, config: StageConfig) -> None:
        """Prepare everything; nothing runs yet."""
        self.config = config
        plan = config.plan
        self.keyring = Keyring(config.seed)
        present = plan.clusters[: config.holders]
        self.places = [cluster.number for cluster in present for _ in range(cluster.bridges)]
        """The cluster's number of each place."""
        self.exports = [self._exports(each) for each in plan.clusters]
        self.credentials = Credentials(plan, self.keyring, certified=config.certified)
        self.keys = [self.credentials.key(number, 1) for number in range(len(plan.clusters))]
        """What each cluster publishes with: a process that starts is given it."""
        self.leases = [Lease() for _ in plan.clusters]
        self.disks: dict[int, KeptState] = {}
        self.statements = [Statements() for _ in plan.clusters]
        self.sightings: dict[Origin, list[Sighting]] = {}
        self.said: list[tuple[Instant, int, BridgeEffect]] = []
        """What bridges concluded, but for adoptions, in the order of time."""
        self.listeners: list[Callable[[int, BridgeEffect], None]] = []
        """Who is told, at once, of all that the bridge at a place says; it changes nothing there
        but may take the view's diff."""
        self.first_sets = [self._first_set(number) for number in range(len(plan.clusters))]
        self.world = World(
            WorldConfig(
                seed=config.seed,
                members=len(self.places),
                clusters=len(present),
                network=config.network,
                seeds=(),
            ),
            self._make,
        )

    # --- who is there -------------------------------------------------------------------

    def bridge(self, place: int) -> Bridge:
        """Return the bridge that runs at a place."""
        return self.machine(place).member.bridge

    def machine(self, place: int) -> BridgeMachine:
        """Return the machine that runs at a place."""
        machine = self.world.machine(place)
        assert isinstance(machine, BridgeMachine)
        return machine

    def origin(self, cluster: int) -> Origin:
        """Return a cluster's name."""
        return self.config.plan.clusters[cluster].name

    def bridges_of(self, cluster: int) -> list[int]:
        """Return the places of a cluster's bridges that run."""
        return [
            place
            for place, number in enumerate(self.places)
            if number == cluster and self.world.is_up(place)
        ]

    def running(self) -> list[int]:
        """Return all places where a bridge runs."""
        return [place for place in self.world.members if self.world.is_up(place)]

    def publisher_of(self, cluster: int) -> int | None:
        """Return the place of the bridge that has the cluster's lease."""
        return self.leases[cluster].holder

    # --- how it begins ------------------------------------------------------------------

    def _exports(self, plan: ClusterPlan) -> Exports:
        places = [place for place, number in enumerate(self.places) if number == plan.number]
        hosts = [Host(place, plan.name, MemberClock(0)).node for place in places]
        return Exports(plan, generator(self.config.seed, "exports", plan.number), hosts)

    def _first_set(self, number: int) -> KeptSet:
        records = RecordSet.of(self.exports[number].records())
        return KeptSet(self.credentials.sign(number, records, epoch=1), records)

    def _make(self, context: MemberContext) -> Machine:
        cluster = self.places[context.index]
        plan, publishing = self.config.plan.clusters[cluster], self.keys[cluster]
        own_keys = {publishing.generation: publishing.signer.public}
        trust = TrustBook(plan.name, own_keys, self.keyring, plan.uid)
        signer = KeyringSigner(self.keyring, PublicKey(context.identity.member))
        bridge = Bridge(
            Agent(context.identity, signer),
            trust,
            self.config.config,
            now=context.now,
            rng=context.rng,
            publisher=Publisher(
                plan.name, plan.uid, publishing, self.config.publisher, context.now
            ),
        )
        detector = FailureDetector(
            context.certificate,
            DetectorConfig.wan(),
            authority=context.authority,
            now=context.now,
            rng=context.rng,
        )
        return BridgeMachine(context.index, WanMember(detector, bridge), self._on_said)

    def warm(
        self,
        quiet: Duration = 12 * SECOND,
        *,
        places: Sequence[int] | None = None,
        states: Mapping[int, KeptState] | None = None,
    ) -> None:
        """Start bridges so that they know each other and hold everything, and let them rest.

        All of them, or those at `places`; who is in `states` holds what is there instead.
        """
        chosen = self.world.members if places is None else places
        for place in chosen:
            self.world.start(place)
        self.world.run_until(self.world.now)
        self.world.acquaint()
        for place in chosen:
            self.world.deliver(place, self._seeds())
            self._open_eyes(place)
        # One origin after the other: bridges that read equal records soon after each other read
        # them once.
        for kept in self.first_sets:
            whole = StateRestored(KeptState(sets=(kept,)))
            for place in chosen:
                if states is None or place not in states:
                    self.tell(place, whole)
        for place in chosen:
            if states is not None and place in states:
                self.tell(place, StateRestored(states[place]))
            self._begin(place)
        self.run(quiet)

    def enter(self, place: int, state: KeptState | None = None) -> None:
        """Start a bridge that knows nothing but addresses of the first ones, and what it kept."""
        self.world.start(place)
        self.world.deliver(place, self._seeds())
        self.awake(place, state)

    def revive(self, place: int, disks: Mapping[int, KeptState] | None = None) -> None:
        """Start a new process in the place of an old one, with what stands on its disk.

        Other disks than the stage's own may be given; one that is not among them is empty.
        """
        state = (self.disks if disks is None else disks).get(place)
        if state is None:
            self.enter(place)
            return
        self.world.restart(place)
        self.world.deliver(place, self._seeds())
        self.awake(place, state)

    def _seeds(self) -> SeedsResolved:
        known = self.world.members[:SEEDS]
        return SeedsResolved(tuple(map(self.world.address, known)))

    def awake(self, place: int, state: KeptState | None = None) -> None:
        """Tell a bridge that has just started all that its node and its cluster tell it."""
        self._open_eyes(place)
        if state is not None:
            self.tell(place, StateRestored(state))
        self._begin(place)

    def _open_eyes(self, place: int) -> None:
        """Tell a bridge whom to trust, and what time it is."""
        for event in self._trust_of(self.places[place]):
            self.tell(place, event)
        self.tell(place, WallClockRead(wall_ms(self.world.now)))

    def _begin(self, place: int) -> None:
        """Tell a bridge what its cluster exports, and let it seek the lease."""
        desired = self.desired(self.places[place])
        self.tell(place, publisher_events.DesiredChanged(desired))
        self._seek_lease(place)

    def _trust_of(self, viewer: int) -> Iterable[ObjectApplied]:
        if self.config.certified:
            yield ObjectApplied(self.credentials.fleet_object())
            return
        for other in range(len(self.config.plan.clusters)):
            granted = None if other == viewer else self.config.trusts(viewer, other)
            if granted is not None:
                yield ObjectApplied(self.credentials.trust_object(other, granted))

    # --- what clusters do ---------------------------------------------------------------

    def tell(self, place: int, event: BridgeEvent) -> None:
        """Tell a bridge something that its own cluster knows."""
        self.world.deliver(place, told(event))

    def desired(self, cluster: int) -> Desired:
        """Return everything that a cluster exports now."""
        exports = self.exports[cluster]
        return Desired.of(map(exports.exported, exports.services), self._said_by(cluster))

    def _said_by(self, cluster: int) -> Statements:
        return Statements(
            cluster=self.exports[cluster].cluster(),
            drains=self.statements[cluster].drains,
            acks=self.statements[cluster].acks,
        )

    def export(self, cluster: int, *services: ServiceName) -> None:
        """Let the sources of a cluster say what these services export now."""
        for place in self.bridges_of(cluster):
            for service in services:
                change = publisher_events.ExportChanged(self.exports[cluster].exported(service))
                self.tell(place, change)

    def state(self, cluster: int, statements: Statements) -> None:
        """Let a cluster say something beside its exports: a drain, an acknowledgement."""
        self.statements[cluster] = statements
        for place in self.bridges_of(cluster):
            self.tell(place, publisher_events.StatementsChanged(self._said_by(cluster)))

    # --- the lease ----------------------------------------------------------------------

    def _seek_lease(self, place: int) -> None:
        """Take or renew the lease, if it can be had, and come back."""
        if not self.world.is_up(place):
            return
        process = self.world.member_id(place)
        lease, now = self.leases[self.places[place]], self.world.now
        had = lease.is_held_by(place, process) and now < lease.until
        if lease.take(place, now, process):
            until = self.world.local_time(place) + lease.until - now
            renewed = publisher_events.LeaseRenewed(until)
            news = renewed if had else publisher_events.LeaseAcquired(lease.epoch, until)
            self.tell(place, news)
        self.world.at(now + RENEWAL, partial(self._seek_again, place, process))

    def _seek_again(self, place: int, process: bytes) -> None:
        if self.world.is_up(place) and self.world.member_id(place) == process:
            self._seek_lease(place)

    def _propose(self, place: int, epoch: int) -> None:
        lease = self.leases[self.places[place]]
        if lease.write_epoch(place, epoch, self.world.now):
            self.tell(place, publisher_events.EpochConfirmed(epoch))
        elif lease.is_served:
            self.tell(place, publisher_events.LeaseLost())

    # --- what bridges say ---------------------------------------------------------------

    def _on_said(self, machine: BridgeMachine, fact: BridgeEffect) -> None:
        world, place = self.world, machine.index
        for listener in self.listeners:
            listener(place, fact)
        match fact:
            case SetAdopted(manifest, _, _):
                sighting = Sighting(place, manifest.order, world.now)
                self.sightings.setdefault(manifest.origin, []).append(sighting)
                self._save(machine)
                return
            case SetQuestioned() | SetExcluded():  # Else a restart would begin anew what this ends.
                self._save(machine)
            case publisher_events.EpochProposed(epoch):
                world.at(world.now + ROUND_TRIP, partial(self._propose, place, epoch))
            case publisher_events.FreshListWanted(request):
                world.at(world.now + ROUND_TRIP, partial(self._list, place, request))
            case verdict_events.ReportToBridges(report):
                member = world.member_id(place)
                heard = verdict_events.PeerReport(member, report)
                world.at(world.now + LAN, partial(self._tell_sisters, place, heard))
            case _:
                pass
        self.said.append((world.now, place, fact))

    def _save(self, machine: BridgeMachine) -> None:
        self.disks[machine.index] = machine.member.bridge.kept(wall_ms(self.world.now))

    def _tell_sisters(self, place: int, event: BridgeEvent) -> None:
        for sister in self.bridges_of(self.places[place]):
            if sister != place:
                self.tell(sister, event)

    def _list(self, place: int, request: int) -> None:
        if self.leases[self.places[place]].is_served:
            desired = self.desired(self.places[place])
            self.tell(place, publisher_events.DesiredChanged(desired))
            self.tell(place, publisher_events.ListConfirmed(request))

    # --- time ---------------------------------------------------------------------------

    def run(self, lasting: Duration) -> None:
        """Let so much time pass (us)."""
        self.world.run_until(self.world.now + lasting)

    def run_until(self, predicate: Callable[[], bool], limit: Duration) -> bool:
        """Let time pass until something holds; False where it does not within `limit` (us)."""
        return self.world.run_until_true(predicate, self.world.now + limit)
