"""A cheap stand-in for keys, signatures and certificates, of true sizes.

Real signatures would take most of a simulation's time (about 100 us each to verify) and
teach it nothing: what is studied is who believes what, not whether Ed25519 holds. The
stand-in keeps the two properties that the protocols rest on: a process can sign in no
name but its own, because only the notary knows the key of each name and it hands out
signers one by one; and a signature fits one message of one signer. Keyed BLAKE2b of 64
bytes is as long as an Ed25519 signature and as deterministic.
"""

from dataclasses import dataclass
from hashlib import blake2b

import msgpack

from failure_detect.identity import (
    MEMBER_ID_BYTES,
    SIGNATURE_BYTES,
    Address,
    Identity,
    MemberId,
    NodeName,
)
from simulations.randomness import derive

MEMO_LIMIT = 1 << 16
"""Answers that are remembered, of each of two kinds; then memory begins anew."""


class Notary:
    """Knows every key: issues certificates, hands out signers, verifies for all."""

    def __init__(self, seed: int) -> None:
        self._root = derive(seed, "authority").to_bytes(8, "big")
        self._keys: dict[MemberId, bytes] = {}
        self._signed: set[tuple[MemberId, bytes]] = set()
        self._verified: dict[tuple[MemberId, bytes, bytes], bool] = {}
        self._identified: dict[bytes, Identity | None] = {}

    def member_id(self, *names: str | int) -> MemberId:
        """Return the 32 bytes by which the process called `names` goes."""
        text = "\0".join(map(str, names)).encode()
        return MemberId(blake2b(text, key=self._root, digest_size=MEMBER_ID_BYTES).digest())

    def certify(self, identity: Identity) -> bytes:
        """Return the cluster's certificate of `identity`, some 150 to 180 bytes."""
        body = _pack(_fields(identity))
        return _pack([body, self._seal(identity.group, body)])

    def signer(self, member: MemberId) -> "Signer":
        """Return the authority of the one process that is `member`."""
        return Signer(self, member)

    def sign(self, member: MemberId, message: bytes) -> bytes:
        """Return the 64 bytes that only `member` can make of `message`, and remember it."""
        signature = self._signature(member, message)
        self._signed.add((member, signature))
        return signature

    def has_signed(self, member: MemberId, message: bytes) -> bool:
        """Tell whether `member` has signed `message` itself: signatures do not come by guessing."""
        return (member, self._signature(member, message)) in self._signed

    def _signature(self, member: MemberId, message: bytes) -> bytes:
        key = self._keys.get(member)
        if key is None:
            key = blake2b(member, key=self._root, digest_size=32).digest()
            self._keys[member] = key
        return blake2b(message, key=key, digest_size=SIGNATURE_BYTES).digest()

    def verify(self, member: MemberId, message: bytes, signature: bytes) -> bool:
        """Tell whether `member` signed `message`; each question is worked out once."""
        question = (member, message, signature)
        answer = self._verified.get(question)
        if answer is None:
            answer = self._signature(member, message) == signature
            if len(self._verified) >= MEMO_LIMIT:
                self._verified.clear()
            self._verified[question] = answer
        return answer

    def identify(self, certificate: bytes) -> Identity | None:
        """Return what a certificate of this notary says; None for all other bytes."""
        if certificate not in self._identified:
            if len(self._identified) >= MEMO_LIMIT:
                self._identified.clear()
            self._identified[certificate] = self._read(certificate)
        return self._identified[certificate]

    def _seal(self, group: str, body: bytes) -> bytes:
        key = blake2b(group.encode(), key=self._root, digest_size=32).digest()
        return blake2b(body, key=key, digest_size=SIGNATURE_BYTES).digest()

    def _read(self, certificate: bytes) -> Identity | None:
        match _unpack(certificate):
            case [bytes() as body, bytes() as seal]:
                identity = _identity(_unpack(body))
            case _:
                return None
        if identity is None or self._seal(identity.group, body) != seal:
            return None
        return identity


@dataclass(frozen=True, slots=True)
class Signer:
    """The `Authority` of one process."""

    notary: Notary
    member: MemberId

    def sign(self, message: bytes) -> bytes:
        """Return this member's 64-byte signature of `message`."""
        return self.notary.sign(self.member, message)

    def verify(self, member: MemberId, message: bytes, signature: bytes) -> bool:
        """Tell whether `signature` over `message` was made by `member`."""
        return self.notary.verify(member, message, signature)

    def identify(self, certificate: bytes) -> Identity | None:
        """Return what a valid certificate says, or None where it is not to be believed."""
        return self.notary.identify(certificate)


def _fields(identity: Identity) -> list[object]:
    return [
        identity.member,
        identity.node,
        identity.start,
        identity.address,
        identity.group,
        identity.node_address,
    ]


def _identity(fields: object) -> Identity | None:
    match fields:
        case [
            bytes() as member,
            str() as node,
            int() as start,
            str() as address,
            str() as group,
            (str() | None) as node_address,
        ] if len(member) == MEMBER_ID_BYTES:
            return Identity(
                member=MemberId(member),
                node=NodeName(node),
                start=start,
                address=Address(address),
                group=group,
                node_address=None if node_address is None else Address(node_address),
            )
        case _:
            return None


def _pack(value: object) -> bytes:
    packed: bytes = msgpack.packb(value)
    return packed


def _unpack(data: bytes) -> object:
    try:
        value: object = msgpack.unpackb(data)
    except (ValueError, msgpack.exceptions.UnpackException):
        return None  # The unpacker's errors of bad input; UnicodeDecodeError is a ValueError.
    return value
