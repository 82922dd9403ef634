"""Where one connects to, to find out whether traffic to a cluster gets through."""

from collections import Counter
from random import Random

from discovery.data_path import Target
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.importing import ImportRule
from discovery.keys import CLUSTER_KEY, endpoints_key
from discovery.names import Origin
from discovery.records import ClusterRecord, Gateway, encode_cluster
from discovery.recordset import EMPTY, RecordSet
from discovery.standing import Standing, Verdict
from discovery.view_origin import Known
from discovery.view_targets import targets_of
from tests.discovery.bridgehead import API, EAST, WEB, pods

ALL = ImportRule(services=(("*", "*"),))
GATEWAYS = (Gateway("gw.example", 15443), Gateway("192.0.2.1", 443), Gateway("192.0.2.2", 443))


OURS, BLUE = ClusterRecord(), ClusterRecord(network="blue", gateways=GATEWAYS)


def known(
    records: dict[bytes, bytes], rule: ImportRule | None = ALL, said: ClusterRecord = OURS
) -> Known:
    made = Known(EAST, rule)
    whole = RecordSet.of({**records, CLUSTER_KEY: encode_cluster(said)})
    made.index.apply(whole.changes_since(EMPTY), 0, 1)
    return made


def drawn(made: Known, most: int = 3, network: str = "") -> Counter[Target]:
    """Return how often each target comes in two hundred draws, none of them twice in one."""
    found: Counter[Target] = Counter()
    for seed in range(200):
        one = targets_of(made, network, most, Random(seed))
        assert len(set(one)) == len(one) <= most
        found.update(one)
    return found


def test_of_ready_endpoints_any_may_be_drawn_and_no_other() -> None:
    made = known({**pods(range(40)), **pods(range(40, 50), API, ready=False)})
    found = drawn(made)
    assert set(found) == {Target(f"10.1.0.{number + 1}", 8080) for number in range(40)}
    assert sum(found.values()) == 600
    assert min(found.values()) >= 2


def test_as_many_are_drawn_as_there_are() -> None:
    assert targets_of(known(pods(range(2))), "", 3, Random(1)) == [
        Target("10.1.0.2", 8080),
        Target("10.1.0.1", 8080),
    ]
    assert targets_of(known({}), "", 3, Random(1)) == []


def test_gateways_stand_for_a_cluster_of_another_network() -> None:
    made = known(pods(range(9)), said=BLUE)
    assert set(drawn(made, 2)) == {Target(each.address, each.port) for each in GATEWAYS}
    assert len(targets_of(made, "", 5, Random(1))) == 3
    assert {target.port for target in drawn(made, network="blue")} == {8080}
    # Nothing is served of it: its gateways lead to nothing.
    assert drawn(known({}, said=BLUE)) == {}
    assert drawn(known(pods(range(9)), said=ClusterRecord(network="blue"))) == {}


def test_what_may_not_be_served_here_is_not_tried() -> None:
    assert drawn(known(pods(range(9)), None)) == {}
    assert drawn(known(pods(range(9)), ImportRule(services=(("*", "*"),), relay_only=True))) == {}
    only_api = ImportRule(services=(("shop", "api"),))
    made = known({**pods(range(9)), **pods(range(20, 22), API)}, only_api)
    assert set(drawn(made)) == {Target("10.1.0.21", 8080), Target("10.1.0.22", 8080)}
    gone = known(pods(range(9)))
    gone.standing = Standing(Verdict.DEPARTED, 0, "it departed")
    assert drawn(gone) == {}


def test_nodes_that_are_down_and_ports_without_tcp_are_left_out() -> None:
    made = known(pods(range(3)))
    made.index.set_down(frozenset({"node-0", "node-2"}), 2)
    assert set(drawn(made)) == {Target("10.1.0.2", 8080)}
    dns = (EndpointPort("dns", 53, "UDP"),)
    both = (EndpointPort("dns", 53, "UDP"), EndpointPort("dns-tcp", 5353))
    records = {
        **pods([], WEB),
        endpoints_key(WEB, 0): encode_endpoints(EndpointRecord(dns, (Endpoint("10.2.0.1"),))),
    }
    assert drawn(known(records)) == {}
    records[endpoints_key(WEB, 1)] = encode_endpoints(EndpointRecord(both, (Endpoint("10.2.0.2"),)))
    assert set(drawn(known(records))) == {Target("10.2.0.2", 5353)}
    assert Origin("east") == EAST
