"""The driver for OSM v1.1: who fits, who shares an account, whose objects there are."""

import pytest

from agent.drivers.osm_multicluster import is_as_wanted, object_name
from agent.drivers.plan import Reason
from agent.objects import (
    MULTI_CLUSTER_SERVICE,
    POD,
    SERVICE,
    at,
    is_ours,
)
from agent.writes import Delete
from discovery.names import ServiceName
from tests.agent.drivers.old_osm import ACCOUNT, MESH, OldOsm, head, key_for, typical
from tests.discovery.view_world import (
    CART,
    SHOP,
    A,
    B,
    C,
    cluster,
    endpoints,
    exported,
)

# --- who fits ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mesh_root": "beef", "trust_domain": "cluster.local"}, Reason.ROOT_DIFFERS),
        ({"mesh_root": "f00d", "trust_domain": "other.local"}, Reason.TRUST_DOMAIN_DIFFERS),
    ],
)
def test_a_mesh_that_does_not_fit_is_left_out(fields: dict[str, object], reason: Reason) -> None:
    osm = typical()
    osm.world.put(B, {b"cluster": cluster(network="n", **fields)})
    osm.apply()
    assert osm.levels() == {1: ["10.2.0.1", "10.2.0.2"]}
    assert osm.reasons() == [reason]


def test_a_root_that_is_not_known_is_served_and_told() -> None:
    osm = typical()
    osm.world.put(B, {b"cluster": cluster(network="n", trust_domain="cluster.local")})
    osm.apply()
    assert "10.1.0.1" in osm.levels()[1]
    assert osm.reasons() == [Reason.ROOT_UNKNOWN]


def test_a_cluster_that_uses_another_account_is_left_out() -> None:
    osm = typical()
    osm.remote(B, "10.1.0.1", account="somebody-else")
    osm.apply()
    assert osm.levels() == {1: ["10.2.0.1", "10.2.0.2"]}
    assert osm.reasons() == [Reason.ACCOUNT_DIFFERS]


def test_a_cluster_that_names_no_account_is_served_and_told() -> None:
    osm = typical()
    osm.remote(B, "10.1.0.1", account="")
    osm.apply()
    assert "10.1.0.1" in osm.levels()[1]
    assert osm.reasons() == [Reason.IDENTITY_UNKNOWN]


def test_a_namespace_that_is_not_monitored_is_not_touched() -> None:
    osm = typical()
    osm.apply()
    osm.monitor("shop", mesh="another")
    osm.remote(B, "10.1.0.7")
    assert osm.plan().groups == ()
    assert osm.reasons() == [Reason.NAMESPACE_NOT_MONITORED]


def test_the_namespace_of_the_mesh_is_not_touched_7g() -> None:
    osm = OldOsm()
    osm.monitor("osm-system")
    name = ServiceName("osm-system", "web")
    osm.remote(B, "10.1.0.1", service=name)
    assert osm.plan().groups == ()
    assert osm.reasons(name) == [Reason.NAMESPACE_NOT_MONITORED]


# --- who shares an account ---------------------------------------------------------------


def test_two_services_of_one_account_with_different_addresses_get_none_7d() -> None:
    osm = typical()
    osm.apply()
    osm.service("cart")
    osm.pods(1, app="cart")
    osm.remote(C, "10.3.0.1", service=CART)
    plan = osm.apply()
    assert [type(each) for each in plan.writes] == [Delete]
    for name in (SHOP, CART):
        assert Reason.ACCOUNT_SHARED in osm.reasons(name)
    assert osm.plan().groups == ()


def test_a_service_here_alone_that_shares_the_account_forbids_it_too() -> None:
    osm = typical()
    osm.service("metrics")
    osm.pods(1, app="metrics")
    assert osm.plan().groups == ()
    [condition] = osm.conditions()
    assert condition.reason is Reason.ACCOUNT_SHARED
    assert "shop/metrics" in condition.what


def test_services_that_want_the_same_addresses_share_one_object() -> None:
    osm = OldOsm()
    for app in ("checkout", "cart"):
        osm.service(app)
        osm.pods(1, app=app)
    for name in (SHOP, CART):
        osm.world.put(B, {b"cluster": MESH, **exported(name, endpoints("10.1.0.1"), head=head())})
    [group] = osm.apply().groups
    assert group.services == (CART, SHOP)
    assert Reason.ACCOUNT_SHARED not in osm.reasons()
    assert osm.levels() == {1: ["10.1.0.1"]}


# --- objects of others, and of before ----------------------------------------------------


def test_an_object_of_others_with_our_name_is_not_touched() -> None:
    osm = typical()
    osm.put(MULTI_CLUSTER_SERVICE, key_for().name, spec={"serviceAccount": ACCOUNT})
    assert osm.plan().groups == ()
    assert osm.reasons() == [Reason.NAME_TAKEN]


def test_an_object_of_others_for_the_same_account_is_told_7d() -> None:
    osm = typical()
    osm.put(MULTI_CLUSTER_SERVICE, "by-hand", spec={"serviceAccount": ACCOUNT})
    assert len(osm.apply().writes) == 1
    assert osm.reasons() == [Reason.OTHERS_ADD]


def test_what_is_for_nobody_any_more_is_deleted_and_never_emptied() -> None:
    osm = typical()
    osm.apply()
    for origin in (B, C):
        osm.world.view.remove(origin)
    assert [type(each) for each in osm.plan((SHOP,)).writes] == [Delete]
    osm.apply()
    assert osm.object() is None
    assert osm.plan().groups == ()


def test_a_service_that_left_the_view_is_deleted_though_it_alone_is_asked_for() -> None:
    osm = typical()
    osm.apply()
    for origin in (A, B, C):
        osm.world.view.remove(origin)
    assert [type(each) for each in osm.plan((CART,)).writes] == []
    assert [type(each) for each in osm.plan((SHOP,)).writes] == [Delete]
    assert [type(each) for each in osm.plan().writes] == [Delete]


def test_who_changes_the_account_of_his_pods_gets_another_object() -> None:
    osm = typical()
    osm.apply()
    osm.pods(2, account="new")
    osm.remote(B, "10.1.0.1", account="new")
    osm.world.view.remove(C)
    plan = osm.apply(osm.plan((SHOP,)))
    assert sorted((type(e).__name__, e.key.name) for e in plan.writes) == [
        ("Apply", "isthmus-new"),
        ("Delete", "isthmus-checkout-sa"),
    ]
    assert osm.levels("new") == {1: ["10.1.0.1"]}


def test_nothing_is_planned_while_a_kind_is_not_known() -> None:
    osm = typical()
    osm.mirror.serve([])
    osm.mirror.serve([(POD, "v1"), (SERVICE, "v1")])
    plan = osm.plan()
    assert plan.groups == ()
    assert POD in plan.waits_for


def test_only_the_accounts_that_are_touched_are_planned() -> None:
    osm = typical()
    osm.service("cart")
    osm.pods(1, app="cart", account="cart-sa")
    osm.remote(C, "10.3.0.1", service=CART, account="cart-sa")
    assert [each.services for each in osm.plan((CART,)).groups] == [(CART,)]
    assert set(osm.plan((CART,)).conditions) == {CART}


def test_what_the_store_adds_by_itself_is_no_difference() -> None:
    osm = typical()
    osm.apply()
    document = osm.object()
    assert document is not None
    assert is_ours(document)
    metadata = {**dict(at(document, "metadata")), "uid": "u", "resourceVersion": "7"}  # type: ignore[call-overload]  # a mapping, as was just written
    assert is_as_wanted({**document, "metadata": metadata}, document)
    assert not is_as_wanted({**document, "spec": {}}, document)


def test_names_of_objects_fit_and_differ() -> None:
    long, other = "a" * 253, "a" * 252 + "b"
    assert object_name("web") == "isthmus-web"
    assert len(object_name(long)) <= 253
    assert object_name(long) != object_name(other)
