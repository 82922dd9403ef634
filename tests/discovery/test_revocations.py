"""The highest list of a fleet is in force everywhere, in whatever order lists come."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain
from discovery.names import PublicKey
from discovery.refusals import Refusal, Refused
from discovery.revocations import (
    FLEETS_MAX,
    REVOCATIONS_BYTES_MAX,
    REVOKED_MAX,
    RevocationList,
    Revocations,
    decode_revocations,
    issue_revocations,
)
from discovery.signed import sign_fields
from failure_detect.packing import Packable
from tests.discovery.keyring import Keyring

RING = Keyring()
FLEETS = [RING.signer("fleet"), RING.signer("another fleet")]
FLEET = FLEETS[0]
KEYS = [PublicKey(bytes([number]) * 32) for number in range(1, 5)]
LISTS = st.builds(
    issue_revocations,
    st.integers(1, 3),
    st.sets(st.sampled_from(KEYS)),
    st.sampled_from(FLEETS),
)
State = tuple[list[RevocationList], list[tuple[RevocationList, RevocationList]]]


def merged(lists: list[RevocationList]) -> State:
    revocations = Revocations()
    for each in lists:
        revocations.merge(each, RING)
    return revocations.lists(), revocations.contradictions()


def test_a_list_comes_back_as_it_was() -> None:
    listed = issue_revocations(7, [KEYS[1], KEYS[0], KEYS[1]], FLEET, 1_700_000_000_000)
    again = decode_revocations(listed.raw)
    assert again == listed
    assert (again.fleet, again.number, again.keys) == (FLEET.public, 7, (KEYS[0], KEYS[1]))
    assert again.signed_at_ms == 1_700_000_000_000
    assert again.item_key == b"r/" + FLEET.public
    assert again.is_signed(RING)
    assert not again.is_signed(Keyring(2))


@given(
    st.lists(LISTS, max_size=6).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(all_))
    )
)
def test_merging_is_the_same_in_any_order_and_number(
    orders: tuple[list[RevocationList], list[RevocationList]],
) -> None:
    one, two = orders
    assert merged(one) == merged(two) == merged(two + one)


@given(LISTS, LISTS, LISTS)
def test_any_three_lists_merge_alike_in_every_order(
    one: RevocationList, two: RevocationList, three: RevocationList
) -> None:
    states = [merged([*each]) for each in permutations((one, two, three))]
    assert all(state == states[0] for state in states)


@given(LISTS, LISTS)
def test_the_higher_number_is_in_force(one: RevocationList, two: RevocationList) -> None:
    revocations = Revocations()
    revocations.merge(one, RING)
    revocations.merge(two, RING)
    if one.fleet == two.fleet:
        winner = max(one, two, key=lambda each: each.rank)
        assert revocations.lists() == [winner]
        assert [key for key in KEYS if revocations.revokes(FLEET.public, key)] == [
            key for key in KEYS if winner.fleet == FLEET.public and key in winner.keys
        ]


def test_what_is_no_news_changes_nothing() -> None:
    revocations = Revocations()
    low, high = (issue_revocations(number, KEYS[:number], FLEET) for number in (1, 2))
    assert revocations.merge(high, RING)
    assert not revocations.merge(high, RING)
    assert not revocations.merge(low, RING)
    assert revocations.lists() == [high]
    assert revocations.contradictions() == []


def test_two_lists_with_one_number_are_both_kept_and_shown() -> None:
    lists = sorted((issue_revocations(1, [key], FLEET) for key in KEYS), key=lambda each: each.rank)
    revocations = Revocations()
    for each in (lists[1], lists[3], lists[0], lists[2]):
        revocations.merge(each, RING)
    assert revocations.contradictions() == [(lists[0], lists[3])]
    assert revocations.lists() == [lists[3]]
    successor = issue_revocations(2, [], FLEET)
    assert revocations.merge(successor, RING)
    assert revocations.contradictions() == []
    assert not any(revocations.revokes(FLEET.public, key) for key in KEYS)


def test_a_list_that_the_fleet_did_not_sign_is_refused() -> None:
    forged = decode_revocations(
        sign_fields({"f": FLEET.public, "n": 9, "r": [KEYS[0]]}, Domain.REVOCATION, FLEETS[1])
    )
    revocations = Revocations()
    with pytest.raises(Refused) as caught:
        revocations.merge(forged, RING)
    assert caught.value.reason is Refusal.SIGNATURE
    assert revocations.lists() == []


def test_a_fleet_that_is_dropped_revokes_nothing() -> None:
    revocations = Revocations()
    revocations.merge(issue_revocations(1, KEYS, FLEET), RING)
    assert revocations.revokes(FLEET.public, KEYS[0])
    assert not revocations.revokes(FLEETS[1].public, KEYS[0])
    assert revocations.drop(FLEET.public)
    assert not revocations.drop(FLEET.public)
    assert not revocations.revokes(FLEET.public, KEYS[0])


def test_lists_and_fleets_are_bounded() -> None:
    keys = [PublicKey(number.to_bytes(32)) for number in range(REVOKED_MAX + 1)]
    assert len(issue_revocations(1, keys[1:], FLEET).raw) < REVOCATIONS_BYTES_MAX
    with pytest.raises(ValueError, match=r"revocations\.r: must be an array of at most 1000"):
        issue_revocations(1, keys, FLEET)
    revocations = Revocations()
    for number in range(FLEETS_MAX):
        revocations.merge(issue_revocations(1, [], RING.signer(f"{number}")), RING)
    with pytest.raises(Refused) as caught:
        revocations.merge(issue_revocations(1, [], FLEET), RING)
    assert caught.value.reason is Refusal.OVERSIZED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("f", bytes(31)),
        ("n", 0),
        ("n", 1 << 63),
        ("r", [KEYS[1], KEYS[0]]),
        ("r", [KEYS[0], KEYS[0]]),
        ("r", [bytes(31)]),
        ("r", ["text"]),
        ("w", -1),
    ],
)
def test_a_field_that_cannot_be_is_named(name: str, value: Packable) -> None:
    fields: dict[str, Packable] = {"f": FLEET.public, "n": 1, "r": []}
    decode_revocations(sign_fields(fields, Domain.REVOCATION, FLEET))
    with pytest.raises(Refused, match=f"revocations.{name}: must"):
        decode_revocations(sign_fields(fields | {name: value}, Domain.REVOCATION, FLEET))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        decode_revocations(raw)
