"""What decides for a catalog is trust, and what stands in for it in tests decides the same."""

from discovery.judge import Judge
from discovery.names import Origin
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from discovery.trust import TrustBook
from tests.discovery.bridgehead import EAST, HOME, RING, manifest_of, trusted
from tests.discovery.catalogs import RingJudge
from tests.discovery.lone import Believer


def refusal(judge: Judge, audience: tuple[str, ...], origin: Origin = EAST) -> Refusal | None:
    """Return why a judge refuses a manifest for these."""
    try:
        judge.judge(manifest_of(origin, EMPTY, audience=audience))
    except Refused as refused:
        return refused.reason
    return None


def exclusion(judge: Judge, audience: tuple[str, ...]) -> Refusal | None:
    """Return why a judge refuses that a manifest is for these, and not for us."""
    try:
        judge.judge_exclusion(manifest_of(EAST, EMPTY, audience=audience))
    except Refused as refused:
        return refused.reason
    return None


def test_a_manifest_is_for_us_or_not_for_us_and_never_both() -> None:
    book = TrustBook(HOME, {1: RING.public("home/1")}, RING)
    book.handle(trusted(EAST))
    for audience in ((), ("home",), ("ho*", "west")):
        assert refusal(book, audience) is None
        assert exclusion(book, audience) is Refusal.UNEXPECTED
    for audience in (("west",), ("east",), ("homer", "hom")):
        assert refusal(book, audience) is Refusal.AUDIENCE
        assert exclusion(book, audience) is None


def test_what_is_genuine_is_so_whomever_it_is_for() -> None:
    book = TrustBook(HOME, {1: RING.public("home/1")}, RING)
    true = manifest_of(EAST, EMPTY, audience=("west",))
    assert not book.is_genuine(true)
    book.handle(trusted(EAST))
    assert book.is_genuine(true)
    assert not book.is_genuine(manifest_of(EAST, EMPTY, generation=2))


def test_what_stands_in_for_trust_is_a_judge() -> None:
    judges: list[Judge] = [RingJudge(), Believer()]
    assert [refusal(each, ()) for each in judges] == [Refusal.UNTRUSTED] * 2
