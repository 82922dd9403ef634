"""The head of an export says what the API server would, and what cannot be said is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.objects import Document
from agent.sources.export_heads import (
    Exporter,
    HeadRead,
    is_label_value,
    is_qualified_name,
    read_head,
)
from agent.sources.problems import Fault
from discovery.records import ExportRecord, ServicePort, ServiceType, encode_export
from tests.agent.sources.test_slices import ANYTHING
from tests.agent.sources.written import CREATED_S, WEB, WEB_EXPORT, export, service


def read(document: Document, exporting: Document | None = None) -> HeadRead:
    if exporting is None:
        return read_head(Exporter(WEB, document))
    return read_head(Exporter(WEB, document, WEB_EXPORT, exporting))


def faults(found: HeadRead) -> list[tuple[str, Fault]]:
    return [(each.field, each.fault) for each in found.problems]


def test_what_a_file_leaves_out_is_what_the_api_server_fills_in() -> None:
    found = read(service(), export())
    assert found.head == ExportRecord(
        ports=(ServicePort("http", 80),),
        exported_at=CREATED_S,
        session_affinity="None",
        internal_traffic_policy="Cluster",
    )
    assert not found.problems


def test_everything_that_a_service_says_is_exported() -> None:
    spec = {
        "clusterIP": "None",
        "ports": [
            {"name": "web", "port": 80, "protocol": "TCP", "appProtocol": "kubernetes.io/h2c"},
            {"name": "dns", "port": 53, "protocol": "UDP"},
        ],
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
        "internalTrafficPolicy": "Local",
        "trafficDistribution": "PreferClose",
        "ipFamilies": ["IPv6", "IPv4"],
    }
    annotations = {"isthmus.dev/service-account": "shopkeeper", "isthmus.dev/capacity": "40"}
    exporting = export(
        spec={"exportedLabels": {"a.b/c": "d"}, "exportedAnnotations": {"note": "two words"}}
    )
    found = read(service(spec=spec, annotations=annotations, labels={"secret": "x"}), exporting)
    assert not found.problems
    assert found.head == ExportRecord(
        ports=(
            ServicePort("web", 80, "TCP", "kubernetes.io/h2c"),
            ServicePort("dns", 53, "UDP"),
        ),
        type=ServiceType.HEADLESS,
        service_account="shopkeeper",
        exported_at=CREATED_S,
        session_affinity="ClientIP",
        session_affinity_timeout_s=60,
        internal_traffic_policy="Local",
        traffic_distribution="PreferClose",
        ip_families=("IPv6", "IPv4"),
        labels={"a.b/c": "d"},
        annotations={"note": "two words"},
        capacity=40,
    )


def test_an_annotation_of_the_export_comes_before_that_of_the_service() -> None:
    on_service = service(annotations={"isthmus.dev/service-account": "a"})
    on_export = export(annotations={"isthmus.dev/service-account": "b"})
    assert read(on_service, on_export).head.service_account == "b"


def test_an_export_by_annotation_is_as_old_as_its_service() -> None:
    stamp = "2026-11-01T00:00:10Z"
    assert read(service(creationTimestamp=stamp)).head.exported_at == CREATED_S
    assert read(service(creationTimestamp=stamp), export(creationTimestamp=None)).head.exported_at
    assert read(service()).head.exported_at == 0


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"sessionAffinity": "Cookie"}, "spec.sessionAffinity"),
        ({"internalTrafficPolicy": 3}, "spec.internalTrafficPolicy"),
        ({"trafficDistribution": ["x"]}, "spec.trafficDistribution"),
        ({"ipFamilies": ["IPv4", "IPv5"]}, "spec.ipFamilies"),
        ({"ipFamilies": ["IPv4", "IPv4"]}, "spec.ipFamilies"),
        (
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}},
            },
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
        ),
    ],
)
def test_a_field_that_is_no_value_of_its_kind_is_named(spec: Document, field: str) -> None:
    found = read(service(spec=spec))
    assert faults(found) == [(field, Fault.VALUE)]
    assert found.head.ports == (ServicePort("http", 80),)


@pytest.mark.parametrize(
    "bad",
    [
        {"port": 0},
        {"name": "x"},
        {"name": "x", "port": "80"},
        {"name": "http", "port": 81},
        {"name": "x", "port": 80},
        {"name": "x", "port": 81, "protocol": "tcp"},
        {"name": "Not A Label", "port": 81},
        {"name": "x", "port": 81, "appProtocol": "a" * 400},
    ],
)
def test_a_bad_port_is_named_and_the_others_are_exported(bad: Document) -> None:
    found = read(service(spec={"ports": [{"name": "http", "port": 80}, bad]}))
    assert found.head.ports == (ServicePort("http", 80),)
    assert faults(found) == [("spec.ports[1]", Fault.PORT)]


def test_labels_that_cannot_be_exported_are_left_out_and_named() -> None:
    labels = {"good": "v", "bad value": "v", "bad": "two words", "number": 3}
    found = read(service(), export(spec={"exportedLabels": labels}))
    assert found.head.labels == {"good": "v"}
    assert faults(found) == [("spec.exportedLabels", Fault.METADATA)] * 3


def test_more_labels_than_a_record_takes_are_named() -> None:
    labels = {f"l{number:02}": "v" for number in range(40)}
    found = read(service(), export(spec={"exportedLabels": labels}))
    assert len(found.head.labels) == 32
    assert faults(found) == [("spec.exportedLabels", Fault.METADATA)]


def test_annotations_of_ours_that_are_none_are_named() -> None:
    annotations = {"isthmus.dev/service-account": "No!", "isthmus.dev/capacity": "many"}
    found = read(service(annotations=annotations))
    assert faults(found) == [
        ("metadata.annotations[isthmus.dev/service-account]", Fault.METADATA),
        ("metadata.annotations[isthmus.dev/capacity]", Fault.METADATA),
    ]


def test_an_age_that_is_no_time_is_named() -> None:
    found = read(service(creationTimestamp="2026-11-01T00:00:10Z"), export(creationTimestamp="x"))
    assert found.head.exported_at == CREATED_S
    assert faults(found) == [("metadata.creationTimestamp", Fault.VALUE)]


@pytest.mark.parametrize(
    ("name", "is_good"),
    [("a", True), ("a.b/c-D_e", True), ("/a", False), ("A/b", False), ("a b", False), (3, False)],
)
def test_names_of_labels_are_those_of_kubernetes(name: object, is_good: bool) -> None:
    assert is_qualified_name(name) == is_good


def test_values_of_labels_may_be_empty() -> None:
    assert is_label_value("")
    assert not is_label_value("-a")


FIELDS = st.sampled_from(
    ["ports", "clusterIP", "sessionAffinity", "ipFamilies", "trafficDistribution"]
)
MARKS = st.sampled_from(["isthmus.dev/service-account", "isthmus.dev/capacity"])


@given(
    st.dictionaries(FIELDS, ANYTHING),
    st.dictionaries(MARKS, ANYTHING),
    st.dictionaries(st.sampled_from(["exportedLabels", "exportedAnnotations"]), ANYTHING),
    ANYTHING,
)
def test_whatever_the_objects_hold_a_head_comes_of_it_that_peers_read(
    spec: Document, annotations: Document, exported: Document, stamp: object
) -> None:
    found = read(
        service(spec=spec, annotations=annotations),
        export(spec=exported, creationTimestamp=stamp),
    )
    encode_export(found.head)
