"""What is said before two members share a session, as bytes and back.

    caller                                         answerer
      | -- HELLO  certificate, challenge ----------> |   nothing is kept, nothing is verified
      | <--------- WELCOME  certificate, cookie ---- |   never longer than the hello
      | -- PROOF  certificate, cookie, sealed -----> |   cookie first, then signature, then seal
      | <----------------- ACCEPT  sealed tag ------ |

Certificates travel in clear: they are public. A hello is padded to one length, so that its answer
is never longer. The cookie is bound to the source, the challenge and the certificate, and stands
inside the sealed part as well: a proof is worth nothing from elsewhere, or with another cookie.

`via` is nought but where an agent has passed a datagram on for a load balancer: then it is where
the datagram came from, so that the answer can go there.
"""

from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from agent.wire.header import HEAD_BYTES, INNER_BYTES, MARK_BYTES, Head, write_head
from agent.wire.reasons import Reason, WireRefused
from agent.wire.sealing import SEAL_BYTES
from discovery.certificates import AGENT_CERTIFICATE_BYTES_MAX
from failure_detect.identity import Address

CHALLENGE_BYTES, COOKIE_BYTES, TAG_BYTES, VIA_BYTES = 16, 16, 4, 18
CERTIFICATE_BYTES_MAX = AGENT_CERTIFICATE_BYTES_MAX

_LENGTH_BYTES = 2
_VIA_END = HEAD_BYTES + VIA_BYTES
HELLO_BYTES = _VIA_END + CHALLENGE_BYTES + MARK_BYTES + _LENGTH_BYTES + CERTIFICATE_BYTES_MAX
"""All hellos have this length."""

PROOF_SEALED_BYTES = INNER_BYTES + TAG_BYTES + COOKIE_BYTES + SEAL_BYTES
_MAPPED = 0xFFFF << 32
_NO_VIA = bytes(VIA_BYTES)


@dataclass(frozen=True, slots=True)
class Hello:
    """First contact."""

    challenge: bytes
    mark: bytes
    """The sender's own, for the head of the answer."""
    certificate: bytes
    via: Address | None = None


@dataclass(frozen=True, slots=True)
class Welcome:
    """The answer to a hello of this challenge."""

    challenge: bytes
    cookie: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """The echo of a cookie, and what is sealed: the caller's tag and the cookie again."""

    challenge: bytes
    cookie: bytes
    certificate: bytes
    sealed: bytes
    via: Address | None = None


def write_hello(head: Head, hello: Hello) -> bytes:
    """Return a hello, `HELLO_BYTES` long."""
    body = hello.challenge + hello.mark + _with_length(hello.certificate)
    return (write_head(head) + bytes(VIA_BYTES) + body).ljust(HELLO_BYTES, b"\0")


def read_hello(data: bytes) -> Hello:
    """Return a hello; raises `WireRefused` (MALFORMED, OVERSIZED) for all else."""
    if len(data) != HELLO_BYTES:
        reason = Reason.OVERSIZED if len(data) > HELLO_BYTES else Reason.MALFORMED
        raise WireRefused(reason, f"hello: must be padded to {HELLO_BYTES} bytes")
    at = _VIA_END + CHALLENGE_BYTES
    certificate, _ = _certificate(data, at + MARK_BYTES, "hello")
    return Hello(data[_VIA_END:at], data[at : at + MARK_BYTES], certificate, read_via(data))


def write_welcome(head: Head, welcome: Welcome) -> bytes:
    """Return the answer to a hello; it is shorter than any."""
    body = welcome.challenge + welcome.cookie + _with_length(welcome.certificate)
    return write_head(head) + body


def read_welcome(data: bytes) -> Welcome:
    """Return an answer to a hello; raises `WireRefused` for all else."""
    at = HEAD_BYTES + CHALLENGE_BYTES
    certificate, end = _certificate(data, at + COOKIE_BYTES, "welcome")
    if end != len(data):
        raise WireRefused(Reason.MALFORMED, "welcome: goes on after its certificate")
    return Welcome(data[HEAD_BYTES:at], data[at : at + COOKIE_BYTES], certificate)


def write_proof(head: bytes, proof: Proof) -> bytes:
    """Return a proof, from the bytes of its head, which the sealed part repeats."""
    body = proof.challenge + proof.cookie + _with_length(proof.certificate)
    return head + bytes(VIA_BYTES) + body + proof.sealed


def read_proof(data: bytes) -> Proof:
    """Return a proof; raises `WireRefused` for all else."""
    at = _VIA_END + CHALLENGE_BYTES
    certificate, end = _certificate(data, at + COOKIE_BYTES, "proof")
    if len(data) - end != PROOF_SEALED_BYTES:
        raise WireRefused(Reason.MALFORMED, "proof: its sealed part has another length")
    cookie = data[at : at + COOKIE_BYTES]
    return Proof(data[_VIA_END:at], cookie, certificate, data[end:], read_via(data))


def _with_length(certificate: bytes) -> bytes:
    return len(certificate).to_bytes(_LENGTH_BYTES) + certificate


def _certificate(data: bytes, at: int, what: str) -> tuple[bytes, int]:
    """Return the certificate whose length stands at `at`, and where it ends."""
    begin = at + _LENGTH_BYTES
    length = int.from_bytes(data[at:begin])
    if not 0 < length <= CERTIFICATE_BYTES_MAX or len(data) < begin + length:
        raise WireRefused(Reason.MALFORMED, f"{what}: no certificate of the length that it names")
    return data[begin : begin + length], begin + length


# --- where it came from, when it was passed on --------------------------------------------


def has_via(data: bytes) -> bool:
    """Tell whether a hello or proof says that it was passed on, whatever it names.

    Raises `WireRefused` (MALFORMED) for what is too short to say. It costs no more than a look.
    """
    if len(data) < _VIA_END:
        raise WireRefused(Reason.MALFORMED, "shorter than any hello or proof")
    return data[HEAD_BYTES:_VIA_END] != _NO_VIA


def read_via(data: bytes) -> Address | None:
    """Return where a hello or proof that was passed on came from; None where it names nothing.

    Raises `WireRefused` (MALFORMED) for what is too short to say.
    """
    if len(data) < _VIA_END:
        raise WireRefused(Reason.MALFORMED, "shorter than any hello or proof")
    field = data[HEAD_BYTES:_VIA_END]
    if not any(field):
        return None
    address, port = IPv6Address(field[:16]), int.from_bytes(field[16:])
    mapped = address.ipv4_mapped
    return Address(f"[{address}]:{port}" if mapped is None else f"{mapped}:{port}")


def with_via(data: bytes, source: Address) -> bytes | None:
    """Return a hello or proof that says where it came from; None where `source` is no address."""
    host, _, port = source.rpartition(":")
    try:
        address = ip_address(host.strip("[]"))
        number = int(port).to_bytes(2)
    except (ValueError, OverflowError):
        return None
    octets = int(address) | (_MAPPED if address.version == 4 else 0)
    return data[:HEAD_BYTES] + octets.to_bytes(16) + number + data[_VIA_END:]


# --- cookies ------------------------------------------------------------------------------


def cookie_of(secret: bytes, source: Address, challenge: bytes, certificate: bytes) -> bytes:
    """Return the cookie of a source: keyed BLAKE2b over all that it is given for."""
    said = b"".join((len(source).to_bytes(2), source.encode(), challenge, certificate))
    return blake2b(said, key=secret, digest_size=COOKIE_BYTES, person=b"isthmus-cookie").digest()
