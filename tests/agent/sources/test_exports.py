"""From objects to exports: what is exported, what is not and why, and nobody hides another."""

from agent.objects import ENDPOINT_SLICE, ENDPOINTS, Document, ObjectKey
from agent.sources.exports import ExportRead, ExportReader, read_exports
from agent.sources.problems import Fault
from discovery.endpoints import Endpoint, EndpointPort
from discovery.names import ServiceName
from tests.agent.sources.written import (
    OURS,
    WEB,
    WEB_EXPORT,
    endpoint,
    endpoints_object,
    export,
    is_pod,
    key,
    mirror_of,
    namespace,
    node,
    pod,
    service,
    sliced,
)

NAME = ServiceName("shop", "web")
HTTP = (EndpointPort("http", 8080),)
TWO = [endpoint("10.0.0.1"), endpoint("10.0.0.2")]


def read(*documents: Document, allow_loopback: bool = False) -> ExportRead:
    found = read_exports(mirror_of(*documents), allow_loopback=allow_loopback)
    return found.get(NAME, ExportRead(NAME))


def endpoints(found: ExportRead) -> dict[tuple[EndpointPort, ...], list[str]]:
    assert found.exported is not None
    return {
        ports: [each.address for each in there] for ports, there in found.exported.endpoints.items()
    }


def faults(found: ExportRead) -> list[Fault]:
    return [each.fault for each in found.problems]


def test_a_service_export_exports_the_service_of_its_name() -> None:
    found = read(service(), export(), sliced("a", TWO), service("other"))
    assert (found.said_by, found.fault, found.problems) == (WEB_EXPORT, None, ())
    assert endpoints(found) == {HTTP: ["10.0.0.1", "10.0.0.2"]}


def test_an_annotation_exports_a_service() -> None:
    found = read(service(annotations={"isthmus.dev/export": "true"}), sliced("a", TWO))
    assert found.said_by == WEB
    assert endpoints(found) == {HTTP: ["10.0.0.1", "10.0.0.2"]}


def test_an_annotation_that_says_something_else_exports_nothing_and_is_named() -> None:
    for value in ("yes", True, 1):
        found = read(service(annotations={"isthmus.dev/export": value}))
        assert (found.said_by, found.exported) == (None, None)
        assert faults(found) == [Fault.METADATA]
    assert read(service(annotations={"isthmus.dev/export": "false"})) == ExportRead(NAME)


def test_what_nobody_exports_is_not_exported() -> None:
    assert read(service(), sliced("a", TWO)) == ExportRead(NAME)


def test_an_export_that_is_being_deleted_exports_nothing() -> None:
    going = export(deletionTimestamp="2026-11-02T00:00:00Z")
    assert read(service(), going, sliced("a", TWO)) == ExportRead(NAME)


def test_an_export_of_what_does_not_exist_says_so() -> None:
    found = read(export(), sliced("a", TWO))
    assert (found.exported, found.fault) == (None, Fault.NO_SERVICE)
    assert found.problems[0].about == WEB_EXPORT
    assert "Service shop/web does not exist" in found.problems[0].what


def test_what_was_made_of_others_exports_is_never_exported() -> None:
    marked = {"isthmus.dev/export": "true"}
    assert read(service(labels=OURS, annotations=marked), sliced("a", TWO)).exported is None
    found = read(service(labels=OURS), export(), sliced("a", TWO))
    assert (found.exported, found.fault) == (None, Fault.NO_SERVICE)


def test_slices_and_endpoints_of_ours_stand_behind_nothing() -> None:
    ours = sliced("b", [endpoint("10.9.9.9")], labels=OURS)
    also_ours = endpoints_object("web", {"addresses": [{"ip": "10.9.9.8"}]}, labels=OURS)
    assert endpoints(read(service(), export(), ours, also_ours)) == {}
    assert endpoints(read(service(), export(), ours, sliced("a", TWO))) == {
        HTTP: ["10.0.0.1", "10.0.0.2"]
    }


def test_a_service_of_ours_that_somebody_gave_a_selector_is_his_to_export() -> None:
    marked, his = {"isthmus.dev/export": "true"}, {"selector": {"app": "web"}}
    taken = service(labels=OURS, annotations=marked, spec=his)
    assert endpoints(read(taken, sliced("a", TWO))) == {HTTP: ["10.0.0.1", "10.0.0.2"]}
    by_export = read(service(labels=OURS, spec=his), export(), sliced("a", TWO))
    assert endpoints(by_export) == {HTTP: ["10.0.0.1", "10.0.0.2"]}
    alias = service(labels=OURS, annotations={**marked, "isthmus.dev/role": "alias"}, spec=his)
    assert read(alias, sliced("a", TWO)).exported is None
    lent = {"selector": {"isthmus.dev/pods-of": "web"}}
    own_pods = service(labels=OURS, annotations=marked, spec=lent)
    assert read(own_pods, sliced("a", TWO)).exported is None


def test_a_service_of_a_name_elsewhere_is_not_exported() -> None:
    found = read(service(spec={"type": "ExternalName", "externalName": "example.com"}), export())
    assert (found.exported, found.fault) == (None, Fault.SERVICE_TYPE)


def test_a_service_without_ports_is_not_exported_and_says_so() -> None:
    for ports in ([], None, [{"port": 0}]):
        found = read(service(spec={"ports": ports}), export(), sliced("a", TWO))
        assert (found.exported, found.fault) == (None, Fault.NO_PORTS)
        assert found.is_unreadable


def test_a_name_that_is_none_is_not_exported() -> None:
    found = read_exports(mirror_of(service("a.b"), export("a.b")))
    assert found[ServiceName("shop", "a.b")].fault is Fault.NAME


def test_several_slices_are_united_and_of_one_address_the_better_condition_counts() -> None:
    down = {"conditions": {"ready": False}}
    found = read(
        service(),
        export(),
        sliced("a", [endpoint("10.0.0.1", **down), endpoint("10.0.0.2")]),
        sliced("b", [endpoint("10.0.0.1"), endpoint("10.0.0.3"), endpoint("10.0.0.2", **down)]),
        sliced("v6", [endpoint("2001:db8::1")], addressType="IPv6"),
        sliced("other", [endpoint("10.0.0.4")], of="other"),
    )
    assert found.exported is not None
    assert found.exported.endpoints == {
        HTTP: tuple(map(Endpoint, ("10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1")))
    }


def test_endpoints_are_grouped_by_the_ports_they_listen_on() -> None:
    ports = [{"name": "http", "port": 9090}]
    found = read(
        service(),
        export(),
        sliced("a", TWO),
        sliced("b", [endpoint("10.0.0.3")], ports=ports),
    )
    assert endpoints(found) == {
        HTTP: ["10.0.0.1", "10.0.0.2"],
        (EndpointPort("http", 9090),): ["10.0.0.3"],
    }


def test_ports_that_the_service_does_not_have_are_left_out_and_named() -> None:
    ports = [{"name": "http", "port": 8080}, {"name": "debug", "port": 6060}]
    found = read(service(), export(), sliced("a", TWO, ports=ports))
    assert endpoints(found) == {HTTP: ["10.0.0.1", "10.0.0.2"]}
    assert faults(found) == [Fault.PORT]
    assert "debug/TCP is no port of the Service, and is left out" in found.problems[0].what


def test_a_slice_with_no_port_of_the_service_is_named_and_hides_no_other() -> None:
    wrong = sliced("b", [endpoint("10.0.0.9")], ports=[{"name": "", "port": 8080}])
    none = sliced("c", [endpoint("10.0.0.8")], ports=[])
    found = read(service(), export(), sliced("a", TWO), wrong, none)
    assert endpoints(found) == {HTTP: ["10.0.0.1", "10.0.0.2"]}
    assert [(each.about.name, each.fault) for each in found.problems] == [
        ("b", Fault.PORT),
        ("c", Fault.PORT),
    ]
    assert all("none of these endpoints is exported" in each.what for each in found.problems)


def test_an_endpoints_object_counts_where_there_is_no_slice() -> None:
    subset = {"addresses": [{"ip": "10.0.0.7"}], "ports": [{"name": "http", "port": 8080}]}
    by_hand = endpoints_object("web", subset)
    assert endpoints(read(service(), export(), by_hand)) == {HTTP: ["10.0.0.7"]}
    mirrored = sliced("a", TWO)
    assert endpoints(read(service(), export(), by_hand, mirrored)) == {
        HTTP: ["10.0.0.1", "10.0.0.2"]
    }


def test_a_service_that_publishes_what_is_not_ready_has_it_ready() -> None:
    there = sliced("a", [endpoint("10.0.0.1", conditions={"ready": False, "serving": False})])
    found = read(service(spec={"publishNotReadyAddresses": True}), export(), there)
    assert found.exported is not None
    assert found.exported.endpoints[HTTP] == (Endpoint("10.0.0.1", ready=True, serving=False),)


def test_a_zone_that_an_endpoint_does_not_name_is_its_nodes() -> None:
    found = read(
        service(),
        export(),
        node("n1", "z1"),
        sliced(
            "a",
            [
                endpoint("10.0.0.1", nodeName="n1"),
                endpoint("10.0.0.2", nodeName="n1", zone="z9"),
                endpoint("10.0.0.3", nodeName="n2"),
            ],
        ),
    )
    assert found.exported is not None
    assert [each.zone for each in found.exported.endpoints[HTTP]] == ["z1", "z9", ""]


def account(*documents: Document, annotations: Document | None = None) -> tuple[str, list[Fault]]:
    named = [endpoint(f"10.0.0.{number}", **is_pod(f"p{number}")) for number in (1, 2, 3)]
    web = service(annotations=annotations or {})
    found = read(web, export(), sliced("a", named), *documents)
    assert found.exported is not None
    return found.exported.head.service_account, faults(found)


def test_the_service_account_is_that_of_the_pods_behind_the_service() -> None:
    assert account(pod("p1", "shop"), pod("p2", "shop")) == ("shop", [])
    assert account(pod("p1")) == ("default", [])
    assert account() == ("", [])
    assert account(pod("p9", "other")) == ("", [])


def test_of_several_service_accounts_that_of_most_pods_counts_and_it_is_told() -> None:
    both = (pod("p1", "a"), pod("p2", "b"), pod("p3", "b"))
    assert account(*both) == ("b", [Fault.SERVICE_ACCOUNTS])
    assert account(*both[:2]) == ("a", [Fault.SERVICE_ACCOUNTS])
    annotated = {"isthmus.dev/service-account": "c"}
    assert account(*both, annotations=annotated) == ("c", [])


def test_loopback_is_exported_only_where_it_is_allowed() -> None:
    documents = (service(), export(), sliced("a", [endpoint("127.0.0.1")]))
    assert (endpoints(read(*documents)), faults(read(*documents))) == ({}, [Fault.ADDRESS])
    assert endpoints(read(*documents, allow_loopback=True)) == {HTTP: ["127.0.0.1"]}


def test_the_pod_behind_each_address_is_remembered() -> None:
    named = [endpoint("10.0.0.1", **is_pod("p1")), endpoint("10.0.0.2")]
    assert read(service(), export(), sliced("a", named)).pods == {"10.0.0.1": "p1"}


def test_a_change_leads_to_the_services_that_were_read_from_it() -> None:
    named = [endpoint("10.0.0.1", nodeName="n1", **is_pod("p1"))]
    documents = (service(), export(), sliced("a", named), namespace(), node("n1"))
    mirror = mirror_of(*documents)
    reader = ExportReader(mirror)
    for each in documents:
        reader.concerned(key(each))
    reader.read(NAME)
    for each in documents[:3]:
        assert reader.concerned(key(each)) == [NAME], each
    for each in (namespace(status={"phase": "Terminating"}), node("n1", "z1"), pod("p1")):
        mirror.put(key(each), each)
        assert reader.concerned(key(each)) == [NAME], each
        assert reader.concerned(key(each)) == [], "what means the same concerns nobody"
    for each in (node("n2"), pod("p2"), namespace("other")):
        assert reader.concerned(key(each)) == [], each
    reader.check_invariants()


def test_a_slice_that_goes_over_to_another_service_concerns_both() -> None:
    mirror = mirror_of(service(), export(), sliced("a", TWO))
    reader = ExportReader(mirror)
    at = ObjectKey(ENDPOINT_SLICE, "shop", "a")
    assert reader.concerned(at) == [NAME]
    mirror.put(at, sliced("a", TWO, of="other"))
    assert reader.concerned(at) == [NAME, ServiceName("shop", "other")]
    assert endpoints(reader.read(NAME)) == {}
    mirror.remove(at)
    assert reader.concerned(at) == [ServiceName("shop", "other")]
    assert reader.concerned(at) == []
    assert reader.concerned(ObjectKey(ENDPOINTS, "shop", "web")) == [NAME]
    reader.check_invariants()
