"""Several processes, one Lease, crashes at any instant, clocks that jump: no contradiction."""

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from discovery.exports import Desired
from discovery.guard_rules import GuardConfig
from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.manifest import IntentKind, Manifest
from discovery.publisher import Publisher
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import (
    DesiredChanged,
    Effect,
    EpochConfirmed,
    EpochProposed,
    Event,
    ExportRemoved,
    FreshListWanted,
    IntentDeclared,
    KeyRotated,
    LeaseAcquired,
    LeaseLost,
    LeaseRenewed,
    ListConfirmed,
    ManifestSeen,
    Published,
    SetSeen,
)
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, SECOND
from tests.discovery.newsroom import ALPHA, UID, WALL, key
from tests.discovery.published import API, WEB, canonical, desired_states, read, state

TERM = 10 * SECOND


@dataclass
class Lease:
    """The object at the API server: updates are conditional on the revision that was read."""

    epoch: int = 0
    revision: int = 0


@dataclass
class Process:
    """One process of a slot, from its start to its crash."""

    publisher: Publisher
    offset_ms: int
    generation: int
    revision: int = -1
    """Of the Lease, when this process last wrote it."""
    proposed: list[int] = field(default_factory=list)
    lists: list[int] = field(default_factory=list)
    signed: list[Manifest] = field(default_factory=list)
    unsent: list[Published] = field(default_factory=list)
    highest_seen: Manifest | None = None


@dataclass
class World:
    """Three slots for processes, one Lease, and what the peers and each disk hold."""

    config: PublisherConfig = field(default_factory=PublisherConfig)
    now: int = 0
    generation: int = 1
    lease: Lease = field(default_factory=Lease)
    peers: Published | None = None
    slots: list[Process | None] = field(default_factory=lambda: [None, None, None])
    disks: list[Published | None] = field(default_factory=lambda: [None, None, None])
    bodies: dict[tuple[int, int, int], bytes] = field(default_factory=dict)
    epochs: dict[int, int] = field(default_factory=dict)
    clocks: list[int] = field(default_factory=lambda: [0, 0, 0])

    def tell(self, slot: int, event: Event) -> None:
        process = self.slots[slot]
        if process is not None:
            self.perform(process, process.publisher.handle(event, self.local(slot)))

    def local(self, slot: int) -> int:
        return self.now + slot * 1_000 * SECOND

    def perform(self, process: Process, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case EpochProposed(epoch):
                    process.proposed.append(epoch)
                case FreshListWanted(request, _):
                    process.lists.append(request)
                case Published(manifest, records):
                    self.check(process, manifest)
                    assert records.root == manifest.body.root
                    process.unsent.append(effect)
                case _:
                    pass
        process.publisher.check_invariants()

    def check(self, process: Process, manifest: Manifest) -> None:
        number = manifest.order[:3]
        assert self.bodies.setdefault(number, manifest.signed) == manifest.signed
        assert self.epochs.setdefault(number[1], id(process)) == id(process)
        seen = process.highest_seen
        assert seen is None or manifest.order > seen.order
        process.signed.append(manifest)
        assert all(a.order < b.order for a, b in pairwise(process.signed[-2:]))

    # --- what can happen ----------------------------------------------------------------

    def start(self, slot: int, choice: int) -> None:
        self.slots[slot] = process = Process(
            Publisher(ALPHA, UID, key(self.generation), self.config, self.local(slot)),
            self.clocks[slot],
            self.generation,
        )
        self.keep.append(process)
        self.read_wall(slot)
        if choice & 1 and (disk := self.disks[slot]) is not None:
            self.show(slot, disk)
        if choice & 2:
            self.see(slot, choice)

    keep: list[Process] = field(default_factory=list)
    """All that ever ran, so that no two have one identity."""

    def crash(self, slot: int, _: int) -> None:
        self.slots[slot] = None

    def read_wall(self, slot: int, _: int = 0) -> None:
        self.tell(slot, WallClockRead(WALL + self.now // MILLISECOND + self.clocks[slot]))

    def jump(self, slot: int, choice: int) -> None:
        self.clocks[slot] += (choice - 50) * 600_000
        self.read_wall(slot)

    def acquire(self, slot: int, _: int) -> None:
        process = self.slots[slot]
        if process is not None:
            self.lease.revision += 1
            process.revision = self.lease.revision
            process.proposed.clear()
            self.tell(slot, LeaseAcquired(self.lease.epoch, self.local(slot) + TERM))

    def renew(self, slot: int, _: int) -> None:
        process = self.slots[slot]
        if process is None:
            return
        if process.revision == self.lease.revision:
            self.lease.revision += 1
            process.revision = self.lease.revision
            self.tell(slot, LeaseRenewed(self.local(slot) + TERM))
        else:
            self.tell(slot, LeaseLost())

    def write_epoch(self, slot: int, choice: int) -> None:
        process = self.slots[slot]
        if process is None or not process.proposed:
            return
        epoch = process.proposed.pop()
        process.proposed.clear()
        if process.revision != self.lease.revision:
            self.tell(slot, LeaseLost())
            return
        assert epoch > self.lease.epoch
        self.lease.epoch = epoch
        self.lease.revision += 1
        process.revision = self.lease.revision
        if choice % 10 == 0:
            self.crash(slot, 0)  # The answer to the write never came.
        else:
            self.tell(slot, EpochConfirmed(epoch))

    def show(self, slot: int, found: Published) -> None:
        process = self.slots[slot]
        if process is not None:
            seen = process.highest_seen
            if seen is None or found.manifest.order > seen.order:
                process.highest_seen = found.manifest
            self.tell(slot, SetSeen(found.manifest, found.records))

    def see(self, slot: int, choice: int) -> None:
        process = self.slots[slot]
        if self.peers is None or process is None:
            return
        if choice % 5:
            self.show(slot, self.peers)
        else:
            self.tell(slot, ManifestSeen(self.peers.manifest))

    def send(self, slot: int, choice: int) -> None:
        process = self.slots[slot]
        if process is None:
            return
        for each in process.unsent:
            if choice & 1 and (
                self.peers is None or each.manifest.order > self.peers.manifest.order
            ):
                self.peers = each
            if choice & 2:
                self.disks[slot] = each
        process.unsent.clear()

    def rotate(self, slot: int, choice: int) -> None:
        process = self.slots[slot]
        if process is not None:
            self.generation += choice % 7 == 0
            self.tell(slot, KeyRotated(key(self.generation)))

    def confirm_list(self, slot: int, _: int) -> None:
        process = self.slots[slot]
        if process is not None and process.lists:
            self.tell(slot, ListConfirmed(process.lists[-1]))

    def mean(self, slot: int, choice: int) -> None:
        self.tell(slot, IntentDeclared(IntentKind.SCALE_DOWN, WEB, choice))
        self.tell(slot, ExportRemoved(WEB))

    def isolate(self, slot: int, choice: int) -> None:
        self.tell(slot, CutOffPresumed(2, 3) if choice & 1 else CutOffEnded())

    def wait(self, _: int, choice: int) -> None:
        self.now += choice * choice * 10 * MILLISECOND
        for slot, process in enumerate(self.slots):
            if process is not None:
                done = process.publisher.advance(self.local(slot))
                self.perform(process, done)
                assert process.publisher.deadline > self.local(slot)


STATES = [
    state({}),
    state({WEB: range(20)}),
    state({WEB: range(10, 40), API: range(3)}),
    state({API: range(50, 60)}),
]


def want(world: World, slot: int, choice: int) -> None:
    world.tell(slot, DesiredChanged(STATES[choice % len(STATES)]))


def take_over(world: World, slot: int, choice: int) -> None:
    """Start where there is nobody, and go all the way to a publication."""
    if world.slots[slot] is None:
        world.start(slot, choice)
    world.acquire(slot, choice)
    world.write_epoch(slot, choice)
    want(world, slot, choice)


RARE = (
    World.start,
    World.crash,
    World.jump,
    World.rotate,
    World.acquire,
    World.confirm_list,
    World.mean,
    World.isolate,
)
OFTEN = (World.see, World.send, World.wait, World.renew, World.write_epoch, want, take_over)
ACTIONS = (*RARE, *OFTEN, *OFTEN)
STORY = st.lists(
    st.tuples(st.sampled_from(range(len(ACTIONS))), st.integers(0, 2), st.integers(0, 100)),
    min_size=20,
    max_size=80,
)


@given(STORY)
def test_no_two_bodies_share_a_number_and_no_process_goes_back(
    story: list[tuple[int, int, int]],
) -> None:
    world = World()
    for action, slot, choice in story:
        ACTIONS[action](world, slot, choice)
    settle(world)


def settle(world: World) -> None:
    """Whatever happened: who has the lease at last, and knows what peers hold, is heard by all."""
    world.start(0, 3)
    process = world.slots[0]
    assert process is not None
    wanted = Desired.of([])
    world.acquire(0, 1)
    world.tell(0, DesiredChanged(wanted))
    world.write_epoch(0, 1)
    if world.peers is not None:
        world.show(0, world.peers)
    world.confirm_list(0, 1)
    world.now += SECOND
    world.perform(process, process.publisher.advance(world.local(0)))
    world.write_epoch(0, 1)
    world.confirm_list(0, 1)
    before = world.peers
    world.send(0, 1)
    assert world.peers is not None
    assert before is None or world.peers.manifest.order > before.manifest.order
    assert world.peers.manifest is process.signed[-1]
    assert read(world.peers.records) == canonical(wanted)


@given(st.lists(desired_states(), min_size=1, max_size=6))
def test_who_takes_over_after_each_version_packs_as_one_that_never_crashed(
    states: list[Desired],
) -> None:
    # Without a guard: what it holds, and for how long, is each process's own.
    config = PublisherConfig(guard=GuardConfig(least=1 << 50))
    stayed, moved = World(config), World(config)
    stayed.start(0, 0)
    stayed.acquire(0, 0)
    for slot, desired in enumerate(states):
        for world, at in ((stayed, 0), (moved, slot % 3)):
            if world is moved:
                world.crash((slot - 1) % 3, 0)
                world.start(at, 2)
                if world.peers is not None:
                    world.show(at, world.peers)
                world.acquire(at, 0)
            world.renew(at, 0)
            world.tell(at, DesiredChanged(desired))
            world.write_epoch(at, 1)
            world.confirm_list(at, 0)
            world.wait(at, 10)
            world.send(at, 1)
            world.now += SECOND
    assert stayed.peers is not None
    assert moved.peers is not None
    assert read(stayed.peers.records) == canonical(states[-1]) == read(moved.peers.records)
    assert stayed.peers.manifest.body.root == moved.peers.manifest.body.root
