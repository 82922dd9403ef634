"""Two words of one key for one place are proof; nothing else is, and proofs stay few."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.evidence import (
    EVIDENCE_BYTES_MAX,
    PAIRS_MAX,
    PAIRS_PER_ORIGIN_MAX,
    Evidence,
    EvidenceLog,
    Place,
    decode_evidence,
    evidence_of,
)
from discovery.manifest import Body, Manifest, sign_manifest
from discovery.names import Origin
from discovery.refusals import Refusal, Refused
from failure_detect.packing import pack
from tests.discovery.keyring import Keyring
from tests.discovery.trusted import (
    EAST,
    PROD_A,
    VERIFIER,
    body_of,
    book_with,
    key,
    manifest_of,
    trusted_cluster,
    trusted_fleet,
)

RING = Keyring()
SIGNER = RING.signer("east")
BODY = body_of(EAST)


def signed(body: Body, name: str = "east") -> Manifest:
    return sign_manifest(body, RING.signer(name))


def pair(origin: Origin = EAST, version: int = 1) -> Evidence:
    body = body_of(origin, version=version)
    other = replace(body, root=bytes(32))
    return evidence_of(signed(body), signed(other), SIGNER.public)


def test_a_pair_proves_that_one_key_signed_both() -> None:
    evidence = pair()
    assert evidence.is_proof(RING)
    assert evidence.place == Place(EAST, BODY.generation, BODY.epoch, 1)
    assert evidence.first.body.root == bytes(32)
    assert evidence_of(evidence.second, evidence.first, SIGNER.public) == evidence


def test_the_same_root_in_another_body_is_proof_as_well() -> None:
    two = signed(replace(BODY, signed_at_ms=7))
    assert evidence_of(signed(BODY), two, SIGNER.public).is_proof(RING)


OTHER = replace(BODY, root=bytes(32))


@pytest.mark.parametrize(
    "evidence",
    [
        evidence_of(signed(BODY), signed(BODY), SIGNER.public),
        evidence_of(signed(BODY), signed(OTHER, "west"), SIGNER.public),
        evidence_of(signed(BODY, "west"), signed(OTHER), SIGNER.public),
        evidence_of(signed(BODY), signed(OTHER), RING.signer("west").public),
        evidence_of(signed(BODY), signed(replace(OTHER, version=2)), SIGNER.public),
        evidence_of(signed(BODY), signed(replace(OTHER, epoch=2)), SIGNER.public),
        evidence_of(signed(BODY), signed(replace(OTHER, generation=2)), SIGNER.public),
        evidence_of(signed(BODY), signed(replace(OTHER, origin=PROD_A)), SIGNER.public),
    ],
)
def test_what_proves_nothing_is_not_kept(evidence: Evidence) -> None:
    log = EvidenceLog()
    with pytest.raises(Refused) as caught:
        log.add(evidence, RING)
    assert caught.value.reason is Refusal.SIGNATURE
    assert (len(log), log.repeated) == (0, 0)


def test_evidence_survives_as_bytes() -> None:
    evidence = pair()
    assert decode_evidence(evidence.raw) == evidence
    assert decode_evidence(evidence.raw).is_proof(RING)


@pytest.mark.parametrize(
    "raw",
    [
        bytes(EVIDENCE_BYTES_MAX + 1),
        b"",
        pack([bytes(31), pair().first.raw, pair().second.raw]),
        pack([SIGNER.public, pair().second.raw, pair().first.raw]),
        pack([SIGNER.public, pair().first.raw]),
        pack([SIGNER.public, pair().first.raw, b"garbage"]),
        pair().raw + pair().raw,
    ],
)
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        decode_evidence(raw)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        decode_evidence(raw)


def test_a_place_is_kept_once_and_an_origin_a_few_times() -> None:
    log = EvidenceLog()
    assert log.add(pair(), RING)
    assert not log.add(pair(), RING)
    for version in range(2, PAIRS_PER_ORIGIN_MAX + 1):
        assert log.add(pair(version=version), RING)
    assert not log.add(pair(version=99), RING)
    assert log.add(pair(PROD_A), RING)
    assert [each.place.version for each in log.pairs(EAST)] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert log.pairs()[-1] == pair(PROD_A)
    assert log.repeated == 2
    log.check_invariants()


def test_all_pairs_together_are_bounded() -> None:
    log = EvidenceLog()
    for number in range(PAIRS_MAX):
        assert log.add(pair(Origin(f"c{number}")), RING)
    assert not log.add(pair(), RING)
    assert len(log) == PAIRS_MAX


@pytest.mark.parametrize("origin", [EAST, PROD_A])
def test_trust_knows_whose_key_it_is(origin: Origin) -> None:
    book = book_with(trusted_cluster("east"), trusted_fleet("prod", "prod-*"))
    one = manifest_of(body_of(origin))
    two = manifest_of(replace(body_of(origin), root=bytes(32)))
    assert book.signer_of(one) == key(origin, 1).public
    log = EvidenceLog()
    assert log.add(evidence_of(one, two, book.signer_of(one)), VERIFIER)
