"""One strategy per domain type, and the hostile bytes that stand against them all."""

from typing import TypeAlias

import msgpack
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from failure_detect.claims import INCARNATION_MAX, Item
from failure_detect.identity import (
    MEMBER_ID_BYTES,
    SHORT_ID_BYTES,
    SIGNATURE_BYTES,
    Address,
    Identity,
    MemberId,
    NodeName,
    ShortId,
)
from failure_detect.messages import (
    Accuse,
    Accused,
    Ack,
    Claims,
    Compare,
    Differ,
    Gossip,
    Message,
    Nack,
    Packet,
    Ping,
    PingReq,
    Pull,
    Receipt,
    Relayed,
    Suspect,
    Vouch,
)
from failure_detect.validation import ACCUSATIONS_MAX
from failure_detect.wire import (
    BUCKETS_MAX,
    FINGERPRINT_BYTES_MAX,
    NONCE_BYTES,
    encode,
    encode_accusations,
    encode_alive,
    encode_left,
    encode_node_report,
    encode_payload,
    encode_refutation,
)

Value: TypeAlias = object
"""Whatever msgpack can say."""


def blobs(size: int) -> SearchStrategy[bytes]:
    """Exactly `size` bytes."""
    return st.binary(min_size=size, max_size=size)


# --- numbers -----------------------------------------------------------------------------

INCARNATIONS = st.one_of(
    st.integers(0, 3), st.integers(0, INCARNATION_MAX), st.just(INCARNATION_MAX)
)
SEQUENCES = st.integers(0, 0xFFFF)
HASHES = st.integers(0, (1 << 64) - 1)
TICKS = HASHES

# --- who ---------------------------------------------------------------------------------

MEMBER_IDS = blobs(MEMBER_ID_BYTES).map(MemberId)
SHORT_IDS = blobs(SHORT_ID_BYTES).map(ShortId)
SIGNATURES = blobs(SIGNATURE_BYTES)
NONCES = blobs(NONCE_BYTES)
FINGERPRINTS = st.binary(max_size=FINGERPRINT_BYTES_MAX)
CERTIFICATES = st.binary(min_size=1, max_size=512)
NODE_NAMES = st.text(min_size=1, max_size=253).map(NodeName)
ADDRESSES = st.tuples(st.ip_addresses(v=4), st.integers(1, 65_535)).map(
    lambda pair: Address(f"{pair[0]}:{pair[1]}")
)
IDENTITIES = st.builds(
    Identity,
    member=MEMBER_IDS,
    node=NODE_NAMES,
    start=st.integers(1, 1 << 32),
    address=ADDRESSES,
    group=st.sampled_from(["east", "west", "north"]),
    node_address=st.none() | ADDRESSES,
)

# --- messages ----------------------------------------------------------------------------

QUIET_PINGS = st.builds(Ping, seq=SEQUENCES, tick=TICKS, members=HASHES, app=FINGERPRINTS)
ACCUSING_PINGS = st.builds(
    Ping,
    seq=SEQUENCES,
    tick=TICKS,
    members=HASHES,
    app=FINGERPRINTS,
    accused=st.sampled_from(Accused),
    incarnation=INCARNATIONS,
    nonce=st.just(b"") | NONCES,
)
DATAGRAM_MESSAGES: SearchStrategy[Message] = st.one_of(
    QUIET_PINGS,
    ACCUSING_PINGS,
    st.builds(
        Ack, seq=SEQUENCES, members=HASHES, app=FINGERPRINTS, proof=st.just(b"") | SIGNATURES
    ),
    st.builds(PingReq, seq=SEQUENCES, target=SHORT_IDS, wait=st.integers(0, 10_000_000)),
    st.builds(Relayed, seq=SEQUENCES),
    st.builds(Nack, seq=SEQUENCES),
    st.builds(
        Suspect, subject=SHORT_IDS, incarnation=INCARNATIONS, signature=SIGNATURES, nonce=NONCES
    ),
    st.builds(Receipt, subject=SHORT_IDS),
    st.builds(Vouch, subject=SHORT_IDS, nonce=NONCES, proof=SIGNATURES),
    st.builds(Accuse, subject=SHORT_IDS, incarnation=INCARNATIONS, signature=SIGNATURES),
    st.just(Gossip()),
)
ENTRIES = st.tuples(SHORT_IDS, st.integers(0, 255), INCARNATIONS)
STREAM_MESSAGES: SearchStrategy[Message] = st.one_of(
    st.builds(Compare, buckets=st.lists(HASHES, max_size=40).map(tuple)),
    st.builds(
        Differ,
        buckets=st.lists(st.integers(0, BUCKETS_MAX - 1), max_size=40).map(tuple),
        entries=st.lists(ENTRIES, max_size=20).map(tuple),
        fingerprint=HASHES,
    ),
    st.builds(Pull, wanted=st.lists(SHORT_IDS, max_size=20).map(tuple)),
    st.just(Claims()),
)
MESSAGES = DATAGRAM_MESSAGES | STREAM_MESSAGES

# --- what rides along --------------------------------------------------------------------

ALIVE_CLAIMS = st.builds(
    encode_alive,
    certificate=CERTIFICATES,
    incarnation=INCARNATIONS,
    signature=SIGNATURES,
    vouch=st.none() | st.tuples(SHORT_IDS, SIGNATURES),
)
ITEMS: SearchStrategy[Item] = st.one_of(
    ALIVE_CLAIMS,
    st.builds(encode_refutation, subject=SHORT_IDS, claim=ALIVE_CLAIMS),
    st.builds(encode_left, subject=SHORT_IDS, incarnation=INCARNATIONS, signature=SIGNATURES),
    st.builds(
        encode_accusations,
        subject=SHORT_IDS,
        incarnation=INCARNATIONS,
        signatures=st.lists(
            st.tuples(SHORT_IDS, SIGNATURES), min_size=1, max_size=ACCUSATIONS_MAX
        ).map(tuple),
    ),
    st.builds(
        encode_node_report,
        node=NODE_NAMES,
        checker=SHORT_IDS,
        serial=HASHES,
        signature=SIGNATURES,
        silent=st.booleans(),
    ),
    st.builds(
        encode_payload, key=st.binary(min_size=1, max_size=64), payload=st.binary(max_size=200)
    ),
)
PACKETS = st.builds(
    Packet, message=st.none() | MESSAGES, items=st.lists(ITEMS, max_size=4).map(tuple)
).filter(lambda packet: packet.message is not None or bool(packet.items))


def encoded(packet: Packet) -> bytes:
    """The bytes of a packet as they travel."""
    head = b"" if packet.message is None else encode(packet.message)
    return head + b"".join(item.raw for item in packet.items)


# --- hostile bytes -----------------------------------------------------------------------


def packed(value: Value) -> bytes:
    """`value` as msgpack, however little sense it makes."""
    data: bytes = msgpack.packb(value)
    return data


def extension(code: int, data: bytes) -> Value:
    """An extension type of msgpack."""
    value: Value = msgpack.ExtType(code, data)
    return value


SCALARS: SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=80),
    st.builds(extension, st.integers(0, 127), st.binary(min_size=1, max_size=20)),
    st.builds(msgpack.Timestamp, st.integers(0, (1 << 34) - 1)),
)
NAMES: SearchStrategy[Value] = st.text(max_size=4) | st.binary(max_size=4)


def nested(keys: SearchStrategy[Value]) -> SearchStrategy[Value]:
    """Arrays and maps of scalars, some levels deep."""
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=6) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=12,
    )


VALUES = nested(NAMES | st.integers(0, 9) | st.none() | st.booleans())
LATER_VALUES = nested(NAMES)
"""What a later version may say: the keys of its maps have names."""

KINDS = st.integers(0, 40)
NEARLY_MESSAGES = st.builds(
    lambda kind, fields: packed([kind, *fields]), KINDS, st.lists(VALUES, max_size=8)
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good packet that was cut short, flipped, lengthened or spliced."""
    data = bytearray(encoded(draw(PACKETS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["cut", "flip", "set", "insert", "append"])):
            case "cut":
                del data[at:]
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if data:
                data[at] = draw(st.sampled_from([0xC1, 0xC6, 0xDD, 0xDF, 0xC9, 0xFF, 0x00, 0xD9]))
            case "insert":
                data[at:at] = draw(st.binary(max_size=8))
            case _:
                data += draw(st.binary(max_size=8))
    return bytes(data)


HOSTILE_BYTES = st.one_of(
    st.binary(max_size=1_300),
    damaged(),
    NEARLY_MESSAGES,
    st.lists(NEARLY_MESSAGES, max_size=4).map(b"".join),
    VALUES.map(packed),
)
