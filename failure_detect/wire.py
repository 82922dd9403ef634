"""The codec: messages and claims to msgpack arrays and back.

`[kind, fields...]`; fields that a later version appends are ignored, kinds that it adds are
skipped and counted; nil stands for an optional field that is absent where others follow.
Any bytes give a `Packet` or `MalformedMessage`, never anything else.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from failure_detect.claims import (
    INCARNATION_MAX,
    MARK_BYTES,
    Accusations,
    AliveClaim,
    Item,
    LeftClaim,
    NodeReport,
    Payload,
    Refutation,
    mark_of,
)
from failure_detect.identity import SHORT_ID_BYTES, SIGNATURE_BYTES, NodeName, ShortId
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
from failure_detect.packing import MalformedMessage, Packable, pack, unpack_each, unpack_one
from failure_detect.validation import ACCUSATIONS_MAX

NONCE_BYTES = 8
FINGERPRINT_BYTES_MAX = 16
BUCKETS_MAX = 256

_REMEMBERED_BYTES = 1_200
"""Larger claims come over streams alone, and are not worth remembering."""

_PING, _ACK, _PING_REQ, _RELAYED, _NACK, _SUSPECT, _RECEIPT, _VOUCH, _ACCUSE, _GOSSIP = range(1, 11)
_COMPARE, _DIFFER, _PULL, _CLAIMS = range(11, 15)
_ALIVE, _LEFT, _ACCUSATIONS, _NODE, _PAYLOAD, _REFUTATION = range(32, 38)
_KINDS: dict[type[Message], int] = {
    Ping: _PING,
    Ack: _ACK,
    PingReq: _PING_REQ,
    Relayed: _RELAYED,
    Nack: _NACK,
    Suspect: _SUSPECT,
    Receipt: _RECEIPT,
    Vouch: _VOUCH,
    Accuse: _ACCUSE,
    Gossip: _GOSSIP,
    Compare: _COMPARE,
    Differ: _DIFFER,
    Pull: _PULL,
    Claims: _CLAIMS,
}

Fields: TypeAlias = tuple[object, ...]


def encode(message: Message) -> bytes:
    """Return `message` as bytes; what rides along is appended to them."""
    match message:
        case Ping(seq, tick, members, app, None, _, _):
            fields: tuple[Packable, ...] = (seq, tick, members, app)
        case Ack(seq, members, app, b""):
            fields = (seq, members, app)
        case _:
            fields = tuple(getattr(message, name) for name in message.__slots__)
    return pack((_KINDS[type(message)], *fields))


def encode_alive(
    certificate: bytes,
    incarnation: int,
    signature: bytes,
    vouch: tuple[ShortId, bytes] | None = None,
) -> AliveClaim:
    """Return an `alive` claim, with the bytes that travel."""
    voucher, signed = vouch if vouch is not None else (None, None)
    fields: tuple[Packable, ...] = (_ALIVE, certificate, incarnation, signature)
    raw = pack(fields if vouch is None else (*fields, voucher, signed))
    return AliveClaim(certificate, incarnation, signature, voucher, signed, raw)


def encode_refutation(subject: ShortId, claim: AliveClaim) -> Refutation:
    """Return `claim` without its certificate, with the bytes that travel."""
    mark, vouch = mark_of(claim.certificate), (claim.voucher, claim.vouch)
    fields: tuple[Packable, ...] = (
        (_REFUTATION, subject, claim.incarnation, mark, claim.signature)
        if claim.vouch is None
        else (_REFUTATION, subject, claim.incarnation, mark, claim.signature, *vouch)
    )
    raw = pack(fields)
    return Refutation(subject, claim.incarnation, mark, claim.signature, *vouch, raw)


def encode_left(subject: ShortId, incarnation: int, signature: bytes) -> LeftClaim:
    """Return a `left` claim, with the bytes that travel."""
    raw = pack((_LEFT, subject, incarnation, signature))
    return LeftClaim(subject, incarnation, signature, raw)


def encode_accusations(
    subject: ShortId, incarnation: int, signatures: tuple[tuple[ShortId, bytes], ...]
) -> Accusations:
    """Return all accusations of one subject together, with the bytes that travel."""
    raw = pack((_ACCUSATIONS, subject, incarnation, signatures))
    return Accusations(subject, incarnation, signatures, raw)


def encode_node_report(
    node: NodeName, checker: ShortId, serial: int, signature: bytes, *, silent: bool
) -> NodeReport:
    """Return a node report, with the bytes that travel."""
    raw = pack((_NODE, node, checker, serial, silent, signature))
    return NodeReport(node, checker, serial, silent, signature, raw)


def encode_payload(key: bytes, payload: bytes) -> Payload:
    """Return gossip of the layer above, with the bytes that travel."""
    return Payload(key, payload, pack((_PAYLOAD, key, payload)))


def decode(data: bytes, most_bytes: int) -> Packet:
    """Return what `data` says. Raises `MalformedMessage`; nothing is half decoded."""
    message: Message | None = None
    items: list[Item] = []
    skipped = 0
    for index, (value, raw) in enumerate(unpack_each(data, most_bytes)):
        # By type, not isinstance: msgpack's extensions are named tuples.
        if type(value) is not tuple or not value or type(value[0]) is not int:
            raise MalformedMessage("a message is an array that begins with its kind")
        kind, fields = value[0], value[1:]
        if index == 0 and kind in _MESSAGES:
            message = _MESSAGES[kind](fields)
        elif kind in _ITEMS:
            small = len(raw) <= _REMEMBERED_BYTES
            items.append(_item(raw) if small else _ITEMS[kind](fields, raw))
        elif kind in _MESSAGES or kind < 1:
            raise MalformedMessage(f"kind {kind} has no place here")
        else:
            skipped += 1
    return Packet(message, tuple(items), skipped)


@lru_cache(maxsize=1 << 12)
def _item(raw: bytes) -> Item:
    """Decode one claim, once: gossip brings each a dozen times."""
    value = unpack_one(raw, len(raw))
    assert isinstance(value, tuple)
    return _ITEMS[value[0]](value[1:], raw)


# --- fields --------------------------------------------------------------------------


def _at(fields: Fields, index: int) -> object:
    if index >= len(fields):
        raise MalformedMessage(f"field {index} is missing")
    return fields[index]


def _uint(fields: Fields, index: int, most: int = INCARNATION_MAX) -> int:
    value = _at(fields, index)
    if type(value) is not int or not 0 <= value <= most:
        raise MalformedMessage(f"field {index} must be a whole number up to {most}")
    return value


def _blob(fields: Fields, index: int, least: int, most: int) -> bytes:
    value = _at(fields, index)
    if type(value) is not bytes or not least <= len(value) <= most:
        raise MalformedMessage(f"field {index} must have {least} to {most} bytes")
    return value


def _short(fields: Fields, index: int) -> ShortId:
    return ShortId(_blob(fields, index, SHORT_ID_BYTES, SHORT_ID_BYTES))


def _signature(fields: Fields, index: int) -> bytes:
    return _blob(fields, index, SIGNATURE_BYTES, SIGNATURE_BYTES)


def _array(fields: Fields, index: int, most: int) -> Fields:
    value = _at(fields, index)
    if type(value) is not tuple or len(value) > most:
        raise MalformedMessage(f"field {index} must be an array of at most {most}")
    return value


# --- messages ------------------------------------------------------------------------


def _ping(fields: Fields) -> Ping:
    seq, tick = _uint(fields, 0, 0xFFFF), _uint(fields, 1)
    members, fingerprint = _uint(fields, 2), _blob(fields, 3, 0, FINGERPRINT_BYTES_MAX)
    if len(fields) < 5 or fields[4] is None:
        return Ping(seq, tick, members, fingerprint)
    accused = _uint(fields, 4, 255)
    if accused not in _ACCUSED:
        raise MalformedMessage("field 4 must be 1, 2 or 3")
    nonce = _blob(fields, 6, 0, NONCE_BYTES)
    if len(nonce) not in (0, NONCE_BYTES):
        raise MalformedMessage(f"field 6 must have no or {NONCE_BYTES} bytes")
    return Ping(seq, tick, members, fingerprint, Accused(accused), _uint(fields, 5), nonce)


def _ack(fields: Fields) -> Ack:
    seq, members = _uint(fields, 0, 0xFFFF), _uint(fields, 1)
    fingerprint = _blob(fields, 2, 0, FINGERPRINT_BYTES_MAX)
    proof = b"" if len(fields) < 4 or fields[3] is None else _signature(fields, 3)
    return Ack(seq, members, fingerprint, proof)


def _ping_req(fields: Fields) -> PingReq:
    return PingReq(_uint(fields, 0, 0xFFFF), _short(fields, 1), _uint(fields, 2, 10_000_000))


def _suspect(fields: Fields) -> Suspect:
    nonce = _blob(fields, 3, NONCE_BYTES, NONCE_BYTES)
    return Suspect(_short(fields, 0), _uint(fields, 1), _signature(fields, 2), nonce)


def _vouch(fields: Fields) -> Vouch:
    nonce = _blob(fields, 1, NONCE_BYTES, NONCE_BYTES)
    return Vouch(_short(fields, 0), nonce, _signature(fields, 2))


def _compare(fields: Fields) -> Compare:
    buckets = _array(fields, 0, BUCKETS_MAX)
    return Compare(tuple(_uint(buckets, index) for index in range(len(buckets))))


def _differ(fields: Fields) -> Differ:
    buckets = _array(fields, 0, BUCKETS_MAX)
    entries = _array(fields, 1, 1 << 20)
    indices = tuple(_uint(buckets, index, BUCKETS_MAX - 1) for index in range(len(buckets)))
    listed = tuple(_entry(_array(entries, index, 16)) for index in range(len(entries)))
    return Differ(indices, listed, _uint(fields, 2))


def _entry(fields: Fields) -> tuple[ShortId, int, int]:
    return _short(fields, 0), _uint(fields, 1, 255), _uint(fields, 2)


def _pull(fields: Fields) -> Pull:
    wanted = _array(fields, 0, 1 << 20)
    return Pull(tuple(_short(wanted, index) for index in range(len(wanted))))


_ACCUSED = frozenset(int(accused) for accused in Accused)
_MESSAGES: dict[int, Callable[[Fields], Message]] = {
    _PING: _ping,
    _ACK: _ack,
    _PING_REQ: _ping_req,
    _RELAYED: lambda fields: Relayed(_uint(fields, 0, 0xFFFF)),
    _NACK: lambda fields: Nack(_uint(fields, 0, 0xFFFF)),
    _SUSPECT: _suspect,
    _RECEIPT: lambda fields: Receipt(_short(fields, 0)),
    _VOUCH: _vouch,
    _ACCUSE: lambda fields: Accuse(_short(fields, 0), _uint(fields, 1), _signature(fields, 2)),
    _GOSSIP: lambda _: Gossip(),
    _COMPARE: _compare,
    _DIFFER: _differ,
    _PULL: _pull,
    _CLAIMS: lambda _: Claims(),
}

# --- claims --------------------------------------------------------------------------


def _alive(fields: Fields, raw: bytes) -> AliveClaim:
    certificate, incarnation = _blob(fields, 0, 1, 65_536), _uint(fields, 1)
    return AliveClaim(certificate, incarnation, _signature(fields, 2), *_vouched(fields, 3), raw)


def _refutation(fields: Fields, raw: bytes) -> Refutation:
    subject, incarnation = _short(fields, 0), _uint(fields, 1)
    mark, signature = _blob(fields, 2, MARK_BYTES, MARK_BYTES), _signature(fields, 3)
    return Refutation(subject, incarnation, mark, signature, *_vouched(fields, 4), raw)


def _vouched(fields: Fields, index: int) -> tuple[ShortId | None, bytes | None]:
    if len(fields) < index + 2 or fields[index] is None:
        return None, None
    return _short(fields, index), _signature(fields, index + 1)


def _accusations(fields: Fields, raw: bytes) -> Accusations:
    listed = _array(fields, 2, ACCUSATIONS_MAX)
    if not listed:
        raise MalformedMessage("field 2 must name an accuser")
    pairs = tuple(_array(listed, index, 16) for index in range(len(listed)))
    signatures = tuple((_short(pair, 0), _signature(pair, 1)) for pair in pairs)
    return Accusations(_short(fields, 0), _uint(fields, 1), signatures, raw)


def _node_report(fields: Fields, raw: bytes) -> NodeReport:
    node, silent = _at(fields, 0), _at(fields, 3)
    if not isinstance(node, str) or not 1 <= len(node) <= 253:
        raise MalformedMessage("field 0 must be a node's name")
    if not isinstance(silent, bool):
        raise MalformedMessage("field 3 must be true or false")
    signature = _signature(fields, 4)
    return NodeReport(NodeName(node), _short(fields, 1), _uint(fields, 2), silent, signature, raw)


def _payload(fields: Fields, raw: bytes) -> Payload:
    return Payload(_blob(fields, 0, 1, 64), _blob(fields, 1, 0, 65_536), raw)


_ITEMS: dict[int, Callable[[Fields, bytes], Item]] = {
    _ALIVE: _alive,
    _LEFT: lambda f, raw: LeftClaim(_short(f, 0), _uint(f, 1), _signature(f, 2), raw),
    _ACCUSATIONS: _accusations,
    _NODE: _node_report,
    _PAYLOAD: _payload,
    _REFUTATION: _refutation,
}
