"""The manifest: one signature over an origin's whole set.

A manifest travels as [body, signature] or [body, signature, cluster certificate], the last where a
fleet vouches for the key. The body names the certificate, so that nobody who passes it on can
attach, exchange or remove one. It is a packed map, kept as it came:

    o  origin              u  UID of its kube-system namespace
    g  generation of key   e  epoch (ms)       v  version within it
    r  root of the records n  how many records s  their bytes, keys included
    l  lifetime (s)        w  when it was signed, by the origin's wall clock (ms)
    a  audience: cluster names or patterns with *, absent for everyone who trusts the origin
    i  intents: [epoch, version, what, subject, amount] each, the latest last
    d  1 where the cluster departs: the set is empty and stays so
    c  hash of the certificate (16 bytes), absent where none comes along

What a later version adds to the map or to an intent is ignored here, and kept by those who pass
the bytes on. It adds nothing outside: there is one way to pack a body with its signature and its
certificate, so that equal manifests are equal bytes whoever relayed them.

Order: (generation, epoch, version, root). Higher wins everywhere, so merging is a maximum.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from discovery.authority import SIGNATURE_BYTES, Domain, Signer, Verifier
from discovery.fields import Fields, packed
from discovery.names import Origin, PublicKey, is_label, is_pattern, matches
from discovery.recordset import EMPTY, HASH_BYTES
from discovery.refusals import Refusal, Refused
from failure_detect.packing import MalformedMessage, Packable, pack, unpack_one

MANIFEST_BYTES_MAX = 1_536
INTENTS_MAX = 8
AUDIENCE_MAX = 32
UID_CHARACTERS_MAX = 64
SUBJECT_CHARACTERS_MAX = 127
"""Of an intent: a namespace, a slash, a name."""

LIFETIME_S_MAX = 7 * 86_400
DEFAULT_LIFETIME_S = 3_600

_MARK_BYTES = 16

NUMBER_MAX = (1 << 63) - 1
"""Of generations, epochs, versions and counts."""


class Order(NamedTuple):
    """What decides between two manifests of one origin: the higher one."""

    generation: int
    epoch: int
    """Milliseconds of hybrid time: above anything that was seen of this origin."""
    version: int
    root: bytes


class IntentKind(StrEnum):
    """Why many endpoints vanish at once, on purpose (design, section 7)."""

    UNEXPORT = "unexport"
    DRAIN = "drain"
    SCALE_DOWN = "scale-down"
    DELETION = "deletion"
    DEPARTURE = "departure"


@dataclass(frozen=True, slots=True)
class Intent:
    """A withdrawal that is meant, and in which version it first held."""

    epoch: int
    version: int
    kind: IntentKind
    subject: str
    """`namespace/name` of a service, or empty for the cluster."""
    amount: int = 0
    """How many endpoints it explains; 0: all of the subject's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a cluster key signs."""

    origin: Origin
    uid: str
    generation: int
    epoch: int
    version: int
    root: bytes
    count: int
    size_bytes: int
    lifetime_s: int = DEFAULT_LIFETIME_S
    signed_at_ms: int = 0
    audience: tuple[str, ...] = ()
    intents: tuple[Intent, ...] = ()
    departs: bool = False

    @property
    def order(self) -> Order:
        """The order of this manifest among those of its origin."""
        return Order(self.generation, self.epoch, self.version, self.root)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A body with its signature, and all of it as the bytes that travel."""

    body: Body
    signed: bytes
    """The packed body: what the signature is over."""
    signature: bytes
    certificate: bytes
    """The fleet's certificate of the cluster key, or empty."""
    raw: bytes

    @property
    def origin(self) -> Origin:
        """Whose it is."""
        return self.body.origin

    @property
    def order(self) -> Order:
        """The order of this manifest among those of its origin."""
        return self.body.order

    def is_signed_by(self, key: PublicKey, verifier: Verifier) -> bool:
        """Tell whether `key` signed the body."""
        return verifier.verify(key, Domain.MANIFEST, self.signed, self.signature)

    def is_for(self, cluster: Origin) -> bool:
        """Tell whether `cluster` is in the audience."""
        audience = self.body.audience
        return not audience or any(matches(cluster, pattern) for pattern in audience)

    def may_be_told(self, cluster: Origin) -> bool:
        """Tell whether bridges of `cluster` may have it, and its records: its own always may."""
        return cluster == self.origin or self.is_for(cluster)


def sign_manifest(body: Body, signer: Signer, certificate: bytes = b"") -> Manifest:
    """Return the manifest of `body`, signed with the cluster's key.

    Where it would be too long the oldest intents are left out; see `.body` for what was signed.
    Raises ValueError where a peer would refuse it: audience or size beyond the limits, a departure
    that leaves records, names that are none.
    """
    signed = _signed_bytes(body, certificate)
    while body.intents and _too_long(signed, certificate):
        body = replace(body, intents=body.intents[1:])
        signed = _signed_bytes(body, certificate)
    raw = _joined(signed, signer.sign(Domain.MANIFEST, signed), certificate)
    try:
        return decode_manifest(raw)
    except Refused as error:
        raise ValueError(f"manifest: {error.what}") from error


def _too_long(signed: bytes, certificate: bytes) -> bool:
    return len(_joined(signed, bytes(SIGNATURE_BYTES), certificate)) > MANIFEST_BYTES_MAX


def _signed_bytes(body: Body, certificate: bytes) -> bytes:
    return packed(_packed_body(body) | {"c": _mark(certificate) or None})


def _joined(signed: bytes, signature: bytes, certificate: bytes) -> bytes:
    parts: list[Packable] = [signed, signature]
    return pack([*parts, certificate] if certificate else parts)


def _packed_body(body: Body) -> dict[str, Packable]:
    intents: list[Packable] = [
        [each.epoch, each.version, each.kind.value, each.subject, each.amount]
        for each in body.intents
    ]
    return {
        "o": body.origin,
        "u": body.uid or None,
        "g": body.generation,
        "e": body.epoch,
        "v": body.version,
        "r": body.root,
        "n": body.count,
        "s": body.size_bytes,
        "l": None if body.lifetime_s == DEFAULT_LIFETIME_S else body.lifetime_s,
        "w": body.signed_at_ms or None,
        "a": list(body.audience) or None,
        "i": intents or None,
        "d": 1 if body.departs else None,
    }


def decode_manifest(raw: bytes) -> Manifest:
    """Return the manifest in `raw`, its signature unverified. Raises `Refused` for all else."""
    if len(raw) > MANIFEST_BYTES_MAX:
        raise Refused(Refusal.OVERSIZED, f"manifest: at most {MANIFEST_BYTES_MAX} bytes")
    try:
        value = unpack_one(raw, MANIFEST_BYTES_MAX)
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"manifest: {error}") from error
    match value:
        case (bytes() as signed, bytes() as signature):
            certificate = b""
        case (bytes() as signed, bytes() as signature, bytes() as certificate):
            pass
        case _:
            raise Refused(Refusal.MALFORMED, "manifest: must be a body and a signature")
    if len(signature) != SIGNATURE_BYTES:
        raise Refused(Refusal.MALFORMED, f"manifest: a signature has {SIGNATURE_BYTES} bytes")
    if _joined(signed, signature, certificate) != raw:
        raise Refused(Refusal.MALFORMED, "manifest: must be packed as short as can be")
    fields = Fields("manifest", signed, MANIFEST_BYTES_MAX)
    mark = fields.octets("c", exactly=_MARK_BYTES) if fields.has("c") else b""
    if mark != _mark(certificate):
        raise fields.refuse("c", "must be the hash of the certificate that comes along")
    return Manifest(_body(fields), signed, signature, certificate, raw)


def _mark(certificate: bytes) -> bytes:
    # What the body says of the certificate that comes along; nothing where none does.
    hashed = blake2b(certificate, digest_size=_MARK_BYTES, person=b"isthmus-vouched")
    return hashed.digest() if certificate else b""


def _body(fields: Fields) -> Body:
    origin = fields.text("o", most=63)
    if not is_label(origin):
        raise fields.refuse("o", "must be the name of a cluster, an RFC 1123 label")
    body = Body(
        origin=Origin(origin),
        uid=fields.text("u", most=UID_CHARACTERS_MAX, default=""),
        generation=fields.integer("g", most=NUMBER_MAX),
        epoch=fields.integer("e", most=NUMBER_MAX),
        version=fields.integer("v", most=NUMBER_MAX),
        root=fields.octets("r", exactly=HASH_BYTES),
        count=fields.integer("n", most=NUMBER_MAX),
        size_bytes=fields.integer("s", most=NUMBER_MAX),
        lifetime_s=fields.integer("l", least=1, most=LIFETIME_S_MAX, default=DEFAULT_LIFETIME_S),
        signed_at_ms=fields.integer("w", most=NUMBER_MAX, default=0),
        audience=_audience(fields),
        intents=_intents(fields),
        departs=bool(fields.integer("d", most=1, default=0)),
    )
    if body.departs and (body.root, body.count, body.size_bytes) != (EMPTY.root, 0, 0):
        raise fields.refuse("d", "a cluster that departs has no records")
    return body


def _audience(fields: Fields) -> tuple[str, ...]:
    patterns = fields.texts("a", most=AUDIENCE_MAX)
    if not all(map(is_pattern, patterns)):
        raise fields.refuse("a", "must be names of clusters, or patterns with *")
    return patterns


def _intents(fields: Fields) -> tuple[Intent, ...]:
    intents = []
    for each in fields.sequence("i", most=INTENTS_MAX):
        match each:
            case (
                int() as epoch,
                int() as version,
                str() as kind,
                str() as subject,
                int() as n,
                *_,
            ):
                if not all(map(_is_number, (epoch, version, n))):
                    raise fields.refuse("i", f"has numbers that are not from 0 to {NUMBER_MAX}")
                if len(subject) > SUBJECT_CHARACTERS_MAX:
                    raise fields.refuse("i", "has a subject of more than 127 characters")
                if kind in list(IntentKind):  # A later version may mean more than we know.
                    intents.append(Intent(epoch, version, IntentKind(kind), subject, n))
            case _:
                raise fields.refuse("i", "must be arrays of epoch, version, kind, subject, amount")
    return tuple(intents)


def _is_number(value: int) -> bool:
    return type(value) is int and 0 <= value <= NUMBER_MAX


def with_intent(intents: tuple[Intent, ...], intent: Intent) -> tuple[Intent, ...]:
    """Return the intents with one more, the oldest dropped where there are too many."""
    return (*intents, intent)[-INTENTS_MAX:]
