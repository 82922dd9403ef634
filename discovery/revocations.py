"""Revocations: a fleet's numbered list of keys that are worth nothing any more.

A list is a `signed` map (Domain.REVOCATION), complete by itself, and passed on by everyone:

    f  key of the fleet that signs       n  number, rising
    r  revoked keys, sorted, each once   w  when it was signed, by the fleet's wall clock (ms)

Rule 1: of a fleet key's lists the highest number is in force; of two with one number the higher
bytes, the same everywhere. Rule 2: two lists with one number are evidence of misuse, so the
highest and the lowest of the number in force are both kept. That makes merging a join semilattice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from discovery.authority import Domain, Signer, Verifier
from discovery.fields import Fields
from discovery.names import PUBLIC_KEY_BYTES, PublicKey
from discovery.refusals import Refusal, Refused
from discovery.signed import Signed, read_signed, sign_fields

REVOKED_MAX = 1_000
"""Keys in one list: beyond that a fleet changes its own key."""

REVOCATIONS_BYTES_MAX = 40_960
FLEETS_MAX = 512
"""Fleet keys whose lists are held: more than trust objects name."""

_NUMBER_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class RevocationList:
    """One list; its signature is verified where it is merged."""

    fleet: PublicKey
    number: int
    keys: tuple[PublicKey, ...]
    signed_at_ms: int
    signed: Signed

    @property
    def raw(self) -> bytes:
        """All of it, as it travels."""
        return self.signed.raw

    @property
    def rank(self) -> tuple[int, int]:
        """What decides between two lists of one fleet key, as numbers of 64 bits."""
        mark = blake2b(self.signed.body, digest_size=8, person=b"isthmus-revoked").digest()
        return self.number, int.from_bytes(mark)

    @property
    def item_key(self) -> bytes:
        """The key under which it is passed on."""
        return b"r/" + self.fleet

    def is_signed(self, verifier: Verifier) -> bool:
        """Tell whether the fleet key that it names signed it; not whether that one is trusted."""
        return self.signed.is_by(self.fleet, Domain.REVOCATION, verifier)


def issue_revocations(
    number: int, keys: Iterable[PublicKey], fleet: Signer, signed_at_ms: int = 0
) -> RevocationList:
    """Return the list of these keys, signed; ValueError where others would refuse it."""
    raw = sign_fields(
        {
            "f": fleet.public,
            "n": number,
            "r": [bytes(key) for key in sorted(set(keys))],
            "w": signed_at_ms or None,
        },
        Domain.REVOCATION,
        fleet,
    )
    try:
        return decode_revocations(raw)
    except Refused as error:
        raise ValueError(error.what) from error


def decode_revocations(raw: bytes) -> RevocationList:
    """Return the list, unverified. Raises `Refused` for all other bytes."""
    signed = read_signed("revocations", raw, REVOCATIONS_BYTES_MAX)
    fields = Fields("revocations", signed.body, REVOCATIONS_BYTES_MAX)
    keys = []
    for each in fields.sequence("r", most=REVOKED_MAX):
        if not isinstance(each, bytes) or len(each) != PUBLIC_KEY_BYTES:
            raise fields.refuse("r", f"must be an array of keys of {PUBLIC_KEY_BYTES} bytes")
        keys.append(PublicKey(each))
    if sorted(set(keys)) != keys:
        raise fields.refuse("r", "must be sorted, and have each key once")
    return RevocationList(
        fleet=PublicKey(fields.octets("f", exactly=PUBLIC_KEY_BYTES)),
        number=fields.integer("n", least=1, most=_NUMBER_MAX),
        keys=tuple(keys),
        signed_at_ms=fields.integer("w", most=_NUMBER_MAX, default=0),
        signed=signed,
    )


@dataclass(frozen=True, slots=True)
class _Held:
    high: RevocationList
    low: RevocationList
    keys: frozenset[PublicKey]


class Revocations:
    """The list in force of each fleet key, and what contradicts it."""

    def __init__(self) -> None:
        """Hold none."""
        self._held: dict[PublicKey, _Held] = {}

    def merge(self, listed: RevocationList, verifier: Verifier) -> bool:
        """Hold a list if it is news: a higher number, or another word with the same one.

        Return whether it was. Raises `Refused` where its fleet key did not sign it, or where too
        many fleets have one; nothing has changed then. Whose lists count is the caller's business.
        """
        held = self._held.get(listed.fleet)
        if held is not None and (
            held.low.rank <= listed.rank <= held.high.rank or listed.number < held.high.number
        ):
            return False
        if held is None and len(self._held) >= FLEETS_MAX:
            raise Refused(Refusal.OVERSIZED, f"revocations: {FLEETS_MAX} fleets have one already")
        if not listed.is_signed(verifier):
            raise Refused(Refusal.SIGNATURE, f"revocations {listed.number}: not of their fleet key")
        if held is None or listed.number > held.high.number:
            held = _Held(listed, listed, frozenset(listed.keys))
        elif listed.rank > held.high.rank:
            held = _Held(listed, held.low, frozenset(listed.keys))
        else:
            held = _Held(held.high, listed, held.keys)
        self._held[listed.fleet] = held
        return True

    def drop(self, fleet: PublicKey) -> bool:
        """Hold nothing of a fleet key any more: it is not trusted. Tell whether there was any."""
        return self._held.pop(fleet, None) is not None

    def revokes(self, fleet: PublicKey, key: PublicKey) -> bool:
        """Tell whether the list in force of `fleet` has `key`."""
        held = self._held.get(fleet)
        return held is not None and key in held.keys

    def lists(self) -> list[RevocationList]:
        """Return the lists in force, by fleet key."""
        return [held.high for _, held in sorted(self._held.items())]

    def contradictions(self) -> list[tuple[RevocationList, RevocationList]]:
        """Return pairs that one fleet key signed with one number, the one in force last."""
        return [
            (held.low, held.high)
            for _, held in sorted(self._held.items())
            if held.low is not held.high
        ]
