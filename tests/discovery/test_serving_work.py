"""The room that is asked for bounds the work as well: nobody looks for what would not fit."""

from dataclasses import dataclass, replace
from typing import cast

import pytest

from discovery.catalog import Catalog, Held
from discovery.config import ReplicatorConfig
from discovery.messages import (
    Digests,
    Part,
    Wanted,
)
from discovery.names import Origin
from discovery.recordset import EMPTY, Branch, RecordSet, bucket_of, packed_size
from discovery.serving import Server
from discovery.wire import BUCKETS
from tests.discovery.counter import KEY, Counter
from tests.discovery.lone import (
    signed,
    some_records,
)


class Untouched:
    """A branch of which somebody may know that it is there, and that it differs."""

    digest = b"\1" * 32

    @property
    def buckets(self) -> tuple[None, ...]:
        """Fail: whoever looks into it does more than there is room for."""
        pytest.fail("looked into what would never fit")


def partly_untouched(records: RecordSet, touched: int) -> RecordSet:
    """The same records, of which all branches from `touched` on are not to be looked into."""
    rest = cast("Branch", Untouched())
    branches = (*records.branches[:touched], *(rest for _ in range(64 - touched)))
    return RecordSet(branches, records.count, records.size_bytes)


def untouched(touched: int) -> Counter:
    """A server of a set that may be looked into for as long as there is room, and no longer."""
    records = partly_untouched(RecordSet.of(some_records(6_000)), touched)
    counter = Counter()
    counter.catalog = cast("Catalog", _Single(Held(signed(records).manifest, records, 0)))
    counter.server = Server(counter.catalog, counter.items, counter.index, ReplicatorConfig())
    return counter


@dataclass
class _Single:
    held: Held

    def get(self, _origin: Origin) -> Held:
        return self.held

    def version(self, _origin: Origin, root: bytes) -> RecordSet | None:
        return EMPTY if root == EMPTY.root else None


INVENTED = Wanted(key=KEY, have=b"\2" * 32, branches=(b"\3" * 8,) * 64)


@pytest.mark.parametrize("room", [0, 1_000, 8_000])
def test_invented_branches_cost_no_more_than_there_is_room_for(room: int) -> None:
    answer = untouched(3).one(INVENTED, room)
    assert isinstance(answer, Part)
    assert answer.until < BUCKETS


@pytest.mark.parametrize("room", [0, 1_000, 8_000])
def test_a_difference_costs_no_more_than_there_is_room_for(room: int) -> None:
    assert isinstance(untouched(3).one(Wanted(key=KEY, have=EMPTY.root), room), Part)


def test_whether_digests_are_worth_it_is_found_by_twice_their_size() -> None:
    records = RecordSet.of(some_records(6_000))
    branch = packed_size(pair for pair in records if bucket_of(pair[0]) < 64)
    few = INVENTED.branches[:4] + tuple(each[:8] for each in records.branch_digests()[4:])
    assert branch > 2 * 4 * 520
    counter = Counter(signed(records))
    answer = counter.one(replace(INVENTED, branches=few))
    assert isinstance(answer, Digests)
    assert [number for number, _ in answer.branches] == [0, 1, 2, 3]
