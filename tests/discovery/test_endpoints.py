"""Records of endpoints: one spelling, strict, tolerant of what later versions append."""

import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import (
    ENDPOINT_RECORD_BYTES_MAX,
    ENDPOINTS_MAX,
    PORTS_MAX,
    PROTOCOLS,
    Endpoint,
    EndpointCounts,
    EndpointPort,
    EndpointRecord,
    count_endpoints,
    decode_endpoints,
    encode_endpoints,
    is_port,
    is_zone,
)
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import (
    ENDPOINT_RECORDS,
    VALUES,
    Value,
    counts_of,
    packed_value,
    with_fields,
)

HTTP = EndpointPort("http", 8080)
ONE = Endpoint("10.0.0.1", node="n1.local", zone="b", hostname="web-0")
SMALL = EndpointRecord((HTTP,), (ONE, Endpoint("2001:db8::1", ready=False, zone="a")))
PLAIN: tuple[Value, ...] = (bytes((10, 0, 0, 1)), 3, "n1", 0)


def record(**fields: Value) -> bytes:
    """A packed record with one endpoint, and these fields in place of its own."""
    return packed_value({"p": [("http", 80, "TCP")], "z": ["a"], "e": [PLAIN], **fields})


def refusal(data: bytes, reason: Refusal = Refusal.MALFORMED) -> str:
    with pytest.raises(Refused) as raised:
        decode_endpoints(data, "record")
    assert raised.value.reason is reason
    return raised.value.what


# --- read once --------------------------------------------------------------------------


def test_a_record_is_read_once_whoever_asks_and_a_bad_one_is_named_each_time() -> None:
    data = encode_endpoints(SMALL)
    assert decode_endpoints(data, "one") is decode_endpoints(bytes(bytearray(data)), "other")
    for name in ("one", "other"):
        with pytest.raises(Refused, match=f"{name}.z"):
            decode_endpoints(record(z=3), name)


# --- there and back ----------------------------------------------------------------------


@given(ENDPOINT_RECORDS)
def test_what_is_encoded_decodes_to_an_equal_record(each: EndpointRecord) -> None:
    data = encode_endpoints(each)
    found = decode_endpoints(data, "record")
    assert found == each
    assert encode_endpoints(found) == data
    assert count_endpoints(data, "record") == counts_of(each)


@given(ENDPOINT_RECORDS)
def test_what_is_decoded_is_as_frozen_and_as_whole_as_what_is_built(each: EndpointRecord) -> None:
    for endpoint in decode_endpoints(encode_endpoints(each), "record").endpoints:
        assert type(endpoint) is Endpoint
        assert endpoint == replace(endpoint)
        assert hash(endpoint) == hash(replace(endpoint))
        assert repr(endpoint) == repr(replace(endpoint))
        assert {type(getattr(endpoint, field.name)) for field in fields(endpoint)} <= {str, bool}
        with pytest.raises(FrozenInstanceError):
            endpoint.node = "other"  # type: ignore[misc]  # That is the point.


def test_counts_are_of_all_and_of_the_ready() -> None:
    assert count_endpoints(encode_endpoints(SMALL), "x") == EndpointCounts(2, 1)
    assert count_endpoints(encode_endpoints(EndpointRecord((), ())), "x") == EndpointCounts(0, 0)


def test_a_record_without_fields_has_no_endpoints() -> None:
    assert decode_endpoints(b"\x80", "record") == EndpointRecord((), ())


def test_endpoints_of_one_node_share_its_name() -> None:
    data = encode_endpoints(SMALL)
    first, second = (decode_endpoints(data, "record").endpoints[0].node for _ in range(2))
    assert first is second


# --- later versions ----------------------------------------------------------------------


@given(ENDPOINT_RECORDS, VALUES, st.sampled_from(["q", "pp", "", "address"]))
def test_fields_of_later_versions_are_let_be(each: EndpointRecord, value: Value, name: str) -> None:
    data = with_fields(encode_endpoints(each), {name: value})
    if len(data) <= ENDPOINT_RECORD_BYTES_MAX:
        assert decode_endpoints(data, "record") == each
        assert count_endpoints(data, "record") == counts_of(each)


@given(VALUES)
def test_items_of_later_versions_are_let_be(value: Value) -> None:
    appended = record(e=[(*PLAIN, "", value)], p=[("http", 80, "TCP", value, value)])
    assert decode_endpoints(appended, "record") == decode_endpoints(record(), "record")


def test_flags_of_later_versions_are_let_be() -> None:
    flags = [0xFF, 8, 1 << 63]
    data = record(e=[(bytes((10, 0, 0, n)), flag, "", None) for n, flag in enumerate(flags)])
    assert [
        (each.ready, each.serving, each.terminating)
        for each in decode_endpoints(data, "record").endpoints
    ] == [(True, True, True), (False, False, False), (False, False, False)]
    assert count_endpoints(data, "record") == EndpointCounts(3, 1)


# --- what is refused ---------------------------------------------------------------------

ADDRESS = PLAIN[0]
OTHER = bytes((10, 0, 0, 2))
ENTRY = "must be arrays of address, flags, node and zone"

REFUSED: list[tuple[dict[str, Value], str]] = [
    ({"e": 1}, "record.e: must be an array of at most 16"),
    ({"e": {}}, "record.e: must be an array of at most 16"),
    ({"e": None}, "record.e: must be an array of at most 16"),
    ({"e": [(bytes((10, 0, 0, n)), 3, "", None) for n in range(17)]}, "record.e: must be an array"),
    ({"e": [1]}, f"record.e: {ENTRY}"),
    ({"e": ["abcd"]}, f"record.e: {ENTRY}"),
    ({"e": [{}]}, f"record.e: {ENTRY}"),
    ({"e": [()]}, f"record.e: {ENTRY}"),
    ({"e": [PLAIN[:3]]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, True, "", None)]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, -1, "", None)]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, 3.0, "", None)]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, None, "", None)]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, 3, b"", None)]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, 3, 0, None)]}, f"record.e: {ENTRY}"),
    ({"e": [(ADDRESS, 3, [], None)]}, f"record.e: {ENTRY}"),
    ({"e": [("10.0.0.1", 3, "", None)]}, "record.e: has an address that is neither 4 nor 16"),
    ({"e": [(bytes(5), 3, "", None)]}, "record.e: has an address that is neither 4 nor 16 bytes"),
    ({"e": [(b"", 3, "", None)]}, "record.e: has an address that is neither 4 nor 16 bytes"),
    ({"e": [(None, 3, "", None)]}, "record.e: has an address that is neither 4 nor 16 bytes"),
    ({"e": [(ADDRESS, 3, "N", None)]}, "record.e: has the node 'N', which is no name"),
    ({"e": [(ADDRESS, 3, "a" * 999, None)]}, f"record.e: has the node '{'a' * 80}', which is"),
    ({"e": [(ADDRESS, 3, "", 1)]}, "record.e: has a zone that is not listed"),
    ({"e": [(ADDRESS, 3, "", -1)]}, "record.e: has a zone that is not listed"),
    ({"e": [(ADDRESS, 3, "", False)]}, "record.e: has a zone that is not listed"),
    ({"e": [(ADDRESS, 3, "", 0.0)]}, "record.e: has a zone that is not listed"),
    ({"e": [(ADDRESS, 3, "", "a")]}, "record.e: has a zone that is not listed"),
    ({"e": [(ADDRESS, 3, "", [])]}, "record.e: has a zone that is not listed"),
    ({"e": [(*PLAIN, "A")]}, "record.e: has a hostname that is no label"),
    ({"e": [(*PLAIN, "a.b")]}, "record.e: has a hostname that is no label"),
    ({"e": [(*PLAIN, None)]}, "record.e: has a hostname that is no label"),
    ({"e": [PLAIN, PLAIN]}, "record.e: must not have one address twice"),
    ({"e": [PLAIN, (ADDRESS, 0, "other", None)]}, "record.e: must not have one address twice"),
    ({"z": "a"}, "record.z: must be an array of at most 16"),
    ({"z": ["a"] * 17}, "record.z: must be an array of at most 16"),
    ({"z": [b"a"]}, "record.z: must be an array of texts"),
    ({"z": [""]}, "record.z: must be an array of label values"),
    ({"z": ["a b"]}, "record.z: must be an array of label values"),
    ({"z": ["x" * 64]}, "record.z: must be an array of label values"),
    ({"z": ["ä"]}, "record.z: must be an array of label values"),
    ({"z": ["a\n"]}, "record.z: must be an array of label values"),
    ({"p": None}, "record.p: must be an array of at most 100"),
    ({"p": [("a", 1, "TCP")] * 101}, "record.p: must be an array of at most 100"),
    ({"p": [("a", 1)]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": ["abc"]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [(b"a", 1, "TCP")]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [("a", True, "TCP")]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [("a", 0, "TCP")]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [("a", 65_536, "TCP")]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [("a", 1.0, "TCP")]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [("a", 1, "tcp")]}, "record.p: must be arrays of a name, a port and a protocol"),
    ({"p": [("A", 1, "TCP")]}, "record.p: has the name 'A', which is no label"),
    ({"p": [("a", 1, "TCP"), ("a", 2, "TCP")]}, "record.p: must not have one name twice"),
    ({"p": [("", 1, "TCP"), ("", 2, "UDP")]}, "record.p: must not have one name twice"),
]


@pytest.mark.parametrize(("fields", "words"), REFUSED)
def test_what_is_wrong_is_named(fields: dict[str, Value], words: str) -> None:
    assert refusal(record(**fields)).startswith(words)


def test_a_true_port_is_not_taken_for_port_one_that_was_seen_before() -> None:
    assert decode_endpoints(record(p=[("a", 1, "TCP")]), "record").ports[0].port == 1
    assert "must be arrays" in refusal(record(p=[("a", True, "TCP")]))
    assert "must be arrays" in refusal(record(p=[("a", 1.0, "TCP")]))


def test_several_names_may_have_one_port() -> None:
    ports = (EndpointPort("http", 80), EndpointPort("h2", 80), EndpointPort("", 80, "UDP"))
    each = EndpointRecord(ports, ())
    assert decode_endpoints(encode_endpoints(each), "record") == each


@pytest.mark.parametrize(
    "entry",
    [
        1,
        (),
        PLAIN[:3],
        *((ADDRESS, flags, "", None) for flags in (True, -1, "3", None)),
        {},
        "abcd",
        None,
    ],
)
def test_counting_notices_what_it_rests_on(entry: Value) -> None:
    with pytest.raises(Refused, match=f"record.e: {ENTRY}"):
        count_endpoints(record(e=[PLAIN, entry]), "record")


def test_a_record_of_too_many_bytes_is_refused_unread() -> None:
    data = record(x=bytes(ENDPOINT_RECORD_BYTES_MAX))
    said = refusal(data, Refusal.OVERSIZED)
    assert said == f"record: {len(data)} bytes, at most {ENDPOINT_RECORD_BYTES_MAX}"


# --- what is not encoded -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("each", "words"),
    [
        (
            EndpointRecord((), tuple(Endpoint(f"10.0.0.{n}") for n in range(17))),
            "endpoints.e: must be an array of at most 16",
        ),
        (EndpointRecord((), (ONE, replace(ONE, ready=False))), "must not have one address twice"),
        (EndpointRecord((), (replace(ONE, node="N"),)), "endpoints.e: has the node 'N'"),
        (EndpointRecord((), (replace(ONE, zone="a b"),)), "endpoints.z: must be an array of label"),
        (EndpointRecord((), (replace(ONE, hostname="a.b"),)), "endpoints.e: has a hostname"),
        (EndpointRecord((EndpointPort("a", 0),), ()), "endpoints.p: must be arrays"),
        (EndpointRecord((EndpointPort("a", 1, "ICMP"),), ()), "endpoints.p: must be arrays"),
        (EndpointRecord((EndpointPort("a", 1 << 64),), ()), "cannot be packed"),
        (EndpointRecord((EndpointPort("a b", 1),), ()), "endpoints.p: has the name 'a b'"),
        (EndpointRecord((HTTP, HTTP), ()), "endpoints.p: must not have one name twice"),
        (
            EndpointRecord(tuple(EndpointPort(f"p{n}", 1) for n in range(PORTS_MAX + 1)), ()),
            "endpoints.p: must be an array of at most 100",
        ),
        (EndpointRecord((), (replace(ONE, node="\ud800"),)), "cannot be packed"),
    ],
)
def test_what_would_be_refused_is_not_encoded(each: EndpointRecord, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as raised:
        encode_endpoints(each)
    assert not isinstance(raised.value, Refused)


LONGEST = [
    Endpoint(f"2001:db8::{n}", node="x" * 253, zone=f"{n:02}" + "z" * 61, hostname=f"{n:063}")
    for n in range(1, ENDPOINTS_MAX + 1)
]
MOST = [EndpointPort(f"p{n:062}", 65_535, "SCTP") for n in range(PORTS_MAX)]


@pytest.mark.parametrize(
    ("endpoints", "ports", "size"),
    [(LONGEST, MOST[:5], 6_880), (LONGEST[:1], MOST, 7_818), ([], MOST, 7_409)],
)
def test_the_longest_names_fit(
    endpoints: list[Endpoint], ports: list[EndpointPort], size: int
) -> None:
    largest = EndpointRecord(tuple(ports), tuple(endpoints))
    data = encode_endpoints(largest)
    assert len(data) == size
    assert decode_endpoints(data, "record") == largest


def test_too_many_long_names_at_once_are_not_encoded() -> None:
    with pytest.raises(ValueError, match="endpoints: 13912 bytes, at most 8192"):
        encode_endpoints(EndpointRecord(tuple(MOST), tuple(LONGEST)))


# --- small questions ---------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ports_are_numbers_of_a_protocol(protocol: str) -> None:
    assert [is_port(n, protocol) for n in (0, 1, 65_535, 65_536, True, -1)] == [
        *(False, True, True),
        *(False, False, False),
    ]
    assert not is_port(1, protocol.lower())


@pytest.mark.parametrize("text", ["a", "eu-west-1a", "A_b.c", "z" * 63, "-", "0"])
def test_zones_are_values_of_a_label(text: str) -> None:
    assert is_zone(text)


@pytest.mark.parametrize("text", ["", "a b", "a/b", "ä", "٣", "z" * 64, "a\n", "\n"])
def test_what_is_no_value_of_a_label_is_no_zone(text: str) -> None:
    assert not is_zone(text)
