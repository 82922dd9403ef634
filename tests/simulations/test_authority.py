from hypothesis import given
from hypothesis import strategies as st

from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations import authority
from simulations.authority import Notary


def identity(notary: Notary, number: int = 1) -> Identity:
    return Identity(
        member=notary.member_id("member", number),
        node=NodeName(f"node-{number}"),
        start=3,
        address=Address("10.0.0.7:7946"),
        group="cluster-0",
        node_address=Address("10.0.0.7:10250"),
    )


def test_a_signature_is_of_one_member_and_one_message() -> None:
    notary = Notary(1)
    one, other = notary.member_id(1), notary.member_id(2)
    signature = notary.signer(one).sign(b"word")
    assert len(signature) == 64
    for _ in range(2):  # The second answer comes from memory, and is the same.
        assert notary.signer(other).verify(one, b"word", signature)
        assert not notary.signer(one).verify(other, b"word", signature)
        assert not notary.signer(one).verify(one, b"words", signature)


def test_what_was_signed_is_known_and_asking_or_verifying_is_not_signing() -> None:
    notary = Notary(1)
    member = notary.member_id(1)
    signature = notary.signer(member).sign(b"word")
    notary.verify(member, b"other", signature)
    assert notary.has_signed(member, b"word")
    assert not notary.has_signed(member, b"other")
    assert not notary.has_signed(member, b"other")


def test_a_certificate_says_who_it_is_about_in_a_true_number_of_bytes() -> None:
    notary = Notary(1)
    who = identity(notary)
    certificate = notary.certify(who)
    assert 140 <= len(certificate) <= 180
    assert notary.signer(who.member).identify(certificate) == who
    assert notary.identify(certificate) is notary.identify(bytes(bytearray(certificate)))


def test_a_node_address_may_be_unknown() -> None:
    notary = Notary(1)
    who = Identity(notary.member_id(1), NodeName("n"), 1, Address("a:1"), "g")
    assert notary.identify(notary.certify(who)) == who


def test_another_world_certifies_for_itself() -> None:
    certificate = Notary(1).certify(identity(Notary(1)))
    assert Notary(2).identify(certificate) is None


def test_a_changed_certificate_is_not_believed() -> None:
    notary = Notary(1)
    certificate = notary.certify(identity(notary))
    for place in range(len(certificate)):
        changed = bytearray(certificate)
        changed[place] ^= 1
        assert notary.identify(bytes(changed)) is None


@given(st.binary(max_size=80))
def test_any_bytes_give_nothing_rather_than_an_error(data: bytes) -> None:
    notary = Notary(1)
    assert notary.identify(data) is None
    assert not notary.verify(MemberId(data), data, data)


def test_memory_is_bounded_and_only_memory() -> None:
    notary = Notary(1)
    member = notary.member_id(1)
    signature = notary.sign(member, b"word")
    certificate = notary.certify(identity(notary))
    for number in range(authority.MEMO_LIMIT + 1):
        notary.verify(member, b"word", number.to_bytes(4))
        notary.identify(number.to_bytes(4))
    assert notary.verify(member, b"word", signature)
    assert notary.identify(certificate) is not None
