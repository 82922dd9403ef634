"""Sources tell the bridge what the mirror says, step by step as at once, and explain what goes."""

import pytest

from agent.mirror import Mirror
from agent.objects import (
    CRD,
    DEPARTURE,
    DRAIN,
    ENDPOINT_SLICE,
    ENDPOINTS,
    MESH_CONFIG,
    NODE,
    POD,
    SECRET,
    SERVICE,
    SERVICE_EXPORT,
    TRAFFIC_POLICY,
    TRUSTED_CLUSTER,
    TRUSTED_FLEET,
    Document,
    Kind,
    ObjectKey,
)
from agent.sources.cluster_facts import ClusterSettings
from agent.sources.problems import Fault
from agent.sources.source_events import (
    AcksStated,
    Effect,
    KindForbidden,
    KindListed,
    ListAnew,
    ServedChanged,
    SettingsChanged,
    ZonesChanged,
)
from agent.sources.sources import KINDS, Sources
from discovery.bridge_events import LanFact, PoliciesListed
from discovery.isolation import HeartbeatStopped
from discovery.manifest import IntentKind
from discovery.names import Origin, ServiceName
from discovery.publisher_events import (
    DepartureRequested,
    DesiredChanged,
    ExportChanged,
    ExportRemoved,
    FreshListWanted,
    IntentDeclared,
    ListConfirmed,
    StatementsChanged,
)
from discovery.records import AckRecord
from discovery.trust_events import ObjectApplied, ObjectDeleted
from failure_detect.events import NodeDeleted
from failure_detect.identity import NodeName
from tests.agent.sources.retold import CONFIG, Cluster, at_once, summed
from tests.agent.sources.test_cluster_facts import MESH, bundle, policy
from tests.agent.sources.test_nodes import heard
from tests.agent.sources.written import (
    OURS,
    WEB,
    WEB_EXPORT,
    departure,
    drain,
    endpoint,
    endpoints_object,
    export,
    key,
    mirror_of,
    namespace,
    node,
    service,
    sliced,
    written,
)

NAME = ServiceName("shop", "web")
DELETED = "2026-11-02T00:00:00Z"
TWO = sliced("a", [endpoint("10.0.0.1"), endpoint("10.0.0.2")])
BASE = (service(), export(), TWO)
EAST = written(TRUSTED_CLUSTER, "east", spec={"cluster": "east"})


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster(*BASE)
    cluster.begin()
    return cluster


# --- everything at first, once everything is known -----------------------------------------------


def test_nothing_is_wanted_before_every_kind_was_listed_and_then_all_of_it() -> None:
    documents = {SERVICE: BASE[:1], SERVICE_EXPORT: BASE[1:2], ENDPOINT_SLICE: BASE[2:]}
    mirror = Mirror()
    mirror.serve([(kind, kind.versions[0]) for kind in KINDS])
    sources, told = Sources(mirror, CONFIG), list[Effect]()
    told += sources.handle(AcksStated())
    for kind in reversed(KINDS):
        assert not [each for each in told if isinstance(each, DesiredChanged)]
        assert kind in sources.missing
        keys = mirror.replace(kind, documents.get(kind, ()))
        told += sources.handle(KindListed(kind, frozenset(keys)))
    (desired,) = [each for each in told if isinstance(each, DesiredChanged)]
    assert list(desired.desired.exports) == [NAME]
    assert desired.desired.statements.cluster.region == "eu"
    assert sources.is_complete
    assert sources.missing == ()


def test_nothing_is_wanted_before_it_is_known_what_was_acknowledged() -> None:
    sources = Sources(mirror_of(*BASE), CONFIG)
    effects = sources.handle(KindListed(SERVICE_EXPORT, frozenset({WEB_EXPORT})))
    assert not [each for each in effects if isinstance(each, DesiredChanged)]
    (desired,) = [each for each in sources.handle(AcksStated()) if isinstance(each, DesiredChanged)]
    assert list(desired.desired.exports) == [NAME]


def test_what_we_may_not_list_is_done_without_where_that_is_possible() -> None:
    mirror = mirror_of(*BASE, kinds=[kind for kind in KINDS if kind not in (SECRET, DRAIN)])
    mirror.serve([(kind, kind.versions[0]) for kind in KINDS])
    sources = Sources(mirror, CONFIG)
    sources.handle(AcksStated())
    sources.handle(KindForbidden(SECRET))
    sources.handle(KindForbidden(DRAIN))
    assert sources.missing == (DRAIN,)
    assert not sources.is_complete
    mirror.replace(DRAIN, [])
    assert [type(each) for each in sources.handle(KindListed(DRAIN))] == [DesiredChanged]


def test_trust_is_told_at_once_whatever_else_is_missing() -> None:
    mirror = Mirror()
    mirror.serve([(kind, kind.versions[0]) for kind in KINDS])
    mirror.replace(TRUSTED_CLUSTER, [EAST])
    keys = frozenset({key(EAST)})
    assert Sources(mirror, CONFIG).handle(KindListed(TRUSTED_CLUSTER, keys)) == [
        ObjectApplied(EAST)
    ]


# --- then what changes ---------------------------------------------------------------------------


def test_a_changed_endpoint_is_one_changed_export(cluster: Cluster) -> None:
    (effect,) = cluster.put(sliced("a", [endpoint("10.0.0.1")]))
    assert isinstance(effect, ExportChanged)
    assert [[each.address for each in there] for there in effect.exported.endpoints.values()] == [
        ["10.0.0.1"]
    ]


def test_it_is_known_of_which_services_something_else_is_to_be_said(cluster: Cluster) -> None:
    found = cluster.sources.reread
    assert list(found) == [NAME]
    found.clear()
    cluster.put(service(labels={"what": "ever"}))
    assert not found, "nothing else is to be said of it"
    cluster.put(export("api"), service("plain"))
    assert list(found) == [ServiceName("shop", "api")], "its Service is not there"


def test_what_means_the_same_is_not_told_again(cluster: Cluster) -> None:
    cluster.put(EAST, policy())
    again = {**EAST, "status": {"floor": 1}, "metadata": {"name": "east", "resourceVersion": "9"}}
    assert cluster.put(again) == []
    assert cluster.put({**policy(), "status": {"conditions": []}}) == []
    assert cluster.put({**TWO, "metadata": {**_metadata(TWO), "resourceVersion": "9"}}) == []


def _metadata(document: Document) -> dict[str, object]:
    found = document["metadata"]
    assert isinstance(found, dict)
    return found


def test_trust_objects_come_and_go(cluster: Cluster) -> None:
    assert cluster.put(EAST) == [ObjectApplied(EAST)]
    changed = {**EAST, "spec": {"cluster": "other"}}
    assert cluster.put(changed) == [ObjectApplied(changed)]
    assert cluster.remove(key(EAST)) == [ObjectDeleted("TrustedCluster", "east")]
    assert cluster.remove(key(EAST)) == []


def test_policies_are_told_whole_and_those_of_the_fleet_are_stated(cluster: Cluster) -> None:
    listed, stated = cluster.put(policy("far", scope="fleet"))
    assert listed == PoliciesListed((policy("far", scope="fleet"),))
    assert isinstance(stated, StatementsChanged)
    assert list(stated.statements.policies) == [("shop", "far")]
    assert cluster.put(policy("near")) == [
        PoliciesListed((policy("far", scope="fleet"), policy("near")))
    ]


def test_drains_and_acknowledgements_are_stated(cluster: Cluster) -> None:
    (stated,) = cluster.put(drain())
    assert isinstance(stated, StatementsChanged)
    assert list(stated.statements.drains) == [None]
    acks = {Origin("west"): AckRecord(drain="d")}
    (stated,) = cluster.tell(AcksStated(acks))
    assert isinstance(stated, StatementsChanged)
    assert (stated.statements.acks, list(stated.statements.drains)) == (acks, [None])
    assert cluster.tell(AcksStated(acks)) == []


def test_the_mesh_and_the_settings_are_in_the_cluster_record(cluster: Cluster) -> None:
    (stated,) = cluster.put(bundle(), MESH)
    assert isinstance(stated, StatementsChanged)
    assert stated.statements.cluster.mesh_root
    assert stated.statements.cluster.trust_domain == "cluster.local"
    (stated,) = cluster.tell(SettingsChanged(ClusterSettings(region="us")))
    assert isinstance(stated, StatementsChanged)
    assert stated.statements.cluster.region == "us"


def test_nodes_have_zones_and_heartbeats_and_go(cluster: Cluster) -> None:
    assert cluster.put(node("n2", "z2")) == [ZonesChanged(("z2",))]
    n1 = NodeName("n1")
    assert cluster.put(heard("Unknown")) == [LanFact(HeartbeatStopped(n1))]
    assert cluster.remove(ObjectKey(NODE, "", "n1")) == [LanFact(NodeDeleted(n1))]


def test_the_zone_of_a_node_is_that_of_its_endpoints(cluster: Cluster) -> None:
    cluster.put(sliced("a", [endpoint("10.0.0.1", nodeName="n1")]))
    zones, changed = cluster.put(node("n1", "z1"))
    assert zones == ZonesChanged(("z1",))
    assert isinstance(changed, ExportChanged)
    assert [[each.zone for each in there] for there in changed.exported.endpoints.values()] == [
        ["z1"]
    ]


def test_a_departure_is_asked_for_once_and_again_after_a_restart(cluster: Cluster) -> None:
    assert cluster.put(departure()) == [DepartureRequested()]
    assert cluster.put(departure("again")) == []
    later = Cluster(*BASE, departure())
    assert DepartureRequested() in later.first


# --- why it goes ---------------------------------------------------------------------------------


def test_an_intent_comes_before_the_withdrawal_that_it_explains(cluster: Cluster) -> None:
    assert cluster.remove(WEB_EXPORT) == [
        IntentDeclared(IntentKind.UNEXPORT, NAME),
        ExportRemoved(NAME),
    ]
    cluster.put(export())
    assert cluster.remove(WEB) == [IntentDeclared(IntentKind.DELETION, NAME), ExportRemoved(NAME)]


def test_what_a_list_lacks_is_explained_by_nothing(cluster: Cluster) -> None:
    assert cluster.lose(SERVICE) == [ExportRemoved(NAME)]
    cluster.put(service(), export(generation=2))
    assert cluster.lose(SERVICE_EXPORT) == [ExportRemoved(NAME)]


def test_a_namespace_that_goes_explains_all_that_is_in_it(cluster: Cluster) -> None:
    cluster.put(namespace())
    deletion = IntentDeclared(IntentKind.DELETION, NAME)
    assert cluster.put(namespace(deletionTimestamp=DELETED)) == [deletion]
    assert [type(each) for each in cluster.remove(key(TWO))] == [ExportChanged]


def test_pods_that_are_deleted_are_scaled_down(cluster: Cluster) -> None:
    ending = {"ready": False, "terminating": True}
    there = [endpoint("10.0.0.1"), endpoint("10.0.0.2", conditions=ending)]
    intent, changed = cluster.put(sliced("a", there))
    assert intent == IntentDeclared(IntentKind.SCALE_DOWN, NAME, 1)
    assert isinstance(changed, ExportChanged)


def test_an_import_that_we_write_ourselves_is_no_export(cluster: Cluster) -> None:
    cluster.remove(WEB)
    ours = service(labels=OURS)
    theirs = endpoints_object("web", {"addresses": [{"ip": "10.9.0.1"}]}, labels=OURS)
    assert cluster.put(ours, theirs) == []
    read = cluster.sources.read(NAME)
    assert read is not None
    assert read.fault is Fault.NO_SERVICE


# --- what stays ----------------------------------------------------------------------------------


def test_a_service_that_cannot_be_read_is_exported_as_it_was(cluster: Cluster) -> None:
    before = dict(cluster.sources.exports)
    assert cluster.put(service(spec={"ports": []})) == []
    assert dict(cluster.sources.exports) == before
    assert [each.fault for each in cluster.sources.problems()] == [Fault.NO_PORTS]
    assert cluster.put(service()) == []
    assert cluster.sources.problems() == ()


@pytest.mark.parametrize("kind", [SERVICE_EXPORT, TRUSTED_CLUSTER, TRAFFIC_POLICY, DRAIN])
def test_a_kind_that_is_served_no_more_takes_nothing_with_it(kind: Kind) -> None:
    cluster = Cluster(*BASE, EAST, policy(scope="fleet"), drain())
    cluster.begin()
    cluster.mirror.serve([(each, each.versions[0]) for each in KINDS if each != kind])
    assert cluster.tell(ServedChanged()) == []
    assert kind in cluster.sources.missing
    assert cluster.put(drain("other", service="shop/web")) == [] or kind == TRUSTED_CLUSTER
    cluster.mirror.serve([(each, each.versions[0]) for each in KINDS])
    cluster.tell(ServedChanged())
    cluster.lose(kind)
    assert kind not in cluster.sources.missing
    assert summed(cluster.retold) == summed(at_once(cluster.mirror).retold)


def test_a_mesh_that_is_removed_with_its_kinds_stops_nothing(cluster: Cluster) -> None:
    cluster.put(MESH)
    cluster.mirror.serve([(each, each.versions[0]) for each in KINDS if each != MESH_CONFIG])
    (stated,) = cluster.tell(ServedChanged())
    assert isinstance(stated, StatementsChanged)
    assert stated.statements.cluster.trust_domain == ""
    assert [type(each) for each in cluster.put(sliced("b", [endpoint("10.0.0.9")]))] == [
        ExportChanged
    ]


# --- lists that are wanted -----------------------------------------------------------------------


def test_a_fresh_list_is_confirmed_once_every_kind_of_it_came(cluster: Cluster) -> None:
    (wanted,) = cluster.tell(FreshListWanted(7, "half of it would vanish"))
    assert isinstance(wanted, ListAnew)
    assert set(wanted.kinds) == {SERVICE, SERVICE_EXPORT, ENDPOINT_SLICE, ENDPOINTS, DRAIN}
    told = [cluster.relist(kind) for kind in wanted.kinds]
    assert told == [[], [], [], [], [ListConfirmed(7)]]
    assert cluster.relist(SERVICE) == []


def test_what_a_fresh_list_found_is_told_before_it_is_confirmed(cluster: Cluster) -> None:
    (wanted,) = cluster.tell(FreshListWanted(1, "why"))
    assert isinstance(wanted, ListAnew)
    for kind in wanted.kinds[:-1]:
        cluster.lose(kind)
    assert cluster.retold.exports == {}
    assert cluster.relist(wanted.kinds[-1]) == [ListConfirmed(1)]


def test_a_newer_request_takes_the_place_of_an_older_one(cluster: Cluster) -> None:
    cluster.tell(FreshListWanted(1, "why"))
    (wanted,) = cluster.tell(FreshListWanted(2, "why"))
    assert isinstance(wanted, ListAnew)
    for kind in wanted.kinds:
        cluster.relist(kind)
    assert cluster.retold.confirmed == [2]


def test_every_kind_that_is_read_is_one_that_the_program_knows() -> None:
    assert CRD not in KINDS
    assert {SERVICE, POD, SECRET, DEPARTURE, TRUSTED_FLEET} <= set(KINDS)
