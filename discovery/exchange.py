"""What the parts of the replicator share: what is held, who else is there, what goes out.

Everything that is adopted is adopted here, so that index, fingerprint, wants and facts follow.
"""

from collections import Counter
from hashlib import blake2b
from random import Random

from discovery.apart import Hearsay
from discovery.catalog import Adopted, Catalog
from discovery.config import ReplicatorConfig
from discovery.deltas import delta_of
from discovery.events import Effect, SetAdopted, SetExcluded, SetForgotten
from discovery.index import Entry, Index, set_key, set_origin, set_rank
from discovery.items import Items
from discovery.manifest import Manifest
from discovery.messages import Hint, Item, Rumour, Wanted
from discovery.names import Origin
from discovery.overlays import origin_of
from discovery.peers import Peer, Peers
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refusals, Refused
from discovery.wants import Want, Wants
from discovery.wire import SHORT_DIGEST_BYTES, encode_gossip
from failure_detect.agenda import Agenda
from failure_detect.clock import Instant
from failure_detect.events import BroadcastRequested

BROADCAST_KEY_BYTES = 8

_FEW_RECORDS = 16
"""A set of so few records is asked for without digests: they would be most of the bytes."""

ITEM_KINDS = (b"o/", b"r/")
"""How the keys of items begin: overlays and revocations. Others are of a later version."""


class Exchange:
    """The state of one replicator."""

    def __init__(
        self, catalog: Catalog, config: ReplicatorConfig, rng: Random, own: str = ""
    ) -> None:
        """Hold what `catalog` holds, as a bridge of the cluster `own`."""
        self.catalog = catalog
        self._own = own
        self.config = config
        self.rng = rng
        self.index = Index()
        self.hearsay = Hearsay(self.index)
        self.items = Items(config.items)
        self.peers = Peers(config)
        self.wants = Wants(config.wants)
        self.agenda = Agenda()
        self.refusals = Refusals()
        self.counts: Counter[str] = Counter()
        self.out: list[Effect] = []
        self.changed_at: Instant = 0
        """When what is held changed last."""
        for held in catalog:
            self.index.put(set_key(held.manifest.origin), set_rank(held.manifest))

    def may_hold(self, key: bytes, rank: tuple[int, ...]) -> bool:
        """Tell whether it makes sense to ask for an entry: not below the floor, nor untrusted."""
        origin = set_origin(key)
        if origin is None:
            return key.startswith(ITEM_KINDS) and not self.is_of_stranger(key)
        floor = self.catalog.floor(origin)
        return self.catalog.may_hold(origin) and (floor is None or rank[:3] >= floor[:3])

    def is_frozen_at(self, peer: Peer, origin: Origin) -> bool:
        """Tell whether a peer gives what we would have kept ourselves, signed before its key ended.

        Who has lost its disk takes that from its sisters; they trust as we do.
        """
        return peer.cluster == self._own and self.catalog.get(origin) is None

    def is_of_stranger(self, key: bytes) -> bool:
        """Tell whether this is the key of an overlay whose origin is not trusted here."""
        return (
            key.startswith(b"o/")
            and key.count(b"/") > 1
            and not self.catalog.may_hold(origin_of(key))
        )

    def wanted(self, want: Want) -> Wanted:
        """Return what to ask for: with what is had of it, and what has come of it already."""
        origin, staging = set_origin(want.key), want.staging
        held = None if origin is None else self.catalog.get(origin)
        have: bytes = b""
        shown = held.manifest.raw if held is not None and want.shows else b""
        branches: tuple[bytes, ...] = ()
        if held is not None and held.records.count and not want.whole:
            have = held.records.root
            if held.records.count > _FEW_RECORDS:
                digests = held.records.branch_digests()
                branches = tuple(each[:SHORT_DIGEST_BYTES] for each in digests)
        return Wanted(
            key=want.key,
            have=have,
            branches=branches,
            target=b"" if staging is None else staging.manifest.body.root,
            first=0 if staging is None else staging.next_bucket,
            buckets=() if staging is None else staging.pending,
            shown=shown,
        )

    # --- sets ---------------------------------------------------------------------------

    def adopt(
        self, manifest: Manifest, records: RecordSet, now: Instant, *, frozen: bool = False
    ) -> Adopted | None:
        """Hold a set where it is higher than what is held; raises `Refused` as the catalog does."""
        return self._held(self.catalog.adopt(manifest, records, now, frozen=frozen), now)

    def restore(self, manifest: Manifest, records: RecordSet, now: Instant) -> Adopted | None:
        """Hold what was kept from an earlier run, as `adopt`: its key may have ended since."""
        return self._held(self.catalog.restore(manifest, records, now), now)

    def _held(self, adopted: Adopted | None, now: Instant) -> Adopted | None:
        if adopted is None:
            return None
        manifest = adopted.manifest
        key, rank = set_key(manifest.origin), set_rank(manifest)
        self.index.put(key, rank)
        self.wants.satisfied(key, rank)
        self.changed_at = now
        self.counts["adopted"] += 1
        self.out.append(SetAdopted(manifest, adopted.before, adopted.after))
        return adopted

    def exclude(self, manifest: Manifest, now: Instant) -> None:
        """Hold an origin's set no more where a higher manifest of it is not for us.

        Raises `Refused` as the catalog does. Where something was held here, others are told that
        there is a word of that rank, and no more than that.
        """
        key, rank = set_key(manifest.origin), set_rank(manifest)
        held = self.catalog.get(manifest.origin)
        if not self.catalog.exclude(manifest):
            return
        self.index.put(key, rank)
        self.wants.satisfied(key, rank)
        self.changed_at = now
        self.counts["excluded"] += 1
        self.out.append(SetExcluded(manifest, EMPTY if held is None else held.records))
        if held is not None:
            self.hint(Entry(key, rank))

    def forget(self, origin: Origin, why: str, now: Instant) -> None:
        """Hold an origin's set no more, nor its word that there is none for us."""
        if self.catalog.word(origin) is not None:
            held = self.catalog.forget(origin)
            self.index.drop(set_key(origin))
            self.wants.drop(set_key(origin))
            self.changed_at = now
            self.out.append(SetForgotten(origin, EMPTY if held is None else held.records, why))

    def forget_untrusted(self, now: Instant) -> list[tuple[Origin, Refused]]:
        """Hold nothing of who is not trusted any more.

        Return of whom it is only doubtful what is held, and why.
        """
        doubtful: list[tuple[Origin, Refused]] = []
        for origin, refused in self.catalog.refused_now():
            if refused.reason is Refusal.UNTRUSTED:
                self.forget(origin, refused.what, now)
            else:
                doubtful.append((origin, refused))
        for word in self.catalog.exclusions():
            if not self.catalog.may_hold(word.origin):
                self.forget(word.origin, f"{word.origin}: no trust object names it", now)
        return doubtful

    def refuse(self, refused: Refused, origin: str = "") -> None:
        """Count what was refused."""
        self.refusals.add(refused, origin)

    # --- telling ------------------------------------------------------------------------

    def tell(self, adopted: Adopted) -> None:
        """Spread a set that was just adopted; with what changed, where that is small."""
        manifest = adopted.manifest
        if manifest.body.audience:  # Gossip is heard by all: only they may know what it says.
            self.hint(Entry(set_key(manifest.origin), set_rank(manifest)))
            return
        payload = encode_gossip(Rumour(manifest.raw, adopted.before.root))
        if adopted.before.root != adopted.after.root:
            payload = self._with_delta(adopted) or payload
        self.broadcast(set_key(manifest.origin), payload)

    def _with_delta(self, adopted: Adopted) -> bytes | None:
        # Compressing what is hopeless would cost more than all the rest of a large change.
        size = adopted.after.size_bytes - adopted.before.size_bytes
        if abs(size) > 16 * self.config.rumour_bytes:
            return None
        changes = adopted.after.changes_since(adopted.before)
        if sum(len(each.after or b"") for each in changes) > 16 * self.config.rumour_bytes:
            return None
        rumour = Rumour(adopted.manifest.raw, adopted.before.root, delta_of(changes))
        payload = encode_gossip(rumour)
        fits = len(payload) + BROADCAST_KEY_BYTES <= self.config.rumour_bytes
        return payload if fits else None

    def hint(self, entry: Entry) -> None:
        """Tell everyone that something is held here, and nothing of what it says."""
        self.broadcast(entry.key, encode_gossip(Hint(entry)))

    def tell_item(self, item: Item) -> None:
        """Spread an item whole where it fits, or else the word that it is here."""
        payload = encode_gossip(item)
        if len(payload) + BROADCAST_KEY_BYTES <= self.config.rumour_bytes:
            self.broadcast(item.key, payload)
        else:
            rank = self.index.rank(item.key)
            assert rank is not None
            self.hint(Entry(item.key, rank))

    def broadcast(self, key: bytes, payload: bytes) -> None:
        """Ask the detector to spread a payload, in place of an earlier one about the same thing."""
        short = blake2b(key, digest_size=BROADCAST_KEY_BYTES, person=b"isthmus-rumour").digest()
        self.counts["rumours"] += 1
        self.out.append(BroadcastRequested(short, payload))
