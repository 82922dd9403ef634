"""The catalog: of each origin the latest whole set that its signature covers.

Rule 1: a set is held only if its root is the one that a judged manifest signs; nothing partial is
ever here. Rule 2: of two manifests of one origin the higher order is kept, whatever came first: a
join semilattice, so merging is idempotent, commutative and associative. Rule 3: a floor never falls
and outlives its set: what was once surpassed never comes back (`floors`). Rule 4: whoever is
refused has changed nothing. Rule 5: what all sets may take together is a bound for others: our own
set has room beside them, so that nobody crowds it out.

Two manifests of one origin with equal generation, epoch and version are evidence that its key is
misused. Where their roots are equal as well, the signed bytes decide: the same everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from discovery.floors import Floors
from discovery.history import History
from discovery.judge import Judge
from discovery.limits import CatalogLimits
from discovery.manifest import Manifest, Order
from discovery.names import Origin
from discovery.recordset import BUCKET_BYTES_MAX, EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from failure_detect.clock import Instant


class Place(Enum):
    """Where a manifest stands to what is held of its origin."""

    NEWER = "newer"
    SAME = "same"
    STALE = "stale"
    CONTRADICTS = "contradicts"
    """Same generation, epoch and version as what is held, and something else signed: evidence that
    the key is misused. It may be the higher one, and above the floor, or not."""


@dataclass(frozen=True, slots=True)
class Held:
    """A whole set, and when it was adopted here (us, of this process)."""

    manifest: Manifest
    records: RecordSet
    adopted_at: Instant


@dataclass(frozen=True, slots=True)
class Adopted:
    """What an adoption changed."""

    manifest: Manifest
    before: RecordSet
    after: RecordSet


@dataclass(frozen=True, slots=True)
class CatalogStatistics:
    """How much a catalog holds."""

    origins: int
    """That have a set here."""
    excluded: int
    """Of which nothing is held, since their latest word is not for us."""
    records: int
    size_bytes: int
    floors: int
    stranger_floors: int
    """Of those, the ones of origins that are not trusted, as far as that was looked at."""
    dropped_floors: int
    """Of strangers, that had to make room for others: what they said once could come back."""


class Catalog:
    """All sets that are held, by origin."""

    def __init__(self, judge: Judge, limits: CatalogLimits, own: Origin | None = None) -> None:
        """Hold nothing yet, as a bridge of the cluster `own`; believe what `judge` believes."""
        self._judge = judge
        self._own = own
        self._limits = limits
        self._held: dict[Origin, Held] = {}
        self._floors = Floors(
            self._is_trusted, origins=limits.origins, strangers=limits.strangers, own=own
        )
        self._exclusions: dict[Origin, Manifest] = {}
        self._histories: dict[Origin, History] = {}
        self._size_bytes = 0
        self._record_count = 0

    # --- reading ------------------------------------------------------------------------

    def __len__(self) -> int:
        """Return how many origins have a set here."""
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        """Iterate over the sets in the order in which their origins were first seen."""
        return iter(self._held.values())

    def get(self, origin: Origin) -> Held | None:
        """Return what is held of one origin."""
        return self._held.get(origin)

    def word(self, origin: Origin) -> Manifest | None:
        """Return the highest manifest that is known of an origin: of its set, or not for us."""
        held = self._held.get(origin)
        return self._exclusions.get(origin) if held is None else held.manifest

    def exclusions(self) -> list[Manifest]:
        """Return of each origin whose word is not for us its manifest: nothing of it is held."""
        return list(self._exclusions.values())

    def floor(self, origin: Origin) -> Order | None:
        """Return the highest order ever held of an origin, whether or not its set is here."""
        return self._floors.get(origin)

    def floors(self) -> dict[Origin, Order]:
        """Return all floors."""
        return self._floors.all()

    def _is_trusted(self, origin: Origin) -> bool:
        return origin in self._held or self._judge.knows(origin)

    @property
    def size_bytes(self) -> int:
        """Bytes of all records, keys included."""
        return self._size_bytes

    @property
    def record_count(self) -> int:
        """How many records there are."""
        return self._record_count

    @property
    def history_bytes(self) -> int:
        """What all earlier sets that are kept cost, in bytes."""
        return sum(each.cost_bytes for each in self._histories.values())

    def version(self, origin: Origin, root: bytes) -> RecordSet | None:
        """Return the current or a recent set of an origin by its root, None where it is gone."""
        held = self._held.get(origin)
        if held is not None and held.records.root == root:
            return held.records
        history = self._histories.get(origin)
        return None if history is None else history.get(root)

    def may_hold(self, origin: Origin) -> bool:
        """Tell whether a set of this origin would be taken at all."""
        return self._judge.knows(origin)

    # --- merging ------------------------------------------------------------------------

    def place(self, manifest: Manifest) -> Place:
        """Tell where a manifest stands; nothing is verified by that."""
        word, order = self.word(manifest.origin), manifest.order
        if word is not None and order[:3] == word.order[:3]:
            is_same = manifest.signed == word.signed
            return Place.SAME if is_same else Place.CONTRADICTS
        floor = self._floors.get(manifest.origin)
        return Place.NEWER if floor is None or order >= floor else Place.STALE

    def is_higher(self, manifest: Manifest) -> bool:
        """Tell whether a manifest would replace what is known, if it is to be believed."""
        word, floor = self.word(manifest.origin), self._floors.get(manifest.origin)
        if floor is not None and manifest.order < floor:
            return False
        return word is None or (manifest.order, manifest.signed) > (word.order, word.signed)

    def check(self, manifest: Manifest, *, frozen: bool = False) -> None:
        """Raise `Refused` where a manifest could not be adopted: trust, signature, limits.

        Of what is `frozen` the key may have expired since it was adopted elsewhere.
        """
        self._check_trust(manifest, frozen=frozen)
        self._check_limits(manifest)

    def _check_trust(self, manifest: Manifest, *, frozen: bool) -> None:
        try:
            self._judge.judge(manifest)
        except Refused as refused:
            if not frozen or refused.reason is not Refusal.EXPIRED:
                raise

    def _check_limits(self, manifest: Manifest) -> None:
        limits, body = self._limits, manifest.body
        origin = manifest.origin
        if body.count > limits.records or body.size_bytes > limits.origin_bytes:
            raise Refused(
                Refusal.OVERSIZED,
                f"set of {origin}: {body.count} records of {body.size_bytes} bytes, at most "
                f"{limits.records} of {limits.origin_bytes} are held",
            )
        self._check_floor(origin)
        if origin == self._own:
            return
        before, (count, size) = self._records_of(origin), self._of_others()
        size += body.size_bytes - before.size_bytes
        count += body.count - before.count
        if size > limits.total_bytes or count > limits.total_records:
            raise Refused(
                Refusal.OVERSIZED,
                f"catalog: {count} records of {size} bytes with the set of {origin}, at most "
                f"{limits.total_records} of {limits.total_bytes} are held of others",
            )

    def _check_floor(self, origin: Origin) -> None:
        if not self._floors.has_room(origin):
            most = self._limits.origins
            what = f"{most} origins are trusted already; raise the limit to add {origin}"
            raise Refused(Refusal.OVERSIZED, f"catalog: {what}")

    def _records_of(self, origin: Origin | None) -> RecordSet:
        held = None if origin is None else self._held.get(origin)
        return EMPTY if held is None else held.records

    def _of_others(self) -> tuple[int, int]:
        ours = self._records_of(self._own)
        return self._record_count - ours.count, self._size_bytes - ours.size_bytes

    def adopt(
        self, manifest: Manifest, records: RecordSet, now: Instant, *, frozen: bool = False
    ) -> Adopted | None:
        """Hold `records` as the set of `manifest`; None where it is below what is or was held.

        Raises `Refused` where the manifest is not to be believed (`frozen` as in `check`) or the
        records are not those that it signs; nothing has changed then.
        """
        if not self.is_higher(manifest):
            return None
        self._check_trust(manifest, frozen=frozen)
        return self._hold(manifest, records, now)

    def restore(self, manifest: Manifest, records: RecordSet, now: Instant) -> Adopted | None:
        """Hold what was adopted in an earlier run: as `adopt`, but judged as of then."""
        if not self.is_higher(manifest):
            return None
        self._judge.judge_kept(manifest)
        return self._hold(manifest, records, now)

    def _hold(self, manifest: Manifest, records: RecordSet, now: Instant) -> Adopted:
        self._check_limits(manifest)
        body = manifest.body
        if (records.root, records.count, records.size_bytes) != (
            body.root,
            body.count,
            body.size_bytes,
        ):
            raise Refused(Refusal.ROOT, f"set of {manifest.origin}: not what its manifest signs")
        held, before = self._held.get(manifest.origin), self._records_of(manifest.origin)
        _check_buckets(manifest.origin, records, before)
        self._replace(manifest.origin, Held(manifest, records, now))
        self._exclusions.pop(manifest.origin, None)
        self._floors.put(manifest.origin, manifest.order)
        history = self._histories.setdefault(manifest.origin, History(self._limits.history))
        if held is not None and before.root != records.root:
            history.add(before, records)
        return Adopted(manifest, before, records)

    def exclude(self, manifest: Manifest) -> bool:
        """Hold nothing of an origin whose manifest is not for us; False where it is not higher.

        Raises `Refused` where it is not to be believed, or is for us; nothing has changed then.
        """
        if not self.is_higher(manifest):
            return False
        self.check_exclusion(manifest)
        self._drop(manifest.origin)
        self._floors.put(manifest.origin, manifest.order)
        self._exclusions[manifest.origin] = manifest
        return True

    def check_exclusion(self, manifest: Manifest) -> None:
        """Raise `Refused` where a manifest could not be taken for one that is not for us."""
        self._judge.judge_exclusion(manifest)
        self._check_floor(manifest.origin)

    def is_genuine(self, manifest: Manifest) -> bool:
        """Tell whether a key of its origin signed a manifest, whomever that is for."""
        return self._judge.is_genuine(manifest)

    def forget(self, origin: Origin) -> Held | None:
        """Drop the set of an origin, if there is one, and return it; the floor stays."""
        known = self.word(origin) is not None
        held = self._drop(origin)
        if known:
            self._floors.look_at(origin)
        return held

    def _drop(self, origin: Origin) -> Held | None:
        self._exclusions.pop(origin, None)
        held = self._held.get(origin)
        if held is not None:
            self._replace(origin, None)
            self._histories.pop(origin, None)
        return held

    def raise_floor(self, origin: Origin, order: Order) -> bool:
        """Learn of an order that was seen elsewhere: nothing below it is taken any more.

        Return whether this raised anything: not where there are too many floors already. A set that
        is held stays, whatever its order: it was adopted before.
        """
        return self._floors.lift(origin, order)

    def refused_now(self) -> list[tuple[Origin, Refused]]:
        """Judge everything again and return what would not be adopted any more, and why."""
        judged = ((origin, self.refused(origin)) for origin in self._held)
        return [(origin, refused) for origin, refused in judged if refused is not None]

    def refused(self, origin: Origin) -> Refused | None:
        """Return why what is held of `origin` would not be adopted any more; None where it would.

        Raises `KeyError` where nothing is held of it.
        """
        try:
            self._judge.judge(self._held[origin].manifest)
        except Refused as refused:
            return refused
        return None

    def _replace(self, origin: Origin, new: Held | None) -> None:
        old = self._held.get(origin)
        if old is not None:
            self._size_bytes -= old.records.size_bytes
            self._record_count -= old.records.count
        if new is None:
            del self._held[origin]
        else:
            self._held[origin] = new  # In its old place: the order is that of first sight.
            self._size_bytes += new.records.size_bytes
            self._record_count += new.records.count

    def statistics(self) -> CatalogStatistics:
        """Return how much is held."""
        return CatalogStatistics(
            origins=len(self._held),
            excluded=len(self._exclusions),
            records=self._record_count,
            size_bytes=self._size_bytes,
            floors=len(self._floors),
            stranger_floors=self._floors.strangers,
            dropped_floors=self._floors.dropped,
        )

    def check_invariants(self) -> None:
        """Assert the rules above; a failure is a bug of ours, never of the input."""
        assert self._size_bytes == sum(held.records.size_bytes for held in self)
        assert self._record_count == sum(held.records.count for held in self)
        count, size = self._of_others()
        assert size <= self._limits.total_bytes
        assert count <= self._limits.total_records
        for origin, held in self._held.items():
            assert held.manifest.origin == origin
            assert held.records.root == held.manifest.body.root
            floor = self._floors.get(origin)
            assert floor is not None
            assert held.manifest.order <= floor
            assert self._histories[origin].get(held.records.root) is None
        assert self._histories.keys() == self._held.keys()
        assert self._exclusions.keys().isdisjoint(self._held)
        assert all(each.order <= self._floors.all()[o] for o, each in self._exclusions.items())
        self._floors.check_invariants()


def _check_buckets(origin: Origin, records: RecordSet, before: RecordSet) -> None:
    """Raise `Refused` where nobody could be given all of a set."""
    found = records.overfull(before)
    if found is not None:
        bucket, size = found
        raise Refused(
            Refusal.OVERSIZED,
            f"set of {origin}: {size} bytes in bucket {bucket}, at most {BUCKET_BYTES_MAX} can be "
            "passed on",
        )
