"""One of each: every message and every claim, at their edges."""

from random import Random

from failure_detect.claims import INCARNATION_MAX, Item
from failure_detect.identity import NodeName, ShortId
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
    Ping,
    PingReq,
    Pull,
    Receipt,
    Relayed,
    Suspect,
    Vouch,
)
from failure_detect.wire import (
    encode_accusations,
    encode_alive,
    encode_left,
    encode_node_report,
    encode_payload,
    encode_refutation,
)

MOST = 65_536
SHORT = ShortId(b"\x01" * 8)
OTHER = ShortId(b"\x02" * 8)
SIGNATURE = b"\x03" * 64
NONCE = b"\x04" * 8
MAX = INCARNATION_MAX

EVERY_MESSAGE: tuple[Message, ...] = (
    Ping(1, 2, 3, b"app"),
    Ping(0xFFFF, MAX, MAX, b"a" * 16, Accused.QUIETLY, MAX, NONCE),
    Ping(1, 2, 3, b"", Accused.OPENLY, 4),
    Ping(1, 2, 3, b"", Accused.DEAD, 4),
    Ack(1, 2, b"app"),
    Ack(0xFFFF, MAX, b"a" * 16, SIGNATURE),
    PingReq(1, SHORT, 10_000_000),
    Relayed(1),
    Nack(1),
    Suspect(SHORT, MAX, SIGNATURE, NONCE),
    Receipt(SHORT),
    Vouch(SHORT, NONCE, SIGNATURE),
    Accuse(SHORT, MAX, SIGNATURE),
    Gossip(),
    Compare((0, MAX)),
    Differ((0, 255), ((SHORT, 0, MAX), (OTHER, 255, 0)), MAX),
    Pull((SHORT, OTHER)),
    Claims(),
)
EVERY_ITEM: tuple[Item, ...] = (
    encode_alive(b"certificate", MAX, SIGNATURE),
    encode_alive(b"certificate", 1, SIGNATURE, (SHORT, SIGNATURE)),
    encode_refutation(SHORT, encode_alive(b"certificate", MAX, SIGNATURE)),
    encode_refutation(SHORT, encode_alive(b"certificate", 1, SIGNATURE, (OTHER, SIGNATURE))),
    encode_left(SHORT, MAX, SIGNATURE),
    encode_accusations(SHORT, MAX, ((OTHER, SIGNATURE),)),
    encode_accusations(SHORT, 1, tuple((OTHER, SIGNATURE) for _ in range(8))),
    encode_node_report(NodeName("n" * 253), SHORT, MAX, SIGNATURE, silent=True),
    encode_node_report(NodeName("n"), SHORT, 0, SIGNATURE, silent=False),
    encode_payload(b"k" * 64, b""),
    encode_payload(b"k", b"payload"),
)


def flipped(good: list[bytes], rng: Random) -> bytes:
    """One of these datagrams with one to three of its bits turned round."""
    data = bytearray(good[int(rng.random() * len(good))])
    for _ in range(1 + int(rng.random() * 3)):
        data[int(rng.random() * len(data))] ^= 1 << int(rng.random() * 8)
    return bytes(data)
