"""Every message comes back as it was, in bytes that stay the same from version to version."""

import pytest
from hypothesis import given

from discovery.deltas import Delta
from discovery.index import Entry
from discovery.keys import KEY_BYTES_MAX
from discovery.messages import (
    Buckets,
    Busy,
    Gossip,
    Hint,
    Item,
    Pull,
    Pulled,
    Rumour,
    StreamMessage,
    Wanted,
)
from discovery.refusals import Refused
from discovery.wire import (
    BUCKETS,
    ENTRIES_MAX,
    GOSSIP_BYTES_MAX,
    ITEM_BYTES_MAX,
    WANTED_MAX,
    decode_gossip,
    encode_gossip,
    read_message,
    write_message,
)
from tests.discovery.message_strategies import (
    GOSSIP,
    GOSSIP_SAMPLES,
    STREAM_MESSAGES,
    STREAM_SAMPLES,
    unpacked_array,
)
from tests.discovery.strategies import Value, packed_value

MOST = 1 << 20
ROOT, PARIS = "c420" + "52" * 32, "c407" + b"s/paris".hex()
MANIFEST = "c408" + b"MANIFEST".hex()
PUT = "92c40a" + b"export/a/b".hex() + "c40180"


@given(message=GOSSIP)
def test_any_gossip_comes_back(message: Gossip) -> None:
    assert decode_gossip(encode_gossip(message)) == message


@given(message=STREAM_MESSAGES)
def test_any_message_of_a_stream_comes_back(message: StreamMessage) -> None:
    data = write_message(message)
    assert read_message(data, len(data)) == message


# --- the bytes of one of each ----------------------------------------------------------------

GOSSIP_BYTES = {
    "rumour": f"93 01 {MANIFEST} {ROOT}",
    "hint": f"93 02 {PARIS} 94 01020304",
    "item": f"94 03 c407 {b'r/fleet'.hex()} c404 {b'LIST'.hex()} ce004c4b40",
}
STREAM_BYTES = {
    "pull": f"93 11 91 93 {PARIS} c400 c400 ce00040000",
    "pull that goes on": f"93 11 91 96 {PARIS} {ROOT} c400 c420{'54' * 32} 07 92 0809 ce00040000",
    "pull that shows": f"93 11 91 97 {PARIS} {ROOT} c400 c400 00 90 {MANIFEST} ce00040000",
    "differ": f"94 12 c408 {b'12345678'.hex()} c402 003f 91 92 {PARIS} 94 01020304",
    "busy": "92 14 ce000f4240",
    "pulled item": f"92 13 91 94 03 c407 {b'r/fleet'.hex()} c404 {b'LIST'.hex()} ce004c4b40",
    "pulled nothing": f"92 13 91 92 20 {PARIS}",
    "pulled nothing any more": f"92 13 91 93 20 {PARIS} {MANIFEST}",
    "pulled changes": f"92 13 91 96 21 {PARIS} {MANIFEST} {ROOT} {PUT} 91 c405 {b'drain'.hex()}",
    "pulled part": f"92 13 91 97 22 {PARIS} {MANIFEST} {ROOT} 00 cd1000 {PUT}",
    "pulled buckets": f"92 13 91 97 24 {PARIS} {MANIFEST} {ROOT} c402 003f 92 01cd0fff {PUT}",
}
STREAM_SIZES = {
    "compare": 517,
    "pull with digests": 567,
    "pulled digests": 542,
    "pulled many buckets": 591,
}


@pytest.mark.parametrize("name", GOSSIP_BYTES)
def test_gossip_has_its_bytes(name: str) -> None:
    data = bytes.fromhex(GOSSIP_BYTES[name])
    assert encode_gossip(GOSSIP_SAMPLES[name]) == data
    assert decode_gossip(data) == GOSSIP_SAMPLES[name]


@pytest.mark.parametrize("name", STREAM_BYTES)
def test_messages_of_a_stream_have_their_bytes(name: str) -> None:
    data = bytes.fromhex(STREAM_BYTES[name])
    assert write_message(STREAM_SAMPLES[name]) == data
    assert read_message(data, MOST) == STREAM_SAMPLES[name]


@pytest.mark.parametrize("name", STREAM_SIZES)
def test_large_messages_have_their_size(name: str) -> None:
    assert len(write_message(STREAM_SAMPLES[name])) == STREAM_SIZES[name]


def test_every_sample_is_pinned() -> None:
    assert {*STREAM_BYTES, *STREAM_SIZES} == set(STREAM_SAMPLES)
    assert {*GOSSIP_BYTES, "rumour with a delta"} == set(GOSSIP_SAMPLES)


def test_a_rumour_with_a_small_delta_fits_a_datagram() -> None:
    data = encode_gossip(GOSSIP_SAMPLES["rumour with a delta"])
    assert len(data) <= 90
    head = bytes.fromhex(f"94 01 {MANIFEST} {ROOT} c4")
    assert data.startswith(head)


# --- sizes -----------------------------------------------------------------------------------


def test_many_buckets_in_order_take_a_bit_each() -> None:
    def size(numbers: tuple[int, ...]) -> int:
        message = Pulled((Buckets(b"k", b"", b"", (), numbers),))
        data = write_message(message)
        assert read_message(data, MOST) == message
        return len(data)

    empty = size(())
    assert size(tuple(range(256, 256 + 170))) == empty + 2 + 3 * 170
    assert size(tuple(range(256, 256 + 171))) == empty + 2 + 512
    assert size(tuple(range(BUCKETS))) == empty + 2 + 512
    assert size(tuple(reversed(range(256, 256 + 171)))) == empty + 2 + 3 * 171


def test_a_delta_that_nobody_would_expand_is_left_out() -> None:
    keys = tuple(b"%04d" % number + bytes(KEY_BYTES_MAX - 4) for number in range(170))
    fits = Rumour(b"m", b"", Delta({}, keys[:169]))
    assert decode_gossip(encode_gossip(fits)) == fits
    assert encode_gossip(Rumour(b"m", b"", Delta({}, keys))) == encode_gossip(Rumour(b"m"))


def test_bounds_are_exact() -> None:
    for good in (
        Pull((Wanted(key=b"k"),) * WANTED_MAX, 1 << 30),
        Busy(1 << 48),
        Pulled((Item(b"k" * 160, bytes(ITEM_BYTES_MAX), 1 << 48),)),
        read_message(packed_value([18, bytes(8), b"", [[b"k", [1]]] * ENTRIES_MAX]), MOST),
    ):
        data = write_message(good)
        assert read_message(data, len(data)) == good
        with pytest.raises(Refused):
            read_message(data, len(data) - 1)
    item = Item(b"k", bytes(GOSSIP_BYTES_MAX - 9))
    data = encode_gossip(item)
    assert len(data) == GOSSIP_BYTES_MAX
    assert decode_gossip(data) == item
    with pytest.raises(Refused):
        decode_gossip(encode_gossip(Item(b"k2", item.raw)))


# --- later versions ----------------------------------------------------------------------------

LATER: tuple[Value, ...] = (None, {"new": [1, b"x"]}, b"more")


@pytest.mark.parametrize("name", [name for name in GOSSIP_SAMPLES if name != "rumour"])
def test_fields_that_a_later_version_appends_to_gossip_are_ignored(name: str) -> None:
    fields = unpacked_array(encode_gossip(GOSSIP_SAMPLES[name]))
    assert decode_gossip(packed_value([*fields, *LATER])) == GOSSIP_SAMPLES[name]


def test_a_rumour_of_a_later_version_says_that_it_has_no_delta() -> None:
    fields = unpacked_array(encode_gossip(GOSSIP_SAMPLES["rumour"]))
    assert decode_gossip(packed_value([*fields, *LATER])) == GOSSIP_SAMPLES["rumour"]


@pytest.mark.parametrize("name", STREAM_SAMPLES)
def test_fields_that_a_later_version_appends_to_a_message_are_ignored(name: str) -> None:
    fields = unpacked_array(write_message(STREAM_SAMPLES[name]))
    assert read_message(packed_value([*fields, *LATER]), MOST) == STREAM_SAMPLES[name]


@pytest.mark.parametrize("name", [name for name in STREAM_SAMPLES if name.startswith("pulled")])
def test_fields_that_a_later_version_appends_to_an_answer_are_ignored(name: str) -> None:
    kind, answers = unpacked_array(write_message(STREAM_SAMPLES[name]))
    assert isinstance(answers, list)
    longer = [[*each, *LATER] for each in answers]
    assert read_message(packed_value([kind, longer]), MOST) == STREAM_SAMPLES[name]


def test_fields_that_a_later_version_appends_inside_are_ignored() -> None:
    wanted = [b"k", b"", b"", b"", 0, [], *LATER]
    pull = read_message(packed_value([17, [wanted], 5]), MOST)
    assert pull == Pull((Wanted(key=b"k"),), 5)
    shown = read_message(packed_value([17, [[*wanted[:6], b"m", *LATER]], 5]), MOST)
    assert shown == Pull((Wanted(key=b"k", shown=b"m"),), 5)
    hint = decode_gossip(packed_value([2, b"k", [1, 2], *LATER]))
    assert hint == Hint(Entry(b"k", (1, 2)))
    differ = read_message(packed_value([18, bytes(8), b"", [[b"k", [1], *LATER]]]), MOST)
    assert differ == read_message(packed_value([18, bytes(8), b"", [[b"k", [1]]]]), MOST)
    branch = [3, bytes(512)]
    digests = [16 + 3, [[35, b"k", b"m", [branch]]]]
    later = [16 + 3, [[35, b"k", b"m", [[*branch, *LATER]]]]]
    assert read_message(packed_value(later), MOST) == read_message(packed_value(digests), MOST)


@pytest.mark.parametrize("wanted", [Wanted(key=b"k", buckets=(8, 77)), Wanted(key=b"k", first=3)])
def test_what_is_asked_for_without_a_target_comes_back_too(wanted: Wanted) -> None:
    pull = Pull((wanted,), 5)
    assert read_message(write_message(pull), 1 << 10) == pull
