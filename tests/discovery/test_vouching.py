"""A generation is bound to its key, and what is wrong with a signature is said precisely."""

from dataclasses import replace

import pytest

from discovery.names import PublicKey
from discovery.refusals import Refusal, Refused
from discovery.trust_objects import read_trust_object
from discovery.vouching import (
    CLOCK_SKEW_MS,
    Vouch,
    cluster_vouches,
    fleet_vouch,
    own_vouches,
    pick,
)
from tests.discovery.trusted import (
    EAST,
    HOME,
    NOW_MS,
    PROD_A,
    PROD_B,
    VERIFIER,
    cluster_body,
    key,
    spec_key,
    trusted_cluster,
    trusted_fleet,
    trusted_object,
    uid,
    vouched,
)

ONE, TWO, THREE = (key(EAST, generation).public for generation in (1, 2, 3))


def vouch(generation: int, public: PublicKey) -> Vouch:
    return Vouch(origin=EAST, generation=generation, key=public, subject="this test")


@pytest.mark.parametrize(
    ("generation", "signer", "reason"),
    [
        (1, ONE, None),
        (2, TWO, None),
        (1, TWO, Refusal.GENERATION),
        (2, ONE, Refusal.GENERATION),
        (3, ONE, Refusal.GENERATION),
        (1, THREE, Refusal.SIGNATURE),
        (3, THREE, Refusal.KEY),
    ],
)
def test_one_key_speaks_for_a_generation(
    generation: int, signer: PublicKey, reason: Refusal | None
) -> None:
    vouches = [vouch(1, ONE), vouch(2, TWO)]
    if reason is None:
        assert pick(vouches, generation, signer.__eq__, "it").key == signer
        return
    with pytest.raises(Refused) as caught:
        pick(vouches, generation, signer.__eq__, "it")
    assert caught.value.reason is reason


def test_of_nobody_there_is_no_key() -> None:
    with pytest.raises(Refused, match="there is no key of generation 1"):
        pick([], 1, ONE.__eq__, "it")


def test_a_cluster_object_says_all_of_its_keys() -> None:
    document = trusted_cluster(
        "east", spec_key(2, TWO), spec_key(1, ONE, NOW_MS), uid="stated"
    ).document
    trust = read_trust_object(document)
    assert [*map(_said, cluster_vouches(trust))] == [  # type: ignore[arg-type]  # Of that kind.
        (1, ONE, "stated", NOW_MS, None),
        (2, TWO, "stated", 0, None),
    ]


def _said(each: Vouch) -> tuple[object, ...]:
    return each.generation, each.key, each.uid, each.not_after_ms, each.fleet


def test_the_own_cluster_vouches_for_itself() -> None:
    said = [*map(_said, own_vouches(HOME, {2: TWO, 1: ONE}, "mine"))]
    assert said == [(1, ONE, "mine", 0, None), (2, TWO, "mine", 0, None)]


def test_a_fleet_vouches_by_certificate() -> None:
    fleet = key("fleet", "prod").public
    trust = read_trust_object(trusted_fleet("prod", "prod-*").document)
    found = fleet_vouch(trust, PROD_A, vouched(PROD_A), VERIFIER)  # type: ignore[arg-type]  # Of that kind.
    body = cluster_body(PROD_A)
    assert _said(found) == (1, body.key, uid(PROD_A), body.not_after_ms, fleet)
    assert found.not_before_ms == body.not_before_ms


@pytest.mark.parametrize(
    ("end_of_fleet_ms", "expected_ms"),
    [(NOW_MS, NOW_MS), (NOW_MS * 2, cluster_body(PROD_A).not_after_ms)],
)
def test_the_earlier_end_of_fleet_and_certificate_counts(
    end_of_fleet_ms: int, expected_ms: int
) -> None:
    entry = spec_key(0, key("fleet", "prod").public, end_of_fleet_ms)
    del entry["generation"]
    spec = {"keys": [entry], "clusters": ["*"]}
    trust = read_trust_object(trusted_object("TrustedFleet", "prod", spec).document)
    found = fleet_vouch(trust, PROD_A, vouched(PROD_A), VERIFIER)  # type: ignore[arg-type]  # Of that kind.
    assert found.not_after_ms == expected_ms


@pytest.mark.parametrize(
    ("certificate", "what"),
    [
        (None, "carries no certificate"),
        (vouched(PROD_B), "carries the certificate of prod-b"),
        (vouched(PROD_A, fleet="evil"), "is of no key of TrustedFleet/prod"),
    ],
)
def test_what_a_fleet_did_not_say_is_no_key(certificate: None, what: str) -> None:
    trust = read_trust_object(trusted_fleet("prod", "prod-*").document)
    with pytest.raises(Refused, match=what) as caught:
        fleet_vouch(trust, PROD_A, certificate, VERIFIER)  # type: ignore[arg-type]  # Of that kind.
    assert caught.value.reason is Refusal.KEY


def test_time_is_over_after_the_end_and_has_come_some_minutes_before_the_beginning() -> None:
    timed = replace(vouch(1, ONE), not_before_ms=NOW_MS, not_after_ms=NOW_MS)
    assert not timed.is_expired(NOW_MS)
    assert timed.is_expired(NOW_MS + 1)
    assert not timed.is_early(NOW_MS - CLOCK_SKEW_MS)
    assert timed.is_early(NOW_MS - CLOCK_SKEW_MS - 1)
    assert not timed.is_expired(None)
    assert not timed.is_early(None)
    assert not vouch(1, ONE).is_expired(NOW_MS)
