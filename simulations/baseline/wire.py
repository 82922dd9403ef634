"""memberlist's messages: one byte of type, then a msgpack map with memberlist's field names.

Strings and bytes are both msgpack's old raw type, as memberlist's encoder writes them, so
every message has its true length. As in memberlist a field that is missing is zero, and
fields that nobody knows are skipped.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, TypeAlias

import msgpack

Name: TypeAlias = bytes
"""A member's name on the wire, such as n17."""

VERSIONS = bytes((1, 5, 2, 0, 0, 0))
"""Lowest, highest and spoken version of the protocol, then of the (absent) delegate."""

INCARNATION_MAX = (1 << 32) - 1
"""Incarnations have 32 bits, and wrap."""

_NODES_MOST = 1 << 20


class WireError(Exception):
    """Bytes that are no message of memberlist's; whoever reads them is as it was before."""


class Code(IntEnum):
    """The first byte of a message."""

    PING = 0
    PING_REQ = 1
    ACK = 2
    SUSPECT = 3
    ALIVE = 4
    DEAD = 5
    PUSH_PULL = 6
    COMPOUND = 7
    COMPRESSED = 9
    NACK = 11
    CHECKED = 12


class State(IntEnum):
    """What a member is said to be; the numbers are those of the wire."""

    ALIVE = 0
    SUSPECT = 1
    DEAD = 2
    LEFT = 3


class Ping(NamedTuple):
    """`source` asks `node` for an ack of `seq`, sent to the address that it states."""

    seq: int
    node: Name
    source_address: bytes
    source_port: int
    source: Name

    def encode(self) -> bytes:
        """Return the message as bytes."""
        fields = {
            "Node": self.node,
            "SeqNo": self.seq,
            "SourceAddr": self.source_address,
            "SourceNode": self.source,
            "SourcePort": self.source_port,
        }
        return b"\x00" + _pack(fields)


class PingReq(NamedTuple):
    """`source` asks for a ping of `node` at `target`; `nack` asks for word of its silence too."""

    seq: int
    target: bytes
    port: int
    node: Name
    nack: bool
    source_address: bytes
    source_port: int
    source: Name

    def encode(self) -> bytes:
        """Return the message as bytes."""
        fields = {
            "Nack": self.nack,
            "Node": self.node,
            "Port": self.port,
            "SeqNo": self.seq,
            "SourceAddr": self.source_address,
            "SourceNode": self.source,
            "SourcePort": self.source_port,
            "Target": self.target,
        }
        return b"\x01" + _pack(fields)


class Ack(NamedTuple):
    """The answer to a ping, from its target or through a member that was asked."""

    seq: int

    def encode(self) -> bytes:
        """Return the message as bytes."""
        return b"\x02" + _pack({"Payload": None, "SeqNo": self.seq})


class Nack(NamedTuple):
    """A member that was asked to ping another heard nothing from it."""

    seq: int

    def encode(self) -> bytes:
        """Return the message as bytes."""
        return b"\x0b" + _pack({"SeqNo": self.seq})


class Suspect(NamedTuple):
    """`accuser` holds that `node` may be dead."""

    incarnation: int
    node: Name
    accuser: Name

    def encode(self) -> bytes:
        """Return the message as bytes."""
        fields = {"From": self.accuser, "Incarnation": self.incarnation, "Node": self.node}
        return b"\x03" + _pack(fields)


class Alive(NamedTuple):
    """`node` is there, at this address."""

    incarnation: int
    node: Name
    address: bytes
    port: int
    versions: bytes = VERSIONS

    def encode(self) -> bytes:
        """Return the message as bytes."""
        fields = {
            "Addr": self.address,
            "Incarnation": self.incarnation,
            "Meta": None,
            "Node": self.node,
            "Port": self.port,
            "Vsn": self.versions,
        }
        return b"\x04" + _pack(fields)


class Dead(NamedTuple):
    """`accuser` holds that `node` is dead; a node that says so of itself has left."""

    incarnation: int
    node: Name
    accuser: Name

    def encode(self) -> bytes:
        """Return the message as bytes."""
        fields = {"From": self.accuser, "Incarnation": self.incarnation, "Node": self.node}
        return b"\x05" + _pack(fields)


class Entry(NamedTuple):
    """One line of a member's list, as a push-pull carries it."""

    name: Name
    address: bytes
    port: int
    incarnation: int
    state: State
    versions: bytes = VERSIONS


class PushPull(NamedTuple):
    """A whole list; `join` if its sender is new."""

    join: bool
    entries: tuple[Entry, ...]

    def encode(self) -> bytes:
        """Return the message as bytes."""
        head = {"Join": self.join, "Nodes": len(self.entries), "UserStateLen": 0}
        lines = [
            _pack(
                {
                    "Addr": entry.address,
                    "Incarnation": entry.incarnation,
                    "Meta": None,
                    "Name": entry.name,
                    "Port": entry.port,
                    "State": entry.state.value,
                    "Vsn": entry.versions,
                }
            )
            for entry in self.entries
        ]
        return b"\x06" + _pack(head) + b"".join(lines)


Message: TypeAlias = Ping | PingReq | Ack | Nack | Suspect | Alive | Dead | PushPull

Fields: TypeAlias = dict[bytes, object]


def decode_message(data: bytes) -> Message:
    """Return the one message that `data`, not empty, holds; raise `WireError` otherwise."""
    code = data[0]
    if code == Code.PUSH_PULL:
        return _push_pull(data)
    if code not in _READERS:
        raise WireError(f"message type {code}")
    return _READERS[code](_unpack(data))


def pack_compressed(text: bytes) -> bytes:
    """Return the message that wraps a compressed one."""
    return b"\x09" + _pack({"Algo": 0, "Buf": text})


def unpack_compressed(data: bytes) -> bytes:
    """Return the compressed text in such a message; raise `WireError` where it has none."""
    return _raw(_unpack(data), b"Buf")


def _ping(fields: Fields) -> Message:
    return Ping(
        _uint(fields, b"SeqNo"),
        _raw(fields, b"Node"),
        _raw(fields, b"SourceAddr"),
        _port(fields, b"SourcePort"),
        _raw(fields, b"SourceNode"),
    )


def _ping_req(fields: Fields) -> Message:
    return PingReq(
        _uint(fields, b"SeqNo"),
        _raw(fields, b"Target"),
        _port(fields, b"Port"),
        _raw(fields, b"Node"),
        _flag(fields, b"Nack"),
        _raw(fields, b"SourceAddr"),
        _port(fields, b"SourcePort"),
        _raw(fields, b"SourceNode"),
    )


def _ack(fields: Fields) -> Message:
    return Ack(_uint(fields, b"SeqNo"))


def _nack(fields: Fields) -> Message:
    return Nack(_uint(fields, b"SeqNo"))


def _suspect(fields: Fields) -> Message:
    return Suspect(_uint(fields, b"Incarnation"), _raw(fields, b"Node"), _raw(fields, b"From"))


def _dead(fields: Fields) -> Message:
    return Dead(_uint(fields, b"Incarnation"), _raw(fields, b"Node"), _raw(fields, b"From"))


def _alive(fields: Fields) -> Message:
    return Alive(
        _uint(fields, b"Incarnation"),
        _raw(fields, b"Node"),
        _raw(fields, b"Addr"),
        _port(fields, b"Port"),
        _raw(fields, b"Vsn"),
    )


_READERS = {
    int(Code.PING): _ping,
    int(Code.PING_REQ): _ping_req,
    int(Code.ACK): _ack,
    int(Code.NACK): _nack,
    int(Code.SUSPECT): _suspect,
    int(Code.ALIVE): _alive,
    int(Code.DEAD): _dead,
}


def _push_pull(data: bytes) -> PushPull:
    unpacker = msgpack.Unpacker(raw=True, max_buffer_size=len(data))
    unpacker.feed(data[1:])
    try:
        head = _fields(unpacker.unpack())
        count = _uint(head, b"Nodes")
        if count > _NODES_MOST:
            raise WireError("too many nodes")
        entries = tuple(_entry(_fields(unpacker.unpack())) for _ in range(count))
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise WireError("not msgpack") from error
    return PushPull(_flag(head, b"Join"), entries)


def _entry(fields: Fields) -> Entry:
    state = _uint(fields, b"State")
    if state > State.LEFT:
        raise WireError("unknown state")
    return Entry(
        _raw(fields, b"Name"),
        _raw(fields, b"Addr"),
        _port(fields, b"Port"),
        _uint(fields, b"Incarnation"),
        State(state),
        _raw(fields, b"Vsn"),
    )


def _pack(fields: Mapping[str, object]) -> bytes:
    packed: bytes = msgpack.packb(fields, use_bin_type=False)
    return packed


def _unpack(data: bytes) -> Fields:
    try:
        value: object = msgpack.unpackb(data[1:], raw=True)
    except (ValueError, TypeError, msgpack.exceptions.UnpackException) as error:
        raise WireError("not msgpack") from error
    return _fields(value)


def _fields(value: object) -> Fields:
    if not isinstance(value, dict):
        raise WireError("not a map")
    return value


def _uint(fields: Fields, key: bytes) -> int:
    value = fields.get(key, 0)
    if type(value) is not int or not 0 <= value <= INCARNATION_MAX:
        raise WireError(f"{key!r} is no 32-bit number")
    return value


def _port(fields: Fields, key: bytes) -> int:
    value = _uint(fields, key)
    if value > 0xFFFF:
        raise WireError(f"{key!r} is no port")
    return value


def _raw(fields: Fields, key: bytes) -> bytes:
    value = fields.get(key)
    if value is None:
        return b""
    if not isinstance(value, bytes):
        raise WireError(f"{key!r} is no string")
    return value


def _flag(fields: Fields, key: bytes) -> bool:
    value = fields.get(key, False)
    if not isinstance(value, bool):
        raise WireError(f"{key!r} is no boolean")
    return value
