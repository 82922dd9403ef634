"""A set in three versions, one that is asked for it, and the answers that it may be given."""

from discovery.config import ReplicatorConfig
from discovery.deltas import delta_of
from discovery.index import set_key
from discovery.messages import (
    Buckets,
    Changes,
    Digests,
    Part,
    Rumour,
)
from discovery.recordset import RecordSet, bucket_of
from discovery.wire import encode_gossip
from failure_detect.events import SendRequest
from tests.discovery.lone import (
    ALPHA,
    Lone,
    Signed,
    member_of,
    requests,
    signed,
    some_records,
)

KEY = set_key(ALPHA)
RECORDS = RecordSet.of(some_records(60))
FIRST = signed(RECORDS)
NEXT = signed(RECORDS.updated({b"endpoints/shop/s/3": b"new"}), version=2)
LATER = signed(NEXT.records.updated({b"endpoints/shop/s/4": b"newer"}), version=3)


def holding(*sets: Signed, peers: int = 2, config: ReplicatorConfig | None = None) -> Lone:
    """One that holds these, among peers."""
    lone = Lone(config, peers=peers)
    for each in sets:
        lone.publish(each)
    lone.said.clear()
    return lone


def told_of(lone: Lone, new: Signed, sender: int = 1) -> SendRequest:
    """Tell it of a set with no delta; return what it asks."""
    [order] = requests(lone.hear(encode_gossip(Rumour(new.manifest.raw)), sender))
    assert order.to == member_of(sender)
    return order


def part(new: Signed, first: int, until: int, *, begins: bool = True) -> Part:
    """The buckets from `first` up to `until`."""
    put = {key: value for key, value in new.records if first <= bucket_of(key) < until}
    return Part(KEY, new.manifest.raw if begins else b"", new.records.root, first, until, put)


def changes(new: Signed, old: Signed) -> Changes:
    """What changed."""
    delta = delta_of(new.records.changes_since(old.records))
    return Changes(KEY, new.manifest.raw, old.records.root, delta)


def digests(new: Signed, old: RecordSet) -> Digests:
    """The digests of the branches that differ."""
    numbers = {bucket_of(each.key) // 64 for each in new.records.changes_since(old)}
    listed = [
        (number, tuple(each[:8] for each in new.records.bucket_digests(number)))
        for number in sorted(numbers)
    ]
    return Digests(KEY, new.manifest.raw, tuple(listed))


def buckets_of(new: Signed, *numbers: int) -> Buckets:
    """Single buckets of a set that was begun."""
    put = {key: value for key, value in new.records if bucket_of(key) in numbers}
    return Buckets(KEY, b"", new.records.root, buckets=numbers, put=put)
