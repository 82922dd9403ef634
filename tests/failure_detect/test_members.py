"""The member list: what its parts say always agrees with the states, whatever the order."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from failure_detect.claims import INCARNATION_MAX
from failure_detect.identity import Address, Identity, MemberId, NodeName, short_id
from failure_detect.members import (
    BUCKETS,
    GONE,
    PROBED,
    Member,
    Membership,
    MemberView,
    Status,
    entry_hash,
)
from failure_detect.rtt import RoundTrip
from tests.failure_detect.strategies import INCARNATIONS


def identity(number: int, group: str = "east", node: int | None = None) -> Identity:
    """A member whose keys sort as the numbers do, in another bucket each."""
    return Identity(
        MemberId(bytes([number]) * 32),
        NodeName(f"node-{number if node is None else node}"),
        1,
        Address(f"m{number}.example:7946"),
        group,
    )


def member(number: int, incarnation: int = 1, group: str = "east") -> Member:
    return Member(identity(number, group), incarnation, b"claim", 100)


def listed(*numbers: int) -> Membership:
    """A list of member 0 and these."""
    members = Membership(member(0))
    for number in numbers:
        members.insert(member(number))
    return members


def found(members: Membership, number: int) -> Member:
    entry = members.get(identity(number).member)
    assert entry is not None
    return entry


# --- one member ------------------------------------------------------------------------------


def test_a_new_record_is_alive_and_reachable() -> None:
    assert member(3).view() == MemberView(identity(3), Status.ALIVE, 1, 100, True, None)


def test_the_second_miss_makes_a_member_unreachable() -> None:
    record = member(3)
    record.misses = 1
    assert record.view().reachable
    record.misses = 2
    assert not record.view().reachable


def test_a_view_shows_the_smoothed_round_trip() -> None:
    record = member(3)
    record.round_trip = RoundTrip(700)
    assert record.view().round_trip == 700


def test_the_numbers_of_states_travel_and_are_settled() -> None:
    assert [(status.name, int(status)) for status in Status] == [
        ("ALIVE", 0),
        ("SUSPECT", 1),
        ("DEAD", 2),
        ("LEFT", 3),
        ("RETIRED", 4),
    ]
    assert set(PROBED) | set(GONE) | {Status.DEAD} == set(Status)


# --- the list --------------------------------------------------------------------------------


def test_a_list_begins_with_oneself() -> None:
    members = Membership(member(0))
    assert len(members) == members.live_count == 1
    assert [each.identity for each in members] == [identity(0)]
    assert members.own is found(members, 0)
    assert members.changed_at == 100
    assert members.live_groups == ["east"]


def test_a_member_is_found_by_its_names() -> None:
    members = listed(1, 2)
    two = found(members, 2)
    assert members.by_short(short_id(two.identity.member)) is two
    assert members.on_node(identity(7, node=2)) is two
    assert members.on_node(identity(2, group="west")) is None
    assert members.get(identity(9).member) is None
    assert members.by_short(short_id(identity(9).member)) is None


def test_a_member_is_entered_once() -> None:
    members = listed(1)
    with pytest.raises(AssertionError, match="known already"):
        members.insert(member(1))


def test_the_ring_is_sorted_and_holds_the_living_and_the_suspect() -> None:
    members = listed(3, 1, 2)
    members.set_status(found(members, 1), Status.SUSPECT, 200)
    members.set_status(found(members, 2), Status.DEAD, 200)
    members.set_status(found(members, 3), Status.LEFT, 200)
    assert members.ring == [identity(0).member, identity(1).member]
    assert members.dead == [identity(2).member]
    assert (members.live_count, members.suspects) == (2, 1)
    assert members.ring_index(identity(1).member) == 1


def test_a_change_of_state_is_dated_and_no_change_is_not() -> None:
    members = listed(1)
    one = found(members, 1)
    members.set_status(one, Status.DEAD, 200)
    members.set_status(one, Status.DEAD, 300)
    assert one.since == 200
    assert members.changed_at == 200


def test_suspicion_changes_no_fingerprint() -> None:
    members = listed(1)
    before, buckets = members.fingerprint, list(members.buckets)
    members.set_status(found(members, 1), Status.SUSPECT, 200)
    assert (members.fingerprint, members.buckets) == (before, buckets)
    assert members.changed_at == 100


def test_death_a_higher_incarnation_and_return_change_the_fingerprint() -> None:
    members = listed(1)
    one = found(members, 1)
    seen = [members.fingerprint]
    members.set_status(one, Status.DEAD, 200)
    seen.append(members.fingerprint)
    members.set_claim(one, 2, b"newer", 300)
    seen.append(members.fingerprint)
    members.set_status(one, Status.ALIVE, 400)
    seen.append(members.fingerprint)
    assert len(set(seen)) == 4
    assert (one.incarnation, one.claim, members.changed_at) == (2, b"newer", 400)


@pytest.mark.parametrize("status", GONE)
def test_who_is_gone_is_no_part_of_the_fingerprint(status: Status) -> None:
    members = listed(1, 2)
    members.set_status(found(members, 2), status, 200)
    assert members.fingerprint == listed(1).fingerprint
    assert members.buckets == listed(1).buckets
    members.set_claim(found(members, 2), 9, b"later", 300)
    assert members.fingerprint == listed(1).fingerprint
    members.remove(found(members, 2))
    assert members.fingerprint == listed(1).fingerprint


def test_a_fingerprint_is_the_sum_of_its_entries() -> None:
    members = listed(1)
    hashes = [entry_hash(identity(number).member, Status.ALIVE, 1) for number in (0, 1)]
    assert members.fingerprint == sum(hashes) % (1 << 64)
    assert members.buckets == [*hashes, *[0] * (BUCKETS - 2)]


def test_an_entry_stands_for_member_state_and_incarnation() -> None:
    key = identity(1).member
    entries = {
        entry_hash(who, status, incarnation)
        for who in (key, identity(2).member)
        for status in (Status.ALIVE, Status.DEAD)
        for incarnation in (0, 1, INCARNATION_MAX)
    }
    assert len(entries) == 12
    assert entry_hash(key, Status.ALIVE, 1) == 6720877600690989137


def test_who_is_forgotten_is_found_no_more() -> None:
    members = listed(1)
    one = found(members, 1)
    members.remove(one)
    assert members.get(one.identity.member) is members.by_short(one.short) is None
    assert members.on_node(one.identity) is None
    assert members.fingerprint == listed().fingerprint


def test_the_successor_on_a_node_outlives_its_predecessor_there() -> None:
    members = listed(1)
    successor = Member(identity(2, node=1), 1, b"claim", 200)
    members.insert(successor)
    members.set_status(found(members, 1), Status.RETIRED, 200)
    members.remove(found(members, 1))
    assert members.on_node(identity(1)) is successor


def test_another_certificate_moves_a_member_to_its_node_and_group() -> None:
    members = listed(1)
    one = found(members, 1)
    moved = replace(identity(1, group="west", node=9), address=Address("new.example:1"))
    before = members.fingerprint
    members.set_identity(one, moved)
    assert one.identity == moved
    assert members.on_node(moved) is one
    assert members.on_node(identity(1)) is None
    assert sorted(members.live_groups) == ["east", "west"]
    assert members.fingerprint == before
    members.check_invariants()


def test_another_certificate_of_the_dead_brings_no_group_back() -> None:
    members = listed(1)
    one = found(members, 1)
    members.set_status(one, Status.DEAD, 200)
    members.set_identity(one, identity(1, group="west"))
    assert members.live_groups == ["east"]
    members.set_status(one, Status.ALIVE, 300)
    assert sorted(members.live_groups) == ["east", "west"]


def test_a_certificate_leaves_the_node_to_whoever_took_it() -> None:
    members = listed(1)
    successor = Member(identity(2, node=1), 1, b"claim", 200)
    members.insert(successor)
    members.set_identity(found(members, 1), identity(1, node=8))
    assert members.on_node(identity(2, node=1)) is successor


@given(st.integers(0, 30), st.integers(0, 6), st.integers(0, 3), st.integers(0, 99))
def test_those_picked_are_living_others_and_distinct(
    others: int, count: int, without: int, seed: int
) -> None:
    members = listed(*range(1, others + 1))
    for number in range(1, others + 1, 4):
        members.set_status(found(members, number), Status.DEAD, 200)
    avoided = tuple(identity(number).member for number in range(1, without + 1))
    keys = [each.identity.member for each in members.pick(Random(seed), count, avoided)]
    living = set(members.ring) - {members.own.identity.member} - set(avoided)
    assert set(keys) <= living
    assert len(keys) == len(set(keys)) == min(count, len(living))


def test_everybody_is_picked_about_as_often() -> None:
    members = listed(*range(1, 41))
    rng = Random(1)
    times = dict.fromkeys(members.ring, 0)
    for _ in range(4_000):
        for each in members.pick(rng, 3, ()):
            times[each.identity.member] += 1
    assert times.pop(members.own.identity.member) == 0
    assert min(times.values()) > 220
    assert max(times.values()) < 380


# --- against a model ---------------------------------------------------------------------------

NUMBERS = st.integers(1, 40)
CHANGES = st.tuples(NUMBERS, st.sampled_from(Status), INCARNATIONS)


@given(st.dictionaries(NUMBERS, st.tuples(st.sampled_from(Status), INCARNATIONS)), st.data())
def test_equal_lists_have_equal_fingerprints_whatever_came_before(
    final: dict[int, tuple[Status, int]], data: st.DataObject
) -> None:
    prints = []
    for _ in range(2):
        members = listed(*data.draw(st.permutations(sorted(final))))
        for number, status, incarnation in data.draw(st.lists(CHANGES, max_size=10)):
            if number in final:
                members.set_status(found(members, number), status, 200)
                members.set_claim(found(members, number), incarnation, b"passing", 200)
        for number in data.draw(st.permutations(sorted(final))):
            status, incarnation = final[number]
            members.set_claim(found(members, number), incarnation, b"final", 300)
            members.set_status(found(members, number), status, 300)
        members.check_invariants()
        prints.append((members.fingerprint, members.buckets))
    assert prints[0] == prints[1]


class ListAgainstModel(RuleBasedStateMachine):
    """A dictionary of states says whatever the list says, only slowly."""

    @initialize()
    def begin(self) -> None:
        self.members = listed()
        self.model: dict[int, tuple[Status, int, str]] = {0: (Status.ALIVE, 1, "east")}

    @rule(number=NUMBERS, incarnation=INCARNATIONS, group=st.sampled_from(["east", "west"]))
    def join(self, number: int, incarnation: int, group: str) -> None:
        if number not in self.model:
            self.members.insert(member(number, incarnation, group))
            self.model[number] = (Status.ALIVE, incarnation, group)

    def draw(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.model)))

    @rule(data=st.data(), status=st.sampled_from(Status))
    def become(self, data: st.DataObject, status: Status) -> None:
        number = self.draw(data)
        self.members.set_status(found(self.members, number), status, 200)
        self.model[number] = (status, *self.model[number][1:])

    @rule(data=st.data(), incarnation=INCARNATIONS)
    def claim(self, data: st.DataObject, incarnation: int) -> None:
        number = self.draw(data)
        self.members.set_claim(found(self.members, number), incarnation, b"claim", 200)
        status, _, group = self.model[number]
        self.model[number] = (status, incarnation, group)

    @rule(data=st.data(), group=st.sampled_from(["east", "west", "north"]))
    def move(self, data: st.DataObject, group: str) -> None:
        number = self.draw(data)
        self.members.set_identity(found(self.members, number), identity(number, group))
        self.model[number] = (*self.model[number][:2], group)

    @precondition(lambda self: len(self.model) > 1)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model)[1:]))
        self.members.remove(found(self.members, number))
        del self.model[number]

    @invariant()
    def agree(self) -> None:
        members, model = self.members, self.model
        members.check_invariants()
        ids = {number: identity(number).member for number in model}
        assert len(members) == len(model)
        assert members.ring == [ids[n] for n in sorted(model) if model[n][0] in PROBED]
        assert members.dead == [ids[n] for n in sorted(model) if model[n][0] is Status.DEAD]
        assert members.suspects == sum(entry[0] is Status.SUSPECT for entry in model.values())
        groups = {group for status, _, group in model.values() if status in PROBED}
        assert set(members.live_groups) == groups
        buckets = [0] * BUCKETS
        for number, (status, incarnation, _) in model.items():
            if status not in GONE:
                seen = Status.DEAD if status is Status.DEAD else Status.ALIVE
                buckets[number % BUCKETS] += entry_hash(ids[number], seen, incarnation)
        assert members.buckets == [bucket % (1 << 64) for bucket in buckets]
        assert members.fingerprint == sum(buckets) % (1 << 64)


TestListAgainstModel = ListAgainstModel.TestCase
TestListAgainstModel.settings = settings(stateful_step_count=30)
