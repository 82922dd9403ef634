"""The detector's authority signs claims, and lets into each pool whom it belongs to."""

from dataclasses import replace
from random import Random

import pytest

from discovery.agent_authority import AgentAuthority, Scope
from discovery.authority import Domain
from discovery.certificates import Roles, identity_of
from discovery.names import Origin
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.identity import Authority, MemberId
from failure_detect.validation import ConfigError
from tests.discovery.trusted import (
    EAST,
    HOME,
    PROD_A,
    VERIFIER,
    agent_body,
    agent_of,
    book_with,
    key,
    trusted_cluster,
    trusted_fleet,
)

ME = key(HOME, "agent", "node-1")
BOOK = book_with(trusted_cluster("east"), trusted_fleet("prod", "prod-*"))


def authority(scope: Scope) -> AgentAuthority:
    return AgentAuthority(ME, BOOK, VERIFIER, scope)


def test_claims_are_signed_under_their_own_domain() -> None:
    mine: Authority = authority(Scope.LAN)
    signature = mine.sign(b"claim")
    assert mine.verify(MemberId(ME.public), b"claim", signature)
    assert not mine.verify(MemberId(ME.public), b"another", signature)
    assert not mine.verify(MemberId(key("other").public), b"claim", signature)
    assert not mine.verify(MemberId(ME.public), b"claim", ME.sign(Domain.OVERLAY, b"claim"))
    assert not mine.verify(MemberId(b"short"), b"claim", signature)


@pytest.mark.parametrize(
    ("scope", "origin", "may_bridge", "is_let_in"),
    [
        (Scope.LAN, HOME, True, True),
        (Scope.LAN, HOME, False, True),
        (Scope.LAN, EAST, True, False),
        (Scope.LAN, PROD_A, True, False),
        (Scope.WAN, HOME, True, True),
        (Scope.WAN, EAST, True, True),
        (Scope.WAN, PROD_A, True, True),
        (Scope.WAN, HOME, False, False),
        (Scope.WAN, EAST, False, False),
        (Scope.WAN, Origin("stranger"), True, False),
    ],
)
def test_a_pool_lets_in_whom_it_belongs_to(
    scope: Scope, origin: Origin, may_bridge: bool, is_let_in: bool
) -> None:
    body = replace(agent_body(origin), roles=Roles(may_bridge=may_bridge))
    certificate = agent_of(body)
    mine = authority(scope)
    expected = identity_of(certificate) if is_let_in else None
    assert mine.identify(certificate.raw) == expected
    assert mine.refusals.counts() == ({} if is_let_in else {"untrusted": 1})
    assert [each.origin for each in mine.refusals.latest()] == ([] if is_let_in else [origin])


def test_what_is_no_certificate_is_counted_by_its_fault() -> None:
    mine = authority(Scope.WAN)
    assert mine.identify(b"nothing") is None
    assert mine.identify(bytes(600)) is None
    assert mine.refusals.counts() == {"malformed": 1, "oversized": 1}
    assert [each.origin for each in mine.refusals.latest()] == ["", ""]


def test_a_detector_starts_with_it() -> None:
    mine = authority(Scope.WAN)
    certificate = agent_of(agent_body(HOME)).raw
    FailureDetector(certificate, DetectorConfig.wan(), authority=mine, now=0, rng=Random(0))
    stranger = agent_of(agent_body(Origin("stranger"))).raw
    with pytest.raises(ConfigError):
        FailureDetector(stranger, DetectorConfig.wan(), authority=mine, now=0, rng=Random(0))
