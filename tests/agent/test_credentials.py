"""This process's key, and its certificates through time."""

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from agent.credentials import (
    LIFETIME_MS,
    Credentials,
    CredentialsError,
    KeyRing,
    Place,
    first_start,
    read_key_ring,
)
from agent.key_files import KeyFileError, certificate_document, revocations_document, write_document
from discovery.certificates import (
    ClusterBody,
    ClusterCertificate,
    decode_agent_certificate,
    issue_cluster_certificate,
)
from discovery.names import Origin, PublicKey
from discovery.revocations import issue_revocations
from discovery.signing import NaclVerifier, SigningKey
from discovery.trust import TrustBook
from discovery.wall_time import WallClockRead
from failure_detect.identity import Address, NodeName
from tests.agent.key_rings import FLEET_SEED, NEXT_SEED, OWN_SEED, cluster_key, key_file, ring

EAST = Origin("east")
FLEET = SigningKey.from_seed(FLEET_SEED)
PLACE = Place(
    cluster=EAST,
    node=NodeName("node-1"),
    lan=Address("10.0.0.1:7979"),
    wan=Address("gateway.example:31979"),
    node_address=Address("10.0.0.1:10250"),
    versions=(1, 1),
)
T0 = 1_800_000_000_000


def credentials(of: KeyRing | None = None) -> Credentials:
    return Credentials(b"\7" * 32, of or ring(), PLACE, 17, T0)


def certified(
    generation: int = 1, key: PublicKey | None = None, not_after_ms: int = 0
) -> ClusterCertificate:
    own = SigningKey.from_seed(OWN_SEED).public
    body = ClusterBody(
        cluster=EAST,
        key=key or own,
        generation=generation,
        fleet=FLEET.public,
        not_after_ms=not_after_ms,
    )
    return issue_cluster_certificate(body, FLEET)


def test_each_pool_gets_a_certificate_that_its_own_cluster_believes() -> None:
    made = credentials()
    book = TrustBook(EAST, made.ring.own_keys, NaclVerifier())
    lan, wan = book.verify_agent(made.lan).body, book.verify_agent(made.wan).body
    assert (lan.address, wan.address) == (PLACE.lan, PLACE.wan)
    assert lan.member == wan.member == made.member
    assert (lan.node, lan.start, lan.node_address) == ("node-1", 17, "10.0.0.1:10250")
    assert lan.roles.may_bridge
    assert lan.roles.holds_key
    assert "0707" not in repr(made)


def test_they_are_made_anew_at_half_of_their_life_and_believed_until_its_end() -> None:
    made = credentials()
    first = made.lan
    assert not made.is_due(made.due_ms - 1)
    assert made.is_due(made.due_ms)
    made.renew(made.due_ms)
    assert made.lan != first
    assert decode_agent_certificate(made.lan).body.start == 17
    book = TrustBook(EAST, made.ring.own_keys, NaclVerifier())
    book.handle(WallClockRead(T0 + LIFETIME_MS))
    assert book.identify(first) is not None
    book.handle(WallClockRead(T0 + LIFETIME_MS + 1))
    assert book.identify(first) is None
    assert book.identify(made.lan) is not None


def test_a_clock_that_went_back_makes_them_anew() -> None:
    made = credentials()
    assert made.is_due(T0 - 1)
    made.renew(T0 - 3_600_000)
    body = decode_agent_certificate(made.lan).body
    assert body.not_after_ms == T0 - 3_600_000 + LIFETIME_MS
    assert not made.is_due(T0 - 3_600_000)


def test_start_numbers_only_rise_whatever_the_clock_says() -> None:
    assert first_start(0, T0) == T0
    assert first_start(T0 + 5, T0) == T0 + 6
    made = credentials()
    assert made.rise(T0 + 99, T0) == T0 + 99
    assert made.rise(3, 1) == T0 + 100
    assert decode_agent_certificate(made.wan).body.start == made.start == T0 + 100


def test_another_key_makes_them_anew_and_the_same_one_does_not() -> None:
    made = credentials()
    first = made.lan
    assert not made.use(ring(), T0 + 5)
    assert made.lan == first
    assert made.use(ring(2, NEXT_SEED), T0 + 5)
    assert decode_agent_certificate(made.lan).body.generation == 2
    assert made.ring.publishing_key.generation == 2
    with_certificate = KeyRing(cluster_key(2, NEXT_SEED), certified(2, made.ring.own_keys[2]))
    assert made.use(with_certificate, T0 + 6)
    assert decode_agent_certificate(made.lan).cluster == with_certificate.certificate
    assert made.ring.publishing_key.certificate == with_certificate.publishing_key.certificate


def test_a_staged_key_is_believed_at_once() -> None:
    made = credentials()
    staged = replace(cluster_key(), staged=(2, SigningKey.from_seed(NEXT_SEED).public))
    assert made.use(KeyRing(staged), T0)
    assert set(made.ring.own_keys) == {1, 2}


def test_another_address_makes_them_anew() -> None:
    made = credentials()
    made.move(replace(PLACE, wan=Address("10.9.9.9:1")), T0)
    assert decode_agent_certificate(made.wan).body.address == "10.9.9.9:1"


def test_what_finds_no_room_in_a_certificate_changes_nothing() -> None:
    made = credentials(KeyRing(cluster_key(), certified()))
    first = made.lan
    long = replace(PLACE, node=NodeName("n" * 250))
    with pytest.raises(CredentialsError, match="shorten the names"):
        made.move(long, T0)
    assert made.lan == first


def test_a_ring_is_read_of_its_files(tmp_path: Path) -> None:
    key, certificate, listed = key_file(tmp_path), tmp_path / "c", tmp_path / "r"
    write_document(certificate, certificate_document(certified()))
    revoked = issue_revocations(1, [PublicKey(bytes(32))], FLEET)
    write_document(listed, revocations_document(revoked))
    found = read_key_ring(EAST, key, certificate, listed)
    assert (found.certificate, found.revocations) == (certified(), revoked)
    assert read_key_ring(EAST, key).publishing_key.certificate == b""


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    key, certificate = key_file(tmp_path), tmp_path / "c"
    with pytest.raises(KeyFileError, match="is the key of the cluster east, and the settings say"):
        read_key_ring(Origin("west"), key)
    write_document(certificate, certificate_document(certified(generation=2)))
    with pytest.raises(KeyFileError, match=r"is of another key: east, generation 2; .*certify"):
        read_key_ring(EAST, key, certificate)


def test_signatures_of_files_are_checked(tmp_path: Path) -> None:
    key, file = key_file(tmp_path), tmp_path / "c"
    good = certified()
    forged = bytearray(good.raw)
    forged[-1] ^= 1
    head = certificate_document(good)

    write_document(file, dict(head) | {"certificate": b64encode(bytes(forged)).decode()})
    with pytest.raises(KeyFileError, match="is not signed by the fleet that it names"):
        read_key_ring(EAST, key, file)
    listed = bytearray(issue_revocations(1, [], FLEET).raw)
    listed[-1] ^= 1
    document = dict(revocations_document(issue_revocations(1, [], FLEET)))
    write_document(file, document | {"list": b64encode(bytes(listed)).decode()})
    with pytest.raises(KeyFileError, match="is not signed by the fleet that it names"):
        read_key_ring(EAST, key, revocations=file)


def test_a_fleets_certificate_that_ends_soon_is_a_problem() -> None:
    assert ring().problems(T0) == []
    ends = KeyRing(cluster_key(), certified(not_after_ms=T0))
    assert ends.problems(T0 - 20 * LIFETIME_MS) == []
    (soon,) = ends.problems(T0 - 3 * LIFETIME_MS)
    assert soon.startswith("the fleet's certificate ends at 2027-01-15")
    (over,) = ends.problems(T0 + 1)
    assert over.startswith("the fleet's certificate ended at 2027-01-15")
