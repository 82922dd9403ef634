"""Documents are what they say, and equal where only the API server's own additions differ."""

from agent.drivers.osm_objects import (
    LEAF,
    PODS_LABEL,
    SERVED,
    Backend,
    Backing,
    Listed,
    PodSpec,
    Port,
    apex_of,
    backends_of,
    endpoints_document,
    is_tcp,
    is_written,
    protocol_of,
    role_of,
    service_document,
    shown_ports,
    split_document,
    subsets_of,
)
from agent.objects import Document, at
from discovery.names import Origin, ServiceName

NAME = ServiceName("app", "store-mc-b")
WEB, ADMIN = Port(80, "web", "http"), Port(90, "admin", "http")
BACKING = Backing(
    name=NAME,
    owner="store",
    role=LEAF,
    ports=(WEB, ADMIN),
    listed=Listed(("10.1.0.1",), (("web", 8_080), ("admin", 9_090))),
    origins=(Origin("b"), Origin("c")),
)


def with_metadata(document: Document, **fields: object) -> Document:
    metadata = document["metadata"]
    assert isinstance(metadata, dict)
    return {**document, "metadata": {**metadata, **fields}}


def test_a_service_names_the_numbers_of_its_endpoints() -> None:
    document = service_document(BACKING)
    assert at(document, "spec", "ports", 1, "targetPort") == 9_090
    assert at(document, "spec", "selector") is None
    assert role_of(document) == LEAF


def test_a_service_with_pods_selects_them_and_no_others() -> None:
    pod = PodSpec(name=NAME, owner="store", selected_by="x", account="store", image="pause")
    backing = Backing(
        name=NAME,
        owner="store",
        role=SERVED,
        ports=(WEB,),
        listed=Listed(("10.1.0.1",), (("web", 80),)),
        origins=(),
        pods=(pod,),
    )
    assert at(service_document(backing), "spec", "selector") == {PODS_LABEL: "store-mc-b"}


def test_endpoints_are_one_subset_and_say_whose_they_are() -> None:
    document = endpoints_document(BACKING)
    assert subsets_of(document) == (BACKING.listed,)
    assert at(document, "metadata", "annotations", "isthmus.dev/origins") == "b,c"
    assert at(document, "metadata", "annotations", "isthmus.dev/service") == "store"


def test_unready_addresses_are_listed_as_such() -> None:
    unready = Listed(("10.1.0.1",), (("web", 80),), is_ready=False)
    assert subsets_of(endpoints_document(BACKING, unready)) == (unready,)


def test_what_the_api_server_adds_makes_no_difference() -> None:
    for wanted in (service_document(BACKING), endpoints_document(BACKING)):
        there = with_metadata(wanted, uid="u", resourceVersion="7", creationTimestamp="now")
        assert is_written(there, wanted)
        assert not is_written(None, wanted)


def test_what_would_be_removed_makes_a_difference() -> None:
    service, endpoints = service_document(BACKING), endpoints_document(BACKING)
    selecting = {**service, "spec": {**dict(at_map(service, "spec")), "selector": {"a": "b"}}}
    assert not is_written(selecting, service)
    assert not is_written({**endpoints, "subsets": []}, endpoints)
    assert not is_written(with_metadata(endpoints, annotations={}), endpoints)
    assert not is_written(with_metadata(service, labels={}), service)


def at_map(document: Document, name: str) -> dict[str, object]:
    found = document[name]
    assert isinstance(found, dict)
    return found


def test_a_split_is_written_where_apex_and_leaves_are() -> None:
    store = ServiceName("app", "store")
    leaves = (Backend("store", 600), Backend("store-mc-b", 400))
    document = split_document(store, ServiceName("app", "store-mc"), leaves)
    assert apex_of(document) == "store"
    assert backends_of(document) == leaves
    other = split_document(store, ServiceName("app", "store-mc"), leaves[:1])
    assert not is_written(document, other)


def test_a_weight_that_is_no_whole_number_counts_as_none() -> None:
    backends = [{"service": "a", "weight": "many"}, {"service": "b"}]
    assert backends_of({"spec": {"backends": backends}}) == (Backend("a", 0), Backend("b", 0))


def test_the_protocol_is_what_osm_takes_it_for() -> None:
    assert protocol_of("grpc", "tcp-x") == "grpc"
    assert protocol_of("", "tcp-server-first-x") == "tcp-server-first"
    assert protocol_of("", "tcp-x") == "tcp"
    assert protocol_of("", "web") == "http"
    assert is_tcp([WEB, Port(1, "x", "redis")])
    assert not is_tcp([WEB, Port(1, "x", "grpc")])


def test_ports_are_shown_in_one_line() -> None:
    assert shown_ports((WEB, ADMIN)) == "80/http/web,90/http/admin"


def test_subsets_that_make_no_sense_list_nothing() -> None:
    assert subsets_of(None) == ()
    assert subsets_of({"subsets": "none"}) == ()
    udp = {"addresses": [{"ip": "10.1.0.1"}], "ports": [{"port": 53, "protocol": "UDP"}]}
    assert subsets_of({"subsets": [udp]}) == (Listed(("10.1.0.1",), ()),)
