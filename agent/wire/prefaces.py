"""What a stream begins with in clear, each way: who calls whom in which pool, and a challenge.

    caller      version, bits (0 pool, 1 hop), receiver (32, nought: whoever answers),
                challenge (32), length (2), certificate
    answerer    version, bits (0 pool), challenge (32), length (2), certificate

All of it but the hop bit goes into a digest that both ends repeat under seal.
"""

from dataclasses import dataclass
from hashlib import blake2b

from agent.wire.handshake import CERTIFICATE_BYTES_MAX
from agent.wire.header import VERSIONS, Pool
from agent.wire.reasons import Reason, WireRefused
from failure_detect.identity import MEMBER_ID_BYTES, MemberId

CHALLENGE_BYTES, DIGEST_BYTES = 32, 32
CALLED_BYTES = 2 + MEMBER_ID_BYTES
"""So much of a stream says for whom it is."""

_HOP = 2
_POOLS = (Pool.LAN, Pool.WAN)
_BITS = {pool: bit for bit, pool in enumerate(_POOLS)}
_ANYONE = bytes(MEMBER_ID_BYTES)
_CALLED = CALLED_BYTES + CHALLENGE_BYTES
_ANSWERED = 2 + CHALLENGE_BYTES


@dataclass(frozen=True, slots=True)
class Called:
    """For whom a stream is."""

    pool: Pool
    to: MemberId | None
    """None: for whoever answers."""
    is_hop: bool


@dataclass(frozen=True, slots=True)
class Preface:
    """What one end begins with, behind the word for whom it is."""

    challenge: bytes
    certificate: bytes
    length: int
    """How many bytes of the stream it took."""


def write_call(pool: Pool, to: MemberId | None, challenge: bytes, certificate: bytes) -> bytes:
    """Return what a caller begins with."""
    head = bytes((VERSIONS[0], _BITS[pool])) + (_ANYONE if to is None else to)
    return head + challenge + len(certificate).to_bytes(2) + certificate


def write_answer(pool: Pool, challenge: bytes, certificate: bytes) -> bytes:
    """Return what an answerer begins with."""
    head = bytes((VERSIONS[0], _BITS[pool]))
    return head + challenge + len(certificate).to_bytes(2) + certificate


def read_called(data: bytes | bytearray) -> Called | None:
    """Return for whom a stream is, None where more bytes are needed; `WireRefused` for others."""
    pool, is_hop = _head(data, _HOP)
    if len(data) < CALLED_BYTES:
        return None
    member = bytes(data[2:CALLED_BYTES])
    return Called(pool, None if member == _ANYONE else MemberId(member), is_hop)


def read_call(data: bytes | bytearray) -> Preface | None:
    """Return a caller's preface, None where more bytes are needed; `WireRefused` for others."""
    return _preface(data, CALLED_BYTES, _CALLED)


def read_answer(data: bytes | bytearray, pool: Pool) -> Preface | None:
    """Return an answerer's preface, None where more bytes are needed; `WireRefused` for others."""
    if len(data) < 2:
        return None
    if _head(data, 0)[0] is not pool:
        raise WireRefused(Reason.NO_POOL, "answered in another pool than was called")
    return _preface(data, 2, _ANSWERED)


def hopped_call(data: bytes | bytearray) -> bytes:
    """Return the beginning of a stream with its hop bit set."""
    return bytes((data[0], data[1] | _HOP)) + bytes(data[2:])


def digest_of(call: bytes, answer: bytes) -> bytes:
    """Return the digest of both prefaces, the hop bit apart."""
    said = bytes((call[0], call[1] & ~_HOP)) + call[2:] + answer
    return blake2b(said, digest_size=DIGEST_BYTES, person=b"isthmus-stream").digest()


def _head(data: bytes | bytearray, allowed: int) -> tuple[Pool, bool]:
    if data and not VERSIONS[0] <= data[0] <= VERSIONS[1]:
        raise WireRefused(Reason.VERSION, f"begins with {data[0]}, which is no version spoken here")
    bits = data[1] if len(data) > 1 else 0
    if bits & ~(1 | allowed):
        raise WireRefused(Reason.MALFORMED, "sets bits that mean nothing")
    return _POOLS[bits & 1], bool(bits & _HOP)


def _preface(data: bytes | bytearray, begin: int, challenge_end: int) -> Preface | None:
    end = challenge_end + 2
    if len(data) < end:
        return None
    length = int.from_bytes(data[challenge_end:end])
    if not 0 < length <= CERTIFICATE_BYTES_MAX:
        raise WireRefused(Reason.MALFORMED, "no certificate of the length that it names")
    if len(data) < end + length:
        return None
    certificate = bytes(data[end : end + length])
    return Preface(bytes(data[begin:challenge_end]), certificate, end + length)
