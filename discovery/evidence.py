"""Evidence of equivocation: one key signed two manifests of which only one may exist.

Whoever publishes takes a new version for every set, and a new epoch after every start, so two
different bodies with one (generation, epoch, version) prove that a key is used in two places or by
a stranger. The order of manifests still decides which one holds, the same everywhere; the pair is
kept, and proves the matter to anybody who has it: nothing needs to be believed but the signatures.
"""

from dataclasses import dataclass

from discovery.authority import Verifier
from discovery.manifest import MANIFEST_BYTES_MAX, Manifest, decode_manifest
from discovery.names import PUBLIC_KEY_BYTES, Origin, PublicKey
from discovery.refusals import Refusal, Refused
from failure_detect.packing import MalformedMessage, pack, unpack_one

EVIDENCE_BYTES_MAX = 2 * MANIFEST_BYTES_MAX + 64
PAIRS_PER_ORIGIN_MAX = 8
"""Who has shown eight times that its key is misused need not show it again."""

PAIRS_MAX = 1_024


@dataclass(frozen=True, slots=True)
class Place:
    """What no two manifests of an origin may share."""

    origin: Origin
    generation: int
    epoch: int
    version: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """Two manifests of one place with different bodies, both signed by `key`.

    Whose key it is, trust knows; that it signed both, `is_proof` shows to anybody.
    """

    key: PublicKey
    first: Manifest
    second: Manifest
    """The one that holds of the two: the higher root, or the higher bytes."""

    @property
    def place(self) -> Place:
        """The place that both claim."""
        return _place(self.first)

    @property
    def raw(self) -> bytes:
        """Key and both manifests as bytes, to be kept or handed on."""
        return pack([self.key, self.first.raw, self.second.raw])

    def is_proof(self, verifier: Verifier) -> bool:
        """Tell whether it proves what it says."""
        return (
            _place(self.first) == _place(self.second)
            and self.first.signed != self.second.signed
            and self.first.is_signed_by(self.key, verifier)
            and self.second.is_signed_by(self.key, verifier)
        )


def _place(manifest: Manifest) -> Place:
    body = manifest.body
    return Place(body.origin, body.generation, body.epoch, body.version)


def evidence_of(one: Manifest, two: Manifest, key: PublicKey) -> Evidence:
    """Return the pair in its one form, whichever came first; whether it is proof is not asked."""
    first, second = sorted((one, two), key=lambda each: (each.body.root, each.signed))
    return Evidence(key, first, second)


def decode_evidence(raw: bytes) -> Evidence:
    """Return the pair in `raw`, unverified. Raises `Refused` for all other bytes."""
    if len(raw) > EVIDENCE_BYTES_MAX:
        raise Refused(Refusal.OVERSIZED, f"evidence: at most {EVIDENCE_BYTES_MAX} bytes")
    try:
        value = unpack_one(raw, EVIDENCE_BYTES_MAX)
    except MalformedMessage as error:
        raise Refused(Refusal.MALFORMED, f"evidence: {error}") from error
    match value:
        case (bytes() as key, bytes() as one, bytes() as two) if len(key) == PUBLIC_KEY_BYTES:
            found = evidence_of(decode_manifest(one), decode_manifest(two), PublicKey(key))
        case _:
            raise Refused(Refusal.MALFORMED, "evidence: must be a key and two manifests")
    if found.raw != raw:
        raise Refused(Refusal.MALFORMED, "evidence: must be sorted, and packed as short as can be")
    return found


class EvidenceLog:
    """The pairs that are kept: one for each place, a few for each origin.

    `repeated` counts proofs that were not kept, because enough is known already.
    """

    def __init__(self) -> None:
        """Keep none yet."""
        self._kept: dict[Place, Evidence] = {}
        self.repeated = 0

    def __len__(self) -> int:
        """Return how many pairs are kept."""
        return len(self._kept)

    def add(self, evidence: Evidence, verifier: Verifier) -> bool:
        """Keep a pair; tell whether it is news. Raises `Refused` where it proves nothing."""
        if not evidence.is_proof(verifier):
            raise Refused(
                Refusal.SIGNATURE,
                f"evidence about {evidence.place.origin}: not two words of one key for one place",
            )
        place = evidence.place
        count = sum(each.origin == place.origin for each in self._kept)
        has_room = count < PAIRS_PER_ORIGIN_MAX and len(self._kept) < PAIRS_MAX
        if place in self._kept or not has_room:
            self.repeated += 1
            return False
        self._kept[place] = evidence
        return True

    def pairs(self, origin: Origin | None = None) -> list[Evidence]:
        """Return what is kept about one origin, or about all, in the order in which it came."""
        return [each for each in self._kept.values() if origin in (None, each.place.origin)]

    def check_invariants(self) -> None:
        """Assert that the bounds hold and that each pair stands under its place."""
        assert len(self._kept) <= PAIRS_MAX
        for place, evidence in self._kept.items():
            assert evidence.place == place
            assert len(self.pairs(place.origin)) <= PAIRS_PER_ORIGIN_MAX
