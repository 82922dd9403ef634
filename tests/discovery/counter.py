"""What a server has at its back, and what it is asked there."""

from discovery.catalog import Catalog
from discovery.config import ReplicatorConfig
from discovery.index import Index, set_key, set_rank
from discovery.items import Items
from discovery.limits import CatalogLimits, HistoryLimits
from discovery.messages import (
    Answer,
    Pull,
    Wanted,
)
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.serving import Server
from failure_detect.clock import SECOND
from tests.discovery.lone import (
    ALPHA,
    Signed,
    some_records,
    trusting,
)

NOW = 10 * SECOND
KEY = set_key(ALPHA)
ROOM = 1 << 20
ASKER = Origin("c1")
RECORDS = RecordSet.of(some_records(600))


class Counter:
    """What a server has at its back."""

    def __init__(self, *sets: Signed, config: ReplicatorConfig | None = None, versions: int = 32):
        limits = CatalogLimits(history=HistoryLimits(versions=versions))
        self.judge = trusting()
        self.catalog = Catalog(self.judge, limits)
        self.items = Items(100)
        self.index = Index()
        self.server = Server(self.catalog, self.items, self.index, config or ReplicatorConfig())
        for each in sets:
            self.hold(each)

    def hold(self, new: Signed) -> None:
        """Have it adopt a set."""
        self.catalog.adopt(new.manifest, new.records, 0)
        self.index.put(set_key(new.manifest.origin), set_rank(new.manifest))

    def one(self, wanted: Wanted, room: int = ROOM, asker: Origin = ASKER) -> Answer:
        """Ask it for one thing."""
        [answer] = self.all(wanted, room=room, asker=asker)
        return answer

    def all(self, *wanted: Wanted, room: int = ROOM, asker: Origin = ASKER) -> tuple[Answer, ...]:
        """Ask it for several things; return the answers that fit."""
        return self.server.pull(Pull(wanted, room), asker, NOW).answers


def having(records: RecordSet, target: bytes = b"", buckets: tuple[int, ...] = ()) -> Wanted:
    """What somebody asks who has these records."""
    branches = tuple(each[:8] for each in records.branch_digests())
    return Wanted(key=KEY, have=records.root, branches=branches, target=target, buckets=buckets)


def touched(count: int) -> RecordSet:
    """The set of which so many records have changed."""
    return RECORDS.updated({b"endpoints/shop/s/%d" % at: b"new" for at in range(count)})
