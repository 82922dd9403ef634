"""The other end of a call, and who is taken for whom (1b, 2b, 2c, 5j, SAN verification)."""

import pytest

from agent.objects import Document
from simulations.mesh_events import ControllerManagerStarted, MeshSettings, Version
from simulations.mesh_objects import Identity
from simulations.mesh_resources import Destination, Host
from simulations.mesh_traffic import Call
from tests.simulations.mesh_world import (
    BUYER,
    PORT,
    STORE,
    Cluster,
    config,
    endpoints,
    name,
    pod,
    service,
    split,
    subset,
    target,
    through,
)

ALIAS = service("store-mc-beta", selector={"app": "store"})
WORKLOAD = service("store", selector={"app": "store"})


def importer() -> Cluster:
    """`store` has a pod here as well, and all its traffic goes to the exporter's."""
    cluster = Cluster()
    cluster.write(WORKLOAD, pod("here", "10.0.0.1"), service("store-mc-beta"))
    cluster.write(endpoints("store-mc-beta", subset("10.1.0.1")))
    cluster.write(split("s", "store", store=0, store_mc_beta=100))
    cluster.wait()
    return cluster


def exporter(*written: Document) -> Cluster:
    cluster = Cluster()
    cluster.write(pod("p1", "10.1.0.1"), *written)
    cluster.wait()
    return cluster


def test_2b_an_alias_with_the_same_selector_serves_its_own_name_and_the_apex_host() -> None:
    assert importer().answers("store", through(exporter(WORKLOAD, ALIAS))) == {"200": 1}


def test_2b_without_the_alias_there_is_no_chain_for_its_name() -> None:
    assert importer().answers("store", through(exporter(WORKLOAD))) == {"503": 1}


def test_2c_with_the_alias_alone_the_apex_host_is_not_known() -> None:
    assert importer().answers("store", through(exporter(ALIAS))) == {"404": 1}


def test_2c_a_split_and_a_selectorless_apex_mend_it() -> None:
    mended = exporter(ALIAS, service("store"), split("s", "store", store_mc_beta=100))
    assert importer().answers("store", through(mended)) == {"200": 1}


@pytest.mark.parametrize(
    ("permit", "outcome"),
    [(None, "503"), (target("t", STORE, BUYER), "200"), (target("t", STORE, STORE), "503")],
)
def test_5j_an_exporter_in_smi_mode_wants_a_target_that_names_the_client(
    permit: dict[str, object] | None, outcome: str
) -> None:
    written = [WORKLOAD, config(permissive=False), *([permit] if permit else [])]
    cluster = Cluster()
    cluster.write(service("store"), endpoints("store", subset("10.1.0.1")))
    cluster.wait()
    assert cluster.answers("store", through(exporter(*written))) == {outcome: 1}


# --- SAN verification in permissive mode -------------------------------------------------

VERIFIED = service("store", selector={"id": "of-store"})


def identity_pod() -> dict[str, object]:
    found = dict(pod("identity-of-store", node="", phase="Pending"))
    found["metadata"] = {
        "name": "identity-of-store",
        "namespace": "app",
        "labels": {"id": "of-store"},
    }
    return found


def verifying() -> Cluster:
    cluster = Cluster()
    cluster.write(identity_pod())
    cluster.write(VERIFIED)
    cluster.write(endpoints("store", subset("10.1.0.1")))
    cluster.wait()
    return cluster


@pytest.mark.parametrize(
    ("account", "outcome"), [("store", "200"), ("other", "503 for the certificate's name")]
)
def test_an_identity_pod_has_the_other_end_verified(account: str, outcome: str) -> None:
    other_end = Cluster()
    other_end.write(WORKLOAD, pod("p1", "10.1.0.1", account=account))
    other_end.wait()
    cluster = verifying()
    assert cluster.sidecar.sans[name("store")] == (STORE,)
    assert cluster.answers("store", through(other_end)) == {outcome: 1}


def test_an_identity_pod_that_comes_last_verifies_nothing() -> None:
    cluster = Cluster()
    cluster.write(VERIFIED, endpoints("store", subset("10.1.0.1")))
    cluster.wait()
    cluster.write(identity_pod())
    cluster.write(endpoints("store", subset("10.1.0.1")))
    cluster.wait()
    assert cluster.sidecar.sans[name("store")] == ()


def test_the_endpoints_of_a_verified_service_are_wiped_when_kubernetes_looks_again() -> None:
    cluster = verifying()
    cluster.tell(ControllerManagerStarted())
    cluster.wait()
    assert cluster.answers("store", through(exporter(WORKLOAD))) == {"503": 1}


# --- the rest of the way -----------------------------------------------------------------


def arriving(to: Destination, root: str = "root", called: str = "store") -> Call:
    return Call(BUYER, to, name(called), Host(name("store"), PORT), root)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (arriving(Destination("10.1.0.1", PORT), "another"), "another root"),
        (arriving(Destination("10.1.0.1", 9_999)), "no inbound chain for app/store"),
        (arriving(Destination("10.1.0.1", PORT), called="x"), "no inbound chain for app/x"),
    ],
)
def test_what_does_not_fit_the_other_end_is_refused(call: Call, why: str) -> None:
    answer = exporter(WORKLOAD).mesh.answer(call)
    assert answer is not None
    assert (answer.outcome.value, answer.why) == ("503", why)


def test_an_address_that_is_nobodys_is_not_answered() -> None:
    call = arriving(Destination("10.9.9.9", PORT))
    assert exporter(WORKLOAD).mesh.answer(call) is None


def test_meshes_of_two_roots_do_not_talk() -> None:
    stranger = Cluster(settings=MeshSettings(version=Version.V1_2, trust_root="another"))
    stranger.write(service("store"), endpoints("store", subset("10.1.0.1")))
    stranger.wait()
    assert stranger.answers("store", through(exporter(WORKLOAD))) == {"503": 1}
    assert Identity("client", "buyer") == BUYER
