"""Answers for whoever lacks something: what changed, or the buckets that differ, or all of it.

A set that somebody is in the middle of is pinned, so that an origin that changes faster than a
pull takes starves nobody. What is not for the asker's cluster is not here, for it, and neither is
what bridges of that origin say of its nodes; but whoever shows that an earlier set was for it is
given the manifest that says otherwise.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from discovery.catalog import Catalog, Held
from discovery.config import ReplicatorConfig
from discovery.deltas import Delta, delta_of
from discovery.index import ENTRY_KEY_BYTES_MAX, Entry, Index, group_of, origin_about, set_origin
from discovery.items import Items
from discovery.manifest import decode_manifest
from discovery.messages import (
    Answer,
    Buckets,
    Changes,
    Compare,
    Differ,
    Digests,
    Nothing,
    Part,
    Pull,
    Pulled,
    Wanted,
)
from discovery.names import Origin
from discovery.recordset import (
    BUCKET_BYTES_MAX,
    FANOUT,
    HASH_BYTES,
    Change,
    Pairs,
    RecordSet,
    packed_size,
)
from discovery.wire import BUCKETS, ENTRIES_MAX, SHORT_DIGEST_BYTES
from failure_detect.clock import Instant

FRAME_SLACK_BYTES = BUCKET_BYTES_MAX + 4_096
"""So much more than its room one answer may take: a bucket, which comes whole, and what comes
beside the records. So every set can be given to everybody, however small frames are made."""

_KEY_OVERHEAD = 12
_ANSWER_OVERHEAD = 96
_DIFFER_OVERHEAD = 96
_ENTRY_OVERHEAD = 48
"""Of an entry beside its key: a rank of four numbers, and the heads of both."""

_ENTRY_BYTES_MAX = ENTRY_KEY_BYTES_MAX + _ENTRY_OVERHEAD
_FEW_RECORDS = 64
"""Branches that differ and hold no more than so many records are given whole at once: a second
round trip would cost more than they do."""


@dataclass(slots=True)
class _Pin:
    records: RecordSet
    until: Instant


class Server:
    """Answers requests from what is held; `room` bounds each answer (bytes in clear).

    It bounds the work as well: nobody looks through a set for what would not fit.
    """

    def __init__(
        self, catalog: Catalog, items: Items, index: Index, config: ReplicatorConfig
    ) -> None:
        """Serve these."""
        self._catalog = catalog
        self._items = items
        self._index = index
        self._config = config
        self._pins: OrderedDict[tuple[Origin, bytes], _Pin] = OrderedDict()

    def compare(self, request: Compare, cluster: Origin) -> Differ:
        """Answer with our entries in the groups whose sums differ, as many as there may be."""
        ours = self._index.sums
        groups = [at for at, each in enumerate(request.sums) if each != ours[at]]
        entries = [each for each in self._index.entries(groups) if self._is_for(each.key, cluster)]
        fitting = _fitting(groups, entries, self._config.frame_bytes - _DIFFER_OVERHEAD)
        if len(fitting) < len(groups):  # Of some groups all, rather than of all groups some.
            groups, wanted = fitting, frozenset(fitting)
            entries = [each for each in entries if group_of(each.key) in wanted]
        if _listed_size(entries) > self._config.frame_bytes:  # All of them of a single group.
            entries = entries[: self._config.frame_bytes // _ENTRY_BYTES_MAX]
        return Differ(self._index.fingerprint, tuple(groups), tuple(entries[:ENTRIES_MAX]))

    def _is_for(self, key: bytes, cluster: Origin) -> bool:
        # That there is a set is told to all, as hints tell it; who may not have it is told no more.
        origin = None if set_origin(key) else origin_about(key)
        word = None if origin is None else self._catalog.word(origin)
        return word is None or word.may_be_told(cluster)

    def pull(self, request: Pull, cluster: Origin, now: Instant) -> Pulled:
        """Answer what fits; the last answer may be a part, and what is left is asked for again."""
        room = min(request.room, self._config.frame_bytes) - _ANSWER_OVERHEAD
        answers: list[Answer] = []
        for wanted in request.wanted:
            answer = self._answer(wanted, cluster, room, now)
            room -= size_of(answer)
            if room < 0 and answers:
                break
            answers.append(answer)
        return Pulled(tuple(answers))

    def _answer(self, wanted: Wanted, cluster: Origin, room: int, now: Instant) -> Answer:
        origin = set_origin(wanted.key)
        if origin is None:
            item = self._items.item(wanted.key, now)
            return item if item and self._is_for(wanted.key, cluster) else Nothing(wanted.key)
        held = self._catalog.get(origin)
        if held is None or not held.manifest.may_be_told(cluster):
            return Nothing(wanted.key, self._parting_word(origin, wanted.shown, cluster))
        room -= len(wanted.key) + len(held.manifest.raw) + HASH_BYTES + _ANSWER_OVERHEAD
        if wanted.target:
            pinned = self._pinned(origin, wanted.target, now)
            if pinned is not None:
                return self._go_on(wanted, pinned, room)
        return self._from_what_it_has(wanted, held, room, now)

    def _parting_word(self, origin: Origin, shown: bytes, cluster: Origin) -> bytes:
        """Return the manifest of a set that is not for the asker any more, to whoever shows one.

        What is shown is an earlier manifest that was for it. Nothing for all others: whoever never
        had the set learns not even for whom it is.
        """
        word = self._catalog.word(origin)
        if not shown or word is None or word.may_be_told(cluster):
            return b""
        earlier = decode_manifest(shown)
        was_for_it = earlier.origin == origin and earlier.is_for(cluster)
        is_earlier = was_for_it and earlier.order < word.order
        return word.raw if is_earlier and self._catalog.is_genuine(earlier) else b""

    def _pinned(self, origin: Origin, root: bytes, now: Instant) -> RecordSet | None:
        while self._oldest_pin_is_over(now):
            self._pins.popitem(last=False)
        pin = self._pins.pop((origin, root), None)
        records = self._catalog.version(origin, root) if pin is None else pin.records
        if records is None:
            return None
        self._pins[origin, root] = _Pin(records, now + self._config.pin)
        if len(self._pins) > self._config.pinned:
            self._pins.popitem(last=False)
        return records

    def _oldest_pin_is_over(self, now: Instant) -> bool:
        return bool(self._pins) and next(iter(self._pins.values())).until < now

    def _go_on(self, wanted: Wanted, records: RecordSet, room: int) -> Answer:
        if wanted.buckets:
            return _single_buckets(wanted.key, b"", records, wanted.buckets, room)
        return _part(wanted.key, b"", records, wanted.first, room)

    def _from_what_it_has(self, wanted: Wanted, held: Held, room: int, now: Instant) -> Answer:
        key, manifest, records = wanted.key, held.manifest.raw, held.records
        theirs = None
        if wanted.have:
            theirs = self._catalog.version(held.manifest.origin, wanted.have)
        if theirs is not None:
            delta = _delta_within(records, theirs, room)
            if delta is not None:
                return Changes(key, manifest, wanted.have, delta)
        self._pinned(held.manifest.origin, records.root, now)
        if wanted.branches:
            answer = _by_branches(wanted, manifest, records, room)
            if answer is not None:
                return answer
        return _part(key, manifest, records, 0, room)

    @property
    def pin_count(self) -> int:
        """How many sets are pinned."""
        return len(self._pins)


def _fitting(groups: list[int], entries: list[Entry], room: int) -> list[int]:
    """Return the first groups whose entries fit, and at least one that has any."""
    sizes: Counter[int] = Counter()
    counts: Counter[int] = Counter()
    for each in entries:
        sizes[group_of(each.key)] += _listed_size([each])
        counts[group_of(each.key)] += 1
    fitting: list[int] = []
    number, has_any = ENTRIES_MAX, False
    for group in groups:
        room -= sizes[group]
        number -= counts[group]
        if has_any and (room < 0 or number < 0):
            break
        has_any = has_any or counts[group] > 0
        fitting.append(group)
    return fitting


def _listed_size(entries: list[Entry]) -> int:
    return sum(len(each.key) + _ENTRY_OVERHEAD for each in entries)


def _by_branches(wanted: Wanted, manifest: bytes, records: RecordSet, room: int) -> Answer | None:
    """Return what tells the asker where its set differs; None where nearly all of it does.

    Few records are given at once, since another round trip would cost more. Many are worth the
    digests of their buckets, unless these are half as much.
    """
    ours = records.branch_digests()
    differ = tuple(
        number
        for number, theirs in enumerate(wanted.branches)
        if theirs != ours[number][:SHORT_DIGEST_BYTES]
    )
    digests = len(differ) * (FANOUT * SHORT_DIGEST_BYTES + 8)
    found: dict[bytes, bytes] = {}
    size, is_much = 0, False
    for pairs in _of_branches(records, differ):
        found.update(pairs)
        size += packed_size(pairs)
        is_much = len(found) > _FEW_RECORDS or size > room
        if is_much and (digests > room or digests <= size // 2):  # No more of it matters.
            break
    if not is_much:
        return Buckets(wanted.key, manifest, records.root, branches=differ, put=found)
    if digests > min(room, size // 2):
        return None
    listed = (
        (number, tuple(each[:SHORT_DIGEST_BYTES] for each in records.bucket_digests(number)))
        for number in differ
    )
    return Digests(wanted.key, manifest, tuple(listed))


def _of_branches(records: RecordSet, branches: Iterable[int]) -> Iterator[Pairs]:
    for branch in map(records.branches.__getitem__, branches):
        if branch is not None:
            yield from (bucket.records for bucket in branch.buckets if bucket is not None)


def _delta_within(records: RecordSet, before: RecordSet, room: int) -> Delta | None:
    """Return what changed; None as soon as it takes more than there is room for."""
    changes: list[Change] = []
    for changed in records.iter_changes(before):
        delta = delta_of(changed)
        room -= packed_size(delta.put.items()) + _keys_size(delta.delete)
        if room < 0:
            return None
        changes += changed
    return delta_of(changes) if room >= 0 else None


def _single_buckets(
    key: bytes, manifest: bytes, records: RecordSet, buckets: tuple[int, ...], room: int
) -> Buckets:
    served: list[int] = []
    put: dict[bytes, bytes] = {}
    for bucket in buckets:
        pairs = records.bucket(bucket % BUCKETS)
        room -= packed_size(pairs) + 4
        if room < 0 and served:
            break
        served.append(bucket % BUCKETS)
        put.update(pairs)
    return Buckets(key, manifest, records.root, buckets=tuple(served), put=put)


def _part(key: bytes, manifest: bytes, records: RecordSet, first: int, room: int) -> Part:
    put: dict[bytes, bytes] = {}
    for bucket, pairs in records.from_bucket(first):
        room -= packed_size(pairs)
        if room < 0 and put:
            return Part(key, manifest, records.root, first, bucket, put)
        put.update(pairs)
    return Part(key, manifest, records.root, first, BUCKETS, put)


def _keys_size(keys: Iterable[bytes]) -> int:
    return sum(len(key) + _KEY_OVERHEAD for key in keys)


def _size(delta: Delta) -> int:
    return packed_size(delta.put.items()) + _keys_size(delta.delete)


def size_of(answer: Answer) -> int:
    """Return about how many bytes an answer takes in clear; never less than it does."""
    match answer:
        case Changes(key, manifest, base, delta):
            size = len(key) + len(manifest) + len(base) + _size(delta)
        case Part(key, manifest, root, _, _, put):
            size = len(key) + len(manifest) + len(root) + packed_size(put.items())
        case Buckets(key, manifest, root, branches, buckets, put):
            size = len(key) + len(manifest) + len(root) + packed_size(put.items())
            size += len(branches) + 3 * len(buckets)
        case Digests(key, manifest, branches):
            size = len(key) + len(manifest) + len(branches) * (FANOUT * SHORT_DIGEST_BYTES + 8)
        case Nothing(key, manifest):
            size = len(key) + len(manifest)
        case item:
            size = len(item.key) + len(item.raw)
    return size + _ANSWER_OVERHEAD
