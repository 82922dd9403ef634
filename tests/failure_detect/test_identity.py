"""A member is its key; eight bytes of it name it among those who know it."""

from hypothesis import given

from failure_detect.identity import (
    MEMBER_ID_BYTES,
    SHORT_ID_BYTES,
    SIGNATURE_BYTES,
    Authority,
    Identity,
    MemberId,
    short_id,
)
from simulations.authority import Notary
from tests.failure_detect.strategies import IDENTITIES, MEMBER_IDS


@given(MEMBER_IDS)
def test_a_short_id_begins_the_long_one(member: MemberId) -> None:
    assert len(short_id(member)) == SHORT_ID_BYTES
    assert member.startswith(short_id(member))


def test_sizes_are_those_of_ed25519() -> None:
    assert (MEMBER_ID_BYTES, SIGNATURE_BYTES) == (32, 64)


@given(IDENTITIES)
def test_an_authority_signs_for_one_and_verifies_for_all(identity: Identity) -> None:
    notary = Notary(1)
    one: Authority = notary.signer(identity.member)
    other: Authority = notary.signer(notary.member_id("other"))
    signature = one.sign(b"word")
    assert len(signature) == SIGNATURE_BYTES
    assert other.verify(identity.member, b"word", signature)
    assert not other.verify(identity.member, b"another", signature)
    assert not other.verify(identity.member, b"word", other.sign(b"word"))
    assert other.identify(notary.certify(identity)) == identity
    assert other.identify(b"nothing") is None


@given(IDENTITIES)
def test_identities_are_values(identity: Identity) -> None:
    twin = Identity(
        identity.member,
        identity.node,
        identity.start,
        identity.address,
        identity.group,
        identity.node_address,
    )
    assert twin == identity
    assert len({twin, identity}) == 1
