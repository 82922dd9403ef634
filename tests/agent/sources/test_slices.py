"""Slices and Endpoints are read as the API means them, and one bad endpoint hides no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.objects import Document
from agent.sources.problems import Fault
from agent.sources.slices import Backend, SliceRead, is_loopback, read_endpoints, read_slice
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from tests.agent.sources.written import endpoint, endpoints_object, is_pod, key, sliced

HTTP = EndpointPort("http", 8080)


def read(document: Document, *, allow_loopback: bool = False) -> SliceRead:
    return read_slice(key(document), document, allow_loopback=allow_loopback)


def addresses(found: SliceRead) -> list[str]:
    return [each.endpoint.address for part in found.parts for each in part.backends]


def faults(found: SliceRead) -> list[tuple[str, Fault]]:
    return [(each.field, each.fault) for each in found.problems]


def one(found: SliceRead) -> Endpoint:
    ((backend,),) = [part.backends for part in found.parts]
    return backend.endpoint


@pytest.mark.parametrize(
    ("conditions", "ready", "serving", "terminating"),
    [
        (None, True, True, False),
        ({}, True, True, False),
        ({"ready": False}, False, False, False),
        ({"ready": False, "serving": True, "terminating": True}, False, True, True),
        ({"ready": None, "serving": None, "terminating": None}, True, True, False),
        ({"ready": True, "serving": False}, True, False, False),
    ],
)
def test_what_conditions_leave_out_has_the_meaning_of_the_api(
    conditions: object, ready: bool, serving: bool, terminating: bool
) -> None:
    found = one(read(sliced("a", [endpoint("10.0.0.1", conditions=conditions)])))
    assert (found.ready, found.serving, found.terminating) == (ready, serving, terminating)


def test_an_endpoint_has_its_node_zone_hostname_and_pod() -> None:
    fields = {"nodeName": "n1", "zone": "z1", "hostname": "web-0", **is_pod("web-0")}
    found = read(sliced("a", [endpoint("10.0.0.1", **fields)]))
    assert not found.problems
    (part,) = found.parts
    assert part.ports == (HTTP,)
    expected = Endpoint("10.0.0.1", node="n1", zone="z1", hostname="web-0")
    assert part.backends == (Backend(expected, "web-0"),)


def test_of_several_addresses_of_one_endpoint_the_first_counts() -> None:
    assert addresses(read(sliced("a", [{"addresses": ["10.0.0.1", "10.0.0.2"]}]))) == ["10.0.0.1"]


def test_addresses_of_ipv6_are_canonical() -> None:
    document = sliced("a", [endpoint("2001:DB8:0::1")], addressType="IPv6")
    assert addresses(read(document)) == ["2001:db8::1"]


@pytest.mark.parametrize(
    "bad",
    [
        "not-an-address",
        "10.0.0.256",
        "0.0.0.0",  # noqa: S104 - an address to be refused; nothing binds to it.
        "169.254.1.1",
        "224.0.0.1",
        "127.0.0.1",
        "2001:db8::1",
        "fe80::1%eth0",
        "",
        None,
        7,
        ["10.0.0.9"],
    ],
)
def test_one_bad_address_is_named_and_hides_no_other(bad: object) -> None:
    found = read(sliced("a", [endpoint("10.0.0.1"), endpoint(bad), endpoint("10.0.0.3")]))
    assert addresses(found) == ["10.0.0.1", "10.0.0.3"]
    assert faults(found) == [("endpoints[1].addresses[0]", Fault.ADDRESS)]


def test_loopback_passes_where_it_is_allowed() -> None:
    document = sliced("a", [endpoint("127.0.3.1")])
    assert addresses(read(document)) == []
    assert "allow loopback" in read(document).problems[0].remedy
    assert addresses(read(document, allow_loopback=True)) == ["127.0.3.1"]


def test_loopback_is_that_of_either_family() -> None:
    assert is_loopback(bytes((127, 9, 9, 9)))
    assert is_loopback(bytes(15) + b"\1")
    assert not is_loopback(bytes(16))
    assert not is_loopback(bytes((10, 0, 0, 127)))


def test_a_slice_of_names_is_refused_whole() -> None:
    found = read(sliced("a", [endpoint("web.example.com")], addressType="FQDN"))
    assert not found.parts
    assert faults(found) == [("addressType", Fault.ADDRESS_TYPE)]


def test_a_name_that_is_none_costs_the_endpoint_that_name_alone() -> None:
    fields = {"nodeName": "No Node", "zone": "z/1", "hostname": "a.b"}
    found = read(sliced("a", [endpoint("10.0.0.1", **fields)]))
    assert one(found) == Endpoint("10.0.0.1")
    assert faults(found) == [
        ("endpoints[0].nodeName", Fault.NAME),
        ("endpoints[0].zone", Fault.NAME),
        ("endpoints[0].hostname", Fault.NAME),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"name": "x"},
        {"name": "x", "port": 0},
        {"name": "x", "port": 70_000},
        {"name": "x", "port": "80"},
        {"name": "x", "port": True},
        {"name": "x", "port": 80, "protocol": "HTTP"},
        {"name": "X Y", "port": 80},
        {"name": "http", "port": 81},
        "80",
    ],
)
def test_a_port_that_is_none_is_named_and_hides_no_other(bad: object) -> None:
    ports = [{"name": "http", "port": 8080}, bad]
    found = read(sliced("a", [endpoint("10.0.0.1")], ports=ports))
    assert [part.ports for part in found.parts] == [(HTTP,)]
    assert faults(found) == [("ports[1]", Fault.PORT)]


def test_an_endpoints_object_is_read_subset_by_subset() -> None:
    document = endpoints_object(
        "web",
        {
            "addresses": [{"ip": "10.0.0.1", "nodeName": "n1", "hostname": "h", **is_pod("p")}],
            "notReadyAddresses": [{"ip": "10.0.0.2"}],
            "ports": [{"name": "http", "port": 8080}],
        },
        {"addresses": [{"ip": "10.0.0.3"}, {"ip": "?"}], "ports": [{"name": "http", "port": 81}]},
        {"addresses": [], "ports": []},
    )
    found = read_endpoints(key(document), document)
    assert [(part.ports, part.backends) for part in found.parts] == [
        (
            (HTTP,),
            (
                Backend(Endpoint("10.0.0.1", node="n1", hostname="h"), "p"),
                Backend(Endpoint("10.0.0.2", ready=False, serving=False)),
            ),
        ),
        ((EndpointPort("http", 81),), (Backend(Endpoint("10.0.0.3")),)),
    ]
    assert faults(found) == [("subsets[1].addresses[1].ip", Fault.ADDRESS)]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "addresses",
                    "conditions",
                    "ready",
                    "ports",
                    "name",
                    "port",
                    "protocol",
                    "targetRef",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_whatever_an_object_holds_is_read_and_what_is_read_can_be_published(
    endpoints: object, ports: object, kind: object
) -> None:
    fields: dict[str, object] = {"endpoints": endpoints, "subsets": endpoints, "ports": ports}
    document = {**sliced("a", []), **fields, "addressType": kind}
    for found in (read(document), read_endpoints(key(document), document)):
        for part in found.parts:
            each = {backend.endpoint.address: backend.endpoint for backend in part.backends}
            encode_endpoints(EndpointRecord(part.ports, tuple(each.values())[:16]))
