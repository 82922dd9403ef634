"""One origin: what it may do here, how it stands, and what tiers have to know of it."""

import pytest

from discovery.endpoints import Endpoint
from discovery.holdings import Held
from discovery.importing import ImportRule
from discovery.keys import CLUSTER_KEY, DRAIN_KEY
from discovery.recordset import Change
from discovery.standing import Standing, Verdict
from discovery.tally import ZoneCount
from discovery.tiers import Candidate, Viewpoint
from discovery.view_origin import UNJUDGED, Circumstances, Known
from discovery.view_rows import Source
from tests.discovery.view_world import (
    CART,
    GATEWAY,
    SHOP,
    A,
    B,
    cluster,
    drain,
    endpoints,
    exported,
)

HERE = Circumstances(viewpoint=Viewpoint(own=A), now=0)
EVERYTHING = ImportRule()


def known(rule: ImportRule | None = EVERYTHING, **more: bytes) -> Known:
    found = Known(B, rule)
    records = exported(SHOP, endpoints("10.0.0.1"))
    found.index.apply([Change(key, None, value) for key, value in records.items()], 0, 3)
    return found


@pytest.mark.parametrize(
    ("rule", "admits"),
    [
        (None, False),
        (EVERYTHING, True),
        (ImportRule(relay_only=True), False),
        (ImportRule(services=(("shop", "ch*"),)), True),
        (ImportRule(services=(("bank", "*"),)), False),
        (ImportRule(services=(("shop", "*"),), relay_only=True), False),
    ],
)
def test_trust_decides_what_it_serves(rule: ImportRule | None, admits: bool) -> None:
    assert known(rule).admits(SHOP) is admits


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_verdict_that_removes_takes_everything(verdict: Verdict) -> None:
    origin = known(ImportRule(policies=True, precedence=4))
    origin.standing = Standing(verdict, 0, "")
    assert origin.admits(SHOP) is verdict.serves
    assert origin.policy_precedence() == (4 if verdict.serves else None)


@pytest.mark.parametrize("rule", [None, EVERYTHING, ImportRule(policies=True, relay_only=True)])
def test_policies_hold_where_trust_says_so(rule: ImportRule | None) -> None:
    assert known(rule).policy_precedence() is None


def test_nobody_s_verdict_is_live() -> None:
    assert known().standing is UNJUDGED
    assert UNJUDGED.verdict is Verdict.LIVE


def test_a_candidate_has_what_the_origin_says() -> None:
    origin = known()
    records = {
        CLUSTER_KEY: cluster(region="eu", network="n", gateways=(GATEWAY,), capacity=9),
        DRAIN_KEY: drain(ramp_s=0),
    }
    origin.index.apply([Change(key, None, value) for key, value in records.items()], 0, 4)
    origin.index.held[SHOP] = Held((Endpoint("10.0.0.1"), Endpoint("10.0.0.9")), "why", 8)
    assert origin.candidate(SHOP, HERE) == Candidate(
        origin=B,
        region="eu",
        network="n",
        gateways=(GATEWAY,),
        zones=(ZoneCount("", 1, 1),),
        cluster_capacity=9,
        drain=0,
        held=1,
    )
    assert origin.candidate(CART, HERE).zones == ()
    assert origin.edition(SHOP) == 8
    assert origin.edition(CART) == 0


def test_a_source_is_a_snapshot() -> None:
    origin = known()
    before = origin.source(SHOP)
    origin.index.apply([Change(b"export/shop/checkout", None, None)], 0, 5)
    assert origin.source(SHOP) == before
    assert origin.source(CART) == Source(origin=B, numbers=(), values=(), down=frozenset())
    assert origin.gateways_only().values == ()
