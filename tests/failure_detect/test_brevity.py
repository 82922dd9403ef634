"""Claims without their certificate: who sends them so, who understands them, who does not."""

import pytest
from hypothesis import given

from failure_detect.brevity import SETTLED, expand, word_of
from failure_detect.claims import AliveClaim, Refutation
from failure_detect.clock import SECOND
from failure_detect.events import CertificateObtained, MemberReturned, MemberUpdated
from failure_detect.identity import Address, Identity, MemberId, NodeName, short_id
from failure_detect.members import Member, Status
from failure_detect.messages import Accused, Gossip, Ping
from failure_detect.wire import decode, encode_alive, encode_refutation
from tests.failure_detect.harness import Stage
from tests.failure_detect.peers import LAN, accusations
from tests.failure_detect.strategies import ALIVE_CLAIMS

KEY = MemberId(bytes(range(32)))
WHO = Identity(KEY, NodeName("n"), 1, Address("a:1"), "g")


def known(claim: AliveClaim) -> Member:
    """A member whose certificate has been known for long."""
    member = Member(WHO, 0, b"", 0)
    member.certificate = claim.certificate
    return member


def accused(stage: Stage) -> Ping:
    return Ping(1, 0, stage.detector.fingerprint, b"", Accused.OPENLY, 1)


# --- the two forms -----------------------------------------------------------------------


@given(ALIVE_CLAIMS)
def test_the_short_form_stands_for_the_whole_claim(claim: AliveClaim) -> None:
    member = known(claim)
    [short] = decode(word_of(member, claim, SETTLED), 1_200).items
    assert isinstance(short, Refutation)
    assert len(short.raw) < len(claim.raw) or len(claim.certificate) < 20
    whole = expand(short, member)
    assert whole is not None
    assert whole.raw == claim.raw
    assert word_of(member, whole, SETTLED) == short.raw


@given(ALIVE_CLAIMS)
def test_a_certificate_that_may_be_news_is_told(claim: AliveClaim) -> None:
    assert word_of(known(claim), claim, SETTLED - 1) == claim.raw
    stranger = Member(WHO, 0, b"", 0)
    assert word_of(stranger, claim, SETTLED) == claim.raw


@given(ALIVE_CLAIMS)
def test_another_certificate_gives_nothing(claim: AliveClaim) -> None:
    member = known(claim)
    member.certificate += b"."
    assert expand(encode_refutation(member.short, claim), member) is None


def test_what_a_later_version_says_is_kept_in_either_form() -> None:
    plain = encode_alive(b"certificate", 1, bytes(64))
    later = b"\x97" + plain.raw[1:] + b"\xc0\xc0\xa5later"
    [whole] = decode(later, 1_200).items
    assert isinstance(whole, AliveClaim)
    assert word_of(known(plain), whole, SETTLED) == later
    short = b"\x98" + encode_refutation(short_id(KEY), plain).raw[1:] + b"\xc0\xc0\xa5later"
    [refutation] = decode(short, 1_200).items
    assert isinstance(refutation, Refutation)
    expanded = expand(refutation, known(plain))
    assert expanded is not None
    assert word_of(known(plain), expanded, SETTLED) == short


# --- by the detector ---------------------------------------------------------------------


def test_a_refutation_is_told_without_the_certificate_and_answered_with_it() -> None:
    stage = Stage(peers=4)
    stage.run(SETTLED)
    since = stage.now
    stage.ping(stage.peers[0], accused(stage))
    stage.run(SECOND)
    told = {item.raw for item in stage.items(Refutation, since=since)}
    assert told == {stage.own.refutation(2)}
    answered = [item.raw for item in stage.items(AliveClaim, since=since)]
    assert answered == [stage.own.alive(2)]


def test_with_a_new_certificate_the_whole_claim_is_told() -> None:
    stage = Stage(peers=4)
    stage.run(SETTLED)
    renewed = stage.own.certified(address="elsewhere:1")
    stage.tell(CertificateObtained(renewed.certificate))
    stage.run(SECOND)
    assert {item.raw for item in stage.items(AliveClaim)} == {renewed.alive(2)}
    stage.run(SETTLED)
    stage.tell(CertificateObtained(renewed.certificate))
    stage.run(SECOND)
    assert {item.raw for item in stage.items(Refutation)} == {renewed.refutation(3)}


@pytest.mark.parametrize("form", ["alive", "refutation"])
def test_it_is_told_on_without_the_certificate_in_whatever_form_it_came(form: str) -> None:
    stage = Stage(peers=4)
    peer = stage.peers[0]
    stage.run(SETTLED)
    since = stage.now
    stage.hear(stage.peers[1], Gossip(), peer.alive(2) if form == "alive" else peer.refutation(2))
    assert stage.facts(since=since) == [MemberUpdated(peer.identity, 2)]
    stage.run(SECOND)
    assert {item.raw for item in stage.items(Refutation, since=since)} == {peer.refutation(2)}
    assert stage.items(AliveClaim, since=since) == []


def test_a_refutation_ends_a_suspicion_and_a_vouched_one_a_death() -> None:
    stage = Stage(peers=6)
    subject, voucher = stage.peers[:2]
    stage.silence(subject)
    stage.hear(voucher, Gossip(), accusations(subject, *stage.peers[1:4]))
    stage.hear(voucher, Gossip(), subject.refutation(2))
    assert stage.view(subject).status is Status.ALIVE
    stage.hear(voucher, Gossip(), accusations(subject, *stage.peers[1:4], incarnation=2))
    stage.run(LAN.suspicion.last_call)
    assert stage.view(subject).status is Status.DEAD
    stage.hear(voucher, Gossip(), subject.refutation(3))
    assert stage.view(subject).status is Status.DEAD
    stage.hear(voucher, Gossip(), subject.refutation(3, voucher=voucher))
    assert stage.facts()[-1] == MemberReturned(subject.key, 3)


def test_what_is_forged_unknown_or_of_another_certificate_changes_nothing() -> None:
    stage = Stage(peers=4)
    peer, teller = stage.peers[:2]
    before = list(stage.detector.members())
    stage.hear(teller, Gossip(), peer.refutation(2)[:-64] + bytes(64))
    stage.hear(teller, Gossip(), peer.certified(start=2).refutation(2))
    stage.hear(teller, Gossip(), stage.make("unknown").refutation(2))
    stage.hear(teller, Gossip(), peer.refutation(1), stage.own.refutation(9))
    assert list(stage.detector.members()) == before
    once = ("signature", "certificate", "unknown_member", "unsigned_incarnation")
    assert stage.refused() == dict.fromkeys(once, 1)


def test_hearing_it_again_in_either_form_counts_as_telling_it() -> None:
    counts = {}
    for form in ("none", "alive", "refutation"):
        stage = Stage(peers=4)
        peer = stage.peers[0]
        stage.run(SETTLED)
        since = stage.now
        stage.hear(stage.peers[1], Gossip(), peer.refutation(2))
        word = {"none": b"", "alive": peer.alive(2), "refutation": peer.refutation(2)}[form]
        for _ in range(3 if word else 0):
            stage.hear(stage.peers[2], Gossip(), word)
        stage.run(SECOND)
        counts[form] = len(stage.items(Refutation, since=since))
    assert counts["alive"] == counts["refutation"] == counts["none"] - 3
