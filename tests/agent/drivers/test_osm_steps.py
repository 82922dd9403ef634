"""No prefix of what is written does harm, whatever comes in whatever order, and it has an end."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from agent.drivers.osm_local import local_service
from agent.drivers.plan import DriverSettings, Step
from agent.objects import ENDPOINTS, MESH_CONFIG, SERVICE, ObjectKey
from discovery.records import ServicePort
from tests.agent.drivers.osm_world import (
    ADMIN,
    HTTP,
    REDIS,
    STORE,
    Cluster,
    broken_laws,
    is_answered,
    key,
    shown,
)
from tests.discovery.view_world import A

Event = Callable[[Cluster], None]

PORTS: tuple[tuple[ServicePort, ...], ...] = ((HTTP,), (HTTP, ADMIN), (ADMIN,))
OF_TCP: tuple[tuple[ServicePort, ...], ...] = ((REDIS,), (REDIS, HTTP))
ADDRESSES = {"a": "10.0.0", "b": "10.1.0", "c": "10.2.0"}


def exports(origin: str, count: int, number: int, ports: tuple[ServicePort, ...]) -> Event:
    listed = [f"{ADDRESSES[origin]}.{each + 1}" for each in range(count)]
    return lambda here: here.exports(origin, *listed, number=number, ports=ports, account="store")


def is_here(ready: int, stuck: int, ports: tuple[ServicePort, ...]) -> Event:
    up = [f"10.0.0.{each + 1}" for each in range(ready)]
    down = tuple(f"10.0.0.{each + 100}" for each in range(stuck))
    return lambda here: here.local(*up, stuck=down, ports=ports)


def is_gone(here: Cluster) -> None:
    """The user deletes the Service, if it is his."""
    if local_service(here.mirror, STORE):
        here.mirror.remove(key(SERVICE, "store"))
        here.mirror.remove(key(ENDPOINTS, "store"))


def withdraws(origin: str) -> Event:
    return lambda here: here.withdraws(origin)


def weighs(b: int, c: int, a: int) -> Event:
    return lambda here: here.weights(a=a, b=b, c=c)


def wiped(name: str) -> Event:
    """Kubernetes wipes the Endpoints of a Service of ours that selects Pods."""

    def wipe(here: Cluster) -> None:
        what = key(ENDPOINTS, name)
        found, service = here.mirror.get(what), here.mirror.get(key(SERVICE, name))
        if found is not None and service is not None and "selector" in str(service.get("spec")):
            here.put(what, {**found, "subsets": []})

    return wipe


def events(kinds: tuple[tuple[ServicePort, ...], ...]) -> st.SearchStrategy[Event]:
    ports = st.sampled_from(kinds)
    few = st.integers(0, 2)
    numbers = st.sampled_from((14_001, 8_080))
    return st.one_of(
        st.builds(exports, st.sampled_from("abc"), few, numbers, ports),
        st.builds(is_here, few, few, ports),
        st.just(is_gone),
        st.builds(withdraws, st.sampled_from("abc")),
        st.builds(weighs, *[st.integers(1, 9)] * 3),
    )


def happen(here: Cluster, event: Event, writes_before_a_crash: int) -> None:
    """Let something happen, and the driver write so much of what it plans then."""
    event(here)
    before = laws_broken_for_good(here)
    served = answered(here)
    done: list[Step] = []
    for step in here.plan().writes[:writes_before_a_crash]:
        here.do(step)
        done.append(step)
        broken = laws_broken_for_good(here)
        assert broken <= before, (shown(done), broken)
        before = broken
        lost = {each for each in served - answered(here) if may_be_answered(here, each)}
        assert not lost, (shown(done), lost)
        served |= answered(here)


def laws_broken_for_good(here: Cluster) -> set[str]:
    """The laws that no prefix may break.

    A leaf that comes to serve a port stands beside whoever stood in for it until the split is
    written, with all but a thousandth of the traffic.
    """
    return {law for law in broken_laws(here.mirror) if "(2e)" not in law and "(2g)" not in law}


def answered(here: Cluster) -> set[int]:
    """The ports on which every request meets somebody."""
    return {each.port for each in (HTTP, ADMIN, REDIS) if is_answered(here.mirror, each.port)}


def may_be_answered(here: Cluster, number: int) -> bool:
    """Whether anybody serves a port, by the view or here."""
    local = local_service(here.mirror, STORE)
    if local:
        if number in local.ready_ports:
            return True
        if number not in [port.number for port in local.ports]:
            return False  # The user's Service has it no more.
    names = {each.name: each.port for each in (HTTP, ADMIN, REDIS)}
    view = here.world.view.service(STORE)
    return view is not None and any(
        names[port.name] == number
        for tier in view.tiers
        for target in tier.targets
        if target.origin != "a"
        for endpoint in view.endpoints(target)
        for port in endpoint.ports
    )


def run(here: Cluster, script: list[tuple[Event, int]]) -> None:
    for event, writes in script:
        happen(here, event, writes)
    here.settle()
    assert here.plan().writes == ()
    assert list(broken_laws(here.mirror)) == []


CRASHES = st.integers(0, 8)


@given(st.lists(st.tuples(events(PORTS), CRASHES), max_size=12))
def test_no_prefix_does_harm_and_it_has_an_end(script: list[tuple[Event, int]]) -> None:
    run(Cluster(), script)


@given(st.lists(st.tuples(events(OF_TCP), CRASHES), max_size=12))
def test_no_prefix_does_harm_to_services_of_tcp(script: list[tuple[Event, int]]) -> None:
    run(Cluster(), script)


WIPED = st.builds(wiped, st.sampled_from(("store", "store-mc-b", "store-mc-c")))


@given(st.lists(st.tuples(st.one_of(events(PORTS), WIPED), CRASHES), max_size=12))
def test_no_prefix_does_harm_where_pods_are_written_and_kubernetes_wipes_endpoints(
    script: list[tuple[Event, int]],
) -> None:
    run(Cluster(DriverSettings(own=A, verify_identities=True)), script)
    here = Cluster(DriverSettings(own=A, smi=True))
    config = {"spec": {"traffic": {"enablePermissiveTrafficPolicyMode": False}}}
    here.put(ObjectKey(MESH_CONFIG, "osm-system", "osm-mesh-config"), config)
    run(here, script)


# --- ports that come and go --------------------------------------------------------------


def split_over(*ports: ServicePort) -> Cluster:
    """The service is in `b` and `c`, and has weights that need a split."""
    here = Cluster()
    here.weights(b=700, c=300)
    here.exports("b", "10.1.0.1", ports=ports)
    here.exports("c", "10.2.0.1", ports=ports)
    here.settle()
    assert here.backends() == {"store-mc-b": 700, "store-mc-c": 300}
    return here


def both(here: Cluster, *ports: ServicePort) -> list[str]:
    here.exports("b", "10.1.0.1", ports=ports)
    here.exports("c", "10.2.0.1", ports=ports)
    return shown(here.settle())


def test_2h_a_port_comes_to_the_leaves_before_it_comes_to_the_service() -> None:
    here = split_over(HTTP)
    assert both(here, HTTP, ADMIN) == [
        *("apply Endpoints store-mc-b", "apply Service store-mc-b", "apply Endpoints store-mc-b"),
        *("apply Endpoints store-mc-c", "apply Service store-mc-c", "apply Endpoints store-mc-c"),
        *("apply Endpoints store", "apply Service store", "apply Endpoints store"),
    ]


def test_2f_a_port_goes_from_the_service_before_it_goes_from_the_leaves() -> None:
    here = split_over(HTTP, ADMIN)
    steps = both(here, HTTP)
    service = steps.index("apply Service store")
    leaves = [steps.index(f"apply Service store-mc-{each}") for each in "bc"]
    assert service < min(leaves)
    assert list(broken_laws(here.mirror)) == []


def test_2f_of_ports_that_are_all_others_the_split_goes_first_and_comes_last() -> None:
    here = split_over(HTTP)
    steps = both(here, ADMIN)
    splits = [at for at, step in enumerate(steps) if "TrafficSplit" in step]
    [gone, come] = splits
    service = steps.index("apply Service store")
    assert steps[gone] == "delete TrafficSplit store-mc"
    assert gone < service < come


def test_a_flat_list_is_filled_before_the_split_above_it_goes() -> None:
    here = split_over(HTTP)
    here.weights(b=500, c=500)
    steps = both(here, HTTP, ADMIN)
    split = steps.index("delete TrafficSplit store-mc")
    assert steps[:split] == ["apply Endpoints store"]
    assert steps[split + 1 : split + 3] == ["apply Service store", "apply Endpoints store"]


def test_a_split_that_outlived_its_service_is_set_right_before_the_service_comes() -> None:
    here = split_over(HTTP)
    here.mirror.remove(key(SERVICE, "store"))
    here.mirror.remove(key(ENDPOINTS, "store"))
    here.weights(b=600, c=400)
    steps = shown(here.settle())
    assert steps == ["apply TrafficSplit store-mc", "apply Service store", "apply Endpoints store"]


def test_clusters_that_serve_different_ports_are_split_and_the_service_has_all() -> None:
    here = Cluster()
    here.exports("b", "10.1.0.1", ports=(HTTP,))
    here.exports("c", "10.2.0.1", number=9_090, ports=(ADMIN,))
    here.settle()
    assert here.backends() == {"store-mc-b": 500, "store-mc-c": 500}
    assert answered(here) == {HTTP.port, ADMIN.port}


def test_a_crash_after_any_write_is_gone_on_from() -> None:
    for crash in range(12):
        here = split_over(HTTP, ADMIN)
        here.exports("b", "10.1.0.9", ports=(HTTP,))
        here.exports("c", "10.2.0.9", number=8_080, ports=(HTTP,))
        for step in here.plan().writes[:crash]:
            here.do(step)
        here.settle()
        assert here.listed("store-mc-b")[0].addresses == ("10.1.0.9",)
        assert here.listed("store-mc-c")[0].ports == (("http-api", 8_080),)
