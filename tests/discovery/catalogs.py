"""Signed sets by the dozen, who believes them, and all that a catalog holds as one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from discovery.catalog import Catalog
from discovery.limits import CatalogLimits, HistoryLimits
from discovery.manifest import Body, Manifest, Order
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import RING, signed

PARIS, OSLO, ROME = Origin("paris"), Origin("oslo"), Origin("rome")
ORIGINS = (PARIS, OSLO, ROME)


@dataclass(slots=True)
class RingJudge:
    """Believes what the ring signed in the names that it trusts, in the generation of each."""

    trusted: dict[Origin, int] = field(default_factory=lambda: dict.fromkeys(ORIGINS, 1))
    judged: int = 0
    own: Origin | None = None
    """Whose catalog asks; None: one that may have everything."""

    def judge(self, manifest: Manifest) -> None:
        """Return, or raise `Refused`: untrusted, generation, signature, audience."""
        self._judge(manifest)
        if self.own is not None and not manifest.may_be_told(self.own):
            raise Refused(Refusal.AUDIENCE, f"{manifest.origin}: not meant for {self.own}")

    def _judge(self, manifest: Manifest) -> None:
        self.judged += 1
        origin = manifest.origin
        if origin not in self.trusted:
            raise Refused(Refusal.UNTRUSTED, f"{origin}: no trust object names it")
        if manifest.body.generation != self.trusted[origin]:
            raise Refused(Refusal.GENERATION, f"{origin}: not the generation of its key")
        if not manifest.is_signed_by(RING.public(origin), RING):
            raise Refused(Refusal.SIGNATURE, f"{origin}: signed by somebody else")

    def judge_kept(self, manifest: Manifest) -> None:
        """As `judge`: nothing expires here."""
        self.judge(manifest)

    def judge_exclusion(self, manifest: Manifest) -> None:
        """As `judge`, of what is not for us."""
        self._judge(manifest)
        if self.own is None or manifest.may_be_told(self.own):
            raise Refused(Refusal.UNEXPECTED, f"{manifest.origin}: is meant for {self.own}")

    def is_genuine(self, manifest: Manifest) -> bool:
        """Tell whether the ring signed it in the name of an origin that is trusted."""
        try:
            self._judge(manifest)
        except Refused:
            return False
        return True

    def knows(self, origin: Origin) -> bool:
        """Tell whether it trusts `origin`."""
        return origin in self.trusted


@dataclass(frozen=True, slots=True)
class SignedSet:
    """A manifest and the records that it signs."""

    manifest: Manifest
    records: RecordSet


def body_of(records: RecordSet, origin: Origin = PARIS, **fields: int) -> Body:
    """The body of a manifest; `fields`: generation, epoch, version, lifetime_s."""
    return Body(
        origin=origin,
        uid=f"uid-of-{origin}",
        generation=fields.get("generation", 1),
        epoch=fields.get("epoch", 1),
        version=fields.get("version", 1),
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
        lifetime_s=fields.get("lifetime_s", 3_600),
    )


def set_of(
    records: Mapping[bytes, bytes] | RecordSet, origin: Origin = PARIS, **fields: int
) -> SignedSet:
    """A set as its origin publishes it."""
    found = records if isinstance(records, RecordSet) else RecordSet.of(records)
    return SignedSet(signed(body_of(found, origin, **fields)), found)


def ordered(each: SignedSet) -> tuple[Order, bytes]:
    """What decides between two sets of one origin."""
    return each.manifest.order, each.manifest.signed


def catalog_of(*sets: SignedSet, limits: CatalogLimits | None = None) -> Catalog:
    """A catalog that has adopted these, one by one."""
    catalog = Catalog(RingJudge(), limits or CatalogLimits())
    for each in sets:
        catalog.adopt(each.manifest, each.records, 0)
    return catalog


def small_limits(**limits: int) -> CatalogLimits:
    """Limits that a test can reach: three origins, ten records, a kilobyte."""
    return CatalogLimits(
        origins=limits.get("origins", 3),
        strangers=limits.get("strangers", 3),
        records=limits.get("records", 10),
        origin_bytes=limits.get("origin_bytes", 1_000),
        total_bytes=limits.get("total_bytes", 2_000),
        total_records=limits.get("total_records", 20),
        history=HistoryLimits(versions=limits.get("versions", 3), spare_bytes=10_000),
    )


@dataclass(frozen=True, slots=True)
class Contents:
    """What two catalogs have to agree on; of a manifest what its origin signed."""

    sets: dict[Origin, tuple[bytes, dict[bytes, bytes]]]
    floors: dict[Origin, Order]


def contents(catalog: Catalog) -> Contents:
    """All sets, record by record, and all floors."""
    sets = {each.manifest.origin: (each.manifest.signed, dict(each.records)) for each in catalog}
    return Contents(sets, catalog.floors())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a catalog says, to be compared before and after."""

    contents: Contents
    held: tuple[tuple[bytes, bytes, int], ...]
    """Raw manifest, root and time of adoption of each, in the catalog's order."""
    numbers: tuple[int, int, int, int]
    earlier: tuple[bool, ...]
    """Whether a set of each root of interest is still there."""


def snapshot(catalog: Catalog, roots: tuple[bytes, ...] = ()) -> Snapshot:
    """Take a deep snapshot; `roots` are those of earlier sets that may be in its history."""
    catalog.check_invariants()
    held = tuple((each.manifest.raw, each.records.root, each.adopted_at) for each in catalog)
    numbers = (len(catalog), catalog.size_bytes, catalog.record_count, catalog.history_bytes)
    earlier = tuple(
        catalog.version(origin, root) is not None for origin in catalog.floors() for root in roots
    )
    return Snapshot(contents(catalog), held, numbers, earlier)
