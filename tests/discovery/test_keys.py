"""A key has one spelling, and says what its record is about."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.keys import (
    CLUSTER_KEY,
    DRAIN_KEY,
    KEY_BYTES_MAX,
    RECORD_NUMBER_MAX,
    Kind,
    RecordKey,
    ack_key,
    drain_key,
    endpoints_key,
    export_key,
    parse_key,
    policy_key,
)
from discovery.names import Origin, ServiceName
from discovery.refusals import Refusal, Refused
from tests.discovery.strategies import LABELS, ORIGINS, RECORDS, SERVICE_NAMES, SUBDOMAINS, mutated

CART = ServiceName("shop", "cart")
NUMBERS = st.one_of(st.integers(0, 12), st.integers(0, RECORD_NUMBER_MAX))

LITERALS = {
    CLUSTER_KEY: (b"cluster", RecordKey(Kind.CLUSTER)),
    export_key(CART): (b"export/shop/cart", RecordKey(Kind.EXPORT, CART)),
    endpoints_key(CART, 0): (b"endpoints/shop/cart/0", RecordKey(Kind.ENDPOINTS, CART, 0)),
    endpoints_key(CART, 1_048_575): (
        b"endpoints/shop/cart/1048575",
        RecordKey(Kind.ENDPOINTS, CART, 1_048_575),
    ),
    policy_key("shop", "a.b"): (
        b"policy/shop/a.b",
        RecordKey(Kind.POLICY, ServiceName("shop", "a.b")),
    ),
    DRAIN_KEY: (b"drain", RecordKey(Kind.DRAIN)),
    drain_key(): (b"drain", RecordKey(Kind.DRAIN)),
    drain_key(CART): (b"drain/shop/cart", RecordKey(Kind.DRAIN, CART)),
    ack_key(Origin("rome")): (b"ack/rome", RecordKey(Kind.ACK, origin=Origin("rome"))),
    ack_key(Origin("rome"), CART): (
        b"ack/rome/shop/cart",
        RecordKey(Kind.ACK, CART, origin=Origin("rome")),
    ),
}


@pytest.mark.parametrize("key", LITERALS)
def test_keys_are_what_is_in_the_field(key: bytes) -> None:
    literal, parsed = LITERALS[key]
    assert key == literal
    assert parse_key(key) == parsed


@given(SERVICE_NAMES, NUMBERS)
def test_what_is_written_of_a_service_is_read(service: ServiceName, number: int) -> None:
    assert parse_key(export_key(service)) == RecordKey(Kind.EXPORT, service)
    assert parse_key(drain_key(service)) == RecordKey(Kind.DRAIN, service)
    key = endpoints_key(service, number)
    assert parse_key(key) == RecordKey(Kind.ENDPOINTS, service, number)


@given(LABELS, SUBDOMAINS, ORIGINS)
def test_what_is_written_of_policies_and_origins_is_read(
    namespace: str, name: str, origin: Origin
) -> None:
    parsed = parse_key(policy_key(namespace, name))
    assert parsed == RecordKey(Kind.POLICY, ServiceName(namespace, name))
    assert parse_key(ack_key(origin)) == RecordKey(Kind.ACK, origin=origin)


def written(parsed: RecordKey) -> bytes | None:
    """The key that says this; None of a kind that is not known."""
    service = parsed.service or CART
    writers: dict[Kind, Callable[[], bytes]] = {
        Kind.CLUSTER: lambda: CLUSTER_KEY,
        Kind.EXPORT: lambda: export_key(service),
        Kind.ENDPOINTS: lambda: endpoints_key(service, parsed.number),
        Kind.POLICY: lambda: policy_key(service.namespace, service.name),
        Kind.DRAIN: lambda: drain_key(parsed.service),
        Kind.ACK: lambda: ack_key(parsed.origin or Origin("nobody"), parsed.service),
    }
    return None if parsed == RecordKey(Kind.UNKNOWN) else writers[parsed.kind]()


@given(
    st.one_of(
        st.binary(max_size=12),
        mutated(RECORDS.map(lambda record: record[0])),
        st.builds(
            lambda word, rest: word + b"/" + rest,
            st.sampled_from([kind.value.encode() for kind in Kind]),
            st.binary(max_size=6),
        ),
    )
)
def test_no_key_has_two_spellings(key: bytes) -> None:
    try:
        parsed = parse_key(key)
    except Refused:
        return
    assert written(parsed) in (key, None)


@pytest.mark.parametrize(
    "key", [b"mesh", b"mesh/a/b", b"Export/a/b", b"/", b"/a", b"\xff", b"\xff/a", b"clusters", b" "]
)
def test_a_kind_of_a_later_version_is_unknown_whatever_follows(key: bytes) -> None:
    assert parse_key(key) == RecordKey(Kind.UNKNOWN)


@pytest.mark.parametrize(
    "key",
    [
        "cluster/",
        "cluster/a",
        "export",
        "export/",
        "export/a",
        "export/a/",
        "export//b",
        "export/a/b/",
        "export/a/b/c",
        "export/A/b",
        "export/a/b.c",
        "export/a/b\n",
        "endpoints/a/b",
        "endpoints/a/b/",
        "endpoints/a/b/01",
        "endpoints/a/b/00",
        "endpoints/a/b/-0",
        "endpoints/a/b/+1",
        "endpoints/a/b/ 1",
        "endpoints/a/b/1_0",
        "endpoints/a/b/1.0",
        "endpoints/a/b/x",
        "endpoints/a/b/²",
        "endpoints/a/b/٣",
        "endpoints/a/b/1/1",
        "policy/a",
        "policy/a/b..c",
        "policy/A/b",
        "drain/",
        "drain/a",
        "drain/a/b/c",
        "ack",
        "ack/",
        "ack/A",
        "ack/a/b",
        "ack/a/b/C",
        "ack/a/b/c/d",
    ],
)
def test_nonsense_after_a_known_kind_is_refused(key: str) -> None:
    with pytest.raises(Refused, match=r"^malformed: record key: ") as raised:
        parse_key(key.encode())
    assert raised.value.reason is Refusal.MALFORMED


@pytest.mark.parametrize("key", [b"export/\xff/b", b"endpoints/a/\xed\xa0\x80/1", b"drain/\xff"])
def test_what_is_no_text_after_a_known_kind_is_nonsense(key: bytes) -> None:
    with pytest.raises(Refused, match="is none of its kind"):
        parse_key(key)


@pytest.mark.parametrize(
    "number", [str(RECORD_NUMBER_MAX + 1), "10000000", "9" * 300], ids=["next", "eight", "many"]
)
def test_a_number_that_is_too_high_is_oversized(number: str) -> None:
    with pytest.raises(Refused, match="record key: a number above 1048575") as raised:
        parse_key(b"endpoints/a/b/" + number.encode())
    assert raised.value.reason is Refusal.OVERSIZED


@pytest.mark.parametrize("key", [b"", b"x" * (KEY_BYTES_MAX + 1)])
def test_a_key_without_bytes_or_with_too_many_is_refused(key: bytes) -> None:
    with pytest.raises(Refused, match="must have 1 to 384 bytes") as raised:
        parse_key(key)
    assert raised.value.reason is Refusal.OVERSIZED


def test_the_longest_names_make_keys_that_are_short_enough() -> None:
    label, subdomain = "x" * 63, "x" * 253
    longest = [
        policy_key(label, subdomain),
        endpoints_key(ServiceName(label, label), RECORD_NUMBER_MAX),
        ack_key(Origin(label)),
    ]
    assert [len(key) for key in longest] == [324, 145, 67]
    assert all(parse_key(key).kind is not Kind.UNKNOWN for key in longest)
    assert parse_key(b"x" * KEY_BYTES_MAX) == RecordKey(Kind.UNKNOWN)


WRONG = ServiceName("shop", "cart/1")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda: export_key(WRONG), "name: 'cart/1' is no RFC 1123 label"),
        (lambda: endpoints_key(WRONG, 0), "name: 'cart/1' is no RFC 1123 label"),
        (lambda: drain_key(ServiceName("", "a")), "namespace: '' is no RFC 1123 label"),
        (lambda: endpoints_key(CART, -1), "record number: -1, must be from 0 to 1048575"),
        (lambda: endpoints_key(CART, 1 << 20), "record number: 1048576, must be"),
        (lambda: policy_key("a", "b/c"), "policy: 'a'/'b/c' is no name"),
        (lambda: policy_key("a.b", "c"), "policy: 'a.b'/'c' is no name"),
        (lambda: ack_key(Origin("a/b")), "origin: 'a/b' is no RFC 1123 label"),
        (lambda: export_key(ServiceName("\ud800", "a")), "namespace: "),
    ],
)
def test_a_name_that_is_none_becomes_no_key(write: Callable[[], bytes], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
        write()
