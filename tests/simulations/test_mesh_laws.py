"""The laws catch what drivers do wrong, each defect planted on purpose, and let the rest pass."""

from collections.abc import Mapping, Sequence

import pytest

from agent.objects import Document, is_ours
from discovery.names import ServiceName
from simulations.mesh_events import MeshSettings, Version
from simulations.mesh_laws import (
    Question,
    RightNow,
    finished,
    harm,
    look,
    refused_without,
    right_now,
    untold,
)
from simulations.mesh_resources import Host
from simulations.mesh_traffic import Peers
from tests.simulations.mesh_world import (
    BOOTSTRAP,
    BUYER,
    PORT,
    Cluster,
    config,
    endpoints,
    multi_cluster,
    name,
    pod,
    port,
    service,
    serving,
    split,
    subset,
)

STORE = Question(BUYER, Host(name("store"), PORT))
RSVC = Question(BUYER, Host(name("rsvc"), PORT))
LEAF, OTHER_LEAF = "store-mc-beta", "store-mc-gamma"
BETA, GAMMA = "10.1.0.1", "10.2.0.1"
SERVING = serving(f"{BETA}:14001", f"{GAMMA}:14001", f"{GAMMA}:8080")
SETTINGS = MeshSettings(version=Version.V1_2)


class Gone:
    """A step of a plan: an object is deleted."""

    def __init__(self, document: Document) -> None:
        self.document = document


Step = Document | Gone


def services(cluster: Cluster) -> frozenset[ServiceName]:
    return frozenset(each.name for each in cluster.mesh.registry.services())


def judged(
    cluster: Cluster, *steps: Step, asked: Sequence[Question] = (STORE, RSVC), who: Peers = SERVING
) -> list[str]:
    """Do the steps of a plan, one a moment, and return what the laws say of each."""
    wrong: list[str] = []
    for step in steps:
        before, were = look(cluster.mesh, asked, who), services(cluster)
        if isinstance(step, Gone):
            cluster.delete(step.document)
        else:
            cluster.write(step)
        after = look(cluster.mesh, asked, who)
        wrong += harm(before, after, were & services(cluster))
        cluster.wait()
    return wrong


def leaf(called: str = LEAF, speaks: str = "http") -> Document:
    return service(called, port(speaks=speaks))


def filled(called: str = LEAF, ip: str = BETA, number: int = PORT) -> Document:
    return endpoints(called, subset(ip, ports=[("http-api", number)]))


def local_too(*documents: Document, speaks: str = "http") -> Cluster:
    """`store` with a local pod, and whatever the driver has written before."""
    cluster = Cluster()
    cluster.write(service("store", port(speaks=speaks), selector={"app": "store"}))
    cluster.write(pod("p1", "10.0.0.1"), *documents)
    cluster.wait()
    return cluster


def remote_only() -> Cluster:
    cluster = Cluster()
    cluster.write(service("rsvc"), filled("rsvc"))
    cluster.wait()
    return cluster


SPLIT = split("s", "store", store=50, store_mc_beta=50)
ALL_REMOTE = split("s", "store", store_mc_beta=100)


# --- plans that are well made ------------------------------------------------------------


def test_a_move_in_the_right_order_harms_nobody() -> None:
    cluster = local_too()
    plan = (leaf(), filled(), SPLIT, ALL_REMOTE)
    back: tuple[Step, ...] = (
        leaf(OTHER_LEAF),
        filled(OTHER_LEAF, GAMMA, 8_080),
        split("s", "store", store_mc_gamma=100),
        endpoints(LEAF),
        Gone(leaf()),
        Gone(SPLIT),
        Gone(leaf(OTHER_LEAF)),
    )
    assert judged(cluster, *plan, *back) == []
    assert untold(cluster.mesh, [RSVC, STORE]) == []


def test_a_plain_service_in_the_right_order_harms_nobody() -> None:
    emptied = endpoints("rsvc", subset(not_ready=[BETA]))
    cluster = Cluster()
    assert judged(cluster, service("rsvc"), filled("rsvc"), filled("rsvc", GAMMA)) == []
    assert judged(cluster, emptied, filled("rsvc"), who=serving(f"{BETA}:14001")) == []


# --- planted defects ---------------------------------------------------------------------


def test_a_leaf_that_is_emptied_by_readiness_is_caught() -> None:
    cluster = local_too(leaf(), filled(), SPLIT)
    wrong = judged(cluster, endpoints(LEAF, subset(not_ready=[BETA])), who=serving())
    assert wrong == []  # Nobody has answered there anyway; but the plan does not end well.
    looks = look(cluster.mesh, [STORE], serving())
    assert "503" in finished(looks, [STORE], [])[0]


@pytest.mark.parametrize("weights", [{"store": 0, "store_mc_beta": 0}, {}, {"store_mc_none": 100}])
def test_weights_that_are_all_zero_are_caught(weights: Mapping[str, int]) -> None:
    cluster = local_too(leaf(), filled(), SPLIT)
    wrong = judged(cluster, split("s", "store", **weights))
    assert any("refuses the routes of a port 14001" in each for each in wrong)


def test_all_the_weight_on_an_empty_leaf_is_caught() -> None:
    cluster = local_too(leaf(), filled(), SPLIT, leaf(OTHER_LEAF), endpoints(OTHER_LEAF))
    wrong = judged(cluster, split("s", "store", store=0, store_mc_gamma=100))
    assert any("no cluster has any weight" in each for each in wrong)


def test_a_plain_service_that_is_emptied_with_nothing_is_caught() -> None:
    wrong = judged(remote_only(), endpoints("rsvc"), who=serving())
    assert wrong == ["app/rsvc: its cluster has lost its port's number"]


def test_a_split_before_its_leafs_endpoints_is_caught() -> None:
    cluster = local_too()
    wrong = judged(cluster, leaf(), ALL_REMOTE)
    assert any("refuses the routes" in each for each in wrong)


def test_a_leaf_that_is_emptied_before_its_weight_is_moved_is_caught() -> None:
    cluster = local_too(leaf(), filled(), ALL_REMOTE)
    assert judged(cluster, endpoints(LEAF)) != []


def test_a_leaf_that_is_deleted_before_the_split_is_caught() -> None:
    cluster = local_too(leaf(), filled(), ALL_REMOTE)
    assert judged(cluster, Gone(leaf())) != []


def test_a_leaf_that_has_the_wrong_port_name_is_caught() -> None:
    wrong = endpoints(LEAF, subset(BETA, ports=[("other", PORT)]))
    assert judged(local_too(leaf()), wrong, ALL_REMOTE) != []


def test_endpoints_before_their_service_are_caught_when_all_is_done() -> None:
    cluster = Cluster()
    assert judged(cluster, filled("rsvc"), service("rsvc")) == []
    looks = look(cluster.mesh, [RSVC], SERVING)
    assert finished(looks, [RSVC], []) != []
    assert untold(cluster.mesh, [RSVC, STORE]) != []


def test_a_port_that_is_added_without_touching_the_endpoints_is_caught() -> None:
    cluster = Cluster()
    ports = [("http-api", PORT), ("http-more", 15_000)]
    cluster.write(service("rsvc"), endpoints("rsvc", subset(BETA, ports=ports)))
    cluster.wait()
    judged(cluster, service("rsvc", port(), port("http-more", 15_000)))
    more = Question(BUYER, Host(name("rsvc"), 15_000))
    assert "connected side-cars are never told" in untold(cluster.mesh, [more])[0]


def test_a_second_split_is_caught() -> None:
    cluster = local_too(leaf(), filled(), SPLIT)
    wrong = judged(cluster, split("t", "store", store=100))
    assert any("2 TrafficSplits for one apex" in each for each in wrong)


def test_a_weight_of_0_for_tcp_is_caught() -> None:
    cluster = local_too(leaf(speaks="tcp"), filled(), speaks="tcp")
    wrong = judged(cluster, split("s", "store", store=100, store_mc_beta=0))
    assert any("refuses the outbound listener" in each for each in wrong)


def test_a_bad_address_is_caught() -> None:
    settings = MeshSettings(version=Version.V1_1, assumes_documented_traffic=True)
    began = (BOOTSTRAP, config(permissive=True, multi=True))
    cluster = Cluster(Version.V1_1, *began, settings=settings)
    cluster.write(service("store", selector={"app": "store"}), pod("p1", "10.0.0.1"))
    cluster.wait()
    wrong = judged(cluster, multi_cluster("m", ("beta", "999.1.2.3:1", 1, 1)))
    assert any("malformed address" in each for each in wrong)


def test_two_headless_services_of_one_address_are_caught() -> None:
    cluster = Cluster()
    cluster.write(service("one", ip="None"), filled("one"))
    cluster.wait()
    assert judged(cluster, service("two", ip="None"), filled("two")) != []


def test_two_numbers_under_one_name_are_caught_where_the_second_alone_serves() -> None:
    cluster = remote_only()
    both = endpoints("rsvc", subset(GAMMA, ports=[("http-api", 9_999)]), subset(BETA))
    assert judged(cluster, both, who=serving(f"{BETA}:14001")) != []


def test_a_destination_that_nobody_serves_is_caught() -> None:
    assert judged(remote_only(), filled("rsvc", "10.9.9.9")) != []


def test_a_service_that_vanishes_is_caught() -> None:
    assert judged(remote_only(), Gone(service("rsvc"))) != []


# --- excuses, and right now --------------------------------------------------------------


def test_what_is_refused_without_us_is_excused() -> None:
    cluster = Cluster()
    for each in ("one", "two"):
        cluster.write(service(each, ip="None"), filled(each))
    cluster.write(service("rsvc"), filled("rsvc"))
    looks = look(cluster.mesh, [], SERVING)
    assert looks.newcomer.refused == {}
    asked = look(cluster.mesh, [RSVC], SERVING)
    excused = refused_without(cluster.mesh, SETTINGS, lambda _, each: is_ours(each), [BUYER])
    assert list(asked.newcomer.refused) == excused
    assert finished(asked, [], excused) == []
    assert finished(asked, [], []) != []


def test_a_sidecar_that_lags_behind_no_further_than_the_worst_state_is_excused() -> None:
    cluster = remote_only()
    watch = RightNow()
    only_gamma = serving(f"{GAMMA}:14001")
    watch.left(look(cluster.mesh, [RSVC], only_gamma))
    cluster.write(filled("rsvc", GAMMA))
    watch.left(look(cluster.mesh, [RSVC], only_gamma))
    assert watch.wrong(right_now(cluster.mesh, [RSVC], only_gamma)) == []
    cluster.wait()
    watch.told()
    watch.left(look(cluster.mesh, [RSVC], only_gamma))
    assert watch.wrong(right_now(cluster.mesh, [RSVC], only_gamma)) == []


def test_a_sidecar_that_is_worse_than_any_state_is_caught() -> None:
    cluster = remote_only()
    watch = RightNow()
    watch.left(look(cluster.mesh, [RSVC], SERVING))
    assert watch.wrong(right_now(cluster.mesh, [RSVC], serving())) != []
    assert str(RSVC) == "app/rsvc:14001 from client/buyer"
