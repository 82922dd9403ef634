"""The confirmer: it says that it is at work, looks for itself, and says what it saw."""

from dataclasses import replace

import pytest

from failure_detect.claims import Accusations, AliveClaim
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import MemberDied, MemberSuspected, ResponseReceived, SuspicionLifted
from failure_detect.messages import (
    Accuse,
    Accused,
    Ack,
    Gossip,
    Ping,
    Receipt,
    Suspect,
    Vouch,
)
from failure_detect.wire import encode
from tests.failure_detect.harness import TRIP, Stage, one
from tests.failure_detect.peers import LAN, SILENT, Manner, Peer, accusations

SUSPICION = LAN.suspicion
TRYING = SUSPICION.tries * SUSPICION.try_timeout
NONCE = b"a nonce."


def word(asker: Peer, subject: Peer, incarnation: int = 1, nonce: bytes = NONCE) -> Suspect:
    signature = asker.accusation(subject, incarnation)
    return Suspect(subject.short, incarnation, signature, nonce)


def asked_about(subject_manner: Manner = SILENT, peers: int = 6) -> tuple[Stage, Peer, Peer]:
    """A stage on which one peer has just asked about another: stage, asker, subject."""
    stage = Stage(peers=peers)
    asker, subject = stage.peers[:2]
    stage.silence(subject, manner=subject_manner)
    stage.hear(asker, word(asker, subject))
    return stage, asker, subject


# --- at work -----------------------------------------------------------------------------


def test_it_gives_a_receipt_and_looks_over_both_paths_at_once() -> None:
    stage, asker, subject = asked_about()
    receipt = one(stage.sent(Receipt))
    assert (receipt.at, receipt.to, receipt.message.subject) == (
        stage.now,
        asker.key,
        subject.short,
    )
    for ping in (one(stage.sent(Ping, to=subject)), one(stage.asked(Ping))):
        assert (ping.at, ping.to) == (stage.now, subject.key)
        held = ping.message
        assert (held.accused, held.incarnation, held.nonce) == (Accused.QUIETLY, 1, NONCE)
    assert stage.detector.statistics().confirmations == 1
    assert stage.facts() == []


def test_it_tries_again_and_again_and_then_accuses_to_the_asker_alone() -> None:
    stage, asker, subject = asked_about()
    begun = stage.now
    stage.run(TRYING - 1)
    tries = [ping.at for ping in stage.sent(Ping, to=subject) if ping.message.nonce == NONCE]
    assert tries == [begun + i * SUSPICION.try_timeout for i in range(SUSPICION.tries)]
    assert not stage.sent(Accuse)
    stage.run(1)
    accuse = one(stage.sent(Accuse))
    assert (accuse.at, accuse.to) == (begun + TRYING, asker.key)
    assert accuse.message == Accuse(subject.short, 1, stage.own.accusation(subject))
    assert MemberSuspected(subject.key, 1) in stage.facts()
    assert stage.items(Accusations) == []
    assert stage.detector.statistics().confirmations == 0


def test_it_tells_what_it_knows_where_the_asker_does_not() -> None:
    stage, asker, subject = asked_about()
    stage.run(TRYING + 400 * MILLISECOND - 1)
    assert stage.items(Accusations) == []
    stage.run(1 + MILLISECOND)
    claim = stage.items(Accusations)[0]
    assert [short for short, _ in claim.signatures] == [stage.own.short, asker.short]
    assert stage.detector.statistics().dead == 0
    assert claim.subject == subject.short


def test_whose_accusation_is_not_signed_by_itself_is_not_helped() -> None:
    stage = Stage(peers=6)
    asker, subject = stage.peers[:2]
    stage.silence(subject)
    stage.hear(asker, Suspect(subject.short, 1, stage.peers[2].accusation(subject), NONCE))
    stage.run(TRYING + 500 * MILLISECOND)
    assert stage.refused() == {"signature": 1}
    assert stage.sent(Receipt) == []
    assert stage.items(Accusations) == []


# --- proof of life -----------------------------------------------------------------------


def test_the_subjects_proof_goes_to_the_asker_as_a_vouch() -> None:
    stage, asker, subject = asked_about(Manner(streams=False))
    stage.run(TRIP)
    vouch = one(stage.sent(Vouch))
    assert (vouch.at, vouch.to) == (stage.now, asker.key)
    assert vouch.message == Vouch(subject.short, NONCE, subject.proof(NONCE))
    stage.run(TRYING)
    assert not stage.sent(Accuse)
    assert stage.facts() == []
    assert stage.detector.statistics().confirmations == 0


def test_a_proof_over_the_stream_is_as_good() -> None:
    stage, asker, _ = asked_about(Manner(acks=False))
    stage.run(TRIP)
    assert one(stage.sent(Vouch)).to == asker.key


@pytest.mark.parametrize("proof", [b"", b"x" * 64], ids=["none", "forged"])
def test_an_answer_without_proof_is_no_proof(proof: bytes) -> None:
    stage, _, subject = asked_about()
    ping = one(stage.sent(Ping, to=subject)).message
    stage.hear(subject, Ack(ping.seq, stage.detector.fingerprint, b"", proof))
    assert not stage.sent(Vouch)
    assert stage.refused() == ({"signature": 1} if proof else {})
    assert stage.detector.statistics().confirmations == 1


def test_a_stream_that_somebody_else_answers_proves_nothing() -> None:
    stage, _, subject = asked_about()
    stream = one(stage.asked(Ping))
    data = encode(Ack(0, stage.detector.fingerprint, b"", subject.proof(NONCE)))
    stage.tell(ResponseReceived(stream.request, stage.peers[3].key, data))
    assert stage.refused() == {"wrong_sender": 1}
    assert not stage.sent(Vouch)


def test_what_is_no_answer_to_the_stream_proves_nothing() -> None:
    stage, _, subject = asked_about()
    stage.respond(one(stage.asked(Ping)), subject, Receipt(subject.short))
    assert stage.refused() == {"not_entitled": 1}
    assert stage.detector.statistics().confirmations == 1


def test_a_late_proof_comes_to_nothing() -> None:
    stage, _, subject = asked_about()
    ping = one(stage.sent(Ping, to=subject)).message
    stage.run(TRYING)
    stage.hear(subject, Ack(ping.seq, stage.detector.fingerprint, b"", subject.proof(NONCE)))
    assert not stage.sent(Vouch)


def test_each_asker_gets_a_proof_for_its_own_nonce() -> None:
    stage = Stage(peers=6)
    first, second, subject = stage.peers[:3]
    stage.silence(subject)
    stage.hear(first, word(first, subject))
    stage.hear(second, word(second, subject, nonce=b"another!"))
    assert [letter.to for letter in stage.sent(Receipt)] == [first.key, second.key]
    assert stage.detector.statistics().confirmations == 1
    stage.manners.clear()
    stage.run(SUSPICION.try_timeout + 2 * TRIP)
    told = {letter.to: letter.message for letter in stage.sent(Vouch)}
    assert told == {
        first.key: Vouch(subject.short, NONCE, subject.proof(NONCE)),
        second.key: Vouch(subject.short, b"another!", subject.proof(b"another!")),
    }


def test_a_subject_that_proves_nothing_more_leaves_the_second_asker_without() -> None:
    stage = Stage(peers=6)
    first, second, subject = stage.peers[:3]
    stage.silence(subject)
    stage.hear(first, word(first, subject))
    stage.hear(second, word(second, subject, nonce=b"another!"))
    ping = one(stage.sent(Ping, to=subject)).message
    stage.hear(subject, Ack(ping.seq, stage.detector.fingerprint, b"", subject.proof(NONCE)))
    again = stage.sent(Ping, to=subject)[-1].message
    assert again.nonce == b"another!"
    stage.hear(subject, Ack(again.seq, stage.detector.fingerprint, b""))
    assert [letter.to for letter in stage.sent(Vouch)] == [first.key]


# --- what another confirmer found --------------------------------------------------------


def test_a_proof_that_another_had_ends_the_looking() -> None:
    stage, asker, subject = asked_about()
    stage.hear(asker, Vouch(subject.short, NONCE, subject.proof(NONCE)))
    assert stage.detector.statistics().confirmations == 0
    stage.run(TRYING)
    assert not stage.sent(Accuse)
    assert stage.facts() == []


def test_who_asked_for_itself_is_still_looked_for() -> None:
    stage, asker, subject = asked_about()
    second = stage.peers[2]
    stage.hear(second, word(second, subject, nonce=b"another!"))
    stage.hear(asker, Vouch(subject.short, NONCE, subject.proof(NONCE)))
    assert stage.detector.statistics().confirmations == 1
    stage.run(TRYING)
    assert [letter.to for letter in stage.sent(Accuse)] == [second.key]


def test_a_proof_that_comes_after_our_accusation_takes_it_back_while_it_is_quiet() -> None:
    stage, asker, subject = asked_about()
    stage.run(TRYING)
    assert stage.detector.statistics().suspect == 1
    stage.hear(asker, Vouch(subject.short, NONCE, subject.proof(NONCE)))
    assert stage.facts()[-1] == SuspicionLifted(subject.key)
    stage.run(400 * MILLISECOND + SECOND)
    assert stage.items(Accusations) == []


def test_a_proof_that_comes_when_all_is_told_takes_nothing_back() -> None:
    stage, asker, subject = asked_about()
    stage.run(TRYING + 500 * MILLISECOND)
    assert stage.items(Accusations)
    stage.hear(asker, Vouch(subject.short, NONCE, subject.proof(NONCE)))
    assert stage.detector.statistics().suspect == 1


def test_a_proof_that_is_forged_or_of_another_suspicion_changes_nothing() -> None:
    stage, asker, subject = asked_about()
    stage.hear(asker, Vouch(subject.short, NONCE, asker.proof(NONCE)))
    assert stage.refused() == {"signature": 1}
    stage.hear(asker, Vouch(subject.short, b"another!", subject.proof(b"another!")))
    stage.hear(asker, Vouch(stage.peers[3].short, NONCE, stage.peers[3].proof(NONCE)))
    stage.hear(asker, Vouch(stage.make("unknown").short, NONCE, subject.proof(NONCE)))
    assert stage.refused() == {"signature": 1, "stale": 3}
    stage.run(TRYING)
    assert len(stage.sent(Accuse)) == 1


def test_accusations_that_a_proof_could_undo_are_remembered_within_the_limit() -> None:
    limited = replace(LAN, suspicion=replace(SUSPICION, confirmations_max=1))
    stage = Stage(peers=6, config=limited)
    asker, *subjects = stage.peers[:3]
    for subject in subjects:
        stage.silence(subject)
        stage.hear(asker, word(asker, subject))
        stage.run(TRYING)
    for subject in subjects:
        stage.hear(asker, Vouch(subject.short, NONCE, subject.proof(NONCE)))
    assert stage.facts()[-1] == SuspicionLifted(subjects[1].key)
    assert stage.refused() == {"stale": 1}


# --- whom it serves ----------------------------------------------------------------------


def test_a_suspicion_of_nobody_known_of_us_or_of_the_future_is_refused() -> None:
    stage = Stage(peers=6)
    asker, subject = stage.peers[:2]
    stage.hear(asker, word(asker, stage.make("unknown")))
    stage.hear(asker, word(asker, stage.own))
    stage.hear(asker, word(asker, subject, incarnation=2))
    expected = {"unknown_member": 1, "not_entitled": 1, "unsigned_incarnation": 1}
    assert stage.refused() == expected
    assert not stage.sent(Receipt)
    assert stage.detector.statistics().confirmations == 0


def test_an_asker_that_is_behind_gets_what_makes_it_so() -> None:
    stage = Stage(peers=6)
    asker, subject = stage.peers[:2]
    stage.hear(subject, Gossip(), subject.alive(2))
    stage.hear(asker, word(asker, subject, incarnation=1))
    receipt = one(stage.sent(Receipt))
    claim = receipt.items[0]
    assert isinstance(claim, AliveClaim)
    assert (claim.incarnation, claim.raw) == (2, subject.alive(2))
    assert stage.detector.statistics().confirmations == 0


def test_who_asks_about_the_dead_gets_the_signatures() -> None:
    stage = Stage(peers=6)
    asker, subject = stage.peers[:2]
    bundle = accusations(subject, *stage.peers[2:5])
    stage.silence(subject)
    stage.hear(asker, Gossip(), bundle)
    stage.run(SUSPICION.last_call)
    assert isinstance(stage.facts()[-1], MemberDied)
    stage.hear(asker, word(asker, subject))
    receipt = one(stage.sent(Receipt))
    assert [item.raw for item in receipt.items] == [subject.alive(1), bundle]


def test_the_words_on_a_dead_member_keep_to_the_size_of_a_datagram() -> None:
    stage = Stage(peers=12)
    asker = stage.peers[0]
    subject = stage.make("big", node=True).certified(node="n" * 180, address="a" * 180)
    assert len(subject.certificate) <= LAN.limit.certificate_bytes
    stage.introduce(subject)
    stage.silence(subject)
    stage.hear(asker, Gossip(), accusations(subject, *stage.peers[1:9]))
    stage.run(SUSPICION.last_call)
    assert stage.detector.statistics().dead == 1
    since = stage.now
    stage.hear(asker, word(asker, subject))
    assert one(stage.sent(Receipt, since=since)).to == asker.key
    told = {type(item) for item in stage.items(object, since=since)}
    assert told >= {AliveClaim, Accusations}


def test_there_is_a_limit_to_how_many_suspects_it_looks_at() -> None:
    stage = Stage(peers=6, config=LAN.with_overrides({"suspicion.confirmations_max": 2}))
    asker = stage.peers[0]
    stage.silence(*stage.peers[1:])
    for subject in stage.peers[1:4]:
        stage.hear(asker, word(asker, subject))
    assert len(stage.sent(Receipt)) == stage.detector.statistics().confirmations == 2
    assert stage.refused() == {"over_limit": 1}


def test_there_is_a_limit_to_how_many_askers_a_suspect_has() -> None:
    stage = Stage(peers=9)
    subject = stage.peers[0]
    stage.silence(subject)
    for asker in stage.peers[1:8]:
        stage.hear(asker, word(asker, subject))
    assert len(stage.sent(Receipt)) == 7
    stage.run(TRYING)
    assert len(stage.sent(Accuse)) == SUSPICION.confirmers


# --- whose silence it is -----------------------------------------------------------------


def test_it_asks_somebody_else_until_somebody_answers() -> None:
    stage, _, subject = asked_about()
    others = [ping for ping in stage.sent(Ping) if ping.to != subject.key]
    control = one(others)
    assert (control.at, control.message.accused) == (stage.now, None)
    since = stage.now
    stage.run(TRYING)
    at_tries = {since + i * SUSPICION.try_timeout for i in range(SUSPICION.tries)}
    controls = [p for p in stage.sent(Ping) if p.to != subject.key and p.at in at_tries]
    assert [ping.at for ping in controls] == [since]


def test_who_hears_nobody_accuses_nobody() -> None:
    stage = Stage(peers=6)
    asker, subject = stage.peers[:2]
    stage.silence(*stage.peers)
    stage.hear(asker, word(asker, subject))
    stage.run(TRYING + SECOND)
    assert not stage.sent(Accuse)
    assert MemberSuspected(subject.key, 1) not in stage.facts()
    assert stage.detector.statistics().confirmations == 0


def test_a_subject_that_refuted_meanwhile_is_not_accused() -> None:
    stage, _, subject = asked_about()
    stage.hear(stage.peers[2], Gossip(), subject.alive(2))
    stage.run(TRYING + SECOND)
    assert not stage.sent(Accuse)


def test_who_was_away_begins_to_look_anew() -> None:
    stage, _, subject = asked_about()
    stage.run(TRYING - 1)
    stage.sleep(SECOND)
    woken = stage.now
    assert not stage.sent(Accuse)
    stage.run(TRYING - SUSPICION.try_timeout)
    assert not stage.sent(Accuse)
    tries = [p.at for p in stage.sent(Ping, to=subject, since=woken) if p.message.nonce]
    assert len(tries) == SUSPICION.tries
    stage.run(SUSPICION.try_timeout)
    assert len(stage.sent(Accuse)) == 1


def test_a_confirmers_own_earlier_suspicion_is_lifted_by_nobody_elses_nonce() -> None:
    stage = Stage(peers=6)
    asker, subject = stage.peers[:2]
    mine = stage.until_suspected(subject)[0].message.nonce
    stage.hear(asker, word(asker, subject))
    stage.manners.clear()
    stage.run(SUSPICION.try_timeout + TRIP)
    assert one(stage.sent(Vouch)).to == asker.key
    assert stage.detector.statistics().suspect == 1
    stage.hear(asker, Vouch(subject.short, mine, subject.proof(mine)))
    assert stage.facts()[-1] == SuspicionLifted(subject.key)
