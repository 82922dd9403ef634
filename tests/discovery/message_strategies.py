"""One strategy and one sample per message that bridges exchange."""

from dataclasses import replace

import msgpack
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from discovery.deltas import Delta
from discovery.index import ENTRY_KEY_BYTES_MAX, FINGERPRINT_BYTES, GROUPS, Entry
from discovery.manifest import MANIFEST_BYTES_MAX
from discovery.messages import (
    Answer,
    Buckets,
    Busy,
    Changes,
    Compare,
    Differ,
    Digests,
    Gossip,
    Hint,
    Item,
    Nothing,
    Part,
    Pull,
    Pulled,
    Rumour,
    StreamMessage,
    Wanted,
)
from discovery.recordset import FANOUT, HASH_BYTES
from discovery.wire import AGE_MAX, BUCKETS, ROOM_MAX, SHORT_DIGEST_BYTES
from tests.discovery.strategies import RAW_MAPS, Value, blobs

MARKS = st.one_of(st.integers(0, 3), st.integers(0, (1 << 64) - 1))
ENTRY_KEYS = st.one_of(
    st.sampled_from([b"s/paris", b"o/oslo/1", b"r/fleet", b"x" * ENTRY_KEY_BYTES_MAX]),
    st.binary(min_size=1, max_size=12),
)
ENTRIES = st.builds(Entry, ENTRY_KEYS, st.lists(MARKS, min_size=1, max_size=4).map(tuple))
RAW_MANIFESTS = st.one_of(st.binary(max_size=40), st.just(bytes(MANIFEST_BYTES_MAX)))
ROOTS = st.one_of(st.just(b""), blobs(HASH_BYTES))
AGES = st.one_of(st.integers(0, 100), st.integers(0, AGE_MAX), st.just(AGE_MAX))


@st.composite
def deltas(draw: st.DrawFn) -> Delta:
    """A delta that puts nothing that it deletes."""
    put = draw(RAW_MAPS)
    keys = st.binary(min_size=1, max_size=6).filter(lambda key: key not in put)
    return Delta(put, tuple(draw(st.lists(keys, max_size=4, unique=True))))


NUMBERS_OF_BUCKETS = st.one_of(
    st.lists(st.integers(0, BUCKETS - 1), max_size=6, unique=True).map(tuple),
    st.sampled_from([tuple(range(BUCKETS)), tuple(range(200)), tuple(range(0, BUCKETS, 20))]),
    st.permutations(range(BUCKETS - 300, BUCKETS)).map(tuple),
)
SHORT_DIGESTS = st.one_of(
    st.just((b"12345678",) * FANOUT),
    st.lists(blobs(SHORT_DIGEST_BYTES), min_size=FANOUT, max_size=FANOUT).map(tuple),
)

RUMOURS = st.builds(Rumour, RAW_MANIFESTS, ROOTS, st.one_of(st.none(), deltas()))
HINTS = st.builds(Hint, ENTRIES)
ITEMS = st.builds(Item, ENTRY_KEYS, st.binary(max_size=40), AGES)
GOSSIP: SearchStrategy[Gossip] = st.one_of(RUMOURS, HINTS, ITEMS)

FIRST_WANTED = st.builds(
    Wanted, key=ENTRY_KEYS, have=ROOTS, branches=st.one_of(st.just(()), SHORT_DIGESTS)
)
WANTED = st.one_of(
    FIRST_WANTED,
    st.builds(
        lambda wanted, target, first, buckets: replace(
            wanted, target=target, first=first, buckets=buckets
        ),
        FIRST_WANTED,
        blobs(HASH_BYTES),
        st.integers(0, BUCKETS),
        NUMBERS_OF_BUCKETS,
    ),
    st.builds(
        lambda wanted, shown: replace(wanted, shown=shown),
        FIRST_WANTED,
        RAW_MANIFESTS.filter(bool),
    ),
)
COMPARES = st.builds(Compare, st.lists(MARKS, min_size=GROUPS, max_size=GROUPS).map(tuple))
PULLS = st.builds(Pull, st.lists(WANTED, max_size=3).map(tuple), st.integers(0, ROOM_MAX))

GROUP_NUMBERS = st.lists(st.integers(0, GROUPS - 1), max_size=6, unique=True).map(tuple)
DIFFERS = st.builds(
    Differ, blobs(FINGERPRINT_BYTES), GROUP_NUMBERS, st.lists(ENTRIES, max_size=4).map(tuple)
)
ANSWERS: SearchStrategy[Answer] = st.one_of(
    ITEMS,
    st.builds(Nothing, ENTRY_KEYS, st.just(b"") | RAW_MANIFESTS),
    st.builds(Changes, ENTRY_KEYS, RAW_MANIFESTS, ROOTS, deltas()),
    st.builds(
        Part,
        ENTRY_KEYS,
        RAW_MANIFESTS,
        ROOTS,
        st.integers(0, BUCKETS),
        st.integers(0, BUCKETS),
        RAW_MAPS,
    ),
    st.builds(
        Digests,
        ENTRY_KEYS,
        RAW_MANIFESTS,
        st.lists(
            st.tuples(st.integers(0, FANOUT - 1), SHORT_DIGESTS),
            max_size=3,
            unique_by=lambda pair: pair[0],
        ).map(tuple),
    ),
    st.builds(
        Buckets, ENTRY_KEYS, RAW_MANIFESTS, ROOTS, GROUP_NUMBERS, NUMBERS_OF_BUCKETS, RAW_MAPS
    ),
)
PULLEDS = st.builds(Pulled, st.lists(ANSWERS, max_size=3).map(tuple))
BUSIES = st.builds(Busy, AGES)
STREAM_MESSAGES: SearchStrategy[StreamMessage] = st.one_of(
    COMPARES, PULLS, DIFFERS, PULLEDS, BUSIES
)

# --- one of each ---------------------------------------------------------------------------

_ROOT, _TARGET, _DIGESTS = b"R" * 32, b"T" * 32, (b"12345678",) * FANOUT
_PUT = {b"export/a/b": b"\x80"}
_ENTRY = Entry(b"s/paris", (1, 2, 3, 4))

GOSSIP_SAMPLES: dict[str, Gossip] = {
    "rumour": Rumour(b"MANIFEST", _ROOT),
    "rumour with a delta": Rumour(b"MANIFEST", _ROOT, Delta(_PUT, (b"drain",))),
    "hint": Hint(_ENTRY),
    "item": Item(b"r/fleet", b"LIST", 5_000_000),
}
ANSWER_SAMPLES: dict[str, Answer] = {
    "item": Item(b"r/fleet", b"LIST", 5_000_000),
    "nothing": Nothing(b"s/paris"),
    "nothing any more": Nothing(b"s/paris", b"MANIFEST"),
    "changes": Changes(b"s/paris", b"MANIFEST", _ROOT, Delta(_PUT, (b"drain",))),
    "part": Part(b"s/paris", b"MANIFEST", _ROOT, 0, 4_096, _PUT),
    "digests": Digests(b"s/paris", b"MANIFEST", ((63, _DIGESTS),)),
    "buckets": Buckets(b"s/paris", b"MANIFEST", _ROOT, (0, 63), (1, 4_095), _PUT),
    "many buckets": Buckets(b"s/paris", b"MANIFEST", _ROOT, (), tuple(range(4_096)), _PUT),
}
STREAM_SAMPLES: dict[str, StreamMessage] = {
    "compare": Compare(tuple(range(64))),
    "pull": Pull((Wanted(key=b"s/paris"),), 262_144),
    "pull with digests": Pull(
        (Wanted(key=b"s/paris", have=_ROOT, branches=_DIGESTS),),
        262_144,
    ),
    "pull that goes on": Pull(
        (Wanted(key=b"s/paris", have=_ROOT, target=_TARGET, first=7, buckets=(8, 9)),), 262_144
    ),
    "pull that shows": Pull((Wanted(key=b"s/paris", have=_ROOT, shown=b"MANIFEST"),), 262_144),
    "differ": Differ(b"12345678", (0, 63), (_ENTRY,)),
    "busy": Busy(1_000_000),
    **{f"pulled {name}": Pulled((answer,)) for name, answer in ANSWER_SAMPLES.items()},
}


def unpacked_array(data: bytes) -> list[Value]:
    """The fields of a message, to be changed and packed again."""
    fields = msgpack.unpackb(data)
    assert isinstance(fields, list)
    return fields
