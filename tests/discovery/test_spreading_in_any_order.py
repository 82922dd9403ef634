"""Whatever is lost, late, repeated or cut: once all hear each other again, all hold the same."""

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery.config import ReplicatorConfig
from discovery.names import Origin
from discovery.recordset import EMPTY, RecordSet
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import MemberDied, MemberReturned
from tests.discovery.circle import Circle, circle_of
from tests.discovery.lone import Signed, member_of, signed, some_records

COUNT = 4
SMALL = ReplicatorConfig(
    room=4_096, room_min=4_096, frame_bytes=16_384, back_off_max=2 * SECOND, timeout=4 * SECOND
)
"""So little room that a set of a hundred records comes in several parts."""

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.integers(0, COUNT - 1), st.integers(0, 120)),
        st.tuples(st.just("cut"), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
        st.tuples(st.just("join"), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
        st.tuples(st.just("dies"), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
        st.tuples(st.just("returns"), st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)),
        st.tuples(st.just("wait"), st.integers(0, 4_000), st.just(0)),
        st.tuples(st.just("probe"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


class Publishers:
    """What each of them has published: the owner of `cN` is number N."""

    def __init__(self) -> None:
        self.latest: dict[int, Signed] = {}

    def next(self, who: int, amount: int) -> Signed:
        """The next version: a few records changed, or another number of them."""
        old = self.latest.get(who)
        version = 1 if old is None else old.manifest.body.version + 1
        records = EMPTY if old is None else old.records
        if amount % 3:
            records = records.updated({b"endpoints/shop/s/%d" % amount: b"v%d" % version})
        else:
            records = RecordSet.of(some_records(amount, 100, version))
        self.latest[who] = signed(records, f"c{who}", version)
        return self.latest[who]


def perform(circle: Circle, publishers: Publishers, step: tuple[str, int, int]) -> None:
    match step:
        case ("publish", who, amount):
            circle.publish(who, publishers.next(who, amount))
        case ("cut", here, there):
            circle.cut.add((here, there))
        case ("join", here, there):
            circle.cut -= {(here, there), (there, here)}
        case ("dies", here, there) if here != there:
            circle.tell(here, MemberDied(member_of(there), 1, ()))
        case ("returns", here, there) if here != there:
            circle.tell(here, MemberReturned(member_of(there), 2))
        case ("wait", milliseconds, _):
            circle.wait(milliseconds * MILLISECOND)
        case ("probe", _, _):
            circle.probe()
        case _:
            pass


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.integers(0, 1 << 32), st.sampled_from([0.0, 0.2, 0.6]))
def test_after_any_trouble_all_come_to_hold_the_same_and_fall_silent(
    steps: list[tuple[str, int, int]], seed: int, loss: float
) -> None:
    rng = Random(seed)
    circle = circle_of(COUNT, *(f"c{at}" for at in range(COUNT)), config=SMALL)
    circle.delay = lambda _from, _to: int(rng.random() * 300) * MILLISECOND
    circle.is_lost = lambda _from, _to: rng.random() < loss
    circle.is_repeated = lambda _from, _to: rng.random() < 0.3
    publishers = Publishers()
    for step in steps:
        perform(circle, publishers, step)
    for here in range(COUNT):
        for there in range(COUNT):
            if here != there:
                circle.tell(here, MemberReturned(member_of(there), 3))
    circle.heal(25)
    assert circle.agree()
    for who, latest in publishers.latest.items():
        for each in circle.replicators:
            held = each.catalog.get(Origin(f"c{who}"))
            assert held is not None
            assert held.manifest == latest.manifest
            assert held.records == latest.records
    circle.wait(10 * SECOND)
    before = circle.traffic.copy()
    circle.heal(5)
    assert circle.traffic == before
    assert all(each.statistics().wants == 0 for each in circle.replicators)
    assert all(each.statistics().staged_bytes == 0 for each in circle.replicators)


@given(st.integers(0, 1 << 32))
def test_any_partition_heals(seed: int) -> None:
    rng = Random(seed)
    circle = circle_of(COUNT, *(f"c{at}" for at in range(COUNT)), config=SMALL)
    publishers = Publishers()
    sides = [rng.random() < 0.5 for _ in range(COUNT)]
    circle.cut = {(a, b) for a in range(COUNT) for b in range(a) if sides[a] != sides[b]}
    for _ in range(6):
        circle.publish(
            who := int(rng.random() * COUNT), publishers.next(who, int(rng.random() * 90))
        )
        circle.wait(SECOND)
        circle.probe()
    circle.heal(20)
    assert circle.agree()
