"""Sources tell the same step by step as at once, whatever changes, in whatever order."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.objects import TRUSTED_FLEET, Document, Kind, ObjectKey
from agent.sources.source_events import AcksStated, ObjectsChanged
from agent.sources.sources import KINDS
from tests.agent.sources.retold import Cluster, at_once, summed
from tests.agent.sources.test_cluster_facts import MESH, bundle, policy
from tests.agent.sources.test_nodes import heard
from tests.agent.sources.test_sources import DELETED, EAST
from tests.agent.sources.written import (
    OURS,
    departure,
    drain,
    endpoint,
    endpoints_object,
    export,
    is_pod,
    key,
    namespace,
    node,
    pod,
    service,
    sliced,
    written,
)

ADDRESSES = [endpoint(f"10.0.0.{n}", nodeName=f"n{n % 2}", **is_pod(f"p{n}")) for n in range(4)]
BAD = endpoint("bad")
VARIANTS: tuple[Document, ...] = (
    *(service(name) for name in ("web", "api")),
    service(spec={"type": "ExternalName"}),
    service(annotations={"isthmus.dev/export": "true"}),
    service("api", annotations={"isthmus.dev/export": "maybe"}),
    service(labels=OURS),
    service(spec={"publishNotReadyAddresses": True, "clusterIP": "None"}),
    *(export(name) for name in ("web", "api")),
    export(deletionTimestamp=DELETED),
    export(spec={"exportedLabels": {"a": "b"}}),
    sliced("s1", ADDRESSES[:2]),
    sliced("s1", [*ADDRESSES[1:3], BAD]),
    sliced("s1", ADDRESSES[:1], of="api"),
    sliced("s2", ADDRESSES[2:]),
    sliced("s2", ADDRESSES[2:], labels=OURS),
    sliced("s2", [endpoint("10.0.0.1", conditions={"ready": False})]),
    endpoints_object(
        "web", {"addresses": [{"ip": "10.0.1.1"}], "ports": [{"name": "http", "port": 1}]}
    ),
    *(pod(name, account) for name in ("p0", "p1", "p2") for account in ("", "a", "b")),
    *(node(name, zone) for name in ("n0", "n1") for zone in ("", "z1", "z2")),
    heard("Unknown"),
    namespace(),
    namespace(deletionTimestamp=DELETED),
    bundle(),
    bundle("nothing"),
    MESH,
    policy(),
    policy(scope="fleet"),
    drain(),
    drain("e"),
    drain("e", service="shop/web"),
    EAST,
    {**EAST, "spec": {"cluster": "other"}},
    written(TRUSTED_FLEET, "fleet", spec={}),
    departure(),
)

BASE: tuple[Document, ...] = (
    *(service(name) for name in ("web", "api")),
    *(export(name) for name in ("web", "api")),
    sliced("s1", ADDRESSES[:2]),
    sliced("s2", ADDRESSES[2:]),
    pod("p0", "a"),
    pod("p1", "a"),
    node("n0", "z1"),
    node("n1", "z2"),
)
"""What is there at first, so that what changes concerns something."""

MOSTLY = st.sampled_from((True, True, True, False))
CHANGES = st.lists(st.tuples(st.sampled_from(VARIANTS), MOSTLY, st.booleans()), max_size=30)


class _Watcher:
    """Changes the objects of a cluster; each change is told at once, or with the next."""

    def __init__(self, late: set[Kind]) -> None:
        self.cluster = Cluster()
        self.late = late
        self.waiting: set[ObjectKey] = set()
        self.cluster.forget()
        self.cluster.tell(AcksStated())
        for kind in KINDS:
            if kind not in late:
                self.list(kind)

    def list(self, kind: Kind) -> None:
        self.cluster.relist(kind, *(each for each in BASE if each["kind"] == kind.name))

    def change(self, document: Document, *, is_there: bool, is_told: bool) -> None:
        at, mirror = key(document), self.cluster.mirror
        if mirror.knows(at.kind):
            self.waiting.add(at)
            if is_there:
                mirror.put(at, document)
            else:
                mirror.remove(at)
        if is_told:
            self.tell()

    def tell(self) -> None:
        self.cluster.tell(ObjectsChanged(frozenset(self.waiting)))
        self.waiting.clear()

    def list_late(self) -> None:
        for kind in self.late:
            if not self.cluster.mirror.knows(kind):
                self.list(kind)


@given(CHANGES, st.sets(st.sampled_from(KINDS)), st.lists(st.sampled_from(KINDS), max_size=6))
def test_step_by_step_and_at_once_the_same_is_told(
    changes: list[tuple[Document, bool, bool]], late: set[Kind], listed: list[Kind]
) -> None:
    watcher = _Watcher(late)
    cluster = watcher.cluster
    for number, (document, is_there, is_told) in enumerate(changes):
        watcher.change(document, is_there=is_there, is_told=is_told)
        if number < len(listed):
            cluster.relist(listed[number])
    watcher.tell()
    watcher.list_late()
    fresh = at_once(cluster.mirror)
    departs = cluster.retold.departs
    assert departs or not fresh.retold.departs, "who has left does not come back"
    assert summed(cluster.retold) == replace(summed(fresh.retold), departs=departs)
    assert cluster.sources.problems() == fresh.sources.problems()
