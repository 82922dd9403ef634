"""One service out of many exports: precedence, ports, and each conflict of the API."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.merge import (
    NO_CONFLICTS,
    ConflictReason,
    Export,
    Merged,
    MergedPort,
    merge,
    shown_port,
)
from discovery.names import Origin
from discovery.records import ExportRecord, ServicePort, ServiceType
from tests.discovery.view_world import HTTP, A, B, C, export


def merged_of(*heads: ExportRecord, local: Origin | None = None) -> Merged:
    """Exports of a, b, c in this order, the first being the oldest."""
    origins = (A, B, C)
    return merge(
        [
            Export(origin, replace(head, exported_at=at))
            for at, (origin, head) in enumerate(zip(origins, heads, strict=False))
        ],
        local,
    )


def test_one_export_is_taken_as_it_is() -> None:
    head = export(
        service_account="cashier",
        session_affinity="ClientIP",
        session_affinity_timeout_s=60,
        internal_traffic_policy="Local",
        traffic_distribution="PreferClose",
        ip_families=("IPv6", "IPv4"),
        labels={"b": "2", "a": "1"},
        annotations={"c": "3"},
        type=ServiceType.HEADLESS,
    )
    assert merge([Export(B, head)]) == Merged(
        order=(B,),
        ports=(MergedPort(HTTP, (B,)),),
        type=ServiceType.HEADLESS,
        session_affinity="ClientIP",
        session_affinity_timeout_s=60,
        internal_traffic_policy="Local",
        traffic_distribution="PreferClose",
        ip_families=("IPv6", "IPv4"),
        labels=(("a", "1"), ("b", "2")),
        annotations=(("c", "3"),),
        service_accounts=((B, "cashier"),),
        conflicts=(),
    )


# --- precedence --------------------------------------------------------------------------


def order(*exports: Export, local: Origin | None = None) -> tuple[Origin, ...]:
    return merge(exports, local).order


def test_the_oldest_comes_first_and_names_break_ties() -> None:
    old, young = export(at=1), export(at=2)
    assert order(Export(A, young), Export(C, old), Export(B, old)) == (B, C, A)


def test_precedence_stands_above_age_and_the_local_export_above_both() -> None:
    old, young = export(at=1), export(at=2)
    exports = (Export(A, young), Export(B, old), Export(C, young, precedence=1))
    assert order(*exports) == (C, B, A)
    assert order(*exports, local=A) == (A, C, B)


# --- conflicts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "first", "second"),
    [
        (ConflictReason.TYPE, export(), export(type=ServiceType.HEADLESS)),
        (ConflictReason.SESSION_AFFINITY, export(), export(session_affinity="ClientIP")),
        (
            ConflictReason.SESSION_AFFINITY_CONFIG,
            export(session_affinity="ClientIP"),
            export(session_affinity="ClientIP", session_affinity_timeout_s=60),
        ),
        (ConflictReason.ANNOTATIONS, export(annotations={"a": "1"}), export()),
        (ConflictReason.LABELS, export(labels={"a": "1"}), export(labels={"a": "2"})),
        (
            ConflictReason.INTERNAL_TRAFFIC_POLICY,
            export(internal_traffic_policy="Local"),
            export(internal_traffic_policy="Cluster"),
        ),
        (
            ConflictReason.TRAFFIC_DISTRIBUTION,
            export(traffic_distribution="PreferClose"),
            export(),
        ),
        (
            ConflictReason.IP_FAMILY,
            export(ip_families=("IPv4",)),
            export(ip_families=("IPv6",)),
        ),
        (ConflictReason.PORT, export(), export(ServicePort("http", 8080))),
        (ConflictReason.PORT, export(), export(ServicePort("web", 80))),
        (ConflictReason.PORT, export(), export(ServicePort("http", 80, "TCP", "http2"))),
    ],
)
def test_each_conflict_is_reported_on_every_export_and_the_oldest_wins(
    reason: ConflictReason, first: ExportRecord, second: ExportRecord
) -> None:
    both = merged_of(first, second, first)
    assert [(each.reason, each.winner, each.losers) for each in both.conflicts] == [
        (reason, A, (B,))
    ]
    assert [both.reasons_of(each) for each in (A, B, C)] == [reason.value] * 3
    alone = merge([Export(A, replace(first, exported_at=0))])
    for name in ("type", "session_affinity", "session_affinity_timeout_s", "ip_families"):
        assert getattr(both, name) == getattr(alone, name)
    assert [each.port for each in both.ports] == [each.port for each in alone.ports]
    swapped = merged_of(first, second, first, local=B)
    assert swapped.conflicts[0].winner == B


def test_exports_that_agree_have_no_conflict() -> None:
    both = merged_of(export(session_affinity="ClientIP"), export(session_affinity="ClientIP"))
    assert both.conflicts == ()
    assert both.reasons_of(A) == NO_CONFLICTS


def test_the_default_timeout_is_the_same_stated_or_not() -> None:
    stated = export(session_affinity="ClientIP", session_affinity_timeout_s=10_800)
    assert merged_of(stated, export(session_affinity="ClientIP")).conflicts == ()


def test_several_reasons_are_joined() -> None:
    both = merged_of(export(), export(ServicePort("http", 8080), type=ServiceType.HEADLESS))
    assert both.reasons_of(B) == "PortConflict,TypeConflict"


# --- ports -------------------------------------------------------------------------------


def test_ports_are_united_and_name_who_serves_them() -> None:
    metrics = ServicePort("metrics", 9090)
    both = merged_of(export(HTTP), export(HTTP, metrics))
    assert both.ports == (MergedPort(HTTP, (A, B)), MergedPort(metrics, (B,)))
    assert both.conflicts == ()


def test_a_port_of_another_number_is_served_under_its_name() -> None:
    both = merged_of(export(HTTP), export(ServicePort("http", 8080)))
    assert both.ports == (MergedPort(HTTP, (A, B)),)
    assert both.port_name(B, "http") == "http"


def test_a_port_of_another_name_is_served_under_the_winners() -> None:
    both = merged_of(export(HTTP), export(ServicePort("web", 80)))
    assert both.ports == (MergedPort(HTTP, (A, B)),)
    assert both.port_name(B, "web") == "http"
    assert both.port_name(A, "web") == "web"


def test_a_port_of_another_protocol_under_the_same_name_is_not_served() -> None:
    both = merged_of(export(ServicePort("dns", 53)), export(ServicePort("dns", 53, "UDP")))
    assert both.ports == (MergedPort(ServicePort("dns", 53), (A,)),)
    assert both.reasons_of(B) == "PortConflict"


def test_who_has_no_part_in_a_port_is_not_told_of_its_conflict() -> None:
    other = export(ServicePort("grpc", 9000))
    both = merged_of(export(HTTP), export(ServicePort("http", 8080)), other)
    assert both.reasons_of(C) == NO_CONFLICTS
    assert both.conflicts[0].concerned == (A, B)


def test_two_ports_of_one_export_that_meet_one_port_serve_it_once_by_the_one_of_its_name() -> None:
    ports = [ServicePort("http", 81), ServicePort("web", 80)]
    for each in (ports, ports[::-1]):
        both = merged_of(export(HTTP), export(*each))
        assert both.ports == (MergedPort(HTTP, (A, B)),)
        assert both.renamed == ()
        assert [found.what for found in both.conflicts] == [
            "port http 80/TCP of a holds; b has http 81/TCP and web 80/TCP"
        ]


def test_a_name_that_is_taken_by_another_protocol_leaves_the_number_to_go_by() -> None:
    dns, stats = ServicePort("dns", 53, "UDP"), ServicePort("stats", 80)
    both = merged_of(export(dns, stats), export(ServicePort("dns", 80)))
    assert both.ports == (MergedPort(dns, (A,)), MergedPort(stats, (A, B)))
    assert both.port_name(B, "dns") == "stats"
    assert both.reasons_of(B) == "PortConflict"


def test_beside_others_the_unnamed_port_has_a_name_as_kubernetes_wants() -> None:
    plain, grpc = ServicePort("", 80), ServicePort("grpc", 90)
    alone = merged_of(export(plain), export(HTTP))
    assert alone.ports == (MergedPort(plain, (A, B)),)
    assert alone.port_name(B, "http") == ""
    both = merged_of(export(plain), export(HTTP, grpc))
    assert both.ports == (MergedPort(HTTP, (A, B)), MergedPort(grpc, (B,)))
    assert (both.port_name(A, ""), both.port_name(B, "http")) == ("http", "http")
    assert merged_of(export(plain), export(grpc)).ports[0].port.name == "tcp-80"
    taken = merged_of(export(plain), export(ServicePort("tcp-80", 90)))
    assert [each.port.name for each in taken.ports] == ["tcp-80-0", "tcp-80"]
    assert taken.port_name(A, "") == "tcp-80-0"


def test_a_port_reads_as_people_write_it() -> None:
    assert shown_port(ServicePort("", 80)) == "unnamed 80/TCP"
    assert shown_port(ServicePort("web", 80, "TCP", "http2")) == "web 80/TCP (http2)"


# --- families ----------------------------------------------------------------------------


def test_families_are_what_all_have_in_common() -> None:
    dual, four = export(ip_families=("IPv6", "IPv4")), export(ip_families=("IPv4",))
    assert merged_of(dual, export(), four).ip_families == ("IPv4",)
    assert merged_of(dual, four).conflicts == ()
    assert merged_of(export()).ip_families == ()


# --- any exports -------------------------------------------------------------------------

PORTS = st.lists(
    st.builds(
        ServicePort,
        st.sampled_from(["", "x", "y"]),
        st.sampled_from([80, 81]),
        st.sampled_from(["TCP", "UDP"]),
    ),
    max_size=3,
    unique_by=(lambda port: port.name, lambda port: (port.protocol, port.port)),
).map(tuple)
HEADS = st.builds(
    ExportRecord,
    ports=PORTS,
    type=st.sampled_from(ServiceType),
    exported_at=st.integers(0, 2),
    session_affinity=st.sampled_from(["None", "ClientIP"]),
    session_affinity_timeout_s=st.sampled_from([None, 60]),
    ip_families=st.sampled_from([(), ("IPv4",), ("IPv6",), ("IPv4", "IPv6")]),
    labels=st.sampled_from([{}, {"a": "1"}]),
    service_account=st.sampled_from(["", "sa"]),
)
EXPORTS = st.lists(
    st.builds(Export, st.sampled_from("abcdef").map(Origin), HEADS, st.integers(0, 1)),
    min_size=1,
    max_size=5,
    unique_by=lambda each: each.origin,
)


@given(EXPORTS, st.randoms(use_true_random=False), st.none() | st.sampled_from("abz").map(Origin))
def test_the_order_of_origins_does_not_matter(
    exports: list[Export], rng: object, local: Origin | None
) -> None:
    shuffled = list(exports)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    assert merge(shuffled, local) == merge(exports, local)


@given(EXPORTS)
def test_names_and_numbers_of_ports_are_unique_and_none_is_lost_unheard(
    exports: list[Export],
) -> None:
    both = merge(exports)
    names = [each.port.name for each in both.ports]
    numbers = [(each.port.protocol, each.port.port) for each in both.ports]
    assert len(set(names)) == len(names)
    assert len(set(numbers)) == len(numbers)
    assert "" not in names or len(names) == 1
    kept = {each.port for each in both.ports}
    unnamed = {replace(port, name="") for port in kept if not port.name or len(kept) > 1}
    for each in exports:
        if not (kept | unnamed).issuperset(each.head.ports):
            assert ConflictReason.PORT in {found.reason for found in both.conflicts_of(each.origin)}


@given(EXPORTS)
def test_of_the_ports_of_an_export_no_two_have_one_name_in_the_merged_service(
    exports: list[Export],
) -> None:
    both = merge(exports)
    for each in exports:
        served = [merged.port for merged in both.ports if each.origin in merged.origins]
        names = [(both.port_name(each.origin, p.name), p.protocol) for p in each.head.ports]
        for port in served:
            assert names.count((port.name, port.protocol)) == 1


def test_the_unnamed_port_takes_no_name_of_a_port_that_lost_to_it() -> None:
    unnamed, other = ServicePort("", 80), ServicePort("y", 81, "UDP")
    alias = ServicePort("x", 80)
    both = merge(
        [
            Export(A, ExportRecord(ports=(unnamed, other), exported_at=1)),
            Export(B, ExportRecord(ports=(alias,), exported_at=2)),
            Export(C, ExportRecord(ports=(ServicePort("", 81), alias), exported_at=3)),
        ]
    )
    assert [each.port.name for each in both.ports] == ["tcp-80", "y"]
    assert (both.port_name(B, "x"), both.port_name(C, ""), both.port_name(C, "x")) == (
        "tcp-80",
        "tcp-80",
        "x",
    )


def test_affinity_timeouts_are_at_odds_only_where_an_affinity_holds() -> None:
    heads = [
        ExportRecord(ports=(), exported_at=1),
        ExportRecord(ports=(), exported_at=2, session_affinity="ClientIP"),
        ExportRecord(
            ports=(), exported_at=3, session_affinity="ClientIP", session_affinity_timeout_s=60
        ),
    ]
    lost = merge([Export(origin, head) for origin, head in zip((A, B, C), heads, strict=True)])
    assert [each.reason for each in lost.conflicts] == [ConflictReason.SESSION_AFFINITY]
    held = merge([Export(B, heads[1]), Export(C, heads[2])])
    assert [each.reason for each in held.conflicts] == [ConflictReason.SESSION_AFFINITY_CONFIG]


@given(EXPORTS)
def test_everybody_takes_part_whoever_loses(exports: list[Export]) -> None:
    both = merge(exports)
    assert sorted(both.order) == sorted(each.origin for each in exports)
    for conflict in both.conflicts:
        assert {conflict.winner, *conflict.losers} <= set(conflict.concerned)
        assert conflict.winner not in conflict.losers
