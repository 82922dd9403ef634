"""The cluster's objects: what is wanted is kept, and what is wanted no more is forgotten."""

from agent.core.driver_choice import DriverChoice
from agent.core.events import KindsServed, ObjectSeen, ObjectsListed
from agent.core.object_book import News, ObjectBook
from agent.drivers.plan import DriverSettings
from agent.objects import (
    CRD,
    FREEZE,
    LEASE,
    MESH_CONFIG,
    NODE,
    SERVICE,
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    Document,
    Kind,
    ObjectKey,
)
from agent.sources import sources
from discovery.names import Origin

SERVED = frozenset((kind, kind.versions[0]) for kind in (NODE, SERVICE, TRUSTED_CLUSTER))
N1 = ObjectKey(NODE, "", "n1")


def named(kind: Kind, name: str, **more: object) -> Document:
    metadata = {"name": name, "resourceVersion": "1"}
    return {"apiVersion": "v1", "kind": kind.name, "metadata": metadata, **more}


def book(driver: str = "none") -> ObjectBook:
    return ObjectBook(DriverChoice(driver, DriverSettings(own=Origin("east"))))


def test_a_light_agent_wants_nodes_and_a_bridge_all_that_it_reads() -> None:
    made = book()
    assert made.newly_wanted(is_bridge=False) == (NODE,)
    assert made.newly_wanted(is_bridge=False) is None, "it is said once"
    wanted = made.newly_wanted(is_bridge=True)
    assert wanted is not None
    assert {*sources.KINDS, LEASE, FREEZE, CRD, MESH_CONFIG} == set(wanted)


def test_what_a_driver_reads_is_wanted_as_well() -> None:
    made = book("osm-multicluster")
    assert made.choose(made.take(KindsServed(SERVED)))
    assert made.choice.driver is not None
    wanted = made.newly_wanted(is_bridge=True)
    assert wanted is not None
    assert made.choice.driver.reads <= set(wanted)


def test_news_are_what_differs() -> None:
    made = book()
    made.newly_wanted(is_bridge=False)
    assert made.take(KindsServed(SERVED)) == News(frozenset())
    listed = ObjectsListed(NODE, (named(NODE, "n1"),), 7)
    assert made.take(listed) == News(frozenset({NODE}), (N1,), NODE, 7)
    assert made.take(listed) == News(frozenset({NODE}), (), NODE, 7)
    assert made.take(ObjectSeen(N1, named(NODE, "n1"))) == News(frozenset({NODE}), ())
    assert made.take(ObjectSeen(N1, None)) == News(frozenset({NODE}), (N1,))


def test_what_is_wanted_no_more_is_forgotten_and_late_words_of_it_are_no_news() -> None:
    made = book()
    made.newly_wanted(is_bridge=True)
    made.take(KindsServed(SERVED))
    made.take(ObjectsListed(SERVICE, (named(SERVICE, "web"),), 1))
    assert made.mirror.knows(SERVICE)
    made.newly_wanted(is_bridge=False)
    assert not made.mirror.knows(SERVICE)
    key = ObjectKey(SERVICE, "default", "web")
    late = News(frozenset({SERVICE}), ())
    assert made.take(ObjectSeen(key, named(SERVICE, "web"))) == late
    assert made.take(ObjectsListed(SERVICE, (named(SERVICE, "web"),), 2)) == late
    assert not made.mirror.knows(SERVICE)
    made.newly_wanted(is_bridge=True)
    assert made.take(ObjectSeen(key, named(SERVICE, "web"))) == late, "no list has come yet"
    assert not made.mirror.knows(SERVICE)


def trusting(made: ObjectBook, *names: str) -> None:
    made.take(
        ObjectsListed(TRUSTED_CLUSTER, tuple(named(TRUSTED_CLUSTER, each) for each in names), 1)
    )
    made.take(ObjectsListed(TRUSTED_FLEET, (), 1))


def test_whom_the_cluster_trusts_is_known_once_both_kinds_are() -> None:
    made = book()
    made.newly_wanted(is_bridge=True)
    assert made.trusted is None
    trusting(made, "west", "south")
    assert made.trusted == (named(TRUSTED_CLUSTER, "south"), named(TRUSTED_CLUSTER, "west"))


def test_what_an_earlier_run_knew_counts_until_the_store_lists_it() -> None:
    made = book()
    made.newly_wanted(is_bridge=True)
    kept = (named(TRUSTED_CLUSTER, "west"), named(TRUSTED_FLEET, "all"))
    clusters, fleets = made.recall(kept)
    west, fleet = ObjectKey(TRUSTED_CLUSTER, "", "west"), ObjectKey(TRUSTED_FLEET, "", "all")
    assert (clusters.keys, clusters.listed) == ((west,), TRUSTED_CLUSTER)
    assert (fleets.keys, fleets.listed) == ((fleet,), TRUSTED_FLEET)
    assert made.trusted == kept
    gone = made.take(ObjectsListed(TRUSTED_CLUSTER, (), 9))
    assert gone.keys == (west,), "what was deleted meanwhile is news"
    assert made.recall(kept) == [], "the store has said it"


def test_a_driver_is_chosen_anew_where_what_it_hangs_on_changes() -> None:
    made = book("auto")
    made.newly_wanted(is_bridge=True)
    served = made.take(KindsServed(SERVED))
    assert made.choose(served), "there is a reason now why there is none"
    assert not made.choose(served)
    assert not made.choose(made.take(ObjectsListed(NODE, (named(NODE, "n1"),), 1)))
