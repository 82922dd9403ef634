"""What clusters say beside endpoints: there and back, strict, tolerant, never another exception."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.records import (
    APP_PROTOCOL_CHARACTERS_MAX,
    GATEWAYS_MAX,
    LABELS_MAX,
    NUMBER_MAX,
    POLICY_BYTES_MAX,
    RECORD_BYTES_MAX,
    AckRecord,
    ClusterRecord,
    DrainRecord,
    ExportRecord,
    Gateway,
    PolicyRecord,
    ServicePort,
    ServiceType,
    decode_ack,
    decode_cluster,
    decode_drain,
    decode_export,
    decode_policy,
    encode_ack,
    encode_cluster,
    encode_drain,
    encode_export,
    encode_policy,
    is_gateway,
)
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import (
    ACK_RECORDS,
    CLUSTER_RECORDS,
    DRAIN_RECORDS,
    EXPORT_RECORDS,
    HOSTILE_BYTES,
    POLICY_RECORDS,
    VALUES,
    Value,
    mutated,
    packed_value,
    unpacked_map,
    with_fields,
)

Decoder: TypeAlias = Callable[[bytes, str], object]
DECODERS: dict[str, Decoder] = {
    "cluster": decode_cluster,
    "export": decode_export,
    "policy": decode_policy,
    "drain": decode_drain,
    "ack": decode_ack,
}
ENCODED = {
    "cluster": CLUSTER_RECORDS.map(encode_cluster),
    "export": EXPORT_RECORDS.map(encode_export),
    "policy": POLICY_RECORDS.map(encode_policy),
    "drain": DRAIN_RECORDS.map(encode_drain),
    "ack": ACK_RECORDS.map(encode_ack),
}
RIGHT: dict[str, dict[str, Value]] = {
    "cluster": {"r": "eu", "w": [("192.0.2.1", 443)]},
    "export": {"p": [("http", 80, "TCP", "")], "x": 1},
    "policy": {"s": b"spec", "x": 1},
    "drain": {"i": "d1", "x": 1, "r": 30},
    "ack": {"i": "d1", "d": 1},
}
KINDS = st.sampled_from(list(DECODERS))


# --- there and back ----------------------------------------------------------------------


@given(CLUSTER_RECORDS)
def test_a_cluster_is_read_as_it_was_written(record: ClusterRecord) -> None:
    assert decode_cluster(encode_cluster(record), "x") == record


@given(EXPORT_RECORDS)
def test_an_export_is_read_as_it_was_written(record: ExportRecord) -> None:
    data = encode_export(record)
    assert decode_export(data, "x") == record
    turned = replace(
        record,
        labels=dict(reversed(record.labels.items())),
        annotations=dict(reversed(record.annotations.items())),
    )
    assert encode_export(turned) == data


@given(POLICY_RECORDS)
def test_a_policy_is_read_as_it_was_written(record: PolicyRecord) -> None:
    assert decode_policy(encode_policy(record), "x") == record


@given(DRAIN_RECORDS)
def test_a_drain_is_read_as_it_was_written(record: DrainRecord) -> None:
    assert decode_drain(encode_drain(record), "x") == record


@given(ACK_RECORDS)
def test_an_acknowledgement_is_read_as_it_was_written(record: AckRecord) -> None:
    assert decode_ack(encode_ack(record), "x") == record


def test_what_is_left_out_has_its_default() -> None:
    assert encode_cluster(ClusterRecord()) == b"\x80"
    assert decode_cluster(b"\x80", "x") == ClusterRecord()
    assert decode_export(b"\x80", "x") == ExportRecord(ports=())
    assert decode_drain(packed_value({"i": "d", "x": 5}), "x").ramp_s == 30
    assert decode_ack(packed_value({"i": "d"}), "x") == AckRecord(drain="d", done=True)
    assert decode_policy(packed_value({"s": b""}), "x") == PolicyRecord(spec=b"")


# --- later versions ----------------------------------------------------------------------


@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), ENCODED[kind])), VALUES)
def test_fields_of_later_versions_are_let_be(record: tuple[str, bytes], value: Value) -> None:
    kind, data = record
    decode = DECODERS[kind]
    assert decode(with_fields(data, {"later": value, "": value}), "x") == decode(data, "x")


@given(VALUES)
def test_items_of_later_versions_are_let_be(value: Value) -> None:
    cluster = packed_value({"w": [("192.0.2.1", 443, value)]})
    assert decode_cluster(cluster, "x").gateways == (Gateway("192.0.2.1", 443),)
    export = packed_value({"p": [("http", 80, "TCP", "h2c", value)]})
    assert decode_export(export, "x").ports == (ServicePort("http", 80, "TCP", "h2c"),)


# --- what is refused ---------------------------------------------------------------------

PORTS = "x.p: must be arrays of name, port, protocol, app protocol"
REFUSED: list[tuple[str, dict[str, Value], str]] = [
    ("cluster", {"r": "a b"}, "x.r: must be a label value"),
    ("cluster", {"n": "ä"}, "x.n: must be a label value"),
    ("cluster", {"r": "x" * 64}, "x.r: must be a text of at most 63 characters"),
    ("cluster", {"w": [("192.0.2.1", 443)] * 17}, "x.w: must be an array of at most 16"),
    ("cluster", {"w": [("192.0.2.1",)]}, "x.w: must be arrays of an address and a port"),
    ("cluster", {"w": [("192.0.2.1", True)]}, "x.w: must be arrays of an address and a port"),
    ("cluster", {"w": [("192.0.2.1", 0)]}, "x.w: must be arrays of an address and a port"),
    ("cluster", {"w": [(b"\xc0\0\2\1", 443)]}, "x.w: must be arrays of an address and a port"),
    ("cluster", {"w": [("", 443)]}, "x.w: has '', which can be no gateway"),
    ("cluster", {"w": [("a\nb", 443)]}, "x.w: has 'a\\nb', which can be no gateway"),
    ("cluster", {"w": [("169.254.169.254", 80)]}, "x.w: has '169.254.169.254', which can be no"),
    ("cluster", {"m": "x" * 129}, "x.m: must be a text of at most 128 characters"),
    ("cluster", {"t": "x" * 254}, "x.t: must be a text of at most 253 characters"),
    ("cluster", {"v": "x" * 65}, "x.v: must be a text of at most 64 characters"),
    ("cluster", {"c": -1}, f"x.c: must be a whole number from 0 to {NUMBER_MAX}"),
    ("cluster", {"c": NUMBER_MAX + 1}, f"x.c: must be a whole number from 0 to {NUMBER_MAX}"),
    ("cluster", {"c": None}, f"x.c: must be a whole number from 0 to {NUMBER_MAX}"),
    ("export", {"t": "NodePort"}, "x.t: must be one of ClusterSetIP, Headless"),
    ("export", {"t": 1}, "x.t: must be a text"),
    ("export", {"a": "Cookie"}, "x.a: must be None or ClientIP"),
    ("export", {"o": 86_401}, "x.o: must be a whole number from 0 to 86400"),
    ("export", {"o": True}, "x.o: must be a whole number from 0 to 86400"),
    ("export", {"x": NUMBER_MAX + 1}, f"x.x: must be a whole number from 0 to {NUMBER_MAX}"),
    ("export", {"s": "x" * 254}, "x.s: must be a text of at most 253 characters"),
    ("export", {"i": "x" * 64}, "x.i: must be a text of at most 63 characters"),
    ("export", {"d": "x" * 64}, "x.d: must be a text of at most 63 characters"),
    ("export", {"f": ["IPv4", "IPv4"]}, "x.f: must be of IPv4, IPv6, each once"),
    ("export", {"f": ["IPv5"]}, "x.f: must be of IPv4, IPv6, each once"),
    ("export", {"f": ["IPv4", "IPv6", "IPv4"]}, "x.f: must be an array of at most 2"),
    ("export", {"l": {"a": 1}}, "x.l: must be a map from text to text"),
    ("export", {"n": {f"{n}": "" for n in range(33)}}, "x.n: must be a map of at most 32"),
    ("export", {"p": [("a", 80, "TCP")]}, PORTS),
    ("export", {"p": [("a", True, "TCP", "")]}, PORTS),
    ("export", {"p": [("a", 80, "tcp", "")]}, PORTS),
    ("export", {"p": [("a", 80, "TCP", None)]}, PORTS),
    ("export", {"p": [("A", 80, "TCP", "")]}, "x.p: has the name 'A', which is no label"),
    ("export", {"p": [("a", 80, "TCP", "x" * 318)]}, f"x.p: has the app protocol '{'x' * 80}', wh"),
    (
        "export",
        {"p": [("a", 80, "TCP", ""), ("a", 81, "TCP", "")]},
        "x.p: must not have a name, or a protocol and port, twice",
    ),
    (
        "export",
        {"p": [("a", 80, "TCP", ""), ("b", 80, "TCP", "")]},
        "x.p: must not have a name, or a protocol and port, twice",
    ),
    ("policy", {"s": "text"}, "x.s: must be bytes"),
    ("policy", {"s": bytes(POLICY_BYTES_MAX + 1)}, "x.s: must be at most 16384 bytes"),
    ("policy", {"x": -1}, f"x.x: must be a whole number from 0 to {NUMBER_MAX}"),
    ("drain", {"i": ""}, "x.i: must name the drain"),
    ("drain", {"i": "x" * 64}, "x.i: must be a text of at most 63 characters"),
    ("drain", {"i": None}, "x.i: must be a text of at most 63 characters"),
    ("drain", {"x": 1.0}, f"x.x: must be a whole number from 0 to {NUMBER_MAX}"),
    ("drain", {"r": 86_401}, "x.r: must be a whole number from 0 to 86400"),
    ("drain", {"w": "x" * 1_025}, "x.w: must be a text of at most 1024 characters"),
    ("ack", {"i": ""}, "x.i: must name the drain"),
    ("ack", {"d": 2}, "x.d: must be a whole number from 0 to 1"),
    ("ack", {"d": True}, "x.d: must be a whole number from 0 to 1"),
]


@pytest.mark.parametrize(("kind", "fields", "words"), REFUSED)
def test_what_is_wrong_is_named(kind: str, fields: dict[str, Value], words: str) -> None:
    assert DECODERS[kind](packed_value(RIGHT[kind]), "x")
    with pytest.raises(Refused) as raised:
        DECODERS[kind](packed_value({**RIGHT[kind], **fields}), "x")
    assert raised.value.reason is Refusal.MALFORMED
    assert raised.value.what.startswith(words)


@pytest.mark.parametrize(
    ("kind", "name"), [("policy", "s"), ("drain", "i"), ("drain", "x"), ("ack", "i")]
)
def test_what_is_needed_is_missed(kind: str, name: str) -> None:
    fields = {key: value for key, value in RIGHT[kind].items() if key != name}
    with pytest.raises(Refused, match=f"^malformed: x.{name}: must be "):
        DECODERS[kind](packed_value(fields), "x")


@pytest.mark.parametrize("kind", DECODERS)
def test_a_record_of_too_many_bytes_is_refused_unread(kind: str) -> None:
    with pytest.raises(Refused, match="bytes, at most 32768") as raised:
        DECODERS[kind](packed_value({**RIGHT[kind], "z": bytes(RECORD_BYTES_MAX)}), "x")
    assert raised.value.reason is Refusal.OVERSIZED


def test_one_number_may_be_of_several_protocols() -> None:
    ports = (ServicePort("dns", 53, "UDP"), ServicePort("dns-tcp", 53, "TCP"))
    record = ExportRecord(ports=ports)
    assert decode_export(encode_export(record), "x") == record


# --- what is not encoded -----------------------------------------------------------------

HTTP = ServicePort("http", 80)
LONG = {f"{n}": "ä" * 1_024 for n in range(LABELS_MAX)}
UNFIT: list[tuple[Callable[[], bytes], str]] = [
    (partial(encode_cluster, ClusterRecord(region="a b")), "cluster.r: must be a label value"),
    (partial(encode_cluster, ClusterRecord(capacity=-1)), "cluster.c: must be a whole number"),
    (partial(encode_cluster, ClusterRecord(capacity=1 << 64)), "cannot be packed: "),
    (partial(encode_cluster, ClusterRecord(version="\ud800")), "cannot be packed: "),
    (
        partial(encode_cluster, ClusterRecord(gateways=(Gateway("b", 1),) * (GATEWAYS_MAX + 1))),
        "cluster.w: must be an array of at most 16",
    ),
    (
        partial(encode_cluster, ClusterRecord(gateways=(Gateway("::ffff:1.2.3.4", 1),))),
        "cluster.w: has '::ffff:1.2.3.4', which can be no gateway",
    ),
    (partial(encode_export, ExportRecord(ports=(HTTP, HTTP))), "export.p: must not have"),
    (partial(encode_export, ExportRecord(ports=(replace(HTTP, port=0),))), "export.p: must be"),
    (partial(encode_export, ExportRecord(ports=(), session_affinity="")), "export.a: must be None"),
    (partial(encode_export, ExportRecord(ports=(), labels={"a": "x" * 1_025})), "export.l: must"),
    (partial(encode_export, ExportRecord(ports=(), annotations=LONG)), "bytes, at most 32768"),
    (partial(encode_export, ExportRecord(ports=(), ip_families=("ipv4",))), "export.f: must be of"),
    (partial(encode_policy, PolicyRecord(spec=bytes(16_385))), "policy.s: must be at most 16384"),
    (partial(encode_drain, DrainRecord(drain="", started_at_ms=1)), "drain.i: must name the drain"),
    (partial(encode_drain, DrainRecord(drain="d", started_at_ms=-1)), "drain.x: must be a whole"),
    (partial(encode_ack, AckRecord(drain="x" * 64)), "ack.i: must be a text of at most 63"),
]


@pytest.mark.parametrize(("encode", "words"), UNFIT)
def test_what_would_be_refused_is_not_encoded(encode: Callable[[], bytes], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as raised:
        encode()
    assert not isinstance(raised.value, Refused | UnicodeError)


# --- gateways ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["192.0.2.1", "2001:db8::1", "127.0.0.1", "lb-1.example.com", "localhost", "a1", "1a", "x.1a"],
)
def test_a_gateway_is_an_address_or_the_name_of_a_host(address: str) -> None:
    assert is_gateway(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "1",
        "10.1",
        "1.2.3.4.5",
        "10.0.0.256",
        "10.0.0.1:80",
        "0.0.0.0",  # noqa: S104  nothing is bound to it
        "::",
        "2001:DB8::1",
        "2001:db8::1%eth0",
        "fe80::1",
        "::ffff:10.0.0.1",
        "LB.example.com",
        "a..b",
        "a b",
        "a.b.",
        "http://a",
        "x" * 254,
    ],
)
def test_what_nobody_can_connect_to_is_no_gateway(address: str) -> None:
    assert not is_gateway(address)


def test_the_longest_app_protocol_is_a_qualified_name() -> None:
    app = "d" * 253 + "/" + "n" * 63
    assert len(app) == APP_PROTOCOL_CHARACTERS_MAX
    record = ExportRecord(ports=(replace(HTTP, app_protocol=app),), type=ServiceType.HEADLESS)
    assert decode_export(encode_export(record), "x") == record


# --- hostile input -----------------------------------------------------------------------


def read(kind: str, data: bytes) -> object:
    """What is decoded, or the words of the refusal."""
    try:
        return DECODERS[kind](data, "x")
    except Refused as refused:
        return refused.what


@given(KINDS, HOSTILE_BYTES)
def test_any_bytes_give_a_record_or_a_refusal(kind: str, data: bytes) -> None:
    assert read(kind, data)


@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), mutated(ENCODED[kind]))))
def test_mutated_records_give_a_record_or_a_refusal(record: tuple[str, bytes]) -> None:
    assert read(*record)


@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), ENCODED[kind])), st.data())
def test_any_value_in_place_of_a_right_one_gives_a_record_or_a_refusal(
    record: tuple[str, bytes], data: st.DataObject
) -> None:
    kind, right = record
    names = sorted(unpacked_map(right)) or ["w"]
    name = data.draw(st.sampled_from(names))
    value = data.draw(st.one_of(VALUES, st.lists(st.lists(VALUES, max_size=5), max_size=3)))
    assert read(kind, with_fields(right, {name: value}))
