"""A signature is worth something in one domain only; the stand-in of the tests keeps to that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.authority import SIGNATURE_BYTES, Domain, Signer, Verifier, message
from discovery.names import PUBLIC_KEY_BYTES
from tests.discovery.keyring import Keyring

DOMAINS = st.sampled_from(Domain)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda domain, rest: domain.value + b"\0" + rest, DOMAINS, st.binary(max_size=4)),
)


def test_the_domains_are_what_is_in_the_field() -> None:
    assert {domain.name: domain.value for domain in Domain} == {
        "CLUSTER": b"isthmus-cluster-1",
        "REVOCATION": b"isthmus-revoked-1",
        "AGENT": b"isthmus-agent-1",
        "CLAIM": b"isthmus-claim-1",
        "MANIFEST": b"isthmus-manifest-1",
        "OVERLAY": b"isthmus-overlay-1",
        "DUTY": b"isthmus-duty-1",
    }


def test_a_message_begins_with_its_domain() -> None:
    assert message(Domain.CLAIM, b"x\0y") == b"isthmus-claim-1\0x\0y"


def test_no_domain_holds_what_ends_it() -> None:
    assert not any(b"\0" in domain.value for domain in Domain)


@given(DOMAINS, BODIES, DOMAINS, BODIES)
def test_no_two_pairs_give_one_message(
    domain: Domain, body: bytes, other: Domain, other_body: bytes
) -> None:
    same = message(domain, body) == message(other, other_body)
    assert same == ((domain, body) == (other, other_body))


@given(DOMAINS, BODIES)
def test_a_message_can_be_taken_apart(domain: Domain, body: bytes) -> None:
    value, rest = message(domain, body).split(b"\0", 1)
    assert (Domain(value), rest) == (domain, body)


@given(DOMAINS, st.binary(max_size=20))
def test_a_signature_of_one_domain_is_worth_nothing_in_another(domain: Domain, body: bytes) -> None:
    verifier: Verifier = Keyring(1)
    signer: Signer = Keyring(1).signer("paris")
    signature = signer.sign(domain, body)
    holds = [each for each in Domain if verifier.verify(signer.public, each, body, signature)]
    assert holds == [domain]


@pytest.mark.parametrize("name", ["", "paris", "rome"])
def test_the_ring_makes_keys_and_signatures_of_true_sizes(name: str) -> None:
    signer = Keyring(1).signer(name)
    assert len(signer.public) == PUBLIC_KEY_BYTES
    assert len(signer.sign(Domain.AGENT, b"body")) == SIGNATURE_BYTES
    assert signer == Keyring(1).signer(name)


def test_nobody_signs_in_another_name_or_ring() -> None:
    ring = Keyring(1)
    paris, rome = ring.signer("paris"), ring.signer("rome")
    signature = paris.sign(Domain.AGENT, b"body")
    assert ring.verify(paris.public, Domain.AGENT, b"body", signature)
    assert not ring.verify(rome.public, Domain.AGENT, b"body", signature)
    assert not ring.verify(paris.public, Domain.AGENT, b"bodY", signature)
    assert not ring.verify(paris.public, Domain.AGENT, b"body", signature[:-1])
    assert not Keyring(2).verify(paris.public, Domain.AGENT, b"body", signature)
