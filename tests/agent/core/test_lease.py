"""One of all who want it has the Lease, by its own clock, and its epoch stands in it first."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.lease import EPOCH, Lease, LeaseConfig
from agent.core.lease_events import (
    AskHolder,
    ClockShown,
    Effect,
    EpochWanted,
    Event,
    HolderGone,
    LeaseSeen,
    LeaseWanted,
    LeaseWritten,
    WriteLease,
)
from agent.objects import Document, at, text_at
from discovery.publisher_events import EpochConfirmed, LeaseAcquired, LeaseLost, LeaseRenewed
from failure_detect.clock import NEVER, SECOND, Instant

CONFIG = LeaseConfig()


def stored(write: WriteLease, version: int = 1) -> Document:
    document = write.write.document
    metadata = at(document, "metadata")
    assert isinstance(metadata, dict)
    return {**document, "metadata": {**metadata, "resourceVersion": str(version)}}


def only_write(effects: list[Effect]) -> WriteLease:
    writes = [each for each in effects if isinstance(each, WriteLease)]
    assert len(writes) == 1
    return writes[0]


def held(lease: Lease, now: Instant = 0) -> Document:
    lease.handle(LeaseSeen(None), now)
    write = only_write(lease.handle(LeaseWanted(True), now))
    document = stored(write)
    assert lease.handle(LeaseWritten(write.number, document), now) == [
        LeaseAcquired(0, now + CONFIG.duration - CONFIG.margin)
    ]
    return document


def test_nothing_is_written_before_the_object_or_its_absence_was_seen() -> None:
    lease = Lease("a", CONFIG)
    assert lease.handle(LeaseWanted(True), 0) == []
    assert lease.deadline == NEVER
    write = only_write(lease.handle(LeaseSeen(None), 0))
    assert write.write.if_version == ""
    assert text_at(write.write.document, "spec", "holderIdentity") == "a"


def test_the_tenure_counts_from_before_the_update_was_sent() -> None:
    lease = Lease("a", CONFIG)
    lease.handle(LeaseSeen(None), 0)
    write = only_write(lease.handle(LeaseWanted(True), 0))
    effects = lease.handle(LeaseWritten(write.number, stored(write)), 3 * SECOND)
    assert effects == [LeaseAcquired(0, CONFIG.duration - CONFIG.margin)]
    assert lease.holds(3 * SECOND)
    assert not lease.holds(CONFIG.duration - CONFIG.margin)


def test_it_is_renewed_in_time_and_lost_where_that_fails() -> None:
    lease = Lease("a", CONFIG)
    held(lease)
    assert lease.deadline == CONFIG.renew
    write = only_write(lease.advance(CONFIG.renew))
    assert write.write.if_version == "1"
    assert lease.handle(LeaseWritten(write.number, stored(write, 2)), CONFIG.renew) == [
        LeaseRenewed(CONFIG.renew + CONFIG.duration - CONFIG.margin)
    ]
    write = only_write(lease.advance(2 * CONFIG.renew))
    assert lease.handle(LeaseWritten(write.number, None), 2 * CONFIG.renew) == []
    assert lease.deadline == 2 * CONFIG.renew + CONFIG.retry
    lost_at = CONFIG.renew + CONFIG.duration - CONFIG.margin
    assert LeaseLost() in lease.advance(lost_at)
    assert not lease.holds(lost_at)
    assert lease.status().failures == 1


def test_an_epoch_is_confirmed_once_it_stands_in_the_object() -> None:
    lease = Lease("a", CONFIG)
    held(lease)
    write = only_write(lease.handle(EpochWanted(77), SECOND))
    assert at(write.write.document, "metadata", "annotations", EPOCH) == "77"
    assert lease.handle(LeaseWritten(write.number, stored(write, 2)), SECOND) == [
        LeaseRenewed(SECOND + CONFIG.duration - CONFIG.margin),
        EpochConfirmed(77),
    ]
    assert lease.status().epoch == 77
    write = only_write(lease.advance(SECOND + CONFIG.renew))
    assert at(write.write.document, "metadata", "annotations", EPOCH) == "77"


def test_an_epoch_that_failed_is_written_again() -> None:
    lease = Lease("a", CONFIG)
    held(lease)
    write = only_write(lease.handle(EpochWanted(77), SECOND))
    again = only_write(lease.handle(LeaseWritten(write.number, None), SECOND))
    assert at(again.write.document, "metadata", "annotations", EPOCH) == "77"


def test_who_wants_it_waits_from_when_it_saw_the_object_change() -> None:
    first, second = Lease("a", CONFIG), Lease("b", CONFIG)
    document = held(first)
    second.handle(LeaseWanted(True), 0)
    assert second.handle(LeaseSeen(document), 4 * SECOND) == [AskHolder("a")]
    assert second.deadline == 5 * SECOND
    assert second.advance(18 * SECOND) == [AskHolder("a")]
    write = only_write(second.advance(19 * SECOND))
    assert write.write.if_version == "1"
    assert at(write.write.document, "spec", "leaseTransitions") == 2


def test_a_holder_that_has_ended_is_not_waited_for() -> None:
    first, second = Lease("a", CONFIG), Lease("b", CONFIG)
    document = held(first)
    second.handle(LeaseWanted(True), 0)
    second.handle(LeaseSeen(document), SECOND)
    write = only_write(second.handle(HolderGone("a"), 2 * SECOND))
    assert text_at(write.write.document, "spec", "holderIdentity") == "b"


def test_the_word_that_a_holder_has_ended_is_worth_nothing_for_the_next_one() -> None:
    second = Lease("b", CONFIG)
    second.handle(LeaseWanted(True), 0)
    third = held(Lease("c", CONFIG))
    second.handle(LeaseSeen(held(Lease("a", CONFIG))), 0)
    only_write(second.handle(HolderGone("a"), 0))
    lease = Lease("d", CONFIG)
    lease.handle(LeaseSeen(third), 0)
    lease.handle(HolderGone("a"), 0)
    assert lease.handle(LeaseWanted(True), 0) == [AskHolder("c")]


def test_another_in_the_object_ends_it_at_once() -> None:
    lease = Lease("a", CONFIG)
    held(lease)
    other = held(Lease("b", CONFIG))
    metadata = at(other, "metadata")
    assert isinstance(metadata, dict)
    later = {**metadata, "annotations": {"isthmus.dev/renewals": "9"}}
    assert lease.handle(LeaseSeen({**other, "metadata": later}), SECOND) == [
        LeaseLost(),
        AskHolder("b"),
    ]


def test_an_earlier_state_that_a_watch_brings_late_says_nothing() -> None:
    lease = Lease("a", CONFIG)
    before = held(lease)
    write = only_write(lease.advance(CONFIG.renew))
    lease.handle(LeaseWritten(write.number, stored(write, 2)), CONFIG.renew)
    assert lease.handle(LeaseSeen(before), CONFIG.renew) == []
    assert only_write(lease.advance(2 * CONFIG.renew)).write.if_version == "2"


def test_who_wants_it_no_more_gives_it_up() -> None:
    lease = Lease("a", CONFIG)
    held(lease)
    lost, write = lease.handle(LeaseWanted(False), SECOND)
    assert lost == LeaseLost()
    assert isinstance(write, WriteLease)
    assert text_at(write.write.document, "spec", "holderIdentity") == ""
    assert lease.handle(LeaseWritten(write.number, stored(write, 2)), SECOND) == []
    assert not lease.holds(SECOND)
    other = Lease("b", CONFIG)
    other.handle(LeaseWanted(True), SECOND)
    only_write(other.handle(LeaseSeen(stored(write, 2)), SECOND))


def test_an_update_that_nobody_answers_is_given_up() -> None:
    lease = Lease("a", CONFIG)
    lease.handle(LeaseSeen(None), 0)
    write = only_write(lease.handle(LeaseWanted(True), 0))
    assert lease.deadline == CONFIG.duration
    again = only_write(lease.advance(CONFIG.duration))
    assert again.number != write.number
    assert lease.handle(LeaseWritten(write.number, stored(write)), CONFIG.duration) == []


def test_people_read_when_it_was_renewed() -> None:
    lease = Lease("a", CONFIG)
    lease.handle(ClockShown(1_760_000_000_123), 0)
    lease.handle(LeaseSeen(None), 0)
    spec = at(only_write(lease.handle(LeaseWanted(True), 0)).write.document, "spec")
    assert at(spec, "renewTime") == at(spec, "acquireTime") == "2025-10-09T08:53:20.123000Z"


@pytest.mark.parametrize(
    "wrong",
    [{"renew": 8 * SECOND}, {"margin": 10 * SECOND}, {"margin": -1}, {"retry": 0}],
)
def test_times_that_do_not_fit_together_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ExceptionGroup, match="lease"):
        LeaseConfig(**wrong)  # type: ignore[arg-type]  # the texts among its fields are not changed here


# --- nobody holds it beside another -----------------------------------------------------------


@dataclass
class Api:
    """One object with compare-and-swap, whose answers may be lost."""

    document: Document | None = None
    version: int = 0
    epochs: list[int] = field(default_factory=list)

    def write(self, order: WriteLease) -> Document | None:
        known = (
            "" if self.document is None else str(at(self.document, "metadata", "resourceVersion"))
        )
        if order.write.if_version != known:
            return None
        self.version += 1
        self.document = stored(order, self.version)
        return self.document


class Rivals:
    """Three processes that want it: answers lost, watches late, pauses of any length."""

    def __init__(self) -> None:
        self.api, self.now = Api(), 0
        self.leases = [Lease(name, CONFIG) for name in "abc"]
        self.owed: list[list[LeaseWritten]] = [[], [], []]

    def step(self, index: int, what: str, *, lost: bool) -> None:
        lease = self.leases[index]
        for event in self.events(index, what):
            self.perform(index, lease.handle(event, self.now), lost=lost)
        if what == "advance":
            self.perform(index, lease.advance(self.now), lost=lost)

    def events(self, index: int, what: str) -> list[Event]:
        seen, wanted = LeaseSeen(self.api.document), LeaseWanted(True)
        if what == "answers":
            answers, self.owed[index] = self.owed[index], []
            return list(answers)
        if what == "epoch" and self.leases[index].holds(self.now):
            return [EpochWanted(self.api.version + 100)]
        told: dict[str, list[Event]] = {"want": [seen, wanted], "see": [seen]}
        return told.get(what, [LeaseWanted(False)] if what == "yield" else [])

    def perform(self, index: int, effects: list[Effect], *, lost: bool) -> None:
        for effect in effects:
            if isinstance(effect, WriteLease):
                answer = self.api.write(effect)
                if not lost:
                    self.owed[index].append(LeaseWritten(effect.number, answer))
            elif isinstance(effect, EpochConfirmed):
                assert effect.epoch not in self.api.epochs
                self.api.epochs.append(effect.epoch)


@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(["want", "want", "see", "advance", "advance", "answers"])
            | st.sampled_from(["answers", "epoch", "yield"]),
            st.integers(0, 6 * SECOND),
        ),
        max_size=80,
    )
)
def test_there_are_never_two_holders_whatever_is_lost_and_late(
    steps: list[tuple[int, str, int]],
) -> None:
    rivals = Rivals()
    for index, what, pause in steps:
        rivals.now += pause
        rivals.step(index, what, lost=pause % 3 == 0)
        assert sum(each.holds(rivals.now) for each in rivals.leases) <= 1
        for each in rivals.leases:
            each.check_invariants()


def test_the_rivals_do_take_it_from_each_other() -> None:
    """What the property plays is not idle: each of the three had it, and signed."""
    rivals, holders = Rivals(), set[int]()
    for round_ in range(300):
        rivals.now += SECOND
        for index in range(3):
            away = round_ // 100 != index
            for what in ("want", "answers", "epoch", "answers"):
                rivals.step(index, "yield" if away and what == "want" else what, lost=False)
            if rivals.leases[index].holds(rivals.now):
                holders.add(index)
    assert holders == {0, 1, 2}
    assert len(rivals.api.epochs) > 100
