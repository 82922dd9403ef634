"""Names, identities and addresses."""

import pytest

from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations.baseline.directory import NOBODY, Directory, address_at, endpoint_of


@pytest.mark.parametrize(
    ("text", "packed"),
    [("10.0.0.17:7946", bytes((10, 0, 0, 17))), ("[fd00::1]:80", b"\xfd" + bytes(14) + b"\x01")],
)
def test_addresses_are_the_same_in_both_forms(text: str, packed: bytes) -> None:
    endpoint = endpoint_of(Address(text))
    assert endpoint.packed == packed
    assert address_at(endpoint.packed, endpoint.port) == text


def test_a_restarted_process_keeps_its_name() -> None:
    directory = Directory()
    assert directory.find(b"n1") is None
    assert directory.member_id(b"n1") == NOBODY
    for start in (1, 2):
        member = MemberId(bytes((start,)) * 32)
        identity = Identity(member, NodeName("node"), start, Address("10.0.0.1:1"), "group")
        directory.enroll(b"n1", identity)
        assert directory.find(b"n1") == identity
        assert directory.member_id(b"n1", NOBODY) == member
