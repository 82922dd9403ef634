"""What is kept comes back whole, or not at all."""

from dataclasses import replace
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import Domain, message
from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.evidence import evidence_of
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.messages import Item
from discovery.names import Origin, PublicKey
from discovery.pins import Pin
from discovery.records import ExportRecord, ServicePort, encode_export
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from discovery.state import (
    AGE_MAX,
    FORMAT,
    KeptHold,
    KeptItem,
    KeptSet,
    KeptState,
    read_state,
    write_state,
)
from tests.discovery.bridgehead import WEB
from tests.discovery.strategies import Value, packed_value


class _Key:
    public = PublicKey(bytes(32))

    def sign(self, domain: Domain, body: bytes) -> bytes:
        return blake2b(message(domain, body), digest_size=64).digest()


def _manifest(records: RecordSet, version: int = 1, origin: str = "east") -> Manifest:
    body = Body(
        origin=Origin(origin),
        uid="",
        generation=1,
        epoch=1,
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
    )
    return sign_manifest(body, _Key())


def _kept() -> KeptState:
    records = RecordSet.of({b"cluster": b"\x80", b"export/a/b": b"\x81\xa1p\x90"})
    manifest = _manifest(records)
    return KeptState(
        saved_at_ms=7,
        floors={Origin("east"): manifest.order, Origin("gone"): manifest.order},
        sets=(KeptSet(manifest, records), KeptSet(_manifest(EMPTY, origin="west"), EMPTY)),
        items=(KeptItem(Item(b"r/fleet", b"list", 5), (3,)),),
        evidence=(evidence_of(manifest, _manifest(EMPTY), PublicKey(bytes(32))),),
        exclusions=(_manifest(EMPTY, 9, "north"),),
        pins={Origin("west"): Pin("uid-1", 2)},
        holds={Origin("east"): (_hold(20), _hold(1))},
    )


def _hold(count: int) -> KeptHold:
    endpoints = tuple(Endpoint(f"10.0.0.{number}", node="n") for number in range(1, count + 1))
    head = ExportRecord(ports=(ServicePort("http", 80),), exported_at=3)
    return KeptHold(WEB, count, head, (EndpointPort("http", 8080),), endpoints)


def _bytes(state: KeptState) -> bytes:
    return b"".join(write_state(state))


def _roots(state: KeptState) -> list[bytes]:
    return [kept.records.root for kept in state.sets]


def test_what_is_kept_comes_back() -> None:
    state, again = _kept(), read_state(_bytes(_kept()))
    assert again.saved_at_ms == 7
    assert again.floors == state.floors
    assert [kept.manifest for kept in again.sets] == [kept.manifest for kept in state.sets]
    assert _roots(again) == _roots(state)
    assert (again.items, again.evidence) == (state.items, state.evidence)
    assert again.pins == state.pins
    assert again.exclusions == state.exclusions != ()


def test_nothing_kept_is_a_state_too() -> None:
    assert read_state(_bytes(KeptState())) == KeptState()


@given(records=st.dictionaries(st.binary(min_size=1, max_size=40), st.binary(max_size=200)))
def test_any_set_comes_back_with_its_root(records: dict[bytes, bytes]) -> None:
    found = RecordSet.of(records)
    state = KeptState(sets=(KeptSet(_manifest(found), found),))
    assert _roots(read_state(_bytes(state))) == [found.root]


@given(at=st.integers(min_value=0), bit=st.integers(0, 7))
def test_one_bit_of_damage_is_noticed(at: int, bit: int) -> None:
    data = bytearray(_bytes(_kept()))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(Refused):
        read_state(bytes(data))


@given(at=st.integers(min_value=0))
def test_a_file_that_is_cut_short_is_noticed(at: int) -> None:
    data = _bytes(_kept())
    with pytest.raises(Refused):
        read_state(data[: at % len(data)])


@given(data=st.binary(max_size=300))
def test_any_bytes_under_a_good_checksum_are_a_state_or_refused(data: bytes) -> None:
    head = b"ISTHMUS\0" + FORMAT.to_bytes(2) + data
    whole = head + blake2b(head, digest_size=32).digest()
    try:
        read_state(whole)
    except Refused as refused:
        assert refused.what.startswith("state: ")  # noqa: PT017 - it may as well be a state.


@pytest.mark.parametrize("missing", [b"", b"\0" * 4 + b"more"])
def test_the_end_is_where_it_says(missing: bytes) -> None:
    head = b"ISTHMUS\0" + FORMAT.to_bytes(2) + missing
    with pytest.raises(Refused):
        read_state(head + blake2b(head, digest_size=32).digest())


def test_another_format_is_refused_with_what_to_do() -> None:
    data = _bytes(_kept())
    with pytest.raises(Refused, match=f"format 9, this version reads {FORMAT}; move the file") as e:
        read_state(data[:8] + (9).to_bytes(2) + data[10:])
    assert e.value.reason is Refusal.UNEXPECTED


def _with_hold(*fields: Value) -> bytes:
    section = packed_value([7, "east", "shop", *fields])
    body = b"ISTHMUS\0" + FORMAT.to_bytes(2) + len(section).to_bytes(4) + section + bytes(4)
    return body + blake2b(body, digest_size=32).digest()


GOOD_HEAD = encode_export(_hold(1).head)
GOOD_RECORD = encode_endpoints(EndpointRecord(_hold(1).ports, _hold(1).endpoints))


def test_a_hold_that_is_none_is_refused() -> None:
    good = read_state(_with_hold("web", 1, GOOD_HEAD, [GOOD_RECORD]))
    assert good.holds == {Origin("east"): (_hold(1),)}
    for wrong in (
        ("web", -1, GOOD_HEAD, [GOOD_RECORD]),
        ("web", AGE_MAX + 1, GOOD_HEAD, [GOOD_RECORD]),
        ("a/b", 1, GOOD_HEAD, [GOOD_RECORD]),
        ("web", 1, b"", [GOOD_RECORD]),
        ("web", 1, GOOD_HEAD, []),
        ("web", 1, GOOD_HEAD, [GOOD_RECORD, 7]),
        ("web", 1, GOOD_HEAD, [b"\xc1"]),
        ("web", 1, GOOD_HEAD),
    ):
        with pytest.raises(Refused) as caught:
            read_state(_with_hold(*wrong))
        assert caught.value.what.startswith("state: ")


def test_a_hold_that_fits_into_no_record_is_not_kept_and_nothing_else_is_lost() -> None:
    ports = tuple(EndpointPort(f"port-{number:0>50}", number) for number in range(1, 101))
    long = Endpoint("2001:db8::1", node=".".join(["n" * 60] * 4), hostname="h" * 63, zone="z" * 63)
    many = tuple(replace(long, address=f"2001:db8::{number}") for number in range(1, 10))
    wide = replace(_hold(1), ports=ports[:50], endpoints=many)
    never = replace(_hold(1), ports=(*ports, *ports), endpoints=(long,))
    state = KeptState(holds={Origin("east"): (wide, never, _hold(1))})
    assert read_state(_bytes(state)).holds == {Origin("east"): (wide, _hold(1))}
