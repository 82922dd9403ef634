"""Which Services have which ServiceAccounts here, and what they lack."""

from agent.drivers.multicluster_accounts import Accounts, LocalHead, LocalPort
from agent.objects import ENDPOINTS, MANAGED_BY, MANAGER, POD, SERVICE
from tests.agent.drivers.old_osm import ACCOUNT, OldOsm
from tests.discovery.view_world import SHOP


def head_of(osm: OldOsm) -> LocalHead:
    return Accounts(osm.mirror, "shop").heads[SHOP]


def test_a_service_that_runs_here_lacks_nothing() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(2)
    assert head_of(osm) == LocalHead(
        name=SHOP,
        accounts=frozenset({ACCOUNT}),
        ports=(LocalPort(number=80, name="http", protocol="TCP"),),
        ready=frozenset({"10.0.0.1", "10.0.0.2"}),
        unusable="",
        missing="",
    )
    assert [each.name for each in Accounts(osm.mirror, "shop").of(ACCOUNT)] == [SHOP]
    assert Accounts(osm.mirror, "shop").of("other") == []
    assert Accounts(osm.mirror, "bank").heads == {}


def test_a_pod_must_have_all_labels_that_are_selected() -> None:
    osm = OldOsm()
    osm.service(spec={"selector": {"app": "checkout", "tier": "front"}})
    osm.pods(1)
    assert head_of(osm).accounts == frozenset()
    labels = {"app": "checkout", "tier": "front", "more": "x"}
    osm.put(POD, "other", metadata={"labels": labels}, spec={"nodeName": "n"})
    assert head_of(osm).accounts == {"default"}


def test_addresses_that_are_not_ready_do_not_count_and_their_ports_do() -> None:
    osm = OldOsm()
    osm.service()
    osm.pods(2, ready=False)
    assert head_of(osm).ready == frozenset()
    assert head_of(osm).missing == ""


def test_what_is_missing_is_told_with_a_remedy() -> None:
    osm = OldOsm()
    osm.service()
    assert "run a placeholder" in head_of(osm).missing
    osm.pods(1)
    osm.put(ENDPOINTS, "checkout", subsets=[])
    assert "targetPort" in head_of(osm).missing
    osm.put(
        POD, "checkout-9", metadata={"labels": {"app": "checkout"}}, status={"podIP": "10.0.0.9"}
    )
    assert "checkout-9 has an address and no node" in head_of(osm).missing


def test_a_service_of_ours_is_left_alone() -> None:
    osm = OldOsm()
    labels = {MANAGED_BY: MANAGER}
    osm.put(SERVICE, "checkout", metadata={"labels": labels}, spec={"selector": {"app": "x"}})
    assert "written by Isthmus" in head_of(osm).unusable


def test_broken_objects_are_read_as_far_as_they_go() -> None:
    osm = OldOsm()
    osm.put(SERVICE, "checkout", spec={"selector": "x", "ports": ["y", {"port": "z"}]})
    osm.put(POD, "p", metadata={"labels": []}, spec=[], status="running")
    osm.put(ENDPOINTS, "checkout", subsets=[None, {"addresses": [{}], "ports": 7}])
    head = head_of(osm)
    assert head.accounts == frozenset()
    assert [each.number for each in head.ports] == [0, 0]
