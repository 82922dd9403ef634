"""A packed map with one signature: how certificates, revocations and overlays travel.

Rule 1: what is signed is the bytes of the map, under a domain; fields of later versions are
signed and passed on with it. Rule 2: one statement has one form on the wire: what would decode to
the same but is packed otherwise is refused, so nobody can make twins of what others signed.
"""

from dataclasses import dataclass

from discovery.authority import SIGNATURE_BYTES, Domain, Signer, Verifier
from discovery.fields import PackedMap, packed
from discovery.names import PublicKey
from discovery.refusals import Refusal, Refused
from failure_detect.packing import MalformedMessage, pack, unpack_one


@dataclass(frozen=True, slots=True)
class Signed:
    """The packed map, its signature, and both as the bytes that travel."""

    body: bytes
    signature: bytes
    raw: bytes

    def is_by(self, key: PublicKey, domain: Domain, verifier: Verifier) -> bool:
        """Tell whether `key` signed the body in `domain`."""
        return verifier.verify(key, domain, self.body, self.signature)


def sign_fields(fields: PackedMap, domain: Domain, signer: Signer) -> bytes:
    """Return the map, packed and signed; None stands for a field that is left out."""
    body = packed(fields)
    return pack([body, signer.sign(domain, body)])


def read_signed(what: str, raw: bytes, most_bytes: int) -> Signed:
    """Return the two parts of `raw`, unverified; `what` names it in refusals.

    Raises `Refused` where it is larger than `most_bytes`, or anything else than two parts.
    """
    if len(raw) > most_bytes:
        raise Refused(Refusal.OVERSIZED, f"{what}: {len(raw)} bytes, at most {most_bytes}")
    try:
        value = unpack_one(raw, most_bytes)
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"{what}: {error}") from error
    match value:
        case (bytes() as body, bytes() as signature) if len(signature) == SIGNATURE_BYTES:
            pass
        case _:
            raise Refused(Refusal.MALFORMED, f"{what}: must be a body and {SIGNATURE_BYTES} bytes")
    if pack([body, signature]) != raw:
        raise Refused(Refusal.MALFORMED, f"{what}: must be packed as short as can be")
    return Signed(body, signature, raw)
