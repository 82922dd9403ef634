"""Which nodes are down is what most living bridges say, for a while, and nothing that was said."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain
from discovery.events import ItemLapsed
from discovery.index import Index
from discovery.names import Origin
from discovery.overlays import (
    BRIDGES_PER_ORIGIN_MAX,
    NODES_MAX,
    OVERLAY_BYTES_MAX,
    Overlay,
    OverlayBody,
    OverlayBook,
    OverlayStatistics,
    decode_overlay,
    issue_overlay,
    next_serial,
)
from discovery.refusals import Refusal, Refused
from discovery.signed import sign_fields
from failure_detect.clock import NEVER, SECOND
from failure_detect.identity import Address, Identity, MemberId, NodeName
from failure_detect.packing import Packable
from tests.discovery.keyring import Keyring

EAST, WEST = Origin("east"), Origin("west")
RING = Keyring()
N1, N2, N3 = (NodeName(f"n{number}") for number in (1, 2, 3))
Nodes = Sequence[NodeName]


def bridge(name: str) -> MemberId:
    return MemberId(RING.signer(name).public)


A, B, C = (bridge(f"east/{name}") for name in "abc")
GROUPS = {bridge(f"{group}/{name}"): group for group in ("east", "west") for name in "abc"}
GROUPS |= {bridge(f"east/{number}"): "east" for number in range(BRIDGES_PER_ORIGIN_MAX + 1)}


def identify(member: MemberId) -> Identity | None:
    group = GROUPS.get(member)
    return None if group is None else Identity(member, N1, 1, Address("host:1"), group)


def overlay(
    name: str, serial: int = 1, down: Nodes = (), heard: Nodes = (), lifetime_s: int = 30
) -> Overlay:
    origin, _, _ = name.partition("/")
    body = OverlayBody(
        origin=Origin(origin),
        bridge=bridge(name),
        serial=serial,
        down=tuple(down),
        heard=tuple(heard),
        lifetime_s=lifetime_s,
    )
    return issue_overlay(body, RING.signer(name))


def received(*overlays: Overlay, age: int = 0, now: int = 0) -> OverlayBook:
    book = OverlayBook()
    for each in overlays:
        take(book, each, age, now)
    return book


def take(book: OverlayBook, each: Overlay, age: int = 0, now: int = 0) -> bool:
    is_news = book.receive(each, age, identify, RING, now)
    book.check_invariants()
    return is_news


# --- the codec ------------------------------------------------------------------------------


def test_an_overlay_comes_back_as_it_was() -> None:
    one = overlay("east/a", 7, [N1, N2], [N3], 20)
    assert decode_overlay(one.raw) == one
    assert (one.body.down, one.body.heard, one.body.lifetime_s) == ((N1, N2), (N3,), 20)
    assert one.item_key == b"o/east/" + A


def test_what_is_not_heard_comes_back_and_is_no_vote() -> None:
    body = OverlayBody(origin=EAST, bridge=B, serial=1, unheard=(N1, N2))
    one = issue_overlay(body, RING.signer("east/b"))
    assert decode_overlay(one.raw).body == body
    book = received(overlay("east/a", down=[N1]), one)
    assert book.nodes_down(EAST, [A, B], 0) == ()
    assert book.unanswered(EAST, [N1, N3], [B], 0) == (N3,)


def test_a_bridge_says_the_usual_in_a_few_bytes() -> None:
    assert len(overlay("east/a", 1_800_000_000_000, [NodeName("node-12")]).raw) == 135


def test_only_the_bridge_itself_issues_its_overlay() -> None:
    with pytest.raises(ValueError, match="names another bridge"):
        issue_overlay(OverlayBody(origin=EAST, bridge=B, serial=1), RING.signer("east/a"))


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("o", "East", "o: must be the name of a cluster"),
        ("b", bytes(31), "b: must be 32 bytes"),
        ("s", 0, "s: must be a whole number"),
        ("d", ["n2", "n1"], "d: must be sorted"),
        ("d", ["n1", "n1"], "d: must be sorted"),
        ("d", ["No Node"], "d: must be names of nodes"),
        ("h", ["n" * 254], "h: must be names of nodes"),
        ("h", ["n9"], "h: must have no node that is down"),
        ("u", ["n8", "n7"], "u: must be sorted"),
        ("u", ["n9"], "u: must have no node that is down, or heard"),
        ("u", ["n5"], "u: must have no node that is down, or heard"),
        ("l", 0, "l: must be a whole number from 1 to 300"),
        ("l", 301, "l: must be a whole number from 1 to 300"),
    ],
)
def test_a_field_that_cannot_be_is_named(name: str, value: Packable, what: str) -> None:
    signer = RING.signer("east/a")
    fields: dict[str, Packable] = {"o": "east", "b": A, "s": 1, "d": ["n9"], "h": ["n5"]}
    decode_overlay(sign_fields(fields, Domain.OVERLAY, signer))
    with pytest.raises(Refused, match=what):
        decode_overlay(sign_fields(fields | {name: value}, Domain.OVERLAY, signer))


def test_lists_are_bounded_and_the_longest_usual_one_fits() -> None:
    nodes = [NodeName(f"ip-10-0-{n:07}.eu-central-1.compute.internal") for n in range(NODES_MAX)]
    assert len(overlay("east/a", down=nodes).raw) < OVERLAY_BYTES_MAX
    more = [*nodes, NodeName("z")]
    with pytest.raises(ValueError, match="must be an array of at most 1000"):
        overlay("east/a", down=more)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        decode_overlay(raw)


@given(st.integers(0, 1 << 50), st.integers(0, 1 << 50))
def test_a_serial_goes_on_above_the_last_and_above_the_clock(last: int, wall_ms: int) -> None:
    assert next_serial(last, wall_ms) > last
    assert next_serial(last, wall_ms) in (last + 1, wall_ms)


# --- who is down ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlays", "living", "expected"),
    [
        ([overlay("east/a", down=[N1, N2])], [A], (N1, N2)),
        ([overlay("east/a", down=[N1])], [A, B], ()),
        ([overlay("east/a", down=[N1])], [A, B, C], ()),
        ([overlay("east/a", down=[N1]), overlay("east/b", down=[N1, N2])], [A, B], (N1,)),
        ([overlay("east/a", down=[N1]), overlay("east/b", down=[N1, N2])], [A, B, C], (N1,)),
        ([overlay("east/a", down=[N1]), overlay("east/b", down=[N2])], [B], (N2,)),
        ([overlay("east/a", down=[N1])], [], ()),
        ([overlay("east/a", down=[N1])], [B], ()),
        ([overlay("east/a", down=[N1])], [A, A, A], (N1,)),
        ([overlay("east/a", down=[N1])], [A, A, B], ()),
        (
            [overlay(f"east/{name}", down=[N1]) for name in "ab"] + [overlay("east/c", heard=[N1])],
            [A, B, C],
            (),
        ),
        (
            [overlay(f"east/{name}", down=[N1]) for name in "ab"] + [overlay("east/c", heard=[N1])],
            [A, B],
            (N1,),
        ),
        ([overlay("west/a", down=[N1])], [bridge("west/a")], ()),
    ],
)
def test_a_strict_majority_of_living_bridges_says_who_is_down(
    overlays: list[Overlay], living: list[MemberId], expected: tuple[NodeName, ...]
) -> None:
    assert received(*overlays).nodes_down(EAST, living, 0) == expected


def test_the_next_overlay_replaces_all_of_the_last() -> None:
    book = received(overlay("east/a", 1, [N1, N2]))
    assert take(book, overlay("east/a", 2, [N2]))
    assert book.nodes_down(EAST, [A], 0) == (N2,)
    assert not take(book, overlay("east/a", 1, [N1, N2]))
    assert take(book, overlay("east/a", 3))
    assert book.nodes_down(EAST, [A], 0) == ()


# --- how long -------------------------------------------------------------------------------


def test_an_overlay_lapses_when_its_lifetime_is_over_and_does_not_come_back() -> None:
    one = overlay("east/a", 1, [N1])
    book = received(one, age=10 * SECOND, now=100 * SECOND)
    assert book.deadline == 120 * SECOND
    assert book.advance(120 * SECOND - 1) == []
    assert book.nodes_down(EAST, [A], 120 * SECOND - 1) == (N1,)
    assert book.nodes_down(EAST, [A], 120 * SECOND) == ()
    assert book.advance(120 * SECOND) == [ItemLapsed(one.item_key)]
    assert book.deadline == NEVER
    assert book.statistics() == OverlayStatistics(held=0, remembered=1)
    assert not take(book, one, now=121 * SECOND)
    assert take(book, overlay("east/a", 2, [N1]), now=121 * SECOND)


def test_the_older_age_of_one_overlay_counts() -> None:
    one = overlay("east/a", 1, [N1])
    for ages in ((5, 20, 1), (20, 1, 5), (1, 5, 20)):
        book = OverlayBook()
        assert [take(book, one, age * SECOND) for age in ages] == [True, False, False]
        assert book.deadline == 10 * SECOND


def test_what_is_over_when_it_comes_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        received(overlay("east/a"), age=30 * SECOND)
    assert caught.value.reason is Refusal.STALE
    assert received(overlay("east/a"), age=30 * SECOND - 1).deadline == 1
    assert received(overlay("east/a"), age=-5).deadline == 30 * SECOND


def test_a_deadline_that_came_too_early_is_set_right() -> None:
    book = received(overlay("east/a", 1), now=0)
    take(book, overlay("east/a", 2, [N1]), now=10 * SECOND)
    assert book.deadline == 30 * SECOND
    assert book.advance(30 * SECOND) == []
    assert book.deadline == 40 * SECOND


def test_what_a_dead_signer_said_lapses_at_once() -> None:
    one = overlay("east/a", 1, [N1])
    book = received(one, overlay("east/b", 1, [N1]))
    assert book.signer_gone(A) == [ItemLapsed(one.item_key)]
    assert book.signer_gone(A) == []
    assert book.nodes_down(EAST, [A, B], 0) == ()
    assert book.nodes_down(EAST, [B], 0) == (N1,)
    assert not take(book, one)
    assert book.nodes_down(EAST, [A, B], 0) == ()
    assert book.statistics() == OverlayStatistics(held=1, remembered=1)


def test_what_was_said_of_an_origin_goes_with_its_trust() -> None:
    one = overlay("east/a", 1, [N1])
    other = overlay("west/a", 1, [N1])
    book = received(one, other)
    book.signer_gone(bridge("east/b"))
    assert book.forget(EAST) == [ItemLapsed(one.item_key)]
    assert book.forget(EAST) == []
    assert book.overlays() == [other]
    assert take(book, one)
    assert book.overlays(EAST) == [one]


# --- whose word ------------------------------------------------------------------------------


def altered(one: Overlay, **fields: Packable) -> Overlay:
    """Return the overlay with fields changed and the signature kept."""
    body = one.body
    changed: dict[str, Packable] = {"o": body.origin, "b": body.bridge, "s": body.serial}
    fake = decode_overlay(sign_fields(changed | fields, Domain.OVERLAY, RING.signer("thief")))
    return replace(fake, signed=replace(fake.signed, signature=one.signed.signature))


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (overlay("east/stranger", 1, [N1]), Refusal.UNTRUSTED),
        (altered(overlay("east/a", 1), o="west"), Refusal.UNTRUSTED),
        (altered(overlay("east/a", 1), b=bridge("west/a")), Refusal.UNTRUSTED),
        (altered(overlay("east/a", 1), b=B), Refusal.SIGNATURE),
        (altered(overlay("east/a", 1), d=["n1"]), Refusal.SIGNATURE),
        (altered(overlay("east/a", 1), s=2), Refusal.SIGNATURE),
        (altered(overlay("east/a", 1), l=300), Refusal.SIGNATURE),
    ],
)
def test_only_living_bridges_speak_and_only_of_their_own_cluster(
    one: Overlay, reason: Refusal
) -> None:
    book = received(overlay("east/a"))
    if one.rank <= book.overlays()[0].rank:
        book = OverlayBook()
    before = book.overlays()
    with pytest.raises(Refused) as caught:
        take(book, one)
    assert caught.value.reason is reason
    assert book.overlays() == before


@pytest.mark.parametrize("domain", [each for each in Domain if each is not Domain.OVERLAY])
def test_what_was_signed_as_something_else_is_no_overlay(domain: Domain) -> None:
    signer = RING.signer("east/a")
    raw = sign_fields({"o": "east", "b": A, "s": 1, "d": ["n1"]}, domain, signer)
    with pytest.raises(Refused) as caught:
        take(OverlayBook(), decode_overlay(raw))
    assert caught.value.reason is Refusal.SIGNATURE


def test_bridges_of_an_origin_are_bounded_and_lapsed_ones_make_room() -> None:
    book = received(*(overlay(f"east/{number}") for number in range(BRIDGES_PER_ORIGIN_MAX)))
    with pytest.raises(Refused) as caught:
        take(book, overlay("east/a"))
    assert caught.value.reason is Refusal.OVERSIZED
    book.signer_gone(bridge("east/7"))
    assert take(book, overlay("east/a"))
    assert len(book.overlays(EAST)) == BRIDGES_PER_ORIGIN_MAX
    assert take(book, overlay("west/a"))


# --- merging ---------------------------------------------------------------------------------


RECEIPTS = st.tuples(
    st.builds(
        overlay,
        st.sampled_from(["east/a", "east/b", "west/a"]),
        st.integers(1, 3),
        st.sets(st.sampled_from([N1, N2])).map(sorted),
    ),
    st.integers(0, 29).map(lambda seconds: seconds * SECOND),
)
Receipt = tuple[Overlay, int]


def state(receipts: Sequence[Receipt]) -> tuple[object, ...]:
    book = OverlayBook()
    for each, age in receipts:
        take(book, each, age)
    ends = [sorted(each.key for each in book.advance(second * SECOND)) for second in range(31)]
    held = received(*(each for each, _ in receipts))
    return ends, sorted(each.raw for each in held.overlays()), held.fingerprint


@given(
    st.lists(RECEIPTS, max_size=6).flatmap(
        lambda all_: st.tuples(st.just(all_), st.permutations(all_))
    )
)
def test_merging_is_the_same_in_any_order_and_number(
    orders: tuple[list[Receipt], list[Receipt]],
) -> None:
    one, two = orders
    assert state(one) == state(two) == state(two + one)


@given(st.lists(RECEIPTS, max_size=6))
def test_the_fingerprint_is_the_share_of_overlays_in_the_catalogs(receipts: list[Receipt]) -> None:
    book, index = OverlayBook(), Index()
    for each, age in receipts:
        take(book, each, age)
    for each in book.overlays():
        index.put(each.item_key, each.rank)
        assert len(each.mark) == 8
    assert book.fingerprint == index.fingerprint
