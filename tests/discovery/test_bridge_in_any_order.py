"""Whatever happens in whatever order: nothing is raised, all parts agree, and time goes on."""

from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from discovery.bridge_events import Event, LanFact, PoliciesListed
from discovery.exports import Desired
from discovery.isolation import HeartbeatSeen, HeartbeatStopped
from discovery.keys import DRAIN_KEY, endpoints_key
from discovery.manifest import Intent, IntentKind, Manifest
from discovery.messages import Item
from discovery.names import Origin
from discovery.publisher_events import (
    DepartureRequested,
    DesiredChanged,
    EpochConfirmed,
    EpochProposed,
    ExportRemoved,
    IntentDeclared,
    LeaseAcquired,
    LeaseLost,
    LeaseRenewed,
    ListConfirmed,
)
from discovery.records import DrainRecord, encode_drain
from discovery.recordset import RecordSet
from discovery.state import KeptState, read_state, write_state
from discovery.trust_events import ObjectApplied, OwnKeysChanged
from discovery.verdict_events import DataPathReported, OwnBridgeGone
from discovery.wall_time import WallClockRead
from failure_detect.clock import MINUTE, SECOND
from failure_detect.events import (
    BroadcastReceived,
    FingerprintSeen,
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    NodeAnswered,
    NodeDeleted,
    NodeSilent,
    ReachabilityChanged,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
)
from failure_detect.identity import MemberId, NodeName
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    RING,
    START,
    WALL,
    WEB,
    WEST,
    Bridgehead,
    distrusted,
    identity,
    manifest_of,
    member,
    overlay_of,
    pods,
    revocations,
    trusted,
    trusted_fleet,
)
from tests.discovery.published import exported
from tests.discovery.strategies import HOSTILE_BYTES

ORIGINS = st.sampled_from([EAST, WEST, HOME])
NUMBERS = st.integers(0, 2)
IDS = st.builds(member, ORIGINS, NUMBERS)
ALL_NODES = [NodeName(f"node-{number}") for number in range(16)]
NODES = st.sampled_from(ALL_NODES)

MEMBERSHIP: SearchStrategy[Event] = st.one_of(
    st.builds(MemberJoined, st.builds(identity, ORIGINS, NUMBERS), NUMBERS),
    st.builds(MemberDied, IDS, NUMBERS, st.just(())),
    st.builds(MemberReturned, IDS, NUMBERS),
    st.builds(MemberLeft, IDS),
    st.builds(MemberRetired, IDS, IDS),
    st.builds(ReachabilityChanged, IDS, st.booleans()),
)
LAN: SearchStrategy[Event] = st.one_of(
    st.builds(NodeSilent, NODES),
    st.builds(NodeAnswered, NODES),
    st.builds(NodeDeleted, NODES),
    st.builds(HeartbeatStopped, NODES),
    st.builds(HeartbeatSeen, NODES),
    st.builds(MemberJoined, st.builds(identity, st.just(HOME), st.integers(0, 4)), NUMBERS),
    st.builds(MemberDied, st.builds(member, st.just(HOME), NUMBERS), NUMBERS, st.just(())),
).map(LanFact)
TRUST: SearchStrategy[Event] = st.one_of(
    st.builds(
        trusted,
        st.sampled_from([EAST, WEST]),
        generations=st.sampled_from([(1,), (1, 2), (2,)]),
        not_after_ms=st.sampled_from([0, WALL + 30_000]),
    ),
    st.builds(distrusted, st.sampled_from([EAST, WEST])),
    st.just(trusted_fleet("east", "west")),
    st.just(ObjectApplied({"kind": "Nonsense"})),
    st.just(OwnKeysChanged({1: RING.public(f"{HOME}/1"), 2: RING.public(f"{HOME}/2")})),
    st.builds(WallClockRead, st.sampled_from([WALL - 1, WALL, WALL + 60_000])),
)
PUBLISHING: SearchStrategy[Event] = st.one_of(
    st.builds(LeaseAcquired, NUMBERS, st.integers(START, START + 90 * MINUTE)),
    st.builds(LeaseRenewed, st.integers(START, START + 90 * MINUTE)),
    st.just(LeaseLost()),
    st.builds(EpochConfirmed, st.integers(WALL, WALL + 3)),
    st.integers(0, 30).map(lambda n: DesiredChanged(Desired.of([exported(WEB, range(n))]))),
    st.just(ExportRemoved(WEB)),
    st.just(IntentDeclared(IntentKind.SCALE_DOWN)),
    st.builds(ListConfirmed, NUMBERS),
    st.just(DepartureRequested()),
)
WITNESSED: SearchStrategy[Event] = st.one_of(
    st.builds(IsolationChanged, st.booleans()),
    st.builds(DataPathReported, ORIGINS, st.booleans()),
    st.builds(OwnBridgeGone, IDS),
    st.just(PoliciesListed(({"kind": "Nonsense"},))),
)
WIRE: SearchStrategy[Event] = st.one_of(
    st.builds(BroadcastReceived, IDS, st.just(b"key"), HOSTILE_BYTES),
    st.builds(FingerprintSeen, IDS, st.binary(max_size=8)),
    st.builds(RequestReceived, NUMBERS, IDS, HOSTILE_BYTES),
    st.builds(ResponseReceived, NUMBERS, IDS, HOSTILE_BYTES),
    st.builds(RequestFailed, NUMBERS),
)


@dataclass(frozen=True)
class SetHeard:
    """A set that its cluster tells."""

    manifest: Manifest
    records: RecordSet


@dataclass(frozen=True)
class ItemHeard:
    """An item that some bridge passes on."""

    item: Item
    sender: MemberId


@dataclass(frozen=True)
class Restarted:
    """It is given what it keeps, as it would be written and read."""


@dataclass(frozen=True)
class Slept:
    """Nothing was done in time for so long (us)."""

    duration: int


Step: TypeAlias = Event | int | Slept | SetHeard | ItemHeard | Restarted


@st.composite
def sets(draw: st.DrawFn) -> SetHeard:
    count = draw(st.sampled_from([0, 2, 12, 20, 30]))
    records = pods(range(count), ready=draw(st.booleans())) if count else {}
    if draw(st.integers(0, 4)) == 4:
        records[endpoints_key(WEB, 0)] = b"\xc1"
    if draw(st.booleans()):
        records[DRAIN_KEY] = encode_drain(DrainRecord(drain="d", started_at_ms=0))
    packed = RecordSet.of(records)
    manifest = manifest_of(
        draw(st.sampled_from([EAST, EAST, WEST, HOME])),
        packed,
        draw(st.integers(1, 4)),
        generation=draw(st.sampled_from([1, 1, 1, 2])),
        epoch=draw(st.integers(1, 2)),
        departs=not records and draw(st.booleans()),
        intents=draw(st.sampled_from([(), (Intent(1, 1, IntentKind.SCALE_DOWN, ""),)])),
    )
    return SetHeard(manifest, packed)


@st.composite
def overlays(draw: st.DrawFn) -> ItemHeard:
    down = draw(st.one_of(st.lists(NODES, max_size=3, unique=True), st.just(ALL_NODES)))
    overlay = overlay_of(draw(ORIGINS), draw(NUMBERS), *down, serial=draw(st.integers(1, 3)))
    item = Item(overlay.item_key, overlay.raw, draw(st.integers(0, 40 * SECOND)))
    return ItemHeard(item, draw(IDS))


@st.composite
def lists(draw: st.DrawFn) -> ItemHeard:
    revoked = draw(st.lists(st.sampled_from(["east/1", "west/1", "home/1"]), unique=True))
    return ItemHeard(revocations(draw(st.integers(1, 2)), *revoked), draw(IDS))


WAITS = st.sampled_from([1, SECOND, 30 * SECOND, 2 * MINUTE])
SLEEPS = st.builds(Slept, st.sampled_from([MINUTE, 10 * MINUTE, 26 * 60 * MINUTE]))
KINDS: list[SearchStrategy[Step]] = [
    *[sets()] * 4,
    *[overlays(), MEMBERSHIP, LAN, WAITS] * 2,
    *[TRUST, PUBLISHING, WITNESSED, WIRE, lists(), SLEEPS, st.just(Restarted())],
]


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Of each kind of step as many as it has places in the list: most are sets."""
    kinds = draw(st.lists(st.integers(0, len(KINDS) - 1), min_size=3, max_size=20))
    return [draw(KINDS[kind]) for kind in kinds]


def play(made: Bridgehead, step: Step) -> None:
    match step:
        case int():
            made.wait(step)
        case Slept(duration):
            made.now += duration
            made.wait(0)
        case SetHeard(manifest, records):
            made.hear(manifest.origin, manifest, records)
        case ItemHeard(item, sender):
            made.pass_on(item, sender)
        case Restarted():
            made.restore(read_state(b"".join(write_state(made.kept()))))
        case _:
            proposed = [each for each in made.tell(step) if isinstance(each, EpochProposed)]
            made.tell(*(EpochConfirmed(each.epoch) for each in proposed))


def met(*, publishes: bool) -> Bridgehead:
    """A bridge that has met one of each cluster."""
    made = Bridgehead(publishes=publishes)
    made.tell(*(MemberJoined(identity(*at), 0) for at in ((EAST, 0), (WEST, 0), (HOME, 1))))
    return made


def check_agreement(made: Bridgehead) -> None:
    """What the view shows is what verdicts, guard and overlays say."""
    bridge = made.bridge
    explained = bridge.view.explain(WEB)
    for each in explained.origins:
        standing = bridge.verdicts.standing(each.origin)
        assert each.origin == HOME or standing is None or each.standing == standing
    for origin in (EAST, WEST):
        held = bridge.guard.held(origin).get(WEB, ())
        rows = [row for row in explained.endpoints if row.origin == origin]
        assert sum(row.number is None for row in rows) == len(held)
        standing = bridge.verdicts.standing(origin)
        assert standing is None or standing.verdict.serves or not held
        down = bridge.nodes.nodes_down(origin)
        for row in rows:
            assert row.reason.value != "node-down" or row.node in down
        if bridge.catalog.get(origin) is None:
            assert not rows


@given(histories(), st.booleans())
def test_any_history_leaves_a_bridge_whose_parts_agree(
    history: list[Step],
    publishes: bool,  # Hypothesis gives arguments by place.
) -> None:
    made = met(publishes=publishes)
    for step in history:
        play(made, step)
        check_agreement(made)
    made.wait(MINUTE)
    check_agreement(made)


@given(histories())
def test_whatever_happened_the_next_process_begins_with_what_is_believed_now(
    history: list[Step],
) -> None:
    made = met(publishes=False)
    for step in history:
        play(made, step)
    state = made.kept()
    assert read_state(b"".join(write_state(state))) == state
    play(made, Restarted())
    assert _without_silence(made.kept()) == _without_silence(state)


def _without_silence(state: KeptState) -> dict[Origin, object]:
    return {each.manifest.origin: (each.manifest, each.records) for each in state.sets}


@given(histories())
def test_equal_histories_give_equal_effects(history: list[Step]) -> None:
    one, two = met(publishes=True), met(publishes=True)
    for step in history:
        play(one, step)
        play(two, step)
        assert one.bridge.deadline == two.bridge.deadline
    assert one.wait(MINUTE) == two.wait(MINUTE)
    assert one.kept() == two.kept()
