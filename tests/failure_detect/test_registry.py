"""Who is a member: admission, refutation, leaving, succession."""

from dataclasses import replace
from random import Random

import pytest

from failure_detect.claims import INCARNATION_MAX, AliveClaim, alive_message
from failure_detect.clock import MINUTE, SECOND
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    CertificateObtained,
    MemberJoined,
    MembersRestored,
    MemberUpdated,
    NodeDeleted,
    SendDatagram,
)
from failure_detect.identity import MemberId, NodeName
from failure_detect.members import Status
from failure_detect.messages import Accused, Claims, Gossip, Ping
from failure_detect.wire import encode_alive
from tests.failure_detect.harness import START, Stage
from tests.failure_detect.peers import LAN, Peer, accusations


def accused(stage: Stage, incarnation: int, how: Accused = Accused.OPENLY) -> Ping:
    return Ping(1, 0, stage.detector.fingerprint, b"", how, incarnation)


def own_incarnation(stage: Stage) -> int:
    return stage.detector.statistics().incarnation


# --- joining -----------------------------------------------------------------------------


def test_a_strangers_own_claim_makes_it_a_member_and_is_told_on() -> None:
    stage = Stage(peers=4)
    newcomer = stage.make("newcomer")
    stage.introduce(newcomer)
    assert stage.facts() == [MemberJoined(newcomer.identity, 1)]
    stage.run(SECOND)
    assert newcomer.alive() in {claim.raw for claim in stage.items(AliveClaim)}


def test_the_same_claim_again_is_no_news() -> None:
    stage = Stage(peers=4)
    fingerprint = stage.detector.fingerprint
    for peer in stage.peers:
        stage.hear(peer, Gossip(), *(each.alive() for each in stage.peers))
    assert (stage.facts(), stage.refused()) == ([], {})
    assert stage.detector.fingerprint == fingerprint


def test_a_certificate_that_is_too_large_or_none_admits_nobody() -> None:
    stage = Stage(peers=2)
    huge = stage.make("huge").certified(node="n" * LAN.limit.certificate_bytes)
    stage.hear(stage.peers[0], Gossip(), huge.alive())
    stage.hear(stage.peers[0], Gossip(), encode_alive(b"no certificate", 1, b"s" * 64).raw)
    assert stage.refused() == {"over_limit": 1, "certificate": 1}
    assert len(list(stage.detector.members())) == 3


def test_a_claim_that_its_subject_did_not_sign_admits_and_updates_nobody() -> None:
    stage = Stage(peers=2)
    liar = stage.peers[0]
    for victim in (stage.peers[1], stage.make("victim")):
        message = alive_message(LAN.pool, victim.key, 9, victim.certificate)
        claim = encode_alive(victim.certificate, 9, liar.sign(message)).raw
        before = list(stage.detector.members())
        stage.hear(liar, Gossip(), claim)
        assert list(stage.detector.members()) == before
    assert stage.refused() == {"signature": 2}


def test_a_claim_for_another_pool_is_worth_nothing() -> None:
    stage = Stage(peers=2)
    other = replace(stage.make("other"), pool=b"wan")
    stage.hear(stage.peers[0], Gossip(), other.alive())
    assert stage.refused() == {"signature": 1}


def test_claims_are_passed_on_as_they_came_with_fields_of_later_versions() -> None:
    stage = Stage(peers=4)
    newcomer = stage.make("newcomer")
    raw = newcomer.alive()
    later = b"\x97" + raw[1:] + b"\xc0\xc0" + b"\xa5later"
    stage.hear(stage.peers[0], Gossip(), later)
    assert stage.facts() == [MemberJoined(newcomer.identity, 1)]
    stage.run(SECOND)
    assert later in {claim.raw for claim in stage.items(AliveClaim)}


def test_a_claim_that_no_datagram_could_carry_is_refused_from_a_stream_too() -> None:
    stage = Stage(peers=4)
    newcomer = stage.make("newcomer")
    raw = newcomer.alive()
    padding = b"\xc5" + (5_000).to_bytes(2) + bytes(5_000)
    stage.ask(stage.peers[0], Claims(), b"\x97" + raw[1:] + b"\xc0\xc0" + padding)
    assert stage.refused()["over_limit"] == 1
    assert stage.facts() == []


def test_there_is_a_limit_to_members() -> None:
    stage = Stage(peers=3, config=LAN.with_overrides({"limit.members": 4}))
    stage.introduce(stage.make("one too many"))
    assert stage.refused() == {"over_limit": 1, "unknown_sender": 1}
    assert stage.facts() == []


def test_a_short_id_names_one_member_only() -> None:
    stage = Stage(peers=2)
    first = stage.peers[0]
    twin_key = MemberId(first.key[:8] + bytes(24))
    twin = replace(first, identity=replace(stage.make("twin").identity, member=twin_key))
    stage.hear(stage.peers[1], Gossip(), twin.alive())
    assert stage.refused() == {"over_limit": 1}
    assert stage.view(first).identity == first.identity


# --- updates -----------------------------------------------------------------------------


def test_a_new_certificate_of_the_same_key_changes_the_address() -> None:
    stage = Stage(peers=4)
    moved = stage.peers[0].certified(start=2, address="elsewhere.example:1")
    stage.hear(stage.peers[1], Gossip(), moved.alive(2))
    assert stage.facts() == [MemberUpdated(moved.identity, 2)]
    since = stage.now
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=moved, since=since)), 20 * SECOND)
    sent = [effect for _, effect in stage.log if isinstance(effect, SendDatagram)]
    assert {each.address for each in sent if each.to == moved.key} == {moved.identity.address}


def test_an_older_certificate_of_the_same_key_keeps_the_newer_address() -> None:
    stage = Stage(peers=4)
    old = stage.peers[0]
    moved = old.certified(start=2, address="elsewhere.example:1")
    stage.hear(stage.peers[1], Gossip(), moved.alive(2))
    stage.hear(stage.peers[1], Gossip(), old.alive(3))
    assert stage.view(old).identity == moved.identity
    assert stage.view(old).incarnation == 3


def test_a_member_that_moves_to_another_cluster_is_counted_there() -> None:
    stage = Stage(peers=4)
    mover = stage.peers[0]
    moved = replace(mover, identity=replace(mover.identity, group="beta", start=2))
    stage.hear(stage.peers[1], Gossip(), moved.alive(2))
    assert stage.view(mover).identity.group == "beta"


def test_our_own_new_certificate_is_told_at_a_higher_incarnation() -> None:
    stage = Stage(peers=4)
    moved = stage.own.certified(start=2, address="elsewhere.example:1")
    stage.tell(CertificateObtained(moved.certificate))
    stage.run(SECOND)
    assert {claim.raw for claim in stage.items(AliveClaim)} == {moved.alive(2)}
    assert stage.view(stage.own).identity == moved.identity


def test_somebody_elses_certificate_or_none_is_not_ours() -> None:
    stage = Stage(peers=4)
    stage.tell(CertificateObtained(stage.peers[0].certificate))
    stage.tell(CertificateObtained(b"none"))
    assert stage.refused() == {"certificate": 2}
    assert own_incarnation(stage) == 1


def test_a_certificate_that_others_would_refuse_is_not_taken_for_our_own() -> None:
    stage = Stage(peers=4)
    huge = stage.own.certified(start=2, node="n" * 1_500)
    stage.tell(CertificateObtained(huge.certificate))
    assert stage.refused() == {"over_limit": 1}
    # The answer to a ping that accuses carries our claim: it must fit a datagram.
    stage.ping(stage.peers[0], accused(stage, 1))
    stage.run(SECOND)
    assert {claim.raw for claim in stage.items(AliveClaim)} == {stage.own.alive(2)}


def test_a_certificate_that_came_late_does_not_lower_the_start_number() -> None:
    stage = Stage(peers=4)
    second, third = stage.own.certified(start=2), stage.own.certified(start=3)
    stage.tell(CertificateObtained(third.certificate))
    stage.tell(CertificateObtained(second.certificate))
    assert stage.refused() == {"stale": 1}
    assert stage.view(stage.own).identity == third.identity
    stage.tell(CertificateObtained(third.certified(address="moved.example:1").certificate))
    assert stage.view(stage.own).identity.address == "moved.example:1"


def test_a_detector_without_a_good_certificate_does_not_start() -> None:
    stage = Stage(peers=0)
    huge = stage.own.certified(node="n" * 600)
    for certificate in (b"none", huge.certificate):
        with pytest.raises(ValueError, match=r"\$\.certificate"):
            FailureDetector(
                certificate,
                LAN,
                authority=stage.notary.signer(stage.own.key),
                now=START,
                rng=Random(1),
            )


# --- refuting ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", [Accused.OPENLY, Accused.DEAD])
def test_an_open_accusation_is_refuted_one_incarnation_above(how: Accused) -> None:
    stage = Stage(peers=4)
    effects = stage.ping(stage.peers[0], accused(stage, 1, how))
    assert own_incarnation(stage) == 2
    assert stage.detector.statistics().health == 1
    assert len(effects) == 1
    assert stage.items(AliveClaim)[0].raw == stage.own.alive(2)
    stage.run(SECOND)
    assert {claim.raw for claim in stage.items(AliveClaim)} == {stage.own.alive(2)}


def test_a_quiet_suspicion_wants_a_proof_and_no_refutation() -> None:
    stage = Stage(peers=4)
    stage.ping(stage.peers[0], accused(stage, 1, Accused.QUIETLY))
    assert own_incarnation(stage) == 1


def test_gossiped_accusations_of_ourselves_are_refuted_if_somebody_signed_them() -> None:
    stage = Stage(peers=4)
    liar, other = stage.peers[:2]
    stage.hear(liar, Gossip(), accusations(stage.own, stage.make("unknown"), stage.own))
    assert (own_incarnation(stage), stage.refused()) == (1, {"signature": 1})
    stage.hear(liar, Gossip(), accusations(stage.own, other))
    assert own_incarnation(stage) == 2


def test_what_is_below_our_incarnation_or_ahead_of_it_is_not_refuted() -> None:
    stage = Stage(peers=4)
    stage.ping(stage.peers[0], accused(stage, 0))
    stage.ping(stage.peers[0], accused(stage, 2))
    assert own_incarnation(stage) == 1
    assert stage.refused() == {"unsigned_incarnation": 1}


def test_refutations_are_limited_each_second() -> None:
    stage = Stage(peers=4)
    for _ in range(20):
        stage.ping(stage.peers[0], accused(stage, own_incarnation(stage)))
    assert own_incarnation(stage) == 1 + LAN.limit.refutations
    assert stage.refused() == {"over_limit": 20 - LAN.limit.refutations}
    stage.run(SECOND)
    stage.ping(stage.peers[0], accused(stage, own_incarnation(stage)))
    assert own_incarnation(stage) == 2 + LAN.limit.refutations


def test_incarnations_saturate_without_overflow() -> None:
    stage = Stage(peers=4)
    subject = stage.peers[0]
    stage.hear(subject, Gossip(), subject.alive(INCARNATION_MAX))
    assert stage.view(subject).incarnation == INCARNATION_MAX
    accuser = stage.peers[1]
    stage.hear(accuser, Gossip(), accusations(subject, accuser, incarnation=INCARNATION_MAX))
    assert stage.view(subject).status is Status.SUSPECT
    stage.hear(accuser, Gossip(), subject.alive(INCARNATION_MAX))
    assert stage.view(subject).status is Status.SUSPECT
    stage.ping(accuser, accused(stage, INCARNATION_MAX))
    assert stage.refused() == {"unsigned_incarnation": 1}


# --- keeping and forgetting --------------------------------------------------------------


def test_what_is_kept_over_a_restart_restores_the_living() -> None:
    stage = Stage(peers=5)
    dead, gone = stage.peers[:2]
    stage.hear(stage.peers[2], Gossip(), gone.left())
    stage.silence(dead)
    stage.hear(stage.peers[2], Gossip(), accusations(dead, *stage.peers[2:5]))
    stage.run(LAN.suspicion.last_call)
    kept = stage.detector.snapshot()
    assert set(kept) == {peer.alive() for peer in stage.peers[2:]}
    again = Stage(peers=5, known=False)
    again.tell(MembersRestored((*kept, b"\xc1", b"")))
    joined = {fact.identity for fact in again.facts() if isinstance(fact, MemberJoined)}
    assert joined == {peer.identity for peer in stage.peers[2:]}
    assert again.refused() == {"malformed": 2}
    again.run(SECOND)
    told = {claim.raw for claim in again.items(AliveClaim)}
    assert told == {again.own.alive()}


def test_a_deleted_node_is_forgotten_with_its_dead_and_gone() -> None:
    stage = Stage(peers=6)
    dead, gone, living = stage.peers[:3]
    stage.hear(stage.peers[3], Gossip(), gone.left())
    stage.silence(dead)
    stage.hear(stage.peers[3], Gossip(), accusations(dead, *stage.peers[3:6]))
    stage.run(LAN.suspicion.last_call)
    for node in ("node-p1", "node-p2", "node-p3", "node-nowhere"):
        stage.tell(NodeDeleted(NodeName(node)))
    known = {view.identity.member for view in stage.detector.members()}
    assert known == {peer.key for peer in stage.cast} - {dead.key, gone.key}
    assert stage.view(living).status is Status.ALIVE
    stage.run(MINUTE)
    assert stage.detector.statistics().watched == 0


def test_a_watch_over_a_forgotten_member_ends() -> None:
    stage = Stage(peers=6)
    dead = stage.peers[0]
    stage.silence(dead)
    stage.hear(stage.peers[3], Gossip(), accusations(dead, *stage.peers[3:6]))
    stage.run(LAN.suspicion.last_call)
    stage.hear(stage.peers[1], Gossip(), dead.alive(2))
    stage.ping(dead)
    stage.tell(NodeDeleted(dead.identity.node))
    stage.manners.clear()
    stage.run(MINUTE)
    assert stage.detector.member(dead.key) is None
    assert stage.detector.statistics().watched == 0


def test_the_same_node_name_in_another_cluster_is_another_node() -> None:
    stage = Stage(peers=3, groups=("alpha", "beta"))
    far: Peer = stage.peers[0]
    twin = stage.make("twin").certified(node=far.identity.node)
    stage.introduce(twin)
    assert stage.facts() == [MemberJoined(twin.identity, 1)]
    stage.hear(stage.peers[1], Gossip(), far.left())
    stage.tell(NodeDeleted(far.identity.node))
    assert stage.detector.member(far.key) is not None
